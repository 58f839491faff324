//! The configuration file as it is written: TOML, every key below, no other. `docs/configuration.md` and
//! `docs/configuration.example.toml` are made from the comments here; a test compares them.

use serde::Deserialize;
use std::{collections::BTreeMap, path::PathBuf};

/// The keys at the top.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    /// The service's domain: the name in everybody's URIs and in its certificate. Never changes.
    /// Example: `"chat.example"`
    pub domain: String,
    /// What kind of service: `"account"`, `"handle"` or `"phone"`. Never changes.
    /// Example: `"handle"`
    pub profile: String,
    /// The folder of the store, the media and the keys file. Made if it is missing.
    /// Example: `"/var/lib/trefoil"`
    pub data: PathBuf,
    /// How long open connections may finish after a stop was asked for, in seconds. Default: 10.
    /// Example: `10`
    #[serde(default = "drain_seconds")]
    pub drain_seconds: u64,
    /// Where the service's own people connect.
    pub client: Client,
    /// Where other services connect.
    pub federation: Federation,
    /// The certificate of both listeners.
    pub tls: Tls,
    /// Other services whose address is not found by their domain: for networks without DNS.
    #[serde(default)]
    pub peers: BTreeMap<String, Peer>,
    /// The public log.
    #[serde(default)]
    pub log: Log,
    /// The key directory.
    #[serde(default)]
    pub directory: Directory,
    /// How one-time codes reach a phone (profile `phone`).
    #[serde(default)]
    pub code: Code,
    /// The port of the service's own teams: reports, decisions, appeals. Without it nobody can sign in there.
    pub console: Option<Console>,
    /// The line to NCMEC's CyberTipline, for services that the law of the United States asks to report there.
    pub tipline: Option<Tipline>,
    /// How much of what is reported one person of the team sees.
    #[serde(default)]
    pub wellbeing: Wellbeing,
    /// Reports.
    #[serde(default)]
    pub safety: Safety,
    /// What one person, one address or one service may use up.
    #[serde(default)]
    pub limits: Limits,
    /// How many people an account may turn to for the first time.
    #[serde(default)]
    pub first_contacts: FirstContacts,
    /// Accounts of people who are under age.
    #[serde(default)]
    pub minors: Minors,
    /// Who may make an account.
    #[serde(default)]
    pub registration: Registration,
    /// The policy list of this service.
    pub policy_list: Option<OwnPolicyList>,
    /// Policy lists of other services that count here.
    #[serde(default)]
    pub policy_lists: Vec<PolicyList>,
}

/// The table `[client]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Client {
    /// Address and port. Port 0 takes a free one. Any port will do: people's devices are told where it is.
    /// Example: `"0.0.0.0:8443"`
    pub listen: String,
    /// Serve without TLS. Only on a loopback address, behind a proxy on the same machine. Default: false.
    /// Example: `false`
    #[serde(default)]
    pub plain: bool,
}

/// The table `[federation]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Federation {
    /// Address and port. Other services that have no entry for this one under `peers` come to `https://<domain>/`,
    /// so it is the domain's port 443, or the port that the domain names. Port 0 takes a free one.
    /// Example: `"0.0.0.0:443"`
    pub listen: String,
    /// PEM files with the authorities whose certificates other services must show. For ordinary certificates of the
    /// public web name the system's own file, on Debian `/etc/ssl/certs/ca-certificates.crt`.
    /// Example: `["/etc/trefoil/peers-ca.pem"]`
    pub authorities: Vec<PathBuf>,
}

/// The table `[tls]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Tls {
    /// PEM file with the certificate chain; the first certificate names the domain.
    /// Example: `"/etc/trefoil/certificate.pem"`
    pub certificate: PathBuf,
    /// PEM file with its private key.
    /// Example: `"/etc/trefoil/key.pem"`
    pub key: PathBuf,
}

/// A table `[peers."<domain>"]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Peer {
    /// Base URL of its federation listener, without a final slash.
    /// Example: `"https://127.0.0.1:4443"`
    pub url: String,
}

/// The table `[log]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Log {
    /// Domains of the services that are asked to cosign this service's public log. They must trust its certificate, and
    /// it theirs. Default: those under `peers`.
    /// Example: `["other.example"]`
    pub witnesses: Option<Vec<String>>,
}

/// The table `[directory]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Directory {
    /// How long changes of devices wait for the next epoch when nobody asks for them, in seconds. Default: 30.
    /// Example: `30`
    pub epoch_seconds: u64,
    /// Services that are asked to audit the key directory: people's devices believe it when one of them has.
    /// Default: those under `peers`.
    /// Example: `["other.example"]`
    pub auditors: Option<Vec<String>>,
}

