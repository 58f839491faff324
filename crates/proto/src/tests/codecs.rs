//! Properties of every codec: what is encoded decodes to the same, and nothing shorter or longer decodes at all.

use super::strategies;
use crate::{
    ProtoError, Wire, backup, discovery, edge, mimi::update::UpdateRequest, passes, pin, recovery, rendezvous,
};
use proptest::{
    array::uniform32,
    prelude::*,
    test_runner::{Config, TestRunner},
};
use std::fmt::Debug;

fn holds<T: Wire + PartialEq + Debug>(values: impl Strategy<Value = T>) {
    let mut runner = TestRunner::new(Config { cases: 48, failure_persistence: None, ..Config::default() });
    runner
        .run(&values, |value| {
            let encoded = value.encode();
            prop_assert_eq!(encoded.len(), value.tls_serialized_len());
            prop_assert_eq!(T::decode(&encoded), Ok(value));
            for length in 0..encoded.len() {
                prop_assert!(
                    T::decode(&encoded[..length]).is_err(),
                    "cut at {} of {}",
                    length,
                    encoded.len()
                );
            }
            for trailing in [&[0][..], &[1], &[0xff; 9]] {
                let longer = [&encoded, trailing].concat();
                prop_assert_eq!(T::decode(&longer), Err(ProtoError::Malformed(T::NAME)));
            }
            Ok(())
        })
        .unwrap();
    let noise = prop::collection::vec(any::<u8>(), 0..300);
    runner
        .run(&noise, |noise| {
            if let Ok(value) = T::decode(&noise) {
                prop_assert_eq!(value.encode(), noise);
            }
            Ok(())
        })
        .unwrap();
    let too_large = vec![0; T::LIMIT + 1];
    assert_eq!(T::decode(&too_large), Err(ProtoError::TooLarge { what: T::NAME, limit: T::LIMIT }));
}

