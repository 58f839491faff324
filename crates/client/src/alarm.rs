//! What the person should know and was not seen to be told: it stays until they have seen it, whether a window was open when
//! it happened or not.

use crate::{ClientError, overlay::Overlay};
use minicbor::{Decode, Encode, bytes::ByteVec};
use sha2::{Digest as _, Sha256};
use trefoil_proto::{ProtoError, Timestamp};
use trefoil_store::{KeyRange, Table};

/// Alarms that were not seen, by [`AlarmId`]: when, and what they say.
pub const ALARMS: Table = Table::new("client.alarms");

/// Alarms that are kept; beyond that the oldest goes.
const MOST: usize = 256;
const VERSION: u8 = 1;
const WHAT: &str = "alarm";

/// Names an [`Alarm`]: the first half of the SHA-256 of what it says, so that the same thing is said once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AlarmId(pub [u8; 16]);

/// Something that the person should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alarm {
    /// Its name here.
    pub id: AlarmId,
    /// When it happened last.
    pub at: Timestamp,
    /// What it says: opaque to the core.
    pub said: Vec<u8>,
}

#[derive(Encode, Decode)]
struct AlarmRow {
    #[n(0)]
    at: u64,
    #[n(1)]
    said: ByteVec,
}

impl Alarm {
    /// One that says this.
    pub fn new(said: Vec<u8>, at: Timestamp) -> Self {
        let digest = Sha256::digest(&said);
        let id = AlarmId(*digest.first_chunk().expect("a digest has 32 bytes"));
        Self { id, at, said }
    }

    /// Keeps it.
    ///
    /// # Errors
    /// The store could not be read, or a row not be decoded.
    pub fn keep(&self, tx: &mut Overlay) -> Result<(), ClientError> {
        tx.put(ALARMS, self.id.0, encode(self));
        let kept = Self::all(tx)?;
        for old in kept.iter().take(kept.len().saturating_sub(MOST)) {
            Self::forget(tx, old.id);
        }
        Ok(())
    }

    /// Those that were not seen, the oldest first.
    ///
    /// # Errors
    /// As [`Self::keep`].
    pub fn all(tx: &Overlay) -> Result<Vec<Self>, ClientError> {
        let rows = tx.scan(ALARMS, &KeyRange::all(), usize::MAX, false)?;
        let decoded = rows.iter().map(|(key, row)| {
            let id = key[..].try_into().map(AlarmId).map_err(|_| unreadable())?;
            decode(id, row)
        });
        let mut all = decoded.collect::<Result<Vec<_>, _>>()?;
        all.sort_by_key(|alarm| (alarm.at, alarm.id));
        Ok(all)
    }

    /// The person has seen it.
    pub fn forget(tx: &mut Overlay, id: AlarmId) {
        tx.delete(ALARMS, id.0);
    }
}

fn encode(alarm: &Alarm) -> Vec<u8> {
    let mut row = vec![VERSION];
    let parts = AlarmRow { at: alarm.at.0, said: alarm.said.clone().into() };
    minicbor::encode(parts, &mut row).expect("writing into memory does not fail");
    row
}

fn decode(id: AlarmId, row: &[u8]) -> Result<Alarm, ClientError> {
    let Some((&VERSION, rest)) = row.split_first() else { return Err(unreadable()) };
    let row: AlarmRow = minicbor::decode(rest).map_err(|_| unreadable())?;
    Ok(Alarm { id, at: Timestamp(row.at), said: row.said.into() })
}

fn unreadable() -> ClientError {
    ClientError::Row { what: WHAT, source: ProtoError::Malformed(WHAT) }
}

/// Decoders of alarms, for the fuzzer.
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzzing {
    use super::{AlarmId, decode, encode};
    use crate::fuzzing::Target;

    pub(crate) const TARGETS: &[Target] = &[("client_alarm_row", alarm)];

    fn alarm(input: &[u8]) -> bool {
        let Ok(alarm) = decode(AlarmId([1; 16]), input) else { return false };
        assert_eq!(decode(alarm.id, &encode(&alarm)).ok(), Some(alarm));
        true
    }

    #[cfg(test)]
    pub(crate) fn samples() -> Vec<(&'static str, Vec<u8>)> {
        let alarm = super::Alarm::new(b"{}".to_vec(), trefoil_proto::Timestamp(7));
        vec![("client_alarm_row", encode(&alarm))]
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::sync::Arc;
    use trefoil_store::MemoryStore;

    #[test]
    fn an_alarm_stays_until_it_was_seen_and_is_there_once() {
        let mut tx = Overlay::new(Arc::new(MemoryStore::new()));
        for (said, at) in [("b", 2), ("a", 1), ("b", 3)] {
            Alarm::new(said.into(), Timestamp(at)).keep(&mut tx).unwrap();
        }
        let all = Alarm::all(&tx).unwrap();
        assert_eq!(all, [Alarm::new("a".into(), Timestamp(1)), Alarm::new("b".into(), Timestamp(3))]);
        Alarm::forget(&mut tx, all[0].id);
        assert_eq!(Alarm::all(&tx).unwrap(), all[1..]);
    }

    #[test]
    fn beyond_the_most_the_oldest_goes() {
        let mut tx = Overlay::new(Arc::new(MemoryStore::new()));
        for at in 0..=MOST as u64 {
            Alarm::new(at.to_be_bytes().to_vec(), Timestamp(at)).keep(&mut tx).unwrap();
        }
        let all = Alarm::all(&tx).unwrap();
        assert_eq!((all.len(), all[0].at), (MOST, Timestamp(1)));
    }
}
