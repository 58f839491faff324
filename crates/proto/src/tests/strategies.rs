//! Arbitrary values of everything that travels on its own.

use super::{objects, samples};
use crate::{
    DeviceUri, ErrorBody, ErrorCode, RoomUri, Timestamp, UserUri,
    credential::{AccountKey, DeviceAuthorisation},
    edge::{self, NewDevice},
    frame::{ClientFrame, MailboxEntry, MailboxEvent, ServerFrame},
    franking::SenderFrank,
    mimi::{
        AppDataDictionary, ComponentData, Protocol,
        consent::{ConsentEntry, ConsentOperation, ConsentScope},
        fanout::{FanoutMessage, NotifyRequest, Recipient, RoomEvent},
        group_info::{
            GroupInfoRatchetTreeTbe, GroupInfoRequest, GroupInfoRequestTbs, GroupInfoResponse,
            PendingProposal,
        },
        identifier::{
            FieldSource, IdentifierQueryCode, IdentifierRequest, IdentifierResponse, ProfileField,
            QueryElement, UserProfile,
        },
        key_material::{
            ClientKeyMaterial, ClientKeyMaterialStatus, KeyMaterialRequest, KeyMaterialRequestTbs,
            KeyMaterialResponse, KeyMaterialUserCode, RequiredCapabilities,
        },
        removal::{RemovalRequest, RemovalRequestTbs},
        report::{AbuseReport, AbuseType, AbusiveMessage},
        submit::{Delivery, Frank, SubmitMessageRequest, SubmitMessageResponse},
        update::{GroupInfoOption, RatchetTreeOption, UpdateOutcome, UpdateRequest, UpdateRoomResponse},
    },
    mls::{Credential, KeyPackage, MlsMessage},
    passes::{AUTHENTICATOR, Token},
    room::{
        IndexRolePair, Invitation, InvitationUse, Invitations, InvitationsUpdate, ParticipantList,
        ParticipantListUpdate, Role, RoomMetadata, UserRolePair,
    },
};
use proptest::{array::uniform32, collection::vec, option, prelude::*, sample::select};

/// Long enough for two-byte lengths now and then.
pub(super) fn bytes() -> impl Strategy<Value = Vec<u8>> + Clone {
    prop_oneof![9 => vec(any::<u8>(), 0..20), 1 => vec(any::<u8>(), 60..90)]
}

fn few<T: std::fmt::Debug>(one: impl Strategy<Value = T>) -> impl Strategy<Value = Vec<T>> {
    vec(one, 0..3)
}

pub(super) fn id() -> impl Strategy<Value = String> + Clone {
    "[a-z0-9_-]{1,12}"
}

pub(super) fn domain() -> impl Strategy<Value = String> + Clone {
    "[a-z][a-z0-9]{0,6}(\\.[a-z][a-z0-9]{0,6}){0,2}(:[1-9][0-9]{0,3})?"
}

pub(super) fn user() -> impl Strategy<Value = UserUri> + Clone {
    (domain(), id()).prop_map(|(domain, id)| format!("mimi://{domain}/u/{id}").parse().unwrap())
}

pub(super) fn device() -> impl Strategy<Value = DeviceUri> + Clone {
    (domain(), id(), id())
        .prop_map(|(domain, user, id)| format!("mimi://{domain}/d/{user}/{id}").parse().unwrap())
}

pub(super) fn room() -> impl Strategy<Value = RoomUri> + Clone {
    (domain(), id()).prop_map(|(domain, id)| format!("mimi://{domain}/r/{id}").parse().unwrap())
}

fn time() -> impl Strategy<Value = Timestamp> + Clone {
    any::<u64>().prop_map(Timestamp)
}

fn signature() -> impl Strategy<Value = [u8; 64]> {
    (uniform32(any::<u8>()), uniform32(any::<u8>())).prop_map(|(a, b)| {
        let mut both = [0; 64];
        both[..32].copy_from_slice(&a);
        both[32..].copy_from_slice(&b);
        both
    })
}

