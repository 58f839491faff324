//! Finding people by phone number without telling it (`docs/spec/discovery.md`): `POST discovery/{domain}`, by a device to
//! its own service and by that service to the one that is asked. And what both ends derive from the oblivious function's
//! output.

use crate::{ProtoError, UserId, pin::Element};
use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use tls_codec::{TlsDeserializeBytes, TlsSerialize, TlsSize};
use zeroize::Zeroizing;

/// Numbers in one request.
pub const BATCH: usize = 128;
/// Buckets in one request.
pub const BUCKETS: usize = 16;
/// Most bits of a tag that are told: whoever asks for more is refused, and who asks for so many is told no more.
pub const BITS: u8 = 16;
/// A bucket is filled up to a multiple of so many entries.
pub const STEP: usize = 64;
/// Most entries in a bucket.
pub const ENTRIES: usize = 2048;
/// Longest user id, in bytes.
const USER: usize = 64;
/// A sealed user id before it is sealed: its length, its bytes, zeros.
pub const PLAIN: usize = 1 + USER;
/// A sealed user id: a nonce of 12 bytes, AES-256-GCM of [`PLAIN`] bytes, its tag of 16.
pub const SEALED: usize = 12 + PLAIN + 16;

const INPUT_LABEL: &[u8] = b"Trefoil 1.0 DiscoveryNumber\0";
const TAG_LABEL: &[u8] = b"Trefoil 1.0 DiscoveryTag\0";
const KEY_LABEL: &[u8] = b"Trefoil 1.0 DiscoveryKey\0";

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
#[repr(u8)]
pub enum DiscoveryRequest {
    /// RFC 9497, mode VOPRF: blinded elements, 1 to [`BATCH`].
    #[tls_codec(discriminant = 1)]
    Evaluate(Vec<Element>),
    /// Buckets of entries, 1 to [`BUCKETS`].
    #[tls_codec(discriminant = 2)]
    Buckets {
        /// Length of the prefixes, as [`Evaluated::bits`] told it.
        bits: u8,
        /// The first `bits` bits of tags, as numbers.
        prefixes: Vec<u32>,
    },
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
#[repr(u8)]
pub enum DiscoveryResponse {
    /// To [`DiscoveryRequest::Evaluate`].
    #[tls_codec(discriminant = 1)]
    Evaluated(Evaluated),
    /// To [`DiscoveryRequest::Buckets`], in its order.
    #[tls_codec(discriminant = 2)]
    Buckets(Vec<Bucket>),
}

/// Evaluated elements, in the order of the request, with one proof for all of them.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct Evaluated {
    /// The service's public key for this: the same for everybody, for ever.
    pub key: Element,
    /// How many bits of a tag name a bucket.
    pub bits: u8,
    /// RFC 9497, `evaluatedElement`.
    pub elements: Vec<Element>,
    /// RFC 9497, `proof`: that the key's other half made every one of them.
    pub proof: [u8; 64],
}

/// Entries whose tags begin with the prefix, and as many that nobody can open as fill it up to a multiple of [`STEP`];
/// by tag.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct Bucket {
    /// At most [`ENTRIES`].
    pub entries: Vec<Entry>,
}

/// A person who may be found, for who knows their number.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct Entry {
    /// Follows from the number and the service's key.
    pub tag: Tag,
    /// Their user id.
    pub sealed: [u8; SEALED],
}

/// By which an entry is found.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct Tag(pub [u8; 16]);

impl std::fmt::Debug for Tag {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Tag({:02x}{:02x}..)", self.0[0], self.0[1])
    }
}

impl Tag {
    /// The tag of a function's output.
    pub fn of(output: &[u8]) -> Self {
        let mut tag = [0; 16];
        tag.copy_from_slice(&derive(output, TAG_LABEL)[..16]);
        Self(tag)
    }

    /// Its first bits, as a number. At most [`BITS`] count.
    pub fn prefix(&self, bits: u8) -> u32 {
        let head = u32::from_be_bytes([self.0[0], self.0[1], self.0[2], self.0[3]]);
        head.checked_shr(32 - u32::from(bits.min(BITS))).unwrap_or(0)
    }
}

