//! What a service drops, repeats, holds back or shows only to some is noticed; what is nobody's fault is not.
#![allow(clippy::unwrap_used)]

mod world;

use trefoil_client::{
    Event, Suite,
    conversation::{self, Cursor, Item, Line},
    delivery::{Finding, NotHere},
    overlay::Overlay,
};
use trefoil_proto::{DeviceUri, RoomUri, Wire as _, frame::MailboxEvent};
use world::World;

struct Trio {
    world: World,
    alice: usize,
    bob: usize,
    carl: usize,
    room: RoomUri,
}

/// Three people who have heard each other.
fn trio() -> Trio {
    let mut world = World::new();
    let (alice, bob, carl) = (world.person("alice"), world.person("bob"), world.person("carl"));
    let room = world.create(alice, &[bob, carl], Suite::Hybrid);
    let mut trio = Trio { world, alice, bob, carl, room };
    for at in [alice, bob, carl] {
        trio.say(at, "hello");
    }
    trio.nothing_was_found();
    trio
}

impl Trio {
    fn say(&mut self, at: usize, text: &str) {
        let room = self.room.clone();
        self.world.say(at, &room, text);
        self.world.run();
    }

    /// What is said while nothing reaches a device lies in its mailbox: which entries.
    fn say_to_deaf(&mut self, deaf: usize, at: usize, texts: &[&str]) -> usize {
        self.world.devices[deaf].deaf = true;
        for text in texts {
            self.say(at, text);
        }
        self.world.waiting(deaf, usize::MAX).len()
    }

    fn hear_again(&mut self, deaf: usize) {
        self.world.devices[deaf].deaf = false;
        self.world.run();
    }

    fn mailbox(&mut self, at: usize) -> &mut Vec<trefoil_proto::frame::MailboxEntry> {
        let device = self.world.uri(at);
        self.world.hub.mailboxes.get_mut(&device).unwrap()
    }

    fn findings(&mut self, at: usize) -> Vec<(DeviceUri, Finding)> {
        let found = |event| match event {
            Event::Delivery { device, finding, .. } => Some((device, finding)),
            _ => None,
        };
        self.world.events(at).into_iter().filter_map(found).collect()
    }

    fn lines(&self, at: usize) -> Vec<Finding> {
        let overlay = Overlay::new(self.world.devices[at].store.clone());
        let lines = conversation::timeline(&overlay, &self.room, Cursor::Newest, 1000).unwrap();
        let found = |item| match item {
            Item::Note(note) => match note.line {
                Line::Delivery { finding, .. } => Some(finding),
                _ => None,
            },
            Item::Message(_) => None,
        };
        lines.into_iter().filter_map(found).collect()
    }

    fn nothing_was_found(&mut self) {
        for at in 0..self.world.devices.len() {
            for event in self.world.events(at) {
                let wrong = matches!(event, Event::Delivery { .. } | Event::Replayed { .. });
                assert!(!wrong, "{}: {event:?}", self.world.devices[at].name);
            }
        }
    }
}

#[test]
fn a_dropped_message_is_told_with_a_line_that_stays() {
    let mut trio = trio();
    let (alice, bob) = (trio.alice, trio.bob);
    let waiting = trio.say_to_deaf(bob, alice, &["stolen", "stays"]);
    let mailbox = trio.mailbox(bob);
    let first = mailbox.len() - waiting;
    mailbox.remove(first);
    trio.hear_again(bob);
    let found = trio.findings(bob);
    // Carl's receipt for it comes before Alice's next message.
    let [(device, Finding::Unseen { through: 4, by })] = &found[..] else { panic!("{found:?}") };
    assert_eq!((device, by), (&trio.world.uri(alice), &trio.world.user(trio.carl)));
    let overlooked = trio.world.devices[bob].client.missing(&trio.room).unwrap();
    assert_eq!(overlooked, [NotHere { device: trio.world.uri(alice), missing: 1, excused: 0 }]);
    assert_eq!(trio.lines(bob), [found[0].1.clone()]);
    trio.say(alice, "later");
    trio.say(bob, "answer");
    trio.nothing_was_found();
}

