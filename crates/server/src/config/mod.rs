//! Configuration: a TOML file, overridden by environment variables, parsed into types that cannot be wrong.

mod file;
#[cfg(test)]
mod reference;
#[cfg(test)]
mod tests;

use crate::{
    behaviour::{Giving, Rules},
    policy_lists::{Action, Subscription},
    safety::{Wellbeing, tipline::Reporter},
    staff::Place,
};
use data_encoding::BASE64URL_NOPAD;
use ed25519_dalek::VerifyingKey;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    net::{IpAddr, SocketAddr},
    num::NonZeroU32,
    path::{Path, PathBuf},
    time::Duration,
};
use toml::{Table, Value};
use trefoil_proto::{
    Domain, Wire as _,
    edge::Profile,
    frame::MailboxEvent,
    minors::{AgeThere, Ages},
};
use trefoil_transparency::directory::KeyProof;

/// Environment variables that begin with this override the file: `TREFOIL_SERVICE_DRAIN_SECONDS=5`,
/// `TREFOIL_SERVICE_CLIENT__LISTEN=127.0.0.1:0` (two underscores between table and key; values are TOML, or plain
/// text where that is no TOML). A name that is no key of the file is an error.
pub const ENVIRONMENT: &str = "TREFOIL_SERVICE_";

/// Most services that cosign one log: as many cosignatures as a checkpoint is sure to have room for.
const WITNESSES: usize = 32;

/// Everything a service must be told.
#[derive(Clone, Debug)]
pub struct Config {
    /// Its domain.
    pub domain: Domain,
    /// Its kind.
    pub profile: Profile,
    /// The folder of its store, media and keys.
    pub data: PathBuf,
    /// How long connections may finish after a stop was asked for.
    pub drain: Duration,
    /// Where its own people connect.
    pub client: ClientConfig,
    /// Where other services connect.
    pub federation: FederationConfig,
    /// Certificate and key of both listeners, and of the client towards other services.
    pub tls: TlsConfig,
    /// Base URLs of the federation listeners of services that are not found by their domain; no final slash.
    pub peers: BTreeMap<Domain, String>,
    /// The public log.
    pub log: LogConfig,
    /// The key directory.
    pub directory: DirectoryConfig,
    /// How one-time codes reach a phone.
    pub code: CodeConfig,
    /// The port of the service's own teams.
    pub console: Option<ConsoleConfig>,
    /// The line to NCMEC.
    pub tipline: Option<TiplineConfig>,
    /// What one person of the team sees at most.
    pub wellbeing: Wellbeing,
    /// Reports of one person that are looked at at a time.
    pub open_reports: NonZeroU32,
    /// Rates and quotas.
    pub limits: Limits,
    /// How many people an account may turn to for the first time.
    pub first_contacts: FirstContacts,
    /// From which age on somebody is of age.
    pub ages: Ages,
    /// Who may make an account.
    pub registration: Registration,
    /// The file of the policy list that is published.
    pub policy_list: Option<PathBuf>,
    /// Policy lists of other services that count here.
    pub policy_lists: Vec<Subscription>,
}

/// The listener for the service's own people.
#[derive(Clone, Debug)]
pub struct ClientConfig {
    /// Address and port.
    pub listen: SocketAddr,
    /// Without TLS; then `listen` is a loopback address.
    pub plain: bool,
}

/// The listener for other services.
#[derive(Clone, Debug)]
pub struct FederationConfig {
    /// Address and port.
    pub listen: SocketAddr,
    /// PEM files of the authorities that vouch for other services.
    pub authorities: Vec<PathBuf>,
}

/// The port of the service's own teams.
#[derive(Clone, Debug)]
pub struct ConsoleConfig {
    /// Address and port.
    pub listen: SocketAddr,
    /// What a browser calls it.
    pub place: Place,
    /// Without TLS; then `listen` is a loopback address.
    pub plain: bool,
}

/// The line to NCMEC.
#[derive(Clone, Debug)]
pub struct TiplineConfig {
    /// Its reporting API.
    pub endpoint: String,
    /// File of the service's name and password there.
    pub credentials: PathBuf,
    /// Who reports for the service.
    pub reporter: Reporter,
}

