//! Rooms: as they stand in the list, and whole.

use super::{Away, FirstContact, Item, Person, Warning, item, markup::inert};
use crate::clock;
use serde::Serialize;
use trefoil_client::{
    Client, ClientError, RoomState, RoomView, Suite, boundaries,
    conversation::{self, ConversationError},
    overlay::Overlay,
};
use trefoil_proto::{
    RoomUri, UserUri,
    room::{Capability, Role, RoomKind},
};
use utoipa::ToSchema;

/// Unread messages in which a mention is looked for.
const LOOKED_AT: usize = 20;
/// People that are named in the list.
const NAMED: usize = 8;

/// A room in the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Room {
    /// The account that is in it.
    pub account: String,
    /// Its URI.
    pub room: String,
    /// The name that its admins gave it; empty for none.
    pub name: String,
    /// What to call it: its name, or who else is in it.
    pub title: String,
    /// The first of its people, oneself left out.
    pub people: Vec<Person>,
    /// How many people are in it, oneself included.
    pub count: usize,
    /// The services of its people.
    pub domains: Vec<String>,
    /// `creating`, `joining`, `open`, `leaving` or `left`.
    pub state: String,
    /// Its newest line.
    pub last: Option<Item>,
    /// Only admins write there.
    pub announcement: bool,
    /// It lists groups that its people can join.
    pub community: bool,
    /// The community in whose list it stands, by URI.
    pub part_of: Option<String>,
    /// Names its picture, to be asked for and kept by; none if it has none, or is not taken up.
    pub picture: Option<String>,
    /// Unread messages, counted up to a thousand.
    pub unread: usize,
    /// One of the newest unread messages mentions this person.
    pub mentioned: bool,
    /// It stands above the others.
    pub pinned: bool,
    /// It is put away.
    pub archived: bool,
    /// Nothing of it makes a noise until then, in milliseconds since the UNIX epoch; the largest number for ever.
    pub muted_until: Option<u64>,
    /// What was written and not sent.
    pub draft: String,
    /// Messages that name no timer disappear so many seconds after they were read; 0 for never.
    pub timer: u32,
    /// They also go as soon as the room is closed on a device after they were read there.
    pub vanishing: bool,
    /// The stranger who brought this person in, while it was not taken up.
    pub request: Option<Person>,
    /// Why it does not stand among the conversations.
    pub away: Option<Away>,
    /// People in it who are no contacts, by URI; nobody unless strangers are received otherwise (`boundaries`).
    pub unknown: Vec<String>,
    /// Why nothing is sent here now.
    pub blocked: Option<Warning>,
    /// Whose changed key blocks it, by URI.
    pub blocked_by: Vec<String>,
    /// `hybrid`, `classical`, or nothing before it is open.
    pub suite: Option<String>,
}

/// A room, whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct RoomDetail {
    /// As in the list.
    #[serde(flatten)]
    pub room: Room,
    /// Everybody in it, oneself included.
    pub members: Vec<Member>,
    /// The invitations that are open.
    pub invitations: Vec<Invitation>,
    /// Its groups, if it is a community.
    pub groups: Vec<Group>,
    /// A change of it is under way.
    pub changing: bool,
    /// How many services other than its own must vouch for a key directory: with none, nobody else watches them.
    pub vouchers: usize,
    /// Messages of others that did not come.
    pub missing: u64,
    /// What this person may do.
    pub may: May,
    /// What to know of whoever has just come to this person there.
    pub first_contact: Option<FirstContact>,
}

/// A group of a community.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Group {
    /// Its room, by URI.
    pub room: String,
    /// What the community calls it.
    pub name: String,
    /// What it is about; may be empty.
    pub description: String,
    /// Where it stands on this device, as a room's `state`; none if this person was never in it.
    pub state: Option<String>,
    /// A stranger brought this person in, and they have not taken it up.
    pub request: bool,
}

/// Somebody in a room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Member {
    /// Who.
    pub person: Person,
    /// `admin`, `member`, `banned`.
    pub role: String,
    /// With how many devices they read.
    pub devices: usize,
    /// Why their keys are not believed.
    pub unproven: Option<Warning>,
    /// Whether the proof of their keys is still awaited.
    pub awaited: bool,
}

/// An open invitation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Invitation {
    /// Names it, and lets nobody in.
    pub key: String,
    /// For how many people more.
    pub people: u32,
    /// Until when, in milliseconds since the UNIX epoch.
    pub not_after: u64,
    /// Who made it, by URI.
    pub by: String,
}

