//! Stored rows of the key directory. First byte: version of the codec. The nodes of the tree itself hold labels and
//! hashes: a label is a VRF's output over the person's URI, and the value a hash of their devices. The rows of people's
//! values are found by the URI in clear.

use super::DirectoryError;
use crate::catalogue::TableNote;
use akd::{
    AkdLabel, AkdValue, Azks, AzksValue, NodeLabel,
    storage::{
        Storable,
        types::{DbRecord, StorageType, ValueState},
    },
    tree_node::{TreeNode, TreeNodeType, TreeNodeWithPreviousValue},
};
use tls_codec::{TlsDeserializeBytes, TlsSerialize, TlsSize};
use trefoil_proto::{Domain, UserId};
use trefoil_store::Table;
use trefoil_transparency::directory::AuditSignature;

/// Device sets by user id and sequence number.
pub(super) const SETS: Table = Table::new("directory.sets");
/// The newest device set by user id.
pub(super) const NEWEST: Table = Table::new("directory.newest");
/// Who is to be in the next epoch.
pub(super) const PENDING: Table = Table::new("directory.pending");
/// The nodes of the tree.
pub(super) const NODES: Table = Table::new("directory.nodes");
/// Epochs by number.
pub(super) const EPOCHS: Table = Table::new("directory.epochs");
/// Roots by the number of their epoch.
pub(super) const ROOTS: Table = Table::new("directory.roots");
/// The newest root.
pub(super) const HEAD: Table = Table::new("directory.head");
/// What others say of our newest root, by their domain.
pub(super) const AUDITS: Table = Table::new("directory.audits");
/// Directories of others that we audit, by domain.
pub(super) const FOLLOWED: Table = Table::new("directory.followed");
/// Proof that another service showed two directories.
pub(super) const EVIDENCE: Table = Table::new("directory.evidence");

/// The one key of [`HEAD`].
pub(super) const HEAD_KEY: &[u8] = b"head";

const VERSION: u8 = 1;

/// What the tables of the directory hold.
pub const TABLES: &[TableNote] = &[
    TableNote {
        table: SETS,
        holds: "by user id and number: a device set, signed by the person's account or device",
        kept: "for the life of the service: whoever knew an older one is led from it to the newest",
        discloses: "which devices each opaque id has had, and in which order. Anyone who knows the id can ask for it",
    },
    TableNote {
        table: NEWEST,
        holds: "by user id: the newest device set",
        kept: "as long as the account",
        discloses: "as above",
    },
    TableNote {
        table: PENDING,
        holds: "user ids whose newest set is not in an epoch yet",
        kept: "until the next epoch",
        discloses: "whose devices changed within the last minute",
    },
    TableNote {
        table: NODES,
        holds: "nodes of the key directory's tree: labels (VRF outputs), hashes, and by URI the hash of each set",
        kept: "for the life of the service",
        discloses: "which opaque ids changed their devices in which epoch",
    },
    TableNote {
        table: EPOCHS,
        holds: "by number: the root of an epoch, signed, with the proof that it holds what the one before held",
        kept: "for the life of the service: auditors ask for each",
        discloses: "nothing: it is published",
    },
    TableNote {
        table: ROOTS,
        holds: "by number: the root of an epoch, signed",
        kept: "for the life of the service: whoever heard of one asks for those in between",
        discloses: "nothing: it is published",
    },
    TableNote {
        table: HEAD,
        holds: "the newest root, signed",
        kept: "until the next epoch",
        discloses: "nothing: it is published",
    },
    TableNote {
        table: AUDITS,
        holds: "by service: its key and its signature over our newest root",
        kept: "until its next signature",
        discloses: "nothing: it is published",
    },
    TableNote {
        table: FOLLOWED,
        holds: "by service: its directory key and the newest root of its directory that was verified here",
        kept: "for the life of the service",
        discloses: "nothing: it is published",
    },
    TableNote {
        table: EVIDENCE,
        holds: "by service and epoch: two roots, signed by it, that contradict each other",
        kept: "for the life of the service",
        discloses: "that this service saw it; the operator can hand it out (`trefoil admin evidence`)",
    },
];

