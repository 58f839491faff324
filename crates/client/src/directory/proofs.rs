//! Proofs of people's device sets: asked for when somebody's keys are to be trusted, checked whole, and kept.

use super::{
    KeysRefusal,
    rows::{self, SETS, SetRow},
};
use crate::{ClientError, Event, Method, account::path, core::Core, live::Job, rows::Row as _};
use std::sync::Arc;
use trefoil_proto::{ErrorCode, RoomUri, Timestamp, UserUri, Wire as _, credential::AccountKey};
use trefoil_store::KeyRange;
use trefoil_transparency::{
    device_set::{DeviceSetChain, SignedDeviceSet, Step, VerifiedSet},
    directory::{DirectoryError, KeyProof, KeyProofRequest, Policy},
};

/// Proofs that are asked for at a time.
const AT_ONCE: usize = 8;
/// Times in a row that a directory, or its key, is not there before the person is told.
pub(super) const TRIES: u32 = 4;
/// How soon a refused proof is asked for again at the earliest, in milliseconds.
const AGAIN: u64 = 5_000;

/// How far the look at somebody's keys is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Looked {
    /// A proof is to be asked for.
    Wanted,
    /// The stored set is what the directory proved.
    Done,
    /// There is no proof to believe. It is asked for again.
    Refused(KeysRefusal),
}

impl Core {
    /// Wants a proof of somebody's newest set; a room waits for it.
    pub(super) fn want_proof(&mut self, user: &UserUri, room: Option<&RoomUri>) {
        self.directories.looked.entry(user.clone()).or_insert(Looked::Wanted);
        if let Some(room) = room {
            self.directories.waiting.entry(user.clone()).or_default().insert(room.clone());
        }
    }

    /// Something new is to be believed of somebody: what was found before does not count.
    pub(crate) fn want_fresh_proof(&mut self, user: &UserUri) {
        self.live.backoff.remove(&Job::Proof(user.clone()));
        self.directories.looked.insert(user.clone(), Looked::Wanted);
        self.directories.generation += 1;
    }

    /// The rules changed: everybody who was refused is looked at again.
    pub(super) fn look_again(&mut self) {
        let looked = &self.directories.looked;
        let refused = looked.iter().filter(|(_, looked)| matches!(looked, Looked::Refused(_)));
        for user in refused.map(|(user, _)| user.clone()).collect::<Vec<_>>() {
            self.want_fresh_proof(&user);
        }
    }

    /// The person changed the rules: everybody is looked at again, and no proof of before is new enough to add somebody.
    pub(super) fn look_at_all_again(&mut self) -> Result<(), ClientError> {
        for user in self.directories.looked.keys().cloned().collect::<Vec<_>>() {
            self.want_fresh_proof(&user);
        }
        let mut tx = self.tx();
        for (key, row) in tx.scan(SETS, &KeyRange::all(), usize::MAX, false)? {
            let row = SetRow { checked: Timestamp(0), ..SetRow::from_row(&row)? };
            row.write(&mut tx, SETS, key.to_vec());
        }
        drop(tx);
        self.directories.sets.clear();
        Ok(())
    }

    pub(super) fn pump_proofs(&mut self, now: Timestamp) -> Result<(), ClientError> {
        let under_way = self.live.under_way.values().filter(|job| matches!(job, Job::Proof(_))).count();
        let mut free = AT_ONCE.saturating_sub(under_way);
        let wanted: Vec<UserUri> = self
            .directories
            .looked
            .iter()
            .filter(|(_, looked)| **looked != Looked::Done)
            .map(|(user, _)| user.clone())
            .collect();
        for user in wanted {
            let job = Job::Proof(user.clone());
            if free == 0 {
                break;
            }
            if self.live.may(&job, now) {
                let known = match self.directories.anew.contains(&user) {
                    true => None,
                    false => self.proven_set(&user)?.map(|row| row.set.sequence),
                };
                self.ask(
                    job,
                    Method::Post,
                    path("directory/proof"),
                    KeyProofRequest { user, known }.encode(),
                );
                free -= 1;
            }
        }
        Ok(())
    }

    /// The set of a person that was proven last.
    pub(super) fn proven_set(&mut self, user: &UserUri) -> Result<Option<Arc<SetRow>>, ClientError> {
        if let Some(row) = self.directories.sets.get(user) {
            return Ok(row.clone());
        }
        let row = rows::set_of(&self.tx(), user)?.map(Arc::new);
        self.directories.sets.insert(user.clone(), row.clone());
        Ok(row)
    }

    pub(crate) fn proof_answered(
        &mut self,
        user: &UserUri,
        body: &[u8],
        now: Timestamp,
    ) -> Result<(), ClientError> {
        let anew = self.directories.anew.remove(user);
        match self.take_proof(user, body, anew, now)? {
            // Asked for again at once, from the account's beginning.
            _ if self.directories.anew.contains(user) => Ok(()),
            Ok(()) => self.looked(user, Looked::Done, now),
            Err(reason) => self.looked(user, Looked::Refused(reason), now),
        }
    }

