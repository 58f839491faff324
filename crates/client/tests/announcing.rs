//! Rooms in which only admins write: what members may, what an altered client of theirs achieves, and who changes that.
#![allow(clippy::unwrap_used)]

mod world;

use trefoil_client::{
    ClientError, Event, Refusal, SendRefusal, Suite,
    conversation::{
        self, ConversationEvent, Cursor, Draft, Item, Line, MessageId, Refusal as Unsaid, compose,
    },
    overlay::Overlay,
};
use trefoil_proto::{
    RoomUri,
    frame::ServerFrame,
    mimi::SubmitMessageResponse,
    room::{Capability, RolesList, RoomKind},
};
use world::World;

fn lines(world: &World, at: usize, room: &RoomUri) -> Vec<Line> {
    let overlay = Overlay::new(world.devices[at].store.clone());
    let items = conversation::timeline(&overlay, room, Cursor::Newest, 1000).unwrap();
    let line = |item| match item {
        Item::Note(note) => Some(note.line),
        Item::Message(_) => None,
    };
    items.into_iter().filter_map(line).collect()
}

fn kind(world: &mut World, at: usize, room: &RoomUri) -> RoomKind {
    world.devices[at].client.room(room).unwrap().unwrap().kind
}

fn set(world: &mut World, at: usize, room: &RoomUri, kind: RoomKind) {
    world.act(at, |client, now| client.set_room_kind(room, kind, now));
    world.run();
}

fn send(world: &mut World, at: usize, room: &RoomUri, draft: Draft) -> Result<MessageId, ClientError> {
    let now = world.now;
    let (id, step) = world.devices[at].client.send(room, draft, now)?;
    let outcome = step.commit().unwrap();
    world.take(at, outcome);
    world.run();
    Ok(id)
}

/// Alice, who writes; Bob and Carol, who read.
fn news() -> (World, [usize; 3], RoomUri) {
    let mut world = World::new();
    let (alice, bob, carol) = (world.person("alice"), world.person("bob"), world.person("carol"));
    let people = [world.user(bob), world.user(carol)];
    let now = world.now;
    let client = &mut world.devices[alice].client;
    let (room, step) = client.create_announcement_room("News", &people, Suite::Hybrid, now).unwrap();
    let outcome = step.commit().unwrap();
    world.take(alice, outcome);
    world.run();
    for at in [bob, carol] {
        world.take_up(at, &room);
    }
    (world, [alice, bob, carol], room)
}

#[test]
fn members_read_and_react_and_what_they_would_say_is_refused_before_it_is_queued() {
    let (mut world, [alice, bob, carol], room) = news();
    let said = send(&mut world, alice, &room, compose::text("good morning", &[]).unwrap()).unwrap();
    let asked =
        send(&mut world, alice, &room, compose::poll("Tea?", &["yes", "no"], false).unwrap()).unwrap();
    for at in [bob, carol] {
        assert_eq!(kind(&mut world, at, &room), RoomKind::Announcement);
        assert_eq!(world.texts(at, &room)[0], "good morning");
    }
    for draft in [
        compose::text("me too", &[]).unwrap(),
        compose::reply(said, "me too", &[]).unwrap(),
        compose::poll("Coffee?", &["yes", "no"], false).unwrap(),
        compose::room_timer(60, false).unwrap(),
        compose::edit(said, "bad morning", &[]).unwrap(),
    ] {
        let refused = send(&mut world, bob, &room, draft);
        assert!(matches!(refused, Err(ClientError::NotAllowed)), "{refused:?}");
    }
    assert_eq!(world.devices[bob].client.outbox_len(&room).unwrap(), 0);
    assert!(matches!(
        world.forward(bob, (&room, said), std::slice::from_ref(&room)).err(),
        Some(ClientError::NotAllowed)
    ));
    send(&mut world, bob, &room, compose::reaction(said, "👍").unwrap()).unwrap();
    send(&mut world, bob, &room, compose::vote(asked, &[0]).unwrap()).unwrap();
    for at in [alice, carol] {
        let overlay = Overlay::new(world.devices[at].store.clone());
        let message = |id| conversation::message(&overlay, &room, id).unwrap().unwrap();
        assert_eq!(message(said).reactions.len(), 1);
        assert_eq!(message(asked).poll.unwrap().options[0].by, [world.user(bob)]);
    }
}

