//! Commits and proposals: order, fan-out, and what is not valid.

use super::*;
use trefoil_proto::{
    mimi::{
        fanout::RoomEvent,
        update::{GroupInfoOption, RatchetTreeOption},
    },
    room::{ParticipantListUpdate, Role},
};

struct Tea {
    hub: Hub,
    bob: Person,
    a: Device,
    b: Device,
}

/// Alice (at the hub) and Bob (elsewhere) in one room.
async fn tea() -> Tea {
    let hub = Hub::new();
    let (alice, bob) = (Person::new("hub.test", "alice"), Person::new("other.test", "bob"));
    let (mut a, mut b) = (alice.device("1"), bob.device("1"));
    hub.room_of(&[&alice, &bob], &mut [&mut a, &mut b]).await;
    Tea { hub, bob, a, b }
}

fn kinds(events: &[FanoutMessage]) -> Vec<&'static str> {
    let kind = |event: &FanoutMessage| match event.event {
        RoomEvent::Application { .. } => "message",
        RoomEvent::Welcome { .. } => "welcome",
        RoomEvent::Proposal { .. } => "proposal",
        RoomEvent::Commit { .. } => "commit",
        RoomEvent::Removal(_) => "removal",
    };
    events.iter().map(kind).collect()
}

#[tokio::test]
async fn a_commit_reaches_everyone_and_a_welcome_those_who_come_in() {
    let Tea { hub, mut a, mut b, .. } = tea().await;
    let (carol, dora) = (Person::new("hub.test", "carol"), Person::new("third.test", "dora"));
    let (mut c, mut d) = (carol.device("1"), dora.device("1"));
    let packages = vec![hub.package(&a, &c), hub.package(&a, &d)];
    let commit = a.commit(packages, vec![], Some(adding(&[&carol, &dora])));
    assert_eq!(hub.update(&a, commit).await, success());
    a.merge();
    assert_eq!(kinds(&hub.events_for(&a.uri).await), ["commit"]);
    assert_eq!(kinds(&hub.events_for(&b.uri).await), ["commit"]);
    assert_eq!(kinds(&hub.events_for(&c.uri).await), ["welcome"]);
    assert_eq!(kinds(&hub.events_for(&d.uri).await), ["welcome"]);
    for device in [&mut b, &mut c, &mut d] {
        for event in hub.events_for(&device.uri).await {
            device.receive(&event);
        }
        assert_eq!(device.group().epoch(), a.group().epoch());
        assert_eq!(device.participants(), a.participants());
    }
    let message = d.message(b"good day");
    assert!(matches!(hub.submit(&d, message).await.unwrap(), SubmitMessageResponse::Accepted { .. }));
    for device in [&mut a, &mut b, &mut c] {
        let last = hub.events_for(&device.uri).await.pop().unwrap();
        assert_eq!(device.receive(&last).unwrap(), b"good day");
    }
}

#[tokio::test]
async fn the_second_of_two_commits_is_too_late_and_a_replay_is_as_well() {
    let Tea { hub, mut a, mut b, .. } = tea().await;
    let (first, second) = (a.commit(vec![], vec![], None), b.commit(vec![], vec![], None));
    assert_eq!(hub.update(&a, first.clone()).await, success());
    let late = UpdateOutcome::WrongEpoch { current_epoch: 2 };
    assert_eq!(hub.update(&b, second).await, late);
    assert_eq!(hub.update(&a, first).await, late);
    assert_eq!(kinds(&hub.events_for(&b.uri).await), ["commit"]);
}

#[tokio::test]
async fn many_commits_at_once_leave_exactly_one() {
    let Tea { hub, mut a, mut b, .. } = tea().await;
    let (first, second) = (a.commit(vec![], vec![], None), b.commit(vec![], vec![], None));
    let (first, second) = tokio::join!(hub.update(&a, first), hub.update(&b, second));
    let won = [&first, &second].iter().filter(|outcome| ***outcome == success()).count();
    assert_eq!(won, 1, "{first:?} {second:?}");
}

#[tokio::test]
async fn a_removed_device_is_told_and_then_no_longer() {
    let Tea { hub, mut a, mut b, .. } = tea().await;
    let gone = a.index_of(&b.uri);
    let update = ParticipantListUpdate { removed: vec![1], ..Default::default() };
    let commit = a.commit(vec![], vec![gone], Some(update));
    assert_eq!(hub.update(&a, commit).await, success());
    a.merge();
    let last = b.message(b"one more thing");
    assert_eq!(kinds(&hub.events_for(&b.uri).await), ["commit"]);
    assert_eq!(hub.submit(&b, last).await.unwrap(), SubmitMessageResponse::NotAllowed);
    let message = a.message(b"alone now");
    hub.submit(&a, message).await.unwrap();
    assert_eq!(kinds(&hub.events_for(&b.uri).await), ["commit"]);
}

