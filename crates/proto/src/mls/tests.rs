//! Limits and Safe AAD. That objects of the MLS library are delimited is shown in `tests/openmls_objects.rs`.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::franking::FRANK_AAD;

fn private_message(authenticated_data: &[u8], ciphertext: &[u8]) -> Vec<u8> {
    let mut raw = vec![0, 1, 0, 2, 1, b'g', 0, 0, 0, 0, 0, 0, 0, 9, 1];
    crate::wire::opaque::tls_serialize(authenticated_data, &mut raw).unwrap();
    raw.push(0);
    crate::wire::opaque::tls_serialize(ciphertext, &mut raw).unwrap();
    raw
}

#[test]
fn a_message_has_a_limit() {
    let overhead = private_message(&[], &vec![0; 100_000]).len() - 100_000;
    let largest = private_message(&[], &vec![0; limits::MESSAGE - overhead]);
    assert_eq!(MlsMessage::parse(&largest).unwrap().as_bytes().len(), limits::MESSAGE);
    let larger = private_message(&[], &vec![0; limits::MESSAGE - overhead + 1]);
    assert!(MlsMessage::parse(&larger).is_err());
    assert!(MlsMessage::tls_deserialize_bytes(&larger).is_err());
}

#[test]
fn raw_objects_have_limits() {
    let too_large = vec![0; limits::HANDSHAKE + 1];
    assert!(matches!(MlsMessage::parse(&too_large), Err(ProtoError::TooLarge { .. })));
    assert!(matches!(RatchetTree::parse(&too_large), Err(ProtoError::TooLarge { .. })));
    assert!(matches!(KeyPackage::parse(&too_large), Err(ProtoError::TooLarge { .. })));
    assert!(matches!(GroupInfo::parse(&too_large), Err(ProtoError::TooLarge { .. })));
    assert!(matches!(Credential::parse(&too_large), Err(ProtoError::TooLarge { .. })));
}

#[test]
fn what_is_not_mls_is_refused() {
    for raw in [
        &[][..],
        &[0, 2, 0, 2],
        &[0, 1, 0, 9],
        // a PublicMessage with application content
        &[0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0],
        // a sender of an unknown kind
        &[0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5, 0, 2, 0, 10, 0],
        // an unknown proposal
        &[0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 0, 2, 0xf0, 0, 0, 0],
    ] {
        assert_eq!(MlsMessage::parse(raw), Err(ProtoError::Malformed("MLS message")), "{raw:?}");
    }
    assert!(Credential::parse(&[0, 3, 1, b'x']).is_err());
    assert_eq!(Credential::parse(&[0, 2, 1, b'x']).unwrap().identity(), None);
    assert_eq!(Credential::basic(b"x").identity(), Some(&b"x"[..]));
}

#[test]
fn a_franking_tag_is_found_only_in_a_well_formed_safe_aad() {
    let tag = [7; 32];
    let found = |authenticated_data: &[u8]| {
        MlsMessage::parse(&private_message(authenticated_data, b"sealed")).unwrap().franking_tag()
    };
    let good = safe_aad(&[(1, b"x"), (FRANK_AAD, &tag), (0x21, b"")]);
    assert_eq!(found(&good), Some(FrankingTag(tag)));
    assert_eq!(found(&[&good[..], b"what the sender adds"].concat()), Some(FrankingTag(tag)));

    assert_eq!(found(&[]), None);
    assert_eq!(found(&safe_aad(&[])), None);
    assert_eq!(found(&safe_aad(&[(FRANK_AAD, &tag[..31])])), None, "too short");
    assert_eq!(found(&safe_aad(&[(FRANK_AAD, &[7; 33])])), None, "too long");
    assert_eq!(found(&safe_aad(&[(FRANK_AAD, &tag), (FRANK_AAD, &tag)])), None, "twice");
    assert_eq!(found(&safe_aad(&[(FRANK_AAD, &tag), (1, b"x")])), None, "out of order");
    for length in 0..good.len() {
        assert_eq!(found(&good[..length]), None, "cut at {length}");
    }
}

#[test]
fn debug_output_is_short() {
    let message = MlsMessage::parse(&private_message(&[], b"sealed")).unwrap();
    assert_eq!(format!("{message:?}"), "MlsMessage(Application, 24 bytes)");
    assert_eq!(format!("{:?}", Credential::basic(b"mimi://a.example/d/x/y")), "Credential(25 bytes)");
}
