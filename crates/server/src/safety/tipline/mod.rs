//! Reports to the CyberTipline of the National Center for Missing & Exploited Children (NCMEC).
//!
//! A package holds a report in the structure of NCMEC's reporting API and the files that it is about. Two people release it:
//! one prepares, another approves, and until then nothing leaves. What is sent is kept for a year, as 18 U.S.C. § 2258A(h)
//! asks, the files sealed under a key that is not in the store. Each step that was taken is stored before the next, so that
//! what a crash or a broken connection interrupts goes on from there ([`state`]).
//!
//! Only what somebody reported, proven and opened, can be put into a package ([`super::evidence`]).

mod error;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzzing;
mod line;
mod package;
mod rows;
mod state;
#[cfg(test)]
mod tests;
mod xml;

pub use error::{LineError, Meaning, TiplineError};
pub use line::{Credentials, Line};
pub use package::{Classification, FileAbout, Incident, Package, Relevance, Reported, Reporter};
pub use rows::TABLES;
pub use state::State;

use crate::{
    json_row::JsonRow as _,
    secrets::SecretKey,
    trail::{Act, Note, Trail, TrailError},
};
use bytes::Bytes;
use data_encoding::HEXLOWER;
use rows::{PACKAGES, PackageRow};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use state::{Done, Step};
use std::{fmt, str::FromStr, sync::Arc};
use trefoil_proto::{Timestamp, decisions::CaseId};
use trefoil_store::{Batch, KeyRange, Store, StoreError};

/// How long a package is kept after it was finished, in milliseconds: a year. One that is never finished, after it was made.
pub const KEPT: u64 = 366 * 24 * 60 * 60 * 1000;
/// How long the files of a package may take to be written, in milliseconds.
const GATHERED: u64 = 60 * 60 * 1000;
/// Most files of a package.
pub const FILES: usize = 64;
/// Most bytes of all files of a package.
pub const BYTES: usize = 256 * 1024 * 1024;

/// Names a package: 128 random bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PackageId(pub [u8; 16]);

/// 32 hexadecimal digits.
impl fmt::Display for PackageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
    }
}

impl FromStr for PackageId {
    type Err = TiplineError;

    fn from_str(text: &str) -> Result<Self, TiplineError> {
        let bytes = HEXLOWER.decode(text.as_bytes()).ok().and_then(|bytes| bytes.try_into().ok());
        bytes.map(Self).ok_or(TiplineError::NotFound)
    }
}

/// What NCMEC refused: the same again would be refused again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// When.
    pub at: Timestamp,
    /// Its code.
    pub code: u32,
    /// In its words.
    pub words: String,
}

impl Refused {
    /// `None` for what is worth another try as it is.
    fn of(error: &LineError, now: Timestamp) -> Option<Self> {
        match error {
            LineError::Refused {
                code,
                meaning: Meaning::Unknown | Meaning::NotAllowed | Meaning::Invalid,
                description,
            } => Some(Self { at: now, code: *code, words: description.clone() }),
            _ => None,
        }
    }
}

/// A package as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Its name.
    pub id: PackageId,
    /// When it was made.
    pub made: Timestamp,
    /// Who prepared it.
    pub prepared_by: String,
    /// Who approved it, another person.
    pub approved_by: Option<String>,
    /// What it says.
    pub package: Package,
    /// How far it has come.
    pub state: State,
    /// What NCMEC refused for good.
    pub refused: Option<Refused>,
    /// Of which case it is; that may be gone.
    pub case: Option<CaseId>,
}

impl Standing {
    fn of(id: PackageId, row: PackageRow) -> Self {
        let PackageRow { made, prepared_by, approved_by, package, state, refused, case, .. } = row;
        let case = case.and_then(|case| case.parse().ok());
        Self { id, made, prepared_by, approved_by, package, state, refused, case }
    }
}

/// A package whose files are kept, and which nobody can release yet.
#[derive(Debug)]
pub struct Gathered {
    /// Its name.
    pub id: PackageId,
    /// What makes it one that can be released, to be committed with what names it.
    pub prepared: Batch,
}

