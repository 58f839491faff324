//! The plan of an upload: which piece goes next, whatever happened before. Survives restarts.

use super::{AttachmentError, OpenError, Plan, SEALED_CHUNK, rows};
use crate::overlay::Overlay;
use std::ops::Range;
use trefoil_proto::{edge::UploadTicket, limits};

/// Names an upload on this device: 128 random bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UploadId(pub [u8; 16]);

/// Chunks in one piece: as many as fit [`limits::MEDIA_PIECE`].
const PIECE_CHUNKS: u32 = (limits::MEDIA_PIECE / SEALED_CHUNK) as u32;

/// An upload on its way. Change it with what the service answers, and [`Upload::save`] it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upload {
    /// Its name here.
    pub id: UploadId,
    /// Where the shell finds the file again: opaque to the core.
    pub source: Vec<u8>,
    /// The surveyed file.
    pub plan: Plan,
    pub(super) ticket: Option<UploadTicket>,
    pub(super) offset: u64,
}

/// What to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UploadStep {
    /// `POST media` with this length, then [`Upload::opened`].
    Open {
        /// Ciphertext bytes.
        length: u64,
    },
    /// `PUT media/{id}?offset=…` with [`super::Sealer::piece`], then [`Upload::accepted`] or [`Upload::wrong_offset`].
    Send(Piece),
    /// Everything is there, at this URL: describe it in a message.
    Done {
        /// For [`Plan::describe`].
        url: String,
    },
}

/// One piece of an upload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// The service's id of the upload.
    pub media: Vec<u8>,
    /// Ciphertext offset of the piece.
    pub offset: u64,
    /// Ciphertext bytes of the piece.
    pub length: usize,
    /// The plaintext that it is made from.
    pub plaintext: Range<u64>,
    pub(super) chunks: Range<u32>,
    /// Ciphertext bytes of the first chunk that the service has already.
    pub(super) skip: usize,
}

impl Upload {
    /// An upload that has not begun.
    pub fn new(id: UploadId, source: Vec<u8>, plan: Plan) -> Self {
        Self { id, source, plan, ticket: None, offset: 0 }
    }

    /// What to do next. The same until something is answered.
    pub fn next(&self) -> UploadStep {
        let layout = self.plan.layout;
        let Some(ticket) = &self.ticket else {
            return UploadStep::Open { length: layout.sealed_size() };
        };
        if self.offset >= layout.sealed_size() {
            return UploadStep::Done { url: String::from_utf8_lossy(&ticket.url).into_owned() };
        }
        let first = layout.chunk_at(self.offset);
        let end = first.saturating_add(PIECE_CHUNKS).min(layout.chunks());
        let sealed_end = layout.sealed_range(end - 1).end;
        let fits = |bytes: u64| usize::try_from(bytes).expect("a piece fits memory");
        UploadStep::Send(Piece {
            media: ticket.id.clone(),
            offset: self.offset,
            length: fits(sealed_end - self.offset),
            plaintext: layout.plain_range(first).start..layout.plain_range(end - 1).end,
            chunks: first..end,
            skip: fits(self.offset - layout.sealed_range(first).start),
        })
    }

    /// Ciphertext bytes that the service has, of how many.
    pub fn progress(&self) -> (u64, u64) {
        (self.offset, self.plan.layout.sealed_size())
    }

    /// The service opened the upload.
    ///
    /// # Errors
    /// [`AttachmentError::OutOfTurn`] if it was open; [`OpenError::Unusable`] for a URL that is no text.
    pub fn opened(&mut self, ticket: UploadTicket) -> Result<(), AttachmentError> {
        if self.ticket.is_some() {
            return Err(AttachmentError::OutOfTurn("be opened"));
        }
        if std::str::from_utf8(&ticket.url).is_err() {
            return Err(OpenError::Unusable("not an http or https URL").into());
        }
        self.ticket = Some(ticket);
        self.offset = 0;
        Ok(())
    }

    /// The service took a piece. An answer that comes late, or twice, changes nothing.
    pub fn accepted(&mut self, piece: &Piece) {
        let current = self.ticket.as_ref().is_some_and(|ticket| ticket.id == piece.media);
        if current && piece.offset == self.offset {
            self.offset += piece.length as u64;
        }
    }

    /// The service has another length than we thought (refusal `WrongOffset`, or `HEAD` after a broken connection):
    /// go on from there. It may lie behind (what it had was lost) or ahead (its answer was lost), within a chunk too.
    ///
    /// # Errors
    /// [`AttachmentError::ImpossibleOffset`] past the end, or the offset of `refused` itself: it contradicts itself.
    pub fn wrong_offset(&mut self, length: u64, refused: Option<&Piece>) -> Result<(), AttachmentError> {
        if length > self.plan.layout.sealed_size() || refused.is_some_and(|piece| piece.offset == length) {
            return Err(AttachmentError::ImpossibleOffset);
        }
        self.offset = length;
        Ok(())
    }

    /// The service no longer knows the upload: begin again under a new ticket. The ciphertext stays the same.
    pub fn lost(&mut self) {
        self.ticket = None;
        self.offset = 0;
    }

    /// Keeps the upload. The plan, which may be large, is written only the first time.
    ///
    /// # Errors
    /// The store could not be read.
    pub fn save(&self, tx: &mut Overlay) -> Result<(), AttachmentError> {
        tx.put(rows::UPLOADS, self.id.0, rows::encode_upload(self));
        if tx.get(rows::PLANS, &self.id.0)?.is_none() {
            tx.put(rows::PLANS, self.id.0, rows::encode_plan(&self.plan));
        }
        Ok(())
    }

    /// An upload that was kept.
    ///
    /// # Errors
    /// The store could not be read, or the row not be decoded.
    pub fn load(tx: &Overlay, id: UploadId) -> Result<Option<Self>, AttachmentError> {
        let (row, plan) = (tx.get(rows::UPLOADS, &id.0)?, tx.get(rows::PLANS, &id.0)?);
        let (Some(row), Some(plan)) = (row, plan) else { return Ok(None) };
        rows::decode_upload(id, &row, rows::decode_plan(&plan)?).map(Some)
    }

    /// Every upload that was kept, to go on after a restart.
    ///
    /// # Errors
    /// The store could not be read.
    pub fn pending(tx: &Overlay) -> Result<Vec<UploadId>, AttachmentError> {
        rows::upload_ids(tx)
    }

    /// Forgets an upload, its key with it.
    pub fn forget(tx: &mut Overlay, id: UploadId) {
        tx.delete(rows::UPLOADS, id.0);
        tx.delete(rows::PLANS, id.0);
    }
}
