//! Finding people by phone number: carries what the client core asks of a service, through the own one, and keeps the key
//! that the service answers under. No number leaves this device (`docs/spec/discovery.md`).

use crate::{
    agent::{AgentError, Way},
    exit::NotFoundError,
    person::{PersonError, refused},
};
use http::Method;
use trefoil_client::{
    ClientError,
    discovery::{BATCH, DiscoveryError, KEYS, KnownKey, Lookup, Next, Number, path},
};
use trefoil_proto::{Domain, ErrorCode, UserUri, Wire as _, discovery::DiscoveryResponse, paths};
use trefoil_store::{Batch, StoreError};

/// A number, and who has it.
pub type Found = (Number, Option<UserUri>);

/// Who at a service has these numbers, each once, in their order; as many questions as they need. `told` hears each answer,
/// before the next question.
///
/// # Errors
/// [`PersonError::NotFound`] if nobody there is found by number; [`PersonError::Discovery`] if the service is not to be
/// believed; [`PersonError`]. What was told before stands.
pub async fn find(
    way: &Way,
    domain: &Domain,
    numbers: &[Number],
    mut told: impl FnMut(Vec<Found>),
) -> Result<(), PersonError> {
    for batch in numbers.chunks(BATCH) {
        let found = match find_batch(way, domain, batch).await {
            // The service has more people than a moment ago: once more, with other buckets.
            Err(PersonError::Refused { code: ErrorCode::Conflict, .. }) => {
                find_batch(way, domain, batch).await?
            }
            other => other?,
        };
        told(found);
    }
    Ok(())
}

async fn find_batch(way: &Way, domain: &Domain, numbers: &[Number]) -> Result<Vec<Found>, PersonError> {
    let (lookup, request) = Lookup::begin(domain.clone(), numbers)?;
    let answer = post(way, domain, request).await?;
    let known = known_key(way, domain)?;
    let (mut buckets, mut request, shown) = lookup.evaluated(&answer, known.as_ref())?;
    if known.is_none() {
        keep(way, domain, shown)?;
    }
    loop {
        let answer = post(way, domain, request).await?;
        let (rest, next) = buckets.answered(&answer)?;
        match next {
            Next::Ask(more) => (buckets, request) = (rest, more),
            Next::Done(found) => return Ok(found),
        }
    }
}

async fn post(way: &Way, domain: &Domain, body: Vec<u8>) -> Result<bytes::Bytes, PersonError> {
    let headers = [("content-type", paths::MEDIA_TYPE.to_owned())];
    let (token, path, limit) = (way.bearer(), path(domain), DiscoveryResponse::LIMIT);
    let asked = way.service.request(Method::POST, &path, Some(&token), &headers, body.into(), limit);
    let answer = asked.await?;
    if (200..300).contains(&answer.status) {
        return Ok(answer.body);
    }
    match refused(answer.status, &answer.body) {
        PersonError::Refused { code: ErrorCode::Unsupported, .. } => Err(NotFoundError(format!(
            "{domain} finds nobody by phone number: ask the person for the URI that `trefoil account card` prints"
        ))
        .into()),
        other => Err(other),
    }
}

fn known_key(way: &Way, domain: &Domain) -> Result<Option<KnownKey>, PersonError> {
    let row = way.store.get(KEYS, domain.as_str().as_bytes()).map_err(stored)?;
    Ok(row.map(|row| KnownKey::decode(&row)).transpose()?)
}

/// Keeps the key that a service showed first. Another question may have been first meanwhile.
fn keep(way: &Way, domain: &Domain, shown: KnownKey) -> Result<(), PersonError> {
    let key = domain.as_str().as_bytes().to_vec();
    let mut batch = Batch::new();
    batch.assert_absent(KEYS, key.clone());
    batch.put(KEYS, key, shown.encode());
    match way.store.commit(batch) {
        Ok(()) => Ok(()),
        Err(StoreError::AssertFailed { .. }) if known_key(way, domain)? == Some(shown) => Ok(()),
        Err(StoreError::AssertFailed { .. }) => Err(DiscoveryError::OtherKey(domain.clone()).into()),
        Err(error) => Err(stored(error)),
    }
}

fn stored(error: StoreError) -> PersonError {
    AgentError::from(ClientError::from(error)).into()
}
