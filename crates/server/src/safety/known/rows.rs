//! Stored lists of hashes. First byte: version of the codec.

use super::{Algorithm, Kind, KnownError, List, Provenance, list::Listed};
use crate::catalogue::TableNote;
use std::collections::BTreeMap;
use tls_codec::{DeserializeBytes as _, Serialize as _, TlsDeserializeBytes, TlsSerialize, TlsSize};
use trefoil_proto::Timestamp;
use trefoil_store::{Batch, KeyRange, Store, Table};

/// Lists by name.
pub(super) const LISTS: Table = Table::new("safety.known_lists");
/// Their hashes: by the list's number, algorithm and block, up to [`BLOCK`] of 32 bytes one after the other.
pub(super) const HASHES: Table = Table::new("safety.known_hashes");

const VERSION: u8 = 1;
/// Hashes in one row.
const BLOCK: usize = 1024;
/// Rows that are read or written at once.
const PAGE: usize = 64;

/// What the tables of known material hold.
pub const TABLES: &[TableNote] = &[
    TableNote {
        table: LISTS,
        holds: "by name: a list of hashes of known material that the operator was given: by whom, when it was taken in, what \
                it is of",
        kept: "until the operator removes it",
        discloses: "which lists the operator was given; nothing of people",
    },
    TableNote {
        table: HASHES,
        holds: "the hashes of those lists (SHA-256 and PDQ), 1024 in a row",
        kept: "as the list",
        discloses: "the lists, which their givers may want kept to themselves; nothing of people, and no comparison is noted here",
    },
];

/// A list.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub(super) struct ListRow {
    /// In the keys of its hashes.
    pub number: u32,
    pub name: Vec<u8>,
    pub giver: Vec<u8>,
    pub kind: Kind,
    pub taken: Timestamp,
}

impl ListRow {
    pub(super) fn new(number: u32, provenance: &Provenance, taken: Timestamp) -> Self {
        Self {
            number,
            name: provenance.name.clone().into_bytes(),
            giver: provenance.giver.clone().into_bytes(),
            kind: provenance.kind,
            taken,
        }
    }

    pub(super) fn list(&self, hashes: BTreeMap<Algorithm, u32>) -> Result<List, KnownError> {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).map_err(|_| KnownError::DamagedRow);
        let provenance = Provenance { name: text(&self.name)?, giver: text(&self.giver)?, kind: self.kind };
        Ok(List { provenance, taken: self.taken, hashes })
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![VERSION];
        self.tls_serialize(&mut bytes).expect("names were checked to be short");
        bytes
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Self, KnownError> {
        match bytes.split_first() {
            Some((&VERSION, rest)) => {
                Self::tls_deserialize_exact_bytes(rest).map_err(|_| KnownError::DamagedRow)
            }
            _ => Err(KnownError::DamagedRow),
        }
    }
}

/// Every list, by name.
pub(super) async fn lists(store: &dyn Store) -> Result<Vec<ListRow>, KnownError> {
    let rows = store.scan(LISTS, KeyRange::all(), usize::MAX).await.map_err(KnownError::Read)?;
    rows.iter().map(|(_, row)| ListRow::decode(row)).collect()
}

/// Writes the hashes of a list.
pub(super) async fn write(store: &dyn Store, number: u32, hashes: &Listed) -> Result<(), KnownError> {
    for (algorithm, hashes) in hashes.parts() {
        let blocks: Vec<_> = hashes.chunks(BLOCK).zip(0_u32..).collect();
        for page in blocks.chunks(PAGE) {
            let mut batch = Batch::new();
            for (block, at) in page {
                batch.put(HASHES, key(number, algorithm, *at), encode_block(block));
            }
            store.commit(batch).await.map_err(KnownError::Write)?;
        }
    }
    Ok(())
}

/// The hashes of a list.
pub(super) async fn read(store: &dyn Store, number: u32) -> Result<Listed, KnownError> {
    let mut listed = Listed::default();
    let mut range = KeyRange::prefix(number.to_be_bytes().to_vec());
    loop {
        let page = store.scan(HASHES, range.clone(), PAGE).await.map_err(KnownError::Read)?;
        let Some((last, _)) = page.last() else { return Ok(listed) };
        range.start = [last, [0].as_slice()].concat().into();
        for (key, row) in page {
            let algorithm = match key.get(4) {
                Some(1) => Algorithm::Sha256,
                Some(2) => Algorithm::Pdq,
                _ => return Err(KnownError::DamagedRow),
            };
            listed.of_mut(algorithm).extend_from_slice(decode_block(&row)?);
        }
    }
}

/// Removes the hashes of a list.
pub(super) async fn clear(store: &dyn Store, number: u32) -> Result<(), KnownError> {
    let range = KeyRange::prefix(number.to_be_bytes().to_vec());
    loop {
        let page = store.scan(HASHES, range.clone(), PAGE).await.map_err(KnownError::Read)?;
        if page.is_empty() {
            return Ok(());
        }
        let mut batch = Batch::new();
        for (key, _) in page {
            batch.delete(HASHES, key);
        }
        store.commit(batch).await.map_err(KnownError::Write)?;
    }
}

fn key(number: u32, algorithm: Algorithm, block: u32) -> Vec<u8> {
    [&number.to_be_bytes()[..], &[algorithm as u8], &block.to_be_bytes()].concat()
}

pub(super) fn encode_block(hashes: &[[u8; 32]]) -> Vec<u8> {
    [&[VERSION], hashes.as_flattened()].concat()
}

pub(super) fn decode_block(row: &[u8]) -> Result<&[[u8; 32]], KnownError> {
    match row.split_first() {
        Some((&VERSION, rest)) => match rest.as_chunks() {
            (hashes, []) => Ok(hashes),
            _ => Err(KnownError::DamagedRow),
        },
        _ => Err(KnownError::DamagedRow),
    }
}
