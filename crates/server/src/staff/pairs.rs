//! That two of a team are two people: nobody comes in with what proves somebody else, and it is kept who let whom in.

use super::{
    Staff, StaffError,
    role::StaffName,
    rows::{MEMBERS, MemberRow, PasskeyRow},
};
use crate::{json_row::JsonRow as _, trail::OPERATOR};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use trefoil_store::KeyRange;

/// Who let somebody in, or takes somebody off the team.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Inviter {
    /// Whoever runs the service, beside it (`trefoil admin staff invite`).
    Operator,
    /// A lead.
    Lead(StaffName),
}

impl Inviter {
    /// As it stands in the trail.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Operator => OPERATOR,
            Self::Lead(name) => name.as_str(),
        }
    }
}

/// What somebody comes in with.
pub(super) enum Credential {
    /// With the handle that it was made for.
    Passkey(String, PasskeyRow),
    /// Ed25519 public key, base64url.
    Key(String),
}

impl Credential {
    pub(super) fn enrol(self, row: &mut MemberRow) {
        match self {
            Self::Passkey(handle, passkey) => {
                row.handle = handle;
                row.passkeys.push(passkey);
            }
            Self::Key(key) => row.keys.push(key),
        }
    }

    fn is_of(&self, row: &MemberRow) -> bool {
        match self {
            Self::Passkey(handle, passkey) => {
                row.handle == *handle || row.passkeys.iter().any(|known| known.id == passkey.id)
            }
            Self::Key(key) => row.keys.contains(key),
        }
    }
}

impl Staff {
    /// Whether what these two did counts as done by two people: both are or were of the team, they are not the same, and neither let
    /// the other in, nor whoever let the other in, and so on. Whom the operator let in, pairs with everybody who did not come in by them.
    ///
    /// What it cannot tell: two whom the same lead let in may be that lead's with a key each. Who let whom in stands in the trail for
    /// that; where it weighs, the operator invites. Who came in before this was recorded counts as let in by the operator.
    ///
    /// # Errors
    /// The store failed, or a row cannot be read.
    pub async fn may_pair(&self, one: &StaffName, other: &StaffName) -> Result<bool, StaffError> {
        if self.member(one).await?.is_none() || self.member(other).await?.is_none() {
            return Ok(false);
        }
        Ok(one != other && !self.came_in_by(one, other).await? && !self.came_in_by(other, one).await?)
    }

    /// Whether somebody was let in by this lead, or by somebody whom that lead let in, and so on.
    async fn came_in_by(&self, name: &StaffName, lead: &StaffName) -> Result<bool, StaffError> {
        let (mut name, mut seen) = (name.clone(), BTreeSet::new());
        while seen.insert(name.clone()) {
            match self.member(&name).await?.and_then(|row| row.invited_by) {
                Some(Inviter::Lead(by)) if by == *lead => return Ok(true),
                Some(Inviter::Lead(by)) => name = by,
                Some(Inviter::Operator) | None => return Ok(false),
            }
        }
        Ok(false)
    }

    /// Refuses what proves, or proved, somebody else. To be asked under [`Staff::team`]'s lock.
    pub(super) async fn refuse_known(&self, credential: &Credential) -> Result<(), StaffError> {
        let rows = self.store.scan(MEMBERS, KeyRange::all(), usize::MAX).await.map_err(StaffError::Read)?;
        for (_, row) in rows {
            if credential.is_of(&MemberRow::decode(&row)?) {
                return Err(StaffError::KnownKey);
            }
        }
        Ok(())
    }
}
