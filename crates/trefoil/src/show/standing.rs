//! How a person's account key stands, by a name that does not change and in words: what happened, what it can mean, what
//! to do.

use trefoil_client::verification::Standing;
use trefoil_proto::{RoomUri, UserUri};

/// The name that does not change.
pub fn standing(standing: Standing) -> &'static str {
    match standing {
        Standing::Unverified => "unverified",
        Standing::Verified => "verified",
        Standing::Changed => "changed",
    }
}

/// What stands beside somebody's name.
pub fn mark(standing: &str) -> &'static str {
    match standing {
        "verified" => " [verified]",
        "changed" => " [KEY CHANGED]",
        _ => "",
    }
}

/// Why nothing is sent to a room because of somebody.
pub fn blocked(user: &UserUri, standing: Standing, room: &RoomUri) -> String {
    match standing {
        Standing::Changed => key_changed(user),
        Standing::Verified | Standing::Unverified => other_key_in_room(user, room),
    }
}

/// Why nothing is sent to somebody whose verified key was replaced.
pub fn key_changed(user: &UserUri) -> String {
    format!(
        "{user}, whom you verified, shows another account key now: perhaps they made their account anew, perhaps \
         somebody, even their service, put themselves in between; nothing is sent to rooms with them until you decide: \
         ask them in person and compare again with `trefoil verify {user}`, or take the new key unseen with \
         `trefoil verify {user} --accept-new-key`"
    )
}

/// That somebody who was never verified has another key.
pub fn other_key(user: &UserUri) -> String {
    format!(
        "{user} has another account key than before: perhaps they made their account anew, perhaps somebody, even their \
         service, put themselves in between; if it matters, compare with `trefoil verify {user}`"
    )
}

/// Why nothing is sent to a room in which somebody is under another key than the one that was verified.
pub fn other_key_in_room(user: &UserUri, room: &RoomUri) -> String {
    format!(
        "{user} is in {room} under another account key than the one you verified, so that somebody else may be reading \
         there: nothing is sent to it; have them removed (`trefoil rooms remove`), or leave it, or, if that key is theirs \
         after all, take it unseen with `trefoil verify {user} --accept-new-key`"
    )
}
