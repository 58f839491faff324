//! What the text forms of C2SP have in common: some lines, hashes in base64, an empty line, a checkpoint.

use data_encoding::BASE64;
use std::{fmt::Write as _, str::Lines};

/// Hashes that are read: more than the longest proof has.
const HASHES: usize = 63;
/// Most bytes before the checkpoint, without what is of one form only.
pub(super) const PROOF: usize = 256 + HASHES * 45;

/// The lines before the first empty one, and what comes after it.
pub(super) fn split(bytes: &[u8], limit: usize) -> Option<(&str, &[u8])> {
    if bytes.len() > limit {
        return None;
    }
    let end = bytes.windows(2).position(|two| two == b"\n\n")?;
    Some((std::str::from_utf8(&bytes[..end]).ok()?, &bytes[end + 2..]))
}

/// A number as C2SP writes it: decimal, without leading zeros.
pub(super) fn number(raw: &str) -> Option<u64> {
    raw.parse().ok().filter(|number: &u64| number.to_string() == raw)
}

pub(super) fn write_hashes(text: &mut String, hashes: &[[u8; 32]]) {
    for hash in hashes {
        writeln!(text, "{}", BASE64.encode(hash)).expect("a string takes everything");
    }
}

pub(super) fn read_hashes(lines: Lines<'_>) -> Option<Vec<[u8; 32]>> {
    let mut hashes = Vec::new();
    for line in lines {
        if hashes.len() == HASHES {
            return None;
        }
        hashes.push(BASE64.decode(line.as_bytes()).ok()?.try_into().ok()?);
    }
    Some(hashes)
}
