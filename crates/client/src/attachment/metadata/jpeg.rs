//! JPEG (ITU-T T.81): keeps what decoding needs, the colour profile and the orientation.

const ORIENTATION: u16 = 0x0112;

pub(super) fn strip(picture: &[u8]) -> Option<Vec<u8>> {
    let mut rest = picture.strip_prefix(&[0xFF, 0xD8])?;
    let mut clean = Vec::with_capacity(picture.len());
    clean.extend_from_slice(&[0xFF, 0xD8]);
    loop {
        // Any number of fill bytes may stand before a marker.
        rest = rest.strip_prefix(&[0xFF])?;
        while let Some(after) = rest.strip_prefix(&[0xFF]) {
            rest = after;
        }
        let (&marker, after) = rest.split_first()?;
        if marker == 0xD9 {
            // What follows the end (second pictures, films) goes.
            clean.extend_from_slice(&[0xFF, 0xD9]);
            return Some(clean);
        }
        if marker == 0x01 || (0xD0..=0xD7).contains(&marker) {
            clean.extend_from_slice(&[0xFF, marker]);
            rest = after;
            continue;
        }
        let length = usize::from(u16::from_be_bytes(after.get(..2)?.try_into().ok()?));
        let body = after.get(2..length)?;
        let segment = &after[..length];
        rest = &after[length..];
        if is_kept(marker, body) {
            clean.extend_from_slice(&[0xFF, marker]);
            clean.extend_from_slice(segment);
        } else if let Some(turned) = orientation(marker, body) {
            clean.extend_from_slice(&exif_of(turned));
        }
        if marker == 0xDA {
            let scan = scan_length(rest)?;
            clean.extend_from_slice(&rest[..scan]);
            rest = &rest[scan..];
        }
    }
}

/// Tables, frames and scans; of the application segments JFIF, the colour profile and Adobe's colour transform.
fn is_kept(marker: u8, body: &[u8]) -> bool {
    match marker {
        0xE0 => body.starts_with(b"JFIF\0"),
        0xE2 => body.starts_with(b"ICC_PROFILE\0"),
        0xEE => body.starts_with(b"Adobe"),
        0xE1..=0xEF | 0xFE => false,
        0xC0..=0xDF => true,
        _ => false,
    }
}

/// Bytes of entropy-coded data: up to a marker that is neither a stuffed zero nor a restart.
fn scan_length(data: &[u8]) -> Option<usize> {
    data.windows(2).position(|pair| pair[0] == 0xFF && pair[1] != 0 && !(0xD0..=0xD7).contains(&pair[1]))
}

/// The orientation in an EXIF segment, if it is one and turns the picture.
fn orientation(marker: u8, body: &[u8]) -> Option<u8> {
    if marker != 0xE1 {
        return None;
    }
    let tiff = body.strip_prefix(b"Exif\0\0")?;
    let little = match tiff.get(..4)? {
        b"II*\0" => true,
        b"MM\0*" => false,
        _ => return None,
    };
    let u16_at = |at: usize| {
        let bytes: [u8; 2] = tiff.get(at..at.checked_add(2)?)?.try_into().ok()?;
        Some(if little { u16::from_le_bytes(bytes) } else { u16::from_be_bytes(bytes) })
    };
    let offset: [u8; 4] = tiff.get(4..8)?.try_into().ok()?;
    let offset = if little { u32::from_le_bytes(offset) } else { u32::from_be_bytes(offset) };
    let directory = usize::try_from(offset).ok()?;
    let entries = usize::from(u16_at(directory)?);
    for entry in 0..entries {
        let at = directory.checked_add(2 + entry * 12)?;
        if u16_at(at)? == ORIENTATION {
            return u8::try_from(u16_at(at.checked_add(8)?)?).ok().filter(|value| (2..=8).contains(value));
        }
    }
    None
}

/// An EXIF segment that says nothing but the orientation.
fn exif_of(orientation: u8) -> Vec<u8> {
    let mut segment = vec![0xFF, 0xE1, 0x00, 0x22];
    segment.extend_from_slice(b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0");
    segment.extend_from_slice(&[orientation, 0, 0, 0, 0, 0, 0]);
    segment
}
