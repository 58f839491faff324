//! Rooms: listed, made, joined, changed, left.

use super::{
    super::{
        App,
        error::{Answer, Problem},
        keeper::Keeper,
        shape::{self, Qr, Room, RoomDetail},
    },
    Body, room_uri, user_uri, users,
};
use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use serde::{Deserialize, Serialize};
use std::{cmp::Reverse, sync::Arc};
use trefoil_client::{
    Client, ClientError, InvitationTerms, Step, Suite,
    conversation::{FOR_EVER, Mark},
};
use trefoil_proto::{RoomUri, Timestamp, room::RoomKind};
use utoipa::ToSchema;

/// A room to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewRoom {
    /// Its name; may be empty.
    name: String,
    /// Who shall be in it, by URI.
    people: Vec<String>,
    /// Only admins write there.
    #[serde(default)]
    announcement: bool,
}

/// Who writes in a room.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Writers {
    /// Admins alone; else everybody.
    only_admins: bool,
}

/// That a room is being made or joined.
#[derive(Serialize, ToSchema)]
pub(super) struct RoomBegun {
    /// Its URI.
    pub(super) room: String,
}

/// The link of an invitation.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct InvitationLink {
    /// As it was given.
    link: String,
}

/// A name.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewName {
    /// The name; empty for none.
    name: String,
}

/// People.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct People {
    /// By URI.
    people: Vec<String>,
}

/// A role to be given or taken.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewAdmin {
    /// Whose, by URI.
    user: String,
    /// Whether they shall be an admin.
    #[serde(default = "yes")]
    admin: bool,
}

const fn yes() -> bool {
    true
}

/// An invitation to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewInvitation {
    /// For how many people: 1 to `limits.invitation_people` of the state.
    people: u32,
    /// For how many days: 1 to `limits.invitation_days`.
    days: u32,
}

/// An invitation that was made.
#[derive(Serialize, ToSchema)]
pub(super) struct MadeInvitation {
    /// Whoever has it can come in.
    link: String,
    /// The same as a QR code.
    qr: Option<Qr>,
}

/// An open invitation.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct OneInvitation {
    /// As the room's details name it.
    key: String,
}

/// Above it scripts lose the last digits of whole numbers.
const LARGEST_IN_SCRIPTS: u64 = (1 << 53) - 1;

/// Marks to be set.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewMarks {
    /// It stands above the others.
    pinned: Option<bool>,
    /// It is put away.
    archived: Option<bool>,
    /// Nothing of it makes a noise until then, in milliseconds since the UNIX epoch; 0 for not any more, 9007199254740991
    /// (the largest whole number of scripts) or more for ever.
    muted_until: Option<u64>,
    /// What was written and not sent; empty for nothing.
    draft: Option<String>,
    /// The person takes the room up.
    #[serde(default)]
    accepted: bool,
    /// They have seen what a stranger may be up to there (`first_contact.hint`).
    #[serde(default)]
    hint_seen: bool,
}

impl NewMarks {
    fn marks(self) -> Vec<Mark> {
        let until = |until: u64| match until {
            0 => None,
            LARGEST_IN_SCRIPTS.. => Some(FOR_EVER),
            until => Some(Timestamp(until)),
        };
        let marks = [
            self.pinned.map(Mark::Pinned),
            self.archived.map(Mark::Archived),
            self.muted_until.map(|ends| Mark::MutedUntil(until(ends))),
            self.draft.map(Mark::Draft),
            self.accepted.then_some(Mark::Accepted),
            self.hint_seen.then_some(Mark::HintSeen),
        ];
        marks.into_iter().flatten().collect()
    }
}

/// What was asked for again.
#[derive(Serialize, ToSchema)]
pub(super) struct AskedAgain {
    /// Messages.
    messages: u64,
}

/// Every room of every account: pinned ones first, then the one with the newest line.
#[utoipa::path(get, path = "/rooms", responses((status = 200, body = Vec<Room>)))]
pub(super) async fn all(State(app): State<Arc<App>>) -> Answer<Json<Vec<Room>>> {
    let mut rooms = Vec::new();
    for keeper in app.accounts.working() {
        rooms.extend(
            keeper
                .with(|kept| {
                    let views = kept.agent.client.rooms()?;
                    let listed = views.iter().map(|view| shape::listed(&kept.agent.client, &kept.id, view));
                    Ok(listed.collect::<Result<Vec<_>, _>>()?)
                })
                .await?,
        );
    }
    rooms.sort_by_cached_key(|room| {
        Reverse((room.pinned, room.last.as_ref().map(shape::Item::position).unwrap_or_default()))
    });
    Ok(Json(rooms))
}

