//! People compare keys; another key is seen, told, and for those who were verified nothing leaves before it is decided.
#![allow(clippy::unwrap_used)]

mod world;

use trefoil_client::{
    ChangeRefusal, ClientError, Event, JoinedHow, Refusal, Suite,
    conversation::{self, Cursor, Item, Line, ReadReceipts, compose},
    overlay::Overlay,
    verification::{Comparison, Proof, SafetyCode, Standing},
};
use trefoil_proto::{RoomUri, UserUri, Wire as _, frame::MailboxEvent};
use world::World;

impl World {
    /// What `other` shows to `at`, as it is scanned.
    fn shown(&self, other: usize, at: usize) -> SafetyCode {
        let code = self.devices[other].client.safety(&self.user(at)).unwrap().code;
        code.to_string().parse().unwrap()
    }

    fn verify(&mut self, at: usize, person: &UserUri, proof: &Proof) -> Comparison {
        let now = self.now;
        let (compared, step) = self.devices[at].client.verify(person, proof, now).unwrap();
        let outcome = step.commit().unwrap();
        self.take(at, outcome);
        self.run();
        compared
    }

    fn verify_by_scan(&mut self, at: usize, other: usize) -> Comparison {
        let (person, code) = (self.user(other), self.shown(other, at));
        self.verify(at, &person, &Proof::Scanned(code))
    }

    fn accept(&mut self, at: usize, person: &UserUri) {
        self.act(at, |client, now| client.accept_new_key(person, now));
        self.run();
    }

    fn standing(&self, at: usize, person: &UserUri) -> Standing {
        self.devices[at].client.standing(person)
    }

    /// Why a text is not taken.
    fn not_sent(&mut self, at: usize, room: &RoomUri) -> ClientError {
        let now = self.now;
        let draft = compose::text("to whom?", &[]).unwrap();
        self.devices[at].client.send(room, draft, now).err().expect("nothing may be sent")
    }

    fn is_blocked(&mut self, at: usize, room: &RoomUri, by: &UserUri) -> bool {
        let blocked_by = self.devices[at].client.room(room).unwrap().unwrap().blocked_by;
        let refused = matches!(self.not_sent(at, room), ClientError::KeyChanged(user) if user == *by);
        refused && blocked_by == [by.clone()]
    }

    fn lines(&self, at: usize, room: &RoomUri) -> Vec<Line> {
        let overlay = Overlay::new(self.devices[at].store.clone());
        let items = conversation::timeline(&overlay, room, Cursor::Newest, 1000).unwrap();
        let line = |item| match item {
            Item::Note(note) => Some(note.line),
            Item::Message(_) => None,
        };
        items.into_iter().filter_map(line).collect()
    }

    fn left(&self, at: usize) -> usize {
        self.devices[at].submitted.iter().filter(|frame| is_submission(frame)).count()
    }

    fn waiting_to_leave(&self, at: usize, room: &RoomUri) -> usize {
        self.devices[at].client.outbox_len(room).unwrap()
    }

    fn remove(&mut self, at: usize, room: &RoomUri, who: &UserUri) {
        self.act(at, |client, now| client.remove_people(room, std::slice::from_ref(who), now));
        self.run();
    }

    fn add(&mut self, at: usize, room: &RoomUri, who: &UserUri) {
        self.act(at, |client, now| client.add_people(room, std::slice::from_ref(who), now));
        self.run();
    }

    fn key_events(&mut self, at: usize) -> Vec<(UserUri, bool)> {
        let key = |event| match event {
            Event::AccountKeyChanged { user, verified } => Some((user, verified)),
            _ => None,
        };
        self.events(at).into_iter().filter_map(key).collect()
    }
}

fn is_submission(frame: &trefoil_proto::frame::ClientFrame) -> bool {
    matches!(frame, trefoil_proto::frame::ClientFrame::Submit { .. })
}

/// Carol's room with alice and bob, whom alice has verified; bob is then taken out of it, and comes back as somebody
/// else, whom carol never compared with anything.
struct Swapped {
    world: World,
    alice: usize,
    carol: usize,
    bob: usize,
    anew: usize,
    person: UserUri,
    room: RoomUri,
}

