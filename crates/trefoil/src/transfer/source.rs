//! A file that is sent: read in ranges, or, for a picture that loses its metadata, held in memory.

use std::{
    fs::File,
    io::{self, Read as _, Seek as _, SeekFrom},
    ops::Range,
    path::{Path, PathBuf},
};
use trefoil_client::attachment::{Label, strip_metadata};

/// Largest picture that is taken into memory; a larger one is refused rather than sent with its metadata.
const LARGEST_PICTURE: u64 = 64 * 1024 * 1024;

/// Media types by the beginning of a file.
const MAGIC: &[(&[u8], &str)] = &[
    (b"\xFF\xD8\xFF", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF8", "image/gif"),
    (b"%PDF-", "application/pdf"),
    (b"PK\x03\x04", "application/zip"),
];

/// A file to be sent.
pub(super) struct Source {
    path: PathBuf,
    content: Content,
    media_type: &'static str,
}

enum Content {
    Memory(Vec<u8>),
    File(File),
}

impl Source {
    /// Opens a file. A JPEG or PNG loses its metadata (place, time, device) unless `whole`.
    pub(super) fn open(path: &Path, whole: bool) -> io::Result<Self> {
        let path = path.canonicalize()?;
        let mut file = File::open(&path)?;
        let mut head = [0; 16];
        let read = file.read(&mut head)?;
        let media_type = media_type(&head[..read]);
        file.rewind()?;
        let picture = matches!(media_type, "image/jpeg" | "image/png");
        let content = if picture && !whole {
            let mut bytes = Vec::new();
            file.take(LARGEST_PICTURE + 1).read_to_end(&mut bytes)?;
            if bytes.len() as u64 > LARGEST_PICTURE {
                return Err(io::Error::other("too large to take its metadata out: send it with --whole"));
            }
            Content::Memory(strip_metadata(&bytes).ok_or_else(|| {
                io::Error::other("damaged, so its metadata cannot be taken out: send it with --whole")
            })?)
        } else {
            Content::File(file)
        };
        Ok(Self { path, content, media_type })
    }

    /// What names it in the list of uploads: its path, and whether it was stripped.
    pub(super) fn name(&self) -> Vec<u8> {
        let kind: &[u8] = if matches!(self.content, Content::Memory(_)) { b"stripped:" } else { b"whole:" };
        [kind, self.path.as_os_str().as_encoded_bytes()].concat()
    }

    /// Bytes in all.
    pub(super) fn size(&self) -> io::Result<u64> {
        match &self.content {
            Content::Memory(bytes) => Ok(bytes.len() as u64),
            Content::File(file) => Ok(file.metadata()?.len()),
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
        }
    }

    /// What the message says of it.
    pub(super) fn label(&self) -> Label {
        Label {
            content_type: self.media_type.to_owned(),
            filename: self
                .path
                .file_name()
                .map(|name| name.to_string_lossy().into_owned())
                .unwrap_or_default(),
            description: String::new(),
            inline: self.media_type.starts_with("image/"),
        }
    }
}

fn media_type(head: &[u8]) -> &'static str {
    let webp = head.starts_with(b"RIFF") && head.get(8..12) == Some(b"WEBP");
    MAGIC.iter().find(|(magic, _)| head.starts_with(magic)).map(|(_, name)| *name).unwrap_or(if webp {
        "image/webp"
    } else {
        "application/octet-stream"
    })
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
