//! Messages as they are printed: what the client core keeps of a conversation, for people and for programs.

mod delivery;
mod event;
mod keys;
pub mod links;
mod poll;
mod refusal;
mod standing;

pub use delivery::name as finding_name;
pub use event::event;
pub use keys::unproven;
pub use poll::Poll;
pub use refusal::{NotTaken, refusal, send_refusal};
pub use standing::{blocked, key_changed, mark, other_key, other_key_in_room, standing};

use crate::{
    agent::Agent,
    clock,
    print::{self, harmless},
    timer::in_words,
};
use serde::Serialize;
use std::fmt;
use trefoil_client::{
    ClientError, Event,
    attachment::Descriptor,
    boundaries::Folded,
    conversation::{
        self, Attached, Body, ConversationError, ConversationEvent as Talk, Cursor, Item, Line,
        MessageStatus, Once, OutgoingState, Position,
    },
    overlay::Overlay,
    verification,
};
use trefoil_proto::{DeviceUri, RoomUri, UserUri, content::MessageId, room::Role};

/// One line that is printed.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Shown {
    /// A message as it is now.
    Message(Box<Message>),
    /// Something about people or safety.
    Note(Note),
    /// Something that happened while receiving.
    Event(Happened),
}

/// A message.
#[derive(Clone, Debug, Serialize)]
pub struct Message {
    /// The room's URI.
    pub room: String,
    /// The id of its first version, in hexadecimal.
    pub message: String,
    /// Where it stands: a text that sorts as the timeline does.
    pub position: String,
    /// Who sent it, by URI.
    pub sender: String,
    /// The name that the sender gave in this room.
    pub name: Option<String>,
    /// What is known of the sender's account key now: `unverified`, `verified`, `changed`; absent for one's own.
    pub standing: Option<&'static str>,
    /// It is one's own.
    pub mine: bool,
    /// When the hub accepted it, in milliseconds since the UNIX epoch; absent until then.
    pub accepted: Option<u64>,
    /// What it asks.
    pub poll: Option<Poll>,
    /// It is seen once: `closed`, `opened`, or `sent` for one's own.
    pub once: Option<&'static str>,
    /// How often it was forwarded before it came here.
    pub forwarded: Option<u32>,
    /// Why it is printed only when that is asked for: `blocked`, `words`.
    pub folded: Option<&'static str>,
    /// What it says.
    pub text: Option<String>,
    /// Links in it to look twice at.
    pub links: Vec<links::Warned>,
    /// What is shown is not the first version.
    pub edited: bool,
    /// It was taken back.
    pub unsent: bool,
    /// The id of the message that it answers.
    pub reply_to: Option<String>,
    /// The beginning of the message that it answers.
    #[serde(skip)]
    pub quoted: Option<String>,
    /// Reactions, by emoji.
    pub reactions: Vec<Reaction>,
    /// Files.
    pub attachments: Vec<Attachment>,
    /// For one's own: `queued`, `sent` or `failed`.
    pub state: Option<&'static str>,
    /// For one's own: what became of it at each person who said so.
    pub statuses: Vec<Status>,
    /// It mentions the person who reads here.
    pub mentions_me: bool,
    /// When it disappears, in milliseconds since the UNIX epoch, once its timer runs.
    pub expires: Option<u64>,
}

/// What became of a message at a person it was for.
#[derive(Clone, Debug, Serialize)]
pub struct Status {
    /// Who, by URI.
    pub user: String,
    /// `delivered`, `read`, or another word of draft-mahy-mimi-message-status.
    pub status: &'static str,
}

/// Everyone who reacted with the same emoji.
#[derive(Clone, Debug, Serialize)]
pub struct Reaction {
    /// The emoji.
    pub emoji: String,
    /// Who, by URI.
    pub users: Vec<String>,
}

