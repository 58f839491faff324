//! Accounts: the people of one service and their devices, by the rules of its profile.
//!
//! A person is an opaque id, an account key and a list of devices. Who they are outside (handle, number) is stored
//! only as an HMAC under a key that is not in the database, and resolves by exact match only; an account name is not
//! stored at all.

mod api;
mod code;
mod decide;
mod error;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzzing;
mod rows;
#[cfg(test)]
mod tests;

pub use api::{Accepted, Person};
pub use code::{CodeSender, CodeSenderError};
pub use error::AccountsError;
pub use rows::TABLES;

use crate::{
    directory::Directory,
    discovery::Discovery,
    minors::Minors,
    rate::{Rate, Rates},
    secrets::SecretKey,
};
use decide::{Identity, Lookup};
use moka::sync::Cache;
use rows::{CodeRow, IdentifierRow, PersonRow};
use std::{num::NonZeroU32, sync::Arc, time::Duration};
use trefoil_proto::{
    DeviceUri, Domain, Timestamp, UserId, Wire as _,
    edge::{
        AddDeviceRequest, CodeRequest, Identifier, NewDevice, Profile, RegisterRequest, RemoveDeviceRequest,
    },
    limits,
    mimi::identifier::{IdentifierQueryCode, IdentifierRequest, IdentifierResponse},
    recovery::{BeginRecoveryRequest, RecoverRequest, RecoveryBegun},
};
use trefoil_store::{Batch, KeyRange, Store, StoreError};

/// How often an act is decided again because another one changed the rows it rests on.
const ATTEMPTS: usize = 8;
/// How long a one-time code is good, in milliseconds.
const CODE_LIFE: u64 = 10 * 60 * 1000;
/// Wrong codes until a code is void.
const CODE_TRIES: u8 = 5;
/// Devices whose existence is remembered.
const KNOWN: u64 = 100_000;

/// What the room is told when the service opens.
pub struct Settings {
    /// The service's domain.
    pub domain: Domain,
    /// Its kind.
    pub profile: Profile,
    /// HMAC key over identifiers.
    pub identifiers: SecretKey,
    /// HMAC key over one-time codes.
    pub codes: SecretKey,
    /// How codes reach a phone.
    pub sender: CodeSender,
    /// Codes an hour to one number.
    pub codes_per_hour: NonZeroU32,
    /// Codes an hour in all.
    pub codes_per_hour_in_all: NonZeroU32,
    /// Accounts an hour in all.
    pub registrations_per_hour_in_all: NonZeroU32,
}

/// The people of a service.
pub struct Accounts {
    store: Arc<dyn Store>,
    directory: Arc<Directory>,
    discovery: Arc<Discovery>,
    minors: Arc<Minors>,
    settings: Settings,
    codes_to_number: Rates,
    codes_in_all: Rates,
    registrations_in_all: Rates,
    /// Devices that were there not long ago. Only presence is remembered, so that a new device is never overlooked.
    known: Cache<DeviceUri, ()>,
}

impl Accounts {
    /// The accounts in a store.
    pub fn new(
        store: Arc<dyn Store>,
        directory: Arc<Directory>,
        discovery: Arc<Discovery>,
        minors: Arc<Minors>,
        settings: Settings,
    ) -> Self {
        let rate = |count| Rates::new(Rate::per_hour(count));
        let codes_to_number = rate(settings.codes_per_hour);
        let codes_in_all = rate(settings.codes_per_hour_in_all);
        let registrations_in_all = rate(settings.registrations_per_hour_in_all);
        let known = Cache::builder().max_capacity(KNOWN).time_to_live(Duration::from_secs(60)).build();
        Self {
            store,
            directory,
            discovery,
            minors,
            settings,
            codes_to_number,
            codes_in_all,
            registrations_in_all,
            known,
        }
    }

    /// Sends a one-time code to a number. Beyond the number's rate nothing is sent, and nobody is told.
    ///
    /// # Errors
    /// The profile has no numbers, the number is none, as many codes as may be were sent to all numbers together, or
    /// the store failed.
    pub async fn request_code(&self, request: &CodeRequest, now: Timestamp) -> Result<(), AccountsError> {
        if self.settings.profile != Profile::Phone {
            return Err(AccountsError::OtherProfile);
        }
        let number = decide::number(&request.number)?;
        let key = decide::identifier_mac(&self.settings.identifiers, Profile::Phone, number);
        if self.codes_to_number.check(&key, now).is_err() {
            return Ok(());
        }
        self.codes_in_all.check(&(), now).map_err(AccountsError::TooMany)?;
        let code = code::random();
        let row = CodeRow {
            code: decide::code_mac(&self.settings.codes, &key, code.as_bytes()),
            expires: now.plus_millis(CODE_LIFE),
            tries_left: CODE_TRIES,
        };
        let mut batch = Batch::new();
        batch.put(rows::CODES, key.to_vec(), row.encode());
        self.store.commit(batch).await.map_err(AccountsError::StoreCode)?;
        self.settings.sender.send(number.to_owned(), code, now);
        Ok(())
    }

