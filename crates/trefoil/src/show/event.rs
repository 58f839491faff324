//! What happens while receiving, by a name that does not change and in words.

use super::{Happened, Shown, delivery, key_changed, keys, message, other_key, quoted_text, words};
use crate::agent::Agent;
use trefoil_client::{
    ClientError, Event, Refusal,
    conversation::{self, ConversationError, ConversationEvent as Talk, Line, MessageStatus},
    overlay::Overlay,
};
use trefoil_proto::{RoomUri, UserUri, content::MessageId, room::RoomKind};

/// What to print of an event; `None` for what is of no interest to a person.
///
/// # Errors
/// The store cannot be read.
pub fn event(agent: &Agent, event: &Event) -> Result<Option<Shown>, ClientError> {
    let store = Overlay::new(agent.client.store().clone());
    let about = |room: &RoomUri, event: &'static str, by: &dyn ToString, line: Line| {
        let detail = Some(words(&store, room, &line)?);
        let (room, by) = (Some(room.to_string()), Some(by.to_string()));
        Ok::<_, ClientError>(Some(Shown::Event(Happened { room, event, message: None, by, detail })))
    };
    let alone = |event: &'static str, detail: String| {
        Some(Shown::Event(Happened { room: None, event, message: None, by: None, detail: Some(detail) }))
    };
    Ok(match event {
        Event::Conversation(Talk::Added { room, id, .. }) => {
            message(agent, room, id)?.map(|message| Shown::Message(Box::new(message)))
        }
        Event::Conversation(event) => talk(&store, event)?,
        Event::RoomJoined { room, .. } => Some(Shown::Event(Happened {
            room: Some(room.to_string()),
            event: "room-joined",
            message: None,
            by: None,
            detail: None,
        })),
        Event::RoomLeft { room, by } => Some(Shown::Event(Happened {
            room: Some(room.to_string()),
            event: "room-left",
            message: None,
            by: Some(by.to_string()),
            detail: Some(format!("this person is no longer in {room}")),
        })),
        Event::MemberAdded { room, user, by } => {
            about(room, "member-added", by, Line::Added { user: user.clone(), by: by.user_uri() })?
        }
        Event::MemberJoined { room, user, invited_by, .. } => {
            let line = Line::Invited { user: user.clone(), by: invited_by.clone() };
            about(room, "member-joined", user, line)?
        }
        Event::InvitationMade { room, by, people, not_after } => {
            let (people, not_after) = (*people, *not_after);
            about(room, "invitation-made", by, Line::InvitationMade { by: by.clone(), people, not_after })?
        }
        Event::InvitationTakenBack { room, by } => {
            about(room, "invitation-taken-back", by, Line::InvitationTakenBack { by: by.clone() })?
        }
        Event::MemberRemoved { room, user, by } => {
            about(room, "member-removed", by, Line::Removed { user: user.clone(), by: by.user_uri() })?
        }
        Event::MemberLeft { room, user } => {
            about(room, "member-left", user, Line::Left { user: user.clone() })?
        }
        Event::DeviceAdded { room, device, by } => {
            let line = Line::DeviceAdded { device: device.clone(), by: Some(by.user_uri()) };
            about(room, "member-device-added", by, line)?
        }
        Event::DeviceRejoined { room, device } => {
            about(room, "member-device-rejoined", device, Line::Rejoined { device: device.clone() })?
        }
        Event::DeviceRemoved { room, device, by } => {
            let line = Line::DeviceRemoved { device: device.clone(), by: Some(by.user_uri()) };
            about(room, "member-device-removed", by, line)?
        }
        Event::RoleChanged { room, user, role, by } => {
            let line = Line::RoleChanged { user: user.clone(), by: by.user_uri(), role: role.0 };
            about(room, "role-changed", by, line)?
        }
        Event::RoomKindChanged { room, kind, by } => {
            let admins_only = *kind == RoomKind::Announcement;
            about(room, "room-kind-changed", by, Line::WritersChanged { by: by.user_uri(), admins_only })?
        }
        Event::RoomRenamed { room, name, by } => {
            about(room, "room-renamed", by, Line::Renamed { by: by.user_uri(), name: name.clone() })?
        }
        Event::OwnDeviceSeen { device } => {
            alone("device-linked", format!("this account has a further device: {device}"))
        }
        Event::OwnDeviceRemoved { device } => {
            alone("device-removed", format!("this account no longer has the device {device}"))
        }
        Event::AccountKeyChanged { user, verified } => Some(Shown::Event(Happened {
            room: None,
            event: "key-changed",
            message: None,
            by: Some(user.to_string()),
            detail: Some(if *verified { key_changed(user) } else { other_key(user) }),
        })),
        Event::KeysUnproven { user, reason } => Some(Shown::Event(Happened {
            room: None,
            event: "keys-unproven",
            message: None,
            by: Some(user.to_string()),
            detail: Some(match agent.client.identity() {
                Some(me) if me.user == *user => keys::own_unproven(reason),
                _ => keys::unproven(user, reason),
            }),
        })),
        Event::EntryRewritten { user, times } => Some(Shown::Event(Happened {
            room: None,
            event: "entry-rewritten",
            message: None,
            by: Some(user.to_string()),
            detail: Some(keys::rewritten(
                user,
                *times,
                agent.client.identity().is_some_and(|me| me.user == *user),
            )),
        })),
        Event::GhostDevice { room, device } => {
            about(room, "ghost-device", device, Line::GhostDevice { device: device.clone() })?
        }
        Event::RemovalAsked { room, user, reason } => {
            let line = Line::RemovalAsked { user: user.clone(), reason: reason.clone() };
            about(room, "removal-asked", &room.domain, line)?
        }
        Event::OwnDeviceUnknown { device } => alone("own-device-unknown", keys::unknown_own_device(device)),
        Event::OwnDeviceUnpublished => {
            alone("own-device-unpublished", keys::OWN_DEVICE_UNPUBLISHED.to_owned())
        }
        Event::OwnAccountReplaced => alone("own-account-replaced", keys::OWN_ACCOUNT_REPLACED.to_owned()),
        Event::DirectoryUnaudited { directory } => alone("directory-unaudited", keys::unaudited(directory)),
        Event::DirectoryKeyChanged { service } => {
            alone("directory-key-changed", keys::other_directory_key(service))
        }
        Event::DirectoryKeyDisputed { directory, by } => Some(Shown::Event(Happened {
            room: None,
            event: "directory-key-disputed",
            message: None,
            by: Some(by.to_string()),
            detail: Some(keys::disputed(directory, by)),
        })),
        Event::AuditorNew { service } => alone("auditor-new", keys::new_auditor(service)),
        Event::DirectorySplit { directory, epoch, .. } => alone(
            "directory-split",
            keys::split(directory, *epoch, agent.evidence_file(directory, *epoch).as_deref()),
        ),
        Event::EpochWithheld { directory, epoch } => {
            alone("epoch-withheld", keys::withheld(directory, *epoch))
        }
        Event::MailboxLapsed => alone(
            "mailbox-lapsed",
            "what waited here was dropped: too much, or unread for too long".to_owned(),
        ),
        Event::RoomLapsed { room } => about(room, "room-lapsed", &room.domain, Line::Lapsed)?,
        Event::Delivery { room, device, finding } => {
            let line = Line::Delivery { device: device.clone(), finding: finding.clone() };
            about(room, delivery::name(finding), device, line)?
        }
        Event::Replayed { room } => Some(Shown::Event(Happened {
            room: Some(room.to_string()),
            event: "replayed",
            message: None,
            by: None,
            detail: Some("a service delivered something a second time; it counts once".to_owned()),
        })),
        Event::Refused { room, reason } => Some(Shown::Event(Happened {
            room: room.as_ref().map(ToString::to_string),
            event: "refused",
            message: None,
            by: None,
            detail: Some(refused(reason)),
        })),
        _ => None,
    })
}

