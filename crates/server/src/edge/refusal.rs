//! The one mapping from what rooms refuse to what a caller is told.

use super::tokens::TokenError;
use crate::{
    accounts::AccountsError, backup::BackupError, directory::DirectoryError, discovery::DiscoveryError,
    federation::FederationError, keys::KeysError, log::LogError, mailbox::MailboxError, media::MediaError,
    minors::MinorsError, passes::PassesError, pin::PinError, rate::Wait, rendezvous::RendezvousError,
    rooms::RoomsError, safety::SafetyError,
};
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use trefoil_proto::{ErrorBody, ErrorCode, ProtoError, Wire as _, paths};
use trefoil_transparency::{device_set::ChainError, log::CheckpointError};

/// A refusal on its way out: status and encoded [`ErrorBody`].
#[derive(Debug)]
pub struct Refusal {
    status: StatusCode,
    body: ErrorBody,
}

impl Refusal {
    /// A refusal with a sentence that is the same for everyone.
    pub fn new(code: ErrorCode, detail: &str) -> Self {
        Self::from(ErrorBody { code, retry_after_ms: 0, detail: detail.as_bytes().to_vec() })
    }

    /// Too many requests: try again after this many milliseconds.
    pub fn rate_limited(retry_after_ms: u32) -> Self {
        Self::from(ErrorBody {
            code: ErrorCode::RateLimited,
            retry_after_ms,
            detail: b"too many requests".to_vec(),
        })
    }

    /// The service has too much to do at this moment, whoever asks: try again in a second.
    pub fn busy(detail: &str) -> Self {
        Self::from(ErrorBody {
            code: ErrorCode::RateLimited,
            retry_after_ms: 1000,
            detail: detail.as_bytes().to_vec(),
        })
        .with_status(StatusCode::SERVICE_UNAVAILABLE)
    }

    /// The service failed; the cause goes to the log and not to the caller.
    pub fn internal(cause: &dyn std::error::Error) -> Self {
        let mut causes = cause.to_string();
        let mut source = cause.source();
        while let Some(deeper) = source {
            causes.push_str(": ");
            causes.push_str(&deeper.to_string());
            source = deeper.source();
        }
        tracing::error!(error = causes, "the service failed");
        Self::from(ErrorBody {
            code: ErrorCode::Internal,
            retry_after_ms: 1000,
            detail: b"the service failed".to_vec(),
        })
    }

    /// The same with another status.
    pub fn with_status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    /// What it says.
    pub fn body(&self) -> &ErrorBody {
        &self.body
    }

    /// As it stands in a frame.
    pub fn into_body(self) -> ErrorBody {
        self.body
    }
}

impl From<ErrorBody> for Refusal {
    fn from(body: ErrorBody) -> Self {
        Self { status: status(body.code), body }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = (self.status, self.body.encode()).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(paths::ERROR_MEDIA_TYPE));
        if self.body.retry_after_ms > 0 {
            headers.insert(header::RETRY_AFTER, self.body.retry_after_ms.div_ceil(1000).into());
        }
        response
    }
}

fn status(code: ErrorCode) -> StatusCode {
    match code {
        ErrorCode::Malformed
        | ErrorCode::BadIdentifier
        | ErrorCode::BadCode
        | ErrorCode::BadSignature
        | ErrorCode::InvalidHandshake
        | ErrorCode::NotFranked => StatusCode::BAD_REQUEST,
        ErrorCode::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        ErrorCode::Unauthenticated => StatusCode::UNAUTHORIZED,
        ErrorCode::NotAllowed
        | ErrorCode::WrongDomain
        | ErrorCode::Limited
        | ErrorCode::Suspended
        | ErrorCode::PassNeeded => StatusCode::FORBIDDEN,
        ErrorCode::NotFound => StatusCode::NOT_FOUND,
        ErrorCode::Conflict | ErrorCode::IdentifierTaken | ErrorCode::WrongEpoch | ErrorCode::WrongOffset => {
            StatusCode::CONFLICT
        }
        ErrorCode::RateLimited
        | ErrorCode::QuotaExceeded
        | ErrorCode::TooManyFirstContacts
        | ErrorCode::TooManyReports => StatusCode::TOO_MANY_REQUESTS,
        ErrorCode::PeerUnavailable | ErrorCode::PeerMisbehaved => StatusCode::BAD_GATEWAY,
        ErrorCode::Unsupported => StatusCode::NOT_IMPLEMENTED,
        ErrorCode::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        ErrorCode::Draining => StatusCode::SERVICE_UNAVAILABLE,
    }
}

