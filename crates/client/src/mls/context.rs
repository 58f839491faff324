//! What a group context says about its room, as checked structures.

use super::suite;
use crate::Refusal;
use ed25519_dalek::VerifyingKey;
use openmls::{component::ComponentType, prelude::*};
use trefoil_proto::{
    RoomUri, UserUri, Wire as _,
    edge::ServiceInfo,
    franking::{FRANKING_AGENT, FrankingAgentData},
    room::{
        INVITATIONS, Invitations, PARTICIPANT_LIST, ParticipantList, ROLES_LIST, ROOM_METADATA, Role,
        RolesList, RoomKind, RoomMetadata, Text, UserRolePair,
    },
};

/// A room's context.
#[derive(Clone)]
pub(crate) struct RoomContext {
    pub(crate) participants: ParticipantList,
    pub(crate) metadata: RoomMetadata,
    pub(crate) franking_key: VerifyingKey,
    pub(crate) invitations: Invitations,
    pub(crate) kind: RoomKind,
}

impl RoomContext {
    /// Reads and checks the context of a room's group.
    pub(crate) fn read(room: &RoomUri, context: &GroupContext) -> Result<Self, Refusal> {
        if context.group_id().as_slice() != room.to_string().as_bytes() || !context.safe_aad_required() {
            return Err(Refusal::InvalidHandshake);
        }
        let required = context.extensions().required_capabilities();
        if required != Some(&suite::required_capabilities()) {
            return Err(Refusal::InvalidHandshake);
        }
        let dictionary =
            context.extensions().app_data_dictionary().ok_or(Refusal::InvalidHandshake)?.dictionary();
        let component = |id: u16| dictionary.get(&id).ok_or(Refusal::InvalidHandshake);
        let participants = participants(component(PARTICIPANT_LIST)?)?;
        let metadata = metadata(room, component(ROOM_METADATA)?)?;
        let kind = kind(component(ROLES_LIST)?)?;
        let agent =
            FrankingAgentData::decode(component(FRANKING_AGENT)?).map_err(|_| Refusal::InvalidHandshake)?;
        let franking_key = agent
            .franking_signature_key
            .as_slice()
            .try_into()
            .ok()
            .and_then(|key| VerifyingKey::from_bytes(key).ok())
            .ok_or(Refusal::InvalidHandshake)?;
        let of_hub = agent.credential.identity() == Some(room.domain.as_str().as_bytes());
        if !of_hub {
            return Err(Refusal::InvalidHandshake);
        }
        let invitations = match dictionary.get(&INVITATIONS) {
            Some(invitations) => Invitations::decode(invitations).map_err(|_| Refusal::InvalidHandshake)?,
            None => Invitations::default(),
        };
        Ok(Self { participants, metadata, franking_key, invitations, kind })
    }

    /// A user's role.
    pub(crate) fn role_of(&self, user: &UserUri) -> Role {
        self.participants.role_of(user)
    }
}

/// What a room is for, by its list of roles: one of those that our rooms have.
pub(crate) fn kind(bytes: &[u8]) -> Result<RoomKind, Refusal> {
    RolesList::decode(bytes).ok().and_then(|list| list.kind()).ok_or(Refusal::InvalidHandshake)
}

/// Decodes and checks a participant list.
pub(crate) fn participants(bytes: &[u8]) -> Result<ParticipantList, Refusal> {
    let list = ParticipantList::decode(bytes).map_err(|_| Refusal::InvalidHandshake)?;
    list.check().map_err(|_| Refusal::InvalidHandshake)?;
    Ok(list)
}

/// Decodes and checks a room's metadata.
pub(crate) fn metadata(room: &RoomUri, bytes: &[u8]) -> Result<RoomMetadata, Refusal> {
    RoomMetadata::decode(bytes)
        .ok()
        .filter(|metadata| metadata.room_uri == *room)
        .ok_or(Refusal::InvalidHandshake)
}

/// The context of a new room with one participant, its admin.
pub(crate) fn new_context(
    room: &RoomUri,
    name: Text,
    kind: RoomKind,
    creator: &UserUri,
    hub: &ServiceInfo,
) -> Extensions<GroupContext> {
    let agent = FrankingAgentData {
        franking_signature_key: hub.franking_signature_key.to_vec(),
        credential: hub.franking_credential.clone(),
    };
    let participants =
        ParticipantList { participants: vec![UserRolePair { user: creator.clone(), role: Role::ADMIN }] };
    let mut dictionary = AppDataDictionary::new();
    dictionary.insert(ComponentType::SafeAad.into(), suite::safe_aad_components());
    dictionary.insert(FRANKING_AGENT, agent.encode());
    dictionary.insert(PARTICIPANT_LIST, participants.encode());
    dictionary.insert(ROOM_METADATA, RoomMetadata::named(room.clone(), name).encode());
    dictionary.insert(ROLES_LIST, RolesList::of(kind).encode());
    Extensions::from_vec(vec![
        Extension::RequiredCapabilities(suite::required_capabilities()),
        Extension::AppDataDictionary(AppDataDictionaryExtension::new(dictionary)),
    ])
    .expect("both extensions are valid in a group context")
}
