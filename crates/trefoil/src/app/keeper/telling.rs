//! What the windows are told of what happened: each line and each room once.

use super::Kept;
use crate::{
    app::{
        hub::Happening,
        shape::{self, Item, Warning},
    },
    show,
};
use std::collections::BTreeSet;
use trefoil_client::{
    Event,
    conversation::{self, ConversationEvent as Talk, Cursor, Position},
};
use trefoil_proto::{RoomUri, content::MessageId};

impl Kept {
    /// Tells the windows how a room stands now.
    pub fn tell_room(&mut self, room: &RoomUri) {
        match shape::room(&mut self.agent.client, &self.id, room) {
            Ok(Some(room)) => self.hub.tell(&Happening::Room { room: Box::new(room) }),
            Ok(None) => {}
            Err(error) => tracing::error!(%error, "a room could not be read"),
        }
    }

    /// Tells the windows something.
    pub fn tell_all(&self, happening: &Happening) {
        self.hub.tell(happening);
    }

    pub(super) fn tell_account(&mut self) {
        let now = self.account();
        if self.told.borrow().as_ref() != Some(&now) {
            self.hub.tell(&Happening::Account { account: Box::new(now.clone()) });
            self.told.send_replace(Some(now));
        }
    }

    /// Tells the windows of what happened, each line and each room once.
    pub(super) fn tell(&mut self, events: &[Event]) {
        for event in events {
            match event {
                Event::Unauthenticated { .. } => self.gone = true,
                Event::CaughtUp => self.gone = false,
                _ => {}
            }
        }
        events.iter().for_each(|event| self.warn(event));
        if self.hub.is_alone() || events.is_empty() {
            return;
        }
        let (mut lines, mut rooms, mut notes) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        for event in events {
            match event {
                Event::Conversation(talk) => self.sort(talk, &mut lines, &mut rooms, &mut notes),
                other => self.sort_other(other, &mut rooms),
            }
        }
        for (room, id) in lines {
            self.tell_line(&room, id);
            rooms.insert(room);
        }
        for (room, position) in notes {
            self.tell_note(&room, position);
            rooms.insert(room);
        }
        for room in rooms {
            self.tell_room(&room);
        }
    }

    pub(super) fn sort(
        &self,
        talk: &Talk,
        lines: &mut BTreeSet<(RoomUri, MessageId)>,
        rooms: &mut BTreeSet<RoomUri>,
        notes: &mut BTreeSet<(RoomUri, Position)>,
    ) {
        match talk {
            Talk::Added { room, id, .. }
            | Talk::Edited { room, id }
            | Talk::Unsent { room, id }
            | Talk::Reactions { room, id }
            | Talk::Status { room, id, .. }
            | Talk::Votes { room, id }
            | Talk::Outgoing { room, id, .. } => {
                lines.insert((room.clone(), *id));
            }
            Talk::Expired { room, id } | Talk::Discarded { room, id } => {
                let (account, room_uri, message) = (self.id.clone(), room.to_string(), id.to_string());
                self.hub.tell(&Happening::Gone { account, room: room_uri, message });
                rooms.insert(room.clone());
            }
            Talk::Typing { room, user, started } => {
                let name =
                    conversation::profile(&self.store(), room, user).ok().flatten().unwrap_or_default();
                self.hub.tell(&Happening::Typing {
                    account: self.id.clone(),
                    room: room.to_string(),
                    user: user.to_string(),
                    name,
                    writing: *started,
                });
            }
            Talk::Noted { room, position } => {
                notes.insert((room.clone(), *position));
            }
            Talk::Opened { room, id } => {
                lines.insert((room.clone(), *id));
            }
            Talk::Profile { room, .. }
            | Talk::Read { room, .. }
            | Talk::Timer { room }
            | Talk::Picture { room, .. }
            | Talk::Groups { room }
            | Talk::Marked { room } => {
                rooms.insert(room.clone());
            }
            Talk::Refused { .. } => {}
        }
    }

    /// Keeps what is no line of a room and yet to be known, whether a window listens or not.
    fn warn(&self, event: &Event) {
        if let Event::KeysProven { user } = event {
            return self.is_over("keys-unproven", user);
        }
        if let Some(refused) = show::refusal(event) {
            let Event::ChangeRefused { room, .. } = event else { return };
            let warning = Warning::of(event, "change-refused", refused.to_string());
            return self.alarm(Some(room), warning);
        }
        if is_routine(event) {
            return;
        }
        // Those of a room are lines there.
        if let Ok(Some(show::Shown::Event(happened))) = show::event(&self.agent, event)
            && happened.room.is_none()
            && let Some(text) = happened.detail
        {
            self.alarm(None, Warning::of(event, happened.event, text));
        }
    }

    fn sort_other(&self, event: &Event, rooms: &mut BTreeSet<RoomUri>) {
        match event {
            Event::ChangeRefused { room, .. }
            | Event::RoomJoined { room, .. }
            | Event::RoomLeft { room, .. } => {
                rooms.insert(room.clone());
            }
            other if is_routine(other) => {}
            other => {
                if let Ok(Some(show::Shown::Event(happened))) = show::event(&self.agent, other) {
                    rooms.extend(happened.room.as_ref().and_then(|room| room.parse().ok()));
                }
            }
        }
    }

    pub(super) fn tell_line(&self, room: &RoomUri, id: MessageId) {
        let store = self.store();
        let Ok(me) = self.me() else { return };
        let told = conversation::message(&store, room, id)
            .and_then(|found| found.map(|kept| shape::message(&store, &me, room, kept)).transpose());
        match told {
            Ok(Some(message)) => self.hub.tell(&Happening::Item {
                account: self.id.clone(),
                room: room.to_string(),
                item: Box::new(Item::Message(Box::new(message))),
            }),
            Ok(None) => {}
            Err(error) => tracing::error!(%error, "a message could not be read"),
        }
    }

    pub(super) fn tell_note(&self, room: &RoomUri, position: Position) {
        let store = self.store();
        let Ok(me) = self.me() else { return };
        let there = conversation::timeline(&store, room, Cursor::From(position), 1);
        let told = there.and_then(|mut line| {
            let kept = line.pop().filter(|kept| matches!(kept, conversation::Item::Note(_)));
            kept.map(|kept| shape::item(&store, &me, room, kept)).transpose()
        });
        match told {
            Ok(Some(item)) => self.hub.tell(&Happening::Item {
                account: self.id.clone(),
                room: room.to_string(),
                item: Box::new(item),
            }),
            Ok(None) => {}
            Err(error) => tracing::error!(%error, "a line could not be read"),
        }
    }
}

/// What a window need not know.
const fn is_routine(event: &Event) -> bool {
    matches!(
        event,
        Event::Conversation(_)
            | Event::RoomJoined { .. }
            | Event::RoomLeft { .. }
            | Event::CaughtUp
            | Event::Registered { .. }
            | Event::Linked { .. }
            | Event::KeysProven { .. }
    )
}
