//! The service's own secret keys: random, by name, in a file that only its owner may read, outside the database.
//!
//! A name that the file does not hold yet gets a fresh key when the file is opened. Keys are never replaced: a key
//! that is to be rotated gets a new name with a higher number ([`rotate_stamp`]), and the old one stays for what it made.

use data_encoding::BASE64URL_NOPAD;
use rand::RngCore as _;
use std::{
    collections::BTreeMap,
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
};
use zeroize::{Zeroize as _, Zeroizing};

/// A key's name in the file, with what it is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SecretName {
    /// HMAC key over handles and phone numbers.
    Identifiers,
    /// HMAC key over authentication challenges.
    Challenges,
    /// HMAC key over one-time codes.
    Codes,
    /// The hub's franking stamp, key 1 ([`trefoil_proto::franking::stamp`]).
    FrankingStamp1,
    /// Seed of the Ed25519 key by which the hub signs stamps and group infos.
    FrankingSign1,
    /// Seed of the Ed25519 key that signs the checkpoints of the public log.
    LogSign1,
    /// Seed of the Ed25519 key that cosigns the logs of other services.
    WitnessSign1,
    /// Seed of the Ed25519 key that signs the key directory's roots, and what was audited of others.
    DirectorySign,
    /// The key directory's VRF key.
    DirectoryVrf,
    /// HMAC key that derives the keys of PIN records.
    PinRecords,
    /// Seed of the function by which people are found by number.
    Discovery,
    /// HMAC key by which the safety team tells reporters apart.
    Reporters,
    /// HMAC key that derives the keys under which files of reports to NCMEC lie.
    TiplineFiles,
    /// Seed of the keys that issue passes, one a day.
    Passes,
    /// Seed of the Ed25519 key that signs the policy list.
    PolicyList,
}

impl SecretName {
    /// Every name of this version.
    pub const ALL: [Self; 15] = [
        Self::Identifiers,
        Self::Challenges,
        Self::Codes,
        Self::FrankingStamp1,
        Self::FrankingSign1,
        Self::LogSign1,
        Self::WitnessSign1,
        Self::DirectorySign,
        Self::DirectoryVrf,
        Self::PinRecords,
        Self::Discovery,
        Self::Reporters,
        Self::TiplineFiles,
        Self::Passes,
        Self::PolicyList,
    ];

    /// The name as it stands in the file.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Identifiers => "identifiers",
            Self::Challenges => "challenges",
            Self::Codes => "codes",
            Self::FrankingStamp1 => "franking-stamp-1",
            Self::FrankingSign1 => "franking-sign-1",
            Self::LogSign1 => "log-sign-1",
            Self::WitnessSign1 => "witness-sign-1",
            Self::DirectorySign => "directory-sign",
            Self::DirectoryVrf => "directory-vrf",
            Self::PinRecords => "pin-records",
            Self::Discovery => "discovery",
            Self::Reporters => "reporters",
            Self::TiplineFiles => "tipline-files",
            Self::Passes => "passes",
            Self::PolicyList => "policy-list",
        }
    }
}

/// 32 random bytes, wiped when dropped, never shown.
#[derive(Clone)]
pub struct SecretKey(Zeroizing<[u8; 32]>);

impl SecretKey {
    /// The bytes.
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// A known key, so that a test can compare what it makes.
    #[cfg(any(test, feature = "fuzzing"))]
    pub(crate) fn fixed(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// A fresh key.
    pub fn random() -> Self {
        let mut bytes = Zeroizing::new([0; 32]);
        rand::rng().fill_bytes(bytes.as_mut());
        Self(bytes)
    }
}

impl std::fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretKey(..)")
    }
}

/// Every secret key of a service.
#[derive(Debug)]
pub struct Secrets {
    keys: BTreeMap<SecretName, SecretKey>,
    /// Stamp keys that came after the first, by id.
    later_stamps: BTreeMap<u32, SecretKey>,
}

