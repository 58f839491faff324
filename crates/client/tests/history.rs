//! A linked device: the number that both show, and the history that comes once it was compared.
#![allow(clippy::unwrap_used)]

mod world;

use std::{collections::BTreeMap, sync::Arc};
use trefoil_client::{
    ClientError, Event, Side, Suite,
    boundaries::{self, Reception, Stance},
    conversation::{self, Cursor, Item, Position, ReadReceipts, compose},
    overlay::Overlay,
    verification::{Proof, Standing},
};
use trefoil_proto::{
    RoomUri,
    backup::{SealedPart, SegmentName},
};
use world::World;

/// What the service keeps between the two devices.
#[derive(Default)]
struct Between {
    segments: BTreeMap<SegmentName, Vec<u8>>,
    list: Vec<u8>,
    counter: u64,
}

impl Between {
    /// The new device shows its number, and the first one looks.
    fn show(&mut self, world: &mut World, first: usize, new: usize) -> Result<(), ClientError> {
        let device = world.uri(new);
        let put = world.devices[new].client.link_show(&device).unwrap();
        let now = world.now;
        world.devices[first].client.link_seen(&device, &put.sealed, now)?.commit().map(drop)
    }

    fn send(&mut self, world: &mut World, first: usize, new: usize) -> Result<usize, ClientError> {
        let device = world.uri(new);
        let (mut from, mut entries) = (Vec::new(), Vec::new());
        loop {
            let client = &world.devices[first].client;
            let piece = client.history_piece(&device, &from, entries.len() as u64)?;
            self.segments.insert(piece.put.name, piece.put.sealed);
            entries.push(piece.entry);
            match piece.next {
                Some(next) => from = next,
                None => break,
            }
        }
        let count = entries.len();
        let list = world.devices[first].client.history_list(&device, entries, self.counter, world.now)?;
        (self.list, self.counter) = (list.sealed, self.counter + 1);
        Ok(count)
    }

    fn take(&self, world: &mut World, new: usize) {
        let device = world.uri(new);
        let part = SealedPart { counter: self.counter, sealed: self.list.clone() };
        let list = world.devices[new].client.history_listed(&device, &part).unwrap();
        for entry in &list.segments {
            let sealed = &self.segments[&entry.name];
            world.act(new, |client, now| client.take_history(&device, entry, sealed, now));
        }
        world.act(new, |client, now| client.history_done(&device, now).map(|(_, step)| step));
    }
}

fn number(world: &World, at: usize) -> Option<String> {
    world.devices[at].client.links().unwrap().pop().unwrap().number
}

fn lines(world: &World, at: usize, room: &RoomUri) -> Vec<Item> {
    let tx = Overlay::new(Arc::clone(&world.devices[at].store));
    conversation::timeline(&tx, room, Cursor::Newest, 1000).unwrap()
}

