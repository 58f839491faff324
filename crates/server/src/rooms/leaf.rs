//! Whose device a leaf of the tree is, and whether its account says so.

use super::{decide::HubLeaf, handshake::Invalid};
use openmls::{
    group::PublicGroup,
    prelude::{BasicCredential, LeafNode},
};
use std::collections::BTreeMap;
use tls_codec::Size as _;
use trefoil_proto::{
    DeviceUri,
    credential::{DEVICE_AUTHORISATION, DeviceAuthorisation},
    room::Leaf,
};

/// Who a new leaf says it is, with the account's word checked against the leaf's own key.
pub(super) fn new_leaf(node: &LeafNode) -> Result<HubLeaf, Invalid> {
    let credential = BasicCredential::try_from(node.credential().clone())
        .map_err(|_| Invalid("a leaf's credential is not basic"))?;
    let device: DeviceUri = std::str::from_utf8(credential.identity())
        .ok()
        .and_then(|identity| identity.parse().ok())
        .ok_or(Invalid("a leaf's credential is not a device URI"))?;
    let authorisation = authorisation(node).ok_or(Invalid("a leaf has no device authorisation"))?;
    let signature_key = node.signature_key().as_slice().to_vec();
    Ok(HubLeaf {
        authorised: authorisation.verify(&device, &signature_key).is_ok(),
        leaf: Leaf { device, account_key: authorisation.account_key },
        signature_key,
        size: node.tls_serialized_len(),
        package: None,
    })
}

/// Every leaf of a group that was checked when it came in; signatures are not verified again.
pub(super) fn leaves_of(public: &PublicGroup) -> Result<BTreeMap<u32, Leaf>, Invalid> {
    let mut leaves = BTreeMap::new();
    for member in public.members() {
        let node = public.leaf(member.index).ok_or(Invalid("a member has no leaf"))?;
        leaves.insert(member.index.u32(), known_leaf(node)?);
    }
    Ok(leaves)
}

fn known_leaf(node: &LeafNode) -> Result<Leaf, Invalid> {
    let identity = node.credential().serialized_content();
    let device = std::str::from_utf8(identity).ok().and_then(|identity| identity.parse().ok());
    match (device, authorisation(node)) {
        (Some(device), Some(word)) => Ok(Leaf { device, account_key: word.account_key }),
        _ => Err(Invalid("a leaf does not say who it is")),
    }
}

fn authorisation(node: &LeafNode) -> Option<DeviceAuthorisation> {
    let dictionary = node.extensions().app_data_dictionary()?;
    DeviceAuthorisation::decode(dictionary.dictionary().get(&DEVICE_AUTHORISATION)?).ok()
}
