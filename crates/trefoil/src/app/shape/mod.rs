//! What the local API says: the shapes of its JSON, and how they are made from what the client core keeps.

mod account;
mod alarm;
mod boundaries;
mod budget;
mod item;
mod markup;
mod minors;
mod note;
mod person;
mod qr;
mod room;
mod waiting;
mod warning;

pub use account::{
    Account, Backup, Connection, Device, Directory, KnownService, Limits, Pass, Recovery, State, profile_name,
};
pub use alarm::{Alarm, Said};
pub use boundaries::{Away, Boundaries, FirstContact, Folded, KeptAway, Stance};
pub use item::{File, FileKind, Item, Version, file_kind, item, message, of_body, versions};
pub(super) use markup::inert;
pub use markup::{Block, is_emoji_only};
pub use minors::{GuardedMinor, GuardianLink, MinorState, Minors, Open, OwnMinor};
pub use person::{Person, Safety, VerifyOutcome};
pub use qr::{Card, Qr};
pub use room::{Room, RoomDetail, detail, listed, room};
pub use waiting::{Waiting, WaitingRoom};
pub use warning::Warning;
