//! People, and how their keys stand.

use super::{Qr, Stance};
use serde::Serialize;
use trefoil_client::{boundaries, verification::Standing};
use trefoil_proto::UserUri;
use utoipa::ToSchema;

/// A person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Person {
    /// Their URI.
    pub user: String,
    /// The name that they gave here; empty if none.
    pub name: String,
    /// Names their picture there, to be asked for and kept by; none if there is none, or the room is not taken up.
    pub picture: Option<String>,
    /// Domain of their service.
    pub domain: String,
    /// What is known of their account key.
    pub standing: PersonStanding,
    /// How near this person lets them.
    pub stance: Stance,
}

/// What is known of a person's account key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PersonStanding {
    /// It is one's own.
    Oneself,
    /// It was seen, and not compared.
    Unverified,
    /// It was compared.
    Verified,
    /// It is not the one that was compared.
    Changed,
}

/// What two people compare.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Safety {
    /// The other.
    pub person: Person,
    /// Twelve groups of five digits.
    pub digits: Vec<String>,
    /// The groups over the key that was verified, if another one was seen since.
    pub digits_before: Option<Vec<String>>,
    /// What this device shows for the other to scan, as text.
    pub code: String,
    /// The same as a QR code.
    pub qr: Option<Qr>,
    /// When the key was verified, in milliseconds since the UNIX epoch.
    pub verified: Option<u64>,
}

/// What comparing came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct VerifyOutcome {
    /// They match, and the person is verified from now on.
    pub matches: bool,
    /// In words.
    pub message: String,
}

impl Person {
    /// A person as this account sees them.
    pub(in crate::app) fn of(
        user: &UserUri,
        me: Option<&UserUri>,
        (name, picture): (Option<String>, Option<String>),
        (standing, stance): (Standing, boundaries::Stance),
    ) -> Self {
        Self {
            user: user.to_string(),
            name: name.unwrap_or_default(),
            picture,
            domain: user.domain.to_string(),
            stance: stance.into(),
            standing: match standing {
                _ if me == Some(user) => PersonStanding::Oneself,
                Standing::Unverified => PersonStanding::Unverified,
                Standing::Verified => PersonStanding::Verified,
                Standing::Changed => PersonStanding::Changed,
            },
        }
    }
}
