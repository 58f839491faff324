//! Every backend of this crate against the suites.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use tempfile::TempDir;
use trefoil_store::{
    Blobs, FolderBlobs, LocalKey, LocalStore, LocalWakes, MemoryBlobs, MemoryStore, SqliteLocal,
    SqliteOptions, SqliteStore, Store, Wakes, conformance,
};

#[tokio::test(flavor = "multi_thread")]
async fn memory_store() {
    conformance::store_suite(async || Arc::new(MemoryStore::new()) as Arc<dyn Store>).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_store() {
    sqlite_store_with(SqliteOptions::default()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_store_with_bodies_inline() {
    sqlite_store_with(SqliteOptions { inline: 600, ..SqliteOptions::default() }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_store_with_the_smallest_limits() {
    let least = SqliteOptions {
        readers: 1,
        group: 1,
        group_bytes: 0,
        checkpoint_pages: 2,
        cache_kib: 64,
        ..SqliteOptions::default()
    };
    sqlite_store_with(least).await;
}

async fn sqlite_store_with(options: SqliteOptions) {
    let folder = TempDir::new().unwrap();
    let count = AtomicU32::new(0);
    conformance::store_suite(async || {
        let path = folder.path().join(count.fetch_add(1, Ordering::Relaxed).to_string());
        Arc::new(SqliteStore::open(path, options.clone()).unwrap()) as Arc<dyn Store>
    })
    .await;
    conformance::store_restart_suite(async || {
        Arc::new(SqliteStore::open(folder.path().join("restart"), options.clone()).unwrap()) as Arc<dyn Store>
    })
    .await;
}

#[test]
fn memory_local() {
    conformance::local_suite(|| Arc::new(MemoryStore::new()) as Arc<dyn LocalStore>);
}

#[test]
fn sqlite_local() {
    let folder = TempDir::new().unwrap();
    let count = AtomicU32::new(0);
    let key = LocalKey::new([7; 32]);
    let open = |name: &str| {
        Arc::new(SqliteLocal::open(folder.path().join(name), &key).unwrap()) as Arc<dyn LocalStore>
    };
    conformance::local_suite(|| open(&count.fetch_add(1, Ordering::Relaxed).to_string()));
    conformance::local_restart_suite(|| open("restart"));
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_blobs() {
    conformance::blobs_suite(async || Arc::new(MemoryBlobs::new()) as Arc<dyn Blobs>).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn folder_blobs() {
    let folder = TempDir::new().unwrap();
    let count = AtomicU32::new(0);
    conformance::blobs_suite(async || {
        let path = folder.path().join(count.fetch_add(1, Ordering::Relaxed).to_string()).join("blobs");
        Arc::new(FolderBlobs::open(path).unwrap()) as Arc<dyn Blobs>
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn local_wakes() {
    conformance::wakes_suite(async || Arc::new(LocalWakes::new()) as Arc<dyn Wakes>).await;
}