#[tokio::test]
async fn a_member_adds_nobody_and_removes_nobody() {
    let Tea { hub, a, mut b, .. } = tea().await;
    let carol = Person::new("hub.test", "carol");
    let c = carol.device("1");
    let commit = b.commit(vec![hub.package(&b, &c)], vec![], Some(adding(&[&carol])));
    assert_eq!(hub.update(&b, commit).await, UpdateOutcome::NotAllowed);
    b.give_up();
    let index = b.index_of(&a.uri);
    let commit =
        b.commit(vec![], vec![index], Some(ParticipantListUpdate { removed: vec![0], ..Default::default() }));
    assert_eq!(hub.update(&b, commit).await, UpdateOutcome::NotAllowed);
    b.give_up();
    let promote = trefoil_proto::room::IndexRolePair { index: 1, role: Role::ADMIN };
    let commit = b.commit(
        vec![],
        vec![],
        Some(ParticipantListUpdate { changed: vec![promote], ..Default::default() }),
    );
    assert_eq!(hub.update(&b, commit).await, UpdateOutcome::NotAllowed);
    assert!(hub.events_for(&c.uri).await.is_empty());
}

#[tokio::test]
async fn a_member_adds_a_device_of_their_own() {
    let Tea { hub, bob, mut b, .. } = tea().await;
    let second = bob.device("2");
    let commit = b.commit(vec![hub.package(&b, &second)], vec![], None);
    assert_eq!(hub.update(&b, commit).await, success());
    assert_eq!(kinds(&hub.events_for(&second.uri).await), ["welcome"]);
}

#[tokio::test]
async fn leaving_takes_a_proposal_and_somebody_elses_commit() {
    let Tea { hub, mut a, mut b, .. } = tea().await;
    let leaving = b.leave();
    assert_eq!(hub.update(&b, leaving.clone()).await, success());
    assert_eq!(hub.update(&b, leaving).await, success(), "repeated");
    let events = hub.events_for(&a.uri).await;
    assert_eq!(kinds(&events), ["proposal"]);
    a.receive(&events[0]);
    // Without taking him off the list, nothing is wrong either: he has no device, and is told so by the list.
    let commit =
        a.commit(vec![], vec![], Some(ParticipantListUpdate { removed: vec![1], ..Default::default() }));
    assert_eq!(hub.update(&a, commit).await, success());
    a.merge();
    assert_eq!(a.group().members().count(), 1);
    assert_eq!(hub.rooms.room(&hub.room).await.unwrap().view().devices.local.len(), 1);
    assert!(hub.rooms.room(&hub.room).await.unwrap().view().devices.remote.is_empty());
}

#[tokio::test]
async fn nobody_proposes_anything_but_to_leave() {
    let Tea { hub, a, mut b, .. } = tea().await;
    let index = b.index_of(&a.uri);
    let removal = b.propose_removal(index);
    assert_eq!(hub.update(&b, removal).await, UpdateOutcome::NotAllowed);
    assert!(hub.events_for(&a.uri).await.is_empty());
}

#[tokio::test]
async fn a_commit_needs_its_own_group_info_and_its_own_welcome() {
    let Tea { hub, mut a, .. } = tea().await;
    let carol = Person::new("hub.test", "carol");
    let invalid = UpdateOutcome::InvalidProposal { invalid_proposals: vec![] };
    let UpdateRequest::Commit { group_info: old_info, .. } = a.commit(vec![], vec![], None) else { panic!() };
    a.give_up();
    let add = |a: &mut Device| {
        let package = hub.package(a, &carol.device("1"));
        let UpdateRequest::Commit { commit, welcome, group_info, .. } =
            a.commit(vec![package], vec![], Some(adding(&[&carol])))
        else {
            panic!()
        };
        (commit, welcome, group_info)
    };
    let request = |commit, welcome, group_info| UpdateRequest::Commit {
        commit,
        welcome,
        group_info,
        ratchet_tree: RatchetTreeOption::DistributionService,
    };
    let (_, other_welcome, other_info) = add(&mut a);
    a.give_up();
    let (commit, welcome, info) = add(&mut a);
    for (welcome, info) in [
        (None, info.clone()),
        (other_welcome, info.clone()),
        (welcome.clone(), old_info.clone()),
        (welcome.clone(), other_info),
        (welcome.clone(), spoiled(&info, 3)),
        (welcome.clone(), spoiled(&info, 70)),
        (welcome.clone(), spoiled(&info, 90)),
    ] {
        assert_eq!(hub.update(&a, request(commit.clone(), welcome, info)).await, invalid);
    }
    assert_eq!(hub.update(&a, request(commit, welcome.clone(), info)).await, success());
    // A Welcome for nobody.
    a.merge();
    let UpdateRequest::Commit { commit, group_info, .. } = a.commit(vec![], vec![], None) else { panic!() };
    assert_eq!(hub.update(&a, request(commit, welcome, group_info)).await, invalid);
}

