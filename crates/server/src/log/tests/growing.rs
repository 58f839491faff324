//! Appending, reading, and what an operator hands in.

use super::*;
use trefoil_store::{KeyRange, Store as _, Table};
use trefoil_transparency::log::{MerkleLog, TreeHead, new_tiles};

/// Stands for the table of another room.
const OTHER: Table = rows::FORKS;

fn reference(size: u64) -> MerkleLog {
    let mut log = MerkleLog::new();
    for number in 0..size {
        log.append(&entry(number));
    }
    log
}

fn path(raw: &str) -> TilePath {
    raw.parse().unwrap()
}

#[tokio::test]
async fn what_is_appended_is_served_as_tiles_and_bundles() {
    let service = World::new().start("a.test", 1, new_store());
    assert_eq!(service.log.head().await.unwrap(), TreeHead::EMPTY);
    for (number, expected) in (0..5).zip(1..) {
        let appended = service.log.append(&entry(number)).await.unwrap();
        assert_eq!((appended.first, appended.head), (number, reference(expected).head()));
    }
    service.grow(600).await;
    let log = reference(605);
    assert_eq!(service.log.head().await.unwrap(), log.head());
    for path in new_tiles(0, 605) {
        let tile = service.log.tile(&path).await.unwrap();
        if path.is_entries() {
            let first = path.first_entry();
            let expected: Vec<_> = (first..first + u64::from(path.width())).map(entry).collect();
            assert_eq!(unbundle(&tile).unwrap(), expected, "{path}");
        } else {
            assert_eq!(path.hashes(&log).unwrap(), tile, "{path}");
        }
    }
    // As they were when the log was smaller; and nothing that it does not have.
    assert_eq!(service.log.tile(&path("tile/0/000.p/3")).await.unwrap().len(), 96);
    assert_eq!(unbundle(&service.log.tile(&path("tile/entries/002.p/9")).await.unwrap()).unwrap().len(), 9);
    for beyond in
        ["tile/0/002.p/94", "tile/0/003.p/1", "tile/1/000.p/3", "tile/entries/002", "tile/2/000.p/1"]
    {
        let answer = service.log.tile(&path(beyond)).await;
        assert!(matches!(answer, Err(LogError::NoSuchTile)), "{beyond}: {answer:?}");
    }
}

#[tokio::test]
async fn a_log_goes_on_after_a_restart_and_beside_another_process() {
    let (world, store) = (World::new(), new_store());
    let first = world.start("a.test", 1, store.clone());
    first.grow(258).await;
    let second = world.start("a.test", 1, store);
    // Both keep an edge in memory, and each is overtaken by the other.
    for (number, service) in (258..266).zip([&second, &first].into_iter().cycle()) {
        assert_eq!(service.log.append(&entry(number)).await.unwrap().first, number);
    }
    assert_eq!(first.log.head().await.unwrap(), reference(266).head());
}

#[tokio::test]
async fn an_entry_and_what_belongs_to_it_are_one_commit() {
    let service = World::new().start("a.test", 1, new_store());
    let mut batch = Batch::new();
    batch.assert_absent(OTHER, "key");
    batch.put(OTHER, "key", "value");
    service.log.append_with(&[entry(0)], batch.clone()).await.unwrap();
    assert_eq!(service.store.get(OTHER, "key".into()).await.unwrap().as_deref(), Some(&b"value"[..]));
    let before = service.store.scan(rows::TILES, KeyRange::all(), 10).await.unwrap();
    let refused = service.log.append_with(&[entry(1)], batch).await;
    assert!(matches!(refused, Err(LogError::Assert { index: 0 })), "{refused:?}");
    assert_eq!(service.log.head().await.unwrap(), reference(1).head());
    assert_eq!(service.store.scan(rows::TILES, KeyRange::all(), 10).await.unwrap(), before);
    service.grow(1).await;
    assert_eq!(service.log.head().await.unwrap(), reference(2).head());
}

#[tokio::test]
async fn a_log_whose_tiles_are_damaged_does_not_grow() {
    let (world, store) = (World::new(), new_store());
    world.start("a.test", 1, store.clone()).grow(3).await;
    let key = rows::tile_key(&path("tile/0/000.p/3"));
    let mut tile = store.get(rows::TILES, key.clone()).await.unwrap().unwrap().to_vec();
    tile[40] ^= 1;
    let mut batch = Batch::new();
    batch.put(rows::TILES, key, tile);
    store.commit(batch).await.unwrap();
    let service = world.start("a.test", 1, store);
    assert!(matches!(service.log.append(&entry(3)).await, Err(LogError::DamagedRow)));
    assert_eq!(service.log.head().await.unwrap(), reference(3).head());
}

#[tokio::test]
async fn a_release_that_is_handed_in_is_entered_once() {
    let world = World::new();
    let service = world.start("a.test", 1, new_store());
    let data = world.folder.path();
    hand_in(data, release(1)).unwrap();
    hand_in(data, release(1)).unwrap();
    hand_in(data, release(3)).unwrap();
    let inbox = data.join("log-inbox");
    std::fs::write(inbox.join("noise.entry"), "noise").unwrap();
    std::fs::write(inbox.join("large.entry"), vec![0; 5000]).unwrap();
    // A root of a key directory is nothing for an operator to say.
    std::fs::write(inbox.join("root.entry"), trefoil_proto::Wire::encode(&entry(0))).unwrap();
    service.log.take_handed_in().await;
    assert_eq!(service.log.head().await.unwrap().size, 2);
    // As after a crash between the entry and the end of its file.
    hand_in(data, release(3)).unwrap();
    service.log.take_handed_in().await;
    assert_eq!(service.log.head().await.unwrap().size, 2);
    let mut left: Vec<_> = std::fs::read_dir(inbox)
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    left.sort();
    assert_eq!(left, ["large.refused", "noise.refused", "root.refused"]);
}
