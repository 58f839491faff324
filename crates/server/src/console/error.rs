//! The one mapping from what the rooms refuse to what the console answers: JSON with a code and a sentence that says what to do.

use crate::{
    accounts::AccountsError,
    safety::{SafetyError, case::CaseRefusal, known::KnownError, tipline::TiplineError},
    staff::StaffError,
};
use axum::{
    Json,
    extract::rejection::JsonRejection,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Serialize;
use trefoil_proto::Timestamp;

/// A refusal on its way out.
#[derive(Debug)]
pub(super) struct Problem {
    status: StatusCode,
    body: Body,
}

#[derive(Debug, Serialize)]
struct Body {
    code: &'static str,
    message: String,
    /// When it may be tried again, in milliseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<u64>,
}

impl Problem {
    pub(super) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, body: Body { code, message: message.into(), until: None } }
    }

    /// The request is not what is to be asked.
    pub(super) fn malformed(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "malformed", message)
    }

    /// Too many requests came from this address.
    pub(super) fn too_often(until: Timestamp) -> Self {
        let mut problem = Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too-often",
            "too many requests without a session come from your address: wait a minute, and try again",
        );
        problem.body.until = Some(until.0);
        problem
    }

    fn failed(error: &dyn std::error::Error) -> Self {
        let mut causes = error.to_string();
        let mut source = error.source();
        while let Some(deeper) = source {
            causes.push_str(": ");
            causes.push_str(&deeper.to_string());
            source = deeper.source();
        }
        tracing::error!(error = causes, "the console failed");
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "failed",
            "the service failed, and nothing was changed: try again, and tell the operator if it goes on",
        )
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        (self.status, Json(self.body)).into_response()
    }
}

impl From<SafetyError> for Problem {
    fn from(error: SafetyError) -> Self {
        let message = error.to_string();
        match error {
            SafetyError::Case(refusal) => {
                let (status, code) = refused(refusal);
                Self::new(status, code, message)
            }
            SafetyError::Rest { until } => {
                let mut problem = Self::new(StatusCode::TOO_MANY_REQUESTS, "rest", message);
                problem.body.until = Some(until.0);
                problem
            }
            SafetyError::NoTipline => Self::new(StatusCode::NOT_FOUND, "no-tipline", message),
            SafetyError::Tip(TiplineError::NotFound) => Self::new(StatusCode::NOT_FOUND, "no-tip", message),
            SafetyError::Tip(TiplineError::SamePerson) => {
                Self::new(StatusCode::FORBIDDEN, "took-part", message)
            }
            SafetyError::Tip(TiplineError::NotNow) => Self::new(StatusCode::CONFLICT, "not-now", message),
            SafetyError::Tip(TiplineError::Package(_)) => {
                Self::new(StatusCode::BAD_REQUEST, "bad-tip", message)
            }
            SafetyError::Known(
                KnownError::Line(_) | KnownError::Provenance | KnownError::Empty | KnownError::TooMany,
            ) => Self::new(StatusCode::BAD_REQUEST, "bad-list", message),
            SafetyError::Tip(_) | SafetyError::Known(_) | SafetyError::Evidence(_) => Self::failed(&error),
            SafetyError::NoSuchCase => Self::new(StatusCode::NOT_FOUND, "no-such-case", message),
            SafetyError::NotFetched => Self::new(StatusCode::CONFLICT, "not-fetched", message),
            SafetyError::Contended => Self::new(StatusCode::CONFLICT, "contended", message),
            SafetyError::NotTheReporter
            | SafetyError::Stranger
            | SafetyError::TooMuch
            | SafetyError::Note
            | SafetyError::Doubled
            | SafetyError::Unproven { .. }
            | SafetyError::TooManyOpen
            | SafetyError::HandedOn => Self::malformed(message),
            SafetyError::Trail(_)
            | SafetyError::DamagedRow
            | SafetyError::Read(_)
            | SafetyError::Write(_) => Self::failed(&error),
        }
    }
}

fn refused(refusal: CaseRefusal) -> (StatusCode, &'static str) {
    match refusal {
        CaseRefusal::Role => (StatusCode::FORBIDDEN, "role"),
        CaseRefusal::Claimed => (StatusCode::CONFLICT, "claimed"),
        CaseRefusal::NotClaimed => (StatusCode::CONFLICT, "not-claimed"),
        CaseRefusal::TookPart => (StatusCode::FORBIDDEN, "took-part"),
        CaseRefusal::Decided => (StatusCode::CONFLICT, "decided"),
        CaseRefusal::NothingProposed => (StatusCode::CONFLICT, "nothing-proposed"),
        CaseRefusal::Proposed => (StatusCode::CONFLICT, "proposed"),
        CaseRefusal::NoAppeal => (StatusCode::CONFLICT, "no-appeal"),
        CaseRefusal::Appealed => (StatusCode::CONFLICT, "appealed"),
        CaseRefusal::NotOpened => (StatusCode::CONFLICT, "not-opened"),
        CaseRefusal::NoDecision => (StatusCode::CONFLICT, "no-decision"),
        CaseRefusal::NoRule => (StatusCode::BAD_REQUEST, "no-rule"),
        CaseRefusal::Explanation => (StatusCode::BAD_REQUEST, "explanation"),
        CaseRefusal::Evidence => (StatusCode::BAD_REQUEST, "evidence"),
        CaseRefusal::Until => (StatusCode::BAD_REQUEST, "until"),
        CaseRefusal::NotOurs => (StatusCode::BAD_REQUEST, "not-ours"),
        CaseRefusal::OtherCategory => (StatusCode::BAD_REQUEST, "other-category"),
        CaseRefusal::Escalated => (StatusCode::CONFLICT, "escalated"),
        CaseRefusal::TwoDecided => (StatusCode::FORBIDDEN, "two-decided"),
        CaseRefusal::NoAppealTaken => (StatusCode::CONFLICT, "no-appeal-taken"),
    }
}

impl From<StaffError> for Problem {
    fn from(error: StaffError) -> Self {
        let message = error.to_string();
        match error {
            StaffError::BadInvitation => Self::new(StatusCode::FORBIDDEN, "bad-invitation", message),
            StaffError::Name(_) => Self::malformed(message),
            StaffError::Taken => Self::new(StatusCode::CONFLICT, "taken", message),
            StaffError::Nobody => Self::new(StatusCode::NOT_FOUND, "nobody", message),
            StaffError::NotProven => Self::new(StatusCode::UNAUTHORIZED, "not-proven", message),
            StaffError::KnownKey => Self::new(StatusCode::CONFLICT, "known-key", message),
            StaffError::NoPasskeys => Self::new(StatusCode::CONFLICT, "no-passkeys", message),
            StaffError::NoSession => Self::new(StatusCode::UNAUTHORIZED, "no-session", message),
            StaffError::Contended => Self::new(StatusCode::CONFLICT, "contended", message),
            StaffError::Trail(_)
            | StaffError::DamagedRow
            | StaffError::Encode
            | StaffError::Read(_)
            | StaffError::Write(_) => Self::failed(&error),
        }
    }
}

impl From<AccountsError> for Problem {
    fn from(error: AccountsError) -> Self {
        Self::failed(&error)
    }
}

impl From<JsonRejection> for Problem {
    fn from(rejection: JsonRejection) -> Self {
        if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
            Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", "that is too long")
        } else {
            Self::malformed(rejection.body_text())
        }
    }
}
