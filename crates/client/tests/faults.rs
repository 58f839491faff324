//! What must be refused, and what must survive.
#![allow(clippy::unwrap_used)]

mod world;

use std::sync::Arc;
use trefoil_client::{Client, Effect, Event, Input, Refusal, Suite, conversation::compose};
use trefoil_proto::{
    Timestamp, Wire as _,
    frame::{ClientFrame, MailboxEvent},
    mimi::fanout::RoomEvent,
    room::{ParticipantListUpdate, Role, UserRolePair},
};
use world::World;

fn last_event(world: &World, at: usize) -> (trefoil_proto::RoomUri, trefoil_proto::mimi::FanoutMessage) {
    let body = &world.hub.mailboxes[&world.uri(at)].last().unwrap().body;
    let MailboxEvent::Room { room, message } = MailboxEvent::decode(body).unwrap() else { panic!() };
    (room, message)
}

fn refusals(events: &[Event]) -> Vec<Refusal> {
    events
        .iter()
        .filter_map(|event| match event {
            Event::Refused { reason, .. } => Some(reason.clone()),
            _ => None,
        })
        .collect()
}

#[test]
fn a_stamp_that_was_tampered_with_is_refused() {
    type Tamper = fn(&mut trefoil_proto::mimi::FanoutMessage);
    let tampers: [Tamper; 4] = [
        |message| message.timestamp = Timestamp(message.timestamp.0 + 1),
        |message| {
            if let RoomEvent::Application { frank: Some(frank), .. } = &mut message.event {
                frank.server_frank[0] ^= 1;
            }
        },
        |message| {
            if let RoomEvent::Application { frank: Some(frank), .. } = &mut message.event {
                frank.key_id += 1;
            }
        },
        |message| {
            if let RoomEvent::Application { frank, .. } = &mut message.event {
                *frank = None;
            }
        },
    ];
    for tamper in tampers {
        let mut world = World::new();
        let (alice, bob) = (world.person("alice"), world.person("bob"));
        let room = world.create(alice, &[bob], Suite::Hybrid);
        world.devices[bob].deaf = true;
        world.say(alice, &room, "true words");
        world.run();
        let (uri, mut message) = last_event(&world, bob);
        tamper(&mut message);
        let device = world.uri(bob);
        world.hub.mailboxes.get_mut(&device).unwrap().last_mut().unwrap().body =
            MailboxEvent::Room { room: uri, message }.encode();
        world.devices[bob].deaf = false;
        world.events(bob);
        world.run();
        assert_eq!(refusals(&world.events(bob)), [Refusal::Frank]);
        assert_eq!(world.texts(bob, &room), [""; 0]);
    }
}

#[test]
fn a_lapsed_mailbox_is_said_once_and_acknowledged() {
    let mut world = World::new();
    let (alice, bob) = (world.person("alice"), world.person("bob"));
    let room = world.create(alice, &[bob], Suite::Hybrid);
    world.events(bob);
    world.devices[bob].deaf = true;
    world.say(alice, &room, "lost");
    world.run();
    let device = world.uri(bob);
    world.hub.mailboxes.get_mut(&device).unwrap().last_mut().unwrap().body =
        MailboxEvent::Lapsed { room: None }.encode();
    world.devices[bob].deaf = false;
    world.run();
    let lapses = world.events(bob).into_iter().filter(|event| matches!(event, Event::MailboxLapsed)).count();
    assert_eq!(lapses, 1);
    assert_eq!(refusals(&world.events(bob)), [] as [Refusal; 0]);
}

/// A plain member's altered client, and a hub that lets everything through, against everyone else.
#[test]
fn a_ghost_that_a_member_adds_without_leave_is_refused() {
    let mut world = World::new();
    let (alice, bob, carol) = (world.person("alice"), world.person("bob"), world.person("carol"));
    let ghost = world.strangers(1).remove(0);
    let room = world.create(alice, &[bob, carol], Suite::Hybrid);
    // An honest client does not even try.
    let now = world.now;
    assert!(world.devices[bob].client.add_people(&room, std::slice::from_ref(&ghost), now).is_err());
    world.hub.lenient = true;
    let package = world.hub.keys.values().find(|keys| keys.one_use.len() == 1).unwrap().one_use[0].clone();
    let list = ParticipantListUpdate {
        added: vec![UserRolePair { user: ghost, role: Role::MEMBER }],
        ..Default::default()
    };
    let before = world.epoch(carol, &room);
    let request = world::evil::commit(&world, bob, &room, &package, Some(&list));
    world.hub.update(&room, &request);
    world.events(alice);
    world.events(carol);
    world.run();
    for at in [alice, carol] {
        let by = world.uri(bob);
        assert_eq!(refusals(&world.events(at)), [Refusal::NotAllowed { by }]);
        assert_eq!(world.epoch(at, &room), before);
        assert_eq!(world.devices[at].client.room(&room).unwrap().unwrap().participants.len(), 3);
    }
}

