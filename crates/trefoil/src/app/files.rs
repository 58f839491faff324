//! Files that the page hands over: kept in a folder until the service has them, then taken away. A page that is reloaded
//! in the middle asks how much is there and goes on.

use super::{
    error::{Answer, Problem, ProblemCode},
    file_name,
};
use crate::{
    agent::Way,
    home::HomeError,
    transfer::{self, TransferError},
};
use axum::http::StatusCode;
use bytes::Bytes;
use data_encoding::BASE64URL_NOPAD;
use moka::sync::Cache;
use rand::RngCore as _;
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    fs::{self, OpenOptions},
    io::{self, Seek as _, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use trefoil_client::{attachment::Descriptor, conversation::Attached};
use trefoil_proto::{content::MessageId, limits};
use utoipa::ToSchema;

/// How long the files of a message that is seen once can be fetched after it was opened.
const OPENED: Duration = Duration::from_secs(600);
/// Uploads under way at once.
const MOST: usize = 64;

/// What the page says of a file before its bytes.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewFile {
    /// Its name.
    pub name: String,
    /// Bytes.
    pub size: u64,
    /// Send a picture with its metadata (place, time, device).
    #[serde(default)]
    pub whole: bool,
}

/// How far a file is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Progress {
    /// Names the upload.
    pub upload: String,
    /// The file's name.
    pub name: String,
    /// Bytes in all.
    pub size: u64,
    /// Bytes that this program has.
    pub there: u64,
}

struct Spooled {
    account: String,
    name: String,
    path: PathBuf,
    size: u64,
    there: u64,
    whole: bool,
}

/// The files under way.
pub struct Files {
    folder: PathBuf,
    under_way: Mutex<BTreeMap<String, Spooled>>,
    /// What describes the files of messages that were opened once: nothing else has it any more.
    opened: Cache<(String, MessageId), Arc<Vec<Attached>>>,
}

impl Files {
    /// An empty folder in the person's: what an earlier process left is taken away.
    ///
    /// # Errors
    /// The folder cannot be made.
    pub fn open(home: &Path) -> Result<Self, HomeError> {
        let folder = home.join("uploads");
        let unusable = |source| HomeError::File { path: folder.clone(), source };
        match fs::remove_dir_all(&folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(unusable(error)),
            _ => {}
        }
        fs::DirBuilder::new().recursive(true).mode(0o700).create(home).map_err(unusable)?;
        fs::DirBuilder::new().mode(0o700).create(&folder).map_err(unusable)?;
        Ok(Self {
            folder,
            under_way: Mutex::default(),
            opened: Cache::builder().max_capacity(64).time_to_live(OPENED).build(),
        })
    }

