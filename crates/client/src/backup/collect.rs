//! What changed since the last time becomes segments, a bounded piece a step.

use super::{
    archive::{Entry, Writer},
    keys::BackupKeys,
    rows::{
        CHANGED, CONTENTS, IF_OTHER, IN_ANY_CASE, OUTBOX, PLACES, PlaceRow, SEGMENTS, SegmentRow, StateRow,
        content_key, place_key,
    },
    tables::{self, NAMED, NAMES, OF_ONE_DEVICE, OWN, ROOM_STATES},
};
use crate::{
    ClientError, conversation,
    overlay::Overlay,
    rows::{self, ACCOUNT, AccountRow, ROOMS, RoomRow, Row as _, Secret, last_number, name},
};
use sha2::{Digest as _, Sha256};
use tls_codec::{TlsDeserializeBytes, TlsSerialize, TlsSize};
use trefoil_proto::{UserUri, backup::SegmentName};
use trefoil_store::KeyRange;

/// Rows that one step looks at.
const AT_ONCE: usize = 4096;
/// Stands in a walk for the places of segments, behind every table.
const PLACED: u8 = u8::MAX;

/// The account as it stands in an archive. Holds the account key.
#[derive(TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub(crate) struct OwnEntry {
    pub(crate) user: UserUri,
    pub(crate) account_secret: Secret,
}

impl rows::Row for OwnEntry {
    const WHAT: &'static str = "kept account";
}

/// Marks rows as changed, from a place on; gives the place to go on from, or `None` at the end.
pub(super) fn walk(tx: &mut Overlay, from: &[u8]) -> Result<Option<Vec<u8>>, ClientError> {
    let mut left = AT_ONCE;
    for (number, table) in tables::all() {
        let start = match from.split_first() {
            Some((first, _)) if *first > number => continue,
            Some((first, key)) if *first == number => key.to_vec(),
            _ => Vec::new(),
        };
        let range = KeyRange { start: start.into(), end: None };
        for (key, _) in tx.scan(table, &range, left + 1, false)? {
            let Some((of, place)) = tables::place(table, &key).filter(|(of, _)| *of == number) else {
                continue;
            };
            if left == 0 {
                return Ok(Some(place_key(of, &key)));
            }
            left -= 1;
            tx.put(CHANGED, place_key(of, place), IF_OTHER);
        }
    }
    // What segments have and the store has no longer.
    let start = from.split_first().filter(|(first, _)| **first == PLACED).map(|(_, place)| place.to_vec());
    let range = KeyRange { start: start.unwrap_or_default().into(), end: None };
    for (place, _) in tx.scan(PLACES, &range, left + 1, false)? {
        if left == 0 {
            return Ok(Some(place_key(PLACED, &place)));
        }
        left -= 1;
        tx.put(CHANGED, place.to_vec(), IF_OTHER);
    }
    Ok(None)
}

/// Makes a segment of rows that changed. False if none had.
pub(super) fn collect(
    tx: &mut Overlay,
    keys: &BackupKeys,
    state: &mut StateRow,
    name: SegmentName,
) -> Result<bool, ClientError> {
    let changed = tx.scan(CHANGED, &KeyRange::all(), AT_ONCE, false)?;
    if changed.is_empty() {
        return Ok(false);
    }
    let number = state.next;
    let oldest = oldest(tx)?;
    let mut writer = Writer::new();
    let mut taken = Vec::new();
    for (place, how) in changed {
        let Some((table, key)) = place.split_first() else { continue };
        let value = current(tx, *table, key)?;
        let known = PlaceRow::read(tx, PLACES, &place)?;
        let unchanged = known.as_ref().is_some_and(|known| known.digest == digest(value.as_deref()));
        // Where no older version can be, nothing has to say that it is gone.
        let is_first = |known: &PlaceRow| known.digest == digest(None) && Some(known.segment) == oldest;
        let needless = value.is_none() && known.as_ref().is_none_or(is_first);
        if needless {
            forget_place(tx, &place, known.as_ref(), &value, *table)?;
            tx.delete(CHANGED, place.to_vec());
            continue;
        }
        if unchanged && how[..] != *IN_ANY_CASE {
            tx.delete(CHANGED, place.to_vec());
            continue;
        }
        let entry = Entry { table: *table, key: key.to_vec(), value };
        let Some(size) = writer.push(&entry) else {
            if writer.is_empty() {
                // No row of ours is as large as a segment.
                tracing::warn!(table, "a row is too large for a backup");
                tx.delete(CHANGED, place.to_vec());
                continue;
            }
            break;
        };
        tx.delete(CHANGED, place.to_vec());
        let row = PlaceRow {
            segment: number,
            size: u32::try_from(size).unwrap_or(u32::MAX),
            digest: digest(entry.value.as_deref()),
        };
        taken.push((place.to_vec(), known, row, entry));
    }
    if writer.is_empty() {
        return Ok(true);
    }
    let mut rows = 0;
    for (place, known, row, entry) in taken {
        forget_place(tx, &place, known.as_ref(), &entry.value, entry.table)?;
        rows += row.size;
        tx.put(CONTENTS, content_key(number, &place), Vec::new());
        row.write(tx, PLACES, place);
    }
    let sealed = writer.seal(keys, number, name);
    let segment = SegmentRow {
        name,
        hash: Sha256::digest(&sealed).into(),
        length: u32::try_from(sealed.len()).unwrap_or(u32::MAX),
        rows,
        live: rows,
        there: None,
        forgotten: None,
    };
    segment.write(tx, SEGMENTS, number.to_be_bytes());
    tx.put(OUTBOX, number.to_be_bytes(), sealed);
    state.next += 1;
    state.stale = Some(());
    Ok(true)
}

