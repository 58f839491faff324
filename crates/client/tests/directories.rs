//! What the key directory says decides: each way in which it or a service can lie, who notices, what the person is told.
#![allow(clippy::unwrap_used)]

mod world;

use ed25519_dalek::SigningKey;
use trefoil_client::{
    ChangeRefusal, ClientError, Event, Refusal, Suite, conversation::compose, directory::KeysRefusal,
};
use trefoil_proto::{
    DeviceUri, Wire as _,
    edge::{NewDevice, PublishKeyPackages},
};
use trefoil_transparency::{
    device_set::{DeviceEntry, DeviceSet, DeviceSetChain, SignedDeviceSet},
    gossip::{Evidence, SignedRoot},
    log::DirectoryRoot,
};
use world::{World, forge};

const HOUR: u64 = 60 * 60 * 1000;

fn not_added(world: &mut World, at: usize) -> Vec<KeysRefusal> {
    world
        .events(at)
        .into_iter()
        .filter_map(|event| match event {
            Event::ChangeRefused { reason: ChangeRefusal::Unproven(_, reason), .. } => Some(reason),
            _ => None,
        })
        .collect()
}

fn said(events: &[Event], wanted: impl Fn(&Event) -> bool) -> usize {
    events.iter().filter(|event| wanted(event)).count()
}

/// The service swaps a person's only device for one of its own when somebody asks for key packages.
fn swap(
    world: &mut World,
    victim: usize,
    account: &SigningKey,
    device: &str,
) -> (NewDevice, PublishKeyPackages) {
    let user = world.user(victim);
    let uri: DeviceUri = format!("mimi://{}/d/{}/{device}", user.domain, user.id).parse().unwrap();
    forge::device(&uri, account)
}

#[test]
fn nobody_is_alarmed_where_everybody_is_honest() {
    let mut world = World::new();
    let (alice, bob) = (world.person("alice"), world.person("bob"));
    let room = world.create(alice, &[bob], Suite::Hybrid);
    let second = world.link(bob, "bob's second");
    for at in [alice, bob, second] {
        world.say(at, &room, "hello");
        world.run();
    }
    world.pass(2 * HOUR);
    world.act(bob, |client, now| {
        let second = client.own_devices().unwrap().into_iter().last().unwrap();
        client.remove_device(&second, now)
    });
    world.run();
    world.say(alice, &room, "still here");
    world.run();
    assert_eq!(world.texts(bob, &room), ["hello", "hello", "hello", "still here"]);
    for at in [alice, bob, second] {
        let alarms = said(&world.events(at), |event| {
            matches!(
                event,
                Event::KeysUnproven { .. }
                    | Event::GhostDevice { .. }
                    | Event::OwnDeviceUnknown { .. }
                    | Event::OwnAccountReplaced
                    | Event::DirectorySplit { .. }
                    | Event::EpochWithheld { .. }
                    | Event::Refused { .. }
            )
        });
        assert_eq!(alarms, 0, "device {at}");
    }
    assert!(world.devices[alice].client.room(&room).unwrap().unwrap().unproven.is_empty());
}

#[test]
fn a_proof_that_comes_with_key_packages_is_not_asked_for_and_one_that_is_wrong_is() {
    for (spoiled, along, asked) in [(false, true, 0), (true, true, 1), (false, false, 1)] {
        let mut world = World::new();
        let (alice, bob) = (world.person("alice"), world.person("bob"));
        (world.hub.along, world.hub.spoiled) = (along, spoiled);
        let user = world.user(bob);
        let about_bob = |world: &mut World| {
            let asked = std::mem::take(&mut world.hub.proofs_asked);
            asked.iter().filter(|about| **about == user).count()
        };
        about_bob(&mut world);
        // Bob looks at his own entry by the way: only what Alice asks is counted while he is away.
        world.disconnect(bob);
        let room = world.create(alice, &[bob], Suite::Hybrid);
        assert_eq!(about_bob(&mut world), asked, "spoiled {spoiled}, along {along}");
        assert!(world.hub.members(&room).contains(&world.uri(bob)));
        assert_eq!(not_added(&mut world, alice), []);
        // Once more, of somebody who is known.
        world.create(alice, &[bob], Suite::Hybrid);
        assert_eq!(not_added(&mut world, alice), []);
    }
}

