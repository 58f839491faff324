//! `trefoil send`: a text, a file, a reply, a reaction, an edit, taking a message back, or that someone is writing.

use super::{Shared, account::unfinished, find_room, read_text, send_again, unreadable};
use crate::{
    agent::Agent,
    backup,
    exit::{NotFoundError, UsageError},
    mention::mentioned,
    person::{PATIENCE, parse_person},
    print,
    settings::Settings,
    show,
    timer::parse_timer,
    transfer,
};
use anyhow::Context as _;
use clap::Args;
use serde::Serialize;
use std::{
    fmt, fs,
    path::{Path, PathBuf},
};
use trefoil_client::{
    Event,
    conversation::{self, ConversationError, Draft, compose},
    directory::Unproven,
    overlay::Overlay,
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
    /// Take your reaction to this message back, with TEXT as its emoji
    #[arg(long, value_name = "MESSAGE", requires = "text", conflicts_with_all = ["reply", "react", "edit", "unsend", "file"])]
    #[arg(conflicts_with_all = ["mention", "expires", "once", "typing", "not_typing"])]
    unreact: Option<String>,
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
    /// Let each reader open it once on a device; this device keeps nothing of it
    #[arg(long, conflicts_with_all = ["react", "edit", "unsend", "typing"])]
    once: bool,
    /// Only tell those who are there that this person is writing; nothing is stored
    #[arg(long, conflicts_with_all = ["text", "reply", "react", "edit", "unsend", "file", "expires", "mention"])]
    typing: bool,
    /// Only tell those who are there that this person does not write any more
    #[arg(long, conflicts_with_all = ["text", "reply", "react", "edit", "unsend", "file", "expires", "mention"])]
    #[arg(conflicts_with_all = ["typing", "once"])]
    not_typing: bool,
    /// Forward this message of another room, with its files
    #[arg(long, value_name = "MESSAGE", requires = "from", conflicts_with_all = OTHERS)]
    forward: Option<String>,
    /// The room that the forwarded message is in
    #[arg(long, value_name = "ROOM", requires = "forward")]
    from: Option<String>,
    /// The home folder of another account of this person that the forwarded message is in
    #[arg(long, value_name = "DIR", requires = "forward")]
    from_home: Option<PathBuf>,
    /// Forward to this room too: five at a time, one for what was forwarded often
    #[arg(long, value_name = "ROOM", requires = "forward")]
    also: Vec<String>,
    /// Send this message of yours once more, which could not be sent
    #[arg(long, value_name = "MESSAGE", conflicts_with_all = OTHERS, conflicts_with = "forward")]
    retry: Option<String>,
    /// Forget this message of yours, which could not be sent
    #[arg(long, value_name = "MESSAGE", conflicts_with_all = OTHERS, conflicts_with_all = ["forward", "retry"])]
    discard: Option<String>,
    /// Ask this, with two to twelve answers to choose from
    #[arg(long, value_name = "QUESTION", requires = "option", conflicts_with_all = OTHERS)]
    #[arg(conflicts_with_all = ["forward", "retry", "discard"])]
    poll: Option<String>,
    /// An answer; give it for each
    #[arg(long, value_name = "ANSWER", requires = "poll")]
    option: Vec<String>,
    /// More than one answer can be chosen
    #[arg(long, requires = "poll")]
    several: bool,
    /// Vote in this poll; without --choice, take the vote back
    #[arg(long, value_name = "MESSAGE", conflicts_with_all = OTHERS)]
    #[arg(conflicts_with_all = ["forward", "retry", "discard", "poll"])]
    vote: Option<String>,
    /// The number of an answer, from 1; several where the poll allows it
    #[arg(long, value_name = "NUMBER", requires = "vote", value_parser = clap::value_parser!(u8).range(1..=12))]
    choice: Vec<u8>,
}

/// What says something new.
const OTHERS: [&str; 12] = [
    "text",
    "reply",
    "react",
    "unreact",
    "edit",
    "unsend",
    "file",
    "expires",
    "mention",
    "once",
    "typing",
    "not_typing",
];

/// A message that was sent.
#[derive(Serialize)]
pub(super) struct Sent {
    kind: &'static str,
    room: String,
    message: String,
}

