//! Why a person's keys are not believed.

use trefoil_transparency::directory::DirectoryError;

/// Why a person's keys are not believed. Nothing is encrypted to them meanwhile; each is looked at again by itself.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeysRefusal {
    /// The directory could not be asked.
    #[error("the key directory of their service cannot be reached now")]
    Unreachable,
    /// The directory has nothing of this person.
    #[error("their service does not have them in its key directory")]
    NotPublished,
    /// A device is not in the person's newest set.
    #[error("a device is not among those that their service's key directory proves")]
    NotInDirectory,
    /// The directory key of their service is not known.
    #[error("the directory key of their service is not known")]
    UnknownService,
    /// Too few other services vouch for the directory.
    #[error("{found} of {needed} other services vouch for the key directory of their service")]
    Unaudited {
        /// How many signed its root lately.
        found: usize,
        /// How many this device asks for.
        needed: usize,
    },
    /// Enough signed it, but not lately.
    #[error("no other service has looked at the key directory of their service for a day")]
    Stale,
    /// The directory goes back to an earlier epoch.
    #[error("the key directory of their service goes back: epoch {told} after epoch {known}")]
    RolledBack {
        /// The newest epoch that was seen.
        known: u64,
        /// The one that it showed.
        told: u64,
    },
    /// The directory shows different people different contents; there is evidence.
    #[error("the key directory of their service shows different people different keys")]
    Split,
    /// They were verified, or are this person, and the directory has another account for them.
    #[error("the key directory has another account key than the one that is in use")]
    OtherAccount,
    /// The proof does not hold.
    #[error("the key directory's proof does not hold: {0}")]
    Untrue(String),
}

impl KeysRefusal {
    /// Whether it may be over in a moment. A service learns the keys of others as they audit each other.
    pub(crate) fn passes(&self) -> bool {
        matches!(self, Self::Unreachable | Self::UnknownService)
    }
}

impl From<DirectoryError> for KeysRefusal {
    fn from(error: DirectoryError) -> Self {
        match error {
            DirectoryError::UnknownService => Self::UnknownService,
            DirectoryError::Unaudited { found, needed } => Self::Unaudited { found, needed },
            DirectoryError::Stale => Self::Stale,
            DirectoryError::RolledBack { known, told } => Self::RolledBack { known, told },
            DirectoryError::Split(_) => Self::Split,
            other => Self::Untrue(other.to_string()),
        }
    }
}
