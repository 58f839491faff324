//! Any weather between three clients and their hub: lost answers, late ones, broken connections, deafness, doubled
//! deliveries, processes that die, and changes that conflict. Afterwards everybody has everything once, in one order.
#![allow(clippy::unwrap_used)]

mod world;

use proptest::prelude::*;
use trefoil_client::{Event, Suite};
use trefoil_proto::{RoomUri, room::Role};
use world::World;

#[derive(Clone, Copy, Debug)]
enum Act {
    Say(usize),
    Rename(usize),
    Crash(usize),
    Disconnect(usize),
    /// Hears nothing of the mailbox, or hears again.
    Deaf(usize),
    LoseAnswer(usize, &'static str),
    DelayAnswer(usize, &'static str),
    LateAnswers(usize),
    LoseSubmission(usize),
    /// The last entry of the mailbox once more.
    Double(usize),
    /// Everything moves until nothing does.
    Run,
    Pass(u64),
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let who = 0..3_usize;
    let path = prop_oneof![Just("update"), Just("auth"), Just("groupInfo")];
    let act = prop_oneof![
        6 => who.clone().prop_map(Act::Say),
        3 => who.clone().prop_map(Act::Rename),
        2 => who.clone().prop_map(Act::Crash),
        2 => who.clone().prop_map(Act::Disconnect),
        2 => who.clone().prop_map(Act::Deaf),
        1 => (who.clone(), path.clone()).prop_map(|(who, path)| Act::LoseAnswer(who, path)),
        2 => (who.clone(), path).prop_map(|(who, path)| Act::DelayAnswer(who, path)),
        2 => who.clone().prop_map(Act::LateAnswers),
        1 => who.clone().prop_map(Act::LoseSubmission),
        1 => who.prop_map(Act::Double),
        4 => Just(Act::Run),
        2 => (1_000..90_000_u64).prop_map(Act::Pass),
    ];
    prop::collection::vec(act, 10..60)
}

/// Three admins in a room.
fn three() -> (World, [usize; 3], RoomUri) {
    let mut world = World::new();
    let people = ["alice", "bob", "carol"].map(|name| world.person(name));
    let room = world.create(people[0], &people[1..], Suite::Hybrid);
    for at in &people[1..] {
        let user = world.user(*at);
        world.act(people[0], |client, now| client.make_admin(&room, &user, now));
        world.run();
    }
    let view = world.devices[people[2]].client.room(&room).unwrap().unwrap();
    assert!(view.participants.iter().all(|person| person.role == Role::ADMIN));
    for at in people {
        world.events(at);
    }
    (world, people, room)
}

fn perform(world: &mut World, room: &RoomUri, act: Act, said: &mut Vec<String>, renamed: &mut usize) {
    match act {
        Act::Say(at) => {
            said.push(format!("{at} says {}", said.len()));
            world.say(at, room, said.last().unwrap());
        }
        Act::Rename(at) => {
            *renamed += 1;
            let name = format!("Name {renamed}");
            world.act(at, |client, now| client.rename_room(room, &name, now));
        }
        Act::Crash(at) => {
            world.devices[at].late.clear();
            world.crash(at);
        }
        Act::Disconnect(at) => world.disconnect(at),
        Act::Deaf(at) => world.devices[at].deaf = !world.devices[at].deaf,
        Act::LoseAnswer(at, path) => world.devices[at].lose.push_back(path),
        Act::DelayAnswer(at, path) => world.devices[at].delay.push_back(path),
        Act::LateAnswers(at) => world.catch_up_with_answers(at),
        Act::LoseSubmission(at) => world.devices[at].lose_submissions += 1,
        Act::Double(at) => {
            let device = world.uri(at);
            let last = world.hub.mailboxes.get(&device).and_then(|entries| entries.last()).cloned();
            if let Some(entry) = last {
                world.hub.post(&device, entry.body);
            }
        }
        Act::Run => world.run(),
        Act::Pass(millis) => world.pass(millis),
    }
}

/// The weather is over.
fn calm(world: &mut World) {
    for at in 0..world.devices.len() {
        let device = &mut world.devices[at];
        device.deaf = false;
        device.lose.clear();
        device.delay.clear();
        device.lose_submissions = 0;
    }
    for _ in 0..20 {
        for at in 0..world.devices.len() {
            world.catch_up_with_answers(at);
        }
        world.pass(70_000);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(24) })]

    #[test]
    fn after_any_weather_everybody_has_everything_once_and_in_one_order(acts in acts()) {
        let (mut world, people, room) = three();
        let (mut said, mut renamed) = (Vec::new(), 0);
        for act in acts {
            perform(&mut world, &room, act, &mut said, &mut renamed);
        }
        calm(&mut world);
        let told = world.texts(people[0], &room);
        let mut sorted = told.clone();
        sorted.sort();
        said.sort();
        prop_assert_eq!(&sorted, &said, "everything, once");
        let first = world.devices[people[0]].client.room(&room).unwrap().unwrap();
        for at in people {
            prop_assert_eq!(world.texts(at, &room), told.clone(), "one order");
            let view = world.devices[at].client.room(&room).unwrap().unwrap();
            prop_assert_eq!((view.epoch, &view.name), (world.hub.epoch(&room), &first.name));
            prop_assert!(world.devices[at].client.is_idle(), "{} is not idle", at);
            let lost = |event: &&Event| {
                matches!(event, Event::Refused { .. } | Event::SendRefused { .. } | Event::ChangeRefused { .. })
                    // Nobody is accused of the weather.
                    || matches!(event, Event::Delivery { .. })
            };
            let events = world.events(at);
            let refused: Vec<_> = events.iter().filter(lost).collect();
            prop_assert!(refused.is_empty(), "{} refused {:?}", at, refused);
        }
    }
}
