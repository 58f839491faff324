//! Three people on three services talk about something real; then each inbox is shown beside what its service holds.

mod disk;
mod play;
mod script;

pub use disk::{Copy, Found, Waiting};
pub use script::{Script, ScriptError};

use super::{Trefoil, onward};
use crate::{
    agent::Agent,
    home::Home,
    person::{self, Place},
    print::Printer,
    show,
};
use anyhow::{Context as _, anyhow, bail};
use play::Play;
use script::Actor;
use serde::Serialize;
use std::{collections::BTreeMap, fmt, fs, path::Path, time::Duration};
use tokio::time::{Instant, sleep};
use trefoil_client::{RoomState, conversation::Mark};
use trefoil_proto::RoomUri;

/// How long one line may take to reach everybody.
const ARRIVAL: Duration = Duration::from_secs(60);
/// Longest text that is shown whole.
const SHOWN: usize = 240;

/// Somebody of the script with a device.
struct Player {
    name: String,
    service: usize,
    home: Home,
    agent: Agent,
}

impl Player {
    /// By URI.
    fn user(&self) -> Option<String> {
        Some(self.agent.client.identity()?.user.to_string())
    }
}

#[derive(Serialize)]
struct Held {
    kind: &'static str,
    service: String,
    when: &'static str,
    files: usize,
    bytes: u64,
    texts: usize,
    readable: Vec<String>,
    waiting_entries: usize,
    waiting_bytes: usize,
    #[serde(skip)]
    whom: String,
}

impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "  {}: {} files, {} bytes; {} of {} texts readable in them; waiting for {}: {} entries, {} bytes",
            self.service,
            self.files,
            self.bytes,
            self.readable.len(),
            self.texts,
            self.whom,
            self.waiting_entries,
            self.waiting_bytes
        )?;
        self.readable.iter().try_for_each(|text| write!(f, "\n    readable: {text}"))
    }
}

/// Plays the script, or shows it again if it was played in this data folder before.
///
/// # Errors
/// Whatever failed, as a sentence.
pub async fn run(out: Printer, up: &Trefoil, data: &Path) -> anyhow::Result<()> {
    let script = Script::load()?;
    let mut players = Vec::new();
    for actor in &script.people {
        players.push(enter(up, data, actor).await?);
    }
    in_step(&mut players, |players| Ok(players.iter().all(|player| player.agent.is_settled()))).await?;
    let room = match played(&mut players, &script)? {
        Some(room) => {
            out.say("The conversation was held in this folder before; it is shown again.")?;
            room
        }
        None => {
            let room = open_room(&mut players, &script).await?;
            out.say(format_args!(
                "{} people on {} services are in one room: {room}",
                players.len(),
                up.running.len()
            ))?;
            let ids = BTreeMap::new();
            let (script, players) = (&script, &mut players);
            Play { out, up, data, script, players, room: &room, ids }.run().await?;
            room
        }
    };
    for player in &players {
        let domain = &up.running[player.service].planned.domain;
        out.say(format_args!("\n=== What {} sees ({domain})", player.name))?;
        for mut shown in show::timeline(&player.agent, &room, 1000)? {
            shown.shorten(SHOWN);
            out.record(&shown)?;
        }
    }
    out.say("\n=== What each service holds, looked for in a copy of its disk")?;
    look(out, up, data, &script, &players, "after everything arrived").await?;
    out.say(
        "\nGo on as them, each in a terminal of its own. A person's commands run one at a time: end `receive --follow` \
         with Ctrl-C to write as the same person. For example:",
    )?;
    let program = onward::program();
    // The room by its name, unless an attempt that was interrupted left another of that name.
    let last = players.len() - 1;
    let rooms = players[last].agent.client.rooms()?;
    let named = rooms.iter().filter(|known| known.name == script.room).count();
    let called = onward::quoted(&if named == 1 { script.room.clone() } else { room.to_string() });
    for (index, player) in players.into_iter().enumerate() {
        let command = onward::as_person(&program, player.home.folder());
        if index == last {
            out.say(format_args!("  {command} send {called} 'See you there'"))?;
        } else {
            out.say(format_args!("  {command} receive --follow"))?;
        }
        player.agent.close().await;
    }
    Ok(())
}

/// Opens the person's account, or makes it.
async fn enter(up: &Trefoil, data: &Path, actor: &Actor) -> anyhow::Result<Player> {
    let service = up
        .running
        .iter()
        .position(|running| running.planned.profile == actor.profile)
        .ok_or_else(|| anyhow!("no service has the profile {}", actor.profile))?;
    let planned = &up.running[service].planned;
    let folder = onward::person(data, &actor.name.to_lowercase());
    let home = Home::locate(Some(&folder))?;
    let ca = fs::read(&up.ca).context("the certificate authority cannot be read")?;
    let place = Place { service: &planned.url, ca: Some(&ca) };
    let agent = if home.has_account() {
        // The ports may be others this time.
        home.settle(&planned.url, Some(&ca))?;
        let (mut agent, _) = person::open(&home, None)?;
        agent.go_online()?;
        agent
    } else {
        let code = if planned.profile == "phone" {
            Some(fetch_code(place, &planned.data, &actor.identifier).await?)
        } else {
            None
        };
        let (mut agent, _) =
            person::register(&home, None, place, &actor.identifier, code.as_deref(), None).await?;
        person::rename(&mut agent, &actor.name)?;
        agent
    };
    Ok(Player { name: actor.name.clone(), service, home, agent })
}