/// An auditor of ours.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub(super) struct AuditRow {
    /// The auditor's directory key, as it first was.
    pub key: [u8; 32],
    /// The epoch that it verified last.
    pub epoch: u64,
    /// Its newest signature, over that epoch's root.
    pub signature: Option<AuditSignature>,
}

impl AuditRow {
    pub(super) fn encode(&self) -> Vec<u8> {
        encode(self)
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Self, DirectoryError> {
        decode(bytes)
    }
}

/// Any wire structure as a row.
pub(super) fn encode(value: &impl tls_codec::Serialize) -> Vec<u8> {
    let mut bytes = vec![VERSION];
    value.tls_serialize(&mut bytes).expect("rows are far below the encoding's limits");
    bytes
}

pub(super) fn decode<T: tls_codec::DeserializeBytes>(bytes: &[u8]) -> Result<T, DirectoryError> {
    match bytes.split_first() {
        Some((&VERSION, rest)) => {
            T::tls_deserialize_exact_bytes(rest).map_err(|_| DirectoryError::DamagedRow)
        }
        _ => Err(DirectoryError::DamagedRow),
    }
}

pub(super) fn user_key(user: &UserId) -> Vec<u8> {
    user.as_str().as_bytes().to_vec()
}

pub(super) fn set_key(user: &UserId, sequence: u64) -> Vec<u8> {
    [user.as_str().as_bytes(), &[0], &sequence.to_be_bytes()].concat()
}

pub(super) fn sets_of(user: &UserId) -> Vec<u8> {
    [user.as_str().as_bytes(), &[0]].concat()
}

pub(super) fn epoch_key(epoch: u64) -> Vec<u8> {
    epoch.to_be_bytes().to_vec()
}

pub(super) fn domain_key(domain: &Domain) -> Vec<u8> {
    domain.as_str().as_bytes().to_vec()
}

pub(super) fn evidence_key(domain: &Domain, epoch: u64) -> Vec<u8> {
    [domain.as_str().as_bytes(), &[0], &epoch.to_be_bytes()].concat()
}

/// A person's states, the newest first: epochs count down in the key.
pub(super) fn value_key(user: &AkdLabel, epoch: u64) -> Vec<u8> {
    [&values_of(user)[..], &(u64::MAX - epoch).to_be_bytes()].concat()
}

pub(super) fn values_of(user: &AkdLabel) -> Vec<u8> {
    [&[StorageType::ValueState as u8], &user.0[..], &[0]].concat()
}

pub(super) fn node_key(record: &DbRecord) -> Vec<u8> {
    match record {
        DbRecord::ValueState(state) => value_key(&state.username, state.epoch),
        other => other.get_full_binary_id(),
    }
}

/// The key of what `akd` asks for by its own key.
pub(super) fn key_of<St: Storable>(id: &St::StorageKey) -> Result<Vec<u8>, String> {
    let binary = St::get_full_binary_key_id(id);
    match St::data_type() {
        StorageType::ValueState => {
            let akd::storage::types::ValueStateKey(user, epoch) = ValueState::key_from_full_binary(&binary)?;
            Ok(value_key(&AkdLabel(user), epoch))
        }
        StorageType::Azks | StorageType::TreeNode => Ok(binary),
    }
}

#[derive(TlsSize, TlsSerialize, TlsDeserializeBytes)]
struct LabelRow {
    length: u16,
    bits: Vec<u8>,
}

#[derive(TlsSize, TlsSerialize, TlsDeserializeBytes)]
struct TreeNodeRow {
    last_epoch: u64,
    min_descendant_epoch: u64,
    parent: LabelRow,
    kind: u8,
    left: Option<LabelRow>,
    right: Option<LabelRow>,
    hash: [u8; 32],
}

#[derive(TlsSize, TlsSerialize, TlsDeserializeBytes)]
struct BothRow {
    label: LabelRow,
    latest: TreeNodeRow,
    previous: Option<TreeNodeRow>,
}

#[derive(TlsSize, TlsSerialize, TlsDeserializeBytes)]
struct AzksRow {
    epoch: u64,
    nodes: u64,
}

#[derive(TlsSize, TlsSerialize, TlsDeserializeBytes)]
struct ValueRow {
    version: u64,
    epoch: u64,
    label: [u8; 32],
    value: [u8; 32],
}

pub(super) fn encode_node(record: &DbRecord) -> Vec<u8> {
    match record {
        DbRecord::Azks(azks) => encode(&AzksRow { epoch: azks.latest_epoch, nodes: azks.num_nodes }),
        DbRecord::TreeNode(node) => encode(&BothRow {
            label: LabelRow::new(node.label),
            latest: TreeNodeRow::new(&node.latest_node),
            previous: node.previous_node.as_ref().map(TreeNodeRow::new),
        }),
        DbRecord::ValueState(state) => encode(&ValueRow {
            version: state.version,
            epoch: state.epoch,
            label: state.label.label_val,
            value: state.value[..].try_into().expect("values are hashes of device sets"),
        }),
    }
}

pub(super) fn decode_node(key: &[u8], bytes: &[u8]) -> Result<DbRecord, DirectoryError> {
    let damaged = DirectoryError::DamagedRow;
    Ok(match key.first() {
        Some(1) => {
            let row: AzksRow = decode(bytes)?;
            DbRecord::Azks(Azks { latest_epoch: row.epoch, num_nodes: row.nodes })
        }
        Some(2) => {
            let row: BothRow = decode(bytes)?;
            let label = row.label.label()?;
            DbRecord::TreeNode(TreeNodeWithPreviousValue {
                label,
                latest_node: row.latest.node(label)?,
                previous_node: row.previous.map(|node| node.node(label)).transpose()?,
            })
        }
        Some(4) => {
            let row: ValueRow = decode(bytes)?;
            // The type before the URI, a zero and the epoch after it.
            let user = key.get(1..key.len().saturating_sub(9)).ok_or(damaged)?;
            DbRecord::ValueState(ValueState {
                value: AkdValue(row.value.to_vec()),
                version: row.version,
                label: NodeLabel::new(row.label, akd::LEAF_LEN),
                epoch: row.epoch,
                username: AkdLabel(user.to_vec()),
            })
        }
        _ => return Err(damaged),
    })
}

impl LabelRow {
    fn new(label: NodeLabel) -> Self {
        let bytes = label.label_len.div_ceil(8) as usize;
        let length = u16::try_from(label.label_len).expect("labels have at most 256 bits");
        Self { length, bits: label.label_val[..bytes].to_vec() }
    }

