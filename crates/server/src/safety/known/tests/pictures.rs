//! Our PDQ and the reference's.

use super::{
    super::{PIXELS, Pdq, QUALITY, error::PictureError, pdq_of},
    *,
};
use std::path::{Path, PathBuf};

/// Most bits by which ours may differ from the reference's.
const APART: u32 = 6;

/// Hash and quality of drawn pictures, from the reference implementation (facebook/ThreatExchange, through the package
/// `pdqhash` 0.2.8 of PyPI).
const VECTORS: &[(Drawing, u32, u32, &str, u8)] = &[
    (waves, 200, 150, "924936c96c99c99b13336633cc7318e371c7c3c60f0e3c1ef03e00fc1ff8ff80", 100),
    (discs, 400, 300, "42766427706f1ec73ee6e364b148b0e298379827934f1d8b69f259b2e538a29d", 100),
    (noise, 64, 64, "9ffb3ec1266b338e953f3081d930cc15a22fa8da99369925693d3ee356266641", 100),
    (noise, 331, 77, "a730b6ebe3e10677c43cd341f67f3bf59680e63838d4cd45d8d0948306edb910", 100),
    (discs, 1280, 960, "fefe8ff881f880f881f881f881f801f0c1e0f800fc00fc00fe0cfe0fff07ff07", 40),
    (ramp, 400, 100, "cd1535ae5a9a5552d55aa69a14cb8cb66ab44d9a55ab95d969ca4aaa555ccb42", 44),
    (flat, 50, 50, "0000113400002c4b8200554b113400002c4b554b1134cc5313a01134585e1134", 0),
    (waves, 5, 5, "cb72695a348dd4b54b729360cb7264d994a569d8cb726c5b348dc671695a695a", 5),
    (discs, 63, 1025, "03ef0bef0fef2fff3fff3fff3ffe3ffe3ffc3ffc141400050001000000000000", 78),
];

fn apart(pdq: &Pdq, reference: &str) -> u32 {
    let reference = data_encoding::HEXLOWER.decode(reference.as_bytes()).unwrap();
    pdq.hash.iter().zip(&reference).map(|(one, other)| (one ^ other).count_ones()).sum()
}

#[test]
fn drawn_pictures_have_the_hash_and_the_quality_of_the_reference() {
    for (drawing, width, height, reference, quality) in VECTORS {
        let pdq = pdq_of(&png(&draw(*drawing, *width, *height))).unwrap().unwrap();
        assert_eq!(pdq.quality, *quality, "{width} × {height}");
        let apart = apart(&pdq, reference);
        // A hash of less quality is made of rounding, and never used.
        assert!(apart <= APART || *quality < QUALITY, "{apart} bits apart at {width} × {height}");
    }
}

/// Some of the reference project's own pictures, which its licence (beside them) lets us hand on.
#[test]
fn pictures_of_the_reference_project_have_its_hash_and_quality() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/pdq");
    let compared = compare_with_reference(&folder);
    assert_eq!(compared, 11, "pictures compared");
}

/// All of them: `PDQ_PICTURES=<its folder pdq/data> cargo nextest run -p trefoil-server --run-ignored all reference_project`.
#[test]
#[ignore = "needs the pictures of the reference project, in the folder that PDQ_PICTURES names"]
fn all_pictures_of_the_reference_project_have_its_hash_and_quality() {
    let folder = PathBuf::from(std::env::var_os("PDQ_PICTURES").expect("PDQ_PICTURES"));
    let compared = compare_with_reference(&folder);
    assert!(compared >= 40, "{compared} pictures");
}

/// Holds each picture that is in this folder to what the reference says of it.
///
/// Returns how many there are.
fn compare_with_reference(folder: &Path) -> u32 {
    let (mut same, mut farthest, mut all) = (0, 0, 0);
    for line in
        include_str!("../../../../testdata/pdq/hashes.txt").lines().filter(|line| !line.starts_with('#'))
    {
        let [name, hash, quality] = line.split(' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
        let Ok(picture) = std::fs::read(folder.join(name)) else { continue };
        let pdq = pdq_of(&picture).unwrap().unwrap();
        let apart = apart(&pdq, hash);
        assert!(pdq.quality.abs_diff(quality.parse().unwrap()) <= 1, "{name}: quality {}", pdq.quality);
        assert!(apart <= APART || pdq.quality < QUALITY, "{name}: {apart} bits apart");
        if pdq.quality >= QUALITY {
            farthest = farthest.max(apart);
        }
        same += u32::from(apart == 0);
        all += 1;
    }
    eprintln!("{same} of {all} equal; the farthest of those that are used is {farthest} bits apart");
    all
}

#[test]
fn a_picture_stays_near_to_itself_and_far_from_others() {
    let original = draw(discs, 400, 300);
    let hash = |bytes: &[u8]| pdq_of(bytes).unwrap().unwrap().hash;
    let of = hash(&png(&original));
    let distance =
        |bytes: &[u8]| of.iter().zip(hash(bytes)).map(|(one, other)| (one ^ other).count_ones()).sum::<u32>();
    assert!(distance(&encoded(&original, ImageFormat::Jpeg)) <= 31);
    let small = image::imageops::resize(&original, 200, 150, image::imageops::FilterType::Triangle);
    assert!(distance(&png(&small)) <= 31);
    assert!(distance(&png(&draw(waves, 400, 300))) > 80);
}

#[test]
fn what_is_no_picture_or_too_large_is_not_decoded() {
    assert!(matches!(pdq_of(b"no picture"), Err(PictureError::Unreadable(_))));
    assert!(pdq_of(&png(&draw(waves, 4, 400))).unwrap().is_none());
    // A head that promises more points than are decoded, with nothing behind it.
    let mut bomb = png(&draw(flat, 8, 8));
    let side = u32::try_from(PIXELS.isqrt()).unwrap() + 1;
    for (at, size) in [(16, side), (20, side)] {
        bomb[at..at + 4].copy_from_slice(&size.to_be_bytes());
    }
    let crc = crc32(&bomb[12..29]);
    bomb[29..33].copy_from_slice(&crc.to_be_bytes());
    assert!(matches!(pdq_of(&bomb), Err(PictureError::TooLarge)));
}

/// Of a PNG's chunk.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ if crc & 1 == 1 { 0xEDB8_8320 } else { 0 })
    })
}
