//! `trefoil account link`: bring a further device of this person into the account.

use super::{
    Shared,
    account::{self, At, Line, named_device},
    read_text,
};
use crate::{
    agent::Agent,
    exit::{NotFoundError, UsageError},
    link, meet,
    person::{self, PATIENCE, PersonError},
    print,
};
use anyhow::Context as _;
use clap::{Args, Subcommand};
use serde::Serialize;
use std::fmt;
use trefoil_client::{ClientError, LinkOffer, Side};

/// Bring a further device of this person into the account.
#[derive(Debug, Args)]
pub struct Link {
    #[command(subcommand)]
    step: Step,
}

#[derive(Debug, Subcommand)]
enum Step {
    /// On the new device: show a code for the account's first device, wait for its answer, join the account's rooms, and
    /// print the number to compare. Ctrl-C ends the waiting only: see `wait`
    Request(Request),
    /// On the new device: show the same code and wait again
    Wait,
    /// On the account's first device: let in the device that shows this code
    Approve(Pasted),
    /// On the new device: take an answer that was carried here by hand, after `request --by-hand`
    Finish(Pasted),
    /// On the first device: print the number to compare; with --same, send the history to the new device
    Check(Check),
    /// On the new device: fetch the history that the first one sent
    History,
    /// List the devices that are being linked, or were, each with the number that both must show
    List,
}

#[derive(Debug, Args)]
struct Request {
    #[command(flatten)]
    at: At,
    /// A name for this device, for your own eyes; no service learns it
    #[arg(long, default_value = "")]
    name: String,
    /// Print the code and do not wait
    #[arg(long)]
    no_wait: bool,
    /// Leave nothing at the service: print a long code, to be approved on the first device, and its long answer to be given
    /// to `finish` here
    #[arg(long, conflicts_with = "no_wait")]
    by_hand: bool,
}

#[derive(Debug, Args)]
struct Check {
    /// The new device, as `trefoil account devices` lists it, or the last part of it; the newest one if it is left away
    device: Option<String>,
    /// Both devices show the same number
    #[arg(long)]
    same: bool,
}

#[derive(Debug, Args)]
struct Pasted {
    /// The code; from standard input if it is left away
    code: Option<String>,
}

/// Does it.
///
/// # Errors
/// Whatever failed, as a sentence.
pub async fn run(shared: &Shared, ask: Link) -> anyhow::Result<()> {
    match ask.step {
        Step::Request(ask) => request(shared, ask).await,
        Step::Wait => {
            let agent = shared.agent()?;
            let offer = person::link_offer(&agent)?;
            meet::offer(agent.service(), &offer).await?;
            show_code(shared, &offer)?;
            wait(shared, agent, &offer).await
        }
        Step::Approve(pasted) => approve(shared, &pasted).await,
        Step::Finish(pasted) => {
            let answer = pasted.read()?;
            let agent = shared.agent()?;
            finish(shared, agent, answer.trim()).await
        }
        Step::Check(ask) => check(shared, &ask).await,
        Step::List => list(shared),
        Step::History => {
            let mut agent = shared.agent()?;
            agent.go_online()?;
            agent.settle(PATIENCE, |_, _| {}).await?;
            let bar = print::progress(0, "history");
            let came = link::fetch_history(&mut agent, |there, of| {
                bar.set_length(of as u64);
                bar.set_position(there as u64);
            })
            .await?;
            bar.finish_and_clear();
            agent.close().await;
            if !came {
                return Err(NotFoundError(
                    "no history was sent yet: compare the numbers, then `trefoil account link check --same` on the \
                     first device"
                        .to_owned(),
                )
                .into());
            }
            shared.out.record(&Line { kind: "link-history", text: "the history is here".to_owned() })?;
            Ok(())
        }
    }
}

/// A device that is being linked, or was.
#[derive(Serialize)]
struct Linked {
    kind: &'static str,
    /// The new device.
    device: String,
    /// This device let it in; otherwise it is the one that was let in.
    first: bool,
    /// What both must show, once the new one has shown its part.
    number: Option<String>,
    /// The person said that both show the same.
    compared: bool,
    /// The history was sent, or has arrived.
    done: bool,
}

impl fmt::Display for Linked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match (self.done, self.compared, &self.number) {
            (true, ..) => "done: the history is there",
            (_, true, _) => "compared: the history is on its way",
            (_, _, Some(_)) => "waits for the numbers to be compared",
            (_, _, None) => "the new device has not shown its part of the number",
        };
        let number = self.number.as_deref().map(|number| format!("  {number}")).unwrap_or_default();
        write!(f, "{}{number}\n  {state}", self.device)
    }
}

fn list(shared: &Shared) -> anyhow::Result<()> {
    for link in shared.agent()?.client.links()? {
        shared.out.record(&Linked {
            kind: "link",
            device: link.device.to_string(),
            first: link.side == Side::First,
            number: link.number,
            compared: link.compared,
            done: link.done,
        })?;
    }
    Ok(())
}