fn key_package() -> impl Strategy<Value = KeyPackage> {
    bytes().prop_map(|filling| objects::key_package(&filling))
}

fn credential() -> impl Strategy<Value = Credential> {
    bytes().prop_map(|identity| objects::credential(&identity))
}

fn proposal() -> impl Strategy<Value = MlsMessage> {
    any::<u8>().prop_map(objects::proposal)
}

fn commit() -> impl Strategy<Value = MlsMessage> {
    (any::<u8>(), bytes()).prop_map(|(epoch, filling)| objects::commit(epoch, &filling))
}

fn application() -> impl Strategy<Value = MlsMessage> {
    (any::<u8>(), bytes()).prop_map(|(epoch, sealed)| objects::application(epoch, &sealed))
}

fn welcome() -> impl Strategy<Value = MlsMessage> {
    bytes().prop_map(|filling| objects::welcome(&filling))
}

fn tree() -> impl Strategy<Value = RatchetTreeOption> {
    option::of(bytes()).prop_map(|nodes| {
        nodes.map_or(RatchetTreeOption::DistributionService, |nodes| {
            RatchetTreeOption::Full(objects::tree(&nodes))
        })
    })
}

fn group_info() -> impl Strategy<Value = crate::mls::GroupInfo> {
    (any::<u8>(), bytes()).prop_map(|(epoch, filling)| objects::group_info(epoch, &filling))
}

fn frank() -> impl Strategy<Value = Frank> {
    (any::<u32>(), uniform32(any::<u8>()), any::<u16>(), bytes(), sender_frank()).prop_map(
        |(key_id, server_frank, signature_ciphersuite, integrity_signature, sender_frank)| Frank {
            key_id,
            server_frank,
            signature_ciphersuite,
            integrity_signature,
            sender_frank,
        },
    )
}

fn sender_frank() -> impl Strategy<Value = Option<SenderFrank>> {
    option::of((any::<u32>(), uniform32(any::<u8>())).prop_map(|(key_id, mac)| SenderFrank { key_id, mac }))
}

fn delivery() -> impl Strategy<Value = Delivery> {
    select(vec![Delivery::Durable, Delivery::Passing])
}

pub(super) fn error_body() -> impl Strategy<Value = ErrorBody> {
    (select(ErrorCode::ALL), any::<u32>(), bytes()).prop_map(|(code, retry_after_ms, detail)| ErrorBody {
        code,
        retry_after_ms,
        detail,
    })
}

pub(super) fn submit_request() -> impl Strategy<Value = SubmitMessageRequest> {
    (application(), user(), delivery(), sender_frank()).prop_map(
        |(app_message, sending_uri, delivery, sender_frank)| SubmitMessageRequest {
            protocol: Protocol::Mls10,
            app_message,
            sending_uri,
            delivery,
            sender_frank,
        },
    )
}

pub(super) fn submit_response() -> impl Strategy<Value = SubmitMessageResponse> {
    prop_oneof![
        (time(), option::of(frank())).prop_map(|(accepted_timestamp, frank)| {
            SubmitMessageResponse::Accepted { accepted_timestamp, frank }
        }),
        Just(SubmitMessageResponse::NotAllowed),
        any::<u64>().prop_map(|current_epoch| SubmitMessageResponse::EpochTooOld { current_epoch }),
    ]
}

pub(super) fn update_request() -> impl Strategy<Value = UpdateRequest> {
    prop_oneof![
        (commit(), option::of(welcome()), group_info(), tree()).prop_map(
            |(commit, welcome, group_info, ratchet_tree)| UpdateRequest::Commit {
                commit,
                welcome,
                group_info: GroupInfoOption::Full(group_info),
                ratchet_tree,
            }
        ),
        (proposal(), few(proposal())).prop_map(|(first, more)| UpdateRequest::Proposals { first, more }),
    ]
}

