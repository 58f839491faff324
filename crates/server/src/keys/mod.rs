//! Key packages: published by devices, claimed once each by those who want to add them to a room.
//!
//! A one-use package leaves the store in the commit that hands it out, and its name stays behind until it would have
//! expired: it can be neither claimed nor published a second time. Nobody records who claimed it.

mod api;
mod decide;
mod error;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzzing;
mod rows;
#[cfg(test)]
mod tests;

pub use api::{Claim, Low, Supply};
pub use decide::{ALLOWED_SUITES, requester};
pub use error::KeysError;
pub use rows::TABLES;

use decide::Checked;
use futures_util::future::join_all;
use rand::Rng as _;
use rows::PackageRow;
use std::{collections::HashSet, sync::Arc};
use trefoil_proto::{
    DeviceUri, Timestamp, UserUri,
    edge::{KeyPackageCount, KeyPackageCounts, NewDevice, PublishKeyPackages},
    limits,
    mimi::key_material::{ClientKeyMaterial, ClientKeyMaterialStatus, RequiredCapabilities},
    mls::KeyPackage,
};
use trefoil_store::{Batch, KeyRange, Pair, Store, StoreError, Table};

/// One-use packages left at which a device is told to publish more; told again at half of it and at none.
pub const LOW: usize = 10;
/// Packages that a claim looks at: one more than it takes to know that few are left, and enough to spread claims.
const CANDIDATES: usize = 16;
/// How often a claim is tried again because another one took the same package.
const ATTEMPTS: usize = 32;

/// The key packages of a service's devices.
pub struct Keys {
    store: Arc<dyn Store>,
}

