//! Pure decisions about media: is this an id, which bytes does a range name, whose is a URL.

use super::{MediaError, Part};
use trefoil_proto::{Domain, Timestamp, paths};

/// One range of bytes, as a request names it (RFC 9110, section 14.1.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ByteRange {
    /// Everything.
    All,
    /// From a first byte, to a last byte (included) or the end.
    From(u64, Option<u64>),
    /// The last bytes.
    Last(u64),
}

impl ByteRange {
    /// The bytes it names of something with `length` bytes.
    ///
    /// # Errors
    /// [`MediaError::Range`] if it names none.
    pub fn within(self, length: u64) -> Result<Part, MediaError> {
        let (start, end) = match self {
            Self::All => (0, length),
            Self::From(start, None) => (start, length),
            Self::From(start, Some(last)) => (start, last.saturating_add(1).min(length)),
            Self::Last(count) => (length.saturating_sub(count), length),
        };
        if start < end || self == Self::All {
            Ok(Part { start, end, of: length })
        } else {
            Err(MediaError::Range)
        }
    }
}

/// Reads a `Range` header. Several ranges, and units other than bytes, are ignored as the RFC allows: everything.
pub fn byte_range(header: Option<&[u8]>) -> ByteRange {
    let parse = |header: &[u8]| {
        let spec = std::str::from_utf8(header).ok()?.strip_prefix("bytes=")?.trim();
        let (first, last) = spec.split_once('-')?;
        let number = |digits: &str| {
            if digits.bytes().all(|byte| byte.is_ascii_digit()) { digits.parse::<u64>().ok() } else { None }
        };
        match (first.is_empty(), last.is_empty()) {
            (true, _) => Some(ByteRange::Last(number(last)?)),
            (false, true) => Some(ByteRange::From(number(first)?, None)),
            (false, false) => {
                let (first, last) = (number(first)?, number(last)?);
                if first <= last { Some(ByteRange::From(first, Some(last))) } else { None }
            }
        }
    };
    header.and_then(parse).unwrap_or(ByteRange::All)
}

/// A media URL of a service: `https://<host>/v1/media/<id>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MediaUrl {
    /// Scheme and host, as written.
    pub base: String,
    /// The host as a domain.
    pub host: Domain,
    /// The upload's id.
    pub id: String,
}

impl MediaUrl {
    /// The URL of own media.
    pub fn own(base: &str, id: &str) -> String {
        format!("{base}{}/media/{id}", paths::CLIENT_ROOT)
    }

    /// Takes a URL apart; `None` if it is not exactly of this form.
    pub fn parse(raw: &str) -> Option<Self> {
        if raw.len() > trefoil_proto::limits::URI {
            return None;
        }
        let (base, id) = raw.rsplit_once("/media/")?;
        let base = base.strip_suffix(paths::CLIENT_ROOT)?;
        let host = base.strip_prefix("https://")?;
        let fits = is_id(id);
        Some(Self { base: base.to_owned(), host: host.parse().ok()?, id: id.to_owned() }).filter(|_| fits)
    }
}

/// 22 characters of base64url: 128 bits.
pub(super) fn is_id(raw: &str) -> bool {
    raw.len() == 22 && raw.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

/// Days since the UNIX epoch.
pub(super) fn day(now: Timestamp) -> u32 {
    now.short_day()
}
