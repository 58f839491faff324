//! What goes on beside everything else: the backup, and the history of a device that was linked.

use super::{BACKUP_AGAIN, BACKUP_PAUSE, HISTORY_AGAIN, Job, Kept};
use crate::{agent::Agent, app::hub::Happening, backup, link, person::PersonError};
use tokio::{sync::mpsc, time::Instant};
use trefoil_client::{
    Side,
    backup::{BackupStep, Put},
};

impl Kept {
    /// On a device that was linked: takes in the history that the first device sent, once it is there.
    pub(super) async fn look_for_history(&mut self) {
        let awaited =
            self.history_awaited && self.agent.is_caught_up() && Instant::now() >= self.history_after;
        if !awaited {
            return;
        }
        self.history_after = Instant::now() + HISTORY_AGAIN;
        match link::fetch_history(&mut self.agent, |_, _| {}).await {
            Ok(true) => {
                self.history_awaited = false;
                // Every window shows other timelines now.
                self.hub.tell(&Happening::Behind);
            }
            Ok(false) => {}
            Err(error) => tracing::warn!(%error, "the history from the first device is not here yet"),
        }
    }

    /// Whether history is still to come from the account's first device.
    pub(super) fn awaits_history(agent: &Agent) -> bool {
        let links = agent.client.links().unwrap_or_default();
        links.iter().any(|link| link.side == Side::New && !link.done)
    }

    /// From now on history is looked for.
    pub fn await_history(&mut self) {
        self.history_awaited = Self::awaits_history(&self.agent);
    }

    pub(super) fn is_waiting_to_back_up(&self) -> bool {
        !self.keeping && self.agent.client.is_backup_waiting().unwrap_or(false)
    }

    /// Sends the next part of the backup, beside everything else.
    pub(super) fn back_up(&mut self, jobs: &mpsc::WeakSender<Job>) {
        let due = self.agent.is_settled() && Instant::now() >= self.keep_after;
        if !due || !self.is_waiting_to_back_up() {
            return;
        }
        let step = match self.agent.act_for(|client, now| client.back_up(now)) {
            Ok(BackupStep::Done | BackupStep::Off) => {
                self.keep_after = Instant::now() + BACKUP_PAUSE;
                return;
            }
            Ok(step) => step,
            Err(error) => return self.backup_failed(&error),
        };
        self.keeping = true;
        let (way, jobs) = (self.agent.way(), jobs.clone());
        tokio::spawn(async move {
            let put = backup::carry(&way, &step).await;
            let job = Job::Now(Box::new(move |kept| kept.backed_up(&step, put)));
            if let Some(jobs) = jobs.upgrade() {
                // The account is being closed; what was not told is found out at the next start.
                let _ = jobs.send(job).await;
            }
        });
    }

    pub(super) fn backed_up(&mut self, step: &BackupStep, put: Result<Put, PersonError>) {
        self.keeping = false;
        let taken = match put {
            Ok(put) => self
                .agent
                .act(|client, now| client.backup_answered(step, put, now))
                .map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        if let Err(error) = taken {
            self.backup_failed(&error);
        }
    }

    pub(super) fn backup_failed(&mut self, error: &dyn std::fmt::Display) {
        tracing::warn!(%error, "the backup is not up to date");
        self.keep_after = Instant::now() + BACKUP_AGAIN;
    }
}
