//! Attachments into a folder: the folder is tried before anything is fetched, and what cannot be saved is said without
//! stopping what comes after it.

use crate::{
    agent::Agent,
    exit::UsageError,
    print,
    show::Shown,
    transfer::{self, TransferError},
};
use sha2::{Digest as _, Sha256};
use std::{
    fs, io,
    path::{Path, PathBuf},
};
use trefoil_client::attachment::Descriptor;

/// A folder for attachments, and how it went.
pub(super) struct Saving {
    folder: PathBuf,
    failed: usize,
    first: Option<TransferError>,
}

impl Saving {
    /// Makes the folder if it is missing, and finds out whether files can be made in it.
    ///
    /// # Errors
    /// [`UsageError`] around the system's reason.
    pub(super) fn into(folder: &Path) -> anyhow::Result<Self> {
        attempt(folder).map_err(|error| {
            let sentence = format!(
                "attachments cannot be saved into {} ({error}): nothing was fetched; name a folder that you may write to",
                folder.display()
            );
            anyhow::Error::from(error).context(UsageError(sentence))
        })?;
        Ok(Self { folder: folder.to_owned(), failed: 0, first: None })
    }

    /// Saves the attachments of what is about to be printed, and writes into it where they are, or why they are not.
    pub(super) async fn save(&mut self, agent: &Agent, shown: &mut Shown) {
        for (attachment, file) in shown.attachments_mut() {
            match fetch(agent, &self.folder, &file, &attachment.sha256).await {
                Ok(place) => attachment.saved = Some(place.display().to_string()),
                Err(error) => {
                    attachment.unusable = Some(error.to_string());
                    self.failed += 1;
                    self.first.get_or_insert(error);
                }
            }
        }
    }

    /// What could not be saved since this was asked last, as an error.
    ///
    /// # Errors
    /// The first reason, with what to do.
    pub(super) fn outcome(&mut self) -> anyhow::Result<()> {
        let failed = std::mem::take(&mut self.failed);
        let Some(first) = self.first.take() else { return Ok(()) };
        let advice = format!(
            "{failed} of the attachments could not be saved ({first}): their messages are kept; \
             `trefoil rooms show ROOM --save DIR` tries again"
        );
        Err(anyhow::Error::from(first).context(advice))
    }
}

/// Makes a file in a folder and removes it again.
fn attempt(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let probe = folder.join(format!(".trefoil-{}", std::process::id()));
    fs::OpenOptions::new().write(true).create_new(true).open(&probe)?;
    fs::remove_file(&probe)
}

/// The place of an attachment, fetched if it is not there yet.
async fn fetch(
    agent: &Agent,
    folder: &Path,
    file: &Descriptor,
    sha256: &str,
) -> Result<PathBuf, TransferError> {
    let target = transfer::free_place(folder, &file.label.filename);
    let earlier = transfer::first_place(folder, &file.label.filename);
    if earlier != target && holds(&earlier, sha256) {
        return Ok(earlier);
    }
    let bar = print::progress(file.layout.size(), &target.display().to_string());
    transfer::download(&agent.way(), file, &target, |there, _| bar.set_position(there)).await?;
    bar.finish_and_clear();
    Ok(target)
}

/// Whether a file has this digest. One that cannot be read has not.
fn holds(path: &Path, sha256: &str) -> bool {
    let digest = || -> io::Result<String> {
        let mut digest = Sha256::new();
        io::copy(&mut fs::File::open(path)?, &mut digest)?;
        Ok(data_encoding::HEXLOWER.encode(&digest.finalize()))
    };
    digest().is_ok_and(|digest| digest == sha256)
}
