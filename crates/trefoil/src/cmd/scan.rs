//! `trefoil scan`: the QR codes in a picture, as text, and what each is for. The picture is looked at here and kept nowhere.

use super::{Shared, picture};
use crate::{
    app::codes_in,
    exit::{NotFoundError, UsageError},
    print::harmless,
};
use clap::Args;
use serde::Serialize;
use std::{fmt, path::PathBuf};
use trefoil_client::{INVITATION_LINK, LINK_CODE, verification::CODE};
use trefoil_proto::UserUri;

/// Read the QR codes in a picture: an invitation, a card, a safety number, a device to be linked.
#[derive(Debug, Args)]
pub struct Scan {
    /// A picture: JPEG, PNG, GIF or WebP, of at most 8 MiB
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

#[derive(Serialize)]
struct Code {
    kind: &'static str,
    value: String,
    /// `invitation`, `card`, `safety-number`, `link-request` or `other`.
    what: &'static str,
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", harmless(&self.value))?;
        match self.what {
            "invitation" => {
                write!(f, "\n  the link of an invitation: `trefoil rooms join LINK` comes in by it")
            }
            "card" => {
                write!(f, "\n  the card of a person: `trefoil rooms create NAME --with URI` writes to them")
            }
            "safety-number" => {
                write!(
                    f,
                    "\n  what a device shows to be verified: `trefoil verify PERSON --scanned CODE` compares it"
                )
            }
            "link-request" => {
                write!(
                    f,
                    "\n  a device that wants to be linked: `trefoil account link approve CODE` lets it in, if it is yours"
                )
            }
            _ => write!(f, "\n  nothing that Trefoil made"),
        }
    }
}

/// Does it.
///
/// # Errors
/// Whatever failed, as a sentence; no code is exit code 3.
pub fn run(shared: &Shared, ask: &Scan) -> anyhow::Result<()> {
    let seen = codes_in(&picture::read(&ask.file)?).map_err(|problem| UsageError(problem.message))?;
    if seen.is_empty() {
        return Err(NotFoundError(
            "no QR code can be read in this picture: take it nearer, sharper, or with more light".to_owned(),
        )
        .into());
    }
    for value in seen {
        shared.out.record(&Code { kind: "code", what: what(&value), value })?;
    }
    Ok(())
}

fn what(text: &str) -> &'static str {
    let text = text.trim();
    match () {
        () if text.starts_with(INVITATION_LINK) => "invitation",
        () if text.starts_with(CODE) => "safety-number",
        () if text.starts_with(LINK_CODE) => "link-request",
        () if text.parse::<UserUri>().is_ok() => "card",
        () => "other",
    }
}
