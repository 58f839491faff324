//! What the people of the demonstration say: `demo/conversation.toml`, read once and checked.

use serde::Deserialize;
use std::collections::BTreeSet;

const CONVERSATION: &str = include_str!("../../../../../demo/conversation.toml");
const DECLARATION: &str = include_str!("../../../../../demo/declaration.txt");
const PICTURE: &[u8] = include_bytes!("../../../../../demo/china.jpg");

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

/// Why the script cannot be played.
#[derive(Debug, thiserror::Error)]
pub enum ScriptError {
    /// Not TOML, or not of this form.
    #[error("the demonstration's script does not parse")]
    Parse(#[from] toml::de::Error),
    /// A line names something that is not before it.
    #[error("line {0} of the demonstration's script names a person, line or file that is not there")]
    Dangling(String),
}

impl Script {
    /// The script that is built in.
    ///
    /// # Errors
    /// [`ScriptError`].
    pub fn load() -> Result<Self, ScriptError> {
        let script: Self = toml::from_str(CONVERSATION)?;
        let mut said = BTreeSet::new();
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
    (name == "china.jpg").then_some(PICTURE)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_script_has_everything_that_is_to_be_shown() {
        let script = Script::load().unwrap();
        assert_eq!(script.people.len(), 3);
        let any = |has: fn(&ScriptLine) -> bool| script.lines.iter().any(has);
        assert!(any(|line| line.reply.is_some()) && any(|line| line.react.is_some()));
        assert!(any(|line| line.edit.is_some()) && any(|line| line.unsend.is_some()));
        assert!(any(|line| line.picture.is_some()) && any(|line| line.document.is_some()));
        assert!(DECLARATION.len() >= 60 * 1024 && DECLARATION.len() <= trefoil_proto::limits::TEXT);
        assert!(PICTURE.len() < 250_000);
    }
}