#[test]
fn a_key_that_is_swapped_when_it_is_fetched_is_not_used() {
    let mut world = World::new();
    let (alice, bob) = (world.person("alice"), world.person("bob"));
    let (device, keys) = swap(&mut world, bob, &SigningKey::from_bytes(&[66; 32]), "false");
    let uri = device.uri.clone();
    world.hub.accounts.insert(world.user(bob), vec![device]);
    world.hub.keys.insert(uri.clone(), keys);
    let room = world.create(alice, &[bob], Suite::Hybrid);
    assert_eq!(not_added(&mut world, alice), [KeysRefusal::NotInDirectory]);
    assert!(!world.hub.members(&room).contains(&uri));
}

#[test]
fn a_further_device_that_the_directory_does_not_have_stays_out() {
    let mut world = World::new();
    let (alice, bob) = (world.person("alice"), world.person("bob"));
    let (device, keys) = swap(&mut world, bob, &SigningKey::from_bytes(&[66; 32]), "ghost");
    let uri = device.uri.clone();
    let user = world.user(bob);
    world.hub.accounts.get_mut(&user).unwrap().push(device);
    world.hub.keys.insert(uri.clone(), keys);
    let room = world.create(alice, &[bob], Suite::Hybrid);
    let members = world.hub.members(&room);
    assert!(members.contains(&world.uri(bob)) && !members.contains(&uri), "{members:?}");
    let refused = said(
        &world.events(alice),
        |event| matches!(event, Event::Refused { reason: Refusal::UntrustedDevice { device }, .. } if *device == uri.to_string()),
    );
    assert_eq!(refused, 1);
}

/// Somebody stole the account key: the device is well authorised, and published nowhere. An altered member's client
/// brings it in.
#[test]
fn a_ghost_device_in_a_room_stops_what_leaves_and_is_shown() {
    let mut world = World::new();
    let (alice, bob, carol) = (world.person("alice"), world.person("bob"), world.person("carol"));
    let room = world.create(alice, &[bob, carol], Suite::Hybrid);
    let account = stolen_account_key(&world, bob);
    let (device, keys) = swap(&mut world, bob, &account, "ghost");
    let uri = device.uri;
    let request = world::evil::commit(&world, bob, &room, &keys.one_use[0], None);
    world.hub.lenient = true;
    world.hub.update(&room, &request);
    world.run();
    let events = world.events(carol);
    let ghosts = said(&events, |event| matches!(event, Event::GhostDevice { device, .. } if *device == uri));
    assert_eq!(ghosts, 1);
    let before = world.hub.mailboxes[&world.uri(alice)].len();
    world.say(carol, &room, "not for the ghost");
    world.run();
    world.pass(2 * 60_000);
    assert_eq!(world.hub.mailboxes[&world.uri(alice)].len(), before, "something left");
    assert_eq!(world.devices[carol].client.outbox_len(&room).unwrap(), 1);
    let view = world.devices[carol].client.room(&room).unwrap().unwrap();
    assert_eq!(view.unproven[0].reason, Some(KeysRefusal::NotInDirectory));
    // Told once, also over a restart.
    world.crash(carol);
    world.run();
    assert_eq!(said(&world.events(carol), |event| matches!(event, Event::GhostDevice { .. })), 0);
    // An admin's client takes bob out with the ghost, and what waited goes.
    let bob = world.user(bob);
    world.act(alice, |client, now| client.remove_people(&room, &[bob], now));
    world.run();
    world.pass(60_000);
    assert_eq!(world.texts(alice, &room), ["not for the ghost"]);
}

fn stolen_account_key(world: &World, at: usize) -> SigningKey {
    let overlay = trefoil_client::overlay::Overlay::new(std::sync::Arc::clone(&world.devices[at].store));
    let row = overlay.get(trefoil_client::rows::ACCOUNT, b"me").unwrap().unwrap();
    // The row of a first device ends with the account's secret.
    SigningKey::from_bytes(row.last_chunk::<32>().unwrap())
}

