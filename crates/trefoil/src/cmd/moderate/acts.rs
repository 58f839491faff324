//! What changes a case.

use super::{Queue, Shared, Told, looks, words};
use crate::{clock, desk::Desk};
use clap::{Args, ValueEnum};
use serde::Serialize;
use serde_json::{Value, json};
use trefoil_proto::decisions::CaseId;

const DAY: u64 = trefoil_proto::Timestamp::DAY;

#[derive(Debug, Args)]
pub(super) struct Decide {
    /// The case
    case: CaseId,
    /// What is done
    #[arg(value_enum)]
    action: Action,
    /// The rule that it rests on, as `policy` prints it
    #[arg(long)]
    rule: String,
    /// Why: the person whom it is about reads it
    #[arg(long, value_name = "TEXT")]
    explain: String,
    /// How long a limit or a suspension lasts
    #[arg(long, value_name = "NUMBER")]
    days: Option<u32>,
    /// A message that it rests on, counted from 1 as `case --open` prints them; may be given several times
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
    message: Vec<u32>,
}

/// What is done about a person.
#[derive(Clone, Copy, Debug, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Action {
    /// Nothing
    None,
    /// They are told
    Warn,
    /// No new conversations for a time
    Limit,
    /// Nothing is taken from them for a time
    Suspend,
    /// Nothing is taken from them any more; somebody else confirms it
    Ban,
    /// The room's members are asked to remove them
    AskRemoval,
}

#[derive(Debug, Args)]
pub(super) struct Because {
    /// The case
    case: CaseId,
    /// Why
    #[arg(long, value_name = "TEXT")]
    why: String,
}

#[derive(Debug, Args)]
#[group(id = "answered")]
pub(super) struct Answer {
    /// The case
    case: CaseId,
    /// The decision stands
    #[arg(long, required_unless_present = "grant", conflicts_with = "grant")]
    uphold: bool,
    /// The decision does not stand
    #[arg(long)]
    grant: bool,
    /// Why: whoever appealed reads it
    #[arg(long, value_name = "TEXT")]
    explain: String,
}

pub(super) async fn next(shared: &Shared, desk: &Desk, queue: Queue) -> anyhow::Result<()> {
    let name = serde_json::to_value(queue)?;
    let name = name.as_str().unwrap_or_default();
    let answer: Value = desk.post(&format!("api/queues/{name}/claim"), None).await?;
    match answer["case"].as_str() {
        Some(case) => looks::case(shared, desk, case.parse()?).await,
        None => {
            let words = "nothing waits there that you may take".to_owned();
            Ok(shared.out.record(&Told { kind: "nothing", answer, words })?)
        }
    }
}

pub(super) async fn open(shared: &Shared, desk: &Desk, case: CaseId) -> anyhow::Result<()> {
    let answer: Value = desk.post(&format!("api/cases/{case}/open"), None).await?;
    let words = words::item(&answer);
    Ok(shared.out.record(&Told { kind: "case", answer, words })?)
}

pub(super) async fn change(
    shared: &Shared,
    desk: &Desk,
    case: CaseId,
    act: &str,
    body: Option<Value>,
) -> anyhow::Result<()> {
    let answer: Value = desk.post(&format!("api/cases/{case}/{act}"), body.as_ref()).await?;
    let words = words::case_line(&answer);
    Ok(shared.out.record(&Told { kind: "case", answer, words })?)
}

pub(super) async fn decide(shared: &Shared, desk: &Desk, ask: Decide) -> anyhow::Result<()> {
    let until = ask.days.map(|days| clock::now().0.saturating_add(u64::from(days) * DAY));
    let verdict = json!({
        "action": ask.action,
        "rule": ask.rule,
        "explanation": ask.explain,
        "evidence": ask.message.iter().map(|number| number - 1).collect::<Vec<_>>(),
        "until": until,
    });
    change(shared, desk, ask.case, "decide", Some(verdict)).await
}

pub(super) async fn because(shared: &Shared, desk: &Desk, ask: Because, act: &str) -> anyhow::Result<()> {
    change(shared, desk, ask.case, act, Some(json!({ "why": ask.why }))).await
}

pub(super) async fn answer(shared: &Shared, desk: &Desk, ask: Answer) -> anyhow::Result<()> {
    let body = json!({ "upheld": ask.uphold, "explanation": ask.explain });
    change(shared, desk, ask.case, "answer", Some(body)).await
}
