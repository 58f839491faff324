//! The log against the published vectors of RFC 6962 and C2SP, and against those who would lie with it.
#![allow(clippy::unwrap_used)]

mod forms;
mod tiles;

use super::*;
use crate::mutations;
use ed25519_dalek::SigningKey;
use proptest::prelude::*;
use trefoil_proto::{Timestamp, Wire as _};

const NOW: Timestamp = Timestamp(1_700_000_000_000);

/// Leaves and roots of the reference tree of Certificate Transparency's implementations.
const LEAVES: [&str; 8] =
    ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];
const ROOTS: [&str; 9] = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

fn hex(text: &str) -> Vec<u8> {
    data_encoding::HEXLOWER.decode(text.as_bytes()).unwrap()
}

fn hashes(texts: &[&str]) -> Vec<[u8; 32]> {
    texts.iter().map(|text| hex(text).try_into().unwrap()).collect()
}

fn trail() -> LogEntry {
    LogEntry::Trail(TrailHead { number: 7, hash: [8; 32] })
}

fn entry(number: u64) -> LogEntry {
    if number.is_multiple_of(2) {
        LogEntry::Directory(DirectoryRoot {
            directory: "a.example".parse().unwrap(),
            epoch: number + 1,
            root: [1; 32],
            time: NOW,
            vrf_key_hash: DirectoryRoot::hash_of_vrf_key(&[2; 32]),
            previous: [6; 32],
        })
    } else {
        LogEntry::Release(Release {
            version: format!("0.{number}.0").parse().unwrap(),
            target: "x86_64-unknown-linux-gnu".parse().unwrap(),
            sha256: [3; 32],
        })
    }
}

fn log_of(size: u64) -> MerkleLog {
    let mut log = MerkleLog::new();
    for number in 0..size {
        assert_eq!(log.append(&entry(number)), number);
    }
    log
}

fn signer() -> LogSigner {
    LogSigner::new("a.example/log", SigningKey::from_bytes(&[1; 32])).unwrap()
}

fn cosigner(number: u8) -> WitnessSigner {
    WitnessSigner::new(&format!("w{number}.example"), SigningKey::from_bytes(&[100 + number; 32])).unwrap()
}

fn open(bytes: &[u8]) -> OpenCheckpoint {
    OpenCheckpoint::open(bytes, &signer().public()).unwrap()
}

/// A checkpoint that this witness, who knew nothing, cosigned.
fn cosign(bytes: &[u8], number: u8, now: Timestamp) -> Vec<u8> {
    let checkpoint = open(bytes);
    let proof = ConsistencyProof { old: 0, new: checkpoint.head().size, hashes: vec![] };
    witness(&cosigner(number), &TreeHead::EMPTY, checkpoint, &proof, now).unwrap().1
}

#[test]
fn roots_and_proofs_are_those_of_rfc_6962() {
    let mut log = MerkleLog::new();
    assert_eq!(TreeHead::EMPTY.root.to_vec(), hex(ROOTS[0]));
    for (number, leaf) in LEAVES.iter().enumerate() {
        log.append_bytes(&hex(leaf));
        assert_eq!(log.head().root.to_vec(), hex(ROOTS[number + 1]), "size {}", number + 1);
    }
    let inclusion: [(u64, u64, &[&str]); 3] = [
        (
            0,
            8,
            &[
                "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
            ],
        ),
        (2, 3, &[ROOTS[2]]),
        (
            1,
            5,
            &[
                ROOTS[1],
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            ],
        ),
    ];
    for (index, size, expected) in inclusion {
        let proof = log.prove_inclusion(index, size).unwrap();
        assert_eq!(proof.hashes, hashes(expected));
        let leaf = leaf_hash(&hex(LEAVES[usize::try_from(index).unwrap()]));
        assert_eq!(proof.verify_leaf(&log.head_at(size).unwrap(), leaf), Ok(()));
    }
    let consistency: [(u64, u64, &[&str]); 3] = [
        (1, 1, &[]),
        (
            6,
            8,
            &[
                "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                ROOTS[4],
            ],
        ),
        (
            2,
            5,
            &[
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            ],
        ),
    ];
    for (old, new, expected) in consistency {
        let proof = log.prove_consistency(old, new).unwrap();
        assert_eq!(proof.hashes, hashes(expected));
        assert_eq!(proof.verify(&log.head_at(old).unwrap(), &log.head_at(new).unwrap()), Ok(()));
    }
}

