//! The core's own rows: tables, keys, and their versioned codecs. openmls' rows are in [`crate::mls::storage`].

use crate::{ClientError, overlay::Overlay};
use tls_codec::{DeserializeBytes, Serialize, TlsDeserializeBytes, TlsSerialize, TlsSize, VLBytes};
use trefoil_proto::{
    DeviceId, DeviceUri, Domain, ProtoError, RoomUri, Timestamp, UserUri, credential::DeviceAuthorisation,
    room::RoomKind,
};
use trefoil_store::{KeyRange, Table};
use zeroize::Zeroizing;

/// One row each, by name.
pub const ACCOUNT: Table = Table::new("client.account");
/// Devices approved here and not yet taken in by the service: device URI to the request.
pub const APPROVALS: Table = Table::new("client.approvals");
/// Devices that the service is to forget, by URI.
pub const REMOVALS: Table = Table::new("client.removals");
/// Own devices that are not in a room that opened while they were listed: room URI, zero byte, device URI.
pub const MISSING: Table = Table::new("client.missing");
/// Rooms by URI.
pub const ROOMS: Table = Table::new("client.rooms");
/// When the newest removal was ordered that a room's service asked for: room URI, zero byte, user URI.
pub const ASKED_REMOVALS: Table = Table::new("client.asked_removals");
/// Links by which rooms are being joined, by room URI.
pub const INVITED: Table = Table::new("client.invited");
/// Groups that wait to be put into a community's list: the group's room URI, zero byte, the community's.
pub const PUBLISHING: Table = Table::new("client.publishing");
/// Messages to send: room URI, zero byte, sequence number.
pub const OUTBOX: Table = Table::new("client.outbox");
/// Entries of epochs this device has not reached: room URI, zero byte, epoch, position.
pub const HELD: Table = Table::new("client.held");

/// Names that the person gave to their devices, by device URI. UTF-8.
pub const DEVICE_NAMES: Table = Table::new("client.device_names");
/// Rooms of an account that is being recovered, by URI, with their state.
pub const RECOVERED_ROOMS: Table = Table::new("client.recovered_rooms");
/// Devices that are being linked, by URI: what the comparison of their codes rests on.
pub const LINKS: Table = Table::new("client.links");

/// Names of the rows in [`ACCOUNT`].
pub(crate) mod name {
    pub(crate) const ME: &[u8] = b"me";
    pub(crate) const CANDIDATE: &[u8] = b"candidate";
    pub(crate) const LINK: &[u8] = b"link";
    pub(crate) const SERVICE: &[u8] = b"service";
    pub(crate) const DOMAIN: &[u8] = b"domain";
    pub(crate) const DEVICES: &[u8] = b"devices";
    pub(crate) const PUBLISH: &[u8] = b"publish";
    pub(crate) const DISPLAY_NAME: &[u8] = b"display name";
    pub(crate) const PICTURE: &[u8] = b"picture";
    pub(crate) const RECEPTION: &[u8] = b"reception of strangers";
    pub(crate) const REACH: &[u8] = b"reach";
    pub(crate) const CURSOR: &[u8] = b"cursor";
    pub(crate) const DEVICE_SET: &[u8] = b"device set";
    pub(crate) const NEXT_SET: &[u8] = b"next device set";
    pub(crate) const SERVICES: &[u8] = b"directory keys";
    pub(crate) const AUDITORS: &[u8] = b"auditors";
    pub(crate) const NAMED_AUDITORS: &[u8] = b"named auditors";
    pub(crate) const RECOVERING: &[u8] = b"recovering";
}

#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzzing;

const VERSION: u8 = 1;

/// A row with a codec.
pub(crate) trait Row: Sized + Serialize + DeserializeBytes {
    /// For errors.
    const WHAT: &'static str;

    fn to_row(&self) -> Vec<u8> {
        let mut row = vec![VERSION];
        self.tls_serialize(&mut row).expect("a row's vectors stay far below 2^30 bytes");
        row
    }

    fn from_row(row: &[u8]) -> Result<Self, ClientError> {
        let value = match row.split_first() {
            Some((&VERSION, rest)) => Self::tls_deserialize_exact_bytes(rest).ok(),
            _ => None,
        };
        value.ok_or(ClientError::Row { what: Self::WHAT, source: ProtoError::Malformed(Self::WHAT) })
    }

