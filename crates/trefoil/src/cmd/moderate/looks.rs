//! What is read at the desk.

use super::{Shared, Told, words};
use crate::desk::Desk;
use serde_json::Value;
use trefoil_proto::{UserUri, decisions::CaseId, paths};

pub(super) async fn queues(shared: &Shared, desk: &Desk) -> anyhow::Result<()> {
    each(shared, "queue", desk.get("api/queues").await?, words::queue)
}

pub(super) async fn case(shared: &Shared, desk: &Desk, case: CaseId) -> anyhow::Result<()> {
    let answer: Value = desk.get(&format!("api/cases/{case}")).await?;
    let words = words::item(&answer);
    Ok(shared.out.record(&Told { kind: "case", answer, words })?)
}

pub(super) async fn person(shared: &Shared, desk: &Desk, person: &UserUri) -> anyhow::Result<()> {
    let answer: Value = desk.get(&format!("api/people?user={}", paths::segment(&person.to_string()))).await?;
    let words = words::person(&answer);
    Ok(shared.out.record(&Told { kind: "person", answer, words })?)
}

pub(super) async fn policy(shared: &Shared, desk: &Desk) -> anyhow::Result<()> {
    each(shared, "rule", desk.get("api/policy").await?, words::rule)
}

/// Prints a list, one record an entry.
pub(super) fn each(
    shared: &Shared,
    kind: &'static str,
    answers: Vec<Value>,
    words: impl Fn(&Value) -> String,
) -> anyhow::Result<()> {
    for answer in answers {
        let words = words(&answer);
        shared.out.record(&Told { kind, answer, words })?;
    }
    Ok(())
}
