//! What counts as evidence: what the stamped content names, wherever its ciphertext comes from, and nothing else.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::{
    clock::ManualClock,
    federation::{Endpoint, Federation, FederationError, Link, Media as Answered},
    media::{Media, Settings},
    rooms::FrankingKeys,
    safety::{SafetyError, decide::prove},
};
use futures_util::{FutureExt as _, stream};
use sha2::{Digest as _, Sha256};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};
use trefoil_proto::{
    Domain, RoomUri, Timestamp, UserUri,
    attachment::{
        CHUNK, FileCipher, FileKey, Layout, PLAINTEXT_HASHES, plaintext_hashes,
        salamander::{SIZE, two_ways},
    },
    content::{ExtensionKey, Extensions, NestedPart, Part, PartSemantics},
    decisions::CaseId,
    edge::OpenUpload,
    franking,
    mimi::report::{AbuseReport, AbuseType, AbusiveMessage},
};
use trefoil_store::{KeyRange, MemoryBlobs, MemoryStore};

const AT: Timestamp = Timestamp(1_700_000_000_000);
const SHOWN: &[u8; 16] = b"kittens at play.";
const HIDDEN: &[u8; 16] = b"I know your home";

/// Ciphertext by id, in small pieces; counts how often it is asked.
#[derive(Default)]
struct Shelf {
    files: HashMap<String, Vec<u8>>,
    asked: Mutex<usize>,
}

impl Sealed for Shelf {
    fn read<'a>(
        &'a self,
        _: &'a Descriptor,
        url: &'a MediaUrl,
    ) -> BoxFuture<'a, Result<Pieces, EvidenceError>> {
        async move {
            *self.asked.lock().unwrap() += 1;
            let file = self.files.get(&url.id).ok_or_else(|| EvidenceError::Stranger(url.host.clone()))?;
            let pieces: Vec<_> = file.chunks(7).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
            Ok(stream::iter(pieces).boxed())
        }
        .boxed()
    }
}

/// Opens all of them.
async fn gather(messages: &[AbusiveMessage], bounds: Bounds, sealed: &dyn Sealed) -> Vec<Exhibit> {
    let mut exhibits = Vec::new();
    for named in named(messages, bounds) {
        exhibits.push(named.open(sealed).await);
    }
    exhibits
}

fn id(letter: char) -> String {
    letter.to_string().repeat(22)
}

fn key(seed: u8) -> FileKey {
    FileKey::new([seed; 32], [7; 7])
}

fn described(url: String, key: FileKey, sealed: &[u8], plaintext: &[u8]) -> Descriptor {
    Descriptor {
        label: Label { content_type: "image/png".into(), ..Label::default() },
        url,
        expires: 0,
        key,
        layout: Layout::of(plaintext.len() as u64).unwrap(),
        plaintext_hash: Sha256::digest(plaintext).into(),
        sealed_hash: Sha256::digest(sealed).into(),
    }
}

/// A file of one chunk on a shelf.
fn shelved(shelf: &mut Shelf, letter: char, plaintext: &[u8]) -> Descriptor {
    let sealed = FileCipher::new(&key(1), Layout::of(plaintext.len() as u64).unwrap()).seal(0, plaintext);
    let file = described(format!("https://a.example/v1/media/{}", id(letter)), key(1), &sealed, plaintext);
    shelf.files.insert(id(letter), sealed);
    file
}

fn content(files: &[Descriptor]) -> Vec<u8> {
    let mut extensions = Extensions::default();
    extensions.insert(ExtensionKey::Text(PLAINTEXT_HASHES.to_owned()), plaintext_hashes(files)).unwrap();
    let mut parts = vec![NestedPart::render("text/plain;charset=utf-8", "look")];
    parts.extend(files.iter().map(Descriptor::part));
    let part = Part::Multi { semantics: PartSemantics::ProcessAll, parts };
    let content = MimiContent {
        salt: [7; 16],
        replaces: None,
        topic_id: Vec::new(),
        expires: None,
        in_reply_to: None,
        extensions,
        part: NestedPart { part, ..NestedPart::null() },
    };
    content.encode().unwrap()
}

