//! One instance of everything that travels on its own, under the name of its fuzz target.

use super::objects;
use crate::{
    ErrorBody, ErrorCode, Timestamp, Wire as _,
    backup::{self, BackupId, BackupToken, SegmentName},
    content::{
        Disposition, Expiration, ExtensionKey, Extensions, ExternalPart, Handling, MessageId, MimiContent,
        NestedPart, Part, PartSemantics,
        groups::{Group, GroupLink, GroupList},
        picture::{self, Picture, PictureType},
        poll::{Poll, Vote},
        retold::{Retelling, Retold, Told},
        status::{MessageStatus, StatusReport},
        timer::RoomTimer,
    },
    credential::{AccountKey, DeviceAuthorisation},
    decisions, discovery as by_number,
    edge::{self, NewDevice},
    frame::{ClientFrame, MailboxEntry, MailboxEvent, ServerFrame},
    franking::{FrankingAgentData, SenderFrank},
    mimi::{
        AppDataDictionary, ComponentData, Protocol,
        consent::{ConsentEntry, ConsentOperation, ConsentScope},
        directory::Directory,
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
        report::{
            AbuseReport, AbuseType, AbusiveMessage, FollowReport, ForwardedReport, ForwardedReportTbs,
            ReportStage, ReportStanding,
        },
        submit::{Delivery, Frank, SubmitMessageRequest, SubmitMessageResponse},
        update::{GroupInfoOption, RatchetTreeOption, UpdateOutcome, UpdateRequest, UpdateRoomResponse},
    },
    minors, passes, pin,
    policy_list::{self, SignedPolicyList},
    recovery,
    room::{
        IndexRolePair, Invitation, InvitationUse, Invitations, InvitationsUpdate, ParticipantList,
        ParticipantListUpdate, RichDescription, Role, RolesList, RoomKind, RoomMetadata, UserRolePair,
    },
};
use tls_codec::Serialize as _;

/// Name and encoding; a name may stand for several samples.
pub(super) fn all() -> Vec<(&'static str, Vec<u8>)> {
    let mut all = documents();
    all.extend(frames());
    all.extend(mimi());
    all.extend(edge());
    all.extend(keeping());
    all.extend(pin());
    all.extend(discovery());
    all.extend(passes(&all));
    all.extend(minors(&all));
    all.extend(components());
    all
}

pub(super) fn user(id: &str) -> crate::UserUri {
    format!("mimi://a.example/u/{id}").parse().unwrap()
}

pub(super) fn device(id: &str) -> crate::DeviceUri {
    format!("mimi://a.example/d/{id}/d1").parse().unwrap()
}

pub(super) fn room() -> crate::RoomUri {
    "mimi://a.example/r/r1".parse().unwrap()
}

pub(super) fn frank() -> Frank {
    Frank {
        key_id: 1,
        server_frank: [2; 32],
        signature_ciphersuite: 0x4f,
        integrity_signature: vec![3; 64],
        sender_frank: Some(SenderFrank { key_id: 1, mac: [4; 32] }),
    }
}

pub(super) fn content() -> MimiContent {
    let mut extensions = Extensions::of(user("u1"), room());
    extensions.insert(ExtensionKey::Text("x".into()), vec![0x82, 0x01, 0x02]).unwrap();
    let attachment = ExternalPart {
        content_type: "image/png".into(),
        url: "https://a.example/m/1".into(),
        expires: 0,
        size: 70_000,
        enc_alg: 1,
        key: vec![4; 16],
        nonce: vec![5; 12],
        aad: Vec::new(),
        hash_alg: 1,
        content_hash: vec![6; 32],
        description: "a leaf".into(),
        filename: "leaf.png".into(),
    };
    let attachment = NestedPart {
        disposition: Disposition::ATTACHMENT,
        language: "en".into(),
        part: Part::External(attachment),
    };
    let parts = vec![NestedPart::render(crate::content::PLAIN_TEXT, "hello"), attachment];
    MimiContent {
        salt: [7; 16],
        replaces: Some(MessageId([1; 32])),
        topic_id: vec![8],
        expires: Some(Expiration { relative: true, time: 3600 }),
        in_reply_to: None,
        extensions,
        part: NestedPart {
            disposition: Disposition::RENDER,
            language: String::new(),
            part: Part::Multi { semantics: PartSemantics::ProcessAll, parts },
        },
    }
}

