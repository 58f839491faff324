//! The safety desk: queues, cases, people, figures.

use super::{
    Console,
    error::Problem,
    guard::Signed,
    shape::{CaseView, ItemView, PersonView, QueueView},
};
use crate::safety::{
    self, Figures, SafetyError,
    case::{Case, Queue, Verdict},
    policy::{RULES, Rule},
};
use axum::{
    Json,
    extract::{Path, Query, State, rejection::JsonRejection},
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use trefoil_proto::{Timestamp, UserUri, decisions::CaseId};

type Served = State<Arc<Console>>;
type Asked<T> = Result<Json<T>, JsonRejection>;
type Changed = Result<Json<CaseView>, Problem>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Why {
    why: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AnswerToAppeal {
    /// Whether the decision stands.
    upheld: bool,
    explanation: String,
}

#[derive(Deserialize)]
pub(super) struct Whom {
    user: String,
}

#[derive(Deserialize)]
pub(super) struct Period {
    from: u64,
    until: u64,
}

#[derive(Serialize)]
pub(super) struct Claimed {
    /// `None`: nothing waits there that you may take.
    case: Option<String>,
}

/// `GET /api/policy`.
pub(super) async fn policy(_: Signed) -> Json<&'static [Rule]> {
    Json(RULES)
}

/// `GET /api/queues`.
pub(super) async fn queues(
    State(console): Served,
    Signed(who): Signed,
) -> Result<Json<Vec<QueueView>>, Problem> {
    let waiting = console.safety.waiting(&who).await?;
    Ok(Json(waiting.into_iter().map(QueueView::from).collect()))
}

/// `POST /api/queues/{queue}/claim`.
pub(super) async fn claim_next(
    State(console): Served,
    Signed(who): Signed,
    Path(queue): Path<Queue>,
) -> Result<Json<Claimed>, Problem> {
    let case = console.safety.claim_next(queue, &who, console.now()).await?;
    Ok(Json(Claimed { case: case.map(|case| case.to_string()) }))
}

/// `GET /api/cases/{case}`.
pub(super) async fn item(
    State(console): Served,
    Signed(who): Signed,
    Path(case): Path<String>,
) -> Result<Json<ItemView>, Problem> {
    let now = console.now();
    let item = console.safety.item(named(&case)?, &who, now).await?;
    Ok(Json(ItemView::new(item, &who, now)))
}

/// `POST /api/cases/{case}/claim`.
pub(super) async fn claim(State(console): Served, Signed(who): Signed, Path(case): Path<String>) -> Changed {
    let id = named(&case)?;
    changed(id, console.safety.claim(id, &who, console.now()).await)
}

/// `POST /api/cases/{case}/release`.
pub(super) async fn release(
    State(console): Served,
    Signed(who): Signed,
    Path(case): Path<String>,
) -> Changed {
    let id = named(&case)?;
    changed(id, console.safety.release(id, &who, console.now()).await)
}

/// `POST /api/cases/{case}/open`: what was shown, from now on.
pub(super) async fn open(
    State(console): Served,
    Signed(who): Signed,
    Path(case): Path<String>,
) -> Result<Json<ItemView>, Problem> {
    let (id, now) = (named(&case)?, console.now());
    console.safety.open_content(id, &who, now).await?;
    Ok(Json(ItemView::new(console.safety.item(id, &who, now).await?, &who, now)))
}

/// `POST /api/cases/{case}/escalate`: to the child safety team.
pub(super) async fn escalate(
    State(console): Served,
    Signed(who): Signed,
    Path(case): Path<String>,
) -> Changed {
    let id = named(&case)?;
    changed(id, console.safety.escalate(id, &who, console.now()).await)
}

/// `POST /api/cases/{case}/decide`.
pub(super) async fn decide(
    State(console): Served,
    Signed(who): Signed,
    Path(case): Path<String>,
    verdict: Asked<Verdict>,
) -> Changed {
    let (id, Json(verdict)) = (named(&case)?, verdict?);
    changed(id, console.safety.decide(id, &who, &verdict, console.now()).await)
}

/// `POST /api/cases/{case}/confirm`.
pub(super) async fn confirm(
    State(console): Served,
    Signed(who): Signed,
    Path(case): Path<String>,
) -> Changed {
    let id = named(&case)?;
    if let Some(proposer) = console.safety.proposed_by(id, &who).await? {
        console.are_two(&who, &proposer).await?;
    }
    changed(id, console.safety.confirm(id, &who, console.now()).await)
}

/// `POST /api/cases/{case}/send-back`.
pub(super) async fn send_back(
    State(console): Served,
    Signed(who): Signed,
    Path(case): Path<String>,
    why: Asked<Why>,
) -> Changed {
    let id = named(&case)?;
    changed(id, console.safety.send_back(id, &who, &why?.why, console.now()).await)
}

/// `POST /api/cases/{case}/undo`.
pub(super) async fn undo(
    State(console): Served,
    Signed(who): Signed,
    Path(case): Path<String>,
    why: Asked<Why>,
) -> Changed {
    let id = named(&case)?;
    changed(id, console.safety.undo(id, &who, &why?.why, console.now()).await)
}

/// `POST /api/cases/{case}/answer`: of the appeal that waits.
pub(super) async fn answer(
    State(console): Served,
    Signed(who): Signed,
    Path(case): Path<String>,
    answer: Asked<AnswerToAppeal>,
) -> Changed {
    let id = named(&case)?;
    let Json(AnswerToAppeal { upheld, explanation }) = answer?;
    for decider in console.safety.decided_by_two(id, &who).await? {
        console.are_two(&who, &decider).await?;
    }
    changed(id, console.safety.answer(id, &who, upheld, &explanation, console.now()).await)
}

/// `GET /api/people?user=`: an account, as far as this service knows it. The look is in the trail.
pub(super) async fn person(
    State(console): Served,
    Signed(who): Signed,
    Query(Whom { user }): Query<Whom>,
) -> Result<Json<PersonView>, Problem> {
    let user: UserUri =
        user.parse().map_err(|_| Problem::malformed("a person is written mimi://DOMAIN/u/ID"))?;
    let now = console.now();
    let history = console.safety.history(&user, &who, now).await?;
    console.safety.note_look(who.name.as_str(), &user, now).await?;
    let ours = user.domain == console.settings.domain;
    let person = if ours { console.accounts.person(&user.id).await? } else { None };
    Ok(Json(PersonView::new(history, person)))
}

/// `GET /api/figures?from=&until=`: what is published.
pub(super) async fn figures(
    State(console): Served,
    _: Signed,
    Query(Period { from, until }): Query<Period>,
) -> Result<Json<Figures>, Problem> {
    let cases = console.safety.every_case().await?;
    Ok(Json(safety::figures(cases.values(), Timestamp(from), Timestamp(until))))
}

/// The case of a name.
pub(super) fn named(case: &str) -> Result<CaseId, Problem> {
    case.parse().map_err(|_| SafetyError::NoSuchCase.into())
}

fn changed(id: CaseId, case: Result<Case, SafetyError>) -> Changed {
    Ok(Json(CaseView::new(id, case?)))
}
