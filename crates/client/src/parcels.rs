//! The client as a shell sees it: messages that waited for their files.

use crate::{
    Client, ClientError, Step,
    attachment::{AttachmentError, Parcel},
    conversation::{ConversationError, Draft, MessageId},
};
use trefoil_proto::{ProtoError, Timestamp};

impl Client {
    /// Sends what a parcel became. It leaves the store in the same commit in which the message comes into the outbox, so
    /// that whatever happens it is sent once.
    ///
    /// # Errors
    /// As [`Client::send`]; the parcel stays then. [`ConversationError::NoSuchMessage`] if it does not wait any more, because it
    /// was sent or given up. [`ClientError::Row`].
    pub fn send_parcel(
        &mut self,
        parcel: &Parcel,
        draft: Draft,
        now: Timestamp,
    ) -> Result<(MessageId, Step<'_>), ClientError> {
        self.step(now, |core| {
            if !parcel.is_there(&core.tx()).map_err(unreadable)? {
                return Err(ConversationError::NoSuchMessage.into());
            }
            core.unblocked(&parcel.room)?;
            let message = core.say(&parcel.room, draft, now)?;
            parcel.forget(&mut core.tx()).map_err(unreadable)?;
            Ok(message)
        })
    }
}

fn unreadable(error: AttachmentError) -> ClientError {
    match error {
        AttachmentError::Store(error) => error.into(),
        _ => ClientError::Row { what: "parcel", source: ProtoError::Malformed("file that was handed over") },
    }
}