#[test]
fn without_enough_auditors_nobody_is_believed_and_it_is_said() {
    let mut world = World::new();
    let (alice, bob) = (world.person("alice"), world.person("bob"));
    world.hub.directory.unaudited = true;
    world.pass(2 * HOUR);
    world.create(alice, &[bob], Suite::Hybrid);
    assert_eq!(not_added(&mut world, alice), [KeysRefusal::Unaudited { found: 0, needed: 1 }]);
    // Asked for more than there are.
    world.hub.directory.unaudited = false;
    world.act(alice, |client, now| client.set_auditors_needed(2, now));
    world.run();
    world.create(alice, &[bob], Suite::Hybrid);
    assert_eq!(not_added(&mut world, alice), [KeysRefusal::Unaudited { found: 1, needed: 2 }]);
    // The person decides to do without.
    world.act(alice, |client, now| client.set_auditors_needed(0, now));
    world.run();
    let room = world.create(alice, &[bob], Suite::Hybrid);
    assert_eq!(world.hub.members(&room).len(), 2);
}

#[test]
fn a_new_service_that_vouches_is_told_of_and_counts_for_nothing_once_others_are_named() {
    let mut world = World::new();
    let (alice, bob) = (world.person("alice"), world.person("bob"));
    let (home, eyes) = (world.hub.domain.clone(), world.hub.directory.auditor.clone());
    let mint: trefoil_proto::Domain = "mint.test".parse().unwrap();
    world.events(alice);
    world.hub.directory.auditor = mint.clone();
    world.hub.directory.auditor_key = SigningKey::from_bytes(&[42; 32]);
    world.crash(alice);
    world.run();
    let new = |event: &Event| matches!(event, Event::AuditorNew { service } if *service == mint);
    assert_eq!(said(&world.events(alice), new), 1);
    world.create(alice, &[bob], Suite::Hybrid);
    assert_eq!(not_added(&mut world, alice), []);

    let now = world.now;
    let client = &mut world.devices[alice].client;
    let nobody = "nobody.test".parse().unwrap();
    let unknown = client.name_auditors(&[home.clone(), nobody].into(), now).err();
    assert!(matches!(unknown, Some(ClientError::UnknownService(_))), "{unknown:?}");
    let one = client.name_auditors(&[eyes.clone()].into(), now).err();
    assert!(matches!(one, Some(ClientError::TooFewAuditors { least: 2 })), "{one:?}");
    world.act(alice, |client, now| client.name_auditors(&[home, eyes].into(), now));
    world.run();
    world.create(alice, &[bob], Suite::Hybrid);
    assert_eq!(not_added(&mut world, alice), [KeysRefusal::Unaudited { found: 0, needed: 1 }]);
    let views = world.devices[alice].client.directories().unwrap();
    let counts: Vec<_> = views.iter().map(|view| (view.directory.as_str(), view.vouches)).collect();
    assert_eq!(counts, [("a.test", true), ("eyes.test", true), ("mint.test", false)]);

    world.act(alice, |client, now| client.name_auditors(&[].into(), now));
    world.run();
    world.create(alice, &[bob], Suite::Hybrid);
    assert_eq!(not_added(&mut world, alice), []);
}

/// Nothing else happens in the room that could set it going.
#[test]
fn what_waits_for_somebodys_proof_leaves_when_it_comes() {
    let mut world = World::new();
    let (alice, bob) = (world.person("alice"), world.person("bob"));
    world.disconnect(bob);
    let room = world.create(alice, &[bob], Suite::Hybrid);
    world.hub.directory.unaudited = true;
    world.crash(bob);
    world.run();
    world.say(bob, &room, "until somebody vouches for Alice's keys");
    for _ in 0..3 {
        world.pass(60_000);
        assert_eq!(world.devices[bob].client.outbox_len(&room).unwrap(), 1);
    }
    world.hub.directory.unaudited = false;
    world.pass(2 * 60_000);
    assert_eq!(world.texts(alice, &room), ["until somebody vouches for Alice's keys"]);
}

