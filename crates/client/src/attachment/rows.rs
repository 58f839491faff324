//! Stored transfers. First byte: version of the codec; then one CBOR array, to whose end later versions may add.
//! All of it holds keys of files: it lies in the encrypted local store and nowhere else.

use super::{
    AttachmentError, Descriptor, Digest32, Download, DownloadId, FileKey, Handed, HandedId, Label, Layout,
    Parcel, ParcelId, Plan, Upload, UploadId,
};
use crate::overlay::Overlay;
use minicbor::{Decode, Encode, bytes::ByteVec};
use trefoil_proto::{Timestamp, edge::UploadTicket};
use trefoil_store::{KeyRange, Table};

/// Uploads on their way, by [`UploadId`]: source, ticket, offset.
pub const UPLOADS: Table = Table::new("client.uploads");
/// Their plans, by [`UploadId`]: file key, size, hashes, chunk digests (32 bytes for each 64 KiB).
pub const PLANS: Table = Table::new("client.upload_plans");
/// Downloads on their way, by [`DownloadId`]: descriptor with file key, chunks done.
pub const DOWNLOADS: Table = Table::new("client.downloads");

/// Files that were handed over to be sent, by [`HandedId`]: name, size, how much is here, when it was begun.
pub const HANDED: Table = Table::new("client.handed");
/// Their bytes: [`HandedId`], number of the piece (8 bytes, big-endian).
pub const HANDED_PIECES: Table = Table::new("client.handed_pieces");
/// Messages that wait for their files, by [`ParcelId`]: room, files, what they say, when they were taken.
pub const PARCELS: Table = Table::new("client.parcels");

const VERSION: u8 = 1;

#[derive(Encode, Decode)]
struct UploadRow {
    #[n(0)]
    source: ByteVec,
    #[n(1)]
    media: Option<ByteVec>,
    #[n(2)]
    url: Option<ByteVec>,
    #[n(3)]
    offset: u64,
}

#[derive(Encode, Decode)]
struct PlanRow {
    #[n(0)]
    key: ByteVec,
    #[n(1)]
    prefix: ByteVec,
    #[n(2)]
    size: u64,
    #[n(3)]
    plaintext_hash: ByteVec,
    #[n(4)]
    sealed_hash: ByteVec,
    #[n(5)]
    chunk_digests: ByteVec,
}

#[derive(Encode, Decode)]
struct DownloadRow {
    #[n(0)]
    content_type: String,
    #[n(1)]
    filename: String,
    #[n(2)]
    description: String,
    #[n(3)]
    inline: bool,
    #[n(4)]
    url: String,
    #[n(5)]
    expires: u32,
    #[n(6)]
    key: ByteVec,
    #[n(7)]
    prefix: ByteVec,
    #[n(8)]
    size: u64,
    #[n(9)]
    plaintext_hash: ByteVec,
    #[n(10)]
    sealed_hash: ByteVec,
    #[n(11)]
    target: ByteVec,
    #[n(12)]
    chunks_done: u32,
    #[n(13)]
    good: bool,
}

#[derive(Encode, Decode)]
struct HandedRow {
    #[n(0)]
    name: String,
    #[n(1)]
    size: u64,
    #[n(2)]
    there: u64,
    #[n(3)]
    whole: bool,
    #[n(4)]
    begun: u64,
}

#[derive(Encode, Decode)]
struct ParcelRow {
    #[n(0)]
    room: String,
    #[n(1)]
    files: ByteVec,
    #[n(2)]
    letter: ByteVec,
    #[n(3)]
    taken: u64,
}

pub(super) fn encode_upload(upload: &Upload) -> Vec<u8> {
    let ticket = upload.ticket.as_ref();
    encode(&UploadRow {
        source: upload.source.clone().into(),
        media: ticket.map(|ticket| ticket.id.clone().into()),
        url: ticket.map(|ticket| ticket.url.clone().into()),
        offset: upload.offset,
    })
}

pub(super) fn decode_upload(id: UploadId, row: &[u8], plan: Plan) -> Result<Upload, AttachmentError> {
    let row: UploadRow = decode(row, "upload")?;
    let ticket = row.media.zip(row.url).map(|(id, url)| UploadTicket { id: id.into(), url: url.into() });
    Ok(Upload { id, source: row.source.into(), plan, ticket, offset: row.offset })
}

pub(super) fn encode_plan(plan: &Plan) -> Vec<u8> {
    encode(&PlanRow {
        key: plan.key.key().to_vec().into(),
        prefix: plan.key.prefix().to_vec().into(),
        size: plan.layout.size(),
        plaintext_hash: plan.plaintext_hash.to_vec().into(),
        sealed_hash: plan.sealed_hash.to_vec().into(),
        chunk_digests: plan.chunk_digests.concat().into(),
    })
}

pub(super) fn decode_plan(row: &[u8]) -> Result<Plan, AttachmentError> {
    let what = "upload plan";
    let row: PlanRow = decode(row, what)?;
    let chunk_digests =
        row.chunk_digests.chunks(32).map(|digest| digest32(digest, what)).collect::<Result<_, _>>()?;
    Ok(Plan {
        key: FileKey::from_parts(&row.key, &row.prefix).ok_or(AttachmentError::Row(what))?,
        layout: Layout::of(row.size)?,
        plaintext_hash: digest32(&row.plaintext_hash, what)?,
        sealed_hash: digest32(&row.sealed_hash, what)?,
        chunk_digests,
    })
}

