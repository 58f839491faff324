//! `trefoil settings`: what a person chose for this device, for every account in its folder; the page shows the same.

use super::Shared;
use crate::{
    exit::UsageError,
    home::{HomeError, is_served},
    settings::{Choice, Preview, Settings as Chosen, Theme},
};
use clap::{Args, ValueEnum};
use serde::Serialize;
use std::fmt;

/// Longest name of a language, in bytes: a tag of BCP 47 is no longer in practice.
const LONGEST: usize = 35;

/// Print what was chosen for this device, or choose anew.
#[derive(Debug, Args)]
pub struct Settings {
    /// Whether others hear that their messages were read
    #[arg(long, value_name = "WHETHER")]
    read_receipts: Option<Switch>,
    /// Whether others see that this person is writing
    #[arg(long, value_name = "WHETHER")]
    typing: Option<Switch>,
    /// What a notification of the page shows
    #[arg(long, value_name = "WHAT")]
    notifications: Option<Preview>,
    /// How the page looks
    #[arg(long, value_name = "HOW")]
    theme: Option<Theme>,
    /// Language of the page (de, ar); empty for the browser's
    #[arg(long, value_name = "LANGUAGE")]
    language: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Switch {
    On,
    Off,
}

#[derive(Serialize)]
struct Record {
    kind: &'static str,
    #[serde(flatten)]
    chosen: Chosen,
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let switch = |on: bool| if on { "on" } else { "off" };
        let named = |value: &dyn fmt::Debug| format!("{value:?}").to_lowercase();
        let chosen = &self.chosen;
        let language = if chosen.language.is_empty() { "the browser's" } else { &chosen.language };
        writeln!(f, "read receipts  {}", switch(chosen.read_receipts))?;
        writeln!(f, "typing         {}", switch(chosen.typing))?;
        writeln!(f, "notifications  {} (in the page)", named(&chosen.notifications))?;
        writeln!(f, "theme          {} (of the page)", named(&chosen.theme))?;
        write!(f, "language       {language} (of the page)")
    }
}

/// Does it.
///
/// # Errors
/// Whatever failed, as a sentence; nothing is chosen beside a page that is open, which would not see it.
pub fn run(shared: &Shared, ask: Settings) -> anyhow::Result<()> {
    let home = shared.home()?;
    let person = home.person();
    let on = |switch: Switch| switch == Switch::On;
    let fits = |language: &str| {
        language.len() <= LONGEST
            && language.bytes().all(|letter| letter.is_ascii_alphanumeric() || letter == b'-')
    };
    if let Some(language) = ask.language.as_deref().filter(|language| !fits(language)) {
        return Err(UsageError(format!("{language:?} is no language: give a tag as de or pt-BR")).into());
    }
    let choice = Choice {
        language: ask.language,
        theme: ask.theme,
        notifications: ask.notifications,
        read_receipts: ask.read_receipts.map(on),
        typing: ask.typing.map(on),
    };
    let mut chosen = Chosen::read(person)?;
    if choice != Choice::default() {
        if is_served(person) {
            return Err(HomeError::PageIsOpen(person.to_owned()).into());
        }
        chosen = chosen.with(choice);
        chosen.write(person)?;
    }
    Ok(shared.out.record(&Record { kind: "settings", chosen })?)
}
