//! Stored rows of honest delivery.

use super::{heard::Heard, order::DeviceTag, sending::Sending};
use crate::rows::{Row, room_key};
use trefoil_proto::RoomUri;
use trefoil_store::Table;

/// How this device sends and listens in a room, by room URI.
pub const SENDING: Table = Table::new("client.sending");
/// What was heard of other devices: room URI, zero byte, the start of SHA-256 of the device's URI.
pub const HEARD: Table = Table::new("client.heard_devices");

impl Row for Sending {
    const WHAT: &'static str = "sending";
}

impl Row for Heard {
    const WHAT: &'static str = "heard device";
}

/// Where a device's row lies.
pub(super) fn heard_key(room: &RoomUri, device: DeviceTag) -> Vec<u8> {
    let mut key = room_key(room, &[]);
    key.extend_from_slice(&device.0);
    key
}
