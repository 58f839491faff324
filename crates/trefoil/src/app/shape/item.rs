//! Lines of a timeline: messages as they are now, and what happened to people and safety.

use super::{
    Block, Folded, is_emoji_only,
    markup::{Drawn, inert, parse},
    note::{Note, note},
};
use crate::show;
use serde::Serialize;
use trefoil_client::{
    boundaries::{self, Stance},
    conversation::{self, Attached, Body, ConversationError, Item as Kept, MessageStatus, OutgoingState},
    overlay::Overlay,
};
use trefoil_proto::{RoomUri, UserUri};
use utoipa::ToSchema;

/// A line of a timeline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Item {
    /// Somebody said something.
    Message(Box<Message>),
    /// Something happened.
    Note(Note),
}

impl Item {
    /// Where it stands, as text that sorts as the timeline does.
    pub fn position(&self) -> String {
        match self {
            Self::Message(message) => message.position.clone(),
            Self::Note(note) => note.position.clone(),
        }
    }
}

/// A message as it is now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Message {
    /// The id of its first version, in hexadecimal: names it in every request.
    pub message: String,
    /// Where it stands: a string that sorts as the timeline does.
    pub position: String,
    /// Who said it, by URI.
    pub sender: String,
    /// The name that they gave in this room; empty if none.
    pub name: String,
    /// It is one's own.
    pub mine: bool,
    /// When the hub accepted it, or it was written; milliseconds since the UNIX epoch.
    pub at: u64,
    /// What it says, to be drawn.
    pub body: Vec<Block>,
    /// `body` is only the beginning, as there is more than a page can draw: `text` has all of it.
    pub cut: bool,
    /// What it says, as it was written (Markdown); empty for none.
    pub text: String,
    /// It is some emoji and nothing else.
    pub emoji_only: bool,
    /// When what is shown was accepted, if it is not the first version.
    pub edited: Option<u64>,
    /// It was taken back.
    pub unsent: bool,
    /// What it answers.
    pub reply: Option<Reply>,
    /// Reactions, in the order in which each emoji first came.
    pub reactions: Vec<Reaction>,
    /// Files.
    pub files: Vec<File>,
    /// Media types of parts that cannot be shown here.
    pub unsupported: Vec<String>,
    /// For one's own: how far it is.
    pub state: Option<SendState>,
    /// Why it was not sent.
    pub failure: Option<String>,
    /// For one's own: how many people have it.
    pub delivered: usize,
    /// For one's own: how many people have read it.
    pub read: usize,
    /// Why it is shown only when the person asks for it.
    pub folded: Option<Folded>,
    /// Nobody is told that it came: it is folded, or its sender is restricted.
    pub quiet: bool,
    /// It mentions the person who reads here.
    pub mentions_me: bool,
    /// Somebody else's that was not read here.
    pub unread: bool,
    /// When it disappears, once its timer runs.
    pub expires: Option<u64>,
    /// It disappears so many seconds after it was read.
    pub timer: Option<u32>,
    /// It is seen once: how far that is.
    pub once: Option<Once>,
    /// How often it was forwarded before it came here.
    pub forwarded: Option<u32>,
    /// What it asks.
    pub poll: Option<Poll>,
}

/// How far a message is that is seen once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Once {
    /// It can be opened here.
    Closed,
    /// It was opened here.
    Opened,
    /// One's own: nobody opens it here.
    Sent,
}

/// A question with answers to choose from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Poll {
    /// The question.
    pub question: String,
    /// What can be chosen.
    pub options: Vec<PollOption>,
    /// More than one can be chosen.
    pub several: bool,
    /// People who chose something.
    pub voters: usize,
}

/// An answer of a poll.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct PollOption {
    /// What it says.
    pub text: String,
    /// How many chose it.
    pub votes: usize,
    /// This person chose it.
    pub mine: bool,
    /// Who chose it, by the names that they gave, or by URI.
    pub people: Vec<String>,
}

