//! The root of the tree that some nodes span, as `akd` hashes it.

use super::{
    Tree,
    error::ProofError,
    label::{self, Node},
};
use akd_core::{AzksElement, AzksValue, NodeLabel, configuration::Configuration as _};

/// Root of the directory that holds nobody: the one before the first epoch.
pub const EMPTY_ROOT: [u8; 32] = [
    0xf4, 0x8d, 0xed, 0x41, 0x92, 0x14, 0x73, 0x2a, 0x2c, 0x61, 0x0c, 0x1e, 0x28, 0x05, 0x43, 0x74, 0x4b,
    0xab, 0x3c, 0x17, 0xae, 0xc3, 0x3e, 0x44, 0x49, 0x97, 0xfa, 0x2d, 0x8f, 0x79, 0x79, 0x2a,
];

/// Hashes up from nodes of which none is above another.
///
/// # Errors
/// [`ProofError::Overlap`] if one is above another, or one stands twice.
pub(super) fn root(mut nodes: Vec<Node>) -> Result<[u8; 32], ProofError> {
    let key = |node: &Node| (node.label.get().label_val, node.label.length());
    nodes.sort_unstable_by_key(key);
    // Of labels in the order of their bits, whatever follows the first one below a node is below it too.
    if nodes.windows(2).any(|pair| pair[0].label.get().is_prefix_of(&pair[1].label.get())) {
        return Err(ProofError::Overlap);
    }
    let value = if nodes.is_empty() {
        Tree::empty_root_value()
    } else {
        let (left, right) = nodes.split_at(nodes.partition_point(|node| !node.label.bit(0)));
        parent(&subtree(left), &subtree(right))
    };
    Ok(Tree::compute_root_hash_from_val(&value))
}

/// The node right above some nodes that share their bits up to a side of the root.
fn subtree(nodes: &[Node]) -> AzksElement {
    match nodes {
        [] => label::nothing(),
        [node] => node.to_akd(),
        [first, .., last] => {
            // In order, so that what the first and the last share is what all share.
            let shared = shared_bits(&first.label.get(), &last.label.get());
            let (left, right) = nodes.split_at(nodes.partition_point(|node| !node.label.bit(shared)));
            let value = parent(&subtree(left), &subtree(right));
            AzksElement { label: first.label.get().get_prefix(shared), value }
        }
    }
}

fn parent(left: &AzksElement, right: &AzksElement) -> AzksValue {
    Tree::compute_parent_hash_from_children(
        &left.value,
        &left.label.value::<Tree>(),
        &right.value,
        &right.label.value::<Tree>(),
    )
}

/// How many bits two labels begin with alike.
fn shared_bits(one: &NodeLabel, other: &NodeLabel) -> u32 {
    let pairs = one.label_val.iter().zip(other.label_val);
    let mut bits = 0;
    for differ in pairs.map(|(one, other)| one ^ other) {
        bits += differ.leading_zeros();
        if differ != 0 {
            break;
        }
    }
    bits.min(one.label_len).min(other.label_len)
}
