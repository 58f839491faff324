//! Segments that are mostly garbage, many and small, or hold what was to be forgotten, are written anew.

use super::rows::{CHANGED, CONTENTS, IN_ANY_CASE, SEGMENTS, SegmentRow, StateRow};
use crate::{
    ClientError,
    overlay::Overlay,
    rows::{Row as _, last_number},
};
use trefoil_proto::Timestamp;
use trefoil_store::KeyRange;

/// Garbage under so many bytes is left.
const LITTLE: u64 = 256 * 1024;
/// A segment of at most so many sealed bytes is small.
const SMALL: u32 = 64 * 1024;
/// So many small segments are joined.
const MANY: usize = 32;
/// Between two rounds of forgetting, in milliseconds: a day.
const DAY: u64 = 24 * 60 * 60 * 1000;

/// Every segment with its number.
pub(super) fn segments(tx: &Overlay) -> Result<Vec<(u64, SegmentRow)>, ClientError> {
    let rows = tx.scan(SEGMENTS, &KeyRange::all(), usize::MAX, false)?;
    rows.iter().map(|(key, row)| Ok((last_number(key).unwrap_or(0), SegmentRow::from_row(row)?))).collect()
}

/// Marks the rows of segments that are to be written anew. False if there are none.
pub(super) fn compact(tx: &mut Overlay, state: &mut StateRow, now: Timestamp) -> Result<bool, ClientError> {
    let segments = segments(tx)?;
    let chosen = choose(&segments, now.millis_since(state.swept) > DAY);
    if chosen.is_empty() {
        return Ok(false);
    }
    if segments.iter().any(|(number, row)| chosen.contains(number) && row.forgotten.is_some()) {
        state.swept = now;
    }
    for number in &chosen {
        for (key, _) in
            tx.scan(CONTENTS, &KeyRange::prefix(number.to_be_bytes().to_vec()), usize::MAX, false)?
        {
            tx.put(CHANGED, &key[8..], IN_ANY_CASE);
        }
    }
    Ok(true)
}

/// The numbers of the segments that are to be written anew.
fn choose(segments: &[(u64, SegmentRow)], forget: bool) -> Vec<u64> {
    let live = || segments.iter().filter(|(_, row)| row.live > 0);
    let pick = |wanted: &dyn Fn(&SegmentRow) -> bool| -> Vec<u64> {
        live().filter(|(_, row)| wanted(row)).map(|(number, _)| *number).collect()
    };
    if forget {
        let forgotten = pick(&|row| row.forgotten.is_some());
        if !forgotten.is_empty() {
            return forgotten;
        }
    }
    let sum = |of: fn(&SegmentRow) -> u32| live().map(|(_, row)| u64::from(of(row))).sum::<u64>();
    let (rows, garbage) = (sum(|row| row.rows), sum(SegmentRow::garbage));
    if garbage > LITTLE && garbage * 2 > rows {
        return pick(&|row| row.garbage() > row.live);
    }
    let small = pick(&|row| row.length <= SMALL);
    if small.len() >= MANY { small } else { Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use trefoil_proto::backup::SegmentName;

    fn segment(number: u64, rows: u32, live: u32) -> (u64, SegmentRow) {
        let row = SegmentRow {
            name: SegmentName([0; 16]),
            hash: [0; 32],
            length: rows.max(SMALL + 1),
            rows,
            live,
            there: Some(()),
            forgotten: None,
        };
        (number, row)
    }

    #[test]
    fn what_is_mostly_garbage_is_written_anew_and_nothing_else() {
        let full = segment(1, 1_000_000, 900_000);
        let spent = segment(2, 1_000_000, 100_000);
        let worse = segment(3, 1_000_000, 50_000);
        assert!(choose(&[full.clone(), spent.clone()], true).is_empty(), "less than half in all");
        assert_eq!(choose(&[full.clone(), spent.clone(), worse.clone()], true), [2, 3]);
        assert!(choose(&[segment(1, 100_000, 1)], true).is_empty(), "too little to care");
        let small: Vec<_> = (0..MANY as u64)
            .map(|number| {
                let (number, row) = segment(number, 10, 10);
                (number, SegmentRow { length: 4096, ..row })
            })
            .collect();
        assert_eq!(choose(&small, false).len(), MANY);
        assert!(choose(&small[1..], false).is_empty());
    }

    #[test]
    fn what_was_to_be_forgotten_goes_once_a_day() {
        let (number, row) = segment(1, 1_000_000, 999_999);
        let forgotten = [(number, SegmentRow { forgotten: Some(()), ..row })];
        assert_eq!(choose(&forgotten, true), [1]);
        assert!(choose(&forgotten, false).is_empty());
    }
}
