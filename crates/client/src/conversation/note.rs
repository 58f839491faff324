//! Lines of the timeline that are no messages: who came and went, and what safety demands to be seen.

use super::{
    ConversationError, ConversationEvent,
    records::{Position, RoomKey, arrive, put},
    rows::{Entry, NoteRow, TIMELINE},
};
use crate::{delivery::Finding, overlay::Overlay};
use trefoil_proto::{DeviceUri, RoomUri, Timestamp, UserUri};

/// The kinds of lines about delivery begin here.
const DELIVERY: u8 = 30;

/// What such a line says.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "user is who it is about, by is who did it")]
pub enum Line {
    /// The room was opened.
    Opened { by: UserUri },
    /// Someone joined by themselves.
    Joined { user: UserUri },
    /// Someone was added.
    Added { user: UserUri, by: UserUri },
    /// Someone came in by an invitation that another made.
    Invited { user: UserUri, by: UserUri },
    /// Someone made an invitation, for so many people.
    InvitationMade { by: UserUri, people: u32, not_after: Timestamp },
    /// Someone took an invitation back.
    InvitationTakenBack { by: UserUri },
    /// Someone left.
    Left { user: UserUri },
    /// Someone was removed.
    Removed { user: UserUri, by: UserUri },
    /// Someone's role changed, to the role of this index.
    RoleChanged { user: UserUri, by: UserUri, role: u32 },
    /// From now on only admins write, or everybody does.
    WritersChanged { by: UserUri, admins_only: bool },
    /// The room has another picture, or none any more.
    PictureSet { by: UserUri, taken_away: bool },
    /// A group came into the community.
    GroupAdded { by: UserUri, name: String },
    /// A group is no longer in the community.
    GroupRemoved { by: UserUri, name: String },
    /// The room has another name.
    Renamed { by: UserUri, name: String },
    /// From now on messages disappear so many seconds after reading, zero for never; perhaps as soon as the room is closed.
    TimerSet { by: UserUri, seconds: u32, vanishing: bool },
    /// Someone reads with one more device.
    DeviceAdded { device: DeviceUri, by: Option<UserUri> },
    /// Someone reads with one device fewer.
    DeviceRemoved { device: DeviceUri, by: Option<UserUri> },
    /// A device had fallen out of step with the room, and came in anew.
    Rejoined { device: DeviceUri },
    /// Someone came in while this device was out of step.
    CameMeanwhile { user: UserUri },
    /// Someone left or was removed while this device was out of step.
    GoneMeanwhile { user: UserUri },
    /// A device was to come in under another account key than its person's others have, and was refused.
    KeyRefused { user: UserUri },
    /// A device is in the room that its person's key directory does not have: nothing is sent here while it is.
    GhostDevice { device: DeviceUri },
    /// The room's service asks that someone be removed, for a reason that its operator gives.
    RemovalAsked { user: UserUri, reason: String },
    /// Someone's account key is another than before.
    KeyChanged { user: UserUri },
    /// The same, of someone who was verified: nothing is sent to them before it is decided.
    VerifiedKeyChanged { user: UserUri },
    /// Someone's account key was compared, and is theirs.
    Verified { user: UserUri },
    /// The new account key of someone who was verified was taken unseen.
    KeyAccepted { user: UserUri },
    /// This device had fallen out of step with the room and joined it anew: what was said meanwhile is missing here.
    Gap,
    /// This person's service says that it dropped what waited here for this device.
    Lapsed,
    /// What was found out about the delivery of a device's messages.
    Delivery { device: DeviceUri, finding: Finding },
    /// A line that a later version of this program wrote.
    Unknown,
}

impl Line {
    /// Something may be wrong, and a person should look.
    pub const fn is_alarm(&self) -> bool {
        match self {
            Self::KeyRefused { .. }
            | Self::GhostDevice { .. }
            | Self::RemovalAsked { .. }
            | Self::KeyChanged { .. }
            | Self::VerifiedKeyChanged { .. }
            | Self::Gap
            | Self::Lapsed => true,
            Self::Delivery { finding, .. } => !matches!(finding, Finding::Restored { .. }),
            _ => false,
        }
    }
}

/// Puts a line into the timeline. `at` is the hub's timestamp of the commit that it tells of, or the time here if
/// there is none.
///
/// # Errors
/// Only the store.
pub fn note(
    tx: &mut Overlay,
    room: &RoomUri,
    line: &Line,
    at: Timestamp,
) -> Result<Vec<ConversationEvent>, ConversationError> {
    let key = RoomKey::of(room);
    let position = Position::new(Some(at.0), arrive(tx, &key)?);
    put(tx, TIMELINE, key.key(&[&position.to_bytes()]), &Entry::Note(line.to_row(at)));
    Ok(vec![ConversationEvent::Noted { room: room.clone(), position }])
}