/// Why the keys file cannot be used. Safe to log: it never holds a key.
#[derive(Debug, thiserror::Error)]
pub enum SecretsError {
    /// The file could not be read.
    #[error("read the keys file {path}")]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The file could not be written.
    #[error("write the keys file {path}")]
    Write {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The file is not a table of names and base64url keys of 32 bytes.
    #[error("the keys file {0} is damaged: restore it from a backup")]
    Damaged(PathBuf),
    /// Others than its owner may read the file.
    #[error("{0} can be read by others: run `chmod 600 {0}`, and consider its keys known")]
    Exposed(PathBuf),
}

impl Secrets {
    /// Reads the file, or makes it (mode 0600). Names it lacks get fresh keys, durable before this returns.
    ///
    /// # Errors
    /// The file is unreadable, damaged, or open to others; or it cannot be written.
    pub fn open(path: &Path) -> Result<Self, SecretsError> {
        let read = |source| SecretsError::Read { path: path.to_owned(), source };
        let mut known = match fs::read_to_string(path) {
            Ok(text) => {
                check_mode(path)?;
                parse(&Zeroizing::new(text)).ok_or_else(|| SecretsError::Damaged(path.to_owned()))?
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => BTreeMap::new(),
            Err(error) => return Err(read(error)),
        };
        let later_stamps = later_stamps(&known);
        let mut missing = false;
        let mut keys = BTreeMap::new();
        for name in SecretName::ALL {
            let key = known.get(name.as_str()).cloned().unwrap_or_else(|| {
                missing = true;
                SecretKey::random()
            });
            known.insert(name.as_str().to_owned(), key.clone());
            keys.insert(name, key);
        }
        if missing {
            write(path, &known).map_err(|source| SecretsError::Write { path: path.to_owned(), source })?;
        }
        Ok(Self { keys, later_stamps })
    }

    /// Fresh keys that are stored nowhere: for simulations and tests.
    pub fn ephemeral() -> Self {
        let keys = SecretName::ALL.into_iter().map(|name| (name, SecretKey::random())).collect();
        Self { keys, later_stamps: BTreeMap::new() }
    }

    /// The key of a name.
    pub fn key(&self, name: SecretName) -> &SecretKey {
        self.keys.get(&name).expect("every name got a key when the secrets were made")
    }
}

impl Secrets {
    /// The stamp keys that came after the first, with their ids.
    pub fn later_stamps(&self) -> impl Iterator<Item = (u32, &SecretKey)> {
        self.later_stamps.iter().map(|(id, key)| (*id, key))
    }
}

/// Adds a stamp key to the file, which must be there, and returns its id. A service stamps with it from its next start on, and goes
/// on proving what the earlier ones stamped.
///
/// # Errors
/// As [`Secrets::open`].
pub fn rotate_stamp(path: &Path) -> Result<u32, SecretsError> {
    let text = fs::read_to_string(path)
        .map(Zeroizing::new)
        .map_err(|source| SecretsError::Read { path: path.to_owned(), source })?;
    check_mode(path)?;
    let mut known = parse(&text).ok_or_else(|| SecretsError::Damaged(path.to_owned()))?;
    let id = later_stamps(&known).last_key_value().map_or(1, |(id, _)| *id) + 1;
    known.insert(format!("{STAMP}{id}"), SecretKey::random());
    write(path, &known).map_err(|source| SecretsError::Write { path: path.to_owned(), source })?;
    Ok(id)
}

/// What the name of a stamp key begins with.
const STAMP: &str = "franking-stamp-";

fn later_stamps(known: &BTreeMap<String, SecretKey>) -> BTreeMap<u32, SecretKey> {
    let id = |name: &str| name.strip_prefix(STAMP)?.parse().ok().filter(|id| *id > 1);
    known.iter().filter_map(|(name, key)| Some((id(name)?, key.clone()))).collect()
}

/// For the fuzzer: true if a keys file may read so.
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) fn is_readable(file: &[u8]) -> bool {
    std::str::from_utf8(file).is_ok_and(|text| parse(text).is_some())
}

fn parse(text: &str) -> Option<BTreeMap<String, SecretKey>> {
    let table: BTreeMap<String, String> = toml::from_str(text).ok()?;
    let mut keys = BTreeMap::new();
    for (name, mut encoded) in table {
        let decoded = BASE64URL_NOPAD.decode(encoded.as_bytes()).map(Zeroizing::new);
        encoded.zeroize();
        let bytes: [u8; 32] = decoded.ok()?.as_slice().try_into().ok()?;
        keys.insert(name, SecretKey(Zeroizing::new(bytes)));
    }
    Some(keys)
}

/// Writes beside the file, syncs, then takes its place: a crash leaves the old file or the new one.
fn write(path: &Path, keys: &BTreeMap<String, SecretKey>) -> io::Result<()> {
    let mut text =
        Zeroizing::new(String::from("# Secret keys of this service. Keep a copy in a safe place.\n"));
    for (name, key) in keys {
        text.push_str(name);
        text.push_str(" = \"");
        text.push_str(&Zeroizing::new(BASE64URL_NOPAD.encode(key.bytes())));
        text.push_str("\"\n");
    }
    let beside = path.with_extension("new");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&beside)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&beside, path)?;
    #[cfg(unix)]
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

