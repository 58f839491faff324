//! What restores an account by a PIN: a record on each of three services, and the note at a person's own service that says
//! where the records are (`docs/spec/pin.md`). Bodies under [`crate::paths::CLIENT_ROOT`], TLS presentation language.
//!
//! A record is asked for by anybody who knows its name. Its name is a public key, and only whoever has the secret key
//! may make, unlock or remove it; that key follows from what the PIN protects.

use crate::{ProtoError, edge::Identifier, edge::signed_content};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use tls_codec::{Serialize, TlsDeserializeBytes, TlsSerialize, TlsSize};

/// Services that hold a record each; two of them restore.
pub const SERVICES: usize = 3;
/// The version of [`Note`]: how the PIN is stretched, which group, which hash.
pub const VERSION: u8 = 1;
/// Largest address of a service in a note, in bytes.
pub const ADDRESS: usize = 256;
/// Largest ticket, in bytes.
pub const TICKET: usize = 128;

/// Label of the signature over [`StoreTbs`].
pub const STORE_LABEL: &str = "Trefoil 1.0 PinStore";
/// Label of the signature over [`UnlockTbs`].
pub const UNLOCK_LABEL: &str = "Trefoil 1.0 PinUnlock";
/// Label of the signature over [`RemoveTbs`].
pub const REMOVE_LABEL: &str = "Trefoil 1.0 PinRemove";

/// The name of a record: an Ed25519 public key that is used for nothing else.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct RecordName(pub [u8; 32]);

/// Shows its beginning: enough to tell two apart in a failed test, not enough to ask for it.
impl std::fmt::Debug for RecordName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RecordName({:02x}{:02x}..)", self.0[0], self.0[1])
    }
}

/// An element of ristretto255 as RFC 9496 encodes it. Whether it is one is found out by who computes with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct Element(pub [u8; 32]);

/// `POST pin/prepare`: asks for a fresh key and its first evaluation. Nothing is stored.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct PrepareRequest {
    /// The record that is to be made.
    pub name: RecordName,
    /// RFC 9497, `blindedElement`.
    pub blinded: Element,
}

/// The fresh key, as the service will know it again, and what it makes of the element.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct Prepared {
    /// Opaque to the client, at most [`TICKET`] bytes, good for this name and for ten minutes.
    #[tls_codec(with = "crate::wire::opaque")]
    pub ticket: Vec<u8>,
    /// RFC 9497, `evaluatedElement`.
    pub evaluated: Element,
}

/// `POST pin/records`: makes the record. Answered 201; repeated byte for byte: 200, and nothing is changed.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct StoreRequest {
    /// What is signed.
    pub tbs: StoreTbs,
    /// By the record's name over [`STORE_LABEL`] and `tbs`.
    pub signature: [u8; 64],
}

/// The signed part of a record on its way.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct StoreTbs {
    /// Its name.
    pub name: RecordName,
    /// As received.
    #[tls_codec(with = "crate::wire::opaque")]
    pub ticket: Vec<u8>,
    /// The share under its mask. Whatever the mask, it gives a share: nothing here tells a right PIN from a wrong one.
    pub masked: [u8; 32],
}

/// `POST pin/tries`: a try. It is counted, durably, before it is answered.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct TryRequest {
    /// Which record.
    pub name: RecordName,
    /// RFC 9497, `blindedElement`.
    pub blinded: Element,
}

/// What a try got.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
#[repr(u8)]
pub enum TryResponse {
    /// The record's key was used.
    #[tls_codec(discriminant = 1)]
    Evaluated(Evaluated),
    /// There were too many tries: the key is destroyed.
    #[tls_codec(discriminant = 2)]
    Locked,
}

/// A record's answer to a try.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct Evaluated {
    /// RFC 9497, `evaluatedElement`.
    pub evaluated: Element,
    /// The share under its mask, as stored.
    pub masked: [u8; 32],
    /// The number of this try, from 1, over the record's life.
    pub serial: u32,
    /// Tries that are left after this one. At zero the record is locked already.
    pub left: u32,
}