fn handled() -> MimiContent {
    let mut content = content();
    Handling { forwarded: 300, view_once: true, vanishing: true }.put(&mut content.extensions).unwrap();
    content
}

fn poll() -> Poll {
    let options = vec!["tea".to_owned(), "coffee".to_owned(), "milk".to_owned()];
    Poll { question: "What?".to_owned(), options, several: true }
}

fn documents() -> Vec<(&'static str, Vec<u8>)> {
    let id = MessageId([1; 32]);
    let statuses = vec![(id, MessageStatus::Read), (id, MessageStatus::Unknown(40))];
    let shown = Picture::new(PictureType::Jpeg, b"\xff\xd8\xff\xe0picture".to_vec()).unwrap();
    let group = Group {
        room: room(),
        name: "Tea".to_owned(),
        description: "about leaves".to_owned(),
        link: GroupLink::new("trefoil-invite-abc").unwrap(),
    };
    let list = GroupList { groups: vec![group], came: vec!["Tea".to_owned()], went: vec!["Milk".to_owned()] };
    let entry = |told, by| Retelling { told, accepted: Timestamp(9), id, by };
    let timer = RoomTimer { seconds: 60, vanishing: false };
    let entries = vec![
        entry(Told::Timer(timer), None),
        entry(Told::Picture(Some(shown.clone())), Some(user("u1"))),
        entry(Told::Groups(list.clone()), Some(user("u1"))),
    ];
    let retold = Retold { entries };
    vec![
        ("content", content().encode().unwrap()),
        ("handling", handled().encode().unwrap()),
        ("poll", poll().encode().unwrap()),
        ("vote", Vote { choices: vec![0, 2] }.encode().unwrap()),
        ("room_timer", RoomTimer { seconds: 86_400, vanishing: true }.encode().unwrap()),
        ("room_picture", picture::encode(Some(&shown))),
        ("room_picture", picture::encode(None)),
        ("group_list", list.encode().unwrap()),
        ("retold", retold.encode().unwrap()),
        ("status_report", StatusReport { statuses }.encode().unwrap()),
        ("directory", Directory::at("https://a.example").encode()),
        ("mls_message", objects::application(1, b"sealed").into_bytes().to_vec()),
        ("mls_message", objects::commit(1, b"x").into_bytes().to_vec()),
        ("mls_message", objects::proposal(1).into_bytes().to_vec()),
        ("mls_message", objects::welcome(b"x").into_bytes().to_vec()),
        ("key_package", objects::key_package(b"x").into_bytes().to_vec()),
        ("group_info_object", objects::group_info(1, b"x").into_bytes().to_vec()),
        ("ratchet_tree", objects::tree(b"nodes").into_bytes().to_vec()),
        ("credential", objects::credential(b"mimi://a.example/d/u1/d1").into_bytes().to_vec()),
        (
            "error_body",
            ErrorBody { code: ErrorCode::RateLimited, retry_after_ms: 1000, detail: b"slow down".to_vec() }
                .encode(),
        ),
    ]
}

fn frames() -> Vec<(&'static str, Vec<u8>)> {
    let event = MailboxEvent::Room { room: room(), message: fanout(application_event()) };
    let submit = ClientFrame::Submit { tag: 1, room: room(), request: submission() };
    let entries = vec![MailboxEntry { position: 5, body: event.encode() }];
    let refused = ErrorBody { code: ErrorCode::NotAllowed, retry_after_ms: 0, detail: Vec::new() };
    vec![
        ("client_frame", submit.encode()),
        ("client_frame", ClientFrame::Acknowledge { through: 5 }.encode()),
        ("server_frame", ServerFrame::Deliver { entries }.encode()),
        ("server_frame", ServerFrame::CaughtUp.encode()),
        ("server_frame", ServerFrame::Passing { body: event.encode() }.encode()),
        ("server_frame", ServerFrame::Submitted { tag: 1, response: accepted() }.encode()),
        ("server_frame", ServerFrame::Refused { tag: 1, error: refused }.encode()),
        ("server_frame", ServerFrame::Draining.encode()),
        ("mailbox_event", event.encode()),
        ("mailbox_event", MailboxEvent::DevicesChanged.encode()),
        ("mailbox_event", MailboxEvent::KeyPackagesLow { left: 3 }.encode()),
        ("mailbox_event", MailboxEvent::Lapsed { room: None }.encode()),
        ("mailbox_event", MailboxEvent::Lapsed { room: Some(room()) }.encode()),
    ]
}