pub(super) fn update_response() -> impl Strategy<Value = UpdateRoomResponse> {
    let outcome = prop_oneof![
        time().prop_map(|accepted_timestamp| UpdateOutcome::Success { accepted_timestamp }),
        any::<u64>().prop_map(|current_epoch| UpdateOutcome::WrongEpoch { current_epoch }),
        Just(UpdateOutcome::NotAllowed),
        few(bytes()).prop_map(|invalid_proposals| UpdateOutcome::InvalidProposal { invalid_proposals }),
    ];
    (outcome, bytes())
        .prop_map(|(outcome, error_description)| UpdateRoomResponse { outcome, error_description })
}

pub(super) fn removal_request() -> impl Strategy<Value = RemovalRequest> {
    (room(), user(), time(), "[a-zé]{1,20}", signature()).prop_map(|(room, user, at, reason, signature)| {
        let tbs = RemovalRequestTbs { room, user, at, reason: reason.parse().unwrap() };
        RemovalRequest { tbs, signature }
    })
}

pub(super) fn fanout_message() -> impl Strategy<Value = FanoutMessage> {
    let event = prop_oneof![
        (application(), option::of(frank()))
            .prop_map(|(message, frank)| RoomEvent::Application { message, frank }),
        (welcome(), tree()).prop_map(|(message, ratchet_tree)| RoomEvent::Welcome { message, ratchet_tree }),
        (proposal(), few(proposal())).prop_map(|(message, more)| RoomEvent::Proposal { message, more }),
        (commit(), few(proposal()))
            .prop_map(|(message, external_proposals)| RoomEvent::Commit { message, external_proposals }),
        removal_request().prop_map(RoomEvent::Removal),
    ];
    (time(), event).prop_map(|(timestamp, event)| FanoutMessage {
        protocol: Protocol::Mls10,
        timestamp,
        event,
    })
}

pub(super) fn notify_request() -> impl Strategy<Value = NotifyRequest> {
    let recipient = (id(), id()).prop_map(|(user, device)| Recipient {
        user: user.parse().unwrap(),
        device: device.parse().unwrap(),
    });
    (delivery(), few(recipient), few(fanout_message()))
        .prop_map(|(delivery, recipients, messages)| NotifyRequest { delivery, recipients, messages })
}

pub(super) fn key_material_request() -> impl Strategy<Value = KeyMaterialRequest> {
    let numbers = || few(any::<u16>());
    let required =
        (numbers(), numbers(), numbers()).prop_map(|(extension_types, proposal_types, credential_types)| {
            RequiredCapabilities { extension_types, proposal_types, credential_types }
        });
    (user(), user(), room(), numbers(), required, bytes(), credential(), bytes()).prop_map(
        |(requesting_user, target_user, room_id, suites, required, key, requester_credential, signature)| {
            KeyMaterialRequest {
                tbs: KeyMaterialRequestTbs {
                    protocol: Protocol::Mls10,
                    requesting_user,
                    target_user,
                    room_id,
                    acceptable_ciphersuites: suites,
                    required_capabilities: required,
                    requester_signature_key: key,
                    requester_credential,
                },
                signature,
            }
        },
    )
}

pub(super) fn key_material_response() -> impl Strategy<Value = KeyMaterialResponse> {
    use KeyMaterialUserCode as Code;
    let status = prop_oneof![
        key_package().prop_map(ClientKeyMaterialStatus::Success),
        Just(ClientKeyMaterialStatus::KeyMaterialExhausted),
        Just(ClientKeyMaterialStatus::NothingCompatible),
    ];
    let client = (status, device()).prop_map(|(status, client_uri)| ClientKeyMaterial { status, client_uri });
    let code = select(vec![
        Code::Success,
        Code::PartialSuccess,
        Code::IncompatibleProtocol,
        Code::NoCompatibleMaterial,
        Code::UserUnknown,
        Code::NoConsent,
        Code::NoConsentForThisRoom,
        Code::UserDeleted,
    ]);
    (code, user(), few(client), few(any::<u8>())).prop_map(|(user_status, user_uri, clients, proof)| {
        KeyMaterialResponse { protocol: Protocol::Mls10, user_status, user_uri, clients, proof }
    })
}

