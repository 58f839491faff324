//! Device sets as accounts hand them in: each follows from the one before and says what the account says.

use super::{Directory, DirectoryError, rows};
use trefoil_proto::{Timestamp, UserId, UserUri, Wire as _, credential::AccountKey, edge::NewDevice};
use trefoil_store::{Batch, KeyRange};
use trefoil_transparency::device_set::{
    DeviceEntry, DeviceSetChain, SetHash, SetSigner, SignedDeviceSet, Step, VerifiedSet,
};

const DAY: u64 = Timestamp::DAY;

impl Directory {
    /// Adds to a batch that a person has these devices from now on, in the words of `set` (an encoded
    /// [`SignedDeviceSet`]). It is in the next epoch once the batch is committed; [`Directory::ring`] then.
    ///
    /// # Errors
    /// [`DirectoryError::Malformed`], [`DirectoryError::Set`], [`DirectoryError::OtherDevices`]; the store failed.
    pub async fn enter(
        &self,
        batch: &mut Batch,
        user: &UserId,
        account_key: AccountKey,
        devices: &[NewDevice],
        set: &[u8],
    ) -> Result<(), DirectoryError> {
        let signed = SignedDeviceSet::decode(set).map_err(|_| DirectoryError::Malformed)?;
        let entries = |set: &[DeviceEntry]| {
            let mut entries = set.to_vec();
            entries.sort_by(|one, other| one.device.cmp(&other.device));
            entries
        };
        let listed = devices
            .iter()
            .map(|device| {
                DeviceEntry::new(device.uri.device.clone(), device.signature_key, &device.authorisation)
            })
            .collect::<Vec<_>>();
        let whose = UserUri { domain: self.domain.clone(), id: user.clone() };
        if signed.set.user != whose
            || signed.set.account_key != account_key
            || entries(&signed.set.devices) != entries(&listed)
        {
            return Err(DirectoryError::OtherDevices);
        }
        let key = rows::user_key(user);
        let newest = self.store.get(rows::NEWEST, key.clone().into()).await.map_err(DirectoryError::Read)?;
        match newest {
            None => {
                VerifiedSet::first(signed.clone()).map_err(DirectoryError::Set)?;
                batch.assert_absent(rows::NEWEST, key.clone());
            }
            Some(row) => {
                let known: SignedDeviceSet = rows::decode(&row)?;
                match VerifiedSet::restored(known.set).follow(signed.clone()).map_err(DirectoryError::Set)? {
                    // What a reset means, those who know the person decide; the directory shows it.
                    Step::Changed(..) | Step::Reset(_) => {}
                }
                batch.assert_equals(rows::NEWEST, key.clone(), row);
            }
        }
        let sequence = signed.set.sequence;
        let encoded = rows::encode(&signed);
        batch.put(rows::SETS, rows::set_key(user, sequence), encoded.clone());
        batch.put(rows::NEWEST, key.clone(), encoded);
        batch.put(rows::PENDING, key, sequence.to_be_bytes().to_vec());
        Ok(())
    }

    /// Whether a first set (an encoded [`SignedDeviceSet`]) says that its account begins now. A device whose clock is a day
    /// off still says the truth.
    ///
    /// # Errors
    /// [`DirectoryError::Malformed`], [`DirectoryError::OtherMonth`].
    pub fn begins(set: &[u8], now: Timestamp) -> Result<(), DirectoryError> {
        let signed = SignedDeviceSet::decode(set).map_err(|_| DirectoryError::Malformed)?;
        let earliest = Timestamp(now.0.saturating_sub(DAY)).month();
        let latest = now.plus_millis(DAY).month();
        if (earliest..=latest).contains(&signed.set.since) { Ok(()) } else { Err(DirectoryError::OtherMonth) }
    }

    /// The set that a person handed in last, published or not.
    ///
    /// # Errors
    /// The store failed.
    pub async fn newest_set(&self, user: &UserId) -> Result<Option<SignedDeviceSet>, DirectoryError> {
        let row = self.store.get(rows::NEWEST, rows::user_key(user).into()).await;
        row.map_err(DirectoryError::Read)?.map(|row| rows::decode(&row)).transpose()
    }

    /// The sets that lead to the one with this hash: from the one after `known`, or else from the last one that the
    /// account key signed.
    pub(super) async fn chain(
        &self,
        user: &UserId,
        known: Option<u64>,
        proven: &SetHash,
    ) -> Result<DeviceSetChain, DirectoryError> {
        let newest = self.newest_set(user).await?.ok_or(DirectoryError::NoSuchPerson)?;
        let longest = DeviceSetChain::LONGEST as u64;
        let from = match known {
            Some(known) => known.saturating_add(1),
            None => (newest.set.sequence + 1).saturating_sub(longest),
        };
        let mut range = KeyRange::prefix(rows::sets_of(user));
        range.start = rows::set_key(user, from).into();
        let stored = self.store.scan(rows::SETS, range, DeviceSetChain::LONGEST).await;
        let mut sets = Vec::new();
        for (_, row) in stored.map_err(DirectoryError::Read)? {
            sets.push(rows::decode::<SignedDeviceSet>(&row)?);
        }
        match sets.iter().position(|signed| signed.set.hash() == *proven) {
            Some(place) => sets.truncate(place + 1),
            // The one that is known is the proven one; or else the asker must begin anew.
            None => sets.clear(),
        }
        if known.is_none() {
            let start = sets.iter().rposition(|signed| signed.signer == SetSigner::Account);
            sets.drain(..start.unwrap_or(0));
        }
        Ok(DeviceSetChain { sets })
    }
}
