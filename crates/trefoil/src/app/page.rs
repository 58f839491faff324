//! The page's files, from inside the program.

use super::error::Problem;
use axum::{
    extract::Path,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

/// Path and bytes of each file of `web/dist`.
const FILES: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/page.rs"));

const NOT_BUILT: &str = "<!doctype html><html lang=en><meta charset=utf-8><title>Trefoil</title><h1>The page is not in this \
    program</h1><p>It was built without it. In the source folder: <code>make page</code>, then build the program again. \
    Everything that the page does, <code>trefoil --help</code> does too.";

/// The page itself.
pub async fn index() -> Response {
    match file("index.html") {
        Some(bytes) => answer("text/html; charset=utf-8", bytes, "no-store"),
        None => answer("text/html; charset=utf-8", NOT_BUILT.as_bytes(), "no-store"),
    }
}

/// One of its files.
pub async fn asset(Path(path): Path<String>) -> Response {
    match file(&path) {
        // Names of assets hold a hash of what is in them.
        Some(bytes) if path.starts_with("assets/") => {
            answer(media_type(&path), bytes, "private, max-age=31536000, immutable")
        }
        Some(bytes) => answer(media_type(&path), bytes, "no-store"),
        None if path.starts_with("api/") => Problem::not_found("the API has no such address").into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn file(path: &str) -> Option<&'static [u8]> {
    FILES.iter().find(|(name, _)| *name == path).map(|(_, bytes)| *bytes)
}

fn answer(media_type: &'static str, bytes: &'static [u8], caching: &'static str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(media_type)),
        (header::CACHE_CONTROL, HeaderValue::from_static(caching)),
    ];
    (headers, bytes).into_response()
}

fn media_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, extension)| extension) {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("json") => "application/json",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("woff2") => "font/woff2",
        Some("webmanifest") => "application/manifest+json",
        _ => "application/octet-stream",
    }
}
