//! Whose a backup is, what a token opens, the counter, the quota, and that no bytes are left behind.

#![allow(clippy::unwrap_used)]

use super::{rows::*, *};
use trefoil_proto::backup::{BackupToken, SegmentName};
use trefoil_store::{MemoryBlobs, MemoryStore};

const NOW: Timestamp = Timestamp(1_700_000_000_000);
const TOKEN: [u8; 32] = [7; 32];
const ID: BackupId = BackupId([1; 32]);

struct Place {
    store: Arc<MemoryStore>,
    blobs: Arc<MemoryBlobs>,
    backups: Backups,
    ann: UserId,
    bob: UserId,
}

fn place() -> Place {
    let (store, blobs) = (Arc::new(MemoryStore::new()), Arc::new(MemoryBlobs::new()));
    let backups = Backups::new(store.clone(), blobs.clone(), Settings { bytes: 100 });
    Place { store, blobs, backups, ann: "ann".parse().unwrap(), bob: "bob".parse().unwrap() }
}

fn open(id: BackupId, kind: BackupKind) -> OpenBackup {
    OpenBackup { id, token_hash: Sha256::digest(TOKEN).into(), kind }
}

fn segment(name: u8, sealed: &[u8]) -> PutSegment {
    let token = BackupToken(TOKEN);
    PutSegment { id: ID, token, name: SegmentName([name; 16]), sealed: sealed.to_vec() }
}

fn manifest(expected: u64, sealed: &[u8], dropped: &[u8]) -> PutManifest {
    let dropped = dropped.iter().map(|name| SegmentName([*name; 16])).collect();
    PutManifest { id: ID, token: BackupToken(TOKEN), expected, sealed: sealed.to_vec(), dropped }
}

fn read(part: BackupPart) -> ReadBackup {
    ReadBackup { id: ID, token: BackupToken(TOKEN), part }
}

impl Place {
    async fn rows(&self, table: Table) -> usize {
        Store::scan(&*self.store, table, KeyRange::all(), 999).await.unwrap().len()
    }
}

#[tokio::test]
async fn what_was_put_is_read_with_the_token_and_by_nobody_else() {
    let place = place();
    let backups = &place.backups;
    assert_eq!(backups.open(&place.ann, &open(ID, BackupKind::Lasting), NOW).await.unwrap(), Put::New);
    assert_eq!(backups.open(&place.ann, &open(ID, BackupKind::Lasting), NOW).await.unwrap(), Put::Repeated);
    for (who, kind) in [(&place.bob, BackupKind::Lasting), (&place.ann, BackupKind::Passing)] {
        let taken = backups.open(who, &open(ID, kind), NOW).await;
        assert!(matches!(taken, Err(BackupError::Taken)), "{taken:?}");
    }
    let part = BackupPart::Segment(SegmentName([1; 16]));
    assert!(matches!(backups.read(&read(BackupPart::Manifest), NOW).await, Err(BackupError::NotFound)));
    assert_eq!(backups.put(&place.ann, &segment(1, b"one"), NOW).await.unwrap(), Put::New);
    assert_eq!(backups.put(&place.ann, &segment(1, b"one"), NOW).await.unwrap(), Put::Repeated);
    let other = backups.put(&place.ann, &segment(1, b"two"), NOW).await;
    assert!(matches!(other, Err(BackupError::Other)));
    backups.replace(&place.ann, &manifest(0, b"list", &[]), NOW).await.unwrap();
    assert_eq!(backups.read(&read(part), NOW).await.unwrap().sealed, b"one");
    let answer = backups.read(&read(BackupPart::Manifest), NOW).await.unwrap();
    assert_eq!((answer.counter, &answer.sealed[..]), (1, &b"list"[..]));
    // Another token, another person with the token, another backup.
    let mut wrong = read(part);
    wrong.token.0[0] ^= 1;
    assert!(matches!(backups.read(&wrong, NOW).await, Err(BackupError::NotFound)));
    let mut wrong = segment(2, b"x");
    wrong.token.0[0] ^= 1;
    assert!(matches!(backups.put(&place.ann, &wrong, NOW).await, Err(BackupError::NotFound)));
    assert!(matches!(backups.put(&place.bob, &segment(2, b"x"), NOW).await, Err(BackupError::NotFound)));
    let theirs = backups.replace(&place.bob, &manifest(1, b"x", &[]), NOW).await;
    assert!(matches!(theirs, Err(BackupError::NotFound)));
    let delete = DeleteBackup { id: ID, token: BackupToken(TOKEN), kind: BackupKind::Lasting };
    let other_kind = DeleteBackup { kind: BackupKind::Passing, ..delete.clone() };
    assert!(matches!(backups.delete(&place.ann, &other_kind, NOW).await, Err(BackupError::NotFound)));
    assert!(matches!(backups.delete(&place.bob, &delete, NOW).await, Err(BackupError::NotFound)));
    backups.delete(&place.ann, &delete, NOW).await.unwrap();
    backups.delete(&place.ann, &delete, NOW).await.unwrap();
    assert!(matches!(backups.read(&read(part), NOW).await, Err(BackupError::NotFound)));
    assert_eq!(backups.used(&place.ann).await.unwrap(), 0);
    for table in [RECORDS, MANIFESTS, SEGMENTS, HOLDINGS] {
        assert_eq!(place.rows(table).await, 0, "{}", table.name());
    }
}