/// The packages of a service.
pub struct Tipline {
    store: Arc<dyn Store>,
    trail: Arc<Trail>,
    sealing: SecretKey,
    /// One is driven at a time, so that none is sent twice.
    driving: tokio::sync::Mutex<()>,
}

impl Tipline {
    /// Those in a store; `sealing` is the key under which files lie in it.
    pub fn new(store: Arc<dyn Store>, trail: Arc<Trail>, sealing: SecretKey) -> Self {
        Self { store, trail, sealing, driving: tokio::sync::Mutex::default() }
    }

    /// Keeps the bytes of a package's files. It is there when [`Gathered::prepared`] is committed; what is not goes within the hour.
    /// Nothing is sent until another person approves it.
    ///
    /// # Errors
    /// [`TiplineError::Package`] says what is missing or too much; the store failed.
    pub async fn gather(
        &self,
        package: Package,
        files: &[Bytes],
        case: CaseId,
        by: &str,
        now: Timestamp,
    ) -> Result<Gathered, TiplineError> {
        package.check()?;
        let hashes = files.iter().map(|file| <[u8; 32]>::from(Sha256::digest(file)));
        if by.is_empty() || !hashes.eq(package.files.iter().map(|file| file.sha256)) {
            return Err(TiplineError::Package("its files are not those that it describes"));
        }
        if files.len() > FILES || files.iter().map(Bytes::len).sum::<usize>() > BYTES {
            return Err(TiplineError::Package("its files are too many or too large"));
        }
        let id = PackageId(rand::random());
        let mut row = PackageRow {
            made: now,
            until: now.plus_millis(GATHERED),
            prepared_by: by.to_owned(),
            approved_by: None,
            package,
            state: State::Gathering,
            refused: None,
            case: Some(case.to_string()),
        };
        // The row first: no crash leaves files that nothing knows of.
        let old = Bytes::from(row.encode());
        let mut batch = Batch::new();
        batch.assert_absent(PACKAGES, id.0.to_vec()).put(PACKAGES, id.0.to_vec(), old.clone());
        self.store.commit(batch).await.map_err(TiplineError::Write)?;
        for (file, bytes) in (0..).zip(files) {
            rows::write_file(&*self.store, &self.sealing, id, file, bytes).await?;
        }
        (row.state, row.until) = (State::Prepared, now.plus_millis(KEPT));
        Ok(Gathered { id, prepared: replacing(id, old, &row) })
    }

    /// Releases a package; from now on [`Tipline::drive`] sends it. That stands in the trail from then on.
    ///
    /// # Errors
    /// [`TiplineError::SamePerson`]; [`TiplineError::NotNow`] if it was released or withdrawn; the store failed.
    pub async fn approve(&self, id: PackageId, by: &str, now: Timestamp) -> Result<(), TiplineError> {
        let (old, mut row) = self.row(id).await?;
        if row.state != State::Prepared || by.is_empty() {
            return Err(TiplineError::NotNow);
        }
        if row.prepared_by == by {
            return Err(TiplineError::SamePerson);
        }
        (row.approved_by, row.state) = (Some(by.to_owned()), State::Approved);
        row.until = now.plus_millis(KEPT);
        self.enter(Note::new(by, Act::TipReleased), id, replacing(id, old, &row), now).await
    }

    /// Takes a package back: at once if nothing was sent, else [`Tipline::drive`] retracts it. That stands in the trail from then on.
    ///
    /// # Errors
    /// [`TiplineError::NotNow`] if it was finished: NCMEC has it then. The store failed.
    pub async fn withdraw(&self, id: PackageId, by: &str, now: Timestamp) -> Result<(), TiplineError> {
        let _one = self.driving.lock().await;
        let (old, mut row) = self.row(id).await?;
        row.state = row.state.withdrawn().ok_or(TiplineError::NotNow)?;
        row.refused = None;
        self.enter(Note::new(by, Act::TipWithdrawn), id, replacing(id, old, &row), now).await
    }

