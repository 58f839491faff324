//! Files that were handed over to be sent. Their bytes lie in the encrypted store until the message that they are for
//! ([`Parcel`]) is in the outbox: nothing that was taken is lost with the process, and none of it lies on the disk in clear.

use super::{AttachmentError, CHUNK, MAX_SIZE, OpenError, Parcel, Upload, UploadId, rows};
use crate::overlay::Overlay;
use std::ops::Range;
use trefoil_proto::Timestamp;

/// Bytes of one row, which is what is sealed at once; the last one of a file may have fewer.
const PIECE: usize = CHUNK;

/// Names a file that was handed over: 128 random bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HandedId(pub [u8; 16]);

impl HandedId {
    /// Its upload to the service: one file has one, so that its key goes with it.
    pub const fn upload(self) -> UploadId {
        UploadId(self.0)
    }
}

/// A file that was handed over, whole or in part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handed {
    /// Its name here.
    pub id: HandedId,
    /// What it is called.
    pub name: String,
    /// Bytes in all, as announced.
    pub size: u64,
    /// Bytes that are here, from the beginning.
    pub there: u64,
    /// A picture is to be sent with its metadata.
    pub whole: bool,
    /// When it was begun.
    pub begun: Timestamp,
}

impl Handed {
    /// A file of which nothing is here yet.
    ///
    /// # Errors
    /// [`OpenError::TooLarge`]; [`AttachmentError::SizeDiffers`] if it is announced as empty.
    pub fn new(
        id: HandedId,
        name: String,
        size: u64,
        whole: bool,
        begun: Timestamp,
    ) -> Result<Self, AttachmentError> {
        match size {
            0 => Err(AttachmentError::SizeDiffers),
            size if size > MAX_SIZE => Err(OpenError::TooLarge { limit: MAX_SIZE }.into()),
            _ => Ok(Self { id, name, size, there: 0, whole, begun }),
        }
    }

    /// Keeps what is known of it.
    pub fn save(&self, tx: &mut Overlay) {
        tx.put(rows::HANDED, self.id.0, rows::encode_handed(self));
    }

    /// One that is here.
    ///
    /// # Errors
    /// The store could not be read, or the row not be decoded.
    pub fn load(tx: &Overlay, id: HandedId) -> Result<Option<Self>, AttachmentError> {
        let row = tx.get(rows::HANDED, &id.0)?;
        row.map(|row| rows::decode_handed(id, &row)).transpose()
    }

    /// All that are here.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn all(tx: &Overlay) -> Result<Vec<Self>, AttachmentError> {
        rows::all_handed(tx)
    }

    /// Whether all of it is here.
    pub const fn is_complete(&self) -> bool {
        self.there == self.size
    }

    /// Takes the bytes that follow those that are here, and keeps them.
    ///
    /// # Errors
    /// [`AttachmentError::SizeDiffers`] for more than was announced; the store could not be read.
    pub fn append(&mut self, tx: &mut Overlay, mut bytes: &[u8]) -> Result<(), AttachmentError> {
        if bytes.len() as u64 > self.size - self.there {
            return Err(AttachmentError::SizeDiffers);
        }
        while !bytes.is_empty() {
            let (piece, inside) = place(self.there);
            let mut row = match inside {
                0 => Vec::new(),
                inside => self.piece(tx, piece, inside)?,
            };
            let (now, later) = bytes.split_at(bytes.len().min(PIECE - inside));
            row.extend_from_slice(now);
            tx.put(rows::HANDED_PIECES, self.key(piece), row);
            self.there += now.len() as u64;
            bytes = later;
        }
        self.save(tx);
        Ok(())
    }

    /// Reads a range of what is here.
    ///
    /// # Errors
    /// [`AttachmentError::Row`] for a range that is not here; the store could not be read.
    pub fn read(&self, tx: &Overlay, range: Range<u64>) -> Result<Vec<u8>, AttachmentError> {
        if range.end > self.there || range.start > range.end {
            return Err(AttachmentError::Row("piece of a file"));
        }
        let mut bytes = Vec::new();
        let mut at = range.start;
        while at < range.end {
            let (piece, inside) = place(at);
            let end = PIECE.min(inside + usize::try_from(range.end - at).unwrap_or(PIECE));
            let row = self.piece(tx, piece, end)?;
            bytes.extend_from_slice(&row[inside..end]);
            at += (end - inside) as u64;
        }
        Ok(bytes)
    }

    /// Forgets it, with its bytes and the key under which they were being sent.
    pub fn forget(&self, tx: &mut Overlay) {
        Upload::forget(tx, self.id.upload());
        let pieces = self.there.div_ceil(PIECE as u64);
        (0..pieces).for_each(|piece| tx.delete(rows::HANDED_PIECES, self.key(piece)));
        tx.delete(rows::HANDED, self.id.0);
    }

    /// Forgets those that were begun before and that no message waits for.
    ///
    /// # Errors
    /// The store could not be read, or a row not be decoded.
    pub fn expire(tx: &mut Overlay, before: Timestamp) -> Result<(), AttachmentError> {
        let awaited: Vec<HandedId> = Parcel::all(tx)?.into_iter().flat_map(|parcel| parcel.files).collect();
        for old in Self::all(tx)?.iter().filter(|one| one.begun < before && !awaited.contains(&one.id)) {
            old.forget(tx);
        }
        Ok(())
    }

    fn key(&self, piece: u64) -> Vec<u8> {
        [&self.id.0[..], &piece.to_be_bytes()].concat()
    }

    /// A row of bytes that has at least so many.
    fn piece(&self, tx: &Overlay, piece: u64, least: usize) -> Result<Vec<u8>, AttachmentError> {
        let row = tx.get(rows::HANDED_PIECES, &self.key(piece))?;
        row.filter(|row| row.len() >= least).ok_or(AttachmentError::Row("piece of a file"))
    }
}

