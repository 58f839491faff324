//! The spam run: new accounts turn to thousands of people, once with the rules on behaviour and once without, and how many
//! get through is counted (`docs/spec/behaviour.md`).
//!
//! Two real services with their listeners, stores in memory, and a clock that is given. What devices do is done by real
//! requests: accounts are registered, key packages published, rooms opened, people asked for, with passes where they are
//! of the other service, added by real commits, written to, and reported with the hub's own stamps. The devices are the
//! cheap ones of the server's tests, without a store or a stream.

mod crowd;
#[allow(dead_code, missing_docs, clippy::unwrap_used)]
#[path = "../../../server/src/rooms/tests/client.rs"]
mod mls;
mod play;
mod services;

use crowd::Crowd;
use serde::Serialize;
use services::Services;
use std::{
    fmt::{self, Display, Formatter},
    time::Instant,
};

/// Who there is, and what they do.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Setting {
    /// New accounts that send to people who never asked.
    pub accounts: usize,
    /// People they send to: the same number each, half of them at another service.
    pub people: usize,
    /// Days on which they try.
    pub days: u32,
    /// One in so many of those who are reached reports.
    pub one_in_reports: usize,
    /// New accounts that write to friends of theirs, who answer.
    pub newcomers: usize,
    /// Friends of each.
    pub friends: usize,
}

impl Default for Setting {
    fn default() -> Self {
        Self { accounts: 1_000, people: 10_000, days: 7, one_in_reports: 20, newcomers: 50, friends: 8 }
    }
}

/// What came of it.
#[derive(Clone, Debug, Serialize)]
pub struct Outcome {
    /// Whether the rules were on.
    pub rules: bool,
    /// Who there was.
    pub setting: Setting,
    /// How many people were reached by the end of each day.
    pub reached_by_day: Vec<usize>,
    /// How many of them are of the accounts' own service.
    pub reached_at_home: usize,
    /// How many are of the other service.
    pub reached_elsewhere: usize,
    /// Reports that were made.
    pub reports: usize,
    /// What was refused, by its code.
    pub refused: std::collections::BTreeMap<String, usize>,
    /// Friends whom newcomers could write to.
    pub friends_reached: usize,
    /// Of so many.
    pub friends: usize,
    /// Seconds that the run took on this machine.
    pub seconds: f64,
}

/// Plays it.
///
/// # Errors
/// The services cannot be started, or refuse what they must not.
pub async fn run(setting: Setting, rules: bool) -> anyhow::Result<Outcome> {
    let begun = Instant::now();
    let services = Services::start(rules)?;
    let crowd = Crowd::gather(&services, &setting).await?;
    let mut outcome = play::days(&services, crowd, &setting).await?;
    services.stop().await;
    (outcome.rules, outcome.seconds) = (rules, begun.elapsed().as_secs_f64());
    Ok(outcome)
}

impl Display for Outcome {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Setting { accounts, people, days, one_in_reports, .. } = self.setting;
        let reached = self.reached_at_home + self.reached_elsewhere;
        writeln!(f, "rules {}", if self.rules { "on" } else { "off" })?;
        writeln!(
            f,
            "  {accounts} new accounts turned to {people} people in {days} days; one in {one_in_reports} of those reached reported"
        )?;
        writeln!(
            f,
            "  {reached} people were reached ({:.1} %): {} at the accounts' own service, {} at another",
            percent(reached, people),
            self.reached_at_home,
            self.reached_elsewhere
        )?;
        let by_day: Vec<_> = self.reached_by_day.iter().map(ToString::to_string).collect();
        writeln!(f, "  by the end of each day: {}", by_day.join(", "))?;
        let refused: Vec<_> = self.refused.iter().map(|(code, count)| format!("{count} {code}")).collect();
        writeln!(f, "  {} reports; refused: {}", self.reports, some(&refused.join(", ")))?;
        writeln!(
            f,
            "  newcomers with friends who answer: {} of {} friends reached",
            self.friends_reached, self.friends
        )?;
        write!(f, "  {:.0} s on this machine", self.seconds)
    }
}

fn percent(part: usize, whole: usize) -> f64 {
    part as f64 * 100.0 / whole.max(1) as f64
}

fn some(text: &str) -> &str {
    if text.is_empty() { "nothing" } else { text }
}