impl Sent {
    pub(super) fn of(room: &RoomUri, message: &MessageId) -> Self {
        Self { kind: "sent", room: room.to_string(), message: message.to_string() }
    }
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
    if let Some(message) = &ask.discard {
        return send_again::discard(shared, agent, &room.uri, message);
    }
    if let Some(user) = room.blocked_by.first() {
        // Before a file is read and sent to where it would wait in vain.
        return Err(
            show::NotTaken::OtherKey(show::blocked(user, agent.client.standing(user), &room.uri)).into()
        );
    }
    let room = room.uri;
    if let Some(message) = &ask.retry {
        return send_again::retry(shared, agent, room, message).await;
    }
    if let (Some(message), Some(from)) = (&ask.forward, &ask.from) {
        let mut to = vec![room];
        for also in &ask.also {
            to.push(find_room(&mut agent, also)?.uri);
        }
        let other = ask.from_home.as_deref().map(|home| shared.agent_of(home)).transpose()?;
        return Box::pin(send_again::forward(shared, agent, other, (from, message), &to)).await;
    }
    let notice = ask.typing || ask.not_typing;
    if notice && !Settings::read(shared.home()?.person())?.typing {
        print::remark(
            "you chose that others do not see whether you write: nothing was sent (`trefoil settings --typing on`)",
        );
        return Ok(());
    }
    for other in [&ask.reply, &ask.react, &ask.unreact].into_iter().flatten() {
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
    let alone = ask.file.is_empty() && !notice;
    if !alone {
        agent.go_online()?;
        let settled = agent.settle(PATIENCE, |_, _| {}).await;
        settled
            .context("nothing of this message is kept: with files it goes only while the service is there")?;
    }
    let draft = match (notice, alone) {
        (true, _) => compose::typing(ask.typing),
        (false, true) => written(&mut agent, &room, &ask)?,
        (false, false) => attached(&agent, &ask).await?,
    };
    let draft =
        if ask.once { draft.seen_once().map_err(|error| UsageError(error.to_string()))? } else { draft };
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
    finish(agent, &[(room.clone(), message)]).await?;
    // Of what is stored nowhere, an id is of no use.
    if notice {
        return Ok(());
    }
    shared.out.record(&Sent::of(&room, &message))?;
    Ok(())
}

/// Waits until messages are out, and ends the connection; a refusal becomes the error.
///
/// # Errors
/// One was not taken, or waits for a decision.
pub(super) async fn finish(mut agent: Agent, sent: &[(RoomUri, MessageId)]) -> anyhow::Result<()> {
    let mut refused = None;
    let refusal = |event: &Event| sent.iter().find_map(|(_, message)| show::send_refusal(event, message));
    agent.settle(PATIENCE, |_, event| refused = refusal(&event).or(refused.take())).await?;
    if let Some(error) = refused {
        agent.close().await;
        return Err(error.into());
    }
    // What came in meanwhile may have stopped it on its way.
    for (room, message) in sent {
        if let Some(error) = held(&mut agent, room, message)? {
            return Err(error.into());
        }
    }
    backup::back_up_by_the_way(&mut agent).await;
    agent.close().await;
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
    let usable =
        |made: Result<Draft, _>| made.map_err(|error: ConversationError| UsageError(error.to_string()));
    if let Some(question) = &ask.poll {
        let options: Vec<&str> = ask.option.iter().map(String::as_str).collect();
        return Ok(usable(compose::poll(question, &options, ask.several))?);
    }
    if let Some(message) = &ask.vote {
        let id = parse(message)?;
        let poll = show::message(agent, room, &id)?.and_then(|message| message.poll);
        let poll = poll.ok_or_else(|| NotFoundError(format!("{message} is no poll in this room")))?;
        let known = ask.choice.iter().all(|choice| usize::from(*choice) <= poll.options.len());
        if !known || (ask.choice.len() > 1 && !poll.several) {
            return Err(UsageError("that cannot be chosen in this poll".to_owned()).into());
        }
        let choices: Vec<u8> = ask.choice.iter().map(|choice| choice - 1).collect();
        return Ok(usable(compose::vote(id, &choices))?);
    }
    let text = match &ask.text {
        Some(text) => text.clone(),
        None => read_text(None, "the text")?,
    };
    if let Some(message) = &ask.unreact {
        return own_reaction(agent, room, message, text.trim()).map(compose::remove_reaction);
    }
    if let Some(message) = &ask.react {
        return Ok(
            compose::reaction(parse(message)?, text.trim()).map_err(|error| UsageError(error.to_string()))?
        );
    }
    let also = ask.mention.iter().map(|raw| parse_person(raw)).collect::<Result<Vec<_>, _>>()?;
    let (text, mentions) = mentioned(agent, room, text.trim_end(), &also)?;
    Ok(usable(match (&ask.reply, &ask.edit) {
        (Some(message), _) => compose::reply(parse(message)?, &text, &mentions),
        (None, Some(message)) => compose::edit(parse(message)?, &text, &mentions),
        (None, None) => compose::text(&text, &mentions),
    })?)
}

/// One's own reaction to a message, by its emoji.
fn own_reaction(agent: &Agent, room: &RoomUri, message: &str, emoji: &str) -> anyhow::Result<MessageId> {
    let me = agent.client.identity().ok_or_else(unfinished)?.user;
    let store = Overlay::new(agent.client.store().clone());
    let found = conversation::message(&store, room, parse(message)?)?;
    let reactions = found.map(|found| found.reactions).unwrap_or_default();
    let mut by = reactions.into_iter().filter(|group| group.emoji == emoji).flat_map(|group| group.by);
    let mine = by.find(|(user, _)| *user == me).map(|(_, reaction)| reaction);
    Ok(mine.ok_or_else(|| {
        NotFoundError(format!("you did not react to {message} with {}", print::harmless(emoji)))
    })?)
}

async fn attached(agent: &Agent, ask: &Send) -> anyhow::Result<Draft> {
    let mut files = Vec::new();
    for path in &ask.file {
        let bar = print::progress(0, &path.display().to_string());
        let file = transfer::upload(&agent.way(), path, ask.whole, |there, of| {
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
pub(super) fn parse(raw: &str) -> Result<MessageId, UsageError> {
    data_encoding::HEXLOWER_PERMISSIVE
        .decode(raw.as_bytes())
        .ok()
        .and_then(|bytes| MessageId::from_slice(&bytes).ok())
        .ok_or_else(|| UsageError(format!("{raw} is no message id: `trefoil rooms show ROOM` prints them")))
}
