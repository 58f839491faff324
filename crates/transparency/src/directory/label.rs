//! Labels of the tree's nodes: bit strings of up to 256 bits, in one form only.

use super::Tree;
use akd_core::{AzksElement, AzksValue, NodeLabel, configuration::Configuration as _};
use std::io::{Read as _, Write};
use tls_codec::{DeserializeBytes, Error, Serialize, Size};

/// Bits of a leaf's label.
pub(super) const LEAF: u32 = 256;

/// A node below the root: the bits of its label beyond its length are zero, and there is one at least.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Label(NodeLabel);

/// A node with what its parent's hash takes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Node {
    pub(super) label: Label,
    pub(super) value: [u8; 32],
}

impl Label {
    /// `None` for the root, for more than 256 bits, and for bits set beyond the length.
    pub(super) fn new(label: NodeLabel) -> Option<Self> {
        let fits = (1..=LEAF).contains(&label.label_len) && label.get_prefix(label.label_len) == label;
        fits.then_some(Self(label))
    }

    pub(super) fn get(self) -> NodeLabel {
        self.0
    }

    /// 1 to 256.
    pub(super) fn length(self) -> u32 {
        self.0.label_len
    }

    /// The bit at a place, counted from 0 and below the length.
    pub(super) fn bit(self, place: u32) -> bool {
        bit(&self.0, place)
    }

    fn bytes(self) -> usize {
        self.0.label_len.div_ceil(8) as usize
    }
}

/// The bit of a label at a place.
pub(super) fn bit(label: &NodeLabel, place: u32) -> bool {
    label.label_val[(place / 8) as usize] >> (7 - place % 8) & 1 == 1
}

impl Node {
    pub(super) fn from_akd(element: &AzksElement) -> Option<Self> {
        Some(Self { label: Label::new(element.label)?, value: element.value.0 })
    }

    pub(super) fn to_akd(self) -> AzksElement {
        AzksElement { label: self.label.get(), value: AzksValue(self.value) }
    }
}

/// What `akd` puts where the root has no child.
pub(super) fn nothing() -> AzksElement {
    AzksElement { label: Tree::empty_label(), value: Tree::empty_node_hash() }
}

/// The length less one in a byte, then as many bytes as hold the bits.
impl Size for Label {
    fn tls_serialized_len(&self) -> usize {
        1 + self.bytes()
    }
}

impl Serialize for Label {
    fn tls_serialize<W: Write>(&self, writer: &mut W) -> Result<usize, Error> {
        let length = u8::try_from(self.0.label_len - 1).expect("a label has 1 to 256 bits");
        length.tls_serialize(writer)?;
        writer.write_all(&self.0.label_val[..self.bytes()])?;
        Ok(self.tls_serialized_len())
    }
}

impl DeserializeBytes for Label {
    fn tls_deserialize_bytes(bytes: &[u8]) -> Result<(Self, &[u8]), Error> {
        let (length, mut rest) = u8::tls_deserialize_bytes(bytes)?;
        let length = u32::from(length) + 1;
        let mut value = [0; 32];
        rest.read_exact(&mut value[..length.div_ceil(8) as usize]).map_err(|_| Error::EndOfStream)?;
        let label = Self::new(NodeLabel::new(value, length)).ok_or(Error::InvalidInput)?;
        Ok((label, rest))
    }
}

impl Size for Node {
    fn tls_serialized_len(&self) -> usize {
        self.label.tls_serialized_len() + self.value.len()
    }
}

impl Serialize for Node {
    fn tls_serialize<W: Write>(&self, writer: &mut W) -> Result<usize, Error> {
        Ok(self.label.tls_serialize(writer)? + self.value.tls_serialize(writer)?)
    }
}

impl DeserializeBytes for Node {
    fn tls_deserialize_bytes(bytes: &[u8]) -> Result<(Self, &[u8]), Error> {
        let (label, rest) = Label::tls_deserialize_bytes(bytes)?;
        let (value, rest) = <[u8; 32]>::tls_deserialize_bytes(rest)?;
        Ok((Self { label, value }, rest))
    }
}
