//! What the person calls their devices. No service learns it.

use super::DeviceName;
use crate::{Client, ClientError, Step, core::Core, rows::DEVICE_NAMES};
use trefoil_proto::{DeviceUri, Timestamp, limits, naming::is_name};
use trefoil_store::KeyRange;

impl Client {
    /// The name that the person gave to one of their devices.
    ///
    /// # Errors
    /// [`ClientError::Store`].
    pub fn device_name(&self, device: &DeviceUri) -> Result<Option<String>, ClientError> {
        let name = self.core().tx().get(DEVICE_NAMES, device.to_string().as_bytes())?;
        Ok(name.and_then(|name| String::from_utf8(name).ok()))
    }

    /// Gives a name to one of the person's devices; an empty one takes it away. It is kept in backups, and told to devices
    /// that are linked later; no service learns it.
    ///
    /// # Errors
    /// [`ClientError::BadName`]; [`ClientError::UnknownDevice`].
    pub fn name_device(
        &mut self,
        device: &DeviceUri,
        name: &str,
        now: Timestamp,
    ) -> Result<Step<'_>, ClientError> {
        let name = checked_name(name)?.to_owned();
        self.step(now, |core| {
            if !core.devices()?.contains(device) {
                return Err(ClientError::UnknownDevice(device.clone()));
            }
            match name.is_empty() {
                true => core.tx().delete(DEVICE_NAMES, device.to_string()),
                false => core.tx().put(DEVICE_NAMES, device.to_string(), name),
            }
            Ok(())
        })
        .map(|((), step)| step)
    }
}

impl Core {
    pub(super) fn device_names(&self) -> Result<Vec<DeviceName>, ClientError> {
        let rows = self.tx().scan(DEVICE_NAMES, &KeyRange::all(), limits::DEVICES, false)?;
        let device = |key: &[u8]| std::str::from_utf8(key).ok()?.parse().ok();
        Ok(rows
            .iter()
            .filter_map(|(key, name)| Some(DeviceName { device: device(key)?, name: name.to_vec().into() }))
            .collect())
    }
}

/// The name of a device, if it can be one.
pub(super) fn checked_name(name: &str) -> Result<&str, ClientError> {
    let name = name.trim();
    let fits = name.is_empty() || is_name(name, limits::DISPLAY_NAME);
    if fits { Ok(name) } else { Err(ClientError::BadName { limit: limits::DISPLAY_NAME }) }
}