impl Swapped {
    /// Up to where bob comes back.
    fn before() -> Self {
        let mut world = World::new();
        let (alice, bob, carol) = (world.person("alice"), world.person("bob"), world.person("carol"));
        let room = world.create(carol, &[alice, bob], Suite::Hybrid);
        world.take_up(alice, &room);
        assert_eq!(world.verify_by_scan(alice, bob), Comparison::Match);
        let person = world.user(bob);
        world.remove(carol, &room, &person);
        let anew = world.anew(&person, "bob anew");
        for at in [alice, carol] {
            world.events(at);
        }
        Self { world, alice, carol, bob, anew, person, room }
    }

    fn after() -> Self {
        let mut swapped = Self::before();
        swapped.world.add(swapped.carol, &swapped.room, &swapped.person);
        swapped
    }
}

#[test]
fn two_people_verify_each_other_by_code_and_by_digits() {
    let mut world = World::new();
    let (alice, bob, carol) = (world.person("alice"), world.person("bob"), world.person("carol"));
    let room = world.create(alice, &[bob, carol], Suite::Hybrid);
    let (a, b, c) = (world.user(alice), world.user(bob), world.user(carol));
    let hers = world.devices[alice].client.safety(&b).unwrap();
    let his = world.devices[bob].client.safety(&a).unwrap();
    assert_eq!((hers.number, hers.standing, hers.verified), (his.number, Standing::Unverified, None));

    // What does not match changes nothing.
    let wrong = world.devices[alice].client.safety(&c).unwrap().number;
    let mismatch = Comparison::Mismatch { theirs: true, mine: true };
    assert_eq!(world.verify(alice, &b, &Proof::Compared(wrong)), mismatch);
    let for_another = world.shown(bob, carol);
    let other = Comparison::OtherPerson { by: b.clone(), to: c.clone() };
    assert_eq!(world.verify(alice, &b, &Proof::Scanned(for_another)), other);
    let of_another = world.shown(carol, alice);
    let other = Comparison::OtherPerson { by: c.clone(), to: a.clone() };
    assert_eq!(world.verify(alice, &b, &Proof::Scanned(of_another)), other);
    let own = world.shown(alice, bob);
    assert!(matches!(world.verify(alice, &b, &Proof::Scanned(own)), Comparison::OtherPerson { .. }));
    assert_eq!(world.standing(alice, &b), Standing::Unverified);
    assert!(!world.lines(alice, &room).contains(&Line::Verified { user: b.clone() }));

    assert_eq!(world.verify_by_scan(alice, bob), Comparison::Match);
    assert_eq!(world.verify(bob, &a, &Proof::Compared(hers.number)), Comparison::Match);
    world.crash(alice);
    world.run();
    for (at, person) in [(alice, &b), (bob, &a)] {
        assert_eq!(world.standing(at, person), Standing::Verified);
        assert_eq!(world.devices[at].client.safety(person).unwrap().verified, Some(world.now));
        let line = Line::Verified { user: person.clone() };
        assert_eq!(world.lines(at, &room).iter().filter(|other| **other == line).count(), 1);
    }
    assert_eq!(world.standing(alice, &c), Standing::Unverified);
    let people = world.devices[alice].client.room(&room).unwrap().unwrap().participants;
    let verified: Vec<_> = people
        .iter()
        .filter(|person| person.standing == Standing::Verified)
        .map(|person| &person.user)
        .collect();
    assert_eq!(verified, [&b]);

    let stranger = "mimi://a.test/u/nobody".parse().unwrap();
    let safety = |person| world.devices[alice].client.safety(person);
    assert!(matches!(safety(&stranger), Err(ClientError::UnknownPerson(_))));
    assert!(matches!(safety(&a), Err(ClientError::Oneself)));
    let now = world.now;
    let nothing = world.devices[alice].client.accept_new_key(&b, now).err();
    assert!(matches!(nothing, Some(ClientError::NoNewKey(_))));
}

#[test]
fn a_step_that_is_dropped_verifies_nobody() {
    let mut world = World::new();
    let (alice, bob) = (world.person("alice"), world.person("bob"));
    world.create(alice, &[bob], Suite::Hybrid);
    let (person, code, now) = (world.user(bob), world.shown(bob, alice), world.now);
    drop(world.devices[alice].client.verify(&person, &Proof::Scanned(code), now).unwrap());
    assert_eq!(world.standing(alice, &person), Standing::Unverified);
    world.crash(alice);
    assert_eq!(world.standing(alice, &person), Standing::Unverified);
}

