//! Every word by which the local API says what it refuses. The page has a sentence for each in every language; a test of the
//! page compares its list with this one, by way of `docs/openapi.json`.

use serde::Serialize;
use trefoil_client::{ClientError, conversation::ConversationError};
use trefoil_proto::ErrorCode;
use utoipa::ToSchema;

/// What a refusal is about: a word that does not change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ProblemCode {
    /// The request cannot be used: the page that sent it is wrong.
    Unusable,
    /// There is no such thing on this device.
    NotFound,
    /// This program failed.
    Internal,
    /// The local store failed.
    Store,
    /// The folder of the accounts cannot be used.
    Home,
    /// The core failed in a way that no input explains.
    Core,

    /// A request for another host.
    OtherHost,
    /// A request of another site.
    OtherOrigin,
    /// A request without the mark of this program's own page.
    Unmarked,
    /// No session.
    NoSession,
    /// The launch link was used already.
    LaunchUsed,
    /// A window asked for what a script alone gets.
    ScriptOnly,

    /// A service cannot be reached, or did not answer in time.
    Unreachable,
    /// A service shows a certificate that is not trusted.
    Untrusted,
    /// The service failed.
    ServiceFailed,
    /// The service said no.
    Refused,
    /// The service does not offer this.
    Unsupported,
    /// Too many requests.
    RateLimited,
    /// What the service keeps for an account is full.
    QuotaExceeded,
    /// As many reports as one person may have are still being looked at.
    TooManyReports,
    /// The service no longer knows this device.
    Removed,

    /// The identifier is taken.
    Taken,
    /// The identifier is not acceptable.
    BadIdentifier,
    /// The one-time code is wrong or too old.
    BadCode,
    /// The service makes accounts with a registration pass only, and none was given that is good there.
    PassNeeded,
    /// What was given is no registration pass.
    BadPass,
    /// This account gives no registration pass for now.
    NoPasses,
    /// What was given names no person.
    NoPerson,
    /// Nobody could be looked for by number.
    Discovery,
    /// That is the person themselves.
    Oneself,
    /// There is no account here yet.
    NoAccount,
    /// There is an account here already.
    AccountExists,
    /// There are as many accounts here as there may be.
    TooManyAccounts,

    /// The room's rules do not allow it.
    NotAllowed,
    /// The service's safety team decided that this account begins no conversations for a time.
    Limited,
    /// The service's safety team decided that nothing is taken from this account.
    Suspended,
    /// Only the account's first device can do it.
    NotPrimary,
    /// The device that holds the account key stays.
    ThisDevice,
    /// The room is not open on this device.
    NotOpen,
    /// The person is in the room already.
    InRoomAlready,
    /// The person is not in the room.
    NotInRoom,
    /// The room is no community.
    NoCommunity,
    /// No whole link of an invitation.
    BadInvitation,
    /// No link that a minor showed.
    BadMinorLink,
    /// Somebody's key is not the one that was compared.
    KeyChanged,
    /// There is no new key to accept.
    NoNewKey,
    /// No code or number of a comparison.
    BadSafetyCode,

    /// No code of a device that waits to be linked.
    BadLinkCode,
    /// The other device is not the one that showed the code.
    LinkAltered,
    /// That device is not being linked.
    NoLink,
    /// The number was not compared yet.
    NotCompared,
    /// A name that cannot be used.
    BadName,

    /// No recovery code was made.
    NoRecoveryCode,
    /// Not the recovery code that was made.
    OtherRecoveryCode,
    /// No recovery code.
    BadRecoveryCode,
    /// The backup is damaged.
    BadBackup,
    /// There is nothing to recover from.
    NothingRestored,
    /// The PIN is wrong.
    PinWrong,
    /// The PIN is locked.
    PinLocked,
    /// There is no PIN.
    NoPin,
    /// This text cannot be a PIN.
    BadPin,
    /// A PIN needs three services.
    PinNeedsThree,

    /// A text, name or list is too long.
    TooLong,
    /// A text, name or list is empty.
    Empty,
    /// The message is too large.
    TooLarge,
    /// The message did not fail.
    NotFailed,
    /// The message cannot be forwarded.
    NotForwardable,
    /// It can be forwarded to fewer conversations at a time.
    TooManyRooms,
    /// There is nothing to open in the message.
    NothingToOpen,

    /// A file has no bytes, or too many.
    FileSize,
    /// Too many files are on their way.
    TooManyUploads,
    /// The file is not whole here yet.
    NotWhole,
    /// This piece does not go on where the one before ended.
    WrongOffset,
    /// A file on this device cannot be read or written.
    FileUnusable,
    /// The attachment is damaged, or not what it says.
    AttachmentUnusable,
    /// The picture is too large to be shown.
    PictureTooLarge,
    /// The picture is damaged, or none.
    PictureUnusable,
    /// Where and when a picture was taken cannot be taken out of it.
    MetadataStays,
    /// The folder for an export cannot be used.
    FolderUnusable,
}

