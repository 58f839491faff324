//! `trefoil account alarms`: what the person should know and has not seen, because no window of the page was open when it happened,
//! or nobody closed the notice.

use super::Shared;
use crate::{app::Alarm, clock, print::harmless};
use clap::Args;
use serde::Serialize;
use std::fmt;
use trefoil_client::{alarm, overlay::Overlay};
use trefoil_proto::Timestamp;

/// What happened while nobody looked.
#[derive(Debug, Args)]
pub struct Alarms {
    /// You have seen them: they are not listed again
    #[arg(long)]
    seen: bool,
}

#[derive(Serialize)]
struct Listed {
    kind: &'static str,
    at: u64,
    /// What, by a name that does not change.
    what: String,
    room: Option<String>,
    text: String,
}

impl fmt::Display for Listed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}  {}", clock::readable(Timestamp(self.at)), harmless(&self.text))?;
        self.room.as_ref().map_or(Ok(()), |room| write!(f, "\n  in {room}"))
    }
}

/// Lists them, the oldest first.
///
/// # Errors
/// Whatever failed, as a sentence.
pub(super) async fn alarms(shared: &Shared, ask: &Alarms) -> anyhow::Result<()> {
    let agent = shared.agent()?;
    let mut store = Overlay::new(agent.client.store().clone());
    let kept = alarm::Alarm::all(&store)?;
    for Alarm { room, at, warning, .. } in kept.iter().filter_map(|one| Alarm::of("", one)) {
        shared.out.record(&Listed { kind: "alarm", at, what: warning.what, room, text: warning.text })?;
    }
    if ask.seen {
        kept.iter().for_each(|one| alarm::Alarm::forget(&mut store, one.id));
        store.commit()?;
    }
    agent.close().await;
    Ok(())
}
