//! `trefoil account reports` and `trefoil account decisions`: what came of what this person reported, and what was decided about
//! their account. Both can be appealed.

use super::Shared;
use crate::{
    agent::Agent,
    clock,
    exit::UsageError,
    person::PATIENCE,
    print::harmless,
    reporting::{self, DecisionView, MadeView},
};
use clap::Args;
use serde::Serialize;
use std::fmt;
use trefoil_proto::{
    Timestamp,
    decisions::{AppealDecision, CaseId, Words},
};

/// What came of the reports that you made.
#[derive(Debug, Args)]
pub struct Reports {
    /// Ask that somebody else looks at this report again: once, after it was decided to do nothing
    #[arg(long, value_name = "REPORT", requires = "words")]
    appeal: Option<String>,
    /// Why
    #[arg(long, value_name = "TEXT", requires = "appeal")]
    words: Option<String>,
}

/// What the service's safety team decided about this account.
#[derive(Debug, Args)]
pub struct Decisions {
    /// Ask that somebody else looks at this case again: once, within half a year
    #[arg(long, value_name = "CASE", requires = "words")]
    appeal: Option<CaseId>,
    /// Why the decision is wrong
    #[arg(long, value_name = "TEXT", requires = "appeal")]
    words: Option<String>,
}

#[derive(Serialize)]
struct Made {
    kind: &'static str,
    #[serde(flatten)]
    made: MadeView,
}

impl fmt::Display for Made {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let made = &self.made;
        writeln!(
            f,
            "{}  {} about {}, {} messages",
            made.report,
            clock::readable(Timestamp(made.at)),
            made.about,
            made.messages
        )?;
        write!(f, "  {}", made.stage.sentence())?;
        if made.may_appeal {
            write!(f, "; if that is wrong: --appeal {} --words TEXT", made.report)?;
        }
        Ok(())
    }
}

#[derive(Serialize)]
struct Decided {
    kind: &'static str,
    #[serde(flatten)]
    decision: DecisionView,
}

impl fmt::Display for Decided {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of = &self.decision;
        let until = of
            .until
            .map_or_else(String::new, |until| format!(" until {}", clock::readable(Timestamp(until))));
        writeln!(f, "{}  {}  {}{until}", of.case, clock::readable(Timestamp(of.at)), of.measure.sentence())?;
        writeln!(f, "  rule {}: {}", of.rule, harmless(&of.explanation))?;
        write!(f, "  {}", of.stage.sentence())?;
        if of.may_appeal {
            write!(f, "; if that is wrong: --appeal {} --words TEXT", of.case)?;
        }
        Ok(())
    }
}

/// Lists what came of reports, or appeals.
///
/// # Errors
/// Whatever failed, as a sentence.
pub(super) async fn reports(shared: &Shared, ask: &Reports) -> anyhow::Result<()> {
    let agent = online(shared).await?;
    if let (Some(report), Some(text)) = (&ask.appeal, &ask.words) {
        let made = agent.client.made_reports()?;
        let made = made.into_iter().find(|made| reporting::name(made) == *report);
        let made = made.ok_or_else(|| {
            UsageError(format!("you made no report {report}: without --appeal they are listed"))
        })?;
        let asked = agent.client.follow_report(made.id, Some(words(text)?))?;
        reporting::follow(&agent.way(), &made.room, &asked).await?;
    }
    for made in agent.client.made_reports()? {
        let asked = agent.client.follow_report(made.id, None)?;
        let standing = reporting::follow(&agent.way(), &made.room, &asked).await;
        shared.out.record(&Made { kind: "report", made: MadeView::new(&made, standing)? })?;
    }
    agent.close().await;
    Ok(())
}

/// Lists decisions, or appeals.
///
/// # Errors
/// Whatever failed, as a sentence.
pub(super) async fn decisions(shared: &Shared, ask: &Decisions) -> anyhow::Result<()> {
    let agent = online(shared).await?;
    if let (Some(case), Some(text)) = (ask.appeal, &ask.words) {
        let appeal = AppealDecision { case, words: words(text)? };
        reporting::appeal(&agent.way(), &appeal).await?;
    }
    for notice in reporting::decisions(&agent.way()).await?.decisions {
        shared.out.record(&Decided { kind: "decision", decision: DecisionView::from(notice) })?;
    }
    agent.close().await;
    Ok(())
}

async fn online(shared: &Shared) -> anyhow::Result<Agent> {
    let mut agent = shared.agent()?;
    agent.go_online()?;
    agent.settle(PATIENCE, |_, _| {}).await?;
    Ok(agent)
}

fn words(text: &str) -> anyhow::Result<Words> {
    text.parse().map_err(|_| UsageError(format!("say why, in at most {} bytes", Words::LIMIT)).into())
}
