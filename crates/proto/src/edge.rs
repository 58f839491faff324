//! What a client asks of its own service beyond MIMI: accounts, authentication, key packages, rooms, media.
//! `POST` bodies under [`crate::paths::CLIENT_ROOT`], TLS presentation language.

use crate::{
    DeviceUri, Domain, ProtoError, RoomUri, Timestamp, UserUri,
    credential::{AccountKey, DeviceAuthorisation},
    mimi::update::RatchetTreeOption,
    minors::Marking,
    mls::{Credential, GroupInfo, KeyPackage},
    passes::Token,
};
use ed25519_dalek::{Signature, SigningKey, VerifyingKey};
use tls_codec::{TlsDeserializeBytes, TlsSerialize, TlsSize};

/// What kind of service it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, TlsSize, TlsSerialize, TlsDeserializeBytes)]
#[repr(u8)]
pub enum Profile {
    /// People have an account name; found by card, link or QR code only.
    Account = 1,
    /// People have a public handle, found by its exact text.
    Handle = 2,
    /// People have a phone number, verified by code, found by its exact digits.
    Phone = 3,
}

/// `GET service`: what a client must know of a service before it has an account. No authentication.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct ServiceInfo {
    /// Its domain.
    pub domain: Domain,
    /// Its kind.
    pub profile: Profile,
    /// The franking agent of the rooms it will be hub of: Ed25519 public key.
    pub franking_signature_key: [u8; 32],
    /// The agent's basic credential: the domain.
    pub franking_credential: Credential,
    /// The service's clock.
    pub now: Timestamp,
}

/// `POST accounts/code` (profile `phone`): sends a one-time code. Answered 202 with an empty body, always.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct CodeRequest {
    /// The number in E.164 form, `+` and digits.
    #[tls_codec(with = "crate::wire::opaque")]
    pub number: Vec<u8>,
}

/// Who a person is at a service, by its profile.
#[derive(Clone, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
#[repr(u8)]
pub enum Identifier {
    /// Account name, UTF-8.
    #[tls_codec(discriminant = 1)]
    AccountName(Vec<u8>),
    /// Handle without `@`, UTF-8.
    #[tls_codec(discriminant = 2)]
    Handle(Vec<u8>),
    /// Number in E.164 form with the one-time code that proves it.
    #[tls_codec(discriminant = 3)]
    Phone {
        /// `+` and digits.
        #[tls_codec(with = "crate::wire::opaque")]
        number: Vec<u8>,
        /// The code, digits.
        #[tls_codec(with = "crate::wire::opaque")]
        code: Vec<u8>,
    },
}

impl std::fmt::Debug for Identifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::AccountName(_) => "Identifier::AccountName(..)",
            Self::Handle(_) => "Identifier::Handle(..)",
            Self::Phone { .. } => "Identifier::Phone(..)",
        })
    }
}

/// `POST accounts`: makes an account with its first device. The client chooses the ids at random; the request is
/// its own authentication (the device signs it).
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct RegisterRequest {
    /// What is signed.
    pub tbs: RegisterTbs,
    /// Ed25519 by the device key over `"Trefoil 1.0 Register"` and `tbs` ([`crate::edge::signed_content`]).
    pub signature: [u8; 64],
    /// A pass for a registration at this service, spent with it. Not signed: it is whoever's who holds it.
    pub pass: Option<Token>,
}

/// The signed part of a registration.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct RegisterTbs {
    /// Who.
    pub identifier: Identifier,
    /// The first device.
    pub device: NewDevice,
    /// The account's first device set: a `SignedDeviceSet` of `docs/spec/device-set.md`, opaque here.
    #[tls_codec(with = "crate::wire::opaque")]
    pub device_set: Vec<u8>,
    /// Said by somebody who is under the age of their place (`docs/spec/minors.md`).
    pub minor: Option<Marking>,
}

/// A device that an account takes in.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct NewDevice {
    /// Its URI.
    pub uri: DeviceUri,
    /// Its MLS signature key: Ed25519.
    pub signature_key: [u8; 32],
    /// The account's word for it.
    pub authorisation: DeviceAuthorisation,
}

/// `POST accounts/devices`: takes in another device; the authorisation must be by the account's key.
/// Sent by a device of the account. Answered 201, empty body; repeated byte for byte: 200.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct AddDeviceRequest {
    /// The device.
    pub device: NewDevice,
    /// The device set with it, which follows the account's newest one: a `SignedDeviceSet`, opaque here.
    #[tls_codec(with = "crate::wire::opaque")]
    pub device_set: Vec<u8>,
}

