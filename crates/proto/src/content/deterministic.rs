//! Is this one item of deterministic CBOR (RFC 8949, section 4.2.1)? Checked before anything is read from it, since
//! the decoder takes longer forms as well, and a message's id is a hash over its bytes.

use crate::ProtoError;

const REFUSED: ProtoError = ProtoError::Malformed("CBOR");

/// Longest way down through arrays, maps and tags in anything that is decoded here.
const DEPTH: usize = 16;

/// Checks that `bytes` is exactly one item.
pub(super) fn check(bytes: &[u8]) -> Result<(), ProtoError> {
    check_to_depth(bytes, DEPTH)
}

/// The same, with arrays, maps and tags nested at most `depth` deep.
pub(super) fn check_to_depth(bytes: &[u8], depth: usize) -> Result<(), ProtoError> {
    match item(bytes, depth)? {
        [] => Ok(()),
        _ => Err(REFUSED),
    }
}

/// Steps over one item and returns what follows.
fn item(bytes: &[u8], depth: usize) -> Result<&[u8], ProtoError> {
    let (&initial, rest) = bytes.split_first().ok_or(REFUSED)?;
    let (major, info) = (initial >> 5, initial & 0x1f);
    if major == 7 {
        return simple_or_float(info, rest);
    }
    let (argument, rest) = argument(info, rest)?;
    match major {
        0 | 1 => Ok(rest),
        2 => Ok(split(rest, argument)?.1),
        3 => {
            let (text, rest) = split(rest, argument)?;
            std::str::from_utf8(text).map_err(|_| REFUSED)?;
            Ok(rest)
        }
        4 => {
            let inner = depth.checked_sub(1).ok_or(REFUSED)?;
            // No allocation follows from the count: it is used up one item at a time.
            (0..argument).try_fold(rest, |rest, _| item(rest, inner))
        }
        5 => map(rest, argument, depth.checked_sub(1).ok_or(REFUSED)?),
        _ => tagged(argument, rest, depth.checked_sub(1).ok_or(REFUSED)?),
    }
}

/// The number after the initial byte, in its shortest form; indefinite lengths are refused.
fn argument(info: u8, rest: &[u8]) -> Result<(u64, &[u8]), ProtoError> {
    let (width, least) = match info {
        0..=23 => return Ok((info.into(), rest)),
        24 => (1, 24),
        25 => (2, 1 << 8),
        26 => (4, 1 << 16),
        27 => (8, 1 << 32),
        _ => return Err(REFUSED),
    };
    let (digits, rest) = rest.split_at_checked(width).ok_or(REFUSED)?;
    let value = digits.iter().fold(0u64, |value, digit| value << 8 | u64::from(*digit));
    if value < least { Err(REFUSED) } else { Ok((value, rest)) }
}

fn split(rest: &[u8], length: u64) -> Result<(&[u8], &[u8]), ProtoError> {
    usize::try_from(length).ok().and_then(|length| rest.split_at_checked(length)).ok_or(REFUSED)
}

/// Keys are integers, text or byte strings, in rising order of their encodings, none twice.
fn map(mut rest: &[u8], count: u64, depth: usize) -> Result<&[u8], ProtoError> {
    let mut last: &[u8] = &[];
    for _ in 0..count {
        if rest.first().is_none_or(|initial| initial >> 5 > 3) {
            return Err(REFUSED);
        }
        let after = item(rest, depth)?;
        let key = &rest[..rest.len() - after.len()];
        if key <= last {
            return Err(REFUSED);
        }
        last = key;
        rest = item(after, depth)?;
    }
    Ok(rest)
}

/// Tags 2 and 3 hold integers that need more than 64 bits, without leading zeros.
fn tagged(tag: u64, rest: &[u8], depth: usize) -> Result<&[u8], ProtoError> {
    let after = item(rest, depth)?;
    if tag == 2 || tag == 3 {
        let whole = &rest[..rest.len() - after.len()];
        let (initial, content) = whole.split_first().ok_or(REFUSED)?;
        let (length, digits) = argument(initial & 0x1f, content)?;
        if initial >> 5 != 2 || length <= 8 || digits.first() == Some(&0) {
            return Err(REFUSED);
        }
    }
    Ok(after)
}

fn simple_or_float(info: u8, rest: &[u8]) -> Result<&[u8], ProtoError> {
    match info {
        // false, true, null, undefined
        20..=23 => Ok(rest),
        25 => {
            let (bits, rest) = take::<2>(rest)?;
            let bits = u16::from_be_bytes(bits);
            let is_nan = bits & 0x7c00 == 0x7c00 && bits & 0x03ff != 0;
            if is_nan && bits != 0x7e00 { Err(REFUSED) } else { Ok(rest) }
        }
        26 => {
            let (bits, rest) = take::<4>(rest)?;
            let value = f32::from_be_bytes(bits);
            if value.is_nan() || fits_half(value) { Err(REFUSED) } else { Ok(rest) }
        }
        27 => {
            let (bits, rest) = take::<8>(rest)?;
            let value = f64::from_be_bytes(bits);
            #[allow(clippy::cast_possible_truncation)]
            let narrow = value as f32;
            let fits_single = f64::from(narrow).to_bits() == value.to_bits();
            if value.is_nan() || fits_single { Err(REFUSED) } else { Ok(rest) }
        }
        _ => Err(REFUSED),
    }
}

fn take<const N: usize>(rest: &[u8]) -> Result<([u8; N], &[u8]), ProtoError> {
    let (head, rest) = rest.split_first_chunk::<N>().ok_or(REFUSED)?;
    Ok((*head, rest))
}

/// Whether a half-width float says the same: eleven significant bits, exponent from -24 (subnormal) to 15.
fn fits_half(value: f32) -> bool {
    if value == 0.0 || value.is_infinite() {
        return true;
    }
    let magnitude = value.abs();
    // Multiples of the smallest subnormal half, up to the largest half, with at most eleven significant bits.
    let units = magnitude * 16_777_216.0;
    if units.fract() != 0.0 || magnitude > 65_504.0 {
        return false;
    }
    value.to_bits().trailing_zeros() >= 13 || magnitude < 6.103_515_6e-5
}
