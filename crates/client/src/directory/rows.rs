//! What is stored of directories, and its versioned codecs.

use crate::rows::Row;
use tls_codec::{TlsDeserializeBytes, TlsSerialize, TlsSize};
use trefoil_proto::DeviceUri;
use trefoil_transparency::device_set::SignedDeviceSet;

impl Row for OwnSetRow {
    const WHAT: &'static str = "own device set";
}

impl Row for NextSetRow {
    const WHAT: &'static str = "next device set";
}

/// The account's newest device set.
#[derive(Clone, Debug, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub(crate) struct OwnSetRow {
    pub(crate) signed: SignedDeviceSet,
}

/// The set that the service is asked to publish: the same one until it answers.
#[derive(Clone, Debug, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub(crate) struct NextSetRow {
    /// The device that comes or goes.
    pub(crate) device: DeviceUri,
    pub(crate) signed: SignedDeviceSet,
}
