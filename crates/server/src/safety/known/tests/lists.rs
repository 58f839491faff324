//! From a file of hashes to a match.

use super::{
    super::{list, rows::*, *},
    *,
};
use crate::safety::evidence::EvidenceError;
use proptest::prelude::*;
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use sha2::{Digest as _, Sha256};
use trefoil_proto::attachment::Label;
use trefoil_store::{KeyRange, MemoryStore};

const NOW: Timestamp = Timestamp(1_700_000_000_000);

fn provenance(name: &str, kind: Kind) -> Provenance {
    Provenance { name: name.to_owned(), giver: "A hotline".to_owned(), kind }
}

fn exhibit(bytes: &[u8]) -> Exhibit {
    let opened = Ok(Bytes::copy_from_slice(bytes));
    Exhibit { message: 0, label: Label::default(), hash: Some(Sha256::digest(bytes).into()), opened }
}

fn hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(bytes)
}

fn ines() -> StaffName {
    "ines".parse().unwrap()
}

async fn open(store: &Arc<MemoryStore>) -> Result<Known, KnownError> {
    Known::open(store.clone(), Arc::new(Trail::new(store.clone()))).await
}

async fn known() -> (Arc<MemoryStore>, Known) {
    let store = Arc::new(MemoryStore::new());
    let known = open(&store).await.unwrap();
    (store, known)
}

#[tokio::test]
async fn a_picture_is_found_again_by_what_it_looks_like_and_a_file_by_its_bytes() {
    let (store, known) = known().await;
    let picture = draw(discs, 400, 300);
    let (original, compressed) = (png(&picture), encoded(&picture, ImageFormat::Jpeg));
    let looks = format!("pdq {}\n", hex(&pdq_of(&original).unwrap().unwrap().hash));
    let bytes = format!("sha256,{}\n# and\nmd5,{}\n", hex(&Sha256::digest(b"film")), "00".repeat(16));
    let taken =
        known.import(provenance("looks", Kind::ChildAbuse), looks.as_bytes(), &ines(), NOW).await.unwrap();
    assert_eq!(taken, Imported { taken: 1, passed_over: 0 });
    let taken =
        known.import(provenance("bytes", Kind::Terrorism), bytes.as_bytes(), &ines(), NOW).await.unwrap();
    assert_eq!(taken, Imported { taken: 1, passed_over: 1 });

    // Read anew from the store, as after a restart.
    for known in [known, open(&store).await.unwrap()] {
        let [found] = &known.compare(&exhibit(&compressed)).await.unwrap()[..] else { panic!("one match") };
        assert_eq!((found.list.as_str(), found.kind, found.by), ("looks", Kind::ChildAbuse, Algorithm::Pdq));
        assert!(found.distance <= RADIUS);
        let file =
            Match { list: "bytes".to_owned(), distance: 0, kind: Kind::Terrorism, by: Algorithm::Sha256 };
        assert_eq!(known.compare(&exhibit(b"film")).await.unwrap(), [file]);
        for other in [png(&draw(waves, 400, 300)), b"another film".to_vec()] {
            assert_eq!(known.compare(&exhibit(&other)).await.unwrap(), []);
        }
    }
}

#[tokio::test]
async fn a_flat_picture_matches_nothing_and_what_did_not_open_is_known_by_its_hash_alone() {
    let (_, known) = known().await;
    let flat = png(&draw(flat, 50, 50));
    let list = format!("pdq {}\n", hex(&pdq_of(&flat).unwrap().unwrap().hash));
    known.import(provenance("flat", Kind::Other), list.as_bytes(), &ines(), NOW).await.unwrap();
    assert_eq!(known.compare(&exhibit(&flat)).await.unwrap(), []);
    let refused = Exhibit { opened: Err(EvidenceError::TooLarge), ..exhibit(&flat) };
    assert_eq!(known.compare(&refused).await.unwrap(), []);
    let list = format!("sha256 {}\n", hex(&Sha256::digest(&flat)));
    known.import(provenance("files", Kind::Other), list.as_bytes(), &ines(), NOW).await.unwrap();
    let [found] = &known.compare(&refused).await.unwrap()[..] else { panic!("one match") };
    assert_eq!((found.list.as_str(), found.by), ("files", Algorithm::Sha256));
}