    fn read(tx: &Overlay, table: Table, key: &[u8]) -> Result<Option<Self>, ClientError> {
        tx.get(table, key)?.map(|row| Self::from_row(&row)).transpose()
    }

    fn write(&self, tx: &mut Overlay, table: Table, key: impl Into<Vec<u8>>) {
        tx.put(table, key, self.to_row());
    }
}

macro_rules! rows {
    ($($type:ty, $what:literal;)*) => { $(impl Row for $type { const WHAT: &'static str = $what; })* };
}

rows! {
    AccountRow, "account";
    CandidateRow, "registration";
    LinkRow, "linking";
    RoomRow, "room";
    InvitedRow, "invitation";
    PublishingRow, "group to be published";
    OutboxRow, "outbox entry";
    HeldRow, "held entry";
}

/// This device and, on the first one, its account. Holds secrets.
#[derive(Clone, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub(crate) struct AccountRow {
    pub(crate) device: DeviceUri,
    pub(crate) device_secret: Secret,
    pub(crate) authorisation: DeviceAuthorisation,
    pub(crate) account_secret: Option<Secret>,
}

/// 32 secret bytes, wiped when dropped.
#[derive(Clone, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub(crate) struct Secret(pub(crate) [u8; 32]);

impl Drop for Secret {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.0);
    }
}

impl Secret {
    pub(crate) fn bytes(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.0)
    }
}

/// A registration under way.
#[derive(TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub(crate) struct CandidateRow {
    pub(crate) account: AccountRow,
    /// The request, byte for byte.
    pub(crate) request: VLBytes,
}

/// A device that waits for its account's answer.
#[derive(TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub(crate) struct LinkRow {
    pub(crate) domain: Domain,
    pub(crate) device: DeviceId,
    pub(crate) device_secret: Secret,
    /// Shown to the first device once its answer is here.
    pub(crate) nonce: Secret,
    /// What the key of the request is derived from.
    pub(crate) seal_secret: Secret,
    pub(crate) request_hash: [u8; 32],
    /// Of the device.
    pub(crate) name: VLBytes,
}

/// An invitation that is being used.
#[derive(TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub(crate) struct InvitedRow {
    pub(crate) secret: Secret,
}

/// A group that is put into a community's list once the room has taken the invitation. Holds a secret.
#[derive(TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub(crate) struct PublishingRow {
    pub(crate) name: VLBytes,
    pub(crate) description: VLBytes,
    pub(crate) link: VLBytes,
}

/// Where a room stands on this device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
#[repr(u8)]
pub enum RoomState {
    /// Made here, the hub has not answered yet.
    Creating = 1,
    /// Being joined by external commit.
    Joining = 2,
    /// Usable.
    Open = 3,
    /// This device asked to leave; somebody has to commit it.
    Leaving = 4,
    /// No longer in it.
    Left = 5,
}

/// A room.
#[derive(Clone, Debug, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub(crate) struct RoomRow {
    pub(crate) state: RoomState,
    /// What the hub is asked until it answers: `CreateRoomRequest` while creating, else `UpdateRequest` with proposals.
    pub(crate) request: Option<VLBytes>,
    /// A commit that is staged in the group and not settled by the mailbox yet.
    pub(crate) pending: Option<PendingCommit>,
    /// What is still to be done, one after the other; the pending commit carries out the first.
    pub(crate) intents: Vec<Intent>,
    /// How often the first intent lost to another commit.
    pub(crate) conflicts: u32,
    /// Proposals of the current epoch, as `MLSMessage`s. Kept out of the group, since they would block sending.
    pub(crate) proposals: Vec<VLBytes>,
    /// The own commit that was merged last.
    pub(crate) merged: Option<CommitMark>,
    /// The next sequence number in the outbox.
    pub(crate) next_outbox: u64,
    /// Whether this device has fallen out of step with the room.
    pub(crate) astray: Astray,
}

