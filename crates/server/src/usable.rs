//! Whether a public key of HPKE can be sealed to. Nobody could commit in a room whose tree holds one that cannot.

use openmls::prelude::{Ciphersuite, LeafNode};
use openmls_rust_crypto::RustCrypto;
use openmls_traits::crypto::OpenMlsCrypto as _;
use tls_codec::{DeserializeBytes as _, Serialize as _, VLBytes};

/// True if something can be sealed to every key.
pub(crate) fn all_usable<K: AsRef<[u8]>>(
    crypto: &RustCrypto,
    suite: Ciphersuite,
    keys: impl IntoIterator<Item = K>,
) -> bool {
    let seals = |key: K| crypto.hpke_seal(suite.hpke_config(), key.as_ref(), b"trial", b"", b"").is_ok();
    keys.into_iter().all(seals)
}

/// The encryption key of a leaf.
pub(crate) fn leaf_key(leaf: &LeafNode) -> Vec<u8> {
    // openmls shows it in its encoding alone: with its length in front.
    let encoded = leaf.encryption_key().tls_serialize_detached().unwrap_or_default();
    VLBytes::tls_deserialize_exact_bytes(&encoded).map(Into::into).unwrap_or_default()
}
