//! The store of a service: a file, its writer thread, its readers.

use super::collect;
use super::reader::{self, Readers};
use super::schema::{self, Kind, TableIds};
use super::upkeep::{Load, Upkeep};
use super::writer::{GroupLimit, Job, Waiting, Writer};
use crate::{
    Assert, Batch, Entry, KeyRange, Pair, Position, QueueKey, ReadLimit, Receipt, Store, StoreError, Table,
    Write, place,
};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use rusqlite::{Connection, OpenFlags};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// Rows or entries that are read on the caller's thread; longer reads go to the blocking pool.
const SHORT: usize = 64;

/// Bytes that are read on the caller's thread.
const SHORT_BYTES: usize = 256 * 1024;

/// Largest key, value, queue name or body. SQLite itself ends at 1 GB.
const MAX_PIECE: usize = 64 * 1024 * 1024;

/// How a service's store runs. The defaults are what measured best; see `benches/append.rs`.
#[derive(Clone, Debug)]
pub struct SqliteOptions {
    /// Connections for short reads, and as many again for long ones.
    pub readers: usize,
    /// Batches in one transaction at most.
    pub group: usize,
    /// Bytes in one transaction at most, give or take one batch.
    pub group_bytes: usize,
    /// Pages in the write-ahead log before they are moved to the file.
    pub checkpoint_pages: u32,
    /// Page cache of the writer, in KiB.
    pub cache_kib: u32,
    /// Bodies for a single queue up to this many bytes stand in the queue itself.
    pub inline: usize,
}

impl Default for SqliteOptions {
    fn default() -> Self {
        Self {
            readers: std::thread::available_parallelism().map_or(2, usize::from).clamp(2, 8),
            group: 512,
            group_bytes: 8 * 1024 * 1024,
            checkpoint_pages: 16_000,
            cache_kib: 16 * 1024,
            inline: 0,
        }
    }
}

/// A service's store in one SQLite file. One value owns the file; a second open fails.
/// Long reads and [`SqliteStore::collect`] need a Tokio runtime; dropping the store waits for what was accepted.
pub struct SqliteStore {
    path: PathBuf,
    short: Readers,
    long: Arc<Readers>,
    load: Arc<Load>,
    upkeep: Option<Upkeep>,
    /// Without a bound: whoever waits holds its batch in any case, and the order of first polls is the order of commits.
    jobs: Option<mpsc::UnboundedSender<Job>>,
    writer: Option<JoinHandle<()>>,
    _lock: File,
}

impl SqliteStore {
    /// Opens or makes a store. Blocks for some milliseconds. The file has mode 0600, a new folder 0700.
    ///
    /// # Errors
    /// [`StoreError::Open`] if the file cannot be used or is open elsewhere, [`StoreError::NewerSchema`].
    pub fn open(path: impl Into<PathBuf>, options: SqliteOptions) -> Result<Self, StoreError> {
        let path = path.into();
        let lock = place::claim(&path).map_err(|error| StoreError::Open(error.into()))?;
        let connection = connect(&path, &options)?;
        let open = |error: rusqlite::Error| StoreError::Open(error.into());
        let tables = Arc::new(TableIds::load(&connection).map_err(open)?);
        let short = Readers::open(&path, options.readers, Arc::clone(&tables)).map_err(open)?;
        let long = Arc::new(Readers::open(&path, options.readers, Arc::clone(&tables)).map_err(open)?);
        let load = Arc::new(Load::default());
        let (jobs, inbox) = mpsc::unbounded_channel();
        let writer = Writer {
            connection,
            tables,
            load: Arc::clone(&load),
            limit: GroupLimit { batches: options.group.max(1), bytes: options.group_bytes },
            inline: options.inline,
        };
        let writer = start(writer, inbox)?;
        let reader = reader::connect(&path).map_err(open)?;
        let upkeep = Upkeep::start(reader, jobs.clone(), Arc::clone(&load))
            .map_err(|error| StoreError::Open(error.into()))?;
        Ok(Self {
            path,
            short,
            long,
            load,
            upkeep: Some(upkeep),
            jobs: Some(jobs),
            writer: Some(writer),
            _lock: lock,
        })
    }

    /// Deletes now every body that no queue refers to any more, in small steps between the batches of others,
    /// and returns how many there were. A thread does the same from time to time.
    ///
    /// # Errors
    /// The file could not be read or written.
    pub async fn collect(&self) -> Result<u64, StoreError> {
        let (path, load) = (self.path.clone(), Arc::clone(&self.load));
        let jobs = self.jobs.clone().ok_or(StoreError::Closed)?;
        tokio::task::spawn_blocking(move || {
            let reader = reader::connect(&path).map_err(|error| StoreError::Read(error.into()))?;
            collect::collect(&reader, &jobs, Duration::ZERO, &|| !load.closing())
        })
        .await
        .map_err(|_| StoreError::Closed)?
    }

