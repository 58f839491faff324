//! What a person has survives the loss of the only device: kept in segments, restored, and the account goes on.
#![allow(clippy::unwrap_used)]

mod world;

use std::{collections::BTreeMap, sync::Arc};
use trefoil_client::{
    Client, ClientError, Event, JoinedHow, Suite,
    backup::{Archive, BackupStep, Put, RecoveryCode, RecoveryState},
    conversation::{self, Cursor, Item, MessageId, Position, ReadReceipts, compose},
    overlay::Overlay,
    verification::{Proof, Standing},
};
use trefoil_proto::{
    ErrorCode, RoomUri,
    backup::{SealedPart, SegmentName},
};
use trefoil_store::MemoryStore;
use world::World;

/// The storage of a service.
#[derive(Clone, Default)]
struct Vault {
    opened: bool,
    segments: BTreeMap<SegmentName, Vec<u8>>,
    manifest: Vec<u8>,
    counter: u64,
    /// Requests that were carried.
    asked: usize,
    deleted: usize,
}

impl Vault {
    fn answer(&mut self, step: &BackupStep) -> Put {
        self.asked += 1;
        match step {
            BackupStep::Open(_) => self.opened = true,
            BackupStep::Segment(put) => {
                if !self.opened {
                    return Put::Lost;
                }
                let before = self.segments.insert(put.name, put.sealed.clone());
                assert!(before.is_none_or(|before| before == put.sealed), "a segment was altered");
            }
            BackupStep::Manifest(put) => {
                if put.expected != self.counter {
                    return Put::Counter(self.counter);
                }
                self.counter += 1;
                self.manifest = put.sealed.clone();
                put.dropped.iter().for_each(|name| drop(self.segments.remove(name)));
            }
            BackupStep::Delete(_) => self.deleted += 1,
            BackupStep::Again | BackupStep::Done | BackupStep::Off => unreachable!(),
        }
        Put::Taken
    }

    fn bytes(&self) -> usize {
        self.segments.values().map(Vec::len).sum()
    }

    fn part(&self, sealed: &[u8]) -> SealedPart {
        SealedPart { counter: self.counter, sealed: sealed.to_vec() }
    }
}

/// Backs up until nothing is left, or for so many requests.
fn back_up(world: &mut World, at: usize, vault: &mut Vault, most: usize) -> BackupStep {
    let end = vault.asked + most;
    loop {
        let now = world.now;
        let (step, commit) = world.devices[at].client.back_up(now).unwrap();
        let outcome = commit.commit().unwrap();
        world.take(at, outcome);
        match step {
            BackupStep::Again => {}
            BackupStep::Done | BackupStep::Off => return step,
            step if vault.asked == end => return step,
            step => {
                let answer = vault.answer(&step);
                world.act(at, |client, now| client.backup_answered(&step, answer, now));
            }
        }
    }
}

fn confirm(world: &mut World, at: usize) -> String {
    let now = world.now;
    let (code, step) = world.devices[at].client.make_recovery_code(now).unwrap();
    step.commit().unwrap();
    let code = code.to_string();
    assert_ne!(world.devices[at].client.recovery().unwrap().state, RecoveryState::None);
    world.act(at, |client, now| client.confirm_recovery_code(&code, now));
    assert_eq!(world.devices[at].client.recovery().unwrap().state, RecoveryState::Confirmed);
    code
}

/// A device with what the vault has, before it is let in.
fn restore(world: &mut World, vault: &Vault, code: &str, name: &str) -> usize {
    let at = world.device(name);
    let code: RecoveryCode = code.parse().unwrap();
    let archive = Archive::of(code.secret());
    let manifest = archive.manifest(&vault.part(&vault.manifest)).unwrap();
    for segment in &manifest.segments {
        let sealed = &vault.segments[&segment.name];
        world.act(at, |client, now| client.restore_segment(&archive, segment, sealed, now));
    }
    world.act(at, |client, now| client.restored(&archive, &manifest, vault.counter, now));
    at
}

