//! Pictures, what newcomers are told, and communities: between clients.
#![allow(clippy::unwrap_used)]

mod world;

use trefoil_client::{
    Client, ClientError, Event, RoomState, Step, Suite,
    conversation::{self, ConversationEvent, Cursor, Draft, Item, Line, Refusal as Unsaid, compose},
    overlay::Overlay,
};
use trefoil_proto::{
    RoomUri, Timestamp,
    content::{
        Disposition, MessageId, NestedPart,
        picture::{Picture, PictureType},
        retold::{RETOLD, Retelling, Retold, Told},
        timer::RoomTimer,
    },
};
use world::World;

fn store(world: &World, at: usize) -> Overlay {
    Overlay::new(world.devices[at].store.clone())
}

fn lines(world: &World, at: usize, room: &RoomUri) -> Vec<Line> {
    let items = conversation::timeline(&store(world, at), room, Cursor::Newest, 1000).unwrap();
    let line = |item| match item {
        Item::Note(note) => Some(note.line),
        Item::Message(_) => None,
    };
    items.into_iter().filter_map(line).collect()
}

fn doing<T>(
    world: &mut World,
    at: usize,
    act: impl FnOnce(&mut Client, Timestamp) -> Result<(T, Step<'_>), ClientError>,
) -> Result<T, ClientError> {
    let now = world.now;
    let (value, step) = act(&mut world.devices[at].client, now)?;
    let outcome = step.commit().unwrap();
    world.take(at, outcome);
    world.run();
    Ok(value)
}

fn send(world: &mut World, at: usize, room: &RoomUri, draft: Draft) {
    doing(world, at, |client, now| client.send(room, draft, now)).unwrap();
}

fn jpeg(tail: &[u8]) -> Picture {
    Picture::new(PictureType::Jpeg, [b"\xff\xd8\xff\xe0", tail].concat()).unwrap()
}

fn refused(world: &mut World, at: usize) -> Vec<Unsaid> {
    let reason = |event| match event {
        Event::Conversation(ConversationEvent::Refused { reason, .. }) => Some(reason),
        _ => None,
    };
    world.events(at).into_iter().filter_map(reason).collect()
}

fn new() -> World {
    let mut world = World::new();
    world.hub.clock = world.now.0;
    world
}

#[test]
fn a_person_s_picture_goes_into_rooms_and_to_whoever_comes_in_later_but_into_no_request() {
    let mut world = new();
    let (alice, bob, carol) = (world.person("alice"), world.person("bob"), world.person("carol"));
    let room = world.create(alice, &[bob], Suite::Hybrid);
    let shown = |world: &World, at: usize, of: usize| {
        conversation::picture(&store(world, at), &room, &world.user(of)).unwrap()
    };
    // Bob has not taken the room up: nothing of his goes there.
    world.act(bob, |client, now| client.set_picture(Some(&jpeg(b"bob")), now));
    world.act(alice, |client, now| client.set_picture(Some(&jpeg(b"alice")), now));
    world.run();
    assert_eq!(shown(&world, alice, bob), None);
    assert_eq!(shown(&world, bob, alice), Some(jpeg(b"alice")));
    assert_eq!(shown(&world, alice, alice), Some(jpeg(b"alice")));
    world.take_up(bob, &room);
    assert_eq!(shown(&world, alice, bob), Some(jpeg(b"bob")));
    let people = [world.user(carol)];
    world.act(alice, |client, now| client.add_people(&room, &people, now));
    world.run();
    assert_eq!([alice, bob].map(|of| shown(&world, carol, of)), [Some(jpeg(b"alice")), Some(jpeg(b"bob"))]);
    world.act(alice, |client, now| client.set_picture(None, now));
    world.run();
    assert_eq!((shown(&world, bob, alice), shown(&world, carol, alice)), (None, None));
    assert!(world.devices[alice].client.picture().unwrap().is_none());
}

#[test]
fn a_room_s_picture_is_an_admin_s_to_set() {
    let mut world = new();
    let (alice, bob, carol) = (world.person("alice"), world.person("bob"), world.person("carol"));
    let room = world.create(alice, &[bob, carol], Suite::Hybrid);
    let picture = |world: &World, at: usize| conversation::room_picture(&store(world, at), &room).unwrap();
    doing(&mut world, alice, |client, now| client.set_room_picture(&room, Some(&jpeg(b"tea")), now)).unwrap();
    for at in [alice, bob, carol] {
        assert_eq!(picture(&world, at), Some(jpeg(b"tea")));
        let line = Line::PictureSet { by: world.user(alice), taken_away: false };
        assert_eq!(lines(&world, at, &room).last(), Some(&line));
    }
    let refusal = doing(&mut world, bob, |client, now| client.set_room_picture(&room, None, now));
    assert!(matches!(refusal, Err(ClientError::NotAllowed)));
    world.events(carol);
    let before = lines(&world, carol, &room).len();
    let forged = world::evil::message(&world, bob, &room, compose::room_picture(Some(&jpeg(b"spam"))));
    let from = world.uri(bob);
    world.hub.submit(&from, 9, &room, &forged);
    world.run();
    assert_eq!(refused(&mut world, carol), [Unsaid::NotAllowed]);
    assert_eq!(picture(&world, carol), Some(jpeg(b"tea")));
    assert_eq!(lines(&world, carol, &room).len(), before);
}

#[test]
fn newcomers_learn_timer_and_picture_whoever_brings_them_in() {
    let mut world = new();
    let people: Vec<usize> = ["alice", "bob", "carol", "dora"].map(|name| world.person(name)).to_vec();
    let [alice, bob, carol, dora] = people[..] else { panic!() };
    let room = world.create(alice, &[bob], Suite::Hybrid);
    world.take_up(bob, &room);
    send(&mut world, bob, &room, compose::room_timer(3600, false).unwrap());
    doing(&mut world, alice, |client, now| client.set_room_picture(&room, Some(&jpeg(b"tea")), now)).unwrap();
    let known = [alice, bob].map(|at| lines(&world, at, &room).len());
    let added = [world.user(carol)];
    world.act(alice, |client, now| client.add_people(&room, &added, now));
    world.run();
    let later = Timestamp(u64::MAX);
    let link = doing(&mut world, alice, |client, now| client.invite(&room, 1, later, now)).unwrap();
    doing(&mut world, dora, |client, now| client.accept_invitation(&link, now)).unwrap();
    world.pass(60_000);
    let second = world.link(dora, "dora's second");
    world.pass(60_000);
    for at in [carol, dora, second] {
        assert_eq!(conversation::room_timer(&store(&world, at), &room).unwrap().seconds, 3600, "{at}");
        assert_eq!(
            conversation::room_picture(&store(&world, at), &room).unwrap(),
            Some(jpeg(b"tea")),
            "{at}"
        );
        let set = Line::TimerSet { by: world.user(bob), seconds: 3600, vanishing: false };
        assert_eq!(lines(&world, at, &room).iter().filter(|line| **line == set).count(), 1, "{at}");
    }
    // Nobody else sees a line of it: added, an invitation made, joined, one more device.
    assert_eq!([alice, bob].map(|at| lines(&world, at, &room).len()), known.map(|before| before + 4));
}

#[test]
fn only_an_admin_retells_and_nothing_from_the_future() {
    let mut world = new();
    let (alice, bob, carol) = (world.person("alice"), world.person("bob"), world.person("carol"));
    let room = world.create(alice, &[bob, carol], Suite::Hybrid);
    let retold = |accepted: u64| {
        let told = Told::Timer(RoomTimer { seconds: 5, vanishing: false });
        let id = MessageId([1; 32]);
        let entries = vec![Retelling { told, accepted: Timestamp(accepted), id, by: None }];
        let mut draft = compose::room_timer(5, false).unwrap();
        let part = NestedPart::render(RETOLD, Retold { entries }.encode().unwrap());
        draft.part = NestedPart { disposition: Disposition::UNSPECIFIED, ..part };
        draft
    };
    let now = world.now.0;
    for (by, at, refusal) in [
        (bob, now, vec![Unsaid::NotAllowed]),
        (alice, now + 1_000_000, vec![Unsaid::Meaningless]),
        (alice, now, vec![]),
    ] {
        world.events(carol);
        let forged = world::evil::message(&world, by, &room, retold(at));
        let from = world.uri(by);
        world.hub.submit(&from, 9, &room, &forged);
        // The ratchet of whoever forges is not kept: another message of theirs needs another epoch.
        world.run();
        assert_eq!(refused(&mut world, carol), refusal);
        let seconds = conversation::room_timer(&store(&world, carol), &room).unwrap().seconds;
        assert_eq!(seconds, if refusal.is_empty() { 5 } else { 0 });
        let name = format!("{by} {at}");
        world.act(alice, |client, now| client.rename_room(&room, &name, now));
        world.run();
    }
}

#[test]
fn a_community_lists_its_groups_whose_members_come_in_and_newcomers_learn_of_them() {
    let mut world = new();
    let people: Vec<usize> = ["alice", "bob", "carol"].map(|name| world.person(name)).to_vec();
    let [alice, bob, carol] = people[..] else { panic!() };
    let members = [world.user(bob)];
    let community =
        doing(&mut world, alice, |client, now| client.create_community("Village", &members, now)).unwrap();
    world.take_up(bob, &community);
    for at in [alice, bob] {
        assert_eq!(world.devices[at].client.groups(&community).unwrap(), Some(Vec::new()));
        assert!(world.devices[at].client.room(&community).unwrap().unwrap().community);
    }
    let tea = world.create(alice, &[], Suite::Hybrid);
    let milk = world.create(alice, &[], Suite::Hybrid);
    // Both at once: neither list may lose the other's group.
    for group in [&tea, &milk] {
        world.act(alice, |client, now| client.add_group(&community, group, "about leaves", now));
    }
    world.run();
    let groups = world.devices[bob].client.groups(&community).unwrap().unwrap();
    assert_eq!(groups.iter().map(|group| &group.room).collect::<Vec<_>>(), [&tea, &milk]);
    assert_eq!((groups[0].description.as_str(), groups[0].state), ("about leaves", None));
    let came = Line::GroupAdded { by: world.user(alice), name: "Tea".into() };
    assert_eq!(lines(&world, bob, &community).iter().filter(|line| **line == came).count(), 2);
    let not_admin = world.devices[bob].client.add_group(&community, &tea, "", world.now).err();
    assert!(matches!(not_admin, Some(ClientError::NotAllowed)));
    // Bob goes into one, by the link that he never sees.
    doing(&mut world, bob, |client, now| client.join_group(&community, &tea, now)).unwrap();
    world.pass(60_000);
    let groups = world.devices[bob].client.groups(&community).unwrap().unwrap();
    assert_eq!((groups[0].state, groups[1].state), (Some(RoomState::Open), None));
    let part_of = world.devices[bob].client.room(&tea).unwrap().unwrap().part_of;
    assert_eq!(part_of.as_ref(), Some(&community));
    // Carol comes later.
    let carol_too = [world.user(carol)];
    world.act(alice, |client, now| client.add_people(&community, &carol_too, now));
    world.run();
    assert_eq!(world.devices[carol].client.groups(&community).unwrap().unwrap().len(), 2);
    assert!(!lines(&world, carol, &community).contains(&came));
    doing(&mut world, carol, |client, now| client.join_group(&community, &milk, now)).unwrap();
    world.pass(60_000);
    assert_eq!(world.devices[carol].client.room(&milk).unwrap().unwrap().state, RoomState::Open);
    // A group that went has no link any more.
    world.act(alice, |client, now| client.remove_group(&community, &tea, now));
    world.run();
    assert_eq!(world.devices[bob].client.groups(&community).unwrap().unwrap().len(), 1);
    assert!(world.devices[alice].client.room(&tea).unwrap().unwrap().invitations.is_empty());
    assert_eq!(world.devices[bob].client.room(&tea).unwrap().unwrap().part_of, None);
    let gone = Line::GroupRemoved { by: world.user(alice), name: "Tea".into() };
    assert!(lines(&world, carol, &community).contains(&gone));
    let refused = doing(&mut world, carol, |client, now| client.join_group(&community, &tea, now));
    assert!(matches!(refused, Err(ClientError::UnknownRoom(_))));
}
