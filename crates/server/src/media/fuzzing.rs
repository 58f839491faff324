//! Decoders of this room, for the fuzzer.

use super::{
    MediaUrl, byte_range,
    decide::ByteRange,
    rows::{self, BlobRow, UploadRow},
};
use crate::fuzzing::{Target, row};

pub(crate) const TARGETS: &[Target] = &[
    ("server_upload_row", row!(UploadRow)),
    ("server_blob_row", row!(BlobRow)),
    ("server_quota_row", quota),
    ("server_range", range),
    ("server_media_url", url),
];

fn quota(input: &[u8]) -> bool {
    let Ok(used) = rows::decode_quota(input) else { return false };
    assert_eq!(rows::encode_quota(used), input);
    true
}

/// A range names bytes that there are, whatever it says.
fn range(input: &[u8]) -> bool {
    let range = byte_range(Some(input));
    for length in [0, 1, 1000, u64::MAX] {
        if let Ok(part) = range.within(length) {
            assert!(part.start <= part.end && part.end <= length && part.of == length);
        }
    }
    range != ByteRange::All
}

/// A URL that is taken is one of a service's media, and says the same in its parts.
fn url(input: &[u8]) -> bool {
    let Some(url) = std::str::from_utf8(input).ok().and_then(MediaUrl::parse) else { return false };
    assert_eq!(format!("{}/v1/media/{}", url.base, url.id).as_bytes(), input);
    assert_eq!(url.base, format!("https://{}", url.host));
    true
}

#[cfg(test)]
pub(crate) fn samples() -> Vec<(&'static str, Vec<u8>)> {
    use trefoil_proto::Timestamp;
    vec![
        ("server_upload_row", UploadRow { length: 5, expires: Timestamp(6) }.encode()),
        ("server_blob_row", BlobRow { length: 5, day: 20_000 }.encode()),
        ("server_quota_row", rows::encode_quota(7)),
        ("server_range", b"bytes=10-19".to_vec()),
        ("server_range", b"bytes=-5".to_vec()),
        ("server_range", b"bytes=18446744073709551615-".to_vec()),
        ("server_media_url", b"https://a.test/v1/media/AAAAAAAAAAAAAAAAAAAAAA".to_vec()),
    ]
}
