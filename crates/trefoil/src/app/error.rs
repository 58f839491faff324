//! What the local API refuses: a status, a word that does not change, and a sentence for people.

use crate::{
    agent::{AgentError, sentence},
    home::HomeError,
    person::PersonError,
    show::NotTaken,
    transfer::TransferError,
};
use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Serialize;
use trefoil_client::{ClientError, conversation::ConversationError};
use trefoil_proto::ErrorCode;
use utoipa::ToSchema;

/// A refusal of the local API.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Problem {
    /// The HTTP status.
    #[serde(skip)]
    #[schema(ignore)]
    status: u16,
    /// A word that does not change.
    pub code: &'static str,
    /// A sentence for people.
    pub message: String,
    /// How many tries are left, where they are counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    left: Option<u32>,
}

/// What a handler gives.
pub type Answer<T> = Result<T, Problem>;

impl Problem {
    /// A refusal.
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status: status.as_u16(), code, message: message.into(), left: None }
    }

    /// With the number of tries that are left.
    #[must_use]
    pub const fn with_tries_left(mut self, left: u32) -> Self {
        self.left = Some(left);
        self
    }

    /// What was given cannot be used.
    pub fn unusable(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "unusable", message)
    }

    /// There is no such thing.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", message)
    }

    /// This program failed.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", message)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (status, Json(self)).into_response()
    }
}

impl From<ClientError> for Problem {
    fn from(error: ClientError) -> Self {
        let (status, code) = match &error {
            ClientError::Store(_) | ClientError::Row { .. } => (StatusCode::INTERNAL_SERVER_ERROR, "store"),
            ClientError::UnknownRoom(_) | ClientError::UnknownPerson(_) => {
                (StatusCode::NOT_FOUND, "not-found")
            }
            ClientError::KeyChanged(_) | ClientError::OtherKeyInRoom { .. } => {
                (StatusCode::CONFLICT, "key-changed")
            }
            ClientError::RoomNotOpen(_) => (StatusCode::CONFLICT, "not-open"),
            ClientError::NotAllowed | ClientError::NotPrimary => (StatusCode::FORBIDDEN, "not-allowed"),
            _ => (StatusCode::UNPROCESSABLE_ENTITY, "unusable"),
        };
        Self::new(status, code, sentence(&error))
    }
}

impl From<ConversationError> for Problem {
    fn from(error: ConversationError) -> Self {
        ClientError::from(error).into()
    }
}

impl From<AgentError> for Problem {
    fn from(error: AgentError) -> Self {
        match error {
            AgentError::Core(error) => error.into(),
            AgentError::Unreachable(_) | AgentError::TooSlow => {
                Self::new(StatusCode::BAD_GATEWAY, "unreachable", error.to_string())
            }
            AgentError::Unknown => Self::new(StatusCode::CONFLICT, "removed", error.to_string()),
        }
    }
}

impl From<PersonError> for Problem {
    fn from(error: PersonError) -> Self {
        match error {
            PersonError::Agent(error) => error.into(),
            PersonError::Transport(error) => {
                Self::new(StatusCode::BAD_GATEWAY, "unreachable", error.to_string())
            }
            PersonError::Refused { code, .. } => {
                let word = match code {
                    ErrorCode::IdentifierTaken => "taken",
                    ErrorCode::BadIdentifier => "bad-identifier",
                    ErrorCode::BadCode => "bad-code",
                    ErrorCode::RateLimited => "rate-limited",
                    ErrorCode::NotFound => "not-found",
                    ErrorCode::PeerUnavailable => "unreachable",
                    _ => "refused",
                };
                let status = if word == "not-found" { StatusCode::NOT_FOUND } else { StatusCode::CONFLICT };
                Self::new(status, word, error.to_string())
            }
            PersonError::Home(error) => error.into(),
            PersonError::Usage(error) => Self::unusable(error.to_string()),
            PersonError::NotFound(error) => Self::not_found(error.to_string()),
            PersonError::Discovery(error) => Self::unusable(error.to_string()),
        }
    }
}

impl From<HomeError> for Problem {
    fn from(error: HomeError) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "home", error.to_string())
    }
}

impl From<TransferError> for Problem {
    fn from(error: TransferError) -> Self {
        match error {
            TransferError::Person(error) => error.into(),
            TransferError::Agent(error) => error.into(),
            other => Self::unusable(other.to_string()),
        }
    }
}

impl From<NotTaken> for Problem {
    fn from(error: NotTaken) -> Self {
        let code = match &error {
            NotTaken::Refused(_) => "refused",
            NotTaken::OutOfReach(_) => "unreachable",
            NotTaken::OtherKey(_) => "key-changed",
            NotTaken::Unproven(_) => "unproven",
        };
        Self::new(StatusCode::CONFLICT, code, error.to_string())
    }
}
