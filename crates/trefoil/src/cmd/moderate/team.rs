//! The team and its trail.

use super::{Shared, Told, looks::each, words};
use crate::desk::Desk;
use anyhow::bail;
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use trefoil_server::{
    safety::{AuditEntry, broken},
    staff::{Role, StaffName},
};

#[derive(Debug, Args)]
pub(super) struct Audit {
    /// Begin after this number
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    after: u64,
}

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

pub(super) async fn audit(shared: &Shared, desk: &Desk, ask: Audit) -> anyhow::Result<()> {
    let (mut after, mut last) = (ask.after, None::<AuditEntry>);
    loop {
        let page: Vec<AuditEntry> = desk.get(&format!("api/audit?after={after}")).await?;
        let Some(newest) = page.last() else { return Ok(()) };
        after = newest.number;
        let trail: Vec<_> = last.into_iter().chain(page.iter().cloned()).collect();
        if let Some(number) = broken(&trail) {
            bail!(
                "entry {number} of the trail does not follow from the one before: it was changed, or something is missing"
            );
        }
        last = trail.last().cloned();
        let answers = page.iter().map(serde_json::to_value).collect::<Result<Vec<_>, _>>()?;
        each(shared, "act", answers, words::act)?;
    }
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
