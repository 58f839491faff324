//! What the person should know, as the windows see it and as it is kept until it was seen.

use super::Warning;
use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use trefoil_client::alarm;
use trefoil_proto::RoomUri;
use utoipa::ToSchema;

/// Something about people or safety that is no line of a room, or that was asked for and cannot be done. It stays until it is said to
/// have been seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Alarm {
    /// Names it.
    pub alarm: String,
    /// The account.
    pub account: String,
    /// The room, if it is about one.
    pub room: Option<String>,
    /// When it happened last: milliseconds since the UNIX epoch.
    pub at: u64,
    /// What.
    pub warning: Warning,
}

/// What is kept of one.
#[derive(Deserialize, Serialize)]
pub struct Said {
    room: Option<String>,
    warning: Warning,
}

impl Said {
    /// About a room, or the account.
    pub fn new(room: Option<&RoomUri>, warning: Warning) -> Self {
        Self { room: room.map(ToString::to_string), warning }
    }
}

impl Alarm {
    /// One that is kept; nothing if another version of this program kept it in words that this one does not know.
    pub fn of(account: &str, kept: &alarm::Alarm) -> Option<Self> {
        let Said { room, warning } = serde_json::from_slice(&kept.said).ok()?;
        let (alarm, account) = (HEXLOWER.encode(&kept.id.0), account.to_owned());
        Some(Self { alarm, account, room, at: kept.at.0, warning })
    }
}
