//! Numbers, codes and rows, byte for byte.
#![allow(clippy::unwrap_used)]

use super::{Comparison, Identity, SafetyCode, SafetyNumber, rows::VerifiedRow};
use data_encoding::HEXLOWER;
use minicbor::Encoder;
use trefoil_proto::{Timestamp, credential::AccountKey};

/// The page that another implementation is written from.
const PAGE: &str = include_str!("../../../../docs/spec/safety-number.md");

fn identity(name: &str, key: [u8; 32]) -> Identity {
    Identity { user: name.parse().unwrap(), key: AccountKey(key) }
}

fn ann() -> Identity {
    identity("mimi://a.test/u/ann", std::array::from_fn(|at| at as u8))
}

fn bob() -> Identity {
    identity("mimi://b.test/u/bob", std::array::from_fn(|at| 32 + at as u8))
}

fn bob_anew() -> Identity {
    identity("mimi://b.test/u/bob", [7; 32])
}

/// The vectors were computed by another program, in another language.
#[test]
fn numbers_and_codes_are_those_of_the_page() {
    for (who, half) in [
        (ann(), "38373 13451 67779 66598 15760 14163"),
        (bob(), "27685 77295 13668 17789 77661 02721"),
        (bob_anew(), "75899 42122 11936 06453 26311 43199"),
    ] {
        assert_eq!(who.fingerprint(), half);
        let row = format!("| `{}` | `{}` | {half} |", who.user, HEXLOWER.encode(&who.key.0));
        assert!(PAGE.contains(&row), "the page lacks {row}");
    }
    for (other, number) in [
        (bob(), "27685 77295 13668 17789 77661 02721 38373 13451 67779 66598 15760 14163"),
        (bob_anew(), "38373 13451 67779 66598 15760 14163 75899 42122 11936 06453 26311 43199"),
    ] {
        assert_eq!(SafetyNumber::of(&ann(), &other).to_string(), number);
        assert_eq!(SafetyNumber::of(&other, &ann()).to_string(), number, "it is the same for both");
        assert!(PAGE.contains(number));
    }
    // A URI so long that its length takes two bytes.
    let long = identity(&format!("mimi://a.test/u/{}", "x".repeat(60)), [9; 32]);
    assert_eq!(long.fingerprint(), "03371 98642 47238 04496 53844 98065");
    let code = SafetyCode { by: bob(), to: ann() }.to_string();
    assert_eq!(
        code,
        "trefoil-verify-ARNtaW1pOi8vYi50ZXN0L3UvYm9iICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8TbWltaTovL2EudGVzdC91L2Fubg\
         ABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"
    );
    assert!(PAGE.contains(&code));
}

#[test]
fn a_number_depends_on_everything_that_goes_into_it() {
    let number = SafetyNumber::of(&ann(), &bob());
    let mut flipped = bob();
    flipped.key.0[31] ^= 1;
    let elsewhere = Identity { user: "mimi://c.test/u/bob".parse().unwrap(), ..bob() };
    for other in [flipped, elsewhere, bob_anew()] {
        assert_ne!(SafetyNumber::of(&ann(), &other), number);
        assert_ne!(other.fingerprint(), bob().fingerprint());
    }
}

#[test]
fn digits_are_read_however_they_are_spaced_and_nothing_else_is() {
    let number = SafetyNumber::of(&ann(), &bob());
    let line = number.to_string();
    assert_eq!(format!("{number:#}").lines().count(), 4);
    for text in [&line, &format!("{number:#}"), &line.replace(' ', ""), &format!("  {line}\n")] {
        assert_eq!(text.parse(), Ok(number), "{text}");
    }
    let other_digit = if line.ends_with('3') { "4" } else { "3" };
    let off_by_one = format!("{}{other_digit}", &line[..line.len() - 1]);
    assert_ne!(off_by_one.parse(), Ok(number));
    for text in
        ["", &line[1..], &format!("{line}1"), &line.replacen('2', "x", 1), &line.replacen('2', "\u{662}", 1)]
    {
        assert!(text.parse::<SafetyNumber>().is_err(), "{text}");
    }
}

#[test]
fn a_scanned_code_tells_match_from_mismatch_from_somebody_else() {
    let compare = |by: &Identity, to: &Identity| {
        let text = SafetyCode { by: by.clone(), to: to.clone() }.to_string();
        // Ann scans it, and knows bob under his first key.
        text.parse::<SafetyCode>().unwrap().compare(&ann(), &bob().user, &bob().key)
    };
    let ann_anew = Identity { key: AccountKey([8; 32]), ..ann() };
    let carol = identity("mimi://a.test/u/carol", [3; 32]);
    assert_eq!(compare(&bob(), &ann()), Comparison::Match);
    assert_eq!(compare(&bob_anew(), &ann()), Comparison::Mismatch { theirs: true, mine: false });
    assert_eq!(compare(&bob(), &ann_anew), Comparison::Mismatch { theirs: false, mine: true });
    assert_eq!(compare(&bob_anew(), &ann_anew), Comparison::Mismatch { theirs: true, mine: true });
    for (by, to) in [(&carol, &ann()), (&bob(), &carol), (&ann(), &bob())] {
        let other = Comparison::OtherPerson { by: by.user.clone(), to: to.user.clone() };
        assert_eq!(compare(by, to), other);
    }
}

#[test]
fn what_is_no_code_is_refused() {
    let code = SafetyCode { by: bob(), to: ann() };
    let text = code.to_string();
    assert_eq!(format!(" {text}\n").parse(), Ok(code.clone()));
    let mut later = code.to_bytes();
    later[0] = 2;
    let longer = [code.to_bytes(), vec![0]].concat();
    for bytes in [later, longer, Vec::new()] {
        assert!(SafetyCode::from_bytes(&bytes).is_err());
    }
    assert!((0..text.len()).all(|end| text[..end].parse::<SafetyCode>().is_err()));
    for other in ["trefoil-link-AAAA", "27685 77295", &format!("trefoil-verify-{}", "A".repeat(1 << 20))] {
        assert!(other.parse::<SafetyCode>().is_err());
    }
}

#[test]
fn rows_are_stored_as_they_were_and_later_ones_can_be_read() {
    let row = VerifiedRow::new(AccountKey([1; 32]), Timestamp(2), true);
    let changed = row.with_other(AccountKey([3; 32]), Timestamp(4));
    let shown = [row, changed].map(|row| HEXLOWER.encode(&row.to_bytes()));
    insta::assert_snapshot!(shown.join("\n"), @r"
    01835820010101010101010101010101010101010101010101010101010101010101010102f5
    01855820010101010101010101010101010101010101010101010101010101010101010102f55820030303030303030303030303030303030303030303030303030303030303030304
    ");
    for row in [row, changed] {
        assert_eq!(VerifiedRow::from_bytes(&row.to_bytes()).unwrap(), row);
    }
    let mut later = vec![1];
    let mut encoder = Encoder::new(&mut later);
    encoder.array(6).unwrap().bytes(&[1; 32]).unwrap().u64(2).unwrap().bool(true).unwrap();
    encoder.null().unwrap().null().unwrap().str("new").unwrap();
    assert_eq!(VerifiedRow::from_bytes(&later).unwrap(), row);
    later[0] = 2;
    assert!(VerifiedRow::from_bytes(&later).is_err());
    let bytes = changed.to_bytes();
    assert!((0..bytes.len()).all(|end| VerifiedRow::from_bytes(&bytes[..end]).is_err()));
}
