//! The files of the console's page, given by whoever builds them in.

use super::{Console, error::Problem};
use axum::{
    extract::{Path, State},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use std::sync::Arc;

/// Path and bytes of a file.
pub type PageFile = (&'static str, &'static [u8]);

const NOT_BUILT: &[u8] = b"<!doctype html><html lang=en><meta charset=utf-8><title>Trefoil</title><h1>The page is not in this \
    program</h1><p>It was built without it. <code>trefoil moderate --help</code> does everything that it does.";

/// The page itself.
pub(super) async fn index(State(console): State<Arc<Console>>) -> Response {
    answer("text/html; charset=utf-8", console.file("index.html").unwrap_or(NOT_BUILT))
}

/// One of its files.
pub(super) async fn asset(State(console): State<Arc<Console>>, Path(path): Path<String>) -> Response {
    match console.file(&format!("assets/{path}")) {
        Some(bytes) => answer(media_type(&path), bytes),
        None => Problem::new(StatusCode::NOT_FOUND, "not-found", "the page has no such file").into_response(),
    }
}

impl Console {
    fn file(&self, path: &str) -> Option<&'static [u8]> {
        self.settings.page.iter().find(|(name, _)| *name == path).map(|(_, bytes)| *bytes)
    }
}

fn answer(media_type: &'static str, bytes: &'static [u8]) -> Response {
    ([(header::CONTENT_TYPE, HeaderValue::from_static(media_type))], bytes).into_response()
}

fn media_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, extension)| extension) {
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("woff2") => "font/woff2",
        _ => "application/octet-stream",
    }
}