/// The example of C2SP signed-note, whose text is no checkpoint: only the signature is looked at.
#[test]
fn the_published_note_verifies_under_its_key() {
    let note = "This is an example message.\n\n— example.com/foo \
         Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";
    let key = data_encoding::BASE64.decode(b"AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k").unwrap();
    assert_eq!(key[0], 1);
    let key = LogKey::new("example.com/foo", key[1..].try_into().unwrap()).unwrap();
    let note = signed_note::Note::from_bytes(note.as_bytes()).unwrap();
    let list = signed_note::VerifierList::new(vec![Box::new(key.clone())]);
    assert!(note.verify(&list).is_ok());
    assert_eq!(signed_note::Verifier::key_id(&key), 0x530d_903a);
    assert_eq!(OpenCheckpoint::open(&note.to_bytes(), &key).unwrap_err(), CheckpointError::Malformed);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn honest_proofs_hold_and_altered_ones_do_not(size in 1u64..400, a: u64, b: u64, bit in 0usize..256) {
        let log = log_of(size);
        let (new, index) = (a % size + 1, b % (a % size + 1));
        let head = log.head_at(new).unwrap();
        let proof = log.prove_inclusion(index, new).unwrap();
        prop_assert_eq!(proof.verify(&head, &entry(index)), Ok(()));
        prop_assert!(proof.verify(&head, &entry(index + 2)).is_err());
        for altered in altered(&proof.hashes, bit) {
            let altered = InclusionProof { hashes: altered, ..proof.clone() };
            prop_assert_eq!(altered.verify(&head, &entry(index)), Err(ProofError::DoesNotHold));
        }

        let old = log.head_at(index).unwrap();
        let proof = log.prove_consistency(index, new).unwrap();
        prop_assert_eq!(proof.verify(&old, &head), Ok(()));
        for altered in altered(&proof.hashes, bit) {
            let altered = ConsistencyProof { hashes: altered, ..proof.clone() };
            prop_assert_eq!(altered.verify(&old, &head), Err(ProofError::DoesNotHold));
        }
        let mut forked = old;
        forked.root[bit / 8] ^= 1 << (bit % 8);
        prop_assert_eq!(proof.verify(&forked, &head), Err(ProofError::DoesNotHold));
    }

    /// The crate's own parser panics at some of these.
    #[test]
    fn any_text_is_a_path_or_refused(text in "tile/(entries|data|[0-9]{1,3})(/x?[0-9]{1,3}){1,5}(\\.p/[0-9]{1,3})?") {
        if let Ok(path) = text.parse::<TilePath>() {
            prop_assert_eq!(path.to_string(), text);
        }
    }

    #[test]
    fn tile_paths_read_back(size in 1u64..200_000, before: u64) {
        for path in new_tiles(before % size, size) {
            prop_assert_eq!(path.to_string().parse(), Ok(path));
        }
    }
}

/// Each hash changed, left out, doubled.
fn altered(hashes: &[[u8; 32]], bit: usize) -> Vec<Vec<[u8; 32]>> {
    let mut all = vec![[hashes, &[[0; 32]]].concat()];
    for at in 0..hashes.len() {
        let mut changed = hashes.to_vec();
        changed[at][bit / 8] ^= 1 << (bit % 8);
        let mut shorter = hashes.to_vec();
        let hash = shorter.remove(at);
        let mut longer = hashes.to_vec();
        longer.insert(at, hash);
        all.extend([changed, shorter, longer]);
    }
    all
}

#[test]
fn proofs_outside_the_log_are_refused() {
    let log = log_of(5);
    for (index, size) in [(5, 5), (0, 6), (0, 0), (u64::MAX, u64::MAX)] {
        assert_eq!(log.prove_inclusion(index, size), Err(ProofError::OutOfRange));
    }
    assert_eq!(log.prove_consistency(4, 6), Err(ProofError::OutOfRange));
    assert_eq!(log.prove_consistency(4, 3), Err(ProofError::OutOfRange));
    assert!(log.head_at(6).is_err());
    let head = TreeHead { size: u64::MAX, root: [0; 32] };
    let inclusion = InclusionProof { index: 0, size: u64::MAX, hashes: vec![[0; 32]; 60] };
    assert_eq!(inclusion.verify(&head, &entry(0)), Err(ProofError::OutOfRange));
    let consistency = ConsistencyProof { old: 1, new: u64::MAX, hashes: vec![] };
    assert_eq!(consistency.verify(&log.head_at(1).unwrap(), &head), Err(ProofError::OutOfRange));
    // Two proofs of other sizes say nothing about these.
    let proof = log.prove_consistency(2, 5).unwrap();
    assert_eq!(proof.verify(&log.head_at(3).unwrap(), &log.head()), Err(ProofError::OutOfRange));
    let anything = ConsistencyProof { old: 0, new: 5, hashes: vec![] };
    let not_empty = TreeHead { size: 0, root: [9; 32] };
    assert_eq!(anything.verify(&not_empty, &log.head()), Err(ProofError::DoesNotHold));
}