    /// Whether exactly this request made the account that there is.
    ///
    /// # Errors
    /// The store failed.
    pub async fn was_made_by(&self, request: &RegisterRequest) -> Result<bool, AccountsError> {
        let row = self.person_row(&request.tbs.device.uri.user).await?;
        Ok(row.is_some_and(|row| row.registration == decide::digest(request)))
    }

    /// Makes an account with its first device, and enters it into the key directory, in one commit with what the caller adds
    /// to it: the end of the pass. Byte-exact repetition changes nothing.
    ///
    /// # Errors
    /// The request is not true, the identifier is not acceptable or taken, the code is wrong, the ids are in use, the
    /// device set is refused; [`AccountsError::Contended`] if what the caller added does not hold.
    pub async fn register(
        &self,
        request: &RegisterRequest,
        also: &Batch,
        now: Timestamp,
    ) -> Result<Accepted, AccountsError> {
        decide::genuine(request, &self.settings.domain)?;
        let identity =
            decide::identity(&request.tbs.identifier, self.settings.profile, &self.settings.identifiers)?;
        let digest = decide::digest(request);
        for _ in 0..ATTEMPTS {
            let user = &request.tbs.device.uri.user;
            if let Some(row) = self.person_row(user).await? {
                return if row.registration == digest {
                    Ok(Accepted::Repeated)
                } else {
                    Err(AccountsError::IdsInUse)
                };
            }
            Directory::begins(&request.tbs.device_set, now).map_err(AccountsError::Directory)?;
            let mut batch = also.clone();
            self.prove(&identity, &request.tbs.identifier, &mut batch, now).await?;
            let row = PersonRow {
                created_day: decide::day(now),
                account_key: request.tbs.device.authorisation.account_key,
                registration: digest,
                identifier: identity.key().map_or_else(Vec::new, |key| key.to_vec()),
                devices: vec![request.tbs.device.clone()],
            };
            batch.assert_absent(rows::PEOPLE, rows::person_key(user));
            batch.put(rows::PEOPLE, rows::person_key(user), row.encode());
            self.publish(&mut batch, user, &row, &request.tbs.device_set).await?;
            if let Some((key, exact)) = identity.unique() {
                let taken = self.store.get(rows::IDENTIFIERS, key.to_vec().into()).await;
                if taken.map_err(AccountsError::ReadAccount)?.is_some() {
                    return Err(AccountsError::Taken);
                }
                batch.assert_absent(rows::IDENTIFIERS, key.to_vec());
                batch.put(
                    rows::IDENTIFIERS,
                    key.to_vec(),
                    IdentifierRow { exact: *exact, user: user.clone() }.encode(),
                );
            }
            let number = decide::number_of(&request.tbs.identifier)?;
            match (number, &request.tbs.minor) {
                (Some(number), None) => {
                    self.discovery.enter(&mut batch, number, user).map_err(AccountsError::Discovery)?;
                }
                (number, Some(marking)) => {
                    let entry = number.map(|number| self.discovery.withheld(number, user)).transpose();
                    let entry = entry.map_err(AccountsError::Discovery)?.unwrap_or_default();
                    self.minors.mark(&mut batch, user, marking, entry, now).map_err(AccountsError::Minors)?;
                }
                (None, None) => {}
            }
            self.registrations_in_all.check(&(), now).map_err(AccountsError::TooMany)?;
            match self.store.commit(batch).await {
                Ok(_) => {}
                // No other attempt would mend that.
                Err(StoreError::AssertFailed { index }) if index < also.asserts.len() => break,
                Err(StoreError::AssertFailed { .. }) => continue,
                Err(error) => return Err(AccountsError::StoreAccount(error)),
            }
            if number.is_some() && request.tbs.minor.is_none() {
                self.discovery.entered();
            }
            self.directory.ring();
            return Ok(Accepted::New);
        }
        Err(AccountsError::Contended)
    }

