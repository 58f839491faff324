//! Accounts, services and settings.

use serde::{Deserialize, Serialize};
use trefoil_proto::edge::Profile;
use utoipa::ToSchema;

/// Everything that the page starts from.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct State {
    /// Of this program.
    pub version: String,
    /// The accounts on this device.
    pub accounts: Vec<Account>,
    /// Services to choose from.
    pub services: Vec<KnownService>,
    /// What the person chose.
    pub settings: Settings,
}

/// What the person chose for this device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Language of the page (BCP 47); empty for the browser's.
    pub language: String,
    /// How the page looks.
    pub theme: Theme,
    /// What a notification on the desktop shows.
    pub notifications: Preview,
    /// Others hear that their messages were read.
    pub read_receipts: bool,
    /// Others see that this person is writing.
    pub typing: bool,
}

/// How the page looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Theme {
    /// As the system says.
    #[default]
    System,
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
    /// High contrast.
    Contrast,
}

/// What a notification shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Preview {
    /// No notifications.
    #[default]
    None,
    /// Who wrote.
    Name,
    /// Who wrote, and what.
    Text,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            language: String::new(),
            theme: Theme::System,
            notifications: Preview::None,
            read_receipts: true,
            typing: true,
        }
    }
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
pub(in crate::app) fn profile_name(profile: Profile) -> &'static str {
    match profile {
        Profile::Account => "account",
        Profile::Handle => "handle",
        Profile::Phone => "phone",
    }
}
