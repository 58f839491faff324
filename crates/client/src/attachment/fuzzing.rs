//! Decoders of attachments, for the fuzzer.

use super::{Descriptor, HandedId, ParcelId, UploadId, rows, strip_metadata};
use crate::fuzzing::Target;
use trefoil_proto::content::MimiContent;

pub(crate) const TARGETS: &[Target] = &[
    ("client_picture", picture),
    ("client_descriptor", descriptor),
    ("client_upload_row", upload),
    ("client_plan_row", plan),
    ("client_download_row", download),
    ("client_handed_row", handed),
    ("client_parcel_row", parcel),
];

/// A picture that was cleaned is clean: cleaning it again changes nothing. It only loses what it had.
fn picture(input: &[u8]) -> bool {
    let Some(clean) = strip_metadata(input) else { return false };
    // An orientation is written anew in 36 bytes, and no segment that says one has less than half of it.
    assert!(clean.len() <= 2 * input.len(), "a picture grew");
    assert_eq!(strip_metadata(&clean).as_ref(), Some(&clean), "a clean picture is not clean");
    true
}

/// A description that is usable says the same when it is made again, and names no way out of a folder.
fn descriptor(input: &[u8]) -> bool {
    let Ok(content) = MimiContent::decode(input) else { return false };
    let Some(Ok(file)) = Descriptor::read(&content.part, &content.extensions) else { return false };
    let name = &file.label.filename;
    assert!(!name.contains(['/', '\\', '\0']) && !matches!(name.trim(), "." | ".."), "{name:?}");
    let again = Descriptor::read(&file.part(), &content.extensions);
    assert_eq!(again.and_then(Result::ok), Some(file));
    true
}

/// Later versions may write more at the end of a row, so the encoding is the same only from the second time on.
fn plan(input: &[u8]) -> bool {
    let Ok(plan) = rows::decode_plan(input) else { return false };
    let written = rows::encode_plan(&plan);
    assert_eq!(rows::decode_plan(&written).map(|again| rows::encode_plan(&again)).ok(), Some(written));
    true
}

fn upload(input: &[u8]) -> bool {
    let plan = || rows::decode_plan(&sample_plan()).expect("a plan");
    let Ok(upload) = rows::decode_upload(UploadId([1; 16]), input, plan()) else { return false };
    let written = rows::encode_upload(&upload);
    let again = rows::decode_upload(UploadId([1; 16]), &written, plan());
    assert_eq!(again.map(|again| rows::encode_upload(&again)).ok(), Some(written));
    true
}

fn download(input: &[u8]) -> bool {
    let Ok(download) = rows::decode_download(input) else { return false };
    let written = rows::encode_download(&download);
    let again = rows::decode_download(&written);
    assert_eq!(again.map(|again| rows::encode_download(&again)).ok(), Some(written));
    true
}

fn handed(input: &[u8]) -> bool {
    let Ok(file) = rows::decode_handed(HandedId([1; 16]), input) else { return false };
    assert!(file.there <= file.size, "more is here than there is");
    let again = rows::decode_handed(file.id, &rows::encode_handed(&file));
    assert_eq!(again.ok(), Some(file));
    true
}

fn parcel(input: &[u8]) -> bool {
    let Ok(parcel) = rows::decode_parcel(ParcelId([1; 16]), input) else { return false };
    let again = rows::decode_parcel(parcel.id, &rows::encode_parcel(&parcel));
    assert_eq!(again.ok(), Some(parcel));
    true
}

