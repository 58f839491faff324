//! Frames of the one WebSocket between a device and its service (`GET /v1/stream?after=<position>`).
//! Binary messages, one frame each, TLS presentation language.

use crate::{
    ErrorBody, RoomUri,
    mimi::{FanoutMessage, SubmitMessageRequest, SubmitMessageResponse},
};
use tls_codec::{TlsDeserializeBytes, TlsSerialize, TlsSize};

/// From a device to its service.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
#[repr(u8)]
pub enum ClientFrame {
    /// The same as `POST submitMessage/{room}`; answered by [`ServerFrame::Submitted`] or
    /// [`ServerFrame::Refused`] with the same tag. Frames are answered in any order.
    #[tls_codec(discriminant = 1)]
    Submit {
        /// Chosen by the device, unique among its unanswered frames.
        tag: u32,
        /// The room.
        room: RoomUri,
        /// What to submit.
        request: SubmitMessageRequest,
    },
    /// Everything up to and including this position is committed on the device: the mailbox may forget it.
    #[tls_codec(discriminant = 2)]
    Acknowledge {
        /// A position that was delivered.
        through: u64,
    },
}

/// From a service to a device.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
#[repr(u8)]
pub enum ServerFrame {
    /// Entries of the mailbox, in order. The service sends no more than two frames ahead of the acknowledgement.
    #[tls_codec(discriminant = 1)]
    Deliver {
        /// At least one.
        entries: Vec<MailboxEntry>,
    },
    /// The mailbox has nothing after what was delivered so far. Sent once after connecting, when it is first true.
    #[tls_codec(discriminant = 2)]
    CaughtUp,
    /// An event that is stored nowhere.
    #[tls_codec(discriminant = 3)]
    Passing {
        /// An encoded [`MailboxEvent`].
        #[tls_codec(with = "crate::wire::opaque")]
        body: Vec<u8>,
    },
    /// The answer to a submission.
    #[tls_codec(discriminant = 4)]
    Submitted {
        /// The submission's tag.
        tag: u32,
        /// The hub's answer.
        response: SubmitMessageResponse,
    },
    /// A submission that failed before the hub could answer it.
    #[tls_codec(discriminant = 5)]
    Refused {
        /// The submission's tag.
        tag: u32,
        /// Why.
        error: ErrorBody,
    },
    /// The service is about to close the connection: connect again.
    #[tls_codec(discriminant = 6)]
    Draining,
}

/// One entry of a device's mailbox.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct MailboxEntry {
    /// Rises strictly; names the entry in [`ClientFrame::Acknowledge`].
    pub position: u64,
    /// An encoded [`MailboxEvent`], exactly as stored.
    #[tls_codec(with = "crate::wire::opaque")]
    pub body: Vec<u8>,
}

/// What a mailbox entry holds.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
#[repr(u8)]
#[allow(
    clippy::large_enum_variant,
    reason = "nearly all of them are the large one, read and written one at a time"
)]
pub enum MailboxEvent {
    /// An event of a room.
    #[tls_codec(discriminant = 1)]
    Room {
        /// The room.
        room: RoomUri,
        /// The event.
        message: FanoutMessage,
    },
    /// The list of the account's own devices changed: fetch it.
    #[tls_codec(discriminant = 2)]
    DevicesChanged,
    /// Few key packages are left: publish more.
    #[tls_codec(discriminant = 3)]
    KeyPackagesLow {
        /// One-use packages left of the suite that has fewest.
        left: u32,
    },
    /// Something that was for this device is lost to it: it joins the room again, or all of its rooms. Either the room
    /// sent more than it may leave waiting, or the mailbox was full, and what came after this entry until it was read
    /// was dropped; or nobody read the mailbox for too long, and what stood before this entry was.
    #[tls_codec(discriminant = 4)]
    Lapsed {
        /// The room whose events were dropped; `None` for everything.
        room: Option<RoomUri>,
    },
}
