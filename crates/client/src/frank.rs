//! Checking a hub's stamp on what was received or sent: an honest client refuses a message without a true one, or a
//! report about it could prove nothing.

use crate::{Refusal, conversation::StoredFrank};
use ed25519_dalek::VerifyingKey;
use trefoil_proto::{RoomUri, Timestamp, UserUri, mimi::Frank};

/// What is kept of a stamp that nobody checked: for the drill alone ([`trefoil_proto::defence`]).
pub(crate) fn unchecked(sender: &UserUri, room: &RoomUri, accepted: Timestamp, frank: &Frank) -> StoredFrank {
    StoredFrank { frank: frank.clone(), context: frank.context(sender, room, accepted) }
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
    // Without the mark of the sender's service that service could not be shown the message in a report.
    let is_marked = sender.domain == room.domain || frank.sender_frank.is_some();
    if frank.signature_ciphersuite != suite || !is_marked {
        return Err(Refusal::Frank);
    }
    let context = frank.context(sender, room, accepted);
    frank.verify(context.clone(), hub).map_err(|_| Refusal::Frank)?;
    Ok(StoredFrank { frank: frank.clone(), context })
}
