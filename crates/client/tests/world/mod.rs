//! Several clients and one service in memory: effects are performed one after the other until nothing is left.
#![allow(dead_code, clippy::unwrap_used, missing_docs)]

pub mod anew;
pub mod directory;
pub mod evil;
pub mod forge;
pub mod hub;

use hub::Hub;
use std::{collections::VecDeque, sync::Arc};
use trefoil_client::{
    Client, Effect, Event, Input, Outcome, RequestId,
    conversation::{self, Cursor, Item, compose},
};
use trefoil_proto::{
    DeviceUri, RoomUri, Timestamp, UserUri,
    edge::Identifier,
    frame::{ClientFrame, MailboxEntry, ServerFrame},
};
use trefoil_store::{LocalStore, MemoryStore};

pub struct Device {
    pub name: String,
    pub store: Arc<dyn LocalStore>,
    pub client: Client,
    pub effects: VecDeque<Effect>,
    pub events: Vec<Event>,
    pub connected: bool,
    pub delivered: u64,
    /// It was told that everything that waited has come.
    pub caught_up: bool,
    /// Mailbox entries are not delivered for now.
    pub deaf: bool,
    /// Answers to requests whose path contains this are lost, once each.
    pub lose: VecDeque<&'static str>,
    /// Answers to requests whose path contains this come late, once each.
    pub delay: VecDeque<&'static str>,
    pub late: Vec<Input>,
    /// Answers to so many submissions are lost, with the connection.
    pub lose_submissions: usize,
    /// Every frame that left.
    pub submitted: Vec<ClientFrame>,
}

pub struct World {
    pub hub: Hub,
    pub devices: Vec<Device>,
    pub now: Timestamp,
}

/// Makes a device by hand.
type Forging = fn(
    &DeviceUri,
    &ed25519_dalek::SigningKey,
) -> (trefoil_proto::edge::NewDevice, trefoil_proto::edge::PublishKeyPackages);

impl World {
    pub fn new() -> Self {
        Self { hub: Hub::new("a.test"), devices: Vec::new(), now: Timestamp(1_800_000_000_000) }
    }

    pub fn device(&mut self, name: &str) -> usize {
        self.device_on(name, Arc::new(MemoryStore::new()))
    }

    pub fn device_on(&mut self, name: &str, store: Arc<dyn LocalStore>) -> usize {
        self.devices.push(Device {
            name: name.to_owned(),
            client: Client::open(Arc::clone(&store)).unwrap(),
            store,
            effects: VecDeque::new(),
            events: Vec::new(),
            connected: false,
            delivered: 0,
            caught_up: false,
            deaf: false,
            lose: VecDeque::new(),
            delay: VecDeque::new(),
            late: Vec::new(),
            lose_submissions: 0,
            submitted: Vec::new(),
        });
        self.devices.len() - 1
    }

    /// A person with an account, online.
    pub fn person(&mut self, name: &str) -> usize {
        self.person_on(name, Arc::new(MemoryStore::new()))
    }

    /// The same, on a given store.
    pub fn person_on(&mut self, name: &str, store: Arc<dyn LocalStore>) -> usize {
        let at = self.device_on(name, store);
        let now = self.now;
        let identifier = Identifier::AccountName(name.as_bytes().to_vec());
        let domain = self.hub.domain.clone();
        let outcome =
            self.devices[at].client.register(domain, identifier, None, now).unwrap().commit().unwrap();
        self.take(at, outcome);
        self.run();
        at
    }

    /// A further device of a person, as far as the answer to paste there. Returns it with that answer.
    pub fn approve(&mut self, first: usize, name: &str) -> (usize, String) {
        let device = self.device(name);
        let (domain, now) = (self.hub.domain.clone(), self.now);
        let (code, step) = self.devices[device].client.link_request(domain, now).unwrap();
        let outcome = step.commit().unwrap();
        self.take(device, outcome);
        self.act(first, |client, now| client.link_approve(&code, now));
        self.run();
        let answer = self.events(first).into_iter().find_map(|event| match event {
            Event::LinkApproved { answer, .. } => Some(answer),
            _ => None,
        });
        (device, answer.unwrap())
    }

    pub fn link(&mut self, first: usize, name: &str) -> usize {
        let (device, answer) = self.approve(first, name);
        self.act(device, |client, now| client.link_finish(&answer, now));
        self.run();
        device
    }

    /// People with an account and one key package each, and nobody behind them.
    pub fn strangers(&mut self, count: usize) -> Vec<UserUri> {
        (0..count).map(|number| self.stranger(&format!("stranger{number}"), forge::device)).collect()
    }

