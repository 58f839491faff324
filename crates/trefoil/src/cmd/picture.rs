//! `trefoil account picture`, `trefoil rooms picture`: made small here, and seen by the people of rooms alone.

use super::{
    Shared, find_room,
    rooms::catch_up,
    send::{Sent, finish},
    unreadable,
};
use crate::{
    agent::Agent,
    app::{picture_anew, small_picture},
    exit::{NotFoundError, UsageError},
    person::{self, PATIENCE},
};
use clap::Args;
use serde::Serialize;
use std::{
    fmt, fs,
    io::{Read as _, Write as _},
    path::{Path, PathBuf},
};
use trefoil_client::{conversation, overlay::Overlay};
use trefoil_proto::content::picture::Picture;

/// Largest file that is made small, in bytes.
const LARGEST: u64 = 8 * 1024 * 1024;

/// Which picture.
#[derive(Debug, Args)]
pub struct Which {
    /// A picture: JPEG or PNG; its middle is taken
    #[arg(value_name = "FILE", required_unless_present_any = ["none", "save"], conflicts_with_all = ["none", "save"])]
    file: Option<PathBuf>,
    /// Take the picture away
    #[arg(long, conflicts_with = "save")]
    none: bool,
    /// Write the picture that there is into a new file, drawn anew (JPEG, or PNG where something is transparent)
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,
}

/// A picture that was saved.
#[derive(Serialize)]
struct Saved {
    kind: &'static str,
    file: String,
    #[serde(rename = "type")]
    media_type: &'static str,
    bytes: usize,
}

impl fmt::Display for Saved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "saved as {} ({}, {} bytes)", self.file, self.media_type, self.bytes)
    }
}

/// Sets the picture that others see of this person, or saves it.
///
/// # Errors
/// Whatever failed, as a sentence.
pub async fn own(shared: &Shared, which: &Which) -> anyhow::Result<()> {
    if let Some(file) = &which.save {
        let picture = shared.agent()?.client.picture()?;
        return save(shared, picture, file);
    }
    let picture = which.read()?;
    let mut agent = shared.agent()?;
    agent.act(|client, now| client.set_picture(picture.as_ref(), now))?;
    agent.go_online()?;
    agent.settle(PATIENCE, |_, _| {}).await?;
    agent.close().await;
    Ok(shared.out.say(match picture {
        Some(_) => "The people of your rooms see it from now on.",
        None => "The people of your rooms see no picture of you from now on.",
    })?)
}

/// Sets the picture of a room, or saves it or that of somebody there.
///
/// # Errors
/// Whatever failed, as a sentence.
pub async fn of_room(
    shared: &Shared,
    mut agent: Agent,
    room: &str,
    which: &Which,
    of: Option<&str>,
) -> anyhow::Result<()> {
    if let Some(file) = &which.save {
        let of = of.map(person::parse_person).transpose()?;
        let room = find_room(&mut agent, room)?.uri;
        let store = Overlay::new(agent.client.store().clone());
        let picture = match (conversation::is_request(&store, &room)?, of) {
            // What a stranger shows is not looked at before their room is taken up.
            (true, _) => None,
            (false, None) => conversation::room_picture(&store, &room)?,
            (false, Some(user)) => conversation::picture(&store, &room, &user)?,
        };
        return save(shared, picture, file);
    }
    let picture = which.read()?;
    let room = find_room(&mut agent, room)?.uri;
    catch_up(&mut agent).await?;
    let message = agent.act_for(|client, now| client.set_room_picture(&room, picture.as_ref(), now))?;
    finish(agent, &[(room.clone(), message)]).await?;
    Ok(shared.out.record(&Sent::of(&room, &message))?)
}

impl Which {
    fn read(&self) -> anyhow::Result<Option<Picture>> {
        let Some(path) = &self.file else { return Ok(None) };
        Ok(Some(small_picture(&read(path)?).map_err(|problem| UsageError(problem.message))?))
    }
}

fn save(shared: &Shared, picture: Option<Picture>, file: &Path) -> anyhow::Result<()> {
    let picture = picture.ok_or_else(|| NotFoundError("there is no picture".to_owned()))?;
    let drawn = picture_anew(&picture).map_err(|problem| UsageError(problem.message))?;
    let written = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(file)
        .and_then(|mut opened| opened.write_all(&drawn.bytes).and_then(|()| opened.sync_all()));
    written.map_err(|error| {
        let sentence = format!("{} cannot be written: {error}", file.display());
        anyhow::Error::from(error).context(UsageError(sentence))
    })?;
    Ok(shared.out.record(&Saved {
        kind: "picture",
        file: file.display().to_string(),
        media_type: drawn.media_type,
        bytes: drawn.bytes.len(),
    })?)
}

/// A picture's file, of at most 8 MiB.
///
/// # Errors
/// [`UsageError`].
pub(super) fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let file = fs::File::open(path).map_err(unreadable("the picture", path))?;
    file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(unreadable("the picture", path))?;
    if bytes.len() as u64 > LARGEST {
        return Err(UsageError("the picture's file is larger than 8 MiB".to_owned()).into());
    }
    Ok(bytes)
}
