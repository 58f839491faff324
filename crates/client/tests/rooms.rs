//! Rooms between clients over one hub: made, joined, changed, left, under faults of network and process.
#![allow(clippy::unwrap_used)]

mod world;

use trefoil_client::{ChangeRefusal, Event, JoinedHow, Refusal, RoomState, Suite, conversation::compose};
use trefoil_proto::room::Role;
use world::World;

#[test]
fn two_people_talk() {
    let mut world = World::new();
    let (alice, bob) = (world.person("alice"), world.person("bob"));
    let room = world.create(alice, &[bob], Suite::Hybrid);
    let joined = |event: &Event| matches!(event, Event::RoomJoined { how: JoinedHow::Welcomed, .. });
    assert!(world.events(bob).iter().any(joined));
    world.say(alice, &room, "one");
    world.run();
    world.say(bob, &room, "two");
    world.say(bob, &room, "three");
    world.run();
    world.say(alice, &room, "four");
    world.run();
    let all = ["one", "two", "three", "four"];
    assert_eq!(world.texts(alice, &room), all);
    assert_eq!(world.texts(bob, &room), all);
    let view = world.devices[bob].client.room(&room).unwrap().unwrap();
    assert_eq!((view.name.as_str(), view.suite), ("Tea", Some(Suite::Hybrid)));
    assert_eq!(view.participants.len(), 2);
    assert_eq!(view.participants[0].role, Role::ADMIN);
    assert!(world.devices[alice].client.is_idle());
}

#[test]
fn what_is_written_before_the_others_are_in_waits_for_them() {
    let mut world = World::new();
    let (alice, bob) = (world.person("alice"), world.person("bob"));
    let (people, now) = ([world.user(bob)], world.now);
    let (room, step) =
        world.devices[alice].client.create_room_with("Tea", &people, Suite::Hybrid, now).unwrap();
    let outcome = step.commit().unwrap();
    world.take(alice, outcome);
    world.say(alice, &room, "at once");
    world.run();
    world.take_up(bob, &room);
    assert_eq!(world.texts(bob, &room), ["at once"]);
    assert!(world.devices[alice].client.is_idle());
}

#[test]
fn a_taken_name_is_refused_and_another_can_be_tried() {
    let mut world = World::new();
    let at = world.person("taken");
    assert!(matches!(world.events(at)[..], [Event::RegistrationRefused { .. }]));
    assert!(world.devices[at].client.identity().is_none());
}

#[test]
fn duplicates_are_taken_once_and_malformed_entries_block_nothing() {
    let mut world = World::new();
    let (alice, bob) = (world.person("alice"), world.person("bob"));
    let room = world.create(alice, &[bob], Suite::Hybrid);
    world.devices[bob].deaf = true;
    world.say(alice, &room, "once");
    world.run();
    let device = world.uri(bob);
    let body = world.hub.mailboxes[&device].last().unwrap().body.clone();
    world.hub.post(&device, body);
    world.hub.post(&device, b"nonsense".to_vec());
    world.hub.post(&device, Vec::new());
    world.say(alice, &room, "after");
    world.devices[bob].deaf = false;
    world.events(bob);
    world.run();
    assert_eq!(world.texts(bob, &room), ["once", "after"]);
    let events = world.events(bob);
    let malformed =
        events.iter().filter(|event| matches!(event, Event::Refused { reason: Refusal::Malformed, .. }));
    assert_eq!(malformed.count(), 2);
    let refusals = events.iter().filter(|event| matches!(event, Event::Refused { .. })).count();
    assert_eq!(refusals, 2, "the repeated message is ignored silently: {events:?}");
}

#[test]
fn what_belongs_to_a_later_epoch_waits_for_its_commit() {
    let mut world = World::new();
    let (alice, bob, carol) = (world.person("alice"), world.person("bob"), world.person("carol"));
    let room = world.create(alice, &[bob], Suite::Hybrid);
    world.devices[bob].deaf = true;
    world.act(alice, |client, now| client.rename_room(&room, "Coffee", now));
    world.run();
    world.say(alice, &room, "new epoch");
    world.run();
    let device = world.uri(bob);
    let mailbox = world.hub.mailboxes.get_mut(&device).unwrap();
    let count = mailbox.len();
    // The commit and the message change places.
    let (before, last) = mailbox.split_at_mut(count - 1);
    std::mem::swap(&mut before[count - 2].body, &mut last[0].body);
    world.devices[bob].deaf = false;
    world.run();
    assert_eq!(world.texts(bob, &room), ["new epoch"]);
    let view = world.devices[bob].client.room(&room).unwrap().unwrap();
    assert_eq!(view.name, "Coffee");
    let _ = carol;
}

