//! `trefoil send`: a text, a file, a reply, a reaction, an edit, taking a message back, or that someone is writing.

use super::{Shared, find_room, read_text, unreadable};
use crate::{
    agent::Agent,
    backup,
    exit::{NotFoundError, UsageError},
    mention::mentioned,
    person::{PATIENCE, parse_person},
    print, show,
    timer::parse_timer,
    transfer,
};
use clap::Args;
use serde::Serialize;
use std::{
    fmt, fs,
    path::{Path, PathBuf},
};
use trefoil_client::{
    conversation::{ConversationError, Draft, compose},
    directory::Unproven,
};
use trefoil_proto::{RoomUri, content::MessageId};

/// Send a text, a file, a reaction, an edit.
#[derive(Debug, Args)]
pub struct Send {
    /// The room: its URI, its whole name, or the beginning of its id
    room: String,
    /// The text (Markdown), the emoji of a reaction, or the caption of a file; a text is read from standard input if
    /// it is left away
    text: Option<String>,
    /// Answer this message
    #[arg(long, value_name = "MESSAGE", conflicts_with_all = ["react", "edit", "unsend", "file"])]
    reply: Option<String>,
    /// React to this message with TEXT as emoji
    #[arg(long, value_name = "MESSAGE", requires = "text", conflicts_with_all = ["edit", "unsend", "file"])]
    react: Option<String>,
    /// Give this message of yours another text
    #[arg(long, value_name = "MESSAGE", conflicts_with_all = ["unsend", "file"])]
    edit: Option<String>,
    /// Take this message of yours back
    #[arg(long, value_name = "MESSAGE", conflicts_with_all = ["text", "file"])]
    unsend: Option<String>,
    /// Send a file, encrypted; may be given several times
    #[arg(long, value_name = "FILE")]
    file: Vec<PathBuf>,
    /// Send pictures with their metadata (place, time, device)
    #[arg(long, requires = "file")]
    whole: bool,
    /// Mention this person (URI); whoever's @NAME stands in the text is mentioned anyway
    #[arg(long, value_name = "PERSON", conflicts_with_all = ["react", "unsend", "file"])]
    mention: Vec<String>,
    /// Let it disappear so long after each reader has read it (30s, 10m, 8h, 7d, 4w)
    #[arg(long, value_name = "TIME", conflicts_with_all = ["react", "edit", "unsend"])]
    expires: Option<String>,
    /// Only tell those who are there that this person is writing; nothing is stored
    #[arg(long, conflicts_with_all = ["text", "reply", "react", "edit", "unsend", "file", "expires", "mention"])]
    typing: bool,
}

#[derive(Serialize)]
struct Sent {
    kind: &'static str,
    room: String,
    message: String,
}

impl fmt::Display for Sent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sent {}", self.message)
    }
}

/// Does it.
///
/// # Errors
/// Whatever failed, as a sentence. A message that was not accepted yet is kept and goes out the next time.
pub async fn run(shared: &Shared, ask: Send) -> anyhow::Result<()> {
    for path in &ask.file {
        check_file(path)?;
    }
    let mut agent = shared.agent()?;
    let room = find_room(&mut agent, &ask.room)?;
    if let Some(user) = room.blocked_by.first() {
        // Before a file is read and sent to where it would wait in vain.
        return Err(
            show::NotTaken::OtherKey(show::blocked(user, agent.client.standing(user), &room.uri)).into()
        );
    }
    let room = room.uri;
    for other in [&ask.reply, &ask.react].into_iter().flatten() {
        if show::message(&agent, &room, &parse(other)?)?.is_none() {
            return Err(NotFoundError(format!("{other} is not on this device, or not in this room")).into());
        }
    }
    for own in [&ask.edit, &ask.unsend].into_iter().flatten() {
        let message = show::message(&agent, &room, &parse(own)?)?;
        let message = message
            .ok_or_else(|| NotFoundError(format!("{own} is not on this device, or not in this room")))?;
        if !message.mine {
            return Err(show::NotTaken::Refused(format!(
                "{own} is somebody else's: only its sender can change it"
            ))
            .into());
        }
    }
    let timer = ask.expires.as_deref().map(parse_timer).transpose()?;
    let alone = ask.file.is_empty() && !ask.typing;
    if !alone {
        agent.go_online()?;
        agent.settle(PATIENCE, |_, _| {}).await?;
    }
    let draft = match (ask.typing, alone) {
        (true, _) => compose::typing(true),
        (false, true) => written(&mut agent, &room, &ask)?,
        (false, false) => attached(&agent, &ask).await?,
    };
    let draft = match timer {
        Some(seconds) => draft
            .disappearing_after(seconds)
            .map_err(|_| UsageError("the time to disappear is from one second to a year".to_owned()))?,
        None => draft,
    };
    let message = agent.act_for(|client, now| client.send(&room, draft, now))?;
    if alone {
        agent.go_online()?;
    }
    let mut refused = None;
    agent
        .settle(PATIENCE, |_, event| refused = show::send_refusal(&event, &message).or(refused.take()))
        .await?;
    if let Some(error) = refused {
        agent.close().await;
        return Err(error.into());
    }
    // What came in meanwhile may have stopped it on its way.
    if let Some(error) = held(&mut agent, &room, &message)? {
        return Err(error.into());
    }
    backup::back_up_by_the_way(&mut agent).await;
    agent.close().await;
    // Of what is stored nowhere, an id is of no use.
    if ask.typing {
        return Ok(());
    }
    shared.out.record(&Sent { kind: "sent", room: room.to_string(), message: message.to_string() })?;
    Ok(())
}

