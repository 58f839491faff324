//! The index of words over 50 000 messages on an encrypted store: what it costs to keep, and to ask.
//! `TREFOIL_BENCH_MESSAGES=1000` takes fewer.
#![allow(clippy::unwrap_used, clippy::print_stderr, missing_docs)]

use criterion::{Criterion, criterion_group, criterion_main};
use std::{hint::black_box, sync::Arc, time::Instant};
use trefoil_client::{
    conversation::{self, By, Incoming, compose},
    overlay::Overlay,
};
use trefoil_proto::{
    DeviceUri, RoomUri, Timestamp, UserUri,
    content::ReceivedContent,
    room::{Role, RoomKind},
};
use trefoil_store::{LocalKey, SqliteLocal};

const BATCH: u64 = 64;
/// Words of a made-up language; each message has a dozen of them, the first ones more often.
const WORDS: u64 = 20_000;

fn word(number: u64) -> String {
    let syllables =
        ["ba", "ce", "di", "fo", "gu", "ha", "le", "mi", "no", "ru", "sa", "te", "vi", "wo", "zu", "xe"];
    let (mut number, mut word) = (number, String::new());
    for _ in 0..4 {
        word.push_str(syllables[usize::try_from(number % 16).unwrap()]);
        number /= 16;
    }
    word
}

/// A text that depends on its number alone.
fn said(number: u64) -> String {
    let mut state = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut words = Vec::new();
    for _ in 0..12 {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let share = state % 1000;
        words.push(word(share * share % WORDS * (share + 1) / 1000));
    }
    words.push(format!("number{number}"));
    words.push("everywhere".to_owned());
    words.join(" ")
}

fn search(criterion: &mut Criterion) {
    let messages = std::env::var("TREFOIL_BENCH_MESSAGES").ok().and_then(|many| many.parse().ok());
    let messages: u64 = messages.unwrap_or(50_000);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = Arc::new(SqliteLocal::open(&path, &LocalKey::new([5; 32])).unwrap());
    let mut tx = Overlay::new(store);
    let me: UserUri = "mimi://a.test/u/me".parse().unwrap();
    let ann: UserUri = "mimi://a.test/u/ann".parse().unwrap();
    let device: DeviceUri = "mimi://a.test/d/ann/one".parse().unwrap();
    let rooms: Vec<RoomUri> =
        (0..20).map(|at| format!("mimi://a.test/r/room{at}").parse().unwrap()).collect();
    let begun = Instant::now();
    for number in 0..messages {
        let room = &rooms[usize::try_from(number % 20).unwrap()];
        let mut salt = [0; 16];
        salt[..8].copy_from_slice(&number.to_be_bytes());
        let draft = compose::text(&said(number), &[]).unwrap();
        let content = draft.into_content(salt, &ann, room).unwrap().encode().unwrap();
        let incoming = Incoming {
            room,
            me: &me,
            sender_user: &ann,
            sender_device: &device,
            by: By { role: Role::MEMBER, kind: RoomKind::Discussion },
            accepted: Timestamp(1_800_000_000_000 + number),
            received: Timestamp(1_800_000_000_000 + number),
            content: &ReceivedContent::decode(content).unwrap(),
            frank: None,
            passing: false,
            participants: 100,
        };
        conversation::receive(&mut tx, incoming).unwrap();
        if number % BATCH == BATCH - 1 {
            tx.commit().unwrap();
        }
    }
    tx.commit().unwrap();
    let took = begun.elapsed();
    let bytes = std::fs::metadata(&path).unwrap().len();
    eprintln!(
        "{messages} messages of 14 words taken in and indexed in {took:.1?}, {:.0} a second; the store has {} MB",
        f64::from(u32::try_from(messages).unwrap()) / took.as_secs_f64(),
        bytes / 1_000_000
    );
    let mut group = criterion.benchmark_group(format!("search in {messages} messages"));
    group.sample_size(20);
    let rare = format!("number{}", messages / 2);
    for (name, query, room) in [
        ("a word of one message", format!("{rare} "), None),
        ("a word of every message", "everywhere ".to_owned(), None),
        ("the same in one room of twenty", "everywhere ".to_owned(), Some(&rooms[3])),
        ("a common and a rare word", format!("everywhere {rare} "), None),
        ("the beginning of many words", "b".to_owned(), None),
        ("the beginning of a word of each message", "numb".to_owned(), None),
        ("two words that are never together", format!("{rare} number1 "), None),
        ("two common words", format!("everywhere {} ", word(0)), None),
    ] {
        group.bench_function(name, |bencher| {
            bencher.iter(|| black_box(conversation::search(&tx, &query, room, None, 20).unwrap()));
        });
    }
    group.finish();
}

criterion_group!(benches, search);
criterion_main!(benches);
