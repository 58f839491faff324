//! Where a room stands for a person who keeps some people away, and to whom in it nothing is told.

use super::{Stance, is_anybody_kept, reception, stance};
use crate::{ClientError, conversation, core::Core, overlay::Overlay, rows::RoomState};
use std::{collections::BTreeSet, sync::Arc};
use trefoil_proto::{RoomUri, UserUri, room::Role};

/// Why a room does not stand among the conversations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Away {
    /// It waits with the requests: a stranger brought the person in, or whoever is alone with them there is restricted.
    Requests,
    /// Somebody who is blocked brought the person in, or is alone with them there.
    Blocked,
    /// A stranger brought the person in, who receives contacts only.
    Strict,
}

/// Why a room does not stand among the conversations, if it does not: by the others in it, and who brought the person in
/// while it was not taken up.
///
/// # Errors
/// Only the store.
pub fn away(
    tx: &Overlay,
    others: &[&UserUri],
    request: Option<&UserUri>,
) -> Result<Option<Away>, conversation::ConversationError> {
    if let [other] = others {
        match stance(tx, other)? {
            Stance::Blocked => return Ok(Some(Away::Blocked)),
            Stance::Restricted => return Ok(Some(Away::Requests)),
            Stance::Normal => {}
        }
    }
    let Some(by) = request else { return Ok(None) };
    Ok(Some(match stance(tx, by)? {
        Stance::Blocked => Away::Blocked,
        _ if reception(tx)?.strict => Away::Strict,
        _ => Away::Requests,
    }))
}

impl Core {
    /// Nothing that the person does in a room is told there: neither that something came or was read, nor that they write.
    pub(crate) fn is_quiet(&mut self, room: &RoomUri) -> Result<bool, ClientError> {
        if self.is_request(room)? || self.toward_only_other(room)? != Stance::Normal {
            return Ok(true);
        }
        let strict = reception(&self.tx())?.strict;
        Ok(strict && !self.unknown_in(room)?.is_empty())
    }

    /// Nothing new about the person goes to a room: neither their name nor their picture.
    pub(crate) fn is_shut(&mut self, room: &RoomUri) -> Result<bool, ClientError> {
        Ok(self.is_request(room)? || self.toward_only_other(room)? == Stance::Blocked)
    }

    /// How whoever is alone with this person in a room is let near.
    fn toward_only_other(&mut self, room: &RoomUri) -> Result<Stance, ClientError> {
        if !is_anybody_kept(&self.tx())? {
            return Ok(Stance::Normal);
        }
        match &self.others_in(room)?[..] {
            [other] => Ok(stance(&self.tx(), other)?),
            _ => Ok(Stance::Normal),
        }
    }

    pub(crate) fn is_contact(&mut self, user: &UserUri) -> Result<bool, ClientError> {
        Ok(self.known_people()?.contains(user))
    }

    /// Who in a room is no contact.
    pub(crate) fn unknown_in(&mut self, room: &RoomUri) -> Result<Vec<UserUri>, ClientError> {
        let known = self.known_people()?;
        let mut others = self.others_in(room)?;
        others.retain(|user| !known.contains(user));
        Ok(others)
    }

    /// The contacts: whoever was verified, and whoever is alone with this person in a room that they opened or took up.
    fn known_people(&mut self) -> Result<Arc<BTreeSet<UserUri>>, ClientError> {
        if let Some(known) = &self.known {
            return Ok(Arc::clone(known));
        }
        let mut known: BTreeSet<UserUri> = self.contacts.people().cloned().collect();
        let mut rooms: BTreeSet<RoomUri> = self.room_uris()?.into_iter().collect();
        // Those of this step are written when it ends.
        rooms.extend(self.rooms.keys().cloned());
        for room in rooms {
            let is_left = self.room(&room)?.is_none_or(|room| room.row.state == RoomState::Left);
            if is_left || self.is_request(&room)? {
                continue;
            }
            if let [other] = &self.others_in(&room)?[..] {
                known.insert(other.clone());
            }
        }
        let known = Arc::new(known);
        self.known = Some(Arc::clone(&known));
        Ok(known)
    }

    pub(crate) fn others_in(&mut self, room: &RoomUri) -> Result<Vec<UserUri>, ClientError> {
        let me = self.me()?.user.clone();
        let Some(room) = self.room(room)? else { return Ok(Vec::new()) };
        let Ok(context) = room.context() else { return Ok(Vec::new()) };
        let others = context.participants.participants.iter();
        let others = others.filter(|pair| pair.user != me && pair.role >= Role::MEMBER);
        Ok(others.map(|pair| pair.user.clone()).collect())
    }
}
