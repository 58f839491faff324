//! Turning to somebody: what an account may, and passes for people of other services (`docs/spec/passes.md`). A pass goes
//! from the hub to the target's service without a word about who asks.

use super::{
    Edge, Refusal,
    body::{Body, Reply, encoded},
    conversation::check_target,
    identity::{Caller, Peer},
    rates::Asker,
    safety::Doing,
    segment::Segment,
};
use crate::{
    behaviour::{Account, BehaviourError},
    federation::{Endpoint, IncidentReason},
    keys::{self, KeysError},
    minors::Shown,
    passes::PassesError,
    policy_lists::{Action, PolicyListError},
};
use axum::{
    extract::State,
    response::{IntoResponse as _, Response},
};
use http::StatusCode;
use std::sync::Arc;
use trefoil_proto::{
    DeviceUri, Domain, ErrorBody, ErrorCode, UserUri, Wire as _,
    mimi::KeyMaterialRequest,
    passes::{BATCH, Claim, FirstContact, IssueRequest, Issued, NamelessClaim, Purpose, Token},
    policy_list::SignedPolicyList,
};

/// Passes that one costs a service which is to be limited.
const LIMITED: usize = 10;

type Served = State<Arc<Edge>>;

/// `POST passes/{domain}`: for people of that service, or for joining them. It is told which service asks, and not for whom.
pub(super) async fn passes(
    State(edge): Served,
    Caller(caller): Caller,
    Segment(domain): Segment,
    request: Body<IssueRequest>,
) -> Result<Response, Refusal> {
    let domain: Domain = domain.parse()?;
    edge.is_free(&caller.user_uri(), Doing::Beginning)?;
    let count = request.value.requests.len();
    if count > BATCH {
        return Err(PassesError::TooMany.into());
    }
    if domain != *edge.domain() {
        edge.may_call(&domain)?;
    }
    let person = edge.house.accounts.person(&caller.user).await?;
    let person = person.ok_or_else(|| Refusal::new(ErrorCode::NotFound, "the account is gone"))?;
    let account = edge.turning_account(&caller, person.created_day)?;
    // Few are ever asked for at once.
    let counted = u32::try_from(count).unwrap_or(u32::MAX);
    match request.value.purpose {
        Purpose::FirstContact => {
            let counted = edge.house.behaviour.passes(account, counted, edge.now()).await;
            counted.map_err(|error| edge.first_contact_refused(&error))?;
            edge.issued_by(&domain, request).await
        }
        Purpose::Registration => {
            // Whom a list names vouches for nobody.
            edge.gives(account, counted).await?;
            let issued = edge.issued_by(&domain, request).await;
            if issued.is_err() {
                // There are few of them in weeks, and it got none.
                let back = edge.house.behaviour.gave_none(&caller.user, counted, edge.now()).await;
                back.map_err(|error| Refusal::internal(&error))?;
            }
            issued
        }
    }
}

/// `POST passes/{domain}` of another service, for its people.
pub(super) async fn passes_for_peer(
    State(edge): Served,
    Peer(peer): Peer,
    Segment(domain): Segment,
    request: Body<IssueRequest>,
) -> Result<Reply<Issued>, Refusal> {
    if domain.parse::<Domain>()? != *edge.domain() {
        return Err(edge.lie(&peer, IncidentReason::AskedForAnother).await);
    }
    let each = match edge.takes_from(&peer)? {
        Action::Limit => LIMITED,
        _ => 1,
    };
    let count = request.value.requests.len() * each;
    match request.value.purpose {
        Purpose::FirstContact => edge.rates.passes(&peer, count, edge.now())?,
        Purpose::Registration => edge.gives_to(&peer, count)?,
    }
    Ok(Reply(StatusCode::OK, edge.issue(request.value).await?))
}

/// `GET /.well-known/trefoil-policy-list`, for other services.
pub(super) async fn policy_list(
    State(edge): Served,
    Peer(_): Peer,
) -> Result<Reply<SignedPolicyList>, Refusal> {
    match edge.house.policy_lists.published().await {
        Ok(list) => Ok(Reply(StatusCode::OK, list)),
        Err(PolicyListError::None) => {
            Err(Refusal::new(ErrorCode::NotFound, "this service publishes no policy list"))
        }
        Err(error) => Err(Refusal::internal(&error)),
    }
}

