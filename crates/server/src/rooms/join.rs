//! What a device needs to join a room by external commit: for devices of people who are in the room already, and of
//! those who hold an invitation.

use super::{Origin, Rooms, RoomsError, handshake, label, live::Live};
use crate::federation::IncidentReason;
use openmls::prelude::OpenMlsCrypto as _;
use openmls_traits::types::Ciphersuite;
use tls_codec::Serialize as _;
use trefoil_proto::{
    DeviceUri, RoomUri, Timestamp, Wire as _,
    credential::DeviceAuthorisation,
    mimi::{
        GroupInfoRequest, GroupInfoResponse,
        group_info::{GroupInfoRatchetTreeTbe, GroupInfoRequestTbs, GroupInfoResponseTbs},
        update::RatchetTreeOption,
    },
    room::{InvitationUse, InvitationUseTbs, Role},
};

const REQUEST_LABEL: &str = "GroupInfoRequestTBS";
const RESPONSE_LABEL: &str = "GroupInfoResponseTBS";
const SEAL_LABEL: &str = "GroupInfo and ratchet_tree encryption";

impl Rooms {
    /// Answers a device that wants to join: group info, tree and pending proposals, sealed to its key (the encryption
    /// context is the room's URI as text) and signed by the franking agent.
    ///
    /// A device that may not have it and a person who is not in the room are told the same.
    ///
    /// # Errors
    /// [`RoomsError::WrongOrigin`] if the origin may not speak for the device; [`RoomsError::TooOften`];
    /// [`RoomsError::Unsupported`]; [`RoomsError::Crypto`] if the device's key cannot be sealed to; [`RoomsError::Store`].
    pub async fn group_info(
        &self,
        origin: &Origin,
        room: &RoomUri,
        request: GroupInfoRequest,
        now: Timestamp,
    ) -> Result<GroupInfoResponse, RoomsError> {
        let tbs = &request.tbs;
        let Some(device) = asker(&request) else {
            return Err(RoomsError::Malformed("the credential is not a device URI"));
        };
        if !origin.vouches_for(&device) {
            self.misused(origin, IncidentReason::VouchedForAnother, now).await;
            return Err(RoomsError::WrongOrigin);
        }
        if !handshake::is_offered(&self.crypto, tbs.cipher_suite) {
            return Err(RoomsError::Unsupported);
        }
        let Some(authorisation) = authorised(tbs, &device, &request.signature) else {
            return Ok(GroupInfoResponse::NotAuthorized);
        };
        let found = match self.room(room).await {
            Ok(found) => found,
            Err(RoomsError::NotFound) => return Ok(GroupInfoResponse::NoSuchRoom),
            Err(error) => return Err(error),
        };
        self.rates.arrives(origin, room, now)?;
        if device.domain == self.domain {
            let known = self.people.device(&device).await?;
            let as_registered = known.is_some_and(|known| {
                known.signature_key[..] == tbs.requesting_signature_key[..]
                    && known.authorisation.account_key == authorisation.account_key
            });
            if !as_registered {
                return Ok(GroupInfoResponse::NotAuthorized);
            }
        }
        let live = found.live.lock().await;
        let user = device.user_uri();
        let is_own_account = live
            .group
            .leaves()
            .filter(|leaf| leaf.device.user_uri() == user)
            .all(|leaf| leaf.account_key == authorisation.account_key);
        let list = live.group.participants();
        let takes_part = list.role_of(&user) >= Role::MEMBER;
        let invited = || {
            let (device, account_key) = (device.clone(), authorisation.account_key);
            let joins = InvitationUseTbs { room: room.clone(), device, account_key };
            list.role_of(&user) == Role::NONE && is_invited(&live, &tbs.joining_code, &joins, now)
        };
        let may_join = !live.refused.contains(&user) && (takes_part || invited());
        if !may_join || !is_own_account {
            return Ok(GroupInfoResponse::NotAuthorized);
        }
        let content = content(&live)?;
        drop(live);
        self.seal(room, tbs, &content)
    }

    fn seal(
        &self,
        room: &RoomUri,
        tbs: &GroupInfoRequestTbs,
        content: &[u8],
    ) -> Result<GroupInfoResponse, RoomsError> {
        let suite = Ciphersuite::try_from(tbs.cipher_suite).map_err(|_| RoomsError::Unsupported)?;
        let info = label::labelled(SEAL_LABEL, room.to_string().as_bytes());
        let sealed = self
            .crypto
            .hpke_seal(suite.hpke_config(), &tbs.group_info_public_key, &info, &[], content)
            .map_err(|_| RoomsError::Crypto)?;
        let signed = GroupInfoResponseTbs {
            room_id: room.clone(),
            cipher_suite: tbs.cipher_suite,
            kem_output: sealed.kem_output.as_slice().to_vec(),
            ciphertext: sealed.ciphertext.as_slice().to_vec(),
        };
        let signature = self.keys.sign(&label::labelled(RESPONSE_LABEL, &label::encode(&signed)));
        Ok(GroupInfoResponse::Success {
            cipher_suite: signed.cipher_suite,
            kem_output: signed.kem_output,
            ciphertext: signed.ciphertext,
            signature,
        })
    }
}

/// The account's word for the asking device, if that and the device's own signature hold.
/// The device that asks for a room's state, as its credential says: not proven.
pub fn asker(request: &GroupInfoRequest) -> Option<DeviceUri> {
    std::str::from_utf8(request.tbs.requesting_credential.identity()?).ok()?.parse().ok()
}

fn authorised(
    tbs: &GroupInfoRequestTbs,
    device: &DeviceUri,
    signature: &[u8],
) -> Option<DeviceAuthorisation> {
    let key = &tbs.requesting_signature_key;
    let authorisation = DeviceAuthorisation::decode(&tbs.device_authorisation).ok()?;
    authorisation.verify(device, key).ok()?;
    let signed = tbs.tls_serialize_detached().ok()?;
    label::verifies(key, REQUEST_LABEL, &signed, signature).then_some(authorisation)
}

/// Whether a joining code is the use of an invitation that is open, by the joining device.
fn is_invited(live: &Live, joining_code: &[u8], joins: &InvitationUseTbs, now: Timestamp) -> bool {
    let Ok(used) = InvitationUse::decode(joining_code) else { return false };
    let held = live.group.invitations().verify(&used, live.group.participants(), joins);
    held.is_ok_and(|invitation| invitation.not_after > now)
}

fn content(live: &Live) -> Result<Vec<u8>, RoomsError> {
    let tree = live.group.ratchet_tree().map_err(|_| RoomsError::Damaged("ratchet tree"))?;
    Ok(label::encode(&GroupInfoRatchetTreeTbe {
        group_info: live.group_info.clone(),
        ratchet_tree: RatchetTreeOption::Full(tree),
        pending_proposals: live.pending.clone(),
    }))
}