/// Makes a room. People come in as their services give keys for them; whoever cannot is told of as an alarm.
#[utoipa::path(post, path = "/accounts/{account}/rooms", params(("account" = String, Path,)), request_body = NewRoom, responses((status = 200, body = RoomBegun), (status = 409, body = Problem)))]
pub(super) async fn create(
    State(app): State<Arc<App>>,
    Path(account): Path<String>,
    Body(ask): Body<NewRoom>,
) -> Answer<Json<RoomBegun>> {
    let people = users(&ask.people)?;
    let keeper = app.accounts.get(&account)?;
    keeper
        .with(move |kept| {
            let title = ask.name.trim().to_owned();
            let room = kept.agent.act_for(|client, now| match ask.announcement {
                true => client.create_announcement_room(&title, &people, Suite::Hybrid, now),
                false => client.create_room(&title, &people, now),
            })?;
            kept.tell_room(&room);
            Ok(Json(RoomBegun { room: room.to_string() }))
        })
        .await
}

/// Comes into a room by the link of an invitation.
#[utoipa::path(post, path = "/accounts/{account}/rooms/join", params(("account" = String, Path,)), request_body = InvitationLink, responses((status = 200, body = RoomBegun), (status = 422, body = Problem)))]
pub(super) async fn join(
    State(app): State<Arc<App>>,
    Path(account): Path<String>,
    Body(ask): Body<InvitationLink>,
) -> Answer<Json<RoomBegun>> {
    let keeper = app.accounts.get(&account)?;
    keeper
        .with(move |kept| {
            let room = kept.agent.act_for(|client, now| client.accept_invitation(ask.link.trim(), now))?;
            Ok(Json(RoomBegun { room: room.to_string() }))
        })
        .await
}

/// A room, whole.
#[utoipa::path(get, path = "/accounts/{account}/rooms/{room}", params(("account" = String, Path,), ("room" = String, Path,)), responses((status = 200, body = RoomDetail), (status = 404, body = Problem)))]
pub(super) async fn detail(
    State(app): State<Arc<App>>,
    Path((account, room)): Path<(String, String)>,
) -> Answer<Json<RoomDetail>> {
    let (keeper, room) = (app.accounts.get(&account)?, room_uri(&room)?);
    keeper
        .with(move |kept| {
            let detail = shape::detail(&mut kept.agent.client, &kept.id, &room)?;
            detail.map(Json).ok_or_else(|| ClientError::UnknownRoom(room).into())
        })
        .await
}

/// Gives the room another name.
#[utoipa::path(post, path = "/accounts/{account}/rooms/{room}/rename", params(("account" = String, Path,), ("room" = String, Path,)), request_body = NewName, responses((status = 204), (status = 403, body = Problem)))]
pub(super) async fn rename(
    State(app): State<Arc<App>>,
    Path((account, room)): Path<(String, String)>,
    Body(ask): Body<NewName>,
) -> Answer<StatusCode> {
    let keeper = app.accounts.get(&account)?;
    change(&keeper, &room, move |client, room, now| client.rename_room(room, ask.name.trim(), now)).await
}

/// Says who writes in the room from now on.
#[utoipa::path(post, path = "/accounts/{account}/rooms/{room}/announcement", params(("account" = String, Path,), ("room" = String, Path,)), request_body = Writers, responses((status = 204), (status = 403, body = Problem)))]
pub(super) async fn announcement(
    State(app): State<Arc<App>>,
    Path((account, room)): Path<(String, String)>,
    Body(ask): Body<Writers>,
) -> Answer<StatusCode> {
    let keeper = app.accounts.get(&account)?;
    let kind = if ask.only_admins { RoomKind::Announcement } else { RoomKind::Discussion };
    change(&keeper, &room, move |client, room, now| client.set_room_kind(room, kind, now)).await
}

/// Adds people.
#[utoipa::path(post, path = "/accounts/{account}/rooms/{room}/add", params(("account" = String, Path,), ("room" = String, Path,)), request_body = People, responses((status = 204), (status = 403, body = Problem)))]
pub(super) async fn add(
    State(app): State<Arc<App>>,
    Path((account, room)): Path<(String, String)>,
    Body(ask): Body<People>,
) -> Answer<StatusCode> {
    let (keeper, people) = (app.accounts.get(&account)?, users(&ask.people)?);
    change(&keeper, &room, move |client, room, now| client.add_people(room, &people, now)).await
}

/// Removes people.
#[utoipa::path(post, path = "/accounts/{account}/rooms/{room}/remove", params(("account" = String, Path,), ("room" = String, Path,)), request_body = People, responses((status = 204), (status = 403, body = Problem)))]
pub(super) async fn remove(
    State(app): State<Arc<App>>,
    Path((account, room)): Path<(String, String)>,
    Body(ask): Body<People>,
) -> Answer<StatusCode> {
    let (keeper, people) = (app.accounts.get(&account)?, users(&ask.people)?);
    change(&keeper, &room, move |client, room, now| client.remove_people(room, &people, now)).await
}

/// Makes somebody an admin, or takes that away again.
#[utoipa::path(post, path = "/accounts/{account}/rooms/{room}/admin", params(("account" = String, Path,), ("room" = String, Path,)), request_body = NewAdmin, responses((status = 204), (status = 403, body = Problem)))]
pub(super) async fn make_admin(
    State(app): State<Arc<App>>,
    Path((account, room)): Path<(String, String)>,
    Body(ask): Body<NewAdmin>,
) -> Answer<StatusCode> {
    let (keeper, user) = (app.accounts.get(&account)?, user_uri(&ask.user)?);
    change(&keeper, &room, move |client, room, now| match ask.admin {
        true => client.make_admin(room, &user, now),
        false => client.take_admin(room, &user, now),
    })
    .await
}

