//! The measured service: this program as a process of its own, in a folder of its own.

use super::{BenchError, machine::Usage, raw};
use crate::{
    transport,
    up::{Plan, Planned},
};
use rustls::ClientConfig;
use std::{
    fs, io,
    net::{SocketAddr, TcpStream},
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
    process::Stdio,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{
    process::{Child, Command},
    time::{sleep, timeout},
};

/// How long the service may take to answer, and to end.
const PATIENCE: Duration = Duration::from_secs(30);
/// Rates that a load from one machine must not run into.
const UNLIMITED: &str = "100000000";
/// Bytes of its log that are shown when it ends by itself.
const LAST_WORDS: usize = 2000;

/// A folder for the store of the measured service; removed in the end.
#[derive(Debug)]
pub struct Place {
    folder: PathBuf,
}

impl Place {
    /// Makes a folder under `parent`, or under the system's folder for temporary files.
    ///
    /// # Errors
    /// [`BenchError::Folder`].
    pub fn make(parent: Option<&Path>) -> Result<Self, BenchError> {
        let name = format!("trefoil-bench-{}-{:08x}", std::process::id(), rand::random::<u32>());
        let folder = parent.map_or_else(std::env::temp_dir, Path::to_owned).join(name);
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&folder)
            .map_err(|source| BenchError::Folder { path: folder.clone(), source })?;
        Ok(Self { folder })
    }

    /// Where it is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // What cannot be removed stays for the system's own cleaning of temporary files.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// What a service needs before it can be started, made once for several starts.
#[derive(Clone, Debug)]
pub struct Prepared {
    planned: Planned,
    log: PathBuf,
    tls: Arc<ClientConfig>,
    /// PEM of what clients are to trust.
    pub ca: Vec<u8>,
}

impl Prepared {
    /// Writes a configuration and certificates as `trefoil up` does, for the profile `account` on free ports.
    ///
    /// # Errors
    /// [`BenchError::Plan`], [`BenchError::Folder`].
    pub fn make(place: &Place) -> Result<Self, BenchError> {
        let plan = Plan::make(place.folder(), 0)?;
        let ca = fs::read(&plan.ca).map_err(|source| BenchError::Folder { path: plan.ca.clone(), source })?;
        let planned = plan.services.into_iter().next().expect("a plan has three services");
        let tls = Arc::new(transport::client_config(Some(&ca))?);
        Ok(Self { planned, log: place.folder().join("service.log"), tls, ca })
    }
}

/// A running service.
#[derive(Debug)]
pub struct Server {
    prepared: Prepared,
    child: Child,
    /// Its process id.
    pub pid: u32,
    /// From before it was started until it had answered its first request.
    pub started_in: Duration,
    plain: bool,
}

impl Server {
    /// Starts the service and waits until it answers. `plain`: without TLS.
    ///
    /// # Errors
    /// [`BenchError::Start`], [`BenchError::Died`], [`BenchError::Silent`].
    pub async fn start(prepared: &Prepared, plain: bool) -> Result<Self, BenchError> {
        let program = std::env::current_exe().map_err(BenchError::Start)?;
        let log = fs::File::create(&prepared.log).map_err(BenchError::Start)?;
        let begun = Instant::now();
        let mut command = Command::new(program);
        for limit in [
            "MESSAGES_PER_SECOND",
            "REQUESTS_PER_MINUTE",
            "ANONYMOUS_PER_MINUTE",
            "KEY_CLAIMS_PER_HOUR",
            "KEY_CLAIMS_PER_TARGET_PER_HOUR",
            "REGISTRATIONS_PER_HOUR",
            "REGISTRATIONS_PER_HOUR_IN_ALL",
            "CONNECTIONS_PER_ADDRESS",
            "LOOKUPS_PER_HOUR",
        ] {
            command.env(format!("TREFOIL_SERVICE_LIMITS__{limit}"), UNLIMITED);
        }
        let child = command
            .env("TREFOIL_SERVICE_CLIENT__PLAIN", if plain { "true" } else { "false" })
            .arg("serve")
            .arg("--config")
            .arg(&prepared.planned.config)
            .arg("--until-input-ends")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(log)
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(BenchError::Start)?;
        let pid = child.id().ok_or_else(|| BenchError::Start(io::ErrorKind::NotFound.into()))?;
        let mut server = Self { prepared: prepared.clone(), child, pid, started_in: Duration::ZERO, plain };
        server.healthy(begun).await?;
        server.started_in = begun.elapsed();
        Ok(server)
    }

    /// Where its own people connect.
    pub fn address(&self) -> SocketAddr {
        let port = self.url().rsplit(':').next().and_then(|port| port.parse().ok()).unwrap_or_default();
        ([127, 0, 0, 1], port).into()
    }

    /// Its base URL.
    pub fn url(&self) -> String {
        if self.plain {
            self.prepared.planned.url.replacen("https", "http", 1)
        } else {
            self.prepared.planned.url.clone()
        }
    }

    /// What clients are to trust; `None` if it runs without TLS.
    pub fn tls(&self) -> Option<Arc<ClientConfig>> {
        (!self.plain).then(|| self.prepared.tls.clone())
    }

    /// PEM of what clients are to trust.
    pub fn ca(&self) -> &[u8] {
        &self.prepared.ca
    }

    /// What it has used so far.
    ///
    /// # Errors
    /// [`BenchError::Kernel`].
    pub(super) fn usage(&self) -> Result<Usage, BenchError> {
        Usage::of(self.pid)
    }

    /// Asks it to end, and kills it by its process id if it does not.
    pub async fn stop(mut self) {
        drop(self.child.stdin.take());
        if timeout(PATIENCE, self.child.wait()).await.is_err() {
            // It may have ended in this moment.
            let _ = self.child.kill().await;
        }
    }

    /// First a bare connection, tried often, then one request.
    async fn healthy(&mut self, begun: Instant) -> Result<(), BenchError> {
        while TcpStream::connect(self.address()).is_err() {
            self.alive(begun)?;
            sleep(Duration::from_millis(1)).await;
        }
        while let Err(error) = raw::service_info(&raw::client(self)?, &self.url()).await {
            tracing::debug!(%error, "not healthy yet");
            self.alive(begun)?;
            sleep(Duration::from_millis(1)).await;
        }
        Ok(())
    }

    fn alive(&mut self, begun: Instant) -> Result<(), BenchError> {
        if let Some(status) = self.child.try_wait().map_err(BenchError::Start)? {
            return Err(BenchError::Died { status, last: self.last_words() });
        }
        if begun.elapsed() > PATIENCE { Err(BenchError::Silent(self.last_words())) } else { Ok(()) }
    }

    fn last_words(&self) -> String {
        let log = fs::read(&self.prepared.log).unwrap_or_default();
        let end = &log[log.len().saturating_sub(LAST_WORDS)..];
        crate::print::harmless(&String::from_utf8_lossy(end))
    }
}
