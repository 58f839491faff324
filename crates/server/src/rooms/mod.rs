//! Rooms: the hub. It orders what happens in a room, keeps the public part of its MLS group, decides whether a change
//! is allowed, stamps messages, and fans everything out to mailboxes and to other services.
//!
//! What a hub can never do is add anyone: it holds no secret of the group and is no sender in it.
//!
//! * Strict order: a commit is taken for the current epoch only; a message only while its epoch is current, which is
//!   asserted in the very commit that makes the message durable.
//! * A room's state is a snapshot of the public group and a short log of what came since, replayed on load. Rewriting
//!   the tree for every commit would be two thirds of the hub's cost.
//! * What may change, `trefoil_proto::room::judge` says, here and at every member, so that the two never part.
//!   [`decide`] adds what only a hub can know: who handed the change in. [`known`] asks whether a new device is one that
//!   its own service answers for.

mod api;
mod claims;
mod decide;
mod error;
mod fanout;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzzing;
mod group;
mod handshake;
mod join;
mod keys;
mod known;
mod label;
mod leaf;
mod live;
mod orders;
mod rates;
mod removals;
mod repeats;
mod rows;
mod size;
mod stamp;
mod storage;
mod submit;
#[cfg(test)]
pub(crate) mod tests;
mod update;

pub use api::{Barred, Created, Rooms, RoomsSettings};
pub use error::RoomsError;
pub use join::asker;
pub use keys::FrankingKeys;
pub use known::{People, PeopleError};
pub use orders::{Order, hand_in};
pub use removals::asked_removal;
pub use rows::TABLES;
pub use update::is_of_room;

use trefoil_proto::{DeviceUri, Domain, defence::Defence};

/// Who hands something in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A device of this service, authenticated by its token.
    Device(DeviceUri),
    /// Another service, authenticated by its certificate, for one of its own devices.
    Peer(Domain),
}

impl Origin {
    /// True if it may hand in what this device signed.
    fn vouches_for(&self, device: &DeviceUri) -> bool {
        match self {
            Self::Device(own) => own == device,
            Self::Peer(domain) => *domain == device.domain,
        }
    }

    /// True if it may hand in what this person sends.
    fn vouches_for_user(&self, user: &trefoil_proto::UserUri) -> bool {
        match self {
            Self::Device(own) => own.domain == user.domain && own.user == user.id,
            Self::Peer(domain) => *domain == user.domain || !Defence::PeerForItsOwn.stands(),
        }
    }
}
