//! Saying something: messages, edits, reactions, taking back, that somebody is writing.

use super::{
    super::{
        App,
        error::{Answer, Problem, ProblemCode},
        keeper::{Keeper, Kept},
    },
    Body, message_id, room_uri, users, waiting,
};
use crate::mention::mentioned;
use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, sync::Arc};
use trefoil_client::{
    attachment::Descriptor,
    conversation::{self, Draft, compose},
};
use trefoil_proto::{RoomUri, content::MessageId};
use utoipa::ToSchema;

/// A message to be sent.
#[derive(Clone, Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewMessage {
    /// Its text in Markdown, or the caption of its files.
    #[serde(default)]
    pub(super) text: String,
    /// The message that it answers.
    pub(super) reply_to: Option<String>,
    /// Who is mentioned, by URI, beside those whose `@name` stands in the text.
    #[serde(default)]
    mentions: Vec<String>,
    /// It disappears so many seconds after it was read.
    expires_seconds: Option<u32>,
    /// It can be opened once by each reader, and not at all here.
    #[serde(default)]
    pub(super) view_once: bool,
    /// Uploads to send along.
    #[serde(default)]
    pub(super) files: Vec<String>,
}

/// That a message is on its way.
#[derive(Serialize, ToSchema)]
pub(super) struct Begun {
    /// Its id; nothing while its files are on their way.
    message: Option<String>,
}

/// Another text.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewText {
    /// The text in Markdown.
    text: String,
}

/// A reaction.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewReaction {
    /// The emoji.
    emoji: String,
    /// Put it, or take it back.
    on: bool,
}

/// Where a message is to go.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ForwardTo {
    /// Rooms of any account on this device.
    to: Vec<Place>,
}

/// A room of an account.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Place {
    /// The account.
    account: String,
    /// The room.
    room: String,
}

/// A question.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewPoll {
    /// What is asked.
    question: String,
    /// 2 to 12 answers.
    options: Vec<String>,
    /// More than one can be chosen.
    #[serde(default)]
    several: bool,
}

/// A choice.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewVote {
    /// Indices of answers.
    choices: Vec<u8>,
}

/// Whether somebody writes.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Writing {
    /// Whether.
    writing: bool,
}

/// Sends a message. With files, they go to the service first: the message follows by itself, whether the page is closed or this
/// program started anew meanwhile.
#[utoipa::path(post, path = "/accounts/{account}/rooms/{room}/messages", params(("account" = String, Path,), ("room" = String, Path,)), request_body = NewMessage, responses((status = 200, body = Begun), (status = 409, body = Problem)))]
pub(super) async fn send(
    State(app): State<Arc<App>>,
    Path((account, room)): Path<(String, String)>,
    Body(ask): Body<NewMessage>,
) -> Answer<Json<Begun>> {
    let (keeper, room) = (app.accounts.get(&account)?, room_uri(&room)?);
    if ask.files.is_empty() {
        let message = say(&keeper, room, ask).await?;
        return Ok(Json(Begun { message: Some(message.to_string()) }));
    }
    waiting::take(&app, keeper, room, ask).await?;
    Ok(Json(Begun { message: None }))
}

async fn say(keeper: &Keeper, room: RoomUri, ask: NewMessage) -> Answer<MessageId> {
    keeper
        .with(move |kept| {
            let draft = draft(kept, &room, &ask, &[])?;
            Ok(kept.agent.act_for(|client, now| client.send(&room, draft, now))?)
        })
        .await
}

impl NewMessage {
    /// Whether what it answers, if it does, is on this device.
    pub(super) fn answers_something(&self, kept: &Kept, room: &RoomUri) -> Answer<bool> {
        match &self.reply_to {
            Some(to) => Ok(conversation::message(&kept.store(), room, message_id(to)?)?.is_some()),
            None => Ok(true),
        }
    }
}

/// What a message becomes once its files are with the service.
pub(super) fn draft(
    kept: &mut Kept,
    room: &RoomUri,
    ask: &NewMessage,
    files: &[Descriptor],
) -> Answer<Draft> {
    let also = users(&ask.mentions)?;
    let reply_to = ask.reply_to.as_deref().map(message_id).transpose()?;
    let (text, mentions) = mentioned(&mut kept.agent, room, ask.text.trim_end(), &also)
        .map_err(|error| Problem::unusable(error.to_string()))?;
    let draft = if files.is_empty() {
        match reply_to {
            Some(to) => compose::reply(version(kept, room, to)?, &text, &mentions)?,
            None => compose::text(&text, &mentions)?,
        }
    } else {
        let mut draft = compose::attachment_mentioning(files, &text, &mentions)?;
        draft.in_reply_to = reply_to.map(|to| version(kept, room, to)).transpose()?;
        draft
    };
    let draft = match ask.expires_seconds {
        Some(seconds) => draft.disappearing_after(seconds)?,
        None => draft,
    };
    Ok(if ask.view_once { draft.seen_once()? } else { draft })
}

