//! What the room answers.

/// How far an upload has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Bytes that are durable.
    pub received: u64,
    /// Bytes in all.
    pub length: u64,
}

impl Progress {
    /// Everything is there.
    pub fn whole(&self) -> bool {
        self.received == self.length
    }
}

/// A part of something whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// First byte.
    pub start: u64,
    /// After the last byte.
    pub end: u64,
    /// Bytes of the whole.
    pub of: u64,
}
