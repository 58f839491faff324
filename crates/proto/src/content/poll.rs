//! Polls and votes: bodies of messages under media types of our own (`docs/spec/conversation.md`).

use super::deterministic;
use crate::{ProtoError, limits};
use minicbor::{Decoder, Encoder};

/// The media type of a [`Poll`], as content of a part.
pub const POLL: &str = "application/vnd.trefoil.poll";
/// The media type of a [`Vote`], as content of a part. The message that holds it answers the poll's.
pub const VOTE: &str = "application/vnd.trefoil.vote";

const BAD_POLL: ProtoError = ProtoError::Malformed("poll");
const BAD_VOTE: ProtoError = ProtoError::Malformed("vote");

/// A question with answers to choose from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Poll {
    /// The question: 1 to [`limits::POLL_QUESTION`] bytes without control characters, not only spaces.
    pub question: String,
    /// 2 to [`limits::POLL_OPTIONS`] different answers of 1 to [`limits::POLL_OPTION`] bytes, as the question.
    pub options: Vec<String>,
    /// More than one may be chosen.
    pub several: bool,
}

impl Poll {
    /// Decodes deterministic CBOR: `[question, [+ option], several]`.
    ///
    /// # Errors
    /// [`ProtoError::TooLarge`] beyond a limit; [`ProtoError::Malformed`] for anything else.
    pub fn decode(bytes: &[u8]) -> Result<Self, ProtoError> {
        if bytes.len() > limits::MESSAGE {
            return Err(ProtoError::TooLarge { what: "poll", limit: limits::MESSAGE });
        }
        deterministic::check(bytes)?;
        let mut d = Decoder::new(bytes);
        if d.array()? != Some(3) {
            return Err(BAD_POLL);
        }
        let question = d.str()?.to_owned();
        let count = d.array()?.ok_or(BAD_POLL)?;
        if count > limits::POLL_OPTIONS as u64 {
            return Err(ProtoError::TooLarge { what: "number of options", limit: limits::POLL_OPTIONS });
        }
        let options = (0..count).map(|_| Ok(d.str()?.to_owned())).collect::<Result<_, ProtoError>>()?;
        let poll = Self { question, options, several: d.bool()? };
        poll.check()?;
        Ok(poll)
    }

    /// Encodes.
    ///
    /// # Errors
    /// As [`Poll::decode`].
    pub fn encode(&self) -> Result<Vec<u8>, ProtoError> {
        self.check()?;
        let mut e = Encoder::new(Vec::new());
        let written = e
            .array(3)
            .and_then(|e| e.str(&self.question))
            .and_then(|e| e.array(self.options.len() as u64))
            .and_then(|e| self.options.iter().try_for_each(|option| e.str(option)?.ok()))
            .and_then(|()| e.bool(self.several)?.ok());
        written.map_err(|_| BAD_POLL)?;
        Ok(e.into_writer())
    }

    fn check(&self) -> Result<(), ProtoError> {
        check_text(&self.question, "question", limits::POLL_QUESTION)?;
        if self.options.len() > limits::POLL_OPTIONS {
            return Err(ProtoError::TooLarge { what: "number of options", limit: limits::POLL_OPTIONS });
        }
        for (at, option) in self.options.iter().enumerate() {
            check_text(option, "option", limits::POLL_OPTION)?;
            if self.options[..at].contains(option) {
                return Err(BAD_POLL);
            }
        }
        if self.options.len() < 2 { Err(BAD_POLL) } else { Ok(()) }
    }
}

fn check_text(text: &str, what: &'static str, limit: usize) -> Result<(), ProtoError> {
    if text.len() > limit {
        return Err(ProtoError::TooLarge { what, limit });
    }
    let says = !text.trim().is_empty() && !text.chars().any(char::is_control);
    if says { Ok(()) } else { Err(BAD_POLL) }
}

/// What somebody chose; nothing takes an earlier choice back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Vote {
    /// Indices of options, ascending, each once.
    pub choices: Vec<u8>,
}

