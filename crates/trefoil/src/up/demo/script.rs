//! What the people of the demonstration say: `demo/conversation.toml`, read once and checked.

use serde::{Deserialize, Serialize};
use std::{collections::BTreeSet, fmt};

const CONVERSATION: &str = include_str!("../../../../../demo/conversation.toml");
const DECLARATION: &str = include_str!("../../../../../demo/declaration.txt");
/// Photographs, by the names of their files.
const PICTURES: &[(&str, &[u8])] = &[
    ("china.jpg", include_bytes!("../../../../../demo/china.jpg")),
    ("flower.jpg", include_bytes!("../../../../../demo/flower.jpg")),
];

/// The whole script.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script {
    /// The room's name.
    pub room: String,
    /// One for each service.
    pub people: Vec<Actor>,
    /// In the order in which they are said.
    #[serde(rename = "line")]
    pub lines: Vec<ScriptLine>,
}

/// Somebody who talks.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Actor {
    /// Display name.
    pub name: String,
    /// Profile of the service.
    pub profile: String,
    /// Account name, handle or number there.
    pub identifier: String,
}

/// One thing that is said or done.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScriptLine {
    /// Its name in the script.
    pub id: String,
    /// Who.
    pub who: String,
    /// The text, the emoji of a reaction, or the new text of an edit.
    pub text: Option<String>,
    /// A file of the script whose text is sent.
    pub document: Option<String>,
    /// A file of the script that is sent as a picture.
    pub picture: Option<String>,
    /// The line that this one answers.
    pub reply: Option<String>,
    /// The line that is reacted to.
    pub react: Option<String>,
    /// The line that is edited.
    pub edit: Option<String>,
    /// The line that is taken back.
    pub unsend: Option<String>,
}

/// What a line is to those who receive it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A text that answers nothing.
    Text,
    /// A text that answers a line.
    Reply,
    /// An emoji for a line.
    Reaction,
    /// Another text for a line of one's own.
    Edit,
    /// A line of one's own is taken back.
    Unsend,
    /// A photograph.
    Picture,
}

/// Why the script cannot be played.
#[derive(Debug, thiserror::Error)]
pub enum ScriptError {
    /// Not TOML, or not of this form.
    #[error("the demonstration's script does not parse")]
    Parse(#[from] toml::de::Error),
    /// A line names something that is not before it.
    #[error("line {0} of the demonstration's script names a person, line or file that is not there")]
    Dangling(String),
    /// A line changes one of somebody else.
    #[error("line {0} of the demonstration's script changes a line of somebody else")]
    Foreign(String),
}

impl Kind {
    /// Each of them.
    pub const ALL: [Self; 6] =
        [Self::Text, Self::Reply, Self::Reaction, Self::Edit, Self::Unsend, Self::Picture];
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text => "text",
            Self::Reply => "reply",
            Self::Reaction => "reaction",
            Self::Edit => "edit",
            Self::Unsend => "unsend",
            Self::Picture => "picture",
        })
    }
}

impl ScriptLine {
    /// What it is.
    pub fn kind(&self) -> Kind {
        match self {
            Self { picture: Some(_), .. } => Kind::Picture,
            Self { react: Some(_), .. } => Kind::Reaction,
            Self { edit: Some(_), .. } => Kind::Edit,
            Self { unsend: Some(_), .. } => Kind::Unsend,
            Self { reply: Some(_), .. } => Kind::Reply,
            _ => Kind::Text,
        }
    }

    /// Its text, be it written in the line or in a file.
    pub fn said(&self) -> Option<&str> {
        self.text.as_deref().or_else(|| self.document.as_deref().and_then(document))
    }
}

impl Script {
    /// The script that is built in, checked.
    ///
    /// # Errors
    /// [`ScriptError`].
    pub fn load() -> Result<Self, ScriptError> {
        let script: Self = toml::from_str(CONVERSATION)?;
        let mut said = BTreeSet::new();
        let mut own = BTreeSet::new();
        for line in &script.lines {
            let known = script.people.iter().any(|person| person.name == line.who)
                && [&line.reply, &line.react, &line.edit, &line.unsend]
                    .into_iter()
                    .flatten()
                    .all(|id| said.contains(id))
                && line.document.as_deref().is_none_or(|name| document(name).is_some())
                && line.picture.as_deref().is_none_or(|name| picture(name).is_some());
            if !known || !said.insert(line.id.clone()) {
                return Err(ScriptError::Dangling(line.id.clone()));
            }
            let changed = line.edit.as_ref().or(line.unsend.as_ref());
            if changed.is_some_and(|id| !own.contains(&(&line.who, id))) {
                return Err(ScriptError::Foreign(line.id.clone()));
            }
            own.insert((&line.who, &line.id));
        }
        Ok(script)
    }

    /// Every text of the script that somebody could look for on a service's disk, longer than a few letters.
    pub fn telling_texts(&self) -> Vec<&str> {
        let texts = self.lines.iter().filter_map(|line| line.text.as_deref());
        texts.chain([self.room.as_str(), DECLARATION]).filter(|text| text.len() >= 12).collect()
    }
}

/// A text of the script, by its file's name.
pub fn document(name: &str) -> Option<&'static str> {
    (name == "declaration.txt").then_some(DECLARATION.trim_end())
}

/// A picture of the script, by its file's name.
pub fn picture(name: &str) -> Option<&'static [u8]> {
    PICTURES.iter().find(|(known, _)| *known == name).map(|(_, bytes)| *bytes)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_person_sends_every_kind() {
        let script = Script::load().unwrap();
        assert_eq!(script.people.len(), 3);
        for person in &script.people {
            for kind in Kind::ALL {
                let mut own = script.lines.iter().filter(|line| line.who == person.name);
                assert!(own.any(|line| line.kind() == kind), "{} sends no {kind}", person.name);
            }
        }
    }

    #[test]
    fn pictures_are_photographs_that_are_all_shown_and_the_document_fills_a_message() {
        let script = Script::load().unwrap();
        for (name, bytes) in PICTURES {
            assert!(bytes.starts_with(b"\xFF\xD8\xFF") && bytes.len() < 250_000, "{name}");
            assert!(
                script.lines.iter().any(|line| line.picture.as_deref() == Some(name)),
                "{name} is not shown"
            );
        }
        assert!(script.lines.iter().any(|line| line.document.is_some()));
        assert!(DECLARATION.len() >= 60 * 1024 && DECLARATION.len() <= trefoil_proto::limits::TEXT);
    }
}