fn submission() -> SubmitMessageRequest {
    SubmitMessageRequest {
        protocol: Protocol::Mls10,
        app_message: objects::application(1, b"sealed"),
        sending_uri: user("u1"),
        delivery: Delivery::Durable,
        sender_frank: Some(SenderFrank { key_id: 1, mac: [4; 32] }),
    }
}

fn accepted() -> SubmitMessageResponse {
    SubmitMessageResponse::Accepted { accepted_timestamp: Timestamp(1_700_000_000_000), frank: Some(frank()) }
}

fn fanout(event: RoomEvent) -> FanoutMessage {
    FanoutMessage { protocol: Protocol::Mls10, timestamp: Timestamp(1_700_000_000_000), event }
}

fn application_event() -> RoomEvent {
    RoomEvent::Application { message: objects::application(1, b"sealed"), frank: Some(frank()) }
}

fn removal_asked() -> RemovalRequest {
    let reason = "spam".parse().unwrap();
    let tbs = RemovalRequestTbs { room: room(), user: user("u2"), at: Timestamp(1_700_000_000_000), reason };
    RemovalRequest::sign(tbs, |_| [9; 64])
}

fn mimi() -> Vec<(&'static str, Vec<u8>)> {
    let ratchet_tree = RatchetTreeOption::DistributionService;
    let events = [
        application_event(),
        RoomEvent::Welcome {
            message: objects::welcome(b"x"),
            ratchet_tree: RatchetTreeOption::Full(objects::tree(b"nodes")),
        },
        RoomEvent::Proposal { message: objects::proposal(1), more: vec![objects::proposal(1)] },
        RoomEvent::Commit { message: objects::commit(1, b"x"), external_proposals: Vec::new() },
        RoomEvent::Removal(removal_asked()),
    ];
    let notify = NotifyRequest {
        delivery: Delivery::Passing,
        recipients: vec![Recipient { user: "u2".parse().unwrap(), device: "d2".parse().unwrap() }],
        messages: events.iter().cloned().map(fanout).collect(),
    };
    let update = UpdateRequest::Commit {
        commit: objects::commit(1, b"x"),
        welcome: Some(objects::welcome(b"x")),
        group_info: GroupInfoOption::Full(objects::group_info(2, b"x")),
        ratchet_tree: ratchet_tree.clone(),
    };
    let proposals = UpdateRequest::Proposals { first: objects::proposal(1), more: Vec::new() };
    let answer = |outcome| UpdateRoomResponse { outcome, error_description: b"why".to_vec() }.encode();
    let sealed = GroupInfoRatchetTreeTbe {
        group_info: objects::group_info(1, b"x"),
        ratchet_tree,
        pending_proposals: vec![PendingProposal {
            proposal: objects::proposal(1),
            hub_accepted_time: Timestamp(9),
        }],
    };
    let mut all = vec![
        ("submit_request", submission().encode()),
        ("submit_response", accepted().encode()),
        ("submit_response", SubmitMessageResponse::NotAllowed.encode()),
        ("submit_response", SubmitMessageResponse::EpochTooOld { current_epoch: 4 }.encode()),
        ("update_request", update.encode()),
        ("update_request", proposals.encode()),
        ("update_response", answer(UpdateOutcome::Success { accepted_timestamp: Timestamp(9) })),
        ("update_response", answer(UpdateOutcome::WrongEpoch { current_epoch: 4 })),
        ("update_response", answer(UpdateOutcome::NotAllowed)),
        ("update_response", answer(UpdateOutcome::InvalidProposal { invalid_proposals: vec![vec![1; 32]] })),
        ("notify_request", notify.encode()),
        ("removal_request", removal_asked().encode()),
        ("group_info_sealed", sealed.encode()),
    ];
    all.extend(events.map(|event| ("fanout_message", fanout(event).encode())));
    all.extend(signed_requests());
    all.extend(between_services());
    all
}

