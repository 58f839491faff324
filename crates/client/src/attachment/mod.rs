//! Attachments: sealed in chunks, carried as a MIMI `ExternalPart`, uploaded and downloaded in pieces that resume.
//!
//! Sans-io: bytes come in and go out, files and sockets are the shell's. The format is written down in
//! `docs/spec/attachments.md`. An attachment counts as good only when every chunk opened, nothing was missing or left
//! over, and the SHA-256 of plaintext *and* ciphertext are those that the message names: AES-GCM alone does not commit
//! to a key, so one ciphertext can be made to open in two ways.
//!
//! The way out: [`Survey`] reads the file once and gives a [`Plan`]; [`Upload`] says which piece goes next and
//! [`Sealer`] makes it; [`Plan::describe`] gives the [`Descriptor`] for the message. The way in: [`Descriptor::read`],
//! [`Download`], [`Opener`]. What waits to go out: [`Handed`], [`Parcel`].

mod download;
mod error;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzzing;
mod handed;
mod key;
mod metadata;
mod parcel;
mod part;
mod rows;
mod seal;
mod survey;
mod upload;

#[cfg(test)]
mod tests;

pub use download::{Download, DownloadId, DownloadStep};
pub use error::AttachmentError;
pub use handed::{Handed, HandedId};
pub use key::fresh_key;
pub use metadata::strip_metadata;
pub use parcel::{Parcel, ParcelId};
pub use part::PartOpener;
pub use rows::{DOWNLOADS, HANDED, HANDED_PIECES, PARCELS, PLANS, UPLOADS};
pub use seal::Sealer;
pub use survey::{Plan, Survey};
pub use upload::{Piece, Upload, UploadId, UploadStep};

pub use trefoil_proto::attachment::{
    CHUNK, Descriptor, Digest32, ENC_ALG, FileKey, Label, Layout, MAX_SIZE, OpenError, Opener,
    PLAINTEXT_HASHES, SEALED_CHUNK, TAG, plaintext_hashes,
};
use trefoil_proto::attachment::{Chunker, FileCipher, Side, base_name};
