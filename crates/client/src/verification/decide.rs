//! What the person decides: that a key is the right one, or that a new one is taken unseen.

use super::{
    Comparison, Identity, SafetyCode, SafetyNumber, Standing,
    rows::{self, VerifiedRow},
};
use crate::{ClientError, conversation::Line, core::Core, rejoining::Sign};
use trefoil_proto::{Timestamp, UserUri, credential::AccountKey};

/// What two people compare, and how the other stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Safety {
    /// The other.
    pub user: UserUri,
    /// How they stand.
    pub standing: Standing,
    /// The digits, over the key that was seen last.
    pub number: SafetyNumber,
    /// The digits over the key that was verified, if another one was seen since.
    pub number_before: Option<SafetyNumber>,
    /// What this device shows for the other to scan.
    pub code: SafetyCode,
    /// When the key was verified.
    pub verified: Option<Timestamp>,
}

/// What a person has from the other's device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proof {
    /// The code that it showed.
    Scanned(SafetyCode),
    /// The digits that it showed.
    Compared(SafetyNumber),
}

impl Core {
    pub(crate) fn safety(&self, user: &UserUri) -> Result<Safety, ClientError> {
        let me = self.me()?.identity();
        let row = self.contacts.get(user);
        let known = self.known_keys(&me, user)?;
        let theirs = |key: &AccountKey| Identity { user: user.clone(), key: *key };
        Ok(Safety {
            user: user.clone(),
            standing: row.into(),
            number: SafetyNumber::of(&me, &theirs(&known.newest)),
            number_before: known.before.map(|key| SafetyNumber::of(&me, &theirs(&key))),
            code: SafetyCode { by: me, to: theirs(&known.newest) },
            verified: row.map(VerifiedRow::at),
        })
    }

    /// Compares; if it matches, the person is verified under the key that did. That may be the one of before: then the
    /// other one that was seen is known to be false.
    pub(crate) fn verify(
        &mut self,
        user: &UserUri,
        proof: &Proof,
        now: Timestamp,
    ) -> Result<Comparison, ClientError> {
        let me = self.me()?.identity();
        let known = self.known_keys(&me, user)?;
        let mut first = None;
        for key in std::iter::once(known.newest).chain(known.before) {
            let compared = match proof {
                Proof::Scanned(code) => code.compare(&me, user, &key),
                Proof::Compared(number) => {
                    let theirs = Identity { user: user.clone(), key };
                    // Which of the two keys is wrong, digits do not tell.
                    match SafetyNumber::of(&me, &theirs) == *number {
                        true => Comparison::Match,
                        false => Comparison::Mismatch { theirs: true, mine: true },
                    }
                }
            };
            if compared == Comparison::Match {
                self.mark_verified(user, key, matches!(proof, Proof::Scanned(_)), now)?;
                return Ok(compared);
            }
            first = first.or(Some(compared));
        }
        Ok(first.expect("at least one key was compared"))
    }

    fn mark_verified(
        &mut self,
        user: &UserUri,
        key: AccountKey,
        scanned: bool,
        now: Timestamp,
    ) -> Result<(), ClientError> {
        let before = self.contacts.get(user).copied();
        self.put_verified(user, VerifiedRow::new(key, now, scanned));
        rows::pin(&mut self.tx(), user, &key);
        let was = before.is_some_and(|row| row.key() == key && row.other().is_none());
        if was { Ok(()) } else { self.decide(user, &Line::Verified { user: user.clone() }, now) }
    }

    /// Takes the new key of a verified person unseen: they are no longer verified.
    pub(crate) fn accept_new_key(&mut self, user: &UserUri, now: Timestamp) -> Result<(), ClientError> {
        let nothing = || ClientError::NoNewKey(user.clone());
        let row = *self.contacts.get(user).ok_or_else(nothing)?;
        match row.other() {
            Some(key) => rows::pin(&mut self.tx(), user, &key),
            None if self.is_foreign_somewhere(user)? => {}
            None => return Err(nothing()),
        }
        self.contacts.remove(user);
        rows::delete_verified(&mut self.tx(), user);
        self.decide(user, &Line::KeyAccepted { user: user.clone() }, now)
    }

    fn is_foreign_somewhere(&mut self, user: &UserUri) -> Result<bool, ClientError> {
        for room in self.shared_rooms(user)? {
            if self.blocked(&room)?.foreign.contains(user) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Says in the rooms what was decided, and lets go on what waited for it.
    fn decide(&mut self, user: &UserUri, line: &Line, now: Timestamp) -> Result<(), ClientError> {
        self.note_where_shared(user, line, now)?;
        self.want_fresh_proof(user);
        for room in self.shared_rooms(user)? {
            // It may have moved on while this device could not join it anew.
            if self.known_room(&room)?.row.astray.held > 0 {
                self.stray(&room, Sign::Proof, now)?;
            }
        }
        Ok(())
    }

    pub(super) fn put_verified(&mut self, user: &UserUri, row: VerifiedRow) {
        self.contacts.put(user, row);
        rows::put_verified(&mut self.tx(), user, row);
    }

    fn known_keys(&self, me: &Identity, user: &UserUri) -> Result<Known, ClientError> {
        if me.user == *user {
            return Err(ClientError::Oneself);
        }
        let pinned =
            rows::pinned(&self.tx(), user)?.ok_or_else(|| ClientError::UnknownPerson(user.clone()))?;
        Ok(match self.contacts.get(user).and_then(|row| Some((row.other()?, row.key()))) {
            Some((newest, before)) => Known { newest, before: Some(before) },
            None => Known { newest: pinned, before: None },
        })
    }
}

/// The keys of a person that can be compared.
struct Known {
    newest: AccountKey,
    before: Option<AccountKey>,
}
