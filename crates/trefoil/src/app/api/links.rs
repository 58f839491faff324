//! Linking a further device: two pasted codes, a number that both devices show, and then the history.

use super::{
    super::{
        App,
        error::{Answer, Problem},
        hub::Happening,
        shape::{Account, Qr},
    },
    Body,
};
use crate::{
    link,
    person::{PATIENCE, PersonError},
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
}

/// A device that waits to be linked.
#[derive(Serialize, ToSchema)]
pub(super) struct LinkRequest {
    /// The account, on this device.
    account: Account,
    /// To be pasted at the account's first device.
    code: String,
    /// The same as a QR code.
    qr: Option<Qr>,
}

/// What the first device answered.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LinkAnswer {
    /// As it was pasted.
    answer: String,
}

/// A device that is linked now.
#[derive(Serialize, ToSchema)]
pub(super) struct Linked {
    /// The account.
    account: Account,
    /// What the first device must show as well: `1234 5678`. The history comes once it was compared there.
    number: String,
}

/// A code that another device shows.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LinkCode {
    /// As it was pasted.
    code: String,
}

/// That another device was let in.
#[derive(Serialize, ToSchema)]
pub(super) struct LinkApproved {
    /// The device.
    device: String,
    /// To be pasted at the new device.
    answer: String,
    /// The same as a QR code.
    qr: Option<Qr>,
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
    let (keeper, code) = app.accounts.request_link(ask.url.trim(), ask.name.trim()).await?;
    let account = keeper.with(|kept| Ok(kept.account())).await?;
    Ok(Json(LinkRequest { account, qr: Qr::of(&code), code }))
}

/// Takes the first device's answer, on the device that waits to be linked; gives the number to compare.
#[utoipa::path(post, path = "/accounts/{account}/link", params(("account" = String, Path,)), request_body = LinkAnswer, responses((status = 200, body = Linked), (status = 422, body = Problem)))]
pub(super) async fn finish(
    State(app): State<Arc<App>>,
    Path(account): Path<String>,
    Body(ask): Body<LinkAnswer>,
) -> Answer<Json<Linked>> {
    let keeper = app.accounts.get(&account)?;
    keeper
        .with_whole(move |kept| {
            async move {
                if kept.agent.client.identity().is_none() {
                    kept.agent.act(|client, now| client.link_finish(ask.answer.trim(), now))?;
                }
                kept.agent.go_online()?;
                kept.agent.settle(PATIENCE, |_, _| {}).await?;
                kept.await_history();
                let number = link::show_number(&mut kept.agent).await?;
                Ok(Json(Linked { account: kept.account(), number }))
            }
            .boxed()
        })
        .await
}

/// Lets another device in, on the account's first device.
#[utoipa::path(post, path = "/accounts/{account}/devices", params(("account" = String, Path,)), request_body = LinkCode, responses((status = 200, body = LinkApproved), (status = 422, body = Problem)))]
pub(super) async fn approve(
    State(app): State<Arc<App>>,
    Path(account): Path<String>,
    Body(ask): Body<LinkCode>,
) -> Answer<Json<LinkApproved>> {
    let keeper = app.accounts.get(&account)?;
    let approved = keeper.with_answer(
        PATIENCE,
        move |kept| Ok(kept.agent.act(|client, now| client.link_approve(ask.code.trim(), now))?),
        |event| match event {
            Event::LinkApproved { device, answer } => Some(Ok((device.to_string(), answer.clone()))),
            Event::LinkRefused { code, detail } => {
                Some(Err(PersonError::Refused { code: *code, detail: detail.clone() }.into()))
            }
            _ => None,
        },
    );
    let (device, answer) = approved.await?;
    Ok(Json(LinkApproved { device, qr: Qr::of(&answer), answer }))
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
    let hub = app.accounts.hub().clone();
    keeper
        .with_whole(move |kept| {
            async move {
                let (account, name) = (kept.id.clone(), device.to_string());
                let moved = |there| {
                    let (account, upload) = (account.clone(), name.clone());
                    hub.tell(&Happening::Transfer { account, upload, there, of: 0 });
                };
                link::compared(&mut kept.agent, &device, moved).await?;
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
