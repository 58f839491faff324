//! One person's device: an account that is made or opened in a home folder, connected to its service.

use crate::{
    agent::{Agent, AgentError, Way},
    discovery,
    exit::{NotFoundError, UsageError},
    home::{Home, HomeError, KeyKind, Passphrase},
    meet,
    minors::UnderAge,
    transport::{Service, TransportError},
};
use bytes::Bytes;
use http::Method;
use std::{sync::Arc, time::Duration};
use tls_codec::{DeserializeBytes as _, Serialize as _};
use trefoil_client::{
    Client, ClientError, Event, Input, LinkCode, LinkOffer,
    discovery::{DiscoveryError, Number},
};
use trefoil_proto::{
    DeviceUri, Domain, ErrorBody, ErrorCode, UserUri,
    edge::{CodeRequest, Identifier, Profile, ServiceInfo},
    limits,
    mimi::{
        AppDataDictionary,
        identifier::{IdentifierQueryCode, IdentifierRequest, IdentifierResponse, QueryElement},
    },
    passes::RegistrationPass,
    paths,
};

/// How long a short run waits while nothing moves.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Where an account is to be made.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// Base URL of the service.
    pub service: &'a str,
    /// PEM of the certificate authority to trust instead of the public web's.
    pub ca: Option<&'a [u8]>,
}

