//! Rows keep their form, identifiers theirs.

#![allow(clippy::unwrap_used)]

use super::{decide, rows::*, *};
use proptest::prelude::*;
use trefoil_proto::{
    credential::{AccountKey, DeviceAuthorisation},
    edge::Identifier,
};

fn hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(bytes)
}

#[test]
fn rows_keep_their_form() {
    let authorisation = DeviceAuthorisation { account_key: AccountKey([2; 32]), signature: [3; 64] };
    let uri = "mimi://a.test/d/u/d".parse().unwrap();
    let row = PersonRow {
        created_day: 7,
        account_key: AccountKey([2; 32]),
        registration: [1; 32],
        identifier: vec![9],
        devices: vec![NewDevice { uri, signature_key: [4; 32], authorisation }],
    };
    let device =
        format!("13{}{}{}{}", hex(b"mimi://a.test/d/u/d"), "04".repeat(32), "02".repeat(32), "03".repeat(64));
    let expected = format!("0100000007{}{}01094094{device}", "02".repeat(32), "01".repeat(32));
    assert_eq!(hex(&row.encode()), expected);
    assert_eq!(PersonRow::decode(&row.encode()).unwrap(), row);
    let row = IdentifierRow { exact: [5; 32], user: "u".parse().unwrap() };
    assert_eq!(hex(&row.encode()), format!("01{}0175", "05".repeat(32)));
    let row = CodeRow { code: [6; 32], expires: Timestamp(258), tries_left: 5 };
    assert_eq!(hex(&row.encode()), format!("01{}000000000000010205", "06".repeat(32)));
    let mut newer = row.encode();
    newer[0] = 2;
    assert!(matches!(CodeRow::decode(&newer), Err(AccountsError::DamagedRow)));
    assert!(CodeRow::decode(&row.encode()[..10]).is_err());
}

fn key(text: &str) -> Result<[u8; 32], AccountsError> {
    let secret = SecretKey::fixed([8; 32]);
    let identity = decide::identity(&Identifier::Handle(text.as_bytes().to_vec()), Profile::Handle, &secret)?;
    Ok(*identity.key().unwrap())
}

#[test]
fn look_alikes_have_one_key_and_others_have_their_own() {
    for (one, other) in
        [("paypal", "PayPal"), ("modern", "modem"), ("l0l", "lol"), ("ﬁne", "fine"), ("b1ll", "blll")]
    {
        assert_eq!(key(one).unwrap(), key(other).unwrap(), "{one} {other}");
    }
    assert_ne!(key("anna").unwrap(), key("anne").unwrap());
    assert_ne!(key("john.doe").unwrap(), key("johndoe").unwrap());
}

proptest! {
    #[test]
    fn no_text_breaks_a_handle_and_case_never_matters(text in "\\PC{0,40}") {
        if let Ok(found) = key(&text) {
            prop_assert_eq!(found, key(&text.to_lowercase()).unwrap());
        }
    }

    #[test]
    fn a_number_is_a_plus_and_digits(text in "\\+?[0-9 ]{0,18}") {
        let digits = text.strip_prefix('+').unwrap_or_default();
        let fits = (7..=15).contains(&digits.len()) && !digits.starts_with('0') && !digits.contains(' ');
        prop_assert_eq!(decide::number(text.as_bytes()).is_ok(), fits);
    }
}