/// `POST firstContact/{user}`: as `keyMaterial`, with a pass of the target's service.
pub(super) async fn claim(
    State(edge): Served,
    Caller(caller): Caller,
    Segment(user): Segment,
    request: Body<FirstContact>,
) -> Result<Response, Refusal> {
    let target: UserUri = user.parse()?;
    let FirstContact { token, claim: Claim::Named(claim) } = &request.value else {
        return Err(Refusal::new(ErrorCode::Malformed, "a device asks in its own name"));
    };
    edge.may_ask_for(&caller, &target, claim).await?;
    let hub = &claim.tbs.room_id.domain;
    if hub == edge.domain() {
        return edge.with_pass(&caller.user_uri(), Asker::Own(&caller.user_uri()), token, claim).await;
    }
    let (answer, _) = edge.key_material_of(hub, Endpoint::FirstContact, &target, request.bytes).await?;
    Ok(encoded(StatusCode::OK, answer))
}

/// `POST firstContact/{user}`: from a follower to the hub, or from the hub to the target's service.
pub(super) async fn claim_for_peer(
    State(edge): Served,
    Peer(peer): Peer,
    Segment(user): Segment,
    request: Body<FirstContact>,
) -> Result<Response, Refusal> {
    let target: UserUri = user.parse()?;
    let FirstContact { token, claim } = request.value;
    match claim {
        Claim::Named(claim) => {
            let person = edge.hub_may_be_asked(&peer, &target, &claim).await?;
            edge.with_pass(&person, Asker::Of(&peer, &person), &token, &claim).await
        }
        Claim::Nameless(claim) => {
            edge.may_be_asked_for_nobody(&peer, &target, &claim).await?;
            edge.house.passes.spend(token, edge.now()).await?;
            let asker = Asker::Nameless(&peer);
            Ok(Reply(StatusCode::OK, edge.claim(asker, &claim, Shown::Nothing).await?).into_response())
        }
    }
}

impl Edge {
    /// Whether a device may ask for somebody's key packages: it says so itself, is in the room if that is here, and its
    /// account may turn to one more.
    pub(super) async fn may_ask_for(
        &self,
        caller: &DeviceUri,
        target: &UserUri,
        request: &KeyMaterialRequest,
    ) -> Result<(), Refusal> {
        let asker = caller.user_uri();
        self.is_free(&asker, Doing::Beginning)?;
        self.rates.claim(Asker::Own(&asker), self.now())?;
        check_target(request, target)?;
        let requester = keys::requester(request)?;
        let person = self.house.accounts.person(&caller.user).await?.ok_or(KeysError::BadSignature)?;
        let known = person.devices.iter().find(|device| device.uri == *caller);
        let own_key =
            known.is_some_and(|known| known.signature_key[..] == request.tbs.requester_signature_key[..]);
        if requester != *caller || !own_key {
            return Err(KeysError::BadSignature.into());
        }
        let here = request.tbs.room_id.domain == *self.domain();
        if here {
            self.house.rooms.may_claim(caller, &request.tbs.room_id).await?;
        }
        if *target == asker {
            return Ok(());
        }
        self.is_not_listed(target)?;
        let account = self.turning_account(caller, person.created_day)?;
        // Where the hub is another one, the answer is not seen here.
        let room = Some(&request.tbs.room_id).filter(|_| here);
        let begun = self.house.behaviour.begin(account, target, room, self.now()).await;
        begun.map_err(|error| self.first_contact_refused(&error))
    }

