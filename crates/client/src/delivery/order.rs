//! What a message says of its place: the content extension `trefoil.delivery` (`docs/spec/delivery.md`).

use sha2::{Digest as _, Sha256};
use std::ops::RangeInclusive;
use tls_codec::{DeserializeBytes as _, Serialize as _, TlsDeserializeBytes, TlsSerialize, TlsSize};
use trefoil_proto::{
    DeviceUri,
    content::{ExtensionKey, Extensions, MessageId, MimiContent},
};

/// Text key of the content extension: a byte string that holds an [`Order`].
const EXTENSION: &str = "trefoil.delivery";
/// Counters stay below 2^53, which every implementation can hold.
pub(crate) const HIGHEST: u64 = (1 << 53) - 1;
/// Devices of which one message says what was heard.
pub(crate) const SEEN: usize = 8;
/// Ranges of counters that one message says were never sent.
pub(crate) const UNSENT: usize = 16;

/// Binds everything that a device sent in a room up to some message, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub(crate) struct Transcript(pub(crate) [u8; 32]);

impl Transcript {
    /// Of a device that sent nothing.
    pub(crate) const START: Self = Self([0; 32]);

    /// After one more message.
    #[must_use]
    pub(crate) fn then(self, id: MessageId) -> Self {
        let hash =
            Sha256::new().chain_update("Trefoil 1.0 Transcript").chain_update(self.0).chain_update(id.0);
        Self(hash.finalize().into())
    }
}

/// A device in few bytes: the start of SHA-256 of its URI.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub(crate) struct DeviceTag(pub(crate) [u8; 16]);

impl DeviceTag {
    pub(crate) fn of(device: &DeviceUri) -> Self {
        let hash: [u8; 32] = Sha256::digest(device.to_string()).into();
        Self(std::array::from_fn(|at| hash[at]))
    }
}

/// Counters from one to another, both among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub(crate) struct Counters {
    pub(crate) from: u64,
    pub(crate) to: u64,
}

impl Counters {
    pub(crate) fn holds(self, counter: u64) -> bool {
        RangeInclusive::new(self.from, self.to).contains(&counter)
    }
}

/// What the sender has of another device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub(crate) struct Seen {
    pub(crate) device: DeviceTag,
    /// The highest counter that came.
    pub(crate) counter: u64,
    /// The other's transcript after it.
    pub(crate) transcript: Transcript,
}

/// A message's place.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub(crate) struct Order {
    /// One more than that of the message that this device queued before in this room; the first has 1.
    pub(crate) counter: u64,
    /// The hub had answered for every counter up to this one before the message was queued.
    pub(crate) settled: u64,
    /// The device's transcript before this message.
    pub(crate) previous: Transcript,
    /// The room's epoch on the device when the message was queued.
    pub(crate) epoch: u64,
    /// Counter of the first message that was queued in that epoch.
    pub(crate) first: u64,
    /// Counters that were given up: no message has them. Ascending.
    pub(crate) unsent: Vec<Counters>,
    /// Others, as far as they were heard since the message before.
    pub(crate) seen: Vec<Seen>,
}

impl Order {
    /// What a content says. `None` if it says nothing, or nothing that can be true.
    pub(crate) fn of(content: &MimiContent) -> Option<Self> {
        let value = content.extensions.get(&ExtensionKey::Text(EXTENSION.to_owned()))?;
        // The extension is bounded, and so is everything in it.
        let bytes = minicbor::decode::<&minicbor::bytes::ByteSlice>(value).ok()?;
        Self::tls_deserialize_exact_bytes(bytes).ok().filter(Self::is_sound)
    }

    /// Puts it into a content's extensions.
    pub(crate) fn put(&self, extensions: &mut Extensions) -> Result<(), trefoil_proto::ProtoError> {
        let bytes = self.tls_serialize_detached().expect("bounded structures always serialise");
        let value = minicbor::to_vec(minicbor::bytes::ByteVec::from(bytes)).expect("memory takes everything");
        extensions.insert(ExtensionKey::Text(EXTENSION.to_owned()), value)
    }

    fn is_sound(&self) -> bool {
        let mut above = 0;
        let ascending = |range: &Counters| {
            let fits = above < range.from && range.from <= range.to && range.to < self.counter;
            above = range.to;
            fits
        };
        (1..=HIGHEST).contains(&self.counter)
            && self.settled < self.counter
            && (1..=self.counter).contains(&self.first)
            && self.unsent.len() <= UNSENT
            && self.unsent.iter().all(ascending)
            && self.seen.len() <= SEEN
            && self.seen.iter().all(|seen| (1..=HIGHEST).contains(&seen.counter))
    }
}
