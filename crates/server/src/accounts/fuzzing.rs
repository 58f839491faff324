//! Decoders of this room, for the fuzzer.

use super::{
    decide,
    rows::{CodeRow, IdentifierRow, PersonRow},
};
use crate::{
    fuzzing::{Target, row},
    secrets::SecretKey,
};
use trefoil_proto::edge::{Identifier, Profile};

pub(crate) const TARGETS: &[Target] = &[
    ("server_person_row", row!(PersonRow)),
    ("server_identifier_row", row!(IdentifierRow)),
    ("server_code_row", row!(CodeRow)),
    ("server_identifier", identifier),
];

/// The same bytes as a name, a handle and a number. What is one is so however often it is looked at.
fn identifier(input: &[u8]) -> bool {
    let secret = SecretKey::fixed([1; 32]);
    let (text, code) = (input.to_vec(), b"000000".to_vec());
    let all = [
        (Profile::Account, Identifier::AccountName(text.clone())),
        (Profile::Handle, Identifier::Handle(text.clone())),
        (Profile::Phone, Identifier::Phone { number: text, code }),
    ];
    let keys = all.map(|(profile, identifier)| {
        let identity = || decide::identity(&identifier, profile, &secret).ok();
        let key = |identity: Option<decide::Identity>| identity.map(|one| one.key().copied());
        assert_eq!(key(identity()), key(identity()));
        key(identity())
    });
    keys.iter().any(Option::is_some)
}

#[cfg(test)]
pub(crate) fn samples() -> Vec<(&'static str, Vec<u8>)> {
    use crate::devices::client::Person;
    use trefoil_proto::{Timestamp, credential::AccountKey, edge::NewDevice};
    let person = Person::new("a.test", "ann");
    let device = person.device("d1");
    let device = NewDevice {
        uri: device.uri.clone(),
        signature_key: device.signer.public().try_into().expect("an Ed25519 key has 32 bytes"),
        authorisation: device.authorisation,
    };
    let row = PersonRow {
        created_day: 20_000,
        account_key: AccountKey(person.key.verifying_key().to_bytes()),
        registration: [1; 32],
        identifier: vec![2; 32],
        devices: vec![device],
    };
    let code = CodeRow { code: [3; 32], expires: Timestamp(4), tries_left: 5 };
    vec![
        ("server_person_row", row.encode()),
        ("server_identifier_row", IdentifierRow { exact: [6; 32], user: person.user.id }.encode()),
        ("server_code_row", code.encode()),
        ("server_identifier", b"modern_pal".to_vec()),
        ("server_identifier", b"+4712345678".to_vec()),
        ("server_identifier", "Ann Ærlig".as_bytes().to_vec()),
    ]
}
