//! Accounts of minors: key material for a proof of reach, the own account, and the word of a guardian
//! (`docs/spec/minors.md`).

use super::{
    Edge, Refusal,
    body::{Body, Reply, encoded},
    identity::{Anyone, Caller, Peer},
    rates::Asker,
    safety::Doing,
    segment::Segment,
};
use crate::{
    federation::{Endpoint, IncidentReason},
    minors::{MinorsError, Shown},
};
use axum::{
    extract::State,
    response::{IntoResponse as _, Response},
};
use bytes::Bytes;
use http::StatusCode;
use std::sync::Arc;
use trefoil_proto::{
    DeviceUri, ErrorCode, UserUri, Wire as _,
    mimi::KeyMaterialRequest,
    minors::{
        Act, Ages, Guarded, GuardianWord, InviteGuardian, MinorStanding, ReachProof, Reached, ReplaceReach,
    },
    passes::{Claim, NamelessClaim},
};
use trefoil_transparency::{
    device_set::Step,
    directory::{KeyProof, KeyProofRequest, Policy},
};

type Served = State<Arc<Edge>>;

/// `GET minors/ages`.
pub(super) async fn ages(State(edge): Served, _: Anyone) -> Reply<Ages> {
    Reply(StatusCode::OK, edge.about.ages.clone())
}

/// `GET minor`.
pub(super) async fn standing(
    State(edge): Served,
    Caller(caller): Caller,
) -> Result<Reply<MinorStanding>, Refusal> {
    Ok(Reply(StatusCode::OK, edge.house.minors.standing(&caller.user, edge.now()).await?))
}

/// `POST minor/reach`.
pub(super) async fn replace_reach(
    State(edge): Served,
    Caller(caller): Caller,
    request: Body<ReplaceReach>,
) -> Result<StatusCode, Refusal> {
    edge.house.minors.replace_reach(&caller.user, request.value.reach, edge.now()).await?;
    edge.house.rooms.take_back_claims(&caller.user_uri(), edge.now());
    Ok(StatusCode::NO_CONTENT)
}

