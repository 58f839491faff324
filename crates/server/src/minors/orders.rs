//! What the operator hands in about a minor's account, from beside the service: that a guardian who is gone, or does harm, is the
//! guardian no longer. It stands in the trail, with the reason.

use super::{
    ATTEMPTS, Minors, MinorsError, key,
    rows::{MARKED, MinorRow},
};
use crate::{
    clock::Clock,
    handed_in::{HandInError, Inbox, Taken},
    trail::{Act, Note, OPERATOR, Trail, TrailError},
};
use serde::{Deserialize, Serialize};
use std::{
    path::{Path, PathBuf},
    time::Duration,
};
use trefoil_proto::{Timestamp, UserUri};
use trefoil_store::Batch;

/// Between two looks at what was handed in.
const LOOK: Duration = Duration::from_secs(1);
/// Largest file.
const LARGEST: usize = 4 * 1024;
/// Longest reason, in bytes.
pub const LONGEST_REASON: usize = 400;

/// An order as a file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct OrderFile {
    /// Whose guardian is released, by URI.
    minor: String,
    /// Why: one line.
    reason: String,
    /// When, in milliseconds since 1970.
    at: u64,
}

/// Why an order cannot be handed in.
#[derive(Debug, thiserror::Error)]
pub enum OrderError {
    /// There is no reason, or it is no line.
    #[error("say why, in one line of at most {LONGEST_REASON} bytes: it stands in the trail")]
    Reason,
    /// The file cannot be written.
    #[error(transparent)]
    HandIn(#[from] HandInError),
}

/// Hands in that somebody's guardian is released, to the service with this data folder, which follows it as soon as it runs. Returns
/// the file, which is gone then.
///
/// # Errors
/// [`OrderError`].
pub fn hand_in(data: &Path, minor: &UserUri, reason: &str, now: Timestamp) -> Result<PathBuf, OrderError> {
    if !is_a_line(reason) {
        return Err(OrderError::Reason);
    }
    let file = OrderFile { minor: minor.to_string(), reason: reason.to_owned(), at: now.0 };
    let content = toml::to_string(&file).expect("texts and a number are TOML");
    let unique = format!("{:016}-{:016x}", now.0, rand::random::<u64>());
    Ok(inbox(data).put(&unique, content.as_bytes())?)
}

impl Minors {
    /// Follows what the operator hands in, until it is dropped.
    pub async fn keep_following(&self, data: &Path, trail: &Trail, clock: &dyn Clock) {
        loop {
            self.follow_orders(data, trail, clock.now()).await;
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Follows what is handed in, once.
    pub async fn follow_orders(&self, data: &Path, trail: &Trail, now: Timestamp) {
        for file in inbox(data).waiting().await {
            let taken = match file.read(LARGEST).await {
                Ok(content) => self.follow_order(&content, trail, now).await,
                Err(taken) => taken,
            };
            if !file.settle(taken).await {
                break;
            }
        }
    }

    async fn follow_order(&self, content: &[u8], trail: &Trail, now: Timestamp) -> Taken {
        let Some((minor, reason)) = parse(content) else { return Taken::Unfit("it is no order") };
        match self.release(&minor, &reason, trail, now).await {
            Ok(()) => Taken::Done,
            Err(MinorsError::NotTheGuardian) => {
                Taken::Unfit("this account is no minor's, or has no guardian")
            }
            Err(error) => Taken::Later(error.into()),
        }
    }

    /// The guardian is it no longer, and what they opened is closed: in one commit with the entry of the trail.
    async fn release(
        &self,
        minor: &UserUri,
        reason: &str,
        trail: &Trail,
        now: Timestamp,
    ) -> Result<(), MinorsError> {
        let user = &minor.id;
        for _ in 0..ATTEMPTS {
            let (old, row) = self.row(user, now).await?.ok_or(MinorsError::NotTheGuardian)?;
            let guardian = row.guardian.clone().ok_or(MinorsError::NotTheGuardian)?.user;
            let row = MinorRow { guardian: None, open: None, ..row };
            let mut batch = Batch::new();
            batch.assert_equals(MARKED, key(user), old);
            batch.put(MARKED, key(user), row.encode());
            let detail = format!("{guardian} of {minor}: {reason}");
            let note = Note::new(OPERATOR, Act::GuardianReleased).saying(detail);
            match trail.enter(note, batch, now).await {
                Ok(()) => return self.follow(user, now).await,
                Err(TrailError::Assert { .. }) => {}
                Err(error) => return Err(MinorsError::Trail(error)),
            }
        }
        Err(MinorsError::Contended)
    }
}

fn parse(content: &[u8]) -> Option<(UserUri, String)> {
    let OrderFile { minor, reason, .. } = toml::from_str(std::str::from_utf8(content).ok()?).ok()?;
    is_a_line(&reason).then_some((minor.parse().ok()?, reason))
}

fn is_a_line(reason: &str) -> bool {
    let reason = reason.trim();
    !reason.is_empty() && reason.len() <= LONGEST_REASON && !reason.contains(char::is_control)
}

/// For the fuzzer: true if an order may read so.
#[cfg(any(test, feature = "fuzzing"))]
pub(super) fn is_readable(file: &[u8]) -> bool {
    parse(file).is_some()
}

fn inbox(data: &Path) -> Inbox {
    Inbox::new(data, "minors-inbox", "order")
}
