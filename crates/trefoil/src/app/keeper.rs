//! The task that keeps one account: it alone touches the agent, does what handlers ask one after the other, and tells the
//! windows what happened.

use super::{
    error::{Answer, Problem},
    hub::{Happening, Hub},
    shape::{self, Account, Connection, Item, Recovery},
};
use crate::{
    agent::{Agent, AgentError, Way},
    backup, link,
    person::PersonError,
    show,
};
use futures_util::{FutureExt as _, future::BoxFuture};
use std::{collections::BTreeSet, sync::Arc, time::Duration};
use tokio::{
    sync::{broadcast, mpsc, oneshot},
    time::Instant,
};
use trefoil_client::{
    ClientError, Event, Side,
    backup::{BackupStep, Put, RecoveryState},
    conversation::{self, ConversationEvent as Talk, Cursor},
    overlay::Overlay,
};
use trefoil_proto::{RoomUri, UserUri, content::MessageId};

/// Longest wait for something to happen before looking around.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// How long a change waits for others before the backup takes them.
const BACKUP_PAUSE: Duration = Duration::from_secs(3);
/// How often history from the first device is looked for.
const HISTORY_AGAIN: Duration = Duration::from_secs(2);
/// How long a backup that failed waits.
const BACKUP_AGAIN: Duration = Duration::from_secs(60);
/// What handlers may have asked for at once.
const ASKED: usize = 64;

type Act = Box<dyn FnOnce(&mut Kept) + Send>;
type ActWhile = Box<dyn for<'k> FnOnce(&'k mut Kept) -> BoxFuture<'k, ()> + Send>;

/// What a handler has the task do.
enum Job {
    /// At once.
    Now(Act),
    /// With requests of its own, while everything else of the account waits.
    While(ActWhile),
}

/// An account, as handlers reach it.
#[derive(Clone)]
pub struct Keeper {
    jobs: mpsc::Sender<Job>,
    events: broadcast::Sender<Arc<Event>>,
    /// For files.
    pub way: Way,
    /// Names the account on this device.
    pub id: String,
}

/// What the task holds.
pub struct Kept {
    /// The device.
    pub agent: Agent,
    /// Names the account on this device.
    pub id: String,
    told: Option<Account>,
    gone: bool,
    hub: Hub,
    /// A request of the backup is under way.
    keeping: bool,
    /// The backup is not looked at before.
    keep_after: Instant,
    /// History is to come from the account's first device.
    history_awaited: bool,
    /// It is not looked for before.
    history_after: Instant,
}

impl Keeper {
    /// Goes online and keeps the account until the last handle to it is dropped.
    pub fn start(agent: Agent, id: String, hub: Hub) -> Self {
        let (jobs, queue) = mpsc::channel(ASKED);
        let events = broadcast::Sender::new(256);
        let way = agent.way();
        let kept = Kept {
            history_awaited: Kept::awaits_history(&agent),
            agent,
            id: id.clone(),
            told: None,
            gone: false,
            hub,
            keeping: false,
            keep_after: Instant::now(),
            history_after: Instant::now(),
        };
        tokio::spawn(keep(kept, jobs.downgrade(), queue, events.clone()));
        Self { jobs, events, way, id }
    }