/// The service hands out key packages of somebody else.
#[test]
fn key_packages_under_another_account_key_stop_everything_for_the_verified() {
    let mut world = World::new();
    let (alice, bob) = (world.person("alice"), world.person("bob"));
    let room = world.create(alice, &[bob], Suite::Hybrid);
    assert_eq!(world.verify_by_scan(alice, bob), Comparison::Match);
    let person = world.user(bob);
    let anew = world.anew(&person, "bob anew");
    world.events(alice);

    let second = world.create(alice, &[bob], Suite::Hybrid);
    let events = world.events(alice);
    let refused =
        Event::ChangeRefused { room: second.clone(), reason: ChangeRefusal::KeyChanged(person.clone()) };
    assert!(events.contains(&refused), "{events:?}");
    let told = Event::AccountKeyChanged { user: person.clone(), verified: true };
    assert_eq!(events.iter().filter(|event| **event == told).count(), 1);
    assert_eq!(world.hub.members(&second).len(), 1, "nobody was added");
    assert!(world.devices[alice].client.is_idle());
    assert_eq!(world.lines(alice, &room).last(), Some(&Line::VerifiedKeyChanged { user: person.clone() }));
    assert_eq!(world.standing(alice, &person), Standing::Changed);

    // The room that they are in is closed, with everything that would leave by itself. The other one is not.
    assert!(world.is_blocked(alice, &room, &person));
    world.say(alice, &second, "to myself");
    world.run();
    let left = world.left(alice);
    world.say(bob, &room, "do you read me?");
    world.run();
    assert_eq!(world.texts(alice, &room), ["do you read me?"], "what comes is read");
    let overlay = Overlay::new(world.devices[alice].store.clone());
    let through = conversation::timeline(&overlay, &room, Cursor::Newest, 1).unwrap()[0].position();
    world.act(alice, |client, now| client.mark_read(&room, through, ReadReceipts::Send, now));
    world.act(alice, |client, now| client.set_display_name("Alice", now));
    let now = world.now;
    let typing = world.devices[alice].client.send(&room, compose::typing(true), now).err();
    assert!(matches!(typing, Some(ClientError::KeyChanged(_))));
    let now = world.now;
    let add = world.devices[alice].client.add_people(&second, std::slice::from_ref(&person), now).err();
    assert!(matches!(add, Some(ClientError::KeyChanged(_))));
    let create = world.devices[alice].client.create_room("Third", std::slice::from_ref(&person), now).err();
    assert!(matches!(create, Some(ClientError::KeyChanged(_))));
    world.pass(60_000);
    world.crash(alice);
    world.run();
    assert!(world.is_blocked(alice, &room, &person), "it is stored");
    // The own name went to the room of one.
    assert_eq!(world.left(alice), left + 1);
    let waiting = world.waiting_to_leave(alice, &room);
    assert!(waiting >= 2, "a receipt and a name wait: {waiting}");
    assert!(world.devices[alice].client.is_idle(), "what waits for a decision keeps nothing busy");

    // In person it turns out that bob's key is what it was.
    assert_eq!(world.verify_by_scan(alice, bob), Comparison::Match);
    assert_eq!(world.standing(alice, &person), Standing::Verified);
    assert_eq!(world.waiting_to_leave(alice, &room), 0);
    let name =
        conversation::profile(&Overlay::new(world.devices[bob].store.clone()), &room, &world.user(alice));
    assert_eq!(name.unwrap().as_deref(), Some("Alice"), "what waited goes out");
    world.say(alice, &room, "you it is");
    world.run();
    assert_eq!(world.texts(bob, &room), ["do you read me?", "you it is"]);
    // The false one is as little added as before.
    world.events(alice);
    world.add(alice, &second, &person);
    assert!(world.events(alice).contains(&Event::ChangeRefused {
        room: second.clone(),
        reason: ChangeRefusal::KeyChanged(person.clone())
    }));
    assert!(world.devices[anew].client.rooms().unwrap().is_empty());
}

