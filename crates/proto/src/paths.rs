//! Paths of the interface between a client and its own service, and of the MIMI interface between services.
//! Templates take percent-encoded URIs.

/// Root of the interface for a service's own clients.
pub const CLIENT_ROOT: &str = "/v1";
/// Root of the MIMI interface for other services.
pub const MIMI_ROOT: &str = "/mimi/v1";
/// The discovery document of the MIMI interface (draft-ietf-mimi-protocol-06, section 5.1).
pub const WELL_KNOWN: &str = "/.well-known/mimi-protocol-directory";
/// Media type of every TLS presentation language body.
pub const MEDIA_TYPE: &str = "application/mimi-protocol";
/// Media type of an [`crate::ErrorBody`].
pub const ERROR_MEDIA_TYPE: &str = "application/vnd.trefoil.error";

/// Percent-encodes everything but RFC 3986's unreserved characters, so that a URI fits one path segment.
pub fn segment(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len() * 3);
    for byte in raw.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push(char::from(HEX[usize::from(byte >> 4)]));
            out.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
    out
}

const HEX: &[u8; 16] = b"0123456789ABCDEF";