/// How far an own message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SendState {
    /// It waits to be sent.
    Queued,
    /// The room's service has taken it.
    Sent,
    /// It will not be tried again by itself.
    Failed,
}

/// What a message answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Reply {
    /// The message, if it is here.
    pub message: Option<String>,
    /// Who said it, by URI.
    pub sender: Option<String>,
    /// The name that they gave in this room.
    pub name: String,
    /// The beginning of what it says now.
    pub excerpt: Option<String>,
}

/// Everyone who reacted with the same emoji.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Reaction {
    /// The emoji.
    pub emoji: String,
    /// One of them is one's own.
    pub mine: bool,
    /// Who, by the names that they gave, or by URI.
    pub people: Vec<String>,
}

/// A file of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct File {
    /// Its place among the message's files.
    pub index: usize,
    /// The name that its sender gave it; may be empty.
    pub name: String,
    /// Its media type, as the sender says.
    #[serde(rename = "type")]
    pub media_type: String,
    /// Bytes.
    pub size: u64,
    /// How it is shown.
    pub kind: FileKind,
    /// Why it cannot be fetched.
    pub unusable: Option<String>,
}

/// How a file is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FileKind {
    /// A picture that can be drawn anew here.
    Picture,
    /// Sound that browsers play.
    Audio,
    /// A film that browsers play.
    Video,
    /// To be saved.
    File,
}

/// One version of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Version {
    /// When the hub accepted it.
    pub at: Option<u64>,
    /// What it said, to be drawn.
    pub body: Vec<Block>,
    /// `body` is only the beginning: `text` has all of it.
    pub cut: bool,
    /// What it said, as it was written.
    pub text: String,
}

/// A line as it is shown to `me`.
///
/// # Errors
/// The store cannot be read.
pub fn item(store: &Overlay, me: &UserUri, room: &RoomUri, kept: Kept) -> Result<Item, ConversationError> {
    Ok(match kept {
        Kept::Message(kept) => Item::Message(Box::new(message(store, me, room, *kept)?)),
        Kept::Note(kept) => Item::Note(note(store, room, &kept)?),
    })
}

