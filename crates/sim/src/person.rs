//! A person with a device: the code that the binary runs, with its store on disk.

use crate::between::Between;
use anyhow::{Context as _, bail};
use futures_util::future::join_all;
use std::{
    path::Path,
    time::{Duration, Instant},
};
use trefoil::{
    agent::Agent,
    clock,
    home::Home,
    person::{self, Place},
    show::{self, Shown},
};
use trefoil_client::{Client, ClientError, RoomState, Step, conversation::compose};
use trefoil_proto::{DeviceUri, RoomUri, Timestamp, UserUri, content::MessageId};

/// How long anything may take on a machine that is busy.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A person with one device.
pub struct Person {
    /// Their name, in the table.
    pub name: String,
    /// Their device.
    pub agent: Agent,
    /// The adversary before it.
    pub between: Between,
    /// What they were shown, oldest first.
    pub saw: Vec<Seen>,
    home: Home,
}

/// Something that a person was shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Its name in `trefoil --json`, `message`, `change-refused` or `send-refused`.
    pub kind: String,
    /// The words.
    pub words: String,
}

impl Person {
    pub(crate) async fn register(
        folder: &Path,
        name: &str,
        between: Between,
        ca: &[u8],
    ) -> anyhow::Result<Self> {
        let home = Home::locate(Some(&folder.join("people").join(name)))?;
        let place = Place { service: &between.url, ca: Some(ca) };
        let (agent, _) = person::register(&home, None, place, name, None, None).await?;
        Ok(Self { name: name.to_owned(), agent, between, saw: Vec::new(), home })
    }

    /// Links a further device of this person, which sees its service through another [`Between`].
    ///
    /// # Errors
    /// The service refuses.
    pub async fn link(
        &mut self,
        folder: &Path,
        name: &str,
        between: Between,
        ca: &[u8],
    ) -> anyhow::Result<Self> {
        let home = Home::locate(Some(&folder.join("people").join(name)))?;
        let place = Place { service: &between.url, ca: Some(ca) };
        let (code, _) = person::request_link(&home, None, place).await?;
        let answer = person::approve_link(&mut self.agent, &code).await?;
        let (mut agent, _) = person::open(&home, None)?;
        person::finish_link(&mut agent, &answer).await?;
        Ok(Self { name: name.to_owned(), agent, between, saw: Vec::new(), home })
    }

    /// Ends the program and starts it again.
    ///
    /// # Errors
    /// The store cannot be opened.
    pub async fn restart(self) -> anyhow::Result<Self> {
        let Self { name, agent, between, saw, home } = self;
        drop(agent.close().await);
        let (mut agent, _) = person::open(&home, None)?;
        agent.go_online()?;
        Ok(Self { name, agent, between, saw, home })
    }

    /// Who this is.
    pub fn user(&self) -> UserUri {
        self.identity().0
    }

    /// This device.
    pub fn device(&self) -> DeviceUri {
        self.identity().1
    }

    fn identity(&self) -> (UserUri, DeviceUri) {
        let identity = self.agent.client.identity().expect("whoever is made has an account");
        (identity.user, identity.device)
    }

