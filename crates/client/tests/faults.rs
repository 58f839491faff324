//! What must be refused, and what must survive.
#![allow(clippy::unwrap_used)]

mod world;

use std::{collections::BTreeSet, sync::Arc};
use trefoil_client::{Client, Effect, Event, Input, Refusal, Suite, conversation::compose};
use trefoil_proto::{
    Timestamp, Wire as _,
    credential::DeviceAuthorisation,
    frame::{ClientFrame, MailboxEvent},
    mimi::fanout::RoomEvent,
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
        let room = world.create(alice, &[bob], Suite::Classical);
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
fn a_ghost_that_a_member_adds_without_leave_is_refused() {
    let mut world = World::new();
    let (alice, bob, carol) = (world.person("alice"), world.person("bob"), world.person("carol"));
    let mallory = world.person("mallory");
    let room = world.create(alice, &[bob, carol], Suite::Classical);
    let user = world.user(mallory);
    // An honest client of bob's refuses to try.
    let now = world.now;
    assert!(world.devices[bob].client.add_people(&room, &[user.clone()], now).is_err());
    // A lying hub and a lying member: the member was made an admin on this device alone, and the hub lets it through.
    world.hub.lenient = true;
    let before = world.epoch(alice, &room);
    world.devices[alice].deaf = true;
    world.devices[carol].deaf = true;
    let bob_user = world.user(bob);
    world.act(alice, |client, now| client.make_admin(&room, &bob_user, now));
    world.run();
    // Only bob hears of it; then the others are given a commit that a plain member made, as far as they know.
    let admin_commit: BTreeSet<_> = [world.uri(alice), world.uri(carol)].into();
    world.act(bob, |client, now| client.add_people(&room, &[user], now));
    world.run();
    for device in &admin_commit {
        let mailbox = world.hub.mailboxes.get_mut(device).unwrap();
        let count = mailbox.len();
        mailbox.remove(count - 2);
    }
    world.devices[carol].deaf = false;
    world.run();
    assert_eq!(world.epoch(carol, &room), before, "carol did not follow");
}

#[test]
fn a_device_without_its_accounts_word_is_refused() {
    let mut world = World::new();
    let (alice, bob) = (world.person("alice"), world.person("bob"));
    // A service that swaps the account: same person, another account key.
    let room = world.create(alice, &[bob], Suite::Classical);
    let impostor = world.person("impostor");
    let stolen = world.user(bob);
    let packages = world.hub.keys[&world.uri(impostor)].clone();
    let devices = world.hub.accounts[&world.user(impostor)].clone();
    let bob_device = world.uri(bob);
    world.act(alice, |client, now| client.remove_people(&room, &[stolen.clone()], now));
    world.run();
    world.hub.keys.insert(bob_device, packages);
    assert!(devices[0].authorisation.verify(&world.uri(bob), &devices[0].signature_key).is_err());
    world.events(alice);
    world.act(alice, |client, now| client.add_people(&room, &[stolen], now));
    world.run();
    let refused = |event: &Event| {
        matches!(
            event,
            Event::ChangeRefused { reason: trefoil_client::ChangeRefusal::Untrusted(Refusal::UntrustedDevice { .. }), .. }
        )
    };
    assert!(world.events(alice).iter().any(refused));
    assert_eq!(world.hub.members(&room).len(), 1);
    let _: fn(&[u8]) -> _ = DeviceAuthorisation::decode;
}

#[test]
fn an_account_key_that_changed_is_refused() {
    let mut world = World::new();
    let (alice, bob) = (world.person("alice"), world.person("bob"));
    let room = world.create(alice, &[bob], Suite::Classical);
    let stolen = world.user(bob);
    world.act(alice, |client, now| client.remove_people(&room, &[stolen.clone()], now));
    world.run();
    // Somebody makes bob's account anew: everything verifies, but the account key is another.
    let store = Arc::new(trefoil_store::MemoryStore::new());
    let again = world.device_on("bob again", store);
    let (domain, now) = (world.hub.domain.clone(), world.now);
    let identifier = trefoil_proto::edge::Identifier::AccountName(b"bob".to_vec());
    let outcome = world.devices[again].client.register(domain, identifier, now).unwrap().commit().unwrap();
    world.take(again, outcome);
    world.run();
    // The service swaps in a device that claims to be bob's, under the new account key.
    let forged = forged_packages(&world, bob);
    let bob_device = world.uri(bob);
    world.hub.keys.insert(bob_device, forged);
    world.events(alice);
    world.act(alice, |client, now| client.add_people(&room, &[stolen.clone()], now));
    world.run();
    let refused = |event: &Event| {
        matches!(
            event,
            Event::ChangeRefused { reason: trefoil_client::ChangeRefusal::Untrusted(Refusal::AccountKeyChanged { user }), .. }
                if *user == stolen
        )
    };
    let events = world.events(alice);
    assert!(events.iter().any(refused), "{events:?}");
    assert_eq!(world.hub.members(&room).len(), 1);
}

/// Key packages for somebody's device URI under a fresh account key.
fn forged_packages(world: &World, victim: usize) -> trefoil_proto::edge::PublishKeyPackages {
    use openmls::{component::*, prelude::*};
    use tls_codec::Serialize as _;
    let provider = openmls_rust_crypto::OpenMlsRustCrypto::default();
    let signer = openmls_basic_credential::SignatureKeyPair::new(SignatureScheme::ED25519).unwrap();
    let uri = world.uri(victim);
    let account = ed25519_dalek::SigningKey::from_bytes(&[66; 32]);
    let authorisation = DeviceAuthorisation::sign(&account, &uri, signer.public());
    let mut dictionary = AppDataDictionary::new();
    let components = ComponentsList::new(vec![0x20]).tls_serialize_detached().unwrap();
    dictionary.insert(ComponentType::SafeAad.into(), components);
    dictionary.insert(trefoil_proto::credential::DEVICE_AUTHORISATION, authorisation.encode());
    let extensions =
        Extensions::single(Extension::AppDataDictionary(AppDataDictionaryExtension::new(dictionary))).unwrap();
    let capabilities = Capabilities::new(
        Some(&[ProtocolVersion::Mls10]),
        Some(&[Ciphersuite::MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519]),
        Some(&[ExtensionType::AppDataDictionary]),
        Some(&[ProposalType::AppDataUpdate, ProposalType::SelfRemove]),
        Some(&[CredentialType::Basic]),
    );
    let bundle = KeyPackage::builder()
        .leaf_node_capabilities(capabilities)
        .leaf_node_extensions(extensions)
        .build(
            Ciphersuite::MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519,
            &provider,
            &signer,
            CredentialWithKey {
                credential: BasicCredential::new(uri.to_string().into_bytes()).into(),
                signature_key: signer.public().into(),
            },
        )
        .unwrap();
    let package = bundle.key_package().tls_serialize_detached().unwrap();
    trefoil_proto::edge::PublishKeyPackages {
        one_use: vec![trefoil_proto::mls::KeyPackage::parse(&package).unwrap()],
        last_resort: Vec::new(),
    }
}

#[test]
fn a_step_that_is_dropped_leaves_no_trace_and_no_key_is_used_twice() {
    let mut world = World::new();
    let (alice, bob) = (world.person("alice"), world.person("bob"));
    let room = world.create(alice, &[bob], Suite::Classical);
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
    let room = world.create(alice, &[bob], Suite::Classical);
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
    let room = world.create(alice, &[bob], Suite::Classical);
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
    let room = world.create(alice, &[bob], Suite::Classical);
    world.events(bob);
    world.act(alice, |client, now| client.send(&room, compose::typing(true), now).map(|(_, step)| step));
    world.run();
    let typing = |event: &Event| {
        matches!(event, Event::Conversation(trefoil_client::conversation::ConversationEvent::Typing { started: true, .. }))
    };
    let events = world.events(bob);
    assert!(events.iter().any(typing), "{events:?}");
    assert_eq!(world.devices[alice].client.outbox_len(&room).unwrap(), 0);
    assert_eq!(world.texts(bob, &room), [""; 0]);
}