    /// One of them, whose device is made like this.
    pub fn stranger(&mut self, name: &str, make: Forging) -> UserUri {
        let uri: DeviceUri = format!("mimi://{}/d/{name}/1", self.hub.domain).parse().unwrap();
        let account = ed25519_dalek::SigningKey::from_bytes(&forge::seed(self.hub.accounts.len()));
        let (device, keys) = make(&uri, &account);
        self.hub.directory.enter(&forge::first_set(&device, &account));
        self.hub.accounts.insert(uri.user_uri(), vec![device]);
        self.hub.keys.insert(uri.clone(), keys);
        uri.user_uri()
    }

    pub fn user(&self, at: usize) -> UserUri {
        self.devices[at].client.identity().unwrap().user
    }

    pub fn uri(&self, at: usize) -> DeviceUri {
        self.devices[at].client.identity().unwrap().device
    }

    pub fn take(&mut self, at: usize, outcome: Outcome) {
        self.devices[at].effects.extend(outcome.effects);
        self.devices[at].events.extend(outcome.events);
    }

    pub fn feed(&mut self, at: usize, inputs: Vec<Input>) {
        let outcome = self.devices[at].client.handle_all(inputs, self.now).unwrap().commit().unwrap();
        self.take(at, outcome);
    }

    /// Runs until nothing moves; time passes only when everything waits.
    pub fn run(&mut self) {
        for _ in 0..400 {
            let mut moved = false;
            for at in 0..self.devices.len() {
                while let Some(effect) = self.devices[at].effects.pop_front() {
                    moved |= self.perform(at, effect);
                }
                moved |= self.deliver(at);
            }
            for (device, body) in std::mem::take(&mut self.hub.passing) {
                if let Some(at) = self.at(&device) {
                    self.feed(at, vec![Input::Frame(ServerFrame::Passing { body })]);
                    moved = true;
                }
            }
            if !moved {
                return;
            }
        }
        panic!("the world does not come to rest");
    }

    /// Lets time pass, so that what pauses goes on.
    pub fn pass(&mut self, millis: u64) {
        self.now = self.now.plus_millis(millis);
        for at in 0..self.devices.len() {
            self.feed(at, vec![Input::Time]);
        }
        self.run();
    }

    fn at(&self, uri: &DeviceUri) -> Option<usize> {
        self.devices
            .iter()
            .position(|device| device.client.identity().is_some_and(|identity| identity.device == *uri))
    }

    pub fn deliver(&mut self, at: usize) -> bool {
        self.deliver_some(at, usize::MAX)
    }

    /// Up to `count` entries of the mailbox that were not delivered yet.
    pub fn waiting(&self, at: usize, count: usize) -> Vec<MailboxEntry> {
        let after = self.devices[at].delivered;
        let mailbox = self.hub.mailboxes.get(&self.uri(at)).map(Vec::as_slice).unwrap_or_default();
        let start = mailbox.partition_point(|entry| entry.position <= after);
        mailbox[start..].iter().take(count).cloned().collect()
    }

    pub fn deliver_some(&mut self, at: usize, count: usize) -> bool {
        if self.devices[at].client.identity().is_none()
            || !self.devices[at].connected
            || self.devices[at].deaf
        {
            return false;
        }
        let entries = self.waiting(at, count);
        let Some(last) = entries.last() else {
            let told = std::mem::replace(&mut self.devices[at].caught_up, true);
            if !told {
                self.feed(at, vec![Input::Frame(ServerFrame::CaughtUp)]);
            }
            return !told;
        };
        self.devices[at].delivered = last.position;
        self.feed(at, vec![Input::Frame(ServerFrame::Deliver { entries })]);
        true
    }

    fn perform(&mut self, at: usize, effect: Effect) -> bool {
        match effect {
            Effect::Request(id, request) => self.request(at, id, &request),
            Effect::Frame(frame) => self.frame(at, frame),
            Effect::OpenStream { .. }
                if !self.token(at).is_some_and(|token| self.hub.tokens.contains_key(&token)) =>
            {
                self.feed(at, vec![Input::Disconnected { unauthenticated: true }]);
                true
            }
            Effect::OpenStream { after } => {
                self.devices[at].connected = true;
                self.devices[at].caught_up = false;
                self.devices[at].delivered = after;
                self.feed(at, vec![Input::Connected]);
                true
            }
            Effect::WakeAt(_) => false,
        }
    }

    fn token(&self, at: usize) -> Option<Vec<u8>> {
        let bearer = self.devices[at].client.bearer()?;
        data_encoding::BASE64URL_NOPAD.decode(bearer.as_bytes()).ok()
    }

    fn request(&mut self, at: usize, id: RequestId, request: &trefoil_client::HttpRequest) -> bool {
        self.hub.now = self.now;
        let response = self.hub.http(self.token(at), request);
        let lost = self.devices[at].lose.front().is_some_and(|part| request.path.contains(part));
        let late = self.devices[at].delay.front().is_some_and(|part| request.path.contains(part));
        if late {
            self.devices[at].delay.pop_front();
            self.devices[at].late.push(Input::Response { request: id, response });
        } else if lost {
            self.devices[at].lose.pop_front();
            self.feed(at, vec![Input::Failed { request: id }]);
        } else {
            self.feed(at, vec![Input::Response { request: id, response }]);
        }
        true
    }

