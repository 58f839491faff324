//! What follows from a report or a decision and is done outside this room: handing a report on, asking a room's members for a
//! removal. It stands on the disk from the commit on that decides it, and is done until it is done.

use super::{
    Safety, SafetyError,
    exhibits::Compared,
    policy,
    rows::{self, DUE, Due},
};
use crate::{clock::Clock, federation::Endpoint, json_row::JsonRow as _, rooms::RoomsError};
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Duration,
};
use tokio::sync::Notify;
use trefoil_proto::{
    Timestamp, Wire as _,
    decisions::CaseId,
    mimi::{
        removal::RemovalReason,
        report::{ForwardedReport, ForwardedReportTbs},
    },
};
use trefoil_store::{Batch, KeyRange};

/// The number under which comparing attachments stands; decisions have theirs, doubled, and no case has as many.
pub(super) const COMPARE: u32 = u32::MAX;
/// Between two tries.
const PAUSE: Duration = Duration::from_secs(30);
const DAY: u64 = Timestamp::DAY;
/// After so long a report is not handed on any more, in milliseconds: a week.
const PATIENCE: u64 = 7 * DAY;
/// After so long attachments that cannot be read are not compared any more.
const COMPARED_FOR: u64 = DAY;
/// Other services that are asked at once, and cases whose attachments are fetched at once.
const AT_ONCE: usize = 8;
/// Longest that the attachments of one case may keep others waiting.
const A_CASE: Duration = Duration::from_secs(600);
/// Longest pause before something that failed is tried again.
const LONGEST_PAUSE: u64 = 6 * 60 * 60 * 1000;
/// Rows that are read at once.
const PAGE: usize = 256;

/// Where handing on a report of a case stands, by the report's number: that of the first is 0, those of the others are counted down
/// from [`COMPARE`].
pub(super) fn hand_on_key(case: CaseId, report: u32) -> Vec<u8> {
    rows::due_key(case, if report == 0 { 0 } else { COMPARE - report })
}

enum Done {
    Yes,
    Later,
    /// Later, and so is all that waits for the same.
    AllLater,
}

/// What waits for the same things, and for nothing of another line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Line {
    /// Rooms of this hub: no network.
    Rooms,
    /// Other services that reports are handed on to.
    Services,
    /// Attachments, here and elsewhere.
    Attachments,
}

/// When something that failed is tried again: each time after twice as long. In memory, as it is about nothing but time.
#[derive(Default)]
struct Pauses(HashMap<Bytes, (u32, Timestamp)>);

impl Pauses {
    fn is_over(&self, of: &[u8], now: Timestamp) -> bool {
        self.0.get(of).is_none_or(|(_, until)| *until <= now)
    }

    fn longer(&mut self, of: Bytes, now: Timestamp) {
        let (failed, until) = self.0.entry(of).or_default();
        let pause = u64::try_from(PAUSE.as_millis()).unwrap_or(u64::MAX) << (*failed).min(16);
        *failed = failed.saturating_add(1);
        *until = now.plus_millis(pause.min(LONGEST_PAUSE));
    }

    fn end(&mut self, of: &[u8]) {
        self.0.remove(of);
    }
}

/// Rung when something is due.
#[derive(Default)]
pub(super) struct Bells {
    rooms: Notify,
    services: Notify,
    attachments: Notify,
}

impl Bells {
    /// Rings all of them: whose it is finds it.
    pub fn ring(&self) {
        for bell in [&self.rooms, &self.services, &self.attachments] {
            bell.notify_one();
        }
    }
}

impl Due {
    const fn line(&self) -> Line {
        match self {
            Self::AskRemoval { .. } | Self::LiftRemoval { .. } => Line::Rooms,
            Self::HandOn { .. } => Line::Services,
            Self::Compare { .. } => Line::Attachments,
        }
    }
}

impl Safety {
    /// Does what is due, until it is dropped.
    pub async fn work(self: Arc<Self>, clock: Arc<dyn Clock>) {
        // A slow service holds up neither what goes to NCMEC nor what a room is asked.
        let line = |line| {
            let (safety, clock) = (&self, &clock);
            async move {
                let mut pauses = Pauses::default();
                loop {
                    if let Err(error) = safety.follow_line(line, &mut pauses, clock.now()).await {
                        tracing::warn!(%error, "what follows from reports has to wait");
                    }
                    // Rung, or time for another try.
                    let _ = tokio::time::timeout(PAUSE, safety.bell(line).notified()).await;
                }
            }
        };
        let send = async {
            loop {
                if let Err(error) = self.send_tips(clock.now()).await {
                    tracing::warn!(%error, "reports to NCMEC have to wait");
                }
                let _ = tokio::time::timeout(PAUSE, self.tips_due.notified()).await;
            }
        };
        tokio::join!(line(Line::Rooms), line(Line::Services), line(Line::Attachments), send);
    }

    /// One round of all of it. What cannot be done stops nothing else.
    ///
    /// # Errors
    /// The store failed.
    pub async fn do_what_is_due(&self, now: Timestamp) -> Result<(), SafetyError> {
        for line in [Line::Rooms, Line::Services, Line::Attachments] {
            self.follow_line(line, &mut Pauses::default(), now).await?;
        }
        Ok(())
    }

    const fn bell(&self, line: Line) -> &Notify {
        match line {
            Line::Rooms => &self.due.rooms,
            Line::Services => &self.due.services,
            Line::Attachments => &self.due.attachments,
        }
    }

