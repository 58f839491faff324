//! New accounts, with a pass or without one, and who gives passes for them (`docs/spec/passes.md`).

use super::{
    Edge, Refusal,
    body::Body,
    identity::Anyone,
    people::{recipient, status},
};
use crate::{
    accounts::{Accepted, AccountsError},
    behaviour::{Account, BehaviourError},
    passes::PassesError,
};
use axum::extract::State;
use http::StatusCode;
use std::{net::IpAddr, sync::Arc};
use trefoil_proto::{
    Domain, ErrorBody, ErrorCode,
    edge::RegisterRequest,
    passes::{Purpose, Token},
};
use trefoil_store::Batch;

const DAY: u64 = trefoil_proto::Timestamp::DAY;

/// `POST accounts`.
pub(super) async fn register(
    State(edge): State<Arc<Edge>>,
    Anyone(address): Anyone,
    request: Body<RegisterRequest>,
) -> Result<StatusCode, Refusal> {
    let accepted = match &request.value.pass {
        Some(token) => edge.register_with_pass(&request.value, token).await?,
        None => edge.register_without_pass(&request.value, address).await?,
    };
    edge.house.mailboxes.admit(&recipient(&request.value.tbs.device.uri));
    Ok(status(accepted))
}

impl Edge {
    async fn register_without_pass(
        &self,
        request: &RegisterRequest,
        address: IpAddr,
    ) -> Result<Accepted, Refusal> {
        self.rates.registration(address, self.now())?;
        if self.about.registration.pass_needed {
            return Err(pass_needed(
                "this service takes new accounts with a registration pass: ask somebody who has an account, here or on a \
                 service it knows (`trefoil account pass`)",
            ));
        }
        Ok(self.house.accounts.register(request, &Batch::new(), self.now()).await?)
    }

    /// The pass is spent in the commit that makes the account, and in no other: who is refused for something else still has
    /// it. So that one pass does not serve to try names and codes without end, attempts count against it, as those without
    /// count against the address.
    async fn register_with_pass(
        &self,
        request: &RegisterRequest,
        token: &Token,
    ) -> Result<Accepted, Refusal> {
        let (accounts, passes) = (&self.house.accounts, &self.house.passes);
        let checked = passes.check(token.clone(), Purpose::Registration, self.now()).await;
        let spending = checked.map_err(pass_refused)?;
        self.rates.registration_with(&token.nonce, self.now())?;
        if passes.is_spent(&spending).await? {
            // The answer was lost, and whoever asks again holds an account.
            return if accounts.was_made_by(request).await? {
                Ok(Accepted::Repeated)
            } else {
                Err(pass_refused(PassesError::Spent))
            };
        }
        match accounts.register(request, &spending.batch(), self.now()).await {
            Err(AccountsError::Contended) if passes.is_spent(&spending).await? => {
                Err(pass_refused(PassesError::Spent))
            }
            other => Ok(other?),
        }
    }

    /// Counts passes for registrations that an account gives, here or at another service.
    pub(super) async fn gives(&self, account: Account<'_>, count: u32) -> Result<(), Refusal> {
        if self.about.registration.giving.most == 0 {
            let detail = "accounts of this service give no registration passes";
            return Err(Refusal::new(ErrorCode::NotAllowed, detail));
        }
        if account.limited {
            let detail = "by a policy list, this account gives no registration passes";
            return Err(Refusal::new(ErrorCode::NotAllowed, detail));
        }
        match self.house.behaviour.give(account, count, self.now()).await {
            Err(BehaviourError::GivesNone { until }) => {
                let wait = until.0.saturating_sub(self.now().0);
                let days = match wait.div_ceil(DAY) {
                    0 | 1 => "a day".to_owned(),
                    more => format!("{more} days"),
                };
                let detail = format!("this account gives no registration pass for now; in {days} it may");
                Err(Refusal::from(ErrorBody {
                    code: ErrorCode::RateLimited,
                    retry_after_ms: u32::try_from(wait).unwrap_or(u32::MAX).max(1),
                    detail: detail.into_bytes(),
                }))
            }
            other => other.map_err(|error| Refusal::internal(&error)),
        }
    }

    /// Counts passes for registrations here that another service gets for its people.
    pub(super) fn gives_to(&self, peer: &Domain, count: usize) -> Result<(), Refusal> {
        if self.about.registration.passes_per_service.is_none() {
            let detail = "this service gives registration passes to its own people only";
            return Err(Refusal::new(ErrorCode::NotAllowed, detail));
        }
        self.rates.registration_passes(peer, count, self.now())
    }
}

fn pass_refused(error: PassesError) -> Refusal {
    match error {
        PassesError::Bad => {
            pass_needed("this registration pass is not good here, or not any more: ask for another one")
        }
        PassesError::Spent => pass_needed("this registration pass was used already: ask for another one"),
        other => other.into(),
    }
}

fn pass_needed(detail: &str) -> Refusal {
    Refusal::new(ErrorCode::PassNeeded, detail)
}