/// The same without touching the list: a device whose owner does not take part.
#[test]
fn a_device_of_nobody_in_the_list_is_refused() {
    let mut world = World::new();
    let (alice, bob) = (world.person("alice"), world.person("bob"));
    world.strangers(1);
    let room = world.create(alice, &[bob], Suite::Hybrid);
    world.hub.lenient = true;
    let package = world.hub.keys.values().find(|keys| keys.one_use.len() == 1).unwrap().one_use[0].clone();
    let request = world::evil::commit(&world, alice, &room, &package, None);
    world.hub.update(&room, &request);
    world.events(bob);
    world.run();
    let by = world.uri(alice);
    assert_eq!(refusals(&world.events(bob)), [Refusal::NotAllowed { by }]);
}

/// An admin's altered client adds a device that claims to be of somebody whom the others know under another key.
#[test]
fn a_received_commit_with_another_account_key_is_refused() {
    let mut world = World::new();
    let (alice, bob, carol) = (world.person("alice"), world.person("bob"), world.person("carol"));
    let room = world.create(alice, &[bob, carol], Suite::Hybrid);
    let victim = world.user(bob);
    let account = ed25519_dalek::SigningKey::from_bytes(&[66; 32]);
    let device = format!("mimi://{}/d/{}/forged", victim.domain, victim.id).parse().unwrap();
    let (_, keys) = world::forge::device(&device, &account);
    world.hub.lenient = true;
    let request = world::evil::commit(&world, alice, &room, &keys.one_use[0], None);
    world.hub.update(&room, &request);
    world.events(carol);
    world.run();
    assert_eq!(refusals(&world.events(carol)), [Refusal::AccountKeyChanged { user: victim }]);
    assert_eq!(world.devices[carol].client.room(&room).unwrap().unwrap().participants.len(), 3);
}

#[test]
fn a_device_without_its_accounts_word_is_refused() {
    let mut world = World::new();
    let (alice, bob) = (world.person("alice"), world.person("bob"));
    // A service that swaps the account: same person, another account key.
    let room = world.create(alice, &[bob], Suite::Hybrid);
    let impostor = world.person("impostor");
    let stolen = world.user(bob);
    let packages = world.hub.keys[&world.uri(impostor)].clone();
    let devices = world.hub.accounts[&world.user(impostor)].clone();
    let bob_device = world.uri(bob);
    world.act(alice, |client, now| client.remove_people(&room, std::slice::from_ref(&stolen), now));
    world.run();
    world.hub.keys.insert(bob_device, packages);
    assert!(devices[0].authorisation.verify(&world.uri(bob), &devices[0].signature_key).is_err());
    world.events(alice);
    world.act(alice, |client, now| client.add_people(&room, &[stolen], now));
    world.run();
    let refused = |event: &Event| {
        matches!(
            event,
            Event::ChangeRefused {
                reason: trefoil_client::ChangeRefusal::Untrusted(Refusal::UntrustedDevice { .. }),
                ..
            }
        )
    };
    assert!(world.events(alice).iter().any(refused));
    assert_eq!(world.hub.members(&room).len(), 1);
}

#[test]
fn a_step_that_is_dropped_leaves_no_trace_and_no_key_is_used_twice() {
    let mut world = World::new();
    let (alice, bob) = (world.person("alice"), world.person("bob"));
    let room = world.create(alice, &[bob], Suite::Hybrid);
    let now = world.now;
    // The step is dropped as a whole: its ciphertext cannot be had.
    let draft = compose::text("never said", &[]).unwrap();
    drop(world.devices[alice].client.send(&room, draft, now).unwrap());
    assert_eq!(world.devices[alice].client.outbox_len(&room).unwrap(), 0);
    world.say(alice, &room, "said");
    world.run();
    assert_eq!(world.texts(bob, &room), ["said"]);
    assert_eq!(world.texts(alice, &room), ["said"]);

    // A received message that is not committed is received again.
    world.devices[bob].deaf = true;
    world.say(alice, &room, "twice delivered");
    world.run();
    let entries = world.hub.mailboxes[&world.uri(bob)].clone();
    let input = Input::Frame(trefoil_proto::frame::ServerFrame::Deliver { entries });
    drop(world.devices[bob].client.handle(input, now).unwrap());
    world.crash(bob);
    world.devices[bob].deaf = false;
    world.run();
    assert_eq!(world.texts(bob, &room), ["said", "twice delivered"]);
}

