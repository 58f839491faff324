//! Why an attachment does not open.

/// Why an attachment, or what a message says of it, is not good. Safe to log: it holds no key and no name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// The file is larger than an attachment may be.
    #[error("the file is larger than {limit} bytes")]
    TooLarge {
        /// In bytes of plaintext.
        limit: u64,
    },
    /// The message's description of the attachment cannot be used.
    #[error("unusable attachment: {0}")]
    Unusable(&'static str),
    /// A chunk does not open: altered, moved, from another file, cut, or under another key.
    #[error("chunk {chunk} does not open")]
    Forged {
        /// From zero.
        chunk: u32,
    },
    /// The bytes ended before the last chunk.
    #[error("the attachment is incomplete")]
    Truncated,
    /// Bytes follow the last chunk.
    #[error("bytes follow the last chunk")]
    TrailingBytes,
    /// Every chunk opened, but the whole is not what the message names.
    #[error("the {0} hash is not the one that the message names")]
    HashDiffers(&'static str),
    /// The opener is not in a state in which this can happen.
    #[error("the opener cannot {0} now")]
    OutOfTurn(&'static str),
}
