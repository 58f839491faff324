//! How accounts behave, counted and never read (`docs/spec/behaviour.md`): how many people an account turned to for the
//! first time of late, how many of them answered, how many reports it received, how many passes for registrations it gave.
//! From the counts and its age follows how many more it may turn to, or give.
//!
//! Counts are kept by account and day, without a word about who the others are. What has to be known of pairs, so that
//! nobody is counted twice and an answer is counted at all, is in memory only, hashed under a secret that dies with the
//! process, bounded, and forgotten after days.

mod decide;
mod error;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzzing;
mod memory;
mod rows;
#[cfg(test)]
mod tests;

pub use decide::{ANSWER_DAYS, Counts, GIVING_DAYS, Giving, REPORT_DAYS, Rules, WAIT_DAYS};
pub use error::BehaviourError;
pub use memory::Witness;
pub use rows::TABLES;

use memory::Memory;
use rows::{ACCOUNTS, AccountRow, DayRow};
use std::sync::Arc;
use trefoil_proto::{RoomUri, Timestamp, UserId, UserUri, franking::FrankingTag};
use trefoil_store::{Batch, KeyRange, Store, StoreError};

/// How often a count is tried again because another one came first.
const ATTEMPTS: usize = 32;
/// Rows that a sweep looks at at a time.
const PAGE: usize = 512;

/// The counts of one service's accounts.
pub struct Behaviour {
    store: Arc<dyn Store>,
    rules: Rules,
    giving: Giving,
    memory: Memory,
}

/// Who turns to somebody.
#[derive(Clone, Copy, Debug)]
pub struct Account<'a> {
    /// Which account.
    pub user: &'a UserId,
    /// Since which day it is there.
    pub created_day: u32,
    /// A policy list that counts here recommends to limit it.
    pub limited: bool,
}

impl Behaviour {
    /// The counts in a store.
    pub fn new(store: Arc<dyn Store>, rules: Rules, giving: Giving) -> Self {
        Self { store, rules, giving, memory: Memory::default() }
    }

    /// Counts that an account turns to a person, unless it did so in these days already. `room` is where the answer would be
    /// seen: a room whose hub is this service.
    ///
    /// # Errors
    /// [`BehaviourError::Enough`] says from when on it may again; the store failed.
    pub async fn begin(
        &self,
        account: Account<'_>,
        target: &UserUri,
        room: Option<&RoomUri>,
        now: Timestamp,
    ) -> Result<(), BehaviourError> {
        if !self.rules.limited {
            return Ok(());
        }
        let today = decide::day(now);
        if self.memory.turned_to_lately(account.user, target, today) {
            return Ok(());
        }
        self.count_unanswered(today, now).await?;
        self.change(account.user, today, |row| {
            let counts = row.counts(today);
            if counts.begun >= self.allowance(account, &counts, today) {
                return Err(self.enough(account, row, today));
            }
            row.on(today).begun += 1;
            Ok(())
        })
        .await?;
        self.memory.turns_to(account.user, target, room, today);
        Ok(())
    }

    /// Counts passes that an account gets for people of other services: twice as many as it may turn to people, since one is
    /// lost now and then on its way.
    ///
    /// # Errors
    /// [`BehaviourError::Enough`] says from when on it may have more; the store failed.
    pub async fn passes(
        &self,
        account: Account<'_>,
        count: u32,
        now: Timestamp,
    ) -> Result<(), BehaviourError> {
        if !self.rules.limited || count == 0 {
            return Ok(());
        }
        let today = decide::day(now);
        self.change(account.user, today, |row| {
            let counts = row.counts(today);
            let most = self.allowance(account, &counts, today).saturating_mul(2);
            if counts.passes.saturating_add(count) > most {
                return Err(self.enough(account, row, today));
            }
            row.on(today).passes += count;
            Ok(())
        })
        .await
    }

    /// Counts passes for registrations that an account gives. Whoever was reported in [`REPORT_DAYS`] gives none.
    ///
    /// # Errors
    /// [`BehaviourError::GivesNone`] says from when on it may give as many, as far as is known now; the store failed.
    pub async fn give(&self, account: Account<'_>, count: u32, now: Timestamp) -> Result<(), BehaviourError> {
        if count == 0 {
            return Ok(());
        }
        let today = decide::day(now);
        self.change(account.user, today, |row| {
            let may = |day: u32| {
                let age = day.saturating_sub(account.created_day);
                decide::may_give(&self.giving, age, &row.counts(day), count)
            };
            if !may(today) {
                let grown = account.created_day.saturating_add(self.giving.from_day);
                let next = decide::next_day(today.max(grown.saturating_sub(1)), may);
                return Err(BehaviourError::GivesNone { until: decide::start_of(next) });
            }
            row.gives(today, count);
            Ok(())
        })
        .await
    }

    /// Takes back what [`Behaviour::give`] counted a moment ago: nobody issued anything.
    ///
    /// # Errors
    /// The store failed.
    pub async fn gave_none(&self, user: &UserId, count: u32, now: Timestamp) -> Result<(), BehaviourError> {
        let today = decide::day(now);
        self.change(user, today, |row| {
            row.gave_none(today, count);
            row.forget(today);
            Ok(())
        })
        .await
    }