impl DiscoveryRequest {
    /// Checks the numbers of things.
    ///
    /// # Errors
    /// [`ProtoError::Malformed`].
    pub fn check(&self) -> Result<(), ProtoError> {
        let fits = match self {
            Self::Evaluate(elements) => (1..=BATCH).contains(&elements.len()),
            Self::Buckets { bits, prefixes } => {
                *bits <= BITS
                    && (1..=BUCKETS).contains(&prefixes.len())
                    && prefixes.iter().all(|prefix| prefix >> bits == 0)
            }
        };
        if fits { Ok(()) } else { Err(ProtoError::Malformed("question by number")) }
    }
}

impl DiscoveryResponse {
    /// True if this is of the form that answers the request: as many of the same kind.
    pub fn is_answer_to(&self, request: &DiscoveryRequest) -> bool {
        match (self, request) {
            (Self::Evaluated(answer), DiscoveryRequest::Evaluate(asked)) => {
                answer.bits <= BITS && answer.elements.len() == asked.len()
            }
            (Self::Buckets(answer), DiscoveryRequest::Buckets { prefixes, .. }) => {
                answer.len() == prefixes.len() && answer.iter().all(|bucket| bucket.entries.len() <= ENTRIES)
            }
            _ => false,
        }
    }
}

/// The function's input for a number in E.164 form.
pub fn input(number: &str) -> Zeroizing<Vec<u8>> {
    Zeroizing::new([INPUT_LABEL, number.as_bytes()].concat())
}

/// The key that an entry is sealed under: AES-256-GCM, the tag being its additional data.
pub fn key(output: &[u8]) -> Zeroizing<[u8; 32]> {
    derive(output, KEY_LABEL)
}

/// A user id as it is sealed.
pub fn plain(user: &UserId) -> [u8; PLAIN] {
    let id = user.as_str().as_bytes();
    let mut plain = [0; PLAIN];
    plain[0] = u8::try_from(id.len()).expect("a user id has 64 bytes at most");
    plain[1..=id.len()].copy_from_slice(id);
    plain
}

/// The user id that was sealed; `None` if there is none.
pub fn unsealed(plain: &[u8]) -> Option<UserId> {
    let (length, rest) = plain.split_first()?;
    let (id, padding) = rest.split_at_checked(usize::from(*length))?;
    let whole = plain.len() == PLAIN && padding.iter().all(|byte| *byte == 0);
    std::str::from_utf8(id).ok().filter(|_| whole)?.parse().ok()
}

fn derive(output: &[u8], label: &[u8]) -> Zeroizing<[u8; 32]> {
    let mut mac = Hmac::<Sha256>::new_from_slice(output).expect("HMAC takes keys of any length");
    mac.update(label);
    Zeroizing::new(mac.finalize().into_bytes().into())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_prefix_is_the_beginning_of_a_longer_one(bytes in prop::array::uniform16(any::<u8>()), bits in 0..BITS) {
            let tag = Tag(bytes);
            prop_assert_eq!(tag.prefix(bits), tag.prefix(bits + 1) >> 1);
            prop_assert_eq!(tag.prefix(0), 0);
            prop_assert!(tag.prefix(bits) >> bits == 0);
        }

        #[test]
        fn a_user_id_comes_back_and_nothing_else_does(id in "[a-z0-9_-]{1,64}", at in 0..PLAIN, by in 1_u8..) {
            let user: UserId = id.parse().unwrap();
            let mut plain = plain(&user);
            prop_assert_eq!(unsealed(&plain), Some(user.clone()));
            plain[at] ^= by;
            prop_assert_ne!(unsealed(&plain), Some(user));
        }
    }

    #[test]
    fn what_is_asked_for_is_bounded() {
        let element = Element([1; 32]);
        let evaluate = |count| DiscoveryRequest::Evaluate(vec![element; count]).check().is_ok();
        assert_eq!([0, 1, BATCH, BATCH + 1].map(evaluate), [false, true, true, false]);
        let buckets = |bits, prefixes: &[u32]| {
            DiscoveryRequest::Buckets { bits, prefixes: prefixes.to_vec() }.check().is_ok()
        };
        assert!(buckets(0, &[0]) && buckets(3, &[7, 0]) && buckets(BITS, &[0xffff; BUCKETS]));
        assert!(!buckets(0, &[1]) && !buckets(3, &[8]) && !buckets(BITS + 1, &[0]));
        assert!(!buckets(3, &[]) && !buckets(3, &[1; BUCKETS + 1]));
    }
}
