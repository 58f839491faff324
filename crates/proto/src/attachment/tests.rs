//! What a message names for an attachment is what opens, and nothing else. Round trips and every way of tampering are
//! tested where files are sealed, in the client.
#![allow(clippy::unwrap_used)]

use super::{salamander::two_ways, *};
use crate::content::{ExtensionKey, Extensions, MimiContent, NestedPart, Part, PartSemantics};
use sha2::{Digest as _, Sha256};

const SHOWN: &[u8; 16] = b"kittens at play.";
const HIDDEN: &[u8; 16] = b"I know your home";

fn key(seed: u8) -> FileKey {
    FileKey::new([seed; 32], [7; 7])
}

fn descriptor(key: FileKey, sealed: &[u8], plaintext: &[u8]) -> Descriptor {
    Descriptor {
        label: Label { content_type: "image/png".into(), ..Label::default() },
        url: "https://a.example/v1/media/AAAAAAAAAAAAAAAAAAAAAA".into(),
        expires: 0,
        key,
        layout: Layout::of(plaintext.len() as u64).unwrap(),
        plaintext_hash: Sha256::digest(plaintext).into(),
        sealed_hash: Sha256::digest(sealed).into(),
    }
}

fn open(file: &Descriptor, sealed: &[u8]) -> Result<Vec<u8>, OpenError> {
    let (mut opener, mut opened) = (Opener::new(file), Vec::new());
    opener.feed(sealed, &mut opened)?;
    opener.finish()?;
    Ok(opened)
}

#[test]
fn a_ciphertext_that_opens_under_two_keys_is_good_for_one_message_only() {
    let sealed = two_ways(&key(1), &key(2), SHOWN, HIDDEN);
    let layout = Layout::of(salamander::SIZE).unwrap();
    let one = FileCipher::new(&key(1), layout).open(0, &sealed).unwrap();
    let two = FileCipher::new(&key(2), layout).open(0, &sealed).unwrap();
    assert_eq!(&one[..16], SHOWN, "bare AES-GCM opens it under the first key");
    assert_eq!(&two[16..32], HIDDEN, "and under the second, to something else");

    assert_eq!(open(&descriptor(key(1), &sealed, &one), &sealed).unwrap(), one);
    let fraud = descriptor(key(2), &sealed, &one);
    assert_eq!(open(&fraud, &sealed), Err(OpenError::HashDiffers("plaintext")));
}

#[test]
fn every_attachment_of_a_message_is_found_however_deep() {
    let files: Vec<_> = (1..=3).map(|seed| descriptor(key(seed), &[seed; 17], &[seed])).collect();
    let mut extensions = Extensions::default();
    // The third has no plaintext hash: it is refused, not overlooked.
    let hashes = plaintext_hashes(&files[..2]);
    extensions.insert(ExtensionKey::Text(PLAINTEXT_HASHES.to_owned()), hashes).unwrap();
    let many = |parts| NestedPart {
        part: Part::Multi { semantics: PartSemantics::ProcessAll, parts },
        ..files[0].part()
    };
    let text = NestedPart::render("text/plain;charset=utf-8", "look");
    let inner = many(vec![files[1].part(), files[2].part()]);
    let content = MimiContent {
        salt: [1; 16],
        replaces: None,
        topic_id: Vec::new(),
        expires: None,
        in_reply_to: None,
        extensions,
        part: many(vec![text, files[0].part(), inner]),
    };
    let found = Descriptor::all(&MimiContent::decode(&content.encode().unwrap()).unwrap());
    assert_eq!(found.len(), 3);
    assert_eq!(found[0].as_ref(), Ok(&files[0]));
    assert_eq!(found[1].as_ref(), Ok(&files[1]));
    assert!(matches!(found[2], Err(OpenError::Unusable(_))));
}
