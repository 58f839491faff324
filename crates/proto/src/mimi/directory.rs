//! The discovery document (section 5.1): JSON at [`crate::paths::WELL_KNOWN`] that gives each endpoint's URL template.

use crate::{ProtoError, paths};
use serde::{Deserialize, Serialize};

/// Largest document, in bytes.
pub const LIMIT: usize = 16 * 1024;

const REFUSED: ProtoError = ProtoError::Malformed("directory");

/// URL templates of a service's MIMI endpoints. Fields of later drafts are ignored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Directory {
    /// `{targetUser}`.
    pub key_material: String,
    /// `{roomId}`.
    pub update: String,
    /// `{roomId}`.
    pub notify: String,
    /// `{roomId}`.
    pub submit_message: String,
    /// `{roomId}`.
    pub group_info: String,
    /// `{targetDomain}`.
    pub request_consent: String,
    /// `{requesterDomain}`.
    pub update_consent: String,
    /// `{domain}`.
    pub identifier_query: String,
    /// `{roomId}`.
    pub report_abuse: String,
    /// `{downloadUrl}`.
    pub proxy_download: String,
    /// The keys of the service's public log, which is not of MIMI; absent at services that have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transparency: Option<LogKeys>,
    /// `{targetUser}`: proofs of a person's keys (`docs/spec/directory.md`). Ours, absent at services without them.
    #[serde(default, skip_serializing_if = "String::is_empty", rename = "vnd.trefoil.keyProof")]
    pub key_proof: String,
    /// `{directoryDomain}`: a service has its key directory audited. Ours as well.
    #[serde(default, skip_serializing_if = "String::is_empty", rename = "vnd.trefoil.auditDirectory")]
    pub audit_directory: String,
    /// `{directoryDomain}`: the signed root of an epoch. Ours as well.
    #[serde(default, skip_serializing_if = "String::is_empty", rename = "vnd.trefoil.directoryRoot")]
    pub directory_root: String,
    /// `{domain}`: people by number, without telling it (`docs/spec/discovery.md`). Ours as well.
    #[serde(default, skip_serializing_if = "String::is_empty", rename = "vnd.trefoil.discovery")]
    pub discovery: String,
    /// `{roomId}`: what came of a report (`docs/spec/reports.md`). Ours as well.
    #[serde(default, skip_serializing_if = "String::is_empty", rename = "vnd.trefoil.followReport")]
    pub follow_report: String,
    /// `{targetUser}`: a hub hands on a report about a person of this service. Ours as well.
    #[serde(default, skip_serializing_if = "String::is_empty", rename = "vnd.trefoil.forwardReport")]
    pub forward_report: String,
    /// Ed25519 public key by which this service, as a hub, signs stamps and what it hands on: base64url. Ours as well.
    #[serde(default, skip_serializing_if = "String::is_empty", rename = "vnd.trefoil.frankingKey")]
    pub franking_key: String,
    /// `{domain}`: passes for turning to people of this service (`docs/spec/passes.md`). Ours as well.
    #[serde(default, skip_serializing_if = "String::is_empty", rename = "vnd.trefoil.passes")]
    pub passes: String,
    /// `{targetUser}`: key material for a pass. Ours as well.
    #[serde(default, skip_serializing_if = "String::is_empty", rename = "vnd.trefoil.firstContact")]
    pub first_contact: String,
    /// `{targetUser}`: key material of a minor, with a proof (`docs/spec/minors.md`). Ours as well.
    #[serde(default, skip_serializing_if = "String::is_empty", rename = "vnd.trefoil.reached")]
    pub reached: String,
    /// `{targetUser}`: a guardian's word about a minor of this service. Ours as well.
    #[serde(default, skip_serializing_if = "String::is_empty", rename = "vnd.trefoil.guardian")]
    pub guardian: String,
}

/// The keys of a service's public log and of its witness, as C2SP signed-note writes verifier keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogKeys {
    /// What verifies the log's checkpoints.
    pub log: String,
    /// What verifies the service's cosignatures on the logs of others.
    pub witness: String,
}