macro_rules! every_codec {
    ($($name:ident)*) => {
        $(#[test] fn $name() { holds(strategies::$name()); })*
    };
}

every_codec! {
    error_body client_frame server_frame mailbox_event
    key_material_request key_material_response update_request update_response submit_request submit_response
    fanout_message notify_request removal_request group_info_request group_info_response group_info_sealed
    consent_entry identifier_request identifier_response abuse_report
    service_info register_request new_device account_data token_request publish_key_packages create_room_request
    participant_list participant_list_update invitations invitations_update invitation_use room_metadata
}

#[test]
fn small_structures() {
    holds(strategies::bytes().prop_map(|number| edge::CodeRequest { number }));
    holds(strategies::device().prop_map(|device| edge::ChallengeRequest { device }));
    holds(strategies::bytes().prop_map(|challenge| edge::ChallengeResponse { challenge }));
    holds(strategies::bytes().prop_map(|token| edge::TokenResponse { token, expires: crate::Timestamp(1) }));
    let removal = (strategies::device(), any::<u64>(), strategies::bytes());
    holds(removal.prop_map(|(device, at, device_set)| edge::RemoveDeviceRequest {
        tbs: edge::RemoveDeviceTbs { device, at: crate::Timestamp(at) },
        signature: [5; 64],
        device_set,
    }));
    holds(
        (strategies::new_device(), strategies::bytes())
            .prop_map(|(device, device_set)| edge::AddDeviceRequest { device, device_set }),
    );
    holds(any::<u64>().prop_map(|length| edge::OpenUpload { length }));
    holds((strategies::bytes(), strategies::bytes()).prop_map(|(id, url)| edge::UploadTicket { id, url }));
    let count = (any::<u16>(), any::<u32>())
        .prop_map(|(ciphersuite, left)| edge::KeyPackageCount { ciphersuite, left });
    holds(prop::collection::vec(count, 0..3).prop_map(|one_use| edge::KeyPackageCounts { one_use }));
    let devices = prop::collection::vec(strategies::new_device(), 0..3);
    holds(devices.prop_map(|devices| edge::DeviceList { devices }));
    holds(prop::sample::select(crate::room::RoomKind::ALL.to_vec()).prop_map(crate::room::RolesList::of));
}

#[test]
fn what_follows_a_report() {
    use crate::{decisions::*, mimi::report::*};
    let words = || "[a-z]{1,40}".prop_map(|text| text.parse::<Words>().unwrap());
    let follow = (strategies::user(), any::<[u8; 32]>(), prop::option::of(words()));
    holds(follow.prop_map(|(reporting_user, report, appeal)| FollowReport {
        reporting_user,
        report,
        appeal,
    }));
    let time = || any::<u64>().prop_map(crate::Timestamp);
    let appeal = || prop::sample::select(vec![Appeal::Open, Appeal::Closed]);
    holds((time(), appeal()).prop_map(|(since, appeals)| ReportStanding {
        stage: ReportStage::InReview,
        since,
        appeals,
    }));
    holds((strategies::room(), strategies::abuse_report(), time()).prop_map(|(room, report, at)| {
        let AbuseReport { alleged_abuser, reason, messages, .. } = report;
        ForwardedReport {
            tbs: ForwardedReportTbs { room, alleged_abuser, reason, at, messages },
            signature: [4; 64],
        }
    }));
    let case = any::<[u8; 10]>().prop_map(CaseId);
    holds((case.clone(), words()).prop_map(|(case, words)| AppealDecision { case, words }));
    let notice = (case, time(), words(), words(), prop::option::of(time()), appeal());
    let notice = notice.prop_map(|(case, at, rule, explanation, until, appeal)| DecisionNotice {
        case,
        at,
        measure: Measure::Suspended,
        rule,
        explanation,
        until,
        stage: DecisionStage::Appealed,
        appeal,
    });
    holds(prop::collection::vec(notice, 0..3).prop_map(|decisions| DecisionList { decisions }));
}

#[test]
fn recovery_and_backups() {
    let (device, bytes) = (strategies::device, strategies::bytes);
    holds((device(), bytes()).prop_map(|(device, challenge)| recovery::BeginRecoveryRequest {
        tbs: recovery::BeginRecoveryTbs { device, challenge },
        signature: [1; 64],
    }));
    holds(bytes().prop_map(|device_set| recovery::RecoveryBegun { device_set }));
    holds((strategies::new_device(), bytes(), bytes()).prop_map(|(device, challenge, device_set)| {
        let tbs = recovery::RecoverTbs { device, challenge, device_set };
        recovery::RecoverRequest { tbs, signature: [1; 64] }
    }));
    let (id, token) = (backup::BackupId([1; 32]), backup::BackupToken([2; 32]));
    let name = any::<[u8; 16]>().prop_map(backup::SegmentName);
    for kind in [backup::BackupKind::Lasting, backup::BackupKind::Passing] {
        holds(any::<[u8; 32]>().prop_map(move |token_hash| backup::OpenBackup { id, token_hash, kind }));
    }
    let of = token.clone();
    holds((name.clone(), bytes()).prop_map(move |(name, sealed)| backup::PutSegment {
        id,
        token: of.clone(),
        name,
        sealed,
    }));
    let of = token.clone();
    let dropped = prop::collection::vec(name.clone(), 0..3);
    holds((any::<u64>(), bytes(), dropped).prop_map(move |(expected, sealed, dropped)| {
        backup::PutManifest { id, token: of.clone(), expected, sealed, dropped }
    }));
    let of = token.clone();
    let part = prop_oneof![Just(backup::BackupPart::Manifest), name.prop_map(backup::BackupPart::Segment),];
    holds(part.prop_map(move |part| backup::ReadBackup { id, token: of.clone(), part }));
    holds((any::<u64>(), bytes()).prop_map(|(counter, sealed)| backup::SealedPart { counter, sealed }));
    holds(bytes().prop_map(|sealed| rendezvous::SealedHalf { sealed }));
    holds(Just(backup::DeleteBackup { id, token, kind: backup::BackupKind::Passing }));
}

#[test]
fn structures_of_finding_by_number() {
    use discovery::{Bucket, DiscoveryRequest, DiscoveryResponse, Entry, Evaluated, SEALED, Tag};
    let element = || uniform32(any::<u8>()).prop_map(pin::Element);
    let elements = || prop::collection::vec(element(), 0..5);
    holds(elements().prop_map(DiscoveryRequest::Evaluate));
    holds(
        (any::<u8>(), prop::collection::vec(any::<u32>(), 0..5))
            .prop_map(|(bits, prefixes)| DiscoveryRequest::Buckets { bits, prefixes }),
    );
    let evaluated = (element(), any::<u8>(), elements(), any::<u8>());
    holds(evaluated.prop_map(|(key, bits, elements, proof)| {
        DiscoveryResponse::Evaluated(Evaluated { key, bits, elements, proof: [proof; 64] })
    }));
    let entry =
        prop::array::uniform16(any::<u8>()).prop_map(|tag| Entry { tag: Tag(tag), sealed: [7; SEALED] });
    let bucket = prop::collection::vec(entry, 0..4).prop_map(|entries| Bucket { entries });
    holds(prop::collection::vec(bucket, 0..4).prop_map(DiscoveryResponse::Buckets));
}

#[test]
fn structures_of_passes() {
    use passes::*;
    let token = strategies::pass_token();
    holds(token.clone());
    holds(
        (strategies::domain(), token.clone())
            .prop_map(|(domain, token)| RegistrationPass { domain: domain.parse().unwrap(), token }),
    );
    let request =
        (any::<u16>(), any::<u8>(), any::<u8>()).prop_map(|(token_type, truncated_key_id, fill)| {
            TokenRequest { token_type, truncated_key_id, blinded: [fill; ELEMENT] }
        });
    let purpose = prop::sample::select(vec![Purpose::FirstContact, Purpose::Registration]);
    let asked = (purpose, prop::collection::vec(request, 0..4));
    holds(asked.prop_map(|(purpose, requests)| IssueRequest { purpose, requests }));
    let response =
        any::<u8>().prop_map(|fill| TokenResponse { evaluated: [fill; ELEMENT], proof: [fill; PROOF] });
    let issued = (any::<u8>(), prop::collection::vec(response, 0..4));
    holds(issued.prop_map(|(fill, responses)| Issued { key: IssuerKey([fill; ELEMENT]), responses }));
    let contact = (token, strategies::key_material_request(), any::<bool>());
    holds(contact.prop_map(|(token, request, named)| {
        let nameless = Claim::Nameless(NamelessClaim::of(&request));
        FirstContact { token, claim: if named { Claim::Named(request) } else { nameless } }
    }));
}

#[test]
fn structures_of_minors() {
    use crate::{Month, minors::*, passes::*};
    let bytes = || uniform32(any::<u8>());
    let reached = (any::<u32>(), bytes(), any::<u8>(), strategies::key_material_request());
    holds(reached.prop_map(|(day, nonce, fill, request)| Reached {
        proof: ReachProof { day, nonce, signature: [fill; 64] },
        claim: Claim::Nameless(NamelessClaim::of(&request)),
    }));
    let opening = (0..3_u8, any::<u64>()).prop_map(|(how, until)| Opening {
        how: [Openness::Connections, Openness::Address, Openness::Found][usize::from(how)],
        until: crate::Timestamp(until),
    });
    let act = prop_oneof![
        any::<u8>().prop_map(|fill| Act::Accept([fill; 64])),
        opening.clone().prop_map(Act::Open),
        Just(Act::Close),
        Just(Act::Release),
        Just(Act::Look),
    ];
    let word = (strategies::user(), strategies::device(), any::<u64>(), act, any::<u8>());
    holds(word.prop_map(|(minor, device, at, act, fill)| GuardianWord {
        tbs: WordTbs { minor, device, at: crate::Timestamp(at), act },
        signature: [fill; 64],
    }));
    let guarded = (prop::option::of(any::<u16>()), prop::option::of(opening))
        .prop_map(|(ends, open)| Guarded { ends: ends.map(Month), open });
    holds(guarded.clone());
    let standing =
        (prop::option::of(guarded), prop::option::of(strategies::user()), prop::option::of(bytes()));
    holds(standing.prop_map(|(guarded, guardian, reach)| MinorStanding { guarded, guardian, reach }));
}

#[test]
fn structures_of_policy_lists() {
    let list = super::samples::policy_list();
    holds((any::<u64>(), 0..3_usize, any::<u8>()).prop_map(move |(sequence, count, fill)| {
        let mut list = list.clone();
        (list.list.sequence, list.key, list.signature) = (sequence, [fill; 32], [fill; 64]);
        list.list.entries.truncate(count);
        list
    }));
}

#[test]
fn structures_of_pin_records() {
    let name = || uniform32(any::<u8>()).prop_map(pin::RecordName);
    let element = || uniform32(any::<u8>()).prop_map(pin::Element);
    let masked = || uniform32(any::<u8>());
    let place = || (strategies::bytes(), name()).prop_map(|(address, name)| pin::Place { address, name });
    let note = || {
        (any::<u8>(), masked(), prop::collection::vec(place(), 0..4))
            .prop_map(|(version, salt, places)| pin::Note { version, salt, places })
    };
    holds((name(), element()).prop_map(|(name, blinded)| pin::PrepareRequest { name, blinded }));
    holds(
        (strategies::bytes(), element()).prop_map(|(ticket, evaluated)| pin::Prepared { ticket, evaluated }),
    );
    holds((name(), strategies::bytes(), masked()).prop_map(|(name, ticket, masked)| pin::StoreRequest {
        tbs: pin::StoreTbs { name, ticket, masked },
        signature: [5; 64],
    }));
    holds((name(), element()).prop_map(|(name, blinded)| pin::TryRequest { name, blinded }));
    let answer = (element(), masked(), any::<u32>(), any::<u32>());
    holds(answer.prop_map(|(evaluated, masked, serial, left)| {
        pin::TryResponse::Evaluated(pin::Evaluated { evaluated, masked, serial, left })
    }));
    holds(Just(pin::TryResponse::Locked));
    holds((name(), any::<u32>()).prop_map(|(name, through)| pin::UnlockRequest {
        tbs: pin::UnlockTbs { name, through },
        signature: [5; 64],
    }));
    holds(name().prop_map(|name| pin::RemoveRequest { tbs: pin::RemoveTbs { name }, signature: [5; 64] }));
    holds(note());
    holds(
        (strategies::bytes(), note())
            .prop_map(|(account_name, note)| pin::PutNoteRequest { account_name, note }),
    );
    holds(
        strategies::bytes()
            .prop_map(|handle| pin::FindRequest { identifier: edge::Identifier::Handle(handle) }),
    );
}

proptest! {
    #[test]
    fn uris_read_back(user in strategies::user(), device in strategies::device(), room in strategies::room()) {
        prop_assert_eq!(user.to_string().parse(), Ok(user));
        prop_assert_eq!(device.to_string().parse(), Ok(device));
        prop_assert_eq!(room.to_string().parse(), Ok(room));
    }

    #[test]
    fn text_that_is_no_uri_is_refused(text in "\\PC{0,40}") {
        for parsed in [
            text.parse::<crate::UserUri>().map(|uri| uri.to_string()),
            text.parse::<crate::DeviceUri>().map(|uri| uri.to_string()),
            text.parse::<crate::RoomUri>().map(|uri| uri.to_string()),
        ] {
            prop_assert!(parsed.is_err() || parsed == Ok(text.clone()));
        }
    }
}

#[test]
fn uris_of_another_form_are_refused() {
    for raw in [
        "",
        "mimi://",
        "mimi://a.example",
        "mimi://a.example/u",
        "mimi://a.example/u/",
        "mimi://a.example/u/X",
        "mimi://A.example/u/x",
        "mimi://a.example/u/x/y",
        "mimi://a..example/u/x",
        "mimi://a.example:0/u/x",
        "mimi://a.example:99999/u/x",
        "https://a.example/u/x",
        "mimi://-a.example/u/x",
        "mimi://a.example//u/x",
        "mimi://a.example/u/x y",
        "mimi://user@a.example/u/x",
        "mimi://a.example/r/x",
    ] {
        assert!(raw.parse::<crate::UserUri>().is_err(), "{raw}");
    }
    let long = format!("mimi://a.example/u/{}", "x".repeat(600));
    assert!(matches!(long.parse::<crate::UserUri>(), Err(ProtoError::TooLarge { .. })));
}

/// A vector's length in a longer form than needed is refused (RFC 9420, section 2.1.2).
#[test]
fn lengths_are_in_shortest_form() {
    assert!(edge::CodeRequest::decode(&[1, b'+']).is_ok());
    assert!(edge::CodeRequest::decode(&[0x40, 1, b'+']).is_err());
    assert!(edge::CodeRequest::decode(&[0x80, 0, 0, 1, b'+']).is_err());
    assert!(edge::CodeRequest::decode(&[0xc0, 0, 0, 0, 0, 0, 0, 1, b'+']).is_err());
    assert!(edge::DeviceList::decode(&[0x40, 0]).is_err());
}

/// What selects on the kind of a message takes no message of another kind.
#[test]
fn messages_of_another_kind_are_refused() {
    use super::objects::{application, group_info, proposal, tree, welcome};
    let encode = |first: &[u8]| {
        let mut raw = first.to_vec();
        raw.push(0);
        raw.push(1);
        raw.extend(group_info(1, b"").as_bytes());
        raw.push(1);
        raw.extend(tree(b"").as_bytes());
        raw
    };
    assert!(UpdateRequest::decode(&encode(super::objects::commit(0, b"").as_bytes())).is_ok());
    for other in [application(0, b""), welcome(b""), proposal(0)] {
        assert!(UpdateRequest::decode(&encode(other.as_bytes())).is_err());
    }
}
