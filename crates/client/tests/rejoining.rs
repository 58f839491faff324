//! A device that fell out of step with a room comes back by itself, and only then.
#![allow(clippy::unwrap_used)]

mod world;

use trefoil_client::{
    ChangeRefusal, Event, JoinedHow, Refusal, RoomState, Suite,
    conversation::{self, Cursor, Item, Line},
    overlay::Overlay,
};
use trefoil_proto::{RoomUri, Wire as _, frame::MailboxEvent, mimi::fanout::RoomEvent, mls::MlsMessage};
use world::World;

struct Pair {
    world: World,
    alice: usize,
    bob: usize,
    room: RoomUri,
}

fn pair() -> Pair {
    let mut world = World::new();
    let (alice, bob) = (world.person("alice"), world.person("bob"));
    let room = world.create(alice, &[bob], Suite::Hybrid);
    world.events(bob);
    Pair { world, alice, bob, room }
}

impl Pair {
    fn rename(&mut self, name: &str) {
        let room = self.room.clone();
        self.world.act(self.alice, |client, now| client.rename_room(&room, name, now));
        self.world.run();
    }

    /// What waits for bob is lost; instead of it comes `instead`.
    fn lose_what_waits(&mut self, instead: Option<Vec<u8>>) {
        let device = self.world.uri(self.bob);
        let waiting = self.world.waiting(self.bob, usize::MAX).len();
        let mailbox = self.world.hub.mailboxes.get_mut(&device).unwrap();
        mailbox.truncate(mailbox.len() - waiting);
        if let Some(body) = instead {
            self.world.hub.post(&device, body);
        }
    }

    fn rejoined(&mut self) -> usize {
        let again = |event: &Event| matches!(event, Event::RoomJoined { how: JoinedHow::Again, .. });
        self.world.events(self.bob).into_iter().filter(again).count()
    }

    fn gaps(&self) -> usize {
        let overlay = Overlay::new(self.world.devices[self.bob].store.clone());
        let lines = conversation::timeline(&overlay, &self.room, Cursor::Newest, 1000).unwrap();
        let is_gap = |item: &Item| matches!(item, Item::Note(note) if note.line == Line::Gap);
        lines.iter().filter(|item| is_gap(item)).count()
    }

    fn talk(&mut self, text: &str) {
        let (alice, bob, room) = (self.alice, self.bob, self.room.clone());
        self.world.say(alice, &room, text);
        self.world.run();
        let answer = format!("{text}, says bob");
        self.world.say(bob, &room, &answer);
        self.world.run();
        assert_eq!(self.world.texts(bob, &room).last(), Some(&answer));
        assert_eq!(self.world.texts(alice, &room).last(), Some(&answer));
        assert!(self.world.texts(bob, &room).contains(&text.to_owned()));
        assert!(self.world.devices[bob].client.is_idle());
    }
}

/// A commit as its maker could have made it: only members know the key of the tag that ends it.
fn with_another_membership_tag(body: &[u8]) -> Vec<u8> {
    let Ok(MailboxEvent::Room { room, mut message }) = MailboxEvent::decode(body) else { panic!() };
    let RoomEvent::Commit { message: commit, .. } = &mut message.event else { panic!() };
    let mut bytes = commit.as_bytes().to_vec();
    *bytes.last_mut().unwrap() ^= 1;
    *commit = MlsMessage::parse(&bytes).unwrap();
    MailboxEvent::Room { room, message }.encode()
}

#[test]
fn after_a_lapse_a_device_joins_anew_and_says_what_is_missing() {
    let mut pair = pair();
    let (alice, bob, room) = (pair.alice, pair.bob, pair.room.clone());
    pair.talk("before");
    pair.world.devices[bob].deaf = true;
    pair.rename("Coffee");
    pair.world.say(alice, &room, "missed");
    pair.world.run();
    pair.lose_what_waits(Some(MailboxEvent::Lapsed { room: None }.encode()));
    pair.world.devices[bob].deaf = false;
    pair.world.run();
    assert_eq!((pair.rejoined(), pair.gaps()), (1, 1));
    assert_eq!(pair.world.devices[bob].client.room(&room).unwrap().unwrap().name, "Coffee");
    pair.talk("after");
    assert_eq!(pair.world.hub.members(&room).len(), 2, "the old leaf is replaced");
    assert!(!pair.world.texts(bob, &room).contains(&"missed".to_owned()));
}

