//! What people can say: each function makes a [`Draft`], which the core completes and queues.

use super::{
    Attached, ConversationError, Message, MessageId, MessageStatus,
    classify::{AGAIN, EVIDENCE, LONGEST_REACTION, Meaning, TYPING, is_display_name, is_reaction, needs},
    text as markup,
};
use crate::attachment::{Descriptor, PLAINTEXT_HASHES, plaintext_hashes};
use trefoil_proto::{
    ProtoError, RoomUri, Timestamp, UserUri,
    content::{
        Disposition, Expiration, ExtensionKey, Extensions, Handling, MARKDOWN, MimiContent, NestedPart,
        PLAIN_TEXT, Part, PartSemantics,
        groups::{GROUPS, GroupList},
        picture::{self, Picture, PictureType, ROOM_PICTURE},
        poll::{POLL, Poll, VOTE, Vote},
        retold::{RETOLD, Retold},
        status::{self, StatusReport},
        timer::{RoomTimer, TIMER},
    },
    limits,
    minors::{REACH, Reach},
    room::Capability,
};

/// Attachments in one message: what fits the extension that names their hashes, with room to spare.
pub const ATTACHMENTS: usize = 32;
/// Longest timer of a disappearing message: receivers refuse more.
pub const LONGEST_TIMER_SECONDS: u32 = limits::TIMER;

/// A message without salt, sender and room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// Which message this one takes the place of.
    pub replaces: Option<MessageId>,
    /// Groups messages; empty for none.
    pub topic_id: Vec<u8>,
    /// When it disappears.
    pub expires: Option<Expiration>,
    /// Which message it answers.
    pub in_reply_to: Option<MessageId>,
    /// The body.
    pub part: NestedPart,
    /// To be submitted as a passing event: for connected devices only, stored nowhere.
    pub passing: bool,
    hashes: Option<Vec<u8>>,
    handling: Handling,
}

/// Someone whom a text mentions by `@` and this name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mention {
    /// Who.
    pub user: UserUri,
    /// As it stands in the text, without `@`.
    pub name: String,
}

impl Draft {
    fn of(part: NestedPart) -> Self {
        Self {
            replaces: None,
            topic_id: Vec::new(),
            expires: None,
            in_reply_to: None,
            part,
            passing: false,
            hashes: None,
            handling: Handling::default(),
        }
    }

    /// What a message said, to be said once more.
    pub(super) fn again(content: MimiContent) -> Self {
        let hashes = ExtensionKey::Text(PLAINTEXT_HASHES.to_owned());
        Self {
            hashes: content.extensions.get(&hashes).map(<[u8]>::to_vec),
            handling: Handling::of(&content.extensions),
            replaces: content.replaces,
            topic_id: content.topic_id,
            expires: content.expires,
            in_reply_to: content.in_reply_to,
            part: content.part,
            passing: false,
        }
    }

    /// The message as it will be encrypted. `salt` is random and used once.
    ///
    /// # Errors
    /// [`ConversationError::Content`] if the attachments' hashes do not fit an extension.
    pub fn into_content(
        self,
        salt: [u8; 16],
        sender: &UserUri,
        room: &RoomUri,
    ) -> Result<MimiContent, ConversationError> {
        let mut extensions = Extensions::of(sender, room);
        if let Some(hashes) = self.hashes {
            extensions.insert(ExtensionKey::Text(PLAINTEXT_HASHES.to_owned()), hashes)?;
        }
        self.handling.put(&mut extensions)?;
        Ok(MimiContent {
            salt,
            replaces: self.replaces,
            topic_id: self.topic_id,
            expires: self.expires,
            in_reply_to: self.in_reply_to,
            extensions,
            part: self.part,
        })
    }

    /// Lets it disappear so many seconds after each reader read it; at the sender, after the hub accepted it.
    ///
    /// # Errors
    /// Zero, or more than [`LONGEST_TIMER_SECONDS`].
    pub fn disappearing_after(mut self, seconds: u32) -> Result<Self, ConversationError> {
        if seconds == 0 || seconds > LONGEST_TIMER_SECONDS {
            return Err(ConversationError::Unusable("timer"));
        }
        self.expires = Some(Expiration { relative: true, time: seconds });
        Ok(self)
    }

