//! Stored rows of accounts. First byte: version of the codec.

use super::AccountsError;
use crate::catalogue::TableNote;
use tls_codec::{DeserializeBytes, Serialize, TlsDeserializeBytes, TlsSerialize, TlsSize};
use trefoil_proto::{Timestamp, UserId, credential::AccountKey, edge::NewDevice};
use trefoil_store::Table;

/// People by user id.
pub(super) const PEOPLE: Table = Table::new("accounts.people");
/// People by keyed identifier.
pub(super) const IDENTIFIERS: Table = Table::new("accounts.identifiers");
/// Pending one-time codes by keyed number.
pub(super) const CODES: Table = Table::new("accounts.codes");

const VERSION: u8 = 1;

/// What the tables of accounts hold.
pub const TABLES: &[TableNote] = &[
    TableNote {
        table: PEOPLE,
        holds: "by user id: day of registration, account key, hash of the registration, keyed identifier, devices \
                with their signature keys and authorisations",
        kept: "as long as the account",
        discloses: "which opaque ids have an account since which day, and how many devices each has",
    },
    TableNote {
        table: IDENTIFIERS,
        holds: "HMAC of the handle's look-alike form or of the number, with the HMAC of the exact form and the user id",
        kept: "as long as the account",
        discloses: "nothing without the keys file; with it, a handle or number can be tried",
    },
    TableNote {
        table: CODES,
        holds: "HMAC of a number with the HMAC of its one-time code, its end and the tries left",
        kept: "10 minutes, and until the next sweep",
        discloses: "how many numbers were being verified; with the keys file, a number can be tried",
    },
];

/// A person.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub(super) struct PersonRow {
    pub created_day: u32,
    pub account_key: AccountKey,
    pub registration: [u8; 32],
    /// Key of the row in [`IDENTIFIERS`], or empty.
    pub identifier: Vec<u8>,
    pub devices: Vec<NewDevice>,
}

/// Whose an identifier is.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub(super) struct IdentifierRow {
    pub exact: [u8; 32],
    pub user: UserId,
}

/// A one-time code on its way.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub(super) struct CodeRow {
    pub code: [u8; 32],
    pub expires: Timestamp,
    pub tries_left: u8,
}

/// The key of a person's row.
pub(super) fn person_key(user: &UserId) -> Vec<u8> {
    user.as_str().as_bytes().to_vec()
}

macro_rules! row_codec {
    ($($row:ident)*) => {
        $(impl $row {
            pub(super) fn encode(&self) -> Vec<u8> {
                let mut bytes = vec![VERSION];
                self.tls_serialize(&mut bytes).expect("rows are far below the encoding's limits");
                bytes
            }

            pub(super) fn decode(bytes: &[u8]) -> Result<Self, AccountsError> {
                match bytes.split_first() {
                    Some((&VERSION, rest)) => {
                        Self::tls_deserialize_exact_bytes(rest).map_err(|_| AccountsError::DamagedRow)
                    }
                    _ => Err(AccountsError::DamagedRow),
                }
            }
        })*
    };
}
row_codec!(PersonRow IdentifierRow CodeRow);