impl RoomRow {
    /// Of the same room, as if it had just come to this state: what has to stay the same stays.
    pub(crate) fn renewed(&self, state: RoomState) -> Self {
        let Astray { held, held_bytes, .. } = self.astray;
        let astray = Astray { held, held_bytes, ..Astray::default() };
        Self { next_outbox: self.next_outbox, astray, ..Self::new(state) }
    }

    pub(crate) fn new(state: RoomState) -> Self {
        Self {
            state,
            request: None,
            pending: None,
            intents: Vec::new(),
            conflicts: 0,
            proposals: Vec::new(),
            merged: None,
            next_outbox: 0,
            astray: Astray::default(),
        }
    }
}

/// That a room has moved on without this device, and what is done about it: see [`crate::rejoining`].
#[derive(Clone, Copy, Debug, Default, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub(crate) struct Astray {
    /// When to join anew, unless the room goes on before.
    pub(crate) due: Option<Timestamp>,
    /// How often in a row that was done.
    pub(crate) tries: u32,
    /// When it was done last.
    pub(crate) last: Timestamp,
    /// Joining anew is under way.
    pub(crate) anew: Option<()>,
    /// Events of later epochs that are kept, and their bytes.
    pub(crate) held: u32,
    pub(crate) held_bytes: u32,
}

/// Names a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub(crate) struct CommitMark {
    /// The epoch it was made in.
    pub(crate) epoch: u64,
    /// SHA-256 of its `MLSMessage`.
    pub(crate) hash: [u8; 32],
}

/// A commit on its way.
#[derive(Clone, Debug, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub(crate) struct PendingCommit {
    pub(crate) mark: CommitMark,
    /// The `UpdateRequest`, byte for byte.
    pub(crate) request: VLBytes,
    pub(crate) answer: Answer,
}

/// Whether a commit is to be sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
#[repr(u8)]
pub(crate) enum Answer {
    /// Send it until the hub answers.
    Awaited = 1,
    /// The hub answered: what became of it comes through the mailbox.
    Given = 2,
}

/// A change of a room that somebody asked for.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
#[repr(u8)]
pub(crate) enum Intent {
    #[tls_codec(discriminant = 1)]
    Add { people: Vec<UserUri> },
    #[tls_codec(discriminant = 2)]
    Remove { people: Vec<UserUri> },
    #[tls_codec(discriminant = 3)]
    Rename { name: VLBytes },
    /// Commit the proposals of others.
    #[tls_codec(discriminant = 4)]
    CommitProposals,
    /// Before the last admin leaves.
    #[tls_codec(discriminant = 5)]
    MakeAdmin { user: UserUri },
    /// Before a person leaves.
    #[tls_codec(discriminant = 6)]
    RemoveOwnOthers,
    /// Propose to leave, once what is before is done.
    #[tls_codec(discriminant = 7)]
    Leave,
    /// Own devices that the account no longer has.
    #[tls_codec(discriminant = 8)]
    RemoveDevices { devices: Vec<DeviceUri> },
    /// Make invitations, take others back: an `InvitationsUpdate`.
    #[tls_codec(discriminant = 9)]
    Invitations { update: VLBytes },
    /// Somebody who is an admin is a member from then on.
    #[tls_codec(discriminant = 10)]
    TakeAdmin { user: UserUri },
    /// Make the room one of this kind.
    #[tls_codec(discriminant = 11)]
    Kind { kind: KindRow },
}

/// What a room is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
#[repr(u8)]
pub(crate) enum KindRow {
    Discussion = 1,
    Announcement = 2,
}

impl KindRow {
    pub(crate) fn of(kind: RoomKind) -> Self {
        match kind {
            RoomKind::Discussion => Self::Discussion,
            RoomKind::Announcement => Self::Announcement,
        }
    }

    pub(crate) fn kind(self) -> RoomKind {
        match self {
            Self::Discussion => RoomKind::Discussion,
            Self::Announcement => RoomKind::Announcement,
        }
    }
}

/// A message to send.
#[derive(Clone, Debug, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub(crate) struct OutboxRow {
    pub(crate) message: [u8; 32],
    /// MIMI content, encoded once.
    pub(crate) content: VLBytes,
    /// The submission, if it was encrypted: sent again byte for byte until it is answered.
    pub(crate) sealed: Option<Sealed>,
}

