//! The hot path: an application message is checked, stamped, made durable for everyone, and answered.

use super::{
    Origin, Rooms, RoomsError, fanout,
    live::View,
    repeats::{Claim, Known},
    rows,
};
use crate::federation::IncidentReason;
use futures_util::future::BoxFuture;
use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};
use tokio::runtime::Handle;
use trefoil_proto::{
    DeviceUri, RoomUri, Timestamp, UserUri,
    franking::{FrankingTag, ServerFrankingContext},
    mimi::{
        FanoutMessage, Frank, SubmitMessageRequest, SubmitMessageResponse, fanout::RoomEvent,
        submit::Delivery,
    },
    mls::MessageKind,
    room::Role,
};
use trefoil_store::StoreError;

impl Rooms {
    /// Whether this hub made a stamp over a tag and a context.
    pub fn has_stamped(&self, tag: &FrankingTag, context: &ServerFrankingContext, frank: &Frank) -> bool {
        self.keys.has_stamped(tag, context, frank)
    }

    /// Takes a message for a room. A durable one is in every mailbox of this service and in the outbox of every other
    /// when this returns. `sender` is the sending device, if it is known; it does not get its own message back. One
    /// that came before, not long ago, is delivered once and answered as it was.
    ///
    /// # Errors
    /// [`RoomsError::NotFound`], [`RoomsError::NotFranked`], [`RoomsError::Malformed`] for anything but an
    /// application message of this room, [`RoomsError::WrongOrigin`] if the origin may not speak for the sender;
    /// [`RoomsError::UnderWay`] if the same message is being stored now; [`RoomsError::Store`].
    pub async fn submit(
        &self,
        origin: &Origin,
        room: &RoomUri,
        request: SubmitMessageRequest,
        sender: Option<&DeviceUri>,
        now: Timestamp,
    ) -> Result<SubmitMessageResponse, RoomsError> {
        let message = &request.app_message;
        if message.kind() != MessageKind::Application {
            return Err(RoomsError::Malformed("not an application message"));
        }
        let key = rows::room_key(room);
        if message.group_id() != Some(&key[..]) {
            self.misused(origin, IncidentReason::EventOfAnotherRoom, now).await;
            return Err(RoomsError::Malformed("a message of another room"));
        }
        let tag = message.franking_tag().ok_or(RoomsError::NotFranked)?;
        let sender_frank = match origin {
            Origin::Device(_) => None,
            Origin::Peer(_) => Some(request.sender_frank.ok_or(RoomsError::NotFranked)?),
        };
        if !origin.vouches_for_user(&request.sending_uri) {
            self.misused(origin, IncidentReason::VouchedForAnother, now).await;
            return Err(RoomsError::WrongOrigin);
        }
        let mut found = self.room(room).await?;
        let mut view = found.view();
        if message.epoch().is_some_and(|epoch| epoch > view.epoch) {
            found = self.reload(&found).await?;
            view = found.view();
        }
        let sender_user = &request.sending_uri;
        if view.role_of(sender_user) < Role::MEMBER
            || !may_send(&view, origin, sender_user)
            || view.refuses(sender_user)
        {
            return Ok(SubmitMessageResponse::NotAllowed);
        }
        let stamped = |at| {
            let frank = self.keys.frank(&tag, (&request.sending_uri, sender_frank), room, view.suite, at);
            SubmitMessageResponse::Accepted { accepted_timestamp: at, frank: Some(frank) }
        };
        let claim = match request.delivery {
            Delivery::Passing => None,
            Delivery::Durable => match found.repeats.look(&request) {
                Known::New(claim) => Some(claim),
                Known::UnderWay => return Err(RoomsError::UnderWay),
                Known::Taken(at) => return Ok(stamped(at)),
            },
        };
        if message.epoch() != Some(view.epoch) {
            return Ok(SubmitMessageResponse::EpochTooOld { current_epoch: view.epoch });
        }
        let frank = self.keys.frank(&tag, (&request.sending_uri, sender_frank), room, view.suite, now);
        let except = match origin {
            Origin::Device(device) => Some(device),
            Origin::Peer(_) => sender,
        };
        let event = fanout_message(request, frank.clone(), now);
        let accepted = SubmitMessageResponse::Accepted { accepted_timestamp: now, frank: Some(frank) };
        let Some(claim) = claim else {
            fanout::pass(&self.mailboxes, &self.federation, room, &view.devices, except, event);
            return Ok(accepted);
        };
        match self.deliver(room, key, &view, except, event, claim).await {
            Err(RoomsError::Store(StoreError::AssertFailed { .. })) => {
                let current_epoch = self.reload(&found).await?.view().epoch;
                Ok(SubmitMessageResponse::EpochTooOld { current_epoch })
            }
            Err(error) => Err(error),
            Ok(()) => Ok(accepted),
        }
    }

    /// One commit: the epoch still is what the message was made for, and everyone has it.
    async fn deliver(
        &self,
        room: &RoomUri,
        key: bytes::Bytes,
        view: &View,
        except: Option<&DeviceUri>,
        event: FanoutMessage,
        claim: Claim,
    ) -> Result<(), RoomsError> {
        let at = event.timestamp;
        let mut out = fanout::Fanout::default();
        out.batch.assert_equals(rows::EPOCH, key, view.epoch_row.clone());
        out.add(&self.mailboxes, &self.federation, room, &view.devices, except, event)?;
        self.settle(out, claim, at).await
    }

    /// Commits what was collected and tells everyone, even if whoever asked has gone away meanwhile.
    fn settle(&self, mut out: fanout::Fanout, claim: Claim, at: Timestamp) -> Settling {
        let (store, mailboxes, federation) =
            (Arc::clone(&self.store), Arc::clone(&self.mailboxes), Arc::clone(&self.federation));
        Settling(Some(Box::pin(async move {
            store.commit(std::mem::take(&mut out.batch)).await?;
            claim.taken(at);
            out.announce(&mailboxes, &federation);
            Ok(())
        })))
    }

    /// Records what was handed in if another service did it; a device of our own is only refused.
    pub(super) async fn misused(&self, origin: &Origin, reason: IncidentReason, now: Timestamp) {
        if let Origin::Peer(domain) = origin {
            self.federation.record_incident(domain, reason, now).await;
        }
    }
}

/// A commit under way. It is begun by the first poll, on the task of whoever asked, so that messages are committed in
/// the order in which they were handed in; if it is dropped before its end, it goes on by itself.
struct Settling(Option<BoxFuture<'static, Result<(), RoomsError>>>);

impl Future for Settling {
    type Output = Result<(), RoomsError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(under_way) = &mut self.0 else { return Poll::Pending };
        let ended = ready!(under_way.as_mut().poll(context));
        self.0 = None;
        Poll::Ready(ended)
    }
}

impl Drop for Settling {
    fn drop(&mut self) {
        // Without a runtime the whole service is gone, and devices find the message when they read.
        if let (Some(under_way), Ok(runtime)) = (self.0.take(), Handle::try_current()) {
            runtime.spawn(under_way);
        }
    }
}

/// A device sends to the rooms that it is in. Which device of another service sends, only the members can tell.
fn may_send(view: &View, origin: &Origin, user: &UserUri) -> bool {
    match origin {
        Origin::Device(device) => view.has_device(device),
        Origin::Peer(_) => view.has_device_of(user),
    }
}

fn fanout_message(request: SubmitMessageRequest, frank: Frank, now: Timestamp) -> FanoutMessage {
    FanoutMessage {
        protocol: request.protocol,
        timestamp: now,
        event: RoomEvent::Application { message: request.app_message, frank: Some(frank) },
    }
}
