//! What a message means, decided from its content alone.

use super::{Body, MessageId, Refusal};
use trefoil_proto::{
    content::{
        Disposition, MimiContent, NestedPart, PLAIN_TEXT, Part,
        groups::{GROUPS, GroupList},
        picture::{self, Picture, PictureType, ROOM_PICTURE},
        poll::{self, Vote},
        retold::{RETOLD, Retold},
        status,
        timer::{RoomTimer, TIMER},
    },
    limits,
    minors::{REACH, Reach},
    naming::is_name,
    room::Capability,
};

/// Media type of a typing notice: one byte, `1` for began, `0` for stopped. Sent as a passing event.
pub const TYPING: &str = "application/vnd.trefoil.typing";
/// Media type of evidence against a key directory (`docs/spec/evidence.md`): the file, as it verifies offline.
pub const EVIDENCE: &str = "application/vnd.trefoil.evidence";
/// Media type of what devices say about missing messages (`docs/spec/delivery.md`, "Asking again").
pub const AGAIN: &str = "application/vnd.trefoil.again";
/// Longest reaction, in bytes: the longest emoji sequences are about half of it.
pub(super) const LONGEST_REACTION: usize = 64;

/// The meaning of a message.
#[derive(Debug)]
pub(super) enum Meaning {
    /// A line of the timeline.
    Message,
    /// Another version of a message.
    Edit(MessageId),
    /// A message or a reaction is taken back.
    Unsend(MessageId),
    /// An emoji on a message.
    Reaction(MessageId, String),
    /// What the sender chooses in a poll.
    Vote(MessageId, Vote),
    /// When messages of the room disappear from now on.
    Timer(RoomTimer),
    /// What became of messages at the sender.
    Statuses(status::StatusReport),
    /// The sender began or stopped writing.
    Typing(bool),
    /// The sender's display name.
    Profile(String),
    /// The sender's picture, or that it is taken away.
    Picture(Option<Picture>),
    /// The room's picture, or that it is taken away.
    RoomPicture(Option<Picture>),
    /// The groups of the community.
    Groups(GroupList),
    /// What the room was told before.
    Retold(Retold),
    /// Evidence against a key directory: no line, the room is only its way.
    Evidence,
    /// Missing messages, asked for or given: no line.
    Again,
    /// The sender's reach key: no line.
    Reach,
}

impl Meaning {
    /// What somebody's role must hold for them to say this; nothing for what everybody may.
    pub(super) fn needs(&self) -> Option<Capability> {
        match self {
            Self::Message | Self::Timer(_) => Some(Capability::SEND_MESSAGE),
            Self::Edit(_) => Some(Capability::EDIT_OWN_MESSAGE),
            Self::Reaction(..) | Self::Vote(..) => Some(Capability::REACT_TO_MESSAGE),
            Self::RoomPicture(_) => Some(Capability::CHANGE_ROOM_AVATAR),
            Self::Groups(_) => Some(Capability::CHANGE_ROOM_DESCRIPTION),
            // Whoever brings people in tells them what they missed.
            Self::Retold(_) => Some(Capability::ADD_PARTICIPANT),
            Self::Unsend(_)
            | Self::Picture(_)
            | Self::Statuses(_)
            | Self::Typing(_)
            | Self::Profile(_)
            | Self::Evidence
            | Self::Again
            | Self::Reach => None,
        }
    }

