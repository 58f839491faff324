//! `trefoil services`: what a service says of itself, before an account is made there.

use super::{Shared, account::At};
use crate::{app::profile_name, person, transport::Service};
use clap::{Args, Subcommand};
use serde::Serialize;
use std::fmt;

/// Look at a service before an account is made there.
#[derive(Debug, Args)]
pub struct Services {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Print what a service says of itself: its domain, and how it knows people
    Look(At),
}

#[derive(Serialize)]
struct Looked {
    kind: &'static str,
    url: String,
    domain: String,
    /// `account`, `handle` or `phone`.
    profile: &'static str,
}

impl fmt::Display for Looked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = match self.profile {
            "handle" => "by a handle that anybody can find",
            "phone" => "by phone number, proven by a one-time code",
            _ => "by an account name that nobody is found by",
        };
        write!(f, "{}  {}\n  knows people {known}", self.domain, self.url)
    }
}

/// Does it.
///
/// # Errors
/// Whatever failed, as a sentence.
pub async fn run(shared: &Shared, ask: Services) -> anyhow::Result<()> {
    let What::Look(at) = ask.what;
    let ca = at.read_ca()?;
    let place = at.place(ca.as_deref());
    let service = Service::new(place.service, place.ca)?;
    let info = person::service_info(&service).await?;
    shared.out.record(&Looked {
        kind: "service",
        url: service.address(),
        domain: info.domain.to_string(),
        profile: profile_name(info.profile),
    })?;
    Ok(())
}
