//! What happened, for a person to see. Nothing here can be reached before its step is committed.

use crate::{
    conversation::{ConversationEvent, MessageId},
    delivery::Finding,
    directory::KeysRefusal,
};
use trefoil_proto::{
    DeviceUri, Domain, ErrorCode, RoomUri, Timestamp, UserUri,
    room::{Role, RoomKind},
};

/// One thing that a shell may show.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// The account exists, this device is its first.
    Registered {
        /// The person.
        user: UserUri,
        /// This device.
        device: DeviceUri,
    },
    /// The service refused to make the account; nothing is kept, try again with something else.
    RegistrationRefused {
        /// Why.
        code: ErrorCode,
        /// The service's sentence.
        detail: String,
    },
    /// This device is linked to its account; rooms follow as [`Event::RoomJoined`].
    Linked {
        /// The person.
        user: UserUri,
        /// This device.
        device: DeviceUri,
    },
    /// Another device of the account was approved: show the code, it is to be pasted there.
    LinkApproved {
        /// The device.
        device: DeviceUri,
        /// Contains no secret, but is for that device only.
        answer: String,
    },
    /// The service refused to take in another device.
    LinkRefused {
        /// The device.
        device: DeviceUri,
        /// Why.
        code: ErrorCode,
        /// The service's sentence.
        detail: String,
    },
    /// The account goes on with this device alone; rooms follow as [`Event::RoomJoined`].
    Recovered {
        /// The person.
        user: UserUri,
        /// This device.
        device: DeviceUri,
    },
    /// The service did not let this device in on the account key.
    RecoveryRefused {
        /// Why.
        code: ErrorCode,
        /// The service's sentence.
        detail: String,
    },
    /// The account has devices that this one did not know.
    OwnDeviceSeen {
        /// The device.
        device: DeviceUri,
    },
    /// A device is no longer one of the account's; it is being taken out of the rooms.
    OwnDeviceRemoved {
        /// The device.
        device: DeviceUri,
    },
    /// The service refused to take a device off.
    UnlinkRefused {
        /// The device.
        device: DeviceUri,
        /// Why.
        code: ErrorCode,
        /// The service's sentence.
        detail: String,
    },
    /// The stream delivered everything that was waiting.
    CaughtUp,
    /// This device's mailbox was full or unread for too long, and the service dropped what was for it: that will not
    /// arrive, and rooms have moved on without this device.
    MailboxLapsed,
    /// The service says that it dropped what waited here for this device: what was said meanwhile may be missing.
    RoomLapsed {
        /// The room.
        room: RoomUri,
    },
    /// The service no longer knows this device or its token, and authenticating again failed.
    Unauthenticated {
        /// Why.
        code: ErrorCode,
    },
    /// A room is usable on this device.
    RoomJoined {
        /// The room.
        room: RoomUri,
        /// How.
        how: JoinedHow,
    },
    /// This person or this device is no longer in the room; what was received stays readable.
    RoomLeft {
        /// The room.
        room: RoomUri,
        /// Who removed it; the own device if it left by itself.
        by: DeviceUri,
    },
    /// A person came into the room.
    MemberAdded {
        /// The room.
        room: RoomUri,
        /// Who.
        user: UserUri,
        /// By whom.
        by: DeviceUri,
    },
    /// A person came into the room by an invitation.
    MemberJoined {
        /// The room.
        room: RoomUri,
        /// Who.
        user: UserUri,
        /// Who made the invitation.
        invited_by: UserUri,
        /// The device that came in.
        by: DeviceUri,
    },
    /// An admin made an invitation into the room: whoever holds it can come in.
    InvitationMade {
        /// The room.
        room: RoomUri,
        /// Who made it.
        by: UserUri,
        /// How many people it is for.
        people: u32,
        /// Until when.
        not_after: Timestamp,
    },
    /// An admin took an invitation back.
    InvitationTakenBack {
        /// The room.
        room: RoomUri,
        /// Who took it back.
        by: UserUri,
    },
    /// A person is no longer in the room.
    MemberRemoved {
        /// The room.
        room: RoomUri,
        /// Who.
        user: UserUri,
        /// By whom.
        by: DeviceUri,
    },
    /// A person left the room.
    MemberLeft {
        /// The room.
        room: RoomUri,
        /// Who.
        user: UserUri,
    },
    /// A device had fallen out of step with the room and joined it anew.
    DeviceRejoined {
        /// The room.
        room: RoomUri,
        /// The device.
        device: DeviceUri,
    },
    /// A person who is in the room joined with one more device.
    DeviceAdded {
        /// The room.
        room: RoomUri,
        /// The device.
        device: DeviceUri,
        /// By whom; the device itself if it joined by external commit.
        by: DeviceUri,
    },
    /// A device of someone who stays in the room was removed.
    DeviceRemoved {
        /// The room.
        room: RoomUri,
        /// The device.
        device: DeviceUri,
        /// By whom.
        by: DeviceUri,
    },
    /// A person's role changed.
    RoleChanged {
        /// The room.
        room: RoomUri,
        /// Who.
        user: UserUri,
        /// The new role.
        role: Role,
        /// By whom.
        by: DeviceUri,
    },
    /// From now on only admins write in the room, or everybody does.
    RoomKindChanged {
        /// The room.
        room: RoomUri,
        /// What it is for now.
        kind: RoomKind,
        /// By whom.
        by: DeviceUri,
    },
    /// The room has another name.
    RoomRenamed {
        /// The room.
        room: RoomUri,
        /// The name; empty if it was taken away.
        name: String,
        /// By whom.
        by: DeviceUri,
    },
    /// A person has another account key than before. In every room shared with them a line says so.
    AccountKeyChanged {
        /// Who.
        user: UserUri,
        /// They were verified: nothing is sent to rooms with them before it is decided.
        verified: bool,
    },
    /// The directories do not prove somebody's keys: nothing is encrypted to them. They are looked at again by
    /// themselves.
    KeysUnproven {
        /// Whose.
        user: UserUri,
        /// Why.
        reason: KeysRefusal,
    },
    /// The directories prove somebody's keys, which they did not before or since this device was started.
    KeysProven {
        /// Whose.
        user: UserUri,
    },
    /// The room's service asks that somebody be removed. The client of an admin does it.
    RemovalAsked {
        /// The room.
        room: RoomUri,
        /// Who.
        user: UserUri,
        /// Why, in the operator's words.
        reason: String,
    },
    /// A person's key directory had other devices under their name in between: whoever asked then may have been given
    /// false keys. For the own name, this is somebody who took this person's place for a while.
    EntryRewritten {
        /// Whose; perhaps the own name.
        user: UserUri,
        /// How often.
        times: u64,
    },
    /// A device is in a room that its person's key directory does not have. Nothing is sent there while it is.
    GhostDevice {
        /// The room.
        room: RoomUri,
        /// The device.
        device: DeviceUri,
    },
    /// The key directory has a device under this person's name that this device does not know.
    OwnDeviceUnknown {
        /// The device.
        device: DeviceUri,
    },
    /// The key directory does not have this device: others will not write to it.
    OwnDeviceUnpublished,
    /// The key directory has another account under this person's name.
    OwnAccountReplaced,
    /// Nobody but the service itself vouches for its key directory.
    DirectoryUnaudited {
        /// Whose directory.
        directory: Domain,
    },
    /// A service is said to speak under another directory key than before; the one of before stays.
    DirectoryKeyChanged {
        /// Which service.
        service: Domain,
    },
    /// Somebody's message has a root of a directory under another key than the one that this device keeps: they, their
    /// service or this person's own is wrong about it.
    DirectoryKeyDisputed {
        /// Whose directory.
        directory: Domain,
        /// Whose message.
        by: UserUri,
    },
    /// The own service names a further one that vouches for directories, and its word counts from now on.
    AuditorNew {
        /// Which service.
        service: Domain,
    },
    /// A directory showed this person and somebody else different contents. The evidence convinces anyone.
    DirectorySplit {
        /// Whose directory.
        directory: Domain,
        /// At which epoch.
        epoch: u64,
        /// A file that verifies offline (`docs/spec/evidence.md`).
        evidence: Vec<u8>,
    },
    /// Somebody saw an epoch of a directory that this device is told does not exist.
    EpochWithheld {
        /// Whose directory.
        directory: Domain,
        /// Which epoch.
        epoch: u64,
    },
    /// A change that this device asked for could not be made.
    ChangeRefused {
        /// The room.
        room: RoomUri,
        /// Why.
        reason: ChangeRefusal,
    },
    /// An own message could not be sent and will not be tried again.
    SendRefused {
        /// The room.
        room: RoomUri,
        /// The message.
        message: MessageId,
        /// Why.
        reason: SendRefusal,
    },
    /// Something that arrived was refused. It changed nothing.
    Refused {
        /// The room it was for, if that can be told.
        room: Option<RoomUri>,
        /// Why.
        reason: Refusal,
    },
    /// A service dropped, repeated or held back something, or a device contradicts itself or what others have.
    Delivery {
        /// The room.
        room: RoomUri,
        /// Whose messages.
        device: DeviceUri,
        /// What was found.
        finding: Finding,
    },
    /// What was opened here before came once more, byte for byte. It changed nothing.
    Replayed {
        /// The room.
        room: RoomUri,
    },
    /// The conversation changed: messages, edits, reactions, statuses, names, typing.
    Conversation(ConversationEvent),
}