/// `POST pin/unlock`: tries up to one that succeeded do not count any more. Answered 204, also when repeated.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct UnlockRequest {
    /// What is signed.
    pub tbs: UnlockTbs,
    /// By the record's name over [`UNLOCK_LABEL`] and `tbs`.
    pub signature: [u8; 64],
}

/// The signed part of an unlocking. It names a try, so that it forgives none that comes later, however often it is sent.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct UnlockTbs {
    /// Which record.
    pub name: RecordName,
    /// [`Evaluated::serial`] of the try that succeeded.
    pub through: u32,
}

/// `POST pin/remove`: the record goes. Answered 204, also when it is gone.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct RemoveRequest {
    /// What is signed.
    pub tbs: RemoveTbs,
    /// By the record's name over [`REMOVE_LABEL`] and `tbs`.
    pub signature: [u8; 64],
}

/// The signed part of a removal. Names are never used again, so it may be sent at any time.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct RemoveTbs {
    /// Which record.
    pub name: RecordName,
}

/// Where a person's records are: kept at their own service (`GET`, `PUT` and `DELETE pin/note`, by a device), told to
/// whoever asks by the person's identifier ([`FindRequest`]).
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct Note {
    /// [`VERSION`].
    pub version: u8,
    /// Random, for the stretching of the PIN and the keys of the records.
    pub salt: [u8; 32],
    /// [`SERVICES`] of them; the place in the list is the share's.
    pub places: Vec<Place>,
}

/// Where one record is.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct Place {
    /// `https://host:port` of the service for its clients, at most [`ADDRESS`] bytes, UTF-8.
    #[tls_codec(with = "crate::wire::opaque")]
    pub address: Vec<u8>,
    /// The record's name there.
    pub name: RecordName,
}

/// `PUT pin/note`: replaces the person's note, in one commit. Answered 204.
#[derive(Clone, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct PutNoteRequest {
    /// By which account name it is to be found (profile `account`, where names are neither unique nor kept); empty
    /// elsewhere: it is found by the person's handle or number.
    #[tls_codec(with = "crate::wire::opaque")]
    pub account_name: Vec<u8>,
    /// The note.
    pub note: Note,
}

impl std::fmt::Debug for PutNoteRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PutNoteRequest {{ note: {:?}, .. }}", self.note)
    }
}

/// `POST pin/find`: asks for a person's note. No token; a number is proven by a one-time code, which is used up.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct FindRequest {
    /// Who.
    pub identifier: Identifier,
}

impl Note {
    /// The places, if the note is of this version and one that can be.
    ///
    /// # Errors
    /// [`ProtoError::Malformed`].
    pub fn places(&self) -> Result<&[Place; SERVICES], ProtoError> {
        let malformed = ProtoError::Malformed("note of PIN records");
        let places: &[Place; SERVICES] = self.places.as_slice().try_into().map_err(|_| malformed.clone())?;
        let [first, second, third] = places;
        let apart = |one: &Place, other: &Place| one.address != other.address && one.name != other.name;
        let distinct = apart(first, second) && apart(second, third) && apart(first, third);
        if self.version == VERSION && distinct && places.iter().all(|place| place.address().is_some()) {
            Ok(places)
        } else {
            Err(malformed)
        }
    }
}

impl Place {
    /// The address, if it is text and not too long.
    pub fn address(&self) -> Option<&str> {
        let text = std::str::from_utf8(&self.address).ok()?;
        if text.starts_with("https://") && text.len() <= ADDRESS { Some(text) } else { None }
    }
}

impl StoreRequest {
    /// Signs a record with the key of its name.
    pub fn sign(key: &SigningKey, ticket: Vec<u8>, masked: [u8; 32]) -> Self {
        let tbs = StoreTbs { name: name_of(key), ticket, masked };
        Self { signature: sign(key, STORE_LABEL, &tbs), tbs }
    }

    /// Checks that the key of its name signed it.
    ///
    /// # Errors
    /// [`ProtoError::Unverified`].
    pub fn verify(&self) -> Result<(), ProtoError> {
        verify(&self.tbs.name, STORE_LABEL, &self.tbs, &self.signature)
    }
}

impl UnlockRequest {
    /// Signs with the key of the record's name.
    pub fn sign(key: &SigningKey, through: u32) -> Self {
        let tbs = UnlockTbs { name: name_of(key), through };
        Self { signature: sign(key, UNLOCK_LABEL, &tbs), tbs }
    }