/// The version of a message that is shown: what a reply or reaction names.
fn version(kept: &Kept, room: &RoomUri, id: MessageId) -> Answer<MessageId> {
    let found = conversation::message(&kept.store(), room, id)?;
    found
        .map(|message| message.version)
        .ok_or_else(|| Problem::not_found("that message is not on this device"))
}

/// Gives a message of one's own another text.
#[utoipa::path(post, path = "/accounts/{account}/rooms/{room}/messages/{message}/edit", params(("account" = String, Path,), ("room" = String, Path,), ("message" = String, Path,)), request_body = NewText, responses((status = 204), (status = 403, body = Problem)))]
pub(super) async fn edit(
    State(app): State<Arc<App>>,
    Path((account, room, message)): Path<(String, String, String)>,
    Body(ask): Body<NewText>,
) -> Answer<StatusCode> {
    change(&app, &account, &room, &message, Whose::Own, move |kept, room, id| {
        let (text, mentions) = mentioned(&mut kept.agent, room, ask.text.trim_end(), &[])
            .map_err(|error| Problem::unusable(error.to_string()))?;
        Ok(Some(compose::edit(id, &text, &mentions)?))
    })
    .await
}

/// Takes a message of one's own back.
#[utoipa::path(post, path = "/accounts/{account}/rooms/{room}/messages/{message}/unsend", params(("account" = String, Path,), ("room" = String, Path,), ("message" = String, Path,)), responses((status = 204), (status = 403, body = Problem)))]
pub(super) async fn unsend(
    State(app): State<Arc<App>>,
    Path((account, room, message)): Path<(String, String, String)>,
) -> Answer<StatusCode> {
    change(&app, &account, &room, &message, Whose::Own, |_, _, id| Ok(Some(compose::unsend(id)))).await
}

/// Puts a reaction to a message, or takes it back.
#[utoipa::path(post, path = "/accounts/{account}/rooms/{room}/messages/{message}/react", params(("account" = String, Path,), ("room" = String, Path,), ("message" = String, Path,)), request_body = NewReaction, responses((status = 204)))]
pub(super) async fn react(
    State(app): State<Arc<App>>,
    Path((account, room, message)): Path<(String, String, String)>,
    Body(ask): Body<NewReaction>,
) -> Answer<StatusCode> {
    change(&app, &account, &room, &message, Whose::Any, move |kept, room, id| {
        let me = kept.me()?;
        let found = conversation::message(&kept.store(), room, id)?;
        let found = found.ok_or_else(|| Problem::not_found("that message is not on this device"))?;
        let group = found.reactions.iter().find(|group| group.emoji == ask.emoji);
        let mine = group.and_then(|group| group.by.iter().find(|(user, _)| *user == me)).map(|(_, id)| *id);
        Ok(match (ask.on, mine) {
            (true, None) => Some(compose::reaction(found.version, &ask.emoji)?),
            (false, Some(reaction)) => Some(compose::remove_reaction(reaction)),
            _ => None,
        })
    })
    .await
}

