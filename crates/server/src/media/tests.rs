//! Rows keep their form, ranges their meaning, and URLs their host. The rest is tested over HTTP in `tests/edge`.

#![allow(clippy::unwrap_used)]

use super::{rows::*, *};
use futures_util::future::BoxFuture;
use proptest::prelude::*;
use std::sync::atomic::{AtomicBool, Ordering};
use trefoil_store::{MemoryBlobs, MemoryStore};

fn hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(bytes)
}

#[test]
fn rows_keep_their_form() {
    let row = UploadRow { length: 1, expires: Timestamp(2) };
    assert_eq!(hex(&row.encode()), "0100000000000000010000000000000002");
    assert_eq!(UploadRow::decode(&row.encode()).unwrap(), row);
    let row = BlobRow { length: 1, day: 2 };
    assert_eq!(hex(&row.encode()), "01000000000000000100000002");
    assert_eq!(hex(&encode_quota(3)), "010000000000000003");
    assert_eq!(decode_quota(&encode_quota(3)).unwrap(), 3);
    assert!(quota_key(&"z".parse().unwrap(), 1) < quota_key(&"a".parse().unwrap(), 256));
    assert!(matches!(BlobRow::decode(&[9, 9]), Err(MediaError::DamagedRow)));
}

#[test]
fn ranges_mean_what_the_rfc_says() {
    let part = |header: &str, length| byte_range(Some(header.as_bytes())).within(length).ok();
    let some = |start, end, of| Some(Part { start, end, of });
    assert_eq!(part("bytes=0-0", 10), some(0, 1, 10));
    assert_eq!(part("bytes=5-", 10), some(5, 10, 10));
    assert_eq!(part("bytes=-3", 10), some(7, 10, 10));
    assert_eq!(part("bytes=-30", 10), some(0, 10, 10));
    assert_eq!(part("bytes=9-99", 10), some(9, 10, 10));
    assert_eq!(part("bytes=10-", 10), None);
    assert_eq!(part("bytes=-0", 10), None);
    for ignored in ["bytes=5-2", "bytes=0-1,3-4", "items=0-1", "bytes=a-b", "bytes=+1-2", ""] {
        assert_eq!(part(ignored, 10), some(0, 10, 10), "{ignored}");
    }
}

#[test]
fn a_url_is_a_service_and_an_id_or_nothing() {
    let id = "AAAAAAAAAAAAAAAAAAAAAA";
    let url = MediaUrl::parse(&MediaUrl::own("https://a.test:8443", id)).unwrap();
    assert_eq!(
        (url.base.as_str(), url.host.as_str(), url.id.as_str()),
        ("https://a.test:8443", "a.test:8443", id)
    );
    for bad in [
        format!("https://a.test/v1/media/{id}?x"),
        format!("https://a.test/v1/media/{id}#x"),
        format!("https://a.test/x/v1/media/{id}"),
        format!("https://a.test@b.test/v1/media/{id}"),
        format!("//a.test/v1/media/{id}"),
        "https://a.test/v1/media/short".to_owned(),
    ] {
        assert_eq!(MediaUrl::parse(&bad), None, "{bad}");
    }
}

/// Blobs of a service that ends before it deletes any, or whose uploads run out while a piece is on its way.
struct Unlucky {
    store: Arc<MemoryStore>,
    blobs: MemoryBlobs,
    ends_before_deleting: AtomicBool,
    swept_before_appending: AtomicBool,
}

impl Blobs for Unlucky {
    fn append(&self, id: &str, offset: u64, piece: Bytes) -> BoxFuture<'_, Result<u64, StoreError>> {
        let id = id.to_owned();
        Box::pin(async move {
            if self.swept_before_appending.load(Ordering::SeqCst) {
                let mut batch = Batch::new();
                batch.delete(UPLOADS, id.clone());
                Store::commit(&*self.store, batch).await?;
                self.blobs.delete(&id).await?;
            }
            self.blobs.append(&id, offset, piece).await
        })
    }

    fn length(&self, id: &str) -> BoxFuture<'_, Result<Option<u64>, StoreError>> {
        self.blobs.length(id)
    }

    fn read(&self, id: &str, offset: u64, length: usize) -> BoxFuture<'_, Result<Option<Bytes>, StoreError>> {
        self.blobs.read(id, offset, length)
    }

    fn delete(&self, id: &str) -> BoxFuture<'_, Result<(), StoreError>> {
        if self.ends_before_deleting.load(Ordering::SeqCst) {
            return Box::pin(async { Err(StoreError::Closed) });
        }
        self.blobs.delete(id)
    }
}

fn unlucky() -> (Arc<MemoryStore>, Arc<Unlucky>, Media) {
    let store = Arc::new(MemoryStore::new());
    let blobs = Arc::new(Unlucky {
        store: Arc::clone(&store),
        blobs: MemoryBlobs::new(),
        ends_before_deleting: AtomicBool::new(false),
        swept_before_appending: AtomicBool::new(false),
    });
    let settings = Settings { bytes_per_day: 100, days: 1 };
    let media = Media::new(store.clone(), blobs.clone(), settings);
    (store, blobs, media)
}

#[tokio::test]
async fn bytes_whose_row_went_before_a_crash_go_after_it() {
    const DAY: u64 = 24 * 60 * 60 * 1000;
    let (store, blobs, media) = unlucky();
    let mut ids = Vec::new();
    for piece in [&b"whole"[..], b"part"] {
        let request = OpenUpload { length: 5 };
        let id = media.open(&"ann".parse().unwrap(), &request, Timestamp(0)).await.unwrap();
        media.append(&id, 0, Bytes::from_static(piece), Timestamp(0)).await.unwrap();
        ids.push(id);
    }
    blobs.ends_before_deleting.store(true, Ordering::SeqCst);
    // Each time it ends at the first bytes it would delete.
    for _ in 0..3 {
        assert!(matches!(media.sweep(Timestamp(3 * DAY)).await, Err(MediaError::Write(_))));
    }
    blobs.ends_before_deleting.store(false, Ordering::SeqCst);
    media.sweep(Timestamp(3 * DAY)).await.unwrap();
    for id in &ids {
        assert_eq!(blobs.length(id).await.unwrap(), None);
    }
    media.sweep(Timestamp(4 * DAY)).await.unwrap();
    for table in [UPLOADS, BLOBS, DOOMED] {
        assert!(
            Store::scan(&*store, table, KeyRange::all(), 9).await.unwrap().is_empty(),
            "{}",
            table.name()
        );
    }
}

#[tokio::test]
async fn a_piece_that_comes_after_the_end_of_its_upload_is_not_kept() {
    for piece in [&b"whole"[..], b"part"] {
        let (store, blobs, media) = unlucky();
        let request = OpenUpload { length: 5 };
        let id = media.open(&"ann".parse().unwrap(), &request, Timestamp(0)).await.unwrap();
        blobs.swept_before_appending.store(true, Ordering::SeqCst);
        let late = media.append(&id, 0, Bytes::from_static(piece), Timestamp(0)).await;
        assert!(matches!(late, Err(MediaError::NotFound)), "{late:?}");
        assert_eq!(blobs.length(&id).await.unwrap(), None);
        assert!(Store::scan(&*store, BLOBS, KeyRange::all(), 9).await.unwrap().is_empty());
    }
}

proptest! {
    #[test]
    fn no_range_names_bytes_that_are_not_there(header in "\\PC{0,30}", length in 0_u64..1000) {
        if let Ok(part) = byte_range(Some(header.as_bytes())).within(length) {
            prop_assert!(part.start <= part.end && part.end <= length);
        }
    }
}
