//! Which part of a file is asked for (RFC 9110, section 14): players seek, and what broke off goes on.

use axum::http::{HeaderMap, header};
use std::ops::Range;

/// What is to be answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// All of it (200).
    Whole,
    /// These bytes (206), end excluded; never none.
    Part(Range<u64>),
    /// Nothing: it has no such bytes (416).
    Unsatisfiable,
}

/// Reads what a request asks of a file of `size` bytes whose strong validator is `tag`. What is no single range of bytes, or
/// is meant for another version of the file, asks for all of it, as the RFC has it.
pub(super) fn wanted(headers: &HeaderMap, size: u64, tag: &str) -> Wanted {
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    if text(header::IF_RANGE).is_some_and(|of| of != tag) {
        return Wanted::Whole;
    }
    text(header::RANGE).and_then(|asked| single(asked, size)).unwrap_or(Wanted::Whole)
}

fn single(asked: &str, size: u64) -> Option<Wanted> {
    let (first, last) = asked.strip_prefix("bytes=")?.trim().split_once('-')?;
    let range = match (first, last) {
        ("", suffix) => size.saturating_sub(number(suffix)?)..size,
        (first, "") => number(first)?..size,
        (first, last) => {
            let (first, last) = (number(first)?, number(last)?);
            if last < first {
                return None;
            }
            first..last.saturating_add(1).min(size)
        }
    };
    Some(if range.start < range.end { Wanted::Part(range) } else { Wanted::Unsatisfiable })
}

/// Digits only: a sign or a space is no number here.
fn number(digits: &str) -> Option<u64> {
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn asks(range: &str) -> Wanted {
        wanted(&HeaderMap::from_iter([(header::RANGE, range.parse().unwrap())]), 10, "\"a\"")
    }

    #[test]
    fn ranges_are_read_as_the_rfc_has_them() {
        assert_eq!(wanted(&HeaderMap::new(), 10, "\"a\""), Wanted::Whole);
        assert_eq!(asks("bytes=0-0"), Wanted::Part(0..1));
        assert_eq!(asks("bytes=2-5"), Wanted::Part(2..6));
        assert_eq!(asks("bytes=2-"), Wanted::Part(2..10));
        assert_eq!(asks("bytes=-3"), Wanted::Part(7..10));
        assert_eq!(asks("bytes=-99"), Wanted::Part(0..10));
        assert_eq!(asks("bytes=9-99999999999999999"), Wanted::Part(9..10));
        assert_eq!(asks("bytes=0-18446744073709551615"), Wanted::Part(0..10));
        for past in ["bytes=10-", "bytes=10-12", "bytes=-0", "bytes=18446744073709551615-"] {
            assert_eq!(asks(past), Wanted::Unsatisfiable, "{past}");
        }
        for other in [
            "bytes=5-2",
            "bytes=0-1,4-5",
            "bytes=-",
            "bytes=a-b",
            "lines=0-1",
            "bytes=+1-2",
            "",
            "bytes=0-1x",
        ] {
            assert_eq!(asks(other), Wanted::Whole, "{other}");
        }
    }

    #[test]
    fn a_range_of_another_version_is_not_given() {
        let of = |tag: &str| {
            let pairs =
                [(header::RANGE, "bytes=2-5".parse().unwrap()), (header::IF_RANGE, tag.parse().unwrap())];
            wanted(&HeaderMap::from_iter(pairs), 10, "\"a\"")
        };
        assert_eq!(of("\"a\""), Wanted::Part(2..6));
        assert_eq!(of("\"b\""), Wanted::Whole);
    }
}
