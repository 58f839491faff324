//! Every attack of the drill, in the order of its table.

mod commits;
mod directories;
mod keys;
mod mail;
mod others;
mod reports;
mod setting;

use crate::attack::Attack;

/// Each of them.
pub const ALL: &[Attack] = &[
    keys::SWAPPED,
    keys::GHOST_DEVICE,
    keys::RESTORED,
    keys::REUSED,
    keys::DOWNGRADED,
    commits::GHOST_MEMBER,
    commits::FORGED_CREDENTIAL,
    directories::TWO_FACES,
    directories::COLLUDING,
    directories::UNAUDITED,
    directories::ROLLED_BACK,
    directories::WITHHELD,
    mail::REPLAYED,
    mail::DROPPED,
    mail::REORDERED,
    mail::ALTERED,
    others::FORGED_SENDER,
    reports::FRAMED,
    reports::HANDED_ON,
    reports::MADE_UP,
    reports::UNREPORTABLE,
    others::ALTERED_RELEASE,
];

/// An attack by its name.
pub fn named(name: &str) -> Option<&'static Attack> {
    ALL.iter().find(|attack| attack.name == name)
}
