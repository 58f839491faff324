//! Asking for what is missing, and giving it.

use super::{
    Finding, Placed,
    again::{ASKED, Again, Asked},
    heard::Heard,
    order::{Counters, DeviceTag, Order},
    rows::{HEARD, SENDING, heard_key},
    sent::{Giving, push},
};
use crate::{
    ClientError, Event,
    conversation::{self, By, Incoming, compose},
    core::Core,
    mls::credential,
    rows::{Row as _, room_range},
};
use std::collections::BTreeSet;
use trefoil_proto::{
    DeviceUri, RoomUri, Timestamp,
    content::{MimiContent, ReceivedContent},
    limits,
};

/// What a message that is given again may have around it.
const AROUND: usize = 4096;

/// What was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AskedFor {
    /// How many messages.
    pub messages: u64,
    /// How many more are missing: they can be asked for once these are here.
    pub later: u64,
    /// Devices of which messages are missing and that are not in the room any more: nobody can give them.
    pub gone: Vec<DeviceUri>,
}

impl Core {
    /// Asks the devices of a room for their messages that did not come here.
    pub(crate) fn ask_again(&mut self, uri: &RoomUri, now: Timestamp) -> Result<AskedFor, ClientError> {
        let present: BTreeSet<DeviceUri> = match &self.known_room(uri)?.group {
            Some(group) => group
                .members()
                .filter_map(|member| credential::claimed_device(&member.credential).ok())
                .collect(),
            // Nobody in there hears this device any more.
            None => return Err(ClientError::RoomNotOpen(uri.clone())),
        };
        let (mut asked, mut of) = (AskedFor::default(), Vec::new());
        for (_, row) in self.tx().scan(HEARD, &room_range(uri), usize::MAX, false)? {
            let heard = Heard::from_row(&row)?;
            let missing = heard.missing();
            if missing.is_empty() {
                continue;
            }
            if !present.contains(&heard.device) {
                asked.gone.push(heard.device);
                continue;
            }
            let mut counters = Vec::new();
            for range in missing {
                let many = (range.to - range.from + 1).min(ASKED - asked.messages);
                if many > 0 {
                    counters.push(Counters { from: range.from, to: range.from + many - 1 });
                }
                asked.messages += many;
                asked.later += range.to - range.from + 1 - many;
            }
            if !counters.is_empty() {
                of.push(Asked { device: heard.tag(), counters });
            }
        }
        if !of.is_empty() {
            self.queue(uri, compose::again(&Again::Ask(of).to_bytes()), now)?;
        }
        Ok(asked)
    }

    /// Somebody came in: what was sent before is not given again.
    pub(crate) fn newcomer(&mut self, uri: &RoomUri) -> Result<(), ClientError> {
        let epoch = self.known_room(uri)?.epoch().unwrap_or(0);
        let mut sending = self.sending(uri)?;
        sending.newcomer = sending.newcomer.max(epoch);
        sending.write(&mut self.tx(), SENDING, uri.to_string());
        Ok(())
    }

    /// A message that asks or gives, if it is one. What can be given leaves with the other answers of this step.
    pub(crate) fn again_heard(
        &mut self,
        message: Placed<'_>,
        received: Timestamp,
        (by, participants): (By, usize),
    ) -> Result<(), ClientError> {
        let Some(again) = conversation::again(message.content).and_then(Again::of) else { return Ok(()) };
        match again {
            Again::Ask(asked) => self.asked(message.room, &asked),
            Again::Given { accepted, content } => {
                // It was accepted before what brings it.
                let accepted = accepted.min(message.accepted);
                self.given(Placed { accepted, ..message }, content.as_slice(), received, (by, participants))
            }
            Again::Unavailable { lost, void } => self.not_to_be_had(message, &lost, &void),
        }
    }

    fn asked(&mut self, uri: &RoomUri, asked: &[Asked]) -> Result<(), ClientError> {
        let tag = DeviceTag::of(&self.me()?.device);
        let newcomer = self.sending(uri)?.newcomer;
        let (mut lost, mut void, mut drafts) = (Vec::new(), Vec::new(), Vec::new());
        let own = asked.iter().filter(|asked| asked.device == tag).flat_map(|asked| &asked.counters);
        for counter in own.flat_map(|range| range.from..=range.to) {
            match self.give(uri, counter, newcomer)? {
                Giving::Given { accepted, content } if content.len() + AROUND <= limits::MESSAGE => {
                    let again = Again::Given { accepted, content: content.into() };
                    drafts.push(compose::again(&again.to_bytes()));
                }
                Giving::Given { .. } | Giving::Lost => push(&mut lost, counter),
                Giving::Void => push(&mut void, counter),
            }
        }
        if !lost.is_empty() || !void.is_empty() {
            drafts.push(compose::again(&Again::Unavailable { lost, void }.to_bytes()));
        }
        if !drafts.is_empty() {
            self.follow_ups.entry(uri.clone()).or_default().extend(drafts);
        }
        Ok(())
    }

    /// Takes up a message that was missing. One that was not is known.
    fn given(
        &mut self,
        outer: Placed<'_>,
        content: &[u8],
        received: Timestamp,
        (by, participants): (By, usize),
    ) -> Result<(), ClientError> {
        let Ok(content) = ReceivedContent::decode(content.to_vec()) else { return Ok(()) };
        let Some(order) = Order::of(&content.content) else { return Ok(()) };
        let key = heard_key(outer.room, DeviceTag::of(outer.sender));
        let heard = Heard::read(&self.tx(), HEARD, &key)?;
        let is_missing = |heard: &Heard| heard.missing().iter().any(|range| range.holds(order.counter));
        if !heard.as_ref().is_some_and(is_missing) || is_nested(&content.content) {
            return Ok(());
        }
        let (me, sender_user) = (self.me()?.user.clone(), outer.sender.user_uri());
        let incoming = Incoming {
            room: outer.room,
            me: &me,
            sender_user: &sender_user,
            sender_device: outer.sender,
            // As it is now: that it was said earlier is the sender's word alone.
            by,
            accepted: outer.accepted,
            received,
            content: &content,
            // The hub's stamp is on the message that brought it.
            frank: None,
            passing: false,
            participants,
        };
        let taken = conversation::receive(&mut self.tx(), incoming)?;
        for event in taken.events {
            self.emit(Event::Conversation(event));
        }
        if !taken.follow_ups.is_empty() {
            self.follow_ups.entry(outer.room.clone()).or_default().extend(taken.follow_ups);
        }
        let id = content.id(&sender_user, outer.room);
        self.hear(Placed { content: &content.content, id, asked: true, ..outer })
    }

    fn not_to_be_had(
        &mut self,
        message: Placed<'_>,
        lost: &[Counters],
        void: &[Counters],
    ) -> Result<(), ClientError> {
        let key = heard_key(message.room, DeviceTag::of(message.sender));
        let Some(mut heard) = Heard::read(&self.tx(), HEARD, &key)? else { return Ok(()) };
        for counters in void {
            heard.give_up(*counters);
        }
        let given_up: Vec<Counters> = lost.iter().flat_map(|counters| heard.give_up(*counters)).collect();
        heard.write(&mut self.tx(), HEARD, key);
        for Counters { from, to } in given_up {
            self.tell(message.room, message.sender, Finding::Unavailable { from, to }, message.accepted)?;
        }
        Ok(())
    }
}

/// What asks or gives is never given itself.
fn is_nested(content: &MimiContent) -> bool {
    conversation::again(content).is_some()
}
