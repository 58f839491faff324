//! A member's client that was altered: commits and messages made with that member's own keys, without any of our checks.

use super::World;
use openmls::{component::ComponentData, prelude::*};
use openmls_basic_credential::SignatureKeyPair;
use std::sync::Arc;
use tls_codec::Serialize as _;
use trefoil_client::{
    conversation::Draft,
    mls::{provider::Provider, storage::Storage},
    overlay::Overlay,
};
use trefoil_proto::{
    RoomUri, Wire as _,
    franking::{self, FRANK_AAD},
    mimi::{
        Protocol, SubmitMessageRequest, UpdateRequest,
        submit::Delivery,
        update::{GroupInfoOption, RatchetTreeOption},
    },
    mls::{self, MlsMessage},
    room::{PARTICIPANT_LIST, ParticipantList, ParticipantListUpdate, ROLES_LIST, RolesList},
};

/// A commit that adds a key package, with a change of the participant list or without.
pub fn commit(
    world: &World,
    at: usize,
    room: &RoomUri,
    package: &mls::KeyPackage,
    list: Option<&ParticipantListUpdate>,
) -> UpdateRequest {
    let (provider, signer, group) = keys(world, at, room);
    let package = KeyPackageIn::tls_deserialize_exact_bytes(package.as_bytes())
        .unwrap()
        .validate(provider.crypto(), ProtocolVersion::Mls10)
        .unwrap();
    let component = list.map(|list| {
        let dictionary = group.extensions().app_data_dictionary().unwrap().dictionary();
        let old = ParticipantList::decode(dictionary.get(&PARTICIPANT_LIST).unwrap()).unwrap();
        (PARTICIPANT_LIST, list.encode(), old.apply(list).unwrap().encode())
    });
    made(&provider, &signer, group, vec![package], component)
}

/// A commit that gives the room other roles.
pub fn commit_roles(world: &World, at: usize, room: &RoomUri, roles: &RolesList) -> UpdateRequest {
    let (provider, signer, group) = keys(world, at, room);
    made(&provider, &signer, group, Vec::new(), Some((ROLES_LIST, roles.encode(), roles.encode())))
}

/// A message, whatever the room's rules are.
pub fn message(world: &World, at: usize, room: &RoomUri, draft: Draft) -> SubmitMessageRequest {
    let (provider, signer, mut group) = keys(world, at, room);
    let (user, salt) = (world.user(at), [7; 16]);
    let content = draft.into_content(salt, &user, room).unwrap().encode().unwrap();
    let tag = franking::safe_aad_item(&franking::tag(&salt, &content));
    group.set_safe_aad(vec![SafeAadItem::new(FRANK_AAD, tag)]).unwrap();
    let message = group.create_message(&provider, &signer, &content).unwrap();
    SubmitMessageRequest {
        protocol: Protocol::Mls10,
        app_message: MlsMessage::parse(&message.tls_serialize_detached().unwrap()).unwrap(),
        sending_uri: user,
        delivery: Delivery::Durable,
        sender_frank: None,
    }
}

fn keys(world: &World, at: usize, room: &RoomUri) -> (Provider, SignatureKeyPair, MlsGroup) {
    let device = &world.devices[at];
    let overlay = Overlay::new(Arc::clone(&device.store));
    let row = overlay.get(trefoil_client::rows::ACCOUNT, b"me").unwrap().unwrap();
    let (_, rest) = tls_codec::VLBytes::tls_deserialize_bytes(&row[1..]).unwrap();
    let public = device.client.identity().unwrap().device_key;
    let signer = SignatureKeyPair::from_raw(SignatureScheme::ED25519, rest[..32].to_vec(), public.to_vec());
    let provider = Provider::new(Storage::new(overlay));
    let id = GroupId::from_slice(room.to_string().as_bytes());
    let group = MlsGroup::load(provider.storage(), &id).unwrap().unwrap();
    (provider, signer, group)
}

/// `component`: id, operation, value afterwards.
fn made(
    provider: &Provider,
    signer: &SignatureKeyPair,
    mut group: MlsGroup,
    add: Vec<KeyPackage>,
    component: Option<(u16, Vec<u8>, Vec<u8>)>,
) -> UpdateRequest {
    let proposal = component.iter().map(|(id, operation, _)| {
        Proposal::AppDataUpdate(Box::new(AppDataUpdateProposal::update(*id, operation.clone())))
    });
    let mut stage = group
        .commit_builder()
        .propose_adds(add)
        .add_proposals(proposal)
        .load_psks(provider.storage())
        .unwrap();
    let mut updater = stage.app_data_dictionary_updater();
    if let Some((id, _, value)) = component {
        updater.set(ComponentData::from_parts(id, value.into()));
    }
    let changes = updater.changes();
    stage.with_app_data_dictionary_updates(changes);
    let bundle = stage
        .create_group_info(true)
        .build(provider.rand(), provider.crypto(), signer, |_| true)
        .unwrap()
        .stage_commit(provider)
        .unwrap();
    let (commit, welcome, info) = bundle.into_messages();
    let message =
        |message: MlsMessageOut| MlsMessage::parse(&message.tls_serialize_detached().unwrap()).unwrap();
    let info = info.unwrap().tls_serialize_detached().unwrap();
    UpdateRequest::Commit {
        commit: message(commit),
        welcome: welcome.map(message),
        group_info: GroupInfoOption::Full(mls::GroupInfo::parse(&info[4..]).unwrap()),
        ratchet_tree: RatchetTreeOption::DistributionService,
    }
}
