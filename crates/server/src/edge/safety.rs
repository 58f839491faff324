//! Reports, what came of them, and decisions about the caller; and what somebody against whom something is in force may not do.

use super::{
    Edge, Refusal,
    body::{Body, Reply},
    identity::{Caller, Peer},
    segment::Segment,
};
use crate::{
    behaviour::Witness,
    federation::{Endpoint, IncidentReason},
    safety::{self, SafetyError, Standing, Taken},
};
use axum::{
    extract::State,
    response::{IntoResponse as _, Response},
};
use http::StatusCode;
use std::sync::Arc;
use trefoil_proto::{
    Domain, ErrorBody, ErrorCode, RoomUri, UserUri,
    decisions::{AppealDecision, DecisionList},
    mimi::report::{AbuseReport, FollowReport, ForwardedReport, ReportStanding},
};

type Served = State<Arc<Edge>>;

/// What somebody is about to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Doing {
    /// To begin something with people: a room, a claim of their keys, a look-up.
    Beginning,
    /// To go on with what there is.
    GoingOn,
}

/// `POST reportAbuse/{room}`: taken here if this service is the hub, which alone can say whether its stamps are true; else handed
/// to the hub.
pub(super) async fn report(
    State(edge): Served,
    Caller(caller): Caller,
    Segment(room): Segment,
    request: Body<AbuseReport>,
) -> Result<StatusCode, Refusal> {
    let (room, reporter): (RoomUri, _) = (room.parse()?, caller.user_uri());
    edge.rates.lookup(&reporter, edge.now())?;
    if room.domain == *edge.domain() {
        edge.take(&reporter, &room, request.value).await?;
    } else {
        edge.may_call(&room.domain)?;
        if request.value.reporting_user != reporter {
            return Err(SafetyError::NotTheReporter.into());
        }
        let federation = &edge.house.federation;
        federation.forward(&room.domain, Endpoint::ReportAbuse, &room.to_string(), request.bytes).await?;
    }
    Ok(StatusCode::CREATED)
}

/// `POST followReport/{room}`: what came of a report, here or at the hub that took it; with an appeal, it is to look again.
pub(super) async fn follow(
    State(edge): Served,
    Caller(caller): Caller,
    Segment(room): Segment,
    request: Body<FollowReport>,
) -> Result<Response, Refusal> {
    let (room, reporter): (RoomUri, _) = (room.parse()?, caller.user_uri());
    edge.rates.lookup(&reporter, edge.now())?;
    if request.value.reporting_user != reporter {
        return Err(SafetyError::NotTheReporter.into());
    }
    if room.domain == *edge.domain() {
        let standing = edge.house.safety.follow(&request.value, edge.now()).await?;
        return Ok(Reply(StatusCode::OK, standing).into_response());
    }
    edge.may_call(&room.domain)?;
    let federation = &edge.house.federation;
    let answer =
        federation.forward(&room.domain, Endpoint::FollowReport, &room.to_string(), request.bytes).await?;
    let standing: ReportStanding = edge.answer_of(&room.domain, &answer).await?;
    Ok(Reply(StatusCode::OK, standing).into_response())
}

/// `GET decisions`: those about the caller's account.
pub(super) async fn decisions(
    State(edge): Served,
    Caller(caller): Caller,
) -> Result<Reply<DecisionList>, Refusal> {
    let decisions = edge.house.safety.decisions_about(&caller.user_uri(), edge.now()).await?;
    Ok(Reply(StatusCode::OK, decisions))
}

/// `POST decisions/appeal`: 202, also for the same words again.
pub(super) async fn appeal(
    State(edge): Served,
    Caller(caller): Caller,
    request: Body<AppealDecision>,
) -> Result<StatusCode, Refusal> {
    let user = caller.user_uri();
    edge.rates.lookup(&user, edge.now())?;
    edge.house.safety.appeal(&user, &request.value, edge.now()).await?;
    Ok(StatusCode::ACCEPTED)
}

/// `POST reportAbuse/{room}` of another service: 201 also for a repetition. The peer says who of its people reports; what is shown is
/// proven by this hub's own stamps, whoever shows it.
pub(super) async fn report_of_peer(
    State(edge): Served,
    Peer(peer): Peer,
    Segment(room): Segment,
    request: Body<AbuseReport>,
) -> Result<StatusCode, Refusal> {
    let room = edge.own_room(&peer, &room).await?;
    edge.rates.peer_report(&peer, edge.now())?;
    let reporter = request.value.reporting_user.clone();
    edge.speaks_for(&peer, &reporter.domain).await?;
    edge.take(&reporter, &room, request.value).await?;
    Ok(StatusCode::CREATED)
}

