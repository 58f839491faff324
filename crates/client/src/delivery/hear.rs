//! Numbering what leaves, judging what comes, telling the person.

use super::{
    Finding,
    heard::Heard,
    order::{DeviceTag, Order, Seen},
    rows::{HEARD, SENDING, heard_key},
    sending::Sending,
};
use crate::{
    ClientError, Event,
    conversation::Line,
    core::Core,
    rows::{Row as _, room_range},
};
use trefoil_proto::{
    DeviceUri, RoomUri, Timestamp,
    content::{MessageId, MimiContent, ReceivedContent},
    defence::Defence,
};

/// What became of an own message.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// The hub took it, encrypted in this epoch, at this time.
    Accepted { epoch: u64, at: Timestamp },
    /// It will never be sent.
    GivenUp,
}

/// A message that came, as far as its place is concerned.
#[derive(Clone, Copy)]
pub(crate) struct Placed<'a> {
    pub(crate) room: &'a RoomUri,
    pub(crate) sender: &'a DeviceUri,
    pub(crate) content: &'a MimiContent,
    pub(crate) id: MessageId,
    /// When the hub accepted it, or the sender says it did.
    pub(crate) accepted: Timestamp,
    /// This device asked for it.
    pub(crate) asked: bool,
}

/// What a device sent to a room and is not here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotHere {
    /// Which device.
    pub device: DeviceUri,
    /// Messages that a service dropped or holds back.
    pub missing: u64,
    /// Messages, or fewer, that may have been sent while this device was not in the room or had fallen out of step.
    pub excused: u64,
}

impl Core {
    /// Gives a message that is about to be queued its place.
    pub(crate) fn place(&mut self, uri: &RoomUri, content: &mut MimiContent) -> Result<Order, ClientError> {
        let epoch = self.known_room(uri)?.epoch().unwrap_or(0);
        let mut sending = self.sending(uri)?;
        let order = sending.next(epoch);
        order.put(&mut content.extensions).map_err(crate::conversation::ConversationError::from)?;
        sending.write(&mut self.tx(), SENDING, uri.to_string());
        Ok(order)
    }

    /// The message of that place is queued.
    pub(crate) fn placed(&mut self, uri: &RoomUri, order: &Order, id: MessageId) -> Result<(), ClientError> {
        let mut sending = self.sending(uri)?;
        sending.queued(order, id);
        sending.write(&mut self.tx(), SENDING, uri.to_string());
        Ok(())
    }

    /// The fate of an own message is known.
    pub(crate) fn settled(&mut self, uri: &RoomUri, content: &[u8], fate: Fate) -> Result<(), ClientError> {
        // What an earlier version of this program queued has no place.
        let Ok(content) = ReceivedContent::decode(content.to_vec()) else { return Ok(()) };
        let Some(order) = Order::of(&content.content) else { return Ok(()) };
        let mut sending = self.sending(uri)?;
        match fate {
            Fate::Accepted { .. } => sending.accepted(order.counter),
            Fate::GivenUp => sending.given_up(order.counter),
        }
        sending.write(&mut self.tx(), SENDING, uri.to_string());
        match fate {
            Fate::Accepted { epoch, at } => self.keep_sent(uri, order.counter, (epoch, at), &content),
            Fate::GivenUp => Ok(()),
        }
    }

    /// This device hears a room anew: what was sent meanwhile it may have missed without anybody's fault. Of what is
    /// queued in the epoch `since` or later it should miss nothing.
    pub(crate) fn listen_anew(&mut self, uri: &RoomUri, since: u64) -> Result<(), ClientError> {
        let mut sending = self.sending(uri)?;
        sending.listen(since);
        sending.write(&mut self.tx(), SENDING, uri.to_string());
        Ok(())
    }

    /// The service dropped what was for this device. What was queued in the present epoch may be among it.
    pub(crate) fn lapsed(&mut self, uri: &RoomUri, now: Timestamp) -> Result<(), ClientError> {
        let Some(epoch) = self.room(uri)?.and_then(|room| room.epoch()) else { return Ok(()) };
        // A service that says so takes away what it likes: the person reads where.
        self.write_line(uri, &Line::Lapsed, now)?;
        self.emit(Event::RoomLapsed { room: uri.clone() });
        self.listen_anew(uri, epoch.saturating_add(1))
    }

    /// Judges the place of a message that came, and tells what is wrong.
    pub(crate) fn hear(&mut self, message: Placed<'_>) -> Result<(), ClientError> {
        if !Defence::Order.stands() {
            return Ok(());
        }
        let Some(order) = Order::of(message.content) else { return Ok(()) };
        let (uri, me) = (message.room, self.me()?);
        if *message.sender == me.device {
            return Ok(());
        }
        let mut sending = self.sending(uri)?;
        let listening = sending.listening;
        let key = heard_key(uri, DeviceTag::of(message.sender));
        let mut heard =
            Heard::read(&self.tx(), HEARD, &key)?.unwrap_or_else(|| Heard::new(message.sender.clone()));
        let found = heard.take(&order, message.id, listening, message.asked);
        if let Some(transcript) = heard.transcript() {
            sending.heard(Seen { device: heard.tag(), counter: heard.last, transcript });
            sending.write(&mut self.tx(), SENDING, uri.to_string());
        }
        heard.write(&mut self.tx(), HEARD, key);
        for finding in found {
            self.tell(uri, message.sender, finding, message.accepted)?;
        }
        let by = message.sender.user_uri();
        for seen in &order.seen {
            // Of a device that was never heard here nothing is known to be missing, and of this one nothing is new.
            let key = heard_key(uri, seen.device);
            let Some(mut other) = Heard::read(&self.tx(), HEARD, &key)? else { continue };
            let claim = (seen.counter, seen.transcript);
            if let Some(finding) = other.claim(claim, &by, listening) {
                let device = other.device.clone();
                other.write(&mut self.tx(), HEARD, key);
                self.tell(uri, &device, finding, message.accepted)?;
            }
        }
        Ok(())
    }

    /// Tells the person: an event, and a line where it has to stay.
    pub(super) fn tell(
        &mut self,
        uri: &RoomUri,
        device: &DeviceUri,
        finding: Finding,
        at: Timestamp,
    ) -> Result<(), ClientError> {
        match &finding {
            // One line for what was missing tells enough of what comes later; what is repeated changes nothing.
            Finding::Late { .. } | Finding::Repeated { .. } | Finding::Restored { .. } => {}
            _ => {
                let line = Line::Delivery { device: device.clone(), finding: finding.clone() };
                self.write_line(uri, &line, at)?;
            }
        }
        self.emit(Event::Delivery { room: uri.clone(), device: device.clone(), finding });
        Ok(())
    }

    /// Of whom something did not come to a room, and how much.
    pub(crate) fn missing(&self, uri: &RoomUri) -> Result<Vec<NotHere>, ClientError> {
        let mut missing = Vec::new();
        for (_, row) in self.tx().scan(HEARD, &room_range(uri), usize::MAX, false)? {
            let heard = Heard::from_row(&row)?;
            let all: u64 = heard.missing().iter().map(|range| range.to - range.from + 1).sum();
            let excused = heard.excused();
            if all > 0 {
                missing.push(NotHere { device: heard.device, missing: all - excused, excused });
            }
        }
        Ok(missing)
    }

    pub(super) fn sending(&self, uri: &RoomUri) -> Result<Sending, ClientError> {
        Ok(Sending::read(&self.tx(), SENDING, uri.to_string().as_bytes())?.unwrap_or_default())
    }
}