/// A phone was stolen, and taken off the account. It still has its keys, and a hub that lets it in.
#[test]
fn a_device_that_was_taken_off_does_not_come_back() {
    let mut world = World::new();
    let (alice, bob) = (world.person("alice"), world.person("bob"));
    let room = world.create(alice, &[bob], Suite::Hybrid);
    world.take_up(bob, &room);
    let stolen = world.link(bob, "bob's second");
    world.pass(60_000);
    world.say(stolen, &room, "mine");
    world.run();
    assert_eq!(world.texts(alice, &room), ["mine"]);
    let device = world.uri(stolen);
    let registered = world.hub.accounts[&world.user(bob)].clone();
    world.act(bob, |client, now| client.remove_device(&device, now));
    world.run();
    world.pass(60_000);
    assert!(!world.hub.members(&room).contains(&device));
    world.events(alice);
    // Its service lets it in again, where it looks.
    let token = world.devices[stolen].client.bearer().unwrap();
    let token = data_encoding::BASE64URL_NOPAD.decode(token.as_bytes()).unwrap();
    world.hub.tokens.insert(token, device.clone());
    world.hub.lenient = true;
    world.hub.accounts.insert(world.user(bob), registered);
    world.act(stolen, |client, now| client.join(&room, now));
    world.run();
    world.pass(60_000);
    assert!(world.hub.members(&room).contains(&device), "the hub let it in");
    let ghost = |event: &Event| matches!(event, Event::GhostDevice { device: of, .. } if *of == device);
    assert_eq!(said(&world.events(alice), ghost), 1);
    world.say(alice, &room, "not for the thief");
    world.pass(60_000);
    assert_eq!(world.devices[alice].client.outbox_len(&room).unwrap(), 1);
    assert!(!world.texts(stolen, &room).contains(&"not for the thief".to_owned()));
}

/// The service had other devices under a person's name in its directory, showed them to somebody, and took them back.
#[test]
fn a_directory_that_had_other_devices_in_between_is_noticed() {
    let mut world = World::new();
    let (alice, bob, carol) = (world.person("alice"), world.person("bob"), world.person("carol"));
    world.create(alice, &[bob], Suite::Hybrid);
    world.pass(2 * HOUR);
    let user = world.user(bob);
    let honest = world.hub.directory.sets[&user].last().unwrap().clone();
    let account = SigningKey::from_bytes(&[66; 32]);
    let (device, _) = swap(&mut world, bob, &account, "false");
    let set = SignedDeviceSet::decode(&forge::first_set(&device, &account)).unwrap();
    let now = world.now;
    world.hub.directory.sets.insert(user.clone(), vec![set]);
    world.hub.directory.enter_again(&user, now);
    world.hub.directory.sets.insert(user.clone(), vec![honest]);
    world.hub.directory.enter_again(&user, now);
    let rewritten =
        |event: &Event| matches!(event, Event::EntryRewritten { user: of, times: 2 } if *of == user);
    for at in [alice, bob, carol] {
        world.events(at);
    }
    // Bob looks at his own entry, Alice at his when she writes to him anew, Carol for the first time.
    world.pass(2 * HOUR);
    for at in [alice, carol] {
        world.create(at, &[bob], Suite::Hybrid);
    }
    for at in [alice, bob, carol] {
        assert_eq!(said(&world.events(at), rewritten), 1, "device {at}");
    }
    // Once.
    world.pass(2 * HOUR);
    world.create(alice, &[bob], Suite::Hybrid);
    for at in [alice, bob] {
        assert_eq!(said(&world.events(at), rewritten), 0, "device {at}");
    }
}

/// More sets came while a device was away than are handed over at once.
#[test]
fn somebody_whose_devices_changed_very_often_is_still_proven() {
    let mut world = World::new();
    let (alice, bob) = (world.person("alice"), world.person("bob"));
    world.create(alice, &[bob], Suite::Hybrid);
    let account = stolen_account_key(&world, bob);
    let user = world.user(bob);
    let mut set = world.hub.directory.sets[&user].last().unwrap().set.clone();
    for number in 0..DeviceSetChain::LONGEST + 2 {
        // Another device in the place of the one before; the last one is all that the service lists.
        let (device, keys) = swap(&mut world, bob, &account, &format!("d{number}"));
        let entry = DeviceEntry::new(device.uri.device.clone(), device.signature_key, &device.authorisation);
        set = set.followed_by(vec![entry]);
        world.hub.directory.enter(&SignedDeviceSet::by_account(set.clone(), &account).encode());
        world.hub.keys.insert(device.uri.clone(), keys);
        world.hub.accounts.insert(user.clone(), vec![device]);
    }
    let again = world.create(alice, &[bob], Suite::Hybrid);
    world.pass(60_000);
    assert_eq!(not_added(&mut world, alice), []);
    assert_eq!(world.hub.members(&again).len(), 2);
}

