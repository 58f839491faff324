//! Messages of 1 KiB of prose on an encrypted store, 64 a step: encrypt and persist, decrypt and persist. First on a fresh
//! store, then on one that has grown by `TREFOIL_BENCH_GROWN` messages (20 000); filling it says what a message costs on
//! the way there, everything counted. `TREFOIL_BENCH_MEMBERS=1000` adds a room of that size; the default is two members.
#![allow(clippy::unwrap_used, clippy::print_stderr, missing_docs)]

#[path = "../tests/world/mod.rs"]
mod world;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use std::{
    hint::black_box,
    sync::Arc,
    time::{Duration, Instant},
};
use trefoil_client::{Effect, Input, Suite, conversation::compose};
use trefoil_proto::{
    RoomUri,
    frame::{ClientFrame, ServerFrame},
};
use trefoil_store::{LocalKey, SqliteLocal};
use world::World;

const BATCH: usize = 64;

/// Bytes of each message.
const LENGTH: usize = 1024;
/// Words of a made-up language, as many as a person may use in a year. As in every language a few of them make up most of
/// what is said: the one with the number `n` comes about `1 / n` as often as the first.
const WORDS: f64 = 30_000.0;

/// Prose that is different each time.
struct Prose(u64);

impl Prose {
    fn next(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        f64::from(u32::try_from(self.0 >> 32).unwrap()) / f64::from(u32::MAX)
    }

    fn say(&mut self) -> String {
        const SYLLABLES: [&str; 16] =
            ["ba", "ce", "di", "fo", "gu", "ha", "le", "mi", "no", "ru", "sa", "te", "vi", "wo", "zu", "xe"];
        let mut text = String::with_capacity(LENGTH + 16);
        let mut words = 0;
        while text.len() < LENGTH {
            words += 1;
            // The inverse of the distribution of Zipf, as near as it matters; common words are short.
            let mut number = WORDS.powf(self.next()) as usize;
            let begins = text.len();
            loop {
                text.push_str(SYLLABLES[number % 16]);
                number /= 16;
                if number == 0 {
                    break;
                }
            }
            if words % 12 == 1 {
                let capital = text[begins..=begins].to_uppercase();
                text.replace_range(begins..=begins, &capital);
            }
            text.push_str(if words % 12 == 0 { ". " } else { " " });
        }
        text.truncate(LENGTH);
        text
    }
}

/// Alice and Bob on encrypted stores, in a room with as many others as it takes.
fn room_of(members: usize, folder: &std::path::Path) -> (World, usize, usize, RoomUri) {
    let mut world = World::new();
    let mut person = |name: &str| {
        let store =
            SqliteLocal::open(folder.join(format!("{name}-{members}.db")), &LocalKey::new([5; 32])).unwrap();
        world.person_on(name, Arc::new(store))
    };
    let (alice, bob) = (person("alice"), person("bob"));
    let strangers = world.strangers(members - 2);
    let room = world.create(alice, &[bob], Suite::Hybrid);
    if !strangers.is_empty() {
        world.act(alice, |client, now| client.add_people(&room, &strangers, now));
        world.run();
    }
    assert_eq!(world.hub.members(&room).len(), members);
    (world, alice, bob, room)
}

/// Sends a batch; the time is that of encrypting and committing.
fn send(world: &mut World, alice: usize, room: &RoomUri, prose: &mut Prose) -> (Duration, Vec<Effect>) {
    let now = world.now;
    let drafts: Vec<_> =
        (0..BATCH).map(|_| (room.clone(), compose::text(&prose.say(), &[]).unwrap())).collect();
    let started = Instant::now();
    let (ids, step) = world.devices[alice].client.send_all(drafts, now).unwrap();
    let outcome = step.commit().unwrap();
    let took = started.elapsed();
    black_box(ids);
    (took, outcome.effects)
}

