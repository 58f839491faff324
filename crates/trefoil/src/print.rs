//! What commands print: for people, or one JSON object a line.

use serde::Serialize;
use std::{
    fmt::Display,
    io::{self, IsTerminal as _, Write as _},
};

/// Writes to standard output, and progress to a terminal's standard error.
#[derive(Clone, Copy, Debug)]
pub struct Printer {
    json: bool,
}

impl Printer {
    /// For people, or as JSON lines.
    pub const fn new(json: bool) -> Self {
        Self { json }
    }

    /// Whether JSON lines are asked for.
    pub const fn is_json(&self) -> bool {
        self.json
    }

    /// Prints one piece of data, in the form that was asked for.
    ///
    /// # Errors
    /// Standard output is closed or full.
    pub fn record<R: Serialize + Display>(&self, record: &R) -> io::Result<()> {
        let mut out = io::stdout().lock();
        if self.json {
            serde_json::to_writer(&mut out, record).map_err(io::Error::from)?;
            out.write_all(b"\n")?;
        } else {
            writeln!(out, "{record}")?;
        }
        out.flush()
    }

    /// Prints a sentence for people; nothing when JSON is asked for.
    ///
    /// # Errors
    /// Standard output is closed or full.
    pub fn say(&self, sentence: impl Display) -> io::Result<()> {
        if self.json {
            return Ok(());
        }
        let mut out = io::stdout().lock();
        writeln!(out, "{sentence}")?;
        out.flush()
    }
}

/// Prints a remark to standard error. Whether anyone reads it changes nothing, so a closed stream is ignored.
pub fn remark(sentence: impl Display) {
    let _ = writeln!(io::stderr().lock(), "{sentence}");
}

/// A progress bar over bytes when standard error is a terminal; an invisible one otherwise.
pub fn progress(total: u64, what: &str) -> indicatif::ProgressBar {
    if !io::stderr().is_terminal() {
        return indicatif::ProgressBar::hidden();
    }
    let bar = indicatif::ProgressBar::new(total);
    if let Ok(style) = indicatif::ProgressStyle::with_template(
        "{msg} [{bar:30}] {bytes}/{total_bytes} {bytes_per_sec} {eta}",
    ) {
        bar.set_style(style);
    }
    bar.set_message(what.to_owned());
    bar
}

/// Makes text safe for a terminal: control characters, and the direction controls that could reorder what stands
/// around the text, are shown as their code. Line feeds and tabs stay; everything that people write stays.
pub fn harmless(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        let reorders = matches!(letter, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
        if reorders || (letter.is_control() && !matches!(letter, '\n' | '\t')) {
            out.extend(letter.escape_unicode());
        } else {
            out.push(letter);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_steer_a_terminal_is_shown_and_what_people_write_stays() {
        assert_eq!(harmless("a\u{1b}[2Jb"), "a\\u{1b}[2Jb");
        assert_eq!(harmless("x\u{202e}y"), "x\\u{202e}y");
        let written = "שלום 👨‍👩‍👧‍👦 न\u{94d}\nü\t";
        assert_eq!(harmless(written), written);
    }
}
