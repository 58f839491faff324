//! Invitations into a room: whoever holds one comes in by an external commit of their own (`docs/spec/invitation.md`).
//! Profile addition: a component of the group context, so that all members, those who came late included, agree on
//! which invitations are open.

use super::{ParticipantList, ParticipantListUpdate, Role, UserRolePair};
use crate::{
    DeviceUri, ProtoError, RoomUri, Timestamp, UserUri, credential::AccountKey, edge::signed_content, limits,
};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use std::collections::HashSet;
use tls_codec::{DeserializeBytes, Error, TlsDeserializeBytes, TlsSerialize, TlsSize};

/// Component: the invitations that are open.
pub const INVITATIONS: u16 = 0xF002;

/// Label of the signature by which somebody uses an invitation.
const USE_LABEL: &str = "Trefoil 1.0 Invitation";
/// What makes an update nonsense, whoever sends it.
const REFUSED: ProtoError = ProtoError::Malformed("invitations update");

/// The component's data. A room without it has none. Decoding refuses a key twice and more than
/// [`limits::INVITATIONS`].
#[derive(Clone, Debug, Default, PartialEq, Eq, TlsSize, TlsSerialize)]
pub struct Invitations {
    /// In the order they were made.
    pub open: Vec<Invitation>,
}

/// One of them. It is void while whoever made it is no admin of the room.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct Invitation {
    /// Ed25519. Whoever has the secret key holds the invitation.
    pub key: [u8; 32],
    /// Who made it.
    pub by: UserUri,
    /// How many people may still come in by it.
    pub left: u32,
    /// Until when the hub lets anybody in by it. Members, whose clocks differ, do not judge that.
    pub not_after: Timestamp,
}

/// A change of the component, carried by an AppDataUpdate proposal. [`Invitations::apply`] applies it.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
#[repr(u8)]
pub enum InvitationsUpdate {
    /// An admin makes invitations, and takes others back.
    #[tls_codec(discriminant = 1)]
    Change {
        /// New ones, with the admin as who made them.
        made: Vec<Invitation>,
        /// Keys of those that are taken back.
        taken_back: Vec<[u8; 32]>,
    },
    /// The device that comes in by this external commit, and its person, use one.
    #[tls_codec(discriminant = 2)]
    Use(InvitationUse),
}

/// Proof that a device's person holds an invitation. It is good for this device only: who sees it cannot use it.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct InvitationUse {
    /// The invitation's key.
    pub key: [u8; 32],
    /// Ed25519 by it over `"Trefoil 1.0 Invitation"` and [`InvitationUseTbs`] ([`signed_content`]).
    pub signature: [u8; 64],
}

/// What it signs.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct InvitationUseTbs {
    /// Into which room.
    pub room: RoomUri,
    /// Which device comes in.
    pub device: DeviceUri,
    /// Under which account.
    pub account_key: AccountKey,
}

impl Invitations {
    /// The invitation of a key.
    pub fn of(&self, key: &[u8; 32]) -> Option<&Invitation> {
        self.open.iter().find(|invitation| invitation.key == *key)
    }

    /// The invitations after an update: those taken back go, new ones are appended; one that is used has one use less
    /// left, and goes with the last.
    ///
    /// # Errors
    /// [`ProtoError::Malformed`] if one is taken back or used that is not open, or made that is open or has no use;
    /// [`ProtoError::TooLarge`] beyond [`limits::INVITATIONS`].
    pub fn apply(&self, update: &InvitationsUpdate) -> Result<Self, ProtoError> {
        let mut open = self.open.clone();
        match update {
            InvitationsUpdate::Change { made, taken_back } => {
                for key in taken_back {
                    let place = open.iter().position(|invitation| invitation.key == *key).ok_or(REFUSED)?;
                    open.remove(place);
                }
                open.extend(made.iter().cloned());
            }
            InvitationsUpdate::Use(used) => {
                let place = open.iter().position(|invitation| invitation.key == used.key).ok_or(REFUSED)?;
                match open[place].left {
                    0 | 1 => drop(open.remove(place)),
                    _ => open[place].left -= 1,
                }
            }
        }
        let after = Self { open };
        after.check()?;
        Ok(after)
    }

    fn check(&self) -> Result<(), ProtoError> {
        if self.open.len() > limits::INVITATIONS {
            return Err(ProtoError::TooLarge { what: "invitations", limit: limits::INVITATIONS });
        }
        let mut keys = HashSet::new();
        let fits = |invitation: &Invitation| invitation.left > 0 && keys.insert(invitation.key);
        if self.open.iter().all(fits) { Ok(()) } else { Err(REFUSED) }
    }

    /// Checks that a device's person holds an invitation that is open, made by somebody who is an admin.
    ///
    /// # Errors
    /// [`ProtoError::Unverified`].
    pub fn verify(
        &self,
        used: &InvitationUse,
        list: &ParticipantList,
        tbs: &InvitationUseTbs,
    ) -> Result<&Invitation, ProtoError> {
        let refused = ProtoError::Unverified("invitation");
        let invitation = self.of(&used.key).ok_or(refused.clone())?;
        let key = VerifyingKey::from_bytes(&used.key).map_err(|_| refused.clone())?;
        key.verify_strict(&content(tbs)?, &Signature::from_bytes(&used.signature))
            .map_err(|_| refused.clone())?;
        if list.role_of(&invitation.by) == Role::ADMIN { Ok(invitation) } else { Err(refused) }
    }
}

impl InvitationUse {
    /// Uses the invitation of a secret key.
    pub fn sign(invitation: &SigningKey, tbs: &InvitationUseTbs) -> Self {
        let content = content(tbs).expect("two URIs and a key always encode");
        Self { key: invitation.verifying_key().to_bytes(), signature: invitation.sign(&content).to_bytes() }
    }

    /// The change of the participant list that comes with it.
    pub fn list_update(user: UserUri) -> ParticipantListUpdate {
        let added = vec![UserRolePair { user, role: Role::MEMBER }];
        ParticipantListUpdate { added, ..ParticipantListUpdate::default() }
    }
}

impl DeserializeBytes for Invitations {
    fn tls_deserialize_bytes(bytes: &[u8]) -> Result<(Self, &[u8]), Error> {
        let (open, rest) = Vec::<Invitation>::tls_deserialize_bytes(bytes)?;
        let invitations = Self { open };
        invitations.check().map_err(|_| Error::DecodingError("no invitations of a room".into()))?;
        Ok((invitations, rest))
    }
}

fn content(tbs: &InvitationUseTbs) -> Result<Vec<u8>, ProtoError> {
    signed_content(USE_LABEL, tbs)
}
