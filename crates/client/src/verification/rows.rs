//! Stored rows of verified contacts. First byte: version of the codec; then one CBOR array, to whose end later versions
//! may add.

use crate::{ClientError, overlay::Overlay};
use minicbor::{Decode, Encode, bytes::ByteArray};
use trefoil_proto::{ProtoError, Timestamp, UserUri, credential::AccountKey};
use trefoil_store::{StoreError, Table};

/// Account keys in use: user URI to 32 bytes. The first that was seen, and each that was accepted after it.
pub const PINS: Table = Table::new("client.pins");
/// People whose account key was compared, by user URI.
pub const VERIFIED: Table = Table::new("client.verified");

const VERSION: u8 = 1;
const WHAT: &str = "verified contact";

/// A person whose account key was compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub(crate) struct VerifiedRow {
    /// The account key that was compared.
    #[n(0)]
    key: ByteArray<32>,
    /// When, in milliseconds since the UNIX epoch.
    #[n(1)]
    at: u64,
    /// By scanning a code; else digits were compared.
    #[n(2)]
    scanned: bool,
    /// Another key that was seen since, and is not decided about.
    #[n(3)]
    other: Option<ByteArray<32>>,
    /// When it was seen first.
    #[n(4)]
    other_seen: Option<u64>,
}

impl VerifiedRow {
    pub(super) fn new(key: AccountKey, at: Timestamp, scanned: bool) -> Self {
        Self { key: key.0.into(), at: at.0, scanned, other: None, other_seen: None }
    }

    pub(super) fn with_other(self, other: AccountKey, seen: Timestamp) -> Self {
        Self { other: Some(other.0.into()), other_seen: Some(seen.0), ..self }
    }

    pub(super) fn key(&self) -> AccountKey {
        AccountKey(*self.key)
    }

    pub(super) fn at(&self) -> Timestamp {
        Timestamp(self.at)
    }

    pub(super) fn other(&self) -> Option<AccountKey> {
        self.other.map(|key| AccountKey(*key))
    }

    pub(super) fn to_bytes(self) -> Vec<u8> {
        let mut out = vec![VERSION];
        minicbor::encode(self, &mut out).expect("writing into memory does not fail");
        out
    }

    pub(super) fn from_bytes(row: &[u8]) -> Result<Self, ClientError> {
        let decoded = match row.split_first() {
            Some((&VERSION, body)) => minicbor::decode(body).ok(),
            _ => None,
        };
        decoded.ok_or(ClientError::Row { what: WHAT, source: ProtoError::Malformed(WHAT) })
    }
}

/// The account key that is in use for a person.
pub(super) fn pinned(tx: &Overlay, user: &UserUri) -> Result<Option<AccountKey>, ClientError> {
    let row = tx.get(PINS, user.to_string().as_bytes())?;
    row.map(|row| {
        let key = row.try_into().map_err(|_| ClientError::Row {
            what: "account key",
            source: ProtoError::Malformed("account key"),
        })?;
        Ok(AccountKey(key))
    })
    .transpose()
}

pub(crate) fn pin(tx: &mut Overlay, user: &UserUri, key: &AccountKey) {
    tx.put(PINS, user.to_string(), key.0);
}

pub(super) fn verified(tx: &Overlay, user: &UserUri) -> Result<Option<VerifiedRow>, ClientError> {
    tx.get(VERIFIED, user.to_string().as_bytes())?.map(|row| VerifiedRow::from_bytes(&row)).transpose()
}

pub(super) fn put_verified(tx: &mut Overlay, user: &UserUri, row: VerifiedRow) {
    tx.put(VERIFIED, user.to_string(), row.to_bytes());
}

pub(super) fn delete_verified(tx: &mut Overlay, user: &UserUri) {
    tx.delete(VERIFIED, user.to_string());
}

/// Everyone who was verified.
pub(super) fn all_verified(tx: &Overlay) -> Result<Vec<(UserUri, VerifiedRow)>, ClientError> {
    let rows: Result<Vec<_>, StoreError> =
        tx.scan(VERIFIED, &trefoil_store::KeyRange::all(), usize::MAX, false);
    rows?
        .into_iter()
        .map(|(key, row)| {
            let user = std::str::from_utf8(&key).ok().and_then(|text| text.parse().ok());
            let user = user.ok_or(ClientError::Row { what: WHAT, source: ProtoError::Malformed(WHAT) })?;
            Ok((user, VerifiedRow::from_bytes(&row)?))
        })
        .collect()
}