fn user(name: &str) -> UserUri {
    format!("mimi://a.example/u/{name}").parse().unwrap()
}

fn room() -> RoomUri {
    "mimi://a.example/r/tea".parse().unwrap()
}

fn keys() -> FrankingKeys {
    FrankingKeys::new(1, &[1; 32], &[2; 32])
}

fn sent(content: Vec<u8>) -> AbusiveMessage {
    let tag = franking::tag(&[7; 16], &content);
    let frank = keys().frank(&tag, (&user("mallory"), None), &room(), 0x004f, AT);
    AbusiveMessage { message_content: content, frank, accepted_timestamp: AT }
}

fn report(messages: Vec<AbusiveMessage>) -> AbuseReport {
    AbuseReport {
        reporting_user: user("ada"),
        alleged_abuser: user("mallory"),
        reason: AbuseType::Harassment,
        note: Vec::new(),
        messages,
        extensions: Default::default(),
    }
}

fn proven(report: &AbuseReport) -> Result<(), SafetyError> {
    prove(&user("ada"), &room(), report, |tag, context, frank| keys().has_stamped(tag, context, frank))
}

fn bytes(exhibits: &[Exhibit]) -> Vec<Option<&[u8]>> {
    exhibits.iter().map(|exhibit| exhibit.opened.as_deref().ok()).collect()
}

#[tokio::test]
async fn what_was_sent_is_opened_once_and_what_is_gone_is_named() {
    let mut shelf = Shelf::default();
    let (one, two) = (shelved(&mut shelf, 'a', b"one"), shelved(&mut shelf, 'b', b"two"));
    let gone = shelved(&mut shelf, 'c', b"gone");
    shelf.files.remove(&id('c'));
    // The second message is an edit of the first: what it shows again is not fetched again.
    let report = report(vec![sent(content(&[one.clone(), gone])), sent(content(&[one, two]))]);
    proven(&report).unwrap();
    let exhibits = gather(&report.messages, Bounds::default(), &shelf).await;
    assert_eq!(bytes(&exhibits), [Some(&b"one"[..]), None, Some(b"two")]);
    assert_eq!(exhibits.iter().map(|exhibit| exhibit.message).collect::<Vec<_>>(), [0, 0, 1]);
    assert_eq!(*shelf.asked.lock().unwrap(), 3);
    assert!(exhibits.iter().all(|exhibit| exhibit.label.content_type == "image/png"));
}

/// Two keys, one ciphertext, one tag: the attack for which the content names the plaintext's hash.
#[tokio::test]
async fn a_file_that_opens_in_two_ways_is_evidence_only_of_what_was_stamped() {
    let sealed = two_ways(&key(1), &key(2), SHOWN, HIDDEN);
    let layout = Layout::of(SIZE).unwrap();
    let kittens = FileCipher::new(&key(1), layout).open(0, &sealed).unwrap();
    let threat = FileCipher::new(&key(2), layout).open(0, &sealed).unwrap();
    assert_eq!((&kittens[..16], &threat[16..32]), (&SHOWN[..], &HIDDEN[..]), "AES-GCM alone opens both");

    let mut shelf = Shelf::default();
    shelf.files.insert(id('a'), sealed.clone());
    let url = || format!("https://a.example/v1/media/{}", id('a'));
    let honest = described(url(), key(1), &sealed, &kittens);

    // The sender's lie: the key of the threat under the hash of the kittens. A device refuses it, and so does the service.
    let lie = described(url(), key(2), &sealed, &kittens);
    let lied = report(vec![sent(content(std::slice::from_ref(&lie)))]);
    proven(&lied).unwrap();
    let exhibits = gather(&lied.messages, Bounds::default(), &shelf).await;
    assert!(matches!(
        exhibits[0].opened,
        Err(EvidenceError::NotAsStamped(OpenError::HashDiffers("plaintext")))
    ));

    // The reporter's lie: the key is exchanged in what was sent. Then the stamp is not true.
    let mut framed = report(vec![sent(content(std::slice::from_ref(&honest)))]);
    framed.messages[0].message_content = content(&[lie]);
    assert!(matches!(proven(&framed), Err(SafetyError::Unproven { index: 0 })));

    // Sent twice with either key, each rightly named: the innocent one does not hide the other, though they are one file.
    let second = described(url(), key(2), &sealed, &threat);
    let both = report(vec![sent(content(&[honest])), sent(content(&[second]))]);
    proven(&both).unwrap();
    let exhibits = gather(&both.messages, Bounds::default(), &shelf).await;
    assert_eq!(bytes(&exhibits), [Some(&kittens[..]), Some(&threat[..])]);
}

