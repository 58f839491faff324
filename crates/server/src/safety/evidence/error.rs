//! Why an attachment of a report is no evidence.

use crate::{federation::FederationError, media::MediaError};
use trefoil_proto::{Domain, attachment::OpenError};
use trefoil_store::StoreError;

/// Why an attachment of a report is not shown to a moderator. Safe to log: it names services, and nothing of what was sent.
#[derive(Debug, thiserror::Error)]
pub enum EvidenceError {
    /// It is not what the stamped content names, or the content describes it in a way that no device would open.
    #[error("it is not what the message names: {0}")]
    NotAsStamped(OpenError),
    /// More attachments than are looked at in one report.
    #[error("the report has more attachments than are opened")]
    TooMany,
    /// More bytes than are opened.
    #[error("it is larger than the 128 MiB that are opened")]
    TooLarge,
    /// Its URL is not that of a service's media.
    #[error("its URL is not that of a service's media")]
    NoMedia,
    /// It lies where this service does not knock.
    #[error("no service of the domain {0} is known here")]
    Stranger(Domain),
    /// It could not be read here: gone, or the store failed.
    #[error("read it from the media of this service")]
    Here(#[source] MediaError),
    /// It could not be read at another service.
    #[error("read it from another service")]
    Elsewhere(#[source] FederationError),
    /// The store failed.
    #[error("keep it, or read what is kept")]
    Kept(#[source] StoreError),
    /// It took too long to come.
    #[error("it took too long to come")]
    Slow,
}