/// Certificate and key.
#[derive(Clone, Debug)]
pub struct TlsConfig {
    /// PEM file of the chain.
    pub certificate: PathBuf,
    /// PEM file of the private key.
    pub key: PathBuf,
}

/// The public log.
#[derive(Clone, Debug)]
pub struct LogConfig {
    /// The services that are asked to cosign it.
    pub witnesses: Vec<Domain>,
}

/// The key directory.
#[derive(Clone, Debug)]
pub struct DirectoryConfig {
    /// Between two epochs when there is work and nobody waits.
    pub epoch: Duration,
    /// Services that are asked to audit it.
    pub auditors: Vec<Domain>,
}

/// How one-time codes reach a phone.
#[derive(Clone, Debug)]
pub enum CodeConfig {
    /// To `codes.log` in the data folder: development.
    Log,
    /// By signed POST to a gateway.
    Webhook {
        /// Where.
        url: String,
        /// File of the HMAC secret.
        secret_file: PathBuf,
    },
}

/// Rates and quotas; none is zero.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Requests without token a minute and address.
    pub anonymous_per_minute: NonZeroU32,
    /// Attempts to make an account an hour and address.
    pub registrations_per_hour: NonZeroU32,
    /// Accounts made an hour.
    pub registrations_per_hour_in_all: NonZeroU32,
    /// Requests a minute and device.
    pub requests_per_minute: NonZeroU32,
    /// Messages a second and device.
    pub messages_per_second: NonZeroU32,
    /// Look-ups an hour and person.
    pub lookups_per_hour: NonZeroU32,
    /// Look-ups an hour and peer.
    pub peer_lookups_per_hour: NonZeroU32,
    /// Numbers looked for a day and person.
    pub numbers_per_day: NonZeroU32,
    /// Numbers looked for a day and peer.
    pub peer_numbers_per_day: NonZeroU32,
    /// Claims of key packages an hour and person, a minute and peer.
    pub key_claims_per_hour: NonZeroU32,
    /// Packages for one use an hour that one person's devices hand out.
    pub key_claims_per_target_per_hour: NonZeroU32,
    /// Requests a second and peer.
    pub peer_requests_per_second: NonZeroU32,
    /// One-time codes an hour and number.
    pub codes_per_hour: NonZeroU32,
    /// One-time codes an hour and address.
    pub codes_per_hour_from_address: NonZeroU32,
    /// One-time codes an hour.
    pub codes_per_hour_in_all: NonZeroU32,
    /// Tries of one PIN record without a right one in between.
    pub pin_guesses: NonZeroU32,
    /// Steps of making PIN records an hour and address.
    pub pin_records_per_hour: NonZeroU32,
    /// Steps of restoring by a PIN an hour and address.
    pub pin_tries_per_hour: NonZeroU32,
    /// PIN records in all.
    pub pin_records: u64,
    /// Bytes of media a day and person.
    pub media_bytes_per_day: u64,
    /// Days that media are kept.
    pub media_days: u32,
    /// Bytes of all backups of one person.
    pub backup_bytes: u64,
    /// Entries in a mailbox.
    pub mailbox_entries: NonZeroU32,
    /// Bytes of entries in a mailbox; the largest event fits.
    pub mailbox_bytes: u64,
    /// Days without a read that a mailbox is kept.
    pub mailbox_days: NonZeroU32,
    /// Connections at a time and listener.
    pub connections: NonZeroU32,
    /// Connections at a time, listener and address.
    pub connections_per_address: NonZeroU32,
    /// Bytes of request bodies in memory at a time.
    pub body_bytes: u64,
    /// When an unfinished request is given up.
    pub request_timeout: Duration,
    /// Silence before a ping; twice that closes a WebSocket.
    pub ping: Duration,
}

/// How many people an account may turn to for the first time.
#[derive(Clone, Debug)]
pub struct FirstContacts {
    /// The thresholds of accounts here.
    pub rules: Rules,
    /// Whether people here are turned to from other services with passes only.
    pub passes: bool,
    /// Passes a day that all people of one other service get.
    pub passes_per_service: NonZeroU32,
}