fn talk(store: &Overlay, event: &Talk) -> Result<Option<Shown>, ConversationError> {
    let name = |room: &RoomUri, user: &UserUri| -> Result<String, ConversationError> {
        Ok(conversation::profile(store, room, user)?.unwrap_or_else(|| user.to_string()))
    };
    let what = |room: &RoomUri, id: &MessageId| -> Result<String, ConversationError> {
        let text: String = quoted_text(store, room, *id)?.unwrap_or_default().chars().take(40).collect();
        Ok(format!("\u{201c}{}\u{201d}", text.replace('\n', " ")))
    };
    let (event, room, message, by, detail) = match event {
        Talk::Edited { room, id } => ("edited", room, Some(id), None, format!("edited: {}", what(room, id)?)),
        Talk::Unsent { room, id } => ("unsent", room, Some(id), None, format!("taken back: {id}")),
        Talk::Reactions { room, id } => {
            let found = conversation::message(store, room, *id)?;
            let groups = found.into_iter().flat_map(|message| message.reactions);
            let all: Vec<String> =
                groups.map(|group| format!("{} {}", group.emoji, group.by.len())).collect();
            let all = if all.is_empty() { "no reactions".to_owned() } else { all.join("  ") };
            ("reactions-changed", room, Some(id), None, format!("{all} to {}", what(room, id)?))
        }
        Talk::Votes { room, id } => ("votes-changed", room, Some(id), None, votes(store, room, *id)?),
        Talk::Typing { room, user, started } => {
            let (event, does) = if *started { ("typing", "writes") } else { ("typing-stopped", "stopped") };
            (event, room, None, Some(user), format!("{} {does}", name(room, user)?))
        }
        Talk::Status { room, id, user, status: MessageStatus::Read } => {
            ("read", room, Some(id), Some(user), format!("{} read {}", name(room, user)?, what(room, id)?))
        }
        Talk::Opened { room, id } => ("opened", room, Some(id), None, format!("opened: {id}")),
        Talk::Expired { room, id } => ("disappeared", room, Some(id), None, format!("disappeared: {id}")),
        Talk::Refused { room, id, sender, reason } => {
            let detail = format!("a message of {} was refused: {reason:?}", name(room, sender)?);
            ("message-refused", room, Some(id), Some(sender), detail)
        }
        _ => return Ok(None),
    };
    Ok(Some(Shown::Event(Happened {
        room: Some(room.to_string()),
        event,
        message: message.map(ToString::to_string),
        by: by.map(ToString::to_string),
        detail: Some(detail),
    })))
}

