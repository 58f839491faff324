//! `trefoil account list` and `trefoil account name`: the accounts of this person on this device, and the name that others see.

use super::{
    Shared,
    account::{Line, unfinished},
};
use crate::{
    exit::UsageError,
    home::Home,
    person::{self, PATIENCE},
    print::harmless,
};
use clap::Args;
use serde::Serialize;
use std::fmt;
use trefoil_client::conversation::compose;

/// The name that others see.
#[derive(Debug, Args)]
pub struct Name {
    /// The new name; without it, print the one that there is
    name: Option<String>,
}

/// An account in the person's folder.
#[derive(Serialize)]
struct Listed {
    kind: &'static str,
    /// Names it in the page and its local API.
    account: String,
    /// Its folder, for `--home`.
    home: String,
    /// Null while this device waits to be linked.
    user: Option<String>,
    name: Option<String>,
    primary: bool,
    service: String,
}

impl fmt::Display for Listed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let user = self.user.as_deref().unwrap_or("(waits to be linked)");
        let name = self.name.as_deref().map(|name| format!("{}  ", harmless(name))).unwrap_or_default();
        write!(f, "{name}{user}\n  --home {}  at {}", self.home, self.service)
    }
}

/// Lists the accounts in the person's folder: the first, and further ones that the page made.
///
/// # Errors
/// Whatever failed, as a sentence.
pub(super) fn list(shared: &Shared) -> anyhow::Result<()> {
    let home = shared.home()?;
    let passphrase = shared.passphrase()?;
    let mut some = false;
    for (account, folder) in Home::accounts_of(home.person())? {
        let one = Home::locate(Some(&folder))?;
        if !one.has_account() {
            continue;
        }
        some = true;
        let (agent, _) = person::open(&one, passphrase.as_ref())?;
        let me = agent.client.identity();
        shared.out.record(&Listed {
            kind: "account",
            account,
            home: folder.display().to_string(),
            primary: me.as_ref().is_some_and(|me| me.primary),
            user: me.map(|me| me.user.to_string()),
            name: agent.client.display_name()?,
            service: agent.service().address(),
        })?;
    }
    if !some {
        // With the sentence that every other command has for it.
        home.address()?;
    }
    Ok(())
}

/// Prints the name that others see, or chooses another.
///
/// # Errors
/// Whatever failed, as a sentence.
pub(super) async fn name(shared: &Shared, ask: &Name) -> anyhow::Result<()> {
    if let Some(name) = &ask.name {
        compose::profile(name.trim())
            .map_err(|error| UsageError(format!("{name:?} cannot be used as a name: {error}")))?;
    }
    let mut agent = shared.agent()?;
    agent.client.identity().ok_or_else(unfinished)?;
    if let Some(name) = &ask.name {
        person::rename(&mut agent, name.trim())?;
        agent.go_online()?;
        agent.settle(PATIENCE, |_, _| {}).await?;
    }
    let text = agent.client.display_name()?.unwrap_or_default();
    agent.close().await;
    Ok(shared.out.record(&Line { kind: "name", text })?)
}