fn rows(world: &World, at: usize, room: &RoomUri) -> Vec<Item> {
    let tx = Overlay::new(Arc::clone(&world.devices[at].store));
    conversation::timeline(&tx, room, Cursor::Newest, 1000).unwrap()
}

fn send(world: &mut World, at: usize, room: &RoomUri, draft: conversation::Draft) -> MessageId {
    let now = world.now;
    let (id, step) = world.devices[at].client.send(room, draft, now).unwrap();
    let outcome = step.commit().unwrap();
    world.take(at, outcome);
    world.run();
    id
}

#[test]
fn who_loses_the_only_device_goes_on_with_everything() {
    let mut world = World::new();
    let (alice, bob, carol) = (world.person("alice"), world.person("bob"), world.person("carol"));
    let room = world.create(alice, &[bob, carol], Suite::Hybrid);
    world.act(bob, |client, now| client.set_display_name("Bob B.", now));
    world.act(alice, |client, now| client.set_display_name("Alice", now));
    world.run();
    // Bob is verified, and Bob has verified Alice.
    for (one, other) in [(alice, bob), (bob, alice)] {
        let person = world.user(other);
        let number = world.devices[one].client.safety(&person).unwrap().number;
        world.act(one, |client, now| {
            client.verify(&person, &Proof::Compared(number), now).map(|(_, step)| step)
        });
    }
    let mut vault = Vault::default();
    assert_eq!(back_up(&mut world, alice, &mut vault, 99), BackupStep::Off);
    let first = send(&mut world, alice, &room, compose::text("the first", &[]).unwrap());
    let code = confirm(&mut world, alice);
    assert_eq!(back_up(&mut world, alice, &mut vault, 99), BackupStep::Done);
    // Later: an edit, a reaction, one taken back, one read.
    send(&mut world, alice, &room, compose::edit(first, "the first, edited", &[]).unwrap());
    send(&mut world, bob, &room, compose::reaction(first, "🌿").unwrap());
    let gone = send(&mut world, bob, &room, compose::text("never said", &[]).unwrap());
    assert_eq!(back_up(&mut world, alice, &mut vault, 99), BackupStep::Done);
    send(&mut world, bob, &room, compose::unsend(gone));
    send(&mut world, carol, &room, compose::text("read", &[]).unwrap());
    world.act(alice, |client, now| client.mark_read(&room, Position::END, ReadReceipts::Send, now));
    world.run();
    send(&mut world, carol, &room, compose::text("not read", &[]).unwrap());
    assert_eq!(back_up(&mut world, alice, &mut vault, 99), BackupStep::Done);
    assert!(!world.devices[alice].client.recovery().unwrap().waiting);
    let before = rows(&world, alice, &room);
    let (old, user) = (world.uri(alice), world.user(alice));

    // The device is lost.
    world.disconnect(alice);
    let anew = restore(&mut world, &vault, &code, "alice's new");
    assert!(world.devices[anew].client.identity().is_none());
    world.events(bob);
    world.act(anew, |client, now| client.recover(now));
    world.run();
    for _ in 0..3 {
        world.pass(60_000);
    }
    let told = world.events(anew);
    assert!(
        told.iter().any(|event| matches!(event, Event::Recovered { user: me, .. } if *me == user)),
        "{told:?}"
    );
    let joined = |event: &Event| matches!(event, Event::RoomJoined { how: JoinedHow::External, .. });
    assert!(told.iter().any(joined), "{told:?}");
    assert!(told.contains(&Event::OwnDeviceRemoved { device: old.clone() }));
    let now_there = rows(&world, anew, &room);
    for item in &before {
        assert!(now_there.contains(item), "{item:?} is not there as it was");
    }
    let tx = Overlay::new(Arc::clone(&world.devices[anew].store));
    assert_eq!(conversation::unread(&tx, &room).unwrap().len(), 1);
    assert_eq!(conversation::profile(&tx, &room, &world.user(bob)).unwrap().as_deref(), Some("Bob B."));
    assert_eq!(world.devices[anew].client.standing(&world.user(bob)), Standing::Verified);
    assert!(world.devices[anew].client.identity().unwrap().primary);

    // Others see a device more and one less, and no other account key.
    let seen = world.events(bob);
    let new = world.uri(anew);
    assert!(
        seen.iter().any(|event| matches!(event, Event::DeviceAdded { device, .. } if *device == new)),
        "{seen:?}"
    );
    assert!(seen.iter().any(|event| matches!(event, Event::DeviceRemoved { device, .. } if *device == old)));
    assert_eq!(world.devices[bob].client.standing(&user), Standing::Verified);
    assert!(!world.hub.members(&room).contains(&old));
    let sets = &world.hub.directory.sets[&user];
    assert_eq!(sets.iter().map(|set| set.set.devices.len()).collect::<Vec<_>>(), [1, 1]);

    // The conversation goes on, and so does the backup: with what is new alone.
    send(&mut world, anew, &room, compose::text("here again", &[]).unwrap());
    send(&mut world, bob, &room, compose::text("welcome back", &[]).unwrap());
    assert_eq!(world.texts(carol, &room).last().unwrap(), "welcome back");
    assert_eq!(world.texts(anew, &room).last().unwrap(), "welcome back");
    let segments: Vec<_> = vault.segments.keys().copied().collect();
    assert_eq!(back_up(&mut world, anew, &mut vault, 99), BackupStep::Done);
    assert!(segments.iter().any(|name| vault.segments.contains_key(name)), "all of it was sent again");
    let third = restore(&mut world, &vault, &code, "alice's third");
    assert_eq!(world.texts(third, &room).last().unwrap(), "welcome back");

    // The old device is told.
    for _ in 0..6 {
        world.pass(60_000);
    }
    let told = Event::Unauthenticated { code: ErrorCode::Unauthenticated };
    assert!(world.events(alice).contains(&told));
}

