//! The bodies of the fuzz targets, one for each decoder that reads from a network. `fuzz/` runs them under libFuzzer;
//! tests run them over mutated samples. They exist in tests and under the feature `fuzzing` only. Other crates have
//! theirs in a `fuzzing` of their own and drive them with [`exercise`].
//!
//! Beyond not panicking, each checks that an encoding is the only one of its value: what decodes encodes to the same
//! bytes.

mod exercise;

pub use exercise::{Decoder, built, exercise, run as run_in};

use crate::{
    ErrorBody, Wire, backup,
    content::{
        Extensions, Handling, MimiContent,
        groups::GroupList,
        picture,
        poll::{Poll, Vote},
        retold::Retold,
        status::StatusReport,
        timer::RoomTimer,
    },
    decisions, discovery, edge, frame, franking,
    mimi::{
        consent, directory::Directory, fanout, group_info, identifier, key_material, removal, report, submit,
        update,
    },
    minors, mls, passes, pin, policy_list, recovery, rendezvous, room,
};
use std::fmt::Debug;

/// Runs the target of a name.
///
/// # Panics
/// If there is none of this name, or the input breaks what the target checks.
pub fn run(name: &str, input: &[u8]) {
    let (_, target) = TARGETS.iter().find(|(other, _)| *other == name).expect("no such fuzz target");
    target(input);
}

type Target = fn(&[u8]);