/// What can go wrong when an account is made or opened.
#[derive(Debug, thiserror::Error)]
pub enum PersonError {
    /// The folder.
    #[error(transparent)]
    Home(#[from] HomeError),
    /// The way to the service.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// The core, or the service while the core talks to it.
    #[error(transparent)]
    Agent(#[from] AgentError),
    /// The service said no.
    #[error("{}", refusal(*code, detail))]
    Refused {
        /// Its code.
        code: ErrorCode,
        /// Its sentence.
        detail: String,
    },
    /// What was given cannot be used.
    #[error(transparent)]
    Usage(#[from] UsageError),
    /// There is none.
    #[error(transparent)]
    NotFound(#[from] NotFoundError),
    /// Nobody could be looked for by number.
    #[error(transparent)]
    Discovery(#[from] DiscoveryError),
}

impl From<ClientError> for PersonError {
    fn from(error: ClientError) -> Self {
        Self::Agent(error.into())
    }
}

/// Makes an account with this device as its first, or finishes what an interrupted attempt began. `code` is the
/// one-time code of a phone number; `pass` somebody gave, who has an account.
///
/// # Errors
/// [`PersonError`].
pub async fn register(
    home: &Home,
    passphrase: Option<&Passphrase>,
    place: Place<'_>,
    identifier: &str,
    code: Option<&str>,
    pass: Option<&RegistrationPass>,
) -> Result<(Agent, KeyKind), PersonError> {
    register_as(home, passphrase, place, Newcomer { identifier, code, pass, minor: None }).await
}

/// Who makes an account.
#[derive(Clone, Copy)]
pub struct Newcomer<'a> {
    /// Name, handle or number.
    pub identifier: &'a str,
    /// The one-time code of a phone number.
    pub code: Option<&'a str>,
    /// What somebody gave who has an account.
    pub pass: Option<&'a RegistrationPass>,
    /// They are under the age of their place.
    pub minor: Option<UnderAge>,
}

/// The same, of somebody who may be under the age of their place.
///
/// # Errors
/// [`PersonError`].
pub async fn register_as(
    home: &Home,
    passphrase: Option<&Passphrase>,
    place: Place<'_>,
    Newcomer { identifier, code, pass, minor }: Newcomer<'_>,
) -> Result<(Agent, KeyKind), PersonError> {
    let service = Service::new(place.service, place.ca)?;
    let info = service_info(&service).await?;
    if let Some(pass) = pass.filter(|pass| pass.domain != info.domain) {
        let (of, at) = (&pass.domain, &info.domain);
        return Err(UsageError(format!("this registration pass is for {of}, and the service is {at}")).into());
    }
    let who = identify(info.profile, identifier, code)?;
    let (mut agent, kind) = fresh(home, passphrase, service)?;
    if agent.client.identity().is_none() {
        let now = crate::clock::now();
        let pass = pass.map(|pass| pass.token.clone());
        let step = match minor {
            Some(UnderAge(ends)) => agent.client.register_minor(info.domain, who, (ends, pass), now)?,
            None => agent.client.register(info.domain, who, pass, now)?,
        };
        let outcome = step.commit().map_err(AgentError::from)?;
        agent.carry_out(outcome);
        let mut refused = None;
        agent
            .run_until(
                PATIENCE,
                |_, events| {
                    events.iter().any(|event| {
                        matches!(event, Event::Registered { .. } | Event::RegistrationRefused { .. })
                    })
                },
                |_, event| {
                    if let Event::RegistrationRefused { code, detail } = event {
                        refused = Some(PersonError::Refused { code, detail });
                    }
                },
            )
            .await?;
        if let Some(refused) = refused {
            return Err(refused);
        }
    }
    home.settle(&agent.service().address(), place.ca)?;
    agent.go_online()?;
    Ok((agent, kind))
}

/// Begins to link a new device: makes its request and leaves it at the service, for the first device to find by the short
/// code. `name` is told to no service; it may be empty.
///
/// # Errors
/// [`PersonError`]; another attempt begins anew.
pub async fn begin_link(
    home: &Home,
    passphrase: Option<&Passphrase>,
    place: Place<'_>,
    name: &str,
) -> Result<(Agent, LinkOffer), PersonError> {
    let service = Service::new(place.service, place.ca)?;
    let info = service_info(&service).await?;
    let (mut agent, _) = fresh(home, passphrase, service)?;
    agent.act_for(|client, now| client.link_request_named(info.domain, name, now))?;
    let offer = link_offer(&agent)?;
    meet::offer(agent.service(), &offer).await?;
    home.settle(&agent.service().address(), place.ca)?;
    Ok((agent, offer))
}

/// What a device that waits to be linked shows, and leaves at its service.
///
/// # Errors
/// [`PersonError::NotFound`] if it does not wait; [`PersonError`].
pub fn link_offer(agent: &Agent) -> Result<LinkOffer, PersonError> {
    let offer = agent.client.link_offer()?;
    offer.ok_or_else(|| NotFoundError("this device does not wait to be linked".to_owned()).into())
}

/// Begins to link a new device: the long code that the account's first device must approve.
///
/// # Errors
/// [`PersonError`].
pub async fn request_link(
    home: &Home,
    passphrase: Option<&Passphrase>,
    place: Place<'_>,
) -> Result<(String, KeyKind), PersonError> {
    request_link_named(home, passphrase, place, "").await
}

/// The same, with a name for the device, which no service learns.
///
/// # Errors
/// [`PersonError`].
pub async fn request_link_named(
    home: &Home,
    passphrase: Option<&Passphrase>,
    place: Place<'_>,
    name: &str,
) -> Result<(String, KeyKind), PersonError> {
    let service = Service::new(place.service, place.ca)?;
    let info = service_info(&service).await?;
    let (mut agent, kind) = fresh(home, passphrase, service)?;
    let (code, step) = agent.client.link_request_named(info.domain, name, crate::clock::now())?;
    step.commit()?;
    home.settle(&agent.service().address(), place.ca)?;
    Ok((code, kind))
}

/// Ends the linking of a new device with the answer of the account's first device, and joins its rooms.
///
/// # Errors
/// [`PersonError`].
pub async fn finish_link(agent: &mut Agent, answer: &str) -> Result<(), PersonError> {
    agent.act(|client, now| client.link_finish(answer, now))?;
    agent.go_online()?;
    agent.settle(PATIENCE, |_, _| {}).await?;
    Ok(())
}

/// Approves another device of this account by its long code; gives the answer to paste there.
///
/// # Errors
/// [`PersonError`].
pub async fn approve_link(agent: &mut Agent, code: &str) -> Result<String, PersonError> {
    approve(agent, code).await.map(|(_, answer)| answer)
}

/// Approves another device of this account by the short code that it shows, and leaves the answer for it.
///
/// # Errors
/// [`PersonError`]; the same code can be approved again.
pub async fn approve_offered(agent: &mut Agent, code: &LinkCode) -> Result<DeviceUri, PersonError> {
    let request = meet::request(agent.service(), code).await?;
    let (device, answer) = approve(agent, &request).await?;
    meet::answer(agent.service(), code, &answer).await?;
    Ok(device)
}

async fn approve(agent: &mut Agent, code: &str) -> Result<(DeviceUri, String), PersonError> {
    let wanted = agent.client.link_requested(code)?;
    agent.act(|client, now| client.link_approve(code, now))?;
    let mut answered = None;
    agent
        .run_until(
            PATIENCE,
            |_, events| {
                events.iter().any(|event| {
                    matches!(event, Event::LinkApproved { device, .. } | Event::LinkRefused { device, .. } if *device == wanted)
                })
            },
            |_, event| match event {
                Event::LinkApproved { device, answer } if device == wanted => {
                    answered = Some(Ok((device, answer)));
                }
                Event::LinkRefused { device, code, detail } if device == wanted => {
                    answered = Some(Err(PersonError::Refused { code, detail }));
                }
                _ => {}
            },
        )
        .await?;
    answered.expect("the run ends only once one of the two events was shown")
}

/// On the account's first device: takes another one off the account, and out of its rooms as far as this device is in
/// them.
///
/// # Errors
/// [`PersonError`].
pub async fn remove_device(agent: &mut Agent, device: &DeviceUri) -> Result<(), PersonError> {
    agent.act(|client, now| client.remove_device(device, now))?;
    let mut refused = None;
    let mut gone = false;
    agent
        .run_until(
            PATIENCE,
            |agent, events| {
                let hears = |event: &Event| match event {
                    Event::OwnDeviceRemoved { device: gone } => gone == device,
                    _ => false,
                };
                gone |= events.iter().any(hears);
                let refused = events.iter().any(
                    |event| matches!(event, Event::UnlinkRefused { device: kept, .. } if kept == device),
                );
                refused || gone && agent.is_settled()
            },
            |_, event| match event {
                Event::UnlinkRefused { device: kept, code, detail } if kept == *device => {
                    refused = Some(PersonError::Refused { code, detail });
                }
                _ => {}
            },
        )
        .await?;
    refused.map_or(Ok(()), Err)
}

/// Opens the account in a home folder. Nothing is sent yet; what fell due while the device was off is gone before
/// anything of it can be shown.
///
/// # Errors
/// [`PersonError`].
pub fn open(home: &Home, passphrase: Option<&Passphrase>) -> Result<(Agent, KeyKind), PersonError> {
    let (address, ca) = home.address()?;
    let service = Service::new(&address.service, ca.as_deref())?;
    let (store, kind) = home.open_store(passphrase)?;
    let mut agent = Agent::new(Client::open(Arc::new(store))?, service);
    agent.save_evidence_in(home.folder());
    agent.act(|client, now| client.handle(Input::Time, now))?;
    Ok((agent, kind))
}

/// Chooses the name that the people this person writes to see, and sends it to every open room.
///
/// # Errors
/// The name cannot be one, or the core failed.
pub fn rename(agent: &mut Agent, name: &str) -> Result<(), PersonError> {
    agent.act(|client, now| client.set_display_name(name, now))?;
    Ok(())
}

/// The people at a service who go by exactly this handle or phone number. A handle is public and is told to that service; a
/// number is not told to anybody.
///
/// # Errors
/// [`PersonError`]; nobody found is an empty list.
pub async fn find(way: &Way, domain: &Domain, name: &str) -> Result<Vec<UserUri>, PersonError> {
    if name.starts_with('+') {
        let number: Number = name.parse()?;
        let mut found = Vec::new();
        let hear = |told: Vec<discovery::Found>| found.extend(told.into_iter().filter_map(|(_, user)| user));
        discovery::find(way, domain, &[number], hear).await?;
        return Ok(found);
    }
    if name.chars().all(|letter| letter.is_ascii_digit() || " -()".contains(letter)) {
        let why = format!("{name} looks like a phone number: write it with + and the country's code");
        return Err(UsageError(why).into());
    }
    let element = QueryElement::Nick(name.trim_start_matches('@').as_bytes().to_vec());
    let request =
        IdentifierRequest { query_elements: vec![element], extensions: AppDataDictionary::default() };
    let body = request
        .tls_serialize_detached()
        .map_err(|_| UsageError("that is too long for a handle".to_owned()))?;
    let path = format!("{}/identifierQuery/{}", paths::CLIENT_ROOT, paths::segment(domain.as_str()));
    let answer = ask(&way.service, Method::POST, &path, Some(&way.bearer()), body.into()).await?;
    let answer = IdentifierResponse::tls_deserialize_exact_bytes(&answer)
        .map_err(|error| TransportError::Garbled(error.into()))?;
    match answer.code {
        IdentifierQueryCode::Success => Ok(answer.uris),
        IdentifierQueryCode::NotFound => Ok(Vec::new()),
        IdentifierQueryCode::UnsupportedField => Err(NotFoundError(format!(
            "{domain} finds nobody by name: ask the person for the URI that `trefoil account card` prints"
        ))
        .into()),
        _ => Err(UsageError(format!("{domain} does not look {name} up: give a whole handle")).into()),
    }
}

/// Asks a service to send a one-time code to a phone number. Whether it did is not told.
///
/// # Errors
/// [`PersonError`].
pub async fn request_code(place: Place<'_>, number: &str) -> Result<(), PersonError> {
    let service = Service::new(place.service, place.ca)?;
    let body = CodeRequest { number: number.as_bytes().to_vec() }
        .tls_serialize_detached()
        .map_err(|_| UsageError(format!("{number} is too long for a phone number")))?;
    let path = format!("{}/accounts/code", paths::CLIENT_ROOT);
    ask(&service, Method::POST, &path, None, body.into()).await?;
    Ok(())
}

/// What a service says of itself.
///
/// # Errors
/// [`PersonError`].
pub async fn service_info(service: &Service) -> Result<ServiceInfo, PersonError> {
    let path = format!("{}/service", paths::CLIENT_ROOT);
    let answer = ask(service, Method::GET, &path, None, Bytes::new()).await?;
    ServiceInfo::tls_deserialize_exact_bytes(&answer)
        .map_err(|error| TransportError::Garbled(error.into()).into())
}

/// One request of the shell's own; a refusal becomes an error.
///
/// # Errors
/// [`PersonError::Transport`], [`PersonError::Refused`].
pub async fn ask(
    service: &Service,
    method: Method,
    path: &str,
    token: Option<&str>,
    body: Bytes,
) -> Result<Bytes, PersonError> {
    let headers = [("content-type", paths::MEDIA_TYPE.to_owned())];
    let answer = service.request(method, path, token, &headers, body, limits::REQUEST).await?;
    if (200..300).contains(&answer.status) {
        Ok(answer.body)
    } else {
        Err(refused(answer.status, &answer.body))
    }
}

/// The refusal in an answer.
pub fn refused(status: u16, body: &[u8]) -> PersonError {
    match ErrorBody::tls_deserialize_exact_bytes(body) {
        Ok(error) => PersonError::Refused {
            code: error.code,
            detail: String::from_utf8_lossy(&error.detail).into_owned(),
        },
        Err(_) => TransportError::Garbled(format!("status {status} without a reason").into()).into(),
    }
}

/// A registration pass as somebody gave it.
///
/// # Errors
/// [`UsageError`].
pub fn parse_pass(text: &str) -> Result<RegistrationPass, UsageError> {
    text.trim().parse().map_err(|_| {
        UsageError("that is no registration pass: copy all of it, from `trefoil-pass-` to the end".to_owned())
    })
}

/// A person by URI, for commands that name people.
///
/// # Errors
/// [`UsageError`].
pub fn parse_person(raw: &str) -> Result<UserUri, UsageError> {
    raw.parse().map_err(|_| {
        UsageError(format!(
            "{raw} is no person: give a URI as `trefoil account card` or `trefoil find` print it"
        ))
    })
}

/// A folder that is made, or that an interrupted attempt left, with an empty core.
///
/// # Errors
/// [`PersonError`].
pub(crate) fn fresh(
    home: &Home,
    passphrase: Option<&Passphrase>,
    service: Service,
) -> Result<(Agent, KeyKind), PersonError> {
    let (store, kind) = home.prepare(passphrase)?;
    let mut agent = Agent::new(Client::open(Arc::new(store))?, service);
    agent.save_evidence_in(home.folder());
    Ok((agent, kind))
}

/// An identifier as people of a profile have one.
pub(crate) fn identify(profile: Profile, raw: &str, code: Option<&str>) -> Result<Identifier, UsageError> {
    Ok(match (profile, code) {
        (Profile::Account, _) => Identifier::AccountName(raw.as_bytes().to_vec()),
        (Profile::Handle, _) => Identifier::Handle(raw.trim_start_matches('@').as_bytes().to_vec()),
        (Profile::Phone, Some(code)) => {
            Identifier::Phone { number: raw.as_bytes().to_vec(), code: code.trim().as_bytes().to_vec() }
        }
        (Profile::Phone, None) => {
            return Err(UsageError(
                "this service knows people by phone number: get a code with `trefoil account code NUMBER`, then give \
                 it with --code-file FILE, TREFOIL_CODE or on standard input"
                    .to_owned(),
            ));
        }
    })
}

/// A refusal as a sentence that says what to do.
fn refusal(code: ErrorCode, detail: &str) -> String {
    let advice = match code {
        ErrorCode::BadIdentifier => "this name, handle or number is not acceptable here: choose another",
        ErrorCode::IdentifierTaken => "this name, handle or number is taken: choose another",
        ErrorCode::BadCode => {
            "the one-time code is wrong or too old: ask for another with `trefoil account code`"
        }
        ErrorCode::RateLimited => "too many requests: wait a while, then try again",
        ErrorCode::QuotaExceeded => "the quota of this account is used up",
        ErrorCode::Unauthenticated => "the service no longer knows this device",
        ErrorCode::NotAllowed => "the service does not allow it",
        ErrorCode::Limited => {
            "the service's safety team decided that this account begins no conversations for now: see `trefoil account \
             decisions`"
        }
        ErrorCode::Suspended => {
            "the service's safety team decided that nothing is taken from this account: see `trefoil account decisions`"
        }
        ErrorCode::TooManyReports => {
            "your earlier reports are still being looked at: report this when some of them are decided (`trefoil account reports`)"
        }
        ErrorCode::PassNeeded => "a registration pass is needed that is good here",
        ErrorCode::NotFound => "there is no such thing, or not for you",
        ErrorCode::PeerUnavailable => "the other person's service cannot be reached now: try again later",
        ErrorCode::Internal | ErrorCode::Draining => "the service failed: try again later",
        _ => "the service refused",
    };
    if detail.is_empty() {
        advice.to_owned()
    } else {
        format!("{advice} ({})", crate::print::harmless(detail))
    }
}
