//! Invitations: whoever has the link of one comes in by themselves, and nobody else does.
#![allow(clippy::unwrap_used)]

mod world;

use trefoil_client::{
    ChangeRefusal, ClientError, Event, JoinedHow, Suite,
    conversation::{self, Cursor, Item, Line},
    overlay::Overlay,
};
use trefoil_proto::{RoomUri, Timestamp, UserUri};
use world::World;

const LATER: Timestamp = Timestamp(u64::MAX);

fn invite(world: &mut World, at: usize, room: &RoomUri, people: u32) -> String {
    let now = world.now;
    let (link, step) = world.devices[at].client.invite(room, people, LATER, now).unwrap();
    let outcome = step.commit().unwrap();
    world.take(at, outcome);
    world.run();
    link
}

fn accept(world: &mut World, at: usize, link: &str) -> RoomUri {
    let now = world.now;
    let (room, step) = world.devices[at].client.accept_invitation(link, now).unwrap();
    let outcome = step.commit().unwrap();
    world.take(at, outcome);
    world.run();
    room
}

fn people(world: &mut World, at: usize, room: &RoomUri) -> Vec<UserUri> {
    let view = world.devices[at].client.room(room).unwrap().unwrap();
    view.participants.into_iter().map(|participant| participant.user).collect()
}

fn lines(world: &World, at: usize, room: &RoomUri) -> Vec<Line> {
    let overlay = Overlay::new(world.devices[at].store.clone());
    let items = conversation::timeline(&overlay, room, Cursor::Newest, 1000).unwrap();
    let line = |item| match item {
        Item::Note(note) => Some(note.line),
        Item::Message(_) => None,
    };
    items.into_iter().filter_map(line).collect()
}

fn refused(world: &mut World, at: usize) -> Vec<ChangeRefusal> {
    let refused = world.events(at).into_iter().filter_map(|event| match event {
        Event::ChangeRefused { reason, .. } => Some(reason),
        _ => None,
    });
    refused.collect()
}

#[test]
fn whoever_has_the_link_comes_in_with_all_devices_and_is_seen() {
    let mut world = World::new();
    let (alice, bob, carol) = (world.person("alice"), world.person("bob"), world.person("carol"));
    let second = world.link(carol, "carol's second");
    let room = world.create(alice, &[bob], Suite::Hybrid);
    world.say(alice, &room, "before");
    world.run();
    let link = invite(&mut world, alice, &room, 2);
    for at in [alice, bob] {
        let view = world.devices[at].client.room(&room).unwrap().unwrap();
        assert_eq!((view.invitations.len(), view.invitations[0].left), (1, 2));
    }
    assert_eq!(accept(&mut world, carol, &link), room);
    world.pass(60_000);
    let [a, b, c] = [alice, bob, carol].map(|at| world.user(at));
    for at in [alice, bob, carol, second] {
        assert_eq!(people(&mut world, at, &room), [a.clone(), b.clone(), c.clone()]);
        let view = world.devices[at].client.room(&room).unwrap().unwrap();
        assert_eq!(view.invitations[0].left, 1);
    }
    for at in [alice, bob] {
        let lines = lines(&world, at, &room);
        let made = Line::InvitationMade { by: a.clone(), people: 2, not_after: LATER };
        assert!(lines.contains(&made), "{lines:?}");
        assert!(lines.contains(&Line::Invited { user: c.clone(), by: a.clone() }), "{lines:?}");
    }
    let joined = |event: &Event| matches!(event, Event::RoomJoined { how: JoinedHow::Invited, .. });
    assert!(world.events(carol).iter().any(joined));
    world.say(carol, &room, "thank you");
    world.run();
    assert_eq!(world.texts(bob, &room), ["before", "thank you"]);
    assert_eq!(world.texts(second, &room), ["thank you"]);
    // She is in the room, and the link is of no more use to her.
    let again = world.devices[carol].client.accept_invitation(&link, world.now);
    assert!(matches!(again, Err(ClientError::InRoomAlready(_))));
}

