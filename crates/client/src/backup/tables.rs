//! Which rows of the local store are kept, and the number that each table has in an archive. A number is never given to
//! another table.

use crate::{boundaries, conversation, directory, left, made_reports, minors, rows, verification};
use trefoil_store::Table;

/// The account: person and account key. Of [`rows::ACCOUNT`], written in a form of its own.
pub(crate) const OWN: u8 = 1;
/// Some of the rows of [`rows::ACCOUNT`] by their names, see [`NAMES`].
pub(crate) const NAMED: u8 = 2;
/// Rooms with their state alone, not what MLS needs. Of [`rows::ROOMS`].
pub(crate) const ROOM_STATES: u8 = 3;

/// Tables that are kept row by row. What is of the person comes first.
pub(crate) const KEPT: &[(u8, Table)] = &[
    (4, verification::PINS),
    (5, verification::VERIFIED),
    (6, directory::SETS),
    (7, directory::EVIDENCE),
    (8, rows::DEVICE_NAMES),
    (9, boundaries::STANCES),
    (10, boundaries::HIDDEN_WORDS),
    (11, minors::REACHES),
    (12, minors::GUARDED),
    (13, minors::CONNECTIONS),
    (16, conversation::ROOMS),
    (17, conversation::PROFILES),
    (18, conversation::MESSAGES),
    (19, conversation::EDITS),
    (20, conversation::TIMELINE),
    (21, conversation::REACTIONS),
    (22, conversation::STATUSES),
    (23, conversation::HELD),
    (24, conversation::EXPIRIES),
    (25, conversation::VOTES),
    (26, conversation::TIMERS),
    (27, conversation::VANISHING),
    (28, conversation::MARKS),
    (29, conversation::PICTURES),
    (30, conversation::PICTURE_BYTES),
    (31, conversation::GROUPS),
    (32, conversation::GROUP_OF),
    (33, left::LEFT),
    (40, made_reports::MADE),
];

/// Rows of [`rows::ACCOUNT`] that are kept.
pub(crate) const NAMES: &[&[u8]] = &[
    rows::name::DISPLAY_NAME,
    rows::name::PICTURE,
    rows::name::RECEPTION,
    rows::name::REACH,
    rows::name::SERVICES,
    rows::name::AUDITORS,
    rows::name::NAMED_AUDITORS,
    rows::name::DEVICE_SET,
    rows::name::DEVICES,
];
/// Those of them that another device of the account has by other ways.
pub(crate) const OF_ONE_DEVICE: &[&[u8]] = &[rows::name::DEVICE_SET, rows::name::DEVICES];

/// Where a row stands in an archive, if it is kept: number of its table and key.
pub(crate) fn place(table: Table, key: &[u8]) -> Option<(u8, &[u8])> {
    if table == rows::ACCOUNT {
        return match key {
            rows::name::ME => Some((OWN, b"")),
            name if NAMES.contains(&name) => Some((NAMED, name)),
            _ => None,
        };
    }
    if table == rows::ROOMS {
        return Some((ROOM_STATES, key));
    }
    number_of(table).map(|number| (number, key))
}

/// The table of a number that is kept row by row.
pub(crate) fn table_of(number: u8) -> Option<Table> {
    KEPT.iter().find(|(known, _)| *known == number).map(|(_, table)| *table)
}

fn number_of(table: Table) -> Option<u8> {
    KEPT.iter().find(|(_, known)| *known == table).map(|(number, _)| *number)
}

/// Every number with the table that its rows lie in, ascending.
pub(crate) fn all() -> impl Iterator<Item = (u8, Table)> {
    [(OWN, rows::ACCOUNT), (NAMED, rows::ACCOUNT), (ROOM_STATES, rows::ROOMS)]
        .into_iter()
        .chain(KEPT.iter().copied())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::{alarm, attachment, backup, delivery, discovery, mls, roster};
    use std::{collections::BTreeSet, fs, path::Path};

    /// Tables that are not kept: of this device alone, or made anew from what is kept.
    const LEFT_OUT: &[Table] = &[
        // Which messages are unread, the messages say.
        conversation::UNREAD,
        // The index of words is made anew from the messages.
        conversation::SEARCH_PENDING,
        conversation::SEARCH_SEGMENTS,
        conversation::SEARCH_DOCUMENTS,
        conversation::SEARCH_WORDS,
        conversation::SEARCH_INDEX,
        // What is shown no more stays where it was shown, for a report, and goes in a week.
        conversation::KEPT,
        conversation::KEPT_UNTIL,
        // What was not sent has not happened: it waits on this device.
        conversation::OUTGOING,
        rows::OUTBOX,
        delivery::SENDING,
        delivery::SENT,
        // Of one device's leaf in a room.
        mls::storage::TABLE,
        delivery::HEARD,
        roster::ROSTERS,
        rows::HELD,
        rows::INVITED,
        rows::PUBLISHING,
        rows::APPROVALS,
        rows::REMOVALS,
        rows::MISSING,
        rows::ASKED_REMOVALS,
        rows::RECOVERED_ROOMS,
        rows::LINKS,
        // Heard of again when it is needed.
        directory::ROOTS,
        directory::HEARD,
        directory::TOLD,
        directory::ARRIVED,
        directory::GHOSTS,
        // What was not seen on this device.
        alarm::ALARMS,
        // Transfers under way.
        attachment::UPLOADS,
        attachment::PLANS,
        attachment::DOWNLOADS,
        attachment::HANDED,
        attachment::HANDED_PIECES,
        attachment::PARCELS,
        // About the backup itself.
        backup::BACKUP,
        backup::CHANGED,
        backup::SEGMENTS,
        backup::PLACES,
        backup::CONTENTS,
        backup::OUTBOX,
        discovery::KEYS,
    ];

    /// Every table of this crate is kept or left out, so that nobody forgets to decide.
    #[test]
    fn every_table_is_decided_about() {
        let mut named = BTreeSet::new();
        let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let text = fs::read_to_string(&path).unwrap();
                let marker = ["Table::new(", "\"client."].concat();
                for (at, _) in text.match_indices(&marker) {
                    let rest = &text[at + "Table::new(\"".len()..];
                    named.insert(rest.split('"').next().unwrap().to_owned());
                }
            }
        }
        assert!(named.len() > 20, "{named:?}");
        let decided: Vec<_> =
            all().map(|(_, table)| table).chain(LEFT_OUT.iter().copied()).map(Table::name).collect();
        let decided: BTreeSet<_> = decided.into_iter().map(str::to_owned).collect();
        assert_eq!(named, decided, "a table is neither kept in backups nor left out of them");
        let numbers: BTreeSet<_> = all().map(|(number, _)| number).collect();
        assert_eq!(numbers.len(), all().count());
        assert!(!numbers.contains(&0));
    }
}
