//! The list that an operator wrote, in TOML.

use super::PolicyListError;
use serde::Deserialize;
use trefoil_proto::{
    Domain, Timestamp,
    mimi::report::AbuseType,
    policy_list::{ENTRIES, Entry, PolicyList, Recommendation, Subject},
};

const DAY: u64 = Timestamp::DAY;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    sequence: u64,
    #[serde(default)]
    entry: Vec<WrittenEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenEntry {
    service: Option<String>,
    person: Option<String>,
    recommend: String,
    reason: String,
    /// The last day on which it counts, as TOML writes a date.
    until: toml::value::Datetime,
}

/// Reads a list.
///
/// # Errors
/// [`PolicyListError::Written`] names the entry, counted from one.
pub(super) fn parse(text: &str, publisher: &Domain) -> Result<PolicyList, PolicyListError> {
    let wrong = |number: usize, why: &str| PolicyListError::Written(format!("entry {number}: {why}"));
    let written: Written =
        toml::from_str(text).map_err(|error| PolicyListError::Written(error.message().to_owned()))?;
    if written.entry.len() > ENTRIES {
        return Err(PolicyListError::Written(format!("more than {ENTRIES} entries")));
    }
    let mut entries: Vec<Entry> = Vec::with_capacity(written.entry.len());
    for (number, entry) in (1..).zip(written.entry) {
        let subject = match (entry.service, entry.person) {
            (Some(service), None) => service.parse().ok().map(Subject::Service),
            (None, Some(person)) => person.parse().ok().map(Subject::Person),
            _ => None,
        };
        let subject = subject.ok_or_else(|| wrong(number, "names one service or one person"))?;
        let recommend = match entry.recommend.as_str() {
            "nothing" => Recommendation::Nothing,
            "limit" => Recommendation::Limit,
            "refuse" => Recommendation::Refuse,
            _ => return Err(wrong(number, "recommends nothing, limit or refuse")),
        };
        let reason = reason(&entry.reason).ok_or_else(|| wrong(number, "has an unknown reason"))?;
        let until = entry.until.date.and_then(end_of).ok_or_else(|| wrong(number, "ends on a date"))?;
        entries.push(Entry { subject, recommend, reason, until });
    }
    entries.sort_by(|one, other| one.subject.cmp(&other.subject));
    if entries.windows(2).any(|pair| pair[0].subject == pair[1].subject) {
        return Err(PolicyListError::Written("somebody is there twice".to_owned()));
    }
    Ok(PolicyList { publisher: publisher.clone(), sequence: written.sequence, entries })
}

fn reason(word: &str) -> Option<AbuseType> {
    Some(match word {
        "other" => AbuseType::Other,
        "spam" => AbuseType::Spam,
        "fraud" => AbuseType::Fraud,
        "harassment" => AbuseType::Harassment,
        "hate" => AbuseType::Hate,
        "sexual-content" => AbuseType::SexualContent,
        "child-exploitation" => AbuseType::ChildExploitation,
        "violence" => AbuseType::Violence,
        "self-harm" => AbuseType::SelfHarm,
        "impersonation" => AbuseType::Impersonation,
        _ => return None,
    })
}

/// When a day ends, in UTC. After Howard Hinnant, "chrono-compatible low-level date algorithms", `days_from_civil`.
fn end_of(date: toml::value::Date) -> Option<Timestamp> {
    let (month, day) = (u64::from(date.month), u64::from(date.day));
    let year = u64::from(date.year).checked_sub(u64::from(month <= 2))?;
    let of_year = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + day - 1;
    let (era, of_era) = (year / 400, year % 400);
    let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year;
    Some(Timestamp((days.checked_sub(719_468)? + 1) * DAY))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_ends_at_midnight() {
        let end = |year, month, day| end_of(toml::value::Date { year, month, day }).map(|time| time.0 / 1000);
        assert_eq!(end(1970, 1, 1), Some(86_400));
        assert_eq!(end(2024, 2, 29), Some(1_709_251_200));
        assert_eq!(end(2026, 12, 31), Some(1_798_761_600));
        assert_eq!(end(1969, 1, 1), None);
    }
}
