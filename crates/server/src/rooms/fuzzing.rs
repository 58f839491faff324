//! Decoders of this room, for the fuzzer.

use super::{group::Group, rows};
use crate::fuzzing::Target;
use bytes::Bytes;
use openmls_rust_crypto::RustCrypto;
use trefoil_proto::{Wire as _, edge::CreateRoomRequest, mimi::update::RatchetTreeOption};

pub(crate) const TARGETS: &[Target] =
    &[("server_log_entry", log), ("server_snapshot", snapshot), ("server_beginning_of_room", beginning)];

fn log(input: &[u8]) -> bool {
    let Some((at, message)) = rows::decode_log(&Bytes::copy_from_slice(input)) else { return false };
    assert_eq!(rows::encode_log(at, &message), input);
    true
}

fn snapshot(input: &[u8]) -> bool {
    let Some((next, parts)) = rows::decode_snapshot(&Bytes::copy_from_slice(input)) else { return false };
    // What is in it is read as well.
    let _ = Group::load(b"mimi://a.test/r/tea", &parts);
    assert_eq!(rows::encode_snapshot(next, &parts.map(|part| part.to_vec())), input);
    true
}

/// A group that a device hands in is read by the MLS library; a snapshot of it is the same group.
fn beginning(input: &[u8]) -> bool {
    let Ok(request) = CreateRoomRequest::decode(input) else { return false };
    let RatchetTreeOption::Full(tree) = &request.ratchet_tree else { return false };
    let Ok((group, parts, leaves)) = Group::open(&RustCrypto::default(), &request.group_info, tree) else {
        return false;
    };
    let again = Group::load(request.group_info.group_id(), &parts.map(Bytes::from)).expect("a snapshot");
    assert_eq!((again.epoch(), again.leaves().count()), (group.epoch(), leaves.len()));
    true
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub(crate) fn samples() -> Vec<(&'static str, Vec<u8>)> {
    use crate::devices::client::{CLASSICAL, Person};
    use trefoil_proto::{Timestamp, franking::FrankingAgentData, mimi::UpdateRequest, mls::Credential};
    let mut device = Person::new("a.test", "ann").device("d1");
    let agent =
        FrankingAgentData { franking_signature_key: vec![1; 32], credential: Credential::basic(b"a.test") };
    let room = "mimi://a.test/r/tea".parse().unwrap();
    let create = device.begin(&room, &agent, CLASSICAL, |_| {});
    let UpdateRequest::Commit { commit, .. } = device.commit(vec![], vec![], None) else { unreachable!() };
    let RatchetTreeOption::Full(tree) = &create.ratchet_tree else { unreachable!() };
    let (_, parts, _) = Group::open(&RustCrypto::default(), &create.group_info, tree).ok().unwrap();
    vec![
        ("server_log_entry", rows::encode_log(Timestamp(5), &commit)),
        ("server_snapshot", rows::encode_snapshot(9, &parts)),
        ("server_beginning_of_room", create.encode()),
    ]
}
