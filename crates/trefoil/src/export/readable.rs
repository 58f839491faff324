//! The part of an export that is for eyes.

use super::{
    Progress,
    records::{Account, Line, Message},
};
use crate::clock;
use std::io::{self, Write};
use trefoil_proto::Timestamp;

/// Writes a line of `messages.md`; `day` is the day of the line before.
pub(super) fn write(out: &mut impl Write, line: &Line, day: &mut String) -> io::Result<()> {
    let at = match line {
        Line::Message(message) => message.at,
        Line::Note { at, .. } => *at,
    };
    let time = clock::readable(Timestamp(at));
    let (date, hour) = time.split_once(' ').unwrap_or((&time, ""));
    if *day != date {
        *day = date.to_owned();
        writeln!(out, "\n## {date}")?;
    }
    match line {
        Line::Note { text, .. } => writeln!(out, "\n*{hour} {}*", one_line(text)),
        Line::Message(message) => say(out, message, hour),
    }
}

fn say(out: &mut impl Write, message: &Message, hour: &str) -> io::Result<()> {
    let name = message.name.as_deref().unwrap_or(&message.sender);
    write!(out, "\n**{}** {hour}", one_line(name))?;
    if message.edited.is_some() {
        write!(out, ", edited")?;
    }
    if message.reply_to.is_some() {
        write!(out, ", a reply")?;
    }
    if !message.accepted {
        write!(out, ", not sent")?;
    }
    writeln!(out, "\n")?;
    if message.unsent.is_some() {
        writeln!(out, "> *taken back*")?;
    }
    for line in message.text.iter().flat_map(|text| text.lines()) {
        writeln!(out, "> {}", line.trim_end())?;
    }
    for file in &message.files {
        match (&file.path, &file.problem) {
            (Some(path), _) => writeln!(out, "\n[{}](<{path}>)", one_line(&file.name))?,
            (None, problem) => {
                let why = problem.as_deref().unwrap_or("not here");
                writeln!(out, "\n*{} is not here: {}*", one_line(&file.name), one_line(why))?;
            }
        }
    }
    for reaction in &message.reactions {
        writeln!(out, "\n{} {}", one_line(&reaction.emoji), reaction.users.len())?;
    }
    Ok(())
}

/// Text of somebody else's within a line: no line of its own, and none of Markdown's signs.
pub(super) fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter.is_control() {
            line.push(' ');
        } else {
            if "\\`*_[]<>#|".contains(letter) {
                line.push('\\');
            }
            line.push(letter);
        }
    }
    line
}

/// `README.txt`.
pub(super) fn explanation(account: &Account, progress: &Progress) -> String {
    format!(
        "This folder holds everything that {} had on one device, as it was on {} (UTC).\n\n\
         account.json             who you are, your devices, the people and the rooms (where each room's folder is)\n\
         rooms/*/messages.md      a room to be read: open it with any text editor or Markdown viewer\n\
         rooms/*/messages.jsonl   the same for programs: one JSON object a line, nothing left out\n\
         rooms/*/files/           the attachments\n\n\
         {} lines in {} rooms, {} attachments{}.\n\n\
         Nothing here is encrypted: whoever can read this folder can read your conversations. It holds no keys, so\n\
         nobody can be you with it, and it cannot be restored from: for that there is the recovery code.\n\
         The format is {}: docs/export.md of Trefoil describes it field by field.\n",
        account.user,
        clock::readable(Timestamp(account.made)),
        progress.lines,
        account.rooms.len(),
        progress.files,
        match progress.missing {
            0 => String::new(),
            missing => format!("; {missing} could not be fetched, and their lines say why"),
        },
        account.format,
    )
}
