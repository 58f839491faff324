//! `trefoil report`: show a room's service what somebody sent, and nothing else.

use super::{Shared, find_room, send::parse};
use crate::{
    clock,
    exit::{NotFoundError, UsageError},
    person::PATIENCE,
    print::harmless,
    reporting::{self, ReportReason},
};
use clap::Args;
use serde::Serialize;
use std::fmt;
use trefoil_client::{conversation, overlay::Overlay};
use trefoil_proto::{UserUri, content::MessageId};

/// Report somebody to the service of a room, with messages that you choose. What you do not choose stays unread.
#[derive(Debug, Args)]
pub struct Report {
    /// The room: its URI, its whole name, or the beginning of its id
    room: String,
    /// Whom: their URI
    #[arg(value_name = "PERSON")]
    whom: String,
    /// Why
    #[arg(long, value_enum)]
    reason: ReportReason,
    /// A message to show, as `trefoil rooms show` prints its id; may be given several times
    #[arg(long, value_name = "MESSAGE", conflicts_with = "last")]
    message: Vec<String>,
    /// Show so many of their last messages; 0 reports the person without content
    #[arg(long, value_name = "NUMBER", default_value_t = 5)]
    last: usize,
    /// In your own words, for whoever reads the report
    #[arg(long, default_value = "")]
    note: String,
    /// Print what would be shown, and send nothing
    #[arg(long)]
    look: bool,
}

/// What is shown, and whether it went.
#[derive(Serialize)]
struct Reported {
    kind: &'static str,
    room: String,
    user: String,
    messages: Vec<ShownMessage>,
    note: String,
    sent: bool,
}

#[derive(Serialize)]
struct ShownMessage {
    message: String,
    text: String,
}

impl fmt::Display for Reported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let did = if self.sent { "shown to" } else { "would be shown to" };
        writeln!(f, "{did} the service of {}, about {}:", self.room, self.user)?;
        for message in &self.messages {
            writeln!(f, "  {}  {}", message.message, harmless(&message.text))?;
        }
        if !self.note.is_empty() {
            writeln!(f, "  your note: {}", harmless(&self.note))?;
        }
        f.write_str("  your name, and that you are in this room; nothing else")
    }
}

/// Does it.
///
/// # Errors
/// Whatever failed, as a sentence.
pub async fn run(shared: &Shared, ask: Report) -> anyhow::Result<()> {
    let whom: UserUri = ask.whom.trim().parse().map_err(|_| {
        UsageError(format!("{} is no person: give their URI, as `trefoil rooms` prints it", ask.whom))
    })?;
    let mut agent = shared.agent()?;
    let room = find_room(&mut agent, &ask.room)?.uri;
    let chosen = match ask.message.as_slice() {
        [] => agent.client.last_of(&room, &whom, ask.last)?,
        named => named.iter().map(|raw| parse(raw)).collect::<Result<Vec<_>, _>>()?,
    };
    if chosen.is_empty() && ask.last > 0 {
        return Err(NotFoundError(format!(
            "there is no message of {whom} here that can be shown: with --last 0 the person is reported without"
        ))
        .into());
    }
    let report = agent.client.report(&room, &whom, &chosen, ask.reason.into(), &ask.note)?;
    if !ask.look {
        agent.go_online()?;
        agent.settle(PATIENCE, |_, _| {}).await?;
        agent.client.remember_report(&room, &report, clock::now())?;
        reporting::show(&agent.way(), &room, &report).await?;
    }
    let store = Overlay::new(agent.client.store().clone());
    let text = |id: &MessageId| -> anyhow::Result<ShownMessage> {
        let found = conversation::message(&store, &room, *id)?.and_then(|message| message.body);
        let text = found.and_then(|body| body.text).as_deref().map(conversation::plain).unwrap_or_default();
        Ok(ShownMessage { message: id.to_string(), text })
    };
    let reported = Reported {
        kind: "report",
        room: room.to_string(),
        user: whom.to_string(),
        messages: chosen.iter().map(text).collect::<anyhow::Result<_>>()?,
        note: ask.note,
        sent: !ask.look,
    };
    agent.close().await;
    Ok(shared.out.record(&reported)?)
}
