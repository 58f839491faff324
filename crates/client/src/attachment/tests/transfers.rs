//! Uploads and downloads through loss, restarts and services that contradict themselves.

use super::*;
use crate::overlay::Overlay;
use proptest::prelude::*;
use std::sync::Arc;
use trefoil_proto::{edge::UploadTicket, limits};
use trefoil_store::MemoryStore;

fn ticket(n: u8) -> UploadTicket {
    UploadTicket { id: vec![b'a' + n], url: format!("https://a.example/v1/media/{n}").into_bytes() }
}

fn upload(size: usize) -> (Vec<u8>, Upload) {
    let plaintext = file(size);
    let plan = survey(&plaintext, key(5));
    (plaintext, Upload::new(UploadId([1; 16]), b"somewhere".to_vec(), plan))
}

fn piece_of(upload: &Upload, plaintext: &[u8]) -> (Piece, Vec<u8>) {
    let UploadStep::Send(piece) = upload.next() else { panic!("not sending") };
    let bytes = &plaintext[piece.plaintext.start as usize..piece.plaintext.end as usize];
    let sealed = Sealer::piece(&upload.plan, &piece, bytes).unwrap();
    assert_eq!(sealed.len(), piece.length);
    assert!(sealed.len() <= limits::MEDIA_PIECE);
    (piece, sealed)
}

#[test]
fn a_late_answer_and_a_lost_ticket_do_no_harm() {
    let (plaintext, mut upload) = upload(1024 * 1024 + 5);
    assert_eq!(upload.next(), UploadStep::Open { length: upload.plan.layout.sealed_size() });
    upload.opened(ticket(0)).unwrap();
    let (piece, _) = piece_of(&upload, &plaintext);
    upload.accepted(&piece);
    upload.accepted(&piece);
    assert_eq!(upload.progress().0, piece.length as u64);
    upload.lost();
    upload.opened(ticket(1)).unwrap();
    upload.accepted(&piece);
    assert_eq!(upload.progress().0, 0, "an answer for the old ticket");
}

#[test]
fn impossible_offsets_are_refused() {
    let (plaintext, mut upload) = upload(100);
    upload.opened(ticket(0)).unwrap();
    let (piece, _) = piece_of(&upload, &plaintext);
    assert!(matches!(upload.wrong_offset(1000, Some(&piece)), Err(AttachmentError::ImpossibleOffset)));
    assert!(matches!(upload.wrong_offset(0, Some(&piece)), Err(AttachmentError::ImpossibleOffset)));
    assert!(upload.wrong_offset(0, None).is_ok());
}

#[test]
fn forgetting_an_upload_leaves_no_key() {
    let store = Arc::new(MemoryStore::new());
    let mut tx = Overlay::new(store.clone());
    let (_, upload) = upload(100);
    upload.save(&mut tx).unwrap();
    tx.commit().unwrap();
    assert_eq!(Upload::pending(&tx).unwrap(), [upload.id]);
    assert_eq!(Upload::load(&tx, upload.id).unwrap().unwrap(), upload);
    Upload::forget(&mut tx, upload.id);
    tx.commit().unwrap();
    assert!(Upload::load(&tx, upload.id).unwrap().is_none());
    assert!(tx.get(PLANS, &upload.id.0).unwrap().is_none());
}

#[test]
fn a_download_goes_on_after_a_restart_and_ends_verified() {
    let store = Arc::new(MemoryStore::new());
    let mut tx = Overlay::new(store.clone());
    let plaintext = file(20 * CHUNK + 3);
    let plan = survey(&plaintext, key(6));
    let sealed = seal(&plan, &plaintext);
    let mut disk = Vec::new();
    let mut download = Download::new(describe(&plan), b"target".to_vec());
    let id = download.id();
    let mut rounds = 0;
    loop {
        match download.next() {
            DownloadStep::Fetch { range } => {
                // A new opener every time, as after a restart.
                let mut opener = Opener::new(&download.file);
                disk.truncate(download.plaintext_done() as usize);
                opener.replay(&disk).unwrap();
                opener.feed(&sealed[range.start as usize..range.end as usize], &mut disk).unwrap();
                download.advanced(opener.chunks_done()).unwrap();
                // Bytes that were written and not yet accounted for.
                disk.extend_from_slice(b"torn");
            }
            DownloadStep::Verify => {
                disk.truncate(download.plaintext_done() as usize);
                let mut opener = Opener::new(&download.file);
                opener.replay(&disk).unwrap();
                opener.finish().unwrap();
                download.verified().unwrap();
            }
            DownloadStep::Done => break,
        }
        rounds += 1;
        download.save(&mut tx);
        tx.commit().unwrap();
        download = Download::load(&Overlay::new(store.clone()), id).unwrap().unwrap();
    }
    assert_eq!(disk, plaintext);
    assert_eq!(rounds, 3);
    assert_eq!(Download::pending(&tx).unwrap(), [id]);
    download.spoilt();
    assert!(matches!(download.next(), DownloadStep::Fetch { .. }));
}

