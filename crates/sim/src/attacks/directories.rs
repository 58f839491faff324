//! A service shows different key directories to different people, or old ones.

use super::setting::{WHILE, devices_in, open_with, other_packages, take_unseen};
use crate::{
    attack::{Attack, Played},
    between::{Answer, Asked, Between},
    false_directory::FalseDirectory,
    person::{Person, go_on, must, open_room, until},
    world::{ACCOUNT, HANDLE, World},
};
use anyhow::Context as _;
use futures_util::FutureExt as _;
use std::{sync::Arc, time::Instant};
use tokio::sync::Mutex;
use trefoil_proto::{Wire as _, defence::Defence, mimi::KeyMaterialResponse};
use trefoil_transparency::directory::{KeyProof, KeyProofRequest};

/// P4.
pub const TWO_FACES: Attack = Attack {
    name: "two-directories",
    promise: "P4",
    does: "Ben's service shows him another key directory than it shows Ann, under its own keys; neither asks for the \
           signature of another service",
    gains: "Ann and Ben talk on, each with other keys",
    stopped_by: &[Defence::RootsCompared],
    play: |world| two_faces(world).boxed(),
};

/// P4.
pub const UNAUDITED: Attack = Attack {
    name: "directory-nobody-audited",
    promise: "P4",
    does: "Ben's service shows him a key directory of its own making, which no other service has seen",
    gains: "Ben writes to keys that only his own service vouches for",
    stopped_by: &[Defence::Auditors, Defence::RootsCompared],
    play: |world| unaudited(world).boxed(),
};

/// P4.
pub const COLLUDING: Attack = Attack {
    name: "auditor-signs-a-fork",
    promise: "P4",
    does: "Ben's service shows him another key directory than it shows Ann, and a second service signs that it audited \
           both",
    gains: "the same, with a second service that lies",
    stopped_by: &[Defence::RootsCompared],
    play: |world| colluding(world).boxed(),
};

/// P4.
pub const ROLLED_BACK: Attack = Attack {
    name: "rolled-back-directory",
    promise: "P4",
    does: "Cat's phone was stolen and she took it off her account; Ann's service shows Ann the directory of before, with \
           its true signatures, and hands out the stolen phone's keys",
    gains: "a stolen phone, taken off, comes into a room",
    stopped_by: &[Defence::NewestRoot],
    play: |world| rolled_back(world).boxed(),
};

/// P4.
pub const WITHHELD: Attack = Attack {
    name: "epoch-withheld",
    promise: "P4",
    does: "Ben's service keeps from him an epoch of its directory that Ann has seen",
    gains: "Ben looks at an old directory and is not told",
    stopped_by: &[Defence::RootsCompared],
    play: |world| withheld(world).boxed(),
};

/// What people are told when two roots contradict each other.
const SPLIT: &[&str] = &["directory-split"];

/// Has what a device asks of a directory answered from the false one. What people handed in is taken from the real one.
fn show(between: &Between, directory: FalseDirectory) {
    let directory = Arc::new(Mutex::new(directory));
    between.answer(move |asked| {
        let directory = Arc::clone(&directory);
        async move {
            let shown = match asked.path.split('/').collect::<Vec<_>>()[..] {
                ["directory", "proof"] => show_proof(&asked, &directory).await,
                ["directory", "root", _, epoch] => show_root(&directory, epoch).await,
                ["keyMaterial" | "firstContact", _] => return other_packages(&asked, &[], true).await,
                _ => return asked.honestly().await,
            };
            match shown {
                Ok(Some(answer)) => answer,
                Ok(None) => asked.honestly().await,
                Err(error) => {
                    tracing::debug!(%error, "the false directory does not answer");
                    Answer::not_found()
                }
            }
        }
        .boxed()
    });
}

