//! `trefoil account`: make an account, look at it, link another device.

use super::{
    Shared, accounts, alarms, decisions,
    linking::{self, Link},
    pass, picture, pin, read_text,
    recovery::{self, Recovery},
    unreadable,
};
use crate::{
    agent::Agent,
    clock,
    exit::{NotFoundError, UsageError},
    home::write_private,
    minors::{self, UnderAge},
    person::{self, Newcomer, PATIENCE, Place},
    print, show,
    transport::Service,
};
use anyhow::Context as _;
use clap::{Args, Subcommand};
use serde::Serialize;
use std::{fmt, fs, path::PathBuf};
use trefoil_client::{conversation::compose, verification::Identity};
use trefoil_proto::{DeviceUri, Domain, Month, credential::AccountKey, minors::Country};
use trefoil_transparency::gossip::{Accused, Evidence};

/// Make an account, look at it, link another device.
#[derive(Debug, Args)]
pub struct Account {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Ask the service to send a one-time code to a phone number
    Code(Code),
    /// Make an account with this device as its first
    Create(Create),
    /// List this person's accounts on this device, each with its folder
    List,
    /// List what you should know and have not seen, as no window of the page was open when it happened
    Alarms(alarms::Alarms),
    /// Print what came of your reports, or ask for another look
    Reports(decisions::Reports),
    /// Print what the service's safety team decided about this account, or appeal
    Decisions(decisions::Decisions),
    /// Print who this device is and how its store is locked
    Show,
    /// Print the URI that others use to write to this person
    Card(Card),
    /// List the account's devices
    Devices,
    /// Get a registration pass, with which somebody you trust can make an account
    Pass(pass::Pass),
    /// Look at the own entry in the key directory, list the directories, choose whose word on them counts
    Directory(Directory),
    /// Link another device to the account
    Link(Link),
    /// Make a recovery code, which brings everything back when this device is lost, or confirm it
    Recovery(Recovery),
    /// Set a PIN that brings everything back with two other services, or take it back
    Pin(pin::Pin),
    /// On a new device, when every other one is lost: bring the account and its history back with the recovery code or
    /// a PIN
    Recover(Recover),
    /// Print the name that the people of your rooms see, or choose another (encrypted on its way, unknown to the service)
    Name(accounts::Name),
    /// Choose the picture that the people of your rooms see (encrypted on its way, unknown to the service), or save it
    Picture(picture::Which),
    /// Give one of the account's devices a name, for your own eyes
    NameDevice(NameDevice),
    /// On the account's first device: take another device off the account and out of its rooms
    RemoveDevice(RemoveDevice),
}

