//! Stored rows of accounts of minors. First byte: version of the codec.

use super::MinorsError;
use crate::catalogue::TableNote;
use tls_codec::{DeserializeBytes as _, Serialize as _, TlsDeserializeBytes, TlsSerialize, TlsSize};
use trefoil_proto::{Month, Timestamp, UserUri, minors::Opening};
use trefoil_store::Table;

/// Marked accounts by user id.
pub(super) const MARKED: Table = Table::new("minors.marked");
/// Proofs of reach that were spent, by their day and nonce.
pub(super) const SPENT: Table = Table::new("minors.spent");

const VERSION: u8 = 1;

/// What the tables of minors hold.
pub const TABLES: &[TableNote] = &[
    TableNote {
        table: MARKED,
        holds: "by user id: that the account is of somebody under age, the month in which that ends if it was said, the public key \
                of its reach key, its guardian's URI, what they opened and until when; until it may be found, the entry by which \
                it would be found by number",
        kept: "until the marking ends, and until the next sweep",
        discloses: "which opaque ids are of minors, in which month they come of age, and who the guardian of each is. No birth date, \
                    and nobody to whom they are connected",
    },
    TableNote {
        table: SPENT,
        holds: "by day and a random number: that a proof of reach was spent",
        kept: "the day before the proof, its day and the next, and until the next sweep",
        discloses: "how often minors of this service were turned to on those days. Neither which, nor by whom",
    },
];

/// A marked account.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub(super) struct MinorRow {
    /// In it the person comes of age.
    pub ends: Option<Month>,
    /// Ed25519 public key.
    pub reach: [u8; 32],
    /// The entry of finding by number; empty where there is none.
    pub entry: Vec<u8>,
    /// The entry is among those by which people are found.
    pub entered: Option<()>,
    /// The link that may be taken up, and until when.
    pub link: Option<LinkRow>,
    /// The guardian, and the time of their last word.
    pub guardian: Option<GuardianRow>,
    /// What the guardian opened.
    pub open: Option<Opening>,
}

/// A link that a minor shows.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub(super) struct LinkRow {
    pub key: [u8; 32],
    pub until: Timestamp,
}

/// A guardian.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub(super) struct GuardianRow {
    pub user: UserUri,
    pub heard: Timestamp,
}

impl MinorRow {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![VERSION];
        self.tls_serialize(&mut bytes).expect("rows are far below the encoding's limits");
        bytes
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Self, MinorsError> {
        match bytes.split_first() {
            Some((&VERSION, rest)) => {
                Self::tls_deserialize_exact_bytes(rest).map_err(|_| MinorsError::DamagedRow)
            }
            _ => Err(MinorsError::DamagedRow),
        }
    }
}

pub(super) fn spent_key(day: u32, nonce: &[u8; 32]) -> Vec<u8> {
    [&day.to_be_bytes()[..], nonce].concat()
}

pub(super) fn spent() -> Vec<u8> {
    vec![VERSION]
}
