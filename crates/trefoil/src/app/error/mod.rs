//! What the local API refuses: a status, a word that does not change, and a sentence for people.

mod code;

pub use code::ProblemCode;

use crate::{
    agent::{AgentError, sentence},
    home::HomeError,
    person::PersonError,
    transfer::TransferError,
    transport::TransportError,
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
    pub code: ProblemCode,
    /// A sentence for people.
    pub message: String,
    /// How many tries are left, where they are counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    left: Option<u32>,
    /// The most that there may be, where there is such a limit: of files in MiB, of accounts and conversations in number.
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<u64>,
}

/// What a handler gives.
pub type Answer<T> = Result<T, Problem>;

impl Problem {
    /// A refusal.
    pub fn new(status: StatusCode, code: ProblemCode, message: impl Into<String>) -> Self {
        Self { status: status.as_u16(), code, message: message.into(), left: None, limit: None }
    }

    /// With the number of tries that are left.
    #[must_use]
    pub const fn with_tries_left(mut self, left: u32) -> Self {
        self.left = Some(left);
        self
    }

    /// With the most that there may be.
    #[must_use]
    pub const fn with_limit(mut self, limit: u64) -> Self {
        self.limit = Some(limit);
        self
    }

    /// What was given cannot be used, for a reason of which the page knows.
    pub fn because(code: ProblemCode, message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, code, message)
    }

    /// The request cannot be used: whoever made it should have made another.
    pub fn unusable(message: impl Into<String>) -> Self {
        Self::because(ProblemCode::Unusable, message)
    }

    /// There is no such thing.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, ProblemCode::NotFound, message)
    }

    /// This program failed.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, ProblemCode::Internal, message)
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
        let code = code::of_client(&error);
        let status = match code {
            ProblemCode::Store => StatusCode::INTERNAL_SERVER_ERROR,
            ProblemCode::NotFound => StatusCode::NOT_FOUND,
            ProblemCode::KeyChanged | ProblemCode::NotOpen => StatusCode::CONFLICT,
            ProblemCode::NotAllowed
            | ProblemCode::NotPrimary
            | ProblemCode::Limited
            | ProblemCode::Suspended => StatusCode::FORBIDDEN,
            _ => StatusCode::UNPROCESSABLE_ENTITY,
        };
        let problem = Self::new(status, code, sentence(&error));
        match error {
            ClientError::Conversation(ConversationError::TooManyRooms { limit }) => {
                problem.with_limit(limit as u64)
            }
            _ => problem,
        }
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
            AgentError::Unreachable(TransportError::Untrusted { .. }) => {
                Self::new(StatusCode::BAD_GATEWAY, ProblemCode::Untrusted, error.to_string())
            }
            AgentError::Unreachable(_) | AgentError::TooSlow => {
                Self::new(StatusCode::BAD_GATEWAY, ProblemCode::Unreachable, error.to_string())
            }
            AgentError::Unknown => Self::new(StatusCode::CONFLICT, ProblemCode::Removed, error.to_string()),
        }
    }
}

impl From<PersonError> for Problem {
    fn from(error: PersonError) -> Self {
        match error {
            PersonError::Agent(error) => error.into(),
            PersonError::Transport(error @ TransportError::Untrusted { .. }) => {
                Self::new(StatusCode::BAD_GATEWAY, ProblemCode::Untrusted, error.to_string())
            }
            PersonError::Transport(error) => {
                Self::new(StatusCode::BAD_GATEWAY, ProblemCode::Unreachable, error.to_string())
            }
            PersonError::Refused { code, .. } => {
                let word = code::of_service(code);
                let status = match word {
                    ProblemCode::NotFound => StatusCode::NOT_FOUND,
                    _ => StatusCode::CONFLICT,
                };
                Self::new(status, word, error.to_string())
            }
            PersonError::Home(error) => error.into(),
            PersonError::Usage(error) => Self::because(ProblemCode::BadIdentifier, error.to_string()),
            PersonError::NotFound(error) => Self::not_found(error.to_string()),
            PersonError::Discovery(error) => Self::because(ProblemCode::Discovery, error.to_string()),
        }
    }
}

impl From<HomeError> for Problem {
    fn from(error: HomeError) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, ProblemCode::Home, error.to_string())
    }
}

impl From<TransferError> for Problem {
    fn from(error: TransferError) -> Self {
        match error {
            // Files go beside the agent, which is let in anew when a token has run out, and says it if this device is not.
            TransferError::Person(PersonError::Refused { code: ErrorCode::Unauthenticated, .. }) => {
                Self::new(StatusCode::BAD_GATEWAY, ProblemCode::Unreachable, error.to_string())
            }
            TransferError::Person(error) => error.into(),
            TransferError::Agent(error) => error.into(),
            TransferError::File { .. } => Self::because(ProblemCode::FileUnusable, error.to_string()),
            TransferError::Attachment(_) => Self::because(ProblemCode::AttachmentUnusable, error.to_string()),
        }
    }
}
