//! MLS's labelled signatures and encryption contexts (RFC 9420, sections 5.1.2 and 5.1.3), for what the hub signs,
//! checks and seals outside a group.

use ed25519_dalek::{Signature, VerifyingKey};
use tls_codec::{Serialize as _, TlsSerialize, TlsSize, VLByteSlice};

#[derive(TlsSize, TlsSerialize)]
struct Labelled<'a> {
    label: VLByteSlice<'a>,
    content: VLByteSlice<'a>,
}

/// `SignContent` or `EncryptContext`: the label with MLS's prefix, and the content, each as `opaque<V>`.
pub(super) fn labelled(label: &str, content: &[u8]) -> Vec<u8> {
    let label = [b"MLS 1.0 ", label.as_bytes()].concat();
    Labelled { label: VLByteSlice(&label), content: VLByteSlice(content) }
        .tls_serialize_detached()
        .expect("labels and contents stay under 2^30 bytes")
}

/// `VerifyWithLabel` with Ed25519, the signature scheme of every suite we offer.
pub(super) fn verifies(public_key: &[u8], label: &str, content: &[u8], signature: &[u8]) -> bool {
    let Ok(key) = <[u8; 32]>::try_from(public_key) else { return false };
    let Ok(key) = VerifyingKey::from_bytes(&key) else { return false };
    let Ok(signature) = Signature::from_slice(signature) else { return false };
    key.verify_strict(&labelled(label, content), &signature).is_ok()
}

/// The encoding of a structure that we made ourselves.
pub(super) fn encode(structure: &impl tls_codec::Serialize) -> Vec<u8> {
    structure
        .tls_serialize_detached()
        .expect("a structure whose vectors stay under 2^30 bytes always encodes")
}
