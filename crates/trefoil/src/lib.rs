//! The one binary people install: command line, configuration, client transport, three services on one machine.
//!
//! No logic of its own: what a message is and when it may be believed is decided in `trefoil-client`, what a service
//! keeps in `trefoil-server`. Here is what those two may not touch: sockets, files, clocks, processes, terminals.

pub mod agent;
pub mod app;
pub mod audit;
pub mod backup;
pub mod bench;
pub mod cli;
pub mod clock;
pub mod cmd;
pub mod desk;
pub mod discovery;
pub mod exit;
pub mod export;
pub mod home;
pub mod link;
pub mod meet;
pub mod mention;
pub mod minors;
pub mod passes;
pub mod person;
pub mod pin;
pub mod print;
pub mod public_log;
pub mod reporting;
pub mod settings;
pub mod show;
pub mod timer;
pub mod transfer;
pub mod transport;
pub mod up;
