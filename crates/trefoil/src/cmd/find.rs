//! `trefoil find`: from a handle or phone number, exactly, to a person's URI.

use super::Shared;
use crate::{
    exit::{NotFoundError, UsageError},
    person::{self, PATIENCE, PersonError},
    show::NotTaken,
};
use clap::Args;
use serde::Serialize;
use std::fmt;
use trefoil_proto::{Domain, ErrorCode};

/// Find a person by handle or phone number, exactly.
#[derive(Debug, Args)]
pub struct Find {
    /// A handle or phone number and the domain of its service: yuki.reads@handle.test, +380445550137@phone.test
    #[arg(value_name = "NAME@DOMAIN")]
    whom: String,
}

#[derive(Serialize)]
struct Found {
    user: String,
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.user)
    }
}

/// Does it.
///
/// # Errors
/// Whatever failed, as a sentence; nobody found is exit code 3.
pub async fn run(shared: &Shared, ask: Find) -> anyhow::Result<()> {
    let refused = || UsageError(format!("{} is not of the form NAME@DOMAIN", ask.whom));
    let (name, domain) =
        ask.whom.rsplit_once('@').filter(|(name, _)| !name.is_empty()).ok_or_else(refused)?;
    let domain: Domain = domain.parse().map_err(|_| refused())?;
    let mut agent = shared.agent()?;
    agent.go_online()?;
    agent.settle(PATIENCE, |_, _| {}).await?;
    let found = person::find(&agent.way(), &domain, name).await.map_err(|error| match error {
        PersonError::Refused { code: ErrorCode::PeerUnavailable, .. } => NotTaken::OutOfReach(format!(
            "{domain} cannot be reached by your service now: check how it is written, or try again later"
        ))
        .into(),
        other => anyhow::Error::from(other),
    })?;
    agent.close().await;
    if found.is_empty() {
        return Err(NotFoundError(format!("nobody at {domain} goes by exactly this name")).into());
    }
    for user in found {
        shared.out.record(&Found { user: user.to_string() })?;
    }
    Ok(())
}
