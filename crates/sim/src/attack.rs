//! What an attack is, and what can come of it.

use crate::{person::Person, world::World};
use futures_util::future::BoxFuture;
use serde::Serialize;
use trefoil_proto::defence::Defence;

/// One attack.
#[derive(Clone, Copy)]
pub struct Attack {
    /// Its name, as in docs/drill.md.
    pub name: &'static str,
    /// The promise that it tries to break (docs/threat-model.md).
    pub promise: &'static str,
    /// What the adversary does.
    pub does: &'static str,
    /// What the adversary gains if it succeeds.
    pub gains: &'static str,
    /// What stops it. With all of these away it succeeds.
    pub stopped_by: &'static [Defence],
    /// Plays it in a world of its own.
    pub play: for<'a> fn(&'a mut World) -> BoxFuture<'a, anyhow::Result<Played>>,
}

/// What came of an attack that could be played to its end.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Played {
    /// Who noticed, and what they were told, in the words that a person is shown.
    pub noticed: Vec<Notice>,
    /// What the adversary has gained. Nothing: the promise holds.
    pub gained: Option<String>,
}

/// What somebody was told.
#[derive(Clone, Debug, Serialize, PartialEq, Eq)]
pub struct Notice {
    /// Who.
    pub who: String,
    /// What.
    pub saw: String,
}

/// How an attack ended.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The adversary gained nothing, and somebody honest was told.
    Held,
    /// The adversary gained nothing, but nobody was told: a promise to be seen is broken.
    Unseen,
    /// The adversary gained this.
    Broken(String),
    /// It could not be played.
    NotPlayed(String),
}

/// The table of attacks in `docs/drill.md`, Markdown.
pub fn page(attacks: &[Attack]) -> String {
    let mut page =
        "| attack | promise | what the adversary gains if it succeeds | stopped by |\n|---|---|---|---|\n"
            .to_owned();
    for Attack { name, promise, gains, stopped_by, .. } in attacks {
        let stopped_by: Vec<_> = stopped_by.iter().map(|defence| words(*defence)).collect();
        page.push_str(&format!("| `{name}` | {promise} | {gains} | {} |\n", stopped_by.join("; ")));
    }
    page
}

const fn words(defence: Defence) -> &'static str {
    match defence {
        Defence::AccountSignature => "the account's signature over its devices",
        Defence::KeyDirectory => "nothing is encrypted to a device that no directory proves",
        Defence::Auditors => "signatures of other services",
        Defence::NewestRoot => "the newest root that was seen",
        Defence::Versions => "versions in the directory, counted against the sets that were signed",
        Defence::RootsCompared => "roots inside messages, compared, and asked for",
        Defence::RoomRules => "members judge every commit themselves",
        Defence::OpenedOnce => "a key opens one message once",
        Defence::KeyUsedOnce => "a key package admits once",
        Defence::Order => "numbers and transcripts",
        Defence::Stamp => "the hub's stamp (and the cipher, which nobody can take away)",
        Defence::FrankingTag => "a device shows nothing whose tag is not that of its content",
        Defence::PeerForItsOwn => "a service speaks for its own people",
        Defence::Suite => "a room has the best suite that all its devices can do",
        Defence::ReleaseHash => "the hash in the public log",
        Defence::ReportStamp => "the hub's own stamp over what a report shows",
        Defence::HandedOnByHub => "a report is handed on by the hub in whose room it was",
        Defence::SenderFrank => {
            "the mark of the sender's own service on every message that it hands to another hub"
        }
    }
}

impl Played {
    /// What these people were told so far, of the kinds that are named.
    pub fn notice<'a>(&mut self, people: impl IntoIterator<Item = &'a Person>, kinds: &[&str]) {
        for person in people {
            for seen in person.saw.iter().filter(|seen| kinds.contains(&seen.kind.as_str())) {
                let notice = Notice { who: person.name.clone(), saw: seen.words.clone() };
                if !self.noticed.contains(&notice) {
                    self.noticed.push(notice);
                }
            }
        }
    }

    /// What somebody who is no person in a room noticed.
    pub fn noticed_by(&mut self, who: &str, saw: impl Into<String>) {
        self.noticed.push(Notice { who: who.to_owned(), saw: saw.into() });
    }

    /// What the adversary gained.
    pub fn gain(&mut self, what: impl Into<String>) {
        self.gained.get_or_insert(what.into());
    }

    /// How it ended.
    pub fn verdict(&self) -> Verdict {
        match &self.gained {
            Some(gained) => Verdict::Broken(gained.clone()),
            None if self.noticed.is_empty() => Verdict::Unseen,
            None => Verdict::Held,
        }
    }
}

impl Attack {
    /// Starts three services, plays the attack and ends them.
    pub async fn run(&self) -> Outcome {
        let played = match World::start().await {
            Ok(mut world) => {
                let played = (self.play)(&mut world).await;
                world.end().await;
                played
            }
            Err(error) => Err(error),
        };
        let (verdict, noticed) = match played {
            Ok(played) => (played.verdict(), played.noticed),
            Err(error) => (Verdict::NotPlayed(format!("{error:#}")), Vec::new()),
        };
        Outcome { attack: self.name, promise: self.promise, does: self.does, noticed, verdict }
    }
}

/// A row of the drill's table.
#[derive(Clone, Debug, Serialize)]
pub struct Outcome {
    /// Its name.
    pub attack: &'static str,
    /// Which promise was tried.
    pub promise: &'static str,
    /// What the adversary did.
    pub does: &'static str,
    /// Who noticed, and what they saw.
    pub noticed: Vec<Notice>,
    /// How it ended.
    pub verdict: Verdict,
}

impl Outcome {
    /// Whether the promise holds.
    pub fn is_held(&self) -> bool {
        matches!(self.verdict, Verdict::Held)
    }
}