    /// Has the task do something, and gives what came of it.
    ///
    /// # Errors
    /// Those of `act`; the account is being closed.
    pub async fn with<T: Send + 'static>(
        &self,
        act: impl FnOnce(&mut Kept) -> Answer<T> + Send + 'static,
    ) -> Answer<T> {
        let (give, take) = oneshot::channel();
        let job = Job::Now(Box::new(move |kept| {
            // Who asked may have gone; what was asked is done all the same.
            let _ = give.send(act(kept));
        }));
        let closed = || Problem::internal("the account is being closed");
        self.jobs.send(job).await.map_err(|_| closed())?;
        take.await.map_err(|_| closed())?
    }

    /// Has the task do something that asks the service by itself; everything else of the account waits meanwhile.
    ///
    /// # Errors
    /// Those of `act`; the account is being closed.
    pub async fn with_whole<T: Send + 'static>(
        &self,
        act: impl for<'k> FnOnce(&'k mut Kept) -> BoxFuture<'k, Answer<T>> + Send + 'static,
    ) -> Answer<T> {
        let (give, take) = oneshot::channel();
        let job = Job::While(Box::new(move |kept| {
            async move {
                // Who asked may have gone; what was asked is done all the same.
                let _ = give.send(act(kept).await);
            }
            .boxed()
        }));
        let closed = || Problem::internal("the account is being closed");
        self.jobs.send(job).await.map_err(|_| closed())?;
        take.await.map_err(|_| closed())?
    }

    /// Has the task do something, and waits for the event that answers it.
    ///
    /// # Errors
    /// Those of `act`; nothing answered in time.
    pub async fn with_answer<T: Send + 'static>(
        &self,
        limit: Duration,
        act: impl FnOnce(&mut Kept) -> Answer<()> + Send + 'static,
        mut answer: impl FnMut(&Event) -> Option<Answer<T>>,
    ) -> Answer<T> {
        let mut events = self.events.subscribe();
        self.with(act).await?;
        let waited = tokio::time::timeout(limit, async {
            loop {
                match events.recv().await {
                    Ok(event) => {
                        if let Some(answer) = answer(&event) {
                            return answer;
                        }
                    }
                    Err(broadcast::error::RecvError::Lagged(_)) => {}
                    Err(broadcast::error::RecvError::Closed) => {
                        return Err(Problem::internal("the account is being closed"));
                    }
                }
            }
        });
        waited.await.unwrap_or_else(|_| Err(AgentError::TooSlow.into()))
    }
}

