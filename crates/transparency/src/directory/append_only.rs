//! What an auditor checks: that an epoch holds everything the one before held, unaltered, and leaves that came new.

use super::{
    Tree,
    error::ProofError,
    label::{LEAF, Node},
    trie,
};
use akd_core::{AzksValue, SingleAppendOnlyProof, configuration::Configuration as _};
use tls_codec::{TlsDeserializeBytes, TlsSerialize, TlsSize};
use trefoil_proto::Wire;

/// From one epoch to the next: the nodes that stayed as they were, which span everything that was there, and the
/// leaves that came. About 1 KiB for each leaf in a directory of 100 000 people.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct AppendOnlyProof {
    inserted: Vec<Node>,
    unchanged: Vec<Node>,
}

impl AppendOnlyProof {
    /// As `akd` makes it. `None` if it is none that `akd` makes.
    pub fn from_akd(proof: &SingleAppendOnlyProof) -> Option<Self> {
        let nodes = |elements: &[_]| elements.iter().map(Node::from_akd).collect::<Option<_>>();
        Some(Self { inserted: nodes(&proof.inserted)?, unchanged: nodes(&proof.unchanged_nodes)? })
    }

    /// Checks that the directory with root `after` at `epoch` is the one with root `before` and more. The epoch before
    /// the first has the root [`super::EMPTY_ROOT`].
    ///
    /// # Errors
    /// [`ProofError::OtherStart`] and [`ProofError::OtherEnd`] if it leads from or to another root,
    /// [`ProofError::Overlap`], [`ProofError::NoLeaf`], and [`ProofError::Nothing`] for an epoch that changes nothing.
    pub fn verify(&self, before: &[u8; 32], after: &[u8; 32], epoch: u64) -> Result<(), ProofError> {
        if self.inserted.is_empty() {
            return Err(ProofError::Nothing);
        }
        if self.inserted.iter().any(|leaf| leaf.label.length() != LEAF) {
            return Err(ProofError::NoLeaf);
        }
        if trie::root(self.unchanged.clone())? != *before {
            return Err(ProofError::OtherStart);
        }
        let leaf = |leaf: &Node| {
            let value = Tree::hash_leaf_with_commitment(AzksValue(leaf.value), epoch).0;
            Node { label: leaf.label, value }
        };
        let all = self.inserted.iter().map(leaf).chain(self.unchanged.iter().copied()).collect();
        if trie::root(all)? == *after { Ok(()) } else { Err(ProofError::OtherEnd) }
    }

    /// How many leaves came: one for a new person, two for a changed set.
    pub fn inserted(&self) -> usize {
        self.inserted.len()
    }
}

impl Wire for AppendOnlyProof {
    const LIMIT: usize = 16 * 1024 * 1024;
    const NAME: &'static str = "append-only proof";
}
