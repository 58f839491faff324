//! Puts a proven release in the place of the binary that is there. The bytes that are put there are the bytes that were
//! hashed, and they are neither executable nor under their name before the proof holds.
//!
//! Beside the binary stays the proof of it (`trefoil.proof` beside `trefoil`): what is older is refused by it.

use super::{ProvenRelease, ReleaseError, TARGET, release};
use std::{
    ffi::OsString,
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Write as _},
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};
use trefoil_proto::Timestamp;
use trefoil_transparency::log::{LogPolicy, LoggedEntry};

/// Ending of what is written before it is renamed: no name that somebody gives to what they fetched.
const UNFINISHED: &str = "being-updated";

/// What is done with a release that is older than the one in place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Older {
    /// It is refused.
    Refused,
    /// The person asked for it.
    Taken,
}

/// What was put in place.
#[derive(Clone, Debug)]
pub struct Installed {
    /// What it is.
    pub now: ProvenRelease,
    /// What was there before, if a proof of it was.
    pub before: Option<ProvenRelease>,
    /// Where.
    pub path: PathBuf,
}

/// Why nothing was put in place.
#[derive(Debug, thiserror::Error)]
pub enum UpdateError {
    /// It is not proven.
    #[error("{0}. Nothing was changed")]
    Release(#[from] ReleaseError),
    /// It is of another machine.
    #[error("that release is for {found}, and this program is for {TARGET}: fetch the one for {TARGET}")]
    OtherTarget {
        /// What it is for.
        found: String,
    },
    /// It was released before the one in place.
    #[error(
        "{found} was released before {kept}, which is in place: nothing was changed. To go back all the same, add --older"
    )]
    RolledBack {
        /// The release that was offered.
        found: String,
        /// The release in place.
        kept: String,
    },
    /// The proof is of a smaller log than one that was seen.
    #[error(
        "the proof is of the log with {found} entries, and {kept} were seen here: nothing was changed. Make a new proof with \
         `trefoil log prove`, or take this one all the same with --older"
    )]
    OldProof {
        /// Entries of the log that was offered.
        found: u64,
        /// Entries of the log that was kept.
        kept: u64,
    },
    /// Two proofs that cannot both be of one log.
    #[error(
        "the log has two histories: the proof that is offered and the one kept in {0} contradict each other, and both are \
         signed. Nothing was changed; keep both files and show them to others"
    )]
    Forked(PathBuf),
    /// What is kept is of no use.
    #[error(
        "{0} is not the proof of a release under this policy: if you know why, move it away and try again"
    )]
    Kept(PathBuf, #[source] Box<dyn std::error::Error + Send + Sync>),
    /// Two at once.
    #[error("another `trefoil update` is at work in {0}: wait for its end")]
    Busy(PathBuf),
    /// A file cannot be written.
    #[error("{path} cannot be written: {source}. The binary that was in place is unchanged")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Puts a binary in the place of `to`, mode 0755, if the log proves it and it is not older than what is there.
///
/// # Errors
/// [`UpdateError`]; the binary in place is the one that was there.
pub fn install(
    from: &Path,
    to: &Path,
    proof: &LoggedEntry,
    policy: &LogPolicy,
    older: Older,
    now: Timestamp,
) -> Result<Installed, UpdateError> {
    let offered = ProvenRelease::check(proof, policy, now)?;
    let target = offered.release.target.to_string();
    if target != TARGET {
        return Err(UpdateError::OtherTarget { found: target });
    }
    let place = to.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let folder = File::open(place).map_err(failed(place))?;
    folder.try_lock().map_err(|error| match error {
        TryLockError::WouldBlock => UpdateError::Busy(place.to_owned()),
        TryLockError::Error(source) => UpdateError::File { path: place.to_owned(), source },
    })?;
    let kept_path = beside(to, "proof");
    let kept = kept(&kept_path, policy, now)?;
    if let Some(kept) = &kept {
        follows(kept, &offered, older, &kept_path)?;
    }
    let new = beside(to, UNFINISHED);
    let put = || -> Result<(), UpdateError> {
        let mut file = create(&new)?;
        let sha256 = release::copy(from, &mut file)?;
        offered.is_of(from, &sha256)?;
        file.set_permissions(fs::Permissions::from_mode(0o755)).map_err(failed(&new))?;
        file.sync_all().map_err(failed(&new))?;
        // The proof first: after a crash in between, what is kept is newer than the binary, and going back is refused.
        let new_proof = beside(&kept_path, UNFINISHED);
        let mut file = create(&new_proof)?;
        let written = file.write_all(&proof.to_file()).and_then(|()| {
            file.set_permissions(fs::Permissions::from_mode(0o644))?;
            file.sync_all()
        });
        written.map_err(failed(&new_proof))?;
        fs::rename(&new_proof, &kept_path).map_err(failed(&kept_path))?;
        folder.sync_all().map_err(failed(place))?;
        fs::rename(&new, to).map_err(failed(to))?;
        folder.sync_all().map_err(failed(place))
    };
    match put() {
        Ok(()) => Ok(Installed { now: offered, before: kept, path: to.to_owned() }),
        Err(error) => {
            // What could not be made is not left lying about; that it is there does no harm.
            let _ = fs::remove_file(&new);
            Err(error)
        }
    }
}

/// Whether a release may take the place of the one whose proof was kept. Pure.
fn follows(
    kept: &ProvenRelease,
    offered: &ProvenRelease,
    older: Older,
    path: &Path,
) -> Result<(), UpdateError> {
    let other_root = kept.head.size == offered.head.size && kept.head.root != offered.head.root;
    let other_entry = kept.index == offered.index && kept.release != offered.release;
    if other_root || other_entry {
        return Err(UpdateError::Forked(path.to_owned()));
    }
    if older == Older::Taken {
        return Ok(());
    }
    if offered.index < kept.index {
        let version = |release: &ProvenRelease| release.release.version.to_string();
        return Err(UpdateError::RolledBack { found: version(offered), kept: version(kept) });
    }
    if offered.head.size < kept.head.size {
        return Err(UpdateError::OldProof { found: offered.head.size, kept: kept.head.size });
    }
    Ok(())
}

/// The proof of what is in place, if one was kept.
fn kept(path: &Path, policy: &LogPolicy, now: Timestamp) -> Result<Option<ProvenRelease>, UpdateError> {
    let unusable =
        |error: Box<dyn std::error::Error + Send + Sync>| UpdateError::Kept(path.to_owned(), error);
    match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Ok(found) if found.len() <= LoggedEntry::LIMIT as u64 => {}
        Ok(_) => return Err(unusable("it is too large".into())),
        Err(error) => return Err(unusable(error.into())),
    }
    let bytes = fs::read(path).map_err(|error| unusable(error.into()))?;
    let proof = LoggedEntry::from_file(&bytes).map_err(|error| unusable(error.into()))?;
    ProvenRelease::check(&proof, policy, now).map(Some).map_err(|error| unusable(error.into()))
}