/// A file of a message.
#[derive(Clone, Debug, Serialize)]
pub struct Attachment {
    /// The name that its sender gave it.
    pub name: String,
    /// Its media type.
    #[serde(rename = "type")]
    pub media_type: String,
    /// Bytes.
    pub size: u64,
    /// SHA-256 of the file, in hexadecimal.
    pub sha256: String,
    /// Where it was saved.
    pub saved: Option<String>,
    /// Why it cannot be fetched.
    pub unusable: Option<String>,
    /// What fetches it.
    #[serde(skip)]
    pub file: Option<Descriptor>,
}

/// A line about people or safety.
#[derive(Clone, Debug, Serialize)]
pub struct Note {
    /// The room's URI.
    pub room: String,
    /// Where it stands: a text that sorts as the timeline does.
    pub position: String,
    /// When, in milliseconds since the UNIX epoch.
    pub at: u64,
    /// In words.
    pub text: String,
}

/// Something that happened while receiving.
#[derive(Clone, Debug, Serialize)]
pub struct Happened {
    /// Where, if in a room.
    pub room: Option<String>,
    /// What, by a name that does not change.
    pub event: &'static str,
    /// The message it is about.
    pub message: Option<String>,
    /// Who did it.
    pub by: Option<String>,
    /// In words, where the name does not say everything.
    pub detail: Option<String>,
}

/// The last `limit` lines of a room, oldest first.
///
/// # Errors
/// The store cannot be read.
pub fn timeline(agent: &Agent, room: &RoomUri, limit: usize) -> Result<Vec<Shown>, ClientError> {
    let store = Overlay::new(agent.client.store().clone());
    let items = conversation::timeline(&store, room, Cursor::Newest, limit)?;
    lines(agent, room, items)
}

/// Lines of a room, as they are printed.
///
/// # Errors
/// The store cannot be read.
pub fn lines(agent: &Agent, room: &RoomUri, items: Vec<Item>) -> Result<Vec<Shown>, ClientError> {
    let store = Overlay::new(agent.client.store().clone());
    let mut lines = Vec::with_capacity(items.len());
    for item in items {
        lines.push(match item {
            Item::Message(message) => Shown::Message(Box::new(Message::of(&store, room, *message)?)),
            Item::Note(note) => Shown::Note(Note {
                room: room.to_string(),
                position: note.position.to_string(),
                at: note.at.0,
                text: words(&store, room, &note.line)?,
            }),
        });
    }
    Ok(lines)
}

/// A message by the id of any of its versions.
///
/// # Errors
/// The store cannot be read.
pub fn message(agent: &Agent, room: &RoomUri, id: &MessageId) -> Result<Option<Message>, ClientError> {
    let store = Overlay::new(agent.client.store().clone());
    let found = conversation::message(&store, room, *id)?;
    found.map(|message| Message::of(&store, room, message)).transpose()
}

/// What a room is called, for people: its name, else those of the others in it, else its URI.
///
/// # Errors
/// The store cannot be read.
pub fn room_title(agent: &mut Agent, room: &str) -> Result<String, ClientError> {
    let Ok(uri) = room.parse::<RoomUri>() else { return Ok(room.to_owned()) };
    let Some(view) = agent.client.room(&uri)? else { return Ok(room.to_owned()) };
    if !view.name.is_empty() {
        return Ok(harmless(&view.name).to_string());
    }
    let store = Overlay::new(agent.client.store().clone());
    let me = agent.client.identity().map(|me| me.user);
    let mut names = Vec::new();
    for one in view.participants.iter().filter(|one| Some(&one.user) != me.as_ref()).take(3) {
        let given = conversation::profile(&store, &uri, &one.user)?.filter(|name| !name.is_empty());
        names.push(given.map_or_else(|| one.user.to_string(), |name| harmless(&name).to_string()));
    }
    Ok(if names.is_empty() { room.to_owned() } else { names.join(", ") })
}

/// A message that is seen once, with what was in it when it was opened.
///
/// # Errors
/// The store cannot be read.
pub fn opened(
    agent: &Agent,
    room: &RoomUri,
    id: &MessageId,
    body: Body,
) -> Result<Option<Shown>, ClientError> {
    let store = Overlay::new(agent.client.store().clone());
    let Some(found) = conversation::message(&store, room, *id)? else { return Ok(None) };
    let whole = conversation::Message { body: Some(body), ..found };
    Ok(Some(Shown::Message(Box::new(Message::of(&store, room, whole)?))))
}

