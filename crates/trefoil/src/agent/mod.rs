//! The loop around the client core: what happened goes in, the step is committed, and only then its effects are
//! performed. Short runs end when nothing is left to send and everything that waited has arrived.

mod line;
mod way;

pub use way::Way;

use crate::{
    clock,
    home::write_private,
    show,
    transport::{Service, TransportError},
};
use line::{Line, Report};
use std::{
    path::{Path, PathBuf},
    time::Duration,
};
use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
    time::{Instant, timeout},
};
use trefoil_client::{
    Client, ClientError, Effect, Event, HttpRequest, HttpResponse, Input, Method, Outcome, RequestId, Step,
};
use trefoil_proto::{Domain, Timestamp, limits, paths};
use zeroize::Zeroizing;

/// Most inputs that are handed to the core in one step, so that memory and the time of a commit stay bounded.
const MOST_AT_ONCE: usize = 64;
/// Failures to reach the service, one after another, after which a short run gives up.
const TRIES: u32 = 3;

/// The core of one person's device, connected to its service.
pub struct Agent {
    /// The core, to be asked; what changes it goes through [`Agent::act`].
    pub client: Client,
    service: Service,
    reports: mpsc::Receiver<Report>,
    reporter: mpsc::Sender<Report>,
    requests: JoinSet<()>,
    token: watch::Sender<Zeroizing<String>>,
    line: Option<Line>,
    generation: u64,
    wake: Option<Timestamp>,
    caught_up: bool,
    failures: u32,
    last_failure: Option<TransportError>,
    events: Vec<Event>,
    /// Where evidence against directories is saved.
    folder: Option<PathBuf>,
    /// Hears every event that a run hands out, and those that were left at its end.
    bystander: Option<fn(&Self, &Event)>,
}

/// What can go wrong while the device talks to its service.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// The core failed.
    #[error("{}", sentence(.0))]
    Core(#[from] ClientError),
    /// The service was not reached; what was to be sent is kept and goes out with the next run.
    #[error("the service was not reached (messages that were sent are kept and go out the next time): {0}")]
    Unreachable(#[source] TransportError),
    /// The service says that it does not know this device.
    #[error(
        "the service no longer knows this device: it was taken off the account, or the account is gone; what it has \
         received stays readable with `trefoil rooms`"
    )]
    Unknown,
    /// Nothing moved for as long as this run was to wait.
    #[error("the service did not finish in time (messages that were sent are kept and go out the next time)")]
    TooSlow,
}

/// A failed call of the core as a sentence that says what to do.
pub fn sentence(error: &ClientError) -> String {
    match error {
        ClientError::Store(_) => {
            "the local store failed: check that the disk is not full, then try again".to_owned()
        }
        ClientError::NoAccount => {
            "this device has no account yet: make one with `trefoil account create`".to_owned()
        }
        ClientError::RoomNotOpen(room) => {
            format!(
                "{room} is not open on this device: run `trefoil receive`; if you left it, you can only read it"
            )
        }
        ClientError::UnknownRoom(room) => format!("{room} is not a room of this device: see `trefoil rooms`"),
        ClientError::BadCode => {
            "that is no linking code, or it is for another device: paste it whole".to_owned()
        }
        ClientError::NoRecoveryCode => {
            "there is no recovery code to confirm: make one with `trefoil account recovery`".to_owned()
        }
        ClientError::OtherRecoveryCode => {
            "this is not the recovery code that was made last: compare it with what you wrote down".to_owned()
        }
        ClientError::BadInvitation => {
            "that is no whole link of an invitation: copy all of it, or ask for another".to_owned()
        }
        ClientError::ThisDevice => {
            "this device holds the account key, and without it nobody can link or remove devices: it stays"
                .to_owned()
        }
        ClientError::NotPrimary => "only the account's first device can do this: do it there".to_owned(),
        ClientError::KeyChanged(user) => show::key_changed(user),
        ClientError::OtherKeyInRoom { user, room } => show::other_key_in_room(user, room),
        ClientError::NoNewKey(user) => format!("{user} shows no new account key: there is nothing to accept"),
        ClientError::UnknownPerson(user) => {
            format!("nothing of {user} has been seen on this device: be in a room with them first")
        }
        ClientError::Oneself => "that is you: give the URI of another person".to_owned(),
        ClientError::Conversation(error) => error.to_string(),
        other => other.to_string(),
    }
}

impl Agent {
    /// Puts a core beside its service; nothing is sent yet.
    pub fn new(client: Client, service: Service) -> Self {
        let (reporter, reports) = mpsc::channel(MOST_AT_ONCE * 2);
        Self {
            client,
            service,
            reports,
            reporter,
            requests: JoinSet::new(),
            token: watch::Sender::new(Zeroizing::default()),
            line: None,
            generation: 0,
            wake: None,
            caught_up: false,
            failures: 0,
            last_failure: None,
            events: Vec::new(),
            folder: None,
            bystander: None,
        }
    }