impl Directory {
    /// The document of a service that answers under `origin` (`https://host:port`) and [`paths::MIMI_ROOT`].
    pub fn at(origin: &str) -> Self {
        let endpoint = |name: &str| format!("{origin}{}/{name}", paths::MIMI_ROOT);
        Self {
            key_material: endpoint("keyMaterial/{targetUser}"),
            update: endpoint("update/{roomId}"),
            notify: endpoint("notify/{roomId}"),
            submit_message: endpoint("submitMessage/{roomId}"),
            group_info: endpoint("groupInfo/{roomId}"),
            request_consent: endpoint("requestConsent/{targetDomain}"),
            update_consent: endpoint("updateConsent/{requesterDomain}"),
            identifier_query: endpoint("identifierQuery/{domain}"),
            report_abuse: endpoint("reportAbuse/{roomId}"),
            proxy_download: endpoint("proxyDownload/{downloadUrl}"),
            transparency: None,
            key_proof: endpoint("keyProof/{targetUser}"),
            audit_directory: endpoint("auditDirectory/{directoryDomain}"),
            directory_root: endpoint("directoryRoot/{directoryDomain}"),
            discovery: endpoint("discovery/{domain}"),
            follow_report: endpoint("followReport/{roomId}"),
            forward_report: endpoint("forwardReport/{targetUser}"),
            franking_key: String::new(),
            passes: endpoint("passes/{domain}"),
            first_contact: endpoint("firstContact/{targetUser}"),
            reached: endpoint("reached/{targetUser}"),
            guardian: endpoint("guardian/{targetUser}"),
        }
    }

    /// Decodes a document. Every template must be an `https` URL with exactly one variable.
    ///
    /// # Errors
    /// [`ProtoError::TooLarge`] beyond [`LIMIT`]; [`ProtoError::Malformed`].
    pub fn decode(bytes: &[u8]) -> Result<Self, ProtoError> {
        if bytes.len() > LIMIT {
            return Err(ProtoError::TooLarge { what: "directory", limit: LIMIT });
        }
        let directory: Self = serde_json::from_slice(bytes).map_err(|_| REFUSED)?;
        let extensions = [
            &directory.key_proof,
            &directory.audit_directory,
            &directory.directory_root,
            &directory.discovery,
            &directory.follow_report,
            &directory.forward_report,
            &directory.passes,
            &directory.first_contact,
            &directory.reached,
            &directory.guardian,
        ];
        let offered = extensions.into_iter().filter(|template| !template.is_empty()).map(String::as_str);
        if directory.templates().into_iter().chain(offered).all(|template| expand(template, "").is_ok()) {
            Ok(directory)
        } else {
            Err(REFUSED)
        }
    }

    /// Encodes the document.
    pub fn encode(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("a structure of strings always encodes")
    }

    fn templates(&self) -> [&str; 10] {
        [
            &self.key_material,
            &self.update,
            &self.notify,
            &self.submit_message,
            &self.group_info,
            &self.request_consent,
            &self.update_consent,
            &self.identifier_query,
            &self.report_abuse,
            &self.proxy_download,
        ]
    }
}

/// Puts a value, percent-encoded, in the place of a template's one variable.
///
/// # Errors
/// [`ProtoError::Malformed`] if the template is not an `https` URL with one `{variable}` in it.
pub fn expand(template: &str, value: &str) -> Result<String, ProtoError> {
    let (before, rest) = template.split_once('{').ok_or(REFUSED)?;
    let (variable, after) = rest.split_once('}').ok_or(REFUSED)?;
    let is_plain = |part: &str| !part.contains(['{', '}']);
    let fits = before.starts_with("https://") && is_plain(before) && is_plain(variable) && is_plain(after);
    if fits { Ok(format!("{before}{}{after}", paths::segment(value))) } else { Err(REFUSED) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_document_round_trips_and_ignores_later_fields() {
        let directory = Directory::at("https://a.example:4443");
        assert_eq!(Directory::decode(&directory.encode()), Ok(directory.clone()));
        let mut json: serde_json::Value = serde_json::from_slice(&directory.encode()).unwrap();
        json["later"] = "x".into();
        assert_eq!(Directory::decode(json.to_string().as_bytes()), Ok(directory.clone()));
        let keys = LogKeys { log: "a.example/log+1".to_owned(), witness: "a.example/witness+2".to_owned() };
        let with_keys = Directory { transparency: Some(keys), ..directory };
        assert_eq!(Directory::decode(&with_keys.encode()), Ok(with_keys));
        json.as_object_mut().unwrap().remove("notify");
        assert!(Directory::decode(json.to_string().as_bytes()).is_err());
        assert!(matches!(Directory::decode(&vec![b' '; LIMIT + 1]), Err(ProtoError::TooLarge { .. })));
    }

    #[test]
    fn templates_take_one_encoded_value() {
        let url = expand(&Directory::at("https://a.example").notify, "mimi://b.example/r/x").unwrap();
        assert_eq!(url, "https://a.example/mimi/v1/notify/mimi%3A%2F%2Fb.example%2Fr%2Fx");
        for template in [
            "http://a.example/{x}",
            "https://a.example/",
            "https://a.example/{x}/{y}",
            "https://a.example/{{x}}",
            "https://a.example/}{x}",
            "{x}https://a.example/",
            "",
        ] {
            assert!(expand(template, "v").is_err(), "{template}");
        }
    }
}