impl Default for Directory {
    fn default() -> Self {
        Self { epoch_seconds: 30, auditors: None }
    }
}

/// The table `[code]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Code {
    /// `"log"` writes codes with their numbers to `codes.log` in the data folder, for as long as they are good
    /// (development only); `"webhook"` posts them to a gateway. The profile `phone` must choose; others send none.
    /// Example: `"webhook"`
    pub sender: Option<String>,
    /// Where the webhook posts `{"number","code"}`. `http` only on a loopback address.
    /// Example: `"https://sms.example/send"`
    pub webhook_url: Option<String>,
    /// File with the secret of the webhook's signature, mode 0600. `Trefoil-Signature` is `sha256=` and the hex of
    /// HMAC-SHA256 over the value of `Trefoil-Timestamp` (seconds), a dot, and the body.
    /// Example: `"/etc/trefoil/webhook-secret"`
    pub webhook_secret_file: Option<PathBuf>,
}

/// The table `[console]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Console {
    /// Address and port, with the certificate under `tls`. Port 0 takes a free one. Better a network that only the team reaches.
    /// Example: `"127.0.0.1:8447"`
    pub listen: String,
    /// What a browser calls it: passkeys are bound to the host in it, so it never changes. `http` only with the host `localhost`.
    /// Example: `"https://desk.chat.example"`
    pub origin: String,
    /// Serve without TLS. Only on a loopback address: behind a proxy on the same machine, or for a browser on it. Default: false.
    /// Example: `true`
    #[serde(default)]
    pub plain: bool,
}

/// The table `[tipline]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Tipline {
    /// NCMEC's reporting API: `https://report.cybertip.org/ispws`, for tests `https://exttest.cybertip.org/ispws`. `http` only on a
    /// loopback address.
    /// Example: `"https://report.cybertip.org/ispws"`
    pub endpoint: String,
    /// File with the service's name there on the first line and its password on the second, mode 0600.
    /// Example: `"/etc/trefoil/tipline"`
    pub credentials_file: PathBuf,
    /// First name of who reports for the service.
    /// Example: `"Carla"`
    pub first_name: String,
    /// Last name.
    /// Example: `"Example"`
    pub last_name: String,
    /// Where they are reached.
    /// Example: `"safety@chat.example"`
    pub email: String,
    /// Where the terms of the service can be read.
    /// Example: `"https://chat.example/terms"`
    pub terms: Option<String>,
}

/// The table `[wellbeing]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Wellbeing {
    /// Reports that one person of the team opens a day. Default: 150.
    /// Example: `150`
    pub items_per_day: u32,
    /// Of them, about the exploitation of children, violence or self-harm. Default: 20.
    /// Example: `20`
    pub grave_items_per_day: u32,
    /// Minutes after one of those before the next. Default: 5.
    /// Example: `5`
    pub pause_minutes: u32,
}

impl Default for Wellbeing {
    fn default() -> Self {
        Self { items_per_day: 150, grave_items_per_day: 20, pause_minutes: 5 }
    }
}

/// The table `[safety]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Safety {
    /// Reports of one person that are looked at at a time; further ones are refused until some of those are decided. Default: 20.
    /// Example: `20`
    pub open_reports: u32,
}

impl Default for Safety {
    fn default() -> Self {
        Self { open_reports: 20 }
    }
}

