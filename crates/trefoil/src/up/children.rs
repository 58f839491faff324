//! The three services as processes of this program: started, listened to, started again if one dies, ended by their
//! own process ids.

use super::plan::Planned;
use crate::print;
use std::{
    path::PathBuf,
    process::{ExitStatus, Stdio},
    sync::Arc,
    time::Duration,
};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, BufReader},
    process::{Child, Command},
    sync::watch,
    task::JoinHandle,
    time::{Instant, sleep, timeout},
};

/// How long a service may take to end before it is killed.
const PATIENCE: Duration = Duration::from_secs(10);
/// Wait before a service that died is started again.
const BEFORE_AGAIN: Duration = Duration::from_millis(500);
/// A service that dies sooner than this after its start is not started again: it would only die again.
const SOON: Duration = Duration::from_secs(2);

/// What can go wrong with a service's process.
#[derive(Debug, thiserror::Error)]
pub enum ChildError {
    /// This program does not know where it is itself.
    #[error("the path of this program is not known, so it cannot start its services")]
    OwnPath(#[source] std::io::Error),
    /// It did not start.
    #[error("the service {0} did not start")]
    Start(String, #[source] std::io::Error),
    /// It ended by itself.
    #[error("the service {0} ended by itself ({1}): its last lines above say why")]
    Died(String, ExitStatus),
    /// It does not answer.
    #[error("the service {0} does not answer: its lines above may say why")]
    Silent(String),
}

/// A running service.
#[derive(Debug)]
pub struct Running {
    /// What it is.
    pub planned: Planned,
    stop: watch::Sender<bool>,
    watcher: Option<JoinHandle<Option<ChildError>>>,
    pid: watch::Receiver<Option<u32>>,
}

impl Running {
    /// Starts a service, and again whenever it dies, until it is stopped. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// [`ChildError::OwnPath`], [`ChildError::Start`].
    pub fn start(planned: Planned, quiet: bool) -> Result<Self, ChildError> {
        let program: Arc<PathBuf> = Arc::new(std::env::current_exe().map_err(ChildError::OwnPath)?);
        let child = spawn(&program, &planned, quiet)?;
        let (stop, stopped) = watch::channel(false);
        let (tell, pid) = watch::channel(child.id());
        let watcher = tokio::spawn(keep(child, program, planned.clone(), quiet, stopped, tell));
        Ok(Self { planned, stop, watcher: Some(watcher), pid })
    }

    /// Its process id at this moment.
    pub fn pid(&self) -> Option<u32> {
        *self.pid.borrow()
    }

    /// Resolves when the service ended and is not started again: why, if it was not asked to.
    pub async fn gone(&mut self) -> Option<ChildError> {
        self.watcher.take()?.await.unwrap_or(None)
    }

    /// Whether it ended and is not started again.
    pub fn is_gone(&self) -> bool {
        self.watcher.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// Asks it to end, waits, and kills it if it does not.
    pub async fn stop(mut self) {
        // A watcher that has ended left no process behind.
        let _ = self.stop.send(true);
        self.gone().await;
    }
}

/// Its standard input is the leash: when it closes, because we ask it to end or because we are gone ourselves, the
/// service ends. It has a process group of its own, so that Ctrl-C reaches only us and the order of ending is ours.
fn spawn(program: &PathBuf, planned: &Planned, quiet: bool) -> Result<Child, ChildError> {
    let mut child = Command::new(program)
        .arg("serve")
        .arg("--config")
        .arg(&planned.config)
        .arg("--until-input-ends")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| ChildError::Start(planned.domain.clone(), error))?;
    if let Some(out) = child.stdout.take() {
        tokio::spawn(pass_on(out, planned.profile, quiet));
    }
    if let Some(out) = child.stderr.take() {
        tokio::spawn(pass_on(out, planned.profile, quiet));
    }
    Ok(child)
}

async fn keep(
    mut child: Child,
    program: Arc<PathBuf>,
    planned: Planned,
    quiet: bool,
    mut stopped: watch::Receiver<bool>,
    pid: watch::Sender<Option<u32>>,
) -> Option<ChildError> {
    loop {
        let begun = Instant::now();
        // Waiting for a child closes its input, unless it was taken out before.
        let leash = child.stdin.take();
        let ended = tokio::select! {
            ended = child.wait() => ended,
            () = asked(&mut stopped) => {
                drop(leash);
                end(child).await;
                return None;
            }
        };
        // Nobody may be asking for the id any more.
        let _ = pid.send(None);
        let status = match ended {
            Ok(status) => status,
            Err(error) => return Some(ChildError::Start(planned.domain, error)),
        };
        if begun.elapsed() < SOON {
            return Some(ChildError::Died(planned.domain, status));
        }
        print::remark(format_args!("{:>7} | ended ({status}), is started again", planned.profile));
        sleep(BEFORE_AGAIN).await;
        if *stopped.borrow() {
            return None;
        }
        child = match spawn(&program, &planned, quiet) {
            Ok(child) => child,
            Err(error) => return Some(error),
        };
        let _ = pid.send(child.id());
    }
}

/// Resolves when it is to end: asked for, or because nobody is left who could ask.
async fn asked(stopped: &mut watch::Receiver<bool>) {
    // An error means that the other end is gone.
    let _ = stopped.wait_for(|stop| *stop).await;
}

async fn end(mut child: Child) {
    if timeout(PATIENCE, child.wait()).await.is_err() {
        // It may have ended in this moment.
        let _ = child.kill().await;
    }
}

/// Passes a service's log on, with its name before each line.
async fn pass_on(out: impl AsyncRead + Unpin, profile: &'static str, quiet: bool) {
    let mut lines = BufReader::new(out).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        if !quiet {
            print::remark(format_args!("{profile:>7} | {}", print::harmless(&line)));
        }
    }
}