#[test]
fn where_nobody_else_answers_the_next_message_of_the_sender_tells() {
    let mut world = World::new();
    let (alice, bob) = (world.person("alice"), world.person("bob"));
    let room = world.create(alice, &[bob], Suite::Hybrid);
    let mut trio = Trio { world, alice, bob, carl: bob, room };
    trio.say(alice, "hello");
    let waiting = trio.say_to_deaf(bob, alice, &["stolen", "this too", "stays"]);
    let mailbox = trio.mailbox(bob);
    let first = mailbox.len() - waiting;
    mailbox.drain(first..first + 2);
    trio.hear_again(bob);
    let found = trio.findings(bob);
    let [(device, Finding::Missing { from: 2, to: 3 })] = &found[..] else { panic!("{found:?}") };
    assert_eq!(device, &trio.world.uri(alice));
    assert_eq!(trio.lines(bob), [Finding::Missing { from: 2, to: 3 }]);
}

#[test]
fn what_is_delivered_again_is_told_and_counts_once() {
    let mut trio = trio();
    let (alice, bob) = (trio.alice, trio.bob);
    trio.say(alice, "once");
    let own_device = trio.world.uri(bob);
    let body = trio.mailbox(bob).iter().rev().find(|entry| {
        matches!(MailboxEvent::decode(&entry.body), Ok(MailboxEvent::Room { message, .. })
            if matches!(message.event, trefoil_proto::mimi::fanout::RoomEvent::Application { .. }))
    });
    let body = body.unwrap().body.clone();
    trio.world.hub.post(&own_device, body);
    trio.world.events(bob);
    trio.world.run();
    assert!(trio.world.events(bob).contains(&Event::Replayed { room: trio.room.clone() }));
    assert_eq!(trio.world.texts(bob, &trio.room).iter().filter(|text| *text == "once").count(), 1);
}

#[test]
fn what_is_held_back_is_told_when_it_is_missing_and_when_it_comes() {
    let mut trio = trio();
    let (alice, bob) = (trio.alice, trio.bob);
    let waiting = trio.say_to_deaf(bob, alice, &["first", "second", "third"]);
    let mailbox = trio.mailbox(bob);
    let at = mailbox.len() - waiting;
    let held_back = mailbox.remove(at).body;
    let device = trio.world.uri(bob);
    trio.world.hub.post(&device, held_back);
    trio.hear_again(bob);
    let found: Vec<_> = trio.findings(bob).into_iter().map(|(_, finding)| finding).collect();
    let [Finding::Unseen { through, .. }, Finding::Late { counter }] = found[..] else { panic!("{found:?}") };
    assert_eq!(through, counter);
    assert_eq!(trio.world.devices[bob].client.missing(&trio.room).unwrap(), []);
    assert!(trio.world.texts(bob, &trio.room).contains(&"first".to_owned()));
}

#[test]
fn what_was_kept_from_one_member_shows_when_another_answers() {
    let mut trio = trio();
    let (alice, bob, carl) = (trio.alice, trio.bob, trio.carl);
    trio.world.devices[carl].deaf = true;
    trio.say(alice, "for bob alone");
    // Alice's message, and everything after it from her.
    let from = trio.world.waiting(carl, 1)[0].position;
    trio.mailbox(carl).retain(|entry| entry.position != from);
    trio.say(bob, "what do you think, carl?");
    trio.hear_again(carl);
    let found = trio.findings(carl);
    let unseen = |(device, finding): &(DeviceUri, Finding)| {
        *device == trio.world.uri(alice)
            && matches!(finding, Finding::Unseen { by, .. } if *by == trio.world.user(bob))
    };
    assert_eq!(found.iter().filter(|found| unseen(found)).count(), 1, "{found:?}");
}

