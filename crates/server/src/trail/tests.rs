//! The trail by itself: entries, what they are entered with, and who goes through it.
#![allow(clippy::unwrap_used)]

use super::*;
use trefoil_store::{MemoryStore, Table};

const NOW: Timestamp = Timestamp(1_700_000_000_000);
/// Stands for the table of another room.
const OTHER: Table = Table::new("trail.anchors");

async fn grown(entries: u64) -> (Arc<MemoryStore>, Trail) {
    let store = Arc::new(MemoryStore::new());
    let trail = Trail::new(store.clone());
    for number in 1..=entries {
        let note = Note::new("ines", Act::Claimed).saying(format!("entry {number}"));
        trail.enter(note, Batch::new(), NOW.plus_millis(number)).await.unwrap();
    }
    (store, trail)
}

fn walked(entries: &[AuditEntry]) -> Result<Walk, Untrue> {
    let mut walk = Walk::default();
    // Page by page.
    entries.chunks(2).try_for_each(|page| walk.go(page))?;
    Ok(walk)
}

#[tokio::test]
async fn a_trail_that_was_changed_is_found() {
    let (_, trail) = grown(11).await;
    let entries = trail.after(6, 100).await.unwrap();
    let walk = walked(&entries).unwrap();
    assert_eq!((walk.entries(), walk.first()), (5, Some(7)));
    let mut changed = entries.clone();
    changed[2].who = "otto".into();
    assert_eq!(walked(&changed).unwrap_err(), Untrue::Broken(10));
    let mut missing = entries.clone();
    missing.remove(2);
    assert_eq!(walked(&missing).unwrap_err(), Untrue::Broken(10));
    let mut swapped = entries;
    swapped.swap(1, 2);
    assert!(walked(&swapped).is_err());
}

#[tokio::test]
async fn a_trail_that_was_written_anew_or_cut_off_contradicts_its_heads() {
    let (_, trail) = grown(5).await;
    let entries = trail.after(0, 100).await.unwrap();
    let walk = walked(&entries).unwrap();
    let head = |number: usize| entries[number - 1].hash();
    assert_eq!(walk.holds(3, &head(3)), Ok(Held::Yes));
    assert_eq!(walk.holds(5, &head(5)), Ok(Held::Yes));
    assert_eq!(walk.holds(3, &head(4)), Err(Untrue::Other(3)));
    assert_eq!(walked(&entries[..4]).unwrap().holds(5, &head(5)), Err(Untrue::CutOff(5)));
    assert_eq!(Walk::default().holds(1, &head(1)), Err(Untrue::CutOff(1)));
    // What is older than two years is gone; the entry before the first is still held to what the first says of it.
    let later = walked(&entries[3..]).unwrap();
    assert_eq!(later.holds(2, &head(2)), Ok(Held::Before));
    assert_eq!(later.holds(3, &head(3)), Ok(Held::Yes));
    assert_eq!(later.holds(3, &head(2)), Err(Untrue::Other(3)));
}

#[tokio::test]
async fn an_entry_and_what_it_records_are_one_commit() {
    let (store, trail) = grown(1).await;
    let mut batch = Batch::new();
    batch.assert_absent(OTHER, "key").put(OTHER, "key", "value");
    trail.enter(Note::new("ines", Act::Decided), batch.clone(), NOW).await.unwrap();
    let refused = trail.enter(Note::new("ines", Act::Decided), batch, NOW).await;
    assert!(matches!(refused, Err(TrailError::Assert { index: 0 })), "{refused:?}");
    assert_eq!(trail.after(0, 100).await.unwrap().len(), 2);
    assert!(Store::get(&*store, OTHER, "key".into()).await.unwrap().is_some());
    // Another process goes on with the same trail.
    let beside = Trail::new(store);
    beside.enter(Note::new("otto", Act::Claimed), Batch::new(), NOW).await.unwrap();
    trail.enter(Note::new("ines", Act::Released), Batch::new(), NOW).await.unwrap();
    assert_eq!(walked(&trail.after(0, 100).await.unwrap()).unwrap().entries(), 4);
}

#[tokio::test]
async fn two_years_later_the_last_entry_is_left() {
    let (_, trail) = grown(5).await;
    trail.sweep(NOW.plus_millis(KEPT + 2)).await.unwrap();
    assert_eq!(trail.after(0, 100).await.unwrap()[0].number, 3);
    trail.sweep(NOW.plus_millis(2 * KEPT)).await.unwrap();
    let left = trail.after(0, 100).await.unwrap();
    assert_eq!((left.len(), left[0].number), (1, 5));
    trail.enter(Note::new("ines", Act::Claimed), Batch::new(), NOW).await.unwrap();
    assert_eq!(walked(&trail.after(0, 100).await.unwrap()).unwrap().entries(), 2);
}
