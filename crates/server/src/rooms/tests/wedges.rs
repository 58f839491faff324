//! What a member's altered client might hand in so that the hub and the members part, or so that a room stands still or
//! grows without end.

use super::*;
use crate::clock::{Clock as _, SystemClock};
use openmls::prelude::{
    AppDataDictionary, AppDataDictionaryExtension, BasicCredential, CredentialWithKey, Extension, Extensions,
    Lifetime, SafeAadItem,
};
use openmls_traits::OpenMlsProvider as _;
use trefoil_proto::{
    credential::DeviceAuthorisation,
    franking::FRANK_AAD,
    limits,
    mls::RatchetTree,
    room::{IndexRolePair, ParticipantListUpdate, Role},
};

/// Alice, an admin, at the hub, and Bob, a member, elsewhere.
async fn pair() -> (Hub, [Person; 2], [Device; 2]) {
    let hub = Hub::new();
    let people = [Person::new("hub.test", "alice"), Person::new("other.test", "bob")];
    let (mut a, mut b) = (people[0].device("1"), people[1].device("1"));
    hub.room_of(&[&people[0], &people[1]], &mut [&mut a, &mut b]).await;
    (hub, people, [a, b])
}

async fn catch_up(hub: &Hub, device: &mut Device) {
    for event in hub.events_for(&device.uri).await {
        device.receive(&event);
    }
    hub.drop_mail(&device.uri).await;
}

async fn pending(hub: &Hub) -> usize {
    hub.rooms.room(&hub.room).await.unwrap().live.lock().await.pending.len()
}

/// A member replaces its own leaf under another account's key, which the others would refuse.
#[tokio::test]
async fn an_external_commit_keeps_the_account_key_of_the_leaf_that_it_replaces() {
    let (hub, [_, bob], [mut a, mut b]) = pair().await;
    let room = hub.rooms.room(&hub.room).await.unwrap();
    let (info, tree) = {
        let live = room.live.lock().await;
        (live.group_info.clone(), live.group.ratchet_tree().unwrap())
    };
    let join = async |b: &mut Device, info, tree: &RatchetTree| {
        b.provider = Default::default();
        let request = b.join(info, tree);
        hub.update(b, request).await
    };
    let own = b.authorisation.clone();
    let other = Person::new("other.test", "mallory");
    b.authorisation = DeviceAuthorisation::sign(&other.key, &b.uri, b.signer.public());
    assert_eq!(join(&mut b, &info, &tree).await, UpdateOutcome::NotAllowed);
    assert!(hub.events_for(&a.uri).await.is_empty());
    b.authorisation = own;
    assert_eq!(own_key(&b), bob.key.verifying_key().to_bytes());
    assert_eq!(join(&mut b, &info, &tree).await, success());
    catch_up(&hub, &mut a).await;
    assert_eq!(a.group().epoch(), b.group().epoch());
}

fn own_key(device: &Device) -> [u8; 32] {
    device.authorisation.account_key.0
}

#[tokio::test]
async fn a_device_leaves_by_self_remove_and_by_nothing_else() {
    let (hub, _, [_, mut b]) = pair().await;
    let own = b.index_of(&b.uri.clone());
    let removal = b.propose_removal(own);
    assert_eq!(hub.update(&b, removal).await, UpdateOutcome::NotAllowed);
    assert_eq!(pending(&hub).await, 0);
    let leaving = b.leave();
    assert_eq!(hub.update(&b, leaving).await, success());
    assert_eq!(pending(&hub).await, 1);
}

/// Members could not commit two of one device, and others would find the places taken.
#[tokio::test]
async fn a_device_leaves_once_an_epoch() {
    let (hub, _, [mut a, mut b]) = pair().await;
    let first = b.leave();
    b.group.as_mut().unwrap().set_safe_aad(vec![SafeAadItem::new(FRANK_AAD, vec![1])]).unwrap();
    let second = b.leave();
    assert_ne!(first, second);
    for request in [&first, &second, &first] {
        assert_eq!(hub.update(&b, request.clone()).await, success());
    }
    assert_eq!(pending(&hub).await, 1);
    assert_eq!(hub.events_for(&a.uri).await.len(), 1);
    // The same across a restart, and the proposal can be committed.
    let hub = hub.again();
    assert_eq!(hub.update(&b, second).await, success());
    assert_eq!(pending(&hub).await, 1);
    catch_up(&hub, &mut a).await;
    let update = ParticipantListUpdate { removed: vec![1], ..Default::default() };
    let commit = a.commit(vec![], vec![], Some(update));
    assert_eq!(hub.update(&a, commit).await, success());
}