/// Who may make an account.
#[derive(Clone, Debug)]
pub struct Registration {
    /// Only who has a pass.
    pub pass_needed: bool,
    /// How many passes an account here gives.
    pub giving: Giving,
    /// Passes a day that all people of one other service get; without it they get none.
    pub passes_per_service: Option<NonZeroU32>,
}

impl Default for Registration {
    /// What a file that says nothing of them has.
    fn default() -> Self {
        registration(&file::Registration::default()).expect("the defaults are limits that can be")
    }
}

impl Default for FirstContacts {
    /// What a file that says nothing of them has.
    fn default() -> Self {
        first_contacts(&file::FirstContacts::default()).expect("the defaults are thresholds that can be")
    }
}

impl Default for Limits {
    /// What a file that says nothing of limits has.
    fn default() -> Self {
        limits(&file::Limits::default()).expect("the defaults are limits that can be")
    }
}

/// Why a configuration is refused. Names keys, never shows values of secrets (there are none in it).
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file could not be read.
    #[error("read the configuration {path}")]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Not TOML, an unknown key, a missing key, or a value of another type.
    #[error("the configuration does not parse")]
    Syntax(#[source] Box<toml::de::Error>),
    /// An environment variable sets a key inside something that is no table.
    #[error("the environment variable {0} does not name a key")]
    Environment(String),
    /// A value that cannot be.
    #[error("configuration key `{key}`: {why}")]
    Invalid {
        /// Dotted key.
        key: &'static str,
        /// What is wrong with it, and what would be right.
        why: String,
    },
}

impl Config {
    /// Reads the file, applies the environment, checks everything that can be checked without opening anything.
    ///
    /// # Errors
    /// [`ConfigError`] names the first key that is wrong.
    pub fn load(
        path: &Path,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let text =
            fs::read_to_string(path).map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
        Self::parse(&text, environment)
    }

    /// The same from text.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn parse(
        text: &str,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let syntax = |error| ConfigError::Syntax(Box::new(error));
        let mut table: Table = toml::from_str(text).map_err(syntax)?;
        for (name, value) in environment {
            if let Some(key) = name.strip_prefix(ENVIRONMENT) {
                set(&mut table, key, &value).ok_or_else(|| ConfigError::Environment(name.clone()))?;
            }
        }
        check(Value::Table(table).try_into().map_err(syntax)?)
    }
}

/// Sets `TABLE__KEY` to a value in TOML, or to the text itself.
fn set(table: &mut Table, name: &str, raw: &str) -> Option<()> {
    let name = name.to_ascii_lowercase();
    let mut steps: Vec<&str> = name.split("__").collect();
    let last = steps.pop().filter(|key| !key.is_empty())?;
    let mut table = table;
    for step in steps {
        table = table.entry(step).or_insert_with(|| Value::Table(Table::new())).as_table_mut()?;
    }
    let parsed = toml::from_str::<Table>(&format!("value = {raw}")).ok();
    let value = parsed.and_then(|mut one| if one.len() == 1 { one.remove("value") } else { None });
    table.insert(last.to_owned(), value.unwrap_or_else(|| Value::String(raw.to_owned())));
    Some(())
}

fn check(file: file::File) -> Result<Config, ConfigError> {
    let domain: Domain =
        file.domain.parse().map_err(|_| invalid("domain", "must be a domain name in lower case"))?;
    let profile = match file.profile.as_str() {
        "account" => Profile::Account,
        "handle" => Profile::Handle,
        "phone" => Profile::Phone,
        _ => return Err(invalid("profile", "must be account, handle or phone")),
    };
    let client =
        ClientConfig { listen: address("client.listen", &file.client.listen)?, plain: file.client.plain };
    if client.plain && !client.listen.ip().is_loopback() {
        return Err(invalid("client.plain", "is for a loopback address only"));
    }
    if file.federation.authorities.is_empty() {
        return Err(invalid("federation.authorities", "must name one file at least"));
    }
    let federation = FederationConfig {
        listen: address("federation.listen", &file.federation.listen)?,
        authorities: file.federation.authorities,
    };
    let mut peers = BTreeMap::new();
    for (name, peer) in file.peers {
        let peer_domain = name.parse().map_err(|_| invalid("peers", "must be named by their domains"))?;
        peers.insert(peer_domain, base_url("peers.url", peer.url)?);
    }
    Ok(Config {
        log: log(file.log, &domain, &peers)?,
        policy_lists: policy_lists(file.policy_lists, &domain)?,
        profile,
        data: file.data,
        drain: Duration::from_secs(file.drain_seconds),
        client,
        federation,
        tls: TlsConfig { certificate: file.tls.certificate, key: file.tls.key },
        directory: directory(file.directory, &domain, peers.keys())?,
        domain,
        peers,
        code: code(file.code, profile)?,
        console: file.console.map(console).transpose()?,
        tipline: file.tipline.map(tipline).transpose()?,
        wellbeing: wellbeing(&file.wellbeing)?,
        open_reports: NonZeroU32::new(file.safety.open_reports)
            .ok_or_else(|| invalid("safety.open_reports", "must not be zero"))?,
        limits: limits(&file.limits)?,
        first_contacts: first_contacts(&file.first_contacts)?,
        ages: ages(&file.minors)?,
        registration: registration(&file.registration)?,
        policy_list: file.policy_list.map(|list| list.file),
    })
}

