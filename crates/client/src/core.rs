//! The heart: one step at a time over store and memory, and what to ask of the service next.

use crate::{
    ClientError, Effect, Event, HttpRequest, Method, Outcome, RequestId,
    conversation::{self, Draft},
    directory::Directories,
    error::mls,
    live::{Job, Live, Stream},
    mls::{credential::Me, provider::Provider, storage::Storage},
    overlay::Overlay,
    room::Room,
    rows::{self, AccountRow, ROOMS, Row as _, name},
    verification::Contacts,
};
use std::{
    cell::RefMut,
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};
use trefoil_proto::{RoomUri, Timestamp, UserUri, frame::ClientFrame};
use trefoil_store::{KeyRange, LocalStore};

/// All state of a client, and the step under way.
pub(crate) struct Core {
    pub(crate) store: Arc<dyn LocalStore>,
    pub(crate) provider: Provider,
    pub(crate) me: Option<Arc<Me>>,
    pub(crate) live: Live,
    /// People whose account key was compared.
    pub(crate) contacts: Contacts,
    /// The contacts, as long as nothing happened since they were looked up.
    pub(crate) known: Option<Arc<BTreeSet<UserUri>>>,
    /// What is being found out about people's keys.
    pub(crate) directories: Directories,
    /// `live`, `me` and `contacts` before the step, for rolling back.
    before: Option<(Live, Option<Arc<Me>>, Contacts)>,
    /// Rooms in memory. Those of a step that is rolled back are dropped and loaded again.
    pub(crate) rooms: HashMap<RoomUri, Room>,
    /// Answers to what was received in this step.
    pub(crate) follow_ups: BTreeMap<RoomUri, Vec<Draft>>,
    /// Rooms that this step opened: the own name is to be sent there.
    pub(crate) introductions: Vec<RoomUri>,
    /// Rooms into which somebody came in this step, and this device tells them what was said of it.
    pub(crate) retellings: BTreeSet<RoomUri>,
    /// The position to acknowledge after this step.
    pub(crate) acknowledge: Option<u64>,
    effects: Vec<Effect>,
    events: Vec<Event>,
}

impl Core {
    /// Loads what a client starts from.
    pub(crate) fn open(store: Arc<dyn LocalStore>) -> Result<Self, ClientError> {
        let provider = Provider::new(Storage::new(Overlay::new(Arc::clone(&store))));
        let mut core = Self {
            store,
            provider,
            me: None,
            live: Live::default(),
            contacts: Contacts::default(),
            known: None,
            directories: Directories::default(),
            before: None,
            rooms: HashMap::new(),
            follow_ups: BTreeMap::new(),
            introductions: Vec::new(),
            retellings: BTreeSet::new(),
            acknowledge: None,
            effects: Vec::new(),
            events: Vec::new(),
        };
        let account = AccountRow::read(&core.tx(), rows::ACCOUNT, name::ME)?;
        core.me = account.map(|row| Arc::new(row.load()));
        let contacts = Contacts::load(&core.tx())?;
        core.contacts = contacts;
        let complete = conversation::is_index_complete(&core.tx())?;
        core.live.indexing = !complete;
        let rooms = core.tx().scan(ROOMS, &KeyRange::all(), usize::MAX, false)?;
        for (key, _) in rooms {
            if let Some(room) = std::str::from_utf8(&key).ok().and_then(|text| text.parse().ok()) {
                core.live.busy.insert(room);
            }
        }
        Ok(core)
    }

