//! What can go wrong with an attachment.

use trefoil_proto::attachment::OpenError;
use trefoil_store::StoreError;

/// Why an attachment was not sealed, opened, uploaded or downloaded. Safe to log: it holds no key and no name.
#[derive(Debug, thiserror::Error)]
pub enum AttachmentError {
    /// It is too large, is described in a way that cannot be used, or does not open.
    #[error(transparent)]
    Open(#[from] OpenError),
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