    fn frame(&mut self, at: usize, frame: ClientFrame) -> bool {
        if !self.devices[at].connected {
            return false;
        }
        self.devices[at].submitted.push(frame.clone());
        if let ClientFrame::Submit { tag, room, request } = frame {
            let from = self.uri(at);
            let answer = self.hub.submit(&from, tag, &room, &request);
            if self.devices[at].lose_submissions > 0 {
                self.devices[at].lose_submissions -= 1;
                self.disconnect(at);
            } else {
                self.feed(at, vec![Input::Frame(answer)]);
            }
            return true;
        }
        false
    }

    /// The late answers come.
    pub fn catch_up_with_answers(&mut self, at: usize) {
        let late = std::mem::take(&mut self.devices[at].late);
        self.feed(at, late);
        self.run();
    }

    pub fn disconnect(&mut self, at: usize) {
        self.devices[at].connected = false;
        self.devices[at].effects.retain(|effect| !matches!(effect, Effect::Frame(_)));
        self.feed(at, vec![Input::Disconnected { unauthenticated: false }]);
    }

    /// The process dies and starts again: only the store is left.
    pub fn crash(&mut self, at: usize) {
        let device = &mut self.devices[at];
        device.effects.clear();
        device.connected = false;
        device.client = Client::open(Arc::clone(&device.store)).unwrap();
        let outcome = device.client.go_online(self.now).unwrap().commit().unwrap();
        self.take(at, outcome);
    }

    /// Feeds the outcome of a command.
    pub fn act(
        &mut self,
        at: usize,
        command: impl FnOnce(
            &mut Client,
            Timestamp,
        ) -> Result<trefoil_client::Step<'_>, trefoil_client::ClientError>,
    ) {
        let now = self.now;
        let outcome = command(&mut self.devices[at].client, now).unwrap().commit().unwrap();
        self.take(at, outcome);
    }

    pub fn create(&mut self, at: usize, people: &[usize], suite: trefoil_client::Suite) -> RoomUri {
        let people: Vec<_> = people.iter().map(|at| self.user(*at)).collect();
        let now = self.now;
        let (room, step) = self.devices[at].client.create_room_with("Tea", &people, suite, now).unwrap();
        let outcome = step.commit().unwrap();
        self.take(at, outcome);
        self.run();
        room
    }

    pub fn say(&mut self, at: usize, room: &RoomUri, text: &str) -> conversation::MessageId {
        let now = self.now;
        let draft = compose::text(text, &[]).unwrap();
        let (id, step) = self.devices[at].client.send(room, draft, now).unwrap();
        let outcome = step.commit().unwrap();
        self.take(at, outcome);
        id
    }

    /// Forwards a message to rooms of the same person.
    pub fn forward(
        &mut self,
        at: usize,
        (from, id): (&RoomUri, conversation::MessageId),
        to: &[RoomUri],
    ) -> Result<Vec<conversation::MessageId>, trefoil_client::ClientError> {
        let now = self.now;
        let client = &mut self.devices[at].client;
        let draft = client.forwardable(from, id, to.len())?;
        let (ids, step) = client.send_all(to.iter().map(|room| (room.clone(), draft.clone())), now)?;
        let outcome = step.commit().unwrap();
        self.take(at, outcome);
        Ok(ids)
    }

    /// Somebody takes up a room into which a stranger brought them.
    pub fn take_up(&mut self, at: usize, room: &RoomUri) {
        self.act(at, |client, now| client.mark_room(room, &[conversation::Mark::Accepted], now));
        self.run();
    }

    pub fn events(&mut self, at: usize) -> Vec<Event> {
        std::mem::take(&mut self.devices[at].events)
    }

    /// The texts of a room's timeline, in order.
    pub fn texts(&self, at: usize, room: &RoomUri) -> Vec<String> {
        texts(&self.devices[at].store, room)
    }

    pub fn epoch(&mut self, at: usize, room: &RoomUri) -> u64 {
        self.devices[at].client.room(room).unwrap().unwrap().epoch
    }
}

pub fn texts(store: &Arc<dyn LocalStore>, room: &RoomUri) -> Vec<String> {
    let overlay = trefoil_client::overlay::Overlay::new(Arc::clone(store));
    let lines = conversation::timeline(&overlay, room, Cursor::Newest, 1000).unwrap();
    lines
        .into_iter()
        .filter_map(|line| match line {
            Item::Message(message) => message.body.and_then(|body| body.text),
            Item::Note(_) => None,
        })
        .collect()
}