    /// Takes another device into the caller's account. Byte-exact repetition changes nothing.
    ///
    /// # Errors
    /// It is not of the caller's account, its authorisation does not verify or is by another account key, its id or
    /// key is in use, there are too many, or the device set is refused.
    pub async fn add_device(
        &self,
        caller: &DeviceUri,
        request: &AddDeviceRequest,
    ) -> Result<Accepted, AccountsError> {
        let device = &request.device;
        for _ in 0..ATTEMPTS {
            let (old, mut row) = self.own(caller).await?;
            if row.devices.contains(device) {
                return Ok(Accepted::Repeated);
            }
            decide::may_join(&row, caller, device)?;
            row.devices.push(device.clone());
            let mut batch = Batch::new();
            self.publish(&mut batch, &caller.user, &row, &request.device_set).await?;
            if self.replace(&caller.user, old, &row, batch).await? {
                self.directory.ring();
                return Ok(Accepted::New);
            }
        }
        Err(AccountsError::Contended)
    }

    /// Removes a device of the caller's account, in one commit with what the caller adds to it: the end of the
    /// device's tokens. What else it left behind (key packages, its mailbox) is the caller's to remove.
    ///
    /// # Errors
    /// The account's key did not sign this lately, there is no such device, it is the last one, or
    /// [`AccountsError::Contended`]: look at everything again.
    pub async fn remove_device(
        &self,
        caller: &DeviceUri,
        removal: &RemoveDeviceRequest,
        mut also: Batch,
        now: Timestamp,
    ) -> Result<(), AccountsError> {
        let (old, mut row) = self.own(caller).await?;
        let device = &removal.tbs.device;
        removal.verify(&row.account_key, now).map_err(|_| AccountsError::BadSignature)?;
        let place = row.devices.iter().position(|known| known.uri == *device);
        row.devices.remove(place.ok_or(AccountsError::NoSuchDevice)?);
        if row.devices.is_empty() {
            return Err(AccountsError::LastDevice);
        }
        self.publish(&mut also, &caller.user, &row, &removal.device_set).await?;
        if self.replace(&caller.user, old, &row, also).await? {
            self.directory.ring();
            self.known.invalidate(device);
            Ok(())
        } else {
            Err(AccountsError::Contended)
        }
    }

    /// The newest device set of an account, for a new device that has its key. Who is not there and who did not sign look
    /// alike.
    ///
    /// # Errors
    /// [`AccountsError::BadSignature`]; the store failed.
    pub async fn begin_recovery(
        &self,
        request: &BeginRecoveryRequest,
    ) -> Result<RecoveryBegun, AccountsError> {
        let (_, row) = self.recovering(&request.tbs.device).await?;
        request.verify(&row.account_key).map_err(|_| AccountsError::BadSignature)?;
        let set = self.directory.newest_set(&request.tbs.device.user).await;
        let set = set.map_err(AccountsError::Directory)?.ok_or(AccountsError::DamagedRow)?;
        Ok(RecoveryBegun { device_set: set.encode() })
    }

    /// Gives an account one new device in the place of all others, on the word of its key alone, in one commit with what
    /// the caller adds to it: the end of the others' tokens, and of the challenge. Returns the devices that are gone;
    /// what they left behind (key packages, mailboxes) is the caller's to remove. Byte-exact repetition changes nothing.
    ///
    /// # Errors
    /// The account's key did not sign this, the device is not of the account or its id or key is in use, the device set
    /// is refused, or [`AccountsError::Contended`]: look at everything again.
    pub async fn recover(
        &self,
        request: &RecoverRequest,
        mut also: Batch,
    ) -> Result<Vec<DeviceUri>, AccountsError> {
        let device = &request.tbs.device;
        let (old, mut row) = self.recovering(&device.uri).await?;
        decide::may_recover(&row, request)?;
        let lost = std::mem::replace(&mut row.devices, vec![device.clone()]);
        self.publish(&mut also, &device.uri.user, &row, &request.tbs.device_set).await?;
        if !self.replace(&device.uri.user, old, &row, also).await? {
            return Err(AccountsError::Contended);
        }
        self.directory.ring();
        let lost: Vec<_> = lost.into_iter().map(|device| device.uri).collect();
        lost.iter().for_each(|device| self.known.invalidate(device));
        Ok(lost)
    }

    /// The devices that an account has now, for whoever signs with its key that it is to have this one alone.
    ///
    /// # Errors
    /// [`AccountsError::BadSignature`]; the store failed.
    pub async fn before_recovery(&self, request: &RecoverRequest) -> Result<Vec<NewDevice>, AccountsError> {
        let (_, row) = self.recovering(&request.tbs.device.uri).await?;
        request.verify(&row.account_key).map_err(|_| AccountsError::BadSignature)?;
        Ok(row.devices)
    }

