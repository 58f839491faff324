//! Reports on their way to the service, which hands them to the room's hub.

use crate::{
    agent::Way,
    person::{self, PersonError},
    transport::TransportError,
};
use http::Method;
use tls_codec::Serialize as _;
use trefoil_proto::{RoomUri, mimi::report::AbuseReport, paths};

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