fn log(log: file::Log, domain: &Domain, peers: &BTreeMap<Domain, String>) -> Result<LogConfig, ConfigError> {
    let Some(named) = log.witnesses else {
        return Ok(LogConfig { witnesses: peers.keys().take(WITNESSES).cloned().collect() });
    };
    let mut witnesses = Vec::new();
    for name in named {
        let witness: Domain =
            name.parse().map_err(|_| invalid("log.witnesses", "must be a list of domains"))?;
        if witness == *domain {
            return Err(invalid("log.witnesses", "must not name this service: nobody witnesses for himself"));
        }
        if !witnesses.contains(&witness) {
            witnesses.push(witness);
        }
    }
    if witnesses.len() > WITNESSES {
        return Err(invalid("log.witnesses", &format!("must not name more than {WITNESSES}")));
    }
    Ok(LogConfig { witnesses })
}

fn directory<'a>(
    directory: file::Directory,
    own: &Domain,
    peers: impl Iterator<Item = &'a Domain>,
) -> Result<DirectoryConfig, ConfigError> {
    let wrong = || invalid("directory.auditors", "must be domains of other services, each once");
    let auditors = match directory.auditors {
        None => peers.cloned().collect(),
        Some(names) => {
            let named: Result<Vec<Domain>, _> = names.iter().map(|name| name.parse()).collect();
            named.map_err(|_| wrong())?
        }
    };
    let distinct: BTreeSet<_> = auditors.iter().collect();
    if auditors.contains(own) || distinct.len() < auditors.len() || auditors.len() > KeyProof::AUDITS {
        return Err(wrong());
    }
    match directory.epoch_seconds {
        seconds @ 1..=3600 => Ok(DirectoryConfig { epoch: Duration::from_secs(seconds), auditors }),
        _ => Err(invalid("directory.epoch_seconds", "must be 1 to 3600")),
    }
}

fn code(code: file::Code, profile: Profile) -> Result<CodeConfig, ConfigError> {
    match (code.sender.as_deref(), code.webhook_url, code.webhook_secret_file) {
        (None, None, None) if profile == Profile::Phone => Err(invalid(
            "code.sender",
            "must be chosen for the profile phone: in the table [code], sender = \"webhook\" with webhook_url and \
             webhook_secret_file posts one-time codes to a gateway; sender = \"log\" writes them to codes.log in the \
             data folder, which is for development only",
        )),
        (None | Some("log"), None, None) => Ok(CodeConfig::Log),
        (Some("webhook"), Some(url), Some(secret_file)) => {
            let loopback = ["http://127.0.0.1:", "http://[::1]:", "http://localhost:"];
            if url.starts_with("https://") || loopback.iter().any(|start| url.starts_with(start)) {
                Ok(CodeConfig::Webhook { url, secret_file })
            } else {
                Err(invalid("code.webhook_url", "must be https, or http on a loopback address"))
            }
        }
        (Some("webhook"), _, _) => {
            Err(invalid("code.sender", "webhook needs webhook_url and webhook_secret_file"))
        }
        (None | Some("log"), _, _) => Err(invalid("code.sender", "must be webhook if webhook keys are set")),
        (Some(_), _, _) => Err(invalid("code.sender", "must be log or webhook")),
    }
}

