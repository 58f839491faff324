//! Three services as real processes in a folder that goes away, on free ports of this machine.

use std::{
    fs::{self, File},
    io::Write as _,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};
use tempfile::TempDir;
use tokio::time::sleep;
use trefoil::{
    person::{self, Place},
    transport::Service,
    up::{Plan, Planned},
};

/// Rates that a test of many people on one machine would run into.
const LIMITS: &[(&str, &str)] = &[
    ("TREFOIL_SERVICE_LIMITS__MESSAGES_PER_SECOND", "100000"),
    ("TREFOIL_SERVICE_LIMITS__REQUESTS_PER_MINUTE", "1000000"),
    ("TREFOIL_SERVICE_LIMITS__ANONYMOUS_PER_MINUTE", "100000"),
    ("TREFOIL_SERVICE_LIMITS__KEY_CLAIMS_PER_HOUR", "1000000"),
    ("TREFOIL_SERVICE_LIMITS__PIN_RECORDS_PER_HOUR", "1000000"),
    ("TREFOIL_SERVICE_LIMITS__PIN_TRIES_PER_HOUR", "1000000"),
];

pub struct Services {
    pub place: TempDir,
    pub plan: Plan,
    ca: Vec<u8>,
    running: Vec<Option<Child>>,
}

impl Services {
    /// Starts all three and waits until they answer.
    pub async fn start() -> Self {
        Self::start_with(["", "", ""]).await
    }

    /// The same, with more in the configuration of each.
    pub async fn start_with(more: [&str; 3]) -> Self {
        let place = tempfile::tempdir().unwrap();
        let plan = Plan::make(&place.path().join("data"), 0).unwrap();
        let ca = fs::read(&plan.ca).unwrap();
        let mut services = Self { place, plan, ca, running: vec![None, None, None] };
        for (index, more) in more.into_iter().enumerate() {
            let mut config = File::options().append(true).open(&services.planned(index).config).unwrap();
            config.write_all(more.as_bytes()).unwrap();
            services.begin(index).await;
        }
        services
    }

    /// Starts one and waits until it answers.
    pub async fn begin(&mut self, index: usize) {
        let planned = self.planned(index);
        let log = File::options().create(true).append(true).open(self.log(index)).unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_trefoil"))
            .args(["serve", "--until-input-ends", "--config"])
            .arg(&planned.config)
            .envs(LIMITS.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        self.running[index] = Some(child);
        let service = Service::new(&self.planned(index).url, Some(&self.ca)).unwrap();
        let until = Instant::now() + Duration::from_secs(60);
        while person::service_info(&service).await.is_err() {
            let ended = self.running[index].as_mut().and_then(|child| child.try_wait().unwrap());
            assert!(ended.is_none(), "service {index} ended ({ended:?}):\n{}", self.said(index));
            assert!(Instant::now() < until, "service {index} does not answer:\n{}", self.said(index));
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// Ends one without warning (SIGKILL).
    pub fn kill(&mut self, index: usize) {
        let mut child = self.running[index].take().expect("it runs");
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// Ends one in order.
    pub fn stop(&mut self, index: usize) {
        let mut child = self.running[index].take().expect("it runs");
        drop(child.stdin.take());
        let status = child.wait().unwrap();
        assert!(status.success(), "service {index} ended with {status}:\n{}", self.said(index));
    }

    pub fn planned(&self, index: usize) -> &Planned {
        &self.plan.services[index]
    }

    pub fn at(&self, index: usize) -> Place<'_> {
        Place { service: &self.plan.services[index].url, ca: Some(&self.ca) }
    }

    pub fn path(&self) -> &Path {
        self.place.path()
    }

    /// The last lines that a service wrote.
    pub fn said(&self, index: usize) -> String {
        let log = fs::read_to_string(self.log(index)).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }

    fn log(&self, index: usize) -> std::path::PathBuf {
        self.place.path().join(format!("service-{index}.log"))
    }
}

impl Drop for Services {
    fn drop(&mut self) {
        for child in self.running.iter_mut().flatten() {
            // It may have ended already; what matters is that nothing is left.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
