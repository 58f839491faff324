//! What other services' hubs tell our devices.

use super::{Federation, FederationError, IncidentReason, mark::Mark, window::Claimed};
use std::{collections::HashSet, sync::Arc};
use trefoil_proto::{
    Domain, RoomUri, Timestamp, Wire as _,
    frame::MailboxEvent,
    limits,
    mimi::{
        FanoutMessage, NotifyRequest,
        fanout::{Recipient, RoomEvent},
        submit::Delivery,
    },
};
use trefoil_store::Batch;

/// Every device of everyone in the largest room.
const RECIPIENTS: usize = limits::PARTICIPANTS * limits::DEVICES;

/// A notification that its sender may send: the room is its own, every event belongs to the room.
#[derive(Debug)]
pub struct CheckedNotify {
    from: Domain,
    room: RoomUri,
    request: NotifyRequest,
    now: Timestamp,
}

impl CheckedNotify {
    /// Whom it is for, as the sender says; each once. Which of them exist is for the caller to find out.
    pub fn recipients(&self) -> &[Recipient] {
        &self.request.recipients
    }
}

/// What became of a notification. Both are answered 201.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accepted {
    /// It is durable (or was passed on).
    New,
    /// It came before, and nothing was changed.
    Repeated,
}

impl Federation {
    /// Checks a notification against the peer that sent it. A refusal is recorded.
    ///
    /// # Errors
    /// [`FederationError::Inbound`].
    pub async fn check_notify(
        &self,
        from: &Domain,
        room: &RoomUri,
        body: &[u8],
        now: Timestamp,
    ) -> Result<CheckedNotify, FederationError> {
        match self.judge(from, room, body) {
            Ok(request) => Ok(CheckedNotify { from: from.clone(), room: room.clone(), request, now }),
            Err(reason) => Err(self.refuse(from, reason, now).await),
        }
    }

    /// Appends a notification's events to the mailboxes of those recipients that exist (`known`), together with the
    /// mark that they came, in one commit. What came before is left out, also if its hub stamped it anew since; if
    /// something comes back altered in any other way, nothing is taken, and that is recorded.
    ///
    /// # Errors
    /// [`FederationError::Inbound`]; [`FederationError::Busy`] if the same events are being stored now; [`FederationError::Mailbox`];
    /// [`FederationError::Store`]. Nothing was changed.
    pub async fn accept_notify(
        &self,
        notify: CheckedNotify,
        known: &[Recipient],
    ) -> Result<Accepted, FederationError> {
        let CheckedNotify { from, room, request, now } = notify;
        let event = |message: FanoutMessage| MailboxEvent::Room { room: room.clone(), message };
        if request.delivery == Delivery::Passing {
            for message in request.messages {
                self.mailboxes.pass(known, &event(message));
            }
            return Ok(Accepted::New);
        }
        let claimed = self.windows.claim(&from, &Mark::all(&room, &request), now).await?;
        let (claim, new) = match claimed {
            Claimed::Some(claim, new) => (claim, new),
            Claimed::Altered => return Err(self.refuse(&from, IncidentReason::AlteredEvent, now).await),
            Claimed::Replayed => return Err(self.refuse(&from, IncidentReason::Replayed, now).await),
        };
        if !new.contains(&true) {
            return Ok(Accepted::Repeated);
        }
        let mut batch = Batch::new();
        for (message, is_new) in request.messages.into_iter().zip(new) {
            if is_new {
                self.mailboxes.append(&mut batch, known, &event(message))?;
            }
        }
        claim.write(&from, &mut batch);
        // Even if the peer has gone away: what is durable must be known as seen, or its repetition would be new.
        let (store, mailboxes, known) =
            (Arc::clone(&self.store), Arc::clone(&self.mailboxes), known.to_vec());
        let settling = tokio::spawn(async move {
            store.commit(batch).await?;
            claim.done();
            mailboxes.announce(&known);
            Ok(Accepted::New)
        });
        settling.await.map_err(|_| FederationError::Busy)?
    }

    async fn refuse(&self, from: &Domain, reason: IncidentReason, now: Timestamp) -> FederationError {
        self.record_incident(from, reason, now).await;
        FederationError::Inbound { from: from.clone(), reason }
    }

    fn judge(&self, from: &Domain, room: &RoomUri, body: &[u8]) -> Result<NotifyRequest, IncidentReason> {
        if room.domain != *from || *from == self.domain {
            return Err(IncidentReason::RoomOfAnotherService);
        }
        let mut request = NotifyRequest::decode(body).map_err(|_| IncidentReason::Malformed)?;
        let group_id = room.to_string();
        let belongs = |message: &FanoutMessage| {
            let of_room = |id: Option<&[u8]>| id == Some(group_id.as_bytes());
            match &message.event {
                RoomEvent::Application { message, .. } => of_room(message.group_id()),
                // A Welcome does not say; the device finds out.
                RoomEvent::Welcome { .. } => true,
                RoomEvent::Proposal { message, more } => {
                    of_room(message.group_id()) && more.iter().all(|message| of_room(message.group_id()))
                }
                RoomEvent::Commit { message, external_proposals } => {
                    of_room(message.group_id())
                        && external_proposals.iter().all(|message| of_room(message.group_id()))
                }
                RoomEvent::Removal(asked) => asked.tbs.room == *room,
            }
        };
        if !request.messages.iter().all(belongs) {
            return Err(IncidentReason::EventOfAnotherRoom);
        }
        if request.recipients.len() > RECIPIENTS {
            return Err(IncidentReason::Malformed);
        }
        let mut met = HashSet::new();
        request.recipients.retain(|recipient| met.insert(recipient.clone()));
        Ok(request)
    }
}
