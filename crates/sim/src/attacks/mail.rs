//! A person's own service repeats, drops, reorders and alters what it has to deliver.

use crate::{
    attack::{Attack, Played},
    person::{Person, go_on, must, open_room},
    world::{ACCOUNT, World},
};
use futures_util::FutureExt as _;
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use trefoil_proto::{
    RoomUri, Timestamp, Wire as _,
    defence::Defence,
    frame::MailboxEvent,
    mimi::{FanoutMessage, fanout::RoomEvent},
    mls::MlsMessage,
};

/// Long enough for anything that follows from a message to have happened.
const WHILE: Duration = Duration::from_millis(500);
/// A day, in milliseconds.
const DAY: u64 = 24 * 60 * 60 * 1000;

/// P7.
pub const REPLAYED: Attack = Attack {
    name: "replayed-message",
    promise: "P7",
    does: "Ben's service delivers a message of Ann's to him twice, so that he reads a second yes",
    gains: "Ben is shown a message twice",
    stopped_by: &[Defence::OpenedOnce, Defence::Order],
    play: |world| replayed(world).boxed(),
};

/// P7.
pub const DROPPED: Attack = Attack {
    name: "dropped-message",
    promise: "P7",
    does: "Ben's service drops one message of Ann's, and delivers the next",
    gains: "Ben does not know that something was said",
    stopped_by: &[Defence::Order],
    play: |world| dropped(world).boxed(),
};

/// P7.
pub const REORDERED: Attack = Attack {
    name: "reordered-messages",
    promise: "P7",
    does: "Ben's service delivers two messages of Ann's the other way round",
    gains: "Ben sees the answer before the question, and is not told",
    stopped_by: &[Defence::Order],
    play: |world| reordered(world).boxed(),
};

/// P7.
pub const ALTERED: Attack = Attack {
    name: "altered-message",
    promise: "P7",
    does: "Ben's service alters the ciphertext of one message of Ann's, and lets another seem a day older",
    gains: "Ben is shown another time, or other words",
    stopped_by: &[Defence::Stamp],
    play: |world| altered(world).boxed(),
};

/// Ann and Ben in a room, at rest.
async fn pair(world: &World) -> anyhow::Result<(Person, Person, RoomUri)> {
    let (mut ann, mut ben) = (world.person("Ann", ACCOUNT).await?, world.person("Ben", ACCOUNT).await?);
    let room = open_room(&mut [&mut ann, &mut ben]).await?;
    say(&mut ann, &mut ben, &room, "hello").await?;
    Ok((ann, ben, room))
}

/// Ann says something, Ben reads it, and all is quiet again: what comes next is what is said next.
async fn say(ann: &mut Person, ben: &mut Person, room: &RoomUri, text: &str) -> anyhow::Result<()> {
    ann.say(room, text)?;
    must(&mut [ann, ben], "Ben reads Ann", |people| people[1].reads(room, text).is_some()).await?;
    go_on(&mut [ann, ben], WHILE).await
}

/// Ann says something that Ben's service does something to.
async fn say_into_the_dark(
    ann: &mut Person,
    ben: &mut Person,
    room: &RoomUri,
    text: &str,
    touched: &AtomicUsize,
) -> anyhow::Result<()> {
    let before = touched.load(Ordering::SeqCst);
    ann.say(room, text)?;
    must(&mut [ann, ben], "the adversary has the message", |_| touched.load(Ordering::SeqCst) > before)
        .await?;
    go_on(&mut [ann, ben], WHILE).await
}

/// A message in an entry of a mailbox.
fn message(body: &[u8]) -> Option<(RoomUri, FanoutMessage)> {
    match MailboxEvent::decode(body).ok()? {
        MailboxEvent::Room { room, message } if matches!(message.event, RoomEvent::Application { .. }) => {
            Some((room, message))
        }
        _ => None,
    }
}

async fn replayed(world: &World) -> anyhow::Result<Played> {
    let (mut ann, mut ben, room) = pair(world).await?;
    ben.between.deliver(|body| match message(&body) {
        Some(_) => vec![body.clone(), body],
        None => vec![body],
    });
    say(&mut ann, &mut ben, &room, "yes").await?;
    let mut played = Played::default();
    if ben.times_shown("yes") > 1 {
        played.gain("Ben was shown the message twice");
    }
    played.notice([&ben], &["replayed", "message-repeated"]);
    Ok(played)
}