/// `POST minor/guardian`.
pub(super) async fn invite_guardian(
    State(edge): Served,
    Caller(caller): Caller,
    request: Body<InviteGuardian>,
) -> Result<StatusCode, Refusal> {
    edge.house.minors.invite(&caller.user, &request.value, edge.now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST reached/{user}`: as `firstContact`, with a proof in the place of a pass.
pub(super) async fn claim(
    State(edge): Served,
    Caller(caller): Caller,
    Segment(user): Segment,
    request: Body<Reached>,
) -> Result<Response, Refusal> {
    let target: UserUri = user.parse()?;
    let Reached { proof, claim: Claim::Named(claim) } = &request.value else {
        return Err(Refusal::new(ErrorCode::Malformed, "a device asks in its own name"));
    };
    edge.may_ask_for(&caller, &target, claim).await?;
    let hub = &claim.tbs.room_id.domain;
    if hub == edge.domain() {
        return edge.with_proof(&caller.user_uri(), Asker::Own(&caller.user_uri()), proof, claim).await;
    }
    let (answer, _) = edge.key_material_of(hub, Endpoint::Reached, &target, request.bytes).await?;
    Ok(encoded(StatusCode::OK, answer))
}

/// `POST reached/{user}`: from a follower to the hub, or from the hub to the minor's service, without who asks.
pub(super) async fn claim_for_peer(
    State(edge): Served,
    Peer(peer): Peer,
    Segment(user): Segment,
    request: Body<Reached>,
) -> Result<Response, Refusal> {
    let target: UserUri = user.parse()?;
    let Reached { proof, claim } = request.value;
    match claim {
        Claim::Named(claim) => {
            let person = edge.hub_may_be_asked(&peer, &target, &claim).await?;
            edge.with_proof(&person, Asker::Of(&peer, &person), &proof, &claim).await
        }
        Claim::Nameless(claim) => {
            edge.may_be_asked_for_nobody(&peer, &target, &claim).await?;
            let claim = edge.claim(Asker::Nameless(&peer), &claim, Shown::Proof(&proof)).await?;
            Ok(Reply(StatusCode::OK, claim).into_response())
        }
    }
}

/// `POST guardian/{user}`: of a device of this service, about a minor of any.
pub(super) async fn word(
    State(edge): Served,
    Caller(caller): Caller,
    Segment(user): Segment,
    request: Body<GuardianWord>,
) -> Result<Response, Refusal> {
    let minor: UserUri = user.parse()?;
    check_minor(&request.value, &minor)?;
    if request.value.tbs.device != caller {
        return Err(Refusal::new(ErrorCode::NotAllowed, "a device speaks for itself"));
    }
    edge.is_free(&caller.user_uri(), Doing::GoingOn)?;
    if minor.domain == *edge.domain() {
        return Ok(Reply(StatusCode::OK, edge.hear(&request.value).await?).into_response());
    }
    edge.may_call(&minor.domain)?;
    let federation = &edge.house.federation;
    let to = minor.to_string();
    let answer = federation.forward(&minor.domain, Endpoint::Guardian, &to, request.bytes).await?;
    edge.answer_of::<Guarded>(&minor.domain, &answer).await?;
    Ok(encoded(StatusCode::OK, answer))
}

/// `POST guardian/{user}`: of another service, by one of its people.
pub(super) async fn word_for_peer(
    State(edge): Served,
    Peer(peer): Peer,
    Segment(user): Segment,
    request: Body<GuardianWord>,
) -> Result<Reply<Guarded>, Refusal> {
    let minor: UserUri = user.parse()?;
    check_minor(&request.value, &minor)?;
    if minor.domain != *edge.domain() {
        return Err(edge.lie(&peer, IncidentReason::AskedForAnother).await);
    }
    if request.value.tbs.device.domain != peer {
        return Err(edge.lie(&peer, IncidentReason::VouchedForAnother).await);
    }
    edge.takes_from(&peer)?;
    edge.rates.claim(Asker::Of(&peer, &request.value.tbs.device.user_uri()), edge.now())?;
    Ok(Reply(StatusCode::OK, edge.hear(&request.value).await?))
}

impl Edge {
    /// At the hub: claims here, or hands the proof to the minor's service without who asks.
    async fn with_proof(
        &self,
        by: &UserUri,
        asker: Asker<'_>,
        proof: &ReachProof,
        request: &KeyMaterialRequest,
    ) -> Result<Response, Refusal> {
        let claim = NamelessClaim::of(request);
        let target = claim.target_user.clone();
        if target.domain == *self.domain() {
            let response = self.claim(asker, &claim, Shown::Proof(proof)).await?;
            self.house.rooms.claimed(by, &response, self.now());
            return Ok(Reply(StatusCode::OK, response).into_response());
        }
        let body = Reached { proof: proof.clone(), claim: Claim::Nameless(claim) }.encode();
        let (answer, response) =
            self.key_material_of(&target.domain, Endpoint::Reached, &target, body.into()).await?;
        self.house.rooms.claimed(by, &response, self.now());
        Ok(encoded(StatusCode::OK, answer))
    }

    /// Takes a guardian's word: by whom it may be is looked at before another service is asked for their keys.
    async fn hear(&self, word: &GuardianWord) -> Result<Guarded, Refusal> {
        self.house.minors.glance(word, self.now()).await?;
        let key = self.device_key(&word.tbs.device).await?.ok_or(MinorsError::Unsigned)?;
        word.verify(&key, self.now()).map_err(|_| MinorsError::Unsigned)?;
        let guarded = self.house.minors.hear(word, self.now()).await?;
        if guarded.open.is_none() && word.tbs.act != Act::Look {
            self.house.rooms.take_back_claims(&word.tbs.minor, self.now());
        }
        Ok(guarded)
    }

    /// The signature key of a device, by its service's key directory. None: it has none, or it is not proven.
    async fn device_key(&self, device: &DeviceUri) -> Result<Option<[u8; 32]>, Refusal> {
        if device.domain == *self.domain() {
            return Ok(self.house.accounts.device(device).await?.map(|device| device.signature_key));
        }
        self.may_call(&device.domain)?;
        let (user, at) = (device.user_uri(), &device.domain);
        let body: Bytes = KeyProofRequest { user: user.clone(), known: None }.encode().into();
        let federation = &self.house.federation;
        let answer = federation.forward(at, Endpoint::KeyProof, &user.to_string(), body).await?;
        let proof: KeyProof = self.answer_of(at, &answer).await?;
        let keys = self.house.directory.service_keys().await?.keys;
        // That others audit the directory is for people's devices to ask for: here its own service vouches for its person.
        let policy = Policy { keys: &keys, needed: 0, newest: None };
        let Ok(checked) = proof.verify(&user, None, policy, self.now()) else { return Ok(None) };
        let set = match &checked.set {
            Step::Changed(set, _) => set.set(),
            Step::Reset(pending) => pending.set(),
        };
        Ok(set.device(&device.device).map(|entry| entry.signature_key))
    }
}

fn check_minor(word: &GuardianWord, minor: &UserUri) -> Result<(), Refusal> {
    match word.tbs.minor == *minor {
        true => Ok(()),
        false => Err(Refusal::new(ErrorCode::Malformed, "path and word name different people")),
    }
}
