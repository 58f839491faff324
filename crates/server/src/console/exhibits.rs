//! Attachments of a case, lists of known material, and reports to NCMEC.

use super::{
    Console,
    desk::named,
    error::Problem,
    guard::{LeadSigned, Signed},
    team::leads,
};
use crate::safety::{
    Listed, SafetyError, Tip,
    known::{Algorithm, Kind, List, Provenance},
    tipline::{Classification, Incident, Refused, Standing},
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
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};
use trefoil_proto::Timestamp;

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
    /// Its first bytes, in hexadecimal: what it is, whatever its sender says.
    begins: Option<String>,
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
    #[serde(default)]
    viewed: BTreeSet<usize>,
}

#[derive(Serialize)]
pub(super) struct TipView {
    tip: String,
    made: Timestamp,
    prepared_by: String,
    released_by: Option<String>,
    about: String,
    incident: Incident,
    /// The case that it is of, as long as that is kept.
    case: Option<String>,
    files: usize,
    state: &'static str,
    /// NCMEC's number of it, while it has one.
    report: Option<u64>,
    /// What NCMEC refused for good: it waits until somebody says that it may go on.
    refused: Option<RefusedView>,
}

#[derive(Serialize)]
pub(super) struct RefusedView {
    at: Timestamp,
    code: u32,
    words: String,
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
    let view = |(number, exhibit): (usize, Listed)| {
        let (opened, problem) = match exhibit.opened {
            Ok(opened) => (Some(opened), None),
            Err(error) => (None, Some(error.to_string())),
        };
        ExhibitView {
            number,
            message: exhibit.message,
            media_type: exhibit.label.content_type,
            name: exhibit.label.filename,
            description: exhibit.label.description,
            sha256: exhibit.hash.map(|hash| HEXLOWER.encode(&hash)),
            size: opened.as_ref().map(|(size, _)| *size),
            begins: opened.map(|(_, begins)| HEXLOWER.encode(&begins)),
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
    let found = console.safety.exhibit(named(&case)?, number, &who, console.now()).await?;
    let bytes = found
        .and_then(|exhibit| exhibit.opened.ok())
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
    let (id, Json(TipAsked { incident, urgent, remarks, classified, viewed })) = (named(&case)?, asked?);
    let tip = Tip { incident, urgent, remarks, classified, viewed };
    let made = console.safety.prepare_tip(id, &who, tip, console.now()).await?;
    Ok(Json(serde_json::json!({ "tip": made.to_string() })))
}

/// `GET /api/tips`: reports to NCMEC, the oldest first.
pub(super) async fn tips(State(console): Served, Signed(who): Signed) -> Result<Json<Vec<TipView>>, Problem> {
    let view = |standing: Standing| TipView {
        tip: standing.id.to_string(),
        made: standing.made,
        prepared_by: standing.prepared_by,
        released_by: standing.approved_by,
        about: standing.package.reported.user,
        incident: standing.package.incident,
        case: standing.case.map(|case| case.to_string()),
        files: standing.package.files.len(),
        state: standing.state.as_str(),
        report: standing.state.report(),
        refused: standing.refused.map(|Refused { at, code, words }| RefusedView { at, code, words }),
    };
    Ok(Json(console.safety.tips(&who).await?.into_iter().map(view).collect()))
}

/// `POST /api/tips/{tip}/release`: by somebody else than prepared it.
pub(super) async fn release(
    State(console): Served,
    Signed(who): Signed,
    Path(tip): Path<String>,
) -> Result<StatusCode, Problem> {
    let id = tip.parse().map_err(SafetyError::Tip)?;
    if let Ok(preparer) = console.safety.tip(id, &who).await?.prepared_by.parse() {
        console.are_two(&who, &preparer).await?;
    }
    console.safety.release_tip(id, &who, console.now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /api/tips/{tip}/resume`.
pub(super) async fn resume(
    State(console): Served,
    Signed(who): Signed,
    Path(tip): Path<String>,
) -> Result<StatusCode, Problem> {
    console.safety.resume_tip(tip.parse().map_err(SafetyError::Tip)?, &who, console.now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /api/tips/{tip}/withdraw`.
pub(super) async fn withdraw(
    State(console): Served,
    Signed(who): Signed,
    Path(tip): Path<String>,
) -> Result<StatusCode, Problem> {
    console.safety.withdraw_tip(tip.parse().map_err(SafetyError::Tip)?, &who, console.now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `GET /api/known`: the lists that attachments of reports are compared with.
pub(super) async fn lists(State(console): Served, _: Signed) -> Result<Json<Vec<ListView>>, Problem> {
    let view = |List { provenance, taken, hashes }: List| ListView {
        kind: provenance.kind.as_str(),
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
    LeadSigned(who): LeadSigned,
    Query(ListAsked { name, giver, kind }): Query<ListAsked>,
    file: Bytes,
) -> Result<Json<Taken>, Problem> {
    let kind = Kind::ALL.into_iter().find(|known| known.as_str() == kind);
    let kind =
        kind.ok_or_else(|| Problem::malformed("a kind is child-abuse, terrorism, intimate or other"))?;
    let provenance = Provenance { name, giver, kind };
    let now = console.now();
    let imported = console.safety.known()?.import(provenance, &file[..], &who.name, now).await;
    let imported = imported.map_err(SafetyError::Known)?;
    console.safety.compare_again(now).await?;
    Ok(Json(Taken { taken: imported.taken, passed_over: imported.passed_over }))
}

/// `DELETE /api/known/{name}`.
pub(super) async fn remove_list(
    State(console): Served,
    Signed(who): Signed,
    Path(name): Path<String>,
) -> Result<StatusCode, Problem> {
    leads(&who)?;
    let removed = console.safety.known()?.remove(&name, &who.name, console.now()).await;
    if !removed.map_err(SafetyError::Known)? {
        return Err(Problem::new(StatusCode::NOT_FOUND, "no-list", "there is no list of this name"));
    }
    Ok(StatusCode::NO_CONTENT)
}