/// Says on standard error what happens about people and safety while a command does something else: nothing else would
/// say it later. Messages wait, unread, for `trefoil receive`.
pub fn by_the_way(agent: &Agent, event: &Event) {
    if !matches!(event, Event::Conversation(_))
        && let Ok(Some(shown)) = self::event(agent, event)
    {
        print::remark(shown);
    }
}

/// If an event printed somebody else's message: its room, and where in it the message stands.
///
/// # Errors
/// The store cannot be read.
pub fn printed_of_others(agent: &Agent, event: &Event) -> Result<Option<(RoomUri, Position)>, ClientError> {
    let Event::Conversation(Talk::Added { room, id, mine: false, .. }) = event else { return Ok(None) };
    let store = Overlay::new(agent.client.store().clone());
    let message = conversation::message(&store, room, *id)?;
    Ok(message.map(|message| (room.clone(), message.position)))
}

impl Shown {
    /// The room that it is about, by URI.
    pub fn room(&self) -> Option<&str> {
        match self {
            Self::Message(message) => Some(&message.room),
            Self::Note(note) => Some(&note.room),
            Self::Event(happened) => happened.room.as_deref(),
        }
    }

    /// The text, if it is a message that has one.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Message(message) => message.text.as_deref(),
            _ => None,
        }
    }

    /// Shows what would only be shown when the person asks: they do.
    pub fn unfold(&mut self) {
        if let Self::Message(message) = self {
            message.folded = None;
        }
    }

    /// Cuts a long text for a listing, saying how long it is.
    pub fn shorten(&mut self, limit: usize) {
        if let Self::Message(message) = self
            && let Some(text) = &mut message.text
            && text.chars().count() > limit
        {
            let size = text.len();
            let head: String = text.chars().take(limit).collect();
            *text = format!("{head}… [{size} bytes in all]");
        }
    }

    /// The files of a message that can be fetched, each with what fetches it.
    pub fn attachments_mut(&mut self) -> impl Iterator<Item = (&mut Attachment, Descriptor)> {
        let attachments = match self {
            Self::Message(message) => message.attachments.as_mut_slice(),
            _ => &mut [],
        };
        attachments.iter_mut().filter_map(|attachment| {
            let file = attachment.file.clone()?;
            Some((attachment, file))
        })
    }
}

impl Message {
    fn of(store: &Overlay, room: &RoomUri, message: conversation::Message) -> Result<Self, ClientError> {
        let body = message.body.unwrap_or_default();
        let reactions = message.reactions.into_iter().map(|group| Reaction {
            emoji: group.emoji,
            users: group.by.into_iter().map(|(user, _)| user.to_string()).collect(),
        });
        Ok(Self {
            room: room.to_string(),
            message: message.id.to_string(),
            position: message.position.to_string(),
            name: conversation::profile(store, room, &message.sender)?,
            sender: message.sender.to_string(),
            standing: match message.mine {
                true => None,
                false => Some(standing(verification::standing(store, &message.sender)?)),
            },
            mine: message.mine,
            accepted: message.accepted.map(|time| time.0),
            poll: message.poll.map(Poll::of),
            once: message.once.map(|once| match once {
                Once::Closed => "closed",
                Once::Opened => "opened",
                Once::Sent => "sent",
            }),
            forwarded: message.forwarded,
            folded: message.folded.map(|folded| match folded {
                Folded::Blocked => "blocked",
                Folded::Words => "words",
            }),
            links: body.text.as_deref().map(links::warned).unwrap_or_default(),
            text: body.text.as_deref().map(conversation::plain),
            edited: message.edited.is_some(),
            unsent: message.unsent.is_some(),
            quoted: message.reply.as_ref().map(|reply| quoted(store, room, reply)).transpose()?.flatten(),
            reply_to: message.reply.map(|reply| reply.message.map_or(reply.id, |(id, _)| id).to_string()),
            reactions: reactions.collect(),
            attachments: body.attachments.into_iter().map(Attachment::of).collect(),
            state: message.outgoing.map(|state| match state {
                OutgoingState::Queued => "queued",
                OutgoingState::Sent => "sent",
                OutgoingState::Failed(_) => "failed",
            }),
            statuses: message
                .statuses
                .into_iter()
                .map(|(user, status, _)| Status { user: user.to_string(), status: word(status) })
                .collect(),
            mentions_me: message.mentions_me,
            expires: message.expires.map(|time| time.0),
        })
    }
}

