//! Limits of everything that comes from a network. Checked before allocation.

/// Largest URI, in bytes.
pub const URI: usize = 512;
/// Largest application message (`MLSMessage` of a `PrivateMessage`), in bytes.
pub const MESSAGE: usize = 128 * 1024;
/// Largest text part that an honest client writes, in bytes.
pub const TEXT: usize = 64 * 1024;
/// Largest handshake bundle or its fan-out (commit, Welcome, group info, ratchet tree), in bytes.
pub const HANDSHAKE: usize = 16 * 1024 * 1024;
/// Largest request body of any other kind, in bytes.
pub const REQUEST: usize = 256 * 1024;
/// Largest body of one `notify` request, in bytes.
pub const NOTIFY: usize = 20 * 1024 * 1024;
/// Key packages a device may publish at once, and keep.
pub const KEY_PACKAGES: usize = 100;
/// Largest key package, in bytes.
pub const KEY_PACKAGE: usize = 16 * 1024;
/// Largest credential, in bytes: its identity is a URI or a domain.
pub const CREDENTIAL: usize = 1024;
/// Devices of one account.
pub const DEVICES: usize = 16;
/// Entries in one `Deliver` frame.
pub const DELIVER_ENTRIES: usize = 256;
/// Bytes of bodies in one `Deliver` frame, unless a single entry is larger.
pub const DELIVER_BYTES: usize = 1024 * 1024;
/// Largest WebSocket frame that a service accepts, in bytes.
pub const CLIENT_FRAME: usize = MESSAGE + 4096;
/// Largest WebSocket frame that a client accepts, in bytes.
pub const SERVER_FRAME: usize = HANDSHAKE + DELIVER_BYTES;
/// Largest attachment after encryption, in bytes.
pub const MEDIA: u64 = 512 * 1024 * 1024;
/// Largest piece of one upload request, in bytes.
pub const MEDIA_PIECE: usize = 1024 * 1024;
/// Nesting of message parts (draft-ietf-mimi-content-09, section 4).
pub const PART_DEPTH: usize = 4;
/// Parts in one message, all levels together.
pub const PARTS: usize = 1024;
/// People in one room's participant list.
pub const PARTICIPANTS: usize = 10_000;
/// Largest text in a room's metadata, in bytes.
pub const METADATA_TEXT: usize = 1024;
/// Largest topic id, in bytes.
pub const TOPIC: usize = 256;
/// Largest encoded value of an extension of a message (draft-ietf-mimi-content-09, section 4.3), in bytes.
pub const EXTENSION: usize = 4095;
/// Messages in one status report.
pub const STATUSES: usize = 1024;
/// Largest handle, in characters after normalisation.
pub const HANDLE: usize = 30;
/// Largest display name, in bytes.
pub const DISPLAY_NAME: usize = 128;
