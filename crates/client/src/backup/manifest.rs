//! The manifest: which segments make up a backup, in their order, each by its hash. Sealed, and bound to the backup and
//! to the counter under which the service keeps it.

use super::{archive::bucket, keys::BackupKeys};
use tls_codec::{DeserializeBytes as _, Serialize as _, TlsDeserializeBytes, TlsSerialize, TlsSize};
use trefoil_proto::{Timestamp, backup::SegmentName, limits};

const VERSION: u8 = 1;
const LABEL: &[u8] = b"manifest";
/// Random bytes in front, so that no two manifests have a key, whatever the counter.
const SALT: usize = 16;
const TAG: usize = 16;
const LEAST: usize = 1024;
const MOST: usize = limits::BACKUP_MANIFEST - SALT - TAG;

/// What makes up a backup.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct Manifest {
    /// When it was made.
    pub made: Timestamp,
    /// By number, ascending: a later one has the newer of two rows.
    pub segments: Vec<SegmentEntry>,
}

/// A segment as the manifest names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct SegmentEntry {
    /// Its number; never used twice in a backup.
    pub number: u64,
    /// Its name at the service.
    pub name: SegmentName,
    /// SHA-256 of its sealed bytes.
    pub hash: [u8; 32],
    /// Its sealed bytes.
    pub length: u32,
}

impl Manifest {
    pub(crate) fn seal(&self, keys: &BackupKeys, counter: u64, salt: [u8; SALT]) -> Option<Vec<u8>> {
        let mut plain = vec![VERSION];
        let body = self.tls_serialize_detached().ok()?;
        plain.extend_from_slice(&u32::try_from(body.len()).ok()?.to_be_bytes());
        plain.extend_from_slice(&body);
        let size = bucket(plain.len(), LEAST, MOST);
        if size > MOST {
            return None;
        }
        plain.resize(size, 0);
        Some([&salt[..], &keys.seal(&context(counter, &salt), &plain)].concat())
    }

    /// `None` if it is not this backup's manifest of this counter, or not of this form.
    pub(crate) fn open(keys: &BackupKeys, counter: u64, sealed: &[u8]) -> Option<Self> {
        if sealed.len() > limits::BACKUP_MANIFEST {
            return None;
        }
        let (salt, sealed) = sealed.split_first_chunk::<SALT>()?;
        Self::from_plain(&keys.unseal(&context(counter, salt), sealed)?)
    }

    pub(super) fn from_plain(plain: &[u8]) -> Option<Self> {
        let (length, rest) = plain.strip_prefix(&[VERSION])?.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        let (body, padding) = rest.split_at_checked(length)?;
        let manifest = Self::tls_deserialize_exact_bytes(body).ok()?;
        let ascending = manifest.segments.windows(2).all(|pair| pair[0].number < pair[1].number);
        let few = manifest.segments.len() <= limits::BACKUP_SEGMENTS;
        let fits = ascending && few && padding.iter().all(|byte| *byte == 0);
        fits.then_some(manifest)
    }
}

fn context(counter: u64, salt: &[u8; SALT]) -> Vec<u8> {
    [LABEL, &counter.to_be_bytes(), salt].concat()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn manifest(count: u64) -> Manifest {
        let entry = |number| SegmentEntry { number, name: SegmentName([1; 16]), hash: [2; 32], length: 9 };
        Manifest { made: Timestamp(7), segments: (0..count).map(entry).collect() }
    }

    #[test]
    fn a_manifest_is_of_one_backup_and_one_counter() {
        let keys = BackupKeys::of(&[1; 32]);
        for count in [0, 1, 30, limits::BACKUP_SEGMENTS as u64] {
            let sealed = manifest(count).seal(&keys, 5, [9; SALT]).unwrap();
            assert!(sealed.len() <= limits::BACKUP_MANIFEST);
            assert_eq!(Manifest::open(&keys, 5, &sealed).unwrap(), manifest(count));
            assert!(Manifest::open(&keys, 4, &sealed).is_none());
            assert!(Manifest::open(&BackupKeys::of(&[2; 32]), 5, &sealed).is_none());
        }
        let mut twice = manifest(2);
        twice.segments[1].number = 0;
        let sealed = twice.seal(&keys, 5, [9; SALT]).unwrap();
        assert!(Manifest::open(&keys, 5, &sealed).is_none(), "two segments of one number");
    }
}