impl Line {
    fn to_row(&self, at: Timestamp) -> NoteRow {
        let (kind, user, by, text) = match self {
            Self::Unknown => (0, None, None, None),
            Self::Opened { by } => (1, None, Some(by), None),
            Self::Joined { user } => (2, Some(user.to_string()), None, None),
            Self::Added { user, by } => (3, Some(user.to_string()), Some(by), None),
            Self::Left { user } => (4, Some(user.to_string()), None, None),
            Self::Removed { user, by } => (5, Some(user.to_string()), Some(by), None),
            Self::RoleChanged { user, by, role } => {
                (6, Some(user.to_string()), Some(by), Some(role.to_string()))
            }
            Self::Renamed { by, name } => (7, None, Some(by), Some(name.clone())),
            Self::TimerSet { by, seconds, vanishing } => {
                (16, None, Some(by), Some(format!("{seconds} {vanishing}")))
            }
            Self::WritersChanged { by, admins_only } => (17, None, Some(by), Some(admins_only.to_string())),
            Self::PictureSet { by, taken_away } => (18, None, Some(by), Some(taken_away.to_string())),
            Self::GroupAdded { by, name } => (19, None, Some(by), Some(name.clone())),
            Self::GroupRemoved { by, name } => (29, None, Some(by), Some(name.clone())),
            Self::DeviceAdded { device, by } => (8, None, by.as_ref(), Some(device.to_string())),
            Self::DeviceRemoved { device, by } => (9, None, by.as_ref(), Some(device.to_string())),
            Self::KeyChanged { user } => (10, Some(user.to_string()), None, None),
            Self::Gap => (11, None, None, None),
            Self::Lapsed => (15, None, None, None),
            Self::Invited { user, by } => (12, Some(user.to_string()), Some(by), None),
            Self::InvitationMade { by, people, not_after } => {
                (13, None, Some(by), Some(format!("{people} {}", not_after.0)))
            }
            Self::InvitationTakenBack { by } => (14, None, Some(by), None),
            Self::VerifiedKeyChanged { user } => (20, Some(user.to_string()), None, None),
            Self::Verified { user } => (21, Some(user.to_string()), None, None),
            Self::KeyAccepted { user } => (22, Some(user.to_string()), None, None),
            Self::KeyRefused { user } => (23, Some(user.to_string()), None, None),
            Self::Rejoined { device } => (24, None, None, Some(device.to_string())),
            Self::CameMeanwhile { user } => (25, Some(user.to_string()), None, None),
            Self::GhostDevice { device } => (27, None, None, Some(device.to_string())),
            Self::RemovalAsked { user, reason } => (28, Some(user.to_string()), None, Some(reason.clone())),
            Self::GoneMeanwhile { user } => (26, Some(user.to_string()), None, None),
            Self::Delivery { device, finding } => {
                let (kind, by, from, to) = finding.parts();
                (DELIVERY + kind, None, by, Some(format!("{device} {from} {to}")))
            }
        };
        NoteRow { kind, user, by: by.map(ToString::to_string), text, at: at.0 }
    }

    pub(super) fn of_row(row: &NoteRow) -> Result<Self, ConversationError> {
        let missing = || ConversationError::Row("note");
        let user = || Ok::<UserUri, ConversationError>(row.user.as_deref().ok_or_else(missing)?.parse()?);
        let by = || Ok::<UserUri, ConversationError>(row.by.as_deref().ok_or_else(missing)?.parse()?);
        let maybe_by = || row.by.as_deref().map(str::parse::<UserUri>).transpose();
        let text = || row.text.as_deref().ok_or_else(missing);
        Ok(match row.kind {
            1 => Self::Opened { by: by()? },
            2 => Self::Joined { user: user()? },
            3 => Self::Added { user: user()?, by: by()? },
            4 => Self::Left { user: user()? },
            5 => Self::Removed { user: user()?, by: by()? },
            6 => {
                Self::RoleChanged { user: user()?, by: by()?, role: text()?.parse().map_err(|_| missing())? }
            }
            7 => Self::Renamed { by: by()?, name: text()?.to_owned() },
            8 => Self::DeviceAdded { device: text()?.parse()?, by: maybe_by()? },
            9 => Self::DeviceRemoved { device: text()?.parse()?, by: maybe_by()? },
            10 => Self::KeyChanged { user: user()? },
            11 => Self::Gap,
            15 => Self::Lapsed,
            12 => Self::Invited { user: user()?, by: by()? },
            13 => {
                let (people, not_after) = text()?.split_once(' ').ok_or_else(missing)?;
                let people = people.parse().map_err(|_| missing())?;
                let not_after = Timestamp(not_after.parse().map_err(|_| missing())?);
                Self::InvitationMade { by: by()?, people, not_after }
            }
            14 => Self::InvitationTakenBack { by: by()? },
            16 => {
                let (seconds, vanishing) = text()?.split_once(' ').ok_or_else(missing)?;
                let seconds = seconds.parse().map_err(|_| missing())?;
                let vanishing = vanishing.parse().map_err(|_| missing())?;
                Self::TimerSet { by: by()?, seconds, vanishing }
            }
            17 => Self::WritersChanged { by: by()?, admins_only: text()?.parse().map_err(|_| missing())? },
            18 => Self::PictureSet { by: by()?, taken_away: text()?.parse().map_err(|_| missing())? },
            19 => Self::GroupAdded { by: by()?, name: text()?.to_owned() },
            29 => Self::GroupRemoved { by: by()?, name: text()?.to_owned() },
            20 => Self::VerifiedKeyChanged { user: user()? },
            21 => Self::Verified { user: user()? },
            22 => Self::KeyAccepted { user: user()? },
            23 => Self::KeyRefused { user: user()? },
            24 => Self::Rejoined { device: text()?.parse()? },
            25 => Self::CameMeanwhile { user: user()? },
            26 => Self::GoneMeanwhile { user: user()? },
            27 => Self::GhostDevice { device: text()?.parse()? },
            28 => Self::RemovalAsked { user: user()?, reason: text()?.to_owned() },
            kind if kind >= DELIVERY => {
                let mut words = text()?.split(' ');
                let mut word = || words.next().ok_or_else(missing);
                let device = word()?.parse()?;
                let mut counter = || word()?.parse().map_err(|_| missing());
                let (from, to) = (counter()?, counter()?);
                let finding = Finding::of_parts(kind - DELIVERY, maybe_by()?, from, to);
                finding.map_or(Self::Unknown, |finding| Self::Delivery { device, finding })
            }
            _ => Self::Unknown,
        })
    }
}
