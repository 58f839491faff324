//! What a call on the client can fail with. What arrives from outside never fails a call: it becomes an event.

use trefoil_proto::{DeviceUri, Domain, ProtoError, RoomUri, UserUri};
use trefoil_store::StoreError;

/// A failed call; nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The local store failed.
    #[error("local store")]
    Store(#[from] StoreError),
    /// A row of the local store cannot be decoded: written by another version, or damaged.
    #[error("stored {what} cannot be decoded")]
    Row {
        /// Which kind of row.
        what: &'static str,
        /// Why.
        #[source]
        source: ProtoError,
    },
    /// There is an account on this device already.
    #[error("this device has an account already")]
    AccountExists,
    /// There is no account on this device yet.
    #[error("this device has no account yet")]
    NoAccount,
    /// The service was not heard of yet: go online first.
    #[error("the service was not heard of yet")]
    NoService,
    /// Only the device that made the account can do this: it has the account key.
    #[error("only the account's first device can do this")]
    NotPrimary,
    /// The device that holds the account key is not taken off.
    #[error("this device holds the account key")]
    ThisDevice,
    /// The account has no such device.
    #[error("the account has no device {0}")]
    UnknownDevice(DeviceUri),
    /// A pasted code is not one of ours, or is for another device.
    #[error("not a valid linking code")]
    BadCode,
    /// What lies at the service under a short code is not what the other device left there.
    #[error("what lies at the service under this code is not what the other device left there")]
    RendezvousAltered,
    /// A pasted text is no link of an invitation.
    #[error("not a link of an invitation")]
    BadInvitation,
    /// A pasted text is no link of a minor's.
    #[error("not a link that a minor showed")]
    BadMinorLink,
    /// The account is not a minor's.
    #[error("this account is not marked as a minor's")]
    NotMinor,
    /// An invitation is for too many people, for none, or for too long.
    #[error(
        "an invitation is for 1 to {} people, and for 1 to {} days",
        crate::InvitationTerms::MOST_PEOPLE,
        crate::InvitationTerms::MOST_DAYS
    )]
    InvitationTerms,
    /// This person is in the room already.
    #[error("this person is in {0} already")]
    InRoomAlready(RoomUri),
    /// No such room on this device.
    #[error("{0} is not a room of this device")]
    UnknownRoom(RoomUri),
    /// The room is not usable: still being joined, or left.
    #[error("{0} is not open on this device")]
    RoomNotOpen(RoomUri),
    /// The person is not in the room.
    #[error("{0} is not in the room")]
    NotParticipant(UserUri),
    /// The room's policy does not allow it.
    #[error("the room does not allow it")]
    NotAllowed,
    /// The room has no list of groups.
    #[error("{0} is no community")]
    NoCommunity(RoomUri),
    /// A person who was verified has another account key now, and it is not decided about.
    #[error("the account key of {0} is no longer the one that was verified")]
    KeyChanged(UserUri),
    /// A person is in the room with another account key than the one that was verified.
    #[error("{user} is in {room} with another account key than the one that was verified")]
    OtherKeyInRoom {
        /// Who.
        user: UserUri,
        /// Where.
        room: RoomUri,
    },
    /// There is no new account key of this person to accept.
    #[error("there is no new account key of {0} to accept")]
    NoNewKey(UserUri),
    /// Nothing of this person has been seen on this device.
    #[error("nothing of {0} has been seen on this device")]
    UnknownPerson(UserUri),
    /// There is no evidence against this directory that counts.
    #[error("the key directory of {0} was not caught showing two faces, or is believed again already")]
    NotCaught(Domain),
    /// This device has heard of no such service.
    #[error("this device knows no service {0}: see `trefoil account directory`")]
    UnknownService(Domain),
    /// Nobody vouches for themselves.
    #[error("name at least {least} services: none vouches for its own directory")]
    TooFewAuditors {
        /// How many there must be at least.
        least: usize,
    },
    /// A person is not compared with themselves.
    #[error("that is this device's own person")]
    Oneself,
    /// The message is larger than a message may be.
    #[error("the message is larger than {limit} bytes")]
    TooLarge {
        /// In bytes.
        limit: usize,
    },
    /// A name is too long, or no plain text.
    #[error("a device's name has at most {limit} bytes of plain text")]
    BadName {
        /// In bytes.
        limit: usize,
    },
    /// No device is being linked under this URI.
    #[error("{0} is not being linked")]
    NoLink(DeviceUri),
    /// The number of a linked device was not compared: nothing is sent to it.
    #[error("the number of {0} was not compared yet")]
    NotCompared(DeviceUri),
    /// What the new device showed is not what it promised: somebody is in between, or it is another device.
    #[error("{0} did not show what its code promised: take it off the account")]
    LinkAltered(DeviceUri),
    /// There is no recovery code to confirm: make one first.
    #[error("there is no recovery code to confirm")]
    NoRecoveryCode,
    /// The recovery code that was given back is not the one that was made.
    #[error("this is not the recovery code that was made")]
    OtherRecoveryCode,
    /// A text is no recovery code.
    #[error("{0}")]
    BadRecoveryCode(#[from] crate::backup::BadRecoveryCode),
    /// A part of a backup is not what its manifest names.
    #[error("the backup cannot be used: {0}")]
    Archive(#[from] crate::backup::ArchiveError),
    /// There is nothing on this device that an account could be recovered from: restore its backup first.
    #[error("no account was restored here")]
    NothingRestored,
    /// MLS failed in a way that no input explains.
    #[error("MLS: {act}")]
    Mls {
        /// What was tried.
        act: &'static str,
        /// openmls' own words.
        #[source]
        source: MlsFailure,
    },
    /// The conversation could not take something up.
    #[error("conversation")]
    Conversation(#[from] crate::conversation::ConversationError),
}

/// openmls' error as text: its types are generic in the storage error and differ by call.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct MlsFailure(pub String);

/// Shorthand for the many openmls error types.
pub(crate) fn mls<E: std::fmt::Display>(act: &'static str) -> impl FnOnce(E) -> ClientError {
    move |error| ClientError::Mls { act, source: MlsFailure(error.to_string()) }
}