async fn show_proof(asked: &Asked, directory: &Mutex<FalseDirectory>) -> anyhow::Result<Option<Answer>> {
    let request = KeyProofRequest::decode(&asked.body)?;
    let mut directory = directory.lock().await;
    if request.user.domain != *directory.domain() {
        return Ok(None);
    }
    let whole = KeyProofRequest { user: request.user.clone(), known: None };
    let honest = asked.with_body(whole.encode()).honestly().await;
    directory.enter(&request.user, KeyProof::decode(&honest.body)?.chain.sets).await?;
    Ok(Some(Answer::with(directory.prove(&request, crate::person::now()).await?.encode())))
}

async fn show_root(directory: &Mutex<FalseDirectory>, epoch: &str) -> anyhow::Result<Option<Answer>> {
    Ok(Some(Answer::with(directory.lock().await.roots(epoch.parse()?).await?.encode())))
}

/// Ann sees the real directory of her service; Ben, from his first request on, another one.
async fn two_people(world: &World, colluding: &[usize]) -> anyhow::Result<(Person, Person)> {
    let colluding: Vec<_> = colluding.iter().map(|at| &world.services[*at]).collect();
    let directory = FalseDirectory::of(&world.services[ACCOUNT], &colluding).await?;
    let ann = world.person("Ann", ACCOUNT).await?;
    let before_ben = world.between(ACCOUNT).await?;
    show(&before_ben, directory);
    Ok((ann, world.person_behind("Ben", before_ben).await?))
}

/// They talk; who is shown evidence has it.
async fn they_talk(mut ann: Person, mut ben: Person) -> anyhow::Result<Played> {
    let room = open_room(&mut [&mut ann, &mut ben]).await?;
    ann.say(&room, "hello Ben")?;
    ben.say(&room, "hello Ann")?;
    let end = Instant::now() + 12 * WHILE;
    until(&mut [&mut ann, &mut ben], |people| {
        people.iter().all(|person| person.was_told("directory-split")) || Instant::now() > end
    })
    .await?;
    let mut played = Played::default();
    played.notice([&ann, &ben], SPLIT);
    let evidence = [&ann, &ben].iter().filter(|person| person.has_evidence()).count();
    let talked = ann.reads(&room, "hello Ann").is_some() && ben.reads(&room, "hello Ben").is_some();
    if evidence == 0 && talked {
        played.gain("Ann and Ben talk on, each with a directory of their own, and neither will ever know");
    }
    Ok(played)
}

async fn two_faces(world: &World) -> anyhow::Result<Played> {
    let (mut ann, mut ben) = two_people(world, &[]).await?;
    for person in [&mut ann, &mut ben] {
        person.act(|client, now| client.set_auditors_needed(0, now))?;
    }
    they_talk(ann, ben).await
}

async fn colluding(world: &World) -> anyhow::Result<Played> {
    let (ann, ben) = two_people(world, &[HANDLE]).await?;
    they_talk(ann, ben).await
}

async fn unaudited(world: &World) -> anyhow::Result<Played> {
    let (mut ann, mut ben) = two_people(world, &[]).await?;
    let people = [ben.user()];
    must(&mut [&mut ann, &mut ben], "Ann is online, and Ben too or he was told why not", |people| {
        people[0].agent.is_settled() && (people[1].agent.is_settled() || people[1].was_told("keys-unproven"))
    })
    .await?;
    let room = ann.agent.act_for(|client, now| client.create_room("tea", &people, now))?;
    // A device that does not believe the directory of its own service may not even come in.
    until(&mut [&mut ann, &mut ben], |people| {
        people[1].is_in(&room, 2) || people[1].was_told("keys-unproven")
    })
    .await?;
    if ben.is_in(&room, 2) {
        ben.say(&room, "hello Ann")?;
        until(&mut [&mut ann, &mut ben], |people| {
            people[0].reads(&room, "hello Ann").is_some() || people[1].was_told("keys-unproven")
        })
        .await?;
    }
    let mut played = Played::default();
    if ann.reads(&room, "hello Ann").is_some() {
        played.gain("Ben wrote to keys that only his own service vouches for");
    }
    played.notice([&ben], &["change-refused", "keys-unproven"]);
    Ok(played)
}

