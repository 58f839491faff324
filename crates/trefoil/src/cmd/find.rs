//! `trefoil find`: from a handle or phone number, exactly, to a person's URI; or from a whole address book.

use super::{Shared, read_text};
use crate::{
    agent::Way,
    discovery,
    exit::{NotFoundError, UsageError},
    minors,
    person::{self, PATIENCE, PersonError},
    print,
    show::NotTaken,
};
use clap::Args;
use serde::Serialize;
use std::{fmt, path::PathBuf};
use trefoil_client::discovery::Number;
use trefoil_proto::{Domain, ErrorCode};

/// Find a person by handle or phone number, exactly. No phone number is told to any service.
#[derive(Debug, Args)]
pub struct Find {
    /// A handle or phone number and the domain of its service: yuki.reads@handle.test, +380445550137@phone.test. With --book,
    /// the domain alone. Or the link that a minor showed you, by which you reach them from now on
    #[arg(value_name = "NAME@DOMAIN")]
    whom: String,
    /// Look for all phone numbers in this file, one on each line, in international form
    #[arg(long, value_name = "FILE")]
    book: Option<PathBuf>,
}

#[derive(Serialize)]
struct Found {
    user: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<String>,
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.number {
            Some(number) => write!(f, "{number}  {}", self.user),
            None => f.write_str(&self.user),
        }
    }
}

/// Does it.
///
/// # Errors
/// Whatever failed, as a sentence; nobody found is exit code 3.
pub async fn run(shared: &Shared, ask: Find) -> anyhow::Result<()> {
    if let Some(file) = &ask.book {
        let domain: Domain = ask
            .whom
            .trim_start_matches('@')
            .parse()
            .map_err(|_| UsageError(format!("with --book give a domain alone: {} is none", ask.whom)))?;
        return book(shared, &domain, &read_text(Some(file), "the address book")?).await;
    }
    if minors::is_reach_link(&ask.whom) {
        let user = minors::take_reach(&mut shared.agent()?, &ask.whom)?;
        shared.out.record(&Found { user: user.to_string(), number: None })?;
        return Ok(());
    }
    let refused = || UsageError(format!("{} is not of the form NAME@DOMAIN", ask.whom));
    let (name, domain) =
        ask.whom.rsplit_once('@').filter(|(name, _)| !name.is_empty()).ok_or_else(refused)?;
    let domain: Domain = domain.parse().map_err(|_| refused())?;
    if name.starts_with('+') {
        name.parse::<Number>().map_err(PersonError::from)?;
    }
    let mut agent = shared.agent()?;
    agent.go_online()?;
    agent.settle(PATIENCE, |_, _| {}).await?;
    let found = person::find(&agent.way(), &domain, name).await.map_err(|error| reach(error, &domain))?;
    agent.close().await;
    if found.is_empty() {
        return Err(NotFoundError(format!("nobody at {domain} goes by exactly this name")).into());
    }
    for user in found {
        shared.out.record(&Found { user: user.to_string(), number: None })?;
    }
    Ok(())
}

async fn book(shared: &Shared, domain: &Domain, text: &str) -> anyhow::Result<()> {
    let numbers = numbers(text);
    if numbers.is_empty() {
        return Err(UsageError("there is no phone number in the address book".to_owned()).into());
    }
    let mut agent = shared.agent()?;
    agent.go_online()?;
    agent.settle(PATIENCE, |_, _| {}).await?;
    let someone = look(shared, &agent.way(), domain, &numbers).await;
    agent.close().await;
    if someone? {
        return Ok(());
    }
    Err(NotFoundError(format!("nobody at {domain} has one of these {} numbers", numbers.len())).into())
}

/// True if somebody was found. Who was is printed at once: the next question may be past the day's limit.
async fn look(shared: &Shared, way: &Way, domain: &Domain, numbers: &[Number]) -> anyhow::Result<bool> {
    let (mut someone, mut printed) = (false, Ok(()));
    let hear = |told: Vec<discovery::Found>| {
        for (number, user) in told {
            let Some(user) = user else { continue };
            someone = true;
            if printed.is_ok() {
                let found = Found { user: user.to_string(), number: Some(number.as_str().to_owned()) };
                printed = shared.out.record(&found);
            }
        }
    };
    let looked = discovery::find(way, domain, numbers, hear).await;
    printed?;
    looked.map_err(|error| reach(error, domain))?;
    Ok(someone)
}

/// The numbers in a text, each once. Lines that have none are told by their place: what is in them is nobody's business.
fn numbers(text: &str) -> Vec<Number> {
    let mut numbers: Vec<Number> = Vec::new();
    let mut met = std::collections::BTreeSet::new();
    for (line, raw) in text.lines().enumerate().filter(|(_, raw)| !raw.trim().is_empty()) {
        match raw.parse::<Number>() {
            Ok(number) if met.insert(number.clone()) => numbers.push(number),
            Ok(_) => {}
            Err(error) => print::remark(format_args!("trefoil: line {} is left out: {error}", line + 1)),
        }
    }
    numbers
}

fn reach(error: PersonError, domain: &Domain) -> anyhow::Error {
    match error {
        PersonError::Refused { code: ErrorCode::PeerUnavailable, .. } => NotTaken::OutOfReach(format!(
            "{domain} cannot be reached by your service now: check how it is written, or try again later"
        ))
        .into(),
        other => other.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_book_gives_each_number_once_in_its_order() {
        let text = "+44 7700 900123\n\nAunt Ada\n0044 7700-900122\n+447700900123\n";
        let texts: Vec<_> = numbers(text).iter().map(|number| number.as_str().to_owned()).collect();
        assert_eq!(texts, ["+447700900123", "+447700900122"]);
    }
}