/// How often each answer of a poll was chosen.
fn votes(store: &Overlay, room: &RoomUri, id: MessageId) -> Result<String, ConversationError> {
    let poll = conversation::message(store, room, id)?.and_then(|message| message.poll);
    let Some(poll) = poll else { return Ok("a poll".to_owned()) };
    let options: Vec<String> =
        poll.options.iter().map(|option| format!("{} {}", option.text, option.by.len())).collect();
    Ok(format!("\u{201c}{}\u{201d}: {}", poll.question, options.join(", ")))
}

/// Why something that arrived was refused, in words.
fn refused(reason: &Refusal) -> String {
    let why = match reason {
        Refusal::Malformed => "it cannot be read".to_owned(),
        Refusal::UnknownRoom => "it is for a room that this device is not in".to_owned(),
        Refusal::Undecryptable => "it does not decrypt".to_owned(),
        Refusal::EpochGone { .. } => "it came so late that its keys are gone".to_owned(),
        Refusal::TooFarAhead => "this device has missed what came before".to_owned(),
        Refusal::InvalidHandshake => "it is not a valid change of the room".to_owned(),
        Refusal::NotAllowed { by } => format!("the room's rules do not allow {by} to do that"),
        Refusal::UntrustedDevice { device } => format!("{device} is not a device of its person"),
        Refusal::AccountKeyChanged { user } => {
            format!("a device of {user} has another account key than their other devices")
        }
        Refusal::Frank => "it could not be reported: its stamp is missing or wrong".to_owned(),
        Refusal::Misattributed => "it names another sender or room than it came from".to_owned(),
        Refusal::Content => "its content is not valid".to_owned(),
        Refusal::Downgrade => {
            "the room would be encrypted in the way that quantum computers are expected to break, though every device \
             in it can do better"
                .to_owned()
        }
        Refusal::RemovalUnasked => {
            "somebody was to be removed, and the room's service did not ask for that".to_owned()
        }
        Refusal::Forked => "the room's service gave this device another history than before".to_owned(),
        Refusal::Internal => "this program failed on it".to_owned(),
    };
    format!("something that arrived was refused: {why}")
}
