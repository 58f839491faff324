//! The two places where the ciphertext of a report's attachments can be: here, or at another service.

use super::{EvidenceError, Pieces, Sealed};
use crate::{
    federation::{self, Federation},
    media::{Media, MediaUrl},
};
use futures_util::{FutureExt as _, StreamExt as _, TryStreamExt as _, future::BoxFuture, stream};
use std::{collections::BTreeSet, sync::Arc};
use trefoil_proto::{Domain, attachment::Descriptor};

/// Bytes that are read from the blob store at a time.
const PIECE: usize = 256 * 1024;

/// Reads media of this service itself, and those of others through federation.
pub struct Reach {
    /// Those here.
    pub media: Arc<Media>,
    /// The way to the others.
    pub federation: Arc<Federation>,
    /// What URLs of media here begin with.
    pub origin: String,
    /// Services that are reached by configuration.
    pub peers: BTreeSet<Domain>,
}

impl Sealed for Reach {
    fn read<'a>(
        &'a self,
        _: &'a Descriptor,
        url: &'a MediaUrl,
    ) -> BoxFuture<'a, Result<Pieces, EvidenceError>> {
        async move {
            if url.base == self.origin { self.here(&url.id).await } else { self.elsewhere(url).await }
        }
        .boxed()
    }
}

impl Reach {
    /// Whether a service is one that is called: by configuration, or because it has a name that anybody could ask for.
    pub fn may_call(&self, domain: &Domain) -> bool {
        self.peers.contains(domain) || federation::has_public_name(domain)
    }

    async fn here(&self, id: &str) -> Result<Pieces, EvidenceError> {
        let length = self.media.length(id).await.map_err(EvidenceError::Here)?;
        let (media, id) = (Arc::clone(&self.media), id.to_owned());
        let pieces = stream::try_unfold((media, id, 0_u64), move |(media, id, at)| async move {
            if at >= length {
                return Ok(None);
            }
            let size = usize::try_from(length - at).unwrap_or(PIECE).min(PIECE);
            let piece = media.read(&id, at, size).await.map_err(EvidenceError::Here)?;
            // Nothing where something should be: the opener finds that the end is missing.
            let next = if piece.is_empty() { length } else { at + piece.len() as u64 };
            Ok(Some((piece, (media, id, next))))
        });
        Ok(pieces.boxed())
    }

    /// The URL is the sender's choice: it must not make this service knock at hosts of an inner network.
    async fn elsewhere(&self, url: &MediaUrl) -> Result<Pieces, EvidenceError> {
        if !self.may_call(&url.host) {
            return Err(EvidenceError::Stranger(url.host.clone()));
        }
        let raw = MediaUrl::own(&url.base, &url.id);
        let media = self.federation.fetch_media(&url.host, &raw, None).await;
        Ok(media.map_err(EvidenceError::Elsewhere)?.body.map_err(EvidenceError::Elsewhere).boxed())
    }
}
