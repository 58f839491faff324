//! The script is played: every line is said by its person and seen by the others, every picture is fetched by them.

use super::{
    ARRIVAL, Player, in_step, look,
    script::{self, Kind, Script, ScriptLine},
};
use crate::{person, person::PATIENCE, print::Printer, show, transfer, up::Trefoil};
use anyhow::{Context as _, anyhow, bail};
use serde::Serialize;
use std::{
    collections::BTreeMap,
    fmt, fs,
    path::{Path, PathBuf},
    time::Duration,
};
use tokio::time::{Instant, sleep, timeout};
use trefoil_client::{
    attachment::strip_metadata,
    conversation::{Draft, compose},
};
use trefoil_proto::{RoomUri, content::MessageId};

/// What a play needs: where it is played, by whom, and what was said so far.
pub(super) struct Play<'a> {
    pub(super) out: Printer,
    pub(super) up: &'a Trefoil,
    /// The demonstration's folder.
    pub(super) data: &'a Path,
    pub(super) script: &'a Script,
    pub(super) players: &'a mut Vec<Player>,
    pub(super) room: &'a RoomUri,
    /// The messages, by the names of their lines.
    pub(super) ids: BTreeMap<String, MessageId>,
}

/// What one person said in all; everything of it reached everybody else.
#[derive(Serialize)]
struct Said {
    kind: &'static str,
    person: String,
    service: String,
    lines: BTreeMap<Kind, usize>,
    reached: Vec<String>,
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.lines.iter().map(|(kind, count)| format!("{kind} {count}")).collect();
        let reached = self.reached.join(" and ");
        write!(f, "  {} ({}) to {reached}: {}", self.person, self.service, lines.join(", "))
    }
}

/// A picture that somebody else's service kept, fetched and opened.
#[derive(Serialize)]
struct Fetched {
    kind: &'static str,
    picture: String,
    from: String,
    to: String,
    bytes: u64,
}

impl fmt::Display for Fetched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "  {} of {} was fetched by {}: {} bytes, the same as were sent",
            self.picture, self.from, self.to, self.bytes
        )
    }
}