async fn rolled_back(world: &World) -> anyhow::Result<Played> {
    let (mut ann, mut cat) = (world.person("Ann", ACCOUNT).await?, world.person("Cat", ACCOUNT).await?);
    let before_phone = world.between(ACCOUNT).await?;
    let mut phone = cat.link(world.folder(), "Cat's phone", before_phone, &world.ca).await?;
    go_on(&mut [&mut ann, &mut cat, &mut phone], 4 * WHILE).await?;

    // While Cat still has the phone: what Ann's service says of her, kept from Ann.
    let kept = Arc::new(Mutex::new(None));
    let keep = Arc::clone(&kept);
    ann.between.answer(move |asked| {
        let keep = Arc::clone(&keep);
        async move {
            if !asked.is_for_keys() {
                return asked.honestly().await;
            }
            *keep.lock().await = Some(asked.honestly().await);
            Answer::not_found()
        }
        .boxed()
    });
    let people = [cat.user()];
    ann.act(|client, now| client.create_room("too early", &people, now).map(|(_, step)| step))?;
    must(&mut [&mut ann], "Ann's service keeps the answer", |_| {
        kept.try_lock().is_ok_and(|kept| kept.is_some())
    })
    .await?;
    ann.between.be_honest();
    let answer: Answer = kept.lock().await.clone().context("an answer was kept")?;
    let old = KeyMaterialResponse::decode(&answer.body)?;
    anyhow::ensure!(old.clients.len() == 2, "the answer names {} devices of Cat's", old.clients.len());

    // The phone is stolen, and taken off. Ann sees a newer directory: that of somebody who came later.
    let stolen = phone.device();
    cat.act(|client, now| client.remove_device(&stolen, now))?;
    go_on(&mut [&mut ann, &mut cat], 4 * WHILE).await?;
    let mut eve = world.person("Eve", ACCOUNT).await?;
    open_room(&mut [&mut ann, &mut eve]).await?;
    ann.saw.clear();

    let proof = old.proof.clone();
    ann.between.answer(move |asked| {
        let (answer, proof) = (answer.clone(), proof.clone());
        async move {
            match asked.path.split('/').next() {
                Some("keyMaterial" | "firstContact") => answer,
                Some("update") => take_unseen(),
                Some("directory") if asked.path == "directory/proof" => Answer::with(proof),
                _ => asked.honestly().await,
            }
        }
        .boxed()
    });
    let (room, _) = open_with(&mut ann, &cat.user()).await?;
    let mut played = Played::default();
    if devices_in(&mut ann, &room).contains(&stolen) {
        played.gain("Ann's room has the phone in it that Cat took off her account");
    }
    played.notice([&ann], &["change-refused"]);
    Ok(played)
}

async fn withheld(world: &World) -> anyhow::Result<Played> {
    let (mut ann, mut ben) = (world.person("Ann", ACCOUNT).await?, world.person("Ben", ACCOUNT).await?);
    let room = open_room(&mut [&mut ann, &mut ben]).await?;
    // An epoch that Ann sees, because somebody comes with whom she talks.
    let mut eve = world.person("Eve", ACCOUNT).await?;
    open_room(&mut [&mut ann, &mut eve]).await?;
    ben.between.answer(|asked| {
        async move {
            if asked.path.starts_with("directory/root/") {
                Answer::not_found()
            } else {
                asked.honestly().await
            }
        }
        .boxed()
    });
    ann.say(&room, "have you seen?")?;
    must(&mut [&mut ann, &mut ben], "Ben reads Ann", |people| {
        people[1].reads(&room, "have you seen?").is_some()
    })
    .await?;
    go_on(&mut [&mut ann, &mut ben], 2 * WHILE).await?;
    let mut played = Played::default();
    played.notice([&ben], &["epoch-withheld"]);
    if played.noticed.is_empty() {
        played.gain("Ben looks at an old directory, and nothing told him that there is a newer one");
    }
    Ok(played)
}