#[tokio::test]
async fn no_more_is_fetched_than_the_bounds_say() {
    let mut shelf = Shelf::default();
    let files: Vec<_> = ('a'..='d').map(|letter| shelved(&mut shelf, letter, &[letter as u8; 40])).collect();
    let report = report(vec![sent(content(&files))]);
    let few = gather(&report.messages, Bounds { attachments: 2, each: 1000 }, &shelf).await;
    assert_eq!(few.iter().filter(|exhibit| exhibit.opened.is_ok()).count(), 2);
    assert!(matches!(few[2].opened, Err(EvidenceError::TooMany)));
    assert_eq!(*shelf.asked.lock().unwrap(), 2, "what is past the bound is not even asked for");
    let small = gather(&report.messages, Bounds { attachments: 9, each: 39 }, &shelf).await;
    assert!(matches!(small[0].opened, Err(EvidenceError::TooLarge)));
    let all = gather(&report.messages, Bounds { attachments: 9, each: 40 }, &shelf).await;
    assert!(all.iter().all(|exhibit| exhibit.opened.is_ok()), "those before take nothing away from the last");
}

/// What a report shows stays for the team, whatever becomes of it where it lay.
#[tokio::test]
async fn what_is_kept_opens_when_it_is_gone_and_is_forgotten_with_its_case() {
    let mut shelf = Shelf::default();
    let large: Vec<u8> = (0..600_000_u32).map(|at| at as u8).collect();
    let sealed = {
        let layout = Layout::of(large.len() as u64).unwrap();
        let cipher = FileCipher::new(&key(1), layout);
        let chunk = |at: u32| {
            let start = at as usize * CHUNK;
            cipher.seal(at, &large[start..large.len().min(start + CHUNK)])
        };
        (0..layout.chunks()).flat_map(chunk).collect::<Vec<u8>>()
    };
    let url = |letter| format!("https://a.example/v1/media/{}", id(letter));
    let file = described(url('a'), key(1), &sealed, &large);
    shelf.files.insert(id('a'), sealed);
    let kept = Kept::new(Arc::new(MemoryStore::new()));
    let (case, other) = (CaseId([1; 10]), CaseId([2; 10]));
    kept.keep(case, &file, &shelf).await.unwrap();
    kept.keep(case, &file, &shelf).await.unwrap();
    assert_eq!(*shelf.asked.lock().unwrap(), 1, "once");

    // What is not as it was stamped is not kept, nor what was cut short.
    let mut lie = file.clone();
    (lie.key, lie.sealed_hash) = (key(2), [7; 32]);
    assert!(kept.keep(case, &lie, &shelf).await.is_err());
    assert!(!kept.has(case, &lie.sealed_hash).await.unwrap());
    shelf.files.get_mut(&id('a')).unwrap().truncate(300_000);
    assert!(kept.keep(other, &file, &shelf).await.is_err());
    assert!(!kept.has(other, &file.sealed_hash).await.unwrap());

    let mut bytes = Vec::new();
    let (mut opener, mut pieces) = (Opener::new(&file), kept.read(case, file.sealed_hash));
    while let Some(piece) = pieces.next().await {
        opener.feed(&piece.unwrap(), &mut bytes).unwrap();
    }
    opener.finish().unwrap();
    assert!(bytes == large);
    kept.forget(case).await.unwrap();
    assert!(!kept.has(case, &file.sealed_hash).await.unwrap());
    assert_eq!(kept.store.scan(kept::PIECES, KeyRange::prefix(case.0.to_vec()), 9).await.unwrap(), []);
}