#[test]
fn coming_going_and_bad_lines_are_nobodys_fault() {
    let mut trio = trio();
    let (alice, bob, carl, room) = (trio.alice, trio.bob, trio.carl, trio.room.clone());
    // An answer is lost, and the message handed in again.
    trio.world.devices[alice].lose_submissions = 2;
    trio.say(alice, "twice handed in");
    trio.world.pass(60_000);
    // A device is linked, somebody is added, another renames.
    let tablet = trio.world.link(alice, "tablet");
    trio.world.pass(60_000);
    trio.say(bob, "one more device");
    let dora = trio.world.person("dora");
    let user = trio.world.user(dora);
    trio.world.act(alice, |client, now| client.add_people(&room, &[user], now));
    trio.world.run();
    for at in [tablet, dora, bob, carl, alice] {
        trio.say(at, "with dora");
    }
    // A message is queued while the epoch changes.
    trio.world.devices[bob].deaf = true;
    trio.world.act(alice, |client, now| client.rename_room(&room, "Coffee", now));
    trio.say(bob, "queued in the old epoch");
    trio.hear_again(bob);
    // A device is out of step: its mailbox lapsed while the room went on.
    trio.world.devices[carl].deaf = true;
    trio.world.act(alice, |client, now| client.rename_room(&room, "Tea", now));
    trio.say(alice, "missed by carl");
    trio.say(bob, "this too");
    let lapsed = trio.world.uri(carl);
    let waiting = trio.world.waiting(carl, usize::MAX).len();
    let mailbox = trio.mailbox(carl);
    mailbox.truncate(mailbox.len() - waiting);
    trio.world.hub.post(&lapsed, MailboxEvent::Lapsed { room: None }.encode());
    trio.hear_again(carl);
    for at in [alice, bob, carl, dora, tablet, alice] {
        trio.say(at, "all together");
    }
    // Another lapse, in which no commit was made.
    trio.world.devices[carl].deaf = true;
    trio.say(alice, "missed by carl again");
    let waiting = trio.world.waiting(carl, usize::MAX).len();
    let mailbox = trio.mailbox(carl);
    mailbox.truncate(mailbox.len() - waiting);
    trio.world.hub.post(&lapsed, MailboxEvent::Lapsed { room: None }.encode());
    trio.hear_again(carl);
    let lines = trio.world.events(carl);
    let lapses = lines.iter().filter(|event| matches!(event, Event::RoomLapsed { .. })).count();
    assert!(lapses >= 2, "what a service says it dropped is told, each time");
    trio.world.pass(120_000);
    for at in [alice, bob, carl, dora, tablet, alice] {
        trio.say(at, "all together again");
    }
    // Somebody is removed and comes back.
    let gone = trio.world.user(dora);
    trio.world.act(alice, |client, now| client.remove_people(&room, std::slice::from_ref(&gone), now));
    trio.world.run();
    trio.say(bob, "without dora");
    trio.world.act(alice, |client, now| client.add_people(&room, &[gone], now));
    trio.world.run();
    trio.world.crash(bob);
    trio.world.run();
    for at in [dora, alice, bob, carl, dora] {
        trio.say(at, "with dora again");
    }
    assert!(trio.world.texts(dora, &room).iter().filter(|text| *text == "with dora again").count() == 5);
    trio.nothing_was_found();
    for at in [alice, bob, carl, dora, tablet] {
        let not_here = trio.world.devices[at].client.missing(&room).unwrap();
        assert!(not_here.iter().all(|of| of.missing == 0), "device {at}: {not_here:?}");
    }
}

/// Steals what is said to Bob; gives what was found there.
fn robbed(trio: &mut Trio, texts: &[&str], stolen: usize) {
    let (alice, bob) = (trio.alice, trio.bob);
    let waiting = trio.say_to_deaf(bob, alice, texts);
    let mailbox = trio.mailbox(bob);
    let first = mailbox.len() - waiting;
    let is_application = |entry: &trefoil_proto::frame::MailboxEntry| {
        matches!(MailboxEvent::decode(&entry.body), Ok(MailboxEvent::Room { message, .. })
            if matches!(message.event, trefoil_proto::mimi::fanout::RoomEvent::Application { .. }))
    };
    let places: Vec<usize> =
        (first..mailbox.len()).filter(|at| is_application(&mailbox[*at])).take(stolen).collect();
    for at in places.into_iter().rev() {
        mailbox.remove(at);
    }
    trio.hear_again(bob);
}

/// Two people, so that nobody else's receipts lie between.
fn pair() -> Trio {
    let mut world = World::new();
    let (alice, bob) = (world.person("alice"), world.person("bob"));
    let room = world.create(alice, &[bob], Suite::Hybrid);
    let mut trio = Trio { world, alice, bob, carl: bob, room };
    trio.say(alice, "hello");
    trio.say(bob, "hello");
    trio
}

impl Trio {
    fn ask(&mut self, at: usize) -> trefoil_client::delivery::AskedFor {
        let (room, now) = (self.room.clone(), self.world.now);
        let (asked, step) = self.world.devices[at].client.ask_again(&room, now).unwrap();
        let outcome = step.commit().unwrap();
        self.world.take(at, outcome);
        self.world.run();
        asked
    }

    fn missing(&self, at: usize) -> u64 {
        let all = self.world.devices[at].client.missing(&self.room).unwrap();
        all.iter().map(|of| of.missing + of.excused).sum()
    }

    fn only_findings(&mut self, at: usize) -> Vec<Finding> {
        self.findings(at).into_iter().map(|(_, finding)| finding).collect()
    }
}