    /// A proof came with key packages. If it is not believed, one is asked for, and the answer to that is what counts.
    pub(crate) fn proof_came_along(
        &mut self,
        user: &UserUri,
        body: &[u8],
        now: Timestamp,
    ) -> Result<(), ClientError> {
        let Ok(mut proof) = KeyProof::decode(body) else { return Ok(()) };
        if let Some(known) = self.proven_set(user)? {
            let sets = &mut proof.chain.sets;
            let is_known = |set: &SignedDeviceSet| set.set == known.set;
            let Some(at) = sets.iter().position(is_known) else { return Ok(()) };
            sets.drain(..=at);
        }
        if self.take_proof(user, &proof.encode(), false, now)?.is_ok() {
            self.looked(user, Looked::Done, now)?;
        }
        self.directories.anew.remove(user);
        Ok(())
    }

    /// The service gave no proof.
    pub(crate) fn proof_refused(
        &mut self,
        user: &UserUri,
        code: ErrorCode,
        now: Timestamp,
    ) -> Result<(), ClientError> {
        let reason = match code {
            ErrorCode::NotFound => KeysRefusal::NotPublished,
            _ => KeysRefusal::Unreachable,
        };
        self.looked(user, Looked::Refused(reason), now)
    }

    fn looked(&mut self, user: &UserUri, looked: Looked, now: Timestamp) -> Result<(), ClientError> {
        let before = self.directories.looked.insert(user.clone(), looked.clone());
        self.directories.generation += 1;
        if let Looked::Refused(reason) = &looked {
            self.live.pause(Job::Proof(user.clone()), AGAIN, now);
            if *reason == KeysRefusal::UnknownService {
                self.directories.services_known = false;
            }
            // What passes by itself within seconds alarms nobody.
            let tries = self.live.tries(&Job::Proof(user.clone()));
            let tell = if reason.passes() { tries == TRIES } else { before.as_ref() != Some(&looked) };
            if tell {
                self.emit(Event::KeysUnproven { user: user.clone(), reason: reason.clone() });
            }
        } else if before != Some(Looked::Done) {
            self.emit(Event::KeysProven { user: user.clone() });
        }
        self.live.busy.extend(self.directories.waiting.remove(user).unwrap_or_default());
        if *user == self.me()?.user { self.own_entry_looked_at(&looked, now) } else { Ok(()) }
    }

    /// Everything that is checked of an answer, and what is kept of it. `anew`: the sets in it begin with the account.
    fn take_proof(
        &mut self,
        user: &UserUri,
        body: &[u8],
        anew: bool,
        now: Timestamp,
    ) -> Result<Result<(), KeysRefusal>, ClientError> {
        let Ok(proof) = KeyProof::decode(body) else {
            return Ok(Err(KeysRefusal::Untrue("it cannot be read".to_owned())));
        };
        if self.is_caught(&user.domain)? {
            return Ok(Err(KeysRefusal::Split));
        }
        let keys = self.keys_about(&user.domain)?;
        let newest = self.newest_root(&user.domain, &keys)?;
        let policy = Policy { keys: &keys, needed: self.needed()?, newest: newest.as_ref() };
        let before = self.proven_set(user)?;
        let known = before.as_ref().filter(|_| !anew).map(|row| VerifiedSet::restored(row.set.clone()));
        let checked = match proof.verify(user, known.as_ref(), policy, now) {
            Ok(checked) => checked,
            Err(DirectoryError::Split(evidence)) => {
                self.caught(*evidence, now)?;
                return Ok(Err(KeysRefusal::Split));
            }
            Err(DirectoryError::Chain(error)) => {
                if known.is_some() {
                    self.directories.anew.insert(user.clone());
                }
                return Ok(Err(DirectoryError::Chain(error).into()));
            }
            Err(error) => return Ok(Err(error.into())),
        };
        let set = match checked.set {
            Step::Changed(set, _) => set.set().clone(),
            // Of a new account key the person is told where it is used: in a room, by a key package.
            Step::Reset(pending) => pending.accept().set().clone(),
        };
        if self.is_contested(user, &set.account_key)? {
            return Ok(Err(KeysRefusal::OtherAccount));
        }
        // One account has one history: only another account begins anew. But a device that was away while more sets came
        // than are handed over at once has to take the newest from where the account signed last.
        let far_behind = |row: &Arc<SetRow>| set.sequence > row.set.sequence + DeviceSetChain::LONGEST as u64;
        let goes_on = |row: &Arc<SetRow>| row.set.account_key == set.account_key && !far_behind(row);
        if anew && before.as_ref().is_some_and(goes_on) {
            return Ok(Err(KeysRefusal::Untrue(
                "an account's device sets do not follow each other".to_owned(),
            )));
        }
        self.keep_root(checked.root.signed())?;
        let (version, epoch) = (checked.proven.version, checked.root.root().epoch);
        let row = SetRow::new(set, before.as_deref(), version, epoch, now);
        let times = row.rewritten(before.as_deref());
        if times > 0 {
            self.emit(Event::EntryRewritten { user: user.clone(), times });
        }
        row.write(&mut self.tx(), SETS, user.to_string());
        self.directories.sets.insert(user.clone(), Some(Arc::new(row)));
        Ok(Ok(()))
    }

    /// Whether an account key is not the one that was verified of somebody, or this person's own.
    fn is_contested(&self, user: &UserUri, key: &AccountKey) -> Result<bool, ClientError> {
        let me = self.me()?.identity();
        Ok(if *user == me.user { *key != me.key } else { self.contacts.refutes(user, key) })
    }
}
