//! Attachments of a case, lists of known material, and reports to NCMEC.

use super::{Console, error::Problem, guard::Signed};
use crate::{
    safety::{
        Act, SafetyError, Tip,
        case::{CaseRefusal, KnownMatch},
        known::{Algorithm, Kind, List, Provenance},
        tipline::{Classification, Incident, PackageId, Standing, State as Progress},
    },
    staff::Member,
};
use axum::{
    Json,
    body::Bytes,
    extract::{Path, Query, State, rejection::JsonRejection},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, sync::Arc};
use trefoil_proto::{Timestamp, decisions::CaseId};

type Served = State<Arc<Console>>;

/// Largest file with a list, in bytes: a million hashes and what stands behind them.
pub(super) const LIST: usize = 256 * 1024 * 1024;

/// An attachment that a report shows.
#[derive(Serialize)]
pub(super) struct ExhibitView {
    number: usize,
    /// Which message has it, counted from 0.
    message: usize,
    media_type: String,
    name: String,
    description: String,
    sha256: Option<String>,
    /// Bytes; `None` if it could not be opened.
    size: Option<usize>,
    /// Why it could not.
    problem: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TipAsked {
    incident: Incident,
    #[serde(default)]
    urgent: Option<String>,
    #[serde(default)]
    remarks: Option<String>,
    #[serde(default)]
    classified: BTreeMap<usize, Classification>,
}

#[derive(Serialize)]
pub(super) struct TipView {
    tip: String,
    made: Timestamp,
    prepared_by: String,
    released_by: Option<String>,
    about: String,
    incident: Incident,
    files: usize,
    #[serde(flatten)]
    progress: Progress,
}

#[derive(Deserialize)]
pub(super) struct ListAsked {
    name: String,
    giver: String,
    kind: String,
}

#[derive(Serialize)]
pub(super) struct ListView {
    name: String,
    giver: String,
    kind: &'static str,
    taken: Timestamp,
    sha256: u32,
    pdq: u32,
}

#[derive(Serialize)]
pub(super) struct Taken {
    taken: u64,
    passed_over: u64,
}

/// `GET /api/cases/{case}/attachments`: for whoever has the case and opened it.
pub(super) async fn list(
    State(console): Served,
    Signed(who): Signed,
    Path(case): Path<String>,
) -> Result<Json<Vec<ExhibitView>>, Problem> {
    let exhibits = console.safety.exhibits(named(&case)?, &who, console.now()).await?;
    let view = |(number, exhibit): (usize, crate::safety::evidence::Exhibit)| {
        let problem = exhibit.opened.as_ref().err().map(ToString::to_string);
        ExhibitView {
            number,
            message: exhibit.message,
            media_type: exhibit.label.content_type,
            name: exhibit.label.filename,
            description: exhibit.label.description,
            sha256: exhibit.hash.map(|hash| HEXLOWER.encode(&hash)),
            size: exhibit.opened.ok().map(|bytes| bytes.len()),
            problem,
        }
    };
    Ok(Json(exhibits.into_iter().enumerate().map(view).collect()))
}

/// `GET /api/cases/{case}/attachments/{number}`: its bytes, as nothing that a browser runs.
pub(super) async fn bytes(
    State(console): Served,
    Signed(who): Signed,
    Path((case, number)): Path<(String, usize)>,
) -> Result<Response, Problem> {
    let exhibits = console.safety.exhibits(named(&case)?, &who, console.now()).await?;
    let found = exhibits.into_iter().nth(number).and_then(|exhibit| exhibit.opened.ok());
    let bytes = found
        .ok_or_else(|| Problem::new(StatusCode::NOT_FOUND, "no-attachment", "there is no such attachment"))?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream")),
        (header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment")),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox")),
    ];
    Ok((headers, bytes).into_response())
}

/// `POST /api/cases/{case}/tip`: prepares a report to NCMEC; another person releases it.
pub(super) async fn prepare(
    State(console): Served,
    Signed(who): Signed,
    Path(case): Path<String>,
    asked: Result<Json<TipAsked>, JsonRejection>,
) -> Result<Json<serde_json::Value>, Problem> {
    let (id, Json(TipAsked { incident, urgent, remarks, classified })) = (named(&case)?, asked?);
    let tip = Tip { incident, urgent, remarks, classified };
    let made = console.safety.prepare_tip(id, &who, tip, console.now()).await?;
    Ok(Json(serde_json::json!({ "tip": HEXLOWER.encode(&made.0) })))
}

