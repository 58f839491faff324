//! A service hands out keys that are not its people's.

use super::setting::{
    SECRET, WHILE, devices_in, handed, open_with, other_packages, overhears, take_unseen, tree_of_last,
};
use crate::{
    attack::{Attack, Played},
    forge::{Forged, Voucher},
    person::{Person, go_on, must, open_room, until},
    world::{ACCOUNT, HANDLE, World},
};
use anyhow::Context as _;
use ed25519_dalek::SigningKey;
use futures_util::FutureExt as _;
use std::sync::{Arc, Mutex};
use trefoil::clock;
use trefoil_client::Suite;
use trefoil_proto::{
    DeviceUri, Wire as _, credential::AccountKey, defence::Defence, mimi::KeyMaterialRequest, mls::KeyPackage,
};
use trefoil_transparency::device_set::{DeviceSet, SignedDeviceSet};

/// P2, P3.
pub const SWAPPED: Attack = Attack {
    name: "key-swap-at-fetch",
    promise: "P3",
    does: "Ann wants to write to Cat; Ann's service gives her a key package of its own making instead of Cat's, under an \
           account key of its own",
    gains: "reads what Ann writes to Cat, as Cat",
    stopped_by: &[Defence::KeyDirectory],
    play: |world| swapped(world).boxed(),
};

/// P2, P3.
pub const GHOST_DEVICE: Attack = Attack {
    name: "ghost-device-on-an-account",
    promise: "P2",
    does: "Cat's service enters a further device into Cat's account, publishes it in its directory for everybody to \
           see, has it audited, and hands out its keys when Ann wants to write to Cat",
    gains: "reads what is written to Cat, with a device that she never had",
    stopped_by: &[Defence::AccountSignature],
    play: |world| ghost_device(world).boxed(),
};

/// P3.
pub const RESTORED: Attack = Attack {
    name: "keys-swapped-and-restored",
    promise: "P3",
    does: "Cat's service publishes devices of its own under her name in its true directory, for others to audit, gives Ann \
           their keys when she writes to Cat for the first time, and then publishes Cat's true devices again",
    gains: "reads what Ann writes to Cat, and Cat never learns that it could",
    stopped_by: &[Defence::Versions],
    play: |world| restored(world).boxed(),
};

/// P1.
pub const REUSED: Attack = Attack {
    name: "key-package-reuse",
    promise: "P1",
    does: "Cat's service hands out one key package twice, so that who gets hold of its private key later reads both rooms",
    gains: "a second room opens with a private key that is still there",
    stopped_by: &[Defence::KeyUsedOnce],
    play: |world| reused(world).boxed(),
};

/// P1.
pub const DOWNGRADED: Attack = Attack {
    name: "downgrade-to-classical",
    promise: "P1",
    does: "Cat's service hides all her keys that withstand a quantum computer, so that Ann, told that Cat's program may be \
           an older one, makes a room with the lesser encryption: for whoever stores it until it can be broken",
    gains: "what Ann writes to Cat can be read once there are quantum computers",
    stopped_by: &[Defence::Suite],
    play: |world| downgraded(world).boxed(),
};

async fn swapped(world: &World) -> anyhow::Result<Played> {
    let (mut ann, mut cat) = (world.person("Ann", ACCOUNT).await?, world.person("Cat", HANDLE).await?);
    go_on(&mut [&mut ann, &mut cat], WHILE).await?;
    let account = SigningKey::from_bytes(&[66; 32]);
    let mut ghost = Forged::new(&cat.device(), &Voucher::Own(&account))?;
    let package = (cat.device(), ghost.key_package()?);
    hand_out(&ann, package, false);
    let (room, is_in) = open_with(&mut ann, &cat.user()).await?;
    let mut played = Played::default();
    if is_in {
        let change = handed(&ann)?;
        ghost.take_welcome(&change.welcome.context("somebody was added")?, &tree_of_last(&ann)?)?;
        if overhears(&mut ghost, &mut ann, &room).await? {
            played.gain("the adversary is Cat for Ann, and reads what she writes");
        }
    }
    played.notice([&ann], &["change-refused"]);
    Ok(played)
}

