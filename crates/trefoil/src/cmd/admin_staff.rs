//! `trefoil admin staff` and `trefoil admin rotate-stamps`: how the first of a team gets in, and how a hub changes the key of its
//! stamps.

use super::{Shared, admin::Which, moderate::role};
use crate::clock;
use clap::{Args, Subcommand};
use serde::Serialize;
use std::fmt;
use trefoil_server::{
    Service,
    staff::{self, Order, Role, StaffName},
};

#[derive(Debug, Args)]
pub(super) struct Staff {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Print a code with which somebody comes into the team, once, within three days
    Invite(Invite),
    /// Take somebody off the team
    Remove(Remove),
}

#[derive(Debug, Args)]
struct Invite {
    /// Their name in the team and in the trail
    name: StaffName,
    /// What they do: reviewer, child-safety-reviewer, lead or auditor
    #[arg(long, value_parser = role)]
    role: Role,
    #[command(flatten)]
    which: Which,
}

#[derive(Debug, Args)]
struct Remove {
    /// Whom
    name: StaffName,
    #[command(flatten)]
    which: Which,
}

#[derive(Serialize)]
struct Ordered {
    kind: &'static str,
    name: StaffName,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
}

impl fmt::Display for Ordered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.code {
            Some(code) => write!(
                f,
                "{code}\ngive this code to {}, on a way that nobody else reads; it is good once, for three days, from the \
                 moment on at which the service runs",
                self.name
            ),
            None => write!(f, "{} is taken off the team as soon as the service runs", self.name),
        }
    }
}

#[derive(Serialize)]
struct Rotated {
    kind: &'static str,
    key: u32,
}

impl fmt::Display for Rotated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "from its next start on this service stamps by key {}; keep a copy of secrets.toml: what earlier keys stamped is \
             proven by them",
            self.key
        )
    }
}

pub(super) fn run(shared: &Shared, ask: Staff) -> anyhow::Result<()> {
    let now = clock::now();
    let ordered = match ask.what {
        What::Invite(Invite { name, role, which }) => {
            let order = staff::invite(role);
            staff::hand_in(&which.data()?, &name, &order, now)?;
            let code = match order {
                Order::Invite { code, .. } => Some(code),
                Order::Remove => None,
            };
            Ordered { kind: "invitation", name, code }
        }
        What::Remove(Remove { name, which }) => {
            staff::hand_in(&which.data()?, &name, &Order::Remove, now)?;
            Ordered { kind: "removed", name, code: None }
        }
    };
    Ok(shared.out.record(&ordered)?)
}

pub(super) fn rotate(shared: &Shared, which: Which) -> anyhow::Result<()> {
    let key = Service::rotate_stamp(&which.data()?)?;
    Ok(shared.out.record(&Rotated { kind: "stamps-rotated", key })?)
}