#[test]
fn stale_signatures_are_not_enough() {
    let mut world = World::new();
    let (alice, bob) = (world.person("alice"), world.person("bob"));
    world.hub.directory.age = 25 * HOUR;
    world.pass(2 * HOUR);
    world.create(alice, &[bob], Suite::Hybrid);
    assert_eq!(not_added(&mut world, alice), [KeysRefusal::Stale]);
}

#[test]
fn a_directory_that_goes_back_is_refused() {
    let mut world = World::new();
    let alice = world.person("alice");
    let bob = world.person("bob");
    let room = world.create(alice, &[bob], Suite::Hybrid);
    world.say(alice, &room, "hello");
    for other in ["carol", "dave", "erin"] {
        world.person(other);
    }
    world.pass(2 * HOUR);
    // The service starts again from an old copy of its directory.
    let copy = world::directory::KeyDirectory::new(&world.hub.domain);
    let old = std::mem::replace(&mut world.hub.directory, copy);
    for user in [world.user(alice), world.user(bob)] {
        world.hub.directory.enter(&old.sets[&user][0].encode());
    }
    world.events(alice);
    world.pass(2 * HOUR);
    let rolled_back = said(&world.events(alice), |event| {
        matches!(event, Event::KeysUnproven { reason: KeysRefusal::RolledBack { told: 1, .. }, .. })
    });
    assert!(rolled_back > 0);
}

#[test]
fn a_lone_service_is_used_with_a_warning() {
    let mut world = World::new();
    world.hub.directory.lone = true;
    world.hub.directory.unaudited = true;
    let (alice, bob) = (world.person("alice"), world.person("bob"));
    let room = world.create(alice, &[bob], Suite::Hybrid);
    assert_eq!(world.hub.members(&room).len(), 2);
    assert_eq!(said(&world.events(alice), |event| matches!(event, Event::DirectoryUnaudited { .. })), 1);
}

#[test]
fn a_directory_key_that_was_heard_of_is_never_replaced() {
    let mut world = World::new();
    let alice = world.person("alice");
    let before = world.devices[alice].client.directories().unwrap();
    world.hub.directory.key = SigningKey::from_bytes(&[99; 32]);
    world.crash(alice);
    world.run();
    assert_eq!(said(&world.events(alice), |event| matches!(event, Event::DirectoryKeyChanged { .. })), 1);
    let keys: Vec<_> = before.iter().map(|view| view.key).collect();
    let after: Vec<_> =
        world.devices[alice].client.directories().unwrap().iter().map(|view| view.key).collect();
    assert_eq!(after, keys);
}

#[test]
fn a_device_under_the_own_name_that_nobody_linked_raises_an_alarm() {
    let mut world = World::new();
    let alice = world.person("alice");
    world.events(alice);
    let account = stolen_account_key(&world, alice);
    let (device, _) = swap(&mut world, alice, &account, "ghost");
    let newest = world.hub.directory.sets[&world.user(alice)].last().unwrap().set.clone();
    let mut devices = newest.devices.clone();
    devices.push(trefoil_transparency::device_set::DeviceEntry::new(
        device.uri.device.clone(),
        device.signature_key,
        &device.authorisation,
    ));
    let set: DeviceSet = newest.followed_by(devices);
    world.hub.directory.enter(&SignedDeviceSet::by_account(set, &account).encode());
    world.pass(2 * HOUR);
    world.pass(60_000);
    let alarms = said(
        &world.events(alice),
        |event| matches!(event, Event::OwnDeviceUnknown { device: unknown } if *unknown == device.uri),
    );
    assert_eq!(alarms, 1);
}

/// As a device's own look at a directory would have left it.
fn saw(world: &World, at: usize, root: &SignedRoot) {
    let key = [root.root.directory.as_str().as_bytes(), &[0], &root.root.epoch.to_be_bytes()].concat();
    let mut overlay = trefoil_client::overlay::Overlay::new(std::sync::Arc::clone(&world.devices[at].store));
    overlay.put(trefoil_client::directory::ROOTS, key, [vec![1], root.encode()].concat());
    overlay.commit().unwrap();
}

