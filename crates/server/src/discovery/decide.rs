//! Pure decisions of finding by number: the keyed function (RFC 9497, `OPRF(ristretto255, SHA-512)`, mode VOPRF), entries,
//! and how large buckets are.

use super::DiscoveryError;
use crate::secrets::SecretKey;
use aes_gcm::{
    Aes256Gcm, KeyInit as _, Nonce,
    aead::{Aead as _, Payload},
};
use hmac::{Hmac, Mac as _};
use rand::RngCore as _;
use rand_core::OsRng;
use sha2::Sha256;
use trefoil_proto::{
    UserId,
    discovery::{self, BITS, ENTRIES, Entry, Evaluated, SEALED, STEP, Tag},
    pin::Element,
};
use trefoil_store::KeyRange;
use voprf::{BlindedElement, Group as _, Ristretto255, VoprfServer};
use zeroize::{Zeroize as _, Zeroizing};

/// `info` of RFC 9497's DeriveKeyPair.
const KEY_INFO: &[u8] = b"Trefoil 1.0 DiscoveryFunction";
const FILL_LABEL: &[u8] = b"Trefoil 1.0 DiscoveryFill\0";
/// Where the key of what fills buckets up comes from: not from the function's seed itself.
const FILL_KEY_LABEL: &[u8] = b"Trefoil 1.0 DiscoveryFillKey\0";

/// The function of one service.
pub(super) struct Function {
    server: VoprfServer<Ristretto255>,
    public: Element,
    filling: Zeroizing<[u8; 32]>,
}

/// How many bits of a tag name a bucket: as many as leave it 64 people or more on average, and fewer than 128.
pub(super) fn bits(people: u64) -> u8 {
    let full = people / STEP as u64;
    let bits = full.checked_ilog2().unwrap_or(0);
    u8::try_from(bits).unwrap_or(BITS).min(BITS)
}

/// The keys of the entries whose tags begin with a prefix.
pub(super) fn range(prefix: u32, bits: u8) -> KeyRange {
    let shift = 32 - u32::from(bits);
    let bound = |prefix: u64| u32::try_from(prefix << shift).ok().map(|head| head.to_be_bytes().to_vec());
    KeyRange {
        start: bound(u64::from(prefix)).unwrap_or_default().into(),
        end: bound(u64::from(prefix) + 1).map(Into::into),
    }
}

impl Function {
    pub(super) fn new(key: &SecretKey) -> Result<Self, DiscoveryError> {
        let server = VoprfServer::new_from_seed(key.bytes(), KEY_INFO).map_err(|_| DiscoveryError::Derive)?;
        let public = Element(Ristretto255::serialize_elem(server.get_public_key()).into());
        let mut filling = keyed(key.bytes());
        filling.update(FILL_KEY_LABEL);
        Ok(Self { server, public, filling: Zeroizing::new(filling.finalize().into_bytes().into()) })
    }

    /// The entry of a person. The nonce is random: a number that another person has one day gives the same key.
    pub(super) fn entry(&self, number: &str, user: &UserId) -> Result<Entry, DiscoveryError> {
        let mut output =
            self.server.evaluate(&discovery::input(number)).map_err(|_| DiscoveryError::Derive)?;
        let (tag, key) = (Tag::of(&output), discovery::key(&output));
        output.as_mut_slice().zeroize();
        let mut nonce = [0; 12];
        rand::rng().fill_bytes(&mut nonce);
        let payload = Payload { msg: &discovery::plain(user), aad: &tag.0 };
        let cipher = Aes256Gcm::new_from_slice(key.as_slice()).map_err(|_| DiscoveryError::Seal)?;
        let sealed = cipher.encrypt(Nonce::from_slice(&nonce), payload).map_err(|_| DiscoveryError::Seal)?;
        let sealed: [u8; SEALED] =
            [&nonce[..], &sealed].concat().try_into().map_err(|_| DiscoveryError::Seal)?;
        Ok(Entry { tag, sealed })
    }

    /// RFC 9497, `BlindEvaluate`, with one proof for all.
    pub(super) fn evaluate(&self, blinded: &[Element], bits: u8) -> Result<Evaluated, DiscoveryError> {
        let parsed: Result<Vec<_>, _> =
            blinded.iter().map(|one| BlindedElement::<Ristretto255>::deserialize(&one.0)).collect();
        let parsed = parsed.map_err(|_| DiscoveryError::Element)?;
        let prepared: Vec<_> = self.server.batch_blind_evaluate_prepare(parsed.iter()).collect();
        let finished = self
            .server
            .batch_blind_evaluate_finish(&mut OsRng, parsed.iter(), &prepared)
            .map_err(|_| DiscoveryError::Prove)?;
        let proof: [u8; 64] = finished.proof.serialize().into();
        let elements = finished.messages.map(|one| Element(one.serialize().into())).collect();
        Ok(Evaluated { key: self.public, bits, elements, proof })
    }

    /// Fills a bucket up with entries that nobody can open: always the same, so that asking twice does not tell them from
    /// the others.
    pub(super) fn fill(&self, entries: &mut Vec<Entry>, prefix: u32, bits: u8) {
        let wanted = entries.len().max(1).next_multiple_of(STEP).min(ENTRIES);
        let shift = 32 - u32::from(bits);
        for number in entries.len()..wanted {
            let mut sealed = [0; SEALED];
            let place = [&prefix.to_be_bytes()[..], &[bits], &(number as u64).to_be_bytes()].concat();
            for (part, chunk) in (0_u8..).zip(sealed.chunks_mut(32)) {
                chunk.copy_from_slice(&self.filler(&place, part)[..chunk.len()]);
            }
            let mut tag = Tag([0; 16]);
            tag.0.copy_from_slice(&self.filler(&place, u8::MAX)[..16]);
            let [a, b, c, d, ..] = tag.0;
            // As 64 bits: a shift by 32 leaves nothing of the prefix, and everything of the tag.
            let tail = u64::from(u32::from_be_bytes([a, b, c, d])) & ((1_u64 << shift) - 1);
            let head = (u64::from(prefix) << shift) | tail;
            tag.0[..4].copy_from_slice(&head.to_be_bytes()[4..]);
            entries.push(Entry { tag, sealed });
        }
        entries.sort_by_key(|entry| entry.tag);
    }

    fn filler(&self, place: &[u8], part: u8) -> [u8; 32] {
        let mut mac = keyed(&self.filling);
        for piece in [FILL_LABEL, place, &[part]] {
            mac.update(piece);
        }
        mac.finalize().into_bytes().into()
    }
}

fn keyed(key: &[u8; 32]) -> Hmac<Sha256> {
    <Hmac<Sha256> as hmac::Mac>::new_from_slice(key).expect("HMAC takes keys of any length")
}