#[test]
fn a_secret_to_be_kept_elsewhere_is_in_force_once_it_is() {
    let mut world = World::new();
    let alice = world.person("alice");
    let now = world.now;
    let client = &mut world.devices[alice].client;
    let (code, step) = client.make_recovery_code(now).unwrap();
    step.commit().unwrap();
    let (secret, step) = client.prepare_recovery_secret(now).unwrap();
    step.commit().unwrap();
    // The code that is being written down and what is kept elsewhere lead to the same backup.
    assert_eq!(secret.bytes(), code.secret().bytes());
    assert_eq!(client.recovery().unwrap().state, RecoveryState::Unconfirmed);
    client.confirm_recovery_secret(&secret, now).unwrap().commit().unwrap();
    assert_eq!(client.recovery().unwrap().state, RecoveryState::Confirmed);
    let (again, step) = client.prepare_recovery_secret(now).unwrap();
    drop(step);
    assert_eq!(again.bytes(), secret.bytes());
}

#[test]
fn a_code_is_in_force_once_it_was_given_back() {
    let mut world = World::new();
    let alice = world.person("alice");
    let now = world.now;
    let client = &mut world.devices[alice].client;
    assert!(matches!(client.confirm_recovery_code("A", now), Err(ClientError::BadRecoveryCode(_))));
    let (other, step) = client.make_recovery_code(now).unwrap();
    drop(step);
    assert!(matches!(
        client.confirm_recovery_code(&other.to_string(), now),
        Err(ClientError::NoRecoveryCode)
    ));
    assert_eq!(client.recovery().unwrap().state, RecoveryState::None);
    let (_, step) = client.make_recovery_code(now).unwrap();
    step.commit().unwrap();
    assert_eq!(client.recovery().unwrap().state, RecoveryState::Unconfirmed);
    assert!(matches!(
        client.confirm_recovery_code(&other.to_string(), now),
        Err(ClientError::OtherRecoveryCode)
    ));
    let first = confirm(&mut world, alice);
    let mut vault = Vault::default();
    back_up(&mut world, alice, &mut vault, 99);
    // Another one: the backup under the first is removed, once everything is under the second.
    let second = confirm(&mut world, alice);
    assert_ne!(first, second);
    assert_eq!(vault.deleted, 0);
    let mut another = Vault::default();
    back_up(&mut world, alice, &mut another, 99);
    assert_eq!(another.deleted, 1);
    let code: RecoveryCode = first.parse().unwrap();
    let with_first = Archive::of(code.secret()).manifest(&another.part(&another.manifest));
    assert!(with_first.is_err(), "the wrong code opens nothing");
    restore(&mut world, &another, &second, "with the second");
}

