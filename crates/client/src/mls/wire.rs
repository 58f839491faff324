//! Between openmls' messages and the bytes of our protocol.

use crate::{ClientError, Refusal, error::mls};
use openmls::prelude::{
    KeyPackage, KeyPackageIn, MlsMessageBodyIn, MlsMessageIn, MlsMessageOut, ProtocolMessage,
    ProtocolVersion, RatchetTreeIn, Welcome, group_info::VerifiableGroupInfo,
};
use openmls_traits::crypto::OpenMlsCrypto;
use tls_codec::{DeserializeBytes as _, Serialize};
use trefoil_proto::{
    ProtoError,
    mimi::update::RatchetTreeOption,
    mls::{self as proto, MlsMessage},
};

/// Version and wire format in front of an `MLSMessage`'s body.
const HEADER: usize = 4;

/// What openmls made, for our protocol.
pub(crate) fn message(message: &impl Serialize) -> Result<MlsMessage, ClientError> {
    let bytes = message.tls_serialize_detached().map_err(mls("encode a message"))?;
    MlsMessage::from_bytes(bytes.into()).map_err(mls("encode a message"))
}

/// A group info without the `MLSMessage` around it.
pub(crate) fn group_info(message: &MlsMessageOut) -> Result<proto::GroupInfo, ClientError> {
    let bytes = message.tls_serialize_detached().map_err(mls("encode a group info"))?;
    proto::GroupInfo::parse(bytes.get(HEADER..).unwrap_or_default()).map_err(mls("encode a group info"))
}

/// Any MLS structure whose encoding our protocol carries as such.
pub(crate) fn object<T: TryFrom<Vec<u8>, Error = ProtoError>>(
    value: &impl Serialize,
) -> Result<T, ClientError> {
    let bytes = value.tls_serialize_detached().map_err(mls("encode"))?;
    bytes.try_into().map_err(mls("encode"))
}

/// A handshake or application message for openmls.
pub(crate) fn protocol_message(message: &MlsMessage) -> Result<ProtocolMessage, Refusal> {
    MlsMessageIn::tls_deserialize_exact_bytes(message.as_bytes())
        .ok()
        .and_then(|message| message.try_into_protocol_message().ok())
        .ok_or(Refusal::Malformed)
}

/// A Welcome for openmls.
pub(crate) fn welcome(message: &MlsMessage) -> Result<Welcome, Refusal> {
    match MlsMessageIn::tls_deserialize_exact_bytes(message.as_bytes()).map(MlsMessageIn::extract) {
        Ok(MlsMessageBodyIn::Welcome(welcome)) => Ok(welcome),
        _ => Err(Refusal::Malformed),
    }
}

/// A group info for openmls.
pub(crate) fn verifiable_group_info(info: &proto::GroupInfo) -> Result<VerifiableGroupInfo, Refusal> {
    VerifiableGroupInfo::tls_deserialize_exact_bytes(info.as_bytes()).map_err(|_| Refusal::Malformed)
}

/// A tree for openmls.
pub(crate) fn ratchet_tree(tree: &RatchetTreeOption) -> Result<RatchetTreeIn, Refusal> {
    match tree {
        RatchetTreeOption::Full(tree) => {
            RatchetTreeIn::tls_deserialize_exact_bytes(tree.as_bytes()).map_err(|_| Refusal::Malformed)
        }
        RatchetTreeOption::DistributionService => Err(Refusal::Malformed),
    }
}

/// A key package whose signature and lifetime were checked.
pub(crate) fn key_package(
    crypto: &impl OpenMlsCrypto,
    package: &proto::KeyPackage,
) -> Result<KeyPackage, Refusal> {
    KeyPackageIn::tls_deserialize_exact_bytes(package.as_bytes())
        .ok()
        .and_then(|package| package.validate(crypto, ProtocolVersion::Mls10).ok())
        .ok_or(Refusal::InvalidHandshake)
}

/// The encoding of a bounded structure that is signed.
pub(crate) fn encoded(tbs: &impl Serialize) -> Vec<u8> {
    tbs.tls_serialize_detached().expect("bounded structures always serialise")
}

/// The bytes that `SignWithLabel` signs (RFC 9420, section 5.1.2).
pub(crate) fn sign_content(label: &str, content: &[u8]) -> Vec<u8> {
    labelled(label, content)
}

/// The HPKE info of `EncryptWithLabel` (RFC 9420, section 5.1.3).
pub(crate) fn encrypt_context(label: &str, context: &[u8]) -> Vec<u8> {
    labelled(label, context)
}

fn labelled(label: &str, content: &[u8]) -> Vec<u8> {
    let full = format!("MLS 1.0 {label}");
    let mut bytes = Vec::with_capacity(full.len() + content.len() + 8);
    let written = tls_codec::VLByteSlice(full.as_bytes())
        .tls_serialize(&mut bytes)
        .and_then(|_| tls_codec::VLByteSlice(content).tls_serialize(&mut bytes));
    debug_assert!(written.is_ok(), "labels and contents stay far below 2^30 bytes");
    bytes
}