    /// Lets each reader open it once on each of their devices, and nobody here once it is queued. A hint: whoever sees it
    /// can keep what they saw.
    ///
    /// # Errors
    /// It is no message with a text or files.
    pub fn seen_once(mut self) -> Result<Self, ConversationError> {
        if !self.is_message()
            || matches!(self.part.part, Part::Multi { semantics: PartSemantics::ChooseOne, .. })
        {
            return Err(ConversationError::Unusable("message to be seen once"));
        }
        self.handling.view_once = true;
        Ok(self)
    }

    /// Whether it makes a message of the timeline.
    fn is_message(&self) -> bool {
        matches!(Meaning::of(&self.bare()), Ok(Meaning::Message))
    }

    /// What the sender's role must hold for it; nothing for what everybody may say.
    pub(crate) fn needs(&self) -> Option<Capability> {
        needs(&self.bare())
    }

    /// What it says, with nothing around it.
    fn bare(&self) -> MimiContent {
        MimiContent {
            salt: [0; 16],
            replaces: self.replaces,
            topic_id: Vec::new(),
            expires: None,
            in_reply_to: self.in_reply_to,
            extensions: Extensions::default(),
            part: self.part.clone(),
        }
    }

    /// As it is sent to a room with a timer, unless it names one itself.
    pub(crate) fn under(mut self, timer: RoomTimer) -> Self {
        if timer.seconds > 0 && self.expires.is_none() && self.is_message() {
            self.expires = Some(Expiration { relative: true, time: timer.seconds });
            self.handling.vanishing = timer.vanishing;
        }
        self
    }

    /// Lets it disappear at a time, cut to the second, read or not.
    ///
    /// # Errors
    /// Not after `now`, more than [`LONGEST_TIMER_SECONDS`] later, or beyond the year 2106.
    pub fn disappearing_at(mut self, time: Timestamp, now: Timestamp) -> Result<Self, ConversationError> {
        let ahead = time.millis_since(now) / 1000;
        let seconds = u32::try_from(time.0 / 1000).ok();
        match seconds {
            Some(seconds) if ahead > 0 && ahead <= u64::from(LONGEST_TIMER_SECONDS) => {
                self.expires = Some(Expiration { relative: false, time: seconds });
                Ok(self)
            }
            _ => Err(ConversationError::Unusable("timer")),
        }
    }

    /// Puts it into a topic.
    ///
    /// # Errors
    /// Longer than [`limits::TOPIC`] bytes.
    pub fn in_topic(mut self, topic_id: Vec<u8>) -> Result<Self, ConversationError> {
        if topic_id.len() > limits::TOPIC {
            return Err(ConversationError::TooLong { what: "the topic", limit: limits::TOPIC });
        }
        self.topic_id = topic_id;
        Ok(self)
    }
}

/// A text in Markdown. Every `@name` of `mentions` becomes a link to that person.
///
/// # Errors
/// Empty, longer than [`limits::TEXT`] bytes as sent, or a mention that is not in it.
pub fn text(markdown: &str, mentions: &[Mention]) -> Result<Draft, ConversationError> {
    Ok(Draft::of(NestedPart::render(MARKDOWN, markup::outgoing(markdown, mentions)?)))
}

/// A text that answers a message: name the version that was read.
///
/// # Errors
/// As [`text`].
pub fn reply(to: MessageId, markdown: &str, mentions: &[Mention]) -> Result<Draft, ConversationError> {
    Ok(Draft { in_reply_to: Some(to), ..text(markdown, mentions)? })
}

