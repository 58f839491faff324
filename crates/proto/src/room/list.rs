//! The participant list: looking up, and applying updates (draft-ietf-mimi-protocol-06, section 7.4).

use super::{ParticipantList, ParticipantListUpdate, Role, UserRolePair};
use crate::{ProtoError, UserUri, limits};
use std::collections::HashSet;
use tls_codec::{DeserializeBytes, Error};

/// What makes an update nonsense, whoever sends it.
const REFUSED: ProtoError = ProtoError::Malformed("participant list update");

impl ParticipantList {
    /// A user's role; [`Role::NONE`] for someone who is not in the list.
    pub fn role_of(&self, user: &UserUri) -> Role {
        self.participants.iter().find(|pair| pair.user == *user).map_or(Role::NONE, |pair| pair.role)
    }

    /// A user's index, as updates name it.
    pub fn index_of(&self, user: &UserUri) -> Option<u32> {
        self.participants
            .iter()
            .position(|pair| pair.user == *user)
            .and_then(|index| u32::try_from(index).ok())
    }

    /// Those who take part: role [`Role::MEMBER`] or higher.
    pub fn members(&self) -> impl Iterator<Item = &UserRolePair> {
        self.participants.iter().filter(|pair| pair.role >= Role::MEMBER)
    }

    /// The list after an update: roles are changed, then users removed, then users added at the end. Indices mean
    /// places in this list.
    ///
    /// # Errors
    /// [`ProtoError::Malformed`] if an index is out of bounds, a user is touched twice or added though in the list, a
    /// role changes to itself, or a role is none of ours ([`Role::NONE`] is no entry); [`ProtoError::TooLarge`] beyond
    /// [`limits::PARTICIPANTS`].
    pub fn apply(&self, update: &ParticipantListUpdate) -> Result<Self, ProtoError> {
        let mut touched = HashSet::new();
        let mut roles: Vec<Option<Role>> = self.participants.iter().map(|pair| Some(pair.role)).collect();
        let mut touch = |index: u32| -> Result<usize, ProtoError> {
            let place = usize::try_from(index).ok().filter(|place| *place < self.participants.len());
            place.filter(|place| touched.insert(*place)).ok_or(REFUSED)
        };
        for change in &update.changed {
            let place = touch(change.index)?;
            if !change.role.stands_in_lists() || roles[place] == Some(change.role) {
                return Err(REFUSED);
            }
            roles[place] = Some(change.role);
        }
        for index in &update.removed {
            roles[touch(*index)?] = None;
        }
        let kept = self.participants.iter().zip(roles);
        let kept =
            kept.filter_map(|(pair, role)| Some(UserRolePair { user: pair.user.clone(), role: role? }));
        let participants: Vec<_> = kept.chain(update.added.iter().cloned()).collect();

        let mut users: HashSet<_> = self.participants.iter().map(|pair| &pair.user).collect();
        if !update.added.iter().all(|pair| pair.role.stands_in_lists() && users.insert(&pair.user)) {
            return Err(REFUSED);
        }
        if participants.len() > limits::PARTICIPANTS {
            return Err(ProtoError::TooLarge { what: "participant list", limit: limits::PARTICIPANTS });
        }
        Ok(Self { participants })
    }

    /// Whether it could be a room's list: no user twice, only roles of ours.
    ///
    /// # Errors
    /// As [`ParticipantList::apply`].
    pub fn check(&self) -> Result<(), ProtoError> {
        let update = ParticipantListUpdate { added: self.participants.clone(), ..Default::default() };
        Self::default().apply(&update).map(drop)
    }
}

impl DeserializeBytes for ParticipantList {
    fn tls_deserialize_bytes(bytes: &[u8]) -> Result<(Self, &[u8]), Error> {
        let (participants, rest) = Vec::tls_deserialize_bytes(bytes)?;
        let list = Self { participants };
        list.check().map_err(|refusal| Error::DecodingError(refusal.to_string()))?;
        Ok((list, rest))
    }
}

impl Role {
    fn stands_in_lists(self) -> bool {
        (Self::BANNED..=Self::ADMIN).contains(&self)
    }
}
