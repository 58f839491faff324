//! Registration passes that a person gives: got through their own service, which counts them and does not see them, and shown to
//! nobody but the person (`docs/spec/passes.md`).

use crate::{
    agent::Way,
    person::{self, PersonError},
    transport::TransportError,
};
use http::Method;
use trefoil_client::Blinded;
use trefoil_proto::{
    Domain, Wire as _,
    passes::{IssueRequest, Issued, Purpose, RegistrationPass, TokenRequest},
    paths,
};

/// A pass with which somebody can make an account at a service.
///
/// # Errors
/// A service cannot be reached or answers what it must not; [`PersonError::Refused`] if this account gives none now, or that
/// service has none for the people of this one.
pub async fn give(way: &Way, domain: &Domain) -> Result<RegistrationPass, PersonError> {
    let key = issue(way, domain, Vec::new()).await?.key;
    let nonce = rand::random::<[u8; 32]>();
    let begun = Blinded::begin(domain, Purpose::Registration, key, nonce);
    let (blinded, request) = begun.ok_or_else(|| garbled("the key of passes is none"))?;
    let issued = issue(way, domain, vec![request]).await?;
    let token = blinded.finish(&issued.responses);
    let token = token.ok_or_else(|| garbled("the pass was made under another key than was told"))?;
    Ok(RegistrationPass { domain: domain.clone(), token })
}

async fn issue(way: &Way, domain: &Domain, requests: Vec<TokenRequest>) -> Result<Issued, PersonError> {
    let path = format!("{}/passes/{}", paths::CLIENT_ROOT, paths::segment(domain.as_str()));
    let body = IssueRequest { purpose: Purpose::Registration, requests }.encode();
    let token = way.first_bearer().await?;
    let answer = person::ask(&way.service, Method::POST, &path, Some(&token), body.into()).await?;
    Issued::decode(&answer).map_err(|error| TransportError::Garbled(error.into()).into())
}

fn garbled(why: &'static str) -> PersonError {
    TransportError::Garbled(why.into()).into()
}
