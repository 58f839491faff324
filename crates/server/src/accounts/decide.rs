//! Pure decisions about people: is a request genuine, is an identifier acceptable, which row does it name.

use super::{AccountsError, rows::PersonRow};
use crate::secrets::SecretKey;
use ed25519_dalek::{Signature, VerifyingKey};
use hmac::{Hmac, Mac as _};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use tls_codec::Serialize as _;
use trefoil_proto::{
    DeviceUri, Domain, Timestamp,
    edge::{self, Identifier, NewDevice, Profile, RegisterRequest},
    limits,
    mimi::identifier::{IdentifierQueryCode, IdentifierRequest, QueryElement},
    naming::is_name,
    recovery::RecoverRequest,
};
use unicode_normalization::UnicodeNormalization as _;
use unicode_security::{
    GeneralSecurityProfile as _, MixedScript as _, general_security_profile::IdentifierType,
};

/// Handles that nobody gets, in any look-alike form.
const RESERVED: &[&str] = &[
    "abuse",
    "account",
    "accounts",
    "admin",
    "administrator",
    "all",
    "anonymous",
    "api",
    "everyone",
    "help",
    "here",
    "hostmaster",
    "info",
    "legal",
    "me",
    "mimi",
    "moderator",
    "null",
    "official",
    "postmaster",
    "privacy",
    "root",
    "safety",
    "security",
    "service",
    "staff",
    "status",
    "support",
    "system",
    "team",
    "trefoil",
    "undefined",
    "verify",
    "webmaster",
    "www",
];

/// Who someone is, as the service keeps it.
pub(super) enum Identity {
    /// Found by nobody: an account name.
    Nameless,
    /// A handle: look-alike form and exact form, keyed.
    Handle { key: [u8; 32], exact: [u8; 32] },
    /// A number, keyed.
    Number { key: [u8; 32] },
}

impl Identity {
    /// The key of the identifier's row.
    pub(super) fn key(&self) -> Option<&[u8; 32]> {
        match self {
            Self::Nameless => None,
            Self::Handle { key, .. } | Self::Number { key } => Some(key),
        }
    }

    /// Key and exact form of an identifier that only one person can have.
    pub(super) fn unique(&self) -> Option<(&[u8; 32], &[u8; 32])> {
        match self {
            Self::Nameless => None,
            Self::Handle { key, exact } => Some((key, exact)),
            Self::Number { key } => Some((key, key)),
        }
    }
}

/// What a query names.
pub(super) enum Lookup {
    /// One row, and the exact form it must have.
    Exact { key: [u8; 32], exact: [u8; 32] },
    /// Nothing that is answered here.
    Refused(IdentifierQueryCode),
}

/// The device belongs here, its account authorised it, and it signed the request.
pub(super) fn genuine(request: &RegisterRequest, domain: &Domain) -> Result<(), AccountsError> {
    let device = &request.tbs.device;
    if device.uri.domain != *domain {
        return Err(AccountsError::OtherAccount);
    }
    authorised(device)?;
    let content =
        edge::signed_content(edge::REGISTER_LABEL, &request.tbs).map_err(|_| AccountsError::BadSignature)?;
    VerifyingKey::from_bytes(&device.signature_key)
        .and_then(|key| key.verify_strict(&content, &Signature::from_bytes(&request.signature)))
        .map_err(|_| AccountsError::BadSignature)
}

/// The account of `row` may take in the device.
pub(super) fn may_join(row: &PersonRow, caller: &DeviceUri, device: &NewDevice) -> Result<(), AccountsError> {
    if device.uri.user != caller.user || device.uri.domain != caller.domain {
        return Err(AccountsError::OtherAccount);
    }
    if device.authorisation.account_key != row.account_key {
        return Err(AccountsError::BadSignature);
    }
    authorised(device)?;
    let clash = |known: &NewDevice| known.uri == device.uri || known.signature_key == device.signature_key;
    if row.devices.iter().any(clash) {
        return Err(AccountsError::IdsInUse);
    }
    if row.devices.len() >= limits::DEVICES { Err(AccountsError::TooManyDevices) } else { Ok(()) }
}