/// The plan of one byte.
fn sample_plan() -> Vec<u8> {
    let bytes = |content: &[u8]| minicbor::bytes::ByteVec::from(content.to_vec());
    let mut row = vec![1];
    let parts = (bytes(&[1; 32]), bytes(&[2; 7]), 1_u64, bytes(&[3; 32]), bytes(&[4; 32]), bytes(&[5; 32]));
    minicbor::encode(parts, &mut row).expect("writing into memory does not fail");
    row
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub(crate) fn samples() -> Vec<(&'static str, Vec<u8>)> {
    use super::{Download, Handed, Label, Parcel, Upload, plaintext_hashes};
    use trefoil_proto::{
        content::{ExtensionKey, Extensions},
        edge::UploadTicket,
    };
    let plan = rows::decode_plan(&sample_plan()).unwrap();
    let label = Label {
        content_type: "image/jpeg".into(),
        filename: "tea.jpg".into(),
        description: "Tea".into(),
        inline: true,
    };
    let file = plan.describe("https://a.test/v1/media/x".into(), label);
    let mut extensions = Extensions::default();
    let key = ExtensionKey::Text(super::PLAINTEXT_HASHES.to_owned());
    extensions.insert(key, plaintext_hashes(std::slice::from_ref(&file))).unwrap();
    let content = MimiContent {
        salt: [7; 16],
        replaces: None,
        topic_id: Vec::new(),
        expires: None,
        in_reply_to: None,
        extensions,
        part: file.part(),
    };
    let ticket = UploadTicket { id: b"id".to_vec(), url: b"https://a.test/v1/media/x".to_vec() };
    let upload = Upload {
        id: UploadId([1; 16]),
        source: b"/tea.jpg".to_vec(),
        plan: plan.clone(),
        ticket: Some(ticket),
        offset: 5,
    };
    let download = Download { file, target: b"/tea.jpg".to_vec(), chunks_done: 1, good: true };
    let handed =
        Handed::new(HandedId([1; 16]), "tea.jpg".to_owned(), 9, true, trefoil_proto::Timestamp(7)).unwrap();
    let parcel = Parcel {
        id: ParcelId([1; 16]),
        room: "mimi://a.test/r/tea".parse().unwrap(),
        files: vec![HandedId([2; 16]), HandedId([3; 16])],
        letter: b"{}".to_vec(),
        taken: trefoil_proto::Timestamp(8),
    };
    vec![
        ("client_picture", photograph()),
        ("client_picture", drawing()),
        ("client_descriptor", content.encode().unwrap()),
        ("client_upload_row", rows::encode_upload(&upload)),
        ("client_plan_row", rows::encode_plan(&plan)),
        ("client_download_row", rows::encode_download(&download)),
        ("client_handed_row", rows::encode_handed(&handed)),
        ("client_parcel_row", rows::encode_parcel(&parcel)),
    ]
}

/// A JPEG with an orientation, a place and a comment.
#[cfg(test)]
fn photograph() -> Vec<u8> {
    let exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0 59.3293N 18.0686E";
    let frame = [8, 0, 1, 0, 1, 1, 1, 0x11, 0];
    let segments: [(u8, &[u8]); 6] = [
        (0xE0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0"),
        (0xE1, exif),
        (0xFE, b"by nobody"),
        (0xDB, &[0; 65]),
        (0xC0, &frame),
        (0xDA, &[1, 1, 0, 0, 63, 0]),
    ];
    let mut picture = vec![0xFF, 0xD8];
    for (marker, body) in segments {
        let length = u16::try_from(body.len() + 2).expect("a short segment");
        picture.extend_from_slice(&[0xFF, marker]);
        picture.extend_from_slice(&length.to_be_bytes());
        picture.extend_from_slice(body);
    }
    picture.extend_from_slice(&[0x12, 0xFF, 0x00, 0x34, 0xFF, 0xD0, 0x56, 0xFF, 0xD9]);
    picture
}

/// A PNG with a comment and a time.
#[cfg(test)]
fn drawing() -> Vec<u8> {
    let chunks: [(&[u8; 4], &[u8]); 5] = [
        (b"IHDR", &[0; 13]),
        (b"tEXt", b"by\0nobody"),
        (b"tIME", &[7; 7]),
        (b"IDAT", &[1, 2, 3]),
        (b"IEND", &[]),
    ];
    let mut picture = b"\x89PNG\r\n\x1a\n".to_vec();
    for (kind, data) in chunks {
        let length = u32::try_from(data.len()).expect("a short chunk");
        picture.extend([&length.to_be_bytes()[..], kind, data, b"crc!"].concat());
    }
    picture
}
