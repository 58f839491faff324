//! That two of a team are two people: nobody comes in with what proves somebody else, and it is kept who let whom in.

use super::{
    Staff, StaffError,
    role::StaffName,
    rows::{MEMBERS, MemberRow, PasskeyRow},
};
use crate::json_row::JsonRow as _;
use serde::{Deserialize, Serialize};
use trefoil_store::KeyRange;

/// Who let somebody in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Inviter {
    /// Whoever runs the service, beside it (`trefoil admin staff invite`).
    Operator,
    /// A lead.
    Lead(StaffName),
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
    /// the other in. Whom the operator let in, pairs with everybody but whom they let in themselves.
    ///
    /// What it cannot tell: two whom the same lead let in may be that lead's with a key each. Who let whom in stands in the trail for
    /// that; where it weighs, the operator invites. Who came in before this was recorded counts as let in by the operator.
    ///
    /// # Errors
    /// The store failed, or a row cannot be read.
    pub async fn may_pair(&self, one: &StaffName, other: &StaffName) -> Result<bool, StaffError> {
        let (Some(row), Some(other_row)) = (self.member(one).await?, self.member(other).await?) else {
            return Ok(false);
        };
        let let_in = |row: &MemberRow, by: &StaffName| row.invited_by == Some(Inviter::Lead(by.clone()));
        Ok(one != other && !let_in(&row, other) && !let_in(&other_row, one))
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