/// Asks for a one-time code and reads it where a service without a gateway writes it.
///
/// # Errors
/// None comes within some seconds.
pub async fn fetch_code(place: Place<'_>, data: &Path, number: &str) -> anyhow::Result<String> {
    let file = data.join("codes.log");
    // A line is the number, the code, and the code's end.
    let codes = || {
        let log = fs::read_to_string(&file).unwrap_or_default();
        let of = |line: &str| Some(line.strip_prefix(number)?.strip_prefix(' ')?.to_owned());
        log.lines().filter_map(of).collect::<Vec<String>>()
    };
    let before = codes();
    person::request_code(place, number).await?;
    let until = Instant::now() + Duration::from_secs(10);
    while Instant::now() < until {
        let new = codes().into_iter().rfind(|line| !before.contains(line));
        if let Some(code) = new.as_deref().and_then(|line| line.split(' ').next()) {
            return Ok(code.to_owned());
        }
        sleep(Duration::from_millis(50)).await;
    }
    bail!("the service wrote no one-time code for {number} into {}", file.display())
}

/// The room in which the whole script was played, if there is one.
fn played(players: &mut [Player], script: &Script) -> anyhow::Result<Option<RoomUri>> {
    let last =
        script.lines.iter().rev().find_map(|line| line.text.as_deref().filter(|_| line.react.is_none()));
    for room in players[0].agent.client.rooms()? {
        if room.name != script.room || room.state != RoomState::Open {
            continue;
        }
        let mut complete = true;
        for player in &*players {
            let shown = show::timeline(&player.agent, &room.uri, 10)?;
            complete &= shown.iter().any(|shown| shown.text() == last);
        }
        if complete {
            return Ok(Some(room.uri));
        }
    }
    Ok(None)
}

async fn open_room(players: &mut [Player], script: &Script) -> anyhow::Result<RoomUri> {
    let others: Vec<_> =
        players[1..].iter().filter_map(|player| Some(player.agent.client.identity()?.user)).collect();
    let first = &mut players[0].agent;
    let room = first.act_for(|client, now| client.create_room(&script.room, &others, now))?;
    let everybody = players.len();
    in_step(players, |players| {
        let mut all = true;
        for player in players {
            all &=
                player.agent.client.room(&room)?.is_some_and(|view| {
                    view.state == RoomState::Open && view.participants.len() == everybody
                });
            all &= player.agent.is_settled();
        }
        Ok(all)
    })
    .await
    .context("the room did not open for everybody")?;
    for player in &mut *players {
        player.agent.act(|client, now| client.mark_room(&room, &[Mark::Accepted], now))?;
    }
    // Who opened the room told its name when nobody else was there yet.
    person::rename(&mut players[0].agent, &script.people[0].name)?;
    Ok(room)
}

/// Lets everybody go on until something holds for all of them.
async fn in_step(
    players: &mut [Player],
    mut done: impl FnMut(&mut [Player]) -> anyhow::Result<bool>,
) -> anyhow::Result<()> {
    let until = Instant::now() + ARRIVAL;
    loop {
        for player in &mut *players {
            player.agent.turn(Duration::from_millis(3)).await?;
        }
        if done(players)? {
            return Ok(());
        }
        if Instant::now() > until {
            bail!("it did not happen within {} seconds", ARRIVAL.as_secs());
        }
    }
}

async fn look(
    out: Printer,
    up: &Trefoil,
    data: &Path,
    script: &Script,
    players: &[Player],
    when: &'static str,
) -> anyhow::Result<()> {
    let texts = script.telling_texts();
    for (index, running) in up.running.iter().enumerate() {
        let here: Vec<&Player> = players.iter().filter(|player| player.service == index).collect();
        let devices: Vec<_> =
            here.iter().filter_map(|player| Some(player.agent.client.identity()?.device)).collect();
        let unreadable = || format!("the disk of {} cannot be copied", running.planned.domain);
        let copy = Copy::take(&running.planned.data, &data.join("seized").join(running.planned.profile))
            .with_context(unreadable)?;
        let found = copy.search(&texts).with_context(unreadable)?;
        let waiting = copy.waiting(&devices).await.with_context(unreadable)?;
        let names: Vec<&str> = here.iter().map(|player| player.name.as_str()).collect();
        out.record(&Held {
            kind: "held",
            service: running.planned.domain.clone(),
            when,
            files: found.files,
            bytes: found.bytes,
            texts: texts.len(),
            readable: found.readable.into_iter().map(|text| named(script, text)).collect(),
            waiting_entries: waiting.entries,
            waiting_bytes: waiting.bytes,
            whom: names.join(", "),
        })?;
    }
    Ok(())
}

/// Says of a text that is readable on a disk what it is, where that is known.
fn named(script: &Script, text: String) -> String {
    if text == script.room {
        format!("{text} (the room's name, which its hub keeps with the group's state)")
    } else {
        text
    }
}
