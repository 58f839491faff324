//! Services, before there is an account: what one says of itself, and one-time codes.

use super::{
    super::{
        App,
        error::{Answer, Problem},
        shape::KnownService,
    },
    Body,
};
use crate::person::{self, Place};
use axum::{Json, extract::State, http::StatusCode};
use serde::Deserialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// An address.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Address {
    /// Of a service: `https://…`.
    url: String,
    /// Certificate authorities (PEM) to trust there instead of the public web's, or of what the suggestions name.
    #[serde(default)]
    ca: Option<String>,
}

/// Where a code is to go.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CodeFor {
    /// Address of the service.
    url: String,
    /// Phone number in international form.
    number: String,
    /// Certificate authorities (PEM) to trust there instead of the public web's, or of what the suggestions name.
    #[serde(default)]
    ca: Option<String>,
}

/// What a service says of itself.
#[utoipa::path(post, path = "/services/look", request_body = Address, responses((status = 200, body = KnownService), (status = 502, body = Problem)))]
pub(super) async fn look(
    State(app): State<Arc<App>>,
    Body(ask): Body<Address>,
) -> Answer<Json<KnownService>> {
    let (url, ca) = (ask.url.trim(), app.accounts.authority(ask.url.trim(), ask.ca.as_deref()));
    app.accounts.look(Place { service: url, ca: ca.as_deref() }).await.map(Json)
}

/// Has a service send a one-time code to a phone number. Whether it did is not told.
#[utoipa::path(post, path = "/codes", request_body = CodeFor, responses((status = 204), (status = 502, body = Problem)))]
pub(super) async fn code(State(app): State<Arc<App>>, Body(ask): Body<CodeFor>) -> Answer<StatusCode> {
    let ca = app.accounts.authority(ask.url.trim(), ask.ca.as_deref());
    let place = Place { service: ask.url.trim(), ca: ca.as_deref() };
    person::request_code(place, ask.number.trim()).await?;
    Ok(StatusCode::NO_CONTENT)
}