/// An emoji on a message.
///
/// # Errors
/// Empty, longer than 64 bytes, or with spaces or control characters.
pub fn reaction(to: MessageId, emoji: &str) -> Result<Draft, ConversationError> {
    if emoji.len() > LONGEST_REACTION {
        return Err(ConversationError::TooLong { what: "the reaction", limit: LONGEST_REACTION });
    }
    if !is_reaction(emoji) {
        return Err(ConversationError::Unusable("reaction"));
    }
    let part = NestedPart { disposition: Disposition::REACTION, ..NestedPart::render(PLAIN_TEXT, emoji) };
    Ok(Draft { in_reply_to: Some(to), ..Draft::of(part) })
}

/// Takes back a reaction of one's own, named by the id of the message that made it.
pub fn remove_reaction(reaction: MessageId) -> Draft {
    unsend(reaction)
}

/// Another text for a message of one's own, named by the id of its first version.
///
/// # Errors
/// As [`text`].
pub fn edit(first: MessageId, markdown: &str, mentions: &[Mention]) -> Result<Draft, ConversationError> {
    Ok(Draft { replaces: Some(first), ..text(markdown, mentions)? })
}

/// Takes back a message of one's own, named by the id of its first version.
pub fn unsend(id: MessageId) -> Draft {
    Draft { replaces: Some(id), ..Draft::of(NestedPart::null()) }
}

/// Files, with a text or (if it is empty) without.
///
/// # Errors
/// No file, more than [`ATTACHMENTS`], or as [`text`].
pub fn attachment(files: &[Descriptor], caption: &str) -> Result<Draft, ConversationError> {
    attachment_mentioning(files, caption, &[])
}

/// Files, with a text that mentions people, as in [`text`].
///
/// # Errors
/// As [`attachment`].
pub fn attachment_mentioning(
    files: &[Descriptor],
    caption: &str,
    mentions: &[Mention],
) -> Result<Draft, ConversationError> {
    if files.is_empty() {
        return Err(ConversationError::Empty("the list of attachments"));
    }
    if files.len() > ATTACHMENTS {
        return Err(ConversationError::TooLong { what: "the list of attachments", limit: ATTACHMENTS });
    }
    let mut parts: Vec<_> = files.iter().map(Descriptor::part).collect();
    if !caption.trim().is_empty() {
        parts.insert(0, NestedPart::render(MARKDOWN, markup::outgoing(caption, mentions)?));
    }
    let part = match parts.len() {
        1 => parts.remove(0),
        _ => NestedPart {
            disposition: Disposition::RENDER,
            language: String::new(),
            part: Part::Multi { semantics: PartSemantics::ProcessAll, parts },
        },
    };
    Ok(Draft { hashes: Some(plaintext_hashes(files)), ..Draft::of(part) })
}

/// A poll: a question with 2 to 12 answers, of which people choose one, or several. Programs that know no polls show it as
/// a list.
///
/// # Errors
/// The question or an answer is empty, too long ([`limits::POLL_QUESTION`], [`limits::POLL_OPTION`] bytes), has control
/// characters or comes twice; too many answers or too few.
pub fn poll(question: &str, options: &[&str], several: bool) -> Result<Draft, ConversationError> {
    let options: Vec<String> = options.iter().map(|option| option.trim().to_owned()).collect();
    let poll = Poll { question: question.trim().to_owned(), options, several };
    let body = poll.encode().map_err(|error| match error {
        ProtoError::TooLarge { what: "question", limit } => {
            ConversationError::TooLong { what: "the question", limit }
        }
        ProtoError::TooLarge { what: "option", limit } => {
            ConversationError::TooLong { what: "an answer", limit }
        }
        ProtoError::TooLarge { limit, .. } => {
            ConversationError::TooLong { what: "the list of answers", limit }
        }
        _ => ConversationError::Unusable("poll"),
    })?;
    let mut listed = poll.question.clone();
    for (at, option) in poll.options.iter().enumerate() {
        listed.push_str(&format!("\n{}. {option}", at + 1));
    }
    let parts =
        vec![NestedPart::render(POLL, body), NestedPart::render(MARKDOWN, markup::outgoing(&listed, &[])?)];
    Ok(Draft::of(NestedPart {
        disposition: Disposition::RENDER,
        language: String::new(),
        part: Part::Multi { semantics: PartSemantics::ChooseOne, parts },
    }))
}

