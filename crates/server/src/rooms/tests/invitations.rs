//! Invitations at the hub: who is given the room's state, and whose external commit is taken.

use super::{ghosts::ask_with, *};
use ed25519_dalek::SigningKey;
use trefoil_proto::{
    mimi::{group_info::GroupInfoRatchetTreeTbe, update::RatchetTreeOption},
    room::{
        INVITATIONS, Invitation, InvitationUse, InvitationUseTbs, Invitations, InvitationsUpdate,
        PARTICIPANT_LIST, ParticipantList,
    },
};

const LATER: Timestamp = Timestamp(NOW.0 + 60_000);

struct Invited {
    hub: Hub,
    a: Device,
    b: Device,
    key: SigningKey,
    open: Invitations,
}

/// Alice, an admin at the hub, and Bob from elsewhere; Alice made an invitation for two.
async fn invited() -> Invited {
    let hub = Hub::new();
    let (alice, bob) = (Person::new("hub.test", "alice"), Person::new("other.test", "bob"));
    let (mut a, mut b) = (alice.device("1"), bob.device("1"));
    hub.room_of(&[&alice, &bob], &mut [&mut a, &mut b]).await;
    let key = SigningKey::from_bytes(&[9; 32]);
    let public = key.verifying_key().to_bytes();
    let made = vec![Invitation { key: public, by: alice.user.clone(), left: 2, not_after: LATER }];
    let update = InvitationsUpdate::Change { made, taken_back: Vec::new() };
    let open = Invitations::default().apply(&update).unwrap();
    let commit = a.commit_components(vec![], vec![], vec![(INVITATIONS, update.encode(), open.encode())]);
    assert_eq!(hub.update(&a, commit).await, success());
    a.merge();
    for event in hub.events_for(&b.uri).await {
        b.receive(&event);
    }
    for device in [&a, &b] {
        hub.drop_mail(&device.uri).await;
    }
    Invited { hub, a, b, key, open }
}

impl Invited {
    fn used_by(&self, device: &Device) -> InvitationUse {
        let (room, account_key) = (self.hub.room.clone(), device.authorisation.account_key);
        InvitationUse::sign(&self.key, &InvitationUseTbs { room, device: device.uri.clone(), account_key })
    }

    async fn ask(
        &self,
        device: &Device,
        used: &InvitationUse,
        now: Timestamp,
    ) -> Option<GroupInfoRatchetTreeTbe> {
        ask_with(&self.hub, device, used.encode(), now).await
    }

    /// The commit by which a device comes in.
    fn join(
        &self,
        device: &mut Device,
        found: &GroupInfoRatchetTreeTbe,
        used: InvitationUse,
        list: &ParticipantList,
    ) -> UpdateRequest {
        let RatchetTreeOption::Full(tree) = &found.ratchet_tree else { panic!("no tree") };
        let list_update = InvitationUse::list_update(device.uri.user_uri());
        let update = InvitationsUpdate::Use(used);
        let components = vec![
            (PARTICIPANT_LIST, list_update.encode(), list.apply(&list_update).unwrap().encode()),
            (INVITATIONS, update.encode(), self.open.apply(&update).unwrap().encode()),
        ];
        device.join_with(&found.group_info, tree, components)
    }
}

#[tokio::test]
async fn who_holds_an_invitation_is_given_the_rooms_state_and_comes_in() {
    let mut set = invited().await;
    let (eve, dora) = (Person::new("third.test", "eve"), Person::new("hub.test", "dora"));
    let (mut e, d) = (eve.device("1"), dora.device("1"));
    set.hub.register(&d);
    let used = set.used_by(&e);
    // Slowly: a hub gives a room's state only so often.
    let at = |seconds: u64| NOW.plus_millis(seconds * 10_000);
    assert!(ask_with(&set.hub, &e, Vec::new(), at(0)).await.is_none(), "without an invitation");
    assert!(set.ask(&d, &used, at(1)).await.is_none(), "with somebody else's proof");
    let found = set.ask(&e, &used, at(2)).await.unwrap();
    let list = set.a.participants();
    let request = set.join(&mut e, &found, used.clone(), &list);
    let outcome = set.hub.rooms.update(&origin(&e), &set.hub.room, request, at(3)).await.unwrap().outcome;
    assert_eq!(outcome, UpdateOutcome::Success { accepted_timestamp: at(3) });
    for device in [&mut set.a, &mut set.b] {
        for event in set.hub.events_for(&device.uri).await {
            device.receive(&event);
        }
        assert_eq!(device.participants(), e.participants());
        assert_eq!(device.group().epoch(), e.group().epoch());
    }
    // One more could, and comes too late.
    set.open = set.open.apply(&InvitationsUpdate::Use(used)).unwrap();
    let mut f = Person::new("third.test", "fay").device("1");
    let used = set.used_by(&f);
    let found = set.ask(&f, &used, at(4)).await.unwrap();
    let list = e.participants();
    let request = set.join(&mut f, &found, used.clone(), &list);
    let late = set.hub.rooms.update(&origin(&f), &set.hub.room, request, LATER).await.unwrap();
    assert_eq!(late.outcome, UpdateOutcome::NotAllowed);
    assert!(set.ask(&f, &used, LATER).await.is_none());
    let message = e.message(b"good day");
    assert!(matches!(set.hub.submit(&e, message).await.unwrap(), SubmitMessageResponse::Accepted { .. }));
    // A process that starts later knows how many are left.
    let again = set.hub.again();
    let room = again.rooms.room(&again.room).await.unwrap();
    assert_eq!(room.live.lock().await.group.invitations().open[0].left, 1);
}

#[tokio::test]
async fn nobody_comes_in_without_or_beside_an_invitation() {
    let set = invited().await;
    let eve = Person::new("third.test", "eve");
    let mut e = eve.device("1");
    let found = set.ask(&e, &set.used_by(&e), NOW).await.unwrap();
    let list = set.a.participants();
    let RatchetTreeOption::Full(tree) = &found.ratchet_tree else { panic!("no tree") };
    let bare = e.join(&found.group_info, tree);
    assert_eq!(set.hub.update(&e, bare).await, UpdateOutcome::NotAllowed);
    let list_update = InvitationUse::list_update(eve.user.clone());
    let listed = vec![(PARTICIPANT_LIST, list_update.encode(), list.apply(&list_update).unwrap().encode())];
    let uninvited = e.join_with(&found.group_info, tree, listed);
    assert_eq!(set.hub.update(&e, uninvited).await, UpdateOutcome::NotAllowed);
    // Another device's proof.
    let stolen = set.used_by(&eve.device("2"));
    let request = set.join(&mut e, &found, stolen, &list);
    assert_eq!(set.hub.update(&e, request).await, UpdateOutcome::NotAllowed);
    // Somebody whom the operator wants out.
    let used = set.used_by(&e);
    let request = set.join(&mut e, &found, used.clone(), &list);
    set.hub.rooms.ask_removal(&set.hub.room, &eve.user, "spam".parse().unwrap(), NOW, NOW).await.unwrap();
    assert!(set.ask(&e, &used, NOW).await.is_none());
    assert_eq!(set.hub.update(&e, request).await, UpdateOutcome::NotAllowed);
}