/// What this person may do in a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct May {
    /// Write. Not in a room that is not open, where nothing is sent (`blocked`), or where only admins write (`announcement`).
    pub send: bool,
    /// React, and vote: also where only admins write.
    pub react: bool,
    /// Add, remove, invite, rename, make others admins.
    pub manage: bool,
}

/// A room as it stands in the list.
///
/// # Errors
/// The store cannot be read.
pub fn room(client: &mut Client, account: &str, uri: &RoomUri) -> Result<Option<Room>, ClientError> {
    let Some(view) = client.room(uri)? else { return Ok(None) };
    listed(client, account, &view).map(Some)
}

/// A room, whole.
///
/// # Errors
/// The store cannot be read.
pub fn detail(client: &mut Client, account: &str, uri: &RoomUri) -> Result<Option<RoomDetail>, ClientError> {
    let Some(view) = client.room(uri)? else { return Ok(None) };
    let listed = listed(client, account, &view)?;
    let first = client.first_contact(uri)?;
    let groups = client.groups(uri)?.unwrap_or_default();
    let store = Overlay::new(client.store().clone());
    let me = client.identity().map(|me| me.user);
    let around =
        Around { client, store: &store, room: uri, me: me.as_ref(), taken_up: listed.request.is_none() };
    let mut members = Vec::new();
    for participant in &view.participants {
        let unproven = view.unproven.iter().find(|one| one.user == participant.user);
        members.push(Member {
            person: around.person(&participant.user)?,
            role: role(participant.role).to_owned(),
            devices: participant.devices.len(),
            awaited: unproven.is_some_and(|one| one.reason.is_none()),
            unproven: unproven
                .and_then(|one| one.reason.as_ref())
                .map(|reason| Warning::unproven(&participant.user, reason)),
        });
    }
    let my_role = view.participants.iter().find(|one| Some(&one.user) == me.as_ref()).map(|one| one.role);
    let open = view.state == RoomState::Open;
    let holds = |capability| my_role.is_some_and(|role| role.can(view.kind, capability));
    let groups = groups.into_iter().map(|group| Group {
        room: group.room.to_string(),
        name: group.name,
        description: inert(&group.description),
        state: group.state.map(|at| state(at).to_owned()),
        request: group.request,
    });
    let first_contact = first.map(|first| -> Result<FirstContact, ClientError> {
        Ok(FirstContact {
            user: first.person.to_string(),
            since: first.since.map(|month| month.to_string()),
            is_new: first.is_new(clock::now()),
            shared_rooms: first.shared_rooms,
            namesake: first.namesake.map(|(user, name)| around.called(&user, name)).transpose()?,
            hint: first.suspicion.map(Into::into),
        })
    });
    Ok(Some(RoomDetail {
        first_contact: first_contact.transpose()?,
        groups: groups.collect(),
        members,
        invitations: view
            .invitations
            .iter()
            .map(|one| Invitation {
                key: data_encoding::HEXLOWER.encode(&one.key),
                people: one.left,
                not_after: one.not_after.0,
                by: one.by.to_string(),
            })
            .collect(),
        changing: view.changing,
        vouchers: client.auditors_needed()?,
        missing: client.missing(uri)?.iter().map(|one| one.missing).sum(),
        may: May {
            send: open && listed.blocked.is_none() && holds(Capability::SEND_MESSAGE),
            react: open && listed.blocked.is_none() && holds(Capability::REACT_TO_MESSAGE),
            manage: open && my_role == Some(Role::ADMIN),
        },
        room: listed,
    }))
}