#[derive(Debug, Args)]
pub(super) struct At {
    /// Address of the service, for example https://example.org
    #[arg(long, value_name = "URL")]
    service: String,
    /// Trust the certificate authorities in this PEM file instead of the public web's
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct Code {
    /// Phone number in international form, with + and digits only
    number: String,
    #[command(flatten)]
    at: At,
}

#[derive(Debug, Args)]
struct Create {
    /// Handle or phone number, as the service knows people; where it knows accounts, any name, which nobody is found by:
    /// others write to you by your card
    identifier: String,
    #[command(flatten)]
    at: At,
    /// Name that the people you write to see (encrypted on its way, unknown to the service)
    #[arg(long)]
    name: Option<String>,
    /// The account is of somebody who is under age where they are: only their connections write to them
    #[arg(long, conflicts_with = "born")]
    under_age: bool,
    /// Month of birth, as 2011-05: this device works out whether the account is of somebody under age, and until when; the
    /// month of birth is told to nobody
    #[arg(long, value_name = "YEAR-MONTH")]
    born: Option<Month>,
    /// Where you are, by two letters as in DE: the age is that of this place
    #[arg(long, value_name = "COUNTRY", requires = "born")]
    country: Option<Country>,
    /// Read the one-time code of a phone number from a file (or set TREFOIL_CODE, or standard input)
    #[arg(long, value_name = "FILE")]
    code_file: Option<PathBuf>,
    /// Registration pass that somebody gave you (`trefoil account pass`); good once
    #[arg(long, value_name = "TEXT")]
    pass: Option<String>,
}

#[derive(Debug, Args)]
struct Recover {
    #[command(flatten)]
    at: At,
    /// Read the recovery code from this file; from standard input if it is left away
    #[arg(long, value_name = "FILE")]
    code_file: Option<PathBuf>,
    #[command(flatten)]
    by_pin: pin::ByPin,
}

#[derive(Debug, Args)]
struct Card {
    /// Draw the URI as a QR code as well
    #[arg(long)]
    qr: bool,
    /// As a minor: print a link instead, by which whoever has it reaches you. Show it to those whom you want to hear from
    #[arg(long)]
    reach: bool,
}

#[derive(Debug, Args)]
struct RemoveDevice {
    /// The device, as `trefoil account devices` lists it, or the last part of it
    device: String,
}

#[derive(Debug, Args)]
struct Directory {
    /// Believe a directory only if so many services other than its own vouch for it (1 unless you choose; 0 for none)
    #[arg(long, value_name = "NUMBER")]
    auditors: Option<usize>,
    /// Count only the word of these services on the directories of others, under the keys that this device keeps of them
    #[arg(long, value_name = "DOMAIN")]
    vouched_by: Vec<Domain>,
    /// Count the word of every service again that your own one names
    #[arg(long, conflicts_with = "vouched_by")]
    vouched_by_anyone: bool,
    /// Believe this service's directory again although it showed two faces. The evidence is kept; new evidence counts anew
    #[arg(long, value_name = "DOMAIN")]
    believe_again: Option<Domain>,
}

#[derive(Serialize)]
struct Followed {
    directory: String,
    key: String,
    epoch: Option<u64>,
    time: Option<u64>,
    caught: bool,
    vouches: bool,
}

impl fmt::Display for Followed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}  key {}", self.directory, self.key)?;
        match self.epoch {
            Some(epoch) => write!(f, "  epoch {epoch}")?,
            None => f.write_str("  not asked yet")?,
        }
        f.write_str(if self.vouches { "" } else { "  its word on others does not count" })?;
        f.write_str(if self.caught { "  CAUGHT: shows different people different keys" } else { "" })
    }
}

#[derive(Serialize)]
struct OwnEntry {
    kind: &'static str,
    auditors: usize,
    refused: Option<String>,
}

impl fmt::Display for OwnEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.refused {
            Some(reason) => write!(f, "own entry: not believed: {reason}")?,
            None => f.write_str("own entry: proven")?,
        }
        match self.auditors {
            0 => f.write_str("; nobody else looks at the directories, or you chose that nobody has to"),
            1 => f.write_str("; one service other than its own must vouch for a directory"),
            more => write!(f, "; {more} services other than its own must vouch for a directory"),
        }
    }
}

#[derive(Debug, Args)]
struct NameDevice {
    /// The device, as `trefoil account devices` lists it, or the last part of it
    device: String,
    /// Its name; empty to take it away
    name: String,
}

#[derive(Serialize)]
struct Shown {
    user: String,
    device: String,
    primary: bool,
    fingerprint: String,
    service: String,
    lock: String,
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "person       {}", self.user)?;
        writeln!(f, "device       {}", self.device)?;
        writeln!(f, "first device {}", if self.primary { "yes: it can link others" } else { "no" })?;
        writeln!(f, "fingerprint  {}", self.fingerprint)?;
        writeln!(f, "service      {}", self.service)?;
        write!(f, "store        locked by {}", self.lock)
    }
}

#[derive(Serialize)]
pub(super) struct Line {
    #[serde(rename = "kind")]
    pub(super) kind: &'static str,
    #[serde(rename = "value")]
    pub(super) text: String,
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[derive(Serialize)]
struct Device {
    device: String,
    this: bool,
    name: Option<String>,
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.device)?;
        if let Some(name) = &self.name {
            write!(f, "  {}", print::harmless(name))?;
        }
        f.write_str(if self.this { "  (this one)" } else { "" })
    }
}

