//! `trefoil up`: three services on this machine as processes of their own, with certificates and configurations made
//! where they are missing.

pub mod certificates;
pub mod children;
pub mod demo;
pub mod onward;
pub mod plan;

pub use plan::{Plan, PlanError, Planned};

use crate::{
    person,
    transport::{Service, TransportError},
};
use children::{ChildError, Running};
use std::{fs, io, path::PathBuf, time::Duration};
use tokio::time::{Instant, sleep};

/// How long a service may take until it answers.
const HEALTHY: Duration = Duration::from_secs(30);

/// Three running services.
#[derive(Debug)]
pub struct Trefoil {
    /// In the order of [`plan::PROFILES`].
    pub running: Vec<Running>,
    /// What clients trust, PEM.
    pub ca: PathBuf,
    /// The services, for `trefoil app --services`.
    pub list: PathBuf,
}

/// What can go wrong while they start or run.
#[derive(Debug, thiserror::Error)]
pub enum UpError {
    /// Before anything was started.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// A process.
    #[error(transparent)]
    Child(#[from] ChildError),
    /// The address of a service that was just written cannot be used.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// The authority that was just made cannot be read.
    #[error("the certificate authority cannot be read")]
    Authority(#[source] io::Error),
}

impl Trefoil {
    /// Starts what was planned and waits until every service answers. If one does not, the others are ended.
    ///
    /// # Errors
    /// [`UpError`].
    pub async fn start(plan: Plan, quiet: bool) -> Result<Self, UpError> {
        let mut up = Self { running: Vec::new(), ca: plan.ca, list: plan.list };
        for planned in plan.services {
            match Running::start(planned, quiet) {
                Ok(running) => up.running.push(running),
                Err(error) => {
                    up.stop().await;
                    return Err(error.into());
                }
            }
        }
        match up.healthy().await {
            Ok(()) => Ok(up),
            Err(error) => {
                up.stop().await;
                Err(error)
            }
        }
    }

    /// Resolves when a service ended and is not started again.
    pub async fn broken(&mut self) -> UpError {
        loop {
            for running in &mut self.running {
                if running.is_gone() {
                    let silent = || ChildError::Silent(running.planned.domain.clone());
                    let silent = silent();
                    return running.gone().await.unwrap_or(silent).into();
                }
            }
            sleep(Duration::from_millis(200)).await;
        }
    }

    /// Ends all of them, each by its own process id.
    pub async fn stop(self) {
        for running in self.running {
            running.stop().await;
        }
    }

    async fn healthy(&mut self) -> Result<(), UpError> {
        let ca = fs::read(&self.ca).map_err(UpError::Authority)?;
        let until = Instant::now() + HEALTHY;
        for running in &mut self.running {
            let service = Service::new(&running.planned.url, Some(&ca))?;
            while person::service_info(&service).await.is_err() {
                let domain = running.planned.domain.clone();
                if running.is_gone() {
                    return Err(running.gone().await.unwrap_or(ChildError::Silent(domain)).into());
                }
                if Instant::now() > until {
                    return Err(ChildError::Silent(domain).into());
                }
                sleep(Duration::from_millis(100)).await;
            }
        }
        Ok(())
    }
}