/// A room as it stands in the list, of which the core has given its view already.
///
/// # Errors
/// The store cannot be read.
pub fn listed(client: &Client, account: &str, view: &RoomView) -> Result<Room, ClientError> {
    let store = Overlay::new(client.store().clone());
    let me = client.identity().map(|me| me.user);
    let others: Vec<&UserUri> =
        view.participants.iter().map(|one| &one.user).filter(|user| Some(*user) != me.as_ref()).collect();
    let marks = conversation::marks(&store, &view.uri)?;
    let taken_up = marks.request.is_none();
    let around = Around { client, store: &store, room: &view.uri, me: me.as_ref(), taken_up };
    let people = others.iter().take(NAMED).map(|user| around.person(user)).collect::<Result<Vec<_>, _>>()?;
    let mut domains: Vec<String> = view.participants.iter().map(|one| one.user.domain.to_string()).collect();
    domains.sort_unstable();
    domains.dedup();
    let summary = conversation::summary(&store, &view.uri)?;
    let last = match (&me, summary.last) {
        (Some(me), Some(last)) => Some(item(&store, me, &view.uri, last)?),
        _ => None,
    };
    let name = view.name.clone();
    let timer = conversation::room_timer(&store, &view.uri)?;
    let picture = match taken_up {
        true => conversation::room_picture_version(&store, &view.uri)?,
        false => None,
    };
    let request = marks.request.as_ref().map(|by| around.person(by));
    let away = boundaries::away(&store, &others, marks.request.as_ref())?;
    Ok(Room {
        account: account.to_owned(),
        room: view.uri.to_string(),
        title: title(&name, &people, others.len()),
        name,
        count: view.participants.len(),
        people,
        domains,
        state: state(view.state).to_owned(),
        last,
        announcement: view.kind == RoomKind::Announcement,
        community: view.community,
        part_of: view.part_of.as_ref().map(ToString::to_string),
        picture,
        unread: summary.unread,
        mentioned: summary.unread > 0 && is_mentioned(&store, &view.uri)?,
        pinned: marks.pinned,
        archived: marks.archived,
        muted_until: marks.muted_until.map(|until| until.0),
        draft: marks.draft,
        timer: timer.seconds,
        vanishing: timer.vanishing,
        request: request.transpose()?,
        away: away.map(Into::into),
        unknown: view.unknown.iter().map(ToString::to_string).collect(),
        blocked: Warning::blocked(client, view),
        blocked_by: view.blocked_by.iter().map(ToString::to_string).collect(),
        suite: view.suite.map(|suite| match suite {
            Suite::Hybrid => "hybrid".to_owned(),
            Suite::Classical => "classical".to_owned(),
        }),
    })
}

/// What is needed to say who somebody in a room is.
struct Around<'a> {
    client: &'a Client,
    store: &'a Overlay,
    room: &'a RoomUri,
    me: Option<&'a UserUri>,
    /// The room is taken up: pictures are shown.
    taken_up: bool,
}

impl Around<'_> {
    /// A person by a name that they gave elsewhere.
    fn called(&self, user: &UserUri, name: String) -> Result<Person, ConversationError> {
        Ok(Person { name, ..self.person(user)? })
    }

    /// A person as somebody in the room, by the name and the picture that they gave there.
    fn person(&self, user: &UserUri) -> Result<Person, ConversationError> {
        let name = conversation::profile(self.store, self.room, user)?;
        let picture = match self.taken_up {
            true => conversation::picture_version(self.store, self.room, user)?,
            false => None,
        };
        let near = (self.client.standing(user), boundaries::stance(self.store, user)?);
        Ok(Person::of(user, self.me, (name, picture), near))
    }
}

fn is_mentioned(store: &Overlay, room: &RoomUri) -> Result<bool, ConversationError> {
    for id in conversation::unread(store, room)?.iter().rev().take(LOOKED_AT) {
        if conversation::message(store, room, *id)?.is_some_and(|message| message.mentions_me) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn title(name: &str, people: &[Person], others: usize) -> String {
    if !name.is_empty() {
        return name.to_owned();
    }
    let called = |person: &Person| match person.name.is_empty() {
        true => short(&person.user),
        false => person.name.clone(),
    };
    let mut names: Vec<String> = people.iter().take(3).map(called).collect();
    if others > names.len() {
        names.push(format!("+{}", others - names.len()));
    }
    names.join(", ")
}

/// Enough of an opaque id to tell people apart until they have a name; the page shortens in the same way.
fn short(user: &str) -> String {
    let id = user.rsplit('/').next().unwrap_or_default();
    if id.len() > 8 { id.chars().take(6).chain(['…']).collect() } else { id.to_owned() }
}

fn state(state: RoomState) -> &'static str {
    match state {
        RoomState::Creating => "creating",
        RoomState::Joining => "joining",
        RoomState::Open => "open",
        RoomState::Leaving => "leaving",
        RoomState::Left => "left",
    }
}

pub(super) fn role(role: Role) -> &'static str {
    match role {
        Role::ADMIN => "admin",
        Role::BANNED => "banned",
        _ => "member",
    }
}
