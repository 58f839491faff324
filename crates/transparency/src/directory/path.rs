//! Paths through the tree. The labels of the nodes that a path passes and the sides it takes follow from the label it
//! leads to, so they are not sent: what decodes ends at the root and turns where the label says.

use super::{
    Tree,
    error::ProofError,
    label::{self, LEAF, Label, Node},
};
use akd_core::{
    AzksValue, Direction, MembershipProof, NodeLabel, NonMembershipProof, SiblingProof,
    configuration::Configuration as _,
};
use tls_codec::{TlsDeserializeBytes, TlsSerialize, TlsSize};

/// From the root down to a node.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub(super) struct Path {
    /// The nodes that are passed, the root first.
    steps: Vec<Step>,
}

/// A node that is passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
struct Step {
    /// Length of its label in bits.
    depth: u8,
    /// Its child on the other side. Only the root may lack one.
    sibling: Option<Node>,
}

/// What shows that a leaf is not in the tree: the deepest node above its place, with that node's children.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub(super) struct AbsentPath {
    /// Length of the deepest node's label in bits.
    depth: u8,
    left: Option<Node>,
    right: Option<Node>,
    path: Path,
}

impl Path {
    pub(super) fn from_akd(proof: &MembershipProof) -> Option<Self> {
        let step = |passed: &SiblingProof| {
            let [sibling] = &passed.siblings;
            let sibling = if *sibling == label::nothing() { None } else { Some(Node::from_akd(sibling)?) };
            Some(Step { depth: u8::try_from(passed.label.label_len).ok()?, sibling })
        };
        Some(Self { steps: proof.sibling_proofs.iter().map(step).collect::<Option<_>>()? })
    }

    /// The proof that it is for a node with this label and hash.
    ///
    /// # Errors
    /// [`ProofError::Path`] unless it begins at the root, goes strictly down to the node, and each sibling is on the
    /// other side.
    pub(super) fn to_akd(&self, target: NodeLabel, hash: AzksValue) -> Result<MembershipProof, ProofError> {
        let begins = self.steps.first().map_or(0, |step| step.depth) == 0;
        let descends = self.steps.windows(2).all(|pair| pair[0].depth < pair[1].depth);
        let ends =
            self.steps.last().map_or(target.label_len == 0, |step| u32::from(step.depth) < target.label_len);
        if !(begins && descends && ends) {
            return Err(ProofError::Path);
        }
        let sibling_proofs = self.steps.iter().map(|step| step.to_akd(&target)).collect::<Result<_, _>>()?;
        Ok(MembershipProof { label: target, hash_val: hash, sibling_proofs })
    }
}

impl Step {
    fn to_akd(self, target: &NodeLabel) -> Result<SiblingProof, ProofError> {
        let depth = u32::from(self.depth);
        let parent = target.get_prefix(depth);
        let right = label::bit(target, depth);
        let sibling = match self.sibling {
            Some(node) if is_child(node.label, &parent, !right) => node.to_akd(),
            None if depth == 0 => label::nothing(),
            _ => return Err(ProofError::Path),
        };
        let direction = if right { Direction::Right } else { Direction::Left };
        Ok(SiblingProof { label: parent, siblings: [sibling], direction })
    }
}

impl AbsentPath {
    pub(super) fn from_akd(proof: &NonMembershipProof) -> Option<Self> {
        let child = |element| {
            if element == label::nothing() { Some(None) } else { Node::from_akd(&element).map(Some) }
        };
        let [left, right] = proof.longest_prefix_children;
        Some(Self {
            depth: u8::try_from(proof.longest_prefix.label_len).ok()?,
            left: child(left)?,
            right: child(right)?,
            path: Path::from_akd(&proof.longest_prefix_membership_proof)?,
        })
    }

    /// The proof that no leaf has this label.
    ///
    /// # Errors
    /// [`ProofError::Path`] unless the node is above the leaf's place, its children are below it, each on its side,
    /// and neither is above that place too.
    pub(super) fn to_akd(&self, target: NodeLabel) -> Result<NonMembershipProof, ProofError> {
        let depth = u32::from(self.depth);
        if target.label_len != LEAF {
            return Err(ProofError::Path);
        }
        let prefix = target.get_prefix(depth);
        let child = |node: Option<Node>, right| match node {
            // Not checked by `akd_core`: a node that is passed on the way to the leaf says nothing of what is below it.
            Some(node) if is_child(node.label, &prefix, right) && !node.label.get().is_prefix_of(&target) => {
                Ok(node.to_akd())
            }
            None if depth == 0 => Ok(label::nothing()),
            _ => Err(ProofError::Path),
        };
        let children = [child(self.left, false)?, child(self.right, true)?];
        let [left, right] = &children;
        let hash = Tree::compute_parent_hash_from_children(
            &left.value,
            &left.label.value::<Tree>(),
            &right.value,
            &right.label.value::<Tree>(),
        );
        Ok(NonMembershipProof {
            label: target,
            longest_prefix: prefix,
            longest_prefix_children: children,
            longest_prefix_membership_proof: self.path.to_akd(prefix, hash)?,
        })
    }
}

/// Whether a label is below a node, on one side of it.
fn is_child(label: Label, parent: &NodeLabel, right: bool) -> bool {
    label.length() > parent.label_len
        && parent.is_prefix_of(&label.get())
        && label.bit(parent.label_len) == right
}