/// Every target by its name.
pub const TARGETS: &[(&str, Target)] = &[
    ("content", content),
    ("status_report", status_report),
    ("poll", poll),
    ("vote", vote),
    ("room_timer", room_timer),
    ("room_picture", room_picture),
    ("group_list", group_list),
    ("retold", retold),
    ("handling", handling),
    ("directory", directory),
    ("mls_message", mls_message),
    ("key_package", object::<mls::KeyPackage>),
    ("group_info_object", object::<mls::GroupInfo>),
    ("ratchet_tree", object::<mls::RatchetTree>),
    ("credential", object::<mls::Credential>),
    ("client_frame", wire::<frame::ClientFrame>),
    ("server_frame", wire::<frame::ServerFrame>),
    ("mailbox_event", wire::<frame::MailboxEvent>),
    ("error_body", wire::<ErrorBody>),
    ("key_material_request", wire::<key_material::KeyMaterialRequest>),
    ("key_material_response", wire::<key_material::KeyMaterialResponse>),
    ("update_request", wire::<update::UpdateRequest>),
    ("update_response", wire::<update::UpdateRoomResponse>),
    ("submit_request", wire::<submit::SubmitMessageRequest>),
    ("submit_response", wire::<submit::SubmitMessageResponse>),
    ("fanout_message", wire::<fanout::FanoutMessage>),
    ("notify_request", wire::<fanout::NotifyRequest>),
    ("removal_request", wire::<removal::RemovalRequest>),
    ("group_info_request", wire::<group_info::GroupInfoRequest>),
    ("group_info_response", wire::<group_info::GroupInfoResponse>),
    ("group_info_sealed", wire::<group_info::GroupInfoRatchetTreeTbe>),
    ("consent_entry", wire::<consent::ConsentEntry>),
    ("identifier_request", wire::<identifier::IdentifierRequest>),
    ("identifier_response", wire::<identifier::IdentifierResponse>),
    ("abuse_report", wire::<report::AbuseReport>),
    ("follow_report", wire::<report::FollowReport>),
    ("report_standing", wire::<report::ReportStanding>),
    ("forwarded_report", wire::<report::ForwardedReport>),
    ("decision_list", wire::<decisions::DecisionList>),
    ("appeal_decision", wire::<decisions::AppealDecision>),
    ("service_info", wire::<edge::ServiceInfo>),
    ("code_request", wire::<edge::CodeRequest>),
    ("register_request", wire::<edge::RegisterRequest>),
    ("new_device", wire::<edge::NewDevice>),
    ("add_device_request", wire::<edge::AddDeviceRequest>),
    ("remove_device_request", wire::<edge::RemoveDeviceRequest>),
    ("device_list", wire::<edge::DeviceList>),
    ("challenge_request", wire::<edge::ChallengeRequest>),
    ("challenge_response", wire::<edge::ChallengeResponse>),
    ("token_request", wire::<edge::TokenRequest>),
    ("token_response", wire::<edge::TokenResponse>),
    ("publish_key_packages", wire::<edge::PublishKeyPackages>),
    ("key_package_counts", wire::<edge::KeyPackageCounts>),
    ("create_room_request", wire::<edge::CreateRoomRequest>),
    ("open_upload", wire::<edge::OpenUpload>),
    ("upload_ticket", wire::<edge::UploadTicket>),
    ("account_data", wire::<edge::AccountData>),
    ("begin_recovery_request", wire::<recovery::BeginRecoveryRequest>),
    ("recovery_begun", wire::<recovery::RecoveryBegun>),
    ("recover_request", wire::<recovery::RecoverRequest>),
    ("open_backup", wire::<backup::OpenBackup>),
    ("put_segment", wire::<backup::PutSegment>),
    ("put_manifest", wire::<backup::PutManifest>),
    ("read_backup", wire::<backup::ReadBackup>),
    ("sealed_part", wire::<backup::SealedPart>),
    ("delete_backup", wire::<backup::DeleteBackup>),
    ("sealed_half", wire::<rendezvous::SealedHalf>),
    ("discovery_request", wire::<discovery::DiscoveryRequest>),
    ("discovery_response", wire::<discovery::DiscoveryResponse>),
    ("pass_token", wire::<passes::Token>),
    ("issue_request", wire::<passes::IssueRequest>),
    ("registration_pass", registration_pass),
    ("issued_passes", wire::<passes::Issued>),
    ("first_contact", wire::<passes::FirstContact>),
    ("reached", wire::<minors::Reached>),
    ("replace_reach", wire::<minors::ReplaceReach>),
    ("invite_guardian", wire::<minors::InviteGuardian>),
    ("guardian_word", wire::<minors::GuardianWord>),
    ("guarded", wire::<minors::Guarded>),
    ("minor_standing", wire::<minors::MinorStanding>),
    ("ages", wire::<minors::Ages>),
    ("reach_key", reach_key),
    ("signed_policy_list", wire::<policy_list::SignedPolicyList>),
    ("pin_prepare_request", wire::<pin::PrepareRequest>),
    ("pin_prepared", wire::<pin::Prepared>),
    ("pin_store_request", wire::<pin::StoreRequest>),
    ("pin_try_request", wire::<pin::TryRequest>),
    ("pin_try_response", wire::<pin::TryResponse>),
    ("pin_unlock_request", wire::<pin::UnlockRequest>),
    ("pin_remove_request", wire::<pin::RemoveRequest>),
    ("pin_note", wire::<pin::Note>),
    ("pin_put_note_request", wire::<pin::PutNoteRequest>),
    ("pin_find_request", wire::<pin::FindRequest>),
    ("participant_list", participant_list),
    ("participant_list_update", wire::<room::ParticipantListUpdate>),
    ("invitations", wire::<room::Invitations>),
    ("invitations_update", wire::<room::InvitationsUpdate>),
    ("invitation_use", wire::<room::InvitationUse>),
    ("room_metadata", wire::<room::RoomMetadata>),
    ("roles_list", wire::<room::RolesList>),
    ("franking_agent_data", wire::<franking::FrankingAgentData>),
];

fn wire<T: Wire + PartialEq + Debug>(input: &[u8]) {
    if let Ok(value) = T::decode(input) {
        assert_eq!(value.encode(), input, "{} has a second encoding", T::NAME);
    }
}