pub(super) fn group_info_request() -> impl Strategy<Value = GroupInfoRequest> {
    (any::<u16>(), bytes(), credential(), bytes(), bytes(), bytes(), bytes()).prop_map(
        |(cipher_suite, key, requesting_credential, device_authorisation, hpke, joining_code, signature)| {
            GroupInfoRequest {
                tbs: GroupInfoRequestTbs {
                    protocol: Protocol::Mls10,
                    cipher_suite,
                    requesting_signature_key: key,
                    requesting_credential,
                    device_authorisation,
                    group_info_public_key: hpke,
                    joining_code,
                },
                signature,
            }
        },
    )
}

pub(super) fn group_info_response() -> impl Strategy<Value = GroupInfoResponse> {
    prop_oneof![
        (any::<u16>(), bytes(), bytes(), bytes()).prop_map(
            |(cipher_suite, kem_output, ciphertext, signature)| {
                GroupInfoResponse::Success { cipher_suite, kem_output, ciphertext, signature }
            }
        ),
        Just(GroupInfoResponse::NotAuthorized),
        Just(GroupInfoResponse::NoSuchRoom),
    ]
}

pub(super) fn group_info_sealed() -> impl Strategy<Value = GroupInfoRatchetTreeTbe> {
    let pending = (proposal(), time())
        .prop_map(|(proposal, hub_accepted_time)| PendingProposal { proposal, hub_accepted_time });
    (group_info(), tree(), few(pending)).prop_map(|(group_info, ratchet_tree, pending_proposals)| {
        GroupInfoRatchetTreeTbe { group_info, ratchet_tree, pending_proposals }
    })
}

fn dictionary() -> impl Strategy<Value = AppDataDictionary> {
    proptest::collection::btree_map(any::<u16>(), bytes(), 0..3).prop_map(|components| AppDataDictionary {
        components: components
            .into_iter()
            .map(|(component_id, data)| ComponentData { component_id, data })
            .collect(),
    })
}

pub(super) fn consent_entry() -> impl Strategy<Value = ConsentEntry> {
    let operation = prop_oneof![
        Just(ConsentOperation::Cancel),
        Just(ConsentOperation::Request),
        few(key_package()).prop_map(|key_packages| ConsentOperation::Grant { key_packages }),
        Just(ConsentOperation::Revoke),
    ];
    (operation, user(), user(), option::of(room()), dictionary()).prop_map(
        |(operation, requester, target, room, extensions)| ConsentEntry {
            operation,
            scope: ConsentScope { requester, target, room },
            extensions,
        },
    )
}

pub(super) fn identifier_request() -> impl Strategy<Value = IdentifierRequest> {
    let element = prop_oneof![
        bytes().prop_map(QueryElement::Handle),
        bytes().prop_map(QueryElement::Nick),
        bytes().prop_map(QueryElement::Email),
        bytes().prop_map(QueryElement::Phone),
        bytes().prop_map(QueryElement::PartialName),
        bytes().prop_map(QueryElement::WholeProfile),
        (bytes(), bytes()).prop_map(|(claim_name, value)| QueryElement::OidcStdClaim { claim_name, value }),
        (bytes(), bytes())
            .prop_map(|(property_name, value)| QueryElement::VcardField { property_name, value }),
    ];
    (few(element), dictionary())
        .prop_map(|(query_elements, extensions)| IdentifierRequest { query_elements, extensions })
}

pub(super) fn identifier_response() -> impl Strategy<Value = IdentifierResponse> {
    use IdentifierQueryCode as Code;
    let code =
        select(vec![Code::Success, Code::NotFound, Code::Ambiguous, Code::Forbidden, Code::UnsupportedField]);
    let field = (select(vec![FieldSource::OidcStdClaim, FieldSource::VcardField]), bytes(), bytes())
        .prop_map(|(source, name, value)| ProfileField { source, name, value });
    let found = (user(), few(field)).prop_map(|(stable_uri, fields)| UserProfile { stable_uri, fields });
    (code, few(user()), few(found), dictionary()).prop_map(|(code, uris, found_profiles, extensions)| {
        IdentifierResponse { code, uris, found_profiles, extensions }
    })
}