fn signed_requests() -> Vec<(&'static str, Vec<u8>)> {
    let key_material = KeyMaterialRequest {
        tbs: KeyMaterialRequestTbs {
            protocol: Protocol::Mls10,
            requesting_user: user("u1"),
            target_user: user("u2"),
            room_id: room(),
            acceptable_ciphersuites: vec![0x4f, 1],
            required_capabilities: RequiredCapabilities {
                extension_types: vec![6],
                proposal_types: vec![8],
                credential_types: vec![1],
            },
            requester_signature_key: vec![1; 32],
            requester_credential: objects::credential(b"mimi://a.example/d/u1/d1"),
        },
        signature: vec![2; 64],
    };
    let clients = [
        ClientKeyMaterialStatus::Success(objects::key_package(b"x")),
        ClientKeyMaterialStatus::KeyMaterialExhausted,
        ClientKeyMaterialStatus::NothingCompatible,
    ];
    let material = KeyMaterialResponse {
        protocol: Protocol::Mls10,
        user_status: KeyMaterialUserCode::PartialSuccess,
        user_uri: user("u2"),
        clients: clients.map(|status| ClientKeyMaterial { status, client_uri: device("u2") }).to_vec(),
        proof: vec![0xbb],
    };
    let group_info = GroupInfoRequest {
        tbs: GroupInfoRequestTbs {
            protocol: Protocol::Mls10,
            cipher_suite: 0x4f,
            requesting_signature_key: vec![1; 32],
            requesting_credential: objects::credential(b"mimi://a.example/d/u1/d1"),
            device_authorisation: vec![2; 96],
            group_info_public_key: vec![3; 32],
            joining_code: Vec::new(),
        },
        signature: vec![4; 64],
    };
    let sealed = GroupInfoResponse::Success {
        cipher_suite: 0x4f,
        kem_output: vec![1; 32],
        ciphertext: vec![2; 40],
        signature: vec![3; 64],
    };
    vec![
        ("key_material_request", key_material.encode()),
        ("key_material_response", material.encode()),
        ("group_info_request", group_info.encode()),
        ("group_info_response", sealed.encode()),
        ("group_info_response", GroupInfoResponse::NotAuthorized.encode()),
        ("group_info_response", GroupInfoResponse::NoSuchRoom.encode()),
    ]
}

fn between_services() -> Vec<(&'static str, Vec<u8>)> {
    let extensions =
        AppDataDictionary { components: vec![ComponentData { component_id: 0xf000, data: vec![1] }] };
    let scope = ConsentScope { requester: user("u1"), target: user("u2"), room: Some(room()) };
    let consent = |operation| {
        ConsentEntry { operation, scope: scope.clone(), extensions: AppDataDictionary::default() }.encode()
    };
    let query = IdentifierRequest {
        query_elements: vec![
            QueryElement::Nick(b"alice".to_vec()),
            QueryElement::OidcStdClaim { claim_name: b"given_name".to_vec(), value: b"Alice".to_vec() },
        ],
        extensions: extensions.clone(),
    };
    let field = ProfileField {
        source: FieldSource::VcardField,
        name: b"NICKNAME".to_vec(),
        value: b"alice".to_vec(),
    };
    let found = IdentifierResponse {
        code: IdentifierQueryCode::Success,
        uris: vec![user("u2")],
        found_profiles: vec![UserProfile { stable_uri: user("u2"), fields: vec![field] }],
        extensions: AppDataDictionary::default(),
    };
    let shown = AbusiveMessage {
        message_content: content().encode().unwrap(),
        frank: frank(),
        accepted_timestamp: Timestamp(9),
    };
    let report = AbuseReport {
        reporting_user: user("u1"),
        alleged_abuser: user("u2"),
        reason: AbuseType::Spam,
        note: b"buy now".to_vec(),
        messages: vec![shown],
        extensions,
    };
    let words = |text: &str| -> decisions::Words { text.parse().unwrap() };
    let follow =
        FollowReport { reporting_user: user("u1"), report: [1; 32], appeal: Some(words("look again")) };
    let standing = ReportStanding {
        stage: ReportStage::NoAction,
        since: Timestamp(9),
        appeals: decisions::Appeal::Open,
    };
    let forwarded = ForwardedReport {
        tbs: ForwardedReportTbs {
            room: room(),
            alleged_abuser: user("u2"),
            reason: AbuseType::Spam,
            at: Timestamp(9),
            messages: report.messages.clone(),
        },
        signature: [6; 64],
    };
    let notice = decisions::DecisionNotice {
        case: decisions::CaseId(*b"0123456789"),
        at: Timestamp(9),
        measure: decisions::Measure::Limited,
        rule: words("spam"),
        explanation: words("twenty strangers"),
        until: Some(Timestamp(10)),
        stage: decisions::DecisionStage::Made,
        appeal: decisions::Appeal::Open,
    };
    let appeal = decisions::AppealDecision { case: decisions::CaseId(*b"0123456789"), words: words("no") };
    vec![
        ("consent_entry", consent(ConsentOperation::Cancel)),
        ("consent_entry", consent(ConsentOperation::Request)),
        (
            "consent_entry",
            consent(ConsentOperation::Grant { key_packages: vec![objects::key_package(b"x")] }),
        ),
        ("consent_entry", consent(ConsentOperation::Revoke)),
        ("identifier_request", query.encode()),
        ("identifier_response", found.encode()),
        ("abuse_report", report.encode()),
        ("follow_report", follow.encode()),
        ("report_standing", standing.encode()),
        ("forwarded_report", forwarded.encode()),
        ("decision_list", decisions::DecisionList { decisions: vec![notice] }.encode()),
        ("appeal_decision", appeal.encode()),
    ]
}