    pub(super) fn of(content: &MimiContent) -> Result<Self, Refusal> {
        if let Some((content_type, bytes)) = single(&content.part) {
            match content_type {
                status::MEDIA_TYPE => {
                    return status::StatusReport::decode(bytes)
                        .map(Self::Statuses)
                        .map_err(|_| Refusal::Meaningless);
                }
                poll::VOTE => {
                    let to = content.in_reply_to.filter(|_| content.replaces.is_none());
                    let vote = to.zip(Vote::decode(bytes).ok());
                    return vote.map(|(to, vote)| Self::Vote(to, vote)).ok_or(Refusal::Meaningless);
                }
                TIMER => {
                    let timer = RoomTimer::decode(bytes).ok().filter(|_| content.replaces.is_none());
                    return timer.map(Self::Timer).ok_or(Refusal::Meaningless);
                }
                ROOM_PICTURE => {
                    let picture = picture::decode(bytes).ok().filter(|_| content.replaces.is_none());
                    return picture.map(Self::RoomPicture).ok_or(Refusal::Meaningless);
                }
                GROUPS => {
                    let list = GroupList::decode(bytes).ok().filter(|_| content.replaces.is_none());
                    return list.map(Self::Groups).ok_or(Refusal::Meaningless);
                }
                RETOLD => {
                    let retold = Retold::decode(bytes).ok().filter(|_| content.replaces.is_none());
                    return retold.map(Self::Retold).ok_or(Refusal::Meaningless);
                }
                EVIDENCE => return Ok(Self::Evidence),
                AGAIN => return Ok(Self::Again),
                REACH => {
                    return Reach::decode(bytes).map(|_| Self::Reach).map_err(|_| Refusal::Meaningless);
                }
                TYPING => {
                    return match bytes {
                        b"1" => Ok(Self::Typing(true)),
                        b"0" => Ok(Self::Typing(false)),
                        _ => Err(Refusal::Meaningless),
                    };
                }
                _ => {}
            }
            if content.part.disposition == Disposition::PROFILE
                && let Some(kind) = PictureType::of(content_type)
            {
                return match bytes.is_empty() {
                    true => Ok(Self::Picture(None)),
                    false => Picture::new(kind, bytes.to_vec())
                        .map(|picture| Self::Picture(Some(picture)))
                        .map_err(|_| Refusal::Meaningless),
                };
            }
            if content.part.disposition == Disposition::PROFILE {
                return display_name(content_type, bytes).map(Self::Profile).ok_or(Refusal::Meaningless);
            }
        }
        let is_null = matches!(content.part.part, Part::Null);
        if let Some(of) = content.replaces {
            // What was asked stays as it is, or votes would be for something else.
            return match is_null {
                true => Ok(Self::Unsend(of)),
                false if Body::of(content).poll.is_some() => Err(Refusal::Meaningless),
                false => Ok(Self::Edit(of)),
            };
        }
        if is_null {
            return Err(Refusal::Meaningless);
        }
        // A reaction that we cannot group (a picture, many at once) is shown as the reply that it also is.
        if content.part.disposition == Disposition::REACTION
            && let Some(to) = content.in_reply_to
            && let Some((PLAIN_TEXT, bytes)) = single(&content.part)
            && let Ok(emoji) = std::str::from_utf8(bytes)
            && is_reaction(emoji)
        {
            return Ok(Self::Reaction(to, emoji.to_owned()));
        }
        Ok(Self::Message)
    }
}

/// What somebody's role in a room must hold for them to say something there; nothing for what everybody may.
pub(crate) fn needs(content: &MimiContent) -> Option<Capability> {
    Meaning::of(content).ok().and_then(|meaning| meaning.needs())
}

/// The groups of a community in a message.
pub(crate) fn groups_in(content: &MimiContent) -> Option<GroupList> {
    match Meaning::of(content) {
        Ok(Meaning::Groups(list)) => Some(list),
        _ => None,
    }
}

/// The evidence in a message.
pub(crate) fn evidence(content: &MimiContent) -> Option<&[u8]> {
    single(&content.part).filter(|(content_type, _)| *content_type == EVIDENCE).map(|(_, file)| file)
}

/// The reach key in a message.
pub(crate) fn reach_in(content: &MimiContent) -> Option<Reach> {
    let (_, bytes) = single(&content.part).filter(|(content_type, _)| *content_type == REACH)?;
    Reach::decode(bytes).ok()
}

/// What is said about missing messages in a message.
pub(crate) fn again(content: &MimiContent) -> Option<&[u8]> {
    single(&content.part).filter(|(content_type, _)| *content_type == AGAIN).map(|(_, body)| body)
}

/// What must be kept of an own message, so that it can be given again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keeping {
    /// Nothing: the timeline has it.
    Timeline,
    /// Its content.
    Copy,
    /// Nothing: it is not given.
    Nothing,
}

/// What must be kept of a message that was sent.
pub(crate) fn keeping(content: &MimiContent) -> Keeping {
    match Meaning::of(content) {
        Ok(Meaning::Message) => Keeping::Timeline,
        Ok(Meaning::Again | Meaning::Typing(_) | Meaning::Retold(_)) | Err(_) => Keeping::Nothing,
        Ok(_) => Keeping::Copy,
    }
}

/// Whether a text can be a reaction: short, visible, no spaces.
pub(super) fn is_reaction(emoji: &str) -> bool {
    !emoji.is_empty()
        && emoji.len() <= LONGEST_REACTION
        && !emoji.chars().any(|c| c.is_control() || c.is_whitespace())
}

/// Whether a text can be a display name.
pub(super) fn is_display_name(name: &str) -> bool {
    is_name(name, limits::DISPLAY_NAME)
}

fn display_name(content_type: &str, bytes: &[u8]) -> Option<String> {
    let name = std::str::from_utf8(bytes).ok().filter(|_| content_type == PLAIN_TEXT)?;
    is_display_name(name).then(|| name.to_owned())
}

fn single(part: &NestedPart) -> Option<(&str, &[u8])> {
    match &part.part {
        Part::Single { content_type, content } => Some((content_type, content)),
        _ => None,
    }
}