    /// The account of a device as one that turns to others: refused or limited where a list that counts here says so, by whatever
    /// way it turns to them.
    fn turning_account<'a>(&self, caller: &'a DeviceUri, created_day: u32) -> Result<Account<'a>, Refusal> {
        let limited = self.is_not_listed(&caller.user_uri())? == Action::Limit;
        Ok(Account { user: &caller.user, created_day, limited })
    }

    /// What the policy lists that count here say about somebody; an error if nothing new is taken from them.
    pub(super) fn is_not_listed(&self, user: &UserUri) -> Result<Action, Refusal> {
        refused_if(self.house.policy_lists.about(user, self.now()))
    }

    /// The same about a service.
    pub(super) fn takes_from(&self, peer: &Domain) -> Result<Action, Refusal> {
        refused_if(self.house.policy_lists.about_service(peer, self.now()))
    }

    /// Whether a device of that very person asks, whose room is elsewhere.
    pub(super) async fn is_own_device(
        &self,
        requester: &DeviceUri,
        request: &KeyMaterialRequest,
    ) -> Result<bool, Refusal> {
        if requester.user_uri() != request.tbs.target_user {
            return Ok(false);
        }
        let device = self.house.accounts.device(requester).await?;
        let key = &request.tbs.requester_signature_key;
        Ok(device.is_some_and(|device| device.signature_key[..] == key[..]))
    }

    /// Whether another service may ask for key packages of people of this one without a pass.
    pub(super) fn needs_no_pass(&self) -> Result<(), Refusal> {
        match self.about.first_contacts.passes {
            true => {
                Err(Refusal::new(ErrorCode::PassNeeded, "people of this service are turned to with a pass"))
            }
            false => Ok(()),
        }
    }

    /// At the hub: whether a device of another service may ask for somebody's key packages. The person who asks.
    pub(super) async fn hub_may_be_asked(
        &self,
        peer: &Domain,
        target: &UserUri,
        claim: &KeyMaterialRequest,
    ) -> Result<UserUri, Refusal> {
        check_target(claim, target)?;
        let Ok(requester) = keys::requester(claim) else {
            return Err(self.lie(peer, IncidentReason::Forged).await);
        };
        if claim.tbs.room_id.domain != *self.domain() {
            return Err(self.lie(peer, IncidentReason::RoomOfAnotherService).await);
        }
        if requester.domain != *peer {
            return Err(self.lie(peer, IncidentReason::VouchedForAnother).await);
        }
        let person = requester.user_uri();
        self.rates.claim(Asker::Of(peer, &person), self.now())?;
        self.is_free(&person, Doing::Beginning)?;
        self.is_not_listed(&person)?;
        self.house.rooms.may_claim(&requester, &claim.tbs.room_id).await?;
        Ok(person)
    }

    /// At the service of the person: whether a hub may ask for their key packages without saying for whom.
    pub(super) async fn may_be_asked_for_nobody(
        &self,
        peer: &Domain,
        target: &UserUri,
        claim: &NamelessClaim,
    ) -> Result<(), Refusal> {
        if claim.target_user != *target {
            return Err(Refusal::new(ErrorCode::Malformed, "path and request name different people"));
        }
        if target.domain != *self.domain() {
            return Err(self.lie(peer, IncidentReason::AskedForAnother).await);
        }
        self.takes_from(peer)?;
        self.rates.claim(Asker::Nameless(peer), self.now())
    }

    /// At the hub: spends the pass here, or hands it to the target's service without who asks.
    async fn with_pass(
        &self,
        by: &UserUri,
        asker: Asker<'_>,
        token: &Token,
        request: &KeyMaterialRequest,
    ) -> Result<Response, Refusal> {
        let claim = NamelessClaim::of(request);
        let target = claim.target_user.clone();
        if target.domain == *self.domain() {
            self.house.passes.spend(token.clone(), self.now()).await?;
            let response = self.claim(asker, &claim, Shown::Nothing).await?;
            self.house.rooms.claimed(by, &response, self.now());
            return Ok(Reply(StatusCode::OK, response).into_response());
        }
        let body = FirstContact { token: token.clone(), claim: Claim::Nameless(claim) }.encode();
        let (answer, response) =
            self.key_material_of(&target.domain, Endpoint::FirstContact, &target, body.into()).await?;
        self.house.rooms.claimed(by, &response, self.now());
        Ok(encoded(StatusCode::OK, answer))
    }

    /// Passes of this service, or of another one, which is asked for them.
    async fn issued_by(&self, domain: &Domain, request: Body<IssueRequest>) -> Result<Response, Refusal> {
        if domain == self.domain() {
            return Ok(Reply(StatusCode::OK, self.issue(request.value).await?).into_response());
        }
        let federation = &self.house.federation;
        let answer = federation.forward(domain, Endpoint::Passes, domain.as_str(), request.bytes).await?;
        let issued: Issued = self.answer_of(domain, &answer).await?;
        if issued.responses.len() != request.value.requests.len() {
            return Err(self.answered_falsely(domain, "it issued other passes than were asked for").await);
        }
        Ok(encoded(StatusCode::OK, answer))
    }

    async fn issue(&self, request: IssueRequest) -> Result<Issued, Refusal> {
        if request.purpose == Purpose::FirstContact && !self.about.first_contacts.passes {
            return Err(PassesError::NotNeeded.into());
        }
        Ok(self.house.passes.issue(request, self.now()).await?)
    }

    fn first_contact_refused(&self, error: &BehaviourError) -> Refusal {
        let BehaviourError::Enough { until } = error else { return Refusal::internal(error) };
        let wait = until.0.saturating_sub(self.now().0);
        Refusal::from(ErrorBody {
            code: ErrorCode::TooManyFirstContacts,
            retry_after_ms: u32::try_from(wait).unwrap_or(u32::MAX).max(1),
            detail: error.to_string().into_bytes(),
        })
    }
}

fn refused_if(action: Action) -> Result<Action, Refusal> {
    match action {
        Action::Refuse => Err(Refusal::new(
            ErrorCode::NotAllowed,
            "by a policy list, nothing new goes between these people",
        )),
        action => Ok(action),
    }
}