    /// The step's changes. Not to be held across other calls on the core.
    pub(crate) fn tx(&self) -> RefMut<'_, Overlay> {
        self.provider.storage.overlay()
    }

    /// Opens a step.
    pub(crate) fn begin(&mut self) {
        self.known = None;
        self.before = Some((self.live.clone(), self.me.clone(), self.contacts.clone()));
    }

    pub(crate) fn emit(&mut self, event: Event) {
        self.events.push(event);
    }

    pub(crate) fn effect(&mut self, effect: Effect) {
        self.effects.push(effect);
    }

    /// Finishes a step's changes: rooms are written, ratchet states once each, and what follows is asked for.
    pub(crate) fn seal(&mut self, now: Timestamp) -> Result<(), ClientError> {
        self.queue_follow_ups(now)?;
        self.introduce(now)?;
        self.retell(now)?;
        self.expire(now)?;
        self.index(now)?;
        self.pump(now)?;
        for room in self.rooms.values_mut() {
            room.write(&self.provider)?;
        }
        // A ratchet that moved and is not written would be used again after a restart.
        if self.provider.storage.is_due() {
            return Err(mls("write every ratchet state")("a group's room is not in memory"));
        }
        if let Some(through) = self.acknowledge.take()
            && self.live.stream == Stream::Open
        {
            self.effects.push(Effect::Frame(ClientFrame::Acknowledge { through }));
        }
        if let Some(time) = self.live.wake.take() {
            self.effects.push(Effect::WakeAt(time));
        }
        Ok(())
    }

    /// What has fallen due disappears with whatever step comes first, and a wake-up is asked for the next.
    fn expire(&mut self, now: Timestamp) -> Result<(), ClientError> {
        let (events, next) = conversation::expire(&mut self.tx(), now)?;
        for event in events {
            self.emit(Event::Conversation(event));
        }
        if let Some(time) = next {
            self.live.wake_at(time);
        }
        Ok(())
    }

    /// Some more of what was said before there was an index of words.
    fn index(&mut self, now: Timestamp) -> Result<(), ClientError> {
        if self.live.indexing {
            let complete = conversation::catch_up_index(&mut self.tx())?;
            self.live.indexing = !complete;
            if self.live.indexing {
                self.live.wake_at(now);
            }
        }
        Ok(())
    }

    pub(crate) fn commit(&mut self) -> Result<Outcome, ClientError> {
        let written = self.tx().commit();
        if let Err(error) = written {
            self.roll_back();
            return Err(error.into());
        }
        (self.before, self.known) = (None, None);
        self.rooms.values_mut().for_each(Room::saved);
        self.trim_cache();
        Ok(Outcome { effects: std::mem::take(&mut self.effects), events: std::mem::take(&mut self.events) })
    }

    pub(crate) fn roll_back(&mut self) {
        self.provider.storage.discard();
        self.rooms.retain(|_, room| !room.touched());
        if let Some((live, me, contacts)) = self.before.take() {
            self.live = live;
            self.me = me;
            self.contacts = contacts;
        }
        self.known = None;
        self.directories = Directories::default();
        self.effects.clear();
        self.events.clear();
        self.follow_ups.clear();
        self.introductions.clear();
        self.retellings.clear();
        self.acknowledge = None;
    }

    pub(crate) fn me(&self) -> Result<Arc<Me>, ClientError> {
        self.me.clone().ok_or(ClientError::NoAccount)
    }

    /// Sends a request for a job.
    pub(crate) fn ask(&mut self, job: Job, method: Method, path: String, body: Vec<u8>) {
        let authenticated = !job.is_anonymous();
        self.live.next_request += 1;
        let id = RequestId(self.live.next_request);
        self.live.under_way.insert(id, job);
        self.effects.push(Effect::Request(id, HttpRequest { method, path, body, authenticated }));
    }

    /// Asks for everything that is left to do and may be done now.
    pub(crate) fn pump(&mut self, now: Timestamp) -> Result<(), ClientError> {
        if !self.live.online {
            return Ok(());
        }
        self.pump_service(now)?;
        self.pump_registration(now)?;
        self.pump_recovery(now)?;
        if self.me.is_none() || !self.pump_token(now)? {
            return Ok(());
        }
        self.pump_approvals(now)?;
        self.pump_removals(now)?;
        self.pump_devices(now)?;
        self.pump_keys(now)?;
        self.pump_reach(now)?;
        if self.live.stream == Stream::Closed && self.live.may(&Job::Stream, now) {
            self.live.stream = Stream::Opening;
            let after = self.cursor()?;
            self.effect(Effect::OpenStream { after });
        }
        self.live.busy.extend(self.live.astray.iter().cloned());
        let mut pumped = BTreeSet::new();
        loop {
            // What is found out about a person in one room concerns others.
            let busy: Vec<_> = self.live.busy.difference(&pumped).cloned().collect();
            if busy.is_empty() {
                return self.pump_directories(now);
            }
            for room in busy {
                if !self.pump_room(&room, now)? {
                    self.live.busy.remove(&room);
                }
                pumped.insert(room);
            }
        }
    }

    /// The last mailbox position that is on this device.
    pub(crate) fn cursor(&self) -> Result<u64, ClientError> {
        let row = self.tx().get(rows::ACCOUNT, name::CURSOR)?;
        Ok(row.and_then(|row| rows::last_number(&row)).unwrap_or(0))
    }

    /// Rooms that are to be kept in memory for the next steps.
    pub(crate) fn trim_cache(&mut self) {
        const ROOMS_IN_MEMORY: usize = 256;
        if self.rooms.len() > ROOMS_IN_MEMORY {
            self.rooms.clear();
        }
    }
}
