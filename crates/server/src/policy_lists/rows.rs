//! Stored lists. First byte: version of the codec.

use super::PolicyListError;
use crate::catalogue::TableNote;
use trefoil_proto::{Domain, Wire as _, policy_list::SignedPolicyList};
use trefoil_store::Table;

/// The newest list of each publisher.
pub(super) const LISTS: Table = Table::new("policy_lists.lists");

const VERSION: u8 = 1;

/// What the table of lists holds.
pub const TABLES: &[TableNote] = &[TableNote {
    table: LISTS,
    holds: "by domain: the newest policy list that this service took from it, as it was published",
    kept: "until the next one",
    discloses: "whose lists this service subscribes to; what stands in them is published",
}];

pub(super) fn key(from: &Domain) -> Vec<u8> {
    from.as_str().as_bytes().to_vec()
}

pub(super) fn encode(list: &SignedPolicyList) -> Vec<u8> {
    [&[VERSION][..], &list.encode()].concat()
}

pub(super) fn decode(bytes: &[u8]) -> Result<SignedPolicyList, PolicyListError> {
    match bytes.split_first() {
        Some((&VERSION, rest)) => SignedPolicyList::decode(rest).map_err(|_| PolicyListError::DamagedRow),
        _ => Err(PolicyListError::DamagedRow),
    }
}