/// From now on a person's service hands out the adversary's key package for somebody, alone or beside the real ones, and
/// keeps their changes of rooms from the hub.
fn hand_out(to: &Person, package: (DeviceUri, KeyPackage), beside: bool) {
    to.between.answer(move |asked| {
        let package = package.clone();
        async move {
            match asked.path.split('/').next() {
                Some("keyMaterial" | "firstContact") => other_packages(&asked, &[package], beside).await,
                Some("update") => take_unseen(),
                _ => asked.honestly().await,
            }
        }
        .boxed()
    });
}

async fn ghost_device(world: &World) -> anyhow::Result<Played> {
    let (mut ann, mut cat) = (world.person("Ann", ACCOUNT).await?, world.person("Cat", ACCOUNT).await?);
    go_on(&mut [&mut ann, &mut cat], WHILE).await?;
    let user = cat.user();
    let uri: DeviceUri = format!("mimi://{}/d/{}/ghost", user.domain, user.id).parse()?;
    let mut ghost = Forged::new(&uri, &Voucher::Pretended(account_key(&cat)))?;
    world.services[ACCOUNT].enter_device(&user, &ghost.entry()).await?;
    // Somebody comes, and the service makes an epoch.
    let passer = world.person("Eve", ACCOUNT).await?;
    let package = (uri.clone(), ghost.key_package()?);
    hand_out(&ann, package, true);
    let (room, is_in) = open_with(&mut ann, &user).await?;
    let mut played = Played::default();
    if is_in && devices_in(&mut ann, &room).contains(&uri) {
        let change = handed(&ann)?;
        ghost.take_welcome(&change.welcome.context("somebody was added")?, &tree_of_last(&ann)?)?;
        if overhears(&mut ghost, &mut ann, &room).await? {
            played.gain("the adversary reads what Ann writes to Cat, with a device that Cat never had");
        }
    }
    let mut cat = cat.restart().await?;
    let told = ["own-device-unknown", "keys-unproven", "own-account-replaced"];
    until(&mut [&mut cat], |people| told.iter().any(|kind| people[0].was_told(kind))).await?;
    played.notice([&ann], &["change-refused"]);
    played.notice([&cat], &told);
    drop(passer);
    Ok(played)
}

async fn restored(world: &World) -> anyhow::Result<Played> {
    let (mut ann, mut cat) = (world.person("Ann", ACCOUNT).await?, world.person("Cat", ACCOUNT).await?);
    go_on(&mut [&mut ann, &mut cat], WHILE).await?;
    let (service, user) = (&world.services[ACCOUNT], cat.user());
    let account = SigningKey::from_bytes(&[66; 32]);
    let uri: DeviceUri = format!("mimi://{}/d/{}/ghost", user.domain, user.id).parse()?;
    let mut ghost = Forged::new(&uri, &Voucher::Own(&account))?;
    // As many sets as Cat ever had, and one more.
    let first = DeviceSet::first(
        user.clone(),
        clock::now().month(),
        ghost.device.authorisation.account_key,
        vec![ghost.entry()],
    );
    let false_set = SignedDeviceSet::by_account(first.followed_by(vec![ghost.entry()]), &account);
    let honest = service.replace_set(&user, &false_set).await?;
    // Somebody comes, and the service makes an epoch.
    let passers = [world.person("Eve", ACCOUNT).await?];
    let package = (uri.clone(), ghost.key_package()?);
    hand_out(&ann, package, false);
    let (room, is_in) = open_with(&mut ann, &user).await?;
    anyhow::ensure!(is_in, "Ann's first contact is not taken in");
    let change = handed(&ann)?;
    ghost.take_welcome(&change.welcome.context("somebody was added")?, &tree_of_last(&ann)?)?;
    anyhow::ensure!(overhears(&mut ghost, &mut ann, &room).await?, "nothing is read");
    // Everything as it was, before Cat looks.
    service.replace_set(&user, &honest).await?;
    let passers = (passers, world.person("Fay", ACCOUNT).await?);
    let mut cat = cat.restart().await?;
    let told = ["entry-rewritten", "own-device-unknown", "own-account-replaced"];
    let noticed = until(&mut [&mut cat], |people| told.iter().any(|kind| people[0].was_told(kind))).await?;
    let mut played = Played::default();
    if !noticed {
        played.gain("the adversary read what Ann wrote to Cat, and Cat's device found everything in order");
    }
    played.notice([&cat], &told);
    drop(passers);
    Ok(played)
}

