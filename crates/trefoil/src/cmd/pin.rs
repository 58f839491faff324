//! `trefoil account pin`, and `trefoil account recover --as`: a PIN that restores, of which three services keep a part each.

use super::{Shared, read_text, unreadable};
use crate::{
    backup,
    exit::{NotFoundError, UsageError},
    person::{PATIENCE, Place},
    pin::{self, PinFailure},
    print,
    transport::{Service, TransportError},
};
use clap::Args;
use serde::Serialize;
use std::{
    fmt, fs,
    path::{Path, PathBuf},
};
use trefoil_client::{
    backup::RecoverySecret,
    pin::{Pin as Checked, PinError, Standing},
};
use zeroize::Zeroizing;

/// Set a PIN that brings everything back, or take it back.
#[derive(Debug, Args)]
pub struct Pin {
    /// Another service that keeps a part, by its address; given twice. Any two of the three give everything back
    #[arg(long, value_name = "URL", required_unless_present_any = ["remove", "state"])]
    with: Vec<String>,
    /// Where the service finds nobody by name: the name to give when everything is lost
    #[arg(long, conflicts_with_all = ["remove", "state"])]
    name: Option<String>,
    /// Read the PIN from this file; from standard input if it is left away
    #[arg(long, value_name = "FILE", conflicts_with_all = ["remove", "state"])]
    pin_file: Option<PathBuf>,
    /// Take the PIN back: from then on it restores nothing
    #[arg(long)]
    remove: bool,
    /// Only print whether there is a PIN, and which services keep its parts
    #[arg(long, conflicts_with_all = ["remove", "with"])]
    state: bool,
    /// Trust the certificate authorities in this PEM file for the two other services; otherwise those of the account
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
}

/// Who comes back by a PIN.
#[derive(Debug, Args)]
pub struct ByPin {
    /// Use a PIN instead of the recovery code: account name, handle or phone number, as the PIN's services know you
    #[arg(long = "as", value_name = "IDENTIFIER")]
    identifier: Option<String>,
    /// Read the PIN from this file; from standard input if it is left away. --code-file (or TREFOIL_CODE) is then the
    /// one-time code of the phone number
    #[arg(long, value_name = "FILE", requires = "identifier")]
    pin_file: Option<PathBuf>,
}

#[derive(Serialize)]
struct Stands {
    kind: &'static str,
    state: &'static str,
    services: Vec<String>,
}

impl fmt::Display for Stands {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.state {
            "removed" => return f.write_str("the PIN restores nothing any more"),
            "none" => return f.write_str("there is no PIN: set one with `trefoil account pin`"),
            _ => {}
        }
        write!(f, "the PIN restores; parts are at {}", self.services.join(", "))
    }
}

/// Sets a PIN, takes it back, or says how it stands.
///
/// # Errors
/// Whatever failed, as a sentence.
pub async fn pin(shared: &Shared, ask: &Pin) -> anyhow::Result<()> {
    if !matches!((ask.with.len(), ask.remove || ask.state), (2, _) | (0, true)) {
        return Err(UsageError(
            "--with is given twice: a PIN needs two services besides the account's own".to_owned(),
        )
        .into());
    }
    let ca = match &ask.ca {
        Some(path) => Some(fs::read(path).map_err(unreadable("the certificate authority", path))?),
        None => shared.home()?.address()?.1,
    };
    let others = services(&ask.with, ca.as_deref())?;
    let sets = !ask.remove && !ask.state;
    let typed = if sets { Some(read_pin(ask.pin_file.as_deref(), Checked::new)?) } else { None };
    let mut agent = shared.agent()?;
    agent.go_online()?;
    agent.settle(PATIENCE, |_, _| {}).await?;
    let way = agent.way();
    let token = way.bearer();
    let stands = match (&typed, others.as_slice()) {
        (Some(typed), [one, other]) => {
            let secret = agent.act_for(|client, now| client.prepare_recovery_secret(now))?;
            let name = ask.name.as_deref().unwrap_or_default().trim();
            pin::set_pin(&way.service, &token, [one, other], name, typed, secret.bytes()).await?;
            agent.act(|client, now| client.confirm_recovery_secret(&secret, now))?;
            // Without a backup the secret opens nothing.
            backup::back_up(&mut agent).await?;
            ("set", [&way.service, one, other].map(Service::address).to_vec())
        }
        _ if ask.state => match pin::places(&way.service, &token).await? {
            Some(places) => ("set", places),
            None => ("none", Vec::new()),
        },
        _ => {
            let places = pin::places(&way.service, &token).await?.ok_or(PinFailure::NoPin)?;
            // Unless they were named: where the PIN says that its parts are.
            let others = if others.is_empty() { services(&places, ca.as_deref())? } else { others };
            let secret = agent.act_for(|client, now| client.prepare_recovery_secret(now))?;
            let others: Vec<&Service> = others.iter().collect();
            pin::remove_pin(&way.service, &token, &others, secret.bytes()).await?;
            ("removed", places)
        }
    };
    agent.close().await;
    shared.out.record(&Stands { kind: "pin", state: stands.0, services: stands.1 })?;
    Ok(())
}

fn services(addresses: &[String], ca: Option<&[u8]>) -> Result<Vec<Service>, TransportError> {
    addresses.iter().map(|address| Service::new(address, ca)).collect()
}

/// What the PIN of whoever is named protects; `None` if nobody is named.
///
/// # Errors
/// Whatever failed, as a sentence.
pub async fn secret(
    place: Place<'_>,
    ask: &ByPin,
    code_file: Option<&Path>,
) -> anyhow::Result<Option<RecoverySecret>> {
    let Some(identifier) = &ask.identifier else { return Ok(None) };
    let code = match (code_file, std::env::var("TREFOIL_CODE")) {
        (Some(file), _) => Some(read_text(Some(file), "the one-time code")?),
        (None, code) => code.ok(),
    };
    let typed = read_pin(ask.pin_file.as_deref(), Checked::to_try)?;
    let recovered = pin::recover_with_pin(place, identifier.trim(), code.as_deref(), &typed).await?;
    let silent = recovered.standings.iter().filter(|one| !matches!(one, Standing::Answered { .. })).count();
    if recovered.set_again {
        print::remark(format_args!(
            "the PIN is right, and {silent} of the three services did not give its part: set it again with `trefoil \
             account pin`"
        ));
    }
    let secret = RecoverySecret::from_bytes(recovered.secret.bytes());
    Ok(Some(secret.ok_or_else(|| {
        NotFoundError("the PIN protects something that this version does not know".to_owned())
    })?))
}

/// A PIN that can be one, before anybody is asked.
fn read_pin(
    file: Option<&Path>,
    check: impl FnOnce(&str) -> Result<Checked, PinError>,
) -> anyhow::Result<Zeroizing<String>> {
    let text = Zeroizing::new(read_text(file, "the PIN")?);
    check(&text)?;
    Ok(text)
}