/// Which row a byte is in, and where in it.
fn place(at: u64) -> (u64, usize) {
    let inside = usize::try_from(at % PIECE as u64).expect("a piece fits memory");
    (at / PIECE as u64, inside)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::{super::ParcelId, *};
    use std::sync::Arc;
    use trefoil_store::{KeyRange, LocalStore, MemoryStore};

    fn handed(id: u8, size: usize) -> Handed {
        Handed::new(HandedId([id; 16]), "a.bin".to_owned(), size as u64, false, Timestamp(7)).unwrap()
    }

    fn rows_of(store: &Arc<dyn LocalStore>) -> usize {
        let tables = [rows::HANDED, rows::HANDED_PIECES, rows::PARCELS];
        tables
            .iter()
            .map(|table| store.scan(*table, &KeyRange::all(), usize::MAX, false).unwrap().len())
            .sum()
    }

    #[test]
    fn a_file_comes_in_parts_of_any_size_and_is_read_in_any_range() {
        let store: Arc<dyn LocalStore> = Arc::new(MemoryStore::new());
        let bytes: Vec<u8> = (0..PIECE * 2 + 77).map(|at| (at * 31 % 251) as u8).collect();
        let mut file = handed(1, bytes.len());
        file.save(&mut Overlay::new(Arc::clone(&store)));
        let mut at = 0;
        for part in [1, 70_000, PIECE, 5, usize::MAX] {
            let mut tx = Overlay::new(Arc::clone(&store));
            let end = bytes.len().min(at + part.min(bytes.len()));
            file.append(&mut tx, &bytes[at..end]).unwrap();
            tx.commit().unwrap();
            at = end;
        }
        let tx = Overlay::new(Arc::clone(&store));
        let file = Handed::load(&tx, file.id).unwrap().unwrap();
        assert!(file.is_complete());
        let piece = PIECE as u64;
        for (start, end) in
            [(0, 0), (0, file.size), (piece - 1, piece + 1), (piece, 2 * piece), (file.size - 1, file.size)]
        {
            let expected = &bytes[start as usize..end as usize];
            assert_eq!(file.read(&tx, start..end).unwrap(), expected, "{start}..{end}");
        }
        assert!(file.read(&tx, 0..file.size + 1).is_err());
    }

    #[test]
    fn more_than_was_announced_is_refused_and_changes_nothing() {
        let store: Arc<dyn LocalStore> = Arc::new(MemoryStore::new());
        let mut tx = Overlay::new(store);
        let mut file = handed(1, 3);
        assert!(matches!(file.append(&mut tx, b"four"), Err(AttachmentError::SizeDiffers)));
        assert_eq!(file.there, 0);
        assert!(Handed::new(file.id, String::new(), 0, false, Timestamp(7)).is_err());
        assert!(Handed::new(file.id, String::new(), MAX_SIZE + 1, false, Timestamp(7)).is_err());
    }

    #[test]
    fn what_no_message_waits_for_expires_and_nothing_of_it_stays() {
        let store: Arc<dyn LocalStore> = Arc::new(MemoryStore::new());
        let mut tx = Overlay::new(Arc::clone(&store));
        let (mut awaited, mut stray) = (handed(1, PIECE + 1), handed(2, PIECE + 1));
        awaited.append(&mut tx, &vec![1; PIECE + 1]).unwrap();
        stray.append(&mut tx, &vec![2; PIECE]).unwrap();
        let room = "mimi://a.test/r/tea".parse().unwrap();
        let (id, files, letter) = (ParcelId([3; 16]), vec![awaited.id], b"{}".to_vec());
        let parcel = Parcel { id, room, files, letter, taken: Timestamp(9) };
        parcel.save(&mut tx);
        Handed::expire(&mut tx, Timestamp(7)).unwrap();
        assert_eq!(Handed::all(&tx).unwrap().len(), 2, "it is not old yet");
        Handed::expire(&mut tx, Timestamp(8)).unwrap();
        assert_eq!(Handed::all(&tx).unwrap(), [awaited]);
        assert_eq!(Parcel::all(&tx).unwrap(), std::slice::from_ref(&parcel));
        parcel.forget(&mut tx).unwrap();
        tx.commit().unwrap();
        assert_eq!(rows_of(&store), 0);
    }
}
