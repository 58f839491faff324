//! Blobs as files in a folder, two levels of directories deep.

use super::{Blobs, check_id};
use crate::StoreError;
use crate::place;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// Locks that keep two appends to one blob apart.
const LOCKS: usize = 64;

/// Blobs in a folder of the local disk; folders have mode 0700, files 0600. A piece is synced before it is answered.
/// After a crash in the middle of an append, `length` may count a prefix of the piece that was not answered.
pub struct FolderBlobs {
    folder: Arc<Folder>,
}

impl FolderBlobs {
    /// Opens the folder, making it if there is none.
    ///
    /// # Errors
    /// [`StoreError::Open`] if it can be neither made nor read.
    pub fn open(root: impl Into<PathBuf>) -> Result<Self, StoreError> {
        let root = root.into();
        place::make_folder(&root).map_err(|error| StoreError::Open(error.into()))?;
        let locks = (0..LOCKS).map(|_| Mutex::default()).collect();
        Ok(Self { folder: Arc::new(Folder { root, locks }) })
    }

    fn run<T: Send + 'static>(
        &self,
        id: &str,
        act: impl FnOnce(&Folder, &str) -> Result<T, StoreError> + Send + 'static,
    ) -> BoxFuture<'_, Result<T, StoreError>> {
        let checked = check_id(id).map(|()| id.to_owned());
        let folder = Arc::clone(&self.folder);
        Box::pin(async move {
            let id = checked?;
            tokio::task::spawn_blocking(move || act(&folder, &id)).await.map_err(|_| StoreError::Closed)?
        })
    }
}

impl Blobs for FolderBlobs {
    fn append(&self, id: &str, offset: u64, piece: Bytes) -> BoxFuture<'_, Result<u64, StoreError>> {
        self.run(id, move |folder, id| folder.append(id, offset, &piece))
    }

    fn length(&self, id: &str) -> BoxFuture<'_, Result<Option<u64>, StoreError>> {
        self.run(id, |folder, id| folder.length(id).map_err(|error| StoreError::Read(error.into())))
    }

    fn read(&self, id: &str, offset: u64, length: usize) -> BoxFuture<'_, Result<Option<Bytes>, StoreError>> {
        self.run(id, move |folder, id| {
            folder.read(id, offset, length).map_err(|error| StoreError::Read(error.into()))
        })
    }

    fn delete(&self, id: &str) -> BoxFuture<'_, Result<(), StoreError>> {
        self.run(id, |folder, id| folder.delete(id).map_err(|error| StoreError::Write(error.into())))
    }
}

struct Folder {
    root: PathBuf,
    locks: Box<[Mutex<()>]>,
}

impl Folder {
    fn append(&self, id: &str, offset: u64, piece: &[u8]) -> Result<u64, StoreError> {
        let spread = spread(id);
        let lock = &self.locks[usize::from(spread) % LOCKS];
        let _held = lock.lock().unwrap_or_else(PoisonError::into_inner);
        let length = self.length(id).map_err(|error| StoreError::Write(error.into()))?;
        if length.unwrap_or(0) != offset {
            return Err(StoreError::AssertFailed { index: 0 });
        }
        self.write(id, length.is_none(), offset, piece).map_err(|error| StoreError::Write(error.into()))?;
        Ok(offset + piece.len() as u64)
    }

    fn write(&self, id: &str, new: bool, offset: u64, piece: &[u8]) -> io::Result<()> {
        let path = self.path(id);
        let folder = parent(&path);
        if new {
            place::make_folder(folder)?;
        }
        let mut file = place::owner_only(OpenOptions::new().write(true).create(new)).open(&path)?;
        let written = file.seek(SeekFrom::Start(offset)).and_then(|_| file.write_all(piece)).and_then(|()| {
            file.sync_all()?;
            if new { place::sync_folder(folder) } else { Ok(()) }
        });
        if written.is_err() {
            // Without this the next append at the same offset would be refused. The first error is the one to tell.
            let _ = if new { std::fs::remove_file(&path) } else { file.set_len(offset) };
        }
        written
    }

    fn length(&self, id: &str) -> io::Result<Option<u64>> {
        found(std::fs::metadata(self.path(id)).map(|data| data.len()))
    }

    fn read(&self, id: &str, offset: u64, length: usize) -> io::Result<Option<Bytes>> {
        let Some(mut file) = found(File::open(self.path(id)))? else { return Ok(None) };
        let end = file.metadata()?.len();
        let offset = offset.min(end);
        let length = (end - offset).min(length as u64);
        file.seek(SeekFrom::Start(offset))?;
        let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(0));
        file.take(length).read_to_end(&mut bytes)?;
        Ok(Some(bytes.into()))
    }

    fn delete(&self, id: &str) -> io::Result<()> {
        let path = self.path(id);
        match found(std::fs::remove_file(&path))? {
            Some(()) => place::sync_folder(parent(&path)),
            None => Ok(()),
        }
    }

    fn path(&self, id: &str) -> PathBuf {
        let [upper, lower] = spread(id).to_be_bytes();
        self.root.join(format!("{upper:02x}")).join(format!("{lower:02x}")).join(id)
    }
}

fn parent(path: &Path) -> &Path {
    path.parent().unwrap_or(path)
}

fn found<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Spreads ids over directories, also ids with a common beginning (FNV-1a, folded). Part of the layout on disk.
fn spread(id: &str) -> u16 {
    let hash = id.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    (hash ^ (hash >> 16) ^ (hash >> 32) ^ (hash >> 48)) as u16
}
