//! MIMI requests of the service's own devices: answered here if this service is the hub, else handed to the hub.

use super::{
    Edge, Refusal,
    body::{Body, Reply, encoded},
    identity::Caller,
    people::recipient,
    rates::Asker,
    safety::Doing,
    segment::Segment,
};
use crate::{
    federation::{self, Endpoint, IncidentReason},
    keys::Supply,
    minors::Shown,
    rooms::{self, Origin, RoomsError},
};
use axum::{
    extract::State,
    response::{IntoResponse as _, Response},
};
use bytes::Bytes;
use http::StatusCode;
use std::sync::Arc;
use trefoil_proto::{
    DeviceUri, Domain, ErrorCode, RoomUri, UserUri, Wire,
    edge::CreateRoomRequest,
    frame::MailboxEvent,
    mimi::{
        GroupInfoRequest, GroupInfoResponse, KeyMaterialRequest, KeyMaterialResponse, SubmitMessageRequest,
        SubmitMessageResponse, UpdateRequest, UpdateRoomResponse,
        identifier::{IdentifierQueryCode, IdentifierRequest, IdentifierResponse, QueryElement},
        key_material::ClientKeyMaterialStatus,
    },
    passes::NamelessClaim,
};
use trefoil_transparency::directory::KeyProofRequest;

type Served = State<Arc<Edge>>;

/// `POST rooms`.
pub(super) async fn create(
    State(edge): Served,
    Caller(caller): Caller,
    request: Body<CreateRoomRequest>,
) -> Result<StatusCode, Refusal> {
    if request.value.room.domain != *edge.domain() {
        return Err(Refusal::new(ErrorCode::WrongDomain, "a room is opened at its creator's own service"));
    }
    edge.is_free(&caller.user_uri(), Doing::Beginning)?;
    edge.house.rooms.create(&caller, request.value, edge.now()).await?;
    Ok(StatusCode::CREATED)
}

/// `POST update/{room}`.
pub(super) async fn update(
    State(edge): Served,
    Caller(caller): Caller,
    Segment(room): Segment,
    request: Body<UpdateRequest>,
) -> Result<Response, Refusal> {
    let room: RoomUri = room.parse()?;
    edge.is_free(&caller.user_uri(), Doing::GoingOn)?;
    if room.domain != *edge.domain() {
        edge.may_call(&room.domain)?;
        if !rooms::is_of_room(&request.value, &room) {
            return Err(of_another_room());
        }
        return edge.hand_on::<UpdateRoomResponse>(&room, Endpoint::Update, request.bytes).await;
    }
    let response = edge.house.rooms.update(&Origin::Device(caller), &room, request.value, edge.now()).await?;
    Ok(Reply(StatusCode::OK, response).into_response())
}

/// `POST submitMessage/{room}`.
pub(super) async fn submit(
    State(edge): Served,
    Caller(caller): Caller,
    Segment(room): Segment,
    request: Body<SubmitMessageRequest>,
) -> Result<Reply<SubmitMessageResponse>, Refusal> {
    let room: RoomUri = room.parse()?;
    edge.rates.message(&caller, edge.now())?;
    Ok(Reply(StatusCode::OK, edge.submit(&caller, &room, request.value).await?))
}

/// `POST groupInfo/{room}`.
pub(super) async fn group_info(
    State(edge): Served,
    Caller(caller): Caller,
    Segment(room): Segment,
    request: Body<GroupInfoRequest>,
) -> Result<Response, Refusal> {
    let room: RoomUri = room.parse()?;
    edge.is_free(&caller.user_uri(), Doing::GoingOn)?;
    if room.domain != *edge.domain() {
        return edge.hand_on::<GroupInfoResponse>(&room, Endpoint::GroupInfo, request.bytes).await;
    }
    let response =
        edge.house.rooms.group_info(&Origin::Device(caller), &room, request.value, edge.now()).await?;
    Ok(Reply(StatusCode::OK, response).into_response())
}

/// `POST keyMaterial/{user}`: through the room's hub, which asks the target's service.
pub(super) async fn key_material(
    State(edge): Served,
    Caller(caller): Caller,
    Segment(user): Segment,
    request: Body<KeyMaterialRequest>,
) -> Result<Response, Refusal> {
    let target: UserUri = user.parse()?;
    let asker = caller.user_uri();
    edge.may_ask_for(&caller, &target, &request.value).await?;
    let hub = request.value.tbs.room_id.domain.clone();
    let next = if hub == *edge.domain() { &target.domain } else { &hub };
    if next == edge.domain() {
        let shown = if target == asker { Shown::Own } else { Shown::Nothing };
        let response = edge.claim(Asker::Own(&asker), &NamelessClaim::of(&request.value), shown).await?;
        if hub == *edge.domain() {
            edge.house.rooms.claimed(&asker, &response, edge.now());
        }
        return Ok(Reply(StatusCode::OK, response).into_response());
    }
    let (answer, response) =
        edge.key_material_of(next, Endpoint::KeyMaterial, &target, request.bytes).await?;
    if hub == *edge.domain() {
        edge.house.rooms.claimed(&asker, &response, edge.now());
    }
    Ok(encoded(StatusCode::OK, answer))
}