pub(super) fn abuse_report() -> impl Strategy<Value = AbuseReport> {
    let reason = select(vec![
        AbuseType::Other,
        AbuseType::Spam,
        AbuseType::ChildExploitation,
        AbuseType::Impersonation,
    ]);
    let shown = (bytes(), frank(), time()).prop_map(|(message_content, frank, accepted_timestamp)| {
        AbusiveMessage { message_content, frank, accepted_timestamp }
    });
    (user(), user(), reason, bytes(), few(shown), dictionary()).prop_map(
        |(reporting_user, alleged_abuser, reason, note, messages, extensions)| AbuseReport {
            reporting_user,
            alleged_abuser,
            reason,
            note,
            messages,
            extensions,
        },
    )
}

pub(super) fn client_frame() -> impl Strategy<Value = ClientFrame> {
    prop_oneof![
        (any::<u32>(), room(), submit_request()).prop_map(|(tag, room, request)| ClientFrame::Submit {
            tag,
            room,
            request
        }),
        any::<u64>().prop_map(|through| ClientFrame::Acknowledge { through }),
    ]
}

pub(super) fn server_frame() -> impl Strategy<Value = ServerFrame> {
    let entry = (any::<u64>(), bytes()).prop_map(|(position, body)| MailboxEntry { position, body });
    prop_oneof![
        few(entry).prop_map(|entries| ServerFrame::Deliver { entries }),
        Just(ServerFrame::CaughtUp),
        bytes().prop_map(|body| ServerFrame::Passing { body }),
        (any::<u32>(), submit_response())
            .prop_map(|(tag, response)| ServerFrame::Submitted { tag, response }),
        (any::<u32>(), error_body()).prop_map(|(tag, error)| ServerFrame::Refused { tag, error }),
        Just(ServerFrame::Draining),
    ]
}

pub(super) fn mailbox_event() -> impl Strategy<Value = MailboxEvent> {
    prop_oneof![
        (room(), fanout_message()).prop_map(|(room, message)| MailboxEvent::Room { room, message }),
        Just(MailboxEvent::DevicesChanged),
        prop::option::of(room()).prop_map(|room| MailboxEvent::Lapsed { room }),
        any::<u32>().prop_map(|left| MailboxEvent::KeyPackagesLow { left }),
    ]
}

pub(super) fn new_device() -> impl Strategy<Value = NewDevice> {
    (device(), uniform32(any::<u8>()), uniform32(any::<u8>()), signature()).prop_map(
        |(uri, signature_key, account_key, signature)| NewDevice {
            uri,
            signature_key,
            authorisation: DeviceAuthorisation { account_key: AccountKey(account_key), signature },
        },
    )
}

pub(super) fn pass_token() -> impl Strategy<Value = Token> + Clone {
    let bytes = || uniform32(any::<u8>());
    (any::<u16>(), bytes(), bytes(), bytes(), any::<u8>()).prop_map(
        |(token_type, nonce, challenge_digest, key_id, fill)| Token {
            token_type,
            nonce,
            challenge_digest,
            key_id,
            authenticator: [fill; AUTHENTICATOR],
        },
    )
}

pub(super) fn register_request() -> impl Strategy<Value = edge::RegisterRequest> {
    let identifier = prop_oneof![
        bytes().prop_map(edge::Identifier::AccountName),
        bytes().prop_map(edge::Identifier::Handle),
        (bytes(), bytes()).prop_map(|(number, code)| edge::Identifier::Phone { number, code }),
    ];
    let pass = proptest::option::of(pass_token());
    (identifier, new_device(), bytes(), signature(), pass).prop_map(
        |(identifier, device, device_set, signature, pass)| edge::RegisterRequest {
            tbs: edge::RegisterTbs { identifier, device, device_set, minor: None },
            signature,
            pass,
        },
    )
}

