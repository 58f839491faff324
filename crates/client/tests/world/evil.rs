//! A member's client that was altered: commits made with that member's own keys, without any of our checks.

use super::World;
use openmls::{component::ComponentData, prelude::*};
use openmls_basic_credential::SignatureKeyPair;
use std::sync::Arc;
use tls_codec::Serialize as _;
use trefoil_client::{
    mls::{provider::Provider, storage::Storage},
    overlay::Overlay,
};
use trefoil_proto::{
    RoomUri, Wire as _,
    mimi::{
        UpdateRequest,
        update::{GroupInfoOption, RatchetTreeOption},
    },
    mls::{self, MlsMessage},
    room::{PARTICIPANT_LIST, ParticipantList, ParticipantListUpdate},
};

/// A commit that adds a key package, with a change of the participant list or without.
pub fn commit(
    world: &World,
    at: usize,
    room: &RoomUri,
    package: &mls::KeyPackage,
    list: Option<&ParticipantListUpdate>,
) -> UpdateRequest {
    let device = &world.devices[at];
    let overlay = Overlay::new(Arc::clone(&device.store));
    let row = overlay.get(trefoil_client::rows::ACCOUNT, b"me").unwrap().unwrap();
    let (_, rest) = tls_codec::VLBytes::tls_deserialize_bytes(&row[1..]).unwrap();
    let public = device.client.identity().unwrap().device_key;
    let signer = SignatureKeyPair::from_raw(SignatureScheme::ED25519, rest[..32].to_vec(), public.to_vec());

    let provider = Provider::new(Storage::new(overlay));
    let id = GroupId::from_slice(room.to_string().as_bytes());
    let mut group = MlsGroup::load(provider.storage(), &id).unwrap().unwrap();
    let package = KeyPackageIn::tls_deserialize_exact_bytes(package.as_bytes())
        .unwrap()
        .validate(provider.crypto(), ProtocolVersion::Mls10)
        .unwrap();
    let proposal = list.map(|list| {
        Proposal::AppDataUpdate(Box::new(AppDataUpdateProposal::update(PARTICIPANT_LIST, list.encode())))
    });
    let mut stage = group
        .commit_builder()
        .propose_adds([package])
        .add_proposals(proposal)
        .load_psks(provider.storage())
        .unwrap();
    let mut updater = stage.app_data_dictionary_updater();
    if let Some(list) = list {
        let old = ParticipantList::decode(updater.old_value(PARTICIPANT_LIST).unwrap()).unwrap();
        let new = old.apply(list).unwrap().encode();
        updater.set(ComponentData::from_parts(PARTICIPANT_LIST, new.into()));
    }
    let changes = updater.changes();
    stage.with_app_data_dictionary_updates(changes);
    let bundle = stage
        .create_group_info(true)
        .build(provider.rand(), provider.crypto(), &signer, |_| true)
        .unwrap()
        .stage_commit(&provider)
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
