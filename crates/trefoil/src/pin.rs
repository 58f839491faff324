//! Setting a PIN and restoring by it: carries what the client core asks of three services, each by its own address, and no
//! token to those that are not the person's own.

use crate::{
    person::{PersonError, Place, ask, identify, service_info},
    transport::Service,
};
use bytes::Bytes;
use futures_util::future::join_all;
use http::Method;
use std::time::Duration;
use tls_codec::DeserializeBytes as _;
use trefoil_client::{
    backup::RecoverySecret,
    pin::{
        Outcome, Pin, PinError, Recovery, Registration, Reply, Request, Seat, SecretBytes, Standing, Step,
        removals,
    },
};
use trefoil_proto::{
    ErrorBody, ErrorCode, Wire as _,
    edge::Profile,
    limits, paths,
    pin::{FindRequest, Note, PutNoteRequest, SERVICES},
};

/// How long a service may take. One that is slower is taken for one that is down.
const PATIENCE: Duration = Duration::from_secs(20);

/// What a right PIN gave.
#[derive(Debug)]
pub struct Recovered {
    /// What it protects.
    pub secret: SecretBytes,
    /// Fewer than three services still keep a true part: the PIN is to be set again.
    pub set_again: bool,
    /// What each service did, the person's own first.
    pub standings: [Standing; SERVICES],
}

