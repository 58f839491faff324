//! The decoders of this room, for the fuzzer.

use super::rows::{InvitationRow, JsonRow, MemberRow};
use crate::fuzzing::Target;

/// JSON behind a version: what decodes encodes to what decodes to the same.
fn json<T: JsonRow + PartialEq>(input: &[u8]) -> bool {
    T::decode(input).is_ok_and(|value| {
        assert!(T::decode(&value.encode()).is_ok_and(|again| again == value), "another value");
        true
    })
}

pub(crate) const TARGETS: &[Target] = &[
    ("server_staff_member_row", json::<MemberRow>),
    ("server_staff_invitation_row", json::<InvitationRow>),
    ("server_staff_order", super::orders::is_readable),
];

#[cfg(test)]
pub(crate) fn samples() -> Vec<(&'static str, Vec<u8>)> {
    use super::{role::Role, rows::PasskeyRow};
    use trefoil_proto::Timestamp;
    let passkey = PasskeyRow { id: "aaaa".into(), fixed: "bbbb".into(), changing: "cccc".into() };
    let member = MemberRow {
        role: Role::Lead,
        since: Timestamp(1),
        removed: None,
        handle: "A".repeat(86),
        passkeys: vec![passkey],
        keys: vec!["B".repeat(43)],
    };
    let name = "ines".parse().expect("a name");
    let invitation = InvitationRow { name, role: Role::Auditor, until: Timestamp(2) };
    let order = b"name = \"ines\"\nat = 1\nrole = \"lead\"\ncode_hash = \"0000000000000000000000000000000000000000000000000000000000000000\"\n".to_vec();
    vec![
        ("server_staff_member_row", member.encode()),
        ("server_staff_invitation_row", invitation.encode()),
        ("server_staff_order", order),
    ]
}