#[test]
fn an_interrupted_backup_goes_on_and_a_lost_one_begins_anew() {
    let mut world = World::new();
    let (alice, bob) = (world.person("alice"), world.person("bob"));
    let room = world.create(alice, &[bob], Suite::Hybrid);
    let code = confirm(&mut world, alice);
    for number in 0..60 {
        send(
            &mut world,
            alice,
            &room,
            compose::text(&format!("{number} {}", "x".repeat(40_000)), &[]).unwrap(),
        );
    }
    let mut vault = Vault::default();
    // One request at a time, with a crash after each.
    let mut requests = 0;
    while back_up(&mut world, alice, &mut vault, 1) != BackupStep::Done {
        world.crash(alice);
        requests += 1;
        assert!(requests < 30);
    }
    assert!(vault.segments.len() >= 3, "{}", vault.segments.len());
    let at = restore(&mut world, &vault, &code, "restored");
    assert_eq!(world.texts(at, &room).len(), 60);
    // The service has lost it.
    let mut empty = Vault::default();
    send(&mut world, alice, &room, compose::text("one more", &[]).unwrap());
    back_up(&mut world, alice, &mut empty, 99);
    let at = restore(&mut world, &empty, &code, "restored again");
    assert_eq!(world.texts(at, &room).len(), 61);
}

#[test]
fn a_service_that_alters_or_goes_back_is_noticed() {
    let mut world = World::new();
    let (alice, bob) = (world.person("alice"), world.person("bob"));
    let room = world.create(alice, &[bob], Suite::Hybrid);
    let code = confirm(&mut world, alice);
    let mut vault = Vault::default();
    back_up(&mut world, alice, &mut vault, 99);
    let earlier = vault.clone();
    send(&mut world, alice, &room, compose::text("later", &[]).unwrap());
    back_up(&mut world, alice, &mut vault, 99);

    let code: RecoveryCode = code.parse().unwrap();
    let archive = Archive::of(code.secret());
    let store = Arc::new(MemoryStore::new());
    let mut client = Client::open(store).unwrap();
    let manifest = archive.manifest(&vault.part(&vault.manifest)).unwrap();
    let now = world.now;
    let [one, two] = &manifest.segments[..] else { panic!("two segments: {manifest:?}") };
    // Another segment in its place, and an altered one.
    let swapped = client.restore_segment(&archive, one, &vault.segments[&two.name], now);
    assert!(matches!(swapped.err(), Some(ClientError::Archive(_))));
    let mut altered = vault.segments[&one.name].clone();
    altered[9] ^= 1;
    assert!(matches!(
        client.restore_segment(&archive, one, &altered, now).err(),
        Some(ClientError::Archive(_))
    ));
    // One dropped: the account is in the first, and without it nothing is restored.
    client.restore_segment(&archive, two, &vault.segments[&two.name], now).unwrap().commit().unwrap();
    let without = client.restored(&archive, &manifest, vault.counter, now);
    assert!(matches!(without.err(), Some(ClientError::NothingRestored)));
    // An old manifest under a new number is none.
    let renumbered = SealedPart { counter: vault.counter, sealed: earlier.manifest.clone() };
    assert!(archive.manifest(&renumbered).is_err());
    // Gone back as a whole: the device that writes notices, and puts everything there again.
    let mut back = earlier;
    send(&mut world, alice, &room, compose::text("later still", &[]).unwrap());
    back_up(&mut world, alice, &mut back, 99);
    let view = world.devices[alice].client.recovery().unwrap();
    assert_eq!(view.disputed, Some(1));
    let at = restore(&mut world, &back, &archive_code(&code), "restored");
    assert_eq!(world.texts(at, &room), ["later", "later still"]);
}