async fn request(shared: &Shared, ask: Request) -> anyhow::Result<()> {
    let ca = ask.at.read_ca()?;
    let (home, passphrase) = (shared.home()?, shared.passphrase()?);
    let place = ask.at.place(ca.as_deref());
    if ask.by_hand {
        let (code, _) = person::request_link_named(&home, passphrase.as_ref(), place, &ask.name).await?;
        shared.out.record(&Line { kind: "link-request", text: code })?;
        return Ok(());
    }
    let (agent, offer) = person::begin_link(&home, passphrase.as_ref(), place, &ask.name).await?;
    show_code(shared, &offer)?;
    if ask.no_wait {
        agent.close().await;
        return Ok(());
    }
    wait(shared, agent, &offer).await
}

fn show_code(shared: &Shared, offer: &LinkOffer) -> anyhow::Result<()> {
    let text = offer.code.to_string();
    let drawn = qrcode::QrCode::with_error_correction_level(&text, qrcode::EcLevel::L)
        .context("the code does not fit a QR code")?;
    shared.out.record(&Line { kind: "link-request", text })?;
    shared.out.say(drawn.render::<char>().quiet_zone(true).module_dimensions(2, 1).build())?;
    Ok(())
}

async fn wait(shared: &Shared, agent: Agent, offer: &LinkOffer) -> anyhow::Result<()> {
    print::remark(
        "waiting for the account's first device: give it this code, with `trefoil account link approve CODE` or in its \
         settings. If this is interrupted, `trefoil account link wait` goes on",
    );
    let answer = meet::wait(agent.service(), offer).await?;
    finish(shared, agent, &answer).await
}

async fn finish(shared: &Shared, mut agent: Agent, answer: &str) -> anyhow::Result<()> {
    person::finish_link(&mut agent, answer).await?;
    let number = link::show_number(&mut agent).await?;
    agent.close().await;
    account::show(shared)?;
    shared.out.record(&Line { kind: "link-number", text: number })?;
    print::remark(
        "on the first device, `trefoil account link check` must show the same number; if it does, add --same there, and \
         the history comes here with `trefoil account link history`",
    );
    Ok(())
}

async fn approve(shared: &Shared, pasted: &Pasted) -> anyhow::Result<()> {
    let code = pasted.read()?;
    let mut agent = shared.agent()?;
    agent.go_online()?;
    let done = match agent.client.link_code(&code) {
        Ok(code) => {
            let device = person::approve_offered(&mut agent, &code).await?;
            Line { kind: "link-approved", text: device.to_string() }
        }
        // A long code, or one that is told to be none.
        Err(ClientError::BadCode) => {
            let answer = person::approve_link(&mut agent, code.trim()).await?;
            Line { kind: "link-answer", text: answer }
        }
        Err(error) => return Err(PersonError::from(error).into()),
    };
    agent.settle(PATIENCE, |_, _| {}).await?;
    agent.close().await;
    shared.out.record(&done)?;
    print::remark(
        "the device that made this code reads everything from now on. Compare: `trefoil account link check`. If that was \
         not you: `trefoil account devices`, then `trefoil account remove-device DEVICE`",
    );
    Ok(())
}

async fn check(shared: &Shared, ask: &Check) -> anyhow::Result<()> {
    let mut agent = shared.agent()?;
    agent.go_online()?;
    agent.settle(PATIENCE, |_, _| {}).await?;
    let device = match &ask.device {
        Some(named) => named_device(&agent, named)?,
        None => {
            let links =
                agent.client.links()?.into_iter().filter(|link| link.side == Side::First && !link.done);
            let devices = agent.client.own_devices()?;
            let waiting: Vec<_> = links.map(|link| link.device).filter(|uri| devices.contains(uri)).collect();
            match &waiting[..] {
                [one] => one.clone(),
                [] => {
                    return Err(
                        NotFoundError("no device waits for its number to be compared".to_owned()).into()
                    );
                }
                _ => return Err(UsageError("several devices wait: name one of them".to_owned()).into()),
            }
        }
    };
    let Some(number) = link::look_for_number(&mut agent, &device).await? else {
        return Err(NotFoundError(
            "the new device has not shown its number yet: run `trefoil account link wait` there".to_owned(),
        )
        .into());
    };
    shared.out.record(&Line { kind: "link-number", text: number })?;
    if ask.same {
        let bar = print::progress(0, "history");
        link::compared(&mut agent, &device, |sent| bar.set_position(sent)).await?;
        bar.finish_and_clear();
        shared.out.record(&Line { kind: "link-history-sent", text: device.to_string() })?;
    } else {
        print::remark(
            "if the new device shows another number, somebody exchanged the codes: take it off with `trefoil account \
             remove-device DEVICE`. If it is the same, run this again with --same",
        );
    }
    agent.close().await;
    Ok(())
}

impl Pasted {
    fn read(&self) -> anyhow::Result<String> {
        self.code.clone().map_or_else(|| read_text(None, "the code"), Ok)
    }
}