    async fn long<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Readers) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let readers = Arc::clone(&self.long);
        tokio::task::spawn_blocking(move || read(&readers)).await.map_err(|_| StoreError::Closed)?
    }
}

impl Store for SqliteStore {
    fn get(&self, table: Table, key: Bytes) -> BoxFuture<'_, Result<Option<Bytes>, StoreError>> {
        // A point read takes microseconds, less than handing it to another thread.
        Box::pin(async move { self.short.get(table, &key) })
    }

    fn scan(
        &self,
        table: Table,
        range: KeyRange,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<Pair>, StoreError>> {
        Box::pin(async move {
            if limit <= SHORT {
                return self.short.scan(table, &range, limit);
            }
            self.long(move |readers| readers.scan(table, &range, limit)).await
        })
    }

    fn read(
        &self,
        queue: QueueKey,
        after: Position,
        limit: ReadLimit,
    ) -> BoxFuture<'_, Result<Vec<Entry>, StoreError>> {
        Box::pin(async move {
            if limit.entries <= SHORT && limit.bytes <= SHORT_BYTES {
                return self.short.read(&queue, after, limit);
            }
            self.long(move |readers| readers.read(&queue, after, limit)).await
        })
    }

    fn commit(&self, batch: Batch) -> BoxFuture<'_, Result<Receipt, StoreError>> {
        Box::pin(async move {
            if batch.is_empty() {
                return Ok(Receipt::default());
            }
            let bytes = weigh(&batch)?;
            let (answer, receipt) = oneshot::channel();
            let jobs = self.jobs.as_ref().ok_or(StoreError::Closed)?;
            jobs.send(Job::Commit(Waiting { batch, bytes, answer })).map_err(|_| StoreError::Closed)?;
            receipt.await.map_err(|_| StoreError::Closed)?
        })
    }
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        self.upkeep.take();
        self.jobs.take();
        if let Some(writer) = self.writer.take() {
            // A panic there was already printed; its waiters got `Closed`.
            let _ = writer.join();
        }
    }
}

fn connect(path: &Path, options: &SqliteOptions) -> Result<Connection, StoreError> {
    let open = |error: rusqlite::Error| StoreError::Open(error.into());
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags).map_err(open)?;
    let mode: String =
        connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0)).map_err(open)?;
    if mode != "wal" {
        return Err(StoreError::Open("this file system does not support the write-ahead log".into()));
    }
    // What is deleted or replaced is overwritten in the pages that are written anyway: keys are destroyed this way.
    connection
        .execute_batch(&format!(
            "PRAGMA synchronous = FULL; PRAGMA secure_delete = FAST; PRAGMA wal_autocheckpoint = {}; \
             PRAGMA journal_size_limit = {}; PRAGMA cache_size = -{}; PRAGMA trusted_schema = OFF;",
            options.checkpoint_pages,
            u64::from(options.checkpoint_pages) * 8192,
            options.cache_kib,
        ))
        .map_err(open)?;
    schema::prepare(&mut connection, Kind::Service)?;
    Ok(connection)
}

fn start(writer: Writer, inbox: mpsc::UnboundedReceiver<Job>) -> Result<JoinHandle<()>, StoreError> {
    let (ready, begun) = std::sync::mpsc::sync_channel(1);
    let thread = std::thread::Builder::new()
        .name("store-writer".to_owned())
        .spawn(move || writer.run(inbox, &ready))
        .map_err(|error| StoreError::Open(error.into()))?;
    match begun.recv() {
        Ok(Ok(())) => Ok(thread),
        Ok(Err(error)) => Err(StoreError::Open(error.into())),
        Err(gone) => Err(StoreError::Open(gone.into())),
    }
}

/// The bytes of a batch. Refuses a piece that SQLite could refuse later, when it would take others' batches with it.
fn weigh(batch: &Batch) -> Result<usize, StoreError> {
    let mut sum = 0;
    let mut add = |piece: &Bytes| {
        sum += piece.len();
        if piece.len() > MAX_PIECE {
            return Err(StoreError::Write("a key, value, queue name or body is over 64 MiB".into()));
        }
        Ok(())
    };
    for assert in &batch.asserts {
        let (Assert::Absent { key, .. } | Assert::Equals { key, .. }) = assert;
        add(key)?;
    }
    for write in &batch.writes {
        match write {
            Write::Put { key, value, .. } => add(key).and_then(|()| add(value))?,
            Write::Delete { key, .. } => add(key)?,
            Write::Append { queues, body } => {
                add(body)?;
                queues.iter().try_for_each(|queue| add(&queue.0))?;
            }
            Write::Trim { queue, .. } => add(&queue.0)?,
        }
    }
    Ok(sum)
}