impl Keys {
    /// The key packages in a store.
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self { store }
    }

    /// Publishes the key packages of a registered device. All are good, or none is taken; what is there already stays
    /// as it is.
    ///
    /// # Errors
    /// [`KeysError::Invalid`] says which check failed; [`KeysError::TooMany`]; the store failed.
    pub async fn publish(
        &self,
        owner: &NewDevice,
        request: PublishKeyPackages,
        now: Timestamp,
    ) -> Result<(), KeysError> {
        if request.one_use.len() > limits::KEY_PACKAGES || request.last_resort.len() > ALLOWED_SUITES.len() {
            return Err(KeysError::TooMany);
        }
        let (device, owner) = (&owner.uri, owner.clone());
        let checked = tokio::task::spawn_blocking(move || decide::check_all(&owner, &request, now))
            .await
            .map_err(|_| KeysError::CheckStopped)??;
        for _ in 0..ATTEMPTS {
            let mut batch = Batch::new();
            for suite in ALLOWED_SUITES {
                self.add_one_use(device, suite, &checked.one_use, now, &mut batch).await?;
            }
            for package in &checked.last_resort {
                batch.put(rows::LAST_RESORT, rows::suite_prefix(device, package.suite), package.row.encode());
            }
            if batch.is_empty() || self.commit(batch).await? {
                return Ok(());
            }
        }
        Err(KeysError::Contended)
    }

    /// How many one-use packages of a device are left, by suite.
    ///
    /// # Errors
    /// The store failed.
    pub async fn counts(&self, device: &DeviceUri, now: Timestamp) -> Result<KeyPackageCounts, KeysError> {
        let mut one_use = Vec::new();
        for ciphersuite in ALLOWED_SUITES {
            let found =
                self.scan(rows::PACKAGES, rows::suite_prefix(device, ciphersuite), usize::MAX).await?;
            let mut left = 0;
            for (_, value) in &found {
                left += u32::from(PackageRow::decode(value)?.good_at(now));
            }
            one_use.push(KeyPackageCount { ciphersuite, left });
        }
        Ok(KeyPackageCounts { one_use })
    }

    /// Claims one package of each device, of the first suite in the order given that the device has one of; its last
    /// resort if it has no other, or if the supply is limited to it. `None` for devices: there is no such person.
    ///
    /// # Errors
    /// The store failed.
    pub async fn claim(
        &self,
        target: UserUri,
        devices: Option<&[DeviceUri]>,
        supply: Supply,
        suites: &[u16],
        required: &RequiredCapabilities,
        now: Timestamp,
    ) -> Result<Claim, KeysError> {
        let Some(devices) = devices else { return Ok(Claim::unknown(target)) };
        // Every suite once, and none that nobody can have published: a long list must not cost reads.
        let mut wanted: Vec<u16> = Vec::with_capacity(ALLOWED_SUITES.len());
        for suite in suites {
            if ALLOWED_SUITES.contains(suite) && !wanted.contains(suite) {
                wanted.push(*suite);
            }
        }
        let claims = devices
            .iter()
            .take(limits::DEVICES)
            .map(|device| self.claim_one(device, supply, &wanted, required, now));
        let mut clients = Vec::new();
        let mut low = Vec::new();
        for (device, outcome) in devices.iter().zip(join_all(claims).await) {
            let (status, left) = outcome?;
            clients.push(ClientKeyMaterial { status, client_uri: device.clone() });
            low.extend(left.map(|left| Low { device: device.clone(), left }));
        }
        Ok(Claim::of(target, clients, low))
    }

    /// Forgets everything of a device that was removed from its account.
    ///
    /// # Errors
    /// The store failed.
    pub async fn remove(&self, device: &DeviceUri) -> Result<(), KeysError> {
        for table in [rows::PACKAGES, rows::LAST_RESORT, rows::SPENT] {
            loop {
                let found = self.scan(table, rows::device_prefix(device), 256).await?;
                if found.is_empty() {
                    break;
                }
                let mut batch = Batch::new();
                for (key, _) in found {
                    batch.delete(table, key);
                }
                self.store.commit(batch).await.map_err(KeysError::Write)?;
            }
        }
        Ok(())
    }

    /// Forgets the names of spent packages that would have expired.
    ///
    /// # Errors
    /// The store failed.
    pub async fn sweep(&self, now: Timestamp) -> Result<(), KeysError> {
        let mut range = KeyRange::all();
        loop {
            let page = self.store.scan(rows::SPENT, range.clone(), 512).await.map_err(KeysError::Read)?;
            let Some((last, _)) = page.last() else { return Ok(()) };
            range.start = [last, [0].as_slice()].concat().into();
            let mut batch = Batch::new();
            for (key, value) in &page {
                if rows::spent_until(value)? <= now.0 / 1000 {
                    batch.delete(rows::SPENT, key.clone());
                }
            }
            if !batch.is_empty() {
                self.store.commit(batch).await.map_err(KeysError::Write)?;
            }
        }
    }

    /// Adds the packages of one suite to a batch; drops those of the store that have expired.
    async fn add_one_use(
        &self,
        device: &DeviceUri,
        suite: u16,
        all: &[Checked],
        now: Timestamp,
        batch: &mut Batch,
    ) -> Result<(), KeysError> {
        let new: Vec<_> = all.iter().filter(|package| package.suite == suite).collect();
        if new.is_empty() {
            return Ok(());
        }
        let prefix = rows::suite_prefix(device, suite);
        let there = self.scan(rows::PACKAGES, prefix.clone(), usize::MAX).await?;
        let spent = self.scan(rows::SPENT, prefix, usize::MAX).await?;
        let mut known: HashSet<_> = spent.into_iter().map(|(key, _)| key).collect();
        let mut kept = 0;
        for (key, value) in there {
            if PackageRow::decode(&value)?.good_at(now) {
                kept += 1;
                known.insert(key);
            } else {
                batch.delete(rows::PACKAGES, key);
            }
        }
        for package in new {
            let key = rows::package_key(device, suite, &package.row.package);
            if known.insert(key.clone()) {
                kept += 1;
                batch.assert_absent(rows::SPENT, key.clone());
                batch.put(rows::PACKAGES, key, package.row.encode());
            }
        }
        if kept > limits::KEY_PACKAGES { Err(KeysError::TooMany) } else { Ok(()) }
    }

    /// One device's package, and how many are left if it should hear of it.
    async fn claim_one(
        &self,
        device: &DeviceUri,
        supply: Supply,
        suites: &[u16],
        required: &RequiredCapabilities,
        now: Timestamp,
    ) -> Result<(ClientKeyMaterialStatus, Option<u32>), KeysError> {
        let mut incompatible = false;
        let one_use = if supply == Supply::All { suites } else { &[] };
        for suite in one_use {
            for _ in 0..ATTEMPTS {
                let found = self.scan(rows::PACKAGES, rows::suite_prefix(device, *suite), CANDIDATES).await?;
                let (good, expired) = decide::sort_out(found, now)?;
                if good.is_empty() && !expired.is_empty() {
                    self.drop_rows(expired).await?;
                    continue;
                }
                let left = good.len().saturating_sub(1);
                let mut fitting: Vec<_> =
                    good.into_iter().filter(|package| package.row.supports(required)).collect();
                if fitting.is_empty() {
                    incompatible |= left > 0;
                    break;
                }
                let chosen = fitting.swap_remove(rand::rng().random_range(0..fitting.len()));
                let mut batch = Batch::new();
                batch.assert_equals(rows::PACKAGES, chosen.key.clone(), chosen.value);
                batch.delete(rows::PACKAGES, chosen.key.clone());
                batch.put(rows::SPENT, chosen.key, rows::encode_spent(chosen.row.not_after));
                if self.commit(batch).await? {
                    let package = KeyPackage::from_bytes(chosen.row.package.into())
                        .map_err(|_| KeysError::DamagedRow)?;
                    return Ok((ClientKeyMaterialStatus::Success(package), decide::worth_telling(left)));
                }
            }
        }
        for suite in suites {
            let key = rows::suite_prefix(device, *suite);
            let value = self.store.get(rows::LAST_RESORT, key.into()).await.map_err(KeysError::Read)?;
            let Some(row) = value.map(|value| PackageRow::decode(&value)).transpose()? else { continue };
            if !row.good_at(now) {
                continue;
            }
            if row.supports(required) {
                let package =
                    KeyPackage::from_bytes(row.package.into()).map_err(|_| KeysError::DamagedRow)?;
                return Ok((ClientKeyMaterialStatus::Success(package), None));
            }
            incompatible = true;
        }
        let status = if incompatible || self.has_any(device).await? {
            ClientKeyMaterialStatus::NothingCompatible
        } else {
            ClientKeyMaterialStatus::KeyMaterialExhausted
        };
        Ok((status, None))
    }

    async fn has_any(&self, device: &DeviceUri) -> Result<bool, KeysError> {
        let prefix = rows::device_prefix(device);
        Ok(!self.scan(rows::PACKAGES, prefix.clone(), 1).await?.is_empty()
            || !self.scan(rows::LAST_RESORT, prefix, 1).await?.is_empty())
    }

    async fn drop_rows(&self, keys: Vec<bytes::Bytes>) -> Result<(), KeysError> {
        let mut batch = Batch::new();
        for key in keys {
            batch.delete(rows::PACKAGES, key);
        }
        self.store.commit(batch).await.map(drop).map_err(KeysError::Write)
    }

    async fn scan(&self, table: Table, prefix: Vec<u8>, limit: usize) -> Result<Vec<Pair>, KeysError> {
        // More than a device may keep, and so everything; a bound even if rows were added by other means.
        let limit = limit.min(limits::KEY_PACKAGES * 64);
        self.store.scan(table, KeyRange::prefix(prefix), limit).await.map_err(KeysError::Read)
    }

    /// False if an assert did not hold: look again.
    async fn commit(&self, batch: Batch) -> Result<bool, KeysError> {
        match self.store.commit(batch).await {
            Ok(_) => Ok(true),
            Err(StoreError::AssertFailed { .. }) => Ok(false),
            Err(error) => Err(KeysError::Write(error)),
        }
    }
}
