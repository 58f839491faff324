//! MIMI requests of other services (draft-ietf-mimi-protocol-06, section 5). A peer speaks for its own people and,
//! where it is the hub, for its own rooms; nothing else.

use super::{
    Edge, Refusal, attachments,
    body::{self, Body, Reply, encoded},
    conversation::{asks_by_number, check_target, not_in_clear},
    identity::Peer,
    rates::Asker,
    safety::Doing,
    segment::Segment,
};
use crate::{
    federation::{Endpoint, IncidentReason},
    keys,
    media::MediaUrl,
    minors::Shown,
    rooms::{self, Origin},
};
use axum::{
    Json,
    extract::{Request, State},
    response::{IntoResponse as _, Response},
};
use data_encoding::BASE64URL_NOPAD;
use http::{HeaderMap, StatusCode};
use std::sync::Arc;
use trefoil_proto::{
    DeviceUri, Domain, RoomUri, UserUri,
    defence::Defence,
    limits,
    mimi::{
        GroupInfoRequest, GroupInfoResponse, KeyMaterialRequest, SubmitMessageRequest, SubmitMessageResponse,
        UpdateRequest, UpdateRoomResponse,
        directory::Directory,
        identifier::{IdentifierRequest, IdentifierResponse},
    },
    passes::NamelessClaim,
    paths,
};

type Served = State<Arc<Edge>>;

/// `GET /.well-known/mimi-protocol-directory`.
pub(super) async fn directory(State(edge): Served) -> Json<Directory> {
    let transparency = Some(edge.house.log.keys());
    let franking_key = BASE64URL_NOPAD.encode(&edge.about.info.franking_signature_key);
    Json(Directory { transparency, franking_key, ..Directory::at(&edge.about.origin) })
}

/// `POST update/{room}`.
pub(super) async fn update(
    State(edge): Served,
    Peer(peer): Peer,
    Segment(room): Segment,
    request: Body<UpdateRequest>,
) -> Result<Reply<UpdateRoomResponse>, Refusal> {
    let room = edge.own_room(&peer, &room).await?;
    // Who commits is known when the commit was opened: the rooms ask whether they are barred (`service`).
    let response = edge.house.rooms.update(&Origin::Peer(peer), &room, request.value, edge.now()).await?;
    Ok(Reply(StatusCode::OK, response))
}

/// `POST submitMessage/{room}`.
pub(super) async fn submit(
    State(edge): Served,
    Peer(peer): Peer,
    Segment(room): Segment,
    request: Body<SubmitMessageRequest>,
) -> Result<Reply<SubmitMessageResponse>, Refusal> {
    let room = edge.own_room(&peer, &room).await?;
    if request.value.sending_uri.domain != peer && Defence::PeerForItsOwn.stands() {
        return Err(edge.lie(&peer, IncidentReason::VouchedForAnother).await);
    }
    edge.is_free(&request.value.sending_uri, Doing::GoingOn)?;
    let writer = request.value.sending_uri.clone();
    let response =
        edge.house.rooms.submit(&Origin::Peer(peer), &room, request.value, None, edge.now()).await?;
    edge.wrote(&writer, &room).await;
    Ok(Reply(StatusCode::OK, response))
}

/// `POST groupInfo/{room}`.
pub(super) async fn group_info(
    State(edge): Served,
    Peer(peer): Peer,
    Segment(room): Segment,
    request: Body<GroupInfoRequest>,
) -> Result<Reply<GroupInfoResponse>, Refusal> {
    let room = edge.own_room(&peer, &room).await?;
    // Of whom another service speaks falsely, the rooms say so.
    if let Some(asker) = rooms::asker(&request.value).filter(|asker| asker.domain == peer) {
        edge.is_free(&asker.user_uri(), Doing::GoingOn)?;
    }
    let response = edge.house.rooms.group_info(&Origin::Peer(peer), &room, request.value, edge.now()).await?;
    Ok(Reply(StatusCode::OK, response))
}

/// `POST notify/{room}`: 201 also for a repetition.
pub(super) async fn notify(
    State(edge): Served,
    Peer(peer): Peer,
    Segment(room): Segment,
    request: Request,
) -> Result<StatusCode, Refusal> {
    let room: RoomUri = room.parse()?;
    body::check_type(request.headers(), paths::MEDIA_TYPE)?;
    let body::Raw { bytes, _held } = body::read(&edge, request, limits::NOTIFY).await?;
    let federation = &edge.house.federation;
    let checked = federation.check_notify(&peer, &room, &bytes, edge.now()).await?;
    let mut known = Vec::with_capacity(checked.recipients().len());
    for recipient in checked.recipients() {
        let device = DeviceUri {
            domain: edge.domain().clone(),
            user: recipient.user.clone(),
            device: recipient.device.clone(),
        };
        if edge.house.accounts.knows(&device).await? {
            known.push(recipient.clone());
        }
    }
    federation.accept_notify(checked, &known).await?;
    Ok(StatusCode::CREATED)
}