/// The table `[limits]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Limits {
    /// Requests without a token (registrations, codes, challenges) a minute from one address. Default: 300.
    /// Example: `300`
    pub anonymous_per_minute: u32,
    /// Attempts to make an account an hour from one address, of IPv6 from one /64; and, counted apart, devices that wait
    /// to be linked. Default: 200.
    /// Example: `200`
    pub registrations_per_hour: u32,
    /// Accounts made an hour in all. Default: 20000.
    /// Example: `20000`
    pub registrations_per_hour_in_all: u32,
    /// Requests with a token a minute from one device. Default: 3000.
    /// Example: `3000`
    pub requests_per_minute: u32,
    /// Messages a second from one device; short bursts of ten times as many pass. Default: 200.
    /// Example: `200`
    pub messages_per_second: u32,
    /// Look-ups of handles and numbers an hour by one person. Default: 120.
    /// Example: `120`
    pub lookups_per_hour: u32,
    /// Look-ups of handles and numbers an hour by all people of one other service. Default: 12000.
    /// Example: `12000`
    pub peer_lookups_per_hour: u32,
    /// Phone numbers that one person may look for a day, in one burst or spread: what an address book has, and little for who
    /// goes through the numbers of a country. At least 128. Default: 2000.
    /// Example: `2000`
    pub numbers_per_day: u32,
    /// Phone numbers that all people of one other service may look for here a day. At least 128. Default: 200000.
    /// Example: `200000`
    pub peer_numbers_per_day: u32,
    /// Claims of key packages an hour by one person, here or of another service; a minute by one other service.
    /// Default: 3000.
    /// Example: `3000`
    pub key_claims_per_hour: u32,
    /// Key packages for one use that one person's devices hand out an hour; a third of it to one asker or one other
    /// service. Past it, their last-resort packages are handed out. Default: 60.
    /// Example: `60`
    pub key_claims_per_target_per_hour: u32,
    /// Requests a second from one other service. Default: 5000.
    /// Example: `5000`
    pub peer_requests_per_second: u32,
    /// One-time codes an hour to one number. Default: 5.
    /// Example: `5`
    pub codes_per_hour: u32,
    /// One-time codes an hour asked for from one address; of IPv6, from one /64. Default: 30.
    /// Example: `30`
    pub codes_per_hour_from_address: u32,
    /// One-time codes an hour in all: what the gateway may cost. Default: 2000.
    /// Example: `2000`
    pub codes_per_hour_in_all: u32,
    /// Tries of one PIN record that are answered without the right PIN in between, 1 to 20. The last one locks the record
    /// for ever. Each of a person's three services counts for itself. Default: 10.
    /// Example: `10`
    pub pin_guesses: u32,
    /// Steps of making or removing PIN records an hour from one address; of IPv6, from one /64. Making one takes two.
    /// Default: 60.
    /// Example: `60`
    pub pin_records_per_hour: u32,
    /// Steps of restoring by a PIN an hour from one address; of IPv6, from one /64. Each try takes two here at most.
    /// Default: 60.
    /// Example: `60`
    pub pin_tries_per_hour: u32,
    /// PIN records in all, of people of any service, 300 bytes each. Default: 1000000.
    /// Example: `1000000`
    pub pin_records: u64,
    /// Bytes of media one person may upload a day. Default: 4294967296 (4 GiB).
    /// Example: `4294967296`
    pub media_bytes_per_day: u64,
    /// Days that media are kept after their upload. Default: 365.
    /// Example: `365`
    pub media_days: u32,
    /// Bytes that all backups of one person may hold. Default: 4294967296 (4 GiB).
    /// Example: `4294967296`
    pub backup_bytes: u64,
    /// Events that one device's mailbox holds, by a sixteenth at most more; of one room, a quarter of it. What is in it
    /// stays; what comes past it is dropped until the device reads, is told, and joins the room or all its rooms again.
    /// Default: 200000.
    /// Example: `200000`
    pub mailbox_entries: u32,
    /// Bytes of events that one device's mailbox holds, with the same end. Default: 536870912 (512 MiB).
    /// Example: `536870912`
    pub mailbox_bytes: u64,
    /// Days without a read after which a mailbox is emptied; its device joins its rooms again. Default: 60.
    /// Example: `60`
    pub mailbox_days: u32,
    /// Connections at a time on each listener. Default: 200000.
    /// Example: `200000`
    pub connections: u32,
    /// Connections at a time from one address; of IPv6, from one /64. Not counted behind a proxy. Default: 1000.
    /// Example: `1000`
    pub connections_per_address: u32,
    /// Bytes of request bodies that are held in memory at a time, on both listeners. Default: 268435456 (256 MiB).
    /// Example: `268435456`
    pub body_bytes: u64,
    /// Seconds after which an unfinished request is given up. Default: 60.
    /// Example: `60`
    pub request_seconds: u64,
    /// Seconds of silence on a WebSocket after which the service sends a ping; twice that, and it closes.
    /// Default: 60.
    /// Example: `60`
    pub ping_seconds: u64,
}

impl Default for Limits {
    fn default() -> Self {
        let quota = crate::mailbox::Quota::default();
        Self {
            anonymous_per_minute: 300,
            registrations_per_hour: 200,
            registrations_per_hour_in_all: 20_000,
            requests_per_minute: 3_000,
            messages_per_second: 200,
            lookups_per_hour: 120,
            peer_lookups_per_hour: 12_000,
            numbers_per_day: 2_000,
            peer_numbers_per_day: 200_000,
            key_claims_per_hour: 3_000,
            key_claims_per_target_per_hour: 60,
            peer_requests_per_second: 5_000,
            codes_per_hour: 5,
            codes_per_hour_from_address: 30,
            codes_per_hour_in_all: 2_000,
            pin_guesses: 10,
            pin_records_per_hour: 60,
            pin_tries_per_hour: 60,
            pin_records: 1_000_000,
            media_bytes_per_day: 4 * 1024 * 1024 * 1024,
            media_days: 365,
            backup_bytes: 4 * 1024 * 1024 * 1024,
            mailbox_entries: quota.entries,
            mailbox_bytes: quota.bytes,
            mailbox_days: quota.days,
            connections: 200_000,
            connections_per_address: 1_000,
            body_bytes: 256 * 1024 * 1024,
            request_seconds: 60,
            ping_seconds: 60,
        }
    }
}