    /// Begins one.
    ///
    /// # Errors
    /// It is empty or too large, or too many are under way.
    pub fn begin(&self, account: &str, file: &NewFile) -> Answer<Progress> {
        if file.size == 0 || file.size > limits::MEDIA {
            let most = limits::MEDIA / (1024 * 1024);
            return Err(Problem::because(
                ProblemCode::FileSize,
                format!("a file has from 1 byte to {most} MiB"),
            )
            .with_limit(most));
        }
        let mut under_way = self.under_way();
        if under_way.len() >= MOST {
            return Err(Problem::because(
                ProblemCode::TooManyUploads,
                "too many files are on their way: wait for some",
            ));
        }
        let mut random = [0; 16];
        rand::rng().fill_bytes(&mut random);
        let upload = BASE64URL_NOPAD.encode(&random);
        let folder = self.folder.join(&upload);
        let name = file_name::usable(&file.name);
        let path = folder.join(&name);
        let failed = |source| HomeError::File { path: path.clone(), source };
        fs::DirBuilder::new().mode(0o700).create(&folder).map_err(failed)?;
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path).map_err(failed)?;
        let spooled =
            Spooled { account: account.to_owned(), name, path, size: file.size, there: 0, whole: file.whole };
        let progress = spooled.progress(&upload);
        under_way.insert(upload, spooled);
        Ok(progress)
    }

    /// Takes bytes that begin at `offset`, which is where the file ends here so far.
    ///
    /// # Errors
    /// There is no such upload; another offset (the answer says which); more than was announced; the disk failed.
    pub fn append(&self, account: &str, upload: &str, offset: u64, bytes: &Bytes) -> Answer<Progress> {
        let mut under_way = self.under_way();
        let spooled = find(&mut under_way, account, upload)?;
        if offset != spooled.there {
            let why = format!("{} bytes are here: go on there", spooled.there);
            return Err(Problem::new(StatusCode::CONFLICT, ProblemCode::WrongOffset, why));
        }
        let end = offset + bytes.len() as u64;
        if end > spooled.size {
            return Err(Problem::unusable("more bytes than were announced"));
        }
        let path = spooled.path.clone();
        let write = || -> io::Result<()> {
            let mut file = OpenOptions::new().write(true).open(&path)?;
            file.seek(io::SeekFrom::Start(offset))?;
            file.write_all(bytes)
        };
        write().map_err(|source| HomeError::File { path: path.clone(), source })?;
        spooled.there = end;
        Ok(spooled.progress(upload))
    }

    /// How far one is.
    ///
    /// # Errors
    /// There is no such upload.
    pub fn progress(&self, account: &str, upload: &str) -> Answer<Progress> {
        Ok(find(&mut self.under_way(), account, upload)?.progress(upload))
    }

    /// Those of an account.
    pub fn all(&self, account: &str) -> Vec<Progress> {
        let under_way = self.under_way();
        under_way.iter().filter(|(_, one)| one.account == account).map(|(id, one)| one.progress(id)).collect()
    }

    /// Gives one up.
    pub fn forget(&self, upload: &str) {
        if let Some(spooled) = self.under_way().remove(upload)
            && let Some(folder) = spooled.path.parent()
        {
            // Whatever stays goes with the next start.
            let _ = fs::remove_dir_all(folder);
        }
    }

    /// Sends one to the service, sealed. `moved` hears how many bytes are there, of how many.
    ///
    /// # Errors
    /// It is not whole here, or [`TransferError`].
    pub async fn send(
        &self,
        account: &str,
        upload: &str,
        way: &Way,
        moved: impl FnMut(u64, u64) + Send,
    ) -> Answer<Descriptor> {
        let (path, whole) = {
            let mut under_way = self.under_way();
            let spooled = find(&mut under_way, account, upload)?;
            if spooled.there < spooled.size {
                return Err(Problem::because(
                    ProblemCode::NotWhole,
                    format!("{} is not whole here yet", spooled.name),
                ));
            }
            (spooled.path.clone(), spooled.whole)
        };
        match transfer::upload(way, &path, whole, moved).await {
            // What claims to be a picture and is none is sent as it is: it has no metadata that could be taken out.
            Err(TransferError::File { .. }) if !whole => {
                Ok(transfer::upload(way, &path, true, |_, _| {}).await?)
            }
            sent => Ok(sent?),
        }
    }

    /// Keeps what describes the files of a message that was opened once.
    pub fn keep_opened(&self, account: &str, message: MessageId, files: Vec<Attached>) {
        self.opened.insert((account.to_owned(), message), Arc::new(files));
    }

    /// What was kept of a message that was opened once.
    pub fn opened(&self, account: &str, message: MessageId, index: usize) -> Option<Attached> {
        self.opened.get(&(account.to_owned(), message))?.get(index).cloned()
    }

    /// Where they lie.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    fn under_way(&self) -> MutexGuard<'_, BTreeMap<String, Spooled>> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Spooled {
    fn progress(&self, upload: &str) -> Progress {
        Progress { upload: upload.to_owned(), name: self.name.clone(), size: self.size, there: self.there }
    }
}

fn find<'m>(
    under_way: &'m mut BTreeMap<String, Spooled>,
    account: &str,
    upload: &str,
) -> Answer<&'m mut Spooled> {
    let found = under_way.get_mut(upload).filter(|spooled| spooled.account == account);
    found.ok_or_else(|| Problem::not_found("there is no such upload: begin anew"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_file_comes_in_pieces_and_goes_on_where_it_stopped() {
        let place = tempfile::tempdir().unwrap();
        let files = Files::open(place.path()).unwrap();
        let new = NewFile { name: "../../etc/passwd".to_owned(), size: 6, whole: false };
        let begun = files.begin("first", &new).unwrap();
        assert_eq!((begun.name.as_str(), begun.there), ("passwd", 0));
        let append =
            |offset, bytes: &'static [u8]| files.append("first", &begun.upload, offset, &Bytes::from(bytes));
        assert_eq!(append(0, b"abc").unwrap().there, 3);
        assert_eq!(append(0, b"abc").unwrap_err().code, ProblemCode::WrongOffset);
        assert_eq!(append(3, b"defg").unwrap_err().code, ProblemCode::Unusable);
        assert_eq!(files.progress("first", &begun.upload).unwrap().there, 3);
        assert!(files.progress("other", &begun.upload).is_err(), "uploads of accounts are apart");
        assert_eq!(append(3, b"def").unwrap().there, 6);
        files.forget(&begun.upload);
        assert!(files.progress("first", &begun.upload).is_err());
        assert_eq!(fs::read_dir(place.path().join("uploads")).unwrap().count(), 0);
    }
}