#[test]
fn a_message_of_the_epoch_before_is_read_and_an_older_one_named() {
    let mut world = World::new();
    let (alice, bob) = (world.person("alice"), world.person("bob"));
    let room = world.create(alice, &[bob], Suite::Hybrid);
    let device = world.uri(bob);
    world.devices[bob].deaf = true;
    world.say(alice, &room, "late");
    world.say(alice, &room, "too late");
    world.run();
    let mailbox = world.hub.mailboxes.get_mut(&device).unwrap();
    let (too_late, late) = (mailbox.pop().unwrap(), mailbox.pop().unwrap());
    world.act(alice, |client, now| client.rename_room(&room, "Coffee", now));
    world.run();
    world.hub.post(&device, late.body);
    world.act(alice, |client, now| client.rename_room(&room, "Milk", now));
    world.run();
    world.hub.post(&device, too_late.body);
    world.devices[bob].deaf = false;
    world.events(bob);
    world.run();
    assert_eq!(world.texts(bob, &room), ["late"]);
    let gone = |event: &Event| matches!(event, Event::Refused { reason: Refusal::EpochGone { .. }, .. });
    assert!(world.events(bob).iter().any(gone));
}

#[test]
fn two_committers_at_once_both_get_their_way() {
    let mut world = World::new();
    let (alice, bob) = (world.person("alice"), world.person("bob"));
    let (carol, dave) = (world.person("carol"), world.person("dave"));
    let room = world.create(alice, &[bob], Suite::Hybrid);
    let user = world.user(bob);
    world.act(alice, |client, now| client.make_admin(&room, &user, now));
    world.run();
    let (carol_user, dave_user) = (world.user(carol), world.user(dave));
    // Both make their commit before either hears of the other's.
    world.act(alice, |client, now| client.add_people(&room, &[carol_user], now));
    world.act(bob, |client, now| client.add_people(&room, &[dave_user], now));
    world.run();
    world.pass(120_000);
    for at in [alice, bob, carol, dave] {
        let view = world.devices[at].client.room(&room).unwrap().unwrap();
        assert_eq!(view.participants.len(), 4, "{at}");
        assert_eq!(view.epoch, world.hub.rooms[&room].group.group_context().epoch().as_u64());
    }
    world.say(carol, &room, "hello");
    world.run();
    assert_eq!(world.texts(dave, &room), ["hello"]);
}

#[test]
fn an_admin_s_role_is_taken_away_but_not_the_last_one_s() {
    let mut world = World::new();
    let (alice, bob) = (world.person("alice"), world.person("bob"));
    let room = world.create(alice, &[bob], Suite::Hybrid);
    let (a, b) = (world.user(alice), world.user(bob));
    let now = world.now;
    let refused = world.devices[alice].client.take_admin(&room, &a, now).err();
    assert!(matches!(refused, Some(trefoil_client::ClientError::NotAllowed)), "{refused:?}");
    world.act(alice, |client, now| client.make_admin(&room, &b, now));
    world.run();
    // Either of them can, of oneself too.
    world.act(bob, |client, now| client.take_admin(&room, &a, now));
    world.run();
    for at in [alice, bob] {
        let view = world.devices[at].client.room(&room).unwrap().unwrap();
        let role = |user| view.participants.iter().find(|person| person.user == user).unwrap().role;
        assert_eq!((role(a.clone()), role(b.clone())), (Role::MEMBER, Role::ADMIN), "{at}");
    }
    let told =
        |event: &Event| matches!(event, Event::RoleChanged { user, role: Role::MEMBER, .. } if *user == a);
    assert!(world.events(alice).iter().any(told));
    let refused = world.devices[alice].client.rename_room(&room, "Mine", now).err();
    assert!(matches!(refused, Some(trefoil_client::ClientError::NotAllowed)), "{refused:?}");
    // Two who take each other's away at once leave one.
    world.act(bob, |client, now| client.make_admin(&room, &a, now));
    world.run();
    world.act(alice, |client, now| client.take_admin(&room, &b, now));
    world.act(bob, |client, now| client.take_admin(&room, &a, now));
    world.run();
    world.pass(120_000);
    let view = world.devices[alice].client.room(&room).unwrap().unwrap();
    assert_eq!(view.participants.iter().filter(|person| person.role == Role::ADMIN).count(), 1);
}

