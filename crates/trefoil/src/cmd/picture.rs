//! `trefoil account picture`, `trefoil rooms picture`: made small here, and seen by the people of rooms alone.

use super::{
    Shared, find_room,
    rooms::catch_up,
    send::{Sent, finish},
    unreadable,
};
use crate::{agent::Agent, app::small_picture, exit::UsageError, person::PATIENCE};
use clap::Args;
use std::{
    fs,
    io::Read as _,
    path::{Path, PathBuf},
};
use trefoil_proto::content::picture::Picture;

/// Largest file that is made small, in bytes.
const LARGEST: u64 = 8 * 1024 * 1024;

/// Which picture.
#[derive(Debug, Args)]
pub struct Which {
    /// A picture: JPEG or PNG; its middle is taken
    #[arg(value_name = "FILE", required_unless_present = "none", conflicts_with = "none")]
    file: Option<PathBuf>,
    /// Take the picture away
    #[arg(long)]
    none: bool,
}

/// Sets the picture that others see of this person.
///
/// # Errors
/// Whatever failed, as a sentence.
pub async fn own(shared: &Shared, which: &Which) -> anyhow::Result<()> {
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

/// Sets the picture of a room.
///
/// # Errors
/// Whatever failed, as a sentence.
pub async fn of_room(shared: &Shared, mut agent: Agent, room: &str, which: &Which) -> anyhow::Result<()> {
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

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let file = fs::File::open(path).map_err(unreadable("the picture", path))?;
    file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(unreadable("the picture", path))?;
    if bytes.len() as u64 > LARGEST {
        return Err(UsageError("the picture's file is larger than 8 MiB".to_owned()).into());
    }
    Ok(bytes)
}