fn console(file: file::Console) -> Result<ConsoleConfig, ConfigError> {
    let listen = address("console.listen", &file.listen)?;
    if file.plain && !listen.ip().is_loopback() {
        return Err(invalid("console.plain", "is for a loopback address only"));
    }
    let origin = base_url("console.origin", file.origin)?;
    let (scheme, rest) = origin.split_once("://").unwrap_or_default();
    let host = rest.split(':').next().unwrap_or_default().to_owned();
    let is_name = host.parse::<std::net::IpAddr>().is_err() && !host.is_empty();
    if !is_name || (scheme == "http" && host != "localhost") {
        let why = "must be https and a name, or http://localhost: passkeys are bound to it";
        return Err(invalid("console.origin", why));
    }
    Ok(ConsoleConfig { listen, place: Place { origin, host }, plain: file.plain })
}

fn tipline(file: file::Tipline) -> Result<TiplineConfig, ConfigError> {
    let file::Tipline { endpoint, credentials_file, first_name, last_name, email, terms } = file;
    let reporter = Reporter {
        first_name: said("tipline.first_name", first_name)?,
        last_name: said("tipline.last_name", last_name)?,
        email: reached("tipline.email", email)?,
        service: None,
        legal_url: terms,
    };
    Ok(TiplineConfig { endpoint: tip_endpoint(endpoint)?, credentials: credentials_file, reporter })
}

/// Reports with what they show go there: encrypted, but to this machine.
fn tip_endpoint(raw: String) -> Result<String, ConfigError> {
    let parsed: Option<http::Uri> = raw.parse().ok();
    let fits = parsed.is_some_and(|url| {
        let host = url.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
        let here = host == "localhost" || host.parse().is_ok_and(|address: IpAddr| address.is_loopback());
        let safe = url.scheme_str() == Some("https") || (url.scheme_str() == Some("http") && here);
        let bare = url.authority().is_some_and(|authority| !authority.as_str().contains('@'));
        safe && bare && !host.is_empty() && url.query().is_none()
    });
    if fits {
        Ok(raw)
    } else {
        Err(invalid("tipline.endpoint", "must be a URL with https, or with http on a loopback address"))
    }
}

/// A text for NCMEC's form: something, on one line.
fn said(key: &'static str, raw: String) -> Result<String, ConfigError> {
    let text = raw.trim();
    if text.is_empty() || text.chars().any(char::is_control) {
        return Err(invalid(key, "must not be empty, and be one line"));
    }
    Ok(text.to_owned())
}

fn reached(key: &'static str, raw: String) -> Result<String, ConfigError> {
    let text = said(key, raw)?;
    let fits = text
        .split_once('@')
        .is_some_and(|(name, host)| !name.is_empty() && !host.is_empty() && !host.contains('@'));
    if fits && !text.contains(char::is_whitespace) {
        Ok(text)
    } else {
        Err(invalid(key, "must be an e-mail address, such as safety@chat.example"))
    }
}

fn wellbeing(file: &file::Wellbeing) -> Result<Wellbeing, ConfigError> {
    if file.items_per_day == 0 {
        return Err(invalid("wellbeing.items_per_day", "must not be zero"));
    }
    Ok(Wellbeing {
        a_day: file.items_per_day,
        grave_a_day: file.grave_items_per_day,
        pause: u64::from(file.pause_minutes) * 60 * 1000,
    })
}