/// How this device came into a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JoinedHow {
    /// It made the room.
    Created,
    /// Somebody added it.
    Welcomed,
    /// It added itself to a room of its person.
    External,
    /// It came in by an invitation.
    Invited,
    /// It was in it. It had fallen out of step, and added itself anew; or looked, and found that it had not.
    Again,
}

/// Why a change could not be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChangeRefusal {
    /// The hub says that this person may not.
    NotAllowed,
    /// The hub says that the invitation does not hold, or not any more.
    NotInvited,
    /// The hub says that it is not valid.
    Invalid,
    /// Other changes came first, again and again.
    TooManyConflicts,
    /// There is no such person, or that person gives no key packages for this room.
    Unavailable(UserUri),
    /// This person's service cannot be reached now: ask again later.
    OutOfReach(UserUri),
    /// This account has begun as many conversations with new people as its service lets it.
    TooManyNewPeople {
        /// Who was not added.
        user: UserUri,
        /// From when on there may be more.
        until: Timestamp,
    },
    /// Somebody's device is not what it should be.
    Untrusted(Refusal),
    /// This person was verified, and their devices have another account key now. Nothing is encrypted to it before it is
    /// decided.
    KeyChanged(UserUri),
    /// The directories do not prove this person's keys.
    Unproven(UserUri, KeysRefusal),
    /// Another code of the service or the hub.
    Service(ErrorCode),
}