/// What one chooses in a poll, by the indices of its answers; nothing takes an earlier choice back. The last vote counts.
///
/// # Errors
/// An index above [`limits::POLL_OPTIONS`].
pub fn vote(poll: MessageId, choices: &[u8]) -> Result<Draft, ConversationError> {
    let mut choices = choices.to_vec();
    choices.sort_unstable();
    choices.dedup();
    let vote = Vote { choices }.encode().map_err(|_| ConversationError::Unusable("choice"))?;
    let part = NestedPart { disposition: Disposition::UNSPECIFIED, ..NestedPart::render(VOTE, vote) };
    Ok(Draft { in_reply_to: Some(poll), ..Draft::of(part) })
}

/// Sets the timer of a room: from now on messages that name none disappear so many seconds after reading. With
/// `vanishing`, they also go as soon as the room is closed on a device after they were read there
/// ([`crate::Client::close_room`]). Zero seconds end it.
///
/// # Errors
/// More than [`LONGEST_TIMER_SECONDS`], or `vanishing` without a time.
pub fn room_timer(seconds: u32, vanishing: bool) -> Result<Draft, ConversationError> {
    let timer = RoomTimer { seconds, vanishing };
    let body = timer.encode().map_err(|_| ConversationError::Unusable("timer"))?;
    let part = NestedPart { disposition: Disposition::UNSPECIFIED, ..NestedPart::render(TIMER, body) };
    Ok(Draft::of(part))
}

/// One's picture, for the members of a room; none takes it away.
pub fn picture(picture: Option<&Picture>) -> Draft {
    let kind = picture.map_or(PictureType::Jpeg, Picture::kind);
    let part = NestedPart::render(kind.media_type(), picture.map(Picture::bytes).unwrap_or_default());
    Draft::of(NestedPart { disposition: Disposition::PROFILE, ..part })
}

/// The picture of a room; none takes it away. Only an admin's counts.
pub fn room_picture(picture: Option<&Picture>) -> Draft {
    unspecified(ROOM_PICTURE, picture::encode(picture))
}

/// The groups of a community. Only an admin's count.
///
/// # Errors
/// More groups, or longer texts, than a list has.
pub(crate) fn groups(list: &GroupList) -> Result<Draft, ConversationError> {
    let body = list.encode().map_err(|error| match error {
        ProtoError::TooLarge { limit, .. } => {
            ConversationError::TooLong { what: "the list of groups", limit }
        }
        _ => ConversationError::Unusable("list of groups"),
    })?;
    Ok(unspecified(GROUPS, body))
}

/// What the room was told before somebody came in.
pub(crate) fn retold(retold: &Retold) -> Result<Draft, ConversationError> {
    Ok(unspecified(RETOLD, retold.encode()?))
}

fn unspecified(media_type: &str, body: Vec<u8>) -> Draft {
    Draft::of(NestedPart { disposition: Disposition::UNSPECIFIED, ..NestedPart::render(media_type, body) })
}

/// What a message of another room says now, with its files; what encrypts a file travels along. It says how often it was
/// forwarded, and nothing of who said it or where. People whom it mentions are named in it and not mentioned. A poll begins anew.
///
/// # Errors
/// [`ConversationError::NotForwardable`] for one that was taken back, that disappears or is seen once, and for one of
/// which this program cannot pass on everything that it shows.
pub fn forward(message: &Message) -> Result<Draft, ConversationError> {
    const NOTHING: ConversationError = ConversationError::NotForwardable("there is nothing in it to pass on");
    if message.once.is_some() {
        return Err(ConversationError::NotForwardable("it is seen once"));
    }
    let Some(body) = &message.body else { return Err(NOTHING) };
    if message.timer.is_some() {
        return Err(ConversationError::NotForwardable("it disappears"));
    }
    let files = body.attachments.iter().map(|file| match file {
        Attached::Usable(file) => Ok(file.clone()),
        Attached::Unusable { .. } => Err(ConversationError::NotForwardable("a file in it cannot be used")),
    });
    let files: Vec<Descriptor> = files.collect::<Result<_, _>>()?;
    let said = body.text.as_deref().map(markup::without_mentions).unwrap_or_default();
    let asked = body.poll.as_ref().map(|asked| {
        let options: Vec<&str> = asked.options.iter().map(String::as_str).collect();
        poll(&asked.question, &options, asked.several)
    });
    let draft = match (files.is_empty(), said.trim().is_empty()) {
        (true, true) if asked.is_some() => asked.transpose()?.ok_or(NOTHING)?,
        (true, true) => return Err(NOTHING),
        (true, false) => text(&said, &[])?,
        (false, _) => attachment(&files, &said)?,
    };
    let forwarded = message.forwarded.unwrap_or(0).saturating_add(1);
    Ok(Draft { handling: Handling { forwarded, ..Handling::default() }, ..draft })
}