    /// Goes on with a package that NCMEC refused, once a person mended why. That stands in the trail.
    ///
    /// # Errors
    /// [`TiplineError::NotNow`] if it was not refused; the store failed.
    pub async fn resume(&self, id: PackageId, by: &str, now: Timestamp) -> Result<(), TiplineError> {
        let _one = self.driving.lock().await;
        let (old, mut row) = self.row(id).await?;
        row.refused.take().ok_or(TiplineError::NotNow)?;
        self.enter(Note::new(by, Act::TipResumed), id, replacing(id, old, &row), now).await
    }

    /// Sends what is left of a package, step by step, and says where it then stands. To be called again after an error, as
    /// long as [`State::is_over`] is not true: within the hour, or NCMEC drops what was begun and it is begun anew.
    ///
    /// # Errors
    /// [`TiplineError::Line`] if NCMEC cannot be reached or refuses; the store failed.
    pub async fn drive(&self, id: PackageId, line: &Line, now: Timestamp) -> Result<State, TiplineError> {
        let _one = self.driving.lock().await;
        let mut dropped = false;
        loop {
            let (mut old, mut row) = self.row(id).await?;
            let step = row.state.next_step(row.package.files.len(), now);
            if matches!(step, Step::Wait | Step::Over) || row.refused.is_some() {
                return Ok(row.state);
            }
            if let Some(marked) = row.state.marked(&step) {
                row.state = marked;
                old = self.replace(id, old, &row).await?;
            }
            let (done, failed) = match self.step(id, &row.package, &step, line).await {
                Ok(done) => (done, None),
                // NCMEC dropped what was begun: once more from the start, but not for ever.
                Err(TiplineError::Line(LineError::Refused { meaning: Meaning::Gone, .. })) if !dropped => {
                    dropped = true;
                    (Done::Dropped, None)
                }
                Err(TiplineError::Line(refused @ LineError::Refused { .. })) => {
                    row.refused = Refused::of(&refused, now);
                    (Done::Refused, Some(TiplineError::Line(refused)))
                }
                // Nobody knows whether it arrived: what is stored says so.
                Err(error) => return Err(error),
            };
            row.state = row.state.after(done, now);
            if let State::Finished { .. } = row.state {
                row.until = now.plus_millis(KEPT);
            }
            self.replace(id, old, &row).await?;
            if let Some(error) = failed {
                return Err(error);
            }
        }
    }

    /// Every package, the oldest first.
    ///
    /// # Errors
    /// The store failed, or a row cannot be read.
    pub async fn all(&self) -> Result<Vec<Standing>, TiplineError> {
        let rows =
            self.store.scan(PACKAGES, KeyRange::all(), usize::MAX).await.map_err(TiplineError::Read)?;
        let read = |(key, row): (Bytes, Bytes)| {
            let id = key[..].try_into().map_err(|_| TiplineError::DamagedRow)?;
            Ok(Standing::of(PackageId(id), PackageRow::decode(&row)?))
        };
        let mut all = rows.into_iter().map(read).collect::<Result<Vec<_>, TiplineError>>()?;
        all.sort_by_key(|standing| standing.made);
        Ok(all)
    }

    /// One package.
    ///
    /// # Errors
    /// [`TiplineError::NotFound`]; the store failed.
    pub async fn standing(&self, id: PackageId) -> Result<Standing, TiplineError> {
        let (_, row) = self.row(id).await?;
        Ok(Standing::of(id, row))
    }

    /// A file of a package, as it was put in.
    ///
    /// # Errors
    /// There is none, it is damaged, or the store failed.
    pub async fn file(&self, id: PackageId, file: u32) -> Result<Bytes, TiplineError> {
        let (_, row) = self.row(id).await?;
        let about = row.package.files.get(file as usize).ok_or(TiplineError::NotFound)?;
        rows::read_file(&*self.store, &self.sealing, id, file, about).await
    }

