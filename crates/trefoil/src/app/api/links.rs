//! Linking a further device: one short code from screen to screen, a number that both devices show, and then the history.

use super::{
    super::{
        App,
        error::{Answer, Problem},
        shape::{Account, Qr},
    },
    Body,
};
use crate::{
    link, meet,
    person::{PATIENCE, PersonError, Place},
};
use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use futures_util::FutureExt as _;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use trefoil_client::{Event, LinkView, Side};
use trefoil_proto::DeviceUri;
use utoipa::ToSchema;

/// Where an account is that this device shall be linked to.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LinkTo {
    /// Address of the service.
    url: String,
    /// A name for this device, which no service learns; may be empty.
    #[serde(default)]
    name: String,
    /// Certificate authorities (PEM) to trust there instead of the public web's, or of what the suggestions name.
    #[serde(default)]
    ca: Option<String>,
}

/// A device that waits to be linked.
#[derive(Serialize, ToSchema)]
pub(super) struct LinkRequest {
    /// The account, on this device.
    account: Account,
    /// A short code, to be scanned or pasted at the account's first device. It stays the same while the device waits.
    code: String,
    /// The same as a QR code.
    qr: Option<Qr>,
}

/// How far a device is that waits to be linked.
#[derive(Serialize, ToSchema)]
pub(super) struct Linked {
    /// The account.
    account: Account,
    /// What the first device must show as well: `1234 5678`. The history comes once it was compared there. None if the
    /// first device has not answered yet: ask again.
    number: Option<String>,
}

/// A code that another device shows.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LinkCode {
    /// As it was scanned or pasted: a short one.
    code: String,
}

/// That another device was let in.
#[derive(Serialize, ToSchema)]
pub(super) struct LinkApproved {
    /// The device.
    device: String,
}

/// A device.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct OneDevice {
    /// Its URI.
    device: String,
}

/// A name for a device.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DeviceName {
    /// Its URI.
    device: String,
    /// The name; empty for none.
    name: String,
}

/// A device that is being linked, or was.
#[derive(Serialize, ToSchema)]
pub(super) struct Link {
    /// The new device.
    device: String,
    /// This device let it in; otherwise it is the one that was let in.
    first: bool,
    /// What both devices must show, once the new one has shown its part.
    number: Option<String>,
    /// The person said that both show the same.
    compared: bool,
    /// The history was sent, or has arrived.
    done: bool,
}

/// Makes this device wait to be linked to an account that is there already.
#[utoipa::path(post, path = "/accounts/link", request_body = LinkTo, responses((status = 200, body = LinkRequest)))]
pub(super) async fn request(
    State(app): State<Arc<App>>,
    Body(ask): Body<LinkTo>,
) -> Answer<Json<LinkRequest>> {
    let ca = app.accounts.authority(ask.url.trim(), ask.ca.as_deref());
    let place = Place { service: ask.url.trim(), ca: ca.as_deref() };
    let (keeper, offer) = app.accounts.request_link(place, ask.name.trim()).await?;
    let account = keeper.with(|kept| Ok(kept.account())).await?;
    let code = offer.code.to_string();
    Ok(Json(LinkRequest { account, qr: Qr::of(&code), code }))
}

/// On the device that waits to be linked: looks for the first device's answer, and waits some time for it; gives the number
/// to compare once it is there. May be asked again at any time, and gives the same number again.
#[utoipa::path(post, path = "/accounts/{account}/link/wait", params(("account" = String, Path,)), responses((status = 200, body = Linked), (status = 422, body = Problem)))]
pub(super) async fn wait(State(app): State<Arc<App>>, Path(account): Path<String>) -> Answer<Json<Linked>> {
    let keeper = app.accounts.get(&account)?;
    let offer = keeper.with(|kept| Ok(kept.agent.client.link_offer()?)).await?;
    // Outside the keeper's task: everything else of the account would wait as long.
    let answer = match &offer {
        Some(offer) => match meet::look(&keeper.way.service, offer).await? {
            Some(answer) => Some(answer),
            None => {
                let account = keeper.with(|kept| Ok(kept.account())).await?;
                return Ok(Json(Linked { account, number: None }));
            }
        },
        None => None,
    };
    keeper
        .with_whole(move |kept| {
            async move {
                // Another window, or the same one before, may have been as far.
                if let Some(answer) = answer.filter(|_| kept.agent.client.identity().is_none()) {
                    kept.agent.act(|client, now| client.link_finish(&answer, now))?;
                }
                kept.agent.go_online()?;
                kept.agent.settle(PATIENCE, |_, _| {}).await?;
                kept.await_history();
                let number = link::show_number(&mut kept.agent).await?;
                Ok(Json(Linked { account: kept.account(), number: Some(number) }))
            }
            .boxed()
        })
        .await
}

