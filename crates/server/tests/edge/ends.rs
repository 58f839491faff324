//! A service that ends by itself says so to whoever started it.

use super::world::*;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use std::sync::Arc;
use trefoil_server::{Config, Parts, RunError, Service, clock::SystemClock, secrets::Secrets};
use trefoil_store::{
    Batch, Entry, KeyRange, LocalWakes, MemoryBlobs, MemoryStore, Pair, Position, QueueKey, ReadLimit,
    Receipt, Store, StoreError, Table,
};

/// A store with a defect that shows when the outbox begins.
struct Defective(MemoryStore);

impl Store for Defective {
    fn get(&self, table: Table, key: Bytes) -> BoxFuture<'_, Result<Option<Bytes>, StoreError>> {
        Store::get(&self.0, table, key)
    }

    fn scan(
        &self,
        table: Table,
        range: KeyRange,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<Pair>, StoreError>> {
        assert_ne!(table.name(), "federation.peers", "as the test asked for");
        Store::scan(&self.0, table, range, limit)
    }

    fn read(
        &self,
        queue: QueueKey,
        after: Position,
        limit: ReadLimit,
    ) -> BoxFuture<'_, Result<Vec<Entry>, StoreError>> {
        Store::read(&self.0, queue, after, limit)
    }

    fn commit(&self, batch: Batch) -> BoxFuture<'_, Result<Receipt, StoreError>> {
        Store::commit(&self.0, batch)
    }
}

#[tokio::test]
async fn a_service_whose_outbox_died_does_not_end_as_if_it_was_asked_to() {
    let world = World::new();
    let (text, _) = world.configuration("account", "account.test", 0);
    let parts = Parts {
        store: Arc::new(Defective(MemoryStore::new())),
        blobs: Arc::new(MemoryBlobs::new()),
        wakes: Arc::new(LocalWakes::new()),
        clock: Arc::new(SystemClock),
        secrets: Secrets::ephemeral(),
        link: None,
    };
    let service = Service::with_parts(Config::parse(&text, []).unwrap(), parts).unwrap();
    let ended = service.run(std::future::pending()).await;
    assert!(matches!(ended, Err(RunError::Outbox(Some(_)))), "{ended:?}");
}
