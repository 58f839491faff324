//! What a person chose for this device, in the page or with `trefoil settings`: one file in their folder, for every account in
//! it.

use crate::home::{HomeError, write_private};
use serde::{Deserialize, Serialize};
use std::{
    fs, io,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
};
use trefoil_client::conversation::ReadReceipts;
use utoipa::ToSchema;

/// The file.
const FILE: &str = "app.toml";

/// What the person chose for this device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Settings {
    /// Language of the page (BCP 47); empty for the browser's.
    pub language: String,
    /// How the page looks.
    pub theme: Theme,
    /// What a notification on the desktop shows.
    pub notifications: Preview,
    /// Others hear that their messages were read.
    pub read_receipts: bool,
    /// Others see that this person is writing.
    pub typing: bool,
}

/// What is to be chosen anew; what is left away stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Choice {
    /// Language of the page (BCP 47); empty for the browser's.
    pub language: Option<String>,
    /// How the page looks.
    pub theme: Option<Theme>,
    /// What a notification on the desktop shows.
    pub notifications: Option<Preview>,
    /// Others hear that their messages were read.
    pub read_receipts: Option<bool>,
    /// Others see that this person is writing.
    pub typing: Option<bool>,
}

/// How the page looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Theme {
    /// As the system says.
    #[default]
    System,
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
    /// High contrast.
    Contrast,
}

/// What a notification shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Preview {
    /// No notifications.
    #[default]
    None,
    /// Who wrote.
    Name,
    /// Who wrote, and what.
    Text,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            language: String::new(),
            theme: Theme::System,
            notifications: Preview::None,
            read_receipts: true,
            typing: true,
        }
    }
}

impl Settings {
    /// What was chosen; what nobody chose is as it is for everybody.
    ///
    /// # Errors
    /// [`HomeError::File`], [`HomeError::Damaged`]: not to tell who chose to keep quiet apart from who did not would tell
    /// others what they must not hear.
    pub fn read(person: &Path) -> Result<Self, HomeError> {
        let path = person.join(FILE);
        match fs::read_to_string(&path) {
            Ok(text) => toml::from_str(&text)
                .map_err(|error| HomeError::Damaged { path, what: error.message().to_owned() }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(source) => Err(HomeError::File { path, source }),
        }
    }

    /// Keeps it, making the folder if it is missing.
    ///
    /// # Errors
    /// [`HomeError::File`].
    pub fn write(&self, person: &Path) -> Result<(), HomeError> {
        let path = person.join(FILE);
        let text = toml::to_string(self)
            .map_err(|error| HomeError::Damaged { path: path.clone(), what: error.to_string() })?;
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(person)
            .map_err(|source| HomeError::File { path: PathBuf::from(person), source })?;
        write_private(&path, text.as_bytes())
    }

    /// With what is chosen anew.
    #[must_use]
    pub fn with(self, choice: Choice) -> Self {
        Self {
            language: choice.language.unwrap_or(self.language),
            theme: choice.theme.unwrap_or(self.theme),
            notifications: choice.notifications.unwrap_or(self.notifications),
            read_receipts: choice.read_receipts.unwrap_or(self.read_receipts),
            typing: choice.typing.unwrap_or(self.typing),
        }
    }

    /// Whether the senders hear of what is read.
    pub const fn receipts(&self) -> ReadReceipts {
        if self.read_receipts { ReadReceipts::Send } else { ReadReceipts::Withhold }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_is_left_away_stays_and_what_is_damaged_is_not_taken_for_a_choice() {
        let place = tempfile::tempdir().unwrap();
        let person = place.path().join("person");
        assert_eq!(Settings::read(&person).unwrap(), Settings::default());
        let quiet = Choice { read_receipts: Some(false), theme: Some(Theme::Dark), ..Choice::default() };
        Settings::default().with(quiet).write(&person).unwrap();
        let other = Choice { typing: Some(false), ..Choice::default() };
        Settings::read(&person).unwrap().with(other).write(&person).unwrap();
        let kept = Settings::read(&person).unwrap();
        let expected =
            Settings { read_receipts: false, theme: Theme::Dark, typing: false, ..Settings::default() };
        assert_eq!(kept, expected);
        fs::write(person.join(FILE), "read_receipts = \"no\"").unwrap();
        assert!(matches!(Settings::read(&person), Err(HomeError::Damaged { .. })));
    }
}
