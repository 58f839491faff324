//! `submitMessage`: an application message goes to the hub (section 5.4).

use super::Protocol;
use crate::{
    ProtoError, RoomUri, Timestamp, UserUri,
    franking::{FrankingIntegrityTbs, SenderFrank, ServerFrankingContext},
    mls::MlsMessage,
};
use ed25519_dalek::{Signature, VerifyingKey};
use tls_codec::{TlsDeserializeBytes, TlsSerialize, TlsSize};

/// How long the message is meant to live on its way (profile addition; the draft has an open issue for it).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
#[repr(u8)]
pub enum Delivery {
    /// Kept in mailboxes until every device has it.
    #[default]
    Durable = 0,
    /// Handed to devices that are connected now, stored nowhere (typing notices).
    Passing = 1,
}

/// A `PrivateMessage` with application content, to be ordered, stamped and fanned out by the hub.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct SubmitMessageRequest {
    /// Always MLS 1.0.
    pub protocol: Protocol,
    /// The message; its authenticated data carries the franking tag.
    pub app_message: MlsMessage,
    /// The person who sends, an active participant. Seen by the hub, never fanned out.
    pub sending_uri: UserUri,
    /// Durable or passing.
    pub delivery: Delivery,
    /// The mark of the sender's service, which it adds when it hands the message to another hub; what a device says here counts
    /// for nothing (profile addition).
    pub sender_frank: Option<SenderFrank>,
}

/// The hub's stamp over a message it accepted (section 5.4.1); `crate::franking` makes and checks it.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct Frank {
    /// Which of the hub's keys made it (profile addition, so that keys can rotate).
    pub key_id: u32,
    /// HMAC-SHA256 under the hub's key over franking tag and context.
    pub server_frank: [u8; 32],
    /// The room's ciphersuite when it was stamped.
    pub signature_ciphersuite: u16,
    /// `SignWithLabel(franking key, "FrankingIntegrityTBS", FrankingIntegrityTBS)`.
    #[tls_codec(with = "crate::wire::opaque")]
    pub integrity_signature: Vec<u8>,
    /// The mark of the sender's service, where that is not the hub: under the stamp (profile addition).
    pub sender_frank: Option<SenderFrank>,
}

impl Frank {
    /// What it was made over, if this person sent the message into this room and the hub accepted it at this time.
    pub fn context(&self, sender: &UserUri, room: &RoomUri, accepted: Timestamp) -> ServerFrankingContext {
        ServerFrankingContext {
            sender_uri: sender.clone(),
            room_uri: room.clone(),
            accepted_timestamp: accepted,
            key_id: self.key_id,
            sender_frank: self.sender_frank,
        }
    }

    /// Checks that the hub with this key signed this stamp for this context.
    ///
    /// # Errors
    /// [`ProtoError::Unverified`].
    pub fn verify(&self, context: ServerFrankingContext, hub: &VerifyingKey) -> Result<(), ProtoError> {
        const REFUSED: ProtoError = ProtoError::Unverified("stamp");
        let tbs = FrankingIntegrityTbs {
            server_frank: self.server_frank,
            signature_ciphersuite: self.signature_ciphersuite,
            context,
        };
        let signature = Signature::from_slice(&self.integrity_signature).map_err(|_| REFUSED)?;
        hub.verify_strict(&tbs.signed_content(), &signature).map_err(|_| REFUSED)
    }
}

/// The hub's answer to a submission. Encoded as protocol, code, and what belongs to the code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SubmitMessageResponse {
    /// It is durable at the hub and will reach every member's service.
    Accepted {
        /// When the hub accepted it.
        accepted_timestamp: Timestamp,
        /// The stamp every receiver gets.
        frank: Option<Frank>,
    },
    /// Policy or authorisation forbids it.
    NotAllowed,
    /// The room has moved on: apply the commits in between, encrypt again.
    EpochTooOld {
        /// The room's epoch.
        current_epoch: u64,
    },
}
