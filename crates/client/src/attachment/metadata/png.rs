//! PNG (W3C PNG, third edition): keeps critical chunks and those that change how the picture looks.

const SIGNATURE: &[u8; 8] = b"\x89PNG\r\n\x1a\n";

/// Ancillary chunks that are kept; text, EXIF, time and whatever is private goes.
const KEPT: [&[u8; 4]; 16] = [
    b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"cICP", b"mDCV", b"cLLI", b"sBIT", b"bKGD", b"pHYs",
    b"hIST", b"sPLT", b"acTL", b"fcTL", b"fdAT",
];

pub(super) fn strip(picture: &[u8]) -> Option<Vec<u8>> {
    let mut rest = picture.strip_prefix(SIGNATURE)?;
    let mut clean = Vec::with_capacity(picture.len());
    clean.extend_from_slice(SIGNATURE);
    loop {
        // Length, type, data, checksum.
        let length = u32::from_be_bytes(rest.get(..4)?.try_into().ok()?);
        let kind: &[u8; 4] = rest.get(4..8)?.try_into().ok()?;
        if !kind.iter().all(u8::is_ascii_alphabetic) {
            return None;
        }
        let end = usize::try_from(length).ok()?.checked_add(12)?;
        let chunk = rest.get(..end)?;
        rest = &rest[end..];
        if kind[0].is_ascii_uppercase() || KEPT.contains(&kind) {
            clean.extend_from_slice(chunk);
        }
        if kind == b"IEND" {
            return Some(clean);
        }
    }
}
