//! A file that is sent, from the disk or as it was handed over: read in ranges, or, for a picture that loses its metadata, held
//! in memory.

use std::{
    fs::File,
    io::{self, Read as _, Seek as _, SeekFrom},
    ops::Range,
    path::Path,
};
use trefoil_client::{
    attachment::{Handed, Label, strip_metadata},
    overlay::Overlay,
};

/// Largest picture that is taken into memory; a larger one is refused rather than sent with its metadata.
const LARGEST_PICTURE: u64 = 64 * 1024 * 1024;

/// Bytes of a file's beginning that tell its type.
const HEAD: u64 = 16;

/// Media types by the beginning of a file.
const MAGIC: &[(&[u8], &str)] = &[
    (b"OggS", "audio/ogg"),
    (b"ID3", "audio/mpeg"),
    (b"\xFF\xD8\xFF", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF8", "image/gif"),
    (b"%PDF-", "application/pdf"),
    (b"PK\x03\x04", "application/zip"),
];

/// A file to be sent.
pub(super) struct Source {
    /// Where it is found again: a path, or what was handed over.
    origin: Vec<u8>,
    filename: String,
    content: Content,
    media_type: &'static str,
}

enum Content {
    Memory(Vec<u8>),
    File(File),
    Handed(Overlay, Handed),
}

impl Source {
    /// Opens a file. A JPEG or PNG loses its metadata (place, time, device) unless `whole`.
    pub(super) fn open(path: &Path, whole: bool) -> io::Result<Self> {
        let path = path.canonicalize()?;
        let content = Content::File(File::open(&path)?);
        let filename = path.file_name().map(|name| name.to_string_lossy().into_owned());
        let origin = path.as_os_str().as_encoded_bytes().to_vec();
        Self::of(origin, filename.unwrap_or_default(), content, whole)
    }

    /// The same with a file that was handed over; `kept` is where it lies.
    pub(super) fn handed(kept: Overlay, file: &Handed, whole: bool) -> io::Result<Self> {
        // A path begins with another byte.
        let origin = [b"handed ", &file.id.0[..]].concat();
        Self::of(origin, file.name.clone(), Content::Handed(kept, file.clone()), whole)
    }

    fn of(origin: Vec<u8>, filename: String, content: Content, whole: bool) -> io::Result<Self> {
        let mut source = Self { origin, filename, content, media_type: "" };
        source.media_type = media_type(&source.read(0..HEAD)?, Path::new(&source.filename));
        if !whole && matches!(source.media_type, "image/jpeg" | "image/png") {
            let bytes = source.read(0..LARGEST_PICTURE + 1)?;
            if bytes.len() as u64 > LARGEST_PICTURE {
                return Err(io::Error::new(
                    io::ErrorKind::FileTooLarge,
                    "too large to take its metadata out: send it with --whole",
                ));
            }
            source.content = Content::Memory(strip_metadata(&bytes).ok_or_else(|| {
                let why = "damaged, so its metadata cannot be taken out: send it with --whole";
                io::Error::new(io::ErrorKind::InvalidData, why)
            })?);
        }
        Ok(source)
    }

    /// What names it in the list of uploads: where it is found, and whether it was stripped.
    pub(super) fn name(&self) -> Vec<u8> {
        let kind: &[u8] = if matches!(self.content, Content::Memory(_)) { b"stripped:" } else { b"whole:" };
        [kind, &self.origin].concat()
    }

    /// Bytes in all.
    pub(super) fn size(&self) -> io::Result<u64> {
        match &self.content {
            Content::Memory(bytes) => Ok(bytes.len() as u64),
            Content::File(file) => Ok(file.metadata()?.len()),
            Content::Handed(_, file) => Ok(file.size),
        }
    }

    /// Reads a range; shorter if the file ends before.
    pub(super) fn read(&mut self, range: Range<u64>) -> io::Result<Vec<u8>> {
        match &mut self.content {
            Content::Memory(bytes) => {
                let at = |offset: u64| usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
                Ok(bytes[at(range.start)..at(range.end)].to_vec())
            }
            Content::File(file) => {
                file.seek(SeekFrom::Start(range.start))?;
                let mut bytes = Vec::new();
                file.take(range.end - range.start).read_to_end(&mut bytes)?;
                Ok(bytes)
            }
            Content::Handed(kept, file) => {
                let range = range.start.min(file.there)..range.end.min(file.there);
                file.read(kept, range).map_err(io::Error::other)
            }
        }
    }

    /// What the message says of it.
    pub(super) fn label(&self) -> Label {
        Label {
            content_type: self.media_type.to_owned(),
            filename: self.filename.clone(),
            description: String::new(),
            inline: self.media_type.starts_with("image/"),
        }
    }
}

/// The type of a file by its beginning. Where sound and film begin alike, its name says which: `.weba` and `.m4a` are sound.
fn media_type(head: &[u8], path: &Path) -> &'static str {
    let is_named =
        |wanted: &str| path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case(wanted));
    if let Some((_, name)) = MAGIC.iter().find(|(magic, _)| head.starts_with(magic)) {
        return name;
    }
    match (head.get(..4), head.get(4..8), head.get(8..12)) {
        (Some(b"\x1A\x45\xDF\xA3"), ..) if is_named("weba") => "audio/webm",
        (Some(b"\x1A\x45\xDF\xA3"), ..) => "video/webm",
        (_, Some(b"ftyp"), _) if is_named("m4a") => "audio/mp4",
        (_, Some(b"ftyp"), _) => "video/mp4",
        (Some(b"RIFF"), _, Some(b"WEBP")) => "image/webp",
        (Some(b"RIFF"), _, Some(b"WAVE")) => "audio/wav",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_file_is_read_in_ranges_and_named_by_its_beginning() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("a.pdf");
        std::fs::write(&path, b"%PDF-1.7 hello").unwrap();
        let mut source = Source::open(&path, false).unwrap();
        assert_eq!(source.size().unwrap(), 14);
        assert_eq!(source.read(9..14).unwrap(), b"hello");
        assert_eq!(source.read(9..99).unwrap(), b"hello");
        assert_eq!(source.label().content_type, "application/pdf");
        assert_eq!(source.label().filename, "a.pdf");
    }

    #[test]
    fn sound_and_film_are_told_apart() {
        let place = tempfile::tempdir().unwrap();
        let of = |name: &str, bytes: &[u8]| {
            let path = place.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            Source::open(&path, false).unwrap().label().content_type
        };
        let webm = b"\x1A\x45\xDF\xA3 and so on";
        assert_eq!(of("voice.weba", webm), "audio/webm");
        assert_eq!(of("film.webm", webm), "video/webm");
        assert_eq!(of("a.ogg", b"OggS\0\x02 and so on"), "audio/ogg");
        assert_eq!(of("a.mp4", b"\0\0\0\x18ftypisom"), "video/mp4");
        assert_eq!(of("a.m4a", b"\0\0\0\x18ftypM4A "), "audio/mp4");
        assert_eq!(of("a.wav", b"RIFF\0\0\0\0WAVE"), "audio/wav");
    }

    #[test]
    fn a_picture_loses_what_its_maker_did_not_mean_to_send() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("a.jpg");
        let picture = include_bytes!("../../../../demo/china.jpg");
        // A comment segment right after the start marker.
        let comment = b"\xFF\xFE\x00\x0Chome place";
        std::fs::write(&path, [&picture[..2], comment, &picture[2..]].concat()).unwrap();
        let mut source = Source::open(&path, false).unwrap();
        let size = source.size().unwrap();
        let sent = source.read(0..size).unwrap();
        assert!(!sent.windows(10).any(|window| window == b"home place"));
        let mut whole = Source::open(&path, true).unwrap();
        let size = whole.size().unwrap();
        assert!(whole.read(0..size).unwrap().windows(10).any(|window| window == b"home place"));
        assert_ne!(source.name(), whole.name());
    }

    #[test]
    fn a_damaged_picture_is_refused() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("a.jpg");
        std::fs::write(&path, b"\xFF\xD8\xFF\xE1\xFF\xFFtoo short").unwrap();
        assert!(Source::open(&path, false).is_err());
    }
}