impl From<ProtoError> for Refusal {
    fn from(error: ProtoError) -> Self {
        let code = match error {
            ProtoError::TooLarge { .. } => ErrorCode::TooLarge,
            ProtoError::Unverified(_) => ErrorCode::BadSignature,
            _ => ErrorCode::Malformed,
        };
        Self::new(code, &error.to_string())
    }
}

impl From<AccountsError> for Refusal {
    fn from(error: AccountsError) -> Self {
        let code = match error {
            AccountsError::OtherProfile => ErrorCode::Unsupported,
            AccountsError::BadIdentifier(_) => ErrorCode::BadIdentifier,
            AccountsError::Taken => ErrorCode::IdentifierTaken,
            AccountsError::WrongCode => ErrorCode::BadCode,
            AccountsError::TooMany(Wait(millis)) => return Self::rate_limited(millis),
            AccountsError::BadSignature => ErrorCode::BadSignature,
            AccountsError::OtherAccount => ErrorCode::NotAllowed,
            AccountsError::IdsInUse | AccountsError::LastDevice => ErrorCode::Conflict,
            AccountsError::TooManyDevices => ErrorCode::QuotaExceeded,
            AccountsError::NoSuchDevice | AccountsError::NoSuchPerson => ErrorCode::NotFound,
            AccountsError::Directory(error) => return Self::from(error),
            AccountsError::Discovery(error) => return Self::from(error),
            AccountsError::Minors(error) => return Self::from(error),
            AccountsError::Contended
            | AccountsError::DamagedRow
            | AccountsError::ReadAccount(_)
            | AccountsError::StoreAccount(_)
            | AccountsError::StoreCode(_) => return Self::internal(&error),
        };
        Self::new(code, &error.to_string())
    }
}

impl From<DirectoryError> for Refusal {
    fn from(error: DirectoryError) -> Self {
        let code = match &error {
            DirectoryError::Malformed | DirectoryError::OtherDevices | DirectoryError::OtherMonth => {
                ErrorCode::Malformed
            }
            DirectoryError::Set(ChainError::OutOfSequence | ChainError::OtherHistory) => ErrorCode::Conflict,
            DirectoryError::Set(_) => ErrorCode::BadSignature,
            DirectoryError::NoSuchPerson | DirectoryError::NoSuchEpoch => ErrorCode::NotFound,
            DirectoryError::OtherKey | DirectoryError::Audit(_) | DirectoryError::Forked => {
                ErrorCode::PeerMisbehaved
            }
            DirectoryError::Late | DirectoryError::Contended => return Self::busy(&error.to_string()),
            _ => return Self::internal(&error),
        };
        Self::new(code, &error.to_string())
    }
}

impl From<KeysError> for Refusal {
    fn from(error: KeysError) -> Self {
        let code = match error {
            KeysError::Invalid(_) => ErrorCode::Malformed,
            KeysError::Suite => ErrorCode::Unsupported,
            KeysError::TooMany => ErrorCode::QuotaExceeded,
            KeysError::BadSignature => ErrorCode::BadSignature,
            KeysError::Contended
            | KeysError::CheckStopped
            | KeysError::DamagedRow
            | KeysError::Read(_)
            | KeysError::Write(_) => return Self::internal(&error),
        };
        Self::new(code, &error.to_string())
    }
}

impl From<MediaError> for Refusal {
    fn from(error: MediaError) -> Self {
        let code = match error {
            MediaError::NotFound => ErrorCode::NotFound,
            MediaError::Length => ErrorCode::TooLarge,
            MediaError::Quota => ErrorCode::QuotaExceeded,
            MediaError::Offset(length) => return Self::new(ErrorCode::WrongOffset, &length.to_string()),
            MediaError::Range => {
                return Self::new(ErrorCode::Malformed, &error.to_string())
                    .with_status(StatusCode::RANGE_NOT_SATISFIABLE);
            }
            MediaError::Contended | MediaError::DamagedRow | MediaError::Read(_) | MediaError::Write(_) => {
                return Self::internal(&error);
            }
        };
        Self::new(code, &error.to_string())
    }
}