fn limits(file: &file::Limits) -> Result<Limits, ConfigError> {
    let positive = |key, value| NonZeroU32::new(value).ok_or_else(|| invalid(key, "must not be zero"));
    let seconds = |key, value: u64| {
        if value == 0 { Err(invalid(key, "must not be zero")) } else { Ok(Duration::from_secs(value)) }
    };
    Ok(Limits {
        anonymous_per_minute: positive("limits.anonymous_per_minute", file.anonymous_per_minute)?,
        registrations_per_hour: positive("limits.registrations_per_hour", file.registrations_per_hour)?,
        registrations_per_hour_in_all: positive(
            "limits.registrations_per_hour_in_all",
            file.registrations_per_hour_in_all,
        )?,
        requests_per_minute: positive("limits.requests_per_minute", file.requests_per_minute)?,
        messages_per_second: positive("limits.messages_per_second", file.messages_per_second)?,
        lookups_per_hour: positive("limits.lookups_per_hour", file.lookups_per_hour)?,
        peer_lookups_per_hour: positive("limits.peer_lookups_per_hour", file.peer_lookups_per_hour)?,
        numbers_per_day: numbers_per_day("limits.numbers_per_day", file.numbers_per_day)?,
        peer_numbers_per_day: numbers_per_day("limits.peer_numbers_per_day", file.peer_numbers_per_day)?,
        key_claims_per_hour: positive("limits.key_claims_per_hour", file.key_claims_per_hour)?,
        key_claims_per_target_per_hour: positive(
            "limits.key_claims_per_target_per_hour",
            file.key_claims_per_target_per_hour,
        )?,
        peer_requests_per_second: positive("limits.peer_requests_per_second", file.peer_requests_per_second)?,
        codes_per_hour: positive("limits.codes_per_hour", file.codes_per_hour)?,
        codes_per_hour_from_address: positive(
            "limits.codes_per_hour_from_address",
            file.codes_per_hour_from_address,
        )?,
        codes_per_hour_in_all: positive("limits.codes_per_hour_in_all", file.codes_per_hour_in_all)?,
        pin_guesses: pin_guesses(file.pin_guesses)?,
        pin_records_per_hour: positive("limits.pin_records_per_hour", file.pin_records_per_hour)?,
        pin_tries_per_hour: positive("limits.pin_tries_per_hour", file.pin_tries_per_hour)?,
        pin_records: file.pin_records,
        media_bytes_per_day: file.media_bytes_per_day,
        media_days: file.media_days.max(1),
        backup_bytes: file.backup_bytes,
        mailbox_entries: positive("limits.mailbox_entries", file.mailbox_entries)?,
        mailbox_bytes: mailbox_bytes(file.mailbox_bytes)?,
        mailbox_days: positive("limits.mailbox_days", file.mailbox_days)?,
        connections: positive("limits.connections", file.connections)?,
        connections_per_address: positive("limits.connections_per_address", file.connections_per_address)?,
        body_bytes: body_bytes(file.body_bytes)?,
        request_timeout: seconds("limits.request_seconds", file.request_seconds)?,
        ping: seconds("limits.ping_seconds", file.ping_seconds)?,
    })
}

fn policy_lists(lists: Vec<file::PolicyList>, own: &Domain) -> Result<Vec<Subscription>, ConfigError> {
    let action = |key, word: &str| match word {
        "nothing" => Ok(Action::Nothing),
        "limit" => Ok(Action::Limit),
        "refuse" => Ok(Action::Refuse),
        _ => Err(invalid(key, "must be nothing, limit or refuse")),
    };
    let mut subscriptions: Vec<Subscription> = Vec::new();
    for list in lists {
        let from = list.from.parse().ok().filter(|from| from != own);
        let from = from.filter(|from| subscriptions.iter().all(|known| known.from != *from));
        let from = from.ok_or_else(|| {
            invalid("policy_lists.from", "must be the domain of another service, each once")
        })?;
        let key = BASE64URL_NOPAD.decode(list.key.as_bytes()).ok();
        let key = key.and_then(|key| VerifyingKey::from_bytes(key.as_slice().try_into().ok()?).ok());
        let key =
            key.ok_or_else(|| invalid("policy_lists.key", "must be an Ed25519 public key in base64url"))?;
        let limit = action("policy_lists.limit", &list.limit)?;
        let refuse = action("policy_lists.refuse", &list.refuse)?;
        subscriptions.push(Subscription { from, key, limit, refuse });
    }
    Ok(subscriptions)
}

fn first_contacts(file: &file::FirstContacts) -> Result<FirstContacts, ConfigError> {
    let positive = |key, value| if value == 0 { Err(invalid(key, "must not be zero")) } else { Ok(value) };
    Ok(FirstContacts {
        rules: Rules {
            limited: file.limited,
            first_day: positive("first_contacts.first_day", file.first_day)?,
            more_each_day: file.more_each_day,
            most: positive("first_contacts.most", file.most)?,
            reports: positive("first_contacts.reports", file.reports)?,
        },
        passes: file.passes,
        passes_per_service: NonZeroU32::new(file.passes_per_service)
            .filter(|passes| passes.get() >= trefoil_proto::passes::BATCH as u32)
            .ok_or_else(|| invalid("first_contacts.passes_per_service", "must be 8 at least"))?,
    })
}

