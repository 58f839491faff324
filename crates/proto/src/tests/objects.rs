//! MLS objects put together by hand: right in extent, meaningless otherwise.

use crate::mls::{Credential, GroupInfo, KeyPackage, MlsMessage, RatchetTree, safe_aad};

pub(super) fn vector(content: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    crate::wire::opaque::tls_serialize(content, &mut out).unwrap();
    out
}

pub(super) fn key_package(filling: &[u8]) -> KeyPackage {
    let mut raw = vec![0, 1, 0, 0x4f];
    raw.extend(vector(filling));
    raw.extend(leaf_node(filling));
    raw.extend([0, 1, 7]);
    KeyPackage::parse(&raw).unwrap()
}

fn leaf_node(filling: &[u8]) -> Vec<u8> {
    let mut raw = vector(filling);
    raw.extend(vector(filling));
    raw.extend(credential(b"mimi://a.example/d/u1/d1").as_bytes());
    raw.extend([2, 0, 1, 0, 0, 0, 0]);
    raw.push(1);
    raw.extend([0; 15]);
    raw.extend([9, 0]);
    raw.extend(vector(filling));
    raw
}

pub(super) fn credential(identity: &[u8]) -> Credential {
    Credential::basic(identity)
}

pub(super) fn group_info(epoch: u8, filling: &[u8]) -> GroupInfo {
    let mut raw = vec![0, 1, 0, 0x4f];
    raw.extend(vector(b"mimi://a.example/r/r1"));
    raw.extend([0, 0, 0, 0, 0, 0, 0, epoch]);
    for _ in 0..5 {
        raw.extend(vector(filling));
    }
    raw.extend([0, 0, 0, 1]);
    raw.extend(vector(filling));
    GroupInfo::parse(&raw).unwrap()
}

pub(super) fn tree(filling: &[u8]) -> RatchetTree {
    RatchetTree::parse(&vector(filling)).unwrap()
}

fn framed(wire_format: u8, epoch: u8) -> Vec<u8> {
    let mut raw = vec![0, 1, 0, wire_format];
    raw.extend(vector(b"mimi://a.example/r/r1"));
    raw.extend([0, 0, 0, 0, 0, 0, 0, epoch]);
    raw
}

/// From a member: with membership tag.
fn public(epoch: u8, content: &[u8], is_commit: bool) -> MlsMessage {
    let mut raw = framed(1, epoch);
    raw.extend([1, 0, 0, 0, 0]);
    raw.extend(vector(&safe_aad(&[])));
    raw.extend(content);
    raw.extend([2, 0xaa, 0xbb]);
    if is_commit {
        raw.extend([1, 0xcc]);
    }
    raw.extend([1, 0xdd]);
    MlsMessage::parse(&raw).unwrap()
}

/// A commit of nothing, with a path.
pub(super) fn commit(epoch: u8, filling: &[u8]) -> MlsMessage {
    let mut content = vec![3, 0, 1];
    content.extend(leaf_node(filling));
    content.push(0);
    public(epoch, &content, true)
}

/// A Remove proposal.
pub(super) fn proposal(epoch: u8) -> MlsMessage {
    public(epoch, &[2, 0, 3, 0, 0, 0, 7], false)
}

/// An application message with a franking tag.
pub(super) fn application(epoch: u8, ciphertext: &[u8]) -> MlsMessage {
    let mut raw = framed(2, epoch);
    raw.push(1);
    raw.extend(vector(&safe_aad(&[(crate::franking::FRANK_AAD, &[0x77; 32])])));
    raw.extend([1, 0xee]);
    raw.extend(vector(ciphertext));
    MlsMessage::parse(&raw).unwrap()
}

pub(super) fn welcome(filling: &[u8]) -> MlsMessage {
    let mut raw = vec![0, 1, 0, 3, 0, 0x4f];
    raw.extend(vector(filling));
    raw.extend(vector(filling));
    MlsMessage::parse(&raw).unwrap()
}
