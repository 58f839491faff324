//! `trefoil account recovery`, `trefoil account recover` and `trefoil backup`: a code that brings everything back.

use super::{Shared, read_text};
use crate::{
    agent::Agent,
    backup,
    exit::UsageError,
    person::{PATIENCE, Place},
    pin, print,
};
use clap::Args;
use serde::Serialize;
use std::{fmt, path::PathBuf};
use trefoil_client::backup::{RecoveryCode, RecoverySecret, RecoveryState, RecoveryView};
use trefoil_proto::Timestamp;

/// Make a recovery code, or confirm it.
#[derive(Debug, Args)]
pub struct Recovery {
    /// Give the code back that was made, from --code-file or standard input: from then on everything is kept
    #[arg(long)]
    confirm: bool,
    /// The code's file
    #[arg(long, value_name = "FILE", requires = "confirm")]
    code_file: Option<PathBuf>,
}

/// Keep everything now, and print how the backup stands.
#[derive(Debug, Args)]
pub struct Backup {
    /// Only print how it stands
    #[arg(long)]
    state: bool,
}

#[derive(Serialize)]
struct Code {
    kind: &'static str,
    value: String,
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.value)
    }
}

#[derive(Serialize)]
struct Standing {
    kind: &'static str,
    recovery: &'static str,
    last: Option<u64>,
    waiting: bool,
    bytes: u64,
    disputed: Option<u64>,
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.recovery {
            "none" => {
                return f.write_str(
                    "no recovery code: what is here is lost with this device; make one with `trefoil account recovery`",
                );
            }
            "unconfirmed" => {
                return f.write_str(
                    "a recovery code was made and not confirmed: nothing is kept before `trefoil account recovery \
                     --confirm`",
                );
            }
            _ => {}
        }
        match self.last {
            Some(last) => write!(f, "kept at {}", crate::clock::readable(Timestamp(last)))?,
            None => f.write_str("nothing is kept yet")?,
        }
        write!(f, ", {} bytes at the service", self.bytes)?;
        f.write_str(if self.waiting { "; something changed since" } else { "" })?;
        if self.disputed.is_some() {
            f.write_str("; the service once showed another backup than this device had put there")?;
        }
        Ok(())
    }
}

/// Makes a code, or confirms it.
///
/// # Errors
/// Whatever failed, as a sentence.
pub async fn recovery(shared: &Shared, ask: &Recovery) -> anyhow::Result<()> {
    let mut agent = shared.agent()?;
    if !ask.confirm {
        let code = agent.act_for(|client, now| client.make_recovery_code(now))?;
        shared.out.record(&Code { kind: "recovery-code", value: code.to_string() })?;
        print::remark(
            "write this down and keep it where it is not lost with this device. Whoever has it is you. Then give it back: \
             `trefoil account recovery --confirm`; nothing is kept before",
        );
        return Ok(());
    }
    let code = read_text(ask.code_file.as_deref(), "the recovery code")?;
    let former = agent.act_for(|client, now| client.prepare_recovery_secret(now))?;
    agent.act(|client, now| client.confirm_recovery_code(&code, now))?;
    let secret = agent.act_for(|client, now| client.prepare_recovery_secret(now))?;
    online(&mut agent).await?;
    pin::retire_pin(agent.service(), &agent.way().bearer(), &former, &secret).await?;
    let view = backup::back_up(&mut agent).await?;
    agent.close().await;
    shared.out.record(&standing(&view))?;
    Ok(())
}

/// Keeps everything now.
///
/// # Errors
/// Whatever failed, as a sentence.
pub async fn backup(shared: &Shared, ask: &Backup) -> anyhow::Result<()> {
    let mut agent = shared.agent()?;
    if !ask.state && agent.client.recovery_state()? == RecoveryState::Confirmed {
        online(&mut agent).await?;
        backup::back_up(&mut agent).await?;
    }
    shared.out.record(&standing(&agent.client.recovery()?))?;
    agent.close().await;
    Ok(())
}

/// Brings an account back into a new folder, by the secret or, if that is not known yet, the recovery code.
///
/// # Errors
/// Whatever failed, as a sentence.
pub async fn recover(
    shared: &Shared,
    place: Place<'_>,
    secret: Option<RecoverySecret>,
    code_file: Option<&std::path::Path>,
) -> anyhow::Result<()> {
    let secret = match secret {
        Some(secret) => secret,
        None => {
            let text = read_text(code_file, "the recovery code")?;
            let code: RecoveryCode = text.parse().map_err(|error| UsageError(format!("{error}")))?;
            code.secret().clone()
        }
    };
    let (home, passphrase) = (shared.home()?, shared.passphrase()?);
    let bar = print::progress(0, "restoring");
    let (agent, _) = backup::recover(&home, passphrase.as_ref(), place, &secret, |there, of| {
        bar.set_length(of as u64);
        bar.set_position(there as u64);
    })
    .await?;
    bar.finish_and_clear();
    agent.close().await;
    Ok(())
}

async fn online(agent: &mut Agent) -> anyhow::Result<()> {
    agent.go_online()?;
    agent.settle(PATIENCE, |_, _| {}).await?;
    Ok(())
}

fn standing(view: &RecoveryView) -> Standing {
    Standing {
        kind: "backup",
        recovery: match view.state {
            RecoveryState::None => "none",
            RecoveryState::Unconfirmed => "unconfirmed",
            RecoveryState::Confirmed => "confirmed",
        },
        last: view.last.map(|last| last.0),
        waiting: view.waiting,
        bytes: view.bytes,
        disputed: view.disputed,
    }
}