    /// Checks that the key of the record's name signed it.
    ///
    /// # Errors
    /// [`ProtoError::Unverified`].
    pub fn verify(&self) -> Result<(), ProtoError> {
        verify(&self.tbs.name, UNLOCK_LABEL, &self.tbs, &self.signature)
    }
}

impl RemoveRequest {
    /// Signs with the key of the record's name.
    pub fn sign(key: &SigningKey) -> Self {
        let tbs = RemoveTbs { name: name_of(key) };
        Self { signature: sign(key, REMOVE_LABEL, &tbs), tbs }
    }

    /// Checks that the key of the record's name signed it.
    ///
    /// # Errors
    /// [`ProtoError::Unverified`].
    pub fn verify(&self) -> Result<(), ProtoError> {
        verify(&self.tbs.name, REMOVE_LABEL, &self.tbs, &self.signature)
    }
}

/// The name that belongs to a key.
pub fn name_of(key: &SigningKey) -> RecordName {
    RecordName(key.verifying_key().to_bytes())
}

fn sign(key: &SigningKey, label: &str, tbs: &impl Serialize) -> [u8; 64] {
    let content = signed_content(label, tbs).expect("structures of bounded fields always encode");
    key.sign(&content).to_bytes()
}

fn verify(
    name: &RecordName,
    label: &str,
    tbs: &impl Serialize,
    signature: &[u8; 64],
) -> Result<(), ProtoError> {
    let refused = || ProtoError::Unverified("signature by the record's name");
    let content = signed_content(label, tbs)?;
    VerifyingKey::from_bytes(&name.0)
        .and_then(|key| key.verify_strict(&content, &Signature::from_bytes(signature)))
        .map_err(|_| refused())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_signature_is_for_one_act_on_one_record() {
        let (own, other) = (SigningKey::from_bytes(&[1; 32]), SigningKey::from_bytes(&[2; 32]));
        let refused = Err(ProtoError::Unverified("signature by the record's name"));
        let store = StoreRequest::sign(&own, vec![3], [4; 32]);
        assert_eq!(store.verify(), Ok(()));
        let mut altered = store.clone();
        altered.tbs.masked[0] ^= 1;
        assert_eq!(altered.verify(), refused);
        let unlock = UnlockRequest::sign(&own, 5);
        assert_eq!(unlock.verify(), Ok(()));
        for tbs in [
            UnlockTbs { through: 6, ..unlock.tbs.clone() },
            UnlockTbs { name: name_of(&other), ..unlock.tbs },
        ] {
            assert_eq!(UnlockRequest { tbs, ..unlock }.verify(), refused);
        }
        let remove = RemoveRequest::sign(&own);
        assert_eq!(remove.verify(), Ok(()));
        assert_eq!(RemoveRequest { signature: unlock.signature, ..remove }.verify(), refused);
    }

    #[test]
    fn a_note_names_three_records_on_three_services() {
        let place = |number: u8| Place {
            address: format!("https://{number}.example").into_bytes(),
            name: RecordName([number; 32]),
        };
        let note = |places: Vec<Place>| Note { version: VERSION, salt: [0; 32], places };
        let good = note(vec![place(1), place(2), place(3)]);
        assert_eq!(good.places().unwrap()[2], place(3));
        let mut odd = vec![
            Note { version: 2, ..good.clone() },
            note(vec![place(1), place(2)]),
            note(vec![place(1), place(2), place(3), place(4)]),
            note(vec![place(1), place(2), place(1)]),
            note(vec![place(1), place(2), Place { name: place(1).name, ..place(3) }]),
            note(vec![place(1), place(2), Place { address: place(2).address, ..place(3) }]),
        ];
        for address in
            [&b"http://3.example"[..], b"https://\xff", &[b"https://".as_slice(), &[b'a'; 250]].concat()]
        {
            odd.push(note(vec![place(1), place(2), Place { address: address.to_vec(), ..place(3) }]));
        }
        for note in odd {
            assert_eq!(note.places(), Err(ProtoError::Malformed("note of PIN records")), "{note:?}");
        }
    }
}
