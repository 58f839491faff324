//! What people should know about keys and services, or that something they asked for was not done: in names that do not
//! change, so that a page says it in its reader's language, and in English words for everything else.

use crate::show;
use serde::{Deserialize, Serialize};
use trefoil_client::{
    ChangeRefusal, Client, Event, Refusal, RoomView, directory::KeysRefusal, verification::Standing,
};
use trefoil_proto::UserUri;
use utoipa::ToSchema;

/// Something that people should know.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
pub struct Warning {
    /// What, by a name that does not change.
    pub what: String,
    /// Why, where there are several reasons, by a name that does not change.
    pub why: Option<String>,
    /// Whom it is about, by URI.
    pub user: Option<String>,
    /// Which device, by URI.
    pub device: Option<String>,
    /// Which service, by domain.
    pub service: Option<String>,
    /// From when on it is over, in milliseconds since the UNIX epoch, where that is known.
    pub until: Option<u64>,
    /// In English words, with the commands of `trefoil` that help.
    pub text: String,
}

impl Warning {
    /// One about nobody.
    pub fn new(what: &str, text: String) -> Self {
        Self { what: what.to_owned(), text, ..Self::default() }
    }

    /// What an event was called, with whom and what it is about.
    pub fn of(event: &Event, what: &str, text: String) -> Self {
        let mut warning = Self::new(what, text);
        match event {
            Event::AccountKeyChanged { user, verified } => {
                warning.user = Some(user.to_string());
                warning.why = Some(if *verified { "verified" } else { "unverified" }.to_owned());
            }
            Event::KeysUnproven { user, reason } => {
                warning.user = Some(user.to_string());
                warning.why = Some(keys_word(reason).to_owned());
            }
            Event::EntryRewritten { user, .. } => warning.user = Some(user.to_string()),
            Event::OwnDeviceSeen { device }
            | Event::OwnDeviceRemoved { device }
            | Event::OwnDeviceUnknown { device } => warning.device = Some(device.to_string()),
            Event::DirectoryUnaudited { directory }
            | Event::DirectorySplit { directory, .. }
            | Event::EpochWithheld { directory, .. } => warning.service = Some(directory.to_string()),
            Event::DirectoryKeyChanged { service } | Event::AuditorNew { service } => {
                warning.service = Some(service.to_string());
            }
            Event::DirectoryKeyDisputed { directory, by } => {
                warning.service = Some(directory.to_string());
                warning.user = Some(by.to_string());
            }
            Event::ChangeRefused { reason, .. } => {
                let (why, user) = change_word(reason);
                warning.why = Some(why.to_owned());
                warning.user = user.map(ToString::to_string);
                if let ChangeRefusal::TooManyNewPeople { until, .. } = reason {
                    warning.until = Some(until.0);
                }
            }
            _ => {}
        }
        warning
    }

    /// That somebody's keys are not believed.
    pub fn unproven(user: &UserUri, reason: &KeysRefusal) -> Self {
        Self {
            why: Some(keys_word(reason).to_owned()),
            user: Some(user.to_string()),
            ..Self::new("keys-unproven", show::unproven(user, reason))
        }
    }

    /// Why nothing is sent to a room.
    pub fn blocked(client: &Client, view: &RoomView) -> Option<Self> {
        if let Some(user) = view.blocked_by.first() {
            let standing = client.standing(user);
            let what = match standing {
                Standing::Changed => "key-changed",
                Standing::Verified | Standing::Unverified => "other-key-in-room",
            };
            let text = show::blocked(user, standing, &view.uri);
            return Some(Self { user: Some(user.to_string()), ..Self::new(what, text) });
        }
        let unproven = view.unproven.iter().find_map(|one| Some((&one.user, one.reason.as_ref()?)));
        unproven.map(|(user, reason)| Self::unproven(user, reason))
    }
}

/// Why somebody's keys are not believed, by a name that does not change.
fn keys_word(reason: &KeysRefusal) -> &'static str {
    match reason {
        KeysRefusal::Unreachable => "unreachable",
        KeysRefusal::NotPublished => "not-published",
        KeysRefusal::NotInDirectory => "not-in-directory",
        KeysRefusal::UnknownService => "unknown-service",
        KeysRefusal::Unaudited { .. } => "unaudited",
        KeysRefusal::Stale => "stale",
        KeysRefusal::RolledBack { .. } => "rolled-back",
        KeysRefusal::Split => "split",
        KeysRefusal::OtherAccount => "other-account",
        KeysRefusal::Untrue(_) => "untrue",
    }
}

/// Why a change was not made, by a name that does not change, and whom that is about.
fn change_word(reason: &ChangeRefusal) -> (&'static str, Option<&UserUri>) {
    match reason {
        ChangeRefusal::NotAllowed => ("not-allowed", None),
        ChangeRefusal::NotInvited => ("not-invited", None),
        ChangeRefusal::Invalid => ("invalid", None),
        ChangeRefusal::TooManyConflicts => ("conflicts", None),
        ChangeRefusal::Unavailable(user) => ("unavailable", Some(user)),
        ChangeRefusal::OutOfReach(user) => ("out-of-reach", Some(user)),
        ChangeRefusal::TooManyNewPeople { user, .. } => ("too-many-new-people", Some(user)),
        ChangeRefusal::KeyChanged(user) | ChangeRefusal::Untrusted(Refusal::AccountKeyChanged { user }) => {
            ("key-changed", Some(user))
        }
        ChangeRefusal::Untrusted(Refusal::Downgrade) => ("downgrade", None),
        ChangeRefusal::Untrusted(_) => ("untrusted", None),
        ChangeRefusal::Unproven(user, _) => ("unproven", Some(user)),
        ChangeRefusal::Service(_) => ("service", None),
    }
}
