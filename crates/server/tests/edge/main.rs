//! The edge of real services in this process: TLS, HTTP, WebSocket, over the store in memory.

#![allow(clippy::unwrap_used, missing_docs)]

mod accounts;
mod again;
mod answers;
mod bad_input;
mod banned;
mod console;
mod decided;
mod directory;
mod discovery;
mod ends;
mod federation;
mod first_contacts;
mod key_packages;
mod lies;
mod limits;
mod media;
mod minors;
#[allow(dead_code)]
#[path = "../../src/rooms/tests/client.rs"]
mod mls;
mod passes;
mod pin;
mod policy_lists;
mod recovery;
mod registrations;
mod removal;
mod rendezvous;
mod reported;
mod secrets;
mod slow_hub;
mod stream;
mod trail;
mod world;