    /// A person wrote in a room of this hub. If somebody turned to them there and waits for a sign, this is it.
    ///
    /// # Errors
    /// The store failed.
    pub async fn wrote(
        &self,
        writer: &UserUri,
        room: &RoomUri,
        now: Timestamp,
    ) -> Result<(), BehaviourError> {
        let Some(waiting) = self.memory.answers(writer, room) else { return Ok(()) };
        self.count(&waiting, now, |counts| counts.answered += 1).await
    }

    /// An account was reported, with messages that are proven to be its own. The same witness counts once in three days, and so
    /// does the same message, whoever shows it: a stamp can be handed to others.
    ///
    /// # Errors
    /// The store failed.
    pub async fn reported(
        &self,
        user: &UserId,
        by: Witness<'_>,
        shown: &[FrankingTag],
        now: Timestamp,
    ) -> Result<(), BehaviourError> {
        if !self.memory.is_new_report(by, user, shown, decide::day(now)) {
            return Ok(());
        }
        self.count(user, now, |counts| counts.reports += 1).await
    }

    /// What is counted of an account: first contacts of three days, answers of a week, reports of four.
    ///
    /// # Errors
    /// The store failed.
    pub async fn counts(&self, user: &UserId, now: Timestamp) -> Result<Counts, BehaviourError> {
        let row = self.store.get(ACCOUNTS, rows::key(user).into()).await.map_err(BehaviourError::Read)?;
        let row = row.map(|row| AccountRow::decode(&row)).transpose()?;
        Ok(row.unwrap_or_default().counts(decide::day(now)))
    }

    /// Counts those who did not answer in time, and forgets what is older than its window.
    ///
    /// # Errors
    /// The store failed.
    pub async fn sweep(&self, now: Timestamp) -> Result<(), BehaviourError> {
        let today = decide::day(now);
        self.count_unanswered(today, now).await?;
        let mut range = KeyRange::all();
        loop {
            let page = self.store.scan(ACCOUNTS, range.clone(), PAGE).await.map_err(BehaviourError::Read)?;
            let Some((last, _)) = page.last() else { return Ok(()) };
            range.start = [last, [0].as_slice()].concat().into();
            for (key, value) in page {
                let old = AccountRow::decode(&value)?;
                let mut new = old.clone();
                new.forget(today);
                if new != old {
                    let mut batch = Batch::new();
                    batch.assert_equals(ACCOUNTS, key.clone(), value);
                    put(&mut batch, key.to_vec(), &new);
                    // Whoever counts at this moment forgets as well.
                    self.commit(batch).await?;
                }
            }
        }
    }

    /// Until when an account has had enough, if nobody answers meanwhile.
    fn enough(&self, account: Account<'_>, row: &AccountRow, today: u32) -> BehaviourError {
        let next = decide::next_day(today, |day| {
            let counts = row.counts(day);
            counts.begun < self.allowance(account, &counts, day)
        });
        BehaviourError::Enough { until: decide::start_of(next) }
    }

    fn allowance(&self, account: Account<'_>, counts: &Counts, today: u32) -> u32 {
        let age = today.saturating_sub(account.created_day);
        let allowance = decide::allowance(&self.rules, age, counts);
        if account.limited { decide::limited(allowance) } else { allowance }
    }

    async fn count_unanswered(&self, today: u32, now: Timestamp) -> Result<(), BehaviourError> {
        for user in self.memory.unanswered(today) {
            self.count(&user, now, |counts| counts.unanswered += 1).await?;
        }
        Ok(())
    }

    async fn count(
        &self,
        user: &UserId,
        now: Timestamp,
        add: impl Fn(&mut DayRow),
    ) -> Result<(), BehaviourError> {
        let today = decide::day(now);
        self.change(user, today, |row| {
            add(row.on(today));
            Ok(())
        })
        .await
    }

    async fn change(
        &self,
        user: &UserId,
        today: u32,
        change: impl Fn(&mut AccountRow) -> Result<(), BehaviourError>,
    ) -> Result<(), BehaviourError> {
        let key = rows::key(user);
        for _ in 0..ATTEMPTS {
            let old = self.store.get(ACCOUNTS, key.clone().into()).await.map_err(BehaviourError::Read)?;
            let mut batch = Batch::new();
            let mut row = match old {
                Some(value) => {
                    let row = AccountRow::decode(&value)?;
                    batch.assert_equals(ACCOUNTS, key.clone(), value);
                    row
                }
                None => {
                    batch.assert_absent(ACCOUNTS, key.clone());
                    AccountRow::default()
                }
            };
            row.forget(today);
            change(&mut row)?;
            put(&mut batch, key.clone(), &row);
            if self.commit(batch).await? {
                return Ok(());
            }
        }
        Err(BehaviourError::Contended)
    }

    /// False if an assert did not hold.
    async fn commit(&self, batch: Batch) -> Result<bool, BehaviourError> {
        match self.store.commit(batch).await {
            Ok(_) => Ok(true),
            Err(StoreError::AssertFailed { .. }) => Ok(false),
            Err(error) => Err(BehaviourError::Write(error)),
        }
    }
}

fn put(batch: &mut Batch, key: Vec<u8>, row: &AccountRow) {
    if row.is_empty() {
        batch.delete(ACCOUNTS, key);
    } else {
        batch.put(ACCOUNTS, key, row.encode());
    }
}
