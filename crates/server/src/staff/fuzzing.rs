//! The decoders of this room, for the fuzzer.

use super::rows::{InvitationRow, MemberRow};
use crate::{fuzzing::Target, json_row::bears};

pub(crate) const TARGETS: &[Target] = &[
    ("server_staff_member_row", bears::<MemberRow>),
    ("server_staff_invitation_row", bears::<InvitationRow>),
    ("server_staff_order", super::orders::is_readable),
];

#[cfg(test)]
pub(crate) fn samples() -> Vec<(&'static str, Vec<u8>)> {
    use super::{Inviter, StaffName, role::Role, rows::PasskeyRow};
    use crate::json_row::JsonRow as _;
    use trefoil_proto::Timestamp;
    let passkey = PasskeyRow { id: "aaaa".into(), fixed: "bbbb".into(), changing: "cccc".into() };
    let member = MemberRow {
        role: Role::Lead,
        since: Timestamp(1),
        removed: None,
        handle: "A".repeat(86),
        passkeys: vec![passkey],
        keys: vec!["B".repeat(43)],
        invited_by: Some(Inviter::Operator),
    };
    let name: StaffName = "ines".parse().expect("a name");
    let by = Some(Inviter::Lead("ada".parse().expect("a name")));
    let invitation = InvitationRow { name, role: Role::Auditor, until: Timestamp(2), by };
    let order = b"name = \"ines\"\nat = 1\nrole = \"lead\"\ncode_hash = \"0000000000000000000000000000000000000000000000000000000000000000\"\n".to_vec();
    vec![
        ("server_staff_member_row", member.encode()),
        ("server_staff_invitation_row", invitation.encode()),
        ("server_staff_order", order),
    ]
}