#[test]
fn an_invitation_is_used_up_and_can_be_taken_back() {
    let mut world = World::new();
    let (alice, bob, carol) = (world.person("alice"), world.person("bob"), world.person("carol"));
    let room = world.create(alice, &[], Suite::Hybrid);
    let link = invite(&mut world, alice, &room, 1);
    accept(&mut world, bob, &link);
    assert_eq!(people(&mut world, alice, &room).len(), 2);
    accept(&mut world, carol, &link);
    assert_eq!(refused(&mut world, carol), [ChangeRefusal::NotInvited]);
    assert!(world.devices[carol].client.room(&room).unwrap().is_none());

    let link = invite(&mut world, alice, &room, 1);
    let open = world.devices[alice].client.room(&room).unwrap().unwrap().invitations;
    world.act(alice, |client, now| client.take_back_invitations(&room, vec![open[0].key], now));
    world.run();
    accept(&mut world, carol, &link);
    assert_eq!(refused(&mut world, carol), [ChangeRefusal::NotInvited]);
    assert!(lines(&world, bob, &room).contains(&Line::InvitationTakenBack { by: world.user(alice) }));
    // Another does.
    let link = invite(&mut world, alice, &room, 1);
    accept(&mut world, carol, &link);
    assert_eq!(people(&mut world, bob, &room).len(), 3);
}

#[test]
fn a_member_makes_no_invitation_and_a_hub_none_at_all() {
    let mut world = World::new();
    let (alice, bob, carol) = (world.person("alice"), world.person("bob"), world.person("carol"));
    let room = world.create(alice, &[bob], Suite::Hybrid);
    let now = world.now;
    let refused_to_bob = world.devices[bob].client.invite(&room, 1, LATER, now).err();
    assert!(matches!(refused_to_bob, Some(ClientError::NotAllowed)));
    // A lenient hub gives the room's state to whoever asks, and takes what members do not.
    let elsewhere = world.create(carol, &[], Suite::Hybrid);
    let link = invite(&mut world, carol, &elsewhere, 1);
    assert!(world.devices[bob].client.accept_invitation(&link[..link.len() - 4], now).is_err());
    let of_another_room = forged(&link, &room);
    world.hub.lenient = true;
    accept(&mut world, carol, &of_another_room);
    world.run();
    for at in [alice, bob] {
        assert!(!people(&mut world, at, &room).contains(&world.user(carol)));
    }
}

/// The link of another room's invitation, changed to be for this room.
fn forged(link: &str, room: &RoomUri) -> String {
    let (prefix, body) = link.split_at("trefoil-invite-".len());
    let bytes = data_encoding::BASE64URL_NOPAD.decode(body.as_bytes()).unwrap();
    let secret = &bytes[bytes.len() - 32..];
    let room = room.to_string();
    let forged = [&[u8::try_from(room.len()).unwrap()], room.as_bytes(), secret].concat();
    format!("{prefix}{}", data_encoding::BASE64URL_NOPAD.encode(&forged))
}

/// The answer to the commit is lost: it was taken, and is not made again.
#[test]
fn a_lost_answer_uses_an_invitation_once() {
    let mut world = World::new();
    let (alice, bob) = (world.person("alice"), world.person("bob"));
    let room = world.create(alice, &[], Suite::Hybrid);
    let link = invite(&mut world, alice, &room, 2);
    world.devices[bob].lose.push_back("update");
    accept(&mut world, bob, &link);
    world.pass(60_000);
    world.pass(60_000);
    assert_eq!(people(&mut world, bob, &room).len(), 2);
    let view = world.devices[alice].client.room(&room).unwrap().unwrap();
    assert_eq!((view.participants.len(), view.invitations[0].left), (2, 1));
    world.say(bob, &room, "here");
    world.run();
    assert_eq!(world.texts(alice, &room), ["here"]);
}