async fn keep(
    mut kept: Kept,
    jobs: mpsc::WeakSender<Job>,
    mut queue: mpsc::Receiver<Job>,
    heard: broadcast::Sender<Arc<Event>>,
) {
    if kept.agent.client.identity().is_some()
        && let Err(error) = kept.agent.go_online()
    {
        kept.alarm(None, "core-failed", error.to_string());
    }
    loop {
        kept.tell_account();
        kept.back_up(&jobs);
        kept.look_for_history().await;
        let wait = match () {
            () if kept.history_awaited => HISTORY_AGAIN,
            () if kept.is_waiting_to_back_up() => BACKUP_PAUSE,
            () => LONGEST_WAIT,
        };
        let events = tokio::select! {
            biased;
            job = queue.recv() => match job {
                Some(job) => {
                    match job {
                        Job::Now(act) => act(&mut kept),
                        Job::While(act) => act(&mut kept).await,
                    }
                    // What the job caused is shown before the next one.
                    kept.agent.turn(Duration::ZERO).await
                }
                None => break,
            },
            events = kept.agent.turn(wait) => events,
        };
        match events {
            Ok(events) => {
                kept.tell(&events);
                for event in events {
                    // Only handlers that wait for an answer listen.
                    let _ = heard.send(Arc::new(event));
                }
            }
            Err(error) => {
                kept.alarm(None, "core-failed", error.to_string());
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
    }
    kept.agent.close().await;
}

impl Kept {
    /// The person, once the device has an account.
    ///
    /// # Errors
    /// It has none yet.
    pub fn me(&self) -> Answer<UserUri> {
        let identity = self.agent.client.identity();
        identity.map(|me| me.user).ok_or_else(|| ClientError::NoAccount.into())
    }

    /// The store, to read from.
    pub fn store(&self) -> Overlay {
        Overlay::new(self.agent.client.store().clone())
    }

    /// The account as it is now.
    pub fn account(&self) -> Account {
        let identity = self.agent.client.identity();
        let failure = self.agent.last_failure().map(ToString::to_string);
        let connection = match (&identity, self.gone, self.agent.is_caught_up(), &failure) {
            (None, ..) => Connection::Unlinked,
            (_, true, ..) => Connection::Removed,
            (_, _, true, _) => Connection::Online,
            (_, _, false, Some(_)) => Connection::Offline,
            (_, _, false, None) => Connection::Connecting,
        };
        let service = self.agent.client.service().ok().flatten();
        Account {
            id: self.id.clone(),
            user: identity.as_ref().map(|me| me.user.to_string()).unwrap_or_default(),
            domain: service.as_ref().map(|service| service.domain.to_string()).unwrap_or_default(),
            profile: service
                .map(|service| shape::profile_name(service.profile).to_owned())
                .unwrap_or_default(),
            service_url: self.agent.service().address(),
            name: self.agent.client.display_name().ok().flatten().unwrap_or_default(),
            primary: identity.is_some_and(|me| me.primary),
            connection,
            connection_error: failure,
            recovery: self.agent.client.recovery().map_or(Recovery::None, |view| recovery(view.state)),
            devices: self.agent.client.own_devices().map_or(0, |devices| devices.len()),
        }
    }

    /// Tells the windows of something that is no line of a room.
    pub fn alarm(&self, room: Option<String>, what: &str, text: String) {
        self.hub.tell(&Happening::Alarm { account: self.id.clone(), room, what: what.to_owned(), text });
    }

    /// Tells the windows how a room stands now.
    pub fn tell_room(&mut self, room: &RoomUri) {
        match shape::room(&mut self.agent.client, &self.id, room) {
            Ok(Some(room)) => self.hub.tell(&Happening::Room { room: Box::new(room) }),
            Ok(None) => {}
            Err(error) => tracing::error!(%error, "a room could not be read"),
        }
    }

    /// On a device that was linked: takes in the history that the first device sent, once it is there.
    async fn look_for_history(&mut self) {
        let awaited =
            self.history_awaited && self.agent.is_caught_up() && Instant::now() >= self.history_after;
        if !awaited {
            return;
        }
        self.history_after = Instant::now() + HISTORY_AGAIN;
        match link::fetch_history(&mut self.agent, |_, _| {}).await {
            Ok(true) => {
                self.history_awaited = false;
                // Every window shows other timelines now.
                self.hub.tell(&Happening::Behind);
            }
            Ok(false) => {}
            Err(error) => tracing::warn!(%error, "the history from the first device is not here yet"),
        }
    }

    /// Whether history is still to come from the account's first device.
    fn awaits_history(agent: &Agent) -> bool {
        let links = agent.client.links().unwrap_or_default();
        links.iter().any(|link| link.side == Side::New && !link.done)
    }

    /// From now on history is looked for.
    pub fn await_history(&mut self) {
        self.history_awaited = Self::awaits_history(&self.agent);
    }

    fn is_waiting_to_back_up(&self) -> bool {
        !self.keeping && self.agent.client.recovery().is_ok_and(|view| view.waiting)
    }

    /// Sends the next part of the backup, beside everything else.
    fn back_up(&mut self, jobs: &mpsc::WeakSender<Job>) {
        let due = self.agent.is_settled() && Instant::now() >= self.keep_after;
        if !due || !self.is_waiting_to_back_up() {
            return;
        }
        let step = match self.agent.act_for(|client, now| client.back_up(now)) {
            Ok(BackupStep::Done | BackupStep::Off) => {
                self.keep_after = Instant::now() + BACKUP_PAUSE;
                return;
            }
            Ok(step) => step,
            Err(error) => return self.backup_failed(&error),
        };
        self.keeping = true;
        let (way, jobs) = (self.agent.way(), jobs.clone());
        tokio::spawn(async move {
            let put = backup::carry(&way, &step).await;
            let job = Job::Now(Box::new(move |kept| kept.backed_up(&step, put)));
            if let Some(jobs) = jobs.upgrade() {
                // The account is being closed; what was not told is found out at the next start.
                let _ = jobs.send(job).await;
            }
        });
    }

    fn backed_up(&mut self, step: &BackupStep, put: Result<Put, PersonError>) {
        self.keeping = false;
        let taken = match put {
            Ok(put) => self
                .agent
                .act(|client, now| client.backup_answered(step, put, now))
                .map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        if let Err(error) = taken {
            self.backup_failed(&error);
        }
    }

    fn backup_failed(&mut self, error: &dyn std::fmt::Display) {
        tracing::warn!(%error, "the backup is not up to date");
        self.keep_after = Instant::now() + BACKUP_AGAIN;
    }

    fn tell_account(&mut self) {
        let now = self.account();
        if self.told.as_ref() != Some(&now) {
            self.hub.tell(&Happening::Account { account: Box::new(now.clone()) });
            self.told = Some(now);
        }
    }

    /// Tells the windows of what happened, each line and each room once.
    fn tell(&mut self, events: &[Event]) {
        self.gone |= events.iter().any(|event| matches!(event, Event::Unauthenticated { .. }));
        if self.hub.is_alone() || events.is_empty() {
            return;
        }
        let (mut lines, mut rooms, mut noted) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        for event in events {
            match event {
                Event::Conversation(talk) => self.sort(talk, &mut lines, &mut rooms, &mut noted),
                other => self.tell_other(other, &mut rooms),
            }
        }
        for (room, id) in lines {
            self.tell_line(&room, id);
            rooms.insert(room);
        }
        for room in noted {
            self.tell_newest_notes(&room);
            rooms.insert(room);
        }
        for room in rooms {
            self.tell_room(&room);
        }
    }

    fn sort(
        &self,
        talk: &Talk,
        lines: &mut BTreeSet<(RoomUri, MessageId)>,
        rooms: &mut BTreeSet<RoomUri>,
        noted: &mut BTreeSet<RoomUri>,
    ) {
        match talk {
            Talk::Added { room, id, .. }
            | Talk::Edited { room, id }
            | Talk::Unsent { room, id }
            | Talk::Reactions { room, id }
            | Talk::Status { room, id, .. }
            | Talk::Votes { room, id }
            | Talk::Outgoing { room, id, .. } => {
                lines.insert((room.clone(), *id));
            }
            Talk::Expired { room, id } | Talk::Discarded { room, id } => {
                let (account, room_uri, message) = (self.id.clone(), room.to_string(), id.to_string());
                self.hub.tell(&Happening::Gone { account, room: room_uri, message });
                rooms.insert(room.clone());
            }
            Talk::Typing { room, user, started } => {
                let name =
                    conversation::profile(&self.store(), room, user).ok().flatten().unwrap_or_default();
                self.hub.tell(&Happening::Typing {
                    account: self.id.clone(),
                    room: room.to_string(),
                    user: user.to_string(),
                    name,
                    writing: *started,
                });
            }
            Talk::Noted { room } => {
                noted.insert(room.clone());
            }
            Talk::Opened { room, id } => {
                lines.insert((room.clone(), *id));
            }
            Talk::Profile { room, .. }
            | Talk::Read { room, .. }
            | Talk::Timer { room }
            | Talk::Marked { room } => {
                rooms.insert(room.clone());
            }
            Talk::Refused { .. } => {}
        }
    }

    fn tell_other(&self, event: &Event, rooms: &mut BTreeSet<RoomUri>) {
        if let Some(refused) = show::refusal(event) {
            let Event::ChangeRefused { room, .. } = event else { return };
            rooms.insert(room.clone());
            return self.alarm(Some(room.to_string()), "change-refused", refused.to_string());
        }
        match event {
            Event::RoomJoined { room, .. } | Event::RoomLeft { room, .. } => {
                rooms.insert(room.clone());
            }
            Event::CaughtUp | Event::Registered { .. } | Event::Linked { .. } => {}
            other => {
                // Those of a room are lines there as well.
                if let Ok(Some(show::Shown::Event(happened))) = show::event(&self.agent, other) {
                    let room = happened.room.as_ref().and_then(|room| room.parse().ok());
                    let in_room = room.is_some();
                    rooms.extend(room);
                    if !in_room && let Some(text) = happened.detail {
                        self.alarm(happened.room, happened.event, text);
                    }
                }
            }
        }
    }

    fn tell_line(&self, room: &RoomUri, id: MessageId) {
        let store = self.store();
        let Ok(me) = self.me() else { return };
        let told = conversation::message(&store, room, id)
            .and_then(|found| found.map(|kept| shape::message(&store, &me, room, kept)).transpose());
        match told {
            Ok(Some(message)) => self.hub.tell(&Happening::Item {
                account: self.id.clone(),
                room: room.to_string(),
                item: Box::new(Item::Message(Box::new(message))),
            }),
            Ok(None) => {}
            Err(error) => tracing::error!(%error, "a message could not be read"),
        }
    }

    /// Lines about people come without an id: the newest few are told, those that were told before change nothing.
    fn tell_newest_notes(&self, room: &RoomUri) {
        const FEW: usize = 8;
        let store = self.store();
        let Ok(me) = self.me() else { return };
        for kept in conversation::timeline(&store, room, Cursor::Newest, FEW).unwrap_or_default() {
            if let conversation::Item::Note(_) = kept
                && let Ok(item) = shape::item(&store, &me, room, kept)
            {
                let (account, room) = (self.id.clone(), room.to_string());
                self.hub.tell(&Happening::Item { account, room, item: Box::new(item) });
            }
        }
    }
}

/// How recovery stands, by its name in the API.
pub(super) fn recovery(state: RecoveryState) -> Recovery {
    match state {
        RecoveryState::None => Recovery::None,
        RecoveryState::Unconfirmed => Recovery::Unconfirmed,
        RecoveryState::Confirmed => Recovery::Confirmed,
    }
}
