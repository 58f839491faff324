//! What a service's disk gives to whoever takes it: a copy is made, as an officer would, and searched.

use std::{fs, io, path::Path};
use trefoil_proto::DeviceUri;
use trefoil_store::{Position, QueueKey, ReadLimit, SqliteOptions, SqliteStore, Store as _, StoreError};

/// A copy of a service's data folder, in a folder that goes away with it.
pub struct Copy {
    folder: std::path::PathBuf,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Files.
    pub files: usize,
    /// Bytes in all.
    pub bytes: u64,
    /// Those of the texts that were looked for that stand in them.
    pub readable: Vec<String>,
}

/// What waits for a device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Waiting {
    /// Entries.
    pub entries: usize,
    /// Bytes of their bodies.
    pub bytes: usize,
}

impl Copy {
    /// Copies every file of `data` into the new folder `to`.
    ///
    /// # Errors
    /// A file cannot be read or written.
    pub fn take(data: &Path, to: &Path) -> io::Result<Self> {
        if to.exists() {
            fs::remove_dir_all(to)?;
        }
        copy(data, to)?;
        Ok(Self { folder: to.to_owned() })
    }

    /// Looks for texts in every byte of every file.
    ///
    /// # Errors
    /// A file cannot be read.
    pub fn search(&self, texts: &[&str]) -> io::Result<Found> {
        let mut found = Found::default();
        let mut seen = vec![false; texts.len()];
        visit(&self.folder, &mut |path| {
            let bytes = fs::read(path)?;
            found.files += 1;
            found.bytes += bytes.len() as u64;
            let legible = String::from_utf8_lossy(&bytes);
            for (text, seen) in texts.iter().zip(&mut seen) {
                // The beginning of a text is enough to find it, and seldom cut in two by a page of the database.
                let sign: String = text.chars().take(16).collect();
                *seen |= legible.contains(&sign);
            }
            Ok(())
        })?;
        found.readable =
            texts.iter().zip(seen).filter(|(_, seen)| *seen).map(|(text, _)| (*text).to_owned()).collect();
        Ok(found)
    }

    /// What waits in the mailboxes of devices, read from the copied database.
    ///
    /// # Errors
    /// The copy does not open.
    pub async fn waiting(&self, devices: &[DeviceUri]) -> Result<Waiting, StoreError> {
        let store = SqliteStore::open(self.folder.join(DATABASE), SqliteOptions::default())?;
        let mut waiting = Waiting::default();
        for device in devices {
            let queue = QueueKey::new(format!("{}/{}", device.user, device.device).into_bytes());
            let limit = ReadLimit { entries: 100_000, bytes: 1 << 30 };
            let entries = store.read(queue, Position(0), limit).await?;
            waiting.entries += entries.len();
            waiting.bytes += entries.iter().map(|entry| entry.body.len()).sum::<usize>();
        }
        Ok(waiting)
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        // What is left lies in the demonstration's own folder and holds nothing readable.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// The database's name in a service's data folder.
const DATABASE: &str = "service.db";

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            match fs::copy(entry.path(), target) {
                // Files of the write-ahead log come and go.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                copied => {
                    copied?;
                }
            }
        }
    }
    Ok(())
}

fn visit(folder: &Path, see: &mut impl FnMut(&Path) -> io::Result<()>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            visit(&entry.path(), see)?;
        } else {
            see(&entry.path())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_text_that_lies_on_the_disk_is_found() {
        let place = tempfile::tempdir().unwrap();
        let data = place.path().join("data");
        fs::create_dir_all(data.join("media")).unwrap();
        fs::write(data.join("store.db"), b"....the text of a message that was kept....").unwrap();
        fs::write(data.join("media/1"), [7; 100]).unwrap();
        let copy = Copy::take(&data, &place.path().join("copy")).unwrap();
        let kept = "the text of a message that was kept";
        let found = copy.search(&[kept, "another text"]).unwrap();
        assert_eq!(found, Found { files: 2, bytes: 143, readable: vec![kept.to_owned()] });
    }
}
