//! Checking a hub's stamp on what was received or sent: an honest client refuses a message without a true one, or a
//! report about it could prove nothing.

use crate::{Refusal, conversation::StoredFrank};
use ed25519_dalek::VerifyingKey;
use trefoil_proto::{RoomUri, Timestamp, UserUri, franking::ServerFrankingContext, mimi::Frank};

/// What is kept of a stamp that nobody checked: for the drill alone ([`trefoil_proto::defence`]).
pub(crate) fn unchecked(sender: &UserUri, room: &RoomUri, accepted: Timestamp, frank: &Frank) -> StoredFrank {
    let context = ServerFrankingContext {
        sender_uri: sender.clone(),
        room_uri: room.clone(),
        accepted_timestamp: accepted,
        key_id: frank.key_id,
    };
    StoredFrank { frank: frank.clone(), context }
}

/// Checks a stamp and gives what is kept of it. The tag is checked against the content before.
pub(crate) fn verify(
    hub: &VerifyingKey,
    sender: &UserUri,
    room: &RoomUri,
    accepted: Timestamp,
    suite: u16,
    frank: &Frank,
) -> Result<StoredFrank, Refusal> {
    if frank.signature_ciphersuite != suite {
        return Err(Refusal::Frank);
    }
    let context = ServerFrankingContext {
        sender_uri: sender.clone(),
        room_uri: room.clone(),
        accepted_timestamp: accepted,
        key_id: frank.key_id,
    };
    frank.verify(context.clone(), hub).map_err(|_| Refusal::Frank)?;
    Ok(StoredFrank { frank: frank.clone(), context })
}
