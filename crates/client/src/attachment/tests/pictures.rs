//! Pictures lose what their maker did not mean to send, and stay pictures.

use super::strip_metadata;
use proptest::prelude::*;

const PLACE: &[u8] = b"59.3293N 18.0686E";

fn segment(marker: u8, body: &[u8]) -> Vec<u8> {
    let mut segment = vec![0xFF, marker];
    segment.extend_from_slice(&((body.len() + 2) as u16).to_be_bytes());
    segment.extend_from_slice(body);
    segment
}

fn exif(little: bool, orientation: u8) -> Vec<u8> {
    let mut body = b"Exif\0\0".to_vec();
    if little {
        body.extend_from_slice(b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0");
        body.extend_from_slice(&[orientation, 0, 0, 0]);
    } else {
        body.extend_from_slice(b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0");
        body.extend_from_slice(&[orientation, 0, 0]);
    }
    body.extend_from_slice(&[0; 4]);
    body.extend_from_slice(PLACE);
    body
}

fn jpeg(extra: &[Vec<u8>]) -> Vec<u8> {
    let mut picture = vec![0xFF, 0xD8];
    picture.extend(segment(0xE0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0"));
    extra.iter().for_each(|segment| picture.extend_from_slice(segment));
    picture.extend(segment(0xDB, &[0; 65]));
    picture.extend(segment(0xC0, &[8, 0, 1, 0, 1, 1, 1, 0x11, 0]));
    picture.extend(segment(0xDA, &[1, 1, 0, 0, 63, 0]));
    picture.extend_from_slice(&[0x12, 0xFF, 0x00, 0x34, 0xFF, 0xD0, 0x56, 0xFF, 0xD9]);
    picture
}

fn holds(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[test]
fn a_photograph_does_not_carry_its_place() {
    let said = [
        segment(0xE1, &exif(true, 1)),
        segment(0xE1, &[b"http://ns.adobe.com/xap/1.0/\0", PLACE].concat()),
        segment(0xED, &[b"Photoshop 3.0\0", PLACE].concat()),
        segment(0xE2, &[b"MPF\0", PLACE].concat()),
        segment(0xEB, PLACE),
        segment(0xFE, PLACE),
    ];
    let mut picture = jpeg(&said);
    picture.extend_from_slice(PLACE);
    let clean = strip_metadata(&picture).unwrap();
    assert_eq!(clean, jpeg(&[]));
    assert!(!holds(&clean, PLACE));
}

#[test]
fn colours_stay_as_they_were() {
    let kept = [segment(0xE2, b"ICC_PROFILE\0\x01\x01profile"), segment(0xEE, b"Adobe\0d\0\0\0\0\x01")];
    assert_eq!(strip_metadata(&jpeg(&kept)).unwrap(), jpeg(&kept));
}

#[test]
fn orientation_is_all_that_stays_of_exif() {
    for little in [true, false] {
        let clean = strip_metadata(&jpeg(&[segment(0xE1, &exif(little, 6))])).unwrap();
        let mut minimal = exif(false, 6);
        minimal.truncate(minimal.len() - PLACE.len());
        assert_eq!(clean, jpeg(&[segment(0xE1, &minimal)]));
        assert_eq!(strip_metadata(&clean).unwrap(), clean);
    }
}

fn chunk(kind: &[u8; 4], data: &[u8]) -> Vec<u8> {
    [&(data.len() as u32).to_be_bytes()[..], kind, data, b"crc!"].concat()
}

fn png(extra: &[Vec<u8>]) -> Vec<u8> {
    let mut picture = b"\x89PNG\r\n\x1a\n".to_vec();
    picture.extend(chunk(b"IHDR", &[0; 13]));
    extra.iter().for_each(|chunk| picture.extend_from_slice(chunk));
    picture.extend(chunk(b"IDAT", &[1, 2, 3]));
    picture.extend(chunk(b"IEND", &[]));
    picture
}

#[test]
fn a_png_loses_text_time_and_private_chunks() {
    let said: Vec<_> = [b"tEXt", b"iTXt", b"zTXt", b"eXIf", b"tIME", b"prVt"]
        .iter()
        .map(|kind| chunk(kind, PLACE))
        .collect();
    let mut picture = png(&said);
    picture.extend_from_slice(PLACE);
    assert_eq!(strip_metadata(&picture).unwrap(), png(&[]));
    let kept = [chunk(b"iCCP", b"profile"), chunk(b"pHYs", &[0; 9])];
    assert_eq!(strip_metadata(&png(&kept)).unwrap(), png(&kept));
}

#[test]
fn what_is_cut_or_no_picture_is_not_called_clean() {
    let (jpeg, png) = (jpeg(&[]), png(&[]));
    for whole in [&jpeg, &png] {
        for end in 0..whole.len() {
            assert_eq!(strip_metadata(&whole[..end]), None, "{end}");
        }
    }
    assert_eq!(strip_metadata(b"GIF89a"), None);
}

proptest! {
    #[test]
    fn hostile_pictures_do_no_harm(mut bytes in prop::collection::vec(any::<u8>(), 0..600), kind in 0u8..3) {
        let start: &[u8] = match kind {
            0 => &[0xFF, 0xD8, 0xFF, 0xE1, 0, 40, b'E', b'x', b'i', b'f', 0, 0, b'I', b'I', b'*', 0],
            1 => b"\x89PNG\r\n\x1a\n",
            _ => &[],
        };
        bytes.splice(0..0, start.iter().copied());
        if let Some(clean) = strip_metadata(&bytes) {
            prop_assert_eq!(strip_metadata(&clean), Some(clean.clone()));
        }
    }
}
