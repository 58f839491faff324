//! `trefoil moderate`: the safety team of a service, from the command line. It does what the console's page does.

mod acts;
mod audit;
mod exhibits;
mod looks;
mod team;
mod words;

use super::Shared;
use crate::{
    desk::{Desk, DeskError, DeskKey},
    exit::UsageError,
};
pub use team::role;

use anyhow::Context as _;
use clap::{Args, Subcommand, ValueEnum};
use serde::Serialize;
use std::{fmt, fs, path::PathBuf};
use trefoil_proto::decisions::CaseId;

/// Review reports, decide, answer appeals, for the safety team of a service.
#[derive(Debug, Args)]
pub struct Moderate {
    #[command(subcommand)]
    what: What,
    /// File with your key (default: `desk.toml` in the home folder)
    #[arg(long, global = true, value_name = "FILE", env = "TREFOIL_DESK")]
    desk: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Come into the team with the code of an invitation
    Join(Join),
    /// Print what waits, by queue
    Queues,
    /// Take the next case of a queue and print it
    Next(Next),
    /// Print a case; with --open also what was shown, which counts for what you see in a day
    Case(Case),
    /// Take one case
    Claim(Named),
    /// Give a case back
    Release(Named),
    /// Hand a case that you took to those who are trained for the exploitation of children
    Escalate(Named),
    /// Decide a case that you took and opened
    Decide(acts::Decide),
    /// Confirm what somebody else proposed
    Confirm(Named),
    /// Send back what somebody else proposed
    SendBack(acts::Because),
    /// Take back the decision that is in force
    Undo(acts::Because),
    /// Answer the appeal that waits
    Answer(acts::Answer),
    /// Print the attachments that a report shows, or save one
    Attachments(exhibits::Attachments),
    /// List, prepare, release and take back reports to NCMEC
    Tip(exhibits::Tips),
    /// List, import and remove lists of known material
    Known(exhibits::Known),
    /// Print an account as this service knows it; the look is in the trail
    Person(Person),
    /// Print the rules that decisions rest on
    Policy,
    /// Print who of the team did what, and check that nothing was changed, left out, or written anew
    Audit(audit::Audit),
    /// List, invite and remove people of the team
    Staff(team::Staff),
}

#[derive(Debug, Args)]
struct Join {
    /// The code
    code: String,
    /// Address of the console
    #[arg(long, value_name = "URL")]
    console: String,
    /// Certificate authority of the service, PEM, if it is no public one
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct Next {
    /// Which queue
    #[arg(value_enum, default_value_t = Queue::General)]
    queue: Queue,
}

#[derive(Debug, Args)]
struct Case {
    /// Its name, as the queue prints it
    case: CaseId,
    /// Open what was shown
    #[arg(long)]
    open: bool,
}

#[derive(Debug, Args)]
struct Named {
    /// The case
    case: CaseId,
}

#[derive(Debug, Args)]
struct Person {
    /// Their URI
    person: trefoil_proto::UserUri,
}

/// Where cases wait.
#[derive(Clone, Copy, Debug, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Queue {
    /// Reports
    General,
    /// Reports of the exploitation of children
    ChildSafety,
    /// Decisions that somebody else is to confirm
    Second,
    /// Appeals
    Appeals,
}

/// What the console answered, as it came, and in words.
struct Told {
    kind: &'static str,
    answer: serde_json::Value,
    words: String,
}

impl Serialize for Told {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Record<'a> {
            kind: &'static str,
            #[serde(flatten)]
            answer: &'a serde_json::Value,
        }
        Record { kind: self.kind, answer: &self.answer }.serialize(serializer)
    }
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.words.trim_end())
    }
}

/// Does it.
///
/// # Errors
/// Whatever failed, as a sentence.
pub async fn run(shared: &Shared, ask: Moderate) -> anyhow::Result<()> {
    let file = match ask.desk {
        Some(file) => file,
        None => shared.home()?.person().join("desk.toml"),
    };
    if let What::Join(join) = &ask.what {
        return Box::pin(joined(shared, join, file)).await;
    }
    let (desk, _) = Desk::enter(&DeskKey::read(&file)?).await?;
    let done = Box::pin(perform(shared, &desk, ask.what)).await;
    desk.leave().await;
    done
}

async fn perform(shared: &Shared, desk: &Desk, what: What) -> anyhow::Result<()> {
    match what {
        What::Join(_) => Ok(()),
        What::Queues => looks::queues(shared, desk).await,
        What::Next(Next { queue }) => acts::next(shared, desk, queue).await,
        What::Case(Case { case, open: false }) => looks::case(shared, desk, case).await,
        What::Case(Case { case, open: true }) => acts::open(shared, desk, case).await,
        What::Claim(Named { case }) => acts::change(shared, desk, case, "claim", None).await,
        What::Release(Named { case }) => acts::change(shared, desk, case, "release", None).await,
        What::Escalate(Named { case }) => acts::change(shared, desk, case, "escalate", None).await,
        What::Decide(ask) => acts::decide(shared, desk, ask).await,
        What::Confirm(Named { case }) => acts::change(shared, desk, case, "confirm", None).await,
        What::SendBack(ask) => acts::because(shared, desk, ask, "send-back").await,
        What::Undo(ask) => acts::because(shared, desk, ask, "undo").await,
        What::Answer(ask) => acts::answer(shared, desk, ask).await,
        What::Attachments(ask) => exhibits::attachments(shared, desk, ask).await,
        What::Tip(ask) => exhibits::tips(shared, desk, ask).await,
        What::Known(ask) => exhibits::known(shared, desk, ask).await,
        What::Person(Person { person }) => looks::person(shared, desk, &person).await,
        What::Policy => looks::policy(shared, desk).await,
        What::Audit(ask) => audit::run(shared, desk, ask).await,
        What::Staff(ask) => team::staff(shared, desk, ask).await,
    }
}

async fn joined(shared: &Shared, join: &Join, file: PathBuf) -> anyhow::Result<()> {
    if file.exists() {
        return Err(DeskError::KeyExists(file).into());
    }
    let authorities =
        match &join.ca {
            Some(path) => Some(fs::read(path).map_err(|error| {
                UsageError(format!("the file {} cannot be read: {error}", path.display()))
            })?),
            None => None,
        };
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    }
    let (key, session) = Desk::join(&join.console, authorities, &join.code).await?;
    key.write(&file)?;
    let words = format!(
        "you are {}, {} at {}; your key is in {}",
        session.name,
        session.role,
        session.domain,
        file.display()
    );
    Ok(shared.out.record(&Told { kind: "joined", answer: serde_json::to_value(&session)?, words })?)
}
