//! What a package says.

use super::TiplineError;
use serde::{Deserialize, Serialize};
use trefoil_proto::Timestamp;

/// A report to NCMEC. Of addresses and devices of people it says nothing: this service keeps none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Package {
    /// What happened.
    pub incident: Incident,
    /// When.
    pub at: Timestamp,
    /// What that time is.
    pub at_means: Option<String>,
    /// Why it cannot wait, if it cannot.
    pub urgent: Option<String>,
    /// The room, by its address.
    pub room: Option<String>,
    /// What was said that was reported, as text.
    pub said: Option<String>,
    /// Who reports.
    pub reporter: Reporter,
    /// Whom.
    pub reported: Reported,
    /// Anything else.
    pub remarks: Option<String>,
    /// The files that go with it, in the order of their bytes.
    pub files: Vec<FileAbout>,
}

/// What happened, by NCMEC's own words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Incident {
    /// Child pornography (possession, manufacture, and distribution).
    Material,
    /// Child sex trafficking.
    Trafficking,
    /// Child sex tourism.
    Tourism,
    /// Child sexual molestation.
    Molestation,
    /// Online enticement of children for sexual acts.
    Enticement,
    /// Unsolicited obscene material sent to a child.
    ObsceneMaterial,
}

impl Incident {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Material => "Child Pornography (possession, manufacture, and distribution)",
            Self::Trafficking => "Child Sex Trafficking",
            Self::Tourism => "Child Sex Tourism",
            Self::Molestation => "Child Sexual Molestation",
            Self::Enticement => "Online Enticement of Children for Sexual Acts",
            Self::ObsceneMaterial => "Unsolicited Obscene Material Sent to a Child",
        }
    }
}

/// Who reports: a person at the service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reporter {
    /// First name.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// Where they can be written to.
    pub email: String,
    /// What the service says in each report: how it is served with legal process, how long it keeps what.
    pub service: Option<String>,
    /// Where its terms can be read.
    pub legal_url: Option<String>,
}

/// Who is reported.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reported {
    /// Their address.
    pub user: String,
    /// Their service.
    pub service: String,
    /// Their handle, if it is known.
    pub handle: Option<String>,
    /// Names that they showed to others.
    pub shown_as: Vec<String>,
}

/// What is said of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileAbout {
    /// Its name in the report.
    pub name: String,
    /// The name that its sender gave it.
    pub original_name: Option<String>,
    /// Bytes.
    pub size: u64,
    /// SHA-256 of its bytes.
    pub sha256: [u8; 32],
    /// When it was sent.
    pub sent: Option<Timestamp>,
    /// Whether a person at the service has looked at it: what the police may open without a warrant hangs on that.
    pub viewed: bool,
    /// Whether it is what the report is about.
    pub relevance: Relevance,
    /// What it shows, on the scale of the industry; only of a file that the report is about.
    pub classification: Option<Classification>,
    /// Anything else.
    pub remarks: Option<String>,
}

/// How a file belongs to a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Relevance {
    /// The report is about it.
    Reported,
    /// It says more about what the report is about.
    Supplemental,
}

/// The scale of the industry: A with a child before puberty, B with one after; 1 a sexual act, 2 a lascivious display.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum Classification {
    A1,
    A2,
    B1,
    B2,
}

impl Classification {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::A1 => "A1",
            Self::A2 => "A2",
            Self::B1 => "B1",
            Self::B2 => "B2",
        }
    }
}

impl Package {
    /// Whether NCMEC could take it.
    pub(super) fn check(&self) -> Result<(), TiplineError> {
        let Reporter { first_name, last_name, email, .. } = &self.reporter;
        if [first_name, last_name, email].iter().any(|text| text.trim().is_empty()) {
            return Err(TiplineError::Package("it does not say who reports, and where they can be reached"));
        }
        if self.reported.user.trim().is_empty() {
            return Err(TiplineError::Package("it does not say whom it reports"));
        }
        if self.at.0 == 0 {
            return Err(TiplineError::Package("it does not say when it happened"));
        }
        if self.files.iter().any(|file| file.name.trim().is_empty()) {
            return Err(TiplineError::Package("a file has no name"));
        }
        let graded =
            |file: &FileAbout| file.classification.is_some() && file.relevance == Relevance::Supplemental;
        if self.files.iter().any(graded) {
            return Err(TiplineError::Package("only a file that the report is about is put on the scale"));
        }
        Ok(())
    }
}
