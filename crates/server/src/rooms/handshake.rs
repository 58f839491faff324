//! MLS objects on their way to and from openmls, and the parts of them that it does not show.

use openmls::prelude::{MlsMessageBodyIn, MlsMessageIn, OpenMlsCrypto as _, ProtocolMessage};
use openmls_rust_crypto::RustCrypto;
use tls_codec::DeserializeBytes as _;
use trefoil_proto::mls::{GroupInfo, MlsMessage};

/// Why a handshake is not valid in a room, in words that name nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(super) struct Invalid(pub(super) &'static str);

/// A commit or proposal for openmls.
pub(super) fn protocol_message(message: &MlsMessage) -> Result<ProtocolMessage, Invalid> {
    MlsMessageIn::tls_deserialize_exact_bytes(message.as_bytes())
        .ok()
        .and_then(|message| message.try_into_protocol_message().ok())
        .ok_or(Invalid("the handshake cannot be decoded"))
}

/// The key package references that a Welcome is for.
pub(super) fn welcomed(message: &MlsMessage) -> Result<Vec<Vec<u8>>, Invalid> {
    let message = MlsMessageIn::tls_deserialize_exact_bytes(message.as_bytes())
        .map_err(|_| Invalid("the Welcome cannot be decoded"))?;
    match message.extract() {
        MlsMessageBodyIn::Welcome(welcome) => {
            Ok(welcome.secrets().iter().map(|secret| secret.new_member().as_slice().to_vec()).collect())
        }
        _ => Err(Invalid("not a Welcome")),
    }
}

/// True if a suite is one that our rooms may have.
pub(super) fn is_offered(crypto: &RustCrypto, suite: u16) -> bool {
    matches!(suite, 0x004f | 0x0001)
        && openmls_traits::types::Ciphersuite::try_from(suite)
            .is_ok_and(|suite| crypto.supports(suite).is_ok())
}

/// The end of an encoded GroupInfo: confirmation tag, signer, signature. openmls shows neither tag nor signer.
pub(super) struct InfoEnd<'a> {
    pub(super) signed: &'a [u8],
    pub(super) before_signer: &'a [u8],
    pub(super) signer: u32,
    pub(super) signature: &'a [u8],
}

impl<'a> InfoEnd<'a> {
    /// An Ed25519 signature as `opaque<V>` has 64 bytes behind a two-byte length.
    const SIGNATURE: usize = 64;
    const LENGTH: [u8; 2] = [0x40, 0x40];

    pub(super) fn of(info: &'a GroupInfo) -> Option<Self> {
        let bytes = info.as_bytes();
        let (rest, signature) = bytes.split_at_checked(bytes.len().checked_sub(Self::SIGNATURE)?)?;
        let signed = rest.strip_suffix(&Self::LENGTH)?;
        let (before_signer, signer) = signed.split_at_checked(signed.len().checked_sub(4)?)?;
        Some(Self { signed, before_signer, signer: u32::from_be_bytes(signer.try_into().ok()?), signature })
    }
}
