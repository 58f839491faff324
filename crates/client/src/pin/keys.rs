//! Keys of the records: each from the secret that the PIN protects, so that whoever has restored it can sign for them, and
//! each record's name says whether a secret is the one.

use super::{PinError, Request, Seat, path};
use ed25519_dalek::SigningKey;
use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;
use trefoil_proto::{
    Wire as _,
    pin::{Note, Place, RecordName, RemoveRequest, SERVICES, name_of},
};
use zeroize::{Zeroize, ZeroizeOnDrop};

const LABEL: &[u8] = b"Trefoil 1.0 PinRecordKey";

/// 32 secret bytes: wiped when dropped, compared in constant time, never shown.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct SecretBytes([u8; 32]);

impl SecretBytes {
    /// Takes the bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    pub(super) fn zero() -> Self {
        Self([0; 32])
    }

    /// The bytes.
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Equal, in constant time.
    pub fn same(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl AsMut<[u8]> for SecretBytes {
    fn as_mut(&mut self) -> &mut [u8] {
        &mut self.0
    }
}

impl std::fmt::Debug for SecretBytes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretBytes(..)")
    }
}

/// The keys of the three records of one setting of a PIN.
pub(super) struct RecordKeys([SigningKey; SERVICES]);

impl RecordKeys {
    pub(super) fn of(secret: &SecretBytes, salt: &[u8; 32]) -> Self {
        Self(Seat::ALL.map(|seat| {
            let mut mac =
                Hmac::<Sha256>::new_from_slice(secret.bytes()).expect("HMAC takes keys of any length");
            for part in [LABEL, &[0, seat.point()], salt] {
                mac.update(part);
            }
            let mut seed = SecretBytes(mac.finalize().into_bytes().into());
            let key = SigningKey::from_bytes(&seed.0);
            seed.zeroize();
            key
        }))
    }

    pub(super) fn key(&self, seat: Seat) -> &SigningKey {
        &self.0[seat.index()]
    }

    pub(super) fn name(&self, seat: Seat) -> RecordName {
        name_of(self.key(seat))
    }

    /// True if these are the names in a note: then the secret is what the PIN protects.
    pub(super) fn are_named(&self, places: &[Place; SERVICES]) -> bool {
        Seat::ALL.iter().all(|seat| bool::from(self.name(*seat).0.ct_eq(&places[seat.index()].name.0)))
    }
}

/// Requests that remove the records of a note, for after a newer note was put in its place. Needs the secret that it
/// protected; none if that was another.
///
/// # Errors
/// [`PinError::Note`].
pub fn removals(secret: &SecretBytes, note: &Note) -> Result<Vec<Request>, PinError> {
    let places = note.places().map_err(|_| PinError::Note)?;
    let keys = RecordKeys::of(secret, &note.salt);
    let removal = |seat: Seat| Request {
        seat,
        path: path("remove"),
        body: RemoveRequest::sign(keys.key(seat)).encode(),
    };
    Ok(if keys.are_named(places) { Seat::ALL.map(removal).to_vec() } else { Vec::new() })
}