/// The table `[first_contacts]`: `docs/spec/behaviour.md` says what is counted and why.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct FirstContacts {
    /// Whether an account may turn to so many new people only. Default: true.
    /// Example: `true`
    pub limited: bool,
    /// New people whose answer an account may wait for on the day that it is made: who was turned to in the last three days, and
    /// has not answered. Default: 5.
    /// Example: `5`
    pub first_day: u32,
    /// So many more with each day of the account's age. Default: 1.
    /// Example: `1`
    pub more_each_day: u32,
    /// And never more than this. Default: 50.
    /// Example: `50`
    pub most: u32,
    /// Each report about an account in four weeks halves what it may; so many stop it. Default: 5.
    /// Example: `5`
    pub reports: u32,
    /// Whether people here are turned to from other services with passes only, which these get for their people. Default:
    /// true.
    /// Example: `true`
    pub passes: bool,
    /// Passes a day that all people of one other service get. Default: 2000.
    /// Example: `2000`
    pub passes_per_service: u32,
}

/// The table `[minors]`: `docs/spec/minors.md`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Minors {
    /// From which age on somebody is of age, in years, 1 to 25: their account is reached and found as others are. Default: 18.
    /// Example: `18`
    pub age: u8,
    /// Places with another age, by the two letters of ISO 3166-1. People say where they are when they make their account.
    /// Default: none.
    /// Example: `{ KR = 19 }`
    pub places: BTreeMap<String, u8>,
}

impl Default for Minors {
    fn default() -> Self {
        Self { age: 18, places: BTreeMap::new() }
    }
}

/// The table `[registration]`: `docs/spec/passes.md`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Registration {
    /// Whether an account is made with a pass only, which somebody gives who has an account here or on another service. Default:
    /// false: who has no pass is counted by the address.
    /// Example: `false`
    pub pass_needed: bool,
    /// Passes that an account here gives in 28 days, for this service and others together. It gives none for 28 days after a
    /// report about it. 0 is none at all. Default: 5.
    /// Example: `5`
    pub passes_per_account: u32,
    /// Days of age from which on an account gives passes. Default: 28.
    /// Example: `28`
    pub passes_from_day: u32,
    /// Passes a day for accounts here that all people of one other service get, 8 or more; 0 is none. Default: 50.
    /// Example: `50`
    pub passes_per_service: u32,
}

/// The table `[policy_list]`: `docs/spec/policy-lists.md`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OwnPolicyList {
    /// File with the list that this service publishes, signed, to services that ask. Read anew each time.
    /// Example: `"/etc/trefoil/policy-list.toml"`
    pub file: PathBuf,
}

/// A table `[[policy_lists]]`, one for each list that counts.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PolicyList {
    /// The service whose list it is.
    /// Example: `"other.example"`
    pub from: String,
    /// Its Ed25519 public key, base64url: the publisher's log says it when the service starts.
    /// Example: `"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"`
    pub key: String,
    /// What a recommendation to limit does here: `"limit"`, `"nothing"` or `"refuse"`. Default: `"limit"`.
    /// Example: `"limit"`
    #[serde(default = "limit")]
    pub limit: String,
    /// What a recommendation to refuse does here: `"refuse"`, `"limit"` or `"nothing"`. Default: `"refuse"`.
    /// Example: `"refuse"`
    #[serde(default = "refuse")]
    pub refuse: String,
}

fn limit() -> String {
    "limit".to_owned()
}

fn refuse() -> String {
    "refuse".to_owned()
}

impl Default for FirstContacts {
    fn default() -> Self {
        Self {
            limited: true,
            first_day: 5,
            more_each_day: 1,
            most: 50,
            reports: 5,
            passes: true,
            passes_per_service: 2_000,
        }
    }
}

impl Default for Registration {
    fn default() -> Self {
        Self { pass_needed: false, passes_per_account: 5, passes_from_day: 28, passes_per_service: 50 }
    }
}

fn drain_seconds() -> u64 {
    10
}
