//! The tree of `akd` on our store. Reading goes to what is held in memory, then to the store; what a publish writes is caught here, to be committed in
//! one batch with everything else that the epoch changes.
//!
//! `akd` takes a failed read for "not there" in places, and would begin a new tree over the old one. So a failure is
//! kept, and whoever used the nodes asks for it before believing anything.

use super::{DirectoryError, held::is_node, rows};
use akd::{
    AkdLabel, AkdValue,
    errors::StorageError,
    storage::{
        Database, DbSetState, Storable,
        types::{DbRecord, KeyData, ValueState, ValueStateRetrievalFlag},
    },
};
use async_trait::async_trait;
use bytes::Bytes;
use moka::sync::Cache;
use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use trefoil_store::{KeyRange, Store};

/// Cloned, it is the same.
#[derive(Clone)]
pub(super) struct Nodes {
    store: Arc<dyn Store>,
    held: Cache<Vec<u8>, DbRecord>,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    /// What a publish wrote, by key; `None` where nothing may be written.
    written: Option<BTreeMap<Vec<u8>, DbRecord>>,
    failed: Option<DirectoryError>,
}

impl Nodes {
    /// For proofs: writes are refused.
    pub(super) fn to_read(store: Arc<dyn Store>, held: Cache<Vec<u8>, DbRecord>) -> Self {
        Self { store, held, state: Arc::default() }
    }

    /// For a publish: writes are caught.
    pub(super) fn to_write(store: Arc<dyn Store>, held: Cache<Vec<u8>, DbRecord>) -> Self {
        let state = State { written: Some(BTreeMap::new()), failed: None };
        Self { store, held, state: Arc::new(Mutex::new(state)) }
    }

    /// What went wrong, if anything did: then nothing that was read or written counts.
    pub(super) fn check(&self) -> Result<(), DirectoryError> {
        self.lock().failed.take().map_or(Ok(()), Err)
    }

    /// What was written.
    pub(super) fn take_written(&self) -> Vec<(Vec<u8>, DbRecord)> {
        self.lock().written.take().unwrap_or_default().into_iter().collect()
    }

    async fn read(&self, key: Vec<u8>) -> Result<Option<DbRecord>, StorageError> {
        let caught = self.lock().written.as_ref().and_then(|written| written.get(&key).cloned());
        if caught.is_some() {
            return Ok(caught);
        }
        if let Some(held) = self.held.get(&key) {
            return Ok(Some(held));
        }
        let row = self.store.get(rows::NODES, key.clone().into()).await;
        let decoded = row
            .map_err(DirectoryError::Read)
            .and_then(|row| row.map(|row| rows::decode_node(&key, &row)).transpose());
        let found = decoded.map_err(|error| self.fail(error))?;
        if let Some(record) = found.as_ref().filter(|record| is_node(record)) {
            self.held.insert(key, record.clone());
        }
        Ok(found)
    }

    /// The newest state of a person: of all that is stored the one that comes first.
    async fn newest(&self, user: &AkdLabel, through: u64) -> Result<Option<ValueState>, StorageError> {
        let start = rows::value_key(user, through);
        let range = KeyRange { start: start.into(), end: KeyRange::prefix(rows::values_of(user)).end };
        let found = self.store.scan(rows::NODES, range, 1).await;
        let decoded = found.map_err(DirectoryError::Read).and_then(|found: Vec<(Bytes, Bytes)>| {
            found.first().map(|(key, row)| rows::decode_node(key, row)).transpose()
        });
        match decoded.map_err(|error| self.fail(error))? {
            Some(DbRecord::ValueState(state)) => Ok(Some(state)),
            _ => Ok(None),
        }
    }

    fn fail(&self, error: DirectoryError) -> StorageError {
        let text = error.to_string();
        self.lock().failed.get_or_insert(error);
        StorageError::Other(text)
    }

    fn write(&self, record: DbRecord) -> Result<(), StorageError> {
        match &mut self.lock().written {
            Some(written) => {
                written.insert(rows::node_key(&record), record);
                Ok(())
            }
            None => Err(StorageError::Other("these nodes are for reading".to_owned())),
        }
    }

    /// The state is whole between any two statements, so a panic elsewhere leaves it usable.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Database for Nodes {
    async fn set(&self, record: DbRecord) -> Result<(), StorageError> {
        self.write(record)
    }

    async fn batch_set(&self, records: Vec<DbRecord>, _: DbSetState) -> Result<(), StorageError> {
        records.into_iter().try_for_each(|record| self.write(record))
    }

    async fn get<St: Storable>(&self, id: &St::StorageKey) -> Result<DbRecord, StorageError> {
        let key = rows::key_of::<St>(id).map_err(StorageError::Other)?;
        self.read(key).await?.ok_or_else(|| StorageError::NotFound("no such node".to_owned()))
    }

    async fn batch_get<St: Storable>(&self, ids: &[St::StorageKey]) -> Result<Vec<DbRecord>, StorageError> {
        let mut found = Vec::with_capacity(ids.len());
        for id in ids {
            let key = rows::key_of::<St>(id).map_err(StorageError::Other)?;
            found.extend(self.read(key).await?);
        }
        Ok(found)
    }

    async fn get_user_data(&self, user: &AkdLabel) -> Result<KeyData, StorageError> {
        // Proofs are made of the newest version alone.
        let newest = self.newest(user, u64::MAX).await?;
        let newest = newest.ok_or_else(|| StorageError::NotFound("no such person".to_owned()))?;
        Ok(KeyData { states: vec![newest] })
    }

    async fn get_user_state(
        &self,
        user: &AkdLabel,
        flag: ValueStateRetrievalFlag,
    ) -> Result<ValueState, StorageError> {
        let through = match flag {
            ValueStateRetrievalFlag::MaxEpoch => u64::MAX,
            ValueStateRetrievalFlag::LeqEpoch(epoch) => epoch,
            _ => return Err(StorageError::Other("states are read by their newest epoch only".to_owned())),
        };
        let newest = self.newest(user, through).await?;
        newest.ok_or_else(|| StorageError::NotFound("no such person".to_owned()))
    }

    async fn get_user_state_versions(
        &self,
        users: &[AkdLabel],
        flag: ValueStateRetrievalFlag,
    ) -> Result<HashMap<AkdLabel, (u64, AkdValue)>, StorageError> {
        let mut versions = HashMap::with_capacity(users.len());
        for user in users {
            match self.get_user_state(user, flag).await {
                Ok(state) => {
                    versions.insert(user.clone(), (state.version, state.value));
                }
                Err(StorageError::NotFound(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(versions)
    }
}
