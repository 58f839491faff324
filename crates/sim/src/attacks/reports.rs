//! Somebody who is to be framed by a report: by a person who was written to, and by a service that is no hub of theirs.

use super::setting::WHILE;
use crate::{
    attack::{Attack, Played},
    person::{go_on, must, now, open_room},
    world::{ACCOUNT, HANDLE, PHONE, World},
};
use anyhow::Context as _;
use ed25519_dalek::{Signer as _, SigningKey};
use futures_util::FutureExt as _;
use trefoil_proto::{
    Wire as _,
    content::{MimiContent, NestedPart},
    defence::Defence,
    mimi::report::{AbuseType, ForwardedReport, ForwardedReportTbs},
};
use trefoil_server::{
    federation::{Endpoint, IncidentReason, Link as _, recorded},
    secrets::SecretName,
};

/// P8.
pub const FRAMED: Attack = Attack {
    name: "framed-by-a-reporter",
    promise: "P8",
    does: "Hal, to whom Ann wrote, reports her to the hub with her message, its stamp, and other words than hers",
    gains: "the safety team reads what Ann never wrote, as hers",
    stopped_by: &[Defence::ReportStamp],
    play: |world| framed(world).boxed(),
};

/// P8.
pub const HANDED_ON: Attack = Attack {
    name: "framed-by-another-service",
    promise: "P8",
    does: "The service of phone numbers hands on to Ann's service a report about her in a room of a third, signed by itself",
    gains: "the safety team of Ann's service takes the word of a service that had nothing to do with it",
    stopped_by: &[Defence::HandedOnByHub],
    play: |world| handed_on(world).boxed(),
};

async fn framed(world: &World) -> anyhow::Result<Played> {
    let (mut ann, mut hal) = (world.person("Ann", ACCOUNT).await?, world.person("Hal", HANDLE).await?);
    let room = open_room(&mut [&mut ann, &mut hal]).await?;
    ann.say(&room, "see you at eight")?;
    must(&mut [&mut ann, &mut hal], "Hal reads what Ann wrote", |people| {
        people[1].reads(&room, "see you at eight").is_some()
    })
    .await?;
    let at = now();
    let last = hal.agent.client.reportable(&room, &ann.user(), 1, at)?;
    let last: Vec<_> = last.iter().map(|message| message.id).collect();
    let mut report = hal.agent.client.report(&room, &ann.user(), &last, AbuseType::Violence, "", at)?;
    let shown = report.messages.first_mut().context("Ann's message can be reported")?;
    let mut content = MimiContent::decode(&shown.message_content)?;
    content.part = NestedPart::render("text/plain;charset=utf-8", "I will burn your house down");
    shown.message_content = content.encode()?;

    let (hub, follower) = (&world.services[ACCOUNT], &world.services[HANDLE]);
    let answer = follower
        .link()?
        .post(&hub.domain, Endpoint::ReportAbuse, &room.to_string(), report.encode().into())
        .await;
    let mut played = Played::default();
    match answer {
        Ok(_) => played.gain("the hub took it: its team reads a threat under Ann's name"),
        Err(error) => played.noticed_by("the hub", error.to_string()),
    }
    Ok(played)
}

async fn handed_on(world: &World) -> anyhow::Result<Played> {
    let (mut ann, mut hal) = (world.person("Ann", ACCOUNT).await?, world.person("Hal", HANDLE).await?);
    // The hub is Hal's service: his device opens the room.
    let room = open_room(&mut [&mut hal, &mut ann]).await?;
    let (home, liar) = (&world.services[ACCOUNT], &world.services[PHONE]);
    let tbs = ForwardedReportTbs {
        room,
        alleged_abuser: ann.user(),
        reason: AbuseType::Violence,
        at: now(),
        messages: Vec::new(),
    };
    let key = SigningKey::from_bytes(liar.secret(SecretName::FrankingSign1).bytes());
    let report = ForwardedReport::sign(tbs, |content| key.sign(content).to_bytes());
    let segment = ann.user().to_string();
    let answer =
        liar.link()?.post(&home.domain, Endpoint::ForwardReport, &segment, report.encode().into()).await;
    let mut played = Played::default();
    match answer {
        Ok(_) => played.gain("Ann's service took it: its team reads that a hub proved it"),
        Err(error) => tracing::debug!(%error, "Ann's service refuses"),
    }
    go_on(&mut [&mut ann], WHILE).await?;
    let lies = recorded(&*home.store).await?.into_iter();
    for incident in lies.filter(|incident| incident.reason == IncidentReason::UnprovenReport) {
        let from = incident.from.map(|domain| domain.to_string()).unwrap_or_default();
        played.noticed_by("operator", format!("{from}: {}", incident.reason.text()));
    }
    Ok(played)
}