impl Vote {
    /// Decodes deterministic CBOR: `[* index]`.
    ///
    /// # Errors
    /// [`ProtoError::TooLarge`] for more than [`limits::POLL_OPTIONS`]; [`ProtoError::Malformed`] for anything else.
    pub fn decode(bytes: &[u8]) -> Result<Self, ProtoError> {
        // Each index is one byte.
        if bytes.len() > limits::POLL_OPTIONS + 1 {
            return Err(ProtoError::TooLarge { what: "vote", limit: limits::POLL_OPTIONS });
        }
        deterministic::check(bytes)?;
        let mut d = Decoder::new(bytes);
        let count = d.array()?.ok_or(BAD_VOTE)?;
        let choices = (0..count).map(|_| Ok(d.u8()?)).collect::<Result<_, ProtoError>>()?;
        let vote = Self { choices };
        vote.check()?;
        Ok(vote)
    }

    /// Encodes.
    ///
    /// # Errors
    /// As [`Vote::decode`].
    pub fn encode(&self) -> Result<Vec<u8>, ProtoError> {
        self.check()?;
        let mut e = Encoder::new(Vec::new());
        let written = e
            .array(self.choices.len() as u64)
            .and_then(|e| self.choices.iter().try_for_each(|choice| e.u8(*choice)?.ok()));
        written.map_err(|_| BAD_VOTE)?;
        Ok(e.into_writer())
    }

    fn check(&self) -> Result<(), ProtoError> {
        let ascending = self.choices.windows(2).all(|pair| pair[0] < pair[1]);
        let fit = self.choices.iter().all(|choice| usize::from(*choice) < limits::POLL_OPTIONS);
        if ascending && fit { Ok(()) } else { Err(BAD_VOTE) }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use proptest::prelude::*;

    fn poll(options: &[&str]) -> Poll {
        let options = options.iter().map(|option| (*option).to_owned()).collect();
        Poll { question: "Tea?".to_owned(), options, several: false }
    }

    proptest! {
        #[test]
        fn polls_come_back(
            question in "[a-zé?]{1,40}",
            options in prop::collection::btree_set("[a-zé]{1,40}", 2..=limits::POLL_OPTIONS),
            several: bool,
        ) {
            let poll = Poll { question, options: options.into_iter().collect(), several };
            prop_assert_eq!(Poll::decode(&poll.encode().unwrap()).unwrap(), poll);
        }

        #[test]
        fn votes_come_back(choices in prop::collection::btree_set(0u8..12, 0..=12)) {
            let vote = Vote { choices: choices.into_iter().collect() };
            prop_assert_eq!(Vote::decode(&vote.encode().unwrap()).unwrap(), vote);
        }
    }

    #[test]
    fn what_is_no_poll_is_refused_both_ways() {
        let many: Vec<String> = (0..=limits::POLL_OPTIONS).map(|at| at.to_string()).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        let long = "x".repeat(limits::POLL_OPTION + 1);
        for options in
            [&["one"][..], &["one", "one"], &["one", " "], &["one", "two\n"], &["one", &long], &many]
        {
            assert!(poll(options).encode().is_err(), "{options:?}");
        }
        let mut silent = poll(&["one", "two"]);
        silent.question = String::new();
        assert!(silent.encode().is_err());
        assert!(poll(&["one", "two"]).encode().is_ok());
        // [question, [one], false]
        assert!(Poll::decode(b"\x83\x61q\x81\x61a\xf4").is_err());
        assert!(Poll::decode(b"\x83\x61q\x82\x61a\x61b\xf4").is_ok());
        assert!(Poll::decode(b"\x83\x61q\x82\x61a\x61b\xf4\x00").is_err(), "something follows");
    }

    #[test]
    fn what_is_no_vote_is_refused_both_ways() {
        for choices in [&[1, 1][..], &[2, 1], &[12]] {
            assert!(Vote { choices: choices.to_vec() }.encode().is_err(), "{choices:?}");
        }
        for bytes in [&b"\x82\x01\x01"[..], b"\x81\x0c", b"\x80\x00", b"\x01", b""] {
            assert!(Vote::decode(bytes).is_err(), "{bytes:?}");
        }
        assert_eq!(Vote::decode(b"\x80").unwrap(), Vote::default());
    }
}