/// `DELETE accounts/devices/{device}`, with a body: removes a device of the account. The account's key must have signed
/// it lately, so that a device's own keys and token are not enough. Answered 204; repeated: 204 as well.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct RemoveDeviceRequest {
    /// What is signed.
    pub tbs: RemoveDeviceTbs,
    /// Ed25519 by the account's key over `"Trefoil 1.0 RemoveDevice"` and `tbs` ([`signed_content`]).
    pub signature: [u8; 64],
    /// The device set without it, which follows the account's newest one: a `SignedDeviceSet`, opaque here.
    #[tls_codec(with = "crate::wire::opaque")]
    pub device_set: Vec<u8>,
}

/// The signed part of a removal.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct RemoveDeviceTbs {
    /// Which device.
    pub device: DeviceUri,
    /// When it was signed; good for [`REMOVAL_LIFE`] before and after.
    pub at: Timestamp,
}

/// How far the time of a signed removal may be from the service's clock, in milliseconds.
pub const REMOVAL_LIFE: u64 = 5 * 60 * 1000;

impl RemoveDeviceRequest {
    /// Signs the removal of a device with the key of its account. The device set is signed by itself.
    pub fn sign(account: &SigningKey, device: DeviceUri, at: Timestamp, device_set: Vec<u8>) -> Self {
        use ed25519_dalek::Signer as _;
        let tbs = RemoveDeviceTbs { device, at };
        let content = signed_content(REMOVE_DEVICE_LABEL, &tbs).expect("a URI and a time always encode");
        Self { signature: account.sign(&content).to_bytes(), tbs, device_set }
    }

    /// Checks that the account signed exactly this, not longer ago than [`REMOVAL_LIFE`] and not further ahead.
    ///
    /// # Errors
    /// [`ProtoError::Unverified`].
    pub fn verify(&self, account: &AccountKey, now: Timestamp) -> Result<(), ProtoError> {
        let refused = ProtoError::Unverified("removal of a device");
        let key = VerifyingKey::from_bytes(&account.0).map_err(|_| refused.clone())?;
        let content = signed_content(REMOVE_DEVICE_LABEL, &self.tbs)?;
        key.verify_strict(&content, &Signature::from_bytes(&self.signature)).map_err(|_| refused.clone())?;
        if self.tbs.at.0.abs_diff(now.0) <= REMOVAL_LIFE { Ok(()) } else { Err(refused) }
    }
}

/// `GET accounts/devices` (own) : the account's devices.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct DeviceList {
    /// In the order they came.
    pub devices: Vec<NewDevice>,
}

/// `POST auth/challenge`: asks for a challenge. Answered for unknown devices as well.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct ChallengeRequest {
    /// Which device.
    pub device: DeviceUri,
}

/// The challenge.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct ChallengeResponse {
    /// Opaque to the client, at most 128 bytes, good for a minute and for one use.
    #[tls_codec(with = "crate::wire::opaque")]
    pub challenge: Vec<u8>,
}

/// `POST auth/token`: exchanges a signed challenge for a token.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct TokenRequest {
    /// What is signed.
    pub tbs: TokenTbs,
    /// Ed25519 by the device key over `"Trefoil 1.0 Token"` and `tbs`.
    pub signature: [u8; 64],
}

/// The signed part of a token request.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct TokenTbs {
    /// Which device.
    pub device: DeviceUri,
    /// As received.
    #[tls_codec(with = "crate::wire::opaque")]
    pub challenge: Vec<u8>,
}

/// A bearer token: `Authorization: Bearer <base64url of token>`.
#[derive(Clone, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct TokenResponse {
    /// 32 random bytes.
    #[tls_codec(with = "crate::wire::opaque")]
    pub token: Vec<u8>,
    /// When it stops working.
    pub expires: Timestamp,
}

impl std::fmt::Debug for TokenResponse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TokenResponse {{ expires: {:?}, .. }}", self.expires)
    }
}

/// `POST keyPackages`: publishes key packages of the asking device.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct PublishKeyPackages {
    /// For one use each; at most [`crate::limits::KEY_PACKAGES`].
    pub one_use: Vec<KeyPackage>,
    /// Used again and again when no other is left; at most one a ciphersuite, replaces the one before.
    pub last_resort: Vec<KeyPackage>,
}