/// Flips a bit, counted from the end.
fn spoiled(info: &GroupInfoOption, from_end: usize) -> GroupInfoOption {
    let GroupInfoOption::Full(info) = info;
    let mut bytes = info.as_bytes().to_vec();
    let at = bytes.len() - from_end;
    bytes[at] ^= 1;
    GroupInfoOption::Full(bytes.try_into().unwrap())
}

#[tokio::test]
async fn metadata_is_an_admins_to_change_and_other_components_nobodys() {
    use tls_codec::Serialize as _;
    use trefoil_proto::room::{ROLES_LIST, ROOM_METADATA, RoomMetadata};
    let Tea { hub, mut a, mut b, .. } = tea().await;
    let named = |room: &RoomUri| {
        RoomMetadata::named(room.clone(), "Coffee".parse().unwrap()).tls_serialize_detached().unwrap()
    };
    let (own, other) = (named(&hub.room), named(&"mimi://hub.test/r/other".parse().unwrap()));
    let invalid = UpdateOutcome::InvalidProposal { invalid_proposals: vec![] };
    for (device, id, value, outcome) in [
        (&mut b, ROOM_METADATA, &own, UpdateOutcome::NotAllowed),
        (&mut a, ROOM_METADATA, &other, invalid.clone()),
    ] {
        let commit = device.commit_components(vec![], vec![], vec![(id, value.clone(), value.clone())]);
        assert_eq!(hub.update(device, commit).await, outcome);
        device.give_up();
    }
    let commit = a.commit_components(vec![], vec![], vec![(ROLES_LIST, vec![1], vec![1])]);
    assert_eq!(hub.update(&a, commit).await, invalid);
    a.give_up();
    let commit = a.commit_components(vec![], vec![], vec![(ROOM_METADATA, own.clone(), own)]);
    assert_eq!(hub.update(&a, commit).await, success());
    b.receive(&hub.events_for(&b.uri).await[0]);
}

#[tokio::test]
async fn another_service_does_not_speak_for_our_people() {
    let Tea { hub, bob: _, mut a, mut b } = tea().await;
    let by_alice = a.commit(vec![], vec![], None);
    let by_bob = b.commit(vec![], vec![], None);
    let update = |origin: Origin, request: UpdateRequest| {
        let rooms = hub.rooms.clone();
        let room = hub.room.clone();
        async move { rooms.update(&origin, &room, request, NOW).await }
    };
    let third = Origin::Peer("third.test".parse().unwrap());
    let other = Origin::Peer("other.test".parse().unwrap());
    assert!(matches!(update(other, by_alice.clone()).await, Err(RoomsError::WrongOrigin)));
    assert!(matches!(update(third, by_bob.clone()).await, Err(RoomsError::WrongOrigin)));
    let outcome = update(Origin::Device(a.uri.clone()), by_bob.clone()).await.unwrap().outcome;
    assert_eq!(outcome, UpdateOutcome::NotAllowed);
    let incidents = hub.federation.incidents().await.unwrap();
    assert_eq!(
        incidents.iter().filter_map(|incident| Some(incident.from.as_ref()?.as_str())).collect::<Vec<_>>(),
        ["other.test", "third.test"]
    );
    assert_eq!(hub.update(&b, by_bob).await, success());
}

#[tokio::test]
async fn whom_the_service_bars_commits_nothing_and_is_removed_by_others() {
    let Tea { hub, mut a, mut b, .. } = tea().await;
    let barred = b.uri.user_uri();
    hub.rooms.bar(Box::new(move |user, _| *user == barred));
    let by_bob = b.commit(vec![], vec![], None);
    assert_eq!(hub.update(&b, by_bob).await, UpdateOutcome::NotAllowed);
    b.give_up();
    let update = ParticipantListUpdate { removed: vec![1], ..Default::default() };
    let leaf = a.index_of(&b.uri);
    let commit = a.commit(vec![], vec![leaf], Some(update));
    assert_eq!(hub.update(&a, commit).await, success());
}