/// What became of messages of this room here.
///
/// # Errors
/// Empty, or more than [`limits::STATUSES`].
pub fn status(statuses: Vec<(MessageId, MessageStatus)>) -> Result<Draft, ConversationError> {
    if statuses.is_empty() {
        return Err(ConversationError::Empty("the status report"));
    }
    let report = StatusReport { statuses }.encode()?;
    let part = NestedPart::render(status::MEDIA_TYPE, report);
    Ok(Draft::of(NestedPart { disposition: Disposition::UNSPECIFIED, ..part }))
}

/// Merges the status reports among drafts for one room into as few as there can be; the other drafts keep their order
/// and stand first.
///
/// # Errors
/// A status draft that does not decode.
pub fn batch_statuses(drafts: Vec<Draft>) -> Result<Vec<Draft>, ConversationError> {
    let (mut others, mut statuses) = (Vec::new(), Vec::new());
    for draft in drafts {
        match &draft.part.part {
            Part::Single { content_type, content } if content_type == status::MEDIA_TYPE => {
                statuses.extend(StatusReport::decode(content)?.statuses);
            }
            _ => others.push(draft),
        }
    }
    for some in statuses.chunks(limits::STATUSES) {
        others.push(status(some.to_vec())?);
    }
    Ok(others)
}

/// Writing began or stopped.
pub fn typing(started: bool) -> Draft {
    let notice: &[u8] = if started { b"1" } else { b"0" };
    let part = NestedPart { disposition: Disposition::UNSPECIFIED, ..NestedPart::render(TYPING, notice) };
    Draft { passing: true, ..Draft::of(part) }
}

/// Evidence against a key directory, as a file.
pub(crate) fn evidence(file: &[u8]) -> Draft {
    let part = NestedPart::render(EVIDENCE, file.to_vec());
    Draft::of(NestedPart { disposition: Disposition::UNSPECIFIED, ..part })
}

/// The reach key of a minor, for a connection of theirs.
pub(crate) fn reach(reach: &Reach) -> Draft {
    let part = NestedPart::render(REACH, reach.encode());
    Draft::of(NestedPart { disposition: Disposition::UNSPECIFIED, ..part })
}

/// What is said about missing messages.
pub(crate) fn again(body: &[u8]) -> Draft {
    let part = NestedPart::render(AGAIN, body.to_vec());
    Draft::of(NestedPart { disposition: Disposition::UNSPECIFIED, ..part })
}

/// One's display name, for the members of a room.
///
/// # Errors
/// Empty, longer than [`limits::DISPLAY_NAME`] bytes, or not [a name](trefoil_proto::naming::is_name).
pub fn profile(display_name: &str) -> Result<Draft, ConversationError> {
    if display_name.len() > limits::DISPLAY_NAME {
        return Err(ConversationError::TooLong { what: "the display name", limit: limits::DISPLAY_NAME });
    }
    if !is_display_name(display_name) {
        return Err(ConversationError::Unusable("display name"));
    }
    let part = NestedPart::render(PLAIN_TEXT, display_name);
    Ok(Draft::of(NestedPart { disposition: Disposition::PROFILE, ..part }))
}
