//! What happened to people and safety: by a name that does not change, so that the page can say it in its own language,
//! and in English words.

use super::markup::inert;
use crate::show;
use serde::Serialize;
use trefoil_client::{
    conversation::{self, ConversationError, Line, Note as Kept},
    delivery::Finding,
    overlay::Overlay,
};
use trefoil_proto::{RoomUri, UserUri, room::Role};
use utoipa::ToSchema;

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Note {
    /// Where it stands: a string that sorts as the timeline does.
    pub position: String,
    /// When, in milliseconds since the UNIX epoch.
    pub at: u64,
    /// What, by a name that does not change.
    pub what: String,
    /// Whom it is about: their URI.
    pub user: Option<String>,
    /// The name that they gave in this room, or their URI.
    pub user_name: Option<String>,
    /// Who did it: the name that they gave in this room, or their URI.
    pub by_name: Option<String>,
    /// A new name, a device, a reason.
    pub detail: Option<String>,
    /// In English words.
    pub text: String,
    /// How loudly it is shown.
    pub tone: Tone,
}

/// How loudly a note is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Tone {
    /// In passing.
    Plain,
    /// Something may be wrong.
    Alarm,
}

struct Parts<'a> {
    what: &'static str,
    user: Option<UserUri>,
    by: Option<&'a UserUri>,
    detail: Option<String>,
}

pub(super) fn note(store: &Overlay, room: &RoomUri, kept: &Kept) -> Result<Note, ConversationError> {
    let name = |user: &UserUri| -> Result<String, ConversationError> {
        Ok(conversation::profile(store, room, user)?.unwrap_or_else(|| user.to_string()))
    };
    let Parts { what, user, by, detail } = parts(&kept.line);
    Ok(Note {
        position: kept.position.to_string(),
        at: kept.at.0,
        what: what.to_owned(),
        user_name: user.as_ref().map(name).transpose()?,
        user: user.map(|user| user.to_string()),
        by_name: by.map(name).transpose()?,
        detail: detail.map(|detail| inert(&detail)),
        text: inert(&show::words(store, room, &kept.line)?),
        tone: if kept.line.is_alarm() { Tone::Alarm } else { Tone::Plain },
    })
}

fn parts(line: &Line) -> Parts<'_> {
    let about = |what, user: &UserUri| Parts { what, user: Some(user.clone()), by: None, detail: None };
    let done = |what, user: &UserUri, by| Parts { by: Some(by), ..about(what, user) };
    let by = |what, by| Parts { what, user: None, by: Some(by), detail: None };
    let alone = |what| Parts { what, user: None, by: None, detail: None };
    match line {
        Line::Opened { by: who } => by("opened", who),
        Line::Joined { user } => about("joined", user),
        Line::Added { user, by } => done("added", user, by),
        Line::Invited { user, by } => done("invited", user, by),
        Line::InvitationMade { by: who, people, .. } => {
            Parts { detail: Some(people.to_string()), ..by("invitation-made", who) }
        }
        Line::InvitationTakenBack { by: who } => by("invitation-taken-back", who),
        Line::Left { user } => about("left", user),
        Line::Removed { user, by } => done("removed", user, by),
        Line::RoleChanged { user, by, role } => Parts {
            detail: Some(super::room::role(Role(*role)).to_owned()),
            ..done("role-changed", user, by)
        },
        Line::TimerSet { by: who, seconds, vanishing } => Parts {
            detail: Some(seconds.to_string()),
            ..by(if *vanishing { "vanish-set" } else { "timer-set" }, who)
        },
        Line::WritersChanged { by: who, admins_only } => {
            by(if *admins_only { "only-admins-write" } else { "everybody-writes" }, who)
        }
        Line::PictureSet { by: who, taken_away } => {
            by(if *taken_away { "picture-taken-away" } else { "picture-set" }, who)
        }
        Line::GroupAdded { by: who, name } => Parts { detail: Some(name.clone()), ..by("group-added", who) },
        Line::GroupRemoved { by: who, name } => {
            Parts { detail: Some(name.clone()), ..by("group-removed", who) }
        }
        Line::Renamed { by: who, name } => Parts { detail: Some(name.clone()), ..by("renamed", who) },
        Line::DeviceAdded { device, by } => Parts {
            by: by.as_ref(),
            detail: Some(device.device.to_string()),
            ..about("device-added", &device.user_uri())
        },
        Line::DeviceRemoved { device, by } => Parts {
            by: by.as_ref(),
            detail: Some(device.device.to_string()),
            ..about("device-removed", &device.user_uri())
        },
        Line::Rejoined { device } => {
            Parts { detail: Some(device.device.to_string()), ..about("rejoined", &device.user_uri()) }
        }
        Line::CameMeanwhile { user } => about("came-meanwhile", user),
        Line::GoneMeanwhile { user } => about("gone-meanwhile", user),
        Line::KeyRefused { user } => about("key-refused", user),
        Line::GhostDevice { device } => {
            Parts { detail: Some(device.device.to_string()), ..about("ghost-device", &device.user_uri()) }
        }
        Line::RemovalAsked { user, reason } => {
            Parts { detail: Some(reason.clone()), ..about("removal-asked", user) }
        }
        Line::KeyChanged { user } => about("key-changed", user),
        Line::VerifiedKeyChanged { user } => about("verified-key-changed", user),
        Line::Verified { user } => about("verified", user),
        Line::KeyAccepted { user } => about("key-accepted", user),
        Line::Gap => alone("gap"),
        Line::Lapsed => alone("lapsed"),
        Line::Delivery { device, finding } => Parts {
            by: match finding {
                Finding::Unseen { by, .. } | Finding::Split { by, .. } => Some(by),
                _ => None,
            },
            ..about(show::finding_name(finding), &device.user_uri())
        },
        Line::Unknown => alone("unknown"),
    }
}
