//! Rooms with everything that will be submitted in them: set up by real cores, encrypted by them before the clock
//! starts.

use super::{
    BenchError, Server,
    people::Person,
    wire::{self, Mark},
};
use crate::clock;
use bytes::Bytes;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use rand::{Rng as _, distr::Alphanumeric};
use trefoil_client::{Client, ClientError, Effect, Input, conversation::compose};
use trefoil_proto::{
    RoomUri, Wire as _,
    frame::{ClientFrame, ServerFrame},
    mimi::SubmitMessageResponse,
};

/// People that are set up at a time.
const AT_ONCE: usize = 8;
/// Messages that are encrypted in one step.
const STEP: usize = 256;

/// Who sends to whom.
#[derive(Clone, Copy, Debug)]
pub enum Shape {
    /// Rooms of two: one sends, one receives.
    Pairs {
        /// How many rooms.
        count: usize,
    },
    /// One room: one sends, the others receive.
    Room {
        /// How many receive.
        receivers: usize,
    },
}

/// One room, ready to be sent to.
pub(super) struct Lane {
    /// Encoded submissions; the tag is the index.
    pub frames: Vec<Bytes>,
    /// The mark of each message.
    pub marks: Vec<Mark>,
    /// Token of the device that sends.
    pub sender: String,
    /// Tokens of the devices that receive.
    pub receivers: Vec<String>,
}

/// Sets up people and rooms and encrypts `messages` texts of `payload` bytes, evenly over the rooms.
pub(super) async fn prepare(
    server: &Server,
    shape: Shape,
    messages: usize,
    payload: usize,
) -> Result<Vec<Lane>, BenchError> {
    let (rooms, receivers) = match shape {
        Shape::Pairs { count } => (count, 1),
        Shape::Room { receivers } => (1, receivers),
    };
    let mut people: Vec<Person> = stream::iter(0..rooms * (1 + receivers))
        .map(|index| async move { Person::register(server, &format!("person-{index}")).await })
        .buffer_unordered(AT_ONCE)
        .try_collect()
        .await?;
    let mut lanes = Vec::new();
    for index in 0..rooms {
        let mut sender = people.pop().ok_or(BenchError::Garbled("too few people"))?;
        let members = people.split_off(people.len() - receivers);
        let users: Vec<_> = members.iter().map(|member| member.user.clone()).collect();
        let room = sender.open_room(&format!("room {index}"), &users).await?;
        let tokens = members.iter().map(Person::token).collect::<Result<_, _>>()?;
        for member in members {
            member.agent.close().await;
        }
        let count = messages / rooms + usize::from(index < messages % rooms);
        let token = sender.token()?;
        lanes.push((sender.agent.close().await, room, count, token, tokens));
    }
    let sealing = lanes.into_iter().map(|(mut client, room, count, sender, receivers)| async move {
        let sealed = tokio::task::spawn_blocking(move || seal(&mut client, &room, count, payload)).await;
        let (frames, marks) = sealed.map_err(|error| BenchError::Thread(error.into()))??;
        Ok::<_, BenchError>(Lane { frames, marks, sender, receivers })
    });
    stream::iter(sealing).buffered(2).try_collect().await
}

/// Lets the core encrypt texts and takes what it would submit. As often as its window is full it is told that
/// everything was accepted, so that it goes on; what the service really says is counted when the load runs.
fn seal(
    client: &mut Client,
    room: &RoomUri,
    count: usize,
    payload: usize,
) -> Result<(Vec<Bytes>, Vec<Mark>), BenchError> {
    let (mut frames, mut marks) = (Vec::with_capacity(count), Vec::with_capacity(count));
    while frames.len() < count {
        let drafts = (0..STEP.min(count - frames.len()))
            .map(|_| Ok((room.clone(), compose::text(&text(payload), &[]).map_err(ClientError::from)?)))
            .collect::<Result<Vec<_>, BenchError>>()?;
        let wanted = frames.len() + drafts.len();
        let (_, step) = client.send_all(drafts, clock::now())?;
        let mut effects = step.commit()?.effects;
        while frames.len() < wanted {
            let answers = take_frames(effects, &mut frames, &mut marks)?;
            if answers.is_empty() {
                return Err(BenchError::Broken("the core of a person of the load does not send".to_owned()));
            }
            effects = client.handle_all(answers, clock::now())?.commit()?.effects;
        }
    }
    Ok((frames, marks))
}

/// Keeps the submissions among the effects, numbered anew by their index; gives an answer to each for the core.
fn take_frames(
    effects: Vec<Effect>,
    frames: &mut Vec<Bytes>,
    marks: &mut Vec<Mark>,
) -> Result<Vec<Input>, BenchError> {
    let mut answers = Vec::new();
    for effect in effects {
        let Effect::Frame(ClientFrame::Submit { tag, room, request }) = effect else { continue };
        let mark = wire::mark(request.app_message.as_bytes())?;
        marks.push(mark.ok_or(BenchError::Garbled("a submission that is no private message"))?);
        let index = u32::try_from(frames.len()).map_err(|_| BenchError::Garbled("too many messages"))?;
        frames.push(ClientFrame::Submit { tag: index, room, request }.encode().into());
        let response = SubmitMessageResponse::Accepted { accepted_timestamp: clock::now(), frank: None };
        answers.push(Input::Frame(ServerFrame::Submitted { tag, response }));
    }
    Ok(answers)
}

/// A text of so many bytes that no other message has.
fn text(payload: usize) -> String {
    rand::rng().sample_iter(Alphanumeric).take(payload.max(1)).map(char::from).collect()
}