/// What a reply quotes: some of the text, or the name of what came without text. `None` if it is not here.
///
/// # Errors
/// The store cannot be read.
pub fn quoted(
    store: &Overlay,
    room: &RoomUri,
    reply: &conversation::ReplyPreview,
) -> Result<Option<String>, ConversationError> {
    let (Some((id, _)), None) = (&reply.message, &reply.excerpt) else { return Ok(reply.excerpt.clone()) };
    quoted_text(store, room, *id)
}

/// A message in a few words.
fn quoted_text(store: &Overlay, room: &RoomUri, id: MessageId) -> Result<Option<String>, ConversationError> {
    let Some(message) = conversation::message(store, room, id)? else { return Ok(None) };
    if message.unsent.is_some() {
        return Ok(Some("[taken back]".to_owned()));
    }
    let body = message.body.unwrap_or_default();
    if let Some(text) = body.gist().filter(|text| !text.is_empty()) {
        return Ok(Some(conversation::plain(text)));
    }
    let name = body.attachments.into_iter().find_map(|attached| match attached {
        Attached::Usable(file) if !file.label.filename.is_empty() => Some(file.label.filename),
        _ => None,
    });
    Ok(Some(name.map_or_else(|| "[a message without text]".to_owned(), |name| format!("[{name}]"))))
}

impl Attachment {
    fn of(attached: Attached) -> Self {
        match attached {
            Attached::Usable(file) => Self {
                name: file.label.filename.clone(),
                media_type: file.label.content_type.clone(),
                size: file.layout.size(),
                sha256: data_encoding::HEXLOWER.encode(&file.plaintext_hash),
                saved: None,
                unusable: None,
                file: Some(file),
            },
            Attached::Unusable { content_type, reason } => Self {
                name: String::new(),
                media_type: content_type,
                size: 0,
                sha256: String::new(),
                saved: None,
                unusable: Some(reason),
                file: None,
            },
        }
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Message(message) => message.fmt(f),
            Self::Note(note) => {
                write!(
                    f,
                    "{}  · {}",
                    clock::readable(trefoil_proto::Timestamp(note.at)),
                    harmless(&note.text)
                )
            }
            Self::Event(happened) => {
                let detail = happened.detail.as_deref().unwrap_or_default();
                if !detail.is_empty() {
                    return write!(f, "· {}", harmless(detail));
                }
                let about = happened.message.as_deref().or(happened.room.as_deref()).unwrap_or_default();
                write!(f, "· {} {about}", happened.event)
            }
        }
    }
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let when = self.accepted.map_or_else(
            || "not yet accepted".to_owned(),
            |time| clock::readable(trefoil_proto::Timestamp(time)),
        );
        let name = self.name.as_deref().unwrap_or(&self.sender);
        write!(f, "{when}  {}{}", harmless(name), mark(self.standing.unwrap_or_default()))?;
        if self.state.is_some_and(|state| state != "sent") {
            write!(f, " [{}]", self.state.unwrap_or_default())?;
        }
        write!(f, "  ({})", self.message)?;
        match self.folded {
            Some("blocked") => {
                return write!(f, "\n    [of somebody whom you blocked: `trefoil rooms show --unfold`]");
            }
            Some(_) => return write!(f, "\n    [hidden by your words: `trefoil rooms show --unfold`]"),
            None => {}
        }
        if self.mentions_me {
            write!(f, "  @you")?;
        }
        if self.reply_to.is_some() {
            let quoted: String =
                self.quoted.as_deref().unwrap_or("a message that is not here").chars().take(60).collect();
            write!(f, "\n    ↳ {}", harmless(&quoted.replace('\n', " ")))?;
        }
        match self.forwarded {
            Some(1) => write!(f, "\n    [forwarded]")?,
            Some(hops) => write!(f, "\n    [forwarded {hops} times]")?,
            None => {}
        }
        if self.unsent {
            write!(f, "\n    [taken back]")?;
        }
        for line in self.text.as_deref().unwrap_or_default().lines() {
            write!(f, "\n    {}", harmless(line))?;
        }
        for link in &self.links {
            write!(f, "\n    ⚠ a link to {}: {}", harmless(&link.host), link.warning.in_words())?;
        }
        match self.once {
            Some("closed") => write!(f, "\n    [seen once: `trefoil rooms open` shows it]")?,
            Some("opened") => write!(f, "\n    [seen once: opened]")?,
            Some(_) => write!(f, "\n    [seen once]")?,
            None => {}
        }
        if let Some(poll) = &self.poll {
            poll.fmt(f)?;
        }
        if self.edited {
            write!(f, "\n    [edited]")?;
        }
        for file in &self.attachments {
            let problem = file.unusable.as_deref().map(|why| format!(" [{why}]")).unwrap_or_default();
            write!(
                f,
                "\n    📎 {} ({}, {} bytes){problem}",
                harmless(&file.name),
                harmless(&file.media_type),
                file.size
            )?;
            if let Some(saved) = &file.saved {
                write!(f, " saved as {}", harmless(saved))?;
            }
        }
        let told = |word: &str| self.statuses.iter().filter(|status| status.status == word).count();
        for (count, words) in [(told("read"), "read by"), (told("delivered"), "with")] {
            if count > 0 {
                write!(f, "\n    ✓ {words} {count}")?;
            }
        }
        if let Some(time) = self.expires {
            write!(f, "\n    ⏳ disappears {} UTC", clock::readable(trefoil_proto::Timestamp(time)))?;
        }
        for (index, reaction) in self.reactions.iter().enumerate() {
            let before = if index == 0 { "\n    " } else { "  " };
            write!(f, "{before}{} {}", harmless(&reaction.emoji), reaction.users.len())?;
        }
        Ok(())
    }
}

