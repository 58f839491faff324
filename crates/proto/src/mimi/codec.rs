//! Codecs of the structures in which the draft puts a field between a code and what belongs to the code, or selects
//! on the kind of an MLS message. The choices are in `docs/spec/mimi-errata.md`.

use super::{
    Protocol,
    consent::{ConsentEntry, ConsentOperation},
    fanout::{FanoutMessage, RoomEvent},
    key_material::{ClientKeyMaterial, ClientKeyMaterialStatus},
    submit::SubmitMessageResponse,
    update::{UpdateOutcome, UpdateRequest, UpdateRoomResponse},
};
use crate::{
    mls::{MessageKind, MlsMessage},
    wire::{Reader, opaque},
};
use std::io::Write;
use tls_codec::{DeserializeBytes, Error, Serialize, Size};

/// Where an `MLSMessage` begins with its version and wire format: version 1.0, and one of the formats for private use
/// (RFC 9420, section 17.2).
const REMOVAL: [u8; 4] = [0x00, 0x01, 0xf0, 0x01];

fn unexpected() -> Error {
    Error::DecodingError("an MLS message of another kind is needed here".into())
}

fn kind_is(message: MlsMessage, kind: MessageKind) -> Result<MlsMessage, Error> {
    if message.kind() == kind { Ok(message) } else { Err(unexpected()) }
}

fn all_of(messages: Vec<MlsMessage>, kind: MessageKind) -> Result<Vec<MlsMessage>, Error> {
    if messages.iter().all(|message| message.kind() == kind) { Ok(messages) } else { Err(unexpected()) }
}

impl Size for UpdateRequest {
    fn tls_serialized_len(&self) -> usize {
        match self {
            Self::Commit { commit, welcome, group_info, ratchet_tree } => {
                commit.tls_serialized_len()
                    + welcome.tls_serialized_len()
                    + group_info.tls_serialized_len()
                    + ratchet_tree.tls_serialized_len()
            }
            Self::Proposals { first, more } => first.tls_serialized_len() + more.tls_serialized_len(),
        }
    }
}

impl Serialize for UpdateRequest {
    fn tls_serialize<W: Write>(&self, writer: &mut W) -> Result<usize, Error> {
        Ok(match self {
            Self::Commit { commit, welcome, group_info, ratchet_tree } => {
                commit.tls_serialize(writer)?
                    + welcome.tls_serialize(writer)?
                    + group_info.tls_serialize(writer)?
                    + ratchet_tree.tls_serialize(writer)?
            }
            Self::Proposals { first, more } => first.tls_serialize(writer)? + more.tls_serialize(writer)?,
        })
    }
}

impl DeserializeBytes for UpdateRequest {
    fn tls_deserialize_bytes(bytes: &[u8]) -> Result<(Self, &[u8]), Error> {
        let mut r = Reader::new(bytes);
        let first: MlsMessage = r.read()?;
        let request = match first.kind() {
            MessageKind::Commit => {
                let welcome = match r.read::<Option<MlsMessage>>()? {
                    Some(welcome) => Some(kind_is(welcome, MessageKind::Welcome)?),
                    None => None,
                };
                Self::Commit { commit: first, welcome, group_info: r.read()?, ratchet_tree: r.read()? }
            }
            MessageKind::Proposal => {
                Self::Proposals { first, more: all_of(r.read()?, MessageKind::Proposal)? }
            }
            _ => return Err(unexpected()),
        };
        Ok((request, r.rest()))
    }
}

impl UpdateOutcome {
    fn code(&self) -> u8 {
        match self {
            Self::Success { .. } => 0,
            Self::WrongEpoch { .. } => 1,
            Self::NotAllowed => 2,
            Self::InvalidProposal { .. } => 3,
        }
    }
}

impl Size for UpdateRoomResponse {
    fn tls_serialized_len(&self) -> usize {
        let tail = match &self.outcome {
            UpdateOutcome::Success { accepted_timestamp } => accepted_timestamp.tls_serialized_len(),
            UpdateOutcome::WrongEpoch { current_epoch } => current_epoch.tls_serialized_len(),
            UpdateOutcome::NotAllowed => 0,
            UpdateOutcome::InvalidProposal { invalid_proposals } => invalid_proposals.tls_serialized_len(),
        };
        1 + opaque::tls_serialized_len(&self.error_description) + tail
    }
}

impl Serialize for UpdateRoomResponse {
    fn tls_serialize<W: Write>(&self, writer: &mut W) -> Result<usize, Error> {
        let head = self.outcome.code().tls_serialize(writer)?
            + opaque::tls_serialize(&self.error_description, writer)?;
        let tail = match &self.outcome {
            UpdateOutcome::Success { accepted_timestamp } => accepted_timestamp.tls_serialize(writer)?,
            UpdateOutcome::WrongEpoch { current_epoch } => current_epoch.tls_serialize(writer)?,
            UpdateOutcome::NotAllowed => 0,
            UpdateOutcome::InvalidProposal { invalid_proposals } => {
                invalid_proposals.tls_serialize(writer)?
            }
        };
        Ok(head + tail)
    }
}