    /// Has evidence against key directories saved in a folder.
    pub fn save_evidence_in(&mut self, folder: &Path) {
        self.folder = Some(folder.to_owned());
    }

    /// Has somebody hear of what happens while a command does something else.
    pub fn tell(&mut self, bystander: fn(&Self, &Event)) {
        self.bystander = Some(bystander);
    }

    /// The file with the evidence against a directory.
    pub fn evidence_file(&self, directory: &Domain, epoch: u64) -> Option<PathBuf> {
        Some(self.folder.as_ref()?.join(format!("evidence-{}-{epoch}", directory.as_str().replace(':', "-"))))
    }

    /// Authenticates and opens the stream. Reconnecting is the core's own affair from then on.
    ///
    /// # Errors
    /// The core failed.
    pub fn go_online(&mut self) -> Result<(), AgentError> {
        self.act(|client, now| client.go_online(now))?;
        Ok(())
    }

    /// Has the core do something, makes it durable, and performs what follows.
    ///
    /// # Errors
    /// The core refused or failed; nothing was changed.
    pub fn act(
        &mut self,
        command: impl for<'a> FnOnce(&'a mut Client, Timestamp) -> Result<Step<'a>, ClientError>,
    ) -> Result<(), ClientError> {
        self.act_for(|client, now| command(client, now).map(|step| ((), step)))
    }

    /// As [`Agent::act`], for what gives something back.
    ///
    /// # Errors
    /// As [`Agent::act`].
    pub fn act_for<T>(
        &mut self,
        command: impl for<'a> FnOnce(&'a mut Client, Timestamp) -> Result<(T, Step<'a>), ClientError>,
    ) -> Result<T, ClientError> {
        let (value, step) = command(&mut self.client, clock::now())?;
        let outcome = step.commit()?;
        self.carry_out(outcome);
        Ok(value)
    }

    /// Performs the effects of a committed step; its events come out of the next [`Agent::turn`].
    pub fn carry_out(&mut self, outcome: Outcome) {
        for event in &outcome.events {
            self.caught_up |= matches!(event, Event::CaughtUp);
            if let Event::DirectorySplit { directory, epoch, evidence } = event
                && let Some(file) = self.evidence_file(directory, *epoch)
                && let Err(error) = write_private(&file, evidence)
            {
                // The store has it too, and writes it out with `trefoil account directory`.
                tracing::error!(%error, "evidence could not be saved");
            }
        }
        self.events.extend(outcome.events);
        let bearer = self.client.bearer().unwrap_or_default();
        self.token.send_if_modified(|token| {
            let other = *token != bearer;
            *token = bearer;
            other
        });
        for effect in outcome.effects {
            match effect {
                Effect::Request(id, request) => self.request(id, request),
                Effect::Frame(frame) => {
                    // Without a line the frame is dropped; the core sends again what matters when it is connected.
                    if let Some(line) = &self.line {
                        line.send(frame);
                    }
                }
                Effect::OpenStream { after } => self.open_line(after),
                Effect::WakeAt(time) => self.wake = Some(self.wake.map_or(time, |earlier| earlier.min(time))),
            }
        }
    }

    /// Waits until something happens, at most `limit`; hands it to the core; gives what there is to show.
    ///
    /// # Errors
    /// The core failed.
    pub async fn turn(&mut self, limit: Duration) -> Result<Vec<Event>, AgentError> {
        // What is there to show is no reason to leave unheard what came in.
        let limit = if self.events.is_empty() { limit } else { Duration::ZERO };
        self.listen(limit).await?;
        Ok(std::mem::take(&mut self.events))
    }

    /// Goes on until `done` says so, handing every event to `show`. Gives up when the service stays out of reach, or
    /// nothing moves for `patience`.
    ///
    /// # Errors
    /// [`AgentError::Unreachable`], [`AgentError::Unknown`], [`AgentError::TooSlow`], or the core failed.
    pub async fn run_until(
        &mut self,
        patience: Duration,
        mut done: impl FnMut(&Self, &[Event]) -> bool,
        mut show: impl FnMut(&Self, Event),
    ) -> Result<(), AgentError> {
        let mut moved = Instant::now();
        loop {
            let events = std::mem::take(&mut self.events);
            let unknown = events.iter().any(|event| matches!(event, Event::Unauthenticated { .. }));
            let finished = done(self, &events);
            for event in events {
                self.told(&event);
                show(self, event);
            }
            if finished {
                return Ok(());
            }
            if unknown {
                return Err(AgentError::Unknown);
            }
            if self.failures >= TRIES
                && let Some(reason) = self.last_failure.take()
            {
                return Err(AgentError::Unreachable(reason));
            }
            if moved.elapsed() > patience {
                return Err(self.last_failure.take().map_or(AgentError::TooSlow, AgentError::Unreachable));
            }
            if self.listen(patience).await? {
                moved = Instant::now();
            }
        }
    }

    /// Goes on until nothing is left to send and everything that waited at the service has arrived.
    ///
    /// # Errors
    /// As [`Agent::run_until`].
    pub async fn settle(
        &mut self,
        patience: Duration,
        show: impl FnMut(&Self, Event),
    ) -> Result<(), AgentError> {
        self.run_until(patience, |agent, _| agent.is_settled(), show).await
    }

    fn told(&self, event: &Event) {
        if let Some(bystander) = self.bystander {
            bystander(self, event);
        }
    }

    /// Whether nothing is left to send and everything that waited at the service has arrived.
    pub fn is_settled(&self) -> bool {
        self.caught_up && self.client.is_idle()
    }

    /// Sends what is queued on the stream (acknowledgements above all) and closes it.
    pub async fn close(mut self) -> Client {
        self.reports.close();
        for event in std::mem::take(&mut self.events) {
            self.told(&event);
        }
        if let Some(line) = self.line.take() {
            line.close().await;
        }
        self.client
    }

    /// What the transfer of files needs.
    pub fn way(&self) -> Way {
        Way {
            store: self.client.store().clone(),
            service: self.service.clone(),
            token: self.token.subscribe(),
        }
    }

    /// Why the service was not reached the last time, while it is not reached.
    pub const fn last_failure(&self) -> Option<&TransportError> {
        self.last_failure.as_ref()
    }

    /// Whether everything that waited at the service has arrived.
    pub const fn is_caught_up(&self) -> bool {
        self.caught_up
    }

    /// Where the service is.
    pub const fn service(&self) -> &Service {
        &self.service
    }

    /// Waits for reports or the time the core asked for, and handles them in one step. False if nothing came that
    /// moves things on.
    async fn listen(&mut self, limit: Duration) -> Result<bool, AgentError> {
        let until_wake = self.wake.map(|time| Duration::from_millis(time.millis_since(clock::now())));
        let first = timeout(until_wake.map_or(limit, |wake| wake.min(limit)), self.reports.recv()).await;
        let mut inputs = Vec::new();
        let mut moved = false;
        let mut next = first.ok().flatten();
        while let Some(report) = next.take() {
            moved |= self.take_in(report, &mut inputs);
            if inputs.len() < MOST_AT_ONCE {
                next = self.reports.try_recv().ok();
            }
        }
        while self.requests.try_join_next().is_some() {}
        let now = clock::now();
        if self.wake.is_some_and(|time| time <= now) {
            self.wake = None;
            inputs.push(Input::Time);
        }
        if inputs.is_empty() {
            return Ok(moved);
        }
        let outcome = self.client.handle_all(inputs, now)?.commit()?;
        self.carry_out(outcome);
        Ok(moved)
    }

    /// Turns a report into an input. True if the service was heard from.
    fn take_in(&mut self, report: Report, inputs: &mut Vec<Input>) -> bool {
        match report {
            Report::Answered(request, response) => {
                self.reached();
                inputs.push(Input::Response { request, response });
                true
            }
            Report::Failed(request, error) => {
                self.failed(error);
                inputs.push(Input::Failed { request });
                false
            }
            Report::Line(generation, _) if generation != self.generation => false,
            Report::Line(_, line::Change::Open) => {
                self.reached();
                inputs.push(Input::Connected);
                true
            }
            Report::Line(_, line::Change::Frame(frame)) => {
                inputs.push(Input::Frame(frame));
                true
            }
            Report::Line(_, line::Change::Down(error)) => {
                self.line = None;
                self.caught_up = false;
                let unauthenticated = matches!(error, Some(TransportError::StreamRefused(401)));
                if let Some(error) = error {
                    self.failed(error);
                }
                inputs.push(Input::Disconnected { unauthenticated });
                false
            }
        }
    }

    fn reached(&mut self) {
        self.failures = 0;
        self.last_failure = None;
    }

    fn failed(&mut self, error: TransportError) {
        tracing::debug!(%error, "the service was not reached");
        self.failures += 1;
        self.last_failure = Some(error);
    }

    fn request(&mut self, id: RequestId, request: HttpRequest) {
        let token = if request.authenticated { self.client.bearer() } else { None };
        let (service, reporter) = (self.service.clone(), self.reporter.clone());
        self.requests.spawn(async move {
            let method = match request.method {
                Method::Get => http::Method::GET,
                Method::Post => http::Method::POST,
                Method::Delete => http::Method::DELETE,
            };
            let headers = [("content-type", paths::MEDIA_TYPE.to_owned())];
            let limit = limits::HANDSHAKE + limits::REQUEST;
            let body = request.body.into();
            let answer = service
                .request(method, &request.path, token.as_deref().map(String::as_str), &headers, body, limit)
                .await;
            let report = match answer {
                Ok(answer) => {
                    Report::Answered(id, HttpResponse { status: answer.status, body: answer.body.into() })
                }
                Err(error) => Report::Failed(id, error),
            };
            // The agent is gone only when its program ends.
            let _ = reporter.send(report).await;
        });
    }

    fn open_line(&mut self, after: u64) {
        self.generation += 1;
        let token = self.client.bearer().unwrap_or_default();
        self.line =
            Some(Line::open(self.service.clone(), token, after, self.generation, self.reporter.clone()));
    }
}
