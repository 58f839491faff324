//! `trefoil verify`: compare with a person, best in person, whether anybody is between the two; or a released binary with
//! the public log.

use super::{Shared, proven};
use crate::{
    clock,
    exit::{OtherKeyError, UsageError},
    person, show,
};
use anyhow::Context as _;
use clap::Args;
use qrcode::{EcLevel, QrCode, render::unicode::Dense1x2};
use serde::Serialize;
use std::{
    fmt,
    io::{self, IsTerminal as _},
    path::PathBuf,
};
use trefoil_client::verification::{Comparison, Proof, Safety, Standing};
use trefoil_proto::{Timestamp, UserUri};

/// Compare safety numbers or codes with a person and decide about a changed key; or check a released binary.
#[derive(Debug, Args)]
pub struct Verify {
    /// The other person, by URI
    #[arg(value_name = "PERSON", required_unless_present = "release")]
    person: Option<String>,
    /// Compare with the code that their device shows: what a QR scanner reads there, or what they print
    #[arg(long, value_name = "CODE")]
    scanned: Option<String>,
    /// Say that their device shows the same digits as this one; with =NUMBER only if these are the digits still
    #[arg(
        long,
        value_name = "NUMBER",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "",
        conflicts_with = "scanned"
    )]
    matches: Option<String>,
    /// Take the new account key of a verified person without comparing it: they are not verified any more
    #[arg(long, conflicts_with_all = ["scanned", "matches"])]
    accept_new_key: bool,
    /// Check a released binary instead, against a proof of the public log; neither account nor network is needed
    #[arg(
        long,
        value_name = "BINARY",
        requires = "proof",
        requires = "policy",
        conflicts_with_all = ["person", "scanned", "matches", "accept_new_key"]
    )]
    release: Option<PathBuf>,
    /// The proof that came with the binary
    #[arg(long, value_name = "FILE", requires = "release")]
    proof: Option<PathBuf>,
    /// Whom to believe: the log's key and its witnesses
    #[arg(long, value_name = "FILE", requires = "release")]
    policy: Option<PathBuf>,
}

#[derive(Serialize)]
struct Verification {
    kind: &'static str,
    user: String,
    standing: &'static str,
    number: String,
    /// Over the key that was verified, if another one was seen since.
    number_before: Option<String>,
    code: String,
    /// When the key was verified.
    verified: Option<u64>,
    /// What was asked for came to.
    result: Option<&'static str>,
    #[serde(skip)]
    drawn: Drawn,
}

/// What only people are shown.
enum Drawn {
    /// Digits and QR code.
    Whole { digits: String, code: String },
    /// What was done, in a sentence.
    Done(String),
}

/// Does it.
///
/// # Errors
/// Whatever failed, as a sentence; exit code 8 if what was compared is not the same, 9 if a release is not proven.
pub async fn run(shared: &Shared, ask: Verify) -> anyhow::Result<()> {
    if let (Some(binary), Some(proof), Some(policy)) = (&ask.release, &ask.proof, &ask.policy) {
        return proven::release(shared, binary, proof, policy);
    }
    let Some(person) = &ask.person else {
        return Err(UsageError("name a person, or a binary with --release".to_owned()).into());
    };
    let person = person::parse_person(person)?;
    let mut agent = shared.agent()?;
    let before = agent.client.safety(&person)?;
    let proof = match (&ask.scanned, &ask.matches) {
        (Some(code), _) => Some(Proof::Scanned(code.parse().map_err(usage)?)),
        (None, Some(number)) => Some(Proof::Compared(compared(number, &before)?)),
        (None, None) => None,
    };
    if ask.accept_new_key {
        agent.act(|client, now| client.accept_new_key(&person, now))?;
        let done = format!(
            "taken unseen: {person} is not verified any more; what waited goes out with the next `trefoil receive` or \
             `trefoil send`"
        );
        return print(shared, &agent.client.safety(&person)?, Some("accepted"), done);
    }
    let Some(proof) = proof else {
        shared.out.record(&Verification::of(&before, None, Drawn::whole(&before)?))?;
        return shared.out.say(what_next(&before)).map_err(Into::into);
    };
    let result = agent.act_for(|client, now| client.verify(&person, &proof, now))?;
    let after = agent.client.safety(&person)?;
    match result {
        Comparison::Match => {
            print(shared, &after, Some("match"), format!("they match: {person} is verified"))
        }
        Comparison::Mismatch { theirs, mine } => {
            let sentence = mismatch(&person, theirs, mine, matches!(proof, Proof::Scanned(_)));
            refuse(shared, &after, "mismatch", sentence)
        }
        Comparison::OtherPerson { by, to } => {
            let sentence = other_person(&person, &agent, &by, &to);
            refuse(shared, &after, "other-person", sentence)
        }
    }
}

/// The digits that a person compared. When a key was replaced, they have to be given: those that this device shows may
/// have changed since they were looked at.
fn compared(number: &str, known: &Safety) -> Result<trefoil_client::verification::SafetyNumber, UsageError> {
    match (number, known.standing) {
        ("", Standing::Changed) => Err(UsageError(format!(
            "the account key of {} was replaced: say which digits you compared, with --matches=\"NUMBER\"",
            known.user
        ))),
        ("", _) => Ok(known.number),
        (number, _) => number.parse().map_err(usage),
    }
}

fn usage(error: impl fmt::Display) -> UsageError {
    UsageError(error.to_string())
}

fn print(shared: &Shared, safety: &Safety, result: Option<&'static str>, done: String) -> anyhow::Result<()> {
    shared.out.record(&Verification::of(safety, result, Drawn::Done(done)))?;
    Ok(())
}