/// `GET /api/tips`: reports to NCMEC, the oldest first.
pub(super) async fn tips(State(console): Served, Signed(who): Signed) -> Result<Json<Vec<TipView>>, Problem> {
    let view = |standing: Standing| TipView {
        tip: HEXLOWER.encode(&standing.id.0),
        made: standing.made,
        prepared_by: standing.prepared_by,
        released_by: standing.approved_by,
        about: standing.package.reported.user,
        incident: standing.package.incident,
        files: standing.package.files.len(),
        progress: standing.state,
    };
    Ok(Json(console.safety.tips(&who).await?.into_iter().map(view).collect()))
}

/// `POST /api/tips/{tip}/release`: by somebody else than prepared it.
pub(super) async fn release(
    State(console): Served,
    Signed(who): Signed,
    Path(tip): Path<String>,
) -> Result<StatusCode, Problem> {
    console.safety.release_tip(tip_named(&tip)?, &who, console.now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /api/tips/{tip}/withdraw`.
pub(super) async fn withdraw(
    State(console): Served,
    Signed(who): Signed,
    Path(tip): Path<String>,
) -> Result<StatusCode, Problem> {
    console.safety.withdraw_tip(tip_named(&tip)?, &who, console.now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `GET /api/known`: the lists that attachments of reports are compared with.
pub(super) async fn lists(State(console): Served, _: Signed) -> Result<Json<Vec<ListView>>, Problem> {
    let view = |List { provenance, taken, hashes }: List| ListView {
        kind: kind_as_written(provenance.kind),
        name: provenance.name,
        giver: provenance.giver,
        taken,
        sha256: hashes.get(&Algorithm::Sha256).copied().unwrap_or(0),
        pdq: hashes.get(&Algorithm::Pdq).copied().unwrap_or(0),
    };
    Ok(Json(console.safety.known()?.lists().into_iter().map(view).collect()))
}

/// `POST /api/known?name=&giver=&kind=`: takes a list in, one hash a line; one of the same name goes.
pub(super) async fn take_list(
    State(console): Served,
    Signed(who): Signed,
    Query(ListAsked { name, giver, kind }): Query<ListAsked>,
    file: Bytes,
) -> Result<Json<Taken>, Problem> {
    leads(&who)?;
    let kind = KINDS.into_iter().find(|known| kind_as_written(*known) == kind);
    let kind =
        kind.ok_or_else(|| Problem::malformed("a kind is child-abuse, terrorism, intimate or other"))?;
    let provenance = Provenance { name: name.clone(), giver, kind };
    let now = console.now();
    let imported =
        console.safety.known()?.import(provenance, &file[..], now).await.map_err(SafetyError::Known)?;
    console.safety.note(who.name.as_str(), Act::ListTaken, &name, now).await?;
    Ok(Json(Taken { taken: imported.taken, passed_over: imported.passed_over }))
}

/// `DELETE /api/known/{name}`.
pub(super) async fn remove_list(
    State(console): Served,
    Signed(who): Signed,
    Path(name): Path<String>,
) -> Result<StatusCode, Problem> {
    leads(&who)?;
    let now = console.now();
    if !console.safety.known()?.remove(&name).await.map_err(SafetyError::Known)? {
        return Err(Problem::new(StatusCode::NOT_FOUND, "no-list", "there is no list of this name"));
    }
    console.safety.note(who.name.as_str(), Act::ListRemoved, &name, now).await?;
    Ok(StatusCode::NO_CONTENT)
}

const KINDS: [Kind; 4] = [Kind::ChildAbuse, Kind::Terrorism, Kind::Intimate, Kind::Other];

fn kind_as_written(kind: Kind) -> &'static str {
    KnownMatch::of(kind)
}

fn named(case: &str) -> Result<CaseId, Problem> {
    case.parse().map_err(|_| SafetyError::NoSuchCase.into())
}

fn tip_named(tip: &str) -> Result<PackageId, Problem> {
    let bytes = HEXLOWER.decode(tip.as_bytes()).ok().and_then(|bytes| bytes.try_into().ok());
    let gone = || Problem::new(StatusCode::NOT_FOUND, "no-tip", "there is no such report to NCMEC");
    bytes.map(PackageId).ok_or_else(gone)
}

fn leads(who: &Member) -> Result<(), Problem> {
    if who.role.leads() { Ok(()) } else { Err(SafetyError::Case(CaseRefusal::Role).into()) }
}
