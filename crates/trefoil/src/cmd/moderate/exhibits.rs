//! Attachments of a case, lists of known material, reports to NCMEC.

use super::{Shared, Told, looks::each, words};
use crate::{desk::Desk, exit::UsageError};
use anyhow::Context as _;
use clap::{Args, Subcommand, ValueEnum};
use serde::Serialize;
use serde_json::{Value, json};
use std::{fs, path::PathBuf};
use trefoil_proto::{decisions::CaseId, paths};

#[derive(Debug, Args)]
pub(super) struct Attachments {
    /// The case, which you took and opened
    case: CaseId,
    /// Save the attachment of this number
    #[arg(long, value_name = "NUMBER", requires = "to")]
    save: Option<usize>,
    /// Into this file, which is not there yet
    #[arg(long, value_name = "FILE", requires = "save")]
    to: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct Known {
    #[command(subcommand)]
    what: KnownAsk,
}

#[derive(Debug, Subcommand)]
enum KnownAsk {
    /// Print the lists that attachments of reports are compared with
    List,
    /// Take a list in: one hash a line, `sha256` or `pdq`, and 64 hexadecimal digits
    Import(Import),
    /// Take a list away
    Remove(RemoveList),
}

#[derive(Debug, Args)]
struct Import {
    /// The file
    file: PathBuf,
    /// The list's name here: a to z, 0 to 9 and -
    #[arg(long)]
    name: String,
    /// Who gave it
    #[arg(long, value_name = "TEXT")]
    from: String,
    /// What it is of
    #[arg(long, value_enum)]
    kind: Kind,
}

#[derive(Debug, Args)]
struct RemoveList {
    /// Its name
    name: String,
}

/// What a list is of.
#[derive(Clone, Copy, Debug, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    /// Sexual abuse of children
    ChildAbuse,
    /// Terrorism
    Terrorism,
    /// Intimate pictures shown against the will of who is in them
    Intimate,
    /// Anything else
    Other,
}

#[derive(Debug, Args)]
pub(super) struct Tips {
    #[command(subcommand)]
    what: TipAsk,
}

#[derive(Debug, Subcommand)]
enum TipAsk {
    /// Print the reports to NCMEC, the oldest first
    List,
    /// Prepare a report of a case that you took and opened; nothing is sent before somebody else releases it
    Prepare(Prepare),
    /// Release a report that somebody else prepared: it is sent
    Release(Tip),
    /// Go on with a report that NCMEC refused, once what it says is mended
    Resume(Tip),
    /// Take a report back
    Withdraw(Tip),
}

#[derive(Debug, Args)]
struct Prepare {
    /// The case
    case: CaseId,
    /// What happened, in NCMEC's terms
    #[arg(long, value_enum)]
    incident: Incident,
    /// Why it cannot wait
    #[arg(long, value_name = "TEXT")]
    urgent: Option<String>,
    /// Anything else
    #[arg(long, value_name = "TEXT")]
    remarks: Option<String>,
    /// An attachment that you saved and looked at, all of it, by its number; may be given several times. The report says so
    #[arg(long, value_name = "NUMBER")]
    viewed: Vec<usize>,
}

/// What happened.
#[derive(Clone, Copy, Debug, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Incident {
    /// Possession, manufacture or distribution of material
    Material,
    /// Trafficking
    Trafficking,
    /// Tourism
    Tourism,
    /// Molestation
    Molestation,
    /// Online enticement
    Enticement,
    /// Obscene material sent to a child
    ObsceneMaterial,
}

#[derive(Debug, Args)]
struct Tip {
    /// The report, as `list` prints it
    tip: String,
}

pub(super) async fn attachments(shared: &Shared, desk: &Desk, ask: Attachments) -> anyhow::Result<()> {
    let at = format!("api/cases/{}/attachments", ask.case);
    if let (Some(number), Some(file)) = (ask.save, ask.to) {
        if file.exists() {
            return Err(UsageError(format!("{} is there already: name another file", file.display())).into());
        }
        let bytes = desk.bytes(&format!("{at}/{number}")).await?;
        crate::home::write_private(&file, &bytes)?;
        let words = format!(
            "saved in {}: nobody but you may see it, and it goes when the case is decided",
            file.display()
        );
        let answer = json!({ "number": number, "bytes": bytes.len() });
        return Ok(shared.out.record(&Told { kind: "saved", answer, words })?);
    }
    each(shared, "attachment", desk.get(&at).await?, words::attachment)
}

pub(super) async fn known(shared: &Shared, desk: &Desk, ask: Known) -> anyhow::Result<()> {
    match ask.what {
        KnownAsk::List => each(shared, "list", desk.get("api/known").await?, words::list_of_hashes),
        KnownAsk::Import(Import { file, name, from, kind }) => {
            let bytes = fs::read(&file).with_context(|| format!("{} cannot be read", file.display()))?;
            let kind = serde_json::to_value(kind)?;
            let kind = kind.as_str().unwrap_or_default();
            let (name, from) = (paths::segment(&name), paths::segment(&from));
            let answer: Value =
                desk.send(&format!("api/known?name={name}&giver={from}&kind={kind}"), bytes).await?;
            let words = format!(
                "{} hashes are in use, {} of other kinds were passed over",
                answer["taken"], answer["passed_over"]
            );
            Ok(shared.out.record(&Told { kind: "taken", answer, words })?)
        }
        KnownAsk::Remove(RemoveList { name }) => {
            desk.delete(&format!("api/known/{}", paths::segment(&name))).await?;
            let words = format!("{name} is not compared with any more");
            Ok(shared.out.record(&Told { kind: "removed", answer: json!({ "name": name }), words })?)
        }
    }
}

pub(super) async fn tips(shared: &Shared, desk: &Desk, ask: Tips) -> anyhow::Result<()> {
    let done = |tip: &str, did: &str| Told {
        kind: "tip",
        answer: json!({ "tip": tip }),
        words: format!("{tip} {did}"),
    };
    match ask.what {
        TipAsk::List => each(shared, "tip", desk.get("api/tips").await?, words::tip),
        TipAsk::Prepare(Prepare { case, incident, urgent, remarks, viewed }) => {
            let body =
                json!({ "incident": incident, "urgent": urgent, "remarks": remarks, "viewed": viewed });
            let answer: Value = desk.post(&format!("api/cases/{case}/tip"), Some(&body)).await?;
            let tip = answer["tip"].as_str().unwrap_or_default();
            Ok(shared.out.record(&done(tip, "is prepared; somebody else releases it"))?)
        }
        TipAsk::Release(Tip { tip }) => {
            let _: Value = desk.post(&format!("api/tips/{tip}/release"), None).await?;
            Ok(shared.out.record(&done(&tip, "is released, and sent"))?)
        }
        TipAsk::Resume(Tip { tip }) => {
            let _: Value = desk.post(&format!("api/tips/{tip}/resume"), None).await?;
            Ok(shared.out.record(&done(&tip, "goes on"))?)
        }
        TipAsk::Withdraw(Tip { tip }) => {
            let _: Value = desk.post(&format!("api/tips/{tip}/withdraw"), None).await?;
            Ok(shared.out.record(&done(&tip, "is taken back"))?)
        }
    }
}
