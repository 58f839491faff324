//! `trefoil bench`: what this build does on this machine, against the bars of `docs/performance.md`.
//!
//! The measured service is a process of its own, started from this very program with a configuration and certificates
//! as `trefoil up` makes them; the load runs here, in another process. What is submitted was encrypted by the real
//! client core before the clock starts. Every figure that is printed was counted or read from the kernel.

pub mod catchup;
pub mod delivery;
pub mod idle;
mod lanes;
mod load;
mod machine;
mod people;
mod raw;
mod report;
mod server;
mod socket;
pub mod start;
pub mod store;
mod tally;
mod wire;

pub use lanes::Shape;
pub use machine::Conditions;
pub use report::Arrived;
pub use server::{Place, Server};

use crate::{
    agent::AgentError, exit::UsageError, person::PersonError, transport::TransportError, up::PlanError,
};
use std::{io, path::PathBuf, process::ExitStatus};
use trefoil_client::ClientError;
use trefoil_proto::ErrorCode;
use trefoil_store::StoreError;

/// What can go wrong while something is measured.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// The folder in which the service keeps its store.
    #[error("{path} cannot be used: check that it is yours and the disk is not full")]
    Folder {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The configuration or certificates of the measured service.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The measured service did not start.
    #[error("the measured service did not start")]
    Start(#[source] io::Error),
    /// The measured service ended by itself.
    #[error("the measured service ended by itself ({status}): {last}")]
    Died {
        /// How.
        status: ExitStatus,
        /// The end of its log.
        last: String,
    },
    /// The measured service does not answer.
    #[error("the measured service does not answer: {0}")]
    Silent(String),
    /// The kernel does not say what a process uses.
    #[error("what a process uses cannot be read (this needs Linux)")]
    Kernel(#[source] io::Error),
    /// A person of the load could not be set up.
    #[error("a person of the load could not be set up")]
    Person(#[from] PersonError),
    /// The core of a person of the load.
    #[error("the core of a person of the load failed")]
    Core(#[from] ClientError),
    /// A person of the load could not talk to the service.
    #[error("a person of the load could not talk to the service")]
    Agent(#[from] AgentError),
    /// The way to the service.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// A connection of the load.
    #[error("a connection of the load broke")]
    Socket(#[source] Box<tokio_tungstenite::tungstenite::Error>),
    /// The service refused what the load asked for.
    #[error("the service refused what the load asked for: {0:?}")]
    Refused(ErrorCode),
    /// The service sent something that is not of the protocol.
    #[error("the service sent something that is not of the protocol: {0}")]
    Garbled(&'static str),
    /// The store, measured alone.
    #[error("the store failed")]
    Store(#[from] StoreError),
    /// What was asked cannot be measured.
    #[error(transparent)]
    Usage(#[from] UsageError),
    /// Something that was acknowledged did not arrive exactly once.
    #[error("{0}")]
    Broken(String),
    /// A thread of the load ended early.
    #[error("a thread of the load could not be run")]
    Thread(#[source] io::Error),
}

impl From<tokio_tungstenite::tungstenite::Error> for BenchError {
    fn from(error: tokio_tungstenite::tungstenite::Error) -> Self {
        Self::Socket(Box::new(error))
    }
}