/// A file of one's own that nobody can execute, and that is no link to somewhere else.
fn create(path: &Path) -> Result<File, UpdateError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(path)(error)),
        _ => {}
    }
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(failed(path))
}

/// The binary's name with an ending.
pub(super) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name: OsString = path.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    name.into()
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> UpdateError {
    let path = path.to_owned();
    move |source| UpdateError::File { path, source }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use trefoil_transparency::log::{Release, TreeHead};

    fn release(index: u64, size: u64, root: u8) -> ProvenRelease {
        let sha256 = [u8::try_from(index).unwrap(); 32];
        let release = Release {
            version: format!("0.{index}").parse().unwrap(),
            target: TARGET.parse().unwrap(),
            sha256,
        };
        ProvenRelease { release, index, head: TreeHead { size, root: [root; 32] }, witnesses: Vec::new() }
    }

    #[test]
    fn only_what_does_not_go_back_follows() {
        let path = Path::new("trefoil.proof");
        let kept = release(5, 10, 1);
        let judge = |offered: &ProvenRelease, older| follows(&kept, offered, older, path);
        for fine in [release(5, 10, 1), release(7, 10, 1), release(7, 12, 2), release(5, 12, 2)] {
            judge(&fine, Older::Refused).unwrap();
        }
        let back = release(4, 12, 2);
        assert!(matches!(judge(&back, Older::Refused), Err(UpdateError::RolledBack { .. })));
        judge(&back, Older::Taken).unwrap();
        let old_proof = release(7, 9, 2);
        assert!(matches!(
            judge(&old_proof, Older::Refused),
            Err(UpdateError::OldProof { found: 9, kept: 10 })
        ));
        judge(&old_proof, Older::Taken).unwrap();
        // Two histories are nothing that a person can wish for.
        let mut rewritten = release(5, 12, 2);
        rewritten.release.sha256 = [9; 32];
        for forked in [release(7, 10, 3), rewritten] {
            assert!(matches!(judge(&forked, Older::Taken), Err(UpdateError::Forked(_))));
        }
    }
}
