//! End to end: three services as real processes of the real binary, people with devices on each of them.

#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "a test ends at the first thing that is not as it should be"
)]

mod app;
mod app_accounts;
mod audits;
mod banned;
mod by_the_way;
mod commands;
mod communities;
mod crashes;
mod crowd;
mod crowds;
mod directions;
mod equal;
mod files;
mod finding;
mod inviting;
mod keeping_away;
mod kills;
mod lies;
mod linking;
mod made_anew;
mod matching;
mod minors;
mod moderating;
mod page;
mod pasted;
mod pin;
mod public_log;
mod reading;
mod recovering;
mod registering;
mod reporting;
mod robbed;
mod services;
mod talking;
mod team;
mod two_faces;
mod verifying;
mod wrong_uses;
