//! A person of another service who is banned here: they change no room of this service, and others can remove them from it.

use super::{
    bad_input::devices::group_info_request,
    console::{Desk, answer as told},
    federation::room_across,
    stream::segment,
    world::*,
};
use serde_json::{Value, json};
use trefoil_proto::{
    UserUri, Wire as _,
    edge::Identifier,
    mimi::{
        UpdateRoomResponse,
        report::{AbuseReport, AbuseType},
        update::UpdateOutcome,
    },
    room::ParticipantListUpdate,
};
use trefoil_server::staff::Role;

async fn does(desk: &Desk, token: &str, path: &str, body: Value) -> Value {
    let (status, said) = told(desk.ask("POST", path).bearer_auth(token).json(&body)).await;
    assert!(status.is_success(), "{path}: {status} {said}");
    said
}

/// Two of the team ban somebody whom Ann reported.
async fn ban(desk: &Desk, ann: &Member, room: &str, about: &UserUri) {
    let report = AbuseReport {
        reporting_user: ann.uri().user_uri(),
        alleged_abuser: about.clone(),
        reason: AbuseType::Spam,
        note: Vec::new(),
        messages: Vec::new(),
        extensions: Default::default(),
    };
    let path = format!("reportAbuse/{room}");
    let taken = desk.service.call("POST", &path, Some(&ann.token), report.encode()).await;
    assert_eq!(taken.status, 201, "{}", taken.code());
    let (lena, otto) = (desk.member("lena", Role::Lead).await, desk.member("otto", Role::Lead).await);
    let claimed = does(desk, &lena, "/api/queues/general/claim", json!({})).await;
    let case = claimed["case"].as_str().unwrap();
    let verdict = json!({ "action": "ban", "rule": "spam", "explanation": "bulk" });
    does(desk, &lena, &format!("/api/cases/{case}/decide"), verdict).await;
    does(desk, &otto, &format!("/api/cases/{case}/claim"), json!({})).await;
    does(desk, &otto, &format!("/api/cases/{case}/open"), json!({})).await;
    does(desk, &otto, &format!("/api/cases/{case}/confirm"), json!({})).await;
}

#[tokio::test]
async fn whoever_is_banned_changes_no_room_here_and_is_removed_by_others() {
    let (world, a, b) = (World::new(), free_port(), free_port());
    let desk = Desk::start_in(&world, a, &[("handle.test", b)]);
    let without = "[first_contacts]\npasses = false\n";
    let handle = world.start_with("handle", "handle.test", b, &[("account.test", a)], without);
    let mut ann = desk.service.join("ann", Identifier::AccountName(b"Ann".to_vec())).await;
    let mut bob = handle.join("bob", Identifier::Handle(b"bob".to_vec())).await;
    let (room, _bobs) = room_across(&desk.service, &handle, &mut ann, &mut bob).await;
    let (update, join) = (format!("update/{}", segment(&room)), format!("groupInfo/{}", segment(&room)));

    let about = bob.uri().user_uri();
    ban(&desk, &ann, &segment(&room), &about).await;
    let commit = bob.mls.commit(vec![], vec![], None);
    let refused: UpdateRoomResponse = handle.ask(&update, Some(&bob.token), &commit).await;
    assert_eq!(refused.outcome, UpdateOutcome::NotAllowed, "{refused:?}");
    bob.mls.give_up();
    let asked = group_info_request(&bob.mls).encode();
    let refused = handle.call("POST", &join, Some(&bob.token), asked).await;
    assert_eq!(refused.code(), "Suspended");

    let leaf = ann.mls.index_of(&bob.uri());
    let removed = ParticipantListUpdate { removed: vec![1], ..Default::default() };
    let commit = ann.mls.commit(vec![], vec![leaf], Some(removed));
    let done: UpdateRoomResponse = desk.service.ask(&update, Some(&ann.token), &commit).await;
    assert!(matches!(done.outcome, UpdateOutcome::Success { .. }), "{done:?}");
    desk.service.stop().await;
    handle.stop().await;
}
