//! Where an MLS object ends (RFC 9420; draft-ietf-mls-extensions for proposals 8 to 10).
//!
//! MIMI's structures hold MLS objects without a length in front, so the end must be found by walking them. The walk
//! steps over vectors by their length and reads only what decides the extent; meaning is for the MLS library.

use super::MessageKind;
use crate::wire::Reader;
use std::ops::Range;
use tls_codec::Error;

const MLS10: u16 = 1;

/// What an `MLSMessage` shows of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) kind: MessageKind,
    /// Group id, epoch, and authenticated data where the kind has them.
    pub(super) framing: Option<Framing>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Framing {
    pub(super) group_id: Range<usize>,
    pub(super) epoch: u64,
    pub(super) authenticated_data: Option<Range<usize>>,
}

pub(super) fn mls_message(r: &mut Reader<'_>) -> Result<Header, Error> {
    version(r)?;
    match r.u16()? {
        1 => public_message(r),
        2 => private_message(r),
        3 => {
            welcome(r)?;
            Ok(Header { kind: MessageKind::Welcome, framing: None })
        }
        4 => {
            let framing = group_info(r)?;
            Ok(Header { kind: MessageKind::GroupInfo, framing: Some(framing) })
        }
        5 => {
            key_package(r)?;
            Ok(Header { kind: MessageKind::KeyPackage, framing: None })
        }
        other => Err(Error::UnknownValue(other.into())),
    }
}

fn public_message(r: &mut Reader<'_>) -> Result<Header, Error> {
    let group_id = range(r)?;
    let epoch = r.u64()?;
    let sender = r.u8()?;
    match sender {
        1 | 2 => {
            r.u32()?;
        }
        3 | 4 => {}
        other => return Err(Error::UnknownValue(other.into())),
    }
    let authenticated_data = Some(range(r)?);
    let kind = match r.u8()? {
        // Application data is never sent as a PublicMessage (RFC 9420, section 6).
        2 => {
            proposal(r)?;
            MessageKind::Proposal
        }
        3 => {
            commit(r)?;
            MessageKind::Commit
        }
        other => return Err(Error::UnknownValue(other.into())),
    };
    r.vector()?;
    if kind == MessageKind::Commit {
        r.vector()?;
    }
    if sender == 1 {
        r.vector()?;
    }
    Ok(Header { kind, framing: Some(Framing { group_id, epoch, authenticated_data }) })
}

/// Steps to the path of a commit in a `PublicMessage`. False for anything else, and for a commit without a path.
pub(super) fn to_path(r: &mut Reader<'_>) -> Result<bool, Error> {
    version(r)?;
    if r.u16()? != 1 {
        return Ok(false);
    }
    r.vector()?;
    r.u64()?;
    if matches!(r.u8()?, 1 | 2) {
        r.u32()?;
    }
    r.vector()?;
    if r.u8()? != 3 {
        return Ok(false);
    }
    r.vector()?;
    r.optional()
}

fn private_message(r: &mut Reader<'_>) -> Result<Header, Error> {
    let group_id = range(r)?;
    let epoch = r.u64()?;
    let kind = match r.u8()? {
        1 => MessageKind::Application,
        2 | 3 => MessageKind::PrivateHandshake,
        other => return Err(Error::UnknownValue(other.into())),
    };
    let authenticated_data = Some(range(r)?);
    r.vector()?;
    r.vector()?;
    Ok(Header { kind, framing: Some(Framing { group_id, epoch, authenticated_data }) })
}

fn welcome(r: &mut Reader<'_>) -> Result<(), Error> {
    r.u16()?;
    r.vector()?;
    r.vector()?;
    Ok(())
}

pub(super) fn group_info(r: &mut Reader<'_>) -> Result<Framing, Error> {
    version(r)?;
    r.u16()?;
    let group_id = range(r)?;
    let epoch = r.u64()?;
    // tree_hash, confirmed_transcript_hash, group context extensions; group info extensions, confirmation_tag
    for _ in 0..5 {
        r.vector()?;
    }
    r.u32()?;
    r.vector()?;
    Ok(Framing { group_id, epoch, authenticated_data: None })
}

pub(super) fn key_package(r: &mut Reader<'_>) -> Result<(), Error> {
    version(r)?;
    r.u16()?;
    r.vector()?;
    leaf_node(r)?;
    r.vector()?;
    r.vector()?;
    Ok(())
}

pub(super) fn ratchet_tree(r: &mut Reader<'_>) -> Result<(), Error> {
    r.vector().map(drop)
}

pub(super) fn credential(r: &mut Reader<'_>) -> Result<(), Error> {
    match r.u16()? {
        1 | 2 => r.vector().map(drop),
        other => Err(Error::UnknownValue(other.into())),
    }
}

pub(super) fn leaf_node(r: &mut Reader<'_>) -> Result<(), Error> {
    r.vector()?;
    r.vector()?;
    credential(r)?;
    // capabilities: versions, cipher_suites, extensions, proposals, credentials
    for _ in 0..5 {
        r.vector()?;
    }
    match r.u8()? {
        1 => {
            r.u64()?;
            r.u64()?;
        }
        2 => {}
        3 => {
            r.vector()?;
        }
        other => return Err(Error::UnknownValue(other.into())),
    }
    r.vector()?;
    r.vector()?;
    Ok(())
}

fn proposal(r: &mut Reader<'_>) -> Result<(), Error> {
    match r.u16()? {
        1 => key_package(r),
        2 => leaf_node(r),
        3 => r.u32().map(drop),
        4 => pre_shared_key_id(r),
        5 => {
            r.vector()?;
            version(r)?;
            r.u16()?;
            r.vector().map(drop)
        }
        // external_init, group_context_extensions
        6 | 7 => r.vector().map(drop),
        8 => app_data_update(r),
        // app_ephemeral
        9 => {
            r.u16()?;
            r.vector().map(drop)
        }
        // self_remove
        10 => Ok(()),
        other => Err(Error::UnknownValue(other.into())),
    }
}

fn pre_shared_key_id(r: &mut Reader<'_>) -> Result<(), Error> {
    match r.u8()? {
        1 => {
            r.vector()?;
        }
        2 => {
            r.u8()?;
            r.vector()?;
            r.u64()?;
        }
        3 => {
            r.u16()?;
            r.vector()?;
        }
        other => return Err(Error::UnknownValue(other.into())),
    }
    r.vector().map(drop)
}

fn app_data_update(r: &mut Reader<'_>) -> Result<(), Error> {
    r.u16()?;
    match r.u8()? {
        1 => r.vector().map(drop),
        2 => Ok(()),
        other => Err(Error::UnknownValue(other.into())),
    }
}

fn commit(r: &mut Reader<'_>) -> Result<(), Error> {
    r.vector()?;
    if r.optional()? {
        leaf_node(r)?;
        r.vector()?;
    }
    Ok(())
}

fn version(r: &mut Reader<'_>) -> Result<(), Error> {
    match r.u16()? {
        MLS10 => Ok(()),
        other => Err(Error::UnknownValue(other.into())),
    }
}

/// Steps over a vector and says where its content lies.
fn range(r: &mut Reader<'_>) -> Result<Range<usize>, Error> {
    let content = r.vector()?;
    Ok(r.position() - content.len()..r.position())
}