/// Does it.
///
/// # Errors
/// Whatever failed, as a sentence.
pub async fn run(shared: &Shared, ask: Account) -> anyhow::Result<()> {
    match ask.what {
        What::Code(ask) => code(shared, &ask).await,
        What::Create(ask) => create(shared, &ask).await,
        What::List => accounts::list(shared),
        What::Alarms(ask) => alarms::alarms(shared, &ask).await,
        What::Reports(ask) => decisions::reports(shared, &ask).await,
        What::Decisions(ask) => decisions::decisions(shared, &ask).await,
        What::Show => show(shared),
        What::Card(ask) => card(shared, &ask),
        What::Devices => devices(shared).await,
        What::Pass(ask) => pass::pass(shared, &ask).await,
        What::Directory(ask) => directory(shared, &ask).await,
        What::Link(ask) => Box::pin(linking::run(shared, ask)).await,
        What::Recovery(ask) => recovery::recovery(shared, &ask).await,
        What::Pin(ask) => Box::pin(pin::pin(shared, &ask)).await,
        What::Recover(ask) => {
            let ca = ask.at.read_ca()?;
            let place = ask.at.place(ca.as_deref());
            let code_file = ask.code_file.as_deref();
            let secret = Box::pin(pin::secret(place, &ask.by_pin, code_file)).await?;
            Box::pin(recovery::recover(shared, place, secret, code_file)).await?;
            show(shared)
        }
        What::Name(ask) => accounts::name(shared, &ask).await,
        What::Picture(which) => picture::own(shared, &which).await,
        What::NameDevice(ask) => name_device(shared, &ask).await,
        What::RemoveDevice(ask) => remove_device(shared, &ask).await,
    }
}

async fn code(shared: &Shared, ask: &Code) -> anyhow::Result<()> {
    let ca = ask.at.read_ca()?;
    person::request_code(ask.at.place(ca.as_deref()), &ask.number).await?;
    shared.out.say("If the number can have an account here, a code is on its way to it.")?;
    Ok(())
}

async fn create(shared: &Shared, ask: &Create) -> anyhow::Result<()> {
    if let Some(name) = &ask.name {
        compose::profile(name)
            .map_err(|error| UsageError(format!("--name {name:?} cannot be used: {error}")))?;
    }
    let code = match (&ask.code_file, std::env::var("TREFOIL_CODE")) {
        (None, Ok(code)) => Some(code),
        (None, Err(_)) if !ask.identifier.starts_with('+') => None,
        (file, _) => Some(read_text(file.as_deref(), "the one-time code")?),
    };
    if code.as_deref().is_some_and(|code| code.trim().is_empty()) {
        let ca = ask.at.ca.as_ref().map(|ca| format!(" --ca {}", ca.display())).unwrap_or_default();
        return Err(UsageError(format!(
            "the one-time code is empty: get one with `trefoil account code {} --service {}{ca}`, then give it with \
             --code-file FILE, TREFOIL_CODE or on standard input",
            ask.identifier, ask.at.service
        ))
        .into());
    }
    let pass = ask.pass.as_deref().map(person::parse_pass).transpose()?;
    let ca = ask.at.read_ca()?;
    let place = ask.at.place(ca.as_deref());
    let (home, passphrase) = (shared.home()?, shared.passphrase()?);
    let minor = match ask.born {
        Some(born) => {
            let service = Service::new(place.service, place.ca)?;
            minors::under_age(&service, born, ask.country, clock::now()).await?
        }
        None => ask.under_age.then_some(UnderAge(None)),
    };
    let who = Newcomer { identifier: &ask.identifier, code: code.as_deref(), pass: pass.as_ref(), minor };
    let (mut agent, _) = person::register_as(&home, passphrase.as_ref(), place, who).await?;
    if let Some(name) = &ask.name {
        person::rename(&mut agent, name)?;
    }
    agent.settle(PATIENCE, |_, _| {}).await?;
    agent.close().await;
    show(shared)
}

pub(super) fn show(shared: &Shared) -> anyhow::Result<()> {
    let home = shared.home()?;
    let (agent, lock) = person::open(&home, shared.passphrase()?.as_ref())?;
    let me = agent.client.identity().ok_or_else(unfinished)?;
    shared.out.record(&Shown {
        user: me.user.to_string(),
        device: me.device.to_string(),
        primary: me.primary,
        fingerprint: Identity { user: me.user.clone(), key: AccountKey(me.account_key) }.fingerprint(),
        service: agent.service().address(),
        lock: lock.to_string(),
    })?;
    Ok(())
}

fn card(shared: &Shared, ask: &Card) -> anyhow::Result<()> {
    let agent = shared.agent()?;
    let me = agent.client.identity().ok_or_else(unfinished)?;
    let text = if ask.reach { agent.client.reach_link()? } else { me.user.to_string() };
    shared.out.record(&Line { kind: "card", text: text.clone() })?;
    if ask.qr {
        let code = qrcode::QrCode::new(text).context("it does not fit a QR code")?;
        shared.out.say(code.render::<char>().quiet_zone(true).module_dimensions(2, 1).build())?;
    }
    Ok(())
}