#[test]
fn both_show_the_same_number_and_history_follows() {
    let mut world = World::new();
    let (alice, bob) = (world.person("alice"), world.person("bob"));
    let room = world.create(alice, &[bob], Suite::Hybrid);
    let person = world.user(bob);
    let digits = world.devices[alice].client.safety(&person).unwrap().number;
    world.act(alice, |client, now| {
        client.verify(&person, &Proof::Compared(digits), now).map(|(_, step)| step)
    });
    let mallory = "mimi://a.test/u/mallory".parse().unwrap();
    world.act(alice, |client, now| client.set_stance(&mallory, Stance::Blocked, now));
    world.act(alice, |client, now| client.set_hidden_words(&["spiders".to_owned()], now));
    world.act(alice, |client, now| {
        client.set_reception(Reception { silence_unknown: true, strict: false }, now)
    });
    let first_said = world.say(bob, &room, "long ago");
    world.run();
    world.act(alice, |client, now| client.mark_read(&room, Position::END, ReadReceipts::Send, now));
    for number in 0..30 {
        world.say(alice, &room, &format!("{number} {}", "x".repeat(60_000)));
        world.run();
    }
    world.say(bob, &room, "not read");
    world.run();
    // A name for the new device goes along in the code.
    let new = world.device("alice's second");
    let (domain, now) = (world.hub.domain.clone(), world.now);
    let (code, step) = world.devices[new].client.link_request_named(domain, " Kitchen ", now).unwrap();
    step.commit().unwrap();
    let own = world.uri(alice);
    world.act(alice, |client, now| client.name_device(&own, "Phone", now));
    world.act(alice, |client, now| client.link_approve(&code, now));
    world.run();
    let answer = world.events(alice).into_iter().find_map(|event| match event {
        Event::LinkApproved { answer, .. } => Some(answer),
        _ => None,
    });
    assert_eq!(number(&world, alice), None, "nothing to compare before the new device has shown its part");
    world.act(new, |client, now| client.link_finish(&answer.unwrap(), now));
    world.run();
    let device = world.uri(new);
    // Before it was compared nothing is sent.
    let mut between = Between::default();
    assert!(matches!(between.send(&mut world, alice, new), Err(ClientError::NotCompared(_))));
    let early = world.now;
    let refused = world.devices[alice].client.link_compared(&device, early);
    assert!(matches!(refused.err(), Some(ClientError::NotCompared(_))));
    between.show(&mut world, alice, new).unwrap();
    let shown = number(&world, new).unwrap();
    assert_eq!(number(&world, alice).as_ref(), Some(&shown));
    assert_eq!((shown.len(), &shown[4..5]), (9, " "));
    world.act(alice, |client, now| client.link_compared(&device, now));
    // Meanwhile the new device is in the room already: what refers to the past waits for it.
    world.say(bob, &room, "to both");
    world.run();
    let draft = compose::reaction(first_said, "🌿").unwrap();
    let now = world.now;
    let (_, step) = world.devices[bob].client.send(&room, draft, now).unwrap();
    let outcome = step.commit().unwrap();
    world.take(bob, outcome);
    world.run();
    assert_eq!(world.texts(new, &room), ["to both"]);
    assert!(between.send(&mut world, alice, new).unwrap() >= 2, "more than one piece");
    between.take(&mut world, new);

    assert_eq!(world.texts(new, &room), world.texts(alice, &room));
    let (theirs, hers) = (lines(&world, new, &room), lines(&world, alice, &room));
    let message = |items: &[Item]| {
        items.iter().find_map(|item| match item {
            Item::Message(message) if message.id == first_said => Some(message.clone()),
            _ => None,
        })
    };
    let (seen, kept) = (message(&theirs).unwrap(), message(&hers).unwrap());
    assert_eq!((&seen.reactions, seen.unread), (&kept.reactions, false));
    assert_eq!(seen.reactions.len(), 1, "what waited for it was applied");
    let tx = Overlay::new(Arc::clone(&world.devices[new].store));
    assert_eq!(conversation::unread(&tx, &room).unwrap().len(), 2, "as on the first, and what came since");
    assert_eq!(boundaries::stance(&tx, &mallory).unwrap(), Stance::Blocked);
    assert_eq!(boundaries::hidden_words(&tx).unwrap(), ["spiders"]);
    assert!(boundaries::reception(&tx).unwrap().silence_unknown);
    let client = &world.devices[new].client;
    assert_eq!(client.standing(&person), Standing::Verified);
    assert_eq!(client.device_name(&device).unwrap().as_deref(), Some("Kitchen"));
    assert_eq!(client.device_name(&own).unwrap().as_deref(), Some("Phone"));
    assert_eq!(world.devices[alice].client.device_name(&device).unwrap().as_deref(), Some("Kitchen"));
    assert!(!client.identity().unwrap().primary, "the account key stays where it was");
    let view = client.links().unwrap().pop().unwrap();
    assert_eq!((view.side, view.done), (Side::New, true));
    // Taking it in twice changes nothing.
    let before = lines(&world, new, &room);
    between.take(&mut world, new);
    assert_eq!(lines(&world, new, &room), before);
}

/// Whoever carries the codes links a device of their own in the place of the person's, and answers the person's device
/// in the place of the first: the two numbers differ.
#[test]
fn whoever_exchanges_the_codes_is_seen() {
    let mut world = World::new();
    let (alice, mallory) = (world.person("alice"), world.person("mallory"));
    let (domain, now) = (world.hub.domain.clone(), world.now);
    let hers = world.device("alice's second");
    let theirs = world.device("mallory's");
    let (her_code, step) = world.devices[hers].client.link_request(domain.clone(), now).unwrap();
    step.commit().unwrap();
    let (their_code, step) = world.devices[theirs].client.link_request(domain, now).unwrap();
    step.commit().unwrap();
    let mut answers = Vec::new();
    for (first, code) in [(alice, &their_code), (mallory, &her_code)] {
        world.act(first, |client, now| client.link_approve(code, now));
        world.run();
        answers.extend(world.events(first).into_iter().find_map(|event| match event {
            Event::LinkApproved { answer, .. } => Some(answer),
            _ => None,
        }));
    }
    world.act(theirs, |client, now| client.link_finish(&answers[0], now));
    world.act(hers, |client, now| client.link_finish(&answers[1], now));
    world.run();
    let mut between = Between::default();
    between.show(&mut world, alice, theirs).unwrap();
    let (on_first, on_new) = (number(&world, alice).unwrap(), number(&world, hers).unwrap());
    assert_ne!(on_first, on_new);
    // Another number than the one that was promised is none, whoever shows it.
    let device = world.uri(theirs);
    let third = world.device("another");
    let (code, step) = world.devices[third].client.link_request(world.hub.domain.clone(), world.now).unwrap();
    step.commit().unwrap();
    world.act(alice, |client, now| client.link_approve(&code, now));
    world.run();
    let put = world.devices[theirs].client.link_show(&device).unwrap();
    let unfinished = world.devices[alice].client.links().unwrap();
    let unfinished = unfinished.into_iter().find(|link| link.number.is_none()).unwrap().device;
    let now = world.now;
    let refused = world.devices[alice].client.link_seen(&unfinished, &put.sealed, now);
    assert!(matches!(refused.err(), Some(ClientError::LinkAltered(_))));
}
