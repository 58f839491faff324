//! Opening parts of a sealed file that is at hand.

use super::{CHUNK, Descriptor, FileCipher, Layout, OpenError};
use std::ops::Range;

/// Opens any part of a file of which [`Opener::finish`](super::Opener::finish) has said that it is good.
pub struct PartOpener {
    layout: Layout,
    cipher: FileCipher,
}

impl PartOpener {
    /// For a file that a message describes.
    pub fn new(file: &Descriptor) -> Self {
        Self { layout: file.layout, cipher: FileCipher::new(&file.key, file.layout) }
    }

    /// Plaintext bytes in all.
    pub fn size(&self) -> u64 {
        self.layout.size()
    }

    /// Opens a range of plaintext bytes; `read` gives ciphertext by its offsets in the sealed file.
    ///
    /// # Errors
    /// [`OpenError::Forged`] if the ciphertext is another by now; those of `read`.
    pub fn open<E: From<OpenError>>(
        &self,
        range: Range<u64>,
        mut read: impl FnMut(Range<u64>) -> Result<Vec<u8>, E>,
    ) -> Result<Vec<u8>, E> {
        let mut opened = Vec::new();
        let mut at = range.start;
        let end = range.end.min(self.layout.size());
        while at < end {
            let chunk = u32::try_from(at / CHUNK as u64).expect("a file within its limit has few chunks");
            let there = self.layout.plain_range(chunk);
            let plain = self.cipher.open(chunk, &read(self.layout.sealed_range(chunk))?)?;
            let inside = |offset: u64| usize::try_from(offset - there.start).expect("a chunk fits memory");
            let until = end.min(there.end);
            opened.extend_from_slice(&plain[inside(at)..inside(until)]);
            at = until;
        }
        Ok(opened)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::{
        super::tests::{describe, file, key, seal, survey},
        *,
    };

    #[test]
    fn any_part_opens_and_what_was_altered_does_not() {
        let bytes = file(2 * CHUNK + 77);
        let plan = survey(&bytes, key(1));
        let mut sealed = seal(&plan, &bytes);
        let opener = PartOpener::new(&describe(&plan));
        let part = |sealed: &[u8], range: Range<u64>| {
            let read = |at: Range<u64>| Ok(sealed[at.start as usize..at.end as usize].to_vec());
            opener.open::<OpenError>(range, read)
        };
        let (size, chunk) = (bytes.len() as u64, CHUNK as u64);
        for (start, end) in
            [(0, 0), (0, size), (chunk - 1, chunk + 1), (chunk, 2 * chunk), (size - 1, size + 9)]
        {
            let expected = &bytes[start as usize..end.min(size) as usize];
            assert_eq!(part(&sealed, start..end).unwrap(), expected, "{start}..{end}");
        }
        sealed[CHUNK + 20] ^= 1;
        assert!(matches!(part(&sealed, chunk..chunk + 1), Err(OpenError::Forged { chunk: 1 })));
        assert!(part(&sealed, 0..1).is_ok());
    }
}
