//! What two devices of one account tell each other through the service while one is linked: the number that both show,
//! and the history that follows it.

use crate::{
    agent::{Agent, Way},
    backup::{post, read},
    exit::NotFoundError,
    person::PersonError,
    print,
};
use trefoil_client::{LinkView, Side};
use trefoil_proto::{DeviceUri, ErrorCode, Wire as _};

/// On the new device, once it is linked and online: shows its part to the first device, and gives the number to
/// compare: `1234 5678`.
///
/// # Errors
/// [`PersonError`].
pub async fn show_number(agent: &mut Agent) -> Result<String, PersonError> {
    let (link, way) = (own_link(agent)?, agent.way());
    let (place, shown) = (agent.client.link_place(&link.device)?, agent.client.link_show(&link.device)?);
    send(&way, "backups", place.encode()).await?;
    send(&way, "backups/segment", shown.encode()).await?;
    link.number.ok_or_else(|| missing("no number to compare"))
}

/// On the first device: looks whether a new one has shown its part; gives the number to compare if it has.
///
/// # Errors
/// [`PersonError`]; `LinkAltered` of the core if what it showed is not what its code promised.
pub async fn look_for_number(agent: &mut Agent, device: &DeviceUri) -> Result<Option<String>, PersonError> {
    let known = |agent: &Agent| -> Result<Option<LinkView>, PersonError> {
        Ok(agent.client.links()?.into_iter().find(|link| link.device == *device))
    };
    let link = known(agent)?.ok_or_else(|| missing("that device was not linked from here"))?;
    if link.number.is_none() {
        let (way, look) = (agent.way(), agent.client.link_look(device)?);
        match read(&way.service, &look).await {
            Ok(part) => agent.act(|client, now| client.link_seen(device, &part.sealed, now))?,
            Err(PersonError::Refused { code: ErrorCode::NotFound, .. }) => return Ok(None),
            Err(error) => return Err(error),
        }
    }
    Ok(known(agent)?.and_then(|link| link.number))
}

/// On the first device: the person says that both devices show the same number. What was said before is sent to the new
/// one, sealed for it alone. `moved` hears how many pieces went.
///
/// # Errors
/// [`PersonError`]; it can be done again from the beginning.
pub async fn compared(
    agent: &mut Agent,
    device: &DeviceUri,
    mut moved: impl FnMut(u64),
) -> Result<(), PersonError> {
    agent.act(|client, now| client.link_compared(device, now))?;
    let (way, place) = (agent.way(), agent.client.link_place(device)?);
    send(&way, "backups", place.encode()).await?;
    let (mut from, mut entries) = (Vec::new(), Vec::new());
    loop {
        let number = entries.len() as u64;
        moved(number);
        let piece = agent.client.history_piece(device, &from, number)?;
        send(&way, "backups/segment", piece.put.encode()).await?;
        entries.push(piece.entry);
        match piece.next {
            Some(next) => from = next,
            None => break,
        }
    }
    let mut replaces = 0;
    loop {
        let list =
            agent.client.history_list(device, entries.clone(), replaces, crate::clock::now())?.encode();
        match send(&way, "backups/manifest", list).await {
            // An attempt before this one got as far.
            Err(PersonError::Refused { code: ErrorCode::Conflict, detail })
                if detail.parse().is_ok_and(|there: u64| there > replaces) =>
            {
                replaces = detail.parse().expect("it was parsed a line above");
            }
            other => break other?,
        }
    }
    agent.act(|client, now| client.history_done(device, now).map(|(_, step)| step))?;
    Ok(())
}

/// On the new device: fetches the history that the first one sent. False if nothing is there yet. `moved` hears how many
/// pieces are here, of how many.
///
/// # Errors
/// [`PersonError`]; it can be done again from the beginning.
pub async fn fetch_history(
    agent: &mut Agent,
    mut moved: impl FnMut(usize, usize),
) -> Result<bool, PersonError> {
    let (device, way) = (own_link(agent)?.device, agent.way());
    let request = agent.client.history_request(&device)?;
    let part = match read(&way.service, &request).await {
        Ok(part) => part,
        Err(PersonError::Refused { code: ErrorCode::NotFound, .. }) => return Ok(false),
        Err(error) => return Err(error),
    };
    let list = agent.client.history_listed(&device, &part)?;
    for (there, entry) in list.segments.iter().enumerate() {
        moved(there, list.segments.len());
        let request = agent.client.history_piece_request(&device, entry)?;
        let piece = read(&way.service, &request).await?;
        agent.act(|client, now| client.take_history(&device, entry, &piece.sealed, now))?;
    }
    moved(list.segments.len(), list.segments.len());
    let delete = agent.act_for(|client, now| client.history_done(&device, now))?;
    // What is left of it ends by itself after a day.
    if let Err(error) = send(&way, "backups/delete", delete.encode()).await {
        tracing::debug!(%error, "history on its way was not removed");
    }
    Ok(true)
}

/// The same by the way of another command, if history is still to come.
pub async fn fetch_history_by_the_way(agent: &mut Agent) {
    if own_link(agent).is_ok_and(|link| !link.done)
        && let Err(error) = fetch_history(agent, |_, _| {}).await
    {
        print::remark(format_args!(
            "trefoil: the history from the first device could not be fetched: {error}"
        ));
    }
}

fn own_link(agent: &Agent) -> Result<LinkView, PersonError> {
    let links = agent.client.links()?;
    links
        .into_iter()
        .find(|link| link.side == Side::New)
        .ok_or_else(|| missing("this device was not linked: it is the account's first"))
}

fn missing(what: &str) -> PersonError {
    NotFoundError(what.to_owned()).into()
}

async fn send(way: &Way, path: &str, body: Vec<u8>) -> Result<(), PersonError> {
    post(&way.service, path, Some(&way.bearer()), body).await.map(drop)
}