#[test]
fn lost_answers_to_commits_and_messages_lose_and_double_nothing() {
    let mut world = World::new();
    let (alice, bob) = (world.person("alice"), world.person("bob"));
    let room = world.create(alice, &[bob], Suite::Hybrid);
    world.devices[alice].lose.extend(["update", "update"]);
    world.act(alice, |client, now| client.rename_room(&room, "Coffee", now));
    world.run();
    world.pass(120_000);
    world.pass(120_000);
    assert_eq!(world.devices[bob].client.room(&room).unwrap().unwrap().name, "Coffee");
    assert_eq!(world.epoch(alice, &room), world.epoch(bob, &room));

    world.devices[alice].lose_submissions = 1;
    world.say(alice, &room, "once");
    world.run();
    world.pass(120_000);
    let frames: Vec<_> = world.devices[alice]
        .submitted
        .iter()
        .filter_map(|frame| match frame {
            trefoil_proto::frame::ClientFrame::Submit { request, .. } => Some(request.app_message.clone()),
            _ => None,
        })
        .collect();
    assert_eq!(frames[frames.len() - 2], frames[frames.len() - 1], "the same ciphertext was sent again");
    assert_eq!(world.texts(bob, &room), ["once"]);
    assert_eq!(world.texts(alice, &room), ["once"]);
    assert_eq!(world.devices[alice].client.outbox_len(&room).unwrap(), 0);
}

#[test]
fn a_message_whose_epoch_is_over_is_encrypted_again() {
    let mut world = World::new();
    let (alice, bob) = (world.person("alice"), world.person("bob"));
    let room = world.create(alice, &[bob], Suite::Hybrid);
    world.devices[bob].deaf = true;
    world.act(alice, |client, now| client.rename_room(&room, "Coffee", now));
    world.run();
    world.say(bob, &room, "from the old epoch");
    world.run();
    assert_eq!(world.texts(alice, &room), [""; 0]);
    world.devices[bob].deaf = false;
    world.run();
    world.pass(1);
    assert_eq!(world.texts(alice, &room), ["from the old epoch"]);
}

#[test]
fn a_device_that_lost_its_keys_joins_again() {
    let mut world = World::new();
    let (alice, bob) = (world.person("alice"), world.person("bob"));
    let room = world.create(alice, &[bob], Suite::Hybrid);
    world.act(bob, |client, now| client.join(&room, now));
    world.run();
    world.say(alice, &room, "welcome back");
    world.run();
    assert_eq!(world.texts(bob, &room), ["welcome back"]);
    assert_eq!(world.hub.members(&room).len(), 2);
}

#[test]
fn whoever_is_removed_reads_no_further() {
    let mut world = World::new();
    let (alice, bob, carol) = (world.person("alice"), world.person("bob"), world.person("carol"));
    let room = world.create(alice, &[bob, carol], Suite::Hybrid);
    let user = world.user(bob);
    world.act(alice, |client, now| client.remove_people(&room, &[user], now));
    world.run();
    assert!(world.events(bob).iter().any(|event| matches!(event, Event::RoomLeft { .. })));
    assert!(world.events(carol).iter().any(|event| matches!(event, Event::MemberRemoved { .. })));
    world.say(alice, &room, "without bob");
    world.run();
    assert_eq!(world.texts(carol, &room), ["without bob"]);
    // Even if the hub hands it to the removed.
    let body = world.hub.mailboxes[&world.uri(carol)].last().unwrap().body.clone();
    let device = world.uri(bob);
    world.hub.post(&device, body);
    world.run();
    assert_eq!(world.texts(bob, &room), [""; 0]);
    assert_eq!(world.devices[bob].client.room(&room).unwrap().unwrap().state, RoomState::Left);
    let draft = compose::text("still here", &[]).unwrap();
    let now = world.now;
    assert!(world.devices[bob].client.send(&room, draft, now).is_err());
}

