//! Discovery: where a service's endpoints are, by its well-known directory.

use super::{Endpoint, FederationError};
use trefoil_proto::{Domain, mimi::directory::Directory, paths};

/// Whether every endpoint of a directory can be called: what is kept for an hour must not be found out later.
pub(super) fn judge(domain: &Domain, directory: &Directory, routed: bool) -> Result<(), FederationError> {
    Endpoint::ALL
        .into_iter()
        .filter(|endpoint| !endpoint.is_extension() || !endpoint.template(directory).is_empty())
        .try_for_each(|endpoint| url(domain, directory, endpoint, "", routed).map(drop))
}

/// The URL of an endpoint at a peer. Only the path of the directory's template is used: requests go to the domain
/// itself, which is what the peer's certificate proves. A template at another host is refused, unless the operator
/// configured where the peer is (`routed`); then it says what the peer believes, and does not matter.
pub(super) fn url(
    domain: &Domain,
    directory: &Directory,
    endpoint: Endpoint,
    segment: &str,
    routed: bool,
) -> Result<String, FederationError> {
    let misbehaved = |what| FederationError::Directory { domain: domain.clone(), what };
    let template = endpoint.template(directory);
    let path = match template.strip_prefix("https://") {
        None if template.starts_with('/') => template,
        None => return Err(misbehaved("a template of its directory is neither an https URL nor a path")),
        Some(rest) => {
            let start =
                rest.find('/').ok_or_else(|| misbehaved("a template of its directory has no path"))?;
            if !routed && rest[..start] != *domain.as_str() {
                return Err(misbehaved("a template of its directory points to another host"));
            }
            &rest[start..]
        }
    };
    let (before, after) = path
        .split_once('{')
        .and_then(|(before, rest)| Some((before, rest.split_once('}')?.1)))
        .ok_or_else(|| misbehaved("a template of its directory has no place for its argument"))?;
    let plain = |part: &str| {
        part.bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'-' | b'.' | b'_' | b'~' | b'%'))
    };
    if path.starts_with("//") || !plain(before) || !plain(after) {
        return Err(misbehaved("a template of its directory has an odd path"));
    }
    Ok(format!("https://{domain}{before}{}{after}", paths::segment(segment)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn directory(submit: &str) -> Directory {
        let other = "https://a.example/x/{u}".to_owned();
        Directory {
            key_material: other.clone(),
            update: other.clone(),
            notify: other.clone(),
            submit_message: submit.to_owned(),
            group_info: other.clone(),
            request_consent: other.clone(),
            update_consent: other.clone(),
            identifier_query: other.clone(),
            report_abuse: other.clone(),
            proxy_download: other,
            transparency: None,
            key_proof: String::new(),
            audit_directory: String::new(),
            directory_root: String::new(),
            discovery: String::new(),
            follow_report: String::new(),
            forward_report: String::new(),
            franking_key: String::new(),
            passes: String::new(),
            first_contact: String::new(),
            reached: String::new(),
            guardian: String::new(),
        }
    }

    fn submit(template: &str, routed: bool) -> Result<String, FederationError> {
        let domain = "a.example".parse().unwrap();
        url(&domain, &directory(template), Endpoint::SubmitMessage, "mimi://a.example/r/x", routed)
    }

    #[test]
    fn templates_are_filled_in() {
        let expected = "https://a.example/m/submit/mimi%3A%2F%2Fa.example%2Fr%2Fx";
        assert_eq!(submit("https://a.example/m/submit/{roomId}", false).unwrap(), expected);
        assert_eq!(submit("/m/submit/{roomId}", false).unwrap(), expected);
        assert_eq!(submit("https://127.0.0.1:9/m/submit/{roomId}", true).unwrap(), expected);
    }

    #[test]
    fn a_directory_cannot_send_us_elsewhere() {
        for template in [
            "https://b.example/m/{r}",
            "https://a.example@b.example/m/{r}",
            "https://a.example.b.example/{r}",
            "http://a.example/m/{r}",
            "//b.example/{r}",
            "https://a.example/m",
            "/m/{r}?x=1",
            "/m\r\nX: y/{r}",
            "",
        ] {
            assert!(submit(template, false).is_err(), "{template}");
        }
    }
}
