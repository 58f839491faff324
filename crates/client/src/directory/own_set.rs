//! The account's own device set: signed by the first device with each device that comes or goes, one at a time, and
//! handed to the service with the request that brings the change.

use super::rows::{NextSetRow, OwnSetRow};
use crate::{
    ClientError,
    core::Core,
    mls::credential::Me,
    rows::{ACCOUNT, Row as _, name},
};
use ed25519_dalek::SigningKey;
use trefoil_proto::{
    DeviceUri, Timestamp, Wire as _,
    credential::DeviceAuthorisation,
    edge::{NewDevice, RegisterRequest},
};
use trefoil_transparency::device_set::{
    DeviceEntry, DeviceSet, DeviceSetChain, SignedDeviceSet, VerifiedSet,
};

/// The set that an account begins with.
pub(crate) fn first_set(account: &SigningKey, device: &NewDevice, now: Timestamp) -> SignedDeviceSet {
    let key = device.authorisation.account_key;
    let set = DeviceSet::first(device.uri.user_uri(), now.month(), key, vec![entry(device)]);
    SignedDeviceSet::by_account(set, account)
}

pub(crate) fn entry(device: &NewDevice) -> DeviceEntry {
    DeviceEntry::new(device.uri.device.clone(), device.signature_key, &device.authorisation)
}

impl Core {
    /// The account's newest set that this device knows.
    pub(crate) fn own_set(&self) -> Result<Option<SignedDeviceSet>, ClientError> {
        Ok(OwnSetRow::read(&self.tx(), ACCOUNT, name::DEVICE_SET)?.map(|row| row.signed))
    }

    pub(crate) fn keep_own_set(&mut self, signed: SignedDeviceSet) {
        OwnSetRow { signed }.write(&mut self.tx(), ACCOUNT, name::DEVICE_SET);
    }

    /// The set of an account that was just made, as it was sent.
    pub(crate) fn keep_first_set(&mut self, request: &[u8]) {
        let request = RegisterRequest::decode(request).ok();
        let signed = request.and_then(|request| SignedDeviceSet::decode(&request.tbs.device_set).ok());
        if let Some(signed) = signed {
            self.keep_own_set(signed);
        }
    }

    /// The set that a linking code brings, if the account signed it and the new device is in it.
    pub(crate) fn keep_linked_set(
        &mut self,
        signed: SignedDeviceSet,
        device: &DeviceUri,
        key: &[u8; 32],
        authorisation: &DeviceAuthorisation,
    ) -> Result<(), ClientError> {
        let hash = signed.set.hash();
        let set = VerifiedSet::anchored(DeviceSetChain { sets: vec![signed.clone()] }, &hash)
            .map_err(|_| ClientError::BadCode)?;
        set.admits(device, key, authorisation).map_err(|_| ClientError::BadCode)?;
        self.keep_own_set(signed);
        Ok(())
    }

    /// The set that follows the newest one by a device that comes or goes, signed once and kept until the service has
    /// answered. `None` while another change waits for its answer: sets follow each other.
    pub(crate) fn next_set(
        &mut self,
        me: &Me,
        device: &DeviceUri,
        comes: Option<DeviceEntry>,
    ) -> Result<Option<Vec<u8>>, ClientError> {
        if let Some(row) = NextSetRow::read(&self.tx(), ACCOUNT, name::NEXT_SET)? {
            return Ok((row.device == *device).then(|| row.signed.encode()));
        }
        let (Some(account), Some(newest)) = (me.account.as_ref(), self.own_set()?) else { return Ok(None) };
        let mut devices = newest.set.devices.clone();
        devices.retain(|entry| entry.device != device.device);
        devices.extend(comes);
        let signed = SignedDeviceSet::by_account(newest.set.followed_by(devices), account);
        let body = signed.encode();
        NextSetRow { device: device.clone(), signed }.write(&mut self.tx(), ACCOUNT, name::NEXT_SET);
        Ok(Some(body))
    }

    /// The service has answered: the set is the newest one, or there is no such set.
    pub(crate) fn settle_set(&mut self, device: &DeviceUri, taken: bool) -> Result<(), ClientError> {
        let Some(row) = NextSetRow::read(&self.tx(), ACCOUNT, name::NEXT_SET)? else { return Ok(()) };
        if row.device != *device {
            return Ok(());
        }
        self.tx().delete(ACCOUNT, name::NEXT_SET);
        if taken {
            self.keep_own_set(row.signed);
        }
        Ok(())
    }
}
