//! Whom a person keeps away, and how strangers are received.

use super::Person;
use serde::{Deserialize, Serialize};
use trefoil_client::boundaries::{self, Suspicion};
use utoipa::ToSchema;

/// How a person lets somebody near them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Stance {
    /// As everybody else.
    Normal,
    /// A conversation with them alone waits with the requests, and they hear nothing of it.
    Restricted,
    /// As restricted; what they say is out of the way.
    Blocked,
}

/// Why a room does not stand among the conversations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Away {
    /// It waits with the requests.
    Requests,
    /// Somebody who is blocked brought this person in, or is alone with them there.
    Blocked,
    /// A stranger brought this person in, who receives contacts only.
    Strict,
}

/// Why a message is shown only when the person asks for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Folded {
    /// Its sender is blocked.
    Blocked,
    /// It has a word that this person hid.
    Words,
}

/// Somebody who is kept away.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct KeptAway {
    /// Who, and how far.
    pub person: Person,
    /// Since when, in milliseconds since the UNIX epoch.
    pub since: u64,
}

/// Somebody who has just come to this person: what to know of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct FirstContact {
    /// Who, by URI.
    pub user: String,
    /// The month in which their account began, as `2026-11`, by what they and their service say; null while their keys are not proven.
    pub since: Option<String>,
    /// It began in this month or the last one.
    pub is_new: bool,
    /// Other conversations that both are in.
    pub shared_rooms: usize,
    /// Somebody else of this person's conversations whose name looks the same.
    pub namesake: Option<Person>,
    /// What they may be up to, by the words of their messages: looked for here, and told to nobody else.
    pub hint: Option<Hint>,
}

/// What somebody may be up to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Hint {
    /// They ask for a code that was sent to this person.
    Code,
    /// They are after money.
    Money,
}

impl From<Suspicion> for Hint {
    fn from(suspicion: Suspicion) -> Self {
        match suspicion {
            Suspicion::Code => Self::Code,
            Suspicion::Money => Self::Money,
        }
    }
}

/// What an account keeps away. No service and nobody else is told of any of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Boundaries {
    /// People, by URI.
    pub people: Vec<KeptAway>,
    /// What strangers do makes no noise.
    pub silence_unknown: bool,
    /// Contacts only: requests of strangers are out of the way, their pictures wait to be asked for, and they do not hear that
    /// something came or was read, or that somebody writes.
    pub strict: bool,
    /// Messages of others that have one of these are shown only when the person asks.
    pub hidden_words: Vec<String>,
}

impl From<boundaries::Stance> for Stance {
    fn from(stance: boundaries::Stance) -> Self {
        match stance {
            boundaries::Stance::Normal => Self::Normal,
            boundaries::Stance::Restricted => Self::Restricted,
            boundaries::Stance::Blocked => Self::Blocked,
        }
    }
}

impl From<Stance> for boundaries::Stance {
    fn from(stance: Stance) -> Self {
        match stance {
            Stance::Normal => Self::Normal,
            Stance::Restricted => Self::Restricted,
            Stance::Blocked => Self::Blocked,
        }
    }
}

impl From<boundaries::Away> for Away {
    fn from(away: boundaries::Away) -> Self {
        match away {
            boundaries::Away::Requests => Self::Requests,
            boundaries::Away::Blocked => Self::Blocked,
            boundaries::Away::Strict => Self::Strict,
        }
    }
}

impl From<boundaries::Folded> for Folded {
    fn from(folded: boundaries::Folded) -> Self {
        match folded {
            boundaries::Folded::Blocked => Self::Blocked,
            boundaries::Folded::Words => Self::Words,
        }
    }
}
