//! The known attack on AES-GCM: one ciphertext and tag that open under two keys. It is carried out here for real, and
//! must fail at the hash that the message names.

use super::*;
use aes_gcm::aes::{
    Aes256,
    cipher::{BlockEncrypt as _, KeyInit as _},
};

#[test]
fn a_ciphertext_that_opens_under_two_keys_is_good_for_one_message_only() {
    let (one, two) = (key(1), FileKey::from_parts(key(2).key(), key(1).prefix()).unwrap());
    let sealed = collide(&one, &two);
    let layout = Layout::of(32).unwrap();

    let opened_one = cipher::FileCipher::new(&one, layout).open(0, &sealed).unwrap();
    let opened_two = cipher::FileCipher::new(&two, layout).open(0, &sealed).unwrap();
    assert_ne!(opened_one, opened_two, "the attack itself works against bare AES-GCM");

    // The message names the hash of what it was franked for; whoever is given the other key learns of the fraud.
    let honest = survey(&opened_one, one);
    assert_eq!(seal(&honest, &opened_one), sealed);
    assert_eq!(open(&describe(&honest), &sealed).unwrap(), opened_one);
    let fraud = Descriptor { key: two, ..describe(&honest) };
    assert!(matches!(open(&fraud, &sealed), Err(AttachmentError::HashDiffers("plaintext"))));
}

/// Two ciphertext blocks and a tag that are valid under both keys: the tag is linear in the first block.
fn collide(one: &FileKey, two: &FileKey) -> Vec<u8> {
    let second: u128 = 0x0123_4567_89ab_cdef_0011_2233_4455_6677;
    let lengths: u128 = 32 * 8;
    let side = |key: &FileKey| {
        let h = encrypt(key, 0);
        let (h2, nonce) = (multiply(h, h), nonce_block(key));
        let rest = multiply(second, h2) ^ multiply(lengths, h) ^ encrypt(key, nonce);
        (multiply(h2, h), rest)
    };
    let ((cube_one, rest_one), (cube_two, rest_two)) = (side(one), side(two));
    let first = multiply(rest_one ^ rest_two, invert(cube_one ^ cube_two));
    let tag = multiply(first, cube_one) ^ rest_one;
    [first, second, tag].iter().flat_map(|block| block.to_be_bytes()).collect()
}

/// Prefix, chunk 0, last chunk, and GCM's block counter 1.
fn nonce_block(key: &FileKey) -> u128 {
    let mut block = [0; 16];
    block[..7].copy_from_slice(key.prefix());
    block[11] = 1;
    block[15] = 1;
    u128::from_be_bytes(block)
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