    /// Forgets packages whose time is over.
    ///
    /// # Errors
    /// The store failed, or a row cannot be read.
    pub async fn sweep(&self, now: Timestamp) -> Result<(), TiplineError> {
        let rows =
            self.store.scan(PACKAGES, KeyRange::all(), usize::MAX).await.map_err(TiplineError::Read)?;
        for (key, row) in rows {
            if PackageRow::decode(&row)?.until > now {
                continue;
            }
            let id = key[..].try_into().map_err(|_| TiplineError::DamagedRow)?;
            // The files first: what is left of a package still names them.
            rows::clear_files(&*self.store, PackageId(id)).await?;
            let mut batch = Batch::new();
            batch.delete(PACKAGES, key);
            self.store.commit(batch).await.map_err(TiplineError::Write)?;
        }
        Ok(())
    }

    async fn row(&self, id: PackageId) -> Result<(Bytes, PackageRow), TiplineError> {
        let row = self.store.get(PACKAGES, id.0.to_vec().into()).await.map_err(TiplineError::Read)?;
        let row = row.ok_or(TiplineError::NotFound)?;
        let decoded = PackageRow::decode(&row)?;
        Ok((row, decoded))
    }

    /// Takes one step with NCMEC. That it was taken before is as good as taking it.
    async fn step(
        &self,
        id: PackageId,
        package: &Package,
        step: &Step,
        line: &Line,
    ) -> Result<Done, TiplineError> {
        match step {
            Step::Wait | Step::Over => unreachable!("nothing is to be done"),
            Step::Submit => Ok(Done::Opened(line.submit(&xml::report(package)).await?)),
            Step::Upload { report, file } => {
                let about = package.files.get(*file as usize).ok_or(TiplineError::DamagedRow)?;
                let bytes = rows::read_file(&*self.store, &self.sealing, id, *file, about).await?;
                Ok(Done::Uploaded(line.upload(*report, &about.name, &bytes).await?))
            }
            Step::Describe { report, file, id } => {
                let about = package.files.get(*file as usize).ok_or(TiplineError::DamagedRow)?;
                line.describe(&xml::file_details(*report, id, about)).await?;
                Ok(Done::Described)
            }
            Step::Finish { report } => match line.finish(*report).await {
                Ok(()) | Err(LineError::Refused { meaning: Meaning::AlreadyFinished, .. }) => {
                    Ok(Done::Finished)
                }
                Err(error) => Err(error.into()),
            },
            Step::Retract { report } => match line.retract(*report).await {
                Ok(())
                | Err(LineError::Refused { meaning: Meaning::AlreadyRetracted | Meaning::Gone, .. }) => {
                    Ok(Done::Retracted)
                }
                Err(LineError::Refused { meaning: Meaning::AlreadyFinished, .. }) => Ok(Done::Finished),
                Err(error) => Err(error.into()),
            },
        }
    }

    /// What somebody did with a package, and the entry of the trail, in one commit.
    async fn enter(
        &self,
        note: Note,
        id: PackageId,
        batch: Batch,
        now: Timestamp,
    ) -> Result<(), TiplineError> {
        match self.trail.enter(note.saying(id.to_string()), batch, now).await {
            Ok(()) => Ok(()),
            Err(TrailError::Assert { .. }) => Err(TiplineError::NotNow),
            Err(error) => Err(TiplineError::Trail(error)),
        }
    }

    /// Puts a row in the place of the one that was read; gives its bytes.
    async fn replace(&self, id: PackageId, old: Bytes, row: &PackageRow) -> Result<Bytes, TiplineError> {
        match self.store.commit(replacing(id, old, row)).await {
            Ok(_) => Ok(row.encode().into()),
            Err(StoreError::AssertFailed { .. }) => Err(TiplineError::NotNow),
            Err(error) => Err(TiplineError::Write(error)),
        }
    }
}

fn replacing(id: PackageId, old: Bytes, row: &PackageRow) -> Batch {
    let mut batch = Batch::new();
    batch.assert_equals(PACKAGES, id.0.to_vec(), old).put(PACKAGES, id.0.to_vec(), row.encode());
    batch
}
