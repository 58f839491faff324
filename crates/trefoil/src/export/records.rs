//! The records of an export, as `docs/export.md` has them. Fields are only ever added.

use super::ExportError;
use crate::show;
use serde::Serialize;
use trefoil_client::{conversation, overlay::Overlay};
use trefoil_proto::RoomUri;

/// The first field of `account.json`.
pub const FORMAT: &str = "trefoil-export-1";

/// `account.json`.
#[derive(Serialize)]
pub(super) struct Account {
    pub format: &'static str,
    /// Milliseconds since the UNIX epoch, as every time here.
    pub made: u64,
    pub user: String,
    pub service: String,
    /// The public one.
    pub account_key: String,
    pub devices: Vec<Device>,
    pub people: Vec<Person>,
    pub rooms: Vec<Room>,
    /// People who are blocked or restricted.
    pub kept_away: Vec<KeptAway>,
    pub hidden_words: Vec<String>,
    pub silence_unknown: bool,
    pub strict: bool,
}

#[derive(Serialize)]
pub(super) struct KeptAway {
    pub user: String,
    pub stance: &'static str,
    pub since: u64,
}

#[derive(Serialize)]
pub(super) struct Device {
    pub device: String,
    pub this: bool,
    pub name: Option<String>,
}

#[derive(Serialize)]
pub(super) struct Person {
    pub user: String,
    pub names: Vec<String>,
    pub verified: bool,
}

#[derive(Serialize)]
pub(super) struct Room {
    pub room: String,
    pub name: String,
    pub folder: String,
    pub state: &'static str,
    pub people: Vec<String>,
}

/// A line of `messages.jsonl`.
#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub(super) enum Line {
    Message(Box<Message>),
    Note { at: u64, text: String },
}

#[derive(Serialize)]
pub(super) struct Message {
    pub message: String,
    pub sender: String,
    pub name: Option<String>,
    pub mine: bool,
    pub at: u64,
    /// The hub accepted it; else it still waits.
    pub accepted: bool,
    /// Markdown as written, of the newest version.
    pub text: Option<String>,
    /// Earlier versions, oldest first.
    pub earlier: Vec<Version>,
    pub edited: Option<u64>,
    pub unsent: Option<u64>,
    pub reply_to: Option<String>,
    pub reactions: Vec<Reaction>,
    pub files: Vec<File>,
    pub statuses: Vec<Status>,
    pub expires: Option<u64>,
}

#[derive(Serialize)]
pub(super) struct Version {
    pub at: Option<u64>,
    pub text: Option<String>,
}

#[derive(Serialize)]
pub(super) struct Reaction {
    pub emoji: String,
    pub users: Vec<String>,
}

#[derive(Serialize)]
pub(super) struct Status {
    pub user: String,
    pub status: &'static str,
    pub at: u64,
}

#[derive(Default, Serialize)]
pub(super) struct File {
    pub name: String,
    #[serde(rename = "type")]
    pub media_type: String,
    pub description: String,
    pub size: u64,
    pub sha256: String,
    /// From the room's folder.
    pub path: Option<String>,
    /// Why it is not there.
    pub problem: Option<String>,
}

impl Message {
    pub(super) fn of(
        store: &Overlay,
        room: &RoomUri,
        message: conversation::Message,
    ) -> Result<Self, ExportError> {
        let mut earlier = conversation::history(store, room, message.id)?;
        // The last one is what it says now.
        earlier.pop();
        let versions = earlier
            .into_iter()
            .map(|version| Version { at: version.accepted.map(|at| at.0), text: version.body.text });
        Ok(Self {
            message: message.id.to_string(),
            name: conversation::profile(store, room, &message.sender)?,
            sender: message.sender.to_string(),
            mine: message.mine,
            at: message.accepted.unwrap_or(message.received).0,
            accepted: message.accepted.is_some(),
            text: message.body.and_then(|body| body.text),
            earlier: versions.collect(),
            edited: message.edited.map(|at| at.0),
            unsent: message.unsent.map(|at| at.0),
            reply_to: message.reply.map(|reply| reply.message.map_or(reply.id, |(id, _)| id).to_string()),
            reactions: message
                .reactions
                .into_iter()
                .map(|group| Reaction {
                    emoji: group.emoji,
                    users: group.by.into_iter().map(|(user, _)| user.to_string()).collect(),
                })
                .collect(),
            files: Vec::new(),
            statuses: message
                .statuses
                .into_iter()
                .map(|(user, status, at)| Status {
                    user: user.to_string(),
                    status: show::word(status),
                    at: at.0,
                })
                .collect(),
            expires: message.expires.map(|at| at.0),
        })
    }
}