/// Leaves with all of this person's devices.
#[utoipa::path(post, path = "/accounts/{account}/rooms/{room}/leave", params(("account" = String, Path,), ("room" = String, Path,)), responses((status = 204), (status = 409, body = Problem)))]
pub(super) async fn leave(
    State(app): State<Arc<App>>,
    Path((account, room)): Path<(String, String)>,
) -> Answer<StatusCode> {
    let keeper = app.accounts.get(&account)?;
    change(&keeper, &room, move |client, room, now| client.leave(room, now)).await
}

/// Makes an invitation.
#[utoipa::path(post, path = "/accounts/{account}/rooms/{room}/invitations", params(("account" = String, Path,), ("room" = String, Path,)), request_body = NewInvitation, responses((status = 200, body = MadeInvitation), (status = 403, body = Problem)))]
pub(super) async fn invite(
    State(app): State<Arc<App>>,
    Path((account, room)): Path<(String, String)>,
    Body(ask): Body<NewInvitation>,
) -> Answer<Json<MadeInvitation>> {
    let terms = InvitationTerms::new(ask.people, ask.days)?;
    let (keeper, room) = (app.accounts.get(&account)?, room_uri(&room)?);
    keeper
        .with(move |kept| {
            let link = kept
                .agent
                .act_for(|client, now| client.invite(&room, terms.people(), terms.until(now), now))?;
            Ok(Json(MadeInvitation { qr: Qr::of(&link), link }))
        })
        .await
}

/// Takes an invitation back.
#[utoipa::path(post, path = "/accounts/{account}/rooms/{room}/invitations/take-back", params(("account" = String, Path,), ("room" = String, Path,)), request_body = OneInvitation, responses((status = 204), (status = 403, body = Problem)))]
pub(super) async fn take_back(
    State(app): State<Arc<App>>,
    Path((account, room)): Path<(String, String)>,
    Body(ask): Body<OneInvitation>,
) -> Answer<StatusCode> {
    let key = data_encoding::HEXLOWER.decode(ask.key.as_bytes()).ok().and_then(|key| key.try_into().ok());
    let key: [u8; 32] = key.ok_or_else(|| Problem::not_found("there is no such invitation"))?;
    let keeper = app.accounts.get(&account)?;
    change(&keeper, &room, move |client, room, now| client.take_back_invitations(room, vec![key], now)).await
}

/// Sets marks of a room, which stay on this device; what is left away stays as it is.
#[utoipa::path(post, path = "/accounts/{account}/rooms/{room}/marks", params(("account" = String, Path,), ("room" = String, Path,)), request_body = NewMarks, responses((status = 200, body = Room), (status = 404, body = Problem)))]
pub(super) async fn mark(
    State(app): State<Arc<App>>,
    Path((account, room)): Path<(String, String)>,
    Body(ask): Body<NewMarks>,
) -> Answer<Json<Room>> {
    let (keeper, room) = (app.accounts.get(&account)?, room_uri(&room)?);
    let marks = ask.marks();
    keeper
        .with(move |kept| {
            kept.agent.act(|client, now| client.mark_room(&room, &marks, now))?;
            kept.tell_room(&room);
            let listed = shape::room(&mut kept.agent.client, &kept.id, &room)?;
            listed.map(Json).ok_or_else(|| ClientError::UnknownRoom(room).into())
        })
        .await
}

/// Asks the senders of what is missing in a room to send it again.
#[utoipa::path(post, path = "/accounts/{account}/rooms/{room}/ask-again", params(("account" = String, Path,), ("room" = String, Path,)), responses((status = 200, body = AskedAgain), (status = 409, body = Problem)))]
pub(super) async fn ask_again(
    State(app): State<Arc<App>>,
    Path((account, room)): Path<(String, String)>,
) -> Answer<Json<AskedAgain>> {
    let (keeper, room) = (app.accounts.get(&account)?, room_uri(&room)?);
    keeper
        .with(move |kept| {
            let asked = kept.agent.act_for(|client, now| client.ask_again(&room, now))?;
            Ok(Json(AskedAgain { messages: asked.messages }))
        })
        .await
}

/// Has a room changed; what the room's service says to it comes as a line, or as an alarm.
async fn change(
    keeper: &Keeper,
    room: &str,
    act: impl for<'c> FnOnce(&'c mut Client, &RoomUri, Timestamp) -> Result<Step<'c>, ClientError>
    + Send
    + 'static,
) -> Answer<StatusCode> {
    let room = room_uri(room)?;
    keeper
        .with(move |kept| {
            kept.agent.act(|client, now| act(client, &room, now))?;
            kept.tell_room(&room);
            Ok(StatusCode::NO_CONTENT)
        })
        .await
}