#[test]
fn what_was_dropped_comes_when_it_is_asked_for() {
    let mut trio = pair();
    let (alice, bob, room) = (trio.alice, trio.bob, trio.room.clone());
    robbed(&mut trio, &["stolen", "this too", "stays"], 2);
    let [Finding::Missing { from, to }] = trio.only_findings(bob)[..] else { panic!() };
    assert_eq!((trio.missing(bob), to), (2, from + 1));
    assert!(!trio.world.texts(bob, &room).contains(&"stolen".to_owned()));
    let asked = trio.ask(bob);
    assert_eq!((asked.messages, asked.later, asked.gone.len()), (2, 0, 0));
    let restored = [Finding::Restored { counter: from }, Finding::Restored { counter: to }];
    assert_eq!(trio.only_findings(bob), restored);
    assert_eq!(trio.missing(bob), 0);
    // Where they were said, and nobody has them twice.
    for at in [alice, bob] {
        assert_eq!(trio.world.texts(at, &room), ["hello", "hello", "stolen", "this too", "stays"]);
    }
    assert_eq!(trio.ask(bob).messages, 0);
    trio.world.crash(bob);
    trio.say(alice, "on");
    trio.say(bob, "and on");
    trio.nothing_was_found();
}

#[test]
fn a_newcomer_does_not_get_what_was_said_before_by_somebody_who_asks() {
    let mut trio = pair();
    let (alice, bob, room) = (trio.alice, trio.bob, trio.room.clone());
    robbed(&mut trio, &["stolen", "stays"], 1);
    assert_eq!(trio.missing(bob), 1);
    let dora = trio.world.person("dora");
    let user = trio.world.user(dora);
    trio.world.act(alice, |client, now| client.add_people(&room, &[user], now));
    trio.world.run();
    trio.findings(bob);
    assert_eq!(trio.ask(bob).messages, 1);
    let [Finding::Unavailable { from, to }] = trio.only_findings(bob)[..] else { panic!() };
    assert_eq!((from, trio.missing(bob)), (to, 0));
    assert!(trio.lines(bob).contains(&Finding::Unavailable { from, to }));
    for at in [bob, dora] {
        assert!(!trio.world.texts(at, &room).contains(&"stolen".to_owned()));
    }
}

#[test]
fn what_was_taken_back_is_not_given_again() {
    let mut trio = pair();
    let (alice, bob, room) = (trio.alice, trio.bob, trio.room.clone());
    trio.world.devices[bob].deaf = true;
    let id = trio.world.say(alice, &room, "regretted");
    trio.world.run();
    let stolen = trio.world.waiting(bob, 1)[0].position;
    trio.mailbox(bob).retain(|entry| entry.position != stolen);
    let now = trio.world.now;
    let (_, step) =
        trio.world.devices[alice].client.send(&room, conversation::compose::unsend(id), now).unwrap();
    let outcome = step.commit().unwrap();
    trio.world.take(alice, outcome);
    trio.world.run();
    trio.hear_again(bob);
    assert_eq!(trio.missing(bob), 1);
    trio.findings(bob);
    trio.ask(bob);
    assert!(matches!(trio.only_findings(bob)[..], [Finding::Unavailable { .. }]));
    assert!(!trio.world.texts(bob, &room).contains(&"regretted".to_owned()));
}

#[test]
fn a_request_that_is_dropped_too_holds_nothing_up() {
    let mut trio = pair();
    let (alice, bob, room) = (trio.alice, trio.bob, trio.room.clone());
    robbed(&mut trio, &["stolen", "stays"], 1);
    trio.findings(bob);
    // What Alice gives is dropped as well.
    trio.world.devices[bob].deaf = true;
    trio.ask(bob);
    let waiting = trio.world.waiting(bob, usize::MAX).len();
    let mailbox = trio.mailbox(bob);
    mailbox.truncate(mailbox.len() - waiting);
    trio.hear_again(bob);
    trio.say(alice, "next");
    assert_eq!(trio.missing(bob), 2);
    trio.findings(bob);
    // The message comes; that it was once given in vain is nothing to be had, and nothing to tell of.
    trio.ask(bob);
    assert_eq!(trio.missing(bob), 0);
    assert!(trio.world.texts(bob, &room).contains(&"stolen".to_owned()));
    assert!(matches!(trio.only_findings(bob)[..], [Finding::Restored { .. }]));
    // A fourth time the same is not given.
    assert_eq!(trio.ask(bob).messages, 0);
}
