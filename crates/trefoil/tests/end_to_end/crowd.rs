//! People with devices, driven within this process; what they connect to are real services.

use crate::services::Services;
use futures_util::future::join_all;
use std::{
    collections::HashMap,
    path::Path,
    time::{Duration, Instant},
};
use trefoil::{
    agent::Agent,
    clock,
    home::Home,
    person::{self, PATIENCE},
    show::{self, Shown},
    up::demo,
};
use trefoil_client::{
    Event, RoomState,
    conversation::{ConversationEvent, Draft, Mark, compose},
};
use trefoil_proto::{RoomUri, UserUri, content::MessageId};

/// A device of a person.
pub struct Device {
    pub name: String,
    pub home: Home,
    pub agent: Agent,
    /// How often each message came into the timeline, all runs of this device together.
    pub added: HashMap<MessageId, usize>,
    /// What the core refused of what arrived.
    pub refused: Vec<String>,
    /// How often somebody began to write.
    pub typing: usize,
}

impl Device {
    /// Makes an account at a service.
    pub async fn register(services: &Services, service: usize, name: &str) -> Self {
        let home = Home::locate(Some(&services.path().join("people").join(name))).unwrap();
        let place = services.at(service);
        let number = number_of(name);
        let (identifier, code) = if services.planned(service).profile == "phone" {
            let code = demo::fetch_code(place, &services.planned(service).data, &number).await.unwrap();
            (number.as_str(), Some(code))
        } else {
            (name, None)
        };
        let (agent, _) = person::register(&home, None, place, identifier, code.as_deref(), None)
            .await
            .unwrap_or_else(|error| panic!("{name}: {error:?}\n{}", services.said(service)));
        Self::adopt(name, home, agent)
    }

    /// Links a further device of the person whose first device this is.
    pub async fn link(&mut self, services: &Services, service: usize, name: &str) -> Self {
        let home = Home::locate(Some(&services.path().join("people").join(name))).unwrap();
        let (code, _) = person::request_link(&home, None, services.at(service)).await.unwrap();
        let answer = person::approve_link(&mut self.agent, &code).await.unwrap();
        let (mut agent, _) = person::open(&home, None).unwrap();
        person::finish_link(&mut agent, &answer).await.unwrap_or_else(|error| panic!("{name}: {error:?}"));
        Self::adopt(name, home, agent)
    }

    /// A device that was made elsewhere.
    pub fn adopt(name: &str, home: Home, agent: Agent) -> Self {
        Self { name: name.to_owned(), home, agent, added: HashMap::new(), refused: Vec::new(), typing: 0 }
    }

    pub fn user(&self) -> UserUri {
        self.agent.client.identity().unwrap().user
    }

    /// Ends the connection and closes the store, as a phone that is switched off.
    pub async fn switch_off(self) -> Off {
        drop(self.agent.close().await);
        Off { name: self.name, home: self.home, added: self.added, refused: self.refused }
    }

    pub fn send(&mut self, room: &RoomUri, draft: Draft) -> MessageId {
        let (id, step) = self.agent.client.send(room, draft, clock::now()).unwrap();
        let outcome = step.commit().unwrap();
        self.agent.carry_out(outcome);
        id
    }

    pub fn say(&mut self, room: &RoomUri, text: &str) -> MessageId {
        self.send(room, compose::text(text, &[]).unwrap())
    }

    pub fn message(&self, room: &RoomUri, id: &MessageId) -> Option<show::Message> {
        show::message(&self.agent, room, id).unwrap()
    }

    /// Every text in the room, oldest first.
    pub fn texts(&self, room: &RoomUri) -> Vec<String> {
        let shown = show::timeline(&self.agent, room, usize::MAX / 2).unwrap();
        shown.iter().filter_map(Shown::text).map(str::to_owned).collect()
    }

    pub fn is_in(&mut self, room: &RoomUri, people: usize) -> bool {
        self.agent
            .client
            .room(room)
            .unwrap()
            .is_some_and(|view| view.state == RoomState::Open && view.participants.len() == people)
    }

    /// Where this device stands, for whoever reads why a test failed.
    fn tell(&mut self) {
        let (idle, settled) = (self.agent.client.is_idle(), self.agent.is_settled());
        eprintln!("{}: idle {idle}, settled {settled}, {} messages came in", self.name, self.added.len());
        for room in self.agent.client.rooms().unwrap() {
            let people: Vec<usize> = room.participants.iter().map(|person| person.devices.len()).collect();
            let waiting = self.agent.client.outbox_len(&room.uri).unwrap();
            eprintln!("  {:?} at epoch {}, devices {people:?}, {waiting} to send", room.state, room.epoch);
        }
        for refused in self.refused.iter().take(3) {
            eprintln!("  refused {refused}");
        }
        eprintln!("  refused {} in all", self.refused.len());
    }

