//! Stored packages. First byte: version of the codec.

use super::{FileAbout, Package, PackageId, Refused, State, TiplineError};
use crate::{catalogue::TableNote, json_row::JsonRow, secrets::SecretKey};
use bytes::Bytes;
use hmac::{Hmac, Mac as _};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use trefoil_proto::{
    Timestamp,
    attachment::{CHUNK, FileCipher, FileKey, Layout},
};
use trefoil_store::{Batch, KeyRange, Store, Table};

/// Packages by id.
pub(super) const PACKAGES: Table = Table::new("safety.tipline_packages");
/// Sealed chunks of their files, by id of the package, file and chunk.
pub(super) const CHUNKS: Table = Table::new("safety.tipline_files");

/// Chunks that are written or removed at once: 4 MiB.
const PAGE: usize = 64;
/// What the keys of files are derived for.
const PURPOSE: &[u8] = b"trefoil tipline file";

/// What the tables of packages hold.
pub const TABLES: &[TableNote] = &[
    TableNote {
        table: PACKAGES,
        holds: "reports to NCMEC's CyberTipline, in clear: what happened, whom it is about, what was said, who prepared and who \
                approved it, how far it has come, and names and SHA-256 of its files",
        kept: "for a year after it was finished (18 U.S.C. § 2258A(h)); one that was not, for a year after it was prepared or \
               approved",
        discloses: "all of that",
    },
    TableNote {
        table: CHUNKS,
        holds: "the files of those reports, sealed under the key `tipline-files` of `secrets.toml`",
        kept: "as the package",
        discloses: "their sizes; with the keys file, the files",
    },
];

/// A package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PackageRow {
    pub made: Timestamp,
    /// When it is forgotten.
    pub until: Timestamp,
    pub prepared_by: String,
    pub approved_by: Option<String>,
    pub package: Package,
    pub state: State,
    /// What NCMEC refused for good: nothing is tried again before a person says so.
    #[serde(default)]
    pub refused: Option<Refused>,
    /// Of which case it is, as that is written.
    #[serde(default)]
    pub case: Option<String>,
}

impl JsonRow for PackageRow {}

/// Seals a file and writes it, chunk by chunk.
pub(super) async fn write_file(
    store: &dyn Store,
    sealing: &SecretKey,
    id: PackageId,
    file: u32,
    bytes: &Bytes,
) -> Result<(), TiplineError> {
    let layout = layout(bytes.len() as u64)?;
    let cipher = FileCipher::new(&key_of(sealing, id, file), layout);
    let pieces: Vec<_> = if bytes.is_empty() { vec![&[][..]] } else { bytes.chunks(CHUNK).collect() };
    for (page, pieces) in (0_u32..).zip(pieces.chunks(PAGE)) {
        let mut batch = Batch::new();
        for (at, piece) in (page * PAGE as u32..).zip(pieces) {
            batch.put(CHUNKS, chunk_key(id, file, at), cipher.seal(at, piece));
        }
        store.commit(batch).await.map_err(TiplineError::Write)?;
    }
    Ok(())
}

/// Reads a file and opens it.
pub(super) async fn read_file(
    store: &dyn Store,
    sealing: &SecretKey,
    id: PackageId,
    file: u32,
    about: &FileAbout,
) -> Result<Bytes, TiplineError> {
    let layout = layout(about.size)?;
    let cipher = FileCipher::new(&key_of(sealing, id, file), layout);
    let mut bytes = Vec::new();
    for chunk in 0..layout.chunks() {
        let sealed =
            store.get(CHUNKS, chunk_key(id, file, chunk).into()).await.map_err(TiplineError::Read)?;
        let sealed = sealed.ok_or(TiplineError::DamagedRow)?;
        bytes.extend_from_slice(&cipher.open(chunk, &sealed).map_err(|_| TiplineError::DamagedRow)?);
    }
    Ok(bytes.into())
}

/// Removes the files of a package.
pub(super) async fn clear_files(store: &dyn Store, id: PackageId) -> Result<(), TiplineError> {
    loop {
        let page = store.scan(CHUNKS, KeyRange::prefix(id.0.to_vec()), PAGE).await;
        let page = page.map_err(TiplineError::Read)?;
        if page.is_empty() {
            return Ok(());
        }
        let mut batch = Batch::new();
        for (key, _) in page {
            batch.delete(CHUNKS, key);
        }
        store.commit(batch).await.map_err(TiplineError::Write)?;
    }
}

fn layout(size: u64) -> Result<Layout, TiplineError> {
    Layout::of(size).map_err(|_| TiplineError::Package("a file is too large"))
}

/// A package's id is random and its files are sealed once, so no key seals two files.
fn key_of(sealing: &SecretKey, id: PackageId, file: u32) -> FileKey {
    let mut mac = Hmac::<Sha256>::new_from_slice(sealing.bytes()).expect("HMAC takes keys of any length");
    for part in [PURPOSE, &id.0, &file.to_be_bytes()] {
        mac.update(part);
    }
    FileKey::new(mac.finalize().into_bytes().into(), [0; 7])
}

fn chunk_key(id: PackageId, file: u32, chunk: u32) -> Vec<u8> {
    [&id.0[..], &file.to_be_bytes(), &chunk.to_be_bytes()].concat()
}