#[test]
fn what_an_altered_client_of_a_member_says_is_shown_nowhere() {
    let (mut world, [alice, bob, carol], room) = news();
    send(&mut world, alice, &room, compose::text("good morning", &[]).unwrap()).unwrap();
    let before = [alice, carol].map(|at| lines(&world, at, &room).len());
    world.events(carol);
    let draft = compose::text("buy my tea", &[]).unwrap();
    let forged = world::evil::message(&world, bob, &room, draft);
    let from = world.uri(bob);
    // The hub sees a ciphertext and takes it.
    let answer = world.hub.submit(&from, 9, &room, &forged);
    let taken = |answer: &ServerFrame| {
        matches!(answer, ServerFrame::Submitted { response: SubmitMessageResponse::Accepted { .. }, .. })
    };
    assert!(taken(&answer));
    world.run();
    let refused = |event: &Event| match event {
        Event::Conversation(ConversationEvent::Refused { sender, reason, .. }) => {
            *sender == from.user_uri() && *reason == Unsaid::NotAllowed
        }
        _ => false,
    };
    let told = world.events(carol);
    assert!(told.iter().any(refused), "{told:?}");
    for at in [alice, carol] {
        assert_eq!(world.texts(at, &room), ["good morning"]);
    }
    assert_eq!([alice, carol].map(|at| lines(&world, at, &room).len()), before);
    // As soon as everybody writes, so does Bob.
    set(&mut world, alice, &room, RoomKind::Discussion);
    let forged = world::evil::message(&world, bob, &room, compose::text("sorry", &[]).unwrap());
    assert!(taken(&world.hub.submit(&from, 10, &room, &forged)));
    world.run();
    assert_eq!(world.texts(carol, &room), ["good morning", "sorry"]);
}

#[test]
fn an_admin_switches_a_line_says_so_and_what_waited_is_given_up() {
    let mut world = World::new();
    world.hub.clock = world.now.0;
    let (alice, bob) = (world.person("alice"), world.person("bob"));
    let room = world.create(alice, &[bob], Suite::Hybrid);
    world.take_up(bob, &room);
    let now = world.now;
    let refused = world.devices[bob].client.set_room_kind(&room, RoomKind::Announcement, now).err();
    assert!(matches!(refused, Some(ClientError::NotAllowed)));
    // Bob writes while he is away, and comes back to a room in which he only reads.
    world.disconnect(bob);
    let late = world.say(bob, &room, "too late");
    set(&mut world, alice, &room, RoomKind::Announcement);
    world.pass(60_000);
    let changed = |by, admins_only| Line::WritersChanged { by, admins_only };
    for at in [alice, bob] {
        assert_eq!(kind(&mut world, at, &room), RoomKind::Announcement);
        assert_eq!(lines(&world, at, &room).last(), Some(&changed(world.user(alice), true)));
    }
    assert!(world.texts(alice, &room).is_empty());
    let told = world.events(bob);
    let given_up = Event::SendRefused { room: room.clone(), message: late, reason: SendRefusal::NotAllowed };
    assert!(told.contains(&given_up), "{told:?}");
    // The same again is nothing to do.
    let epoch = world.epoch(alice, &room);
    set(&mut world, alice, &room, RoomKind::Announcement);
    assert_eq!(world.epoch(alice, &room), epoch);
    // Whoever is made an admin writes.
    let user = world.user(bob);
    world.act(alice, |client, now| client.make_admin(&room, &user, now));
    world.run();
    world.say(bob, &room, "now I may");
    world.run();
    assert_eq!(world.texts(alice, &room), ["now I may"]);
    set(&mut world, bob, &room, RoomKind::Discussion);
    assert_eq!(lines(&world, alice, &room).last(), Some(&changed(user, false)));
}

#[test]
fn a_switch_by_a_member_and_a_third_table_are_refused_by_everybody_if_the_hub_lets_them_through() {
    for by_admin in [false, true] {
        let mut world = World::new();
        let (alice, bob, carol) = (world.person("alice"), world.person("bob"), world.person("carol"));
        let room = world.create(alice, &[bob, carol], Suite::Hybrid);
        world.events(carol);
        let epoch = world.epoch(carol, &room);
        world.hub.lenient = true;
        let mut roles = RolesList::of(RoomKind::Announcement);
        if by_admin {
            roles.roles[2].capabilities.push(Capability::ADD_PARTICIPANT);
        }
        let at = if by_admin { alice } else { bob };
        let request = world::evil::commit_roles(&world, at, &room, &roles);
        world.hub.update(&room, &request);
        world.run();
        let refused = world.events(carol).into_iter().any(|event| match event {
            Event::Refused { reason: Refusal::NotAllowed { .. }, .. } => !by_admin,
            Event::Refused { reason: Refusal::InvalidHandshake, .. } => by_admin,
            _ => false,
        });
        assert!(refused);
        assert_eq!(world.epoch(carol, &room), epoch);
        assert_eq!(kind(&mut world, carol, &room), RoomKind::Discussion);
    }
}