#[tokio::test]
async fn ciphertext_that_is_longer_shorter_or_another_is_no_evidence() {
    let mut shelf = Shelf::default();
    let file = shelved(&mut shelf, 'a', b"as it was");
    let report = report(vec![sent(content(&[file]))]);
    let sealed = shelf.files[&id('a')].clone();
    let altered: [(Vec<u8>, OpenError); 3] = [
        ([&sealed[..], &[0; 4096]].concat(), OpenError::TrailingBytes),
        (sealed[..9].to_vec(), OpenError::Truncated),
        (vec![9; sealed.len()], OpenError::Forged { chunk: 0 }),
    ];
    for (other, why) in altered {
        shelf.files.insert(id('a'), other);
        let exhibits = gather(&report.messages, Bounds::default(), &shelf).await;
        assert!(
            matches!(exhibits[0].opened, Err(EvidenceError::NotAsStamped(found)) if found == why),
            "{why}"
        );
    }
}

/// A service that has one attachment.
struct Peer(String, Vec<u8>);

impl Link for Peer {
    fn post<'a>(
        &'a self,
        domain: &'a Domain,
        _: Endpoint,
        _: &'a str,
        _: Bytes,
    ) -> BoxFuture<'a, Result<Bytes, FederationError>> {
        async move { Err(FederationError::Misbehaved { domain: domain.clone(), what: "nothing to post" }) }
            .boxed()
    }

    fn media<'a>(
        &'a self,
        domain: &'a Domain,
        url: &'a str,
        range: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Answered, FederationError>> {
        async move {
            assert_eq!((url, range), (self.0.as_str(), None), "of {domain}");
            let body = stream::iter([Ok(Bytes::from(self.1.clone()))]).boxed();
            Ok(Answered { status: 200, length: None, content_range: None, body })
        }
        .boxed()
    }
}

#[tokio::test]
async fn it_is_read_here_or_at_another_service_and_nowhere_else() {
    let store = Arc::new(MemoryStore::new());
    let settings = Settings { bytes_per_day: 1000, days: 1 };
    let media = Arc::new(Media::new(store.clone(), Arc::new(MemoryBlobs::new()), settings));
    let seal =
        |bytes: &[u8]| FileCipher::new(&key(1), Layout::of(bytes.len() as u64).unwrap()).seal(0, bytes);
    let (ours, theirs) = (seal(b"ours"), seal(b"theirs"));
    let request = OpenUpload { length: ours.len() as u64 };
    let here = media.open(&"mallory".parse().unwrap(), &request, AT).await.unwrap();
    media.append(&here, 0, Bytes::from(ours.clone()), AT).await.unwrap();

    let at_peer = format!("https://b.example/v1/media/{}", id('b'));
    let link = Arc::new(Peer(at_peer.clone(), theirs.clone()));
    let clock = Arc::new(ManualClock::new(AT));
    let federation = Federation::without_mailboxes("a.example".parse().unwrap(), store, link, clock);
    let reach = Reach {
        media,
        federation: Arc::new(federation),
        origin: "https://a.example".into(),
        peers: Default::default(),
    };
    let file = |url: String, sealed: &[u8], plaintext: &[u8]| described(url, key(1), sealed, plaintext);
    let report = report(vec![sent(content(&[
        file(format!("https://a.example/v1/media/{here}"), &ours, b"ours"),
        file(at_peer, &theirs, b"theirs"),
        file(format!("https://10.0.0.1/v1/media/{}", id('c')), b"c", b"cc"),
        file(format!("https://printer:9100/v1/media/{}", id('d')), b"d", b"dd"),
        file("https://b.example/private".into(), b"e", b"ee"),
        file(format!("https://a.example/v1/media/{}", id('f')), b"f", b"ff"),
    ]))]);
    let exhibits = gather(&report.messages, Bounds::default(), &reach).await;
    assert_eq!(bytes(&exhibits)[..2], [Some(&b"ours"[..]), Some(b"theirs")]);
    assert!(matches!(exhibits[2].opened, Err(EvidenceError::Stranger(_))));
    assert!(matches!(exhibits[3].opened, Err(EvidenceError::Stranger(_))));
    assert!(matches!(exhibits[4].opened, Err(EvidenceError::NoMedia)));
    assert!(matches!(exhibits[5].opened, Err(EvidenceError::Here(_))));
}
