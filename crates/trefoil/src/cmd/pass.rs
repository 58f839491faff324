//! `trefoil account pass`: a registration pass to give to somebody.

use super::{Shared, account::unfinished};
use crate::{passes, person::PATIENCE};
use clap::Args;
use serde::Serialize;
use std::fmt;
use trefoil_proto::Domain;

/// A registration pass.
#[derive(Debug, Args)]
pub struct Pass {
    /// The service where the account is to be made, by its name, for example example.org; your own one if it is left away
    #[arg(long = "for", value_name = "SERVICE")]
    of: Option<Domain>,
}

#[derive(Serialize)]
struct Given {
    kind: &'static str,
    service: String,
    #[serde(rename = "value")]
    pass: String,
}

impl fmt::Display for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.pass)
    }
}

/// Gets one and prints it.
///
/// # Errors
/// Whatever failed, as a sentence.
pub(super) async fn pass(shared: &Shared, ask: &Pass) -> anyhow::Result<()> {
    let mut agent = shared.agent()?;
    let me = agent.client.identity().ok_or_else(unfinished)?;
    agent.go_online()?;
    agent.settle(PATIENCE, |_, _| {}).await?;
    let given = passes::give(&agent.way(), ask.of.as_ref().unwrap_or(&me.user.domain)).await?;
    agent.close().await;
    shared.out.record(&Given { kind: "pass", service: given.domain.to_string(), pass: given.to_string() })?;
    Ok(())
}