/// The account of `row` may go on with this device alone.
pub(super) fn may_recover(row: &PersonRow, request: &RecoverRequest) -> Result<(), AccountsError> {
    let device = &request.tbs.device;
    request.verify(&row.account_key).map_err(|_| AccountsError::BadSignature)?;
    if device.authorisation.account_key != row.account_key {
        return Err(AccountsError::BadSignature);
    }
    authorised(device)?;
    let clash = |known: &NewDevice| known.uri == device.uri || known.signature_key == device.signature_key;
    if row.devices.iter().any(clash) { Err(AccountsError::IdsInUse) } else { Ok(()) }
}

fn authorised(device: &NewDevice) -> Result<(), AccountsError> {
    device.authorisation.verify(&device.uri, &device.signature_key).map_err(|_| AccountsError::BadSignature)
}

/// The identifier in the form its profile keeps.
pub(super) fn identity(
    identifier: &Identifier,
    profile: Profile,
    secret: &SecretKey,
) -> Result<Identity, AccountsError> {
    match (profile, identifier) {
        (Profile::Account, Identifier::AccountName(raw)) => {
            account_name(raw)?;
            Ok(Identity::Nameless)
        }
        (Profile::Handle, Identifier::Handle(raw)) => {
            let handle = handle(raw)?;
            if RESERVED.iter().any(|word| look_alike(word) == handle.look_alike) {
                return Err(AccountsError::BadIdentifier("this handle is reserved"));
            }
            let (key, exact) = handle.macs(secret);
            Ok(Identity::Handle { key, exact })
        }
        (Profile::Phone, Identifier::Phone { number: raw, .. }) => {
            Ok(Identity::Number { key: identifier_mac(secret, Profile::Phone, number(raw)?) })
        }
        _ => Err(AccountsError::OtherProfile),
    }
}

/// The one-time code of an identifier that has one.
pub(super) fn code_of(identifier: &Identifier) -> Option<&[u8]> {
    match identifier {
        Identifier::Phone { code, .. } => Some(code),
        _ => None,
    }
}

/// The number of an identifier that is one.
pub(super) fn number_of(identifier: &Identifier) -> Result<Option<&str>, AccountsError> {
    match identifier {
        Identifier::Phone { number: raw, .. } => number(raw).map(Some),
        _ => Ok(None),
    }
}

/// What a query asks for. One element, and of the kind that this profile's people have.
pub(super) fn lookup(
    request: &IdentifierRequest,
    profile: Profile,
    domain: &Domain,
    secret: &SecretKey,
) -> Lookup {
    let not_found = Lookup::Refused(IdentifierQueryCode::NotFound);
    let [element] = request.query_elements.as_slice() else {
        return Lookup::Refused(IdentifierQueryCode::Ambiguous);
    };
    match (profile, element) {
        (Profile::Handle, QueryElement::Nick(raw) | QueryElement::Handle(raw)) => {
            let Some(user_part) = user_part(raw, domain) else { return not_found };
            match handle(user_part) {
                Ok(handle) => {
                    let (key, exact) = handle.macs(secret);
                    Lookup::Exact { key, exact }
                }
                Err(_) => not_found,
            }
        }
        (Profile::Phone, QueryElement::Phone(raw)) => match number(raw) {
            Ok(number) => {
                let key = identifier_mac(secret, Profile::Phone, number);
                Lookup::Exact { key, exact: key }
            }
            Err(_) => not_found,
        },
        _ => Lookup::Refused(IdentifierQueryCode::UnsupportedField),
    }
}

/// `@name`, `name` or `name@domain` with our domain.
fn user_part<'a>(raw: &'a [u8], domain: &Domain) -> Option<&'a [u8]> {
    let raw = raw.strip_prefix(b"@").unwrap_or(raw);
    match raw.iter().position(|byte| *byte == b'@') {
        None => Some(raw),
        Some(at) if &raw[at + 1..] == domain.as_str().as_bytes() => Some(&raw[..at]),
        Some(_) => None,
    }
}

struct Handle {
    text: String,
    look_alike: String,
}

impl Handle {
    /// Keyed look-alike form and keyed exact form.
    fn macs(&self, secret: &SecretKey) -> ([u8; 32], [u8; 32]) {
        (
            identifier_mac(secret, Profile::Handle, &self.look_alike),
            mac(secret, &[b"handle, exact", self.text.as_bytes()]),
        )
    }
}

