//! Checking a hub's stamp on what was received or sent: an honest client refuses a message without a true one, or a
//! report about it could prove nothing.

use crate::{Refusal, conversation::StoredFrank, mls::wire};
use ed25519_dalek::{Signature, VerifyingKey};
use tls_codec::Serialize as _;
use trefoil_proto::{
    RoomUri, Timestamp, UserUri,
    franking::{FrankingIntegrityTbs, INTEGRITY_LABEL, ServerFrankingContext},
    mimi::Frank,
};

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
    let signed = FrankingIntegrityTbs {
        server_frank: frank.server_frank,
        signature_ciphersuite: frank.signature_ciphersuite,
        context: context.clone(),
    };
    let signed = signed.tls_serialize_detached().map_err(|_| Refusal::Frank)?;
    let signature = Signature::from_slice(&frank.integrity_signature).map_err(|_| Refusal::Frank)?;
    hub.verify_strict(&wire::sign_content(INTEGRITY_LABEL, &signed), &signature)
        .map_err(|_| Refusal::Frank)?;
    Ok(StoredFrank { frank: frank.clone(), context })
}
