//! The published examples of draft-ietf-mimi-content: each decodes, encodes to the same bytes, and has its published id.
#![allow(clippy::unwrap_used)]

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};
use trefoil_proto::content::{Disposition, Part, ReceivedContent, message_id};

/// Beside the workspace, in a folder that is shared between projects.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors/mimi-content")
}

/// Whether the value of `CI` says that this is continuous integration: any, but for those that say it is not.
fn is_ci(value: Option<&str>) -> bool {
    value.is_some_and(|value| !matches!(value.to_ascii_lowercase().as_str(), "" | "0" | "false" | "no"))
}

#[test]
fn ci_is_known_by_every_value_in_use() {
    for yes in ["true", "1", "TRUE", "yes", "woodpecker"] {
        assert!(is_ci(Some(yes)), "{yes}");
    }
    for no in [None, Some(""), Some("0"), Some("false"), Some("False")] {
        assert!(!is_ci(no), "{no:?}");
    }
}

#[test]
fn published_examples_round_trip_and_have_their_ids() {
    let folder = folder();
    if !folder.exists() {
        assert!(!is_ci(std::env::var("CI").ok().as_deref()), "the vectors are missing: {}", folder.display());
        println!("skipped: no vectors at {}", folder.display());
        return;
    }
    let ids = fs::read_to_string(folder.join("message-ids.json")).unwrap();
    let ids: BTreeMap<String, String> = serde_json::from_str(&ids).unwrap();
    assert_eq!(ids.len(), 9);
    for (name, published) in ids {
        let bytes = fs::read(folder.join(format!("{name}.cbor"))).unwrap();
        let received = ReceivedContent::decode(bytes.clone()).unwrap();
        let content = &received.content;
        assert_eq!(content.encode().unwrap(), bytes, "{name}");
        let (sender, room) = (content.extensions.sender_uri.as_ref(), content.extensions.room_uri.as_ref());
        let id = message_id(sender.unwrap(), room.unwrap(), &bytes, &content.salt).unwrap();
        assert_eq!(id.to_string(), published, "{name}");
        for length in 0..bytes.len() {
            assert!(ReceivedContent::decode(bytes[..length].to_vec()).is_err(), "{name} cut at {length}");
        }
        match (name.as_str(), &content.part.part) {
            ("delete" | "unlike", Part::Null) => assert!(content.replaces.is_some()),
            ("edit", Part::Single { .. }) => assert!(content.replaces.is_some()),
            ("reply" | "mention", Part::Single { .. }) => assert!(content.in_reply_to.is_some()),
            ("reaction", Part::Single { content, .. }) => assert_eq!(content, "\u{2764}".as_bytes()),
            ("attachment", Part::External(part)) => {
                assert_eq!(content.part.disposition, Disposition::ATTACHMENT);
                assert_eq!(
                    (part.size, part.enc_alg, part.filename.as_str()),
                    (708_234_961, 1, "bigfile.mp4")
                );
            }
            ("multipart-1", Part::Multi { parts, .. }) => assert_eq!(parts.len(), 2),
            ("original", Part::Single { .. }) => {}
            other => panic!("{name} is not what it says: {other:?}"),
        }
    }
}