/// Whoever commits takes those who left off the list, which must leave an admin: two who go at once would leave a
/// proposal that nobody could commit, and so nobody could commit at all.
#[tokio::test]
async fn the_last_admin_does_not_leave_before_naming_another() {
    let (hub, _, [mut a, mut b]) = pair().await;
    let leaving = a.leave();
    assert_eq!(hub.update(&a, leaving).await, UpdateOutcome::NotAllowed);
    a.group.as_mut().unwrap().clear_pending_proposals(a.provider.storage()).unwrap();
    let promote = IndexRolePair { index: 1, role: Role::ADMIN };
    let commit = a.commit(
        vec![],
        vec![],
        Some(ParticipantListUpdate { changed: vec![promote], ..Default::default() }),
    );
    assert_eq!(hub.update(&a, commit).await, success());
    a.merge();
    catch_up(&hub, &mut b).await;
    let (first, second) = (a.leave(), b.leave());
    assert_eq!(hub.update(&a, first).await, success());
    // Nobody would remain but the two, so the second may go as well.
    assert_eq!(hub.update(&b, second).await, success());
}

#[tokio::test]
async fn of_two_admins_who_leave_at_once_the_second_stays_while_there_are_members() {
    let hub = Hub::new();
    let people = ["alice", "bob", "carol"].map(|name| Person::new("hub.test", name));
    let [mut a, mut b, mut c] = people.each_ref().map(|person| person.device("1"));
    hub.room_of(&people.each_ref(), &mut [&mut a, &mut b, &mut c]).await;
    let promote = IndexRolePair { index: 1, role: Role::ADMIN };
    let commit = a.commit(
        vec![],
        vec![],
        Some(ParticipantListUpdate { changed: vec![promote], ..Default::default() }),
    );
    assert_eq!(hub.update(&a, commit).await, success());
    a.merge();
    catch_up(&hub, &mut b).await;
    catch_up(&hub, &mut c).await;
    let (first, second) = (a.leave(), b.leave());
    assert_eq!(hub.update(&a, first).await, success());
    assert_eq!(hub.update(&b, second).await, UpdateOutcome::NotAllowed);
    // What was taken can be committed by anyone who stays.
    catch_up(&hub, &mut c).await;
    let update = ParticipantListUpdate { removed: vec![0], ..Default::default() };
    let commit = c.commit(vec![], vec![], Some(update));
    assert_eq!(hub.update(&c, commit).await, success());
}

/// A member who was away would find the key package expired, and refuse what the others took.
#[tokio::test]
async fn a_key_package_lives_longer_than_a_mailbox_waits() {
    let (hub, _, [mut a, _]) = pair().await;
    let carol = Person::new("hub.test", "carol");
    let c = carol.device("1");
    hub.register(&c);
    // MLS reads the clock by itself.
    let seconds = SystemClock.now().0 / 1000;
    let now = Timestamp(seconds * 1000);
    let origin = Origin::Device(a.uri.clone());
    for (life, outcome) in [
        (limits::KEY_PACKAGE_LEFT - 1, UpdateOutcome::NotAllowed),
        (limits::KEY_PACKAGE_LEFT + 3600, UpdateOutcome::Success { accepted_timestamp: now }),
    ] {
        let lifetime = Lifetime::init(seconds - 3600, seconds + life);
        let package = tailored(&c, lifetime, |_| {});
        hub.claim(&a, &c, &package, now);
        let commit = a.commit(vec![package], vec![], Some(adding(&[&carol])));
        let answer = hub.rooms.update(&origin, &hub.room, commit, now).await.unwrap();
        assert_eq!(answer.outcome, outcome);
        a.give_up();
    }
}

/// Everyone in the room would keep it for good.
#[tokio::test]
async fn a_leaf_carries_no_freight() {
    let (hub, _, [mut a, _]) = pair().await;
    let carol = Person::new("hub.test", "carol");
    let c = carol.device("1");
    hub.register(&c);
    for (freight, outcome) in [(limits::LEAF, UpdateOutcome::NotAllowed), (16, success())] {
        let package = tailored(&c, Lifetime::default(), |leaf| drop(leaf.insert(0x7777, vec![0; freight])));
        hub.claim(&a, &c, &package, NOW);
        let commit = a.commit(vec![package], vec![], Some(adding(&[&carol])));
        assert_eq!(hub.update(&a, commit).await, outcome, "{freight}");
        a.give_up();
    }
}