    /// Has the device do something.
    ///
    /// # Errors
    /// The core refuses.
    pub fn act(
        &mut self,
        command: impl for<'a> FnOnce(&'a mut Client, Timestamp) -> Result<Step<'a>, ClientError>,
    ) -> anyhow::Result<()> {
        Ok(self.agent.act(command)?)
    }

    /// Says something in a room.
    ///
    /// # Errors
    /// The core refuses.
    pub fn say(&mut self, room: &RoomUri, text: &str) -> anyhow::Result<MessageId> {
        let draft = compose::text(text, &[])?;
        Ok(self.agent.act_for(|client, now| client.send(room, draft, now))?)
    }

    /// The message with this text, if it is in the room's timeline here.
    pub fn reads(&self, room: &RoomUri, text: &str) -> Option<show::Message> {
        let shown = show::timeline(&self.agent, room, 1_000).ok()?;
        shown.into_iter().find_map(|shown| match shown {
            Shown::Message(message) if message.text.as_deref() == Some(text) => Some(*message),
            _ => None,
        })
    }

    /// How often this text was shown as a message that came.
    pub fn times_shown(&self, text: &str) -> usize {
        self.saw.iter().filter(|seen| seen.kind == "message" && seen.words == text).count()
    }

    /// Whether something of this kind was shown.
    pub fn was_told(&self, kind: &str) -> bool {
        self.saw.iter().any(|seen| seen.kind == kind)
    }

    /// Whether this person has a file of evidence against a directory.
    pub fn has_evidence(&self) -> bool {
        let Ok(files) = std::fs::read_dir(self.home.folder()) else { return false };
        files.flatten().any(|file| file.file_name().to_string_lossy().starts_with("evidence-"))
    }

    /// Whether this device is in a room with so many people.
    pub fn is_in(&mut self, room: &RoomUri, people: usize) -> bool {
        let view = self.agent.client.room(room).ok().flatten();
        view.is_some_and(|view| view.state == RoomState::Open && view.participants.len() == people)
    }

    async fn turn(&mut self) -> anyhow::Result<()> {
        for event in self.agent.turn(Duration::from_millis(5)).await? {
            let seen = |kind: &str, words: String| Seen { kind: kind.to_owned(), words };
            if let Some(refusal) = show::refusal(&event) {
                self.saw.push(seen("change-refused", refusal.to_string()));
            } else if let Some(shown) = show::event(&self.agent, &event)? {
                self.saw.push(match shown {
                    Shown::Message(message) => seen("message", message.text.unwrap_or_default()),
                    Shown::Event(happened) => seen(happened.event, happened.detail.unwrap_or_default()),
                    Shown::Note(note) => seen("note", note.text),
                });
            }
        }
        Ok(())
    }
}

/// Lets everybody go on until something holds; false if it does not within [`PATIENCE`].
///
/// # Errors
/// A device fails.
pub async fn until(
    people: &mut [&mut Person],
    mut holds: impl FnMut(&mut [&mut Person]) -> bool,
) -> anyhow::Result<bool> {
    let end = Instant::now() + PATIENCE;
    while Instant::now() < end {
        if holds(people) {
            return Ok(true);
        }
        turn(people).await?;
    }
    Ok(false)
}

/// As [`until`], for what must come about before an attack can be played.
///
/// # Errors
/// It did not.
pub async fn must(
    people: &mut [&mut Person],
    what: &str,
    holds: impl FnMut(&mut [&mut Person]) -> bool,
) -> anyhow::Result<()> {
    if until(people, holds).await? {
        return Ok(());
    }
    for person in people.iter_mut() {
        let last: Vec<_> = person.saw.iter().rev().take(4).collect();
        tracing::warn!(name = person.name, idle = person.agent.client.is_idle(), ?last, "at the end");
    }
    bail!("it did not come about that {what}")
}

/// Lets everybody go on for a while, and then until nobody has anything left to send.
///
/// # Errors
/// A device fails, or somebody never comes to rest.
pub async fn go_on(people: &mut [&mut Person], least: Duration) -> anyhow::Result<()> {
    let end = Instant::now() + least;
    while Instant::now() < end {
        turn(people).await?;
    }
    must(people, "everybody comes to rest", |people| {
        people.iter().all(|person| person.agent.client.is_idle())
    })
    .await
}

/// Opens a room of the first person with all others, and waits until everybody is in it and all is quiet.
///
/// # Errors
/// Somebody does not come in.
pub async fn open_room(people: &mut [&mut Person]) -> anyhow::Result<RoomUri> {
    must(people, "everybody is online", |people| people.iter().all(|person| person.agent.is_settled()))
        .await?;
    let me = people[0].user();
    let mut others: Vec<UserUri> =
        people.iter().map(|person| person.user()).filter(|user| *user != me).collect();
    others.sort();
    others.dedup();
    let creator = &mut people[0].agent;
    let room = creator.act_for(|client, now| client.create_room("the drill", &others, now));
    let room = room.context("a room cannot be made")?;
    let count = others.len() + 1;
    must(people, "everybody is in the room", |people| {
        people.iter_mut().all(|person| person.is_in(&room, count))
    })
    .await?;
    go_on(people, Duration::from_millis(300)).await?;
    Ok(room)
}

async fn turn(people: &mut [&mut Person]) -> anyhow::Result<()> {
    for done in join_all(people.iter_mut().map(|person| person.turn())).await {
        done?;
    }
    Ok(())
}

/// The time, as devices have it.
pub fn now() -> Timestamp {
    clock::now()
}
