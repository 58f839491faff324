//! What several attacks have in common: a hub that takes everything, a ghost that tries to read, people in a room.

use crate::{
    between::{Answer, Asked},
    forge::{Followed, Forged, Handed},
    person::{Person, must, until},
};
use anyhow::Context as _;
use std::time::Duration;
use trefoil_proto::{
    RoomUri, UserUri, Wire as _,
    edge::CreateRoomRequest,
    frame::MailboxEvent,
    mimi::{
        FanoutMessage, KeyMaterialResponse, Protocol, UpdateRoomResponse,
        fanout::RoomEvent,
        key_material::{ClientKeyMaterial, ClientKeyMaterialStatus, KeyMaterialUserCode},
        update::{RatchetTreeOption, UpdateOutcome},
    },
    mls::{self, MlsMessage},
};

/// Long enough for anything that follows to have happened.
pub const WHILE: Duration = Duration::from_millis(500);
/// What nobody but members is to read.
pub const SECRET: &str = "the key is under the mat";

/// As the adversary's hub, takes a change without a look and tells nobody else.
pub fn take_unseen() -> Answer {
    let outcome = UpdateOutcome::Success { accepted_timestamp: crate::person::now() };
    Answer::with(UpdateRoomResponse { outcome, error_description: Vec::new() }.encode())
}

/// The honest answer to a request for key packages, with other key packages and no proof.
pub async fn other_packages(
    asked: &Asked,
    ghosts: &[(trefoil_proto::DeviceUri, mls::KeyPackage)],
    keep: bool,
) -> Answer {
    let answer = asked.honestly().await;
    let Ok(mut response) = KeyMaterialResponse::decode(&answer.body) else { return answer };
    if !keep {
        response.clients.clear();
    }
    for (device, package) in ghosts {
        let status = ClientKeyMaterialStatus::Success(package.clone());
        response.clients.push(ClientKeyMaterial { status, client_uri: device.clone() });
    }
    response.user_status = KeyMaterialUserCode::Success;
    response.proof.clear();
    Answer::with(response.encode())
}

/// Has Ann open a room with somebody, at a hub that takes everything; gives the room and whether they are in it as far
/// as Ann knows.
pub async fn open_with(ann: &mut Person, other: &UserUri) -> anyhow::Result<(RoomUri, bool)> {
    must(&mut [ann], "Ann is online", |people| people[0].agent.is_settled()).await?;
    let people = [other.clone()];
    let changes = ann.between.requests("update/").len();
    let room = ann.agent.act_for(|client, now| client.create_room("tea", &people, now))?;
    let mut delivered = false;
    until(&mut [ann], |people| {
        let ann = &mut people[0];
        if !delivered && ann.between.requests("update/").len() > changes {
            // As a hub does with what it took.
            if let Ok(change) = handed(ann) {
                deliver_commit(&[ann], &room, &change.commit);
                delivered = true;
            }
        }
        ann.is_in(&room, 2) || ann.was_told("change-refused")
    })
    .await?;
    let is_in = ann.is_in(&room, 2);
    Ok((room, is_in))
}

/// The change that a person handed in last.
pub fn handed(person: &Person) -> anyhow::Result<Handed> {
    let requests = person.between.requests("update/");
    Handed::read(requests.last().context("nothing was handed in")?)
}

/// The tree of a room that a person opened, after the change that they handed in last.
pub fn tree_of_last(person: &Person) -> anyhow::Result<mls::RatchetTree> {
    let created = person.between.requests("rooms");
    let mut followed = Followed::open(&CreateRoomRequest::decode(created.last().context("a room")?)?)?;
    followed.take(&handed(person)?.commit)?;
    followed.tree()
}

/// The tree that came with the Welcome of somebody who was added.
pub fn tree_of_welcome(person: &Person) -> anyhow::Result<mls::RatchetTree> {
    let entries = person.between.delivered().into_iter();
    let events = entries.filter_map(|body| match MailboxEvent::decode(&body).ok()? {
        MailboxEvent::Room { message, .. } => Some(message.event),
        _ => None,
    });
    let mut trees = events.filter_map(|event| match event {
        RoomEvent::Welcome { ratchet_tree: RatchetTreeOption::Full(tree), .. } => Some(tree),
        _ => None,
    });
    trees.next().context("a Welcome came with its tree")
}

/// Delivers a commit of the adversary's to people.
pub fn deliver_commit(people: &[&Person], room: &RoomUri, commit: &MlsMessage) {
    let message = FanoutMessage {
        protocol: Protocol::Mls10,
        timestamp: crate::person::now(),
        event: RoomEvent::Commit { message: commit.clone(), external_proposals: Vec::new() },
    };
    let entry = MailboxEvent::Room { room: room.clone(), message }.encode();
    for person in people {
        person.between.add(entry.clone());
    }
}

/// Has somebody say the secret into a room, and the ghost try to read it on its way. True if it could.
///
/// # Errors
/// The device fails.
pub async fn overhears(ghost: &mut Forged, speaker: &mut Person, room: &RoomUri) -> anyhow::Result<bool> {
    speaker.between.keep_submissions();
    // A device that does not send at all is what one would wish for.
    if speaker.say(room, SECRET).is_err() {
        return Ok(false);
    }
    let end = std::time::Instant::now() + Duration::from_secs(4);
    until(&mut [speaker], |people| {
        !people[0].between.submissions().is_empty() || std::time::Instant::now() > end
    })
    .await?;
    Ok(speaker.between.submissions().iter().any(|said| ghost.reads(&said.app_message, SECRET)))
}

/// The room's devices as a person's device shows them.
pub fn devices_in(person: &mut Person, room: &RoomUri) -> Vec<trefoil_proto::DeviceUri> {
    let view = person.agent.client.room(room).ok().flatten();
    view.into_iter().flat_map(|view| view.participants).flat_map(|participant| participant.devices).collect()
}