/// `GET keyPackages`: how many of the asking device's are left.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct KeyPackageCounts {
    /// Ciphersuite and number of one-use packages.
    pub one_use: Vec<KeyPackageCount>,
}

/// Key packages left of one suite.
#[derive(Clone, Copy, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct KeyPackageCount {
    /// The suite.
    pub ciphersuite: u16,
    /// How many.
    pub left: u32,
}

/// `POST rooms`: opens a room at the asking device's own service, which becomes its hub. Byte-exact repetition is
/// answered as the first time; the room's URI is chosen by the client at random, and is the MLS group id.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct CreateRoomRequest {
    /// The room.
    pub room: RoomUri,
    /// Epoch 0, one leaf: the asking device.
    pub group_info: GroupInfo,
    /// The tree.
    pub ratchet_tree: RatchetTreeOption,
}

/// `POST media`: opens an upload. Answered by a ticket.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct OpenUpload {
    /// Bytes in all, after encryption; at most [`crate::limits::MEDIA`].
    pub length: u64,
}

/// Where an upload goes. `PUT media/{id}?offset=N` appends a piece (at most [`crate::limits::MEDIA_PIECE`]),
/// `HEAD media/{id}` tells the length so far (`Upload-Offset`), `GET media/{id}` with `Range` reads.
/// Devices of other services read through their own: `GET proxyDownload/{percent-encoded URL}`.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct UploadTicket {
    /// 128 random bits, file-name-safe.
    #[tls_codec(with = "crate::wire::opaque")]
    pub id: Vec<u8>,
    /// The `https` URL to put into messages.
    #[tls_codec(with = "crate::wire::opaque")]
    pub url: Vec<u8>,
}

/// `GET account`: what the service holds of the asking person's account.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct AccountData {
    /// The person.
    pub user: UserUri,
    /// When the account was made, cut to the day.
    pub created_day: u32,
    /// Its devices.
    pub devices: DeviceList,
    /// Media bytes counted against the quota.
    pub media_bytes: u64,
}

/// The bytes that a device signs: a label, a zero byte, the encoded structure.
///
/// # Errors
/// A field is longer than the encoding can say.
pub fn signed_content(label: &str, tbs: &impl tls_codec::Serialize) -> Result<Vec<u8>, ProtoError> {
    let mut content = label.as_bytes().to_vec();
    content.push(0);
    tbs.tls_serialize(&mut content).map_err(|_| ProtoError::Malformed("signed structure"))?;
    Ok(content)
}

/// Label of a registration's signature.
pub const REGISTER_LABEL: &str = "Trefoil 1.0 Register";
/// Label of a token request's signature.
pub const TOKEN_LABEL: &str = "Trefoil 1.0 Token";
/// Label of the account's signature over the removal of a device.
pub const REMOVE_DEVICE_LABEL: &str = "Trefoil 1.0 RemoveDevice";

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_removal_is_by_one_account_of_one_device_and_for_minutes() {
        let account = SigningKey::from_bytes(&[1; 32]);
        let key = AccountKey(account.verifying_key().to_bytes());
        let device: DeviceUri = "mimi://a.example/d/u1/d1".parse().unwrap();
        let now = Timestamp(1_700_000_000_000);
        let removal = RemoveDeviceRequest::sign(&account, device, now, vec![1]);
        let at = |millis: u64| removal.verify(&key, Timestamp(millis));
        let refused = Err(ProtoError::Unverified("removal of a device"));
        for good in [now.0 - REMOVAL_LIFE, now.0, now.0 + REMOVAL_LIFE] {
            assert_eq!(at(good), Ok(()));
        }
        for bad in [0, now.0 - REMOVAL_LIFE - 1, now.0 + REMOVAL_LIFE + 1, u64::MAX] {
            assert_eq!(at(bad), refused);
        }
        let other = AccountKey(SigningKey::from_bytes(&[2; 32]).verifying_key().to_bytes());
        assert_eq!(removal.verify(&other, now), refused);
        let mut later = removal.clone();
        later.tbs.at = now.plus_millis(1);
        let mut another = removal.clone();
        another.tbs.device = "mimi://a.example/d/u1/d2".parse().unwrap();
        for altered in [later, another] {
            assert_eq!(altered.verify(&key, now), refused);
        }
        for bit in 0..512 {
            let mut altered = removal.clone();
            altered.signature[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(altered.verify(&key, now), refused, "bit {bit}");
        }
    }
}