/// Data says what was found, the sentence on standard error what it means.
fn refuse(shared: &Shared, safety: &Safety, result: &'static str, sentence: String) -> anyhow::Result<()> {
    if shared.out.is_json() {
        print(shared, safety, Some(result), String::new())?;
    }
    Err(OtherKeyError(sentence).into())
}

fn mismatch(person: &UserUri, theirs: bool, mine: bool, scanned: bool) -> String {
    let what = match (scanned, theirs, mine) {
        (false, ..) => {
            "the digits are not the same: check that you compared all twelve groups; if they differ, one of \
                        you knows the other under a false key"
                .to_owned()
        }
        (true, true, false) => {
            format!("they do not match: this device knows {person} under a key that is not theirs")
        }
        (true, false, true) => format!("they do not match: {person} knows you under a key that is not yours"),
        (true, ..) => "they do not match: each of you knows the other under a false key".to_owned(),
    };
    format!(
        "{what}; somebody may be between you, even a service: write nothing that matters here, and find out why"
    )
}

fn other_person(person: &UserUri, agent: &crate::agent::Agent, by: &UserUri, to: &UserUri) -> String {
    let me = agent.client.identity().map(|me| me.user);
    if Some(by) == me.as_ref() {
        return "that is the code that your own device shows: give the one on theirs".to_owned();
    }
    if by != person {
        return format!("that is the code of {by}, not of {person}: nothing was compared");
    }
    format!(
        "{by} shows that code to {to}, not to you: have them run `trefoil verify` with your URI; nothing was compared"
    )
}

fn what_next(safety: &Safety) -> String {
    let person = &safety.user;
    let compare = format!(
        "Compare the digits with those that `trefoil verify` shows them for you, side by side or by a voice you know. If all \
         are the same: `trefoil verify {person} --matches`. Or scan the code on their device, or have it sent by another \
         way, and give it: `trefoil verify {person} --scanned CODE`."
    );
    match safety.standing {
        Standing::Unverified => compare,
        Standing::Verified => format!("They are verified. Whenever you meet again:\n{compare}"),
        Standing::Changed => format!(
            "{}\nThe digits are those of the new key. {}",
            show::key_changed(person),
            compare.replace("--matches`", "--matches=\"NUMBER\"`")
        ),
    }
}

impl Verification {
    fn of(safety: &Safety, result: Option<&'static str>, drawn: Drawn) -> Self {
        Self {
            kind: "verification",
            user: safety.user.to_string(),
            standing: show::standing(safety.standing),
            number: safety.number.to_string(),
            number_before: safety.number_before.map(|number| number.to_string()),
            code: safety.code.to_string(),
            verified: safety.verified.map(|time| time.0),
            result,
            drawn,
        }
    }
}

impl Drawn {
    fn whole(safety: &Safety) -> anyhow::Result<Self> {
        let code = draw(&safety.code.to_string(), io::stdout().is_terminal())?;
        Ok(Self::Whole { digits: format!("{:#}", safety.number), code })
    }
}

impl fmt::Display for Verification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.drawn {
            Drawn::Done(sentence) => f.write_str(sentence),
            Drawn::Whole { digits, code } => {
                write!(f, "{}: {}", self.user, self.standing)?;
                if let Some(time) = self.verified {
                    write!(f, " (compared {})", clock::readable(Timestamp(time)))?;
                }
                write!(f, "\n\n{digits}\n\n{code}\n\n{}\n", self.code)
            }
        }
    }
}

/// A QR code in lines of text: black on white where there are colours, so that a scanner reads it on any terminal.
fn draw(text: &str, coloured: bool) -> anyhow::Result<String> {
    let code = QrCode::with_error_correction_level(text, EcLevel::L)
        .context("the code does not fit a QR code: the URIs are too long")?;
    let drawn = code.render::<Dense1x2>().build();
    if !coloured {
        return Ok(drawn);
    }
    let line = |line: &str| format!("\u{1b}[38;5;16;48;5;231m{line}\u{1b}[0m");
    Ok(drawn.lines().map(line).collect::<Vec<_>>().join("\n"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// What is drawn are the code's own squares, two to a letter, with the quiet zone that scanners need.
    #[test]
    fn a_qr_code_is_drawn_square_by_square() {
        let text = "trefoil-verify-".to_owned() + &"A".repeat(223);
        let code = QrCode::with_error_correction_level(&text, EcLevel::L).unwrap();
        let (width, squares) = (code.width(), code.to_colors());
        let drawn = draw(&text, false).unwrap();
        let lines: Vec<Vec<char>> = drawn.lines().map(|line| line.chars().collect()).collect();
        assert!(width + 8 <= 80, "{width} squares do not fit a terminal");
        assert_eq!(lines.len(), (width + 8).div_ceil(2));
        for (at, square) in squares.into_iter().enumerate() {
            let (row, column) = (at / width + 4, at % width + 4);
            let letter = lines[row / 2][column];
            let dark =
                if row % 2 == 0 { matches!(letter, '█' | '▀') } else { matches!(letter, '█' | '▄') };
            assert_eq!(dark, square == qrcode::Color::Dark, "row {row}, column {column}: {letter:?}");
        }
        let coloured = draw(&text, true).unwrap();
        assert_eq!(coloured.lines().count(), lines.len());
        assert!(
            coloured
                .lines()
                .all(|line| line.starts_with("\u{1b}[38;5;16;48;5;231m") && line.ends_with("\u{1b}[0m"))
        );
    }
}
