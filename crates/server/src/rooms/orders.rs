//! What the operator hands in about rooms: who is to be removed from one, and who may be in it again.

use super::{Rooms, RoomsError};
use crate::{
    clock::Clock,
    handed_in::{HandInError, Inbox, Taken},
};
use serde::{Deserialize, Serialize};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use trefoil_proto::{RoomUri, Timestamp, UserUri, mimi::removal::RemovalReason};

/// Between two looks at what was handed in.
const LOOK: Duration = Duration::from_secs(1);
/// Largest file: two URIs, a reason and what stands around them.
const LARGEST: usize = 8 * 1024;

/// What an operator orders about a person in a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order {
    /// Take nothing from them, and ask the members to take them out.
    Remove(RemovalReason),
    /// Take that back.
    Lift,
}

/// The same as a file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct OrderFile {
    room: String,
    user: String,
    /// When it was ordered, in milliseconds since the UNIX epoch.
    at: u64,
    /// Absent: what was ordered before is taken back.
    reason: Option<String>,
}

/// Hands an order in to the service with this data folder, which follows it as soon as it runs: orders about a person in
/// a room are followed in the order of `now`, the operator's clock, each once. Durable when this returns. Returns the
/// file, which is gone once the order was followed, and ends with `.refused` if it never will be.
///
/// # Errors
/// [`HandInError`].
pub fn hand_in(
    data: &Path,
    room: &RoomUri,
    user: &UserUri,
    order: &Order,
    now: Timestamp,
) -> Result<PathBuf, HandInError> {
    let reason = match order {
        Order::Remove(reason) => Some(reason.to_string()),
        Order::Lift => None,
    };
    let file = OrderFile { room: room.to_string(), user: user.to_string(), at: now.0, reason };
    let content = toml::to_string(&file).expect("three texts and a number are TOML");
    // Never the name of another: one that is being followed is taken away afterwards, by its name.
    let name = format!("{:016}-{:016x}", now.0, rand::random::<u64>());
    inbox(data).put(&name, content.as_bytes())
}

impl Rooms {
    /// Follows what is handed in beside the store, until it is dropped.
    pub async fn follow_orders(self: Arc<Self>, data: &Path, clock: &dyn Clock) {
        loop {
            for file in inbox(data).waiting().await {
                let taken = match file.read(LARGEST).await {
                    Ok(content) => self.follow(&content, clock.now()).await,
                    Err(taken) => taken,
                };
                if !file.settle(taken).await {
                    break;
                }
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    async fn follow(&self, content: &[u8], now: Timestamp) -> Taken {
        let Some((room, user, order, at)) = parse(content) else { return Taken::Unfit("it is no order") };
        let done = match order {
            Order::Remove(reason) => self.ask_removal(&room, &user, reason, at, now).await,
            Order::Lift => self.lift_removal(&room, &user, at).await,
        };
        match done {
            Ok(()) => Taken::Done,
            Err(RoomsError::NotFound) => Taken::Unfit("this service has no such room"),
            Err(error) => Taken::Later(error.into()),
        }
    }
}

fn parse(content: &[u8]) -> Option<(RoomUri, UserUri, Order, Timestamp)> {
    let file: OrderFile = toml::from_str(std::str::from_utf8(content).ok()?).ok()?;
    let order = match file.reason {
        Some(reason) => Order::Remove(reason.parse().ok()?),
        None => Order::Lift,
    };
    Some((file.room.parse().ok()?, file.user.parse().ok()?, order, Timestamp(file.at)))
}

fn inbox(data: &Path) -> Inbox {
    Inbox::new(data, "rooms-inbox", "order")
}