/// `POST identifierQuery/{domain}`.
pub(super) async fn identifier_query(
    State(edge): Served,
    Caller(caller): Caller,
    Segment(domain): Segment,
    request: Body<IdentifierRequest>,
) -> Result<Response, Refusal> {
    let domain: Domain = domain.parse()?;
    edge.is_free(&caller.user_uri(), Doing::Beginning)?;
    edge.rates.lookup(&caller.user_uri(), edge.now())?;
    if domain == *edge.domain() {
        let response = edge.house.accounts.lookup(&request.value, edge.now()).await?;
        return Ok(Reply(StatusCode::OK, response).into_response());
    }
    edge.may_call(&domain)?;
    if asks_by_number(&request.value) {
        return Ok(Reply(StatusCode::OK, not_in_clear()).into_response());
    }
    let answer = edge
        .house
        .federation
        .forward(&domain, Endpoint::IdentifierQuery, domain.as_str(), request.bytes)
        .await?;
    let response: IdentifierResponse = edge.answer_of(&domain, &answer).await?;
    if response.uris.iter().any(|uri| uri.domain != domain) {
        return Err(edge.answered_falsely(&domain, "it named people of another service").await);
    }
    Ok(encoded(StatusCode::OK, answer))
}

impl Edge {
    /// Submits a message of an own device, here or at its hub.
    pub(super) async fn submit(
        &self,
        caller: &DeviceUri,
        room: &RoomUri,
        request: SubmitMessageRequest,
    ) -> Result<SubmitMessageResponse, Refusal> {
        check_sender(caller, &request)?;
        if room.domain == *self.domain() {
            self.submit_here(&Origin::Device(caller.clone()), caller, room, request).await
        } else {
            self.submit_there(room, request).await
        }
    }

    /// Submits to a room of this service.
    pub(super) async fn submit_here(
        &self,
        origin: &Origin,
        caller: &DeviceUri,
        room: &RoomUri,
        request: SubmitMessageRequest,
    ) -> Result<SubmitMessageResponse, Refusal> {
        self.is_free(&request.sending_uri, Doing::GoingOn)?;
        let writer = request.sending_uri.clone();
        let response = self.house.rooms.submit(origin, room, request, Some(caller), self.now()).await?;
        self.wrote(&writer, room).await;
        Ok(response)
    }

    /// Somebody wrote in a room of this hub: the message is accepted already, so nothing of it fails any more.
    pub(super) async fn wrote(&self, writer: &UserUri, room: &RoomUri) {
        if let Err(error) = self.house.behaviour.wrote(writer, room, self.now()).await {
            tracing::warn!(%error, "an answer was not counted");
        }
    }

    /// Submits to a room of another service.
    pub(super) async fn submit_there(
        &self,
        room: &RoomUri,
        request: SubmitMessageRequest,
    ) -> Result<SubmitMessageResponse, Refusal> {
        self.may_call(&room.domain)?;
        self.is_free(&request.sending_uri, Doing::GoingOn)?;
        if request.app_message.group_id() != Some(room.to_string().as_bytes()) {
            return Err(of_another_room());
        }
        let tag = request.app_message.franking_tag().ok_or(RoomsError::NotFranked)?;
        let mark = self.house.rooms.mark(&tag, &request.sending_uri, room);
        let body = SubmitMessageRequest { sender_frank: Some(mark), ..request }.encode().into();
        let answer = self
            .house
            .federation
            .forward(&room.domain, Endpoint::SubmitMessage, &room.to_string(), body)
            .await?;
        self.answer_of(&room.domain, &answer).await
    }

    /// Hands a request to the room's hub and its answer back, after a look at its form.
    async fn hand_on<T: Wire>(
        &self,
        room: &RoomUri,
        endpoint: Endpoint,
        body: Bytes,
    ) -> Result<Response, Refusal> {
        self.may_call(&room.domain)?;
        let answer = self.house.federation.forward(&room.domain, endpoint, &room.to_string(), body).await?;
        self.answer_of::<T>(&room.domain, &answer).await?;
        Ok(encoded(StatusCode::OK, answer))
    }