impl Play<'_> {
    /// Says every line. Before the last text, everybody but its sender goes offline, so that it can be seen waiting.
    pub(super) async fn run(mut self) -> anyhow::Result<()> {
        let script = self.script;
        let closing = script.lines.iter().rposition(|line| line.kind() == Kind::Text);
        for (index, line) in script.lines.iter().enumerate() {
            let who = self
                .players
                .iter()
                .position(|player| player.name == line.who)
                .ok_or_else(|| anyhow!("{} is not there", line.who))?;
            if Some(index) == closing {
                self.alone(who, line).await?;
            } else {
                self.say(who, line).await?;
            }
            let (room, ids) = (self.room, &self.ids);
            in_step(self.players, |players| {
                let sender = players[who].user().unwrap_or_default();
                let mut all = true;
                for player in players {
                    all &= reflects(player, room, line, &sender, ids)?;
                }
                Ok(all)
            })
            .await
            .with_context(|| format!("line {:?} of the conversation did not reach everybody", line.id))?;
            if let Some(name) = &line.picture {
                self.fetch(who, line, name).await?;
            }
        }
        in_step(self.players, |players| Ok(players.iter().all(|player| player.agent.is_settled()))).await?;
        // What the last acknowledgements let the mailboxes forget.
        let until = Instant::now() + Duration::from_secs(1);
        while Instant::now() < until {
            for player in &mut *self.players {
                player.agent.turn(Duration::from_millis(20)).await?;
            }
        }
        self.sum_up()
    }

    fn sum_up(&self) -> anyhow::Result<()> {
        let lines = self.script.lines.len();
        self.out
            .say(format_args!("\nAll {lines} lines were said, and every person has every one of them:"))?;
        for player in &*self.players {
            let mut lines = BTreeMap::new();
            for line in self.script.lines.iter().filter(|line| line.who == player.name) {
                *lines.entry(line.kind()).or_default() += 1;
            }
            let others = self.players.iter().filter(|other| other.name != player.name);
            self.out.record(&Said {
                kind: "said",
                person: player.name.clone(),
                service: self.domain(player),
                lines,
                reached: others.map(|other| self.domain(other)).collect(),
            })?;
        }
        Ok(())
    }

    /// Lets one person speak while the others are offline; shows what waits for them; brings them back.
    async fn alone(&mut self, who: usize, line: &ScriptLine) -> anyhow::Result<()> {
        let mut away = Vec::new();
        let speaker = self.players.remove(who);
        for player in self.players.drain(..) {
            drop(player.agent.close().await);
            away.push((player.name, player.service, player.home));
        }
        self.players.push(speaker);
        self.say(0, line).await?;
        let mut speaker = self.players.remove(0);
        speaker.agent.settle(PATIENCE, |_, _| {}).await?;
        // The other services get it from the hub's outbox in their own time; a second is plenty on one machine.
        sleep(Duration::from_secs(1)).await;
        let names: Vec<&str> = away.iter().map(|(name, _, _)| name.as_str()).collect();
        self.out.say(format_args!(
            "\n=== {} are offline, {} writes:\n    {}\n    What each service holds at this moment, in a copy of its disk:",
            names.join(" and "),
            speaker.name,
            line.text.as_deref().unwrap_or_default()
        ))?;
        for (name, service, home) in away {
            let (agent, _) = person::open(&home, None)?;
            self.players.push(Player { name, service, home, agent });
        }
        self.players.insert(who, speaker);
        let when = "while two of three are offline";
        look(self.out, self.up, self.data, self.script, self.players, when).await?;
        for (index, player) in self.players.iter_mut().enumerate() {
            if index != who {
                player.agent.go_online()?;
            }
        }
        Ok(())
    }

    async fn say(&mut self, who: usize, line: &ScriptLine) -> anyhow::Result<()> {
        let target = |id: &Option<String>| id.as_ref().and_then(|id| self.ids.get(id)).copied();
        let text = line.said();
        let player = &mut self.players[who];
        let mut draft: Draft = if let Some(name) = &line.picture {
            let path = picture_file(self.data, name)?;
            let file = transfer::upload(&player.agent.way(), &path, false, |_, _| {}).await?;
            compose::attachment(&[file], text.unwrap_or_default())?
        } else {
            let text = text.unwrap_or_default();
            match (target(&line.react), target(&line.edit), target(&line.unsend)) {
                (Some(id), _, _) => compose::reaction(id, text)?,
                (_, Some(id), _) => compose::edit(id, text, &[])?,
                (_, _, Some(id)) => compose::unsend(id),
                (None, None, None) => compose::text(text, &[])?,
            }
        };
        if let Some(id) = target(&line.reply) {
            draft.in_reply_to = Some(id);
        }
        let id = player.agent.act_for(|client, now| client.send(self.room, draft, now))?;
        self.ids.insert(line.id.clone(), id);
        Ok(())
    }

    /// Lets everybody else fetch a picture, and compares what they opened with what its sender had, which leaves the
    /// device without the metadata that editors and cameras write.
    async fn fetch(&self, who: usize, line: &ScriptLine, name: &str) -> anyhow::Result<()> {
        let sent = script::picture(name).and_then(strip_metadata);
        let sent = sent.ok_or_else(|| anyhow!("the picture {name} is no photograph"))?;
        let Some(id) = self.ids.get(&line.id) else { return Ok(()) };
        for player in self.players.iter().filter(|player| player.name != line.who) {
            let message = show::message(&player.agent, self.room, id)?;
            let attachment = message.and_then(|message| message.attachments.into_iter().next());
            let file = attachment.and_then(|attachment| attachment.file);
            let file = file.ok_or_else(|| anyhow!("{} cannot fetch {name}", player.name))?;
            let folder = player.home.folder().join("pictures");
            fs::create_dir_all(&folder).with_context(|| format!("{} cannot be made", folder.display()))?;
            let target = transfer::free_place(&folder, &file.label.filename);
            let way = player.agent.way();
            let fetched = transfer::download(&way, &file, &target, |_, _| {});
            timeout(ARRIVAL, fetched)
                .await
                .with_context(|| format!("{} waits for {name}", player.name))??;
            let opened = fs::read(&target).with_context(|| format!("{} cannot be read", target.display()))?;
            if opened != sent {
                bail!("{name} of {} is another picture at {}", line.who, player.name);
            }
            self.out.record(&Fetched {
                kind: "picture",
                picture: name.to_owned(),
                from: self.domain(&self.players[who]),
                to: self.domain(player),
                bytes: opened.len() as u64,
            })?;
        }
        Ok(())
    }

    fn domain(&self, player: &Player) -> String {
        self.up.running[player.service].planned.domain.clone()
    }
}

/// Whether a person sees what a line of `sender` did.
fn reflects(
    player: &Player,
    room: &RoomUri,
    line: &ScriptLine,
    sender: &str,
    ids: &BTreeMap<String, MessageId>,
) -> anyhow::Result<bool> {
    let of = line.react.as_ref().or(line.edit.as_ref()).or(line.unsend.as_ref()).unwrap_or(&line.id);
    let Some(id) = ids.get(of) else { return Ok(false) };
    let Some(message) = show::message(&player.agent, room, id)? else { return Ok(false) };
    let text = line.said();
    let answered = line.reply.as_ref().and_then(|id| ids.get(id)).map(ToString::to_string);
    Ok(match line.kind() {
        Kind::Reaction => message.reactions.iter().any(|reaction| {
            Some(reaction.emoji.as_str()) == text && reaction.users.iter().any(|user| user == sender)
        }),
        Kind::Unsend => message.unsent,
        Kind::Edit => message.edited && message.text.as_deref() == text,
        Kind::Picture => message.attachments.len() == 1 && message.reply_to == answered,
        Kind::Text | Kind::Reply => {
            !message.edited && message.text.as_deref() == text && message.reply_to == answered
        }
    })
}

/// The script's picture as a file, as people have pictures.
fn picture_file(data: &Path, name: &str) -> anyhow::Result<PathBuf> {
    let bytes = script::picture(name).ok_or_else(|| anyhow!("the picture {name} is not built in"))?;
    let path = data.join("people").join(name);
    fs::write(&path, bytes).with_context(|| format!("{} cannot be written", path.display()))?;
    Ok(path)
}