#[test]
fn two_people_who_are_shown_different_directories_find_out_and_have_the_evidence() {
    let mut world = World::new();
    let (alice, bob) = (world.person("alice"), world.person("bob"));
    let room = world.create(alice, &[bob], Suite::Hybrid);
    world.say(alice, &room, "one");
    world.run();
    // A new epoch, of which bob is shown another face when he looks.
    world.person("carol");
    let epoch = world.hub.directory.roots.len() as u64;
    world.pass(2 * HOUR);
    let second = world.hub.directory.second_face(epoch);
    saw(&world, bob, &second);
    world.say(alice, &room, "two");
    world.run();
    for at in [alice, bob] {
        let file = world.events(at).into_iter().find_map(|event| match event {
            Event::DirectorySplit { evidence, .. } => Some(evidence),
            _ => None,
        });
        let split = Evidence::from_file(&file.expect("evidence")).unwrap().verify().unwrap();
        assert_eq!(split.at, epoch);
        assert_eq!(world.devices[at].client.evidence().unwrap().len(), 1);
    }
    // Nobody of that directory is believed any more, and the evidence is no line of the conversation.
    let dave = world.person("dave");
    world.events(alice);
    world.create(alice, &[dave], Suite::Hybrid);
    assert_eq!(not_added(&mut world, alice), [KeysRefusal::Split]);
    assert_eq!(world.texts(bob, &room), ["one", "two"]);
    // Before the person decides otherwise; the evidence stays, and the same does not count again.
    let domain = world.hub.domain.clone();
    world.act(alice, |client, now| client.believe_again(&domain, now));
    world.run();
    assert_eq!(world.devices[alice].client.evidence().unwrap().len(), 1);
    world.create(alice, &[dave], Suite::Hybrid);
    assert_eq!(not_added(&mut world, alice), []);
    world.say(alice, &room, "three");
    world.run();
    assert_eq!(world.texts(alice, &room), ["one", "two", "three"]);
    let now = world.now;
    let again = world.devices[alice].client.believe_again(&domain, now);
    assert!(matches!(again, Err(trefoil_client::ClientError::NotCaught(_))));
}

#[test]
fn a_root_under_another_key_than_the_one_that_is_kept_is_told() {
    let mut world = World::new();
    let (alice, bob) = (world.person("alice"), world.person("bob"));
    let room = world.create(alice, &[bob], Suite::Hybrid);
    world.say(alice, &room, "one");
    world.person("carol");
    // Bob's service told him of another key: what he sees is signed under that one.
    let newest = world.hub.directory.roots.last().unwrap().root.clone();
    let root = DirectoryRoot { epoch: newest.epoch + 1, ..newest };
    saw(&world, bob, &SignedRoot::sign(root, &SigningKey::from_bytes(&[66; 32])));
    world.events(alice);
    world.say(bob, &room, "two");
    world.run();
    let events = world.events(alice);
    let (directory, by) = (world.hub.domain.clone(), world.user(bob));
    assert!(events.contains(&Event::DirectoryKeyDisputed { directory, by }), "{events:?}");
    assert_eq!(said(&events, |event| matches!(event, Event::EpochWithheld { .. })), 0);
    assert_eq!(world.texts(alice, &room), ["one", "two"]);
}

/// Two people who never saw the same epoch: what the one saw came after what the other did. Whatever the service answers
/// to the question about it, its own words do not follow each other.
#[test]
fn a_service_that_agrees_with_whatever_somebody_heard_is_caught() {
    for all_of_it in [true, false] {
        let mut world = World::new();
        let (alice, bob) = (world.person("alice"), world.person("bob"));
        let room = world.create(alice, &[bob], Suite::Hybrid);
        world.say(bob, &room, "one");
        world.run();
        // Alice sees no more of it from here on. The other face begins with what she saw last, and goes on for two epochs.
        let seen = world.hub.directory.roots.len() as u64;
        world.devices[alice].deaf = true;
        for other in ["carol", "dave"] {
            world.person(other);
        }
        let mut face = vec![world.hub.directory.second_face(seen)];
        for epoch in [seen + 1, seen + 2] {
            let honest = &world.hub.directory.second_face(epoch).root;
            let previous = face.last().unwrap().root.hash();
            face.push(world.hub.directory.sign(DirectoryRoot { previous, ..honest.clone() }));
        }
        saw(&world, bob, face.last().unwrap());
        // The service shows alice the root that she heard of, and what leads there, or tries to.
        let shown = face.into_iter().skip(if all_of_it { 1 } else { 2 });
        world.hub.directory.shown_instead = shown.map(|root| (root.root.epoch, root)).collect();
        world.say(bob, &room, "two");
        world.devices[alice].deaf = false;
        world.run();
        let events = world.events(alice);
        let file = events.iter().find_map(|event| match event {
            Event::DirectorySplit { evidence, .. } => Some(evidence),
            _ => None,
        });
        let split = Evidence::from_file(file.expect("evidence")).unwrap().verify().unwrap();
        assert_eq!(split.at, if all_of_it { seen } else { seen + 1 });
    }
}

