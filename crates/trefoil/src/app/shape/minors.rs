//! Accounts of minors and their guardians.

use super::{Person, Qr};
use serde::{Deserialize, Serialize};
use trefoil_proto::minors::{Guarded, Openness};
use utoipa::ToSchema;

/// How far a minor's account is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Open {
    /// To connections only.
    Connections,
    /// Whoever has its address may write to it and add it to rooms.
    Address,
    /// As well, and it is found by its handle or number.
    Found,
}

impl From<Openness> for Open {
    fn from(how: Openness) -> Self {
        match how {
            Openness::Connections => Self::Connections,
            Openness::Address => Self::Address,
            Openness::Found => Self::Found,
        }
    }
}

impl From<Open> for Openness {
    fn from(open: Open) -> Self {
        match open {
            Open::Connections => Self::Connections,
            Open::Address => Self::Address,
            Open::Found => Self::Found,
        }
    }
}

/// What a guardian is told of an account, and all of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct MinorState {
    /// The month in which the person comes of age, as `2030-05`, if it was said.
    pub ends: Option<String>,
    /// How far it is open.
    pub open: Open,
    /// Until when it is open further than to connections.
    pub until: Option<u64>,
}

impl From<&Guarded> for MinorState {
    fn from(guarded: &Guarded) -> Self {
        Self {
            ends: guarded.ends.map(|ends| ends.to_string()),
            open: guarded.open.map_or(Open::Connections, |open| open.how.into()),
            until: guarded.open.map(|open| open.until.0),
        }
    }
}

/// The own account, if it is a minor's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct OwnMinor {
    /// How it stands.
    pub standing: MinorState,
    /// Who the guardian is.
    pub guardian: Option<Person>,
}

/// Somebody whose guardian this person is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct GuardedMinor {
    /// Who.
    pub person: Person,
    /// How their account stands; none if their service did not answer, or no longer takes this person for the guardian.
    pub standing: Option<MinorState>,
}

/// Minors: the own account, and those whose guardian this person is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Minors {
    /// The own account, if it is a minor's.
    pub own: Option<OwnMinor>,
    /// Those whose guardian this person is.
    pub guarded: Vec<GuardedMinor>,
}

/// A link that makes whoever takes it up the guardian.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct GuardianLink {
    /// The link. Good for a day, once.
    pub link: String,
    /// It as a QR code.
    pub qr: Qr,
}