fn registration_pass(input: &[u8]) {
    wire::<passes::RegistrationPass>(input);
    if let Ok(text) = std::str::from_utf8(input)
        && let Ok(pass) = text.parse::<passes::RegistrationPass>()
    {
        assert_eq!(pass.to_string(), text, "a pass has a second text");
    }
}

fn object<T>(input: &[u8])
where
    T: tls_codec::DeserializeBytes + tls_codec::Serialize,
{
    if let Ok((value, rest)) = T::tls_deserialize_bytes(input) {
        let encoded = value.tls_serialize_detached().expect("bytes that were read can be written");
        assert_eq!([&encoded, rest].concat(), input);
    }
}

fn mls_message(input: &[u8]) {
    object::<mls::MlsMessage>(input);
    if let Ok(message) = mls::MlsMessage::parse(input) {
        assert_eq!(message.group_id().is_some(), message.epoch().is_some());
        let carried =
            message.authenticated_data().and_then(|data| mls::safe_aad_data(data, franking::FRANK_AAD));
        assert!(message.franking_tag().is_none_or(|tag| carried == Some(&tag.0[..])));
    }
}

fn reach_key(input: &[u8]) {
    if let Ok(key) = minors::Reach::decode(input) {
        assert_eq!(key.encode(), input, "a reach key has a second encoding");
    }
}

fn content(input: &[u8]) {
    if let Ok(content) = MimiContent::decode(input) {
        assert_eq!(content.encode().as_deref(), Ok(input), "content has a second encoding");
    }
}

fn handling(input: &[u8]) {
    if let Ok(content) = MimiContent::decode(input) {
        let (handling, mut extensions) = (Handling::of(&content.extensions), Extensions::default());
        handling.put(&mut extensions).expect("nothing stands there yet");
        assert_eq!(Handling::of(&extensions), handling);
    }
}

fn poll(input: &[u8]) {
    if let Ok(poll) = Poll::decode(input) {
        assert_eq!(poll.encode().as_deref(), Ok(input), "a poll has a second encoding");
    }
}

fn vote(input: &[u8]) {
    if let Ok(vote) = Vote::decode(input) {
        assert_eq!(vote.encode().as_deref(), Ok(input), "a vote has a second encoding");
    }
}

fn room_timer(input: &[u8]) {
    if let Ok(timer) = RoomTimer::decode(input) {
        assert_eq!(timer.encode().as_deref(), Ok(input), "a timer has a second encoding");
    }
}

fn room_picture(input: &[u8]) {
    if let Ok(shown) = picture::decode(input) {
        assert_eq!(picture::encode(shown.as_ref()), input, "a picture has a second encoding");
    }
}

fn group_list(input: &[u8]) {
    if let Ok(list) = GroupList::decode(input) {
        assert_eq!(list.encode().as_deref(), Ok(input), "a list of groups has a second encoding");
    }
}

fn retold(input: &[u8]) {
    if let Ok(retold) = Retold::decode(input) {
        assert_eq!(retold.encode().as_deref(), Ok(input), "what is retold has a second encoding");
    }
}

fn status_report(input: &[u8]) {
    if let Ok(report) = StatusReport::decode(input) {
        assert_eq!(report.encode().as_deref(), Ok(input), "a status report has a second encoding");
    }
}

fn directory(input: &[u8]) {
    if let Ok(directory) = Directory::decode(input) {
        assert_eq!(Directory::decode(&directory.encode()), Ok(directory));
    }
}

fn participant_list(input: &[u8]) {
    wire::<room::ParticipantList>(input);
    // The first bytes as a list, the rest as an update of it.
    if let Ok((list, rest)) =
        <room::ParticipantList as tls_codec::DeserializeBytes>::tls_deserialize_bytes(input)
        && let Ok(update) = room::ParticipantListUpdate::decode(rest)
        && let Ok(after) = list.apply(&update)
    {
        assert!(after.check().is_ok(), "an update made a list that cannot be");
    }
}