/// The newest version of a row is no longer where it was.
fn forget_place(
    tx: &mut Overlay,
    place: &[u8],
    known: Option<&PlaceRow>,
    value: &Option<Vec<u8>>,
    table: u8,
) -> Result<(), ClientError> {
    let Some(known) = known else { return Ok(()) };
    tx.delete(CONTENTS, content_key(known.segment, place));
    tx.delete(PLACES, place);
    let at = known.segment.to_be_bytes();
    if let Some(mut segment) = SegmentRow::read(tx, SEGMENTS, &at)? {
        segment.live = segment.live.saturating_sub(known.size);
        if tables::table_of(table).is_some_and(|table| conversation::is_forgotten(table, value.as_deref())) {
            segment.forgotten = Some(());
        }
        segment.write(tx, SEGMENTS, at);
    }
    Ok(())
}

/// Notes that a segment has the newest version of a row: as it is restored from there.
pub(super) fn found_in(tx: &mut Overlay, segment: u64, entry: &Entry) -> Result<(), ClientError> {
    let place = place_key(entry.table, &entry.key);
    let known = PlaceRow::read(tx, PLACES, &place)?;
    forget_place(tx, &place, known.as_ref(), &entry.value, entry.table)?;
    let size = entry.key.len() + entry.value.as_ref().map_or(0, Vec::len) + 2;
    let size = u32::try_from(size).unwrap_or(u32::MAX);
    PlaceRow { segment, size, digest: digest(entry.value.as_deref()) }.write(tx, PLACES, place.clone());
    tx.put(CONTENTS, content_key(segment, &place), Vec::new());
    if let Some(mut row) = SegmentRow::read(tx, SEGMENTS, &segment.to_be_bytes())? {
        row.rows = row.rows.saturating_add(size);
        row.live = row.live.saturating_add(size);
        row.write(tx, SEGMENTS, segment.to_be_bytes());
    }
    Ok(())
}

/// What a place holds now, as an archive has it.
pub(super) fn current(tx: &Overlay, number: u8, key: &[u8]) -> Result<Option<Vec<u8>>, ClientError> {
    match number {
        OWN => {
            let account = AccountRow::read(tx, ACCOUNT, name::ME)?;
            Ok(account.and_then(|account| {
                let user = account.device.user_uri();
                let account_secret = account.account_secret.as_ref()?.clone();
                Some(OwnEntry { user, account_secret }.to_row())
            }))
        }
        NAMED if NAMES.contains(&key) => Ok(tx.get(ACCOUNT, key)?),
        ROOM_STATES => Ok(RoomRow::read(tx, ROOMS, key)?.map(|row| vec![row.state as u8])),
        number => {
            let Some(table) = tables::table_of(number) else { return Ok(None) };
            Ok(tx.get(table, key)?.filter(|value| conversation::is_carried(table, value)))
        }
    }
}

/// The next rows of everything that another device of the account may have, from a place on: a whole segment of them,
/// and the place to go on from.
pub(crate) fn everything(tx: &Overlay, from: &[u8]) -> Result<(Writer, Option<Vec<u8>>), ClientError> {
    let mut writer = Writer::new();
    for (number, table) in tables::all() {
        let mut start = match from.split_first() {
            Some((first, _)) if *first > number => continue,
            Some((first, key)) if *first == number => key.to_vec(),
            _ => Vec::new(),
        };
        if number == OWN {
            continue;
        }
        loop {
            let range = KeyRange { start: start.clone().into(), end: None };
            let page = tx.scan(table, &range, 256, false)?;
            let Some((last, _)) = page.last() else { break };
            start = [last, &[0][..]].concat();
            for (key, _) in page {
                if tables::place(table, &key).is_none_or(|(of, _)| of != number)
                    || number == NAMED && OF_ONE_DEVICE.contains(&&key[..])
                {
                    continue;
                }
                let Some(value) = current(tx, number, &key)? else { continue };
                let entry = Entry { table: number, key: key.to_vec(), value: Some(value) };
                if writer.push(&entry).is_none() {
                    if writer.is_empty() {
                        continue;
                    }
                    return Ok((writer, Some(place_key(number, &key))));
                }
            }
        }
    }
    Ok((writer, None))
}

fn oldest(tx: &Overlay) -> Result<Option<u64>, ClientError> {
    let first = tx.scan(SEGMENTS, &KeyRange::all(), 1, false)?;
    Ok(first.first().and_then(|(key, _)| last_number(key)))
}

fn digest(value: Option<&[u8]>) -> [u8; 8] {
    let whole: [u8; 32] = match value {
        Some(value) => Sha256::new().chain_update([1]).chain_update(value).finalize().into(),
        None => [0; 32],
    };
    *whole.first_chunk().expect("32 bytes begin with 8")
}
