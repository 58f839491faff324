//! Logs that are not in memory: appending at the right edge, and proofs out of tiles.

use super::*;
use std::collections::HashMap;

/// Rows as a store keeps them: the newest hashes of each tile.
type Rows = HashMap<(u8, u64), Vec<u8>>;

fn stored(size: u64) -> (RightEdge, Rows) {
    let (mut edge, mut rows) = (RightEdge::new(), Rows::new());
    for number in 0..size {
        for (path, hashes) in edge.append(&entry(number).encode()) {
            assert_eq!(hashes.len(), path.width() as usize * 32);
            rows.insert((path.level(), path.index()), hashes);
        }
    }
    (edge, rows)
}

/// Makes a proof with tiles from rows; counts how often it had to be asked again.
fn made<P>(
    log: &mut TiledLog,
    rows: &Rows,
    prove: impl Fn(&TiledLog) -> Result<Proving<P>, ProofError>,
) -> (P, usize) {
    for asked in 0..10 {
        match prove(log).unwrap() {
            Proving::Made(proof) => return (proof, asked),
            Proving::Needs(paths) => {
                assert!(!paths.is_empty());
                for path in paths {
                    log.put(path, &rows[&(path.level(), path.index())]).unwrap();
                }
            }
        }
    }
    panic!("never enough")
}

#[test]
fn a_log_grows_at_its_right_edge_as_it_grows_in_memory() {
    let (mut edge, mut rows, mut log) = (RightEdge::new(), Rows::new(), MerkleLog::new());
    for number in 0..700 {
        assert_eq!(edge.head(), log.head(), "size {number}");
        for (path, hashes) in edge.append(&entry(number).encode()) {
            rows.insert((path.level(), path.index()), hashes);
        }
        log.append(&entry(number));
    }
    assert_eq!(edge.head(), log.head());
    // Every tile of every size is what tlog-tiles makes of the whole log.
    for path in new_tiles(0, 700).into_iter().filter(|path| !path.is_entries()) {
        let row = &rows[&(path.level(), path.index())];
        assert_eq!(path.hashes(&log).as_ref(), Some(row), "{path}");
    }
}

#[test]
fn the_edge_is_put_together_again_from_what_was_stored_and_from_nothing_else() {
    let (_, rows) = stored(600);
    for size in [0, 1, 255, 256, 257, 511, 512, 600] {
        let (edge, _) = stored(size);
        let head = log_of(size).head();
        let read = |path: &TilePath| rows.get(&(path.level(), path.index())).cloned();
        assert_eq!(RightEdge::read(&head, read).map(|read| read.head()), Ok(edge.head()), "size {size}");
        if size == 0 {
            continue;
        }
        let altered = |path: &TilePath| {
            read(path).map(|mut hashes| {
                hashes[0] ^= 1;
                hashes
            })
        };
        assert_eq!(RightEdge::read(&head, altered), Err(ProofError::DoesNotHold), "size {size}");
        assert_eq!(RightEdge::read(&head, |_| None), Err(ProofError::DoesNotHold), "size {size}");
        let short = |path: &TilePath| read(path).map(|hashes| hashes[32..].to_vec());
        // A full tile that lost its first hash would still be long enough, were its first hashes not others.
        assert_eq!(RightEdge::read(&head, short), Err(ProofError::DoesNotHold), "size {size}");
    }
}

#[test]
fn an_edge_goes_on_where_it_stopped() {
    let (_, rows) = stored(300);
    let read = |path: &TilePath| rows.get(&(path.level(), path.index())).cloned();
    let mut edge = RightEdge::read(&log_of(257).head(), read).unwrap();
    for number in 257..300 {
        edge.append(&entry(number).encode());
    }
    assert_eq!(edge.head(), log_of(300).head());
}

#[test]
fn proofs_come_out_of_tiles_and_ask_for_few() {
    let (edge, rows) = stored(700);
    let (head, log) = (edge.head(), log_of(700));
    for index in [0, 1, 255, 256, 511, 512, 699] {
        let mut tiled = TiledLog::new(700).unwrap();
        let (proof, asked) = made(&mut tiled, &rows, |tiled| tiled.prove_inclusion(index));
        assert_eq!(proof, log.prove_inclusion(index, 700).unwrap());
        assert_eq!(proof.verify(&head, &entry(index)), Ok(()));
        assert!(asked <= 1, "index {index}");
    }
    for old in [0, 1, 255, 256, 257, 512, 699, 700] {
        let mut tiled = TiledLog::new(700).unwrap();
        let (proof, _) = made(&mut tiled, &rows, |tiled| tiled.prove_consistency(old));
        assert_eq!(proof, log.prove_consistency(old, 700).unwrap());
        assert_eq!(proof.verify(&log.head_at(old).unwrap(), &head), Ok(()));
    }
    // A log that grew since still proves what it was.
    let mut tiled = TiledLog::new(300).unwrap();
    let (proof, _) = made(&mut tiled, &rows, |tiled| tiled.prove_inclusion(299));
    assert_eq!(proof.verify(&log.head_at(300).unwrap(), &entry(299)), Ok(()));
    assert_eq!(tiled.prove_inclusion(300), Err(ProofError::OutOfRange));
    assert_eq!(tiled.prove_consistency(301), Err(ProofError::OutOfRange));
    assert!(TiledLog::new(LOG_SIZE + 1).is_err());
}

#[test]
fn tampered_tiles_prove_nothing() {
    let (edge, rows) = stored(700);
    let (head, old) = (edge.head(), log_of(300).head());
    // Of each tile that the proof reads, a hash that is in it: the leaf's own is not.
    for (spoiled, at) in [((0, 1), 32), ((1, 0), 0), ((0, 2), 0)] {
        let mut rows = rows.clone();
        rows.get_mut(&spoiled).unwrap()[at] ^= 1;
        let mut tiled = TiledLog::new(700).unwrap();
        let (proof, _) = made(&mut tiled, &rows, |tiled| tiled.prove_inclusion(256));
        assert_eq!(proof.verify(&head, &entry(256)), Err(ProofError::DoesNotHold), "{spoiled:?}");
    }
    let mut altered = rows.clone();
    altered.get_mut(&(0, 1)).unwrap()[0] ^= 1;
    let mut tiled = TiledLog::new(700).unwrap();
    let (proof, _) = made(&mut tiled, &altered, |tiled| tiled.prove_consistency(300));
    assert_eq!(proof.verify(&old, &head), Err(ProofError::DoesNotHold));
    let path = "tile/0/000.p/5".parse().unwrap();
    assert_eq!(tiled.put(path, &[0; 159]), Err(TileError::BadTile));
}

#[test]
fn the_bundle_of_an_entry() {
    let path = |index, size| TilePath::bundle_of(index, size).to_string();
    assert_eq!(path(0, 1), "tile/entries/000.p/1");
    assert_eq!(path(255, 300), "tile/entries/000");
    assert_eq!(path(256, 300), "tile/entries/001.p/44");
}