#[test]
fn after_a_lapse_of_one_room_a_device_joins_that_room_anew_and_no_other() {
    for (of_this, times) in [(true, 1), (false, 0)] {
        let mut pair = pair();
        let room = pair.room.clone();
        pair.world.devices[pair.bob].deaf = true;
        pair.world.say(pair.alice, &room, "missed");
        pair.world.run();
        let lapsed = if of_this { room } else { "mimi://elsewhere.test/r/loud".parse().unwrap() };
        pair.lose_what_waits(Some(MailboxEvent::Lapsed { room: Some(lapsed) }.encode()));
        pair.world.devices[pair.bob].deaf = false;
        pair.world.run();
        assert_eq!(pair.rejoined(), times);
    }
}

#[test]
fn after_a_lapse_in_which_no_commit_was_made_nobody_joins_anew() {
    let mut pair = pair();
    let room = pair.room.clone();
    pair.world.devices[pair.bob].deaf = true;
    pair.world.say(pair.alice, &room, "missed");
    pair.world.run();
    let epoch = pair.world.hub.epoch(&room);
    pair.lose_what_waits(Some(MailboxEvent::Lapsed { room: None }.encode()));
    pair.world.devices[pair.bob].deaf = false;
    pair.world.run();
    assert_eq!(pair.rejoined(), 1);
    pair.talk("after");
    assert_eq!(pair.world.hub.epoch(&room), epoch);
}

#[test]
fn a_commit_that_never_comes_is_waited_for_and_then_the_room_is_joined_anew() {
    let mut pair = pair();
    let room = pair.room.clone();
    pair.world.devices[pair.bob].deaf = true;
    pair.rename("Coffee");
    pair.lose_what_waits(None);
    pair.world.devices[pair.bob].deaf = false;
    pair.world.say(pair.alice, &room, "of an epoch that bob has not reached");
    pair.world.run();
    assert_eq!(pair.rejoined(), 0, "it may be on its way");
    pair.world.pass(9_000);
    assert_eq!(pair.rejoined(), 0);
    pair.world.pass(2_000);
    assert_eq!((pair.rejoined(), pair.gaps()), (1, 1));
    pair.talk("after");
}

#[test]
fn a_commit_that_only_members_see_to_be_invalid_is_refused_and_the_room_joined_anew() {
    let mut pair = pair();
    let (bob, room) = (pair.bob, pair.room.clone());
    pair.world.devices[bob].deaf = true;
    pair.rename("Coffee");
    let device = pair.world.uri(bob);
    let entry = pair.world.hub.mailboxes.get_mut(&device).unwrap().last_mut().unwrap();
    entry.body = with_another_membership_tag(&entry.body);
    pair.world.devices[bob].deaf = false;
    pair.world.run();
    let events = pair.world.events(bob);
    let refused = |event: &Event| matches!(event, Event::Refused { reason: Refusal::InvalidHandshake, .. });
    assert_eq!(events.iter().filter(|event| refused(event)).count(), 1, "{events:?}");
    assert!(events.iter().any(|event| matches!(event, Event::RoomJoined { how: JoinedHow::Again, .. })));
    pair.talk("after");
    assert_eq!(pair.world.hub.members(&room).len(), 2);
}

#[test]
fn the_answer_to_rejoining_may_be_lost_and_the_process_die() {
    for crash in [false, true] {
        let mut pair = pair();
        let (bob, room) = (pair.bob, pair.room.clone());
        pair.world.devices[bob].deaf = true;
        pair.rename("Coffee");
        pair.lose_what_waits(Some(MailboxEvent::Lapsed { room: None }.encode()));
        let epoch = pair.world.hub.epoch(&room);
        pair.world.devices[bob].deaf = false;
        pair.world.devices[bob].lose.push_back("update");
        pair.world.run();
        if crash {
            pair.world.crash(bob);
            pair.world.run();
        }
        pair.world.pass(60_000);
        pair.talk("after");
        assert_eq!(pair.world.hub.epoch(&room), epoch + 1, "it joined once");
        assert_eq!(pair.gaps(), 1);
    }
}

