//! The verified contacts in memory, and how a person stands.

use super::rows::{self, VerifiedRow};
use crate::{ClientError, overlay::Overlay};
use std::{collections::BTreeMap, sync::Arc};
use trefoil_proto::{UserUri, credential::AccountKey};

/// What is known of a person's account key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It was never compared: it is the one that was seen first, or the newest of which a line told.
    Unverified,
    /// It was compared on this device.
    Verified,
    /// It was compared, and another one has been seen since. Nothing is sent to rooms with this person before it is
    /// decided.
    Changed,
}

/// How a person stands.
///
/// # Errors
/// [`ClientError::Store`], [`ClientError::Row`].
pub fn standing(tx: &Overlay, user: &UserUri) -> Result<Standing, ClientError> {
    Ok(rows::verified(tx, user)?.as_ref().into())
}

impl From<Option<&VerifiedRow>> for Standing {
    fn from(row: Option<&VerifiedRow>) -> Self {
        match row {
            None => Self::Unverified,
            Some(row) if row.other().is_some() => Self::Changed,
            Some(_) => Self::Verified,
        }
    }
}

/// Everyone who was verified: few, asked for with every message that leaves. A clone is the same list as long as neither
/// is changed, and [`Contacts::is`] tells.
#[derive(Clone, Default)]
pub(crate) struct Contacts(Arc<BTreeMap<UserUri, VerifiedRow>>);

impl Contacts {
    pub(crate) fn load(tx: &Overlay) -> Result<Self, ClientError> {
        Ok(Self(Arc::new(rows::all_verified(tx)?.into_iter().collect())))
    }

    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn people(&self) -> impl Iterator<Item = &UserUri> {
        self.0.keys()
    }

    pub(crate) fn get(&self, user: &UserUri) -> Option<&VerifiedRow> {
        self.0.get(user)
    }

    pub(crate) fn standing(&self, user: &UserUri) -> Standing {
        self.get(user).into()
    }

    /// Whether a person was verified under another key than this one.
    pub(crate) fn refutes(&self, user: &UserUri, key: &AccountKey) -> bool {
        self.get(user).is_some_and(|row| row.key() != *key)
    }

    pub(super) fn put(&mut self, user: &UserUri, row: VerifiedRow) {
        Arc::make_mut(&mut self.0).insert(user.clone(), row);
    }

    pub(super) fn remove(&mut self, user: &UserUri) {
        Arc::make_mut(&mut self.0).remove(user);
    }
}
