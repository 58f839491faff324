//! Messages that wait for their files. One that was taken stays until it is in the outbox, or its writer gives it up.

use super::{AttachmentError, Handed, HandedId, Upload, rows};
use crate::overlay::Overlay;
use trefoil_proto::{RoomUri, Timestamp};

/// Names a [`Parcel`]: 128 random bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ParcelId(pub [u8; 16]);

/// A message that was taken to be sent once its files are with the service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parcel {
    /// Its name here.
    pub id: ParcelId,
    /// Where it goes.
    pub room: RoomUri,
    /// Its files, in their order.
    pub files: Vec<HandedId>,
    /// What it says beside them: opaque to the core.
    pub letter: Vec<u8>,
    /// When it was taken: those of a room go in this order.
    pub taken: Timestamp,
}

impl Parcel {
    /// Keeps it.
    pub fn save(&self, tx: &mut Overlay) {
        tx.put(rows::PARCELS, self.id.0, rows::encode_parcel(self));
    }

    /// Whether it waits still.
    ///
    /// # Errors
    /// The store could not be read.
    pub fn is_there(&self, tx: &Overlay) -> Result<bool, AttachmentError> {
        Ok(tx.get(rows::PARCELS, &self.id.0)?.is_some())
    }

    /// All that wait, in the order in which they were taken.
    ///
    /// # Errors
    /// The store could not be read, or a row not be decoded.
    pub fn all(tx: &Overlay) -> Result<Vec<Self>, AttachmentError> {
        let mut all = rows::all_parcels(tx)?;
        all.sort_by_key(|parcel| (parcel.taken, parcel.id));
        Ok(all)
    }

    /// Forgets it, its files with it.
    ///
    /// # Errors
    /// As [`Handed::load`].
    pub fn forget(&self, tx: &mut Overlay) -> Result<(), AttachmentError> {
        for file in &self.files {
            if let Some(file) = Handed::load(tx, *file)? {
                file.forget(tx);
            }
        }
        tx.delete(rows::PARCELS, self.id.0);
        Ok(())
    }

    /// Forgets how far its files were sent: they are sent anew, under fresh keys, if they are sent.
    pub fn forget_uploads(&self, tx: &mut Overlay) {
        self.files.iter().for_each(|file| Upload::forget(tx, file.upload()));
    }
}
