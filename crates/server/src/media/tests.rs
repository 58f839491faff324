//! Rows keep their form, ranges their meaning, and URLs their host. The rest is tested over HTTP in `tests/edge`.

#![allow(clippy::unwrap_used)]

use super::{rows::*, *};
use proptest::prelude::*;

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

proptest! {
    #[test]
    fn no_range_names_bytes_that_are_not_there(header in "\\PC{0,30}", length in 0_u64..1000) {
        if let Ok(part) = byte_range(Some(header.as_bytes())).within(length) {
            prop_assert!(part.start <= part.end && part.end <= length);
        }
    }
}
