//! What follows from a report or a decision and is done outside this room: handing a report on, asking a room's members for a
//! removal. It stands on the disk from the commit on that decides it, and is done until it is done.

use super::{
    Safety, SafetyError,
    exhibits::Compared,
    policy,
    rows::{self, DUE, Due},
};
use crate::{
    clock::Clock,
    federation::{Endpoint, FederationError},
    json_row::JsonRow as _,
    rooms::RoomsError,
};
use futures_util::{StreamExt as _, stream};
use std::{sync::Arc, time::Duration};
use trefoil_proto::{
    Timestamp, Wire as _,
    decisions::CaseId,
    mimi::{
        removal::RemovalReason,
        report::{ForwardedReport, ForwardedReportTbs},
    },
};
use trefoil_store::{Batch, KeyRange};

/// The number under which handing on stands; decisions have theirs, doubled.
pub(super) const HAND_ON: u32 = 0;
/// The same for comparing attachments: no case has as many decisions.
pub(super) const COMPARE: u32 = u32::MAX;
/// Between two tries.
const PAUSE: Duration = Duration::from_secs(30);
const DAY: u64 = 24 * 60 * 60 * 1000;
/// After so long a report is not handed on any more, in milliseconds: a week.
const PATIENCE: u64 = 7 * DAY;
/// After so long attachments that cannot be read are not compared any more.
const COMPARED_FOR: u64 = DAY;
/// Things that are tried at once: most of them wait for another service.
const AT_ONCE: usize = 8;

enum Done {
    Yes,
    Later,
}

impl Safety {
    /// Does what is due, until it is dropped.
    pub async fn work(self: Arc<Self>, clock: Arc<dyn Clock>) {
        // A slow service does not hold up what goes to NCMEC.
        let follow = async {
            loop {
                if let Err(error) = self.do_what_is_due(clock.now()).await {
                    tracing::warn!(%error, "what follows from reports has to wait");
                }
                // Rung, or time for another try.
                let _ = tokio::time::timeout(PAUSE, self.due.notified()).await;
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
        tokio::join!(follow, send);
    }

    /// One round of it. What cannot be done stops nothing else.
    ///
    /// # Errors
    /// The store failed.
    pub async fn do_what_is_due(&self, now: Timestamp) -> Result<(), SafetyError> {
        let due = self.store.scan(DUE, KeyRange::all(), usize::MAX).await.map_err(SafetyError::Read)?;
        stream::iter(due)
            .for_each_concurrent(AT_ONCE, |(key, row)| async move {
                if let Err(error) = self.try_row(key, &row, now).await {
                    tracing::warn!(%error, "something that follows from a report could not be done");
                }
            })
            .await;
        Ok(())
    }

    async fn try_row(&self, key: bytes::Bytes, row: &[u8], now: Timestamp) -> Result<(), SafetyError> {
        let (case, what) = (rows::due_case(&key)?, Due::decode(row)?);
        if let Done::Yes = self.try_once(case, what, now).await? {
            let mut batch = Batch::new();
            batch.delete(DUE, key);
            self.store.commit(batch).await.map_err(SafetyError::Write)?;
        }
        Ok(())
    }

    async fn try_once(&self, case: CaseId, what: Due, now: Timestamp) -> Result<Done, SafetyError> {
        let asked = match what {
            Due::HandOn { since } => return self.hand_on(case, since, now).await,
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
        match self.compare(case, now).await {
            Ok(Compared::Done) => Ok(Done::Yes),
            // A list that cannot be compared with, or a case that is gone, stops nothing else.
            Ok(Compared::Later) | Err(SafetyError::Known(_) | SafetyError::Contended) => {
                Ok(if since.0.saturating_add(COMPARED_FOR) <= now.0 { Done::Yes } else { Done::Later })
            }
            Err(SafetyError::NoSuchCase) => Ok(Done::Yes),
            Err(error) => Err(error),
        }
    }

    async fn hand_on(&self, case: CaseId, since: Timestamp, now: Timestamp) -> Result<Done, SafetyError> {
        let Some(report) = self.report_of(case).await? else { return Ok(Done::Yes) };
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
            Err(FederationError::Refused { .. }) => {
                tracing::warn!(%home, "a report that was handed on was refused");
                Done::Yes
            }
            Err(_) if since.0.saturating_add(PATIENCE) <= now.0 => Done::Yes,
            Err(error) => {
                tracing::debug!(%error, "a report could not be handed on yet");
                Done::Later
            }
        })
    }
}