pub(super) fn new_device() -> NewDevice {
    NewDevice {
        uri: device("u1"),
        signature_key: [1; 32],
        authorisation: DeviceAuthorisation { account_key: AccountKey([2; 32]), signature: [3; 64] },
    }
}

fn removal() -> edge::RemoveDeviceRequest {
    let tbs = edge::RemoveDeviceTbs { device: device("u1"), at: Timestamp(1_700_000_000_000) };
    edge::RemoveDeviceRequest { tbs, signature: [4; 64], device_set: vec![5; 9] }
}

fn edge() -> Vec<(&'static str, Vec<u8>)> {
    let register = |identifier| edge::RegisterRequest {
        tbs: edge::RegisterTbs { identifier, device: new_device(), device_set: vec![5; 9], minor: None },
        signature: [4; 64],
        pass: None,
    };
    let service = edge::ServiceInfo {
        domain: "a.example".parse().unwrap(),
        profile: edge::Profile::Handle,
        franking_signature_key: [5; 32],
        franking_credential: objects::credential(b"a.example"),
        now: Timestamp(1_700_000_000_000),
    };
    let add = edge::AddDeviceRequest { device: new_device(), device_set: vec![5; 9] };
    let devices = edge::DeviceList { devices: vec![new_device()] };
    let token_request = edge::TokenRequest {
        tbs: edge::TokenTbs { device: device("u1"), challenge: vec![6; 32] },
        signature: [7; 64],
    };
    let packages = edge::PublishKeyPackages {
        one_use: vec![objects::key_package(b"x"), objects::key_package(b"y")],
        last_resort: vec![objects::key_package(b"z")],
    };
    let counts =
        edge::KeyPackageCounts { one_use: vec![edge::KeyPackageCount { ciphersuite: 0x4f, left: 9 }] };
    let create = edge::CreateRoomRequest {
        room: room(),
        group_info: objects::group_info(0, b"x"),
        ratchet_tree: RatchetTreeOption::Full(objects::tree(b"nodes")),
    };
    let account =
        edge::AccountData { user: user("u1"), created_day: 20_000, devices: devices.clone(), media_bytes: 7 };
    let ticket = edge::UploadTicket { id: b"m1".to_vec(), url: b"https://a.example/v1/media/m1".to_vec() };
    let phone = edge::Identifier::Phone { number: b"+15550100".to_vec(), code: b"123456".to_vec() };
    vec![
        ("service_info", service.encode()),
        ("code_request", edge::CodeRequest { number: b"+15550100".to_vec() }.encode()),
        ("register_request", register(edge::Identifier::AccountName(b"alice".to_vec())).encode()),
        ("register_request", register(edge::Identifier::Handle(b"alice".to_vec())).encode()),
        ("register_request", register(phone).encode()),
        ("new_device", new_device().encode()),
        ("add_device_request", add.encode()),
        ("remove_device_request", removal().encode()),
        ("device_list", devices.encode()),
        ("challenge_request", edge::ChallengeRequest { device: device("u1") }.encode()),
        ("challenge_response", edge::ChallengeResponse { challenge: vec![8; 32] }.encode()),
        ("token_request", token_request.encode()),
        ("token_response", edge::TokenResponse { token: vec![9; 32], expires: Timestamp(9) }.encode()),
        ("publish_key_packages", packages.encode()),
        ("key_package_counts", counts.encode()),
        ("create_room_request", create.encode()),
        ("open_upload", edge::OpenUpload { length: 70_000 }.encode()),
        ("upload_ticket", ticket.encode()),
        ("account_data", account.encode()),
    ]
}

