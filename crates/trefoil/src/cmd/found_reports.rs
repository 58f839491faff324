//! `trefoil admin reports`: what people reported to a service.

use super::{Shared, admin::Which};
use crate::{clock, print::harmless};
use serde::Serialize;
use std::fmt;
use trefoil_client::conversation::{Body, plain};
use trefoil_proto::content::MimiContent;
use trefoil_server::{Service, safety::TakenReport};

#[derive(Serialize)]
struct Listed {
    kind: &'static str,
    at: u64,
    /// Who reported; absent where another service, the room's hub, handed it on.
    by: Option<String>,
    handed_on_by: Option<String>,
    about: String,
    room: String,
    reason: String,
    note: String,
    /// Each proven to be what that person sent there.
    messages: Vec<Proven>,
}

#[derive(Serialize)]
struct Proven {
    at: u64,
    text: String,
}

impl fmt::Display for Listed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = clock::readable(trefoil_proto::Timestamp(self.at));
        writeln!(f, "{at}  {} about {}", self.reason, self.about)?;
        match (&self.by, &self.handed_on_by) {
            (Some(by), _) => writeln!(f, "  by {by}, in {}", self.room)?,
            (None, Some(hub)) => writeln!(f, "  handed on by {hub}, in {}", self.room)?,
            (None, None) => writeln!(f, "  in {}", self.room)?,
        }
        if !self.note.is_empty() {
            writeln!(f, "  note: {}", harmless(&self.note))?;
        }
        for message in &self.messages {
            writeln!(f, "  sent: {}", harmless(&message.text))?;
        }
        Ok(())
    }
}

impl From<TakenReport> for Listed {
    fn from(taken: TakenReport) -> Self {
        let messages = taken.messages.iter().map(|message| {
            let body = MimiContent::decode(&message.message_content).map(|content| Body::of(&content));
            let text = body.ok().and_then(|body| body.text).as_deref().map(plain).unwrap_or_default();
            Proven { at: message.accepted_timestamp.0, text }
        });
        Self {
            kind: "report",
            at: taken.at.0,
            by: taken.reporter.map(|reporter| reporter.to_string()),
            handed_on_by: taken.by.map(|hub| hub.to_string()),
            about: taken.about.to_string(),
            room: taken.room.to_string(),
            reason: format!("{:?}", taken.reason),
            messages: messages.collect(),
            note: taken.note,
        }
    }
}

/// Prints them, the oldest first.
///
/// # Errors
/// Whatever failed, as a sentence.
pub(super) fn reports(shared: &Shared, ask: Which) -> anyhow::Result<()> {
    for taken in Service::reports(&ask.data()?)? {
        shared.out.record(&Listed::from(taken))?;
    }
    Ok(())
}