/// Lets another device in, on the account's first device, and leaves the answer for it at the service.
#[utoipa::path(post, path = "/accounts/{account}/devices", params(("account" = String, Path,)), request_body = LinkCode, responses((status = 200, body = LinkApproved), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn approve(
    State(app): State<Arc<App>>,
    Path(account): Path<String>,
    Body(ask): Body<LinkCode>,
) -> Answer<Json<LinkApproved>> {
    let keeper = app.accounts.get(&account)?;
    let service = keeper.way.service.clone();
    let code = keeper.with(move |kept| Ok(kept.agent.client.link_code(&ask.code)?)).await?;
    let request = meet::request(&service, &code).await?;
    let asked = request.clone();
    let wanted = keeper.with(move |kept| Ok(kept.agent.client.link_requested(&asked)?)).await?;
    let approved = keeper.with_answer(
        PATIENCE,
        move |kept| Ok(kept.agent.act(|client, now| client.link_approve(&request, now))?),
        |event| match event {
            Event::LinkApproved { device, answer } if *device == wanted => {
                Some(Ok((device.to_string(), answer.clone())))
            }
            Event::LinkRefused { device, code, detail } if *device == wanted => {
                Some(Err(PersonError::Refused { code: *code, detail: detail.clone() }.into()))
            }
            _ => None,
        },
    );
    let (device, answer) = approved.await?;
    meet::answer(&service, &code, &answer).await?;
    Ok(Json(LinkApproved { device }))
}

/// Devices that are being linked, or were.
#[utoipa::path(get, path = "/accounts/{account}/links", params(("account" = String, Path,)), responses((status = 200, body = Vec<Link>)))]
pub(super) async fn all(State(app): State<Arc<App>>, Path(account): Path<String>) -> Answer<Json<Vec<Link>>> {
    let keeper = app.accounts.get(&account)?;
    keeper.with(|kept| Ok(Json(kept.agent.client.links()?.into_iter().map(Link::of).collect()))).await
}

/// On the first device: looks whether the new one has shown its part of the number.
#[utoipa::path(post, path = "/accounts/{account}/links/look", params(("account" = String, Path,)), request_body = OneDevice, responses((status = 200, body = Link), (status = 404, body = Problem)))]
pub(super) async fn look(
    State(app): State<Arc<App>>,
    Path(account): Path<String>,
    Body(ask): Body<OneDevice>,
) -> Answer<Json<Link>> {
    let (keeper, device) = (app.accounts.get(&account)?, device(&ask.device)?);
    keeper
        .with_whole(move |kept| {
            async move {
                link::look_for_number(&mut kept.agent, &device).await?;
                let links = kept.agent.client.links()?;
                let found = links.into_iter().find(|link| link.device == device);
                let found =
                    found.ok_or_else(|| Problem::not_found("that device was not linked from here"))?;
                Ok(Json(Link::of(found)))
            }
            .boxed()
        })
        .await
}

/// On the first device: the person says that both devices show the same number. What was said before is sent to the new
/// one, sealed for it alone.
#[utoipa::path(post, path = "/accounts/{account}/links/compared", params(("account" = String, Path,)), request_body = OneDevice, responses((status = 204), (status = 422, body = Problem)))]
pub(super) async fn compared(
    State(app): State<Arc<App>>,
    Path(account): Path<String>,
    Body(ask): Body<OneDevice>,
) -> Answer<StatusCode> {
    let (keeper, device) = (app.accounts.get(&account)?, device(&ask.device)?);
    keeper
        .with_whole(move |kept| {
            async move {
                link::compared(&mut kept.agent, &device, |_| {}).await?;
                Ok(StatusCode::NO_CONTENT)
            }
            .boxed()
        })
        .await
}

/// Gives a name to one of the account's devices; no service learns it.
#[utoipa::path(post, path = "/accounts/{account}/devices/name", params(("account" = String, Path,)), request_body = DeviceName, responses((status = 204), (status = 422, body = Problem)))]
pub(super) async fn name(
    State(app): State<Arc<App>>,
    Path(account): Path<String>,
    Body(ask): Body<DeviceName>,
) -> Answer<StatusCode> {
    let (keeper, device) = (app.accounts.get(&account)?, device(&ask.device)?);
    keeper
        .with(move |kept| {
            kept.agent.act(|client, now| client.name_device(&device, ask.name.trim(), now))?;
            Ok(StatusCode::NO_CONTENT)
        })
        .await
}

fn device(raw: &str) -> Answer<DeviceUri> {
    raw.parse().map_err(|_| Problem::unusable("that is no device"))
}

impl Link {
    fn of(view: LinkView) -> Self {
        Self {
            device: view.device.to_string(),
            first: view.side == Side::First,
            number: view.number,
            compared: view.compared,
            done: view.done,
        }
    }
}
