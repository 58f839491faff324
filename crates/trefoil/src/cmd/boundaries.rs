//! `trefoil boundaries`: whom a person keeps away, how strangers are received, and which words are hidden. All of it stays on the
//! device: nothing is sent.

use super::Shared;
use crate::{agent::Agent, clock, exit::UsageError, person::parse_person, print::harmless};
use clap::{Args, Subcommand, ValueEnum};
use serde::Serialize;
use std::fmt;
use trefoil_client::{
    boundaries::{self, Reception, Stance},
    overlay::Overlay,
};
use trefoil_proto::Timestamp;

/// Keep people and words away; nobody is told.
#[derive(Debug, Args)]
pub struct Boundaries {
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Print who is kept away, how strangers are received, and which words are hidden
    Show,
    /// Block a person: your conversation is out of the way, what they say elsewhere is folded, and they hear nothing
    Block(Whom),
    /// Let a conversation with a person wait with the requests, without a noise; they do not hear that you read or write
    Restrict(Whom),
    /// Let a person near again who was blocked or restricted
    Unblock(Whom),
    /// Print who is blocked or restricted
    Blocked,
    /// Print or choose how strangers are received
    Strangers {
        /// What strangers do makes no noise
        #[arg(long, value_name = "WHETHER")]
        silence: Option<Switch>,
        /// Contacts only: requests are out of the way, and strangers do not hear that you read or write
        #[arg(long, value_name = "WHETHER")]
        strict: Option<Switch>,
    },
    /// Print the hidden words, or choose others
    Words {
        /// Fold messages that have this word
        #[arg(long, value_name = "WORD")]
        hide: Vec<String>,
        /// Do not hide this word any more
        #[arg(long, value_name = "WORD")]
        show: Vec<String>,
    },
}

#[derive(Debug, Args)]
struct Whom {
    /// The person, by URI
    person: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Switch {
    On,
    Off,
}

#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
enum Record {
    KeptAway {
        user: String,
        stance: &'static str,
        /// In milliseconds since the UNIX epoch.
        since: Option<u64>,
    },
    Strangers {
        silence_unknown: bool,
        strict: bool,
    },
    HiddenWords {
        words: Vec<String>,
    },
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let switch = |on: bool| if on { "on" } else { "off" };
        match self {
            Self::KeptAway { user, stance, since: Some(since) } => {
                write!(f, "{user}  {stance} since {} UTC", clock::readable(Timestamp(*since)))
            }
            Self::KeptAway { user, stance, since: None } => write!(f, "{user}  {stance}"),
            Self::Strangers { silence_unknown, strict } => write!(
                f,
                "strangers: silenced {}, contacts only {}",
                switch(*silence_unknown),
                switch(*strict)
            ),
            Self::HiddenWords { words } if words.is_empty() => write!(f, "no hidden words"),
            Self::HiddenWords { words } => {
                let words: Vec<_> = words.iter().map(|word| harmless(word).to_string()).collect();
                write!(f, "hidden words: {}", words.join(", "))
            }
        }
    }
}

/// Does it.
///
/// # Errors
/// Whatever failed, as a sentence.
pub fn run(shared: &Shared, ask: Boundaries) -> anyhow::Result<()> {
    let mut agent = shared.agent()?;
    match ask.what.unwrap_or(What::Show) {
        What::Show => {
            print_people(shared, &agent)?;
            print_strangers(shared, &agent)?;
            print_words(shared, &agent)
        }
        What::Block(whom) => keep(shared, agent, &whom, Stance::Blocked),
        What::Restrict(whom) => keep(shared, agent, &whom, Stance::Restricted),
        What::Unblock(whom) => keep(shared, agent, &whom, Stance::Normal),
        What::Blocked => print_people(shared, &agent),
        What::Strangers { silence, strict } => {
            let is = boundaries::reception(&store(&agent))?;
            let on = |switch: Option<Switch>, is| switch.map_or(is, |switch| switch == Switch::On);
            let wanted =
                Reception { silence_unknown: on(silence, is.silence_unknown), strict: on(strict, is.strict) };
            if wanted != is {
                agent.act(|client, now| client.set_reception(wanted, now))?;
            }
            print_strangers(shared, &agent)
        }
        What::Words { hide, show } => {
            let mut words = boundaries::hidden_words(&store(&agent))?;
            for word in &show {
                if !words.contains(word) {
                    return Err(UsageError(format!(
                        "{word:?} is not hidden: see `trefoil boundaries words`"
                    ))
                    .into());
                }
                words.retain(|hidden| hidden != word);
            }
            if !hide.is_empty() || !show.is_empty() {
                words.extend(hide);
                agent.act(|client, now| client.set_hidden_words(&words, now))?;
            }
            print_words(shared, &agent)
        }
    }
}

fn keep(shared: &Shared, mut agent: Agent, whom: &Whom, stance: Stance) -> anyhow::Result<()> {
    let user = parse_person(&whom.person)?;
    agent.act(|client, now| client.set_stance(&user, stance, now))?;
    let since = boundaries::kept(&store(&agent))?.into_iter().find(|one| one.user == user);
    let since = since.map(|one| one.since.0);
    Ok(shared.out.record(&Record::KeptAway { user: user.to_string(), stance: name(stance), since })?)
}

fn print_people(shared: &Shared, agent: &Agent) -> anyhow::Result<()> {
    for one in boundaries::kept(&store(agent))? {
        let (user, since) = (one.user.to_string(), Some(one.since.0));
        shared.out.record(&Record::KeptAway { user, stance: name(one.stance), since })?;
    }
    Ok(())
}

fn print_strangers(shared: &Shared, agent: &Agent) -> anyhow::Result<()> {
    let Reception { silence_unknown, strict } = boundaries::reception(&store(agent))?;
    Ok(shared.out.record(&Record::Strangers { silence_unknown, strict })?)
}

fn print_words(shared: &Shared, agent: &Agent) -> anyhow::Result<()> {
    Ok(shared.out.record(&Record::HiddenWords { words: boundaries::hidden_words(&store(agent))? })?)
}

fn store(agent: &Agent) -> Overlay {
    Overlay::new(agent.client.store().clone())
}

const fn name(stance: Stance) -> &'static str {
    match stance {
        Stance::Normal => "normal",
        Stance::Restricted => "restricted",
        Stance::Blocked => "blocked",
    }
}
