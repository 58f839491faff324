//! Tests of the rules of a conversation.
#![allow(clippy::unwrap_used)]

mod any_order;
mod composing;
mod disappearing;
mod polls;
mod readers;
mod rules;
mod searching;
mod sending;
mod stored;
mod timers;

use super::*;
use crate::{
    attachment::{Descriptor, FileKey, Label, Survey},
    overlay::Overlay,
};
use std::sync::Arc;
use trefoil_proto::{
    DeviceUri, RoomUri, Timestamp, UserUri,
    content::{MimiContent, NestedPart, ReceivedContent},
    room::{Role, RoomKind},
};
use trefoil_store::{KeyRange, MemoryStore};

const NOW: u64 = 1_700_000_000_000;

fn user(name: &str) -> UserUri {
    format!("mimi://{name}.example/u/{name}").parse().unwrap()
}

fn me() -> UserUri {
    user("me")
}

fn device(user: &UserUri) -> DeviceUri {
    format!("mimi://{}/d/{}/one", user.domain, user.id).parse().unwrap()
}

fn room() -> RoomUri {
    "mimi://hub.example/r/room".parse().unwrap()
}

/// A message on its way: who, when (milliseconds after [`NOW`]), what.
#[derive(Clone, Debug)]
struct Sent {
    sender: UserUri,
    accepted: Timestamp,
    content: ReceivedContent,
}

impl Sent {
    fn id(&self) -> MessageId {
        self.content.id(&self.sender, &room())
    }
}

fn received_content(content: &MimiContent) -> ReceivedContent {
    ReceivedContent::decode(content.encode().unwrap()).unwrap()
}

/// The salt follows from sender and time, so that the same call makes the same message.
fn say(sender: &UserUri, at: u64, draft: Draft) -> Sent {
    let mut salt = [0; 16];
    salt[..8].copy_from_slice(&at.to_be_bytes());
    salt[8..10].copy_from_slice(&sender.id.as_str().as_bytes()[..2]);
    let content = draft.into_content(salt, sender, &room()).unwrap();
    Sent { sender: sender.clone(), accepted: Timestamp(NOW + at), content: received_content(&content) }
}

struct World {
    tx: Overlay,
}

impl World {
    fn new() -> Self {
        Self { tx: Overlay::new(Arc::new(MemoryStore::new())) }
    }

    fn incoming<'a>(
        sent: &'a Sent,
        (room, me, device): (&'a RoomUri, &'a UserUri, &'a DeviceUri),
    ) -> Incoming<'a> {
        Incoming {
            room,
            me,
            sender_user: &sent.sender,
            sender_device: device,
            by: By { role: Role::MEMBER, kind: RoomKind::Discussion },
            accepted: sent.accepted,
            received: sent.accepted.plus_millis(5),
            content: &sent.content,
            frank: None,
            passing: false,
            participants: 3,
        }
    }

    fn take(&mut self, sent: &Sent) -> Received {
        let (room, me, device) = (room(), me(), device(&sent.sender));
        let received = receive(&mut self.tx, Self::incoming(sent, (&room, &me, &device))).unwrap();
        self.tx.commit().unwrap();
        received
    }

    fn take_all(&mut self, sent: &[&Sent]) {
        for sent in sent {
            self.take(sent);
        }
    }

    fn queue(&mut self, sent: &Sent) -> MessageId {
        let (room, me) = (room(), me());
        let outgoing = Outgoing {
            room: &room,
            me: &me,
            device: &device(&me),
            content: &sent.content,
            queued: sent.accepted,
        };
        queued(&mut self.tx, outgoing).unwrap().0
    }

    /// The index of words is what it would be if it were made from the messages now.
    fn assert_indexed(&mut self) {
        let kept = index::everything(&self.tx).unwrap();
        begin_index_anew(&mut self.tx).unwrap();
        while !catch_up_index(&mut self.tx).unwrap() {}
        assert_eq!(index::everything(&self.tx).unwrap(), kept);
    }

    fn lines(&self) -> Vec<Item> {
        timeline(&self.tx, &room(), Cursor::Newest, 1000).unwrap()
    }

    fn messages(&self) -> Vec<Message> {
        let only = |item| match item {
            Item::Message(message) => Some(*message),
            Item::Note(_) => None,
        };
        self.lines().into_iter().filter_map(only).collect()
    }

    fn message(&self, id: MessageId) -> Message {
        message(&self.tx, &room(), id).unwrap().unwrap()
    }

    fn text_of(&self, id: MessageId) -> String {
        self.message(id).body.unwrap().text.unwrap()
    }

    fn emojis(&self, id: MessageId) -> Vec<(String, usize)> {
        self.message(id).reactions.into_iter().map(|group| (group.emoji, group.by.len())).collect()
    }
}

fn file(name: &str) -> Descriptor {
    let key = FileKey::from_parts(&[1; 32], &[2; 7]).unwrap();
    let mut survey = Survey::new(key, 5).unwrap();
    survey.feed(b"bytes").unwrap();
    let label =
        Label { filename: name.to_owned(), content_type: "application/pdf".into(), ..Label::default() };
    survey.finish().unwrap().describe("https://a.example/1".to_owned(), label)
}

fn text(text: &str) -> Draft {
    compose::text(text, &[]).unwrap()
}

fn edit(of: MessageId, text: &str) -> Draft {
    compose::edit(of, text, &[]).unwrap()
}

fn reaction(to: MessageId, emoji: &str) -> Draft {
    compose::reaction(to, emoji).unwrap()
}

fn status(id: MessageId, status: MessageStatus) -> Draft {
    compose::status(vec![(id, status)]).unwrap()
}

fn refusal(received: &Received) -> Option<Refusal> {
    received.events.iter().find_map(|event| match event {
        ConversationEvent::Refused { reason, .. } => Some(*reason),
        _ => None,
    })
}
