//! Devices that somebody answers for: our own people's by the accounts of this service, others' by their service, which
//! gave the key package to this hub or handed the device's own commit in; and whoever adds one was given its key package
//! themself. So nobody adds a device that its owner never made, none adds somebody by what others were given, and no leaf names a
//! service that this hub has never spoken with.

use super::{
    Rooms, RoomsError,
    decide::{Denied, Facts, HubLeaf},
};
use futures_util::future::BoxFuture;
use trefoil_proto::{
    DeviceUri, RoomUri, Timestamp, UserUri,
    edge::NewDevice,
    mimi::{KeyMaterialResponse, key_material::ClientKeyMaterialStatus},
    room::Role,
};

/// The people of this service, as far as a hub asks about them.
pub trait People: Send + Sync {
    /// The device as it is registered now, or `None`.
    fn device<'a>(&'a self, device: &'a DeviceUri) -> BoxFuture<'a, Result<Option<NewDevice>, PeopleError>>;
}

/// The accounts could not be asked.
#[derive(Debug, thiserror::Error)]
#[error("ask the accounts about a device")]
pub struct PeopleError(#[source] pub Box<dyn std::error::Error + Send + Sync>);

impl Rooms {
    /// Takes note of key packages that somebody was given through this hub: with them they, and nobody else, can add these devices to
    /// rooms here, for a while. Only hashes are kept, in memory.
    pub fn claimed(&self, by: &UserUri, response: &KeyMaterialResponse, now: Timestamp) {
        for client in &response.clients {
            if let ClientKeyMaterialStatus::Success(package) = &client.status {
                self.claims.note(by, package, now);
            }
        }
    }

    /// What was claimed of somebody's key packages up to now adds them nowhere here: they want somebody to reach them no more.
    pub fn take_back_claims(&self, of: &UserUri, now: Timestamp) {
        self.claims.void(of, now);
    }

    /// Whether a device may claim key packages for a room of this hub: it must be in it.
    ///
    /// # Errors
    /// [`RoomsError::NotAllowed`], also if there is no such room; [`RoomsError::Store`].
    pub async fn may_claim(&self, device: &DeviceUri, room: &RoomUri) -> Result<(), RoomsError> {
        let view = match self.room(room).await {
            Ok(found) => found.view(),
            Err(RoomsError::NotFound) => return Err(RoomsError::NotAllowed("not in the room")),
            Err(error) => return Err(error),
        };
        let user = device.user_uri();
        if view.refuses(&user) {
            Err(RoomsError::NotAllowed("this service takes nothing from this person in this room"))
        } else if view.role_of(&user) >= Role::MEMBER && view.has_device(device) {
            Ok(())
        } else {
            Err(RoomsError::NotAllowed("not in the room"))
        }
    }

    /// Checks that somebody answers for every new leaf of a commit.
    pub(super) async fn check_known(
        &self,
        facts: &Facts,
        now: Timestamp,
    ) -> Result<Result<(), Denied>, RoomsError> {
        let by = facts.commit.committer.user_uri();
        for new in &facts.new {
            if new.leaf.device.domain == self.domain && !self.is_registered(new).await? {
                return Ok(Err(Denied::NotRegistered));
            }
            if let Some(package) = &new.package
                && !self.claims.holds(&by, &package.reference, &new.leaf.device.user_uri(), now)
            {
                return Ok(Err(Denied::NotClaimed));
            }
        }
        Ok(Ok(()))
    }

    /// True if a leaf is a device of this service with the keys that it registered.
    pub(super) async fn is_registered(&self, new: &HubLeaf) -> Result<bool, RoomsError> {
        let known = self.people.device(&new.leaf.device).await?;
        Ok(known.is_some_and(|known| {
            known.signature_key[..] == new.signature_key[..]
                && known.authorisation.account_key == new.leaf.account_key
        }))
    }
}
