//! Decoders of this room, for the fuzzer.

use super::{Endpoint, directory, rows};
use crate::fuzzing::Target;
use bytes::Bytes;
use trefoil_proto::{Domain, mimi::directory::Directory};

pub(crate) const TARGETS: &[Target] = &[
    ("server_outbox_entry", outbox),
    ("server_seen_row", seen),
    ("server_refused_row", refused),
    ("server_incident_row", incident),
    ("server_progress_row", progress),
    ("server_strange_row", strange),
    ("server_peer_directory", peer_directory),
];

fn outbox(input: &[u8]) -> bool {
    let Some((room, body)) = rows::decode_outbox(&Bytes::copy_from_slice(input)) else { return false };
    assert_eq!(rows::encode_outbox(&room, &body), input);
    true
}

fn seen(input: &[u8]) -> bool {
    let Some((number, mark)) = rows::decode_seen(input) else { return false };
    assert_eq!(rows::encode_seen(number, &mark), input);
    true
}

fn refused(input: &[u8]) -> bool {
    let Some(refusal) = rows::decode_refused(&Bytes::copy_from_slice(input)) else { return false };
    assert_eq!(rows::encode_refused(&refusal), input);
    true
}

fn incident(input: &[u8]) -> bool {
    let Some((number, incident)) = rows::decode_incident(input) else { return false };
    assert_eq!(rows::encode_incident(number, &incident), input);
    true
}

fn progress(input: &[u8]) -> bool {
    let Some(progress) = rows::decode_progress(input) else { return false };
    assert_eq!(rows::encode_progress(&progress), input);
    true
}

fn strange(input: &[u8]) -> bool {
    let Some(strange) = rows::decode_strange(&Bytes::copy_from_slice(input)) else { return false };
    assert_eq!(rows::encode_strange(&strange), input);
    true
}

/// Whatever a peer's directory says, requests for the peer go to the peer.
fn peer_directory(input: &[u8]) -> bool {
    let Ok(found) = Directory::decode(input) else { return false };
    let domain: Domain = "peer.test".parse().expect("a domain");
    for endpoint in Endpoint::ALL {
        for routed in [false, true] {
            let url = directory::url(&domain, &found, endpoint, "mimi://peer.test/r/tea", routed);
            if let Ok(url) = url {
                let parsed = reqwest::Url::parse(&url).expect("a URL");
                assert_eq!(
                    (parsed.scheme(), parsed.host_str(), parsed.port()),
                    ("https", Some("peer.test"), None)
                );
                assert!(
                    parsed.username().is_empty() && parsed.query().is_none() && parsed.fragment().is_none()
                );
            }
        }
    }
    true
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub(crate) fn samples() -> Vec<(&'static str, Vec<u8>)> {
    use super::{Incident, IncidentReason, Refusal, mark::Mark};
    use trefoil_proto::{ErrorCode, Timestamp};
    let room = "mimi://peer.test/r/tea".parse().unwrap();
    let at = Timestamp(1_700_000_000_000);
    let refusal = Refusal {
        number: 3,
        at,
        status: 403,
        code: ErrorCode::NotAllowed,
        room,
        body: Bytes::from_static(b"body"),
    };
    let mark = Mark { whole: [1; 16], identity: [2; 16], content: [3; 16], event: [4; 16], at };
    let of = |from: Option<&str>| {
        let from = from.map(|from| from.parse().unwrap());
        rows::encode_incident(7, &Incident { at, from, reason: IncidentReason::Malformed })
    };
    let progress = rows::Progress {
        settled: trefoil_store::Position(5),
        parked: vec![(refusal.room.clone(), trefoil_store::Position(3))],
    };
    let strange = super::Strange { at, entry: Bytes::from_static(b"of another version") };
    vec![
        ("server_progress_row", rows::encode_progress(&progress)),
        ("server_strange_row", rows::encode_strange(&strange)),
        ("server_outbox_entry", rows::encode_outbox(&refusal.room, b"body").to_vec()),
        ("server_seen_row", rows::encode_seen(9, &mark)),
        ("server_refused_row", rows::encode_refused(&refusal)),
        ("server_incident_row", of(Some("peer.test"))),
        ("server_incident_row", of(None)),
        ("server_peer_directory", Directory::at("https://peer.test").encode()),
    ]
}
