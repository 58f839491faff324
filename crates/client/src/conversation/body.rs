//! What of a message can be shown.

use super::text::mentions;
use crate::attachment::Descriptor;
use trefoil_proto::{
    UserUri,
    content::{
        Extensions, MimiContent, NestedPart, Part, PartSemantics,
        poll::{POLL, Poll},
    },
};

/// The body of a message, picked from its parts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Body {
    /// Its text, Markdown (GFM-MIMI) or plain; several texts are joined by an empty line. See [`super::plain`].
    pub text: Option<String>,
    /// What it asks.
    pub poll: Option<Poll>,
    /// Its files, in order.
    pub attachments: Vec<Attached>,
    /// Media types of parts that cannot be shown here.
    pub unsupported: Vec<String>,
}

/// A file of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attached {
    /// It can be fetched and opened.
    Usable(Descriptor),
    /// It is described in a way that is not safe or not known here.
    Unusable {
        /// Its media type.
        content_type: String,
        /// A sentence why.
        reason: String,
    },
}

impl Body {
    /// Picks what can be shown (draft-ietf-mimi-content-09, section 4.4).
    pub fn of(content: &MimiContent) -> Self {
        let mut body = Self::default();
        body.add(&content.part, &content.extensions);
        body
    }

    /// The beginning of what it says, for where there is no room for all of it.
    pub fn gist(&self) -> Option<&str> {
        self.text.as_deref().or(self.poll.as_ref().map(|poll| poll.question.as_str()))
    }

    pub(super) fn mentions(&self, user: &UserUri) -> bool {
        self.text.as_ref().is_some_and(|text| mentions(text, user))
    }

    fn add(&mut self, part: &NestedPart, extensions: &Extensions) {
        match &part.part {
            Part::Null => {}
            Part::Single { content_type, content } if poll_of(content_type, content).is_some() => {
                self.poll = self.poll.take().or_else(|| poll_of(content_type, content));
            }
            Part::Single { content_type, content } => match text_of(content_type, content) {
                Some(text) => match &mut self.text {
                    Some(before) => {
                        before.push_str("\n\n");
                        before.push_str(text);
                    }
                    None => self.text = Some(text.to_owned()),
                },
                None => self.unsupported.push(content_type.clone()),
            },
            Part::External(external) => match Descriptor::read(part, extensions) {
                Some(Ok(file)) => self.attachments.push(Attached::Usable(file)),
                Some(Err(reason)) => self.attachments.push(Attached::Unusable {
                    content_type: external.content_type.clone(),
                    reason: reason.to_string(),
                }),
                None => {}
            },
            Part::Multi { semantics: PartSemantics::ChooseOne, parts } => {
                let chosen = parts.iter().find(|part| is_supported(part)).or(parts.first());
                if let Some(chosen) = chosen {
                    self.add(chosen, extensions);
                }
            }
            Part::Multi { semantics: PartSemantics::SingleUnit, parts }
                if !parts.iter().all(is_supported) =>
            {
                self.unsupported.push("multipart".to_owned());
            }
            Part::Multi { parts, .. } => parts.iter().for_each(|part| self.add(part, extensions)),
        }
    }
}

fn is_supported(part: &NestedPart) -> bool {
    match &part.part {
        Part::Null | Part::External(_) => true,
        Part::Single { content_type, content } => {
            text_of(content_type, content).is_some() || poll_of(content_type, content).is_some()
        }
        Part::Multi { semantics: PartSemantics::SingleUnit, parts } => parts.iter().all(is_supported),
        Part::Multi { parts, .. } => parts.iter().any(is_supported),
    }
}

fn poll_of(content_type: &str, content: &[u8]) -> Option<Poll> {
    Poll::decode(content).ok().filter(|_| content_type == POLL)
}

fn text_of<'c>(content_type: &str, content: &'c [u8]) -> Option<&'c str> {
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    let is_text = essence.eq_ignore_ascii_case("text/markdown") || essence.eq_ignore_ascii_case("text/plain");
    std::str::from_utf8(content).ok().filter(|_| is_text)
}
