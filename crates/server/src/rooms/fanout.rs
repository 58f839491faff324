//! Handing an event to every device it is for: mailboxes here, outboxes for other services, in the caller's commit.

use super::{RoomsError, live::Devices};
use crate::{federation::Federation, mailbox::Mailboxes};
use std::collections::BTreeSet;
use trefoil_proto::{
    DeviceUri, Domain, RoomUri,
    frame::MailboxEvent,
    mimi::{FanoutMessage, NotifyRequest, fanout::Recipient, submit::Delivery},
};
use trefoil_store::{Batch, QueueKey};

/// Collects writes, and whom to tell when they are durable.
#[derive(Default)]
pub(super) struct Fanout {
    pub(super) batch: Batch,
    local: Vec<QueueKey>,
    remote: BTreeSet<Domain>,
}

impl Fanout {
    /// Adds an event for some devices; `except` does not get it.
    pub(super) fn add(
        &mut self,
        mailboxes: &Mailboxes,
        federation: &Federation,
        room: &RoomUri,
        devices: &Devices,
        except: Option<&DeviceUri>,
        message: FanoutMessage,
    ) -> Result<(), RoomsError> {
        let message = self.add_remote(federation, room, devices, except, message);
        let queues: Vec<QueueKey> = devices
            .local
            .iter()
            .filter(|device| except.is_none_or(|except| !device.is(except)))
            .map(|device| device.queue.clone())
            .collect();
        self.local.extend_from_slice(&queues);
        let event = MailboxEvent::Room { room: room.clone(), message };
        mailboxes.append_to(&mut self.batch, queues, &event)?;
        Ok(())
    }

    /// The batch is durable: wakes connections and workers.
    pub(super) fn announce(&self, mailboxes: &Mailboxes, federation: &Federation) {
        mailboxes.announce_to(&self.local);
        for domain in &self.remote {
            federation.announce(domain);
        }
    }

    fn add_remote(
        &mut self,
        federation: &Federation,
        room: &RoomUri,
        devices: &Devices,
        except: Option<&DeviceUri>,
        message: FanoutMessage,
    ) -> FanoutMessage {
        let mut messages = vec![message];
        for (domain, recipients) in devices.remote_except(except) {
            let notify = NotifyRequest { delivery: Delivery::Durable, recipients, messages };
            federation.queue_notify(&mut self.batch, domain, room, &notify);
            self.remote.insert(domain.clone());
            messages = notify.messages;
        }
        messages.pop().expect("the one message went round and came back")
    }
}

/// Hands a passing event to the devices that are connected now, here and elsewhere.
pub(super) fn pass(
    mailboxes: &Mailboxes,
    federation: &Federation,
    room: &RoomUri,
    devices: &Devices,
    except: Option<&DeviceUri>,
    message: FanoutMessage,
) {
    let mut messages = vec![message];
    for (domain, recipients) in devices.remote_except(except) {
        let notify = NotifyRequest { delivery: Delivery::Passing, recipients, messages };
        federation.pass(domain, room, &notify);
        messages = notify.messages;
    }
    let message = messages.pop().expect("the one message went round and came back");
    let local: Vec<Recipient> = devices
        .local
        .iter()
        .filter(|device| except.is_none_or(|except| !device.is(except)))
        .map(|device| device.recipient.clone())
        .collect();
    mailboxes.pass(&local, &MailboxEvent::Room { room: room.clone(), message });
}