/// Of a failed call of the core.
pub(super) const fn of_client(error: &ClientError) -> ProblemCode {
    use ProblemCode as Code;
    match error {
        ClientError::Store(_) | ClientError::Row { .. } => Code::Store,
        ClientError::AccountExists => Code::AccountExists,
        ClientError::NoAccount | ClientError::NoService => Code::NoAccount,
        ClientError::NotPrimary => Code::NotPrimary,
        ClientError::ThisDevice => Code::ThisDevice,
        ClientError::UnknownRoom(_) | ClientError::UnknownPerson(_) | ClientError::UnknownDevice(_) => {
            Code::NotFound
        }
        ClientError::BadCode => Code::BadLinkCode,
        ClientError::RendezvousAltered | ClientError::LinkAltered(_) => Code::LinkAltered,
        ClientError::BadInvitation => Code::BadInvitation,
        ClientError::BadMinorLink => Code::BadMinorLink,
        ClientError::InRoomAlready(_) => Code::InRoomAlready,
        ClientError::RoomNotOpen(_) => Code::NotOpen,
        ClientError::NotParticipant(_) => Code::NotInRoom,
        ClientError::NotAllowed | ClientError::NotMinor => Code::NotAllowed,
        ClientError::NoCommunity(_) => Code::NoCommunity,
        ClientError::KeyChanged(_) | ClientError::OtherKeyInRoom { .. } => Code::KeyChanged,
        ClientError::NoNewKey(_) => Code::NoNewKey,
        ClientError::Oneself => Code::Oneself,
        ClientError::TooLarge { .. } => Code::TooLarge,
        ClientError::BadName { .. } => Code::BadName,
        ClientError::NoLink(_) => Code::NoLink,
        ClientError::NotCompared(_) => Code::NotCompared,
        ClientError::NoRecoveryCode => Code::NoRecoveryCode,
        ClientError::OtherRecoveryCode => Code::OtherRecoveryCode,
        ClientError::BadRecoveryCode(_) => Code::BadRecoveryCode,
        ClientError::Archive(_) => Code::BadBackup,
        ClientError::NothingRestored => Code::NothingRestored,
        ClientError::Mls { .. } => Code::Core,
        ClientError::Conversation(error) => of_conversation(error),
        // Scripts alone meet these.
        ClientError::NotCaught(_)
        | ClientError::UnknownService(_)
        | ClientError::TooFewAuditors { .. }
        | ClientError::InvitationTerms => Code::Unusable,
    }
}

const fn of_conversation(error: &ConversationError) -> ProblemCode {
    use ProblemCode as Code;
    match error {
        ConversationError::TooLong { .. } => Code::TooLong,
        ConversationError::Empty(_) => Code::Empty,
        ConversationError::Unusable(_) | ConversationError::NotMentioned(_) => Code::Unusable,
        ConversationError::NoSuchMessage => Code::NotFound,
        ConversationError::NotFailed => Code::NotFailed,
        ConversationError::NotForwardable(_) => Code::NotForwardable,
        ConversationError::TooManyRooms { .. } => Code::TooManyRooms,
        ConversationError::NotToBeOpened => Code::NothingToOpen,
        ConversationError::Content(_) | ConversationError::Row(_) | ConversationError::Store(_) => {
            Code::Store
        }
    }
}

/// Of what a service refused.
pub(super) const fn of_service(code: ErrorCode) -> ProblemCode {
    use ProblemCode as Code;
    match code {
        ErrorCode::IdentifierTaken => Code::Taken,
        ErrorCode::BadIdentifier => Code::BadIdentifier,
        ErrorCode::BadCode => Code::BadCode,
        ErrorCode::PassNeeded => Code::PassNeeded,
        ErrorCode::TooManyReports => Code::TooManyReports,
        ErrorCode::RateLimited => Code::RateLimited,
        ErrorCode::QuotaExceeded => Code::QuotaExceeded,
        ErrorCode::TooLarge => Code::TooLarge,
        ErrorCode::NotFound => Code::NotFound,
        ErrorCode::NotAllowed => Code::NotAllowed,
        ErrorCode::Limited => Code::Limited,
        ErrorCode::Suspended => Code::Suspended,
        ErrorCode::Unsupported => Code::Unsupported,
        ErrorCode::PeerUnavailable => Code::Unreachable,
        ErrorCode::Internal | ErrorCode::Draining => Code::ServiceFailed,
        _ => Code::Refused,
    }
}