#[test]
fn what_was_committed_and_not_sent_is_sent_after_a_crash() {
    let mut world = World::new();
    let (alice, bob) = (world.person("alice"), world.person("bob"));
    let room = world.create(alice, &[bob], Suite::Hybrid);
    let now = world.now;
    let draft = compose::text("survives", &[]).unwrap();
    let (_, step) = world.devices[alice].client.send(&room, draft, now).unwrap();
    let outcome = step.commit().unwrap();
    let sealed = |effects: &[Effect]| {
        effects.iter().find_map(|effect| match effect {
            Effect::Frame(ClientFrame::Submit { request, .. }) => Some(request.app_message.clone()),
            _ => None,
        })
    };
    let first = sealed(&outcome.effects).unwrap();
    // Nothing of it leaves: the process dies here.
    world.crash(alice);
    world.run();
    let again = world.devices[alice].submitted.iter().rev().find_map(|frame| match frame {
        ClientFrame::Submit { request, .. } => Some(request.app_message.clone()),
        _ => None,
    });
    assert_eq!(again, Some(first), "the same ciphertext, not the same key with another text");
    assert_eq!(world.texts(bob, &room), ["survives"]);

    // The same for a commit.
    let now = world.now;
    let outcome = world.devices[alice].client.rename_room(&room, "Coffee", now).unwrap().commit().unwrap();
    assert!(outcome.effects.iter().any(|effect| matches!(effect, Effect::Request(..))));
    world.crash(alice);
    world.run();
    assert_eq!(world.devices[bob].client.room(&room).unwrap().unwrap().name, "Coffee");
    assert_eq!(world.epoch(alice, &room), world.epoch(bob, &room));
}

#[test]
fn crashes_everywhere_lose_nothing() {
    let mut world = World::new();
    let (alice, bob) = (world.person("alice"), world.person("bob"));
    let room = world.create(alice, &[bob], Suite::Hybrid);
    let mut said = Vec::new();
    for number in 0..12 {
        let text = format!("message {number}");
        world.say(if number % 2 == 0 { alice } else { bob }, &room, &text);
        said.push(text);
        if number % 3 == 0 {
            world.crash(alice);
        }
        if number % 4 == 1 {
            world.crash(bob);
        }
        if number == 5 {
            world.act(alice, |client, now| client.rename_room(&room, "Coffee", now));
        }
        world.run();
        world.pass(120_000);
    }
    assert_eq!(world.texts(alice, &room), said);
    assert_eq!(world.texts(bob, &room), said);
}

#[test]
fn a_store_that_has_an_account_opens_with_it() {
    let mut world = World::new();
    let alice = world.person("alice");
    let before = world.devices[alice].client.identity();
    assert!(before.is_some());
    let again = Client::open(Arc::clone(&world.devices[alice].store)).unwrap();
    assert_eq!(again.identity(), before);
    let debug = format!("{:?}", world.devices[alice].client.bearer().is_some());
    assert_eq!(debug, "true");
}

#[test]
fn typing_reaches_those_who_are_there_and_is_kept_nowhere() {
    let mut world = World::new();
    let (alice, bob) = (world.person("alice"), world.person("bob"));
    let room = world.create(alice, &[bob], Suite::Hybrid);
    world.events(bob);
    world.act(alice, |client, now| client.send(&room, compose::typing(true), now).map(|(_, step)| step));
    world.run();
    let typing = |event: &Event| {
        matches!(
            event,
            Event::Conversation(trefoil_client::conversation::ConversationEvent::Typing {
                started: true,
                ..
            })
        )
    };
    let events = world.events(bob);
    assert!(events.iter().any(typing), "{events:?}");
    assert_eq!(world.devices[alice].client.outbox_len(&room).unwrap(), 0);
    assert_eq!(world.texts(bob, &room), [""; 0]);
}
