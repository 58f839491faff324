//! Bodies that do not come as they were announced.

use super::{
    super::world::*,
    Takes,
    devices::{cases, phone_service},
};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// Says something on a fresh connection of HTTP/1.1, ends it if told to, and returns what was answered.
async fn say(service: &Running, parts: &[&[u8]], end: bool) -> Vec<u8> {
    let mut stream = service.tls(b"http/1.1").await.unwrap();
    for part in parts {
        // The service may have answered and closed before everything was said.
        if stream.write_all(part).await.is_err() {
            break;
        }
    }
    if end {
        stream.shutdown().await.unwrap();
    }
    let mut answer = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut answer));
    let _ = read.await.expect("the service closes the connection");
    answer
}

fn head(method: &str, path: &str, token: &str, length: &str) -> Vec<u8> {
    format!(
        "{method} {path} HTTP/1.1\r\nhost: phone.test\r\nauthorization: Bearer {token}\r\n\
         connection: close\r\n{length}\r\n\r\n"
    )
    .into_bytes()
}

#[tokio::test]
async fn a_body_that_breaks_off_changes_nothing_at_any_endpoint() {
    let world = World::new();
    let (service, mut ann) = phone_service(&world).await;
    let cases = cases(&service, &mut ann).await;
    let before = service.dump().await;
    for case in &cases {
        let Takes::Structure { good, .. } = &case.takes else { continue };
        let head = head(case.method, &case.path, &ann.token, &format!("content-length: {}", good.len()));
        let answer = say(&service, &[&head, &good[..good.len() - 1]], true).await;
        assert!(!answer.starts_with(b"HTTP/1.1 2"), "{} {}", case.method, case.path);
    }
    assert_eq!(before, service.dump().await);
    service.stop().await;
}

#[tokio::test]
async fn a_body_without_a_length_is_cut_off_at_the_limit_of_its_endpoint() {
    let world = World::new();
    let (service, mut ann) = phone_service(&world).await;
    let cases = cases(&service, &mut ann).await;
    let before = service.dump().await;
    let piece = vec![0; 64 * 1024];
    let chunk = [format!("{:x}\r\n", piece.len()).as_bytes(), &piece, b"\r\n"].concat();
    for case in &cases {
        let (Takes::Structure { limit, .. } | Takes::Piece { limit }) = &case.takes else { continue };
        let head = head(case.method, &case.path, &ann.token, "transfer-encoding: chunked");
        let mut parts = vec![head.as_slice()];
        parts.extend(std::iter::repeat_n(chunk.as_slice(), limit / piece.len() + 1));
        // It is not ended: the service does not wait for the rest of what is too much already.
        let answer = say(&service, &parts, false).await;
        let shown = String::from_utf8_lossy(&answer[..answer.len().min(80)]).into_owned();
        assert!(answer.starts_with(b"HTTP/1.1 413"), "{} {}: {shown}", case.method, case.path);
    }
    assert_eq!(before, service.dump().await);
    service.stop().await;
}