impl DeserializeBytes for UpdateRoomResponse {
    fn tls_deserialize_bytes(bytes: &[u8]) -> Result<(Self, &[u8]), Error> {
        let mut r = Reader::new(bytes);
        let code = r.u8()?;
        let error_description = r.vector()?.to_vec();
        let outcome = match code {
            0 => UpdateOutcome::Success { accepted_timestamp: r.read()? },
            1 => UpdateOutcome::WrongEpoch { current_epoch: r.u64()? },
            2 => UpdateOutcome::NotAllowed,
            3 => UpdateOutcome::InvalidProposal { invalid_proposals: r.read()? },
            other => return Err(Error::UnknownValue(other.into())),
        };
        Ok((Self { outcome, error_description }, r.rest()))
    }
}

impl Size for SubmitMessageResponse {
    fn tls_serialized_len(&self) -> usize {
        2 + match self {
            Self::Accepted { accepted_timestamp, frank } => {
                accepted_timestamp.tls_serialized_len() + frank.tls_serialized_len()
            }
            Self::NotAllowed => 0,
            Self::EpochTooOld { current_epoch } => current_epoch.tls_serialized_len(),
        }
    }
}

impl Serialize for SubmitMessageResponse {
    fn tls_serialize<W: Write>(&self, writer: &mut W) -> Result<usize, Error> {
        let protocol = Protocol::Mls10.tls_serialize(writer)?;
        let rest = match self {
            Self::Accepted { accepted_timestamp, frank } => {
                0u8.tls_serialize(writer)?
                    + accepted_timestamp.tls_serialize(writer)?
                    + frank.tls_serialize(writer)?
            }
            Self::NotAllowed => 1u8.tls_serialize(writer)?,
            Self::EpochTooOld { current_epoch } => {
                2u8.tls_serialize(writer)? + current_epoch.tls_serialize(writer)?
            }
        };
        Ok(protocol + rest)
    }
}

impl DeserializeBytes for SubmitMessageResponse {
    fn tls_deserialize_bytes(bytes: &[u8]) -> Result<(Self, &[u8]), Error> {
        let mut r = Reader::new(bytes);
        let Protocol::Mls10 = r.read()?;
        let response = match r.u8()? {
            0 => Self::Accepted { accepted_timestamp: r.read()?, frank: r.read()? },
            1 => Self::NotAllowed,
            2 => Self::EpochTooOld { current_epoch: r.u64()? },
            other => return Err(Error::UnknownValue(other.into())),
        };
        Ok((response, r.rest()))
    }
}

impl Size for FanoutMessage {
    fn tls_serialized_len(&self) -> usize {
        let event = match &self.event {
            RoomEvent::Application { message, frank } => {
                message.tls_serialized_len() + frank.tls_serialized_len()
            }
            RoomEvent::Welcome { message, ratchet_tree } => {
                message.tls_serialized_len() + ratchet_tree.tls_serialized_len()
            }
            RoomEvent::Proposal { message, more } => message.tls_serialized_len() + more.tls_serialized_len(),
            RoomEvent::Commit { message, external_proposals } => {
                message.tls_serialized_len() + external_proposals.tls_serialized_len()
            }
            RoomEvent::Removal(asked) => REMOVAL.len() + asked.tls_serialized_len(),
        };
        self.protocol.tls_serialized_len() + self.timestamp.tls_serialized_len() + event
    }
}

impl Serialize for FanoutMessage {
    fn tls_serialize<W: Write>(&self, writer: &mut W) -> Result<usize, Error> {
        let head = self.protocol.tls_serialize(writer)? + self.timestamp.tls_serialize(writer)?;
        let event = match &self.event {
            RoomEvent::Application { message, frank } => {
                message.tls_serialize(writer)? + frank.tls_serialize(writer)?
            }
            RoomEvent::Welcome { message, ratchet_tree } => {
                message.tls_serialize(writer)? + ratchet_tree.tls_serialize(writer)?
            }
            RoomEvent::Proposal { message, more } => {
                message.tls_serialize(writer)? + more.tls_serialize(writer)?
            }
            RoomEvent::Commit { message, external_proposals } => {
                message.tls_serialize(writer)? + external_proposals.tls_serialize(writer)?
            }
            RoomEvent::Removal(asked) => {
                writer.write_all(&REMOVAL)?;
                REMOVAL.len() + asked.tls_serialize(writer)?
            }
        };
        Ok(head + event)
    }
}

