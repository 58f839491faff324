//! How two devices of one account find each other while one is linked: each leaves its part, sealed, in a slot at their
//! service, which follows from the short code that the new device shows.

use crate::{
    agent::AgentError,
    exit::NotFoundError,
    person::{PersonError, ask},
    transport::{Service, TransportError},
};
use http::Method;
use std::time::Duration;
use trefoil_client::{LinkCode, LinkOffer};
use trefoil_proto::{
    ErrorCode, Wire as _, paths,
    rendezvous::{Half, SealedHalf, SlotId},
};

/// After a break of the connection, or an answer that says "later".
const PAUSE: Duration = Duration::from_secs(2);
/// Breaks one after another, after which waiting is given up. It can be taken up again.
const TRIES: u32 = 30;

/// On the new device: leaves its request. To do so again changes nothing.
///
/// # Errors
/// [`PersonError`].
pub async fn offer(service: &Service, offer: &LinkOffer) -> Result<(), PersonError> {
    put(service, offer.code.slot(), Half::Request, offer.sealed.clone()).await
}

/// On the new device: the first one's answer; `None` if it is not there yet. The service waits some time for it before it
/// says so. A request that the service no longer has is left there again.
///
/// # Errors
/// [`PersonError`]; `RendezvousAltered` of the core if it is not what the first device left.
pub async fn look(service: &Service, waiting: &LinkOffer) -> Result<Option<String>, PersonError> {
    match get(service, waiting.code.slot(), Half::Answer).await {
        Ok(Some(sealed)) => Ok(Some(waiting.code.open_answer(&sealed)?)),
        Ok(None) => Ok(None),
        Err(PersonError::Refused { code: ErrorCode::NotFound, .. }) => {
            offer(service, waiting).await?;
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// The same until the answer is there.
///
/// # Errors
/// [`PersonError`].
pub async fn wait(service: &Service, waiting: &LinkOffer) -> Result<String, PersonError> {
    let mut breaks = 0;
    loop {
        match look(service, waiting).await {
            Ok(Some(answer)) => return Ok(answer),
            Ok(None) => breaks = 0,
            Err(error) if may_pass(&error) && breaks < TRIES => {
                breaks += 1;
                tokio::time::sleep(PAUSE).await;
            }
            Err(error) => return Err(error),
        }
    }
}

/// On the first device: the long code that the new one left, for [`trefoil_client::Client::link_approve`].
///
/// # Errors
/// [`PersonError::NotFound`] if no device waits under this code; `RendezvousAltered` of the core if it is not what the new
/// device left.
pub async fn request(service: &Service, code: &LinkCode) -> Result<String, PersonError> {
    match get(service, code.slot(), Half::Request).await {
        Ok(Some(sealed)) => Ok(code.open_request(&sealed)?),
        Ok(None) | Err(PersonError::Refused { code: ErrorCode::NotFound, .. }) => Err(nobody()),
        Err(error) => Err(error),
    }
}

/// On the first device: leaves its answer. To leave the same again changes nothing.
///
/// # Errors
/// [`PersonError::NotFound`] if the new device no longer waits: its code can be approved again.
pub async fn answer(service: &Service, code: &LinkCode, answer: &str) -> Result<(), PersonError> {
    match put(service, code.slot(), Half::Answer, code.seal_answer(answer)?).await {
        Err(PersonError::Refused { code: ErrorCode::NotFound, .. }) => Err(nobody()),
        other => other,
    }
}

async fn put(service: &Service, slot: SlotId, half: Half, sealed: Vec<u8>) -> Result<(), PersonError> {
    let body = SealedHalf { sealed }.encode();
    ask(service, Method::PUT, &path(slot, half), None, body.into()).await.map(drop)
}

async fn get(service: &Service, slot: SlotId, half: Half) -> Result<Option<Vec<u8>>, PersonError> {
    let answer = ask(service, Method::GET, &path(slot, half), None, bytes::Bytes::new()).await?;
    // No encoding of a half is empty: this is "nothing yet".
    if answer.is_empty() {
        return Ok(None);
    }
    let half = SealedHalf::decode(&answer).map_err(|error| TransportError::Garbled(error.into()))?;
    Ok(Some(half.sealed))
}

fn path(slot: SlotId, half: Half) -> String {
    format!("{}/rendezvous/{slot}/{}", paths::CLIENT_ROOT, half.as_str())
}

fn nobody() -> PersonError {
    NotFoundError(
        "no device waits under this code: the new one must be online and still show it; then try again"
            .to_owned(),
    )
    .into()
}

fn may_pass(error: &PersonError) -> bool {
    match error {
        PersonError::Transport(error) | PersonError::Agent(AgentError::Unreachable(error)) => {
            error.is_passing()
        }
        PersonError::Refused { code, .. } => matches!(code, ErrorCode::RateLimited | ErrorCode::Draining),
        _ => false,
    }
}
