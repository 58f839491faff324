//! Safe AAD: authenticated data shared by components (draft-ietf-mls-extensions-09, section 4.9).
//!
//! ```text
//! struct { ComponentID component_id; opaque aad_item_data<V>; } SafeAADItem;
//! struct { SafeAADItem aad_items<V>; } SafeAAD;
//! ```

use crate::{
    franking::{FRANK_AAD, FrankingTag},
    wire::{Reader, opaque},
};

/// The data of one component in a Safe AAD at the start of `authenticated_data`.
///
/// The whole list is checked, so that nobody reads an item that the MLS library would refuse: items in strictly
/// rising order of component, none cut off. `None` if that does not hold or the component is absent.
pub fn safe_aad_data(authenticated_data: &[u8], component: u16) -> Option<&[u8]> {
    let mut items = Reader::new(Reader::new(authenticated_data).vector().ok()?);
    let mut last = None;
    let mut found = None;
    while !items.is_empty() {
        let id = items.u16().ok()?;
        let data = items.vector().ok()?;
        if last.is_some_and(|last| last >= id) {
            return None;
        }
        last = Some(id);
        if id == component {
            found = Some(data);
        }
    }
    found
}

/// A Safe AAD of items that the caller gives in strictly rising order of component.
pub fn safe_aad(items: &[(u16, &[u8])]) -> Vec<u8> {
    let mut list = Vec::new();
    for (component, data) in items {
        list.extend_from_slice(&component.to_be_bytes());
        opaque::tls_serialize(data, &mut list).expect("item data is far below 2^30 bytes");
    }
    let mut encoded = Vec::with_capacity(list.len() + 4);
    opaque::tls_serialize(&list, &mut encoded).expect("a list of items is far below 2^30 bytes");
    encoded
}

pub(super) fn franking_tag(authenticated_data: &[u8]) -> Option<FrankingTag> {
    safe_aad_data(authenticated_data, FRANK_AAD)?.try_into().ok().map(FrankingTag)
}
