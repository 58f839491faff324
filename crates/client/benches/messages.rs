//! Messages of 1 KiB on an encrypted store, 64 a step: encrypt and persist, decrypt and persist.
//! `TREFOIL_BENCH_MEMBERS=1000` adds a room of that size; the default is two members.
#![allow(clippy::unwrap_used, missing_docs)]

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
fn send(world: &mut World, alice: usize, room: &RoomUri, text: &str) -> (Duration, Vec<Effect>) {
    let now = world.now;
    let drafts: Vec<_> = (0..BATCH).map(|_| (room.clone(), compose::text(text, &[]).unwrap())).collect();
    let started = Instant::now();
    let (ids, step) = world.devices[alice].client.send_all(drafts, now).unwrap();
    let outcome = step.commit().unwrap();
    let took = started.elapsed();
    black_box(ids);
    (took, outcome.effects)
}

/// The hub takes the batch; the sender hears of it.
fn settle(world: &mut World, alice: usize, effects: Vec<Effect>) {
    let from = world.uri(alice);
    let mut answers = Vec::new();
    for effect in effects {
        if let Effect::Frame(ClientFrame::Submit { tag, room, request }) = effect {
            answers.push(Input::Frame(world.hub.submit(&from, tag, &room, &request)));
        }
    }
    assert_eq!(answers.len(), BATCH);
    world.feed(alice, answers);
    world.devices[alice].events.clear();
}

fn messages(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().unwrap();
    let text = "x".repeat(1024);
    let mut sizes = vec![2];
    sizes.extend(
        std::env::var("TREFOIL_BENCH_MEMBERS").ok().and_then(|members| members.parse::<usize>().ok()),
    );
    for members in sizes {
        let (mut world, alice, bob, room) = room_of(members, folder.path());
        let of = format!("{members} members");
        let device = world.uri(bob);
        let mut group = criterion.benchmark_group("messages");
        group.throughput(Throughput::Elements(BATCH as u64)).sample_size(20);
        group.bench_function(BenchmarkId::new("encrypt and persist", &of), |bencher| {
            bencher.iter_custom(|rounds| {
                (0..rounds)
                    .map(|_| {
                        let (took, effects) = send(&mut world, alice, &room, &text);
                        settle(&mut world, alice, effects);
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
                        let (_, effects) = send(&mut world, alice, &room, &text);
                        settle(&mut world, alice, effects);
                        let entries = world.waiting(bob, BATCH);
                        assert_eq!(entries.len(), BATCH);
                        world.devices[bob].delivered = entries.last().unwrap().position;
                        let input = Input::Frame(ServerFrame::Deliver { entries });
                        let now = world.now;
                        let started = Instant::now();
                        let outcome = world.devices[bob].client.handle(input, now).unwrap().commit().unwrap();
                        let took = started.elapsed();
                        black_box(outcome);
                        took
                    })
                    .sum()
            });
        });
        group.finish();
    }
}

criterion_group!(benches, messages);
criterion_main!(benches);
