//! What devices say to each other about messages that are missing: asked for, given again, or not to be had
//! (`docs/spec/delivery.md`, "Asking again"). It travels as the body of a message in the room.

use super::order::{Counters, DeviceTag, HIGHEST};
use tls_codec::{DeserializeBytes as _, Serialize as _, TlsDeserializeBytes, TlsSerialize, TlsSize, VLBytes};
use trefoil_proto::Timestamp;

/// Messages that one request asks for, of all devices together.
pub(super) const ASKED: u64 = 64;
/// Ranges of counters in one message.
const RANGES: usize = 64;

/// Counters of one device.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub(crate) struct Asked {
    pub(crate) device: DeviceTag,
    /// Ascending, apart.
    pub(crate) counters: Vec<Counters>,
}

/// The body of such a message.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
#[repr(u8)]
pub(crate) enum Again {
    /// These did not come here.
    #[tls_codec(discriminant = 1)]
    Ask(Vec<Asked>),
    /// One of them.
    #[tls_codec(discriminant = 2)]
    Given {
        /// When the hub accepted it, as the sender was told.
        accepted: Timestamp,
        /// Its content, byte for byte.
        content: VLBytes,
    },
    /// These cannot be given.
    #[tls_codec(discriminant = 3)]
    Unavailable {
        /// The sender no longer has them, or does not give them to whoever is in the room now.
        lost: Vec<Counters>,
        /// They asked for messages or gave some again.
        void: Vec<Counters>,
    },
}

impl Again {
    /// Reads a body. `None` if it breaks a bound.
    pub(crate) fn of(bytes: &[u8]) -> Option<Self> {
        Self::tls_deserialize_exact_bytes(bytes).ok().filter(Self::is_sound)
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        self.tls_serialize_detached().expect("bounded structures always serialise")
    }

    fn is_sound(&self) -> bool {
        match self {
            Self::Ask(asked) => {
                let count =
                    |asked: &Asked| asked.counters.iter().map(|range| range.to - range.from + 1).sum();
                asked.iter().all(|asked| are_sound(&asked.counters))
                    && (1..=ASKED).contains(&asked.iter().map(count).fold(0, u64::saturating_add))
            }
            Self::Given { .. } => true,
            Self::Unavailable { lost, void } => are_sound(lost) && are_sound(void),
        }
    }
}

fn are_sound(ranges: &[Counters]) -> bool {
    let mut above = 0;
    ranges.len() <= RANGES
        && ranges.iter().all(|range| {
            let fits = above < range.from && range.from <= range.to && range.to <= HIGHEST;
            above = range.to;
            fits
        })
}
