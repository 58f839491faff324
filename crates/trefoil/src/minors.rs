//! Accounts of minors, as the shell asks their service about them: the age of a place, how the own account stands, and what a
//! guardian says (`docs/spec/minors.md`).

use crate::{
    agent::{Agent, Way},
    backup::post,
    exit::UsageError,
    person::{PersonError, ask},
    transport::{Service, TransportError},
};
use bytes::Bytes;
use http::Method;
use trefoil_proto::{
    Month, Timestamp, UserUri, Wire,
    minors::{Act, Ages, Country, Guarded, GuardianWord, InviteGuardian, MinorStanding, comes_of_age},
    paths,
};

/// An account of somebody who is under the age of their place; the month in which they reach it, if they said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnderAge(pub Option<Month>);

/// Whether somebody is under the age of their place, by the month of their birth, which is told to nobody: the service hears
/// the month in which they come of age, if that is still to come.
///
/// # Errors
/// [`PersonError`]; a month that has not begun.
pub async fn under_age(
    service: &Service,
    born: Month,
    place: Option<Country>,
    now: Timestamp,
) -> Result<Option<UnderAge>, PersonError> {
    if born > now.month() {
        return Err(UsageError(format!("{born} has not begun yet: give the month of birth")).into());
    }
    let ages = ages(service).await?;
    Ok(comes_of_age(born, ages.of(place), now).map(|ends| UnderAge(Some(ends))))
}

/// From which age on somebody is of age at a service.
///
/// # Errors
/// [`PersonError`].
pub async fn ages(service: &Service) -> Result<Ages, PersonError> {
    let path = format!("{}/minors/ages", paths::CLIENT_ROOT);
    decoded(&ask(service, Method::GET, &path, None, Bytes::new()).await?)
}

/// How the own account stands. One that the service marks no more is not taken for a minor's here either.
///
/// # Errors
/// [`PersonError`].
pub async fn standing(agent: &mut Agent) -> Result<MinorStanding, PersonError> {
    let way = agent.way();
    let standing = standing_by(&way).await?;
    if standing.guarded.is_none() && agent.client.is_minor()? {
        agent.act(|client, now| client.come_of_age(now))?;
    }
    Ok(standing)
}

/// The same, without a look at what this device takes itself for.
///
/// # Errors
/// [`PersonError`].
pub async fn standing_by(way: &Way) -> Result<MinorStanding, PersonError> {
    let path = format!("{}/minor", paths::CLIENT_ROOT);
    decoded(&ask(&way.service, Method::GET, &path, Some(&way.bearer()), Bytes::new()).await?)
}

/// A link for a guardian, which the service takes up from now on.
///
/// # Errors
/// [`PersonError`]; the account is not a minor's, or has a guardian.
pub async fn invite(agent: &Agent) -> Result<String, PersonError> {
    let (link, invite) = agent.client.guardian_link()?;
    invite_by(&agent.way(), &invite).await?;
    Ok(link)
}

/// Tells the service of a link for a guardian.
///
/// # Errors
/// [`PersonError`].
pub async fn invite_by(way: &Way, invite: &InviteGuardian) -> Result<(), PersonError> {
    post(&way.service, "minor/guardian", Some(&way.bearer()), invite.encode()).await.map(drop)
}

/// Becomes the guardian of whoever showed the link.
///
/// # Errors
/// [`PersonError`].
pub async fn accept(agent: &mut Agent, link: &str) -> Result<(UserUri, Guarded), PersonError> {
    let word = agent.client.take_up_guardian(link, crate::clock::now())?;
    let minor = word.tbs.minor.clone();
    let guarded = send(&agent.way(), &word).await?;
    agent.act(|client, now| client.set_guarding(&minor, true, now))?;
    Ok((minor, guarded))
}

/// Says something as the guardian of somebody.
///
/// # Errors
/// [`PersonError`]; this person is not the guardian.
pub async fn say(agent: &mut Agent, minor: &UserUri, act: Act) -> Result<Guarded, PersonError> {
    let word = agent.client.guardian_word(minor, act.clone(), crate::clock::now())?;
    let guarded = send(&agent.way(), &word).await?;
    if act == Act::Release {
        agent.act(|client, now| client.set_guarding(minor, false, now))?;
    }
    Ok(guarded)
}

/// Hands a guardian's word to the own service.
///
/// # Errors
/// [`PersonError`].
pub async fn send(way: &Way, word: &GuardianWord) -> Result<Guarded, PersonError> {
    let path = format!("guardian/{}", paths::segment(&word.tbs.minor.to_string()));
    decoded(&post(&way.service, &path, Some(&way.bearer()), word.encode()).await?)
}

/// Takes up the link of a minor that somebody was shown, and says who it is.
///
/// # Errors
/// It is no link of a minor's.
pub fn take_reach(agent: &mut Agent, link: &str) -> Result<UserUri, PersonError> {
    Ok(agent.act_for(|client, now| client.take_reach_link(link, now))?)
}

/// Whether a text is a link by which a minor is reached.
pub fn is_reach_link(text: &str) -> bool {
    text.trim().starts_with(trefoil_client::minors::REACH_LINK)
}

fn decoded<T: Wire>(answer: &[u8]) -> Result<T, PersonError> {
    T::decode(answer).map_err(|error| TransportError::Garbled(error.into()).into())
}
