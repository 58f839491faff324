//! Cuts a stream of pieces of any size into the chunks of a layout.

use super::{Layout, OpenError};

/// Which bytes are streamed.
#[derive(Clone, Copy, Debug)]
pub enum Side {
    /// The file's.
    Plain,
    /// Those at the URL.
    Sealed,
}

/// Collects pieces until a chunk is whole.
pub struct Chunker {
    layout: Layout,
    side: Side,
    next: u32,
    pending: Vec<u8>,
}

impl Chunker {
    /// Expects chunk `next` first.
    pub fn new(layout: Layout, side: Side, next: u32) -> Self {
        Self { layout, side, next, pending: Vec::new() }
    }

    /// The chunk that is being collected.
    pub fn next(&self) -> u32 {
        self.next
    }

    /// True if a chunk is begun and not whole.
    pub fn is_amid(&self) -> bool {
        !self.pending.is_empty()
    }

    /// Takes a piece and hands every chunk that it completes to `each`.
    ///
    /// # Errors
    /// What `each` refuses; [`OpenError::TrailingBytes`] if the piece goes past the last chunk.
    pub fn feed<E: From<OpenError>>(
        &mut self,
        mut piece: &[u8],
        mut each: impl FnMut(u32, &[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        while !piece.is_empty() {
            let length = self.length();
            if self.next >= self.layout.chunks() || length == 0 {
                return Err(OpenError::TrailingBytes.into());
            }
            let taken = piece.len().min(length - self.pending.len());
            let (head, rest) = piece.split_at(taken);
            piece = rest;
            if self.pending.is_empty() && head.len() == length {
                each(self.next, head)?;
            } else {
                self.pending.extend_from_slice(head);
                if self.pending.len() < length {
                    return Ok(());
                }
                each(self.next, &self.pending)?;
                self.pending.clear();
            }
            self.next += 1;
        }
        Ok(())
    }

    /// Ends the stream; hands over the one chunk that an empty file has.
    ///
    /// # Errors
    /// What `each` refuses; [`OpenError::Truncated`] if a chunk is missing or not whole.
    pub fn finish<E: From<OpenError>>(
        mut self,
        mut each: impl FnMut(u32, &[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        if self.next < self.layout.chunks() && self.length() == 0 {
            each(self.next, &[])?;
            self.next += 1;
        }
        if self.next == self.layout.chunks() { Ok(()) } else { Err(OpenError::Truncated.into()) }
    }

    fn length(&self) -> usize {
        let range = match self.side {
            Side::Plain => self.layout.plain_range(self.next),
            Side::Sealed => self.layout.sealed_range(self.next),
        };
        usize::try_from(range.end - range.start).expect("a chunk fits memory")
    }
}
