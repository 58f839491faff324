//! A poll as it is printed.

use crate::print::harmless;
use serde::Serialize;
use std::fmt;
use trefoil_client::conversation;

/// A question, and what people chose.
#[derive(Clone, Debug, Serialize)]
pub struct Poll {
    /// The question.
    pub question: String,
    /// More than one answer can be chosen.
    pub several: bool,
    /// People who chose something.
    pub voters: usize,
    /// The answers; `send --vote` counts them from one.
    pub options: Vec<Answer>,
}

/// An answer.
#[derive(Clone, Debug, Serialize)]
pub struct Answer {
    /// What it says.
    pub text: String,
    /// Who chose it, by URI.
    pub users: Vec<String>,
}

impl Poll {
    pub(super) fn of(poll: conversation::Poll) -> Self {
        let answer = |option: conversation::PollOption| Answer {
            text: option.text,
            users: option.by.iter().map(ToString::to_string).collect(),
        };
        Self {
            question: poll.question,
            several: poll.several,
            voters: poll.voters,
            options: poll.options.into_iter().map(answer).collect(),
        }
    }
}

impl fmt::Display for Poll {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let many = if self.several { " (several can be chosen)" } else { "" };
        write!(f, "\n    {}{many}", harmless(&self.question))?;
        for (at, option) in self.options.iter().enumerate() {
            write!(f, "\n      {}. {}: {}", at + 1, harmless(&option.text), option.users.len())?;
        }
        Ok(())
    }
}
