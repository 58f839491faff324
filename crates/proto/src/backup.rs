//! What a client asks of its own service about a backup: sealed segments, and one sealed manifest that names them.
//! `POST` bodies under [`crate::paths::CLIENT_ROOT`], TLS presentation language; the format of what is sealed is in
//! `docs/spec/backup.md`.
//!
//! A backup is known by an id and opened by a token, both derived from a secret that the service never has. Reading
//! needs the token alone: a device that lost everything has no account to authenticate with.

use std::fmt;
use tls_codec::{TlsDeserializeBytes, TlsSerialize, TlsSize};

/// Names a backup at its service.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct BackupId(pub [u8; 32]);

/// Opens a backup: whoever has it can read what is sealed there.
#[derive(Clone, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct BackupToken(pub [u8; 32]);

/// Names a segment within its backup: 128 random bits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct SegmentName(pub [u8; 16]);

/// How long a backup is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
#[repr(u8)]
pub enum BackupKind {
    /// As long as the account.
    Lasting = 1,
    /// For a day: history on its way to another device of the same account.
    Passing = 2,
}

/// `POST backups`: makes an empty backup for the asking person. Answered 201; repeated byte for byte: 200.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct OpenBackup {
    /// Its name.
    pub id: BackupId,
    /// SHA-256 of its token.
    pub token_hash: [u8; 32],
    /// How long it is kept.
    pub kind: BackupKind,
}

/// `POST backups/segment`: adds a segment. Sent by a device of the person who opened the backup. Answered 201; the same
/// name again with the same bytes: 200, with others: `Conflict`.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct PutSegment {
    /// The backup.
    pub id: BackupId,
    /// Its token.
    pub token: BackupToken,
    /// The segment.
    pub name: SegmentName,
    /// Its bytes, at most [`crate::limits::BACKUP_SEGMENT`].
    #[tls_codec(with = "crate::wire::opaque")]
    pub sealed: Vec<u8>,
}

/// `POST backups/manifest`: replaces the manifest if its counter is the expected one, and removes segments in the same
/// commit. Sent by a device of the person who opened the backup. Answered 204; `Conflict` names the counter.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct PutManifest {
    /// The backup.
    pub id: BackupId,
    /// Its token.
    pub token: BackupToken,
    /// The counter of the manifest that is replaced; 0 if there is none. The new one has the next number.
    pub expected: u64,
    /// The manifest, at most [`crate::limits::BACKUP_MANIFEST`] bytes.
    #[tls_codec(with = "crate::wire::opaque")]
    pub sealed: Vec<u8>,
    /// Segments that nobody needs any more.
    pub dropped: Vec<SegmentName>,
}

/// `POST backups/read`: the manifest, or a segment. No authentication but the token.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct ReadBackup {
    /// The backup.
    pub id: BackupId,
    /// Its token.
    pub token: BackupToken,
    /// Which part.
    pub part: BackupPart,
}

/// A part of a backup.
#[derive(Clone, Copy, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
#[repr(u8)]
pub enum BackupPart {
    /// The manifest.
    #[tls_codec(discriminant = 1)]
    Manifest,
    /// A segment.
    #[tls_codec(discriminant = 2)]
    Segment(SegmentName),
}

/// The answer to [`ReadBackup`].
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct SealedPart {
    /// The manifest's counter.
    pub counter: u64,
    /// The part, as it was put there.
    #[tls_codec(with = "crate::wire::opaque")]
    pub sealed: Vec<u8>,
}

/// `POST backups/delete`: removes a backup with everything in it. Sent by a device of the person who opened it.
/// Answered 204; repeated: 204 as well.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct DeleteBackup {
    /// The backup.
    pub id: BackupId,
    /// Its token.
    pub token: BackupToken,
    /// Its kind: one that lasts does not go by mistake for one that passes.
    pub kind: BackupKind,
}

impl fmt::Debug for BackupId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        beginning(f, &self.0)
    }
}

impl fmt::Debug for SegmentName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        beginning(f, &self.0)
    }
}

impl fmt::Debug for BackupToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BackupToken(..)")
    }
}

fn beginning(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    bytes[..4].iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
    f.write_str("…")
}
