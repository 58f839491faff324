//! The team: who is in it, and what it did.

use super::{Console, error::Problem, guard::Signed};
use crate::{
    safety::{SafetyError, case::CaseRefusal},
    staff::{Inviter, Listed, Member, Role, StaffName},
    trail::{Anchor, AuditEntry},
};
use axum::{
    Json,
    extract::{Path, Query, State, rejection::JsonRejection},
    http::StatusCode,
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use trefoil_proto::Timestamp;

/// Entries of the trail in one answer.
const ENTRIES: usize = 500;

type Served = State<Arc<Console>>;

#[derive(Deserialize)]
pub(super) struct After {
    #[serde(default)]
    after: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Invite {
    name: StaffName,
    role: Role,
}

#[derive(Serialize)]
pub(super) struct Invited {
    code: String,
}

#[derive(Serialize)]
pub(super) struct MemberView {
    name: StaffName,
    role: Role,
    since: Timestamp,
    removed: Option<Timestamp>,
}

/// `GET /api/audit?after=`: the trail, the oldest first, at most 500 entries.
pub(super) async fn audit(
    State(console): Served,
    Signed(who): Signed,
    Query(After { after }): Query<After>,
) -> Result<Json<Vec<AuditEntry>>, Problem> {
    Ok(Json(console.safety.trail(after, ENTRIES, &who).await?))
}

/// `GET /api/audit/anchors`: the heads of the trail that stand in the public log, the oldest first.
pub(super) async fn anchors(
    State(console): Served,
    Signed(who): Signed,
) -> Result<Json<Vec<Anchor>>, Problem> {
    Ok(Json(console.safety.anchors(&who).await?))
}

/// `GET /api/staff`.
pub(super) async fn list(
    State(console): Served,
    Signed(who): Signed,
) -> Result<Json<Vec<MemberView>>, Problem> {
    if !who.role.audits() {
        return Err(SafetyError::Case(CaseRefusal::Role).into());
    }
    let view =
        |Listed { member: Member { name, role }, since, removed }| MemberView { name, role, since, removed };
    Ok(Json(console.staff.list().await?.into_iter().map(view).collect()))
}

/// `POST /api/staff`: invites somebody.
pub(super) async fn invite(
    State(console): Served,
    Signed(who): Signed,
    asked: Result<Json<Invite>, JsonRejection>,
) -> Result<Json<Invited>, Problem> {
    leads(&who)?;
    let Json(Invite { name, role }) = asked?;
    let code = console.staff.invite(&name, role, Inviter::Lead(who.name), console.now()).await?;
    Ok(Json(Invited { code }))
}

/// `DELETE /api/staff/{name}`.
pub(super) async fn remove(
    State(console): Served,
    Signed(who): Signed,
    Path(name): Path<String>,
) -> Result<StatusCode, Problem> {
    leads(&who)?;
    let name: StaffName = name.parse().map_err(crate::staff::StaffError::Name)?;
    console.staff.remove(&name, &Inviter::Lead(who.name), console.now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Refuses whoever is no lead.
pub(super) fn leads(who: &Member) -> Result<(), Problem> {
    if who.role.leads() { Ok(()) } else { Err(SafetyError::Case(CaseRefusal::Role).into()) }
}