/// An encrypted message.
#[derive(Clone, Debug, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub(crate) struct Sealed {
    pub(crate) epoch: u64,
    /// `MLSMessage`.
    pub(crate) message: VLBytes,
}

/// An event of a later epoch.
#[derive(Clone, Debug, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub(crate) struct HeldRow {
    pub(crate) received: Timestamp,
    /// `FanoutMessage`.
    pub(crate) event: VLBytes,
}

/// Key of one of a room's rows.
pub(crate) fn room_key(room: &RoomUri, tail: &[u64]) -> Vec<u8> {
    let mut key = room.to_string().into_bytes();
    key.push(0);
    for number in tail {
        key.extend_from_slice(&number.to_be_bytes());
    }
    key
}

/// All of a room's rows.
pub(crate) fn room_range(room: &RoomUri) -> KeyRange {
    KeyRange::prefix(room_key(room, &[]))
}

/// The number that ends a key.
pub(crate) fn last_number(key: &[u8]) -> Option<u64> {
    key.last_chunk::<8>().map(|digits| u64::from_be_bytes(*digits))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use proptest::prelude::*;

    fn intents() -> impl Strategy<Value = Vec<Intent>> {
        let user =
            "[a-z0-9]{1,26}".prop_map(|id| format!("mimi://a.test/u/{id}").parse::<UserUri>().unwrap());
        let people = prop::collection::vec(user.clone(), 0..4);
        prop::collection::vec(
            prop_oneof![
                people.clone().prop_map(|people| Intent::Add { people }),
                people.prop_map(|people| Intent::Remove { people }),
                prop::collection::vec(any::<u8>(), 0..40)
                    .prop_map(|name| Intent::Rename { name: name.into() }),
                user.clone().prop_map(|user| Intent::MakeAdmin { user }),
                user.prop_map(|user| Intent::TakeAdmin { user }),
                prop::sample::select(RoomKind::ALL.to_vec())
                    .prop_map(|kind| Intent::Kind { kind: KindRow::of(kind) }),
                Just(Intent::CommitProposals),
                Just(Intent::RemoveOwnOthers),
                Just(Intent::Leave),
                Just(Intent::RemoveDevices { devices: vec!["mimi://a.test/d/ann/one".parse().unwrap()] }),
            ],
            0..4,
        )
    }

    proptest! {
        #[test]
        fn rooms_come_back_as_they_were(
            intents in intents(),
            request in prop::option::of(prop::collection::vec(any::<u8>(), 0..100)),
            epoch in any::<u64>(),
            conflicts in any::<u32>(),
            next_outbox in any::<u64>(),
        ) {
            let mark = CommitMark { epoch, hash: [3; 32] };
            let row = RoomRow {
                request: request.clone().map(Into::into),
                pending: request.map(|request| PendingCommit { mark, request: request.into(), answer: Answer::Given }),
                intents,
                conflicts,
                merged: Some(mark),
                next_outbox,
                ..RoomRow::new(RoomState::Open)
            };
            let again = RoomRow::from_row(&row.to_row()).unwrap();
            prop_assert_eq!(again.to_row(), row.to_row());
            prop_assert_eq!(again.intents, row.intents);
        }

        #[test]
        fn anything_else_is_refused_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = RoomRow::from_row(&bytes);
            let _ = OutboxRow::from_row(&bytes);
            let _ = AccountRow::from_row(&bytes);
        }
    }

    #[test]
    fn another_version_is_refused() {
        let mut row = RoomRow::new(RoomState::Open).to_row();
        row[0] = VERSION + 1;
        assert!(matches!(RoomRow::from_row(&row), Err(ClientError::Row { what: "room", .. })));
    }

    #[test]
    fn keys_sort_by_room_then_epoch_then_position() {
        let room: RoomUri = "mimi://a.test/r/one".parse().unwrap();
        assert!(room_key(&room, &[1, 255]) < room_key(&room, &[1, 256]));
        assert!(room_key(&room, &[1, u64::MAX]) < room_key(&room, &[2, 0]));
        assert_eq!(last_number(&room_key(&room, &[1, 256])), Some(256));
    }
}
