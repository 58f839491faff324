//! Exit codes, and how an error becomes one sentence for people. The table for scripts is in `docs/commandline.md`.

use crate::{
    agent::{self, AgentError},
    app::{NoLink, OpenError, StartError},
    audit::FollowError,
    desk::DeskError,
    export::ExportError,
    home::HomeError,
    person::PersonError,
    pin::PinFailure,
    print,
    public_log::{ReadError, ReleaseError, UpdateError},
    show::NotTaken,
    transfer::TransferError,
    transport::TransportError,
};
use std::{io, process::ExitCode};
use trefoil_client::{
    ClientError, conversation::ConversationError, discovery::DiscoveryError, pin::PinError,
};
use trefoil_proto::ErrorCode;

/// How a command ended. The numbers are stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// It did what was asked.
    Done = 0,
    /// It failed, for a reason that has no number of its own.
    Failed = 1,
    /// The command line or an input file is not acceptable.
    Usage = 2,
    /// A person, room, message or account is not there.
    NotFound = 3,
    /// The service, or a room's rules, said no.
    Refused = 4,
    /// The service, or the service of another person, cannot be reached now.
    Unreachable = 5,
    /// The local store is in use, or its key or passphrase is not the right one.
    Locked = 6,
    /// A service did what it must not: it contradicts what it signed, or takes back what it published.
    Deceived = 7,
    /// Somebody's key is not the one that was verified, or that a key directory proves, or what was compared is not the
    /// same.
    OtherKey = 8,
    /// The public log does not prove it, or only something older.
    Unproven = 9,
    /// The PIN is wrong.
    WrongPin = 10,
    /// The PIN is locked for ever.
    PinLocked = 11,
}

/// An input that cannot be used: exit code 2.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct UsageError(pub String);

/// Something named is not there: exit code 3.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct NotFoundError(pub String);

/// The public log does not prove it: exit code 9.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct UnprovenError(pub String);

/// A service did what it must not: exit code 7.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct DeceitError(pub String);

/// Somebody's key is not the one that was verified, or what was compared is not the same: exit code 8.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct OtherKeyError(pub String);

impl Exit {
    /// The code of an error: that of the first cause that has one.
    pub fn of(error: &anyhow::Error) -> Self {
        // What was put around an error as context is found by anyhow only, not in the chain.
        if error.is::<UsageError>() {
            return Self::Usage;
        }
        if error.is::<DeceitError>() {
            return Self::Deceived;
        }
        if error.is::<UnprovenError>() {
            return Self::Unproven;
        }
        error.chain().find_map(Self::of_cause).unwrap_or(Self::Failed)
    }