    async fn recovering(&self, device: &DeviceUri) -> Result<(bytes::Bytes, PersonRow), AccountsError> {
        if device.domain != self.settings.domain {
            return Err(AccountsError::OtherAccount);
        }
        match self.own(device).await {
            Err(AccountsError::NoSuchPerson) => Err(AccountsError::BadSignature),
            other => other,
        }
    }

    /// A person of this service, or `None`.
    ///
    /// # Errors
    /// The store failed.
    pub async fn person(&self, user: &UserId) -> Result<Option<Person>, AccountsError> {
        let row = self.person_row(user).await?;
        Ok(row.map(|row| Person { created_day: row.created_day, devices: row.devices }))
    }

    /// A device of this service, or `None`: always from the store.
    ///
    /// # Errors
    /// The store failed.
    pub async fn device(&self, uri: &DeviceUri) -> Result<Option<NewDevice>, AccountsError> {
        if uri.domain != self.settings.domain {
            return Ok(None);
        }
        let row = self.person_row(&uri.user).await?;
        Ok(row.and_then(|row| row.devices.into_iter().find(|device| device.uri == *uri)))
    }

    /// True if there is such a device here; a removed one may be said to be there for another minute.
    ///
    /// # Errors
    /// The store failed.
    pub async fn knows(&self, uri: &DeviceUri) -> Result<bool, AccountsError> {
        if self.known.get(uri).is_some() {
            return Ok(true);
        }
        let there = self.device(uri).await?.is_some();
        if there {
            self.known.insert(uri.clone(), ());
        }
        Ok(there)
    }

    /// Answers an exact query. Someone who is not there and someone who must not be found look alike, and cost the
    /// same reads.
    ///
    /// # Errors
    /// The store failed.
    pub async fn lookup(
        &self,
        request: &IdentifierRequest,
        now: Timestamp,
    ) -> Result<IdentifierResponse, AccountsError> {
        let lookup =
            decide::lookup(request, self.settings.profile, &self.settings.domain, &self.settings.identifiers);
        let (key, exact) = match lookup {
            Lookup::Exact { key, exact } => (key, exact),
            Lookup::Refused(code) => return Ok(api::answer(code, None)),
        };
        let value = self
            .store
            .get(rows::IDENTIFIERS, key.to_vec().into())
            .await
            .map_err(AccountsError::ReadAccount)?;
        let row = value.map(|value| IdentifierRow::decode(&value)).transpose()?;
        let found = row.filter(|row| decide::same(&row.exact, &exact));
        // Read for nobody as well.
        let user = found.as_ref().map_or_else(|| UserId::from_random(&exact[..16]), |row| row.user.clone());
        let is_found = self.minors.is_found(&user, now).await.map_err(AccountsError::Minors)?;
        Ok(match found.filter(|_| is_found) {
            Some(row) => api::answer(IdentifierQueryCode::Success, Some((&self.settings.domain, row.user))),
            None => api::answer(IdentifierQueryCode::NotFound, None),
        })
    }

    /// What a person's note of PIN records is kept under: their keyed handle or number. Account names are neither unique
    /// nor kept, so there the person gives the name that they want to be found by.
    ///
    /// # Errors
    /// There is no such person, the account name is not acceptable, or the store failed.
    pub async fn locator(&self, user: &UserId, account_name: &[u8]) -> Result<[u8; 32], AccountsError> {
        let row = self.person_row(user).await?.ok_or(AccountsError::NoSuchPerson)?;
        if self.settings.profile == Profile::Account {
            return decide::account_locator(&self.settings.identifiers, account_name);
        }
        row.identifier.as_slice().try_into().map_err(|_| AccountsError::DamagedRow)
    }

    /// What the note of whoever has this identifier would be kept under, whether there is such a person or not. A number
    /// is proven by its code, which is used up.
    ///
    /// # Errors
    /// The identifier is not acceptable, the code is wrong, or the store failed.
    pub async fn locate(&self, identifier: &Identifier, now: Timestamp) -> Result<[u8; 32], AccountsError> {
        if let (Profile::Account, Identifier::AccountName(name)) = (self.settings.profile, identifier) {
            return decide::account_locator(&self.settings.identifiers, name);
        }
        let identity = decide::identity(identifier, self.settings.profile, &self.settings.identifiers)?;
        let mut batch = Batch::new();
        self.prove(&identity, identifier, &mut batch, now).await?;
        if !batch.is_empty() && !self.commit(batch, AccountsError::StoreCode).await? {
            return Err(AccountsError::WrongCode);
        }
        identity.key().copied().ok_or(AccountsError::OtherProfile)
    }

