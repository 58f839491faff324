//! Limits of everything that comes from a network. Checked before allocation.

/// Largest URI, in bytes.
pub const URI: usize = 512;
/// Largest application message (`MLSMessage` of a `PrivateMessage`), in bytes.
pub const MESSAGE: usize = 128 * 1024;
/// Largest text part that an honest client writes, in bytes.
pub const TEXT: usize = 64 * 1024;
/// Largest handshake bundle or its fan-out (commit, Welcome, group info, ratchet tree), in bytes.
pub const HANDSHAKE: usize = 16 * 1024 * 1024;
/// Largest proposal that stands on its own, in bytes: a SelfRemove has a few hundred.
pub const PROPOSAL: usize = 4 * 1024;
/// Proposals of one epoch that wait for a commit, at the hub and at every member.
pub const PENDING_PROPOSALS: usize = 64;
/// Largest leaf of a ratchet tree, in bytes: one of the hybrid suite has under 2 KiB.
pub const LEAF: usize = 8 * 1024;
/// Largest encoding of a room's metadata, in bytes.
pub const METADATA: usize = 16 * 1024;
/// Largest request body of any other kind, in bytes.
pub const REQUEST: usize = 256 * 1024;
/// Largest body of one `notify` request, in bytes.
pub const NOTIFY: usize = 20 * 1024 * 1024;
/// Largest report, in bytes: fifty messages of the largest size, with their stamps.
pub const REPORT: usize = 50 * (MESSAGE + 1024) + 16 * 1024;
/// Key packages a device may publish at once, and keep.
pub const KEY_PACKAGES: usize = 100;
/// Largest key package, in bytes.
pub const KEY_PACKAGE: usize = 16 * 1024;
/// A key directory's answer about one person, in bytes.
pub const KEY_PROOF: usize = 256 * 1024;
/// Longest life of a key package, in seconds: 240 days. A client that is away must not run out of them.
pub const KEY_PACKAGE_LIFE: u64 = 240 * 24 * 60 * 60;
/// Least life that a key package must have left to come into a room, in seconds: 60 days, as long as a mailbox waits.
/// MLS libraries refuse a commit whose key package has run out by the time it is read, so a member who was away would
/// refuse what everyone else took.
pub const KEY_PACKAGE_LEFT: u64 = 60 * 24 * 60 * 60;
/// Largest credential, in bytes: its identity is a URI or a domain.
pub const CREDENTIAL: usize = 1024;
/// Devices of one account.
pub const DEVICES: usize = 16;
/// Devices of one person in one room: twice an account's, since one that is gone stays until someone removes it.
pub const DEVICES_IN_ROOM: usize = 2 * DEVICES;
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
/// Largest sealed segment of a backup, in bytes.
pub const BACKUP_SEGMENT: usize = 1024 * 1024;
/// Largest sealed manifest of a backup, in bytes.
pub const BACKUP_MANIFEST: usize = 512 * 1024;
/// Segments that one manifest names.
pub const BACKUP_SEGMENTS: usize = 4096;
/// Backups that one person has at a time: one that lasts, the one before it, and history on its way to other devices.
pub const BACKUPS: usize = 8;
/// Largest sealed request of a device that waits to be linked, in bytes.
pub const LINK_REQUEST: usize = 16 * 1024;
/// Largest sealed answer to it, in bytes: a thousand rooms of an account, and what goes around them.
pub const LINK_ANSWER: usize = 64 * 1024;
/// Nesting of message parts (draft-ietf-mimi-content-09, section 4).
pub const PART_DEPTH: usize = 4;
/// Parts in one message, all levels together.
pub const PARTS: usize = 1024;
/// People in one room's participant list.
pub const PARTICIPANTS: usize = 10_000;
/// Invitations into one room that are open at a time.
pub const INVITATIONS: usize = 32;
/// Largest reason for a removal, in bytes.
pub const REASON: usize = 512;
/// Largest text in a room's metadata, in bytes.
pub const METADATA_TEXT: usize = 1024;
/// Largest topic id, in bytes.
pub const TOPIC: usize = 256;
/// Largest encoded value of an extension of a message (draft-ietf-mimi-content-09, section 4.3), in bytes.
pub const EXTENSION: usize = 4095;
/// Messages in one status report.
pub const STATUSES: usize = 1024;
/// Answers to choose from in a poll.
pub const POLL_OPTIONS: usize = 12;
/// Largest question of a poll, in bytes.
pub const POLL_QUESTION: usize = 512;
/// Largest answer of a poll, in bytes.
pub const POLL_OPTION: usize = 256;
/// Largest picture of a person or of a room, in bytes: it travels within messages.
pub const PICTURE: usize = 24 * 1024;
/// Groups of one community.
pub const GROUPS: usize = 64;
/// Largest name of a group in its community's list, in bytes.
pub const GROUP_NAME: usize = 128;
/// Largest description of a group in its community's list, in bytes.
pub const GROUP_DESCRIPTION: usize = 512;
/// Largest link of an invitation in a community's list, in bytes: one has a room's URI and a key.
pub const GROUP_LINK: usize = 1024;
/// Largest list of a community's groups, in bytes: it travels within a message.
pub const GROUP_LIST: usize = 96 * 1024;
/// Longest time until a message disappears, in seconds: a year (draft-ietf-mimi-content-09, section 9.1).
pub const TIMER: u32 = 365 * 24 * 60 * 60;
/// Largest handle, in characters after normalisation.
pub const HANDLE: usize = 30;
/// Largest display name, in bytes.
pub const DISPLAY_NAME: usize = 128;
