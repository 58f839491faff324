//! Somebody who is to be framed by a report: by a person who was written to, by a service that is no hub of theirs, and by one that is;
//! and somebody who wants to write what cannot be reported.

use super::setting::{WHILE, handed, tree_of_last};
use crate::{
    attack::{Attack, Played},
    forge::{Forged, Voucher},
    person::{go_on, must, now, open_room, until},
    world::{ACCOUNT, HANDLE, PHONE, Standing, World},
};
use anyhow::Context as _;
use ed25519_dalek::{Signer as _, SigningKey};
use futures_util::FutureExt as _;
use trefoil::reporting;
use trefoil_proto::{
    DeviceUri, Wire as _,
    content::{Extensions, MimiContent, NestedPart},
    defence::Defence,
    edge::Identifier,
    franking::{self, FrankingIntegrityTbs},
    mimi::{
        SubmitMessageResponse,
        report::{AbuseType, ForwardedReport, ForwardedReportTbs},
    },
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

/// P8.
pub const MADE_UP: Attack = Attack {
    name: "framed-by-the-hub",
    promise: "P8",
    does: "The hub of a room with Ann in it makes up a message of hers, stamps it as it stamps every message, and hands a \
           report about it on to her service",
    gains: "the safety team of Ann's service reads what she never wrote, as hers",
    stopped_by: &[Defence::SenderFrank],
    play: |world| made_up(world).boxed(),
};

/// P8.
pub const UNREPORTABLE: Attack = Attack {
    name: "unreportable-message",
    promise: "P8",
    does: "Eve sends Ann a threat under the tag of other words, so that no report of it can be proven",
    gains: "Ann reads a threat, and the hub refuses her report of it",
    stopped_by: &[Defence::FrankingTag],
    play: |world| unreportable(world).boxed(),
};

/// What Ann never wrote, and Eve does.
const THREAT: &str = "I will burn your house down";

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
    content.part = NestedPart::render("text/plain;charset=utf-8", THREAT);
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
    let taken = hand_on(liar, home, &report).await?;
    let mut played = Played::default();
    if taken {
        played.gain("Ann's service took it: its team reads that a hub proved it");
    }
    go_on(&mut [&mut ann], WHILE).await?;
    lies_known_to(home, &mut played).await?;
    Ok(played)
}

async fn made_up(world: &World) -> anyhow::Result<Played> {
    let (mut ann, mut hal) = (world.person("Ann", ACCOUNT).await?, world.person("Hal", HANDLE).await?);
    let (home, hub) = (&world.services[ACCOUNT], &world.services[HANDLE]);
    // The hub is Hal's service: his device opens the room.
    let room = open_room(&mut [&mut hal, &mut ann]).await?;
    ann.say(&room, "see you at eight")?;
    must(&mut [&mut ann, &mut hal], "Hal reads what Ann wrote", |people| {
        people[1].reads(&room, "see you at eight").is_some()
    })
    .await?;
    // The hub has what Hal's report shows it: a message of Ann's with everything that belongs to it.
    let at = now();
    let last = hal.agent.client.reportable(&room, &ann.user(), 1, at)?;
    let last: Vec<_> = last.iter().map(|message| message.id).collect();
    let mut report = hal.agent.client.report(&room, &ann.user(), &last, AbuseType::Violence, "", at)?;
    let mut shown = report.messages.pop().context("Ann's message can be reported")?;
    let honest = ForwardedReportTbs {
        room: room.clone(),
        alleged_abuser: ann.user(),
        reason: AbuseType::Violence,
        at,
        messages: vec![shown.clone()],
    };
    let key = SigningKey::from_bytes(hub.secret(SecretName::FrankingSign1).bytes());
    let sign = |tbs| ForwardedReport::sign(tbs, |content| key.sign(content).to_bytes());
    anyhow::ensure!(hand_on(hub, home, &sign(honest.clone())).await?, "what Ann did send was refused");

    let mut content = MimiContent::decode(&shown.message_content)?;
    content.part = NestedPart::render("text/plain;charset=utf-8", THREAT);
    shown.message_content = content.encode()?;
    let tag = franking::tag(&content.salt, &shown.message_content);
    let context = shown.frank.context(&ann.user(), &room, shown.accepted_timestamp);
    shown.frank.server_frank =
        franking::stamp(hub.secret(SecretName::FrankingStamp1).bytes(), &tag, &context);
    let tbs = FrankingIntegrityTbs {
        server_frank: shown.frank.server_frank,
        signature_ciphersuite: shown.frank.signature_ciphersuite,
        context,
    };
    shown.frank.integrity_signature = key.sign(&tbs.signed_content()).to_bytes().to_vec();
    let mut played = Played::default();
    if hand_on(hub, home, &sign(ForwardedReportTbs { messages: vec![shown], ..honest })).await? {
        played.gain("Ann's service took it: its team reads a threat under her name");
    }
    go_on(&mut [&mut ann, &mut hal], WHILE).await?;
    lies_known_to(home, &mut played).await?;
    Ok(played)
}