impl From<BackupError> for Refusal {
    fn from(error: BackupError) -> Self {
        let code = match error {
            BackupError::NotFound => ErrorCode::NotFound,
            BackupError::Taken | BackupError::Other | BackupError::Counter(_) => ErrorCode::Conflict,
            BackupError::TooMany | BackupError::Quota => ErrorCode::QuotaExceeded,
            BackupError::Length => ErrorCode::TooLarge,
            BackupError::Contended => return Self::busy(&error.to_string()),
            BackupError::DamagedRow | BackupError::Read(_) | BackupError::Write(_) => {
                return Self::internal(&error);
            }
        };
        Self::new(code, &error.to_string())
    }
}

impl From<SafetyError> for Refusal {
    fn from(error: SafetyError) -> Self {
        let code = match &error {
            SafetyError::NotTheReporter => ErrorCode::NotAllowed,
            SafetyError::Stranger => ErrorCode::PeerUnavailable,
            SafetyError::TooMuch => ErrorCode::TooLarge,
            SafetyError::Note | SafetyError::Doubled => ErrorCode::Malformed,
            SafetyError::Unproven { .. } => ErrorCode::NotFranked,
            SafetyError::HandedOn => ErrorCode::BadSignature,
            SafetyError::TooManyOpen => ErrorCode::TooManyReports,
            SafetyError::NoSuchCase => ErrorCode::NotFound,
            SafetyError::Case(_) => ErrorCode::Conflict,
            // Of the desk alone, which is elsewhere.
            SafetyError::NoTipline
            | SafetyError::Tip(_)
            | SafetyError::Known(_)
            | SafetyError::NotFetched
            | SafetyError::Evidence(_) => return Self::internal(&error),
            SafetyError::Rest { .. } => ErrorCode::NotAllowed,
            SafetyError::Contended => return Self::busy("others work on this at the same moment"),
            SafetyError::Trail(_)
            | SafetyError::DamagedRow
            | SafetyError::Read(_)
            | SafetyError::Write(_) => {
                return Self::internal(&error);
            }
        };
        Self::new(code, &error.to_string())
    }
}

impl From<PassesError> for Refusal {
    fn from(error: PassesError) -> Self {
        let code = match &error {
            PassesError::NotNeeded => ErrorCode::Unsupported,
            PassesError::TooMany | PassesError::OtherType | PassesError::Element => ErrorCode::Malformed,
            PassesError::OtherKey => ErrorCode::Conflict,
            PassesError::Bad | PassesError::Spent => ErrorCode::PassNeeded,
            PassesError::Derive
            | PassesError::Prove
            | PassesError::Stopped
            | PassesError::Read(_)
            | PassesError::Write(_) => return Self::internal(&error),
        };
        Self::new(code, &error.to_string())
    }
}

impl From<MinorsError> for Refusal {
    fn from(error: MinorsError) -> Self {
        let code = match &error {
            MinorsError::Ends | MinorsError::Until => ErrorCode::Malformed,
            MinorsError::NotTheGuardian => ErrorCode::NotFound,
            MinorsError::Guarded | MinorsError::Replayed => ErrorCode::Conflict,
            MinorsError::Link => ErrorCode::NotAllowed,
            MinorsError::Unsigned => ErrorCode::BadSignature,
            MinorsError::Contended => return Self::busy(&error.to_string()),
            MinorsError::Discovery(_)
            | MinorsError::Trail(_)
            | MinorsError::DamagedRow
            | MinorsError::Read(_)
            | MinorsError::Write(_) => return Self::internal(&error),
        };
        Self::new(code, &error.to_string())
    }
}

impl From<PinError> for Refusal {
    fn from(error: PinError) -> Self {
        let code = match error {
            PinError::Element | PinError::NoNote => ErrorCode::Malformed,
            PinError::Signature => ErrorCode::BadSignature,
            PinError::Ticket => ErrorCode::NotAllowed,
            PinError::InUse | PinError::Locked | PinError::NoSuchTry => ErrorCode::Conflict,
            PinError::Full => ErrorCode::QuotaExceeded,
            PinError::NoSuchRecord | PinError::NotKept => ErrorCode::NotFound,
            PinError::Taken => ErrorCode::IdentifierTaken,
            PinError::Contended => return Self::busy(&error.to_string()),
            PinError::Derive | PinError::DamagedRow | PinError::Read(_) | PinError::Write(_) => {
                return Self::internal(&error);
            }
        };
        Self::new(code, &error.to_string())
    }
}

