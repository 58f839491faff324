//! The table of everything that travels on its own, with its limit.

use crate::{
    ErrorBody, Wire, backup, decisions, discovery, edge, franking, limits,
    mimi::{consent, fanout, group_info, identifier, key_material, removal, report, submit, update},
    minors, passes, pin, policy_list, recovery, rendezvous, room,
};

macro_rules! wire_types {
    ($($type:ty, $name:literal, $limit:expr;)*) => {
        $(impl Wire for $type {
            const LIMIT: usize = $limit;
            const NAME: &'static str = $name;
        })*
    };
}

/// A handful of URIs, keys and signatures.
const SMALL: usize = 8 * 1024;
/// One key package for each of [`limits::DEVICES`], with what goes around them.
const KEY_MATERIAL: usize = limits::DEVICES * (limits::KEY_PACKAGE + limits::URI) + limits::KEY_PROOF + SMALL;
/// As many buckets as may be asked for, each as full as may be.
const BUCKETS: usize = discovery::BUCKETS * discovery::ENTRIES * (discovery::SEALED + 16) + SMALL;
/// As many key packages as a device may publish at once.
const PUBLISH: usize = limits::KEY_PACKAGES * limits::KEY_PACKAGE;

/// A domain and a token.
const PASS: usize = limits::URI + 256;

/// As many invitations as may be open, of people with long names.
const INVITATIONS: usize = limits::INVITATIONS * (limits::URI + 64);

/// As many entries as a list has, of people with long names.
const POLICY_LIST: usize = policy_list::ENTRIES * (limits::URI + 16) + SMALL;

wire_types! {
    edge::ServiceInfo, "service info", SMALL;
    edge::CodeRequest, "code request", SMALL;
    edge::RegisterRequest, "register request", SMALL;
    edge::NewDevice, "device", SMALL;
    edge::AddDeviceRequest, "device to take in", SMALL;
    edge::RemoveDeviceRequest, "removal of a device", SMALL;
    edge::DeviceList, "device list", limits::DEVICES * SMALL;
    edge::ChallengeRequest, "challenge request", SMALL;
    edge::ChallengeResponse, "challenge response", SMALL;
    edge::TokenRequest, "token request", SMALL;
    edge::TokenResponse, "token response", SMALL;
    edge::PublishKeyPackages, "key packages to publish", PUBLISH;
    edge::KeyPackageCounts, "key package counts", SMALL;
    edge::CreateRoomRequest, "create room request", limits::REQUEST;
    edge::OpenUpload, "open upload request", SMALL;
    edge::UploadTicket, "upload ticket", SMALL;
    edge::AccountData, "account data", limits::DEVICES * SMALL;
    recovery::BeginRecoveryRequest, "begin of a recovery", SMALL;
    recovery::RecoveryBegun, "begun recovery", limits::KEY_PROOF;
    recovery::RecoverRequest, "recovery", SMALL;
    backup::OpenBackup, "backup to open", SMALL;
    backup::PutSegment, "segment of a backup", limits::BACKUP_SEGMENT + SMALL;
    backup::PutManifest, "manifest of a backup", limits::BACKUP_MANIFEST + 16 * limits::BACKUP_SEGMENTS + SMALL;
    backup::ReadBackup, "question for a part of a backup", SMALL;
    backup::SealedPart, "part of a backup", limits::BACKUP_SEGMENT + SMALL;
    backup::DeleteBackup, "backup to delete", SMALL;
    rendezvous::SealedHalf, "half of a rendezvous", limits::LINK_ANSWER + 4;
    discovery::DiscoveryRequest, "question by number", SMALL;
    discovery::DiscoveryResponse, "answer to a question by number", BUCKETS;
    ErrorBody, "error body", SMALL;
    passes::Token, "pass", SMALL;
    passes::IssueRequest, "request for passes", SMALL;
    passes::RegistrationPass, "registration pass", PASS;
    passes::Issued, "passes", SMALL;
    passes::FirstContact, "first contact", SMALL;
    minors::Reached, "claim with a proof of reach", SMALL;
    minors::ReplaceReach, "reach key", SMALL;
    minors::InviteGuardian, "key of a guardian's link", SMALL;
    minors::GuardianWord, "guardian's word", SMALL;
    minors::Guarded, "standing of a minor's account", SMALL;
    minors::MinorStanding, "standing of one's own account", SMALL;
    minors::Ages, "ages", SMALL;
    policy_list::SignedPolicyList, "policy list", POLICY_LIST;

    pin::PrepareRequest, "request to prepare a PIN record", SMALL;
    pin::Prepared, "prepared PIN record", SMALL;
    pin::StoreRequest, "PIN record", SMALL;
    pin::TryRequest, "try of a PIN", SMALL;
    pin::TryResponse, "answer to the try of a PIN", SMALL;
    pin::UnlockRequest, "unlocking of a PIN record", SMALL;
    pin::RemoveRequest, "removal of a PIN record", SMALL;
    pin::Note, "note of PIN records", SMALL;
    pin::PutNoteRequest, "note of PIN records to keep", SMALL;
    pin::FindRequest, "question for a note of PIN records", SMALL;

    crate::frame::ClientFrame, "client frame", limits::CLIENT_FRAME;
    crate::frame::ServerFrame, "server frame", limits::SERVER_FRAME;
    crate::frame::MailboxEvent, "mailbox event", limits::HANDSHAKE + SMALL;

    key_material::KeyMaterialRequest, "key material request", SMALL;
    key_material::KeyMaterialResponse, "key material response", KEY_MATERIAL;
    update::UpdateRequest, "update request", limits::HANDSHAKE;
    update::UpdateRoomResponse, "update response", limits::REQUEST;
    submit::SubmitMessageRequest, "submit request", limits::MESSAGE + SMALL;
    submit::SubmitMessageResponse, "submit response", SMALL;
    fanout::FanoutMessage, "fan-out message", limits::HANDSHAKE;
    fanout::NotifyRequest, "notify request", limits::NOTIFY;
    removal::RemovalRequest, "removal request", SMALL;
    group_info::GroupInfoRequest, "group info request", SMALL;
    group_info::GroupInfoResponse, "group info response", limits::HANDSHAKE;
    group_info::GroupInfoRatchetTreeTbe, "group info and ratchet tree", limits::HANDSHAKE;
    consent::ConsentEntry, "consent entry", KEY_MATERIAL;
    identifier::IdentifierRequest, "identifier request", SMALL;
    identifier::IdentifierResponse, "identifier response", limits::REQUEST;
    report::AbuseReport, "abuse report", limits::REPORT;
    report::FollowReport, "question about a report", SMALL;
    report::ReportStanding, "standing of a report", SMALL;
    report::ForwardedReport, "report that a hub hands on", limits::REPORT;
    decisions::DecisionList, "decisions", decisions::DecisionList::MOST * 2 * SMALL;
    decisions::AppealDecision, "appeal", SMALL;

    room::ParticipantList, "participant list", limits::HANDSHAKE;
    room::Invitations, "invitations", INVITATIONS;
    room::InvitationsUpdate, "invitations update", 2 * INVITATIONS;
    room::InvitationUse, "use of an invitation", SMALL;
    room::ParticipantListUpdate, "participant list update", limits::HANDSHAKE;
    room::RolesList, "roles list", SMALL;
    room::RoomMetadata, "room metadata", limits::METADATA;
    franking::FrankingAgentData, "franking agent data", SMALL;
}