#[cfg(unix)]
pub(crate) fn check_mode(path: &Path) -> Result<(), SecretsError> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = fs::metadata(path)
        .map_err(|source| SecretsError::Read { path: path.to_owned(), source })?
        .permissions()
        .mode();
    if mode & 0o077 == 0 { Ok(()) } else { Err(SecretsError::Exposed(path.to_owned())) }
}

#[cfg(not(unix))]
pub(crate) fn check_mode(_path: &Path) -> Result<(), SecretsError> {
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn keys_stay_the_same_and_new_names_are_added() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secrets.toml");
        let first = Secrets::open(&path).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        let without_last: String =
            text.lines().filter(|line| !line.starts_with("codes")).map(|line| format!("{line}\n")).collect();
        fs::write(&path, without_last).unwrap();
        let second = Secrets::open(&path).unwrap();
        let same = |name| first.key(name).bytes() == second.key(name).bytes();
        assert!(same(SecretName::Identifiers) && same(SecretName::FrankingSign1));
        assert!(!same(SecretName::Codes));
        assert_eq!(
            Secrets::open(&path).unwrap().key(SecretName::Codes).bytes(),
            second.key(SecretName::Codes).bytes()
        );
    }

    #[test]
    fn a_stamp_key_is_added_and_none_is_lost() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secrets.toml");
        let first = Secrets::open(&path).unwrap();
        assert_eq!(first.later_stamps().count(), 0);
        assert_eq!((rotate_stamp(&path).unwrap(), rotate_stamp(&path).unwrap()), (2, 3));
        let rotated = Secrets::open(&path).unwrap();
        assert_eq!(rotated.later_stamps().map(|(id, _)| id).collect::<Vec<_>>(), [2, 3]);
        let stamp = |secrets: &Secrets| *secrets.key(SecretName::FrankingStamp1).bytes();
        assert_eq!(stamp(&first), stamp(&rotated));
    }

    #[test]
    fn a_damaged_file_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secrets.toml");
        Secrets::open(&path).unwrap();
        let damaged = fs::read_to_string(&path).unwrap().replace("identifiers = \"", "identifiers = \"A");
        fs::write(&path, &damaged).unwrap();
        assert!(matches!(Secrets::open(&path), Err(SecretsError::Damaged(_))));
        assert_eq!(fs::read_to_string(&path).unwrap(), damaged);
    }

    #[cfg(unix)]
    #[test]
    fn the_file_is_for_its_owner_only() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secrets.toml");
        Secrets::open(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(Secrets::open(&path), Err(SecretsError::Exposed(_))));
    }

    #[test]
    fn debug_shows_no_key() {
        let secrets = Secrets::ephemeral();
        let shown = format!("{secrets:?}");
        let key = secrets.key(SecretName::Codes);
        assert!(!shown.contains(&BASE64URL_NOPAD.encode(key.bytes())) && shown.contains("SecretKey(..)"));
    }
}
