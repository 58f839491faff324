//! Accounts and their devices.

use super::{
    super::{
        App,
        error::{Answer, Problem},
        shape::{Account, Card, Device, Directory, Qr},
    },
    Body,
};
use crate::{
    clock,
    minors::{self, UnderAge},
    person::{self, PATIENCE, PersonError, Place},
    transport::Service,
};
use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use serde::Deserialize;
use std::sync::Arc;
use trefoil_client::Event;
use trefoil_proto::{DeviceUri, Month};
use utoipa::ToSchema;

/// What makes an account.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewAccount {
    /// Address of the service.
    url: String,
    /// Account name, handle, or phone number, as the service knows people.
    identifier: String,
    /// The one-time code of a phone number.
    code: Option<String>,
    /// The name that others see; may be empty.
    name: String,
    /// The person is under age where they are: only their connections write to them.
    #[serde(default)]
    under_age: bool,
    /// With it, the month of their birth, as `2011-05`: this program works out in which month that ends. It is kept nowhere and
    /// told to nobody.
    #[serde(default)]
    born: Option<String>,
    /// Certificate authorities (PEM) to trust there instead of the public web's, or of what the suggestions name.
    #[serde(default)]
    ca: Option<String>,
}

/// A name.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Name {
    /// The name.
    name: String,
}

/// A device.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct OneDevice {
    /// Its URI.
    device: String,
}

/// Makes an account.
#[utoipa::path(post, path = "/accounts", request_body = NewAccount, responses((status = 200, body = Account), (status = 409, body = Problem)))]
pub(super) async fn register(
    State(app): State<Arc<App>>,
    Body(ask): Body<NewAccount>,
) -> Answer<Json<Account>> {
    let name = ask.name.trim();
    let code = ask.code.as_deref().map(str::trim).filter(|code| !code.is_empty());
    let ca = app.accounts.authority(ask.url.trim(), ask.ca.as_deref());
    let place = Place { service: ask.url.trim(), ca: ca.as_deref() };
    let born = ask.born.as_deref().map(str::trim).filter(|born| !born.is_empty());
    let minor = match (ask.under_age, born) {
        (false, _) => None,
        (true, None) => Some(UnderAge(None)),
        (true, Some(born)) => {
            let born: Month = born.parse().map_err(|_| Problem::unusable("that is no month"))?;
            let service = Service::new(place.service, place.ca).map_err(PersonError::from)?;
            let minor = minors::under_age(&service, born, None, clock::now()).await?;
            // Whoever says both is asked again.
            Some(minor.ok_or_else(|| Problem::unusable("by this month the person is of age"))?)
        }
    };
    let keeper = app.accounts.register(place, (ask.identifier.trim(), code), minor, name).await?;
    keeper.with(|kept| Ok(kept.account())).await.map(Json)
}

/// Chooses the name that others see.
#[utoipa::path(post, path = "/accounts/{account}/name", params(("account" = String, Path,)), request_body = Name, responses((status = 200, body = Account)))]
pub(super) async fn rename(
    State(app): State<Arc<App>>,
    Path(account): Path<String>,
    Body(ask): Body<Name>,
) -> Answer<Json<Account>> {
    let keeper = app.accounts.get(&account)?;
    keeper
        .with(move |kept| {
            person::rename(&mut kept.agent, ask.name.trim())?;
            Ok(kept.account())
        })
        .await
        .map(Json)
}

/// What others need to write to this person.
#[utoipa::path(get, path = "/accounts/{account}/card", params(("account" = String, Path,)), responses((status = 200, body = Card)))]
pub(super) async fn card(State(app): State<Arc<App>>, Path(account): Path<String>) -> Answer<Json<Card>> {
    let (user, reach) = app
        .accounts
        .get(&account)?
        .with(|kept| {
            let client = &kept.agent.client;
            let reach = if client.is_minor()? { Some(client.reach_link()?) } else { None };
            Ok((kept.me()?.to_string(), reach))
        })
        .await?;
    let link = reach.unwrap_or_else(|| user.clone());
    let qr = Qr::of(&link).ok_or_else(|| Problem::internal("the link does not fit a QR code"))?;
    Ok(Json(Card { link, user, qr }))
}

/// The account's devices, as last heard of.
#[utoipa::path(get, path = "/accounts/{account}/devices", params(("account" = String, Path,)), responses((status = 200, body = Vec<Device>)))]
pub(super) async fn devices(
    State(app): State<Arc<App>>,
    Path(account): Path<String>,
) -> Answer<Json<Vec<Device>>> {
    let keeper = app.accounts.get(&account)?;
    keeper
        .with(|kept| {
            let this = kept.agent.client.identity().map(|me| me.device);
            let mut listed = Vec::new();
            for device in kept.agent.client.own_devices()? {
                listed.push(Device {
                    this: Some(&device) == this.as_ref(),
                    name: kept.agent.client.device_name(&device)?.unwrap_or_default(),
                    uri: device.to_string(),
                });
            }
            Ok(listed)
        })
        .await
        .map(Json)
}

/// Takes a device off the account, on its first device.
#[utoipa::path(post, path = "/accounts/{account}/devices/remove", params(("account" = String, Path,)), request_body = OneDevice, responses((status = 204), (status = 422, body = Problem)))]
pub(super) async fn remove_device(
    State(app): State<Arc<App>>,
    Path(account): Path<String>,
    Body(ask): Body<OneDevice>,
) -> Answer<StatusCode> {
    let device: DeviceUri = ask.device.parse().map_err(|_| Problem::unusable("that is no device"))?;
    let keeper = app.accounts.get(&account)?;
    let gone = device.clone();
    keeper
        .with_answer(
            PATIENCE,
            move |kept| Ok(kept.agent.act(|client, now| client.remove_device(&device, now))?),
            |event| match event {
                Event::OwnDeviceRemoved { device } if *device == gone => Some(Ok(())),
                Event::UnlinkRefused { device, code, detail } if *device == gone => {
                    Some(Err(refused(*code, detail)))
                }
                _ => None,
            },
        )
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The key directories that this account knows, and whose word counts.
#[utoipa::path(get, path = "/accounts/{account}/directories", params(("account" = String, Path,)), responses((status = 200, body = Vec<Directory>)))]
pub(super) async fn directories(
    State(app): State<Arc<App>>,
    Path(account): Path<String>,
) -> Answer<Json<Vec<Directory>>> {
    let keeper = app.accounts.get(&account)?;
    keeper
        .with(|kept| {
            let known = kept.agent.client.directories()?;
            Ok(known
                .into_iter()
                .map(|one| Directory {
                    domain: one.directory.to_string(),
                    key: data_encoding::HEXLOWER.encode(&one.key),
                    epoch: one.epoch,
                    time: one.time.map(|time| time.0),
                    caught: one.caught,
                    vouches: one.vouches,
                })
                .collect())
        })
        .await
        .map(Json)
}

fn refused(code: trefoil_proto::ErrorCode, detail: &str) -> Problem {
    PersonError::Refused { code, detail: detail.to_owned() }.into()
}
