//! How far a package has come, and what is next: pure.
//!
//! NCMEC drops a report that was not finished a day after it was opened, or an hour after the last change to it; it is then
//! begun anew. Of all requests only an upload must not be made twice, since a report would have the file twice: before one is
//! made that is noted, and a report that still has the note when it is taken up again is retracted and begun anew.

use serde::{Deserialize, Serialize};
use trefoil_proto::Timestamp;

/// How long NCMEC keeps a report open, and how long without a change, in milliseconds; each a little less than it says.
const OPEN: u64 = 24 * 60 * 60 * 1000 - 5 * 60 * 1000;
const UNCHANGED: u64 = 60 * 60 * 1000 - 5 * 60 * 1000;

/// How far a package has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "state")]
pub enum State {
    /// Its files are being written.
    Gathering,
    /// It waits for a second person.
    Prepared,
    /// It may be sent, and nothing of it has arrived that counts.
    Approved,
    /// NCMEC opened a report.
    Open {
        /// Its number there.
        report: u64,
        /// When.
        opened: Timestamp,
        /// When something last arrived.
        changed: Timestamp,
        /// The files that arrived, in their order, by the name that NCMEC gave each.
        files: Vec<String>,
        /// How many of them are described.
        described: u32,
        /// An upload was begun, and it is not known what became of it.
        uploading: bool,
    },
    /// It was taken back, and NCMEC has to be told.
    Leaving {
        /// Its number there.
        report: u64,
    },
    /// NCMEC has all of it.
    Finished {
        /// Its number there.
        report: u64,
        /// Since when.
        at: Timestamp,
    },
    /// It was taken back.
    Withdrawn,
}

/// What is to be done next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Nothing, until it is approved.
    Wait,
    Submit,
    Upload {
        report: u64,
        file: u32,
    },
    Describe {
        report: u64,
        file: u32,
        id: String,
    },
    Finish {
        report: u64,
    },
    Retract {
        report: u64,
    },
    /// Nothing any more.
    Over,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Done {
    Opened(u64),
    Uploaded(String),
    Described,
    Finished,
    Retracted,
    /// NCMEC does not know the report any more.
    Dropped,
    /// NCMEC answered, and did not do it.
    Refused,
}

impl State {
    /// As it is written.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Gathering => "gathering",
            Self::Prepared => "prepared",
            Self::Approved => "approved",
            Self::Open { .. } => "open",
            Self::Leaving { .. } => "leaving",
            Self::Finished { .. } => "finished",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// NCMEC's number of the report, while it has one.
    pub fn report(&self) -> Option<u64> {
        match self {
            Self::Open { report, .. } | Self::Leaving { report } | Self::Finished { report, .. } => {
                Some(*report)
            }
            Self::Gathering | Self::Prepared | Self::Approved | Self::Withdrawn => None,
        }
    }

    /// Whether nothing is left to be done.
    pub fn is_over(&self) -> bool {
        matches!(self, Self::Finished { .. } | Self::Withdrawn)
    }

    /// What is next for a package with so many files.
    pub(super) fn next_step(&self, of: usize, now: Timestamp) -> Step {
        match self {
            Self::Gathering | Self::Prepared => Step::Wait,
            Self::Approved => Step::Submit,
            Self::Open { opened, changed, .. }
                if now >= opened.plus_millis(OPEN) || now >= changed.plus_millis(UNCHANGED) =>
            {
                Step::Submit
            }
            Self::Open { report, uploading: true, .. } | Self::Leaving { report } => {
                Step::Retract { report: *report }
            }
            Self::Open { report, files, described, .. } => match files.get(*described as usize) {
                Some(id) => Step::Describe { report: *report, file: *described, id: id.clone() },
                None if files.len() < of => Step::Upload { report: *report, file: *described },
                None => Step::Finish { report: *report },
            },
            Self::Finished { .. } | Self::Withdrawn => Step::Over,
        }
    }

    /// What has to be stored before a step is taken, if anything.
    pub(super) fn marked(&self, step: &Step) -> Option<Self> {
        match (self.clone(), step) {
            (Self::Open { report, opened, changed, files, described, .. }, Step::Upload { .. }) => {
                Some(Self::Open { report, opened, changed, files, described, uploading: true })
            }
            _ => None,
        }
    }

    /// How it stands after a step.
    pub(super) fn after(self, done: Done, now: Timestamp) -> Self {
        match (self, done) {
            (Self::Approved | Self::Open { .. }, Done::Opened(report)) => Self::Open {
                report,
                opened: now,
                changed: now,
                files: Vec::new(),
                described: 0,
                uploading: false,
            },
            (Self::Open { report, opened, mut files, described, .. }, Done::Uploaded(id)) => {
                files.push(id);
                Self::Open { report, opened, changed: now, files, described, uploading: false }
            }
            (Self::Open { report, opened, files, described, uploading, .. }, Done::Described) => {
                let described = described.saturating_add(1);
                Self::Open { report, opened, changed: now, files, described, uploading }
            }
            (Self::Open { report, opened, changed, files, described, .. }, Done::Refused) => {
                Self::Open { report, opened, changed, files, described, uploading: false }
            }
            (Self::Open { report, .. } | Self::Leaving { report }, Done::Finished) => {
                Self::Finished { report, at: now }
            }
            (Self::Open { .. }, Done::Retracted | Done::Dropped) => Self::Approved,
            (Self::Leaving { .. }, Done::Retracted | Done::Dropped) => Self::Withdrawn,
            (state, _) => state,
        }
    }

    /// How it stands once it was taken back; `None` if it is too late for that.
    pub(super) fn withdrawn(&self) -> Option<Self> {
        match self {
            Self::Gathering | Self::Prepared | Self::Approved | Self::Withdrawn => Some(Self::Withdrawn),
            Self::Open { report, .. } | Self::Leaving { report } => Some(Self::Leaving { report: *report }),
            Self::Finished { .. } => None,
        }
    }
}
