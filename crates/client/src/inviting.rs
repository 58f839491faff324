//! Invitations: an admin makes one and hands its link to somebody; whoever has the link comes in by an external commit of
//! their own, which carries the proof that they hold it (`docs/spec/invitation.md`).

use crate::{
    ClientError,
    core::Core,
    linking::{code, parse},
    mls::{context::RoomContext, credential::Me},
    rows::{INVITED, Intent, InvitedRow, RoomState, Row as _, Secret},
};
use ed25519_dalek::SigningKey;
use tls_codec::{TlsDeserializeBytes, TlsSerialize, TlsSize};
use trefoil_proto::{
    RoomUri, Timestamp, Wire as _,
    room::{Invitation, InvitationUse, InvitationUseTbs, Invitations, InvitationsUpdate, Role},
};

/// In front of every link, so that a wrong paste is told apart.
pub const LINK: &str = "trefoil-invite-";

/// For how many people an invitation is made, and for how many days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvitationTerms {
    people: u32,
    days: u32,
}

impl InvitationTerms {
    /// Most people by one invitation.
    pub const MOST_PEOPLE: u32 = 1000;
    /// Longest life of an invitation, in days.
    pub const MOST_DAYS: u32 = 90;

    /// From one of each up to the most.
    ///
    /// # Errors
    /// [`ClientError::InvitationTerms`].
    pub fn new(people: u32, days: u32) -> Result<Self, ClientError> {
        match (1..=Self::MOST_PEOPLE).contains(&people) && (1..=Self::MOST_DAYS).contains(&days) {
            true => Ok(Self { people, days }),
            false => Err(ClientError::InvitationTerms),
        }
    }

    /// How many people can come in.
    pub const fn people(self) -> u32 {
        self.people
    }

    /// Until when, if it is made now.
    pub const fn until(self, now: Timestamp) -> Timestamp {
        now.plus_millis(self.days as u64 * 24 * 60 * 60 * 1000)
    }
}

/// What a link says.
#[derive(TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub(crate) struct Link {
    pub(crate) room: RoomUri,
    /// Seed of the invitation's Ed25519 key.
    pub(crate) secret: Secret,
}

impl Core {
    /// Makes an invitation, and its link.
    pub(crate) fn invite(
        &mut self,
        uri: &RoomUri,
        people: u32,
        not_after: Timestamp,
    ) -> Result<String, ClientError> {
        let by = self.me()?.user.clone();
        let secret = self.random::<32>()?;
        let key = SigningKey::from_bytes(&secret).verifying_key().to_bytes();
        let made = vec![Invitation { key, by, left: people.max(1), not_after }];
        let update = InvitationsUpdate::Change { made, taken_back: Vec::new() };
        self.intend(uri, Intent::Invitations { update: update.encode().into() })?;
        Ok(code(LINK, &Link { room: uri.clone(), secret: Secret(*secret) }))
    }

    /// Takes invitations back.
    pub(crate) fn take_back(&mut self, uri: &RoomUri, keys: Vec<[u8; 32]>) -> Result<(), ClientError> {
        let update = InvitationsUpdate::Change { made: Vec::new(), taken_back: keys };
        self.intend(uri, Intent::Invitations { update: update.encode().into() })
    }

    /// Begins to come in by a link.
    pub(crate) fn accept_invitation(&mut self, link: &str) -> Result<RoomUri, ClientError> {
        self.me()?;
        let Link { room, secret } = parse(LINK, link).map_err(|_| ClientError::BadInvitation)?;
        let is_in = |state| !matches!(state, RoomState::Left | RoomState::Joining);
        if self.room(&room)?.is_some_and(|known| is_in(known.row.state)) {
            return Err(ClientError::InRoomAlready(room));
        }
        InvitedRow { secret: secret.clone() }.write(&mut self.tx(), INVITED, room.to_string());
        self.start_joining(&room)?;
        Ok(room)
    }

    /// The proof that this device's person holds an invitation into a room, if they were given one.
    pub(crate) fn invitation_use(&self, uri: &RoomUri) -> Result<Option<InvitationUse>, ClientError> {
        let Some(row) = InvitedRow::read(&self.tx(), INVITED, uri.to_string().as_bytes())? else {
            return Ok(None);
        };
        let key = SigningKey::from_bytes(&row.secret.bytes());
        Ok(Some(InvitationUse::sign(&key, &joins(&*self.me()?, uri))))
    }

    /// The invitation was used, or does not hold: true if there was one.
    pub(crate) fn forget_invitation(&mut self, uri: &RoomUri) -> Result<bool, ClientError> {
        let key = uri.to_string();
        let held = self.tx().get(INVITED, key.as_bytes())?.is_some();
        if held {
            self.tx().delete(INVITED, key);
        }
        Ok(held)
    }
}

fn joins(me: &Me, room: &RoomUri) -> InvitationUseTbs {
    let account_key = me.authorisation.account_key;
    InvitationUseTbs { room: room.clone(), device: me.device.clone(), account_key }
}

/// Whether a proof holds in a room as it is, for this device.
pub(crate) fn holds(me: &Me, room: &RoomUri, context: &RoomContext, used: &InvitationUse) -> bool {
    context.invitations.verify(used, &context.participants, &joins(me, room)).is_ok()
}

/// The room of a link, and the public key of its invitation; none if it is no link.
pub(crate) fn invited_to(link: &str) -> Option<(RoomUri, [u8; 32])> {
    let Link { room, secret } = parse(LINK, link).ok()?;
    Some((room, SigningKey::from_bytes(&secret.bytes()).verifying_key().to_bytes()))
}

/// What of an update is still to be done in a room with these invitations, by a person who is an admin there.
pub(crate) fn left_to_do(
    update: InvitationsUpdate,
    open: &Invitations,
    role: Role,
) -> Option<InvitationsUpdate> {
    let InvitationsUpdate::Change { made, taken_back } = update else { return None };
    let made: Vec<_> = made.into_iter().filter(|invitation| open.of(&invitation.key).is_none()).collect();
    let taken_back: Vec<_> = taken_back.into_iter().filter(|key| open.of(key).is_some()).collect();
    let something = role == Role::ADMIN && !(made.is_empty() && taken_back.is_empty());
    something.then_some(InvitationsUpdate::Change { made, taken_back })
}