#[test]
fn leaving_is_proposed_and_committed_by_another() {
    let mut world = World::new();
    let (alice, bob, carol) = (world.person("alice"), world.person("bob"), world.person("carol"));
    let room = world.create(alice, &[bob, carol], Suite::Hybrid);
    // The only admin leaves: somebody else becomes one.
    world.act(alice, |client, now| client.leave(&room, now));
    world.run();
    world.pass(120_000);
    assert!(world.events(alice).iter().any(|event| matches!(event, Event::RoomLeft { .. })));
    let view = world.devices[bob].client.room(&room).unwrap().unwrap();
    assert_eq!(view.participants.len(), 2);
    assert!(view.participants.iter().any(|participant| participant.role == Role::ADMIN));
    world.say(bob, &room, "she left");
    world.run();
    assert_eq!(world.texts(carol, &room), ["she left"]);
    assert_eq!(world.texts(alice, &room), [""; 0]);
}

#[test]
fn someone_who_cannot_be_added_is_named_and_the_others_are_added() {
    let mut world = World::new();
    let (alice, bob) = (world.person("alice"), world.person("bob"));
    let nobody = "mimi://a.test/u/nobody".parse().unwrap();
    let people = [nobody, world.user(bob)];
    let now = world.now;
    let (room, step) = world.devices[alice].client.create_room("Tea", &people, now).unwrap();
    let outcome = step.commit().unwrap();
    world.take(alice, outcome);
    world.run();
    let refused = |event: &Event| matches!(event, Event::ChangeRefused { reason: ChangeRefusal::Unavailable(user), .. } if *user == people[0]);
    assert!(world.events(alice).iter().any(refused));
    assert_eq!(world.devices[bob].client.room(&room).unwrap().unwrap().participants.len(), 2);
}

#[test]
fn a_late_answer_is_not_taken_for_that_to_the_next_change() {
    let mut world = World::new();
    let (alice, bob) = (world.person("alice"), world.person("bob"));
    let room = world.create(alice, &[bob], Suite::Hybrid);
    world.devices[alice].delay.push_back("update");
    world.act(alice, |client, now| client.rename_room(&room, "Coffee", now));
    world.run();
    assert_eq!(
        world.devices[alice].client.room(&room).unwrap().unwrap().name,
        "Coffee",
        "the mailbox says so"
    );
    // The next change is lost on its way, and then the answer to the first one comes.
    world.devices[alice].lose.push_back("update");
    world.hub.deaf = true;
    world.act(alice, |client, now| client.rename_room(&room, "Water", now));
    world.run();
    world.hub.deaf = false;
    world.catch_up_with_answers(alice);
    world.pass(120_000);
    assert_eq!(world.devices[bob].client.room(&room).unwrap().unwrap().name, "Water");
    assert!(world.devices[alice].client.is_idle());

    // The same for proposals to leave.
    world.devices[bob].delay.push_back("update");
    world.act(bob, |client, now| client.leave(&room, now));
    world.devices[alice].deaf = true;
    world.run();
    world.act(alice, |client, now| client.rename_room(&room, "Milk", now));
    world.devices[alice].deaf = false;
    world.run();
    world.catch_up_with_answers(bob);
    world.pass(120_000);
    assert_eq!(world.devices[bob].client.room(&room).unwrap().unwrap().state, RoomState::Left);
}

#[test]
fn what_comes_after_asking_to_leave_is_read_and_answered_by_nothing() {
    let mut world = World::new();
    let (alice, bob) = (world.person("alice"), world.person("bob"));
    let room = world.create(alice, &[bob], Suite::Hybrid);
    world.act(bob, |client, now| client.set_display_name("Bob", now));
    world.run();
    // Nobody commits it for now.
    world.devices[alice].deaf = true;
    world.act(bob, |client, now| client.leave(&room, now));
    world.run();
    world.say(alice, &room, "do not go");
    world.run();
    assert_eq!(world.texts(bob, &room), ["do not go"]);
    world.crash(bob);
    world.run();
    // Added, spoken to and removed in one delivery.
    let carol = world.person("carol");
    world.act(carol, |client, now| client.set_display_name("Carol", now));
    world.devices[alice].deaf = false;
    world.run();
    world.pass(120_000);
    world.devices[carol].deaf = true;
    let user = world.user(carol);
    world.act(alice, |client, now| client.add_people(&room, std::slice::from_ref(&user), now));
    world.run();
    world.say(alice, &room, "hello and goodbye");
    world.run();
    world.act(alice, |client, now| client.remove_people(&room, &[user], now));
    world.run();
    world.devices[carol].deaf = false;
    world.run();
    assert_eq!(world.texts(carol, &room), ["hello and goodbye"]);
    assert_eq!(world.devices[carol].client.room(&room).unwrap().unwrap().state, RoomState::Left);
}

