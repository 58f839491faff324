//! What the key directories say: which devices people have, checked before anything is encrypted to them, and what this
//! device tells others of the directories it sees. Proofs are checked in `transparency`; here is what follows from them.
//!
//! A device that comes into a room, or whose key package is about to be used, must be in its person's newest device set,
//! proven by the directory of their service under a root that other services vouch for ([`proofs`]). Until then nothing
//! of this person's is sent to that room ([`leaves`]). The own entry is looked at with each start and every hour
//! ([`own_entry`]). What roots were seen goes along inside messages ([`roots`]), so that two people who are shown
//! different directories find out.

mod error;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzzing;
mod leaves;
mod own_entry;
mod own_set;
mod packages;
mod proofs;
mod roots;
mod rows;
mod services;
mod view;

pub use error::KeysRefusal;
pub use rows::{ARRIVED, EVIDENCE, GHOSTS, HEARD, ROOTS, SETS, TOLD};
pub use view::{DirectoryView, Unproven};

pub(crate) use leaves::{Leaves, Proven};
pub(crate) use own_set::{entry, first_set};
pub(crate) use proofs::Looked;

use rows::SetRow;
pub(crate) use rows::set_of;
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};
use trefoil_proto::{DeviceId, DeviceUri, Domain, RoomUri, Timestamp, UserUri};

/// What is known only while the program runs, and found out again after a step that was rolled back.
#[derive(Default)]
pub(crate) struct Directories {
    /// The services' directory keys were fetched.
    services_known: bool,
    /// People whose proof is wanted, and what came of it.
    looked: BTreeMap<UserUri, Looked>,
    /// People whose newest set does not follow from the one that is known: perhaps their account was made anew.
    anew: BTreeSet<UserUri>,
    /// Devices in rooms for which a proof was wanted after they were first seen.
    sought: BTreeSet<DeviceUri>,
    /// Who waits for it.
    waiting: BTreeMap<UserUri, BTreeSet<RoomUri>>,
    /// Proven sets, as stored.
    sets: HashMap<UserUri, Option<Arc<SetRow>>>,
    /// Grows with each set that is stored and each look that ends.
    generation: u64,
    /// When the own entry was looked at last.
    own_checked: Option<Timestamp>,
    /// Who told of a root under another key than this device keeps, and of whose directory.
    disputed: BTreeSet<(Domain, UserUri)>,
    /// Own devices that the directory has and this device does not know, at the first look.
    suspects: BTreeSet<DeviceId>,
}