pub(super) fn encode_download(download: &Download) -> Vec<u8> {
    let file = &download.file;
    encode(&DownloadRow {
        content_type: file.label.content_type.clone(),
        filename: file.label.filename.clone(),
        description: file.label.description.clone(),
        inline: file.label.inline,
        url: file.url.clone(),
        expires: file.expires,
        key: file.key.key().to_vec().into(),
        prefix: file.key.prefix().to_vec().into(),
        size: file.layout.size(),
        plaintext_hash: file.plaintext_hash.to_vec().into(),
        sealed_hash: file.sealed_hash.to_vec().into(),
        target: download.target.clone().into(),
        chunks_done: download.chunks_done,
        good: download.good,
    })
}

pub(super) fn decode_download(row: &[u8]) -> Result<Download, AttachmentError> {
    let what = "download";
    let row: DownloadRow = decode(row, what)?;
    let file = Descriptor {
        label: Label {
            content_type: row.content_type,
            filename: row.filename,
            description: row.description,
            inline: row.inline,
        },
        url: row.url,
        expires: row.expires,
        key: FileKey::from_parts(&row.key, &row.prefix).ok_or(AttachmentError::Row(what))?,
        layout: Layout::of(row.size)?,
        plaintext_hash: digest32(&row.plaintext_hash, what)?,
        sealed_hash: digest32(&row.sealed_hash, what)?,
    };
    Ok(Download { file, target: row.target.into(), chunks_done: row.chunks_done, good: row.good })
}

pub(super) fn encode_handed(file: &Handed) -> Vec<u8> {
    encode(&HandedRow {
        name: file.name.clone(),
        size: file.size,
        there: file.there,
        whole: file.whole,
        begun: file.begun.0,
    })
}

pub(super) fn decode_handed(id: HandedId, row: &[u8]) -> Result<Handed, AttachmentError> {
    let what = "file that was handed over";
    let row: HandedRow = decode(row, what)?;
    let file = Handed::new(id, row.name, row.size, row.whole, Timestamp(row.begun))?;
    if row.there > file.size {
        return Err(AttachmentError::Row(what));
    }
    Ok(Handed { there: row.there, ..file })
}

pub(super) fn all_handed(tx: &Overlay) -> Result<Vec<Handed>, AttachmentError> {
    let rows = tx.scan(HANDED, &KeyRange::all(), usize::MAX, false)?;
    rows.iter()
        .map(|(key, row)| decode_handed(HandedId(id16(key, "file that was handed over")?), row))
        .collect()
}

pub(super) fn encode_parcel(parcel: &Parcel) -> Vec<u8> {
    encode(&ParcelRow {
        room: parcel.room.to_string(),
        files: parcel.files.iter().flat_map(|file| file.0).collect::<Vec<u8>>().into(),
        letter: parcel.letter.clone().into(),
        taken: parcel.taken.0,
    })
}

pub(super) fn decode_parcel(id: ParcelId, row: &[u8]) -> Result<Parcel, AttachmentError> {
    let what = "message that waits for files";
    let row: ParcelRow = decode(row, what)?;
    let room = row.room.parse().map_err(|_| AttachmentError::Row(what))?;
    let files = row.files.chunks(16).map(|file| id16(file, what).map(HandedId)).collect::<Result<_, _>>()?;
    Ok(Parcel { id, room, files, letter: row.letter.into(), taken: Timestamp(row.taken) })
}

pub(super) fn all_parcels(tx: &Overlay) -> Result<Vec<Parcel>, AttachmentError> {
    let rows = tx.scan(PARCELS, &KeyRange::all(), usize::MAX, false)?;
    rows.iter()
        .map(|(key, row)| decode_parcel(ParcelId(id16(key, "message that waits for files")?), row))
        .collect()
}

pub(super) fn upload_ids(tx: &Overlay) -> Result<Vec<UploadId>, AttachmentError> {
    let rows = tx.scan(UPLOADS, &KeyRange::all(), usize::MAX, false)?;
    rows.iter()
        .map(|(key, _)| key[..].try_into().map(UploadId).map_err(|_| AttachmentError::Row("upload")))
        .collect()
}

pub(super) fn download_ids(tx: &Overlay) -> Result<Vec<DownloadId>, AttachmentError> {
    let rows = tx.scan(DOWNLOADS, &KeyRange::all(), usize::MAX, false)?;
    rows.iter().map(|(key, _)| digest32(key, "download").map(DownloadId)).collect()
}

fn id16(bytes: &[u8], what: &'static str) -> Result<[u8; 16], AttachmentError> {
    bytes.try_into().map_err(|_| AttachmentError::Row(what))
}

fn digest32(bytes: &[u8], what: &'static str) -> Result<Digest32, AttachmentError> {
    bytes.try_into().map_err(|_| AttachmentError::Row(what))
}

fn encode(row: &impl Encode<()>) -> Vec<u8> {
    let mut out = vec![VERSION];
    minicbor::encode(row, &mut out).expect("writing into memory does not fail");
    out
}

fn decode<'b, T: Decode<'b, ()>>(row: &'b [u8], what: &'static str) -> Result<T, AttachmentError> {
    match row.split_first() {
        Some((&VERSION, body)) => minicbor::decode(body).map_err(|_| AttachmentError::Row(what)),
        _ => Err(AttachmentError::Row(what)),
    }
}
