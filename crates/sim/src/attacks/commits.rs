//! A hub brings somebody into a room whom no member let in.

use super::{
    keys::account_key,
    setting::{WHILE, deliver_commit, handed, overhears, tree_of_welcome},
};
use crate::{
    attack::{Attack, Played},
    forge::{Forged, Voucher},
    person::{Person, go_on, open_room, until},
    world::{ACCOUNT, World},
};
use ed25519_dalek::SigningKey;
use futures_util::FutureExt as _;
use trefoil_proto::{DeviceUri, RoomUri, defence::Defence, edge::Identifier};

/// P2.
pub const GHOST_MEMBER: Attack = Attack {
    name: "ghost-member-added-by-hub",
    promise: "P2",
    does: "The room's hub makes an account of its own, with good keys in its directory, lets its device come into the \
           room of Ann and Ben by an external commit, and delivers the commit to both",
    gains: "is in the room, and reads",
    stopped_by: &[Defence::RoomRules],
    play: |world| ghost_member(world).boxed(),
};

/// P2.
pub const FORGED_CREDENTIAL: Attack = Attack {
    name: "forged-external-commit",
    promise: "P2",
    does: "The room's hub lets a device come in by an external commit that says it is another device of Ben's: it names \
           Ben's account key, with a signature that is none",
    gains: "is in the room as a device of Ben's, and reads",
    stopped_by: &[Defence::AccountSignature, Defence::KeyDirectory],
    play: |world| forged_credential(world).boxed(),
};

async fn ghost_member(world: &World) -> anyhow::Result<Played> {
    let (mut ann, mut ben) = (world.person("Ann", ACCOUNT).await?, world.person("Ben", ACCOUNT).await?);
    let room = open_room(&mut [&mut ann, &mut ben]).await?;
    let account = SigningKey::from_bytes(&[66; 32]);
    let uri = format!("mimi://{}/d/eve/d1", world.services[ACCOUNT].domain).parse()?;
    let ghost = Forged::new(&uri, &Voucher::Own(&account))?;
    let name = Identifier::AccountName(b"Eve".to_vec());
    ghost.register(world.services[ACCOUNT].clients, name, &account).await?;
    let gained = "the adversary is in the room, and reads what Ann writes";
    come_in(ghost, &mut ann, &mut ben, &room, gained).await
}

async fn forged_credential(world: &World) -> anyhow::Result<Played> {
    let (mut ann, mut ben) = (world.person("Ann", ACCOUNT).await?, world.person("Ben", ACCOUNT).await?);
    let room = open_room(&mut [&mut ann, &mut ben]).await?;
    let user = ben.user();
    let uri: DeviceUri = format!("mimi://{}/d/{}/forged", user.domain, user.id).parse()?;
    let ghost = Forged::new(&uri, &Voucher::Pretended(account_key(&ben)))?;
    let gained = "the adversary is in the room as a device of Ben's, and reads what Ann writes";
    come_in(ghost, &mut ann, &mut ben, &room, gained).await
}

async fn come_in(
    mut ghost: Forged,
    ann: &mut Person,
    ben: &mut Person,
    room: &RoomUri,
    gained: &str,
) -> anyhow::Result<Played> {
    let commit = ghost.join(&handed(ann)?.info, &tree_of_welcome(ben)?)?;
    deliver_commit(&[ann, ben], room, &commit);
    let told = |person: &Person| person.was_told("refused");
    let end = std::time::Instant::now() + 10 * WHILE;
    until(&mut [ann, ben], |people| {
        people.iter().all(|person| told(person)) || std::time::Instant::now() > end
    })
    .await?;
    let mut played = Played::default();
    if overhears(&mut ghost, ann, room).await? {
        played.gain(gained);
    }
    let _ = go_on(&mut [ben], WHILE).await;
    played.notice([&*ann, &*ben], &["refused"]);
    Ok(played)
}
