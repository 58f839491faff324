//! Whom a person keeps away, and how far. One row a person, for those who are kept away at all.

use crate::{conversation::ConversationError, overlay::Overlay};
use trefoil_proto::{Timestamp, UserUri};
use trefoil_store::{KeyRange, Table};

/// People who are kept away, by user URI: version, how far, since when.
pub const STANCES: Table = Table::new("client.stances");

const VERSION: u8 = 1;
const WHAT: &str = "stance toward a person";

/// How a person lets somebody near them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stance {
    /// As everybody else.
    #[default]
    Normal,
    /// A conversation with them alone waits with the requests, nothing of it makes a noise, and they hear nothing of it:
    /// neither that it came, nor that it was read, nor that somebody writes.
    Restricted,
    /// As restricted; a conversation with them alone is out of the way, and what they say elsewhere is folded. A room into
    /// which they bring the person is out of the way from the beginning.
    Blocked,
}

/// Somebody who is kept away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Who.
    pub user: UserUri,
    /// How far.
    pub stance: Stance,
    /// Since when.
    pub since: Timestamp,
}

/// How somebody is let near.
///
/// # Errors
/// Only the store.
pub fn stance(tx: &Overlay, user: &UserUri) -> Result<Stance, ConversationError> {
    let row = tx.get(STANCES, user.to_string().as_bytes())?;
    Ok(row.map(|row| read(&row)).transpose()?.map_or(Stance::Normal, |(stance, _)| stance))
}

/// Everybody who is kept away, by URI.
///
/// # Errors
/// Only the store.
pub fn kept(tx: &Overlay) -> Result<Vec<Kept>, ConversationError> {
    let rows = tx.scan(STANCES, &KeyRange::all(), usize::MAX, false)?;
    let one = |key: &[u8], row: &[u8]| -> Result<Kept, ConversationError> {
        let user = std::str::from_utf8(key).ok().and_then(|text| text.parse().ok());
        let (stance, since) = read(row)?;
        Ok(Kept { user: user.ok_or(ConversationError::Row(WHAT))?, stance, since })
    };
    rows.iter().map(|(key, row)| one(key, row)).collect()
}

/// Whether anybody is kept away.
pub(crate) fn is_anybody_kept(tx: &Overlay) -> Result<bool, ConversationError> {
    Ok(!tx.scan(STANCES, &KeyRange::all(), 1, false)?.is_empty())
}

/// Lets somebody near, or keeps them away. False if it was so already.
pub(super) fn set(
    tx: &mut Overlay,
    user: &UserUri,
    wanted: Stance,
    now: Timestamp,
) -> Result<bool, ConversationError> {
    if stance(tx, user)? == wanted {
        return Ok(false);
    }
    match number(wanted) {
        Some(number) => {
            let row = [&[VERSION, number][..], &now.0.to_be_bytes()].concat();
            tx.put(STANCES, user.to_string(), row);
        }
        None => tx.delete(STANCES, user.to_string()),
    }
    Ok(true)
}

fn number(stance: Stance) -> Option<u8> {
    match stance {
        Stance::Normal => None,
        Stance::Restricted => Some(1),
        Stance::Blocked => Some(2),
    }
}

pub(super) fn read(row: &[u8]) -> Result<(Stance, Timestamp), ConversationError> {
    let stance = match row {
        [VERSION, 1, ..] => Stance::Restricted,
        [VERSION, 2, ..] => Stance::Blocked,
        _ => return Err(ConversationError::Row(WHAT)),
    };
    let since = row[2..].try_into().map_err(|_| ConversationError::Row(WHAT))?;
    Ok((stance, Timestamp(u64::from_be_bytes(since))))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use proptest::prelude::*;
    use std::sync::Arc;
    use trefoil_store::MemoryStore;

    #[test]
    fn whoever_is_kept_away_is_until_they_are_let_near_again() {
        let mut tx = Overlay::new(Arc::new(MemoryStore::new()));
        let user: UserUri = "mimi://a.test/u/mallory".parse().unwrap();
        assert_eq!(stance(&tx, &user).unwrap(), Stance::Normal);
        assert!(!is_anybody_kept(&tx).unwrap());
        assert!(!set(&mut tx, &user, Stance::Normal, Timestamp(1)).unwrap());
        assert!(set(&mut tx, &user, Stance::Restricted, Timestamp(2)).unwrap());
        assert!(set(&mut tx, &user, Stance::Blocked, Timestamp(3)).unwrap());
        assert!(!set(&mut tx, &user, Stance::Blocked, Timestamp(4)).unwrap(), "since the first time");
        let one = Kept { user: user.clone(), stance: Stance::Blocked, since: Timestamp(3) };
        assert_eq!(kept(&tx).unwrap(), [one]);
        assert!(set(&mut tx, &user, Stance::Normal, Timestamp(5)).unwrap());
        assert_eq!(kept(&tx).unwrap(), []);
    }

    proptest! {
        #[test]
        fn a_row_of_anything_else_is_refused_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..20)) {
            let readable = bytes.len() == 10 && bytes[0] == VERSION && (1..=2).contains(&bytes[1]);
            prop_assert_eq!(read(&bytes).is_ok(), readable);
        }
    }
}