async fn reused(world: &World) -> anyhow::Result<Played> {
    let (mut ann, mut cat) = (world.person("Ann", ACCOUNT).await?, world.person("Cat", ACCOUNT).await?);
    go_on(&mut [&mut ann, &mut cat], WHILE).await?;
    let first = Arc::new(Mutex::new(None));
    ann.between.answer(move |asked| {
        let first = Arc::clone(&first);
        async move {
            if !asked.is_for_keys() {
                return asked.honestly().await;
            }
            let known = first.lock().expect("nobody panics while it is held").clone();
            match known {
                Some(answer) => answer,
                None => {
                    let answer = asked.honestly().await;
                    *first.lock().expect("nobody panics while it is held") = Some(answer.clone());
                    answer
                }
            }
        }
        .boxed()
    });
    open_room(&mut [&mut ann, &mut cat]).await?;
    let people = [cat.user()];
    let second = ann.agent.act_for(|client, now| client.create_room("coffee", &people, now))?;
    until(&mut [&mut ann, &mut cat], |people| {
        people[1].is_in(&second, 2) || people[1].was_told("refused") || people[0].was_told("change-refused")
    })
    .await?;
    let mut played = Played::default();
    if cat.is_in(&second, 2) {
        played.gain("Cat's device came into a second room by a key package that it had used: its private key is still there");
    }
    played.notice([&cat], &["refused"]);
    Ok(played)
}

async fn downgraded(world: &World) -> anyhow::Result<Played> {
    let (mut ann, mut cat) = (world.person("Ann", ACCOUNT).await?, world.person("Cat", ACCOUNT).await?);
    go_on(&mut [&mut ann, &mut cat], WHILE).await?;
    ann.between.answer(|asked| {
        async move {
            match KeyMaterialRequest::decode(&asked.body) {
                Ok(request) if !request.tbs.acceptable_ciphersuites.contains(&Suite::Classical.code()) => {
                    other_packages(&asked, &[], false).await
                }
                _ => asked.honestly().await,
            }
        }
        .boxed()
    });
    let (_, is_in) = open_with(&mut ann, &cat.user()).await?;
    anyhow::ensure!(!is_in, "Cat came into a room without keys");
    // Ann does as she was told; what the attack waits for is told after this.
    let told = ann.saw.len();
    let people = [cat.user()];
    let room =
        ann.agent.act_for(|client, now| client.create_room_with("tea", &people, Suite::Classical, now))?;
    let both = &mut [&mut ann, &mut cat];
    until(both, |people| {
        people[1].is_in(&room, 2) || people[0].saw[told..].iter().any(|seen| seen.kind == "change-refused")
    })
    .await?;
    let mut played = Played::default();
    if cat.is_in(&room, 2) {
        ann.say(&room, SECRET)?;
        must(&mut [&mut ann, &mut cat], "Cat reads it", |people| people[1].reads(&room, SECRET).is_some())
            .await?;
        played
            .gain("Ann and Cat write under keys that a quantum computer breaks, though both could do better");
    }
    ann.saw.drain(..told);
    played.notice([&ann], &["change-refused"]);
    Ok(played)
}

/// The key of a person's account.
pub(super) fn account_key(person: &Person) -> AccountKey {
    AccountKey(person.agent.client.identity().expect("whoever is made has an account").account_key)
}