    /// Asks another service for key material, and checks that the answer is about the person asked for.
    pub(super) async fn key_material_of(
        &self,
        at: &Domain,
        endpoint: Endpoint,
        target: &UserUri,
        body: Bytes,
    ) -> Result<(Bytes, KeyMaterialResponse), Refusal> {
        self.may_call(at)?;
        let answer = self.house.federation.forward(at, endpoint, &target.to_string(), body).await?;
        let response: KeyMaterialResponse = self.answer_of(at, &answer).await?;
        let theirs = |device: &DeviceUri| device.user_uri() == *target;
        if response.user_uri != *target || !response.clients.iter().all(|client| theirs(&client.client_uri)) {
            return Err(self.answered_falsely(at, "it answered with key material of someone else").await);
        }
        Ok((answer, response))
    }

    /// What a peer answered, if it can be read.
    pub(super) async fn answer_of<T: Wire>(&self, peer: &Domain, answer: &[u8]) -> Result<T, Refusal> {
        match T::decode(answer) {
            Ok(answer) => Ok(answer),
            Err(_) => Err(self.answered_falsely(peer, "its answer does not decode").await),
        }
    }

    pub(super) async fn answered_falsely(&self, peer: &Domain, how: &str) -> Refusal {
        let reason = IncidentReason::AnsweredFalsely;
        self.house.federation.record_incident(peer, reason, self.now()).await;
        Refusal::new(reason.code(), &format!("the other service misbehaved: {how}"))
    }

    /// Claims key packages of a person of this service, and tells devices that are running low. A minor whom what was shown
    /// does not reach is not there.
    pub(super) async fn claim(
        &self,
        asker: Asker<'_>,
        wanted: &NamelessClaim,
        shown: Shown<'_>,
    ) -> Result<KeyMaterialResponse, Refusal> {
        let supply = if self.rates.may_use_up(asker, &wanted.target_user, self.now()) {
            Supply::All
        } else {
            Supply::LastResort
        };
        let admitted = self.house.minors.admits(&wanted.target_user, shown, self.now()).await?;
        let person = self.house.accounts.person(&wanted.target_user.id).await?.filter(|_| admitted);
        let devices: Option<Vec<_>> =
            person.map(|person| person.devices.into_iter().map(|device| device.uri).collect());
        let claim = self
            .house
            .keys
            .claim(
                wanted.target_user.clone(),
                devices.as_deref(),
                supply,
                &wanted.acceptable_ciphersuites,
                &wanted.required_capabilities,
                self.now(),
            )
            .await?;
        for low in claim.low {
            let event = MailboxEvent::KeyPackagesLow { left: low.left };
            self.tell(&[recipient(&low.device)], &event).await?;
        }
        let mut response = claim.response;
        if response.clients.iter().any(|client| matches!(client.status, ClientKeyMaterialStatus::Success(_)))
        {
            let about = KeyProofRequest { user: wanted.target_user.clone(), known: None };
            // Whoever gets none asks for it, and is told why there is none.
            response.proof =
                self.house.directory.prove(&about).await.map_or_else(|_| Vec::new(), |proof| proof.encode());
        }
        Ok(response)
    }

    /// Another service may be called if the operator configured it, or if its name can be a public one: a caller must
    /// not make us knock at hosts and ports of an inner network.
    pub(super) fn may_call(&self, domain: &Domain) -> Result<(), Refusal> {
        if self.about.peers.contains(domain) || federation::has_public_name(domain) {
            Ok(())
        } else {
            Err(Refusal::new(ErrorCode::PeerUnavailable, "no service of this domain is known here"))
        }
    }
}

/// Numbers are no business of the service that is asked, nor of the one that hands the question on (`discovery`).
pub(super) fn asks_by_number(request: &IdentifierRequest) -> bool {
    request.query_elements.iter().any(|element| matches!(element, QueryElement::Phone(_)))
}

/// The answer to who asks by number in clear.
pub(super) fn not_in_clear() -> IdentifierResponse {
    IdentifierResponse {
        code: IdentifierQueryCode::UnsupportedField,
        uris: Vec::new(),
        found_profiles: Vec::new(),
        extensions: Default::default(),
    }
}

/// A device sends as its own person only.
pub(super) fn check_sender(caller: &DeviceUri, request: &SubmitMessageRequest) -> Result<(), Refusal> {
    let own = request.sending_uri.domain == caller.domain && request.sending_uri.id == caller.user;
    if own { Ok(()) } else { Err(Refusal::new(ErrorCode::NotAllowed, "a device sends as its own person")) }
}

/// What its hub would hold against us is not handed on.
fn of_another_room() -> Refusal {
    Refusal::new(ErrorCode::Malformed, "path and message are of different rooms")
}

/// The path and the signed request name the same person.
pub(super) fn check_target(request: &KeyMaterialRequest, target: &UserUri) -> Result<(), Refusal> {
    if request.tbs.target_user == *target {
        Ok(())
    } else {
        Err(Refusal::new(ErrorCode::Malformed, "path and request name different people"))
    }
}