    async fn turn(&mut self) {
        for event in self.agent.turn(Duration::from_millis(2)).await.unwrap() {
            match event {
                Event::Conversation(ConversationEvent::Added { id, mine: false, .. }) => {
                    *self.added.entry(id).or_default() += 1;
                }
                Event::Conversation(ConversationEvent::Typing { started: true, .. }) => self.typing += 1,
                Event::Refused { .. }
                | Event::SendRefused { .. }
                | Event::ChangeRefused { .. }
                | Event::KeysUnproven { .. }
                | Event::GhostDevice { .. }
                | Event::EpochWithheld { .. }
                | Event::DirectorySplit { .. }
                | Event::Conversation(ConversationEvent::Refused { .. }) => {
                    self.refused.push(format!("{event:?}"))
                }
                _ => {}
            }
        }
    }
}

/// A device that is switched off.
pub struct Off {
    name: String,
    home: Home,
    added: HashMap<MessageId, usize>,
    refused: Vec<String>,
}

impl Off {
    pub fn switch_on(self) -> Device {
        let (mut agent, _) = person::open(&self.home, None).unwrap();
        agent.go_online().unwrap();
        Device {
            name: self.name,
            home: self.home,
            agent,
            added: self.added,
            refused: self.refused,
            typing: 0,
        }
    }
}

/// Lets devices go on until something holds for them; fails with what it was, and what was refused, after `limit`.
pub async fn until(
    devices: &mut [Device],
    limit: Duration,
    what: &str,
    mut holds: impl FnMut(&mut [Device]) -> bool,
) {
    let end = Instant::now() + limit;
    while !holds(devices) {
        if Instant::now() > end {
            for device in &mut *devices {
                device.tell();
            }
            panic!("within {limit:?} it did not come about that {what}");
        }
        turn(devices).await;
    }
}

/// One turn of every device.
pub async fn turn(devices: &mut [Device]) {
    join_all(devices.iter_mut().map(Device::turn)).await;
}

/// Opens a room of the first device with the people of all, and waits until every device is in it; all take it up.
pub async fn open_room(devices: &mut [Device], name: &str) -> RoomUri {
    until(devices, PATIENCE, "everybody is online", |devices| {
        devices.iter().all(|device| device.agent.is_settled())
    })
    .await;
    let me = devices[0].user();
    let mut others: Vec<UserUri> = devices.iter().map(Device::user).filter(|user| *user != me).collect();
    others.sort();
    others.dedup();
    let (room, step) = devices[0].agent.client.create_room(name, &others, clock::now()).unwrap();
    let outcome = step.commit().unwrap();
    devices[0].agent.carry_out(outcome);
    let people = others.len() + 1;
    until(devices, 2 * PATIENCE, "everybody is in the room", |devices| {
        devices.iter_mut().all(|device| device.is_in(&room, people))
    })
    .await;
    for device in devices {
        device.agent.act(|client, now| client.mark_room(&room, &[Mark::Accepted], now)).unwrap();
    }
    room
}

/// A phone number for a name: of a range that no one has.
pub fn number_of(name: &str) -> String {
    let digits = name.bytes().fold(0u64, |sum, byte| (sum * 31 + u64::from(byte)) % 10_000_000);
    format!("+4477{digits:08}")
}

/// The SHA-256 of a file, in hexadecimal.
pub fn sha256(path: &Path) -> String {
    use sha2::Digest as _;
    data_encoding::HEXLOWER.encode(&sha2::Sha256::digest(std::fs::read(path).unwrap()))
}

/// A room, and who misbehaves in it.
pub struct Tea {
    pub room: String,
    pub mallory: String,
}

/// Ada, Grace and Mallory, each of another service, in a room of Ada's; their devices are left to commands.
pub async fn tea_with_mallory(services: &Services) -> Tea {
    let mut devices = vec![
        Device::register(services, 0, "ada").await,
        Device::register(services, 1, "grace").await,
        Device::register(services, 2, "mallory").await,
    ];
    let room = open_room(&mut devices, "Tea").await.to_string();
    let mallory = devices[2].user().to_string();
    for device in devices {
        drop(device.switch_off().await);
    }
    Tea { room, mallory }
}
