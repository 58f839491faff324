//! Attachments on their way: files are read and written here, sealed and opened by the client core, moved in pieces
//! that resume after a break or a restart.

mod source;

use crate::{
    agent::{AgentError, Way},
    person::{PersonError, ask, refused},
    transport::{Answer, TransportError},
};
use bytes::Bytes;
use data_encoding::BASE64URL_NOPAD;
use http::Method;
use rand::RngCore as _;
use source::Source;
use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    time::Duration,
};
use tls_codec::{DeserializeBytes as _, Serialize as _};
use trefoil_client::{
    ClientError,
    attachment::{
        AttachmentError, CHUNK, Descriptor, Download, DownloadStep, Handed, OpenError, Opener, Piece, Plan,
        Sealer, Survey, Upload, UploadId, UploadStep, fresh_key,
    },
    overlay::Overlay,
};
use trefoil_proto::{
    ErrorCode,
    edge::{OpenUpload, UploadTicket},
    limits, paths,
};

/// Breaks of the connection, one after another, after which a transfer gives up.
const TRIES: u32 = 6;

/// What can go wrong with an attachment.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    /// A file cannot be read or written.
    #[error("{path} cannot be used: check that it is there, is yours, and that the disk is not full")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The attachment itself.
    #[error("the attachment cannot be used: {0}")]
    Attachment(#[from] AttachmentError),
    /// The way to the service.
    #[error(transparent)]
    Person(#[from] PersonError),
    /// The progress could not be kept.
    #[error(transparent)]
    Agent(#[from] AgentError),
}

impl From<TransportError> for TransferError {
    fn from(error: TransportError) -> Self {
        Self::Person(error.into())
    }
}

/// Sends a file to the service, sealed; gives its description for a message. What was begun before for the same file
/// goes on where it stopped. Pictures lose their metadata unless `whole`. `moved` hears how many bytes are there, of
/// how many.
///
/// # Errors
/// [`TransferError`]; what was sent so far is kept for the next time.
pub async fn upload(
    way: &Way,
    path: &Path,
    whole: bool,
    moved: impl FnMut(u64, u64),
) -> Result<Descriptor, TransferError> {
    let unreadable = |source| TransferError::File { path: path.to_owned(), source };
    let mut id = [0; 16];
    rand::rng().fill_bytes(&mut id);
    let source = Source::open(path, whole).map_err(unreadable)?;
    let (upload, descriptor) = carry(way, UploadId(id), source, path, moved).await?;
    keep(&mut Overlay::new(way.store.clone()), |kept| {
        Upload::forget(kept, upload);
        Ok(())
    })?;
    Ok(descriptor)
}

/// The same with a file that was handed over, all of it. Its upload is remembered as long as the file is: what is with the
/// service is not sent twice.
///
/// # Errors
/// As [`upload`].
pub async fn upload_handed(
    way: &Way,
    file: &Handed,
    whole: bool,
    moved: impl FnMut(u64, u64),
) -> Result<Descriptor, TransferError> {
    let path = Path::new(&file.name);
    let unreadable = |source| TransferError::File { path: path.to_owned(), source };
    let source = Source::handed(Overlay::new(way.store.clone()), file, whole).map_err(unreadable)?;
    Ok(carry(way, file.id.upload(), source, path, moved).await?.1)
}

/// Goes on with the upload of a source, or begins it under this id; gives the one that it is.
async fn carry(
    way: &Way,
    id: UploadId,
    mut source: Source,
    path: &Path,
    mut moved: impl FnMut(u64, u64),
) -> Result<(UploadId, Descriptor), TransferError> {
    let unreadable = |source| TransferError::File { path: path.to_owned(), source };
    let mut kept = Overlay::new(way.store.clone());
    let mut upload = match begun(&kept, &source)? {
        Some(upload) => upload,
        None => Upload::new(id, source.name(), survey(&mut source).await.map_err(|error| error.at(path))?),
    };
    keep(&mut kept, |kept| upload.save(kept))?;
    let mut breaks = 0;
    loop {
        let (there, of) = upload.progress();
        moved(there, of);
        let tried = match upload.next() {
            UploadStep::Done { url } => {
                return Ok((upload.id, upload.plan.describe(url, source.label())));
            }
            UploadStep::Open { length } => open(way, &mut upload, length).await,
            UploadStep::Send(piece) => {
                let plain = source.read(piece.plaintext.clone()).map_err(unreadable)?;
                match Sealer::piece(&upload.plan, &piece, &plain) {
                    Err(AttachmentError::Changed { .. } | AttachmentError::SizeDiffers) => {
                        // The file is another one now: its upload begins again under a fresh key.
                        upload = Upload::new(
                            upload.id,
                            source.name(),
                            survey(&mut source).await.map_err(|error| error.at(path))?,
                        );
                        keep(&mut kept, |kept| {
                            Upload::forget(kept, upload.id);
                            Ok(())
                        })?;
                        Ok(())
                    }
                    sealed => send(way, &mut upload, &piece, sealed?).await,
                }
            }
        };
        match tried {
            Ok(()) => breaks = 0,
            Err(TransferError::Person(PersonError::Transport(error)))
                if error.is_passing() && breaks < TRIES =>
            {
                breaks += 1;
                tokio::time::sleep(Duration::from_millis(250 << breaks)).await;
                offset(way, &mut upload).await?;
            }
            Err(error) => return Err(error),
        }
        keep(&mut kept, |kept| upload.save(kept))?;
    }
}

/// Fetches an attachment, opens it, and puts it at `target` once the whole of it is good. What was begun before goes
/// on where it stopped.
///
/// # Errors
/// [`TransferError`]; nothing is at `target` then.
pub async fn download(
    way: &Way,
    file: &Descriptor,
    target: &Path,
    mut moved: impl FnMut(u64, u64),
) -> Result<(), TransferError> {
    let part = target.with_extension("part");
    let unusable = |source| TransferError::File { path: part.clone(), source };
    let mut kept = Overlay::new(way.store.clone());
    let mut name = target.as_os_str().as_encoded_bytes().to_vec();
    name.truncate(4096);
    let begun = Download::load(&kept, Download::new(file.clone(), Vec::new()).id())?;
    let mut download = match begun {
        Some(begun) if begun.target == name && part.exists() => begun,
        _ => Download::new(file.clone(), name),
    };
    let (mut out, mut opener) = resume(&mut download, &part).map_err(|error| error.at(&part))?;
    loop {
        moved(download.plaintext_done(), file.layout.size());
        match download.next() {
            DownloadStep::Fetch { range } => {
                let answer = fetch_patiently(way, file, range).await?;
                let mut opened = Vec::with_capacity(answer.len());
                opener.feed(&answer, &mut opened)?;
                out.write_all(&opened).and_then(|()| out.sync_data()).map_err(unusable)?;
                download.advanced(opener.chunks_done())?;
                keep(&mut kept, |kept| {
                    download.save(kept);
                    Ok(())
                })?;
            }
            DownloadStep::Verify => {
                if let Err(error) = opener.finish() {
                    keep(&mut kept, |kept| {
                        Download::forget(kept, download.id());
                        Ok(())
                    })?;
                    // The file is bad whether or not its remains can be removed.
                    let _ = fs::remove_file(&part);
                    return Err(error.into());
                }
                fs::rename(&part, target)
                    .map_err(|source| TransferError::File { path: target.to_owned(), source })?;
                return keep(&mut kept, |kept| {
                    Download::forget(kept, download.id());
                    Ok(())
                });
            }
            DownloadStep::Done => return Ok(()),
        }
    }
}

/// Fetches an attachment into a file of `folder` that has no name: it is gone as soon as nobody has it open, however that
/// ends, and nothing else remembers it. Gives it, sealed as it came, once the whole of it was found good.
///
/// # Errors
/// [`TransferError`].
pub async fn download_sealed(
    way: &Way,
    file: &Descriptor,
    folder: &Path,
    mut moved: impl FnMut(u64, u64),
) -> Result<File, TransferError> {
    let unusable = |source| TransferError::File { path: folder.to_owned(), source };
    let mut out = unnamed(folder).map_err(unusable)?;
    let mut download = Download::new(file.clone(), Vec::new());
    let mut opener = Opener::new(file);
    while let DownloadStep::Fetch { range } = download.next() {
        moved(download.plaintext_done(), file.layout.size());
        let answer = fetch_patiently(way, file, range).await?;
        opener.feed(&answer, &mut Vec::with_capacity(answer.len()))?;
        out.write_all(&answer).map_err(unusable)?;
        download.advanced(opener.chunks_done())?;
    }
    opener.finish()?;
    moved(file.layout.size(), file.layout.size());
    Ok(out)
}

/// A file that has lost its name before anything was written to it.
fn unnamed(folder: &Path) -> io::Result<File> {
    let mut random = [0; 16];
    rand::rng().fill_bytes(&mut random);
    let path = folder.join(format!("fetched-{}", BASE64URL_NOPAD.encode(&random)));
    let file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(&path)?;
    fs::remove_file(&path)?;
    Ok(file)
}

/// An error of reading a file, or of what was read, until the path is known.
enum Reading {
    File(io::Error),
    Attachment(AttachmentError),
}

impl From<OpenError> for TransferError {
    fn from(error: OpenError) -> Self {
        AttachmentError::from(error).into()
    }
}

impl Reading {
    fn at(self, path: &Path) -> TransferError {
        match self {
            Self::File(source) => TransferError::File { path: path.to_owned(), source },
            Self::Attachment(error) => error.into(),
        }
    }
}

/// Reads all of it once. Others have their turn in between: it can be large.
async fn survey(source: &mut Source) -> Result<Plan, Reading> {
    let size = source.size().map_err(Reading::File)?;
    let mut survey = Survey::new(fresh_key(&mut rand::rng()), size).map_err(Reading::Attachment)?;
    let mut at = 0;
    while at < size {
        let end = size.min(at + CHUNK as u64);
        survey.feed(&source.read(at..end).map_err(Reading::File)?).map_err(Reading::Attachment)?;
        tokio::task::yield_now().await;
        at = end;
    }
    survey.finish().map_err(Reading::Attachment)
}

fn begun(kept: &Overlay, source: &Source) -> Result<Option<Upload>, TransferError> {
    for id in Upload::pending(kept)? {
        if let Some(upload) = Upload::load(kept, id)?
            && upload.source == source.name()
        {
            return Ok(Some(upload));
        }
    }
    Ok(None)
}

fn keep(
    kept: &mut Overlay,
    change: impl FnOnce(&mut Overlay) -> Result<(), AttachmentError>,
) -> Result<(), TransferError> {
    change(kept)?;
    kept.commit().map_err(|error| AgentError::from(ClientError::from(error)))?;
    Ok(())
}

async fn open(way: &Way, upload: &mut Upload, length: u64) -> Result<(), TransferError> {
    let body = OpenUpload { length }
        .tls_serialize_detached()
        .map_err(|error| TransportError::Garbled(error.into()))?;
    let token = way.first_bearer().await?;
    let path = format!("{}/media", paths::CLIENT_ROOT);
    let answer = ask(&way.service, Method::POST, &path, Some(&token), body.into()).await?;
    let ticket = UploadTicket::tls_deserialize_exact_bytes(&answer)
        .map_err(|error| TransportError::Garbled(error.into()))?;
    Ok(upload.opened(ticket)?)
}

async fn send(way: &Way, upload: &mut Upload, piece: &Piece, sealed: Vec<u8>) -> Result<(), TransferError> {
    let path = format!("{}?offset={}", media(&piece.media)?, piece.offset);
    let answer = request(way, Method::PUT, &path, &[], sealed.into(), limits::REQUEST).await?;
    match answer.status {
        200..300 => upload.accepted(piece),
        status => match refused(status, &answer.body) {
            PersonError::Refused { code: ErrorCode::WrongOffset, detail } => {
                let length = detail.parse().map_err(|_| AttachmentError::ImpossibleOffset)?;
                upload.wrong_offset(length, Some(piece))?;
            }
            PersonError::Refused { code: ErrorCode::NotFound, .. } => upload.lost(),
            other => return Err(other.into()),
        },
    }
    Ok(())
}

/// Asks how much of an upload the service has, after a break.
async fn offset(way: &Way, upload: &mut Upload) -> Result<(), TransferError> {
    let UploadStep::Send(piece) = upload.next() else { return Ok(()) };
    let path = media(&piece.media)?;
    match request(way, Method::HEAD, &path, &[], Bytes::new(), limits::REQUEST).await {
        Ok(Answer { status: 200..300, offset: Some(length), .. }) => Ok(upload.wrong_offset(length, None)?),
        Ok(Answer { status: 404, .. }) => {
            upload.lost();
            Ok(())
        }
        // The next piece will say what is wrong.
        Ok(_) => Ok(()),
        Err(TransferError::Person(PersonError::Transport(error))) if error.is_passing() => Ok(()),
        Err(error) => Err(error),
    }
}

/// Fetches a range, through some breaks of the connection.
async fn fetch_patiently(
    way: &Way,
    file: &Descriptor,
    range: std::ops::Range<u64>,
) -> Result<Bytes, TransferError> {
    let mut breaks = 0;
    loop {
        match fetch(way, file, range.clone()).await {
            Err(TransferError::Person(PersonError::Transport(error)))
                if error.is_passing() && breaks < TRIES =>
            {
                breaks += 1;
                tokio::time::sleep(Duration::from_millis(250 << breaks)).await;
            }
            fetched => return fetched,
        }
    }
}

async fn fetch(way: &Way, file: &Descriptor, range: std::ops::Range<u64>) -> Result<Bytes, TransferError> {
    let path = format!("{}/proxyDownload/{}", paths::CLIENT_ROOT, paths::segment(&file.url));
    let length = usize::try_from(range.end - range.start).unwrap_or(usize::MAX);
    let headers = [("range", format!("bytes={}-{}", range.start, range.end.saturating_sub(1)))];
    let answer =
        request(way, Method::GET, &path, &headers, Bytes::new(), length.max(limits::REQUEST)).await?;
    match answer.status {
        206 if answer.body.len() == length => Ok(answer.body),
        200 if range.start == 0 && answer.body.len() == length => Ok(answer.body),
        200..300 => Err(TransportError::Garbled("another part than was asked for".into()).into()),
        status => Err(refused(status, &answer.body).into()),
    }
}

async fn request(
    way: &Way,
    method: Method,
    path: &str,
    headers: &[(&'static str, String)],
    body: Bytes,
    limit: usize,
) -> Result<Answer, TransferError> {
    let token = way.first_bearer().await?;
    Ok(way.service.request(method, path, Some(&token), headers, body, limit).await?)
}

fn media(id: &[u8]) -> Result<String, TransferError> {
    let id = std::str::from_utf8(id)
        .map_err(|_| AttachmentError::from(OpenError::Unusable("an upload without a name")))?;
    Ok(format!("{}/media/{}", paths::CLIENT_ROOT, paths::segment(id)))
}

/// Opens the part file of a download, cut to what is known to be good, and replays that.
fn resume(download: &mut Download, part: &Path) -> Result<(File, Opener), Reading> {
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(part)
        .map_err(Reading::File)?;
    if file.metadata().map_err(Reading::File)?.len() < download.plaintext_done() {
        download.spoilt();
    }
    file.set_len(download.plaintext_done()).map_err(Reading::File)?;
    let mut opener = Opener::new(&download.file);
    let mut buffer = vec![0; CHUNK];
    loop {
        let read = file.read(&mut buffer).map_err(Reading::File)?;
        if read == 0 {
            return Ok((file, opener));
        }
        opener.replay(&buffer[..read]).map_err(|error| Reading::Attachment(error.into()))?;
    }
}

/// A path in `folder` for an attachment's suggested name that nothing is at yet.
pub fn free_place(folder: &Path, suggested: &str) -> PathBuf {
    let first = first_place(folder, suggested);
    let name = usable(suggested);
    let (stem, extension) = match name.rsplit_once('.') {
        Some((stem, extension)) => (stem, format!(".{extension}")),
        None => (name, String::new()),
    };
    std::iter::once(first)
        .chain((2u64..).map(|number| folder.join(format!("{stem} ({number}){extension}"))))
        .find(|path| !path.exists())
        .expect("a folder does not hold every number")
}

/// The path in `folder` that an attachment has if it is the only one of its name.
pub fn first_place(folder: &Path, suggested: &str) -> PathBuf {
    folder.join(usable(suggested))
}

fn usable(suggested: &str) -> &str {
    if suggested.is_empty() || suggested.starts_with('.') { "attachment" } else { suggested }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_is_fetched_for_a_while_has_no_name_from_the_first_byte_on() {
        let place = tempfile::tempdir().unwrap();
        let mut file = unnamed(place.path()).unwrap();
        file.write_all(b"in clear").unwrap();
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0);
    }
}
