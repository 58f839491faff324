//! The task that keeps one account: it alone touches the agent, does what handlers ask one after the other, and tells the
//! windows what happened.

mod keeping;
mod telling;

use super::{
    error::{Answer, Problem},
    hub::{Happening, Hub},
    shape::{self, Account, Connection, Recovery, Said, Warning},
};
use crate::{
    agent::{Agent, AgentError, Way},
    clock,
};
use futures_util::{FutureExt as _, future::BoxFuture};
use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};
use tokio::{
    sync::{broadcast, mpsc, oneshot, watch},
    time::Instant,
};
use trefoil_client::{
    ClientError, Event,
    alarm::{Alarm, AlarmId},
    backup::RecoveryState,
    boundaries::{self, Reception},
    conversation,
    overlay::Overlay,
};
use trefoil_proto::{RoomUri, UserUri, content::picture::Picture};

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
    /// Nothing more: the account is closed, and this is dropped then.
    Close(oneshot::Sender<()>),
}

/// An account, as handlers reach it.
#[derive(Clone)]
pub struct Keeper {
    jobs: mpsc::Sender<Job>,
    events: broadcast::Sender<Arc<Event>>,
    told: watch::Receiver<Option<Account>>,
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
    told: watch::Sender<Option<Account>>,
    /// Names the picture of this person: it is looked at with every turn, and the picture itself is not small.
    picture: Option<String>,
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
        let (say, told) = watch::channel(None);
        let kept = Kept {
            history_awaited: Kept::awaits_history(&agent),
            picture: picture_of(&agent),
            agent,
            id: id.clone(),
            told: say,
            gone: false,
            hub: hub.clone(),
            keeping: false,
            keep_after: Instant::now(),
            history_after: Instant::now(),
        };
        let keeper = Self { events: events.clone(), way, id, told: told.clone(), jobs: jobs.clone() };
        let kept = AssertUnwindSafe(keep(kept, jobs.downgrade(), queue, events)).catch_unwind();
        tokio::spawn(async move {
            if kept.await.is_err()
                && let Some(account) = told.borrow().clone()
            {
                // What it was, the panic has said.
                hub.tell(&Happening::Account { account: Box::new(account.stopped()) });
            }
        });
        keeper
    }

    /// The account as it is now, or as it was last if its task failed; nothing if that came first.
    pub async fn account(&self) -> Option<Account> {
        match self.with(|kept| Ok(kept.account())).await {
            Ok(account) => Some(account),
            Err(_) => self.told.borrow().clone().map(Account::stopped),
        }
    }

    /// Waits until the service, which is or will be away, is there again.
    pub async fn comes_online(&self) {
        let is_online = |told: &Option<Account>| {
            told.as_ref().is_some_and(|account| account.connection == Connection::Online)
        };
        let mut told = self.told.clone();
        let away = told.wait_for(|told| !is_online(told)).await.is_ok();
        if !away || told.wait_for(is_online).await.is_err() {
            // The account is closed: that never happens.
            std::future::pending().await
        }
    }

    /// Closes the account: what its service waits to hear is sent first.
    pub async fn close(&self) {
        let (say, closed) = oneshot::channel();
        if self.jobs.send(Job::Close(say)).await.is_ok() {
            // It is dropped when all is done.
            let _ = closed.await;
        }
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

    /// Whether the account was closed.
    pub fn is_closed(&self) -> bool {
        self.jobs.is_closed()
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
        kept.alarm(None, Warning::new("core-failed", error.to_string()));
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
                        Job::Close(closed) => {
                            queue.close();
                            kept.agent.close().await;
                            drop(closed);
                            return;
                        }
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
                kept.alarm(None, Warning::new("core-failed", error.to_string()));
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

    /// Chooses the picture that others see, or takes it away.
    ///
    /// # Errors
    /// The core failed.
    pub fn set_picture(&mut self, picture: Option<&Picture>) -> Answer<()> {
        self.agent.act(|client, now| client.set_picture(picture, now))?;
        self.picture = picture_of(&self.agent);
        Ok(())
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
        let Reception { silence_unknown, strict } = boundaries::reception(&self.store()).unwrap_or_default();
        Account {
            id: self.id.clone(),
            user: identity.as_ref().map(|me| me.user.to_string()).unwrap_or_default(),
            domain: service.as_ref().map(|service| service.domain.to_string()).unwrap_or_default(),
            profile: service
                .map(|service| shape::profile_name(service.profile).to_owned())
                .unwrap_or_default(),
            service_url: self.agent.service().address(),
            name: self.agent.client.display_name().ok().flatten().unwrap_or_default(),
            picture: self.picture.clone(),
            primary: identity.is_some_and(|me| me.primary),
            connection,
            connection_error: failure,
            recovery: self.agent.client.recovery_state().map_or(Recovery::None, recovery),
            silence_unknown,
            strict,
            devices: self.agent.client.own_devices().map_or(0, |devices| devices.len()),
        }
    }

    /// Keeps something that is no line of a room until the person has seen it, and tells the windows.
    pub fn alarm(&self, room: Option<&RoomUri>, warning: Warning) {
        let what = warning.what.clone();
        let Ok(said) = serde_json::to_vec(&Said::new(room, warning)) else { return };
        let (alarm, mut store) = (Alarm::new(said, clock::now()), self.store());
        let kept = alarm.keep(&mut store).and_then(|()| Ok(store.commit()?));
        if let Err(error) = kept {
            tracing::error!(%error, what, "an alarm is not kept for windows that are opened later");
        }
        if let Some(told) = shape::Alarm::of(&self.id, &alarm) {
            self.hub.tell(&Happening::Alarm(Box::new(told)));
        }
    }

    /// What was to be known about somebody is no longer so.
    fn is_over(&self, what: &str, user: &UserUri) {
        let mut store = self.store();
        let forgotten = Alarm::all(&store).and_then(|kept| {
            for alarm in kept {
                let about = shape::Alarm::of(&self.id, &alarm).map(|told| told.warning);
                if about.is_some_and(|of| of.what == what && of.user == Some(user.to_string())) {
                    Alarm::forget(&mut store, alarm.id);
                }
            }
            Ok(store.commit()?)
        });
        if let Err(error) = forgotten {
            tracing::error!(%error, what, "an alarm that is over is kept");
        }
    }

    /// What the person has not seen yet.
    ///
    /// # Errors
    /// The store failed.
    pub fn alarms(&self) -> Answer<Vec<shape::Alarm>> {
        let kept = Alarm::all(&self.store())?;
        Ok(kept.iter().filter_map(|alarm| shape::Alarm::of(&self.id, alarm)).collect())
    }

    /// The person has seen something.
    ///
    /// # Errors
    /// The store failed.
    pub fn seen(&self, alarm: AlarmId) -> Answer<()> {
        let mut store = self.store();
        Alarm::forget(&mut store, alarm);
        Ok(store.commit()?)
    }
}

fn picture_of(agent: &Agent) -> Option<String> {
    agent.client.picture().ok().flatten().as_ref().map(conversation::version_of)
}

/// How recovery stands, by its name in the API.
pub(super) fn recovery(state: RecoveryState) -> Recovery {
    match state {
        RecoveryState::None => Recovery::None,
        RecoveryState::Unconfirmed => Recovery::Unconfirmed,
        RecoveryState::Confirmed => Recovery::Confirmed,
    }
}