/// A member who never compared anything brings the new key into a room.
#[test]
fn nothing_leaves_for_a_room_into_which_a_verified_person_comes_back_under_another_key() {
    let mut swapped = Swapped::before();
    let (alice, carol, anew) = (swapped.alice, swapped.carol, swapped.anew);
    let (person, room) = (swapped.person.clone(), swapped.room.clone());
    let world = &mut swapped.world;
    world.act(alice, |client, now| client.set_display_name("Alice", now));
    world.run();
    // Of one message the answer is lost, another one was never encrypted.
    world.devices[alice].deaf = true;
    world.devices[alice].lose_submissions = 1;
    world.say(alice, &room, "before it");
    world.run();
    world.say(alice, &room, "queued before it");
    world.add(carol, &room, &person);
    world.devices[alice].deaf = false;
    world.pass(60_000);

    let own = world.events(alice);
    assert!(own.contains(&Event::AccountKeyChanged { user: person.clone(), verified: true }));
    assert!(own.iter().any(|event| matches!(event, Event::MemberAdded { user, .. } if *user == person)));
    assert!(world.lines(alice, &room).contains(&Line::VerifiedKeyChanged { user: person.clone() }));
    assert_eq!(world.key_events(carol), [(person.clone(), false)]);
    assert!(world.lines(carol, &room).contains(&Line::KeyChanged { user: person.clone() }));
    assert!(world.is_blocked(alice, &room, &person));
    assert!(world.texts(carol, &room).contains(&"before it".to_owned()), "it left before anybody came back");
    assert_eq!(world.waiting_to_leave(alice, &room), 2);

    // Carol goes on; alice reads along, and answers nothing, not even that she has it.
    let left = world.left(alice);
    world.say(carol, &room, "welcome back");
    world.run();
    world.say(anew, &room, "thank you");
    world.run();
    for text in ["welcome back", "thank you"] {
        assert!(world.texts(alice, &room).contains(&text.to_owned()));
    }
    world.pass(120_000);
    assert_eq!(world.left(alice), left);
    assert_eq!(world.texts(anew, &room), ["welcome back", "thank you"]);
    let name_of_alice = |world: &World| {
        let overlay = Overlay::new(world.devices[anew].store.clone());
        conversation::profile(&overlay, &room, &world.user(alice)).unwrap()
    };
    assert_eq!(name_of_alice(world), None);

    // Taken unseen, it is not verified any more, and what waited goes out.
    world.accept(alice, &person);
    assert_eq!(world.standing(alice, &person), Standing::Unverified);
    assert_eq!(world.lines(alice, &room).last(), Some(&Line::KeyAccepted { user: person.clone() }));
    assert_eq!(name_of_alice(world).as_deref(), Some("Alice"));
    world.say(alice, &room, "hello again");
    world.run();
    let texts = ["welcome back", "thank you", "queued before it", "hello again"];
    assert_eq!(world.texts(anew, &room), texts);
    assert_eq!(world.waiting_to_leave(alice, &room), 0);
}

#[test]
fn a_new_key_can_be_verified_and_is_from_then_on_the_one_that_counts() {
    let mut swapped = Swapped::after();
    let (alice, anew) = (swapped.alice, swapped.anew);
    let (person, room) = (swapped.person.clone(), swapped.room.clone());
    let world = &mut swapped.world;
    assert!(world.is_blocked(alice, &room, &person));
    let safety = world.devices[alice].client.safety(&person).unwrap();
    assert_ne!(Some(safety.number), safety.number_before);
    assert_eq!(safety.number, world.devices[anew].client.safety(&world.user(alice)).unwrap().number);
    // Bob's old device shows what alice verified once: it is his, so the one in the room is not.
    let old = world.shown(swapped.bob, alice);
    assert_eq!(world.verify(alice, &person, &Proof::Scanned(old)), Comparison::Match);
    let here = |error| matches!(error, ClientError::OtherKeyInRoom { user, .. } if user == person);
    assert!(here(world.not_sent(alice, &room)), "the false one is in the room still");
    assert_eq!(
        world.devices[alice].client.room(&room).unwrap().unwrap().blocked_by,
        std::slice::from_ref(&person)
    );
    // Then it turns out that he made his account anew.
    assert_eq!(world.verify_by_scan(alice, anew), Comparison::Mismatch { theirs: true, mine: false });
    world.accept(alice, &person);
    assert_eq!(world.standing(alice, &person), Standing::Unverified);
    world.say(alice, &room, "unverified");
    world.run();
    assert_eq!(world.texts(anew, &room), ["unverified"]);
}

