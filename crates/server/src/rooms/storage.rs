//! The storage that openmls is given for a public group: it keeps what openmls writes only when a snapshot is due, and
//! hands a snapshot back. Proposals are not in it: they are replayed from the log.

use bytes::Bytes;
use openmls_traits::{public_storage::PublicStorageProvider, storage::traits};
use serde::{Serialize, de::DeserializeOwned};
use std::cell::RefCell;

/// openmls's version of its storage interface.
const VERSION: u16 = openmls_traits::storage::CURRENT_VERSION;

/// Why a snapshot could not be written or read.
#[derive(Debug, thiserror::Error)]
#[error("codec of a group's snapshot")]
pub(super) struct SnapshotError;

/// Forgets everything.
pub(super) struct Forget;
/// Keeps the four parts of a group: tree, context, interim transcript hash, confirmation tag.
#[derive(Default)]
pub(super) struct Keep(RefCell<[Vec<u8>; 4]>);
/// Gives back what [`Keep`] kept.
pub(super) struct Given<'a>(pub(super) &'a [Bytes; 4]);

impl Keep {
    pub(super) fn into_parts(self) -> [Vec<u8>; 4] {
        self.0.into_inner()
    }
}

/// What the three storages differ in.
trait Parts {
    fn put(&self, part: usize, value: &impl Serialize) -> Result<(), SnapshotError>;
    fn get<T: DeserializeOwned>(&self, part: usize) -> Result<Option<T>, SnapshotError>;
}

impl Parts for Forget {
    fn put(&self, _: usize, _: &impl Serialize) -> Result<(), SnapshotError> {
        Ok(())
    }
    fn get<T: DeserializeOwned>(&self, _: usize) -> Result<Option<T>, SnapshotError> {
        Ok(None)
    }
}

impl Parts for Keep {
    fn put(&self, part: usize, value: &impl Serialize) -> Result<(), SnapshotError> {
        let mut encoded = Vec::new();
        ciborium::into_writer(value, &mut encoded).map_err(|_| SnapshotError)?;
        self.0.borrow_mut()[part] = encoded;
        Ok(())
    }
    fn get<T: DeserializeOwned>(&self, _: usize) -> Result<Option<T>, SnapshotError> {
        Ok(None)
    }
}

impl Parts for Given<'_> {
    fn put(&self, _: usize, _: &impl Serialize) -> Result<(), SnapshotError> {
        Ok(())
    }
    fn get<T: DeserializeOwned>(&self, part: usize) -> Result<Option<T>, SnapshotError> {
        ciborium::from_reader(self.0[part].as_ref()).map(Some).map_err(|_| SnapshotError)
    }
}

macro_rules! public_storage {
    ($($type:ty)*) => { $(
        impl PublicStorageProvider<VERSION> for $type {
            type PublicError = SnapshotError;

            fn write_tree<G: traits::GroupId<VERSION>, T: traits::TreeSync<VERSION>>(
                &self, _: &G, tree: &T,
            ) -> Result<(), SnapshotError> {
                self.put(0, tree)
            }
            fn write_context<G: traits::GroupId<VERSION>, C: traits::GroupContext<VERSION>>(
                &self, _: &G, context: &C,
            ) -> Result<(), SnapshotError> {
                self.put(1, context)
            }
            fn write_interim_transcript_hash<
                G: traits::GroupId<VERSION>,
                H: traits::InterimTranscriptHash<VERSION>,
            >(&self, _: &G, hash: &H) -> Result<(), SnapshotError> {
                self.put(2, hash)
            }
            fn write_confirmation_tag<G: traits::GroupId<VERSION>, T: traits::ConfirmationTag<VERSION>>(
                &self, _: &G, tag: &T,
            ) -> Result<(), SnapshotError> {
                self.put(3, tag)
            }
            fn tree<G: traits::GroupId<VERSION>, T: traits::TreeSync<VERSION>>(
                &self, _: &G,
            ) -> Result<Option<T>, SnapshotError> {
                self.get(0)
            }
            fn group_context<G: traits::GroupId<VERSION>, C: traits::GroupContext<VERSION>>(
                &self, _: &G,
            ) -> Result<Option<C>, SnapshotError> {
                self.get(1)
            }
            fn interim_transcript_hash<
                G: traits::GroupId<VERSION>,
                H: traits::InterimTranscriptHash<VERSION>,
            >(&self, _: &G) -> Result<Option<H>, SnapshotError> {
                self.get(2)
            }
            fn confirmation_tag<G: traits::GroupId<VERSION>, T: traits::ConfirmationTag<VERSION>>(
                &self, _: &G,
            ) -> Result<Option<T>, SnapshotError> {
                self.get(3)
            }
            fn queue_proposal<
                G: traits::GroupId<VERSION>,
                R: traits::ProposalRef<VERSION>,
                P: traits::QueuedProposal<VERSION>,
            >(&self, _: &G, _: &R, _: &P) -> Result<(), SnapshotError> {
                Ok(())
            }
            fn queued_proposals<
                G: traits::GroupId<VERSION>,
                R: traits::ProposalRef<VERSION>,
                P: traits::QueuedProposal<VERSION>,
            >(&self, _: &G) -> Result<Vec<(R, P)>, SnapshotError> {
                Ok(Vec::new())
            }
            fn remove_proposal<G: traits::GroupId<VERSION>, R: traits::ProposalRef<VERSION>>(
                &self, _: &G, _: &R,
            ) -> Result<(), SnapshotError> {
                Ok(())
            }
            fn clear_proposal_queue<G: traits::GroupId<VERSION>, R: traits::ProposalRef<VERSION>>(
                &self, _: &G,
            ) -> Result<(), SnapshotError> {
                Ok(())
            }
            fn delete_tree<G: traits::GroupId<VERSION>>(&self, _: &G) -> Result<(), SnapshotError> {
                Ok(())
            }
            fn delete_confirmation_tag<G: traits::GroupId<VERSION>>(&self, _: &G) -> Result<(), SnapshotError> {
                Ok(())
            }
            fn delete_context<G: traits::GroupId<VERSION>>(&self, _: &G) -> Result<(), SnapshotError> {
                Ok(())
            }
            fn delete_interim_transcript_hash<G: traits::GroupId<VERSION>>(
                &self, _: &G,
            ) -> Result<(), SnapshotError> {
                Ok(())
            }
        }
    )* };
}

public_storage!(Forget Keep Given<'_>);
