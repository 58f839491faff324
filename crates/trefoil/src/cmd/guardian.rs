//! `trefoil guardian`: a minor links a guardian, who opens the account for a time, or closes it again. A guardian sees that the
//! account exists and what is open, and nothing of what is written.

use super::Shared;
use crate::{
    agent::Agent,
    clock,
    exit::UsageError,
    minors,
    person::{PATIENCE, parse_person},
};
use clap::{Args, Subcommand};
use serde::Serialize;
use std::fmt;
use trefoil_proto::{
    Timestamp, UserUri,
    minors::{Act, Guarded, LONGEST_CONSENT, MinorStanding, Opening, Openness},
};

/// A day, in milliseconds.
const DAY: u64 = Timestamp::DAY;

/// Link a guardian to a minor's account; as a guardian, open it to others or close it.
#[derive(Debug, Args)]
pub struct Guardian {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// As a minor: print a link that makes whoever takes it up your guardian. Good for a day, once
    Link,
    /// As a guardian: take up the link that a minor shows you
    Accept {
        /// The link
        link: String,
    },
    /// As a guardian: open a minor's account beyond their connections, for a time
    Consent(Consent),
    /// As a guardian: close the account to everybody but the minor's connections
    Revoke {
        /// The minor, by URI
        minor: String,
    },
    /// As a guardian: be it no longer. The minor can link somebody else then
    Release {
        /// The minor, by URI
        minor: String,
    },
    /// Print how the own account stands, if it is a minor's, and those whose guardian you are
    Show,
}

#[derive(Debug, Args)]
struct Consent {
    /// The minor, by URI
    minor: String,
    /// Let everybody who has the address write and add to rooms
    #[arg(long, required_unless_present = "found")]
    address: bool,
    /// As well, let everybody find the account by its handle or number
    #[arg(long, conflicts_with = "address")]
    found: bool,
    /// For so many days, at most 366
    #[arg(long, value_name = "NUMBER", default_value_t = 30)]
    days: u64,
}

#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
enum Record {
    GuardianLink {
        link: String,
    },
    Minor {
        /// Null for the own account.
        user: Option<String>,
        /// The month in which the marking ends by itself.
        ends: Option<String>,
        open: &'static str,
        /// In milliseconds since the UNIX epoch.
        until: Option<u64>,
        /// Of the own account.
        #[serde(skip_serializing_if = "Option::is_none")]
        guardian: Option<String>,
    },
}

impl Record {
    fn of(user: Option<&UserUri>, guarded: &Guarded, guardian: Option<&UserUri>) -> Self {
        Self::Minor {
            user: user.map(ToString::to_string),
            ends: guarded.ends.map(|ends| ends.to_string()),
            open: word(guarded.open.map_or(Openness::Connections, |open| open.how)),
            until: guarded.open.map(|open| open.until.0),
            guardian: guardian.map(ToString::to_string),
        }
    }
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::GuardianLink { link } => f.write_str(link),
            Self::Minor { user, ends, open, until, guardian } => {
                match user {
                    Some(user) => write!(f, "{user}  ")?,
                    None => f.write_str("this account is a minor's: ")?,
                }
                write!(f, "open to {}", sentence(open))?;
                if let Some(until) = until {
                    write!(f, " until {}", clock::readable(Timestamp(*until)))?;
                }
                if let Some(ends) = ends {
                    write!(f, "; of age in {ends}")?;
                }
                match (user, guardian) {
                    (None, Some(guardian)) => write!(f, "; guardian {guardian}"),
                    (None, None) => f.write_str("; no guardian"),
                    _ => Ok(()),
                }
            }
        }
    }
}

fn word(open: Openness) -> &'static str {
    match open {
        Openness::Connections => "connections",
        Openness::Address => "address",
        Openness::Found => "found",
    }
}

fn sentence(word: &str) -> &'static str {
    match word {
        "address" => "everybody who has the address",
        "found" => "everybody, who find it by handle or number",
        _ => "connections only",
    }
}

/// Does it.
///
/// # Errors
/// Whatever failed, as a sentence.
pub async fn run(shared: &Shared, ask: Guardian) -> anyhow::Result<()> {
    let mut agent = shared.agent()?;
    agent.go_online()?;
    agent.settle(PATIENCE, |_, _| {}).await?;
    let done = perform(shared, &mut agent, ask.what).await;
    agent.close().await;
    done
}

async fn perform(shared: &Shared, agent: &mut Agent, what: What) -> anyhow::Result<()> {
    match what {
        What::Link => {
            shared.out.record(&Record::GuardianLink { link: minors::invite(agent).await? })?;
        }
        What::Accept { link } => {
            let (minor, guarded) = minors::accept(agent, &link).await?;
            shared.out.record(&Record::of(Some(&minor), &guarded, None))?;
        }
        What::Consent(ask) => {
            let span = ask.days.saturating_mul(DAY);
            if span == 0 || span > LONGEST_CONSENT {
                return Err(UsageError("an account is opened for 1 to 366 days".to_owned()).into());
            }
            let how = if ask.found { Openness::Found } else { Openness::Address };
            let opening = Opening { how, until: clock::now().plus_millis(span) };
            say(shared, agent, &ask.minor, Act::Open(opening)).await?;
        }
        What::Revoke { minor } => say(shared, agent, &minor, Act::Close).await?,
        What::Release { minor } => say(shared, agent, &minor, Act::Release).await?,
        What::Show => {
            let MinorStanding { guarded, guardian, .. } = minors::standing(agent).await?;
            if let Some(guarded) = guarded {
                shared.out.record(&Record::of(None, &guarded, guardian.as_ref()))?;
            }
            for minor in agent.client.guarded()? {
                let guarded = minors::say(agent, &minor, Act::Look).await?;
                shared.out.record(&Record::of(Some(&minor), &guarded, None))?;
            }
        }
    }
    Ok(())
}

async fn say(shared: &Shared, agent: &mut Agent, minor: &str, act: Act) -> anyhow::Result<()> {
    let minor = parse_person(minor)?;
    let guarded = minors::say(agent, &minor, act).await?;
    shared.out.record(&Record::of(Some(&minor), &guarded, None))?;
    Ok(())
}
