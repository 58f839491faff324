//! Attachments: what a message says of one, and how it opens (`docs/spec/attachments.md`).
//!
//! A device reads them so, and a service that is shown a message in a report. An attachment is good only when every chunk
//! opened, nothing was missing or left over, and the SHA-256 of plaintext *and* ciphertext are those that the message
//! names: AES-GCM alone does not commit to a key, so one ciphertext can be made to open in two ways.

mod chunker;
mod cipher;
mod descriptor;
mod error;
mod key;
mod layout;
mod open;
#[cfg(any(test, feature = "fuzzing"))]
pub mod salamander;
#[cfg(test)]
mod tests;

pub use chunker::{Chunker, Side};
pub use cipher::FileCipher;
pub use descriptor::{Descriptor, Label, PLAINTEXT_HASHES, base_name, plaintext_hashes};
pub use error::OpenError;
pub use key::FileKey;
pub use layout::{CHUNK, ENC_ALG, Layout, MAX_SIZE, SEALED_CHUNK, TAG};
pub use open::Opener;

/// A SHA-256 digest.
pub type Digest32 = [u8; 32];
