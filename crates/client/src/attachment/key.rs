//! Drawing the secret of one file.

use super::FileKey;
use zeroize::Zeroize as _;

/// Draws a key for one file.
pub fn fresh_key(rng: &mut impl rand::CryptoRng) -> FileKey {
    let (mut key, mut prefix) = ([0; 32], [0; 7]);
    rng.fill_bytes(&mut key);
    rng.fill_bytes(&mut prefix);
    let made = FileKey::new(key, prefix);
    key.zeroize();
    made
}