async fn unreportable(world: &World) -> anyhow::Result<Played> {
    let mut ann = world.person("Ann", ACCOUNT).await?;
    let service = &world.services[ACCOUNT];
    let account = SigningKey::from_bytes(&[9; 32]);
    let uri: DeviceUri = format!("mimi://{}/d/eve/eve", service.domain).parse()?;
    let mut eve = Forged::new(&uri, &Voucher::Own(&account))?;
    eve.register(service.clients, Identifier::AccountName(b"eve".to_vec()), &account).await?;
    let session = eve.log_in(service.clients).await?;
    session.publish(&eve).await?;
    must(&mut [&mut ann], "Ann is online", |people| people[0].agent.is_settled()).await?;
    let user = uri.user_uri();
    let room =
        ann.agent.act_for(|client, now| client.create_room("tea", std::slice::from_ref(&user), now))?;
    must(&mut [&mut ann], "Eve is in the room", |people| people[0].is_in(&room, 2)).await?;
    let welcome = handed(&ann)?.welcome.context("Eve was added with a Welcome")?;
    eve.take_welcome(&welcome, &tree_of_last(&ann)?)?;

    let content = |text: &str| {
        let content = MimiContent {
            salt: [7; 16],
            replaces: None,
            topic_id: Vec::new(),
            expires: None,
            in_reply_to: None,
            extensions: Extensions::of(&user, &room),
            part: NestedPart::render("text/plain;charset=utf-8", text),
        };
        content.encode()
    };
    let (said, harmless) = (content(THREAT)?, content("good morning")?);
    let answer = session.submit(&room, eve.says(&said, &franking::tag(&[7; 16], &harmless))?).await?;
    anyhow::ensure!(matches!(answer, SubmitMessageResponse::Accepted { .. }), "the hub answered {answer:?}");
    until(&mut [&mut ann], |people| {
        people[0].reads(&room, THREAT).is_some() || people[0].was_told("refused")
    })
    .await?;

    let mut played = Played::default();
    if ann.reads(&room, THREAT).is_some() {
        let at = now();
        let last = ann.agent.client.reportable(&room, &user, 1, at)?;
        let last: Vec<_> = last.iter().map(|message| message.id).collect();
        let report = ann.agent.client.report(&room, &user, &last, AbuseType::Violence, "", at)?;
        match reporting::show(&ann.agent.way(), &room, &report).await {
            Ok(()) => anyhow::bail!("the hub took the report"),
            Err(error) => played.gain(format!("Ann reads the threat, and her report of it: {error}")),
        }
    }
    played.notice([&ann], &["refused"]);
    Ok(played)
}

/// Hands a report on to the service of the person whom it is about; whether that took it.
async fn hand_on(hub: &Standing, home: &Standing, report: &ForwardedReport) -> anyhow::Result<bool> {
    let segment = report.tbs.alleged_abuser.to_string();
    let body = report.encode().into();
    let answer = hub.link()?.post(&home.domain, Endpoint::ForwardReport, &segment, body).await;
    if let Err(error) = &answer {
        tracing::debug!(%error, "the service refuses");
    }
    Ok(answer.is_ok())
}

/// What the operator of a service sees of reports that were not proven.
async fn lies_known_to(service: &Standing, played: &mut Played) -> anyhow::Result<()> {
    let lies = recorded(&*service.store).await?.into_iter();
    for incident in lies.filter(|incident| incident.reason == IncidentReason::UnprovenReport) {
        let from = incident.from.map(|domain| domain.to_string()).unwrap_or_default();
        played.noticed_by("operator", format!("{from}: {}", incident.reason.text()));
    }
    Ok(())
}
