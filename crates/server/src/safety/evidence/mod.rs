//! Evidence: the attachments of messages that a report shows, opened by the service.
//!
//! A message's content names for each attachment its URL, its key and the SHA-256 of its plaintext, and the stamp covers the
//! content: a report that is proven holds what opens its attachments, and nothing else here could. Bytes count as evidence
//! only when all of them opened and both hashes are the stamped ones, so that a moderator sees what the person who reports
//! saw: AES-GCM alone would let a sender make one file that opens to a kitten here and to a threat there.

mod error;
mod kept;
mod reach;
#[cfg(test)]
mod tests;

pub use error::EvidenceError;
pub use kept::{A_REPORT, Kept, OfCase, TABLES};
pub use reach::Reach;

use crate::media::MediaUrl;
use bytes::Bytes;
use futures_util::{StreamExt as _, future::BoxFuture, stream::BoxStream};
use std::time::Duration;
use trefoil_proto::{
    attachment::{Descriptor, Digest32, Label, OpenError, Opener},
    content::MimiContent,
    mimi::report::AbusiveMessage,
};

/// How long one attachment may take to come.
const PATIENCE: Duration = Duration::from_secs(120);

/// Ciphertext on its way.
pub type Pieces = BoxStream<'static, Result<Bytes, EvidenceError>>;

/// A way to the ciphertext of attachments.
pub trait Sealed: Send + Sync {
    /// The ciphertext of a file, which lies at this media URL, from its first byte.
    ///
    /// # Errors
    /// It is gone, or where it lies cannot be reached.
    fn read<'a>(
        &'a self,
        file: &'a Descriptor,
        url: &'a MediaUrl,
    ) -> BoxFuture<'a, Result<Pieces, EvidenceError>>;
}

/// How much of one report is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Attachments.
    pub attachments: usize,
    /// Bytes of plaintext of each: what comes before it takes nothing away from it.
    pub each: u64,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { attachments: 64, each: 128 * 1024 * 1024 }
    }
}

/// One attachment of a report.
#[derive(Debug)]
pub struct Exhibit {
    /// Which message of the report has it, counted from 0.
    pub message: usize,
    /// What its sender says about it; nothing if it is described in a way that cannot be read.
    pub label: Label,
    /// The SHA-256 of its plaintext as the stamped content names it.
    pub hash: Option<Digest32>,
    /// Its bytes, or why there are none.
    pub opened: Result<Bytes, EvidenceError>,
}

/// The attachments of the messages of a report that was proven, those first that come first. Each is there once, also those that are
/// refused: a moderator is told what is missing.
///
/// Two are the same only if everything is the same that the messages name, the key too. The URL alone would let the first of
/// two messages hide what the second shows.
pub fn named(messages: &[AbusiveMessage], bounds: Bounds) -> Vec<Named> {
    let mut left = bounds.attachments;
    let mut all: Vec<Named> = Vec::new();
    for (message, shown) in messages.iter().enumerate() {
        // A report is taken only if its contents decode.
        let Ok(content) = MimiContent::decode(&shown.message_content) else { continue };
        for described in Descriptor::all(&content) {
            let file = described.map_err(EvidenceError::from);
            let within = match &file {
                Ok(file) if all.iter().any(|known| known.file.as_ref().is_ok_and(|known| known == file)) => {
                    continue;
                }
                Ok(file) => take(&mut left, file, bounds.each),
                Err(_) => Ok(()),
            };
            all.push(Named { message, file, within });
        }
    }
    all
}

/// An attachment as a message names it, before it is opened.
pub struct Named {
    message: usize,
    /// `Err`: described in a way that cannot be read.
    file: Result<Descriptor, EvidenceError>,
    /// Whether it is within what is looked at.
    within: Result<(), EvidenceError>,
}

impl Named {
    /// How it is described, if that can be read and is within what is looked at.
    pub fn file(&self) -> Option<&Descriptor> {
        self.file.as_ref().ok().filter(|_| self.within.is_ok())
    }

    /// Fetches it and opens it.
    pub async fn open(self, sealed: &dyn Sealed) -> Exhibit {
        let Self { message, file, within } = self;
        let file = match file {
            Ok(file) => file,
            Err(error) => {
                return Exhibit { message, label: Label::default(), hash: None, opened: Err(error) };
            }
        };
        let opened = match within {
            Ok(()) => open(&file, sealed).await,
            Err(error) => Err(error),
        };
        Exhibit { message, hash: Some(file.plaintext_hash), opened, label: file.label }
    }
}

/// Takes an attachment out of what may still be looked at.
fn take(left: &mut usize, file: &Descriptor, each: u64) -> Result<(), EvidenceError> {
    *left = left.checked_sub(1).ok_or(EvidenceError::TooMany)?;
    if file.layout.size() > each { Err(EvidenceError::TooLarge) } else { Ok(()) }
}

/// Fetches an attachment, opens it, and accepts it only if it is the one that the content names.
async fn open(file: &Descriptor, sealed: &dyn Sealed) -> Result<Bytes, EvidenceError> {
    let url = MediaUrl::parse(&file.url).ok_or(EvidenceError::NoMedia)?;
    let whole = async {
        let mut pieces = sealed.read(file, &url).await?;
        let (mut opener, mut opened) = (Opener::new(file), Vec::new());
        while let Some(piece) = pieces.next().await {
            // Refuses the first byte past the size that the content names, so no peer can send without end.
            opener.feed(&piece?, &mut opened)?;
        }
        opener.finish()?;
        Ok(Bytes::from(opened))
    };
    tokio::time::timeout(PATIENCE, whole).await.map_err(|_| EvidenceError::Slow)?
}

impl From<OpenError> for EvidenceError {
    fn from(error: OpenError) -> Self {
        Self::NotAsStamped(error)
    }
}
