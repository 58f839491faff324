//! The backup on its way to the service and back: what goes where the client core says, here it is carried.
//!
//! A process that runs for long calls [`step`] between other things until it says that nothing is left; a command calls
//! [`back_up`]. What was begun before goes on where it stopped.

use crate::{
    agent::{Agent, AgentError, Way},
    exit::NotFoundError,
    home::{Home, KeyKind, Passphrase},
    person::{self, PATIENCE, PersonError, Place, refused, service_info},
    print,
    transport::{Service, TransportError},
};
use http::Method;
use std::time::Duration;
use trefoil_client::{
    ClientError, Event,
    backup::{Archive, BackupStep, Manifest, Put, RecoverySecret, RecoveryView},
};
use trefoil_proto::{
    ErrorCode, Wire,
    backup::{ReadBackup, SealedPart},
    limits, paths,
};

/// Breaks of the connection, one after another, after which it is given up for now.
const TRIES: u32 = 6;
/// How often a backup is begun anew because the service no longer has it, or has another.
const LOSSES: u32 = 3;
/// Answers that say "later", one after another, until it is given up for now.
const WAITS: u32 = 120;
/// Largest answer: a segment, and what goes around it.
const LARGEST: usize = limits::BACKUP_SEGMENT + limits::REQUEST;

/// Carries at most one request of the backup. True if there is more to do; false if everything is kept, or there is no
/// recovery code in force. The device must be online.
///
/// # Errors
/// [`PersonError`]; what was done so far stays done.
pub async fn step(agent: &mut Agent) -> Result<bool, PersonError> {
    Ok(next(agent).await?.is_some())
}

/// What the service answered, if there was anything to ask.
async fn next(agent: &mut Agent) -> Result<Option<Put>, PersonError> {
    loop {
        let step = agent.act_for(|client, now| client.back_up(now))?;
        match &step {
            BackupStep::Again => continue,
            BackupStep::Done | BackupStep::Off => return Ok(None),
            _ => {}
        }
        let put = carry(&agent.way(), &step).await?;
        agent.act(|client, now| client.backup_answered(&step, put, now))?;
        return Ok(Some(put));
    }
}

/// Carries one request of the backup; what comes of it is for [`trefoil_client::Client::backup_answered`]. Steps without a
/// request are taken.
///
/// # Errors
/// [`PersonError`].
pub async fn carry(way: &Way, step: &BackupStep) -> Result<Put, PersonError> {
    let (path, body) = match step {
        BackupStep::Again | BackupStep::Done | BackupStep::Off => return Ok(Put::Taken),
        BackupStep::Open(request) => ("backups", request.encode()),
        BackupStep::Segment(request) => ("backups/segment", request.encode()),
        BackupStep::Manifest(request) => ("backups/manifest", request.encode()),
        BackupStep::Delete(request) => ("backups/delete", request.encode()),
    };
    match post(&way.service, path, Some(&way.bearer()), body).await {
        Ok(_) => Ok(Put::Taken),
        Err(PersonError::Refused { code: ErrorCode::NotFound, .. }) => Ok(Put::Lost),
        Err(PersonError::Refused { code: ErrorCode::Conflict, detail })
            if matches!(step, BackupStep::Manifest(_)) && detail.parse::<u64>().is_ok() =>
        {
            Ok(Put::Counter(detail.parse().expect("it was parsed a line above")))
        }
        Err(error) => Err(error),
    }
}

/// Carries everything that the backup waits for, and says how it stands then.
///
/// # Errors
/// [`PersonError`]; what was done so far stays done.
pub async fn back_up(agent: &mut Agent) -> Result<RecoveryView, PersonError> {
    let (mut breaks, mut lost) = (0, 0);
    loop {
        match next(agent).await {
            Ok(Some(put)) => {
                breaks = 0;
                lost += u32::from(put != Put::Taken);
                if lost > LOSSES {
                    let detail = "it does not keep the backup".to_owned();
                    return Err(PersonError::Refused { code: ErrorCode::Internal, detail });
                }
            }
            Ok(None) => return Ok(agent.client.recovery()?),
            Err(error) if may_pass(&error) && breaks < TRIES => {
                breaks += 1;
                tokio::time::sleep(Duration::from_millis(250 << breaks)).await;
            }
            Err(error) => return Err(error),
        }
    }
}

