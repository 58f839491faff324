//! Attachments: resumed uploads, ranges, quota, no open proxy.

use super::world::*;
use trefoil_proto::{
    Wire as _,
    edge::{AccountData, Identifier, OpenUpload, UploadTicket},
    paths,
};

/// Longer than the random ids of media, which could hold a short name by chance.
const USER: &str = "ann-with-a-name-of-her-own";

async fn service_with(more: &str) -> (Running, Member) {
    let service = World::new().start_with("account", "account.test", free_port(), &[], more);
    let ann = service.join(USER, Identifier::AccountName(b"Ann".to_vec())).await;
    (service, ann)
}

async fn open(service: &Running, ann: &Member, length: u64) -> Answer {
    service.call("POST", "media", Some(&ann.token), OpenUpload { length }.encode()).await
}

fn id(ticket: &UploadTicket) -> String {
    String::from_utf8(ticket.id.clone()).unwrap()
}

fn header<'a>(answer: &'a Answer, name: &str) -> &'a str {
    answer.headers.get(name).map_or("", |value| value.to_str().unwrap())
}

#[tokio::test]
async fn an_upload_is_resumed_and_read_in_ranges() {
    let (service, ann) = service_with("").await;
    let token = Some(ann.token.as_str());
    let content: Vec<u8> = (0..700_000_u32).map(|at| (at % 251) as u8).collect();
    let ticket: UploadTicket = open(&service, &ann, content.len() as u64).await.decode();
    let (id, url) = (id(&ticket), String::from_utf8(ticket.url.clone()).unwrap());
    assert_eq!(url, format!("https://account.test/v1/media/{id}"));
    let put = |offset: usize, piece: &[u8]| {
        let (path, piece) = (format!("media/{id}?offset={offset}"), piece.to_vec());
        let service = &service;
        async move { service.call("PUT", &path, token, piece).await }
    };
    assert_eq!(header(&put(0, &content[..300_000]).await, "upload-offset"), "300000");
    // Not whole yet: nobody reads it.
    assert_eq!(service.call("GET", &format!("media/{id}"), token, vec![]).await.code(), "NotFound");
    // The answer was lost, say: the device asks where it stands.
    let wrong = put(0, &content[..300_000]).await;
    assert_eq!((wrong.code().as_str(), wrong.status), ("WrongOffset", 409));
    assert_eq!(wrong.error().unwrap().detail, b"300000");
    let head = service.call("HEAD", &format!("media/{id}"), token, vec![]).await;
    assert_eq!((header(&head, "upload-offset"), header(&head, "upload-length")), ("300000", "700000"));
    assert_eq!(put(300_000, &vec![0; 400_001]).await.code(), "TooLarge");
    assert_eq!(put(300_000, &content[300_000..]).await.status, 204);
    assert_eq!(put(700_000, b"x").await.code(), "TooLarge");

    let encoded = paths::segment(&url);
    for path in [format!("media/{id}"), format!("proxyDownload/{encoded}")] {
        let whole = service.call("GET", &path, token, vec![]).await;
        assert!(whole.status == 200 && whole.body == content, "{}", whole.code());
        for (range, expected, content_range) in [
            ("bytes=0-0", &content[..1], "bytes 0-0/700000"),
            ("bytes=299990-300009", &content[299_990..300_010], "bytes 299990-300009/700000"),
            ("bytes=699999-", &content[699_999..], "bytes 699999-699999/700000"),
            ("bytes=-10", &content[699_990..], "bytes 699990-699999/700000"),
            ("bytes=699000-900000", &content[699_000..], "bytes 699000-699999/700000"),
        ] {
            let part = service.call_with("GET", &path, token, vec![], &[("range", range)]).await;
            assert_eq!((part.status, part.body.as_slice()), (206, expected), "{range}");
            assert_eq!(header(&part, "content-range"), content_range);
        }
        let beyond = service.call_with("GET", &path, token, vec![], &[("range", "bytes=700000-")]).await;
        assert_eq!((beyond.status, header(&beyond, "content-range")), (416, "bytes */700000"));
    }
    service.stop().await;
}

#[tokio::test]
async fn the_quota_is_of_the_day_and_names_nobody_on_the_blob() {
    let (service, ann) = service_with("[limits]\nmedia_bytes_per_day = 1000\n").await;
    let ticket: UploadTicket = open(&service, &ann, 600).await.decode();
    assert_eq!(open(&service, &ann, 500).await.code(), "QuotaExceeded");
    assert_eq!(open(&service, &ann, 400).await.status, 201);
    assert_eq!(open(&service, &ann, 0).await.code(), "TooLarge");
    let account: AccountData = service.call("GET", "account", Some(&ann.token), vec![]).await.decode();
    assert_eq!(account.media_bytes, 1000);
    let user = USER.as_bytes();
    assert!(ann.uri().user.as_str().as_bytes() == user && user.len() > ticket.id.len());
    for ((table, key), value) in service.dump().await {
        if table == "media.uploads" || table == "media.blobs" {
            let names = |bytes: &[u8]| bytes.windows(user.len()).any(|window| window == user);
            assert!(!names(&key) && !names(&value));
        }
    }
    // An upload that was not finished in a day is over.
    service.clock.advance(24 * 60 * 60 * 1000);
    let ann = service.log_in(ann).await;
    let path = format!("media/{}?offset=0", id(&ticket));
    assert_eq!(service.call("PUT", &path, Some(&ann.token), vec![1; 600]).await.code(), "NotFound");
    assert_eq!(open(&service, &ann, 1000).await.status, 201);
    service.stop().await;
}

#[tokio::test]
async fn the_proxy_fetches_media_of_services_and_nothing_else() {
    let (service, ann) = service_with("").await;
    let id = "AAAAAAAAAAAAAAAAAAAAAA";
    for (url, code) in [
        ("https://example.com/".to_owned(), "Malformed"),
        ("file:///etc/passwd".to_owned(), "Malformed"),
        (format!("https://account.test/v1/media/{id}/../x"), "Malformed"),
        (format!("https://127.0.0.1/v1/media/{id}"), "PeerUnavailable"),
        (format!("https://localhost:5432/v1/media/{id}"), "PeerUnavailable"),
        (format!("https://intranet/v1/media/{id}"), "PeerUnavailable"),
        (format!("https://user@account.test/v1/media/{id}"), "Malformed"),
        (format!("https://account.test/v1/media/{id}"), "NotFound"),
    ] {
        let path = format!("proxyDownload/{}", paths::segment(&url));
        assert_eq!(service.call("GET", &path, Some(&ann.token), vec![]).await.code(), code, "{url}");
    }
    service.stop().await;
}
