//! What lies on the disk: modes, locks, versions, ciphertext, and bodies that are collected.
#![allow(clippy::unwrap_used)]

use bytes::Bytes;
use std::error::Error;
use std::path::Path;
use tempfile::TempDir;
use trefoil_store::{
    Batch, Blobs, FolderBlobs, LocalKey, LocalStore, Position, QueueKey, ReadLimit, SqliteLocal,
    SqliteOptions, SqliteStore, Store, StoreError, Table,
};

const ROWS: Table = Table::new("files.rows");

fn service(path: &Path) -> Result<SqliteStore, StoreError> {
    SqliteStore::open(path, SqliteOptions::default())
}

fn reason<T>(result: Result<T, StoreError>) -> String {
    match result {
        Err(error @ StoreError::Open(_)) => error.source().unwrap().to_string(),
        Err(other) => panic!("another error: {other:?}"),
        Ok(_) => panic!("it opened"),
    }
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_may_read() {
    use std::os::unix::fs::PermissionsExt;
    let folder = TempDir::new().unwrap();
    let root = folder.path().join("deep").join("state");
    let store = service(&root.join("service.db")).unwrap();
    let local = SqliteLocal::open(root.join("local.db"), &LocalKey::new([1; 32])).unwrap();
    let blobs = FolderBlobs::open(root.join("blobs")).unwrap();
    let mut batch = Batch::new();
    batch.put(ROWS, "a", "b");
    local.commit(batch.clone()).unwrap();
    store.commit(batch).await.unwrap();
    blobs.append("blob", 0, "x".into()).await.unwrap();
    let mut open = vec![folder.path().join("deep")];
    let mut files = 0;
    while let Some(path) = open.pop() {
        let mode = std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        if path.is_dir() {
            assert_eq!(mode, 0o700, "{path:?}");
            open.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else {
            assert_eq!(mode, 0o600, "{path:?}");
            files += 1;
        }
    }
    assert!(files >= 6, "databases, logs, locks and the blob were all looked at, not only {files} files");
}

#[tokio::test]
async fn a_store_has_one_owner() {
    let folder = TempDir::new().unwrap();
    let (path, local) = (folder.path().join("service"), folder.path().join("local"));
    let key = LocalKey::new([1; 32]);
    let first = (service(&path).unwrap(), SqliteLocal::open(&local, &key).unwrap());
    assert!(reason(service(&path)).contains("another process"));
    assert!(reason(SqliteLocal::open(&local, &key)).contains("another process"));
    drop(first);
    service(&path).unwrap();
    SqliteLocal::open(&local, &key).unwrap();
}

#[test]
fn a_newer_schema_is_refused() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("store");
    drop(service(&path).unwrap());
    rusqlite::Connection::open(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
    assert!(matches!(service(&path), Err(StoreError::NewerSchema { found: 99, known: 1 })));
}

#[test]
fn a_file_of_another_kind_is_refused() {
    let folder = TempDir::new().unwrap();
    let key = LocalKey::new([1; 32]);
    let (path, other) = (folder.path().join("store"), folder.path().join("text"));
    drop(service(&path).unwrap());
    reason(SqliteLocal::open(&path, &key));
    std::fs::write(&other, "no database, but long enough to be looked at as if it were one".repeat(100))
        .unwrap();
    reason(service(&other));
    reason(SqliteLocal::open(&other, &key));
}

#[test]
fn a_device_file_holds_no_plaintext() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("store");
    let secrets =
        ["files.rows", "the key of a row", "what nobody else may read", "sqlite_master", "table_name"];
    let key = LocalKey::new([0x5A; 32]);
    let store = SqliteLocal::open(&path, &key).unwrap();
    for n in 0..200 {
        let mut batch = Batch::new();
        batch.put(ROWS, format!("{} {n}", secrets[1]), secrets[2].repeat(40));
        store.commit(batch).unwrap();
    }
    // While it is open most is in the log; once closed, in the file.
    let mut seen = search(folder.path(), &secrets);
    drop(store);
    seen += search(folder.path(), &secrets);
    assert!(seen > 200 * 1000, "only {seen} bytes were searched");

    let wrong = reason(SqliteLocal::open(&path, &LocalKey::new([0x5B; 32])));
    assert!(wrong.contains("key is wrong"), "{wrong}");
    let store = SqliteLocal::open(&path, &key).unwrap();
    assert!(store.get(ROWS, b"the key of a row 7").unwrap().is_some(), "the wrong key did no harm");
    let key = [0x5A; 32];
    let key = std::str::from_utf8(&key).unwrap();
    search(folder.path(), &[key, "5a5a5a5a5a5a5a5a", "5A5A5A5A5A5A5A5A"]);
}

/// Looks through every file for what must not be there; returns how many bytes that were.
fn search(folder: &Path, secrets: &[&str]) -> usize {
    let mut seen = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        seen += bytes.len();
        for secret in secrets {
            let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "{secret:?} is in {path:?}");
        }
    }
    seen
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_without_references_are_collected() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("store");
    let store = service(&path).unwrap();
    let queue = |n: u32| QueueKey::new(n.to_be_bytes().to_vec());
    let mut batch = Batch::new();
    for n in 0..3000_u32 {
        batch.append(vec![queue(n % 50), queue(100)], n.to_be_bytes().to_vec());
    }
    let positions = store.commit(batch).await.unwrap().positions;
    assert_eq!(store.collect().await.unwrap(), 0, "everything is referenced");
    let mut batch = Batch::new();
    for n in 1..50 {
        batch.trim(queue(n), Position(u64::MAX));
    }
    store.commit(batch).await.unwrap();
    assert_eq!(store.collect().await.unwrap(), 0, "everything is still referenced once");
    let mut batch = Batch::new();
    batch.trim(queue(100), positions[1999]);
    store.commit(batch).await.unwrap();
    // Of the first 2000 the 40 in queue 0 are still referenced. New entries do not disturb a pass.
    let (deleted, _) = tokio::join!(store.collect(), async {
        for _ in 0..200 {
            let mut batch = Batch::new();
            batch.append(vec![queue(200), queue(201)], "new");
            store.commit(batch).await.unwrap();
        }
    });
    assert_eq!(deleted.unwrap(), 1960);
    assert_eq!(store.collect().await.unwrap(), 0);
    let limit = ReadLimit { entries: 10_000, bytes: usize::MAX };
    let read = async |n| store.read(queue(n), Position(0), limit).await.unwrap();
    assert_eq!(read(0).await.len(), 60);
    for (entry, n) in read(0).await.iter().zip((0_u32..).step_by(50)) {
        assert_eq!(entry.body, Bytes::copy_from_slice(&n.to_be_bytes()), "what is left is whole");
    }
    assert_eq!(read(100).await.len(), 1000);
    assert_eq!(read(200).await.len(), 200);
}