#[test]
fn the_key_that_was_seen_last_is_verified_anew() {
    let mut swapped = Swapped::after();
    let (alice, anew) = (swapped.alice, swapped.anew);
    let (person, room) = (swapped.person.clone(), swapped.room.clone());
    let world = &mut swapped.world;
    assert_eq!(world.verify_by_scan(alice, anew), Comparison::Match);
    assert_eq!(world.standing(alice, &person), Standing::Verified);
    world.say(alice, &room, "you it is");
    world.run();
    assert_eq!(world.texts(anew, &room), ["you it is"]);
}

/// A commit is encrypted to everybody in the tree, so none is made either.
#[test]
fn no_commit_is_made_in_a_blocked_room_but_the_one_that_takes_the_key_out() {
    let mut swapped = Swapped::before();
    let (alice, carol) = (swapped.alice, swapped.carol);
    let (person, room) = (swapped.person.clone(), swapped.room.clone());
    let world = &mut swapped.world;
    let dave = world.person("dave");
    let (a, d) = (world.user(alice), world.user(dave));
    world.add(carol, &room, &d);
    world.act(carol, |client, now| client.make_admin(&room, &a, now));
    world.run();
    world.add(carol, &room, &person);
    assert!(world.is_blocked(alice, &room, &person));
    let now = world.now;
    let client = &mut world.devices[alice].client;
    assert!(matches!(client.rename_room(&room, "Tea?", now).err(), Some(ClientError::KeyChanged(_))));
    assert!(matches!(client.make_admin(&room, &d, now).err(), Some(ClientError::KeyChanged(_))));
    let other = client.remove_people(&room, std::slice::from_ref(&d), now).err();
    assert!(matches!(other, Some(ClientError::KeyChanged(_))));
    // Dave leaves, and alice, who would have to commit that, does not while carol is away.
    for at in [carol, swapped.anew] {
        world.devices[at].deaf = true;
    }
    let epoch = world.hub.epoch(&room);
    world.act(dave, |client, now| client.leave(&room, now));
    world.run();
    world.pass(600_000);
    assert_eq!(world.hub.epoch(&room), epoch);
    assert!(world.devices[alice].client.is_idle());
    // Without the changed one she goes on, dave's wish included.
    world.remove(alice, &room, &person);
    world.pass(60_000);
    assert_eq!(world.hub.members(&room).len(), 2, "alice and carol are left");
    world.say(alice, &room, "we two");
    world.run();
    world.devices[carol].deaf = false;
    world.run();
    assert_eq!(world.texts(carol, &room), ["we two"]);
    assert_eq!(world.standing(alice, &person), Standing::Changed, "nothing was decided");
    assert!(world.devices[alice].client.room(&room).unwrap().unwrap().blocked_by.is_empty());
}

#[test]
fn a_blocked_room_can_be_left() {
    let mut swapped = Swapped::after();
    let (alice, room) = (swapped.alice, swapped.room.clone());
    let world = &mut swapped.world;
    world.act(alice, |client, now| client.leave(&room, now));
    world.run();
    world.pass(60_000);
    assert!(world.events(alice).iter().any(|event| matches!(event, Event::RoomLeft { .. })));
    assert_eq!(world.hub.members(&room).len(), 2);
}

