//! Segments: rows one after the other, padded and sealed.
//!
//! Plain form: the byte 1 (version), then for each row the number of its table, a byte that says whether it is there (1)
//! or was removed (0), its key as `opaque<V>`, and, if it is there, its value as `opaque<V>`. The number 0 ends it; what
//! follows are zeros up to the size of its bucket.

use super::keys::BackupKeys;
use tls_codec::{DeserializeBytes as _, Serialize as _, VLByteSlice, VLBytes};
use trefoil_proto::{backup::SegmentName, limits};
use zeroize::Zeroizing;

const VERSION: u8 = 1;
const LABEL: &[u8] = b"segment";
/// What the cipher adds.
const TAG: usize = 16;
/// Smallest plain segment, in bytes.
const LEAST: usize = 4096;
/// Largest plain segment, in bytes.
const MOST: usize = limits::BACKUP_SEGMENT - TAG;

/// A row of a segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// Number of the table.
    pub(super) table: u8,
    pub(super) key: Vec<u8>,
    /// `None`: it was removed.
    pub(super) value: Option<Vec<u8>>,
}

/// A segment that is being filled.
pub(crate) struct Writer {
    plain: Zeroizing<Vec<u8>>,
    rows: usize,
}

impl Writer {
    pub(super) fn new() -> Self {
        Self { plain: Zeroizing::new(vec![VERSION]), rows: 0 }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// Adds a row; gives its bytes, or `None` if it does not fit any more.
    pub(super) fn push(&mut self, entry: &Entry) -> Option<usize> {
        let mut bytes = Zeroizing::new(vec![entry.table, u8::from(entry.value.is_some())]);
        VLByteSlice(&entry.key).tls_serialize(&mut *bytes).ok()?;
        if let Some(value) = &entry.value {
            VLByteSlice(value).tls_serialize(&mut *bytes).ok()?;
        }
        // The byte that ends it fits as well.
        if self.plain.len() + bytes.len() + 1 > MOST {
            return None;
        }
        self.plain.extend_from_slice(&bytes);
        self.rows += 1;
        Some(bytes.len())
    }

    /// Seals it.
    pub(crate) fn seal(mut self, keys: &BackupKeys, number: u64, name: SegmentName) -> Vec<u8> {
        let size = bucket(self.plain.len() + 1, LEAST, MOST);
        self.plain.resize(size, 0);
        keys.seal(&context(number, name), &self.plain)
    }
}

/// The rows of a segment; `None` if it is not the one of this number and name, or is not of this form.
pub(super) fn open(keys: &BackupKeys, number: u64, name: SegmentName, sealed: &[u8]) -> Option<Vec<Entry>> {
    if sealed.len() > limits::BACKUP_SEGMENT {
        return None;
    }
    entries(&keys.unseal(&context(number, name), sealed)?)
}

/// Reads the plain form.
pub(super) fn entries(plain: &[u8]) -> Option<Vec<Entry>> {
    let mut rest = plain.strip_prefix(&[VERSION])?;
    let mut entries = Vec::new();
    loop {
        let (&table, tail) = rest.split_first()?;
        if table == 0 {
            return tail.iter().all(|byte| *byte == 0).then_some(entries);
        }
        let (&there, tail) = tail.split_first()?;
        let (key, tail) = VLBytes::tls_deserialize_bytes(tail).ok()?;
        let (value, tail) = match there {
            0 => (None, tail),
            1 => {
                let (value, tail) = VLBytes::tls_deserialize_bytes(tail).ok()?;
                (Some(Vec::from(value)), tail)
            }
            _ => return None,
        };
        entries.push(Entry { table, key: key.into(), value });
        rest = tail;
    }
}

fn context(number: u64, name: SegmentName) -> Vec<u8> {
    [LABEL, &number.to_be_bytes(), &name.0].concat()
}

/// The size that something is padded to: a power of two, or a quarter, a half or three quarters more.
pub(super) fn bucket(size: usize, least: usize, most: usize) -> usize {
    if size <= least {
        return least;
    }
    let power = 1_usize << (usize::BITS - 1 - size.leading_zeros());
    let step = power / 4;
    size.next_multiple_of(step).min(most).max(size)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use proptest::prelude::*;

    fn entry() -> impl Strategy<Value = Entry> {
        let bytes = || prop::collection::vec(any::<u8>(), 0..300);
        (1_u8.., bytes(), prop::option::of(bytes())).prop_map(|(table, key, value)| Entry {
            table,
            key,
            value,
        })
    }

    proptest! {
        #[test]
        fn rows_come_back_as_they_were(given in prop::collection::vec(entry(), 0..40)) {
            let keys = BackupKeys::of(&[1; 32]);
            let name = SegmentName([2; 16]);
            let mut writer = Writer::new();
            for entry in &given {
                writer.push(entry).unwrap();
            }
            let sealed = writer.seal(&keys, 3, name);
            prop_assert_eq!(open(&keys, 3, name, &sealed).unwrap(), given);
            prop_assert!(open(&keys, 4, name, &sealed).is_none());
            prop_assert!(open(&keys, 3, SegmentName([3; 16]), &sealed).is_none());
        }

        #[test]
        fn noise_is_refused_without_a_panic(noise in prop::collection::vec(any::<u8>(), 0..200)) {
            drop(entries(&noise));
            drop(entries(&[&[VERSION][..], &noise].concat()));
        }

        #[test]
        fn buckets_waste_at_most_a_quarter(size in 1_usize..MOST) {
            let bucket = bucket(size, LEAST, MOST);
            prop_assert!(bucket >= size && bucket <= MOST);
            prop_assert!(bucket == LEAST || bucket <= size + size / 4 + 1);
        }
    }

    #[test]
    fn a_segment_is_full_at_its_limit() {
        let mut writer = Writer::new();
        let entry = Entry { table: 1, key: vec![1], value: Some(vec![7; 100_000]) };
        let mut count = 0;
        while writer.push(&entry).is_some() {
            count += 1;
        }
        assert_eq!(count, 10);
        let sealed = writer.seal(&BackupKeys::of(&[1; 32]), 0, SegmentName([0; 16]));
        assert_eq!(sealed.len(), limits::BACKUP_SEGMENT);
        assert!(open(&BackupKeys::of(&[1; 32]), 0, SegmentName([0; 16]), &sealed).is_some());
    }
}