/// The later requests for recovery, and those about backups.
fn keeping() -> Vec<(&'static str, Vec<u8>)> {
    let (id, token) = (BackupId([1; 32]), BackupToken([2; 32]));
    let name = SegmentName([3; 16]);
    let begin = recovery::BeginRecoveryTbs { device: device("u1"), challenge: vec![6; 9] };
    let recover =
        recovery::RecoverTbs { device: new_device(), challenge: vec![6; 9], device_set: vec![5; 9] };
    let read = |part| backup::ReadBackup { id, token: token.clone(), part }.encode();
    let segment = backup::PutSegment { id, token: token.clone(), name, sealed: vec![7; 9] };
    let manifest = backup::PutManifest {
        id,
        token: token.clone(),
        expected: 4,
        sealed: vec![8; 9],
        dropped: vec![name],
    };
    vec![
        (
            "begin_recovery_request",
            recovery::BeginRecoveryRequest { tbs: begin, signature: [4; 64] }.encode(),
        ),
        ("recovery_begun", recovery::RecoveryBegun { device_set: vec![5; 9] }.encode()),
        ("recover_request", recovery::RecoverRequest { tbs: recover, signature: [4; 64] }.encode()),
        (
            "open_backup",
            backup::OpenBackup { id, token_hash: [2; 32], kind: backup::BackupKind::Lasting }.encode(),
        ),
        ("put_segment", segment.encode()),
        ("put_manifest", manifest.encode()),
        ("read_backup", read(backup::BackupPart::Manifest)),
        ("read_backup", read(backup::BackupPart::Segment(name))),
        ("sealed_part", backup::SealedPart { counter: 5, sealed: vec![9; 9] }.encode()),
        ("sealed_half", crate::rendezvous::SealedHalf { sealed: vec![3; 9] }.encode()),
        ("delete_backup", backup::DeleteBackup { id, token, kind: backup::BackupKind::Passing }.encode()),
    ]
}

pub(super) fn note() -> pin::Note {
    let place = |number: u8| pin::Place {
        address: format!("https://{}.example", char::from(b'a' + number)).into_bytes(),
        name: pin::RecordName([number; 32]),
    };
    pin::Note { version: pin::VERSION, salt: [7; 32], places: (0..3).map(place).collect() }
}

fn discovery() -> Vec<(&'static str, Vec<u8>)> {
    use by_number::{Bucket, DiscoveryRequest, DiscoveryResponse, Entry, Evaluated, SEALED, Tag};
    let element = pin::Element([2; 32]);
    let evaluated = Evaluated { key: element, bits: 3, elements: vec![element; 2], proof: [4; 64] };
    let entry = Entry { tag: Tag([5; 16]), sealed: [6; SEALED] };
    let buckets = vec![Bucket { entries: vec![entry; 2] }, Bucket { entries: vec![] }];
    vec![
        ("discovery_request", DiscoveryRequest::Evaluate(vec![element]).encode()),
        ("discovery_request", DiscoveryRequest::Buckets { bits: 3, prefixes: vec![1, 7] }.encode()),
        ("discovery_response", DiscoveryResponse::Evaluated(evaluated).encode()),
        ("discovery_response", DiscoveryResponse::Buckets(buckets).encode()),
    ]
}

