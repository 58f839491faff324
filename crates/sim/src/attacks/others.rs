//! Another service of the federation that lies, and a publisher who is made to.

use super::setting::WHILE;
use crate::{
    attack::{Attack, Played},
    person::{go_on, must, open_room},
    world::{ACCOUNT, HANDLE, World},
};
use anyhow::Context as _;
use futures_util::FutureExt as _;
use std::{
    fs,
    time::{Duration, Instant},
};
use trefoil::{
    public_log::{self, Older, RemoteLog},
    transport::Service,
};
use trefoil_proto::{Wire as _, defence::Defence, franking::SenderFrank, mimi::SubmitMessageResponse};
use trefoil_server::{
    federation::{Endpoint, IncidentReason, Link as _, recorded},
    log::hand_in,
};
use trefoil_transparency::log::{LogKey, LogPolicy, Release, WitnessKey};

/// P7.
pub const FORGED_SENDER: Attack = Attack {
    name: "follower-forges-a-sender",
    promise: "P7",
    does: "Hal's service takes a message of Hal's and hands it to the hub as one of Ann's, who is at another service, so \
           that the hub's stamp says she wrote it",
    gains: "the hub's stamp says that Ann wrote it",
    stopped_by: &[Defence::PeerForItsOwn],
    play: |world| forged_sender(world).boxed(),
};

/// P5.
pub const ALTERED_RELEASE: Attack = Attack {
    name: "altered-release",
    promise: "P5",
    does: "Whoever publishes the program is made to give one person another binary, with the proof of the true release",
    gains: "one person runs another program",
    stopped_by: &[Defence::ReleaseHash],
    play: |world| altered_release(world).boxed(),
};

/// How long two other services may take to sign a new checkpoint.
const COSIGNED: Duration = Duration::from_secs(60);

async fn forged_sender(world: &World) -> anyhow::Result<Played> {
    let (mut ann, mut hal) = (world.person("Ann", ACCOUNT).await?, world.person("Hal", HANDLE).await?);
    let room = open_room(&mut [&mut ann, &mut hal]).await?;
    hal.between.keep_submissions();
    hal.say(&room, "I did it, and I would do it again")?;
    must(&mut [&mut ann, &mut hal], "Hal's service has the message", |people| {
        !people[1].between.submissions().is_empty()
    })
    .await?;
    let mut said = hal.between.submissions().pop().context("it was kept")?;
    said.sending_uri = ann.user();
    // The mark that the hub asks of every other service; only the service that made one can check it.
    said.sender_frank = Some(SenderFrank { key_id: 1, mac: [7; 32] });
    let (hub, follower) = (&world.services[ACCOUNT], &world.services[HANDLE]);
    let answer = follower
        .link()?
        .post(&hub.domain, Endpoint::SubmitMessage, &room.to_string(), said.encode().into())
        .await;
    let mut played = Played::default();
    match answer {
        Ok(answer) => match SubmitMessageResponse::decode(&answer)? {
            SubmitMessageResponse::Accepted { frank: Some(_), .. } => {
                played.gain("the hub's stamp says that Ann wrote it, and a report would accuse her");
            }
            other => anyhow::bail!("the hub answered {other:?}"),
        },
        Err(error) => tracing::debug!(%error, "the hub refuses"),
    }
    go_on(&mut [&mut ann], WHILE).await?;
    let forgeries = recorded(&*hub.store).await?.into_iter();
    for incident in forgeries.filter(|incident| incident.reason == IncidentReason::VouchedForAnother) {
        let from = incident.from.map(|domain| domain.to_string()).unwrap_or_default();
        played.noticed_by("operator", format!("{from}: {}", incident.reason.text()));
    }
    Ok(played)
}

async fn altered_release(world: &World) -> anyhow::Result<Played> {
    let place = world.folder().join("program");
    fs::create_dir_all(&place)?;
    let (real, other, installed) = (place.join("real"), place.join("other"), place.join("trefoil"));
    fs::write(&real, "#!/bin/sh\necho the program that everybody runs\n")?;
    fs::write(&other, "#!/bin/sh\necho the program made for one person\n")?;
    let sha256 = public_log::hash(&real)?;
    let release = Release { version: "1.0.0".parse()?, target: public_log::TARGET.parse()?, sha256 };
    hand_in(&world.services[ACCOUNT].config.data, release)?;

    // The proof that everybody gets: in the log of one service, signed by two others.
    let (mut ways, mut keys) = (Vec::new(), Vec::new());
    for at in 0..world.services.len() {
        let way = world.between(at).await?;
        let service = Service::new(&way.url, Some(&world.ca))?;
        keys.push(public_log::keys(&service).await?);
        ways.push((way, service));
    }
    let log: LogKey = keys[ACCOUNT].log.parse()?;
    let witnesses =
        keys[1..].iter().map(|keys| keys.witness.parse()).collect::<Result<Vec<WitnessKey>, _>>()?;
    let policy = LogPolicy::new(log, witnesses, 2)?;
    let end = Instant::now() + COSIGNED;
    let proof = loop {
        let opened = RemoteLog::open(ways[ACCOUNT].1.clone(), &policy, crate::person::now()).await;
        if let Ok(mut log) = opened
            && let Some(proof) = log.release(&sha256).await?
        {
            break proof;
        }
        anyhow::ensure!(Instant::now() < end, "the release is not in the log within {COSIGNED:?}");
        tokio::time::sleep(WHILE).await;
    };

    let now = crate::person::now();
    public_log::install(&real, &installed, &proof, &policy, Older::Refused, now)
        .context("the true release is not taken")?;
    let mut played = Played::default();
    match public_log::install(&other, &installed, &proof, &policy, Older::Refused, now) {
        Ok(_) => played.gain("the person's program is the one that was made for them alone"),
        Err(error) => played.noticed_by("the person", error.to_string()),
    }
    Ok(played)
}
