//! `trefoil admin remove-from-room`: an operator wants somebody out of a room of this service.

use super::{Shared, admin::Which};
use crate::{
    clock,
    exit::{NotFoundError, UsageError},
};
use anyhow::Context as _;
use clap::Args;
use serde::Serialize;
use std::{
    fmt,
    path::Path,
    time::{Duration, Instant},
};
use trefoil_proto::{RoomUri, UserUri, limits, mimi::removal::RemovalReason};
use trefoil_server::{
    Service,
    rooms::{Order, RoomsError, hand_in},
};

/// Between two looks whether the service followed the order.
const LOOK: Duration = Duration::from_millis(200);

#[derive(Debug, Args)]
pub(super) struct RemoveFromRoom {
    /// The room (URI): one of this service
    #[arg(value_name = "ROOM")]
    room: RoomUri,
    /// Who is to go (URI), from this service or another
    #[arg(value_name = "PERSON")]
    person: UserUri,
    /// Why: everybody in the room reads it
    #[arg(long, value_name = "TEXT", required_unless_present = "lift", conflicts_with = "lift")]
    reason: Option<String>,
    /// Take back what was ordered before
    #[arg(long)]
    lift: bool,
    /// How long to wait for the service to follow the order, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    wait: u64,
    #[command(flatten)]
    which: Which,
}

#[derive(Serialize)]
struct Ordered {
    kind: &'static str,
    room: String,
    person: String,
    /// `asked`, `lifted`, or `handed-in` while the service has not followed the order.
    state: &'static str,
    /// When the room's members were asked, in milliseconds since the UNIX epoch.
    at: Option<u64>,
}

impl fmt::Display for Ordered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { room, person, state, .. } = self;
        match *state {
            "asked" => write!(
                f,
                "nothing is taken from {person} in {room} any more, and its members are asked to remove them: the device \
                 of an admin does it as soon as one is online"
            ),
            "lifted" => write!(
                f,
                "{person} may be in {room}, and send there. A device of an admin that has not read the request yet still \
                 follows it: have the person added again then"
            ),
            _ => write!(f, "handed in; the service follows it as soon as it runs"),
        }
    }
}

/// Does it. Durable when this returns.
pub(super) async fn run(shared: &Shared, ask: RemoveFromRoom) -> anyhow::Result<()> {
    let RemoveFromRoom { room, person, reason, wait, which, .. } = ask;
    let wanted = match reason {
        Some(reason) => Order::Remove(reason.parse::<RemovalReason>().map_err(|_| {
            let most = limits::REASON;
            UsageError(format!(
                "a reason is one line of text, of at most {most} bytes: everybody in the room reads it"
            ))
        })?),
        None => Order::Lift,
    };
    let data = which.data()?;
    asked_at(&data, &room, &person)?;
    let file = hand_in(&data, &room, &person, &wanted, clock::now())
        .context("the order cannot be handed in: may you write to the data folder?")?;
    let until = Instant::now() + Duration::from_secs(wait);
    while file.exists() && Instant::now() < until {
        tokio::time::sleep(LOOK).await;
    }
    if file.with_extension("refused").exists() {
        anyhow::bail!("the service did not follow the order: its log says why");
    }
    let waits = file.exists();
    let at = asked_at(&data, &room, &person)?;
    Ok(shared.out.record(&Ordered {
        kind: "removal",
        room: room.to_string(),
        person: person.to_string(),
        state: match at {
            _ if waits => "handed-in",
            Some(_) => "asked",
            None => "lifted",
        },
        at: at.filter(|_| !waits),
    })?)
}

fn asked_at(data: &Path, room: &RoomUri, person: &UserUri) -> anyhow::Result<Option<u64>> {
    match Service::removal(data, room, person) {
        Ok(asked) => Ok(asked.map(|asked| asked.tbs.at.0)),
        Err(RoomsError::NotFound) => {
            Err(NotFoundError(format!("this service has no room {room}: name it as `trefoil rooms` does"))
                .into())
        }
        Err(error) => Err(error).with_context(|| {
            UsageError(format!(
                "{} holds no store of a service that can be read: name its data folder",
                data.display()
            ))
        }),
    }
}