/// A message as it is shown to `me`.
///
/// # Errors
/// The store cannot be read.
pub fn message(
    store: &Overlay,
    me: &UserUri,
    room: &RoomUri,
    kept: conversation::Message,
) -> Result<Message, ConversationError> {
    let name = |user: &UserUri| -> Result<String, ConversationError> {
        Ok(conversation::profile(store, room, user)?.unwrap_or_default())
    };
    let quiet =
        !kept.mine && (kept.folded.is_some() || boundaries::stance(store, &kept.sender)? != Stance::Normal);
    let body = kept.body.unwrap_or_default();
    let (Drawn { blocks, cut }, text) = drawn(&body);
    let called = |user: &UserUri| -> Result<String, ConversationError> {
        let given = name(user)?;
        Ok(if given.is_empty() { user.to_string() } else { given })
    };
    let mut reactions = Vec::new();
    for group in kept.reactions {
        let people = group.by.iter().map(|(user, _)| called(user)).collect::<Result<_, _>>()?;
        let mine = group.by.iter().any(|(user, _)| user == me);
        reactions.push(Reaction { emoji: group.emoji, mine, people });
    }
    let poll = kept.poll.map(|poll| -> Result<Poll, ConversationError> {
        let option = |option: conversation::PollOption| {
            Ok(PollOption {
                text: inert(&option.text),
                votes: option.by.len(),
                mine: option.by.contains(me),
                people: option.by.iter().map(called).collect::<Result<_, ConversationError>>()?,
            })
        };
        Ok(Poll {
            question: inert(&poll.question),
            options: poll.options.into_iter().map(option).collect::<Result<_, ConversationError>>()?,
            several: poll.several,
            voters: poll.voters,
        })
    });
    let reply = kept.reply.map(|reply| -> Result<Reply, ConversationError> {
        let sender = reply.message.as_ref().map(|(_, sender)| sender.clone());
        Ok(Reply {
            name: sender.as_ref().map(&name).transpose()?.unwrap_or_default(),
            sender: sender.map(|sender| sender.to_string()),
            excerpt: show::quoted(store, room, &reply)?.map(|text| inert(&text)),
            message: reply.message.map(|(id, _)| id.to_string()),
        })
    });
    let told = |wanted: &[MessageStatus]| {
        kept.statuses.iter().filter(|(_, status, _)| wanted.contains(status)).count()
    };
    let (state, failure) = match kept.outgoing {
        None => (None, None),
        Some(OutgoingState::Queued) => (Some(SendState::Queued), None),
        Some(OutgoingState::Sent) => (Some(SendState::Sent), None),
        Some(OutgoingState::Failed(why)) => (Some(SendState::Failed), Some(why)),
    };
    Ok(Message {
        message: kept.id.to_string(),
        position: kept.position.to_string(),
        name: name(&kept.sender)?,
        sender: kept.sender.to_string(),
        mine: kept.mine,
        at: kept.accepted.unwrap_or(kept.received).0,
        emoji_only: is_emoji_only(&blocks),
        body: blocks,
        cut,
        text,
        edited: kept.edited.map(|time| time.0),
        unsent: kept.unsent.is_some(),
        reply: reply.transpose()?,
        reactions,
        files: body.attachments.iter().enumerate().map(|(index, file)| File::of(index, file)).collect(),
        unsupported: body.unsupported,
        state,
        failure,
        delivered: told(&[MessageStatus::Delivered, MessageStatus::Read]),
        read: told(&[MessageStatus::Read]),
        folded: kept.folded.map(Into::into),
        quiet,
        mentions_me: kept.mentions_me,
        unread: kept.unread,
        expires: kept.expires.map(|time| time.0),
        timer: kept.timer.filter(|timer| timer.relative).map(|timer| timer.time),
        once: kept.once.map(|once| match once {
            conversation::Once::Closed => Once::Closed,
            conversation::Once::Opened => Once::Opened,
            conversation::Once::Sent => Once::Sent,
        }),
        forwarded: kept.forwarded,
        poll: poll.transpose()?,
    })
}

/// The versions of a message, oldest first.
pub fn versions(kept: Vec<conversation::Version>) -> Vec<Version> {
    kept.into_iter()
        .map(|version| {
            let (Drawn { blocks, cut }, text) = drawn(&version.body);
            Version { at: version.accepted.map(|time| time.0), body: blocks, cut, text }
        })
        .collect()
}

/// What a body says, and its files.
pub fn of_body(body: &Body) -> (Version, Vec<File>) {
    let (Drawn { blocks, cut }, text) = drawn(body);
    let files = body.attachments.iter().enumerate().map(|(index, file)| File::of(index, file)).collect();
    (Version { at: None, body: blocks, cut, text }, files)
}

fn drawn(body: &Body) -> (Drawn, String) {
    let text = body.text.as_deref().unwrap_or_default();
    (parse(text), inert(&conversation::plain(text)))
}

impl File {
    fn of(index: usize, attached: &Attached) -> Self {
        match attached {
            Attached::Usable(file) => Self {
                index,
                name: inert(&file.label.filename),
                kind: file_kind(&file.label.content_type),
                media_type: file.label.content_type.clone(),
                size: file.layout.size(),
                unusable: None,
            },
            Attached::Unusable { content_type, reason } => Self {
                index,
                name: String::new(),
                media_type: content_type.clone(),
                size: 0,
                kind: FileKind::File,
                unusable: Some(reason.clone()),
            },
        }
    }
}

/// How files of a type are shown. Whatever is not named is only saved.
pub fn file_kind(media_type: &str) -> FileKind {
    let essence = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match essence.as_str() {
        "image/jpeg" | "image/png" | "image/gif" | "image/webp" => FileKind::Picture,
        "audio/webm" | "audio/ogg" | "audio/mpeg" | "audio/mp4" | "audio/wav" => FileKind::Audio,
        "video/webm" | "video/mp4" => FileKind::Video,
        _ => FileKind::File,
    }
}