fn passes(known: &[(&'static str, Vec<u8>)]) -> Vec<(&'static str, Vec<u8>)> {
    use passes::{
        Claim, FirstContact, IssueRequest, Issued, IssuerKey, NamelessClaim, Purpose, RegistrationPass,
        Token, TokenRequest, TokenResponse,
    };
    let token = Token {
        token_type: passes::TOKEN_TYPE,
        nonce: [1; 32],
        challenge_digest: [2; 32],
        key_id: [3; 32],
        authenticator: [4; passes::AUTHENTICATOR],
    };
    let request = TokenRequest { token_type: 1, truncated_key_id: 7, blinded: [5; passes::ELEMENT] };
    let response = TokenResponse { evaluated: [6; passes::ELEMENT], proof: [7; passes::PROOF] };
    let (_, named) = known.iter().find(|(name, _)| *name == "key_material_request").unwrap();
    let named = KeyMaterialRequest::decode(named).unwrap();
    let nameless = Claim::Nameless(NamelessClaim::of(&named));
    let contact = |claim| FirstContact { token: token.clone(), claim }.encode();
    vec![
        ("pass_token", token.encode()),
        (
            "issue_request",
            IssueRequest { purpose: Purpose::FirstContact, requests: vec![request.clone(); 2] }.encode(),
        ),
        ("issue_request", IssueRequest { purpose: Purpose::Registration, requests: vec![request] }.encode()),
        (
            "registration_pass",
            RegistrationPass { domain: "a.example".parse().unwrap(), token: token.clone() }.encode(),
        ),
        (
            "issued_passes",
            Issued { key: IssuerKey([8; passes::ELEMENT]), responses: vec![response] }.encode(),
        ),
        ("first_contact", contact(Claim::Named(named))),
        ("signed_policy_list", policy_list().encode()),
        ("first_contact", contact(nameless)),
    ]
}

fn minors(known: &[(&'static str, Vec<u8>)]) -> Vec<(&'static str, Vec<u8>)> {
    use minors::{
        Act, AgeThere, Ages, Guarded, GuardianWord, InviteGuardian, Marking, MinorStanding, Opening,
        Openness, Reach, Reached, ReplaceReach, WordTbs,
    };
    let (_, contact) = known.iter().find(|(name, _)| *name == "first_contact").unwrap();
    let claim = passes::FirstContact::decode(contact).unwrap().claim;
    let key = Reach { serial: 3, seed: [7; 32] };
    let opening = Opening { how: Openness::Found, until: Timestamp(1_700_000_000_000) };
    let word = |act| {
        let tbs = WordTbs { minor: user("u1"), device: device("u2"), at: Timestamp(1_700_000_000_000), act };
        GuardianWord { tbs, signature: [8; 64] }.encode()
    };
    let guarded = Guarded { ends: Some(crate::Month(683)), open: Some(opening) };
    let standing = MinorStanding {
        guarded: Some(guarded.clone()),
        guardian: Some(user("u2")),
        reach: Some(key.public()),
    };
    let places = vec![AgeThere { place: "KR".parse().unwrap(), age: 19 }];
    let marked = edge::RegisterRequest {
        tbs: edge::RegisterTbs {
            identifier: edge::Identifier::Handle(b"alice".to_vec()),
            device: new_device(),
            device_set: vec![5; 9],
            minor: Some(Marking { ends: Some(crate::Month(683)), reach: [9; 32] }),
        },
        signature: [4; 64],
        pass: None,
    };
    vec![
        ("register_request", marked.encode()),
        ("reached", Reached { proof: key.prove(&user("u1"), 19_000, [6; 32]), claim }.encode()),
        ("replace_reach", ReplaceReach { reach: [9; 32] }.encode()),
        ("invite_guardian", InviteGuardian { key: [9; 32] }.encode()),
        ("guardian_word", word(Act::Accept([7; 64]))),
        ("guardian_word", word(Act::Open(opening))),
        ("guardian_word", word(Act::Close)),
        ("guardian_word", word(Act::Release)),
        ("guardian_word", word(Act::Look)),
        ("guarded", guarded.encode()),
        ("minor_standing", standing.encode()),
        ("ages", Ages { age: 18, places }.encode()),
        ("reach_key", key.encode()),
    ]
}

pub(super) fn policy_list() -> SignedPolicyList {
    use policy_list::{Entry, PolicyList, Recommendation, Subject};
    let entry =
        |subject, recommend| Entry { subject, recommend, reason: AbuseType::Spam, until: Timestamp(7) };
    let entries = vec![
        entry(Subject::Service("bad.test".parse().unwrap()), Recommendation::Refuse),
        entry(Subject::Person("mimi://b.test/u/mallory".parse().unwrap()), Recommendation::Limit),
    ];
    let list = PolicyList { publisher: "a.test".parse().unwrap(), sequence: 3, entries };
    SignedPolicyList { list, key: [1; 32], signature: [2; 64] }
}

fn pin() -> Vec<(&'static str, Vec<u8>)> {
    let (name, blinded) = (pin::RecordName([1; 32]), pin::Element([2; 32]));
    let evaluated = pin::Evaluated { evaluated: blinded, masked: [3; 32], serial: 4, left: 6 };
    let number = edge::Identifier::Phone { number: b"+15550100".to_vec(), code: b"123456".to_vec() };
    let store = pin::StoreRequest {
        tbs: pin::StoreTbs { name, ticket: vec![5; 72], masked: [3; 32] },
        signature: [8; 64],
    };
    let unlock = pin::UnlockRequest { tbs: pin::UnlockTbs { name, through: 4 }, signature: [8; 64] };
    let remove = pin::RemoveRequest { tbs: pin::RemoveTbs { name }, signature: [8; 64] };
    vec![
        ("pin_prepare_request", pin::PrepareRequest { name, blinded }.encode()),
        ("pin_prepared", pin::Prepared { ticket: vec![5; 72], evaluated: blinded }.encode()),
        ("pin_store_request", store.encode()),
        ("pin_try_request", pin::TryRequest { name, blinded }.encode()),
        ("pin_try_response", pin::TryResponse::Evaluated(evaluated).encode()),
        ("pin_try_response", pin::TryResponse::Locked.encode()),
        ("pin_unlock_request", unlock.encode()),
        ("pin_remove_request", remove.encode()),
        ("pin_note", note().encode()),
        (
            "pin_put_note_request",
            pin::PutNoteRequest { account_name: b"alice".to_vec(), note: note() }.encode(),
        ),
        ("pin_find_request", pin::FindRequest { identifier: number }.encode()),
    ]
}

fn components() -> Vec<(&'static str, Vec<u8>)> {
    let list = ParticipantList {
        participants: vec![
            UserRolePair { user: user("u1"), role: Role::ADMIN },
            UserRolePair { user: user("u2"), role: Role::MEMBER },
        ],
    };
    let invitation =
        Invitation { key: [4; 32], by: user("u1"), left: 3, not_after: Timestamp(1_700_000_000_000) };
    let used = InvitationUse { key: [4; 32], signature: [6; 64] };
    let update = ParticipantListUpdate {
        changed: vec![IndexRolePair { index: 0, role: Role::MEMBER }],
        removed: vec![1],
        added: vec![UserRolePair { user: user("u3"), role: Role::ADMIN }],
    };
    let mut both = list.tls_serialize_detached().unwrap();
    update.tls_serialize(&mut both).unwrap();
    let metadata = RoomMetadata {
        descriptions: vec![RichDescription { content: b"about leaves".to_vec(), ..Default::default() }],
        ..RoomMetadata::named(room(), "Leaves".parse().unwrap())
    };
    let agent = FrankingAgentData {
        franking_signature_key: vec![5; 32],
        credential: objects::credential(b"a.example"),
    };
    vec![
        ("participant_list", list.encode()),
        ("participant_list", both),
        ("participant_list_update", update.encode()),
        ("invitations", Invitations { open: vec![invitation.clone()] }.encode()),
        (
            "invitations_update",
            InvitationsUpdate::Change { made: vec![invitation], taken_back: vec![[5; 32]] }.encode(),
        ),
        ("invitations_update", InvitationsUpdate::Use(used.clone()).encode()),
        ("invitation_use", used.encode()),
        ("room_metadata", metadata.encode()),
        ("roles_list", RolesList::of(RoomKind::Discussion).encode()),
        ("roles_list", RolesList::of(RoomKind::Announcement).encode()),
        ("franking_agent_data", agent.encode()),
    ]
}
