//! Files of messages that were fetched lately: each comes once, however often its player asks for parts of it, into a file
//! without a name that is gone a minute after it was last asked for, and with the process at the latest. What lies there is
//! sealed as it came; a part is opened when it is asked for.

use super::{
    error::{Answer, Problem},
    keeper::Keeper,
};
use crate::transfer;
use bytes::Bytes;
use futures_util::{Stream, stream};
use moka::sync::Cache;
use std::{
    fs::File,
    io,
    ops::Range,
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::{sync::Mutex, task::spawn_blocking, time::sleep};
use trefoil_client::attachment::{Descriptor, Digest32, OpenError, PartOpener};

/// How long a file is kept after it was last asked for.
const IDLE: Duration = Duration::from_secs(60);
/// Files that are kept at once.
const MOST: u64 = 16;
/// Bytes of a file that are read at once.
const BLOCK: u64 = 256 * 1024;

/// An account and a file of it.
type Key = (String, Digest32);

/// The files.
pub struct Fetched {
    folder: PathBuf,
    /// Who asks first fetches; who asks meanwhile waits for that.
    kept: Cache<Key, Arc<Mutex<Option<Whole>>>>,
}

/// A file that is here and good.
#[derive(Clone)]
pub struct Whole {
    sealed: Arc<File>,
    opener: Arc<PartOpener>,
}

impl Fetched {
    /// None yet; `folder` is where they are made.
    pub fn new(folder: &Path) -> Self {
        let kept = Cache::builder().max_capacity(MOST).time_to_idle(IDLE).build();
        Self { folder: folder.to_owned(), kept }
    }

    /// A file of a message, from the service if it is not here. `moved` hears how many bytes are here, of how many.
    ///
    /// # Errors
    /// [`transfer::TransferError`].
    pub async fn get(
        &self,
        keeper: &Keeper,
        file: &Descriptor,
        mut moved: impl FnMut(u64, u64),
    ) -> Answer<Whole> {
        let key = (keeper.id.clone(), file.sealed_hash);
        let place = self.kept.get_with(key.clone(), Arc::default);
        let mut here = place.lock().await;
        if let Some(whole) = &*here {
            return Ok(whole.clone());
        }
        let coming = |there, of| {
            // However long it takes, who asks meanwhile waits for this one.
            let _ = self.kept.get(&key);
            moved(there, of);
        };
        let sealed = transfer::download_sealed(&keeper.way, file, &self.folder, coming).await?;
        let whole = Whole { sealed: Arc::new(sealed), opener: Arc::new(PartOpener::new(file)) };
        *here = Some(whole.clone());
        tokio::spawn(let_go(self.kept.clone(), key));
        Ok(whole)
    }
}

/// The cache lets go of what is old only when it is touched.
async fn let_go(kept: Cache<Key, Arc<Mutex<Option<Whole>>>>, key: Key) {
    while kept.contains_key(&key) {
        sleep(IDLE / 2).await;
        kept.run_pending_tasks();
    }
}

impl Whole {
    /// Bytes.
    pub fn size(&self) -> u64 {
        self.opener.size()
    }

    /// All of it, for a file that was found small enough.
    ///
    /// # Errors
    /// The disk failed.
    pub fn bytes(&self) -> Answer<Vec<u8>> {
        self.read(0..self.size()).map_err(|error| Problem::internal(error.to_string()))
    }

    /// A part of it, block by block.
    pub fn part(&self, range: Range<u64>) -> impl Stream<Item = io::Result<Bytes>> + use<> {
        stream::try_unfold((self.clone(), range), |(whole, range)| async move {
            let end = range.end.min(range.start + BLOCK);
            if range.start >= end {
                return Ok(None);
            }
            let (of, block) = (whole.clone(), range.start..end);
            let bytes = spawn_blocking(move || of.read(block)).await.map_err(io::Error::other)??;
            Ok(Some((Bytes::from(bytes), (whole, end..range.end))))
        })
    }

    fn read(&self, range: Range<u64>) -> io::Result<Vec<u8>> {
        let opened = self.opener.open(range, |sealed| {
            let mut bytes = vec![0; usize::try_from(sealed.end - sealed.start).map_err(io::Error::other)?];
            self.sealed.read_exact_at(&mut bytes, sealed.start)?;
            Ok::<_, Unread>(bytes)
        });
        opened.map_err(io::Error::other)
    }
}

/// What can go wrong with what is here already.
#[derive(Debug, thiserror::Error)]
enum Unread {
    #[error("a file that was fetched cannot be read")]
    File(#[from] io::Error),
    #[error("a file that was fetched is another by now")]
    Altered(#[from] OpenError),
}
