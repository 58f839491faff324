//! Two services on free ports of this machine, under one clock that is given, and requests to them.

use anyhow::Context as _;
use std::{net::SocketAddr, sync::Arc};
use tempfile::TempDir;
use tokio::{sync::oneshot, task::JoinHandle};
use trefoil::up::Plan;
use trefoil_proto::{
    Domain, ErrorBody, Timestamp, Wire, edge::ServiceInfo, franking::FrankingAgentData, paths,
};
use trefoil_server::{
    Config, Parts, RunError, Service,
    clock::{Clock as _, ManualClock, SystemClock},
    secrets::Secrets,
};
use trefoil_store::{LocalWakes, MemoryBlobs, MemoryStore};

/// Where the new accounts are.
pub(super) const HOME: usize = 0;
/// The other service.
pub(super) const ELSEWHERE: usize = 1;

const DAY: u64 = 24 * 60 * 60 * 1000;

/// What is no rule on behaviour stays out of the way, with the rules on and off: how quickly one address may do things, when all
/// accounts of the run are behind one.
const SETTINGS: &[(&str, &str)] = &[
    ("CLIENT__PLAIN", "true"),
    ("LIMITS__ANONYMOUS_PER_MINUTE", "100000000"),
    ("LIMITS__REGISTRATIONS_PER_HOUR", "100000000"),
    ("LIMITS__REGISTRATIONS_PER_HOUR_IN_ALL", "100000000"),
    ("LIMITS__REQUESTS_PER_MINUTE", "100000000"),
    ("LIMITS__PEER_REQUESTS_PER_SECOND", "100000000"),
];

/// The thresholds of a service whose operator says nothing of them: `trefoil up` writes others.
const ON: &[(&str, &str)] = &[("FIRST_CONTACTS__FIRST_DAY", "5"), ("FIRST_CONTACTS__MOST", "50")];
const OFF: &[(&str, &str)] = &[("FIRST_CONTACTS__LIMITED", "false"), ("FIRST_CONTACTS__PASSES", "false")];

/// Both services.
pub(super) struct Services {
    pub clock: Arc<ManualClock>,
    http: reqwest::Client,
    running: Vec<Running>,
    _folder: TempDir,
}

struct Running {
    domain: Domain,
    at: SocketAddr,
    stop: oneshot::Sender<()>,
    task: JoinHandle<Result<(), RunError>>,
}

/// What a service answered.
pub(super) enum Answer {
    Good(Vec<u8>),
    Refused(ErrorBody),
}

impl Services {
    /// Starts both, at the beginning of the next day.
    pub(super) fn start(rules: bool) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let plan = Plan::make(&folder.path().join("data"), 0)?;
        let today = SystemClock.now().0 / DAY;
        let clock = Arc::new(ManualClock::new(Timestamp((today + 1) * DAY)));
        let mut running = Vec::new();
        for planned in &plan.services[..=ELSEWHERE] {
            let settings = SETTINGS.iter().chain(if rules { ON } else { OFF });
            let settings =
                settings.map(|(name, value)| (format!("TREFOIL_SERVICE_{name}"), (*value).to_owned()));
            let config = Config::load(&planned.config, settings)?;
            std::fs::create_dir_all(&config.data)?;
            let parts = Parts {
                store: Arc::new(MemoryStore::new()),
                blobs: Arc::new(MemoryBlobs::new()),
                wakes: Arc::new(LocalWakes::new()),
                clock: clock.clone(),
                secrets: Secrets::open(&config.data.join("secrets.toml"))?,
                link: None,
            };
            let domain = config.domain.clone();
            let service = Service::with_parts(config, parts)?;
            let at = service.addresses().client;
            let (stop, stopped) = oneshot::channel();
            let task = tokio::spawn(service.run(async move {
                let _ = stopped.await;
            }));
            running.push(Running { domain, at, stop, task });
        }
        let tls = trefoil::transport::client_config(None)?;
        let http = reqwest::Client::builder().tls_backend_preconfigured(tls).no_proxy().build()?;
        Ok(Self { clock, http, running, _folder: folder })
    }

    pub(super) fn domain(&self, service: usize) -> &Domain {
        &self.running[service].domain
    }

    /// What a room says of its hub.
    pub(super) async fn agent(&self, service: usize) -> anyhow::Result<FrankingAgentData> {
        let url = format!("http://{}{}/service", self.running[service].at, paths::CLIENT_ROOT);
        let body = self.http.get(url).send().await?.bytes().await?;
        let info = ServiceInfo::decode(&body)?;
        Ok(FrankingAgentData {
            franking_signature_key: info.franking_signature_key.to_vec(),
            credential: info.franking_credential,
        })
    }

    /// Posts a body, with a token or without.
    pub(super) async fn post(
        &self,
        service: usize,
        path: &str,
        token: Option<&str>,
        body: Vec<u8>,
    ) -> anyhow::Result<Answer> {
        let url = format!("http://{}{}/{path}", self.running[service].at, paths::CLIENT_ROOT);
        let mut request = self.http.post(url).header("content-type", paths::MEDIA_TYPE).body(body);
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let answer = request.send().await?;
        let (status, body) = (answer.status(), answer.bytes().await?);
        if status.is_success() {
            return Ok(Answer::Good(body.to_vec()));
        }
        let error = ErrorBody::decode(&body).with_context(|| format!("{path}: {status} without a word"))?;
        Ok(Answer::Refused(error))
    }

    /// The same for what must not be refused.
    pub(super) async fn must(
        &self,
        service: usize,
        path: &str,
        token: Option<&str>,
        body: Vec<u8>,
    ) -> anyhow::Result<Vec<u8>> {
        match self.post(service, path, token, body).await? {
            Answer::Good(body) => Ok(body),
            Answer::Refused(error) => anyhow::bail!(
                "{path} was refused: {:?} ({})",
                error.code,
                String::from_utf8_lossy(&error.detail)
            ),
        }
    }

    pub(super) async fn stop(self) {
        for service in self.running {
            let _ = service.stop.send(());
            service.task.abort();
            let _ = service.task.await;
        }
    }
}