#[test]
fn a_download_is_never_good_with_chunks_missing() {
    let plan = survey(&file(CHUNK + 1), key(6));
    let mut download = Download::new(describe(&plan), Vec::new());
    download.advanced(1).unwrap();
    assert!(matches!(download.verified(), Err(AttachmentError::OutOfTurn(_))));
    assert!(matches!(download.advanced(0), Err(AttachmentError::OutOfTurn(_))));
    assert!(matches!(download.advanced(3), Err(AttachmentError::OutOfTurn(_))));
}

#[test]
fn rows_are_stored_as_they_were() {
    let key = FileKey::from_parts(&[1; 32], &[2; 7]).unwrap();
    let plan = survey(b"x", key);
    let mut upload = Upload::new(UploadId([1; 16]), b"s".to_vec(), plan.clone());
    upload.opened(UploadTicket { id: b"i".to_vec(), url: b"u".to_vec() }).unwrap();
    let download = Download::new(describe(&plan), b"t".to_vec());
    let rows = [rows::encode_upload(&upload), rows::encode_plan(&plan), rows::encode_download(&download)];
    let shown: Vec<String> =
        rows.iter().map(|row| row.iter().map(|byte| format!("{byte:02x}")).collect()).collect();
    insta::assert_snapshot!(shown.join("\n"), @r"
    018441734169417500
    01865820010101010101010101010101010101010101010101010101010101010101010147020202020202020158202d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881582023bb1fbe2815e0e134ab49f1581c1a2c3d8c83f7bed96227f37640c72b7d187b58202d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881
    018e606060f4781c68747470733a2f2f612e6578616d706c652f76312f6d656469612f78005820010101010101010101010101010101010101010101010101010101010101010147020202020202020158202d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881582023bb1fbe2815e0e134ab49f1581c1a2c3d8c83f7bed96227f37640c72b7d187b417400f4
    ");
}

/// What happens to a piece on its way.
#[derive(Clone, Debug)]
enum Fate {
    Arrives,
    AnswerLost,
    Lost,
    /// Only so many bytes of it are kept.
    Cut(usize),
    Restart,
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        3 => Just(Fate::Arrives),
        1 => Just(Fate::AnswerLost),
        1 => Just(Fate::Lost),
        1 => (0usize..2 * SEALED_CHUNK).prop_map(Fate::Cut),
        1 => Just(Fate::Restart),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10))]

    #[test]
    fn an_upload_ends_with_the_whole_file_whatever_happens(fates in prop::collection::vec(fate(), 0..12)) {
        let store = Arc::new(MemoryStore::new());
        let (plaintext, mut upload) = upload(1024 * 1024 + 77);
        let mut kept: Vec<u8> = Vec::new();
        upload.opened(ticket(0)).unwrap();
        let mut fates = fates.into_iter();
        while !matches!(upload.next(), UploadStep::Done { .. }) {
            let (piece, sealed) = piece_of(&upload, &plaintext);
            if piece.offset != kept.len() as u64 {
                upload.wrong_offset(kept.len() as u64, Some(&piece)).unwrap();
                continue;
            }
            match fates.next().unwrap_or(Fate::Arrives) {
                Fate::Arrives => {
                    kept.extend_from_slice(&sealed);
                    upload.accepted(&piece);
                }
                Fate::AnswerLost => kept.extend_from_slice(&sealed),
                Fate::Lost => {}
                Fate::Cut(at) => {
                    kept.extend_from_slice(&sealed[..at.min(sealed.len())]);
                    upload.wrong_offset(kept.len() as u64, None).unwrap();
                }
                Fate::Restart => {
                    let mut tx = Overlay::new(store.clone());
                    upload.save(&mut tx).unwrap();
                    tx.commit().unwrap();
                    upload = Upload::load(&tx, upload.id).unwrap().unwrap();
                }
            }
        }
        prop_assert_eq!(open(&describe(&upload.plan), &kept).unwrap(), plaintext);
    }
}
