//! The team.

use super::{Shared, Told, looks::each, words};
use crate::desk::Desk;
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use trefoil_server::staff::{Role, StaffName};

#[derive(Debug, Args)]
pub(super) struct Staff {
    #[command(subcommand)]
    what: StaffAsk,
}

#[derive(Debug, Subcommand)]
enum StaffAsk {
    /// Print who is and was of the team
    List,
    /// Print a code with which somebody comes in, once, within three days
    Invite(Invite),
    /// Take somebody off the team: their sessions end at once
    Remove(Remove),
}

#[derive(Debug, Args)]
struct Invite {
    /// Their name in the team and in the trail
    name: StaffName,
    /// What they do: reviewer, child-safety-reviewer, lead or auditor
    #[arg(long, value_parser = role)]
    role: Role,
}

#[derive(Debug, Args)]
struct Remove {
    /// Whom
    name: StaffName,
}

/// A role as it is written.
pub fn role(text: &str) -> Result<Role, String> {
    text.parse().map_err(|()| {
        let all: Vec<_> = Role::ALL.into_iter().map(Role::as_str).collect();
        format!("a role is one of {}", all.join(", "))
    })
}

pub(super) async fn staff(shared: &Shared, desk: &Desk, ask: Staff) -> anyhow::Result<()> {
    match ask.what {
        StaffAsk::List => each(shared, "member", desk.get("api/staff").await?, words::member),
        StaffAsk::Invite(Invite { name, role }) => {
            let answer: Value = desk.post("api/staff", Some(&json!({ "name": name, "role": role }))).await?;
            let words = format!(
                "{}\ngive this code to {name}, on a way that nobody else reads; it is good once, for three days",
                answer["code"].as_str().unwrap_or_default()
            );
            Ok(shared.out.record(&Told { kind: "invitation", answer, words })?)
        }
        StaffAsk::Remove(Remove { name }) => {
            desk.delete(&format!("api/staff/{name}")).await?;
            let words = format!("{name} is not of the team any more");
            Ok(shared.out.record(&Told { kind: "removed", answer: json!({ "name": name }), words })?)
        }
    }
}