/// The same at the end of a command that was about something else: that it failed is a remark.
pub async fn back_up_by_the_way(agent: &mut Agent) {
    let waits = agent.client.is_backup_waiting().unwrap_or(false);
    if waits && let Err(error) = back_up(agent).await {
        print::remark(format_args!("trefoil: the backup is not up to date: {error}"));
    }
}

/// Everything of an account whose devices are lost, into a new folder; then has the service let this device in, in the
/// place of every other one, and joins the account's rooms. `moved` hears how many segments are there, of how many.
///
/// # Errors
/// [`PersonError::NotFound`] if there is no backup under this secret: nothing was made then; [`PersonError`].
pub async fn recover(
    home: &Home,
    passphrase: Option<&Passphrase>,
    place: Place<'_>,
    secret: &RecoverySecret,
    mut moved: impl FnMut(usize, usize),
) -> Result<(Agent, KeyKind), PersonError> {
    let service = Service::new(place.service, place.ca)?;
    service_info(&service).await?;
    let archive = Archive::of(secret);
    let (counter, manifest) = manifest(&service, &archive).await?;
    let (mut agent, kind) = person::fresh(home, passphrase, service.clone())?;
    if agent.client.identity().is_none() {
        let of = manifest.segments.len();
        for (there, segment) in manifest.segments.iter().enumerate() {
            moved(there, of);
            let part = read(&service, &archive.segment_request(segment)).await?;
            agent.act(|client, now| client.restore_segment(&archive, segment, &part.sealed, now))?;
        }
        moved(of, of);
        agent.act(|client, now| client.restored(&archive, &manifest, counter, now))?;
        agent.act(|client, now| client.recover(now))?;
        let mut refused = None;
        agent
            .run_until(
                PATIENCE,
                |_, events| {
                    let ended = |event: &Event| {
                        matches!(event, Event::Recovered { .. } | Event::RecoveryRefused { .. })
                    };
                    events.iter().any(ended)
                },
                |_, event| {
                    if let Event::RecoveryRefused { code, detail } = event {
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
    agent.settle(PATIENCE, |_, _| {}).await?;
    Ok((agent, kind))
}

async fn manifest(service: &Service, archive: &Archive) -> Result<(u64, Manifest), PersonError> {
    let part = match read(service, &archive.manifest_request()).await {
        Err(PersonError::Refused { code: ErrorCode::NotFound, .. }) => {
            return Err(NotFoundError(format!(
                "{} has no backup under this recovery code: check that it is the newest code, and the right service",
                service.address()
            ))
            .into());
        }
        other => other?,
    };
    let manifest = archive.manifest(&part).map_err(ClientError::from)?;
    Ok((part.counter, manifest))
}

/// Reads a part of a backup; waits where the service says "later".
///
/// # Errors
/// [`PersonError`].
pub async fn read(service: &Service, request: &ReadBackup) -> Result<SealedPart, PersonError> {
    let (mut breaks, mut waits) = (0, 0);
    loop {
        match post(service, "backups/read", None, request.encode()).await {
            Ok(answer) => {
                return SealedPart::decode(&answer)
                    .map_err(|error| TransportError::Garbled(error.into()).into());
            }
            Err(PersonError::Refused { code: ErrorCode::RateLimited, .. }) if waits < WAITS => {
                waits += 1;
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            Err(error) if may_pass(&error) && breaks < TRIES => {
                breaks += 1;
                tokio::time::sleep(Duration::from_millis(250 << breaks)).await;
            }
            Err(error) => return Err(error),
        }
    }
}

/// One request about backups.
///
/// # Errors
/// [`PersonError`].
pub async fn post(
    service: &Service,
    path: &str,
    token: Option<&str>,
    body: Vec<u8>,
) -> Result<bytes::Bytes, PersonError> {
    let path = format!("{}/{path}", paths::CLIENT_ROOT);
    let headers = [("content-type", paths::MEDIA_TYPE.to_owned())];
    let answer = service.request(Method::POST, &path, token, &headers, body.into(), LARGEST).await?;
    if (200..300).contains(&answer.status) {
        Ok(answer.body)
    } else {
        Err(refused(answer.status, &answer.body))
    }
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