impl DeserializeBytes for FanoutMessage {
    fn tls_deserialize_bytes(bytes: &[u8]) -> Result<(Self, &[u8]), Error> {
        let mut r = Reader::new(bytes);
        let (protocol, timestamp) = (r.read()?, r.read()?);
        if r.rest().starts_with(&REMOVAL) {
            r.take(REMOVAL.len())?;
            let event = RoomEvent::Removal(r.read()?);
            return Ok((Self { protocol, timestamp, event }, r.rest()));
        }
        let message: MlsMessage = r.read()?;
        let event = match message.kind() {
            MessageKind::Application => RoomEvent::Application { message, frank: r.read()? },
            MessageKind::Welcome => RoomEvent::Welcome { message, ratchet_tree: r.read()? },
            MessageKind::Proposal => {
                RoomEvent::Proposal { message, more: all_of(r.read()?, MessageKind::Proposal)? }
            }
            MessageKind::Commit => {
                RoomEvent::Commit { message, external_proposals: all_of(r.read()?, MessageKind::Proposal)? }
            }
            _ => return Err(unexpected()),
        };
        Ok((Self { protocol, timestamp, event }, r.rest()))
    }
}

impl Size for ClientKeyMaterial {
    fn tls_serialized_len(&self) -> usize {
        let material = match &self.status {
            ClientKeyMaterialStatus::Success(key_package) => key_package.tls_serialized_len(),
            ClientKeyMaterialStatus::KeyMaterialExhausted => 0,
            ClientKeyMaterialStatus::NothingCompatible => 1,
        };
        1 + self.client_uri.tls_serialized_len() + material
    }
}

impl Serialize for ClientKeyMaterial {
    fn tls_serialize<W: Write>(&self, writer: &mut W) -> Result<usize, Error> {
        let code: u8 = match &self.status {
            ClientKeyMaterialStatus::Success(_) => 0,
            ClientKeyMaterialStatus::KeyMaterialExhausted => 1,
            ClientKeyMaterialStatus::NothingCompatible => 2,
        };
        let head = code.tls_serialize(writer)? + self.client_uri.tls_serialize(writer)?;
        let material = match &self.status {
            ClientKeyMaterialStatus::Success(key_package) => key_package.tls_serialize(writer)?,
            ClientKeyMaterialStatus::KeyMaterialExhausted => 0,
            // optional<Capabilities>: the profile never says which.
            ClientKeyMaterialStatus::NothingCompatible => 0u8.tls_serialize(writer)?,
        };
        Ok(head + material)
    }
}

impl DeserializeBytes for ClientKeyMaterial {
    fn tls_deserialize_bytes(bytes: &[u8]) -> Result<(Self, &[u8]), Error> {
        let mut r = Reader::new(bytes);
        let code = r.u8()?;
        let client_uri = r.read()?;
        let status = match code {
            0 => ClientKeyMaterialStatus::Success(r.read()?),
            1 => ClientKeyMaterialStatus::KeyMaterialExhausted,
            2 if !r.optional()? => ClientKeyMaterialStatus::NothingCompatible,
            other => return Err(Error::UnknownValue(other.into())),
        };
        Ok((Self { status, client_uri }, r.rest()))
    }
}

impl ConsentOperation {
    fn code(&self) -> u8 {
        match self {
            Self::Cancel => 0,
            Self::Request => 1,
            Self::Grant { .. } => 2,
            Self::Revoke => 3,
        }
    }
}

impl Size for ConsentEntry {
    fn tls_serialized_len(&self) -> usize {
        let key_packages = match &self.operation {
            ConsentOperation::Grant { key_packages } => key_packages.tls_serialized_len(),
            _ => 0,
        };
        1 + self.scope.tls_serialized_len() + key_packages + self.extensions.tls_serialized_len()
    }
}

impl Serialize for ConsentEntry {
    fn tls_serialize<W: Write>(&self, writer: &mut W) -> Result<usize, Error> {
        let head = self.operation.code().tls_serialize(writer)? + self.scope.tls_serialize(writer)?;
        let key_packages = match &self.operation {
            ConsentOperation::Grant { key_packages } => key_packages.tls_serialize(writer)?,
            _ => 0,
        };
        Ok(head + key_packages + self.extensions.tls_serialize(writer)?)
    }
}

impl DeserializeBytes for ConsentEntry {
    fn tls_deserialize_bytes(bytes: &[u8]) -> Result<(Self, &[u8]), Error> {
        let mut r = Reader::new(bytes);
        let code = r.u8()?;
        let scope = r.read()?;
        let operation = match code {
            0 => ConsentOperation::Cancel,
            1 => ConsentOperation::Request,
            2 => ConsentOperation::Grant { key_packages: r.read()? },
            3 => ConsentOperation::Revoke,
            other => return Err(Error::UnknownValue(other.into())),
        };
        let extensions = r.read()?;
        Ok((Self { operation, scope, extensions }, r.rest()))
    }
}