pub(super) fn service_info() -> impl Strategy<Value = edge::ServiceInfo> {
    let profile = select(vec![edge::Profile::Account, edge::Profile::Handle, edge::Profile::Phone]);
    (domain(), profile, uniform32(any::<u8>()), credential(), time()).prop_map(
        |(domain, profile, franking_signature_key, franking_credential, now)| edge::ServiceInfo {
            domain: domain.parse().unwrap(),
            profile,
            franking_signature_key,
            franking_credential,
            now,
        },
    )
}

pub(super) fn account_data() -> impl Strategy<Value = edge::AccountData> {
    (user(), any::<u32>(), few(new_device()), any::<u64>()).prop_map(
        |(user, created_day, devices, media_bytes)| edge::AccountData {
            user,
            created_day,
            devices: edge::DeviceList { devices },
            media_bytes,
        },
    )
}

pub(super) fn token_request() -> impl Strategy<Value = edge::TokenRequest> {
    (device(), bytes(), signature()).prop_map(|(device, challenge, signature)| edge::TokenRequest {
        tbs: edge::TokenTbs { device, challenge },
        signature,
    })
}

pub(super) fn publish_key_packages() -> impl Strategy<Value = edge::PublishKeyPackages> {
    (few(key_package()), few(key_package()))
        .prop_map(|(one_use, last_resort)| edge::PublishKeyPackages { one_use, last_resort })
}

pub(super) fn create_room_request() -> impl Strategy<Value = edge::CreateRoomRequest> {
    (room(), group_info(), tree()).prop_map(|(room, group_info, ratchet_tree)| edge::CreateRoomRequest {
        room,
        group_info,
        ratchet_tree,
    })
}

pub(super) fn participant_list() -> impl Strategy<Value = ParticipantList> {
    let role = (Role::BANNED.0..=Role::ADMIN.0).prop_map(Role);
    proptest::collection::hash_map(user(), role, 0..4).prop_map(|people| ParticipantList {
        participants: people.into_iter().map(|(user, role)| UserRolePair { user, role }).collect(),
    })
}

fn pair() -> impl Strategy<Value = UserRolePair> {
    (user(), any::<u32>()).prop_map(|(user, role)| UserRolePair { user, role: Role(role) })
}

fn invitation() -> impl Strategy<Value = Invitation> {
    (uniform32(any::<u8>()), user(), 1u32.., time()).prop_map(|(key, by, left, not_after)| Invitation {
        key,
        by,
        left,
        not_after,
    })
}

pub(super) fn invitations() -> impl Strategy<Value = Invitations> {
    few(invitation()).prop_map(|open| Invitations { open })
}

pub(super) fn invitation_use() -> impl Strategy<Value = InvitationUse> {
    (uniform32(any::<u8>()), signature()).prop_map(|(key, signature)| InvitationUse { key, signature })
}

pub(super) fn invitations_update() -> impl Strategy<Value = InvitationsUpdate> {
    prop_oneof![
        (few(invitation()), few(uniform32(any::<u8>())))
            .prop_map(|(made, taken_back)| InvitationsUpdate::Change { made, taken_back }),
        invitation_use().prop_map(InvitationsUpdate::Use),
    ]
}

pub(super) fn participant_list_update() -> impl Strategy<Value = ParticipantListUpdate> {
    let changed =
        (any::<u32>(), any::<u32>()).prop_map(|(index, role)| IndexRolePair { index, role: Role(role) });
    (few(changed), few(any::<u32>()), few(pair()))
        .prop_map(|(changed, removed, added)| ParticipantListUpdate { changed, removed, added })
}

pub(super) fn room_metadata() -> impl Strategy<Value = RoomMetadata> {
    "[^\0]{0,40}".prop_map(|name| RoomMetadata::named(samples::room(), name.parse().unwrap()))
}