/// Why a PIN was not set, or gave nothing.
#[derive(Debug, thiserror::Error)]
pub enum PinFailure {
    /// The PIN is wrong.
    #[error("the PIN is wrong; {left} tries are left before it is locked for ever")]
    Wrong {
        /// Tries that are left where fewest are.
        left: u32,
    },
    /// Too many services have locked or lost their part.
    #[error("the PIN is locked: there were too many wrong tries, and it restores nothing any more")]
    Locked,
    /// Too few services answered.
    #[error("only one of the three services that keep a part answered, and two are needed: try again later")]
    TooFew,
    /// The person's own service knows of no PIN.
    #[error("no PIN was set for this name, handle or number at this service")]
    NoPin,
    /// Two of the addresses lead to one service.
    #[error("the three services must be three: two of these addresses lead to {0}")]
    SameService(String),
    /// The core.
    #[error(transparent)]
    Core(#[from] PinError),
    /// The way to a service, or the person's own service said no.
    #[error(transparent)]
    Person(#[from] PersonError),
    /// The computation was stopped.
    #[error("the stretching of the PIN was stopped")]
    Stopped(#[source] tokio::task::JoinError),
}

/// Sets a PIN, in place of one that there was. `own` is the person's service with a token of one of their devices;
/// `account_name` is what they will be found by where account names are not kept (profile `account`), and is not looked at
/// elsewhere. The secret must be 32 uniformly random bytes.
///
/// # Errors
/// [`PinFailure`]. The PIN that there was stays then.
pub async fn set_pin(
    own: &Service,
    token: &str,
    others: [&Service; 2],
    account_name: &str,
    pin: &str,
    secret: &[u8; 32],
) -> Result<(), PinFailure> {
    let services = [own, others[0], others[1]];
    let profile = three_services(&services).await?;
    let (pin, secret) = (Pin::new(pin)?, SecretBytes::new(*secret));
    let former = own_note(own, token).await?;
    let addresses = services.map(Service::address);
    let kept = secret.clone();
    let (mut registration, requests) =
        blocking(move || Registration::begin(&kept, &pin, [&addresses[0], &addresses[1], &addresses[2]]))
            .await?;
    let note = match register(&mut registration, &services, requests).await {
        Ok(note) => note,
        Err(error) => {
            post_all(&services, &registration.abandon()).await;
            return Err(error.into());
        }
    };
    let account_name = if profile == Profile::Account { account_name } else { "" };
    let put = PutNoteRequest { account_name: account_name.as_bytes().to_vec(), note };
    let path = format!("{}/pin/note", paths::CLIENT_ROOT);
    if let Err(error) = ask(own, Method::PUT, &path, Some(token), put.encode().into()).await {
        // A refusal is final; otherwise the note may be there, and the records are needed.
        if matches!(error, PersonError::Refused { .. }) {
            post_all(&services, &registration.abandon()).await;
        }
        return Err(error.into());
    }
    if let Some(former) = former {
        forget(&former, &secret, &services).await;
    }
    Ok(())
}

/// Restores what a PIN protects, for somebody who has lost everything else. `code` is the one-time code of a phone
/// number. All three services are found through `place`, which is the person's own; its authority is trusted for all of
/// them.
///
/// # Errors
/// [`PinFailure::Wrong`] says how many tries are left.
pub async fn recover_with_pin(
    place: Place<'_>,
    identifier: &str,
    code: Option<&str>,
    pin: &str,
) -> Result<Recovered, PinFailure> {
    let pin = Pin::to_try(pin)?;
    let own = Service::new(place.service, place.ca).map_err(PersonError::from)?;
    let profile = service_info(&own).await?.profile;
    let identifier = identify(profile, identifier, code).map_err(PersonError::from)?;
    let find = FindRequest { identifier }.encode();
    let path = format!("{}/pin/find", paths::CLIENT_ROOT);
    let found = ask(&own, Method::POST, &path, None, find.into()).await.map_err(|error| match error {
        PersonError::Refused { code: ErrorCode::NotFound, .. } => PinFailure::NoPin,
        error => error.into(),
    })?;
    let note = Note::decode(&found).map_err(|_| PinError::Note)?;
    let (mut recovery, requests) = blocking(move || Recovery::begin(&note, &pin)).await?;
    // An address that is none is as good as a service that is down.
    let services = Seat::ALL.map(|seat| Service::new(recovery.address(seat), place.ca).ok());
    let services = services.each_ref().map(Option::as_ref);
    let replies =
        join_all(requests.iter().map(|request| post(services[request.seat.index()], request))).await;
    let mut outcome = None;
    for (request, reply) in requests.iter().zip(&replies) {
        outcome = recovery.answered(request.seat, reply);
    }
    match outcome {
        Some(Outcome::Restored(restored)) => {
            join_all(restored.unlock.iter().map(|request| post(services[request.seat.index()], request)))
                .await;
            let set_again = restored.set_again();
            Ok(Recovered { secret: restored.secret, set_again, standings: restored.standings })
        }
        Some(Outcome::Wrong { left, .. }) => Err(PinFailure::Wrong { left }),
        Some(Outcome::Lost { .. }) => Err(PinFailure::Locked),
        Some(Outcome::TooFew { .. }) | None => Err(PinFailure::TooFew),
    }
}

/// Takes a PIN back: the note goes, and those records that are at `own` or `others`, if this is the secret that they protect.
///
/// # Errors
/// [`PinFailure::Person`]; [`PinFailure::NoPin`].
pub async fn remove_pin(
    own: &Service,
    token: &str,
    others: &[&Service],
    secret: &[u8; 32],
) -> Result<(), PinFailure> {
    let note = own_note(own, token).await?.ok_or(PinFailure::NoPin)?;
    let path = format!("{}/pin/note", paths::CLIENT_ROOT);
    ask(own, Method::DELETE, &path, Some(token), Bytes::new()).await?;
    let services: Vec<&Service> = std::iter::once(own).chain(others.iter().copied()).collect();
    forget(&note, &SecretBytes::new(*secret), &services).await;
    Ok(())
}

/// Takes the PIN back, if there is one, once another secret is in force than the one that it protects: it would restore nothing.
/// Parts at other services stay there, of no use to anybody.
///
/// # Errors
/// [`PinFailure::Person`].
pub async fn retire_pin(
    own: &Service,
    token: &str,
    former: &RecoverySecret,
    in_force: &RecoverySecret,
) -> Result<(), PinFailure> {
    if former.bytes() == in_force.bytes() {
        return Ok(());
    }
    match remove_pin(own, token, &[], former.bytes()).await {
        Err(PinFailure::NoPin) => Ok(()),
        retired => retired,
    }
}

/// Where the parts of a person's PIN are, by the addresses of the services; `None` if there is no PIN.
///
/// # Errors
/// [`PinFailure::Person`].
pub async fn places(own: &Service, token: &str) -> Result<Option<Vec<String>>, PinFailure> {
    let note = own_note(own, token).await?;
    let addresses =
        |note: Note| note.places.iter().filter_map(|place| Some(place.address()?.to_owned())).collect();
    Ok(note.map(addresses))
}

/// Checks that three addresses lead to three services; the profile of the first.
async fn three_services(services: &[&Service; SERVICES]) -> Result<Profile, PinFailure> {
    let own = service_info(services[0]).await?;
    let mut known = vec![own.domain];
    for service in &services[1..] {
        let domain = service_info(service).await?.domain;
        if known.contains(&domain) {
            return Err(PinFailure::SameService(domain.to_string()));
        }
        known.push(domain);
    }
    Ok(own.profile)
}

async fn own_note(own: &Service, token: &str) -> Result<Option<Note>, PinFailure> {
    let path = format!("{}/pin/note", paths::CLIENT_ROOT);
    match ask(own, Method::GET, &path, Some(token), Bytes::new()).await {
        Ok(body) => Ok(Some(Note::decode(&body).map_err(|_| PinError::Note)?)),
        Err(PersonError::Refused { code: ErrorCode::NotFound, .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

async fn register(
    registration: &mut Registration,
    services: &[&Service; SERVICES],
    requests: Vec<Request>,
) -> Result<Note, PinError> {
    let mut round = requests;
    while !round.is_empty() {
        let replies = post_all(services, &round).await;
        let mut next = Vec::new();
        for (request, reply) in round.iter().zip(&replies) {
            match registration.answered(request.seat, reply)? {
                Step::Ask(request) => next.push(request),
                Step::Wait => {}
                Step::Done(note) => return Ok(note),
            }
        }
        round = next;
    }
    unreachable!("a registration asks until it is done or fails")
}

/// Removes the records of a note. What cannot be removed stays, and nobody finds it any more.
async fn forget(note: &Note, secret: &SecretBytes, services: &[&Service]) {
    let Ok(requests) = removals(secret, note) else { return };
    let at = |request: &Request| {
        let address = note.places.get(request.seat.index()).and_then(|place| place.address());
        services.iter().copied().find(|service| Some(service.address().as_str()) == address)
    };
    join_all(requests.iter().map(|request| post(at(request), request))).await;
}

async fn post_all(services: &[&Service; SERVICES], requests: &[Request]) -> Vec<Reply> {
    join_all(requests.iter().map(|request| post(Some(services[request.seat.index()]), request))).await
}

async fn post(service: Option<&Service>, request: &Request) -> Reply {
    let Some(service) = service else { return Reply::Silent };
    let headers = [("content-type", paths::MEDIA_TYPE.to_owned())];
    let body = request.body.clone().into();
    let asked = service.request(Method::POST, &request.path, None, &headers, body, limits::REQUEST);
    match tokio::time::timeout(PATIENCE, asked).await {
        Ok(Ok(answer)) if (200..300).contains(&answer.status) => Reply::Answered(answer.body.to_vec()),
        Ok(Ok(answer)) => {
            ErrorBody::tls_deserialize_exact_bytes(&answer.body).map_or(Reply::Silent, Reply::Refused)
        }
        Ok(Err(_)) | Err(_) => Reply::Silent,
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, PinError> + Send + 'static,
) -> Result<T, PinFailure> {
    Ok(tokio::task::spawn_blocking(work).await.map_err(PinFailure::Stopped)??)
}