/// Joining anew is a commit as well.
#[test]
fn a_device_out_of_step_does_not_join_a_room_anew_under_a_key_that_is_not_decided_about() {
    let mut swapped = Swapped::before();
    let (alice, carol, anew) = (swapped.alice, swapped.carol, swapped.anew);
    let (person, room) = (swapped.person.clone(), swapped.room.clone());
    let world = &mut swapped.world;
    world.devices[alice].deaf = true;
    world.add(carol, &room, &person);
    let (device, waiting) = (world.uri(alice), world.waiting(alice, usize::MAX).len());
    let mailbox = world.hub.mailboxes.get_mut(&device).unwrap();
    mailbox.truncate(mailbox.len() - waiting);
    world.hub.post(&device, MailboxEvent::Lapsed { room: None }.encode());
    let epoch = world.hub.epoch(&room);
    world.devices[alice].deaf = false;
    world.run();
    assert_eq!(world.hub.epoch(&room), epoch, "it did not commit");
    let events = world.events(alice);
    let reason = Refusal::AccountKeyChanged { user: person.clone() };
    let refused = Event::ChangeRefused { room: room.clone(), reason: ChangeRefusal::Untrusted(reason) };
    assert!(events.contains(&refused), "{events:?}");
    assert!(events.contains(&Event::AccountKeyChanged { user: person.clone(), verified: true }));
    assert_eq!(world.standing(alice, &person), Standing::Changed);
    // In the room as alice knows it, nobody has the new key; it goes on for her once she decided.
    world.say(anew, &room, "where are you?");
    world.run();
    assert_eq!(world.verify_by_scan(alice, anew), Comparison::Match);
    world.pass(600_000);
    let again = |event: &Event| matches!(event, Event::RoomJoined { how: JoinedHow::Again, .. });
    assert!(world.events(alice).iter().any(again));
    world.say(alice, &room, "here");
    world.run();
    assert_eq!(world.texts(anew, &room).last().map(String::as_str), Some("here"));
}

#[test]
fn a_welcome_into_a_room_with_another_key_of_a_verified_person_is_taken_and_the_room_blocked() {
    let mut swapped = Swapped::before();
    let (alice, carol) = (swapped.alice, swapped.carol);
    let (person, alices) = (swapped.person.clone(), swapped.world.user(alice));
    let world = &mut swapped.world;
    let second = world.create(carol, &[], Suite::Hybrid);
    world.add(carol, &second, &person);
    world.act(alice, |client, now| client.set_display_name("Alice", now));
    world.run();
    world.events(alice);
    let left = world.left(alice);
    world.add(carol, &second, &alices);
    assert!(world.events(alice).contains(&Event::AccountKeyChanged { user: person.clone(), verified: true }));
    assert_eq!(world.lines(alice, &second).last(), Some(&Line::VerifiedKeyChanged { user: person.clone() }));
    assert!(world.is_blocked(alice, &second, &person));
    assert_eq!(world.left(alice), left, "not even the own name goes there");
}

#[test]
fn of_somebody_who_was_never_verified_every_shared_room_tells_and_none_is_blocked() {
    let mut world = World::new();
    let (alice, bob, carol) = (world.person("alice"), world.person("bob"), world.person("carol"));
    let room = world.create(carol, &[alice, bob], Suite::Hybrid);
    let person = world.user(bob);
    let old = world.create(bob, &[alice], Suite::Hybrid);
    world.remove(carol, &room, &person);
    let anew = world.anew(&person, "bob anew");
    world.add(carol, &room, &person);
    for at in [alice, carol] {
        assert_eq!(world.key_events(at), [(person.clone(), false)]);
        let told = |line: &Line| *line == Line::KeyChanged { user: person.clone() };
        assert_eq!(world.lines(at, &room).iter().filter(|line| told(line)).count(), 1);
    }
    assert!(world.lines(alice, &old).contains(&Line::KeyChanged { user: person.clone() }));
    world.say(alice, &room, "and who are you?");
    world.run();
    assert_eq!(world.texts(anew, &room), ["and who are you?"]);
    let hers = world.devices[alice].client.safety(&person).unwrap().number;
    assert_eq!(hers, world.devices[anew].client.safety(&world.user(alice)).unwrap().number);
}

/// The new key only counts from the next room on if nothing of the old one is in it.
#[test]
fn two_account_keys_of_one_person_in_one_room_are_refused() {
    let mut world = World::new();
    let (alice, bob) = (world.person("alice"), world.person("bob"));
    let room = world.create(alice, &[bob], Suite::Hybrid);
    let person = world.user(bob);
    world.anew(&person, "bob anew");
    world.events(alice);
    world.add(alice, &room, &person);
    let events = world.events(alice);
    let refused = |event: &Event| matches!(event, Event::ChangeRefused { room: of, .. } if *of == room);
    assert!(events.iter().any(refused), "{events:?}");
    assert_eq!(world.hub.members(&room).len(), 2);
    assert_eq!(world.key_events(alice), []);
}
