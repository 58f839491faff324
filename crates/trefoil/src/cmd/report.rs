//! `trefoil report`: show a room's service what somebody sent, and nothing else.

use super::{Shared, find_room, send::parse};
use crate::{
    clock,
    exit::{NotFoundError, UsageError},
    person::PATIENCE,
    print::harmless,
    reporting::{self, Gone, ReportReason},
};
use clap::Args;
use serde::Serialize;
use std::fmt;
use trefoil_client::{
    ClientError,
    conversation::{self, ConversationError},
    reporting::Reportable,
};
use trefoil_proto::UserUri;

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
    /// A message to show, as `trefoil rooms show` or `--look` prints its id; may be given several times. What was unsent, seen once or
    /// disappeared can be shown for seven days
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
    /// Why the message is shown here no more: `unsent`, `seen-once`, `disappeared`; none for one that stands.
    gone: Option<Gone>,
}

impl ShownMessage {
    fn of(message: &Reportable) -> Self {
        let text = message.body.gist().map(conversation::plain).unwrap_or_default();
        Self { message: message.id.to_string(), text, gone: message.gone.map(Gone::from) }
    }
}

impl fmt::Display for Reported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let did = if self.sent { "shown to" } else { "would be shown to" };
        writeln!(f, "{did} the service of {}, about {}:", self.room, self.user)?;
        for message in &self.messages {
            let gone = message.gone.map(|gone| format!(" ({})", gone.words())).unwrap_or_default();
            writeln!(f, "  {}  {}{gone}", message.message, harmless(&message.text))?;
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
    let now = clock::now();
    let client = &agent.client;
    let chosen = match ask.message.as_slice() {
        [] => client.reportable(&room, &whom, ask.last, now)?,
        named => named
            .iter()
            .map(|raw| {
                let found = client.reportable_message(&room, &whom, parse(raw)?, now)?;
                Ok(found.ok_or(ClientError::from(ConversationError::NoSuchMessage))?)
            })
            .collect::<anyhow::Result<_>>()?,
    };
    if chosen.is_empty() && ask.last > 0 {
        return Err(NotFoundError(format!(
            "there is no message of {whom} here that can be shown: with --last 0 the person is reported without"
        ))
        .into());
    }
    let ids: Vec<_> = chosen.iter().map(|message| message.id).collect();
    let report = client.report(&room, &whom, &ids, ask.reason.into(), &ask.note, now)?;
    if !ask.look {
        agent.go_online()?;
        agent.settle(PATIENCE, |_, _| {}).await?;
        agent.client.remember_report(&room, &report, clock::now())?;
        reporting::show(&agent.way(), &room, &report).await?;
    }
    let reported = Reported {
        kind: "report",
        room: room.to_string(),
        user: whom.to_string(),
        messages: chosen.iter().map(ShownMessage::of).collect(),
        note: ask.note,
        sent: !ask.look,
    };
    agent.close().await;
    Ok(shared.out.record(&reported)?)
}
