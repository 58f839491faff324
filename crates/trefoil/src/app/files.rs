//! Files that the page hands over: kept in the account's store, where nothing lies in clear, until they are sent. A page that is
//! reloaded in the middle, or a program that is started anew, asks how much is there and goes on.

use super::{
    error::{Answer, Problem, ProblemCode},
    file_name,
};
use crate::{
    agent::Way,
    clock,
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
    fs, io,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use trefoil_client::{
    ClientError,
    attachment::{AttachmentError, Descriptor, Handed, HandedId, MAX_SIZE, Parcel},
    conversation::Attached,
    overlay::Overlay,
};
use trefoil_proto::{Timestamp, content::MessageId};
use trefoil_store::StoreError;
use utoipa::ToSchema;

/// How long the files of a message that is seen once can be fetched after it was opened.
const OPENED: Duration = Duration::from_secs(600);
/// How long a file waits for a message that it goes along with, in milliseconds.
const STRAY: u64 = 24 * 60 * 60 * 1000;
/// Uploads of an account under way at once.
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

/// The files under way.
pub struct Files {
    folder: PathBuf,
    /// Pieces are taken one after the other, whichever windows hand them over.
    turn: Mutex<()>,
    /// What describes the files of messages that were opened once: nothing else has it any more.
    opened: Cache<(String, MessageId), Arc<Vec<Attached>>>,
}

impl Files {
    /// With an empty folder in the person's, for what is fetched: what an earlier process left is taken away.
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
            turn: Mutex::default(),
            opened: Cache::builder().max_capacity(64).time_to_live(OPENED).build(),
        })
    }

    /// Begins one. Those that no message took in a day go.
    ///
    /// # Errors
    /// It is empty or too large, or too many are under way.
    pub fn begin(&self, way: &Way, file: &NewFile) -> Answer<Progress> {
        let mut id = [0; 16];
        rand::rng().fill_bytes(&mut id);
        let (name, now) = (file_name::usable(&file.name), clock::now());
        let begun = Handed::new(HandedId(id), name, file.size, file.whole, now).map_err(|_| {
            let most = MAX_SIZE / (1024 * 1024);
            let why = format!("a file has from 1 byte to {most} MiB");
            Problem::because(ProblemCode::FileSize, why).with_limit(most)
        })?;
        self.change(way, |kept| {
            Handed::expire(kept, long_ago())?;
            if Handed::all(kept)?.len() >= MOST {
                return Err(Problem::because(
                    ProblemCode::TooManyUploads,
                    "too many files are on their way: wait for some",
                ));
            }
            begun.save(kept);
            Ok(progress(&begun))
        })
    }

    /// Takes bytes that begin at `offset`, which is where the file ends here so far. They are on the disk when this is
    /// answered.
    ///
    /// # Errors
    /// There is no such upload; another offset (the answer says which); more than was announced; the disk failed.
    pub fn append(&self, way: &Way, upload: &str, offset: u64, bytes: &Bytes) -> Answer<Progress> {
        self.change(way, |kept| {
            let mut file = find(kept, parse(upload)?)?;
            if offset != file.there {
                let why = format!("{} bytes are here: go on there", file.there);
                return Err(Problem::new(StatusCode::CONFLICT, ProblemCode::WrongOffset, why));
            }
            match file.append(kept, bytes) {
                Err(AttachmentError::SizeDiffers) => Err(Problem::unusable("more bytes than were announced")),
                taken => Ok(taken.map(|()| progress(&file))?),
            }
        })
    }

    /// How far one is.
    ///
    /// # Errors
    /// There is no such upload.
    pub fn progress(&self, way: &Way, id: HandedId) -> Answer<Progress> {
        Ok(progress(&find(&kept(way), id)?))
    }

    /// Those of an account.
    ///
    /// # Errors
    /// The store failed.
    pub fn all(&self, way: &Way) -> Answer<Vec<Progress>> {
        Ok(Handed::all(&kept(way))?.iter().map(progress).collect())
    }

    /// Gives one up.
    ///
    /// # Errors
    /// There is no such upload; a message waits for it; the store failed.
    pub fn forget(&self, way: &Way, upload: &str) -> Answer<()> {
        self.change(way, |kept| {
            let file = find(kept, parse(upload)?)?;
            if Parcel::all(kept)?.iter().any(|parcel| parcel.files.contains(&file.id)) {
                return Err(Problem::unusable("a message waits for this file: give that up"));
            }
            file.forget(kept);
            Ok(())
        })
    }

    /// Forgets the files of an account that no message took in a day.
    ///
    /// # Errors
    /// The store failed.
    pub fn expire(&self, way: &Way) -> Answer<()> {
        self.change(way, |kept| Ok(Handed::expire(kept, long_ago())?))
    }

    /// Keeps a message that waits for its files; says whether it was not there yet.
    ///
    /// # Errors
    /// One of them is not here whole, or goes along with another message; the store failed.
    pub fn keep(&self, way: &Way, parcel: &Parcel) -> Answer<bool> {
        self.change(way, |kept| {
            for taken in Parcel::all(kept)? {
                if (&taken.room, &taken.files, &taken.letter) == (&parcel.room, &parcel.files, &parcel.letter)
                {
                    // Said again because the answer was lost.
                    return Ok(false);
                }
                if taken.files.iter().any(|file| parcel.files.contains(file)) {
                    return Err(Problem::unusable(
                        "one of the files goes along with another message already",
                    ));
                }
            }
            for id in &parcel.files {
                let file = Handed::load(kept, *id)?.ok_or_else(nothing)?;
                if !file.is_complete() {
                    let why = format!("{} is not whole here yet", file.name);
                    return Err(Problem::because(ProblemCode::NotWhole, why));
                }
            }
            parcel.save(kept);
            Ok(true)
        })
    }

    /// The messages of an account that wait for their files, in the order in which they were taken.
    ///
    /// # Errors
    /// The store failed.
    pub fn waiting(&self, way: &Way) -> Answer<Vec<Parcel>> {
        Ok(Parcel::all(&kept(way))?)
    }

    /// Forgets how far the files of a message were sent: the service may not have them any more when it is tried again.
    ///
    /// # Errors
    /// The store failed.
    pub fn forget_uploads(&self, way: &Way, parcel: &Parcel) -> Answer<()> {
        self.change(way, |kept| {
            parcel.forget_uploads(kept);
            Ok(())
        })
    }

    /// Lets the pictures of a message go with where and when they were taken.
    ///
    /// # Errors
    /// The store failed.
    pub fn leave_whole(&self, way: &Way, parcel: &Parcel) -> Answer<()> {
        self.change(way, |kept| {
            for id in &parcel.files {
                let mut file = find(kept, *id)?;
                file.whole = true;
                file.save(kept);
            }
            Ok(())
        })
    }

    /// Gives a message up, its files with it.
    ///
    /// # Errors
    /// The store failed.
    pub fn give_up(&self, way: &Way, parcel: &Parcel) -> Answer<()> {
        self.change(way, |kept| Ok(parcel.forget(kept)?))
    }

    /// Sends one to the service, sealed. `moved` hears how many bytes are there, of how many.
    ///
    /// # Errors
    /// It is not here; a picture, or what says that it is one, from which its metadata cannot be taken out; [`TransferError`].
    pub async fn send(
        &self,
        way: &Way,
        id: HandedId,
        moved: impl FnMut(u64, u64) + Send,
    ) -> Answer<Descriptor> {
        let file = Handed::load(&kept(way), id)?.ok_or_else(nothing)?;
        match transfer::upload_handed(way, &file, file.whole, moved).await {
            Err(TransferError::File { source, .. })
                if matches!(source.kind(), io::ErrorKind::InvalidData | io::ErrorKind::FileTooLarge) =>
            {
                let why = format!("where and when {} was taken cannot be taken out of it", file.name);
                Err(Problem::because(ProblemCode::MetadataStays, why))
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

    /// Where what is fetched is made.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Makes a change of the store, whole or not at all.
    fn change<T>(&self, way: &Way, change: impl FnOnce(&mut Overlay) -> Answer<T>) -> Answer<T> {
        // Whoever panicked in their turn committed nothing.
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let mut kept = kept(way);
        let done = change(&mut kept)?;
        kept.commit()?;
        Ok(done)
    }
}

impl From<AttachmentError> for Problem {
    fn from(error: AttachmentError) -> Self {
        match error {
            AttachmentError::Store(error) => error.into(),
            other => TransferError::from(other).into(),
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        ClientError::from(error).into()
    }
}

/// What an upload is called in the API.
pub fn named(id: HandedId) -> String {
    BASE64URL_NOPAD.encode(&id.0)
}

/// The upload of a name.
///
/// # Errors
/// No upload has such a name.
pub fn parse(upload: &str) -> Answer<HandedId> {
    let bytes = BASE64URL_NOPAD.decode(upload.as_bytes()).ok();
    bytes.and_then(|bytes| bytes.try_into().ok()).map(HandedId).ok_or_else(nothing)
}

/// What was begun before is too old.
fn long_ago() -> Timestamp {
    Timestamp(clock::now().0.saturating_sub(STRAY))
}

fn kept(way: &Way) -> Overlay {
    Overlay::new(Arc::clone(&way.store))
}

fn find(kept: &Overlay, id: HandedId) -> Answer<Handed> {
    Handed::load(kept, id)?.ok_or_else(nothing)
}

fn nothing() -> Problem {
    Problem::not_found("there is no such upload: begin anew")
}

fn progress(file: &Handed) -> Progress {
    Progress { upload: named(file.id), name: file.name.clone(), size: file.size, there: file.there }
}