#[tokio::test]
async fn a_piece_too_large_fails_alone() {
    let folder = TempDir::new().unwrap();
    let store = service(&folder.path().join("store")).unwrap();
    let mut large = Batch::new();
    large.put(ROWS, "large", vec![0; (64 << 20) + 1]);
    let mut small = Batch::new();
    small.put(ROWS, "small", "");
    let (large, small) = tokio::join!(store.commit(large), store.commit(small));
    assert!(matches!(large, Err(StoreError::Write(_))));
    assert!(small.is_ok());
}

/// The thread that collects by itself: once after an open, and after enough was trimmed.
#[tokio::test(flavor = "multi_thread")]
async fn bodies_are_collected_without_being_asked() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("store");
    let queues = || vec![QueueKey::new("one"), QueueKey::new("two")];
    for trimmed_before_reopening in [true, false] {
        let store = service(&path).unwrap();
        let mut batch = Batch::new();
        for n in 0..5000_u32 {
            batch.append(queues(), n.to_be_bytes().to_vec());
        }
        store.commit(batch).await.unwrap();
        if !trimmed_before_reopening {
            // The pass after opening finds nothing to delete; only the trims below give a reason for another.
            tokio::time::sleep(std::time::Duration::from_millis(800)).await;
            assert_eq!(payloads(&path), 5000);
        }
        let mut batch = Batch::new();
        for queue in queues() {
            batch.trim(queue, Position(u64::MAX));
        }
        store.commit(batch).await.unwrap();
        let store = if trimmed_before_reopening {
            drop(store);
            service(&path).unwrap()
        } else {
            store
        };
        for _ in 0..300 {
            if payloads(&path) == 0 {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        assert_eq!(payloads(&path), 0);
        drop(store);
    }
}

fn payloads(path: &Path) -> u32 {
    let reader = rusqlite::Connection::open(path).unwrap();
    reader.query_row("SELECT count(*) FROM payload", [], |row| row.get(0)).unwrap()
}
