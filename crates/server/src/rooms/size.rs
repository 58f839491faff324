//! How large a commit may be with all that belongs to it: as large as its room makes it, and no larger. Everyone in the
//! room keeps what it brings, so nobody may use it to carry anything else.

use super::{
    group::{Group, Staged},
    handshake::{self, Invalid},
    update::Commit,
};
use tls_codec::Size as _;
use trefoil_proto::{Wire as _, limits, mls::MlsMessage};

/// What any of the three needs, however small the room.
const BASE: usize = 64 * 1024;
/// In a commit's path, for each leaf: what is encrypted to it, with a key of the hybrid suite (1.2 KiB).
const PATH: usize = 2 * 1024;
/// In a Welcome, for each device that comes in: the same, for its key package.
const SECRETS: usize = 4 * 1024;
/// Data that a handshake may be framed with: an empty Safe AAD.
const DATA: usize = 16;

/// Checks sizes, and that a Welcome comes exactly when devices are added, for exactly those.
pub(super) fn check_sizes(group: &Group, staged: &Staged, commit: &Commit) -> Result<(), Invalid> {
    if carries_data(&commit.commit) {
        return Err(Invalid("a handshake carries no data of its own"));
    }
    let facts = &staged.facts.commit;
    let (leaves, added) = (facts.before.len(), facts.added.len());
    let list = facts.list_update.as_ref().map_or(0, |update| update.encode().len());
    let most = BASE + list + (leaves + added) * PATH + added * limits::KEY_PACKAGE;
    if commit.commit.as_bytes().len() > most {
        return Err(Invalid("the commit is too large for its room"));
    }
    let context = BASE + staged.context().tls_serialized_len().max(group.context().tls_serialized_len());
    if commit.group_info.as_bytes().len() > context {
        return Err(Invalid("the group info is too large for its room"));
    }
    let welcome = commit.welcome.as_ref();
    if welcome.is_some_and(|welcome| welcome.as_bytes().len() > context + added * SECRETS) {
        return Err(Invalid("the Welcome is too large for its devices"));
    }
    check_welcome(staged, welcome)
}

/// True if a handshake is framed with data that nobody reads.
pub(super) fn carries_data(handshake: &MlsMessage) -> bool {
    handshake.authenticated_data().is_some_and(|data| data.len() > DATA)
}

fn check_welcome(staged: &Staged, welcome: Option<&MlsMessage>) -> Result<(), Invalid> {
    let mut expected: Vec<_> = staged.facts.packages().map(|package| package.reference.clone()).collect();
    let mut found = welcome.map(handshake::welcomed).transpose()?.unwrap_or_default();
    expected.sort_unstable();
    found.sort_unstable();
    if welcome.is_none() == expected.is_empty() && found == expected {
        Ok(())
    } else {
        Err(Invalid("the Welcome is not for the devices that are added"))
    }
}