impl From<RendezvousError> for Refusal {
    fn from(error: RendezvousError) -> Self {
        let code = match error {
            RendezvousError::NoSuchSlot => ErrorCode::NotFound,
            RendezvousError::Other => ErrorCode::Conflict,
            RendezvousError::Length => ErrorCode::TooLarge,
            RendezvousError::Full(retry_after_ms) => {
                let detail = error.to_string().into_bytes();
                return Self::from(ErrorBody { code: ErrorCode::RateLimited, retry_after_ms, detail });
            }
            RendezvousError::Waiting => return Self::busy(&error.to_string()),
        };
        Self::new(code, &error.to_string())
    }
}

impl From<DiscoveryError> for Refusal {
    fn from(error: DiscoveryError) -> Self {
        let code = match error {
            DiscoveryError::OtherProfile => ErrorCode::Unsupported,
            DiscoveryError::Malformed | DiscoveryError::Element => ErrorCode::Malformed,
            DiscoveryError::OtherBits => ErrorCode::Conflict,
            DiscoveryError::Derive
            | DiscoveryError::Prove
            | DiscoveryError::Seal
            | DiscoveryError::DamagedRow
            | DiscoveryError::Read(_) => return Self::internal(&error),
        };
        Self::new(code, &error.to_string())
    }
}

impl From<TokenError> for Refusal {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::Refused => Self::new(ErrorCode::Unauthenticated, &error.to_string()),
            _ => Self::internal(&error),
        }
    }
}

impl From<MailboxError> for Refusal {
    fn from(error: MailboxError) -> Self {
        match error {
            MailboxError::EventTooLarge { .. } => Self::new(ErrorCode::TooLarge, &error.to_string()),
            _ => Self::internal(&error),
        }
    }
}

impl From<LogError> for Refusal {
    /// With the statuses of C2SP tlog-witness.
    fn from(error: LogError) -> Self {
        let told = |code| Self::new(code, &error.to_string());
        match error {
            LogError::NoSuchTile
            | LogError::UnknownLog(_)
            | LogError::Checkpoint(CheckpointError::OtherLog) => told(ErrorCode::NotFound),
            LogError::Checkpoint(CheckpointError::Unsigned) => {
                told(ErrorCode::BadSignature).with_status(StatusCode::FORBIDDEN)
            }
            LogError::Checkpoint(_) | LogError::OldSize => told(ErrorCode::Malformed),
            LogError::NoKey(_) => told(ErrorCode::NotAllowed),
            LogError::OtherSize(_) => told(ErrorCode::Conflict),
            LogError::Refused(_) => told(ErrorCode::Conflict).with_status(StatusCode::UNPROCESSABLE_ENTITY),
            LogError::Contended => Self::busy("the log is being cosigned by another request"),
            LogError::Peer(error) => Self::from(error),
            LogError::Assert { .. } | LogError::DamagedRow | LogError::Store(_) => Self::internal(&error),
        }
    }
}

impl From<FederationError> for Refusal {
    fn from(error: FederationError) -> Self {
        if error.is_our_own() { Self::internal(&error) } else { Self::from(error.to_body()) }
    }
}

impl From<RoomsError> for Refusal {
    fn from(error: RoomsError) -> Self {
        if let RoomsError::Federation(error) = error {
            return Self::from(error);
        }
        let body = error.to_body();
        if body.code == ErrorCode::Internal { Self::internal(&error) } else { Self::from(body) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_failure_of_our_own_is_told_as_one() {
        let domain: trefoil_proto::Domain = "peer.test".parse().expect("a domain");
        let told = ErrorBody { code: ErrorCode::Internal, retry_after_ms: 7, detail: b"theirs".to_vec() };
        let refused = FederationError::Refused { domain, status: 500, body: told.clone(), decoded: true };
        let busy = FederationError::Busy.to_body();
        assert_eq!((busy.code, busy.retry_after_ms), (ErrorCode::Internal, 200));
        assert_eq!(Refusal::from(FederationError::Busy).into_body(), busy);
        assert_eq!(Refusal::from(RoomsError::Federation(FederationError::Busy)).into_body(), busy);
        assert_eq!(Refusal::from(refused).into_body(), told);
        let own = FederationError::SetUp("x".into());
        assert_eq!(Refusal::from(own).into_body().detail, b"the service failed");
    }
}
