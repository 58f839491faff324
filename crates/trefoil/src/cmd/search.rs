//! `trefoil search`: what was said, by its words. The index lies in this person's encrypted store; no service is asked.

use super::{Shared, find_room};
use crate::{clock, exit::UsageError, print::harmless};
use clap::Args;
use serde::Serialize;
use std::fmt;
use trefoil_client::{
    conversation::{self, Hit, SearchCursor},
    overlay::Overlay,
};

/// Search what was said, on this device.
#[derive(Debug, Args)]
pub struct Search {
    /// Words that all have to be in the message; the last one may be the beginning of a word
    #[arg(required = true, value_name = "WORDS")]
    words: Vec<String>,
    /// Only in this room: its URI, its whole name, or the beginning of its id
    #[arg(long)]
    room: Option<String>,
    /// How many messages at most, the newest first
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=200))]
    limit: u16,
    /// Go on where another search ended: its `more`
    #[arg(long, value_name = "CURSOR")]
    after: Option<String>,
}

#[derive(Serialize)]
struct Record {
    kind: &'static str,
    room: String,
    title: String,
    message: String,
    sender: String,
    /// The name that the sender gave in this room.
    name: Option<String>,
    /// In milliseconds since the UNIX epoch.
    accepted: u64,
    excerpt: Vec<Piece>,
}

#[derive(Serialize)]
struct Piece {
    text: String,
    hit: bool,
}

#[derive(Serialize)]
struct More {
    kind: &'static str,
    more: String,
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let when = clock::readable(trefoil_proto::Timestamp(self.accepted));
        let title = if self.title.is_empty() { &self.room } else { &self.title };
        let name = self.name.as_deref().unwrap_or(&self.sender);
        write!(f, "{when}  {}  {}  ({})\n    ", harmless(title), harmless(name), self.message)?;
        for Piece { text, hit } in &self.excerpt {
            let text = harmless(text);
            if *hit { write!(f, "[{text}]")? } else { write!(f, "{text}")? }
        }
        Ok(())
    }
}

impl fmt::Display for More {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "There is more: add --after {}", self.more)
    }
}

/// Does it.
///
/// # Errors
/// Whatever failed, as a sentence. To find nothing is no failure.
pub fn run(shared: &Shared, ask: &Search) -> anyhow::Result<()> {
    let mut agent = shared.agent()?;
    let room = match &ask.room {
        Some(named) => Some(find_room(&mut agent, named)?.uri),
        None => None,
    };
    let after = ask.after.as_deref().map(str::parse::<SearchCursor>).transpose();
    let after = after.map_err(|_| UsageError("--after takes what a search printed as `more`".to_owned()))?;
    // After an update of the program, what was said before there was an index.
    while !agent.client.is_searchable() {
        agent.act(|client, now| client.handle_all([], now))?;
    }
    let store = Overlay::new(agent.client.store().clone());
    let words = ask.words.join(" ");
    let found = conversation::search(&store, &words, room.as_ref(), after, usize::from(ask.limit))?;
    for Hit { room, message, sender, accepted, excerpt, .. } in found.hits {
        shared.out.record(&Record {
            kind: "hit",
            title: agent.client.room(&room)?.map(|view| view.name).unwrap_or_default(),
            name: conversation::profile(&store, &room, &sender)?,
            room: room.to_string(),
            message: message.to_string(),
            sender: sender.to_string(),
            accepted: accepted.0,
            excerpt: excerpt.into_iter().map(|(text, hit)| Piece { text, hit }).collect(),
        })?;
    }
    if let Some(next) = found.next {
        shared.out.record(&More { kind: "more", more: next.to_string() })?;
    }
    Ok(())
}
