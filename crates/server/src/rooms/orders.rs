//! What the operator hands in about rooms: who is to be removed from one, and who may be in it again.

use super::{Rooms, RoomsError};
use crate::{
    clock::Clock,
    handed_in::{self, HandInError, Inbox},
};
use serde::{Deserialize, Serialize};
use std::{path::Path, sync::Arc, time::Duration};
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
    /// Absent: what was ordered before is taken back.
    reason: Option<String>,
}

/// Hands an order in to the service with this data folder, which follows it as soon as it runs. Durable when this
/// returns. Orders are followed in the order of their times.
///
/// # Errors
/// [`HandInError`].
pub fn order(
    data: &Path,
    room: &RoomUri,
    user: &UserUri,
    order: &Order,
    now: Timestamp,
) -> Result<(), HandInError> {
    let reason = match order {
        Order::Remove(reason) => Some(reason.to_string()),
        Order::Lift => None,
    };
    let file = OrderFile { room: room.to_string(), user: user.to_string(), reason };
    let content = toml::to_string(&file).expect("three texts are TOML");
    // Never the name of another: one that is being followed is taken away afterwards, by its name.
    let name = format!("{:016}-{:016x}", now.0, rand::random::<u64>());
    inbox(data).put(&name, content.as_bytes())
}

impl Rooms {
    /// Follows what is handed in beside the store, until it is dropped.
    pub async fn follow_orders(self: Arc<Self>, data: &Path, clock: &dyn Clock) {
        loop {
            for path in inbox(data).waiting().await {
                match self.follow(&path, clock).await {
                    Ok(()) => {
                        if let Err(error) = tokio::fs::remove_file(&path).await {
                            tracing::warn!(%error, path = %path.display(), "an order cannot be taken away");
                        }
                    }
                    Err(Following::Unfit(what)) => {
                        tracing::warn!(path = %path.display(), what, "this order cannot be followed");
                        handed_in::put_aside(&path).await;
                    }
                    Err(Following::Later(error)) => {
                        tracing::error!(error = &*error, "an order could not be followed yet");
                    }
                }
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    async fn follow(&self, path: &Path, clock: &dyn Clock) -> Result<(), Following> {
        let content = handed_in::read(path, LARGEST).await.map_err(|error| Following::Later(error.into()))?;
        let (room, user, order) = content.as_deref().and_then(parse).ok_or(Following::Unfit("no order"))?;
        let done = match order {
            Order::Remove(reason) => self.ask_removal(&room, &user, reason, clock.now()).await,
            Order::Lift => self.lift_removal(&room, &user).await,
        };
        match done {
            Ok(()) => Ok(()),
            Err(RoomsError::NotFound) => Err(Following::Unfit("no such room at this service")),
            Err(error) => Err(Following::Later(error.into())),
        }
    }
}

fn parse(content: &[u8]) -> Option<(RoomUri, UserUri, Order)> {
    let file: OrderFile = toml::from_str(std::str::from_utf8(content).ok()?).ok()?;
    let order = match file.reason {
        Some(reason) => Order::Remove(reason.parse().ok()?),
        None => Order::Lift,
    };
    Some((file.room.parse().ok()?, file.user.parse().ok()?, order))
}

fn inbox(data: &Path) -> Inbox {
    Inbox::new(data, "rooms-inbox", "order")
}

/// Why an order was not followed.
enum Following {
    /// It never will be.
    Unfit(&'static str),
    Later(Box<dyn std::error::Error + Send + Sync>),
}
