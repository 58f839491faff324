//! Account keys as they are seen: in the leaves of a handshake, in key packages, in a directory.

use super::{Contacts, Identity, rows};
use crate::{ClientError, Event, Refusal, conversation::Line, core::Core, mls::credential::Me};
use std::collections::{BTreeMap, btree_map};
use trefoil_proto::{Timestamp, UserUri, credential::AccountKey, room::Leaf};

/// What an account key that was seen is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeySeen {
    /// The first of this person.
    First,
    /// The one that is in use.
    Same,
    /// Another one, of a person who was never verified. It is in use now, and a line told of it.
    Changed,
    /// Another one, of a person who was verified, or of this person's own account. It is not in use: nothing may be
    /// encrypted to it.
    Contested,
}

/// The account keys of one handshake. They count only once the handshake is accepted, so that what is refused changes
/// nothing.
pub(crate) struct SeenKeys {
    me: Identity,
    seen: BTreeMap<UserUri, AccountKey>,
}

impl SeenKeys {
    pub(crate) fn new(me: &Me) -> Self {
        Self { me: me.identity(), seen: BTreeMap::new() }
    }

    /// Notes a leaf's account. Refused is what no decision of a person can make right: two accounts of one person at
    /// once, and another account of this device's own person.
    pub(crate) fn note(&mut self, leaf: &Leaf) -> Result<(), Refusal> {
        let user = leaf.device.user_uri();
        let own = user == self.me.user && leaf.account_key != self.me.key;
        let twice = match self.seen.entry(user.clone()) {
            btree_map::Entry::Occupied(seen) => *seen.get() != leaf.account_key,
            btree_map::Entry::Vacant(place) => {
                place.insert(leaf.account_key);
                false
            }
        };
        if own || twice { Err(Refusal::AccountKeyChanged { user }) } else { Ok(()) }
    }

    /// Those among them who were verified under another key.
    pub(crate) fn contested(&self, contacts: &Contacts) -> Vec<(UserUri, AccountKey)> {
        let contested = self.seen.iter().filter(|(user, key)| contacts.refutes(user, key));
        contested.map(|(user, key)| (user.clone(), *key)).collect()
    }
}

impl Core {
    /// The keys of a handshake that was accepted.
    pub(crate) fn account_keys_seen(&mut self, seen: SeenKeys, now: Timestamp) -> Result<(), ClientError> {
        for (user, key) in seen.seen {
            self.account_key_seen(&user, &key, now)?;
        }
        Ok(())
    }

    /// A person's account key was seen, with whatever proof its source gives: in a leaf or key package that is its own
    /// account's, in a proven entry of a directory. The one place that decides what another key than before means, and
    /// that tells the person of it: by an event, and a line in every room shared with them.
    pub(crate) fn account_key_seen(
        &mut self,
        user: &UserUri,
        key: &AccountKey,
        now: Timestamp,
    ) -> Result<KeySeen, ClientError> {
        let me = self.me()?.identity();
        if *user == me.user {
            return Ok(if *key == me.key { KeySeen::Same } else { KeySeen::Contested });
        }
        let pinned = rows::pinned(&self.tx(), user)?;
        let verified = self.contacts.get(user).copied();
        let line = match (verified, pinned) {
            (Some(row), _) if row.key() == *key => return Ok(KeySeen::Same),
            (Some(row), _) if row.other() == Some(*key) => return Ok(KeySeen::Contested),
            (Some(row), _) => {
                self.put_verified(user, row.with_other(*key, now));
                Line::VerifiedKeyChanged { user: user.clone() }
            }
            (None, Some(pinned)) if pinned == *key => return Ok(KeySeen::Same),
            (None, Some(_)) => {
                rows::pin(&mut self.tx(), user, key);
                Line::KeyChanged { user: user.clone() }
            }
            (None, None) => {
                rows::pin(&mut self.tx(), user, key);
                return Ok(KeySeen::First);
            }
        };
        self.emit(Event::AccountKeyChanged { user: user.clone(), verified: verified.is_some() });
        self.note_where_shared(user, &line, now)?;
        Ok(if verified.is_some() { KeySeen::Contested } else { KeySeen::Changed })
    }

    /// A line in every room shared with a person. What waits there may go now, or no longer.
    pub(super) fn note_where_shared(
        &mut self,
        user: &UserUri,
        line: &Line,
        now: Timestamp,
    ) -> Result<(), ClientError> {
        for room in self.shared_rooms(user)? {
            self.write_line(&room, line, now)?;
            self.live.busy.insert(room);
        }
        Ok(())
    }
}
