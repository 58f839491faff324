//! [`Blobs`]: pieces at exact offsets, ranges, and ids that cannot leave their folder.

use super::failed_at;
use crate::{Blobs, StoreError};
use bytes::Bytes;
use std::sync::Arc;

pub(super) async fn run(make: &impl AsyncFn() -> Arc<dyn Blobs>) {
    pieces(&*make().await).await;
    ids(&*make().await).await;
    race(make().await).await;
}

async fn pieces(blobs: &dyn Blobs) {
    assert_eq!(blobs.length("a").await.ok(), Some(None), "no blob yet");
    assert_eq!(blobs.read("a", 0, 9).await.ok(), Some(None), "no blob yet");
    assert_eq!(failed_at(&blobs.append("a", 1, "x".into()).await), Some(0), "a blob begins at zero");
    assert_eq!(blobs.length("a").await.ok(), Some(None), "a refused piece makes no blob");
    assert_eq!(blobs.append("a", 0, "hello".into()).await.ok(), Some(5));
    assert_eq!(blobs.append("a", 5, " world".into()).await.ok(), Some(11));
    for offset in [0, 5, 12, u64::MAX] {
        assert_eq!(
            failed_at(&blobs.append("a", offset, "again".into()).await),
            Some(0),
            "not at offset {offset}"
        );
    }
    assert_eq!(blobs.append("a", 11, Bytes::new()).await.ok(), Some(11), "an empty piece");
    assert_eq!(blobs.length("a").await.ok(), Some(Some(11)));
    for (offset, length, wanted) in [
        (0, 11, "hello world"),
        (0, usize::MAX, "hello world"),
        (6, 3, "wor"),
        (6, 99, "world"),
        (3, 0, ""),
        (11, 5, ""),
        (u64::MAX, 5, ""),
    ] {
        let found = blobs.read("a", offset, length).await.expect("a blob can be read");
        assert_eq!(found, Some(wanted.into()), "{length} bytes from {offset}");
    }
    assert_eq!(blobs.append("empty", 0, Bytes::new()).await.ok(), Some(0));
    assert_eq!(blobs.length("empty").await.ok(), Some(Some(0)), "an empty blob is a blob");
    let big = Bytes::from((0..3 << 20).map(|n: u32| n.to_le_bytes()[1]).collect::<Vec<u8>>());
    assert_eq!(blobs.append("big", 0, big.clone()).await.ok(), Some(big.len() as u64));
    assert_eq!(blobs.read("big", 1 << 20, 4096).await.ok(), Some(Some(big.slice(1 << 20..(1 << 20) + 4096))));
    assert!(blobs.delete("a").await.is_ok());
    assert!(blobs.delete("a").await.is_ok(), "deleting what is not there is no error");
    assert_eq!(blobs.length("a").await.ok(), Some(None));
    assert_eq!(blobs.length("big").await.ok(), Some(Some(big.len() as u64)), "others stay");
}

async fn ids(blobs: &dyn Blobs) {
    let long = "a".repeat(128);
    for id in ["a", "-", "_", "AZaz09-_", &long] {
        assert_eq!(blobs.append(id, 0, "x".into()).await.ok(), Some(1), "{id:?} is an id");
        assert_eq!(blobs.read(id, 0, 1).await.ok(), Some(Some("x".into())));
    }
    let longer = "a".repeat(129);
    for id in ["", ".", "..", "a/b", "../a", "/etc", "a\\b", "a b", "a\0", "ä", "a.b", "\n", &longer] {
        let refused = [
            blobs.append(id, 0, "x".into()).await.map(drop),
            blobs.length(id).await.map(drop),
            blobs.read(id, 0, 1).await.map(drop),
            blobs.delete(id).await,
        ];
        for result in refused {
            assert!(matches!(result, Err(StoreError::InvalidBlobId)), "{id:?} is no id");
        }
    }
}

/// Of many appends at one offset, one succeeds.
async fn race(blobs: Arc<dyn Blobs>) {
    for round in 0..10_u64 {
        let tasks: Vec<_> = (0..8_u8)
            .map(|task| {
                let blobs = Arc::clone(&blobs);
                tokio::spawn(async move { blobs.append("race", round * 3, vec![task; 3].into()).await })
            })
            .collect();
        let mut winners = 0;
        for task in tasks {
            let result = task.await.expect("a task ends without a panic");
            assert!(result.is_ok() || failed_at(&result) == Some(0), "the only failure is the offset");
            winners += u32::from(result.is_ok());
        }
        assert_eq!(winners, 1, "one of the appends at one offset succeeds");
    }
    let whole = blobs.read("race", 0, 99).await.expect("a blob can be read").expect("the blob is there");
    assert_eq!(whole.len(), 30);
    assert!(whole.chunks(3).all(|piece| piece.iter().all(|byte| *byte == piece[0])), "pieces are whole");
}