pub(crate) fn word(status: MessageStatus) -> &'static str {
    match status {
        MessageStatus::Unread => "unread",
        MessageStatus::Delivered => "delivered",
        MessageStatus::Read => "read",
        MessageStatus::Expired => "expired",
        MessageStatus::Deleted => "deleted",
        MessageStatus::Hidden => "hidden",
        MessageStatus::Error => "error",
        MessageStatus::Unknown(_) => "unknown",
    }
}

/// Who brought a device in or out, if it was not its person.
fn by_another(
    by: Option<&UserUri>,
    device: &DeviceUri,
    name: &impl Fn(&UserUri) -> Result<String, ConversationError>,
) -> Result<String, ConversationError> {
    let other = by.filter(|by| **by != device.user_uri());
    Ok(other.map(name).transpose()?.map_or_else(String::new, |by| format!(" (by {by})")))
}

fn role_in_words(role: Role) -> &'static str {
    match role {
        Role::ADMIN => "an admin",
        Role::MEMBER => "a member",
        Role::BANNED => "somebody who is kept out",
        _ => "somebody of a role that this version does not know",
    }
}

/// A line about people or safety in words, with the names that people gave in this room.
///
/// # Errors
/// The store cannot be read.
pub fn words(store: &Overlay, room: &RoomUri, line: &Line) -> Result<String, ConversationError> {
    let name = |user: &UserUri| -> Result<String, ConversationError> {
        Ok(conversation::profile(store, room, user)?.unwrap_or_else(|| user.to_string()))
    };
    Ok(match line {
        Line::Opened { by } => format!("{} opened the room", name(by)?),
        Line::Joined { user } => format!("{} joined", name(user)?),
        Line::Added { user, by } => format!("{} added {}", name(by)?, name(user)?),
        Line::Invited { user, by } => {
            format!("{} joined by an invitation of {}", name(user)?, name(by)?)
        }
        Line::InvitationMade { by, people, not_after } => {
            let people = if *people == 1 { "one person".to_owned() } else { format!("{people} people") };
            let until = clock::readable(*not_after);
            format!("{} made an invitation: {people} can join by its link, until {until}", name(by)?)
        }
        Line::InvitationTakenBack { by } => format!("{} took an invitation back", name(by)?),
        Line::Left { user } => format!("{} left", name(user)?),
        Line::Removed { user, by } => format!("{} removed {}", name(by)?, name(user)?),
        Line::RoleChanged { user, by, role } => {
            format!("{} made {} {}", name(by)?, name(user)?, role_in_words(Role(*role)))
        }
        Line::WritersChanged { by, admins_only: true } => {
            format!("{} set that only admins write here from now on", name(by)?)
        }
        Line::WritersChanged { by, admins_only: false } => {
            format!("{} set that everybody writes here from now on", name(by)?)
        }
        Line::PictureSet { by, taken_away: false } => format!("{} changed the room's picture", name(by)?),
        Line::PictureSet { by, taken_away: true } => format!("{} took the room's picture away", name(by)?),
        Line::GroupAdded { by, name: group } => format!("{} added the group {group:?}", name(by)?),
        Line::GroupRemoved { by, name: group } => format!("{} took out the group {group:?}", name(by)?),
        Line::Renamed { by, name: new } => format!("{} called the room {new:?}", name(by)?),
        Line::TimerSet { by, seconds: 0, .. } => {
            format!("{} set messages to stay", name(by)?)
        }
        Line::TimerSet { by, seconds, vanishing } => {
            let also = if *vanishing { ", or when the room is closed" } else { "" };
            let time = in_words(*seconds);
            format!("{} set messages to disappear {time} after reading{also}", name(by)?)
        }
        Line::DeviceAdded { device, by } => {
            let by = by_another(by.as_ref(), device, &name)?;
            format!("{} reads with one more device: {}{by}", name(&device.user_uri())?, device.device)
        }
        Line::DeviceRemoved { device, by } => {
            let by = by_another(by.as_ref(), device, &name)?;
            format!("{} reads with one device fewer: {}{by}", name(&device.user_uri())?, device.device)
        }
        Line::Rejoined { device } => {
            format!(
                "the device {} of {} had fallen out of step, and joined anew",
                device.device,
                name(&device.user_uri())?
            )
        }
        Line::CameMeanwhile { user } => {
            format!("{} came in while this device was out of step", name(user)?)
        }
        Line::RemovalAsked { user, reason } => format!(
            "the service of this room, {}, takes nothing from {} here any more, and asks for their removal, which an \
             admin's device makes; it says why: {reason}",
            room.domain,
            name(user)?
        ),
        Line::GhostDevice { device } => keys::ghost(device),
        Line::GoneMeanwhile { user } => {
            format!("{} left or was removed while this device was out of step", name(user)?)
        }
        Line::Lapsed => {
            "your service says that it dropped what waited here for this device: too much, or unread for too \
                         long; what was said meanwhile may be missing, ask the others"
                .to_owned()
        }
        Line::KeyRefused { user } => format!(
            "a device that claims to be of {}, under another account key than theirs, was to come in, and was refused",
            name(user)?
        ),
        Line::KeyChanged { user } => {
            format!(
                "{} has another account key than before: perhaps a new account, perhaps somebody in between; compare \
                 with `trefoil verify {user}`",
                name(user)?
            )
        }
        Line::VerifiedKeyChanged { user } => format!(
            "{}, whom you had verified, has another account key now; nothing is sent here until you decide: \
             `trefoil verify {user}`",
            name(user)?
        ),
        Line::Verified { user } => format!("you verified {}", name(user)?),
        Line::KeyAccepted { user } => {
            format!("you took the new account key of {} unseen: they are not verified any more", name(user)?)
        }
        Line::Delivery { device, finding } => delivery::words(room, device, finding, name)?,
        Line::Gap => "this device had fallen out of step; what was said meanwhile is missing here".to_owned(),
        Line::Unknown => "something that this version does not know".to_owned(),
    })
}