async fn dropped(world: &World) -> anyhow::Result<Played> {
    let (mut ann, mut ben, room) = pair(world).await?;
    let gone = Arc::new(AtomicUsize::new(0));
    let dropped = Arc::clone(&gone);
    ben.between.deliver(move |body| match message(&body) {
        Some(_) => {
            dropped.fetch_add(1, Ordering::SeqCst);
            Vec::new()
        }
        None => vec![body],
    });
    say_into_the_dark(&mut ann, &mut ben, &room, "do not sign", &gone).await?;
    ben.between.be_honest();
    say(&mut ann, &mut ben, &room, "see you").await?;
    let mut played = Played::default();
    played.notice([&ben], &["messages-missing", "messages-unseen"]);
    if played.noticed.is_empty() {
        played.gain("Ben reads on and does not know that something was said in between");
    }
    Ok(played)
}

async fn reordered(world: &World) -> anyhow::Result<Played> {
    let (mut ann, mut ben, room) = pair(world).await?;
    let (touched, mut first) = (Arc::new(AtomicUsize::new(0)), None);
    let kept = Arc::clone(&touched);
    ben.between.deliver(move |body| {
        if message(&body).is_none() {
            return vec![body];
        }
        kept.fetch_add(1, Ordering::SeqCst);
        match first.take() {
            None if kept.load(Ordering::SeqCst) == 1 => {
                first = Some(body);
                Vec::new()
            }
            None => vec![body],
            Some(first) => vec![body, first],
        }
    });
    say_into_the_dark(&mut ann, &mut ben, &room, "shall we go?", &touched).await?;
    say(&mut ann, &mut ben, &room, "no, wait").await?;
    must(&mut [&mut ann, &mut ben], "both came", |people| people[1].reads(&room, "shall we go?").is_some())
        .await?;
    go_on(&mut [&mut ann, &mut ben], WHILE).await?;
    let mut played = Played::default();
    played.notice([&ben], &["messages-missing", "message-late"]);
    if played.noticed.is_empty() {
        played.gain("Ben was shown the answer before the question, and nothing told him so");
    }
    Ok(played)
}

async fn altered(world: &World) -> anyhow::Result<Played> {
    let (mut ann, mut ben, room) = pair(world).await?;
    let touched = Arc::new(AtomicUsize::new(0));
    let mut played = Played::default();

    let count = Arc::clone(&touched);
    ben.between.deliver(move |body| match message(&body) {
        Some((room, mut said)) => {
            count.fetch_add(1, Ordering::SeqCst);
            if let RoomEvent::Application { message, .. } = &mut said.event {
                let mut bytes = message.as_bytes().to_vec();
                if let Some(last) = bytes.last_mut() {
                    *last ^= 1;
                }
                *message = MlsMessage::parse(&bytes).unwrap_or_else(|_| message.clone());
            }
            vec![MailboxEvent::Room { room, message: said }.encode()]
        }
        None => vec![body],
    });
    say_into_the_dark(&mut ann, &mut ben, &room, "I owe you one", &touched).await?;
    if ben.reads(&room, "I owe you one").is_some() {
        played.gain("Ben was shown a message that had been altered");
    }

    let count = Arc::clone(&touched);
    ben.between.deliver(move |body| match message(&body) {
        Some((room, mut said)) => {
            count.fetch_add(1, Ordering::SeqCst);
            said.timestamp = Timestamp(said.timestamp.0 - DAY);
            vec![MailboxEvent::Room { room, message: said }.encode()]
        }
        None => vec![body],
    });
    say_into_the_dark(&mut ann, &mut ben, &room, "I never met him", &touched).await?;
    if let Some(shown) = ben.reads(&room, "I never met him") {
        let ago = crate::person::now().0.saturating_sub(shown.accepted.unwrap_or_default());
        if ago > DAY / 2 {
            played.gain("Ben was shown a message under a time that the adversary chose");
        }
    }
    played.notice([&ben], &["refused"]);
    Ok(played)
}
