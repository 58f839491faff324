//! Reports of somebody: why, and on their way to the service, which hands them to the room's hub.

use crate::{
    agent::Way,
    person::{self, PersonError},
    transport::TransportError,
};
use clap::ValueEnum;
use http::Method;
use serde::Deserialize;
use tls_codec::Serialize as _;
use trefoil_proto::{
    RoomUri,
    mimi::report::{AbuseReport, AbuseType},
    paths,
};
use utoipa::ToSchema;

/// Why somebody is reported.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum ReportReason {
    /// Unsolicited bulk messages.
    Spam,
    /// Deceit for gain.
    Fraud,
    /// Bullying, stalking, threats.
    Harassment,
    /// Hate against a group.
    Hate,
    /// Sexual content that was not wanted.
    SexualContent,
    /// Sexual exploitation of a child.
    ChildExploitation,
    /// Violence or terrorism.
    Violence,
    /// Somebody may harm themselves.
    SelfHarm,
    /// Pretending to be somebody else.
    Impersonation,
    /// Something else.
    Other,
}

/// Shows a report. It is with the hub when this returns.
///
/// # Errors
/// The service or the hub cannot be reached, or did not take it.
pub async fn show(way: &Way, room: &RoomUri, report: &AbuseReport) -> Result<(), PersonError> {
    let path = format!("{}/reportAbuse/{}", paths::CLIENT_ROOT, paths::segment(&room.to_string()));
    let body = report.tls_serialize_detached().map_err(|error| TransportError::Garbled(error.into()))?;
    let token = way.first_bearer().await?;
    person::ask(&way.service, Method::POST, &path, Some(&token), body.into()).await?;
    Ok(())
}

impl From<ReportReason> for AbuseType {
    fn from(reason: ReportReason) -> Self {
        match reason {
            ReportReason::Spam => Self::Spam,
            ReportReason::Fraud => Self::Fraud,
            ReportReason::Harassment => Self::Harassment,
            ReportReason::Hate => Self::Hate,
            ReportReason::SexualContent => Self::SexualContent,
            ReportReason::ChildExploitation => Self::ChildExploitation,
            ReportReason::Violence => Self::Violence,
            ReportReason::SelfHarm => Self::SelfHarm,
            ReportReason::Impersonation => Self::Impersonation,
            ReportReason::Other => Self::Other,
        }
    }
}