async fn devices(shared: &Shared) -> anyhow::Result<()> {
    let mut agent = shared.agent()?;
    let me = agent.client.identity().ok_or_else(unfinished)?;
    agent.go_online()?;
    agent.settle(PATIENCE, |_, _| {}).await?;
    for device in agent.client.own_devices()? {
        let name = agent.client.device_name(&device)?;
        shared.out.record(&Device { this: device == me.device, device: device.to_string(), name })?;
    }
    agent.close().await;
    Ok(())
}

async fn directory(shared: &Shared, ask: &Directory) -> anyhow::Result<()> {
    let mut agent = shared.quiet_agent()?;
    if let Some(needed) = ask.auditors {
        agent.act(|client, now| client.set_auditors_needed(needed, now))?;
    }
    if ask.vouched_by_anyone || !ask.vouched_by.is_empty() {
        let named = ask.vouched_by.iter().cloned().collect();
        agent.act(|client, now| client.name_auditors(&named, now))?;
    }
    if let Some(directory) = &ask.believe_again {
        agent.act(|client, now| client.believe_again(directory, now))?;
    }
    agent.go_online()?;
    let mut events = Vec::new();
    agent.settle(PATIENCE, |_, event| events.push(event)).await?;
    for event in events {
        if let Some(shown) = show::event(&agent, &event)? {
            shared.out.record(&shown)?;
        }
    }
    shared.out.record(&OwnEntry {
        kind: "own-entry",
        auditors: agent.client.auditors_needed()?,
        refused: agent.client.own_entry_refused()?.map(|reason| reason.to_string()),
    })?;
    for known in agent.client.directories()? {
        shared.out.record(&Followed {
            directory: known.directory.to_string(),
            key: data_encoding::HEXLOWER.encode(&known.key),
            epoch: known.epoch,
            time: known.time.map(|time| time.0),
            caught: known.caught,
            vouches: known.vouches,
        })?;
    }
    for evidence in agent.client.evidence()? {
        save_again(&agent, &evidence)?;
    }
    agent.close().await;
    Ok(())
}

/// Writes evidence out if its file is gone.
fn save_again(agent: &Agent, evidence: &Evidence) -> anyhow::Result<()> {
    let Ok(split) = evidence.verify() else { return Ok(()) };
    let Accused::Directory(directory) = split.accused else { return Ok(()) };
    let Some(file) = agent.evidence_file(&directory, split.at) else { return Ok(()) };
    if !file.exists() {
        write_private(&file, &evidence.to_file())?;
    }
    Ok(())
}

async fn remove_device(shared: &Shared, ask: &RemoveDevice) -> anyhow::Result<()> {
    let mut agent = shared.agent()?;
    agent.go_online()?;
    agent.settle(PATIENCE, |_, _| {}).await?;
    let device = named_device(&agent, &ask.device)?;
    person::remove_device(&mut agent, &device).await?;
    agent.close().await;
    shared.out.record(&Line { kind: "device-removed", text: device.to_string() })?;
    Ok(())
}

async fn name_device(shared: &Shared, ask: &NameDevice) -> anyhow::Result<()> {
    let mut agent = shared.agent()?;
    let device = named_device(&agent, &ask.device)?;
    agent.act(|client, now| client.name_device(&device, &ask.name, now))?;
    shared.out.record(&Line { kind: "device-named", text: device.to_string() })?;
    Ok(())
}

pub(super) fn named_device(agent: &Agent, named: &str) -> anyhow::Result<DeviceUri> {
    let fits = |uri: &DeviceUri| uri.to_string() == named || uri.device.as_str() == named;
    agent.client.own_devices()?.into_iter().find(fits).ok_or_else(|| {
        NotFoundError(format!("the account has no device {named}: see `trefoil account devices`")).into()
    })
}

impl At {
    pub(super) fn read_ca(&self) -> anyhow::Result<Option<Vec<u8>>> {
        self.ca
            .as_ref()
            .map(|path| fs::read(path).map_err(unreadable("the certificate authority", path)))
            .transpose()
    }

    pub(super) fn place<'a>(&'a self, ca: Option<&'a [u8]>) -> Place<'a> {
        Place { service: &self.service, ca }
    }
}

/// This device waits to be linked, and has nothing yet.
pub(super) fn unfinished() -> NotFoundError {
    NotFoundError("this device is not linked yet: run `trefoil account link wait`".to_owned())
}