/// A key package with another lifetime and more in its leaf.
fn tailored(device: &Device, lifetime: Lifetime, change: impl FnOnce(&mut AppDataDictionary)) -> KeyPackage {
    let like = device.key_package(CLASSICAL);
    let mut dictionary = like.leaf_node().extensions().app_data_dictionary().unwrap().dictionary().clone();
    change(&mut dictionary);
    KeyPackage::builder()
        .leaf_node_capabilities(like.leaf_node().capabilities().clone())
        .leaf_node_extensions(
            Extensions::single(Extension::AppDataDictionary(AppDataDictionaryExtension::new(dictionary)))
                .unwrap(),
        )
        .key_package_lifetime(lifetime)
        .build(
            CLASSICAL,
            &device.provider,
            &device.signer,
            CredentialWithKey {
                credential: BasicCredential::new(device.uri.to_string().into_bytes()).into(),
                signature_key: device.signer.public().into(),
            },
        )
        .unwrap()
        .key_package()
        .clone()
}

/// What stands around a handshake goes to every mailbox of the room.
#[tokio::test]
async fn a_handshake_carries_no_freight_either() {
    let (hub, _, [mut a, mut b]) = pair().await;
    let invalid = UpdateOutcome::InvalidProposal { invalid_proposals: vec![] };
    let freight = |device: &mut Device| {
        let items = vec![SafeAadItem::new(FRANK_AAD, vec![0; 1000])];
        device.group.as_mut().unwrap().set_safe_aad(items).unwrap();
    };
    freight(&mut a);
    let commit = a.commit(vec![], vec![], None);
    assert_eq!(hub.update(&a, commit).await, invalid);
    a.give_up();
    freight(&mut b);
    let leaving = b.leave();
    assert_eq!(hub.update(&b, leaving).await, invalid);
    let commit = a.commit(vec![], vec![], None);
    assert_eq!(hub.update(&a, commit).await, success());
}

#[tokio::test]
async fn a_room_is_not_changed_without_end() {
    let (hub, _, [mut a, mut b]) = pair().await;
    let mut refused = 0;
    let mut by_a = a.commit(vec![], vec![], None);
    let waits = loop {
        match hub.rooms.update(&origin(&a), &hub.room, by_a, NOW).await {
            Ok(answer) => assert_eq!(answer.outcome, success()),
            Err(RoomsError::TooOften { retry_after_ms }) => break retry_after_ms,
            Err(other) => panic!("{other:?}"),
        }
        a.merge();
        refused += 1;
        assert!(refused < 200);
        by_a = a.commit(vec![], vec![], None);
    };
    assert!(refused >= 30, "{refused}: honest clients change rooms in bursts");
    a.give_up();
    // It goes on for the others, and for the same one later.
    for event in hub.events_for(&b.uri).await {
        b.receive(&event);
    }
    hub.drop_mail(&b.uri).await;
    let commit = b.commit(vec![], vec![], None);
    assert_eq!(hub.update(&b, commit).await, success());
    b.merge();
    let last = hub.events_for(&a.uri).await.pop().unwrap();
    a.receive(&last);
    let commit = a.commit(vec![], vec![], None);
    let later = NOW.plus_millis(waits.into());
    let answer = hub.rooms.update(&origin(&a), &hub.room, commit, later).await.unwrap();
    assert_eq!(answer.outcome, UpdateOutcome::Success { accepted_timestamp: later });
}

/// The same for those of another service, by device and not only by service.
#[tokio::test]
async fn devices_of_other_services_are_counted_one_by_one() {
    let (hub, _, [_, mut b]) = pair().await;
    let mut taken = 0;
    loop {
        let commit = b.commit(vec![], vec![], None);
        match hub.rooms.update(&origin(&b), &hub.room, commit, NOW).await {
            Ok(answer) => assert_eq!(answer.outcome, success()),
            Err(RoomsError::TooOften { .. }) => break,
            Err(other) => panic!("{other:?}"),
        }
        b.merge();
        taken += 1;
        assert!(taken < 100);
    }
}
