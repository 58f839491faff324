//! `trefoil safety`: what a service publishes of its safety.

use super::{Shared, admin::Which};
use crate::{clock, exit::UsageError, print::remark};
use clap::{Args, Subcommand};
use serde::Serialize;
use std::fmt;
use trefoil_proto::Timestamp;
use trefoil_server::{
    FiguresError, Service,
    safety::{self, Figure, Quarter},
};

const DAY: u64 = Timestamp::DAY;

/// What a service publishes of its safety: numbers, and nothing about a person.
#[derive(Debug, Args)]
pub struct Safety {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Print the figures of a quarter: reports, actions, appeals, reversals, median time, by reason
    Report(Figures),
    /// Print the decisions of the last days as statements of reasons, as the EU's DSA Transparency Database takes them, one a line
    Statements(Period),
}

#[derive(Debug, Args)]
struct Figures {
    /// Which quarter of the calendar, in UTC, as 2026-Q3; it has ended (default: the last that has)
    #[arg(long, value_name = "QUARTER")]
    quarter: Option<Quarter>,
    #[command(flatten)]
    which: Which,
}

#[derive(Debug, Args)]
struct Period {
    /// Of how many days
    #[arg(long, value_name = "NUMBER", default_value_t = 90, value_parser = clap::value_parser!(u32).range(1..))]
    days: u32,
    #[command(flatten)]
    which: Which,
}

#[derive(Serialize)]
struct Published {
    kind: &'static str,
    quarter: String,
    #[serde(flatten)]
    figures: safety::Figures,
}

impl fmt::Display for Published {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let few = self.figures.fewer_than_is_null - 1;
        writeln!(f, "what happened in {}; counts of 1 to {few} are not told", self.quarter)?;
        write!(
            f,
            "{:<20} {:>8} {:>8} {:>8} {:>8}  {:<8}  actions",
            "reason", "reports", "decided", "appeals", "reversed", "median"
        )?;
        let nothing = |name: &str| name != "all" && self.figures.by_category[name].reports == Figure(Some(0));
        for (name, of) in self.figures.by_category.iter().filter(|(name, _)| !nothing(name)) {
            let median = of.median_minutes.map_or_else(|| "-".to_owned(), |minutes| format!("{minutes} min"));
            let actions = of.actions.iter().filter(|(_, count)| **count != Figure(Some(0)));
            let actions: Vec<_> =
                actions.map(|(action, count)| format!("{action} {}", told(*count))).collect();
            write!(
                f,
                "\n{name:<20} {:>8} {:>8} {:>8} {:>8}  {median:<8}  {}",
                told(of.reports),
                told(of.decided),
                told(of.appeals),
                told(of.reversed),
                actions.join(", ")
            )?;
        }
        Ok(())
    }
}

fn told(figure: Figure) -> String {
    figure.0.map_or_else(|| "<5".to_owned(), |count| count.to_string())
}

/// Does it.
///
/// # Errors
/// Whatever failed, as a sentence.
pub fn run(shared: &Shared, ask: Safety) -> anyhow::Result<()> {
    let until = clock::now();
    let from = |days: u32| Timestamp(until.0.saturating_sub(u64::from(days) * DAY));
    match ask.what {
        What::Report(Figures { quarter, which }) => {
            let quarter = quarter.unwrap_or_else(|| Quarter::last_ended(until));
            let figures = Service::figures(&which.data()?, quarter, until).map_err(|error| match error {
                FiguresError::Quarter(error) => UsageError(error.to_string()).into(),
                FiguresError::Safety(error) => anyhow::Error::from(error),
            })?;
            Ok(shared.out.record(&Published {
                kind: "safety-report",
                quarter: quarter.to_string(),
                figures,
            })?)
        }
        What::Statements(Period { days, which }) => {
            for (number, made) in Service::statements(&which.data()?, from(days), until)? {
                match made {
                    Ok(statement) => shared.out.record(&Stated(statement))?,
                    Err(error) => remark(format!("{number} is no statement: {error}")),
                }
            }
            Ok(())
        }
    }
}

/// A statement as the database takes it: the same for people and programs.
#[derive(Serialize)]
#[serde(transparent)]
struct Stated(serde_json::Value);

impl fmt::Display for Stated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}