#[tokio::test]
async fn a_list_says_where_it_comes_from_is_replaced_whole_and_goes_whole() {
    let (store, known) = known().await;
    let first: String = (0..3000_u32).map(|at| format!("pdq {:064x}\n", at)).collect();
    known.import(provenance("one", Kind::Other), first.as_bytes(), &ines(), NOW).await.unwrap();
    let file = format!("sha256 {}\n", hex(&Sha256::digest(b"film")));
    known.import(provenance("two", Kind::Intimate), file.as_bytes(), &ines(), NOW).await.unwrap();
    let lists = known.lists();
    assert_eq!((lists[0].provenance.clone(), lists[0].taken), (provenance("one", Kind::Other), NOW));
    assert_eq!(lists[0].hashes[&Algorithm::Pdq], 3000);

    known.import(provenance("one", Kind::Terrorism), file.as_bytes(), &ines(), NOW).await.unwrap();
    let found = known.compare(&exhibit(b"film")).await.unwrap();
    assert_eq!(found.iter().map(|found| found.kind).collect::<Vec<_>>(), [Kind::Terrorism, Kind::Intimate]);
    let rows = |table| Store::scan(&*store, table, KeyRange::all(), usize::MAX);
    assert_eq!(rows(HASHES).await.unwrap().len(), 2, "nothing of the first is left");

    assert!(
        known.remove("one", &ines(), NOW).await.unwrap() && known.remove("two", &ines(), NOW).await.unwrap()
    );
    assert!(!known.remove("two", &ines(), NOW).await.unwrap());
    assert_eq!(known.compare(&exhibit(b"film")).await.unwrap(), []);
    assert!(rows(HASHES).await.unwrap().is_empty() && rows(LISTS).await.unwrap().is_empty());
}

#[tokio::test]
async fn what_an_import_left_that_was_cut_short_is_no_part_of_the_next() {
    let (store, known) = known().await;
    let half = list::Listed { sha256: vec![[1; 32]], pdq: vec![[2; 32]; 2000] };
    write(&*store, 0, &half).await.unwrap();
    assert!(known.lists().is_empty());
    let file = format!("sha256 {}\n", hex(&Sha256::digest(b"film")));
    known.import(provenance("one", Kind::Other), file.as_bytes(), &ines(), NOW).await.unwrap();
    assert_eq!(known.lists()[0].hashes[&Algorithm::Pdq], 0);
}

#[tokio::test]
async fn a_file_with_a_line_that_is_no_hash_changes_nothing() {
    let (_, known) = known().await;
    let good = "0".repeat(64);
    let long = format!("pdq {good} {}", "x".repeat(600));
    for (file, line) in [
        (format!("pdq {good}\npdq {}", &good[2..]), 2),
        (format!("crc {good}"), 1),
        (good.clone(), 1),
        (format!("\n\nsha256 {}zz", &good[2..]), 3),
        (long, 1),
    ] {
        let refused = known.import(provenance("one", Kind::Other), file.as_bytes(), &ines(), NOW).await;
        assert!(matches!(refused, Err(KnownError::Line(at)) if at == line), "{file}: {refused:?}");
    }
    let empty = known.import(provenance("one", Kind::Other), &b"# nothing\nmd5 00\n"[..], &ines(), NOW).await;
    assert!(matches!(empty, Err(KnownError::Empty)));
    let file = format!("pdq {good}");
    let unnamed = known.import(provenance("No Name", Kind::Other), file.as_bytes(), &ines(), NOW).await;
    assert!(matches!(unnamed, Err(KnownError::Provenance)));
    assert!(known.lists().is_empty());
}

#[test]
fn rows_keep_their_form() {
    let row = ListRow::new(7, &provenance("tea", Kind::Intimate), Timestamp(8));
    assert_eq!(
        hex(&row.encode()),
        "0100000007037465610941 20686f746c696e65030000000000000008".replace(' ', "")
    );
    assert_eq!(ListRow::decode(&row.encode()).unwrap(), row);
    assert_eq!(decode_block(&encode_block(&[[1; 32], [2; 32]])).unwrap(), [[1; 32], [2; 32]]);
    assert!(matches!(decode_block(&[1, 2]), Err(KnownError::DamagedRow)));
}

proptest! {
    /// Whatever is near is found, and nothing else: compared with looking at all of them.
    #[test]
    fn the_index_finds_what_looking_at_all_finds(seed: u64, flips in prop::collection::vec(0_usize..256, 0..40)) {
        let mut rng = StdRng::seed_from_u64(seed);
        let mut hashes: Vec<[u8; 32]> = (0..200).map(|_| rng.random()).collect();
        let query = hashes[17];
        for bit in flips {
            hashes[17][bit / 8] ^= 1 << (bit % 8);
        }
        let distance = |hash: &[u8; 32]| {
            hash.iter().zip(query).map(|(one, other)| (one ^ other).count_ones()).sum::<u32>()
        };
        let expected: BTreeMap<u32, u32> =
            (0..).zip(&hashes).map(|(at, hash)| (at, distance(hash))).filter(|(_, d)| *d <= RADIUS).collect();
        let mut found = BTreeMap::new();
        Near::new(hashes).unwrap().within(&query, RADIUS, |at, distance| { found.insert(at, distance); });
        prop_assert_eq!(found, expected);
    }
}
