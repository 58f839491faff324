//! The test vectors of `docs/spec/mimi-errata.md`: each stands in the document as the code makes it.

use super::{
    objects,
    samples::{device, frank, room, user},
};
use crate::{
    Timestamp, Wire,
    content::{MessageId, message_id},
    credential::DeviceAuthorisation,
    edge::{REGISTER_LABEL, signed_content},
    franking::{FrankingIntegrityTbs, ServerFrankingContext, safe_aad_item, sender_frank, stamp, tag},
    mimi::{
        Protocol,
        consent::{ConsentEntry, ConsentOperation, ConsentScope},
        fanout::{FanoutMessage, NotifyRequest, Recipient, RoomEvent},
        group_info::GroupInfoResponse,
        key_material::{ClientKeyMaterial, ClientKeyMaterialStatus},
        report::AbuseType,
        submit::{Delivery, SubmitMessageRequest, SubmitMessageResponse},
        update::{GroupInfoOption, RatchetTreeOption, UpdateOutcome, UpdateRequest, UpdateRoomResponse},
    },
    mls::safe_aad,
};
use tls_codec::Serialize;

const DOCUMENT: &str = include_str!("../../../../docs/spec/mimi-errata.md");

fn vectors() -> Vec<(&'static str, Vec<u8>)> {
    let context = ServerFrankingContext {
        sender_uri: user("u1"),
        room_uri: room(),
        accepted_timestamp: Timestamp(1_700_000_000_000),
        key_id: 1,
        sender_frank: None,
    };
    let frank_tag = tag(&[7; 16], b"content");
    let server_frank = stamp(&[9; 32], &frank_tag, &context);
    let integrity =
        FrankingIntegrityTbs { server_frank, signature_ciphersuite: 0x4f, context: context.clone() };
    let account = ed25519_dalek::SigningKey::from_bytes(&[1; 32]);
    let mut all = vec![
        ("franking tag", frank_tag.0.to_vec()),
        ("Safe AAD", safe_aad(&[(crate::franking::FRANK_AAD, &safe_aad_item(&frank_tag))])),
        ("franking context", context.tls_serialize_detached().unwrap()),
        ("server frank", server_frank.to_vec()),
        ("sender frank", sender_frank(&[9; 32], &frank_tag, &user("u1"), &room()).to_vec()),
        ("franking integrity", integrity.tls_serialize_detached().unwrap()),
        ("device authorisation", DeviceAuthorisation::sign(&account, &device("u1"), &[2; 32]).encode()),
        ("signed content", signed_content(REGISTER_LABEL, &device("u1")).unwrap()),
        (
            "message id",
            message_id("mimi://a.example/u/u1", "mimi://a.example/r/r1", b"m", &[7; 16]).unwrap().0.to_vec(),
        ),
    ];
    all.extend(structures());
    all
}

fn structures() -> Vec<(&'static str, Vec<u8>)> {
    let update = UpdateRequest::Commit {
        commit: objects::commit(1, b"x"),
        welcome: Some(objects::welcome(b"x")),
        group_info: GroupInfoOption::Full(objects::group_info(2, b"x")),
        ratchet_tree: RatchetTreeOption::DistributionService,
    };
    let wrong_epoch = UpdateRoomResponse {
        outcome: UpdateOutcome::WrongEpoch { current_epoch: 4 },
        error_description: b"late".to_vec(),
    };
    let submit = SubmitMessageRequest {
        protocol: Protocol::Mls10,
        app_message: objects::application(1, b"sealed"),
        sending_uri: user("u1"),
        delivery: Delivery::Durable,
        sender_frank: None,
    };
    let accepted = SubmitMessageResponse::Accepted { accepted_timestamp: Timestamp(9), frank: Some(frank()) };
    let event = RoomEvent::Application { message: objects::application(1, b"sealed"), frank: Some(frank()) };
    let fanout = FanoutMessage { protocol: Protocol::Mls10, timestamp: Timestamp(9), event };
    let notify = NotifyRequest {
        delivery: Delivery::Durable,
        recipients: vec![Recipient { user: "u2".parse().unwrap(), device: "d2".parse().unwrap() }],
        messages: vec![fanout.clone()],
    };
    let client =
        |status| ClientKeyMaterial { status, client_uri: device("u1") }.tls_serialize_detached().unwrap();
    let consent = ConsentEntry {
        operation: ConsentOperation::Grant { key_packages: Vec::new() },
        scope: ConsentScope { requester: user("u1"), target: user("u2"), room: None },
        extensions: Default::default(),
    };
    vec![
        ("update request", update.encode()),
        ("update response", wrong_epoch.encode()),
        ("submit request", submit.encode()),
        ("submit response", accepted.encode()),
        ("fan-out message", fanout.encode()),
        ("notify request", notify.encode()),
        ("key package of a device", client(ClientKeyMaterialStatus::Success(objects::key_package(b"x")))),
        ("nothing compatible", client(ClientKeyMaterialStatus::NothingCompatible)),
        ("group info refused", GroupInfoResponse::NotAuthorized.encode()),
        ("consent", consent.encode()),
        ("reason of a report", AbuseType::Spam.tls_serialize_detached().unwrap()),
    ]
}

/// Vectors stand in the document as lines `name: hex`, indented by four.
#[test]
fn the_document_has_the_vectors_that_the_code_makes() {
    let documented: Vec<(String, String)> = DOCUMENT
        .lines()
        .filter_map(|line| line.strip_prefix("    ")?.split_once(": "))
        .map(|(name, hex)| (name.to_owned(), hex.to_owned()))
        .collect();
    let mut made: Vec<(String, String)> = vectors()
        .into_iter()
        .map(|(name, bytes)| (name.to_owned(), data_encoding::HEXLOWER.encode(&bytes)))
        .collect();
    made.sort();
    let mut sorted = documented;
    sorted.sort();
    assert_eq!(
        sorted,
        made,
        "\n{}",
        made.iter().map(|(name, hex)| format!("    {name}: {hex}\n")).collect::<String>()
    );
}

#[test]
fn a_message_id_is_that_of_the_draft() {
    // As the draft says it, by another road: the pieces put together first.
    use sha2::Digest as _;
    let pieces =
        [&[0, 21][..], b"mimi://a.example/u/u1", &[0, 21], b"mimi://a.example/r/r1", b"m", &[7; 16]].concat();
    let digest = sha2::Sha256::digest(pieces);
    let id = message_id("mimi://a.example/u/u1", "mimi://a.example/r/r1", b"m", &[7; 16]).unwrap();
    assert_eq!(id, MessageId::from_slice(&[&[1], &digest[..31]].concat()).unwrap());
}