    /// Forgets codes that have expired, and rates that nobody uses.
    ///
    /// # Errors
    /// The store failed.
    pub async fn sweep(&self, now: Timestamp) -> Result<(), AccountsError> {
        self.settings.sender.sweep(now).await;
        for rates in [&self.codes_to_number, &self.codes_in_all, &self.registrations_in_all] {
            rates.sweep(now);
        }
        let mut range = KeyRange::all();
        loop {
            let page =
                self.store.scan(rows::CODES, range.clone(), 256).await.map_err(AccountsError::ReadAccount)?;
            let Some((last, _)) = page.last() else { return Ok(()) };
            range.start = [last, [0].as_slice()].concat().into();
            for (key, value) in page {
                if CodeRow::decode(&value)?.expires <= now {
                    let mut batch = Batch::new();
                    batch.assert_equals(rows::CODES, key.clone(), value);
                    batch.delete(rows::CODES, key);
                    self.commit(batch, AccountsError::StoreCode).await?;
                }
            }
        }
    }

    /// For a number: checks its code, counts a wrong one, and uses a right one up in the registration's batch.
    async fn prove(
        &self,
        identity: &Identity,
        identifier: &Identifier,
        batch: &mut Batch,
        now: Timestamp,
    ) -> Result<(), AccountsError> {
        let (Identity::Number { key, .. }, Some(code)) = (identity, decide::code_of(identifier)) else {
            return Ok(());
        };
        for _ in 0..ATTEMPTS {
            let table = rows::CODES;
            let found =
                self.store.get(table, key.to_vec().into()).await.map_err(AccountsError::ReadAccount)?;
            let old = found.ok_or(AccountsError::WrongCode)?;
            let mut row = CodeRow::decode(&old)?;
            if row.expires <= now {
                return Err(AccountsError::WrongCode);
            }
            if decide::same(&row.code, &decide::code_mac(&self.settings.codes, key, code)) {
                batch.assert_equals(table, key.to_vec(), old);
                batch.delete(table, key.to_vec());
                return Ok(());
            }
            let mut count = Batch::new();
            count.assert_equals(table, key.to_vec(), old);
            row.tries_left = row.tries_left.saturating_sub(1);
            if row.tries_left == 0 {
                count.delete(table, key.to_vec());
            } else {
                count.put(table, key.to_vec(), row.encode());
            }
            if self.commit(count, AccountsError::StoreCode).await? {
                return Err(AccountsError::WrongCode);
            }
        }
        Err(AccountsError::Contended)
    }

    /// Adds to a batch that the account's devices are these, in the words of a set that the account signed.
    async fn publish(
        &self,
        batch: &mut Batch,
        user: &UserId,
        row: &PersonRow,
        set: &[u8],
    ) -> Result<(), AccountsError> {
        let entered = self.directory.enter(batch, user, row.account_key, &row.devices, set).await;
        entered.map_err(AccountsError::Directory)
    }

    async fn person_row(&self, user: &UserId) -> Result<Option<PersonRow>, AccountsError> {
        let value = self
            .store
            .get(rows::PEOPLE, rows::person_key(user).into())
            .await
            .map_err(AccountsError::ReadAccount)?;
        value.map(|value| PersonRow::decode(&value)).transpose()
    }

    /// The caller's row, as stored and decoded.
    async fn own(&self, caller: &DeviceUri) -> Result<(bytes::Bytes, PersonRow), AccountsError> {
        let value = self
            .store
            .get(rows::PEOPLE, rows::person_key(&caller.user).into())
            .await
            .map_err(AccountsError::ReadAccount)?
            .ok_or(AccountsError::NoSuchPerson)?;
        let row = PersonRow::decode(&value)?;
        if row.devices.len() > limits::DEVICES {
            return Err(AccountsError::DamagedRow);
        }
        Ok((value, row))
    }

    async fn replace(
        &self,
        user: &UserId,
        old: bytes::Bytes,
        row: &PersonRow,
        also: Batch,
    ) -> Result<bool, AccountsError> {
        let mut batch = also;
        batch.assert_equals(rows::PEOPLE, rows::person_key(user), old);
        batch.put(rows::PEOPLE, rows::person_key(user), row.encode());
        self.commit(batch, AccountsError::StoreAccount).await
    }

    /// False if an assert did not hold: read and decide again.
    async fn commit(
        &self,
        batch: Batch,
        failed: fn(StoreError) -> AccountsError,
    ) -> Result<bool, AccountsError> {
        match self.store.commit(batch).await {
            Ok(_) => Ok(true),
            Err(StoreError::AssertFailed { .. }) => Ok(false),
            Err(error) => Err(failed(error)),
        }
    }
}
