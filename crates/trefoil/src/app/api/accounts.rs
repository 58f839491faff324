//! Accounts and their devices.

use super::{
    super::{
        App,
        error::{Answer, Problem, ProblemCode},
        shape::{Account, Card, Device, Directory, Pass, Qr},
    },
    Body,
};
use crate::{
    clock,
    minors::{self, UnderAge},
    passes,
    person::{self, Newcomer, PATIENCE, PersonError, Place},
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
use trefoil_proto::{DeviceUri, Domain, ErrorCode, Month};
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
    /// The registration pass that somebody gave, where the service wants one.
    #[serde(default)]
    pass: Option<String>,
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

/// Where an account is to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PassFor {
    /// The service by its name, as in `example.org`; left away, it is the account's own.
    #[serde(default)]
    service: Option<String>,
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
    let pass = ask.pass.as_deref().filter(|pass| !pass.trim().is_empty()).map(person::parse_pass);
    let pass = pass.transpose().map_err(|error| Problem::because(ProblemCode::BadPass, error.to_string()))?;
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
    let keeper = app
        .accounts
        .register(
            place,
            Newcomer { identifier: ask.identifier.trim(), code, pass: pass.as_ref(), minor },
            name,
        )
        .await?;
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

/// A registration pass, with which somebody can make an account. Each is another one, and counts.
#[utoipa::path(post, path = "/accounts/{account}/pass", params(("account" = String, Path,)), request_body = PassFor, responses((status = 200, body = Pass), (status = 409, body = Problem)))]
pub(super) async fn give_pass(
    State(app): State<Arc<App>>,
    Path(account): Path<String>,
    Body(ask): Body<PassFor>,
) -> Answer<Json<Pass>> {
    let of = ask.service.as_deref().map(str::trim).filter(|name| !name.is_empty()).map(str::parse::<Domain>);
    let of = of.transpose().map_err(|error| Problem::unusable(error.to_string()))?;
    let keeper = app.accounts.get(&account)?;
    let me = keeper.with(|kept| kept.me()).await?;
    let given = passes::give(&keeper.way, &of.unwrap_or(me.domain)).await.map_err(gives_none)?;
    Ok(Json(Pass { service: given.domain.to_string(), pass: given.to_string() }))
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

/// That there are no more for now is no haste of the person's.
fn gives_none(error: PersonError) -> Problem {
    match &error {
        PersonError::Refused { code: ErrorCode::RateLimited | ErrorCode::NotAllowed, .. } => {
            Problem::new(StatusCode::CONFLICT, ProblemCode::NoPasses, error.to_string())
        }
        _ => error.into(),
    }
}

fn refused(code: trefoil_proto::ErrorCode, detail: &str) -> Problem {
    PersonError::Refused { code, detail: detail.to_owned() }.into()
}
