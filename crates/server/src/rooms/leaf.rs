//! Whose device a leaf of the tree is, and whether its account says so.

use super::{decide::Leaf, handshake::Invalid};
use openmls::{
    group::PublicGroup,
    prelude::{BasicCredential, LeafNode},
};
use std::collections::BTreeMap;
use trefoil_proto::{
    DeviceUri,
    credential::{DEVICE_AUTHORISATION, DeviceAuthorisation},
};

/// Who a leaf says it is, with the account's word checked against the leaf's own key.
pub(super) fn leaf(node: &LeafNode) -> Result<Leaf, Invalid> {
    let credential = BasicCredential::try_from(node.credential().clone())
        .map_err(|_| Invalid("a leaf's credential is not basic"))?;
    let device: DeviceUri = std::str::from_utf8(credential.identity())
        .ok()
        .and_then(|identity| identity.parse().ok())
        .ok_or(Invalid("a leaf's credential is not a device URI"))?;
    let dictionary = node.extensions().app_data_dictionary();
    let authorisation = dictionary
        .and_then(|dictionary| dictionary.dictionary().get(&DEVICE_AUTHORISATION))
        .and_then(|encoded| DeviceAuthorisation::decode(encoded).ok())
        .ok_or(Invalid("a leaf has no device authorisation"))?;
    let authorised = authorisation.verify(&device, node.signature_key().as_slice()).is_ok();
    Ok(Leaf { device, account_key: authorisation.account_key, authorised })
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
    let authorisation = node
        .extensions()
        .app_data_dictionary()
        .and_then(|dictionary| dictionary.dictionary().get(&DEVICE_AUTHORISATION))
        .and_then(|encoded| DeviceAuthorisation::decode(encoded).ok());
    match (device, authorisation) {
        (Some(device), Some(word)) => Ok(Leaf { device, account_key: word.account_key, authorised: true }),
        _ => Err(Invalid("a leaf does not say who it is")),
    }
}
