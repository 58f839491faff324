//! What has to be known of pairs, in memory only: whom an account turned to of late and who reported whom, so that twice counts once; and in
//! which room whose answer would be one. Hashed under a secret that dies with the process, bounded. After a restart
//! nobody's answer is waited for, which counts neither for nor against anybody.

use super::decide::WAIT_DAYS;
use std::{
    collections::HashMap,
    hash::{BuildHasher as _, RandomState},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, AtomicUsize, Ordering},
    },
};
use trefoil_proto::{Domain, RoomUri, UserId, UserUri, franking::FrankingTag};

/// Pairs that are remembered; beyond it a contact may be counted twice, and an answer or a report not at all. Some 100 MB of each.
const MOST: usize = 1_000_000;

/// See the module.
#[derive(Default)]
pub(super) struct Memory {
    secret: RandomState,
    lately: Mutex<Lately>,
    waiting: Mutex<HashMap<u64, Waiting>>,
    /// How many are waited for: every message is looked at, and mostly nobody is.
    count: AtomicUsize,
    /// On which day it was last looked who waited in vain.
    looked: AtomicU32,
}

#[derive(Default)]
struct Lately {
    /// The last day on which what is older was forgotten.
    day: u32,
    /// Who turned to whom, since which day.
    pairs: HashMap<u64, u32>,
    /// Who reported whom and which messages were shown, since which day. Apart, so that whoever turns to many fills no other's place.
    reports: HashMap<u64, u32>,
}

/// Who waits for an answer, since when.
struct Waiting {
    user: UserId,
    since: u32,
}

/// Whose report counts once.
#[derive(Clone, Copy, Debug, Hash)]
pub enum Witness<'a> {
    /// One of our people.
    Own(&'a UserUri),
    /// Another service, whoever of its people it names.
    Service(&'a Domain),
}

impl Memory {
    /// True if the account turned to this person in these days already.
    pub(super) fn turned_to_lately(&self, user: &UserId, target: &UserUri, today: u32) -> bool {
        self.lately(today).pairs.contains_key(&self.secret.hash_one((user, target)))
    }

    /// False if this witness reported this account in these days already, or if everything that is shown was counted: something
    /// must be shown, since what shows nothing proves nothing. Also false when nothing more can be remembered.
    pub(super) fn is_new_report(
        &self,
        by: Witness<'_>,
        user: &UserId,
        shown: &[FrankingTag],
        today: u32,
    ) -> bool {
        let mut known = self.lately(today);
        let pair = self.secret.hash_one((by, user));
        let messages: Vec<u64> = shown.iter().map(|tag| self.secret.hash_one((&tag.0, user))).collect();
        let counted = messages.iter().all(|message| known.reports.contains_key(message));
        if counted || known.reports.contains_key(&pair) || known.reports.len() >= MOST {
            return false;
        }
        known.reports.extend(messages.into_iter().chain([pair]).map(|one| (one, today)));
        true
    }

    /// An account turns to a person; the answer would be seen in `room`.
    pub(super) fn turns_to(&self, user: &UserId, target: &UserUri, room: Option<&RoomUri>, today: u32) {
        let mut known = self.lately(today);
        if known.pairs.len() < MOST {
            known.pairs.insert(self.secret.hash_one((user, target)), today);
        }
        drop(known);
        let Some(room) = room else { return };
        let mut waiting = lock(&self.waiting);
        if waiting.len() < MOST {
            let row = Waiting { user: user.clone(), since: today };
            waiting.insert(self.secret.hash_one((room, target)), row);
            self.count.store(waiting.len(), Ordering::Relaxed);
        }
    }

    fn lately(&self, today: u32) -> MutexGuard<'_, Lately> {
        let mut known = lock(&self.lately);
        if known.day != today {
            known.day = today;
            let Lately { pairs, reports, .. } = &mut *known;
            for kept in [pairs, reports] {
                kept.retain(|_, since| since.saturating_add(WAIT_DAYS) > today);
            }
        }
        known
    }

    /// Whose contact is answered by what a person writes in a room.
    pub(super) fn answers(&self, writer: &UserUri, room: &RoomUri) -> Option<UserId> {
        if self.count.load(Ordering::Relaxed) == 0 {
            return None;
        }
        let mut waiting = lock(&self.waiting);
        let answered = waiting.remove(&self.secret.hash_one((room, writer)));
        self.count.store(waiting.len(), Ordering::Relaxed);
        answered.map(|waiting| waiting.user)
    }

    /// Who waited in vain: each as often as it did. Looked for once a day.
    pub(super) fn unanswered(&self, today: u32) -> Vec<UserId> {
        if self.looked.swap(today, Ordering::Relaxed) == today {
            return Vec::new();
        }
        let mut waiting = lock(&self.waiting);
        let late = waiting.extract_if(|_, row| row.since.saturating_add(WAIT_DAYS) <= today);
        let users = late.map(|(_, row)| row.user).collect();
        self.count.store(waiting.len(), Ordering::Relaxed);
        users
    }
}

/// What is kept is whole between any two statements, so a panic elsewhere leaves it usable.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
