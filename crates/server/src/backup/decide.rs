//! Pure decisions about backups: does this token open it, is this the same wish again.

use super::{BackupError, rows::RecordRow};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use trefoil_proto::{
    Timestamp, UserId,
    backup::{BackupKind, BackupToken, OpenBackup},
};

/// The backup, if there is one that has not ended and the token is its own. One that is not there costs the same.
pub(super) fn opened(
    found: Option<RecordRow>,
    token: &BackupToken,
    now: Timestamp,
) -> Result<RecordRow, BackupError> {
    let hash: [u8; 32] = Sha256::digest(token.0).into();
    let wanted = found.as_ref().map_or([0; 32], |row| row.token_hash);
    let fits = bool::from(hash.ct_eq(&wanted));
    found.filter(|row| fits && !row.has_ended(now)).ok_or(BackupError::NotFound)
}

/// Whether this request made the backup.
pub(super) fn is_same(row: &RecordRow, owner: &UserId, request: &OpenBackup) -> bool {
    let passing = request.kind == BackupKind::Passing;
    row.owner == *owner && row.token_hash == request.token_hash && row.ends.is_some() == passing
}
