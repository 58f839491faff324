//! `trefoil admin reports`: that people reported, to whoever runs the service. Who reported and what they showed is for the safety
//! team, whose looks are in its trail.

use super::{Shared, admin::Which};
use crate::clock;
use serde::Serialize;
use std::fmt;
use trefoil_proto::mimi::report::AbuseType;
use trefoil_server::{Service, safety::TakenReport};

#[derive(Serialize)]
struct Listed {
    kind: &'static str,
    case: String,
    at: u64,
    handed_on_by: Option<String>,
    about: String,
    room: String,
    reason: AbuseType,
    /// How many messages are shown, each proven to be what that person sent there.
    messages: usize,
}

impl fmt::Display for Listed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = clock::readable(trefoil_proto::Timestamp(self.at));
        let reason = serde_json::to_value(self.reason).unwrap_or_default();
        writeln!(f, "{at}  {} about {}", reason.as_str().unwrap_or_default(), self.about)?;
        match &self.handed_on_by {
            Some(hub) => writeln!(f, "  handed on by {hub}, in {}", self.room)?,
            None => writeln!(f, "  in {}", self.room)?,
        }
        writeln!(f, "  case {}, messages shown: {}", self.case, self.messages)
    }
}

impl From<TakenReport> for Listed {
    fn from(taken: TakenReport) -> Self {
        Self {
            kind: "report",
            case: taken.case.to_string(),
            at: taken.at.0,
            handed_on_by: taken.by.map(|hub| hub.to_string()),
            about: taken.about.to_string(),
            room: taken.room.to_string(),
            reason: taken.reason,
            messages: taken.messages,
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