#[tokio::test]
async fn a_manifest_replaces_the_one_it_names_and_takes_segments_along() {
    let place = place();
    let backups = &place.backups;
    backups.open(&place.ann, &open(ID, BackupKind::Lasting), NOW).await.unwrap();
    for name in [1, 2] {
        backups.put(&place.ann, &segment(name, b"0123456789"), NOW).await.unwrap();
    }
    backups.replace(&place.ann, &manifest(0, b"both", &[]), NOW).await.unwrap();
    // The answer was lost.
    backups.replace(&place.ann, &manifest(0, b"both", &[]), NOW).await.unwrap();
    let stale = backups.replace(&place.ann, &manifest(0, b"other", &[]), NOW).await;
    assert!(matches!(stale, Err(BackupError::Counter(1))), "{stale:?}");
    let ahead = backups.replace(&place.ann, &manifest(7, b"other", &[]), NOW).await;
    assert!(matches!(ahead, Err(BackupError::Counter(1))), "{ahead:?}");
    assert_eq!(backups.used(&place.ann).await.unwrap(), 24);
    backups.replace(&place.ann, &manifest(1, b"second", &[1, 1, 9]), NOW).await.unwrap();
    assert_eq!(backups.used(&place.ann).await.unwrap(), 16);
    let gone = backups.read(&read(BackupPart::Segment(SegmentName([1; 16]))), NOW).await;
    assert!(matches!(gone, Err(BackupError::NotFound)));
    assert!(backups.read(&read(BackupPart::Segment(SegmentName([2; 16]))), NOW).await.is_ok());
}

#[tokio::test]
async fn a_person_holds_so_much_and_so_many() {
    let place = place();
    let backups = &place.backups;
    backups.open(&place.ann, &open(ID, BackupKind::Lasting), NOW).await.unwrap();
    assert!(matches!(backups.put(&place.ann, &segment(1, b""), NOW).await, Err(BackupError::Length)));
    let huge = segment(1, &vec![0; limits::BACKUP_SEGMENT + 1]);
    assert!(matches!(backups.put(&place.ann, &huge, NOW).await, Err(BackupError::Length)));
    backups.put(&place.ann, &segment(1, &[1; 90]), NOW).await.unwrap();
    assert!(matches!(backups.put(&place.ann, &segment(2, &[2; 11]), NOW).await, Err(BackupError::Quota)));
    let list = backups.replace(&place.ann, &manifest(0, &[0; 11], &[]), NOW).await;
    assert!(matches!(list, Err(BackupError::Quota)));
    backups.replace(&place.ann, &manifest(0, &[0; 11], &[1]), NOW).await.unwrap();
    assert_eq!(backups.used(&place.ann).await.unwrap(), 11);
    for number in 1..limits::BACKUPS {
        let id = BackupId([100 + u8::try_from(number).unwrap(); 32]);
        backups.open(&place.ann, &open(id, BackupKind::Passing), NOW).await.unwrap();
    }
    let many = backups.open(&place.ann, &open(BackupId([99; 32]), BackupKind::Passing), NOW).await;
    assert!(matches!(many, Err(BackupError::TooMany)));
    backups.open(&place.bob, &open(BackupId([99; 32]), BackupKind::Passing), NOW).await.unwrap();
}

#[tokio::test]
async fn history_on_its_way_ends_after_a_day_and_its_bytes_go() {
    let place = place();
    let backups = &place.backups;
    backups.open(&place.ann, &open(ID, BackupKind::Passing), NOW).await.unwrap();
    backups.put(&place.ann, &segment(1, b"one"), NOW).await.unwrap();
    let row = Store::scan(&*place.store, SEGMENTS, KeyRange::all(), 9).await.unwrap().remove(0).1;
    let blob = String::from_utf8(SegmentRow::decode(&row).unwrap().blob.into()).unwrap();
    let later = NOW.plus_millis(PASSING_LIFE);
    backups.sweep(Timestamp(later.0 - 1)).await.unwrap();
    assert!(place.blobs.length(&blob).await.unwrap().is_some(), "a segment is not swept away");
    let part = BackupPart::Segment(SegmentName([1; 16]));
    assert!(matches!(backups.read(&read(part), later).await, Err(BackupError::NotFound)));
    backups.sweep(later).await.unwrap();
    assert_eq!(place.blobs.length(&blob).await.unwrap(), None);
    backups.sweep(later.plus_millis(DOOMED_LIFE)).await.unwrap();
    for table in [RECORDS, MANIFESTS, SEGMENTS, HOLDINGS, DOOMED] {
        assert_eq!(place.rows(table).await, 0, "{}", table.name());
    }
}

#[tokio::test]
async fn bytes_that_became_no_segment_are_swept() {
    let place = place();
    // As if the service had stopped between the bytes and their row.
    let blob = place.backups.write(b"lost", NOW).await.unwrap();
    place.backups.sweep(NOW).await.unwrap();
    assert!(place.blobs.length(&blob).await.unwrap().is_some(), "it may still become one");
    place.backups.sweep(NOW.plus_millis(DOOMED_LIFE)).await.unwrap();
    assert_eq!(place.blobs.length(&blob).await.unwrap(), None);
    assert_eq!(place.rows(DOOMED).await, 0);
}