    fn label(&self) -> Result<NodeLabel, DirectoryError> {
        let fits = self.length <= 256 && self.bits.len() == usize::from(self.length).div_ceil(8);
        let mut value = [0; 32];
        value
            .get_mut(..self.bits.len())
            .filter(|_| fits)
            .ok_or(DirectoryError::DamagedRow)?
            .copy_from_slice(&self.bits);
        Ok(NodeLabel::new(value, self.length.into()))
    }
}

impl TreeNodeRow {
    fn new(node: &TreeNode) -> Self {
        Self {
            last_epoch: node.last_epoch,
            min_descendant_epoch: node.min_descendant_epoch,
            parent: LabelRow::new(node.parent),
            kind: node.node_type as u8,
            left: node.left_child.map(LabelRow::new),
            right: node.right_child.map(LabelRow::new),
            hash: node.hash.0,
        }
    }

    fn node(&self, label: NodeLabel) -> Result<TreeNode, DirectoryError> {
        let child = |row: &Option<LabelRow>| row.as_ref().map(LabelRow::label).transpose();
        Ok(TreeNode {
            label,
            last_epoch: self.last_epoch,
            min_descendant_epoch: self.min_descendant_epoch,
            parent: self.parent.label()?,
            node_type: match self.kind {
                1 => TreeNodeType::Leaf,
                2 => TreeNodeType::Root,
                3 => TreeNodeType::Interior,
                _ => return Err(DirectoryError::DamagedRow),
            },
            left_child: child(&self.left)?,
            right_child: child(&self.right)?,
            hash: AzksValue(self.hash),
        })
    }
}
