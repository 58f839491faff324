//! The known attack on AES-GCM, carried out for real: one ciphertext with one tag that opens under two keys to two
//! plaintexts. Tests of every reader of attachments use it.

use super::FileKey;
use aes_gcm::aes::{
    Aes256,
    cipher::{BlockEncrypt as _, KeyInit as _},
};

/// Plaintext bytes of what [`two_ways`] makes: three blocks.
pub const SIZE: u64 = 48;

/// A file of one chunk that opens under both keys, which have one nonce prefix. Under the first its first block reads
/// `shown`, under the second its second block reads `hidden`; the third block is what makes one tag true for both, since
/// the tag is linear in it.
pub fn two_ways(one: &FileKey, two: &FileKey, shown: &[u8; 16], hidden: &[u8; 16]) -> Vec<u8> {
    let first = u128::from_be_bytes(*shown) ^ encrypt(one, counter(one, 2));
    let second = u128::from_be_bytes(*hidden) ^ encrypt(two, counter(two, 3));
    let side = |key: &FileKey| {
        let h = encrypt(key, 0);
        let square = multiply(h, h);
        let cube = multiply(square, h);
        let rest = multiply(first, multiply(cube, h))
            ^ multiply(second, cube)
            ^ multiply(u128::from(SIZE * 8), h)
            ^ encrypt(key, counter(key, 1));
        (square, rest)
    };
    let ((square_one, rest_one), (square_two, rest_two)) = (side(one), side(two));
    let third = multiply(rest_one ^ rest_two, invert(square_one ^ square_two));
    let tag = multiply(third, square_one) ^ rest_one;
    [first, second, third, tag].iter().flat_map(|block| block.to_be_bytes()).collect()
}

/// Prefix, chunk 0, last chunk, and GCM's own counter of blocks.
fn counter(key: &FileKey, block: u8) -> u128 {
    let mut bytes = [0; 16];
    bytes[..7].copy_from_slice(key.prefix());
    bytes[11] = 1;
    bytes[15] = block;
    u128::from_be_bytes(bytes)
}

fn encrypt(key: &FileKey, block: u128) -> u128 {
    let mut block = block.to_be_bytes().into();
    Aes256::new(key.key().into()).encrypt_block(&mut block);
    u128::from_be_bytes(block.into())
}

/// GF(2^128) as GCM writes it (NIST SP 800-38D, algorithm 1).
fn multiply(x: u128, y: u128) -> u128 {
    let (mut product, mut v) = (0, y);
    for bit in (0..128).rev() {
        if x >> bit & 1 == 1 {
            product ^= v;
        }
        v = if v & 1 == 1 { (v >> 1) ^ (0xE1 << 120) } else { v >> 1 };
    }
    product
}

/// x^(2^128 - 2).
fn invert(x: u128) -> u128 {
    let (mut power, mut inverse) = (x, 1 << 127);
    for _ in 1..128 {
        power = multiply(power, power);
        inverse = multiply(inverse, power);
    }
    inverse
}
