//! A directory's root under its service's signature.

use super::Evidence;
use crate::log::DirectoryRoot;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use tls_codec::{Serialize as _, TlsDeserializeBytes, TlsSerialize, TlsSize};
use trefoil_proto::Wire;

/// What every signature over a root begins with.
pub const DIRECTORY_ROOT_LABEL: &str = "Trefoil 1.0 DirectoryRoot";

/// A root as a service signs it for every epoch, and as clients pass it on inside their messages.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct SignedRoot {
    /// What is said.
    pub root: DirectoryRoot,
    /// Ed25519 by the service's directory key over [`DIRECTORY_ROOT_LABEL`] and the root.
    pub signature: [u8; 64],
}

/// Roots of one directory in the order of their epochs, without gaps.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct SignedRoots {
    /// At most [`SignedRoots::MOST`].
    pub roots: Vec<SignedRoot>,
}

impl SignedRoots {
    /// Roots in one answer.
    pub const MOST: usize = 128;
}

/// A root whose signature was checked under a known key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedRoot {
    signed: SignedRoot,
    key: [u8; 32],
}

/// What a root that someone else carries says about the one we know.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Comparison {
    /// The same epoch and the same root.
    Same,
    /// They know an older epoch; whether it was ours then, our own record of that epoch says.
    Older,
    /// They know a newer epoch: ours is stale.
    Newer,
    /// The same epoch with another root, or the next one after another history: one of us was shown a lie, and this proves
    /// it.
    Split(Box<Evidence>),
}

/// Why a root says nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GossipError {
    /// The service did not sign it.
    #[error("root that its service did not sign")]
    Unsigned,
    /// The root of another directory, or under another key.
    #[error("root of another directory")]
    OtherDirectory,
}

#[derive(TlsSize, TlsSerialize)]
struct RootTbs<'a> {
    label: &'a [u8],
    root: &'a DirectoryRoot,
}

impl SignedRoot {
    /// Signs with the service's directory key.
    pub fn sign(root: DirectoryRoot, key: &SigningKey) -> Self {
        let signature = key.sign(&tbs(&root)).to_bytes();
        Self { root, signature }
    }

    /// Checks the signature under the service's directory key.
    ///
    /// # Errors
    /// [`GossipError::Unsigned`].
    pub fn verify(self, key: &[u8; 32]) -> Result<VerifiedRoot, GossipError> {
        let verifying = VerifyingKey::from_bytes(key).map_err(|_| GossipError::Unsigned)?;
        verifying
            .verify_strict(&tbs(&self.root), &Signature::from_bytes(&self.signature))
            .map_err(|_| GossipError::Unsigned)?;
        Ok(VerifiedRoot { signed: self, key: *key })
    }
}

impl VerifiedRoot {
    /// What is said.
    pub fn root(&self) -> &DirectoryRoot {
        &self.signed.root
    }

    /// As it travels.
    pub fn signed(&self) -> &SignedRoot {
        &self.signed
    }
}

/// Compares what we know with what someone carries.
///
/// # Errors
/// [`GossipError::OtherDirectory`].
pub fn compare(known: &VerifiedRoot, told: &VerifiedRoot) -> Result<Comparison, GossipError> {
    let (ours, theirs) = (known.root(), told.root());
    if ours.directory != theirs.directory || known.key != told.key {
        return Err(GossipError::OtherDirectory);
    }
    Ok(if contradict(ours, theirs) {
        let (first, second) = (known.signed.clone(), told.signed.clone());
        Comparison::Split(Box::new(Evidence::Roots { key: known.key, first, second }))
    } else if theirs.epoch < ours.epoch {
        Comparison::Older
    } else if theirs.epoch > ours.epoch {
        Comparison::Newer
    } else {
        Comparison::Same
    })
}

/// Whether two roots of one directory cannot both be true: they are of one epoch and differ, or one is of the epoch after
/// the other's and does not follow it. A time that differs alone is a root signed twice.
pub(super) fn contradict(one: &DirectoryRoot, other: &DirectoryRoot) -> bool {
    let (before, after) = if one.epoch <= other.epoch { (one, other) } else { (other, one) };
    let differ = match after.epoch - before.epoch {
        0 => before.hash() != after.hash(),
        1 => !after.follows(before),
        _ => false,
    };
    one.directory == other.directory && differ
}

fn tbs(root: &DirectoryRoot) -> Vec<u8> {
    RootTbs { label: DIRECTORY_ROOT_LABEL.as_bytes(), root }
        .tls_serialize_detached()
        .expect("a root of bounded parts always encodes")
}

impl Wire for SignedRoots {
    const LIMIT: usize = Self::MOST * SignedRoot::LIMIT;
    const NAME: &'static str = "signed roots";
}

impl Wire for SignedRoot {
    const LIMIT: usize = 512;
    const NAME: &'static str = "signed root";
}