    fn of_cause(cause: &(dyn std::error::Error + 'static)) -> Option<Self> {
        if cause.is::<UsageError>() {
            return Some(Self::Usage);
        }
        if cause.is::<NotFoundError>() {
            return Some(Self::NotFound);
        }
        if cause.is::<NoLink>() {
            return Some(Self::Locked);
        }
        if let Some(error) = cause.downcast_ref::<StartError>() {
            return Some(match error {
                StartError::Open(OpenError::Home(error)) | StartError::Home(error) => Self::of_home(error),
                StartError::Open(OpenError::Person(error)) => Self::of_person(error),
                StartError::Open(OpenError::Suggestions { .. }) | StartError::Listen { .. } => Self::Usage,
            });
        }
        if cause.is::<OtherKeyError>() {
            return Some(Self::OtherKey);
        }
        if let Some(error) = cause.downcast_ref::<NotTaken>() {
            return Some(match error {
                NotTaken::Refused(_) => Self::Refused,
                NotTaken::OutOfReach(_) => Self::Unreachable,
                NotTaken::OtherKey(_) | NotTaken::Unproven(_) => Self::OtherKey,
            });
        }
        if let Some(TransferError::Person(error)) = cause.downcast_ref() {
            return Some(Self::of_person(error));
        }
        if let Some(ExportError::Usage(_)) = cause.downcast_ref() {
            return Some(Self::Usage);
        }
        if let Some(error) = cause.downcast_ref::<FollowError>() {
            return Some(match error {
                FollowError::Transport(error) => Self::of_transport(error),
                FollowError::File(error) => Self::of_home(error),
                FollowError::State(..) | FollowError::OtherDirectory(..) => Self::Usage,
                FollowError::NoDirectory(_) => Self::Refused,
                FollowError::Busy(_) => Self::Unreachable,
                FollowError::Garbled(_) => Self::Failed,
                _ => Self::Deceived,
            });
        }
        if let Some(error) = cause.downcast_ref::<ReadError>() {
            return Some(match error {
                ReadError::Transport(error) => Self::of_transport(error),
                ReadError::NoLog(_) | ReadError::TooOften => Self::Refused,
                ReadError::Garbled(_) => Self::Failed,
                ReadError::Policy(_) => Self::Unproven,
                ReadError::NoSuchEntry { .. } => Self::NotFound,
                ReadError::Untrue(_) => Self::Deceived,
            });
        }
        if let Some(error) = cause.downcast_ref::<ReleaseError>() {
            return Some(Self::of_release(error));
        }
        if let Some(error) = cause.downcast_ref::<UpdateError>() {
            return Some(match error {
                UpdateError::Release(error) => Self::of_release(error),
                UpdateError::OtherTarget { .. } => Self::Usage,
                UpdateError::RolledBack { .. } | UpdateError::OldProof { .. } | UpdateError::Kept(..) => {
                    Self::Unproven
                }
                UpdateError::Forked(_) => Self::Deceived,
                UpdateError::Busy(_) | UpdateError::File { .. } => Self::Failed,
            });
        }
        if let Some(error) = cause.downcast_ref::<HomeError>() {
            return Some(Self::of_home(error));
        }
        if let Some(error) = cause.downcast_ref::<TransportError>() {
            return Some(Self::of_transport(error));
        }
        if let Some(error) = cause.downcast_ref::<ClientError>() {
            return Some(Self::of_core(error));
        }
        if let Some(error) = cause.downcast_ref::<AgentError>() {
            return Some(Self::of_agent(error));
        }
        if let Some(error) = cause.downcast_ref::<PinFailure>() {
            return Some(Self::of_pin(error));
        }
        if let Some(error) = cause.downcast_ref::<PinError>() {
            return Some(Self::of_pin_core(error));
        }
        if let Some(error) = cause.downcast_ref::<DeskError>() {
            return Some(match error {
                DeskError::NoKey(_) => Self::NotFound,
                DeskError::KeyExists(_) | DeskError::Address(_) => Self::Usage,
                DeskError::Way(_) => Self::Unreachable,
                DeskError::Transport(error) => Self::of_transport(error),
                DeskError::Refused { code, .. } if code == "no-such-case" => Self::NotFound,
                DeskError::Refused { .. } => Self::Refused,
                DeskError::BadKey { .. } | DeskError::Keep(_) | DeskError::Garbled => Self::Failed,
            });
        }
        cause.downcast_ref::<PersonError>().map(Self::of_person)
    }

    const fn of_release(error: &ReleaseError) -> Self {
        match error {
            ReleaseError::File { .. } | ReleaseError::NoBinary(_) => Self::Usage,
            ReleaseError::Unproven(_) | ReleaseError::NoRelease | ReleaseError::OtherFile { .. } => {
                Self::Unproven
            }
        }
    }

    fn of_pin(error: &PinFailure) -> Self {
        match error {
            PinFailure::Wrong { .. } => Self::WrongPin,
            PinFailure::Locked => Self::PinLocked,
            PinFailure::TooFew => Self::Unreachable,
            PinFailure::NoPin => Self::NotFound,
            PinFailure::SameService(_) => Self::Usage,
            PinFailure::Core(error) => Self::of_pin_core(error),
            PinFailure::Person(error) => Self::of_person(error),
            PinFailure::Stopped(_) => Self::Failed,
        }
    }

    const fn of_pin_core(error: &PinError) -> Self {
        match error {
            PinError::Unusable(_) | PinError::TooShort { .. } | PinError::Addresses => Self::Usage,
            PinError::Refused { .. } => Self::Refused,
            PinError::Silent(_) => Self::Unreachable,
            _ => Self::Failed,
        }
    }

    fn of_person(error: &PersonError) -> Self {
        match error {
            PersonError::Home(error) => Self::of_home(error),
            PersonError::Transport(error) => Self::of_transport(error),
            PersonError::Agent(error) => Self::of_agent(error),
            PersonError::Refused { code: ErrorCode::NotFound, .. } => Self::NotFound,
            PersonError::Refused { code: ErrorCode::PeerUnavailable | ErrorCode::Draining, .. } => {
                Self::Unreachable
            }
            PersonError::Refused { .. } => Self::Refused,
            PersonError::Usage(_) => Self::Usage,
            PersonError::NotFound(_) => Self::NotFound,
            PersonError::Discovery(error) => match error {
                DiscoveryError::Number | DiscoveryError::Batch => Self::Usage,
                DiscoveryError::OtherKey(_) | DiscoveryError::Unproven => Self::Deceived,
                _ => Self::Failed,
            },
        }
    }

    fn of_home(error: &HomeError) -> Self {
        match error {
            HomeError::NoPlace | HomeError::AlreadyThere(_) => Self::Usage,
            HomeError::NoAccount(_) => Self::NotFound,
            HomeError::PassphraseNeeded
            | HomeError::WrongPassphrase
            | HomeError::InUse(_)
            | HomeError::PageIsOpen(_)
            | HomeError::Open { .. } => Self::Locked,
            HomeError::File { .. } | HomeError::Damaged { .. } | HomeError::MakeKey => Self::Failed,
        }
    }

    fn of_transport(error: &TransportError) -> Self {
        match error {
            TransportError::Address(_) | TransportError::Authorities => Self::Usage,
            TransportError::Connect { .. } | TransportError::Untrusted { .. } | TransportError::Broken(_) => {
                Self::Unreachable
            }
            TransportError::StreamRefused(_) => Self::Refused,
            TransportError::SetUp(_) | TransportError::TooLarge(_) | TransportError::Garbled(_) => {
                Self::Failed
            }
        }
    }

    fn of_agent(error: &AgentError) -> Self {
        match error {
            AgentError::Core(error) => Self::of_core(error),
            AgentError::Unknown => Self::Refused,
            AgentError::Unreachable(_) | AgentError::TooSlow => Self::Unreachable,
        }
    }

    fn of_core(error: &ClientError) -> Self {
        match error {
            ClientError::NoAccount
            | ClientError::UnknownRoom(_)
            | ClientError::UnknownDevice(_)
            | ClientError::NotParticipant(_)
            | ClientError::NoNewKey(_)
            | ClientError::NotCaught(_)
            | ClientError::UnknownService(_)
            | ClientError::UnknownPerson(_) => Self::NotFound,
            ClientError::KeyChanged(_) | ClientError::OtherKeyInRoom { .. } => Self::OtherKey,
            ClientError::NotAllowed
            | ClientError::NotPrimary
            | ClientError::NotMinor
            | ClientError::ThisDevice
            | ClientError::RoomNotOpen(_)
            | ClientError::InRoomAlready(_) => Self::Refused,
            ClientError::NoCommunity(_)
            | ClientError::BadCode
            | ClientError::BadInvitation
            | ClientError::BadMinorLink
            | ClientError::InvitationTerms
            | ClientError::Oneself
            | ClientError::TooFewAuditors { .. }
            | ClientError::TooLarge { .. }
            | ClientError::NoRecoveryCode
            | ClientError::BadName { .. }
            | ClientError::OtherRecoveryCode
            | ClientError::BadRecoveryCode(_)
            | ClientError::AccountExists => Self::Usage,
            ClientError::Archive(_) | ClientError::RendezvousAltered => Self::Deceived,
            ClientError::LinkAltered(_) => Self::OtherKey,
            ClientError::NotCompared(_) => Self::Refused,
            ClientError::NoLink(_) => Self::NotFound,
            ClientError::NothingRestored => Self::NotFound,
            ClientError::Conversation(
                ConversationError::TooLong { .. }
                | ConversationError::Empty(_)
                | ConversationError::Unusable(_)
                | ConversationError::TooManyRooms { .. }
                | ConversationError::NotMentioned(_),
            ) => Self::Usage,
            ClientError::Conversation(
                ConversationError::NotForwardable(_)
                | ConversationError::NotFailed
                | ConversationError::NotToBeOpened,
            ) => Self::Refused,
            ClientError::Conversation(ConversationError::NoSuchMessage) => Self::NotFound,
            _ => Self::Failed,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Prints an error as a sentence, with its causes if `verbose`, and gives its code. A reader that closed our output
/// (`trefoil rooms | head -1`) is no failure.
pub fn report(error: &anyhow::Error, verbose: bool) -> Exit {
    let closed = error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|cause| cause.kind() == io::ErrorKind::BrokenPipe);
    if closed {
        return Exit::Done;
    }
    match error.downcast_ref::<ClientError>() {
        Some(core) => print::remark(format_args!("trefoil: {}", agent::sentence(core))),
        None => print::remark(format_args!("trefoil: {error}")),
    }
    if verbose {
        for cause in error.chain().skip(1) {
            print::remark(format_args!("  because: {cause}"));
        }
    }
    Exit::of(error)
}