/// The hub takes what was sent; the sender hears of it. Gives how much it was, and the time of taking up the answers.
fn settle(world: &mut World, sender: usize, effects: Vec<Effect>) -> (usize, Duration) {
    let from = world.uri(sender);
    let mut answers = Vec::new();
    for effect in effects {
        if let Effect::Frame(ClientFrame::Submit { tag, room, request }) = effect {
            answers.push(Input::Frame(world.hub.submit(&from, tag, &room, &request)));
        }
    }
    let many = answers.len();
    let started = Instant::now();
    world.feed(sender, answers);
    let took = started.elapsed();
    world.devices[sender].events.clear();
    (many, took)
}

/// Takes in a batch that waits; the time is that of decrypting and committing. What is answered is sent.
fn receive(world: &mut World, bob: usize) -> Duration {
    let entries = world.waiting(bob, BATCH);
    assert_eq!(entries.len(), BATCH);
    world.devices[bob].delivered = entries.last().unwrap().position;
    let input = Input::Frame(ServerFrame::Deliver { entries });
    let now = world.now;
    let started = Instant::now();
    let outcome = world.devices[bob].client.handle(input, now).unwrap().commit().unwrap();
    let took = started.elapsed();
    settle(world, bob, outcome.effects);
    took
}

fn messages(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().unwrap();
    let number = |name: &str| std::env::var(name).ok().and_then(|number| number.parse::<usize>().ok());
    let grown = number("TREFOIL_BENCH_GROWN").unwrap_or(20_000);
    let mut sizes = vec![2];
    sizes.extend(number("TREFOIL_BENCH_MEMBERS"));
    for members in sizes {
        let (mut world, alice, bob, room) = room_of(members, folder.path());
        let device = world.uri(bob);
        let mut prose = Prose(0x9e37_79b9_7f4a_7c15);
        for state in ["fresh", "grown"] {
            let of = format!("{members} members, {state} store");
            let mut group = criterion.benchmark_group("messages");
            group.throughput(Throughput::Elements(BATCH as u64)).sample_size(20);
            group.bench_function(BenchmarkId::new("encrypt and persist", &of), |bencher| {
                bencher.iter_custom(|rounds| {
                    (0..rounds)
                        .map(|_| {
                            let (took, effects) = send(&mut world, alice, &room, &mut prose);
                            assert_eq!(settle(&mut world, alice, effects).0, BATCH);
                            took
                        })
                        .sum()
                });
            });
            // Bob takes up what waits, in portions as the service would hand them out.
            while world.devices[bob].delivered < world.hub.mailboxes[&device].last().unwrap().position {
                world.deliver_some(bob, BATCH);
            }
            group.bench_function(BenchmarkId::new("decrypt and persist", &of), |bencher| {
                bencher.iter_custom(|rounds| {
                    (0..rounds)
                        .map(|_| {
                            let (_, effects) = send(&mut world, alice, &room, &mut prose);
                            assert_eq!(settle(&mut world, alice, effects).0, BATCH);
                            receive(&mut world, bob)
                        })
                        .sum()
                });
            });
            group.finish();
            if state == "fresh" {
                grow(&mut world, (alice, bob), &room, &mut prose, grown);
            }
        }
    }
}

/// Has so many more messages sent and taken in, and says how fast that went, the first and the last quarter for
/// themselves.
fn grow(world: &mut World, (alice, bob): (usize, usize), room: &RoomUri, prose: &mut Prose, messages: usize) {
    let batches = (messages / BATCH).max(4);
    let mut times = Vec::new();
    for _ in 0..batches {
        let (sent, effects) = send(world, alice, room, prose);
        let (_, settled) = settle(world, alice, effects);
        times.push((sent, settled, receive(world, bob)));
    }
    let rate = |times: &[(Duration, Duration, Duration)],
                of: fn(&(Duration, Duration, Duration)) -> Duration| {
        (times.len() * BATCH) as f64 / times.iter().map(of).sum::<Duration>().as_secs_f64()
    };
    for (part, times) in [("first", &times[..batches / 4]), ("last", &times[batches - batches / 4..])] {
        eprintln!(
            "the {part} quarter of {messages} messages: {:.0}/s sent, {:.0}/s answers taken up by the \
             sender, {:.0}/s received",
            rate(times, |(sent, ..)| *sent),
            rate(times, |(_, settled, _)| *settled),
            rate(times, |(.., received)| *received),
        );
    }
}

criterion_group!(benches, messages);
criterion_main!(benches);
