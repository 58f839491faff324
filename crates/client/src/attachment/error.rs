//! What can go wrong with an attachment.

use trefoil_store::StoreError;

/// Why an attachment was not sealed, opened, uploaded or downloaded. Safe to log: it holds no key and no name.
#[derive(Debug, thiserror::Error)]
pub enum AttachmentError {
    /// The file is larger than an attachment may be.
    #[error("the file is larger than {limit} bytes")]
    TooLarge {
        /// In bytes of plaintext.
        limit: u64,
    },
    /// The file ended before, or goes on after, the size that was announced.
    #[error("the file does not have the size that was announced")]
    SizeDiffers,
    /// The file is not what it was when it was surveyed. Sealing it under the same key would use a nonce twice:
    /// survey it again under a fresh key.
    #[error("chunk {chunk} of the file changed since it was surveyed")]
    Changed {
        /// From zero.
        chunk: u32,
    },
    /// A chunk does not open: altered, moved, from another file, cut, or under another key.
    #[error("chunk {chunk} does not open")]
    Forged {
        /// From zero.
        chunk: u32,
    },
    /// The download ended before the last chunk.
    #[error("the download is incomplete")]
    Truncated,
    /// Bytes follow the last chunk.
    #[error("bytes follow the last chunk")]
    TrailingBytes,
    /// Every chunk opened, but the whole is not what the message names.
    #[error("the {0} hash is not the one that the message names")]
    HashDiffers(&'static str),
    /// The message's description of the attachment cannot be used.
    #[error("unusable attachment: {0}")]
    Unusable(&'static str),
    /// The service answered an offset that cannot be.
    #[error("the service reports an impossible upload offset")]
    ImpossibleOffset,
    /// The transfer is not in a state in which this can happen.
    #[error("the transfer cannot {0} now")]
    OutOfTurn(&'static str),
    /// A stored row cannot be decoded.
    #[error("read a stored {0}")]
    Row(&'static str),
    /// The local store could not be read.
    #[error("read the local store")]
    Store(#[from] StoreError),
}