/// `POST keyMaterial/{user}`: from a follower to the hub, or from the hub to the target's service.
pub(super) async fn key_material(
    State(edge): Served,
    Peer(peer): Peer,
    Segment(user): Segment,
    request: Body<KeyMaterialRequest>,
) -> Result<Response, Refusal> {
    let target: UserUri = user.parse()?;
    check_target(&request.value, &target)?;
    let Ok(requester) = keys::requester(&request.value) else {
        return Err(edge.lie(&peer, IncidentReason::Forged).await);
    };
    let person = requester.user_uri();
    edge.is_not_listed(&person)?;
    let asker = Asker::Of(&peer, &person);
    edge.rates.claim(asker, edge.now())?;
    let hub = &request.value.tbs.room_id.domain;
    if hub == edge.domain() {
        if requester.domain != peer {
            return Err(edge.lie(&peer, IncidentReason::VouchedForAnother).await);
        }
        edge.is_free(&requester.user_uri(), Doing::Beginning)?;
        edge.house.rooms.may_claim(&requester, &request.value.tbs.room_id).await?;
        if target.domain != *edge.domain() {
            let endpoint = Endpoint::KeyMaterial;
            let (answer, response) =
                edge.key_material_of(&target.domain, endpoint, &target, request.bytes).await?;
            edge.house.rooms.claimed(&person, &response, edge.now());
            return Ok(encoded(StatusCode::OK, answer));
        }
    } else if *hub != peer {
        return Err(edge.lie(&peer, IncidentReason::RoomOfAnotherService).await);
    } else if target.domain != *edge.domain() {
        return Err(edge.lie(&peer, IncidentReason::AskedForAnother).await);
    }
    let shown = match edge.is_own_device(&requester, &request.value).await? {
        true => Shown::Own,
        false => edge.needs_no_pass().map(|()| Shown::Nothing)?,
    };
    let claim = edge.claim(asker, &NamelessClaim::of(&request.value), shown).await?;
    if hub == edge.domain() {
        edge.house.rooms.claimed(&person, &claim, edge.now());
    }
    Ok(Reply(StatusCode::OK, claim).into_response())
}

/// `POST identifierQuery/{domain}`.
pub(super) async fn identifier_query(
    State(edge): Served,
    Peer(peer): Peer,
    Segment(domain): Segment,
    request: Body<IdentifierRequest>,
) -> Result<Reply<IdentifierResponse>, Refusal> {
    let domain: Domain = domain.parse()?;
    if domain != *edge.domain() {
        return Err(edge.lie(&peer, IncidentReason::AskedForAnother).await);
    }
    edge.takes_from(&peer)?;
    edge.rates.peer_lookup(&peer, edge.now())?;
    if asks_by_number(&request.value) {
        return Ok(Reply(StatusCode::OK, not_in_clear()));
    }
    Ok(Reply(StatusCode::OK, edge.house.accounts.lookup(&request.value, edge.now()).await?))
}

/// `GET proxyDownload/{url}`: own media only. A peer reads those of a third service there.
pub(super) async fn media(
    State(edge): Served,
    Peer(peer): Peer,
    Segment(url): Segment,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let Some(url) = MediaUrl::parse(&url).filter(|url| edge.is_own(url)) else {
        return Err(edge.lie(&peer, IncidentReason::AskedForAnother).await);
    };
    attachments::serve(&edge, &url.id, &headers).await
}

/// `GET /v1/media/{id}`: own media at the URL that stands in messages, for another service's proxy.
pub(super) async fn own_media(
    State(edge): Served,
    Peer(_): Peer,
    Segment(id): Segment,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    attachments::serve(&edge, &id, &headers).await
}

impl Edge {
    /// The room of a path, if this service is its hub.
    pub(super) async fn own_room(&self, peer: &Domain, raw: &str) -> Result<RoomUri, Refusal> {
        let room: RoomUri = raw.parse()?;
        if room.domain == *self.domain() {
            Ok(room)
        } else {
            Err(self.lie(peer, IncidentReason::RoomOfAnotherService).await)
        }
    }
}