#[test]
fn a_checkpoint_is_of_one_log_and_signed_by_it() {
    let signed = signer().sign(&log_of(3).head());
    assert_eq!(open(&signed).head(), log_of(3).head());
    let other = |name: &str, seed: u8| {
        let key = SigningKey::from_bytes(&[seed; 32]).verifying_key().to_bytes();
        OpenCheckpoint::open(&signed, &LogKey::new(name, &key).unwrap()).unwrap_err()
    };
    assert_eq!(other("b.example/log", 1), CheckpointError::OtherLog);
    assert_eq!(other("a.example/log", 2), CheckpointError::Unsigned);
    for at in 0..signed.len() {
        let mut altered = signed.clone();
        altered[at] ^= 1;
        assert!(OpenCheckpoint::open(&altered, &signer().public()).is_err(), "byte {at}");
    }
    let large = vec![b'a'; CHECKPOINT + 1];
    assert_eq!(OpenCheckpoint::open(&large, &signer().public()).unwrap_err(), CheckpointError::TooLarge);
    let head = TreeHead { size: LOG_SIZE + 1, root: [0; 32] };
    let huge = signer().sign(&head);
    assert_eq!(OpenCheckpoint::open(&huge, &signer().public()).unwrap_err(), CheckpointError::Malformed);
    for name in ["", "a b", "a+b", "a\nb", "a\u{7}"] {
        assert_eq!(LogKey::new(name, &[1; 32]), Err(CheckpointError::BadKey), "{name:?}");
    }
    assert_eq!(LogKey::new("a", &[0; 32]), Err(CheckpointError::BadKey));
}

#[test]
fn a_witness_signs_only_a_log_that_grew() {
    let log = log_of(9);
    let mut other = log_of(4);
    for number in 100..105 {
        other.append(&entry(number));
    }
    let at = |log: &MerkleLog, size: u64| open(&signer().sign(&log.head_at(size).unwrap()));
    let kept = log.head_at(6).unwrap();
    let ask = |checkpoint, proof: ConsistencyProof| {
        witness(&cosigner(1), &kept, checkpoint, &proof, NOW).map(|(head, _)| head)
    };
    assert_eq!(ask(at(&log, 9), log.prove_consistency(6, 9).unwrap()), Ok(log.head()));
    assert_eq!(ask(at(&log, 6), log.prove_consistency(6, 6).unwrap()), Ok(kept));
    assert_eq!(ask(at(&log, 5), log.prove_consistency(5, 5).unwrap()), Err(WitnessError::RolledBack));
    assert_eq!(ask(at(&other, 6), other.prove_consistency(6, 6).unwrap()), Err(WitnessError::Forked));
    assert_eq!(
        ask(at(&other, 9), other.prove_consistency(6, 9).unwrap()),
        Err(WitnessError::NotConsistent(ProofError::DoesNotHold))
    );
    assert_eq!(
        ask(at(&log, 9), log.prove_consistency(4, 9).unwrap()),
        Err(WitnessError::NotConsistent(ProofError::OutOfRange))
    );
}

#[test]
fn a_policy_counts_witnesses_that_signed_lately() {
    let witnesses: Vec<_> = (1..=3).map(|number| cosigner(number).public()).collect();
    let policy = |quorum| LogPolicy::new(signer().public(), witnesses.clone(), quorum).unwrap();
    let signed = signer().sign(&log_of(3).head());
    assert_eq!(policy(0).check(&signed, NOW).unwrap().witnesses(), [""; 0]);
    let too_few = |fresh, needed| Err(PolicyError::TooFewWitnesses { fresh, needed });
    assert_eq!(policy(1).check(&signed, NOW), too_few(0, 1));

    let once = cosign(&signed, 1, NOW);
    let twice = cosign(&once, 2, NOW);
    assert_eq!(policy(2).check(&once, NOW), too_few(1, 2));
    // The same witness again replaces its line.
    assert_eq!(policy(2).check(&cosign(&once, 1, NOW.plus_millis(5000)), NOW), too_few(1, 2));
    let trusted = policy(2).check(&twice, NOW).unwrap();
    assert_eq!(trusted.witnesses(), ["w1.example", "w2.example"]);
    assert_eq!(trusted.head(), log_of(3).head());
    // A stranger does not count.
    assert_eq!(policy(2).check(&cosign(&once, 9, NOW), NOW), too_few(1, 2));
    // Nor do old signatures, nor ones from the future.
    assert!(policy(2).check(&twice, NOW.plus_millis(LogPolicy::MAX_AGE)).is_ok());
    assert_eq!(policy(2).check(&twice, NOW.plus_millis(LogPolicy::MAX_AGE + 1000)), too_few(0, 2));
    assert_eq!(policy(1).with_max_age(10).check(&once, NOW.plus_millis(1000)), too_few(0, 1));
    let early = Timestamp(NOW.0 - LogPolicy::AHEAD - 1000);
    assert_eq!(policy(2).check(&twice, early), too_few(0, 2));
    // A line in the name of one witness that does not verify takes nothing from the others.
    let forged = WitnessSigner::new("w3.example", SigningKey::from_bytes(&[77; 32])).unwrap();
    let proof = ConsistencyProof { old: 0, new: 3, hashes: vec![] };
    let (_, forged) = witness(&forged, &TreeHead::EMPTY, open(&twice), &proof, NOW).unwrap();
    assert_eq!(policy(2).check(&forged, NOW).unwrap().witnesses().len(), 2);
    assert_eq!(policy(3).check(&forged, NOW), too_few(2, 3));

    let doubled = vec![cosigner(1).public(), WitnessKey::new("other", &cosigner(1).public().key()).unwrap()];
    assert_eq!(LogPolicy::new(signer().public(), doubled, 1).unwrap_err(), PolicyError::Impossible);
    let itself = vec![WitnessKey::new("w", &signer().public().key()).unwrap()];
    assert_eq!(LogPolicy::new(signer().public(), itself, 1).unwrap_err(), PolicyError::Impossible);
    assert_eq!(LogPolicy::new(signer().public(), witnesses, 4).unwrap_err(), PolicyError::Impossible);
}

