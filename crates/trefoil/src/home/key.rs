//! The key of a person's store: 32 random bytes in a file of mode 0600, as they are or, with a passphrase, sealed by
//! AES-256-GCM under a key that Argon2id (RFC 9106) makes of the passphrase.

use super::HomeError;
use aes_gcm::{Aes256Gcm, KeyInit as _, aead::Aead as _, aead::Payload};
use argon2::{Algorithm, Argon2, Params, Version};
use data_encoding::BASE64URL_NOPAD;
use rand::TryRngCore as _;
use serde::{Deserialize, Serialize};
use std::{path::Path, str};
use trefoil_store::LocalKey;
use zeroize::{Zeroize as _, Zeroizing};

/// RFC 9106 section 4, second recommended option: 64 MiB, 3 passes, 4 lanes.
const MEMORY_KIB: u32 = 64 * 1024;
const PASSES: u32 = 3;
const LANES: u32 = 4;
/// What a file may ask of this machine before its passphrase is known to be right: 1 GiB, 16 passes, 16 lanes.
const MOST: (u32, u32, u32) = (1024 * 1024, 16, 16);
/// Binds a sealed key to its use.
const PURPOSE: &[u8] = b"Trefoil 1.0 store key";

/// How a store's key is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    /// As it is, in a file that only its owner reads.
    Plain,
    /// Sealed under a passphrase.
    Passphrase,
}

impl std::fmt::Display for KeyKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Plain => "key file (mode 0600, no passphrase)",
            Self::Passphrase => "passphrase (Argon2id)",
        })
    }
}

/// A passphrase; wiped when dropped, never shown.
pub struct Passphrase(Zeroizing<String>);

impl Passphrase {
    /// Takes a passphrase as it is, without its final line feed.
    pub fn new(mut raw: String) -> Self {
        let kept = Zeroizing::new(raw.trim_end_matches(['\n', '\r']).to_owned());
        raw.zeroize();
        Self(kept)
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
enum KeyFile {
    Plain { key: String },
    Argon2id { memory_kib: u32, passes: u32, lanes: u32, salt: String, nonce: String, sealed: String },
}

impl Drop for KeyFile {
    fn drop(&mut self) {
        if let Self::Plain { key } = self {
            key.zeroize();
        }
    }
}

/// The text of a new key file.
pub(super) fn generate(passphrase: Option<&Passphrase>) -> Result<Zeroizing<String>, HomeError> {
    let key = Zeroizing::new(random::<32>()?);
    let file = match passphrase {
        None => KeyFile::Plain { key: BASE64URL_NOPAD.encode(key.as_slice()) },
        Some(passphrase) => {
            let (salt, nonce) = (random::<16>()?, random::<12>()?);
            let cipher = cipher(passphrase, &salt, (MEMORY_KIB, PASSES, LANES))?;
            let sealed = cipher
                .encrypt(&nonce.into(), Payload { msg: key.as_slice(), aad: PURPOSE })
                .map_err(|_| HomeError::MakeKey)?;
            KeyFile::Argon2id {
                memory_kib: MEMORY_KIB,
                passes: PASSES,
                lanes: LANES,
                salt: BASE64URL_NOPAD.encode(&salt),
                nonce: BASE64URL_NOPAD.encode(&nonce),
                sealed: BASE64URL_NOPAD.encode(&sealed),
            }
        }
    };
    toml::to_string(&file).map(Zeroizing::new).map_err(|_| HomeError::MakeKey)
}

/// The key in a key file.
pub(super) fn open(
    text: &str,
    passphrase: Option<&Passphrase>,
    path: &Path,
) -> Result<(LocalKey, KeyKind), HomeError> {
    let damaged = || HomeError::Damaged { path: path.to_owned(), what: "not a key file".to_owned() };
    let decode = |field: &str| BASE64URL_NOPAD.decode(field.as_bytes()).map_err(|_| damaged());
    let file: KeyFile = toml::from_str(text).map_err(|_| damaged())?;
    let (raw, kind) = match &file {
        KeyFile::Plain { key } => (Zeroizing::new(decode(key)?), KeyKind::Plain),
        KeyFile::Argon2id { memory_kib, passes, lanes, salt, nonce, sealed } => {
            let passphrase = passphrase.ok_or(HomeError::PassphraseNeeded)?;
            if *memory_kib > MOST.0 || *passes > MOST.1 || *lanes > MOST.2 {
                return Err(damaged());
            }
            let nonce: [u8; 12] = decode(nonce)?.try_into().map_err(|_| damaged())?;
            let cipher = cipher(passphrase, &decode(salt)?, (*memory_kib, *passes, *lanes))?;
            let opened = cipher
                .decrypt(&nonce.into(), Payload { msg: &decode(sealed)?, aad: PURPOSE })
                .map_err(|_| HomeError::WrongPassphrase)?;
            (Zeroizing::new(opened), KeyKind::Passphrase)
        }
    };
    let key: [u8; 32] = raw.as_slice().try_into().map_err(|_| damaged())?;
    Ok((LocalKey::new(key), kind))
}

fn cipher(
    passphrase: &Passphrase,
    salt: &[u8],
    (memory, passes, lanes): (u32, u32, u32),
) -> Result<Aes256Gcm, HomeError> {
    let parameters = Params::new(memory, passes, lanes, Some(32)).map_err(|_| HomeError::MakeKey)?;
    let mut wrapping = Zeroizing::new([0u8; 32]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, parameters)
        .hash_password_into(passphrase.0.as_bytes(), salt, wrapping.as_mut_slice())
        .map_err(|_| HomeError::MakeKey)?;
    Aes256Gcm::new_from_slice(wrapping.as_slice()).map_err(|_| HomeError::MakeKey)
}

fn random<const N: usize>() -> Result<[u8; N], HomeError> {
    let mut bytes = [0u8; N];
    rand::rngs::OsRng.try_fill_bytes(&mut bytes).map_err(|_| HomeError::MakeKey)?;
    Ok(bytes)
}