/// Why a message could not be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendRefusal {
    /// The hub says that this person may not send here.
    NotAllowed,
    /// The room is no longer one of this device's.
    NoLongerMember,
    /// Another code of the service or the hub.
    Service(ErrorCode),
}

/// Why something that arrived was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It cannot be decoded.
    Malformed,
    /// It is for a room that this device is not in.
    UnknownRoom,
    /// It does not decrypt, or its MLS signature does not verify.
    Undecryptable,
    /// Its epoch is so old that the keys are gone.
    EpochGone {
        /// The message's epoch.
        epoch: u64,
        /// The room's epoch on this device.
        current: u64,
    },
    /// Too much arrived for epochs that this device has not reached. It joins the room anew.
    TooFarAhead,
    /// It is not valid MLS for this room.
    InvalidHandshake,
    /// The room's policy does not allow this person to do that.
    NotAllowed {
        /// Who tried.
        by: DeviceUri,
    },
    /// A device's credential is not its person's: no authorisation, a wrong one, or someone not in the room.
    UntrustedDevice {
        /// The device.
        device: String,
    },
    /// The account key of a device is not that of its person's other devices, or not the one under which this person
    /// was verified.
    AccountKeyChanged {
        /// Whose.
        user: UserUri,
    },
    /// Tag, stamp or context of the frank are missing or wrong.
    Frank,
    /// The content names another sender or another room than it came from.
    Misattributed,
    /// The content is not valid MIMI content.
    Content,
    /// The room's encryption is a lesser one than every device in it can do.
    Downgrade,
    /// A request to remove somebody that is not signed by the room's service, or is for another room.
    RemovalUnasked,
    /// The hub gave this device another history than it confirmed before.
    Forked,
    /// Handling it failed inside this program.
    Internal,
}