#[test]
fn a_service_that_refuses_a_proposal_to_leave_is_asked_once() {
    let mut world = World::new();
    let (alice, bob) = (world.person("alice"), world.person("bob"));
    let room = world.create(alice, &[bob], Suite::Hybrid);
    world.hub.refuse_updates = true;
    world.act(bob, |client, now| client.leave(&room, now));
    world.run();
    let refused = |event: &Event| matches!(event, Event::ChangeRefused { .. });
    assert_eq!(world.events(bob).iter().filter(|event| refused(event)).count(), 1);
    assert_eq!(world.devices[bob].client.room(&room).unwrap().unwrap().state, RoomState::Open);
    assert!(world.devices[bob].client.is_idle());
    world.hub.refuse_updates = false;
    world.say(bob, &room, "then I stay");
    world.run();
    assert_eq!(world.texts(alice, &room), ["then I stay"]);
}

#[test]
fn whoever_has_asked_to_leave_has_nothing_left_to_do() {
    let mut world = World::new();
    let (alice, bob) = (world.person("alice"), world.person("bob"));
    let room = world.create(alice, &[bob], Suite::Hybrid);
    // Nobody is there to commit it.
    world.devices[alice].deaf = true;
    world.act(bob, |client, now| client.leave(&room, now));
    world.run();
    let view = world.devices[bob].client.room(&room).unwrap().unwrap();
    assert_eq!((view.state, view.changing), (RoomState::Leaving, false));
    assert!(world.devices[bob].client.is_idle());
    world.devices[alice].deaf = false;
    world.run();
    world.pass(120_000);
    assert_eq!(world.devices[bob].client.room(&room).unwrap().unwrap().state, RoomState::Left);
}

#[test]
fn somebody_whose_service_is_away_is_given_up_and_the_others_are_added() {
    let mut world = World::new();
    let (alice, bob) = (world.person("alice"), world.person("bob"));
    world.hub.away.push("away.test".parse().unwrap());
    let stranger: trefoil_proto::UserUri = "mimi://away.test/u/somebody".parse().unwrap();
    let people = [stranger.clone(), world.user(bob)];
    let now = world.now;
    let (room, step) = world.devices[alice].client.create_room("Tea", &people, now).unwrap();
    let outcome = step.commit().unwrap();
    world.take(alice, outcome);
    world.run();
    let refused = |event: &Event| matches!(event, Event::ChangeRefused { reason: ChangeRefusal::OutOfReach(user), .. } if *user == stranger);
    assert!(!world.events(alice).iter().any(refused), "a service may be away for a moment");
    for _ in 0..8 {
        world.pass(60_000);
    }
    let told = world.events(alice).into_iter().filter(refused).count();
    assert_eq!(told, 1);
    assert_eq!(world.devices[bob].client.room(&room).unwrap().unwrap().participants.len(), 2);
    assert!(world.devices[alice].client.is_idle(), "nothing waits for the service that is away");
}

#[test]
fn past_what_a_service_allows_the_person_is_told_from_when_on_and_the_others_are_added() {
    let mut world = World::new();
    let (alice, bob, carl) = (world.person("alice"), world.person("bob"), world.person("carl"));
    let carls = world.user(carl);
    world.hub.enough.push(carls.clone());
    let (people, now) = ([carls.clone(), world.user(bob)], world.now);
    let (room, step) = world.devices[alice].client.create_room("Tea", &people, now).unwrap();
    let outcome = step.commit().unwrap();
    world.take(alice, outcome);
    world.run();
    let told: Vec<_> = world
        .events(alice)
        .into_iter()
        .filter_map(|event| match event {
            Event::ChangeRefused { reason: ChangeRefusal::TooManyNewPeople { user, until }, .. } => {
                Some((user, until))
            }
            _ => None,
        })
        .collect();
    let [(user, until)] = &told[..] else { panic!("{told:?}") };
    assert_eq!(*user, carls);
    assert!(*until >= now.plus_millis(60_000), "{until:?}");
    let view = world.devices[alice].client.room(&room).unwrap().unwrap();
    assert_eq!((view.participants.len(), view.changing), (2, false));
}
