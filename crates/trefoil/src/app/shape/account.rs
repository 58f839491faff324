//! Accounts, services, and what the page starts from.

use super::Alarm;
use crate::settings::Settings;
use serde::Serialize;
use trefoil_client::{InvitationTerms, pin};
use trefoil_proto::edge::Profile;
use utoipa::ToSchema;

/// Everything that the page starts from.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct State {
    /// Of this program.
    pub version: String,
    /// The accounts on this device.
    pub accounts: Vec<Account>,
    /// What the person should know and has not seen yet, the oldest of each account first.
    pub alarms: Vec<Alarm>,
    /// Services to choose from.
    pub services: Vec<KnownService>,
    /// What the person chose.
    pub settings: Settings,
    /// What the core takes.
    pub limits: Limits,
}

/// Limits that the page tells of before it asks.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Limits {
    /// Fewest characters of a new PIN.
    pub pin_shortest: usize,
    /// Most people by one invitation.
    pub invitation_people: u32,
    /// Longest life of an invitation, in days.
    pub invitation_days: u32,
}

impl Limits {
    /// Those of the core.
    pub const OF_CORE: Self = Self {
        pin_shortest: pin::SHORTEST,
        invitation_people: InvitationTerms::MOST_PEOPLE,
        invitation_days: InvitationTerms::MOST_DAYS,
    };
}

/// A service that an account can be made on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct KnownService {
    /// Its address.
    pub url: String,
    /// Its domain.
    pub domain: String,
    /// How it knows people: `account`, `handle` or `phone`.
    pub profile: String,
}

/// An account on this device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Account {
    /// Names it on this device.
    pub id: String,
    /// The person's URI; empty while the device is being linked.
    pub user: String,
    /// Domain of its service.
    pub domain: String,
    /// `account`, `handle` or `phone`; empty before the service was heard of.
    pub profile: String,
    /// Address of its service.
    pub service_url: String,
    /// The name that others see; empty if none was given.
    pub name: String,
    /// Names the picture that others see, to be asked for and kept by; none if there is none.
    pub picture: Option<String>,
    /// This device holds the account key: it can link and remove others.
    pub primary: bool,
    /// How it stands with the service.
    pub connection: Connection,
    /// Why it is offline, as a sentence.
    pub connection_error: Option<String>,
    /// How many devices the account has, as last heard.
    pub devices: usize,
    /// Whether what is here survives the loss of this device.
    pub recovery: Recovery,
    /// What strangers do makes no noise.
    pub silence_unknown: bool,
    /// Contacts only.
    pub strict: bool,
}

impl Account {
    /// The same, once this program failed at it.
    #[must_use]
    pub fn stopped(self) -> Self {
        Self { connection: Connection::Stopped, connection_error: None, ..self }
    }
}

/// Whether what is here survives the loss of this device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Recovery {
    /// There is no recovery code.
    None,
    /// One was made, and not given back: it is not in force.
    Unconfirmed,
    /// A code, or a PIN, brings everything back.
    Confirmed,
}

/// How the backup of an account stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Backup {
    /// Whether there is a recovery code.
    pub recovery: Recovery,
    /// When everything was kept last, in milliseconds since the UNIX epoch.
    pub last: Option<u64>,
    /// Something is not kept yet.
    pub waiting: bool,
    /// Bytes at the service.
    pub bytes: u64,
    /// The service once showed another backup than this device had put there.
    pub disputed: bool,
}

/// How an account stands with its service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Connection {
    /// Everything that waited there has arrived.
    Online,
    /// On the way.
    Connecting,
    /// Not reached; it is tried again.
    Offline,
    /// The service no longer knows this device.
    Removed,
    /// The device waits to be linked.
    Unlinked,
    /// This program failed at it: what it was is in the log, and the next start goes on.
    Stopped,
}

/// A device of an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Device {
    /// Its URI.
    pub uri: String,
    /// It is this one.
    pub this: bool,
    /// Its name, if one was given.
    pub name: String,
}

/// A registration pass, to be given to somebody. It is shown once and not kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Pass {
    /// The service where an account can be made with it.
    pub service: String,
    /// Its text.
    pub pass: String,
}

/// What is known of a service's key directory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Directory {
    /// Whose.
    pub domain: String,
    /// The key that signs its roots, in hexadecimal: compare it with what the service says elsewhere.
    pub key: String,
    /// The newest epoch seen.
    pub epoch: Option<u64>,
    /// When that epoch was made, in milliseconds since the UNIX epoch.
    pub time: Option<u64>,
    /// It was caught showing different people different keys.
    pub caught: bool,
    /// Its word on the directories of others counts.
    pub vouches: bool,
}

/// A profile by its name in the API.
pub const fn profile_name(profile: Profile) -> &'static str {
    match profile {
        Profile::Account => "account",
        Profile::Handle => "handle",
        Profile::Phone => "phone",
    }
}
