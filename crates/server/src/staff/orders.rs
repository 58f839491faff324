//! What the operator hands in about the team, from beside the service: how the first one gets in.

use super::{
    Staff, StaffError, invitation_code,
    pairs::Inviter,
    role::{Role, StaffName},
};
use crate::{
    clock::Clock,
    handed_in::{HandInError, Inbox, Taken},
};
use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::{
    path::{Path, PathBuf},
    time::Duration,
};
use trefoil_proto::Timestamp;

/// Between two looks at what was handed in.
const LOOK: Duration = Duration::from_secs(1);
/// Largest file.
const LARGEST: usize = 4 * 1024;

/// What the operator orders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order {
    /// Somebody may come in with this code.
    Invite {
        /// What they will do.
        role: Role,
        /// The code.
        code: String,
    },
    /// Somebody is of the team no more.
    Remove,
}

/// An order as a file. The code is not in it: whoever reads the folder cannot come in.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct OrderFile {
    name: StaffName,
    /// When, in milliseconds since 1970.
    at: u64,
    /// With the hash of the code; neither: to be removed.
    role: Option<Role>,
    code_hash: Option<String>,
}

/// A fresh order to invite somebody.
pub fn invite(role: Role) -> Order {
    Order::Invite { role, code: invitation_code() }
}

/// Hands an order in to the service with this data folder, which follows it as soon as it runs. Returns the file, which is gone then.
///
/// # Errors
/// [`HandInError`].
pub fn hand_in(data: &Path, name: &StaffName, order: &Order, now: Timestamp) -> Result<PathBuf, HandInError> {
    let (role, code_hash) = match order {
        Order::Invite { role, code } => {
            (Some(*role), Some(HEXLOWER.encode(&Sha256::digest(code.as_bytes()))))
        }
        Order::Remove => (None, None),
    };
    let file = OrderFile { name: name.clone(), at: now.0, role, code_hash };
    let content = toml::to_string(&file).expect("texts and a number are TOML");
    let unique = format!("{:016}-{:016x}", now.0, rand::random::<u64>());
    inbox(data).put(&unique, content.as_bytes())
}

impl Staff {
    /// Follows what the operator hands in, until it is dropped.
    pub async fn keep_following(&self, data: &Path, clock: &dyn Clock) {
        loop {
            self.follow_orders(data, clock.now()).await;
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Follows what is handed in, once. What is followed stands in the trail.
    pub async fn follow_orders(&self, data: &Path, now: Timestamp) {
        for file in inbox(data).waiting().await {
            let taken = match file.read(LARGEST).await {
                Ok(content) => self.follow(&content, now).await,
                Err(taken) => taken,
            };
            if !file.settle(taken).await {
                break;
            }
        }
    }

    async fn follow(&self, content: &[u8], now: Timestamp) -> Taken {
        let Some((file, invitation)) = parse(content) else { return Taken::Unfit("it is no order") };
        let done = match invitation {
            Some((role, hash)) => self.keep_invitation(hash, &file.name, role, Inviter::Operator, now).await,
            None => self.remove(&file.name, &Inviter::Operator, now).await,
        };
        match done {
            Ok(()) => Taken::Done,
            Err(StaffError::Taken) => Taken::Unfit("somebody has or had this name"),
            Err(StaffError::Nobody) => Taken::Unfit("nobody has this name"),
            Err(error) => Taken::Later(error.into()),
        }
    }
}

type Parsed = (OrderFile, Option<(Role, [u8; 32])>);

fn parse(content: &[u8]) -> Option<Parsed> {
    let file: OrderFile = toml::from_str(std::str::from_utf8(content).ok()?).ok()?;
    let invitation = match (file.role, &file.code_hash) {
        (Some(role), Some(hash)) => Some((role, HEXLOWER.decode(hash.as_bytes()).ok()?.try_into().ok()?)),
        (None, None) => None,
        _ => return None,
    };
    Some((file, invitation))
}

/// For the fuzzer: true if an order may read so.
#[cfg(any(test, feature = "fuzzing"))]
pub(super) fn is_readable(file: &[u8]) -> bool {
    parse(file).is_some()
}

fn inbox(data: &Path) -> Inbox {
    Inbox::new(data, "staff-inbox", "order")
}