    /// One round of one line.
    async fn follow_line(&self, line: Line, pauses: &mut Pauses, now: Timestamp) -> Result<(), SafetyError> {
        // By whom each waits for: one that is slow keeps those behind it waiting, and nobody else.
        let mut waiting: BTreeMap<Bytes, Vec<Bytes>> = BTreeMap::new();
        let mut range = KeyRange::all();
        loop {
            let page = self.store.scan(DUE, range.clone(), PAGE).await.map_err(SafetyError::Read)?;
            let Some((last, _)) = page.last() else { break };
            range.start = [last, [0].as_slice()].concat().into();
            for (key, row) in page {
                let what = Due::decode(&row)?;
                if what.line() != line {
                    continue;
                }
                let for_whom = self.waits_for(&key, &what).await?;
                if pauses.is_over(&for_whom, now) {
                    waiting.entry(for_whom).or_default().push(key);
                }
            }
        }
        let done: Vec<(Bytes, bool)> = stream::iter(waiting)
            .map(|(for_whom, keys)| async move { (for_whom, self.try_all(keys, now).await) })
            .buffer_unordered(AT_ONCE)
            .collect()
            .await;
        for (for_whom, all) in done {
            if all { pauses.end(&for_whom) } else { pauses.longer(for_whom, now) }
        }
        Ok(())
    }

    /// What waits for the same as others: a report for the service that it is handed on to, all else for itself.
    async fn waits_for(&self, key: &Bytes, what: &Due) -> Result<Bytes, SafetyError> {
        let Due::HandOn { .. } = what else { return Ok(key.clone()) };
        let (_, case) = match self.case(rows::due_case(key)?).await? {
            Some(found) => found,
            None => return Ok(key.clone()),
        };
        Ok(Bytes::copy_from_slice(case.about.domain.as_str().as_bytes()))
    }

    /// Tries one after the other; whether all are done.
    async fn try_all(&self, keys: Vec<Bytes>, now: Timestamp) -> bool {
        let mut all = true;
        for key in keys {
            match self.try_row(key, now).await {
                Ok(Done::Yes) => {}
                Ok(Done::Later) => all = false,
                Ok(Done::AllLater) => return false,
                Err(error) => {
                    tracing::warn!(%error, "something that follows from a report could not be done");
                    all = false;
                }
            }
        }
        all
    }

    async fn try_row(&self, key: Bytes, now: Timestamp) -> Result<Done, SafetyError> {
        let row = self.store.get(DUE, key.clone()).await.map_err(SafetyError::Read)?;
        let Some(row) = row else { return Ok(Done::Yes) };
        let done = self.try_once(rows::due_case(&key)?, Due::decode(&row)?, now).await?;
        if let Done::Yes = done {
            let mut batch = Batch::new();
            batch.delete(DUE, key);
            self.store.commit(batch).await.map_err(SafetyError::Write)?;
        }
        Ok(done)
    }

    async fn try_once(&self, case: CaseId, what: Due, now: Timestamp) -> Result<Done, SafetyError> {
        let asked = match what {
            Due::HandOn { since, report } => return self.hand_on(case, report, since, now).await,
            Due::Compare { since } => return self.compared(case, since, now).await,
            Due::AskRemoval { room, user, rule, at } => {
                let title = policy::rule(&rule).map_or("the rules of this service", |rule| rule.title);
                let reason: RemovalReason = title.parse().map_err(|_| SafetyError::DamagedRow)?;
                self.rooms.ask_removal(&room, &user, reason, at, now).await
            }
            Due::LiftRemoval { room, user, at } => self.rooms.lift_removal(&room, &user, at).await,
        };
        Ok(match asked {
            // A room that is gone needs nothing any more.
            Ok(()) | Err(RoomsError::NotFound) => Done::Yes,
            Err(error) => {
                tracing::warn!(%error, "a room's members could not be asked for a removal");
                Done::Later
            }
        })
    }

    async fn compared(&self, case: CaseId, since: Timestamp, now: Timestamp) -> Result<Done, SafetyError> {
        let compared = tokio::time::timeout(A_CASE, self.compare(case, now)).await;
        match compared.unwrap_or(Ok(Compared::Later)) {
            Ok(Compared::Done) => Ok(Done::Yes),
            // A list that cannot be compared with, or a case that is gone, stops nothing else.
            Ok(Compared::Later) | Err(SafetyError::Known(_) | SafetyError::Contended) => {
                Ok(if since.0.saturating_add(COMPARED_FOR) <= now.0 { Done::Yes } else { Done::Later })
            }
            Err(SafetyError::NoSuchCase) => Ok(Done::Yes),
            Err(error) => Err(error),
        }
    }

    async fn hand_on(
        &self,
        case: CaseId,
        number: u32,
        since: Timestamp,
        now: Timestamp,
    ) -> Result<Done, SafetyError> {
        let Some(report) = self.one_report(case, number).await? else { return Ok(Done::Yes) };
        if !self.may_call(&report.about.domain) {
            return Ok(Done::Yes);
        }
        let tbs = ForwardedReportTbs {
            room: report.room,
            alleged_abuser: report.about,
            reason: report.reason,
            at: report.at,
            messages: report.messages,
        };
        let (home, segment) = (tbs.alleged_abuser.domain.clone(), tbs.alleged_abuser.to_string());
        let handed = ForwardedReport::sign(tbs, |content| self.rooms.sign_as_hub(content));
        let answer =
            self.federation.forward(&home, Endpoint::ForwardReport, &segment, handed.encode().into()).await;
        Ok(match answer {
            Ok(_) => Done::Yes,
            Err(error) if error.is_final() => {
                tracing::warn!(%home, %error, "a report that was handed on was refused");
                Done::Yes
            }
            Err(_) if since.0.saturating_add(PATIENCE) <= now.0 => Done::Yes,
            Err(error) => {
                tracing::debug!(%error, "a report could not be handed on yet");
                if error.is_of_the_peer() { Done::AllLater } else { Done::Later }
            }
        })
    }
}