/// `POST followReport/{room}` of another service, for one of its people.
pub(super) async fn follow_of_peer(
    State(edge): Served,
    Peer(peer): Peer,
    Segment(room): Segment,
    request: Body<FollowReport>,
) -> Result<Reply<ReportStanding>, Refusal> {
    edge.own_room(&peer, &room).await?;
    edge.rates.peer_lookup(&peer, edge.now())?;
    edge.speaks_for(&peer, &request.value.reporting_user.domain).await?;
    let standing = edge.house.safety.follow(&request.value, edge.now()).await?;
    Ok(Reply(StatusCode::OK, standing))
}

/// `POST forwardReport/{user}`: a hub hands on what it proved about a person of this service. 201 also for a repetition.
pub(super) async fn take_over(
    State(edge): Served,
    Peer(peer): Peer,
    Segment(user): Segment,
    request: Body<ForwardedReport>,
) -> Result<StatusCode, Refusal> {
    let user: UserUri = user.parse()?;
    edge.rates.peer_report(&peer, edge.now())?;
    if user != request.value.tbs.alleged_abuser {
        return Err(Refusal::new(ErrorCode::Malformed, "path and report name different people"));
    }
    let key = edge.house.federation.franking_key(&peer).await?;
    let key = key.ok_or_else(|| Refusal::from(SafetyError::HandedOn))?;
    match edge.house.safety.take_over(&peer, &key, request.value, edge.now()).await {
        // It is not counted against anybody before somebody looked at it: only the hub says that these messages were sent.
        Ok(_) => Ok(StatusCode::CREATED),
        Err(SafetyError::HandedOn) => Err(edge.lie(&peer, IncidentReason::UnprovenReport).await),
        Err(error) => Err(error.into()),
    }
}

impl Edge {
    /// Takes a report, and counts it against whom it is about.
    async fn take(&self, reporter: &UserUri, room: &RoomUri, report: AbuseReport) -> Result<(), Refusal> {
        let (about, shown) = (report.alleged_abuser.clone(), safety::shown_by(&report));
        let taken = self.house.safety.take(reporter, room, report, self.now()).await?;
        if taken == Taken::Repeated || about.domain != *self.domain() {
            return Ok(());
        }
        // A report that was taken is not refused for what comes after it.
        // Another service says who of its people reports, and could say it of many.
        let witness = if reporter.domain == *self.domain() {
            Witness::Own(reporter)
        } else {
            Witness::Service(&reporter.domain)
        };
        if let Err(error) = self.house.behaviour.reported(&about.id, witness, &shown, self.now()).await {
            tracing::warn!(%error, "a report was not counted");
        }
        Ok(())
    }

    /// A peer speaks for its own people.
    async fn speaks_for(&self, peer: &Domain, domain: &Domain) -> Result<(), Refusal> {
        if domain == peer { Ok(()) } else { Err(self.lie(peer, IncidentReason::VouchedForAnother).await) }
    }

    /// Whether somebody may do something here, as far as decisions about them go.
    ///
    /// # Errors
    /// A refusal that says which decision is in force, and until when.
    pub(super) fn is_free(&self, user: &UserUri, doing: Doing) -> Result<(), Refusal> {
        let refused = |code, detail: &str, retry_after_ms| {
            Err(Refusal::from(ErrorBody { code, retry_after_ms, detail: detail.as_bytes().to_vec() }))
        };
        let now = self.now();
        let left = |until: trefoil_proto::Timestamp| {
            u32::try_from(until.0.saturating_sub(now.0)).unwrap_or(u32::MAX)
        };
        match (self.house.safety.standing(user, now), doing) {
            (Standing::Good, _) | (Standing::Limited(_), Doing::GoingOn) => Ok(()),
            (Standing::Limited(until), Doing::Beginning) => {
                refused(ErrorCode::Limited, "this account begins no conversations for now", left(until))
            }
            (Standing::Suspended(until), _) => {
                refused(ErrorCode::Suspended, "this account is suspended", left(until))
            }
            (Standing::Banned, _) => refused(ErrorCode::Suspended, "this account is banned", 0),
        }
    }
}