#[test]
fn an_epoch_that_is_kept_from_somebody_is_noticed() {
    let mut world = World::new();
    let (alice, bob) = (world.person("alice"), world.person("bob"));
    let room = world.create(alice, &[bob], Suite::Hybrid);
    world.say(alice, &room, "one");
    world.run();
    // Alice has seen an epoch that bob's service denies.
    world.person("carol");
    world.act(alice, |client, now| client.set_auditors_needed(1, now));
    world.devices[bob].deaf = true;
    world.pass(2 * HOUR);
    world.say(alice, &room, "two");
    world.run();
    let newest = world.hub.directory.roots.len() as u64;
    let hidden = world.hub.directory.roots.split_off(newest as usize - 1);
    let prefix = [b"a.test".as_slice(), &[0]].concat();
    let mut overlay = trefoil_client::overlay::Overlay::new(std::sync::Arc::clone(&world.devices[bob].store));
    overlay.delete(trefoil_client::directory::ROOTS, [prefix.as_slice(), &newest.to_be_bytes()].concat());
    overlay.commit().unwrap();
    world.devices[bob].deaf = false;
    world.run();
    let withheld = said(
        &world.events(bob),
        |event| matches!(event, Event::EpochWithheld { epoch, .. } if *epoch == newest),
    );
    assert_eq!(withheld, 1);
    drop(hidden);
}

#[test]
fn an_epoch_that_was_heard_of_and_then_seen_is_not_taken_for_one_that_is_kept_back() {
    let mut world = World::new();
    let (alice, bob) = (world.person("alice"), world.person("bob"));
    let room = world.create(alice, &[bob], Suite::Hybrid);
    world.say(alice, &room, "one");
    world.run();
    world.events(bob);
    // Bob heard of the newest epoch, and saw it himself before he came to ask about it. There is none after it to ask for.
    let newest = world.hub.directory.roots.len() as u64;
    let key = [b"a.test".as_slice(), &[0], &newest.to_be_bytes()].concat();
    let mut overlay = trefoil_client::overlay::Overlay::new(std::sync::Arc::clone(&world.devices[bob].store));
    let seen = overlay.get(trefoil_client::directory::ROOTS, &key).unwrap().expect("it was seen");
    overlay.put(trefoil_client::directory::HEARD, key.clone(), seen);
    overlay.commit().unwrap();
    world.say(alice, &room, "two");
    world.run();
    let withheld = said(&world.events(bob), |event| matches!(event, Event::EpochWithheld { .. }));
    assert_eq!(withheld, 0);
    let overlay = trefoil_client::overlay::Overlay::new(std::sync::Arc::clone(&world.devices[bob].store));
    assert!(overlay.get(trefoil_client::directory::HEARD, &key).unwrap().is_none(), "nothing is left to ask");
}

#[test]
fn a_typing_notice_does_not_go_to_a_room_that_is_not_proven() {
    let mut world = World::new();
    let (alice, bob) = (world.person("alice"), world.person("bob"));
    let room = world.create(alice, &[bob], Suite::Hybrid);
    let account = stolen_account_key(&world, bob);
    let (_, keys) = swap(&mut world, bob, &account, "ghost");
    let request = world::evil::commit(&world, bob, &room, &keys.one_use[0], None);
    world.hub.lenient = true;
    world.hub.update(&room, &request);
    world.run();
    let frames = world.devices[alice].submitted.len();
    let now = world.now;
    let (_, step) = world.devices[alice].client.send(&room, compose::typing(true), now).unwrap();
    let outcome = step.commit().unwrap();
    world.take(alice, outcome);
    world.run();
    assert_eq!(world.devices[alice].submitted.len(), frames);
}