/// Normalises a handle (NFKC, lower case) and checks its characters: one script, only those that UTS 39 recommends
/// for identifiers, dot and underscore; no dot at an end or beside another.
fn handle(raw: &[u8]) -> Result<Handle, AccountsError> {
    let refused = |why| Err(AccountsError::BadIdentifier(why));
    // The longest character in UTF-8 has four bytes, and none grows more than 18 times under NFKC.
    if raw.len() > limits::HANDLE * 4 {
        return refused("the handle is too long");
    }
    let Ok(raw) = std::str::from_utf8(raw) else { return refused("the handle is not UTF-8") };
    let text: String = raw.nfkc().collect::<String>().to_lowercase().nfkc().collect();
    let count = text.chars().count();
    if count == 0 || count > limits::HANDLE {
        return refused("a handle has 1 to 30 characters");
    }
    let fits = |c: char| matches!(c, '.' | '_') || c.identifier_type() == Some(IdentifierType::Recommended);
    if !text.chars().all(fits) || !text.chars().any(char::is_alphanumeric) {
        return refused("a handle has letters, digits, dots and underscores only");
    }
    if text.starts_with('.') || text.ends_with('.') || text.contains("..") {
        return refused("a dot stands between other characters");
    }
    if !text.as_str().is_single_script() {
        return refused("a handle keeps to one script");
    }
    let look_alike = look_alike(&text);
    Ok(Handle { text, look_alike })
}

/// The UTS 39 skeleton, made equal over case as well.
fn look_alike(text: &str) -> String {
    let once: String = unicode_security::skeleton(text).collect::<String>().to_lowercase();
    unicode_security::skeleton(&once).collect::<String>().to_lowercase()
}

/// Checks the form of E.164: `+`, then 7 to 15 digits, the first not zero.
pub(super) fn number(raw: &[u8]) -> Result<&str, AccountsError> {
    let refused = AccountsError::BadIdentifier("a number is written as + and 7 to 15 digits");
    let digits = match raw {
        [b'+', digits @ ..] => digits,
        _ => return Err(refused),
    };
    let fits = (7..=15).contains(&digits.len()) && digits[0] != b'0' && digits.iter().all(u8::is_ascii_digit);
    match std::str::from_utf8(raw) {
        Ok(text) if fits => Ok(text),
        _ => Err(refused),
    }
}

fn account_name(raw: &[u8]) -> Result<(), AccountsError> {
    let name = std::str::from_utf8(raw).map_err(|_| AccountsError::BadIdentifier("the name is not UTF-8"))?;
    let fits = is_name(name, limits::DISPLAY_NAME);
    if fits { Ok(()) } else { Err(AccountsError::BadIdentifier("a name has 1 to 128 bytes of plain text")) }
}

/// An account name as it is to be found again: however it is spaced, and whatever its case.
pub(super) fn account_locator(secret: &SecretKey, raw: &[u8]) -> Result<[u8; 32], AccountsError> {
    account_name(raw)?;
    let name = std::str::from_utf8(raw).map_err(|_| AccountsError::BadIdentifier("the name is not UTF-8"))?;
    let folded: String = name.nfkc().collect::<String>().to_lowercase().nfkc().collect();
    let words: Vec<&str> = folded.split_whitespace().collect();
    Ok(identifier_mac(secret, Profile::Account, &words.join(" ")))
}

/// The key of an identifier's row.
pub(super) fn identifier_mac(secret: &SecretKey, profile: Profile, text: &str) -> [u8; 32] {
    let kind: &[u8] = match profile {
        Profile::Account => b"account",
        Profile::Handle => b"handle",
        Profile::Phone => b"phone",
    };
    mac(secret, &[kind, text.as_bytes()])
}

/// A one-time code as it is stored, bound to its number.
pub(super) fn code_mac(secret: &SecretKey, number: &[u8; 32], code: &[u8]) -> [u8; 32] {
    mac(secret, &[number, code])
}

fn mac(secret: &SecretKey, parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.bytes()).expect("HMAC takes keys of any length");
    for part in parts {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// Equal, in constant time.
pub(super) fn same(left: &[u8; 32], right: &[u8; 32]) -> bool {
    left.ct_eq(right).into()
}

/// SHA-256 over the whole request: tells a repetition from another request with the same ids.
pub(super) fn digest(request: &RegisterRequest) -> [u8; 32] {
    let bytes = request.tls_serialize_detached().expect("what was decoded encodes");
    Sha256::digest(bytes).into()
}

/// Days since the UNIX epoch.
pub(super) fn day(now: Timestamp) -> u32 {
    now.short_day()
}