/// More places than there are.
const PLACES: usize = 300;

fn ages(file: &file::Minors) -> Result<Ages, ConfigError> {
    let possible = |key, age: u8| match age {
        1..=25 => Ok(age),
        _ => Err(invalid(key, "must be 1 to 25 years")),
    };
    if file.places.len() > PLACES {
        return Err(invalid("minors.places", "has more places than there are"));
    }
    let mut places = Vec::new();
    for (place, age) in &file.places {
        let place = place.parse().map_err(|_| {
            invalid("minors.places", "must be named by two capital letters, as ISO 3166-1 has them")
        })?;
        places.push(AgeThere { place, age: possible("minors.places", *age)? });
    }
    Ok(Ages { age: possible("minors.age", file.age)?, places })
}

fn registration(file: &file::Registration) -> Result<Registration, ConfigError> {
    let passes_per_service = NonZeroU32::new(file.passes_per_service);
    if passes_per_service.is_some_and(|passes| passes.get() < trefoil_proto::passes::BATCH as u32) {
        return Err(invalid("registration.passes_per_service", "must be 8 at least, or 0 for none"));
    }
    Ok(Registration {
        pass_needed: file.pass_needed,
        giving: Giving { most: file.passes_per_account, from_day: file.passes_from_day },
        passes_per_service,
    })
}

/// One request must fit, or nobody finds a whole address book.
fn numbers_per_day(key: &'static str, numbers: u32) -> Result<NonZeroU32, ConfigError> {
    let least = trefoil_proto::discovery::BATCH as u32;
    NonZeroU32::new(numbers)
        .filter(|numbers| numbers.get() >= least)
        .ok_or_else(|| invalid(key, &format!("must be {least} at least")))
}

/// What four digits bear: with more, an attacker who lets the services count has a chance worth having.
const PIN_GUESSES: u32 = 20;

fn pin_guesses(guesses: u32) -> Result<NonZeroU32, ConfigError> {
    NonZeroU32::new(guesses)
        .filter(|guesses| guesses.get() <= PIN_GUESSES)
        .ok_or_else(|| invalid("limits.pin_guesses", &format!("must be 1 to {PIN_GUESSES}")))
}

fn body_bytes(bytes: u64) -> Result<u64, ConfigError> {
    // One address gets a quarter, and the largest body has to fit in it.
    let least = trefoil_proto::limits::NOTIFY as u64 * 4;
    if bytes >= least {
        Ok(bytes)
    } else {
        Err(invalid("limits.body_bytes", &format!("must be {least} at least")))
    }
}

fn mailbox_bytes(bytes: u64) -> Result<u64, ConfigError> {
    if bytes < MailboxEvent::LIMIT as u64 {
        let why = format!("must be {} at least, or the largest event would not fit", MailboxEvent::LIMIT);
        return Err(ConfigError::Invalid { key: "limits.mailbox_bytes", why });
    }
    Ok(bytes)
}

fn address(key: &'static str, raw: &str) -> Result<SocketAddr, ConfigError> {
    raw.parse().map_err(|_| invalid(key, "must be an IP address and a port, like 127.0.0.1:8443"))
}

fn base_url(key: &'static str, raw: String) -> Result<String, ConfigError> {
    let parsed: Option<http::Uri> = raw.parse().ok();
    let fits = parsed.is_some_and(|url| {
        let scheme = url.scheme_str();
        url.authority().is_some()
            && (scheme == Some("https") || scheme == Some("http"))
            && url.path() == "/"
            && url.query().is_none()
    });
    if fits && !raw.ends_with('/') {
        Ok(raw)
    } else {
        Err(invalid(key, "must be a URL of scheme and host only, without a final slash"))
    }
}

fn invalid(key: &'static str, why: &str) -> ConfigError {
    ConfigError::Invalid { key, why: why.to_owned() }
}
