//! The XML of NCMEC's reporting API: elements in the order of its schema, absent where there is nothing to say.

use super::package::{FileAbout, Package, Relevance};
use crate::clock::date_time;
use serde::{Deserialize, Serialize};

const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
const CHAT_CLIENT: &str = "Trefoil";

/// What NCMEC answers to everything but `finish`, and the beginning of what it answers to that.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Answer {
    pub response_code: u32,
    #[serde(default)]
    pub response_description: String,
    pub report_id: Option<u64>,
    pub file_id: Option<String>,
}

impl Answer {
    /// Reads an answer; `None` for what is none.
    pub(super) fn read(xml: &[u8]) -> Option<Self> {
        quick_xml::de::from_str(std::str::from_utf8(xml).ok()?).ok()
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report<'a> {
    incident_summary: IncidentSummary<'a>,
    internet_details: InternetDetails<'a>,
    reporter: Reporter<'a>,
    person_or_user_reported: PersonReported<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    additional_info: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct IncidentSummary<'a> {
    incident_type: &'static str,
    platform: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    escalate_to_high_priority: Option<&'a str>,
    incident_date_time: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    incident_date_time_description: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct InternetDetails<'a> {
    chat_im_incident: ChatIncident<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ChatIncident<'a> {
    chat_client: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    chat_room_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Reporter<'a> {
    reporting_person: Person<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    company_template: Option<&'a str>,
    #[serde(rename = "legalURL", skip_serializing_if = "Option::is_none")]
    legal_url: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Person<'a> {
    first_name: &'a str,
    last_name: &'a str,
    email: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PersonReported<'a> {
    esp_identifier: &'a str,
    esp_service: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    screen_name: Option<&'a str>,
    display_name: &'a [String],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FileDetails<'a> {
    report_id: u64,
    file_id: &'a str,
    file_name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    original_file_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    uploaded_to_esp_timestamp: Option<String>,
    file_viewed_by_esp: bool,
    publicly_available: bool,
    file_relevance: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    industry_classification: Option<&'static str>,
    original_file_hash: Hash,
    #[serde(skip_serializing_if = "Option::is_none")]
    additional_info: Option<&'a str>,
}

#[derive(Serialize)]
struct Hash {
    #[serde(rename = "@hashType")]
    hash_type: &'static str,
    #[serde(rename = "$text")]
    hash: String,
}

/// What opens a report.
pub(super) fn report(package: &Package) -> String {
    let Package { reporter, reported, .. } = package;
    let report = Report {
        incident_summary: IncidentSummary {
            incident_type: package.incident.as_str(),
            platform: CHAT_CLIENT,
            escalate_to_high_priority: package.urgent.as_deref(),
            incident_date_time: date_time(package.at),
            incident_date_time_description: package.at_means.as_deref(),
        },
        internet_details: InternetDetails {
            chat_im_incident: ChatIncident {
                chat_client: CHAT_CLIENT,
                chat_room_name: package.room.as_deref(),
                content: package.said.as_deref(),
            },
        },
        reporter: Reporter {
            reporting_person: Person {
                first_name: &reporter.first_name,
                last_name: &reporter.last_name,
                email: &reporter.email,
            },
            company_template: reporter.service.as_deref(),
            legal_url: reporter.legal_url.as_deref(),
        },
        person_or_user_reported: PersonReported {
            esp_identifier: &reported.user,
            esp_service: &reported.service,
            screen_name: reported.handle.as_deref(),
            display_name: &reported.shown_as,
        },
        additional_info: package.remarks.as_deref(),
    };
    written("report", &report)
}

/// What describes a file that was uploaded.
pub(super) fn file_details(report: u64, id: &str, about: &FileAbout) -> String {
    let details = FileDetails {
        report_id: report,
        file_id: id,
        file_name: &about.name,
        original_file_name: about.original_name.as_deref(),
        uploaded_to_esp_timestamp: about.sent.map(date_time),
        file_viewed_by_esp: about.viewed,
        // Everything here was sent end-to-end encrypted.
        publicly_available: false,
        file_relevance: match about.relevance {
            Relevance::Reported => "Reported",
            Relevance::Supplemental => "Supplemental Reported",
        },
        industry_classification: about.classification.map(|class| class.as_str()),
        original_file_hash: Hash { hash_type: "SHA256", hash: data_encoding::HEXLOWER.encode(&about.sha256) },
        additional_info: about.remarks.as_deref(),
    };
    written("fileDetails", &details)
}

/// XML has no way to say most control characters, and people's texts can hold them: others stand in their place.
fn written(root: &str, value: &impl Serialize) -> String {
    let body = quick_xml::se::to_string_with_root(root, value)
        .expect("these structures have names that XML takes, and nothing but texts, numbers and lists");
    let allowed = |c: char| !c.is_control() || matches!(c, '\t' | '\n' | '\r');
    let clean = |c: char| match c {
        '\u{FFFE}' | '\u{FFFF}' => char::REPLACEMENT_CHARACTER,
        c if allowed(c) => c,
        _ => char::REPLACEMENT_CHARACTER,
    };
    std::iter::once(DECLARATION.to_owned())
        .chain(std::iter::once(body.chars().map(clean).collect()))
        .collect()
}
