//! What the key directories say of people's keys, in words: what happened, what it can mean, what to do.

use std::path::Path;
use trefoil_client::directory::KeysRefusal;
use trefoil_proto::{DeviceUri, Domain, UserUri};

/// Why nothing is encrypted to somebody.
pub fn unproven(user: &UserUri, reason: &KeysRefusal) -> String {
    let what = match reason {
        KeysRefusal::Unreachable => "try again later",
        KeysRefusal::NotPublished => "ask them whether their account still is; if it is, ask its operator",
        KeysRefusal::NotInDirectory | KeysRefusal::OtherAccount => {
            "somebody, even their service, may have put themselves in between: ask them in person which devices they have"
        }
        KeysRefusal::UnknownService | KeysRefusal::Unaudited { .. } | KeysRefusal::Stale => {
            "another service should look at that directory and sign what it saw, and it is waited for; if it stays away, ask \
             your operator why before you write to them, and compare safety numbers in person (`trefoil account directory \
             --help` says how many must sign)"
        }
        KeysRefusal::RolledBack { .. } | KeysRefusal::Untrue(_) => {
            "that service, or whoever compels it, may be showing you false keys: tell its operator and people you trust"
        }
        KeysRefusal::Split => {
            "the evidence is kept, and anybody can check it with `trefoil audit --evidence FILE`: give it to people you trust"
        }
    };
    let decide = match reason {
        KeysRefusal::Split => format!(
            "; to believe that directory again all the same: `trefoil account directory --believe-again {}`",
            user.domain
        ),
        _ => String::new(),
    };
    format!("the keys of {user} are not believed, and nothing is sent to them: {reason}; {what}{decide}")
}

/// Why one's own entry is not believed.
pub fn own_unproven(reason: &KeysRefusal) -> String {
    format!(
        "the key directory of your own service does not prove your devices: {reason}; who writes to you may be shown other \
         keys than yours: tell its operator and the people you write to by another way, and compare safety numbers"
    )
}

/// That a directory had other devices for somebody in between.
pub fn rewritten(user: &UserUri, times: u64, own: bool) -> String {
    let times = if times == 1 { "once".to_owned() } else { format!("{times} times") };
    if own {
        format!(
            "your service's key directory had other devices under your name in between, {times}: whoever began to write to \
             you then may have been given keys that are not yours; tell the people you write to by another way, and \
             compare safety numbers"
        )
    } else {
        format!(
            "the key directory of {user}'s service had other devices under their name in between, {times}: it, or whoever \
             compels it, may have shown false keys; compare with `trefoil verify {user}`"
        )
    }
}

/// That a device is in a room and in no directory.
pub fn ghost(device: &DeviceUri) -> String {
    format!(
        "{device} is in this room, and the key directory of its person's service does not have it: somebody who should \
         not may be reading along; nothing is sent here while it is: ask its person, and have it removed"
    )
}

/// That the own directory entry has a device that this one does not know.
pub fn unknown_own_device(device: &DeviceUri) -> String {
    format!(
        "the key directory has a device under your name that this one does not know: {device}; if it is not yours, \
         somebody can read what is sent to you: take it off with `trefoil account remove-device` on your first device, \
         and tell the people you write to"
    )
}

/// That the own account was replaced.
pub const OWN_ACCOUNT_REPLACED: &str = "the key directory has another account under your name: your service, or somebody \
    who compels it, shows others keys that are not yours; tell the people you write to by another way";

/// That others will not write to this device.
pub const OWN_DEVICE_UNPUBLISHED: &str = "the key directory does not have this device, and others do not write to it: if \
    you did not take it off, ask your service's operator";

/// That nobody looks at a directory.
pub fn unaudited(directory: &Domain) -> String {
    format!(
        "nobody but {directory} itself looks at its key directory: it could show you false keys unseen, so compare \
         safety numbers with `trefoil verify`"
    )
}

/// That a service is said to have another directory key.
pub fn other_directory_key(service: &Domain) -> String {
    format!(
        "your service says that {service} signs its key directory under another key than before; the one of before is \
         kept: compare `trefoil account directory` with what {service} publishes elsewhere"
    )
}

/// That somebody knows another key of a directory.
pub fn disputed(directory: &Domain, by: &UserUri) -> String {
    format!(
        "{by} knows another key of the key directory of {directory} than this device: a service, theirs or yours, may be \
         lying about it, or they are. Compare by another way what `trefoil account directory` prints at both of you"
    )
}

/// That somebody new vouches for directories.
pub fn new_auditor(service: &Domain) -> String {
    format!(
        "your service names {service} as one more that vouches for key directories, and its word counts from now on. To \
         choose yourself whose does: `trefoil account directory --vouched-by DOMAIN --vouched-by DOMAIN`"
    )
}

/// That a directory showed two faces.
pub fn split(directory: &Domain, epoch: u64, file: Option<&Path>) -> String {
    let file = file.map_or_else(String::new, |file| {
        format!(
            "; the evidence is in {}, for anybody to check with `trefoil audit --evidence`",
            file.display()
        )
    });
    format!(
        "{directory} shows different people different keys: of epoch {epoch} there are two versions, both signed by it; \
         no new keys of its people are believed here. Compare safety numbers with those of them that you write to{file}"
    )
}

/// That an epoch is withheld.
pub fn withheld(directory: &Domain, epoch: u64) -> String {
    format!(
        "somebody you write to saw epoch {epoch} of the key directory of {directory}, which is being kept from you: its \
         older epochs are no longer believed here. Tell its operator and people you trust"
    )
}
