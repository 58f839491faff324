//! `trefoil inventory`: what a service of this version holds, what it could see while it runs, and what cannot be had from it. From
//! the program's own catalogue: no service is asked, and none can answer otherwise.

use super::Shared;
use clap::{Args, ValueEnum};
use serde::Serialize;
use std::fmt;
use trefoil_server::catalogue::{self, IMPOSSIBLE, Impossible, OBSERVED, Observation, PLACES};

/// What a service holds, what it could see while it runs, and what cannot be had from it.
#[derive(Debug, Args)]
pub struct Inventory {
    /// One of the three lists (default: all)
    list: Option<List>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum List {
    /// Each table, queue, folder and file: what is in it, how long, what it discloses
    Holds,
    /// What passes through it
    Observes,
    /// What no order gets from it, and what shows that
    Impossible,
}

/// One line of a list.
#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
enum Line {
    Holds { place: String, holds: &'static str, kept: &'static str, discloses: &'static str },
    Observes { when: &'static str, sees: &'static str, kept: &'static str },
    Impossible { asked: &'static str, why: &'static str, shown_by: Vec<String> },
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Holds { place, holds, kept, discloses } => {
                writeln!(f, "{place}\n  holds      {holds}\n  kept       {kept}\n  discloses  {discloses}")
            }
            Self::Observes { when, sees, kept } => {
                writeln!(f, "when {when}\n  sees          {sees}\n  written down  {kept}")
            }
            Self::Impossible { asked, why, shown_by } => {
                writeln!(f, "{asked}\n  why       {why}\n  shown by  {}", shown_by.join("\n            "))
            }
        }
    }
}

/// Prints it.
///
/// # Errors
/// Standard output is closed.
pub fn run(shared: &Shared, ask: &Inventory) -> anyhow::Result<()> {
    let lists: [(List, &str, Vec<Line>); 3] = [
        (List::Holds, "WHAT IT HOLDS", held()),
        (List::Observes, "WHAT IT COULD SEE WHILE IT RUNS, IF IT WAS MADE TO LOOK", observed()),
        (List::Impossible, "WHAT CANNOT BE HAD FROM IT", impossible()),
    ];
    for (list, title, lines) in lists {
        if ask.list.is_none_or(|wanted| wanted == list) {
            shared.out.say(format_args!("{title}\n"))?;
            lines.iter().try_for_each(|line| shared.out.record(line))?;
        }
    }
    Ok(())
}

fn held() -> Vec<Line> {
    let tables = catalogue::all().map(|note| Line::Holds {
        place: format!("table `{}`", note.table.name()),
        holds: note.holds,
        kept: note.kept,
        discloses: note.discloses,
    });
    let places = PLACES.iter().map(|note| Line::Holds {
        place: note.place.to_owned(),
        holds: note.holds,
        kept: note.kept,
        discloses: note.discloses,
    });
    tables.chain(places).collect()
}

fn observed() -> Vec<Line> {
    let line =
        |&Observation { occasion, sees, kept }: &Observation| Line::Observes { when: occasion, sees, kept };
    OBSERVED.iter().map(line).collect()
}

fn impossible() -> Vec<Line> {
    let line = |&Impossible { asked, why, shown_by }: &Impossible| Line::Impossible {
        asked,
        why,
        shown_by: shown_by.iter().map(ToString::to_string).collect(),
    };
    IMPOSSIBLE.iter().map(line).collect()
}
