//! Who is who in a service's teams, and what each may do.

use crate::trail::{OPERATOR, SERVICE};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// The name of somebody of a team: 1 to 40 small letters, digits, `-` and `.`. It stands in the audit trail, so it is none of the names
/// that the trail has for others.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct StaffName(String);

/// No such name can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a name is 1 to 40 small letters, digits, '-' and '.', and neither 'operator' nor 'service'")]
pub struct BadName;

impl StaffName {
    const LONGEST: usize = 40;

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for StaffName {
    type Err = BadName;

    fn from_str(text: &str) -> Result<Self, BadName> {
        let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.".contains(&byte);
        let taken = [OPERATOR, SERVICE].contains(&text);
        if (1..=Self::LONGEST).contains(&text.len()) && text.bytes().all(fits) && !taken {
            Ok(Self(text.to_owned()))
        } else {
            Err(BadName)
        }
    }
}

impl TryFrom<String> for StaffName {
    type Error = BadName;

    fn try_from(text: String) -> Result<Self, BadName> {
        text.parse()
    }
}

impl From<StaffName> for String {
    fn from(name: StaffName) -> Self {
        name.0
    }
}

impl fmt::Display for StaffName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What somebody does. Nobody has two roles: who decides does not audit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Reviews reports, but for those about children.
    Reviewer,
    /// Reviews all reports, those about children first.
    ChildSafetyReviewer,
    /// As a reviewer of any report; invites and removes staff, and takes back decisions of others.
    Lead,
    /// Reads decisions, the audit trail and the figures. Opens no content, decides nothing.
    Auditor,
}

impl Role {
    /// Each of them.
    pub const ALL: [Self; 4] = [Self::Reviewer, Self::ChildSafetyReviewer, Self::Lead, Self::Auditor];

    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reviewer => "reviewer",
            Self::ChildSafetyReviewer => "child-safety-reviewer",
            Self::Lead => "lead",
            Self::Auditor => "auditor",
        }
    }

    /// Everything that it may do: the one place that says it.
    const fn may(self) -> May {
        const NOTHING: May = May {
            reviews: false,
            sees_child_safety: false,
            counts_child_safety: false,
            reads_every_case: false,
            leads: false,
            audits: false,
        };
        match self {
            Self::Reviewer => May { reviews: true, ..NOTHING },
            Self::ChildSafetyReviewer => {
                May { reviews: true, sees_child_safety: true, counts_child_safety: true, ..NOTHING }
            }
            Self::Lead => May {
                reviews: true,
                sees_child_safety: true,
                counts_child_safety: true,
                leads: true,
                audits: true,
                ..NOTHING
            },
            Self::Auditor => {
                May { counts_child_safety: true, reads_every_case: true, audits: true, ..NOTHING }
            }
        }
    }

    /// May claim and decide.
    pub const fn reviews(self) -> bool {
        self.may().reviews
    }

    /// May see what is said to exploit children.
    pub const fn sees_child_safety(self) -> bool {
        self.may().sees_child_safety
    }

    /// May know how many cases there are about that.
    pub const fn counts_child_safety(self) -> bool {
        self.may().counts_child_safety
    }

    /// May read every case, without what was reported.
    pub const fn reads_every_case(self) -> bool {
        self.may().reads_every_case
    }

    /// May invite and remove staff, and take back what others decided.
    pub const fn leads(self) -> bool {
        self.may().leads
    }

    /// May read the audit trail.
    pub const fn audits(self) -> bool {
        self.may().audits
    }
}

/// What somebody of a role may do.
#[derive(Clone, Copy)]
#[allow(clippy::struct_excessive_bools)] // Each is a right of its own, and every mixture of them could be a role.
struct May {
    reviews: bool,
    sees_child_safety: bool,
    counts_child_safety: bool,
    reads_every_case: bool,
    leads: bool,
    audits: bool,
}

impl FromStr for Role {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|role| role.as_str() == text).ok_or(())
    }
}

/// Somebody of a team, as who acts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Who.
    pub name: StaffName,
    /// What they may do.
    pub role: Role,
}
