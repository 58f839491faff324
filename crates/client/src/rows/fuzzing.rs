//! The core's own rows, for the fuzzer.

use super::{AccountRow, CandidateRow, HeldRow, InvitedRow, LinkRow, OutboxRow, PublishingRow, RoomRow, Row};
use crate::{
    fuzzing::Target,
    minors::{OwnReachRow, ReachRow, SinceRow},
    roster::RosterRow,
};

pub(crate) const TARGETS: &[Target] = &[
    ("client_account_row", row::<AccountRow>),
    ("client_registration_row", row::<CandidateRow>),
    ("client_link_row", row::<LinkRow>),
    ("client_room_row", row::<RoomRow>),
    ("client_invited_row", row::<InvitedRow>),
    ("client_publishing_row", row::<PublishingRow>),
    ("client_outbox_row", row::<OutboxRow>),
    ("client_held_row", row::<HeldRow>),
    ("client_roster_row", row::<RosterRow>),
    ("client_own_reach_row", row::<OwnReachRow>),
    ("client_reach_row", row::<ReachRow>),
    ("client_guarded_row", row::<SinceRow>),
];

pub(crate) fn row<R: Row>(input: &[u8]) -> bool {
    let Ok(row) = R::from_row(input) else { return false };
    assert_eq!(row.to_row(), input, "{} has a second encoding", R::WHAT);
    true
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub(crate) fn samples() -> Vec<(&'static str, Vec<u8>)> {
    use super::{Answer, CommitMark, Intent, PendingCommit, RoomState, Sealed, Secret};
    use trefoil_proto::{
        Timestamp,
        credential::{AccountKey, DeviceAuthorisation},
    };
    let bytes = || b"bytes".to_vec().into();
    let reach = || trefoil_proto::minors::Reach { serial: 2, seed: [5; 32] };
    let account = AccountRow {
        device: "mimi://a.test/d/ann/d1".parse().unwrap(),
        device_secret: Secret([1; 32]),
        authorisation: DeviceAuthorisation { account_key: AccountKey([2; 32]), signature: [3; 64] },
        account_secret: Some(Secret([4; 32])),
    };
    let link = LinkRow {
        domain: "a.test".parse().unwrap(),
        device: "d2".parse().unwrap(),
        device_secret: Secret([5; 32]),
        nonce: Secret([6; 32]),
        seal_secret: Secret([7; 32]),
        request_hash: [8; 32],
        name: bytes(),
    };
    let mark = CommitMark { epoch: 6, hash: [7; 32] };
    let person = || "mimi://a.test/u/bob".parse().unwrap();
    let room = RoomRow {
        request: Some(bytes()),
        pending: Some(PendingCommit { mark, request: bytes(), answer: Answer::Awaited }),
        intents: vec![
            Intent::Add { people: vec![person()] },
            Intent::Rename { name: bytes() },
            Intent::MakeAdmin { user: person() },
            Intent::TakeAdmin { user: person() },
            Intent::RemoveDevices { devices: vec![account.device.clone()] },
            Intent::Kind { kind: super::KindRow::Announcement },
            Intent::Leave,
        ],
        conflicts: 2,
        proposals: vec![bytes()],
        merged: Some(mark),
        next_outbox: 9,
        ..RoomRow::new(RoomState::Open)
    };
    let sealed = Some(Sealed { epoch: 6, message: bytes() });
    let roster =
        RosterRow { devices: vec![account.device.clone(), "mimi://a.test/d/bob/d1".parse().unwrap()] };
    let outbox = OutboxRow { message: [8; 32], content: bytes(), sealed };
    vec![
        ("client_account_row", account.to_row()),
        ("client_registration_row", CandidateRow { account, request: bytes() }.to_row()),
        ("client_link_row", link.to_row()),
        ("client_room_row", room.to_row()),
        (
            "client_publishing_row",
            PublishingRow { name: bytes(), description: bytes(), link: bytes() }.to_row(),
        ),
        ("client_invited_row", InvitedRow { secret: Secret([9; 32]) }.to_row()),
        ("client_outbox_row", outbox.to_row()),
        ("client_roster_row", roster.to_row()),
        ("client_own_reach_row", OwnReachRow { reach: reach(), told: Some(()) }.to_row()),
        ("client_reach_row", ReachRow { reach: reach() }.to_row()),
        ("client_guarded_row", SinceRow { since: Timestamp(9) }.to_row()),
        ("client_held_row", HeldRow { received: Timestamp(9), event: bytes() }.to_row()),
    ]
}