fn archive_code(code: &RecoveryCode) -> String {
    code.to_string()
}

#[test]
fn what_fell_due_while_nobody_was_there_goes_from_the_backup_too() {
    let mut world = World::new();
    let (alice, bob) = (world.person("alice"), world.person("bob"));
    let room = world.create(alice, &[bob], Suite::Hybrid);
    let code = confirm(&mut world, alice);
    let mut vault = Vault::default();
    send(&mut world, alice, &room, compose::text("this stays", &[]).unwrap());
    // The hub's clock is the same as the people's.
    world.hub.clock = world.now.0;
    let passing = compose::text("this goes", &[]).unwrap().disappearing_after(60).unwrap();
    send(&mut world, alice, &room, passing);
    assert_eq!(world.texts(alice, &room), ["this stays", "this goes"]);
    assert_eq!(back_up(&mut world, alice, &mut vault, 99), BackupStep::Done);
    let segments: Vec<_> = vault.segments.keys().copied().collect();
    world.disconnect(alice);
    world.now = world.now.plus_millis(120_000);
    let new = restore(&mut world, &vault, &code, "alice's new");
    assert_eq!(world.texts(new, &room), ["this stays"]);
    world.act(new, |client, now| client.recover(now));
    world.run();
    world.pass(25 * 60 * 60 * 1000);
    assert_eq!(back_up(&mut world, new, &mut vault, 99), BackupStep::Done);
    assert!(segments.iter().all(|name| !vault.segments.contains_key(name)), "a segment still has it");
    let again = restore(&mut world, &vault, &code, "once more");
    assert_eq!(world.texts(again, &room), ["this stays"]);
}

#[test]
fn garbage_is_bounded_and_what_is_forgotten_goes() {
    let mut world = World::new();
    let (alice, bob) = (world.person("alice"), world.person("bob"));
    let room = world.create(alice, &[bob], Suite::Hybrid);
    let code = confirm(&mut world, alice);
    let mut vault = Vault::default();
    let long = "x".repeat(30_000);
    let mut said = Vec::new();
    for number in 0..40 {
        said.push(send(&mut world, alice, &room, compose::text(&format!("{number} {long}"), &[]).unwrap()));
    }
    back_up(&mut world, alice, &mut vault, 99);
    let full = vault.bytes();
    // Most of it is taken back: the old segments go, and with them what they said.
    for id in &said[..36] {
        send(&mut world, alice, &room, compose::unsend(*id));
    }
    world.pass(25 * 60 * 60 * 1000);
    back_up(&mut world, alice, &mut vault, 99);
    assert!(vault.bytes() < full / 3, "{} of {full} bytes are left", vault.bytes());
    let at = restore(&mut world, &vault, &code, "restored");
    assert_eq!(world.texts(at, &room).len(), 4);
    // Many small backups are joined.
    for number in 0..80 {
        send(&mut world, bob, &room, compose::text(&format!("small {number}"), &[]).unwrap());
        back_up(&mut world, alice, &mut vault, 99);
        assert!(vault.segments.len() < 40, "{} segments", vault.segments.len());
    }
    let at = restore(&mut world, &vault, &code, "restored again");
    assert_eq!(world.texts(at, &room).len(), 84);
}