#[test]
fn tiles_and_bundles_are_those_of_c2sp() {
    let paths = |old, new| new_tiles(old, new).iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(
        paths(0, 70_000)[270..276],
        [
            "tile/entries/270",
            "tile/entries/271",
            "tile/entries/272",
            "tile/entries/273.p/112",
            "tile/0/000",
            "tile/0/001"
        ]
    );
    assert_eq!(paths(70_000, 70_001), ["tile/entries/273.p/113", "tile/0/273.p/113"]);
    assert_eq!(new_tiles(0, 256_256_000).last().map(ToString::to_string).as_deref(), Some("tile/3/000.p/15"));
    let path: TilePath = "tile/entries/x001/234.p/7".parse().unwrap();
    assert_eq!((path.first_entry(), path.width(), path.is_entries()), (1234 * 256, 7, true));
    for bad in [
        "",
        "tile/",
        "tile/8/0/000",
        "tile/0/0",
        "tile/0/000.p/256",
        "tile/0/000.p/0",
        "tile/data/000",
        "tile/entries/1",
        "tile/7/000",
        "tile/0/x001",
        "tile/0/../000",
        "/tile/0/000",
        "tile/+1/000",
    ] {
        assert_eq!(bad.parse::<TilePath>(), Err(TileError::BadPath), "{bad}");
    }

    let log = log_of(300);
    let tile: TilePath = "tile/0/001.p/44".parse().unwrap();
    let expected: Vec<u8> = (256..300).flat_map(|number| leaf_hash(&entry(number).encode())).collect();
    assert_eq!(tile.hashes(&log), Some(expected));
    assert_eq!("tile/0/002".parse::<TilePath>().unwrap().hashes(&log), None);

    let entries: Vec<_> = (0..256).map(entry).collect();
    let bytes = bundle(&entries);
    assert_eq!(unbundle(&bytes), Ok(entries.clone()));
    assert_eq!(unbundle(&bytes[..bytes.len() - 1]), Err(TileError::BadBundle));
    assert_eq!(unbundle(&[&bytes[..], &[0]].concat()), Err(TileError::BadBundle));
    assert_eq!(unbundle(&[&bytes[..], &bundle(&entries[..1])].concat()), Err(TileError::BadBundle));
}

#[test]
fn encodings_stay_as_they_are() {
    let log = log_of(5);
    let hex = |bytes: &[u8]| data_encoding::HEXLOWER.encode(bytes);
    let checkpoint = String::from_utf8(cosign(&signer().sign(&log.head()), 1, NOW)).unwrap();
    insta::assert_snapshot!(format!(
        "directory root: {}\nrelease: {}\ntrail: {}\ninclusion: {}\nconsistency: {}\nhead: {}\n\n{checkpoint}",
        hex(&entry(0).encode()),
        hex(&entry(1).encode()),
        hex(&trail().encode()),
        hex(&log.prove_inclusion(1, 5).unwrap().encode()),
        hex(&log.prove_consistency(2, 5).unwrap().encode()),
        hex(&log.head().encode()),
    ));
    mutations::of::<LogEntry>(&entry(0).encode());
    mutations::of::<LogEntry>(&entry(1).encode());
    mutations::of::<LogEntry>(&trail().encode());
    mutations::of::<InclusionProof>(&log.prove_inclusion(1, 5).unwrap().encode());
    mutations::of::<ConsistencyProof>(&log.prove_consistency(2, 5).unwrap().encode());
    mutations::of::<TreeHead>(&log.head().encode());
}