/// Why a message was not sent after all, if it waits for a decision.
fn held(agent: &mut Agent, room: &RoomUri, id: &MessageId) -> anyhow::Result<Option<show::NotTaken>> {
    let waits = show::message(agent, room, id)?.is_some_and(|message| message.state == Some("queued"));
    let (blocked_by, unproven) =
        agent.client.room(room)?.map(|room| (room.blocked_by, room.unproven)).unwrap_or_default();
    let kept = |why: &str| format!("the message is kept and was not sent: {why}");
    if let Some(Unproven { user, reason: Some(reason) }) =
        unproven.iter().find(|person| waits && person.reason.is_some())
    {
        return Ok(Some(show::NotTaken::Unproven(kept(&show::unproven(user, reason)))));
    }
    Ok(match blocked_by.first() {
        Some(user) if waits => {
            let why = show::blocked(user, agent.client.standing(user), room);
            Some(show::NotTaken::OtherKey(kept(&why)))
        }
        _ => None,
    })
}

fn written(agent: &mut Agent, room: &RoomUri, ask: &Send) -> anyhow::Result<Draft> {
    if let Some(message) = &ask.unsend {
        return Ok(compose::unsend(parse(message)?));
    }
    let text = match &ask.text {
        Some(text) => text.clone(),
        None => read_text(None, "the text")?,
    };
    if let Some(message) = &ask.react {
        return Ok(
            compose::reaction(parse(message)?, text.trim()).map_err(|error| UsageError(error.to_string()))?
        );
    }
    let also = ask.mention.iter().map(|raw| parse_person(raw)).collect::<Result<Vec<_>, _>>()?;
    let (text, mentions) = mentioned(agent, room, text.trim_end(), &also)?;
    let usable =
        |made: Result<Draft, _>| made.map_err(|error: ConversationError| UsageError(error.to_string()));
    Ok(usable(match (&ask.reply, &ask.edit) {
        (Some(message), _) => compose::reply(parse(message)?, &text, &mentions),
        (None, Some(message)) => compose::edit(parse(message)?, &text, &mentions),
        (None, None) => compose::text(&text, &mentions),
    })?)
}

async fn attached(agent: &Agent, ask: &Send) -> anyhow::Result<Draft> {
    let mut files = Vec::new();
    for path in &ask.file {
        let bar = print::progress(0, &path.display().to_string());
        let file = transfer::upload(agent, path, ask.whole, |there, of| {
            bar.set_length(of);
            bar.set_position(there);
        })
        .await?;
        bar.finish_and_clear();
        files.push(file);
    }
    let caption = ask.text.as_deref().unwrap_or_default();
    Ok(compose::attachment(&files, caption).map_err(|error| UsageError(error.to_string()))?)
}

/// Whether a file can be sent, before anything goes out.
fn check_file(path: &Path) -> anyhow::Result<()> {
    let file = fs::File::open(path).map_err(unreadable("the file", path))?;
    if !file.metadata().map_err(unreadable("the file", path))?.is_file() {
        return Err(UsageError(format!("{} is no file that can be sent", path.display())).into());
    }
    Ok(())
}

/// A message id, as `receive` prints it.
fn parse(raw: &str) -> Result<MessageId, UsageError> {
    data_encoding::HEXLOWER_PERMISSIVE
        .decode(raw.as_bytes())
        .ok()
        .and_then(|bytes| MessageId::from_slice(&bytes).ok())
        .ok_or_else(|| UsageError(format!("{raw} is no message id: `trefoil rooms show ROOM` prints them")))
}