#[test]
fn devices_that_join_anew_together_all_come_back() {
    let mut world = World::new();
    let alice = world.person("alice");
    let others: Vec<usize> = ["bob", "carol", "dave"].map(|name| world.person(name)).into();
    let room = world.create(alice, &others, Suite::Hybrid);
    for at in &others {
        world.devices[*at].deaf = true;
    }
    world.act(alice, |client, now| client.rename_room(&room, "Coffee", now));
    world.run();
    for at in &others {
        let device = world.uri(*at);
        world.hub.mailboxes.get_mut(&device).unwrap().pop();
        world.hub.post(&device, MailboxEvent::Lapsed { room: None }.encode());
        world.devices[*at].deaf = false;
    }
    world.run();
    for _ in 0..10 {
        world.pass(10_000);
    }
    world.say(alice, &room, "everybody?");
    world.run();
    for at in &others {
        assert_eq!(world.texts(*at, &room), ["everybody?"]);
        assert_eq!(world.epoch(*at, &room), world.epoch(alice, &room));
    }
    assert_eq!(world.hub.members(&room).len(), 4);
}

#[test]
fn a_hub_that_gives_out_an_earlier_epoch_is_refused_and_what_is_here_stays() {
    let mut pair = pair();
    let (alice, bob, room) = (pair.alice, pair.bob, pair.room.clone());
    let earlier = pair.world.hub.state(&room);
    pair.rename("Coffee");
    pair.world.hub.stale = Some(earlier);
    pair.world.act(bob, |client, now| client.join(&room, now));
    pair.world.run();
    let forked =
        Event::ChangeRefused { room: room.clone(), reason: ChangeRefusal::Untrusted(Refusal::Forked) };
    assert!(pair.world.events(bob).contains(&forked));
    assert_eq!(pair.world.devices[bob].client.room(&room).unwrap().unwrap().state, RoomState::Open);
    assert_eq!(pair.world.epoch(bob, &room), pair.world.epoch(alice, &room));
    pair.talk("after");
}

#[test]
fn whoever_was_about_to_leave_leaves_after_rejoining() {
    let mut pair = pair();
    let (alice, bob, room) = (pair.alice, pair.bob, pair.room.clone());
    pair.world.devices[alice].deaf = true;
    pair.world.act(bob, |client, now| client.leave(&room, now));
    pair.world.run();
    pair.world.devices[bob].deaf = true;
    // A commit that takes no notice: the proposal dies with its epoch.
    pair.world.hub.forget_proposals(&room);
    let device = pair.world.uri(alice);
    pair.world.hub.mailboxes.get_mut(&device).unwrap().pop();
    pair.world.devices[alice].deaf = false;
    pair.rename("Coffee");
    pair.lose_what_waits(Some(MailboxEvent::Lapsed { room: None }.encode()));
    pair.world.devices[bob].deaf = false;
    pair.world.run();
    pair.world.pass(120_000);
    assert_eq!(pair.world.devices[bob].client.room(&room).unwrap().unwrap().state, RoomState::Left);
    assert_eq!(pair.world.hub.members(&room).len(), 1);
}

#[test]
fn what_waited_to_be_sent_is_sent_after_rejoining() {
    let mut pair = pair();
    let (alice, bob, room) = (pair.alice, pair.bob, pair.room.clone());
    pair.world.devices[bob].deaf = true;
    pair.rename("Coffee");
    pair.lose_what_waits(Some(MailboxEvent::Lapsed { room: None }.encode()));
    pair.world.say(bob, &room, "written out of step");
    pair.world.run();
    assert!(!pair.world.texts(alice, &room).contains(&"written out of step".to_owned()));
    pair.world.devices[bob].deaf = false;
    pair.world.run();
    assert_eq!(pair.world.texts(alice, &room), ["written out of step"]);
    assert_eq!(pair.world.texts(bob, &room), ["written out of step"]);
}