/// Forwards a message, with its files, to other rooms, also of other accounts on this device: at most five at a time, one if
/// it was forwarded often already. What an account refuses is not sent from any that comes after it.
#[utoipa::path(post, path = "/accounts/{account}/rooms/{room}/messages/{message}/forward", params(("account" = String, Path,), ("room" = String, Path,), ("message" = String, Path,)), request_body = ForwardTo, responses((status = 204), (status = 422, body = Problem)))]
pub(super) async fn forward(
    State(app): State<Arc<App>>,
    Path((account, room, message)): Path<(String, String, String)>,
    Body(ask): Body<ForwardTo>,
) -> Answer<StatusCode> {
    let (keeper, room, id) = (app.accounts.get(&account)?, room_uri(&room)?, message_id(&message)?);
    let mut to: BTreeMap<&str, (Keeper, Vec<RoomUri>)> = BTreeMap::new();
    for place in &ask.to {
        let goes = to.entry(&place.account).or_insert((app.accounts.get(&place.account)?, Vec::new()));
        goes.1.push(room_uri(&place.room)?);
    }
    let rooms = ask.to.len();
    let draft = keeper.with(move |kept| Ok(kept.agent.client.forwardable(&room, id, rooms)?)).await?;
    for (keeper, rooms) in to.into_values() {
        let drafts: Vec<_> = rooms.into_iter().map(|room| (room, draft.clone())).collect();
        keeper.with(move |kept| Ok(kept.agent.act_for(|client, now| client.send_all(drafts, now))?)).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Sends a message once more that could not be sent.
#[utoipa::path(post, path = "/accounts/{account}/rooms/{room}/messages/{message}/retry", params(("account" = String, Path,), ("room" = String, Path,), ("message" = String, Path,)), responses((status = 200, body = Begun), (status = 422, body = Problem)))]
pub(super) async fn retry(
    State(app): State<Arc<App>>,
    Path((account, room, message)): Path<(String, String, String)>,
) -> Answer<Json<Begun>> {
    let (keeper, room, id) = (app.accounts.get(&account)?, room_uri(&room)?, message_id(&message)?);
    keeper
        .with(move |kept| {
            let again = kept.agent.act_for(|client, now| client.retry(&room, id, now))?;
            Ok(Json(Begun { message: Some(again.to_string()) }))
        })
        .await
}

/// Forgets a message that could not be sent.
#[utoipa::path(post, path = "/accounts/{account}/rooms/{room}/messages/{message}/discard", params(("account" = String, Path,), ("room" = String, Path,), ("message" = String, Path,)), responses((status = 204), (status = 422, body = Problem)))]
pub(super) async fn discard(
    State(app): State<Arc<App>>,
    Path((account, room, message)): Path<(String, String, String)>,
) -> Answer<StatusCode> {
    let (keeper, room, id) = (app.accounts.get(&account)?, room_uri(&room)?, message_id(&message)?);
    keeper
        .with(move |kept| {
            kept.agent.act(|client, now| client.discard(&room, id, now))?;
            Ok(StatusCode::NO_CONTENT)
        })
        .await
}

/// Asks a question with answers to choose from.
#[utoipa::path(post, path = "/accounts/{account}/rooms/{room}/polls", params(("account" = String, Path,), ("room" = String, Path,)), request_body = NewPoll, responses((status = 200, body = Begun), (status = 422, body = Problem)))]
pub(super) async fn ask(
    State(app): State<Arc<App>>,
    Path((account, room)): Path<(String, String)>,
    Body(ask): Body<NewPoll>,
) -> Answer<Json<Begun>> {
    let (keeper, room) = (app.accounts.get(&account)?, room_uri(&room)?);
    let options: Vec<&str> = ask.options.iter().map(String::as_str).collect();
    let draft = compose::poll(&ask.question, &options, ask.several)?;
    keeper
        .with(move |kept| {
            let message = kept.agent.act_for(|client, now| client.send(&room, draft, now))?;
            Ok(Json(Begun { message: Some(message.to_string()) }))
        })
        .await
}

/// Chooses in a poll; nothing takes an earlier choice back.
#[utoipa::path(post, path = "/accounts/{account}/rooms/{room}/messages/{message}/vote", params(("account" = String, Path,), ("room" = String, Path,), ("message" = String, Path,)), request_body = NewVote, responses((status = 204), (status = 422, body = Problem)))]
pub(super) async fn vote(
    State(app): State<Arc<App>>,
    Path((account, room, message)): Path<(String, String, String)>,
    Body(ask): Body<NewVote>,
) -> Answer<StatusCode> {
    change(&app, &account, &room, &message, Whose::Any, move |_, _, id| {
        Ok(Some(compose::vote(id, &ask.choices)?))
    })
    .await
}

/// Tells those who are there whether this person is writing. Nothing is stored, and nothing is sent if the person chose so.
#[utoipa::path(post, path = "/accounts/{account}/rooms/{room}/typing", params(("account" = String, Path,), ("room" = String, Path,)), request_body = Writing, responses((status = 204)))]
pub(super) async fn typing(
    State(app): State<Arc<App>>,
    Path((account, room)): Path<(String, String)>,
    Body(ask): Body<Writing>,
) -> Answer<StatusCode> {
    let (keeper, room) = (app.accounts.get(&account)?, room_uri(&room)?);
    if app.accounts.settings().typing {
        let draft = compose::typing(ask.writing);
        keeper
            .with(move |kept| {
                Ok(kept.agent.act_for(|client, now| client.send(&room, draft, now)).map(|_| ())?)
            })
            .await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Whose message may be changed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Whose {
    Own,
    Any,
}

async fn change(
    app: &App,
    account: &str,
    room: &str,
    message: &str,
    whose: Whose,
    draft: impl FnOnce(&mut super::super::keeper::Kept, &RoomUri, MessageId) -> Answer<Option<Draft>>
    + Send
    + 'static,
) -> Answer<StatusCode> {
    let (keeper, room, id) = (app.accounts.get(account)?, room_uri(room)?, message_id(message)?);
    keeper
        .with(move |kept| {
            let found = conversation::message(&kept.store(), &room, id)?;
            let found = found.ok_or_else(|| Problem::not_found("that message is not on this device"))?;
            if whose == Whose::Own && !found.mine {
                let why = "only its sender can change a message";
                return Err(Problem::new(StatusCode::FORBIDDEN, ProblemCode::NotAllowed, why));
            }
            if let Some(draft) = draft(kept, &room, found.id)? {
                kept.agent.act_for(|client, now| client.send(&room, draft, now))?;
            }
            Ok(StatusCode::NO_CONTENT)
        })
        .await
}
