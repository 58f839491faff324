//! Stored rows of safety. First byte: version of the codec. A report is kept in the encoding in which it came; what the team does
//! is kept as JSON: there is little of it, and in an emergency people read it.

use super::{
    SafetyError,
    case::{Action, Case, Queue},
    load::Load,
};
use crate::{catalogue::TableNote, json_row::JsonRow, staff::StaffName};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use tls_codec::{DeserializeBytes as _, Serialize as _, TlsDeserializeBytes, TlsSerialize, TlsSize};
use trefoil_proto::{
    Domain, RoomUri, Timestamp, UserUri,
    decisions::CaseId,
    mimi::report::{AbuseType, AbusiveMessage},
};
use trefoil_store::{KeyRange, Table};

/// Which case a report opened, by the SHA-256 of its bytes.
pub(super) const TAKEN: Table = Table::new("safety.taken");
/// Reports, by case: the first under its name, those that joined it behind that with their number.
pub(super) const REPORTS: Table = Table::new("safety.reports");
/// What came of each, by case.
pub(super) const CASES: Table = Table::new("safety.cases");
/// Cases that wait, in the order in which they are taken.
pub(super) const QUEUE: Table = Table::new("safety.queue");
/// Cases by whom they are about.
pub(super) const ABOUT: Table = Table::new("safety.about");
/// Which case somebody opened last about a message or an account, by the hash of what names it.
pub(super) const SUBJECTS: Table = Table::new("safety.subjects");
/// Reports by whoever made them.
pub(super) const REPORTERS: Table = Table::new("safety.reporters");
/// What is in force against whom.
pub(super) const MEASURES: Table = Table::new("safety.measures");
/// What is still to be done because of a report or a decision.
pub(super) const DUE: Table = Table::new("safety.due");
/// How much somebody of the team opened today.
pub(super) const LOAD: Table = Table::new("safety.load");

const REPORT_VERSION: u8 = 3;

/// What the tables of safety hold.
pub const TABLES: &[TableNote] = &[
    TableNote {
        table: REPORTS,
        holds: "reports that people made or that a hub handed on: who reports whom, why, in which room, their note, and the \
                messages that they chose to show, in clear, with the hub's stamps",
        kept: "for 180 days after the last about the same, and until the case is decided and no appeal is taken any more",
        discloses: "all of that: it is what was reported, and nothing beside it",
    },
    TableNote {
        table: TAKEN,
        holds: "by the hash of a report: the case that it opened, so that whoever has the report can follow it",
        kept: "as the report",
        discloses: "nothing to who does not have a report; to who does, which case it opened",
    },
    TableNote {
        table: CASES,
        holds: "for each report, and those that joined it: whom it is about, in which room, its reason, how many people reported it, who of the team has it, what they decided and why, appeals in the \
                words of those who made them",
        kept: "for two years after the last change",
        discloses: "all of that; not who reported",
    },
    TableNote {
        table: QUEUE,
        holds: "cases that wait for somebody, by urgency and age",
        kept: "until they are decided",
        discloses: "how many wait",
    },
    TableNote {
        table: ABOUT,
        holds: "cases by whom they are about",
        kept: "as the cases",
        discloses: "who was reported how often",
    },
    TableNote {
        table: SUBJECTS,
        holds: "by the hash of whom a report is about, in which room, and of the tag of a message that it shows: the case that has it",
        kept: "as the report",
        discloses: "nothing to who does not have the message; to who does, which case it is in",
    },
    TableNote {
        table: REPORTERS,
        holds: "by a keyed hash of who reported: in which cases their reports are",
        kept: "as the report",
        discloses: "nothing that the reports do not",
    },
    TableNote {
        table: MEASURES,
        holds: "who is limited or suspended until when, and who is banned",
        kept: "until it ends or is taken back",
        discloses: "that",
    },
    TableNote {
        table: DUE,
        holds: "what is still to be done: a report to hand on to the service of whom it is about, attachments to compare with \
                lists, a room's members to ask for a removal",
        kept: "until it is done: seconds, or, while the other service cannot be reached, up to a week",
        discloses: "as the reports and `rooms.removals`",
    },
    TableNote {
        table: LOAD,
        holds: "how many cases each of the team opened on a day, and how many of them were grave",
        kept: "for two days",
        discloses: "that",
    },
];

/// A report that was taken.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub(super) struct ReportRow {
    /// SHA-256 of the report's bytes.
    pub digest: [u8; 32],
    pub at: Timestamp,
    /// Who reported; a hub that hands a report on does not say it.
    pub reporter: Option<UserUri>,
    /// Which hub handed it on.
    pub by: Option<Domain>,
    pub about: UserUri,
    pub room: RoomUri,
    pub reason: AbuseType,
    pub note: Vec<u8>,
    pub messages: Vec<AbusiveMessage>,
}

impl ReportRow {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![REPORT_VERSION];
        self.tls_serialize(&mut bytes).expect("a report that was taken is within the encoding's limits");
        bytes
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Self, SafetyError> {
        match bytes.split_first() {
            Some((&REPORT_VERSION, rest)) => {
                Self::tls_deserialize_exact_bytes(rest).map_err(|_| SafetyError::DamagedRow)
            }
            _ => Err(SafetyError::DamagedRow),
        }
    }
}

/// What is in force against somebody because of one decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Measure {
    pub action: Action,
    pub until: Option<Timestamp>,
}

/// Something that is to be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Due {
    /// A report is to be handed on to the service of whom it is about.
    HandOn {
        since: Timestamp,
        /// Which of the case's reports; 0 is the first.
        #[serde(default)]
        report: u32,
    },
    /// Its attachments are to be compared with lists of known material.
    Compare { since: Timestamp },
    /// A room's members are to be asked to remove somebody.
    AskRemoval {
        #[serde(with = "crate::json_text")]
        room: RoomUri,
        #[serde(with = "crate::json_text")]
        user: UserUri,
        rule: String,
        at: Timestamp,
    },
    /// That is taken back.
    LiftRemoval {
        #[serde(with = "crate::json_text")]
        room: RoomUri,
        #[serde(with = "crate::json_text")]
        user: UserUri,
        at: Timestamp,
    },
}

impl JsonRow for Case {}
impl JsonRow for Measure {}
impl JsonRow for Due {}
impl JsonRow for Load {}

pub(super) fn case_key(case: CaseId) -> Vec<u8> {
    case.0.to_vec()
}

pub(super) fn case_of(key: &[u8]) -> Result<CaseId, SafetyError> {
    key.try_into().map(CaseId).map_err(|_| SafetyError::DamagedRow)
}

/// Where a report of a case is kept, by its number; that of the first is 0.
pub(super) fn report_key(case: CaseId, number: u32) -> Vec<u8> {
    let mut key = case_key(case);
    if number > 0 {
        key.extend(number.to_be_bytes());
    }
    key
}

/// The case of a report's key.
pub(super) fn report_case(key: &[u8]) -> Result<CaseId, SafetyError> {
    match key.len() {
        10 | 14 => case_of(&key[..10]),
        _ => Err(SafetyError::DamagedRow),
    }
}

/// The number of a report, of its key.
pub(super) fn report_number(key: &[u8]) -> u32 {
    key.get(10..14).and_then(|number| number.try_into().ok()).map_or(0, u32::from_be_bytes)
}

/// What counts a report for whoever made it.
pub(super) fn reporter_key(reporter: [u8; 16], case: CaseId, number: u32) -> Vec<u8> {
    [&reporter[..], &case.0, &number.to_be_bytes()].concat()
}

/// The case of such a key.
pub(super) fn reporter_case(key: &[u8]) -> Result<CaseId, SafetyError> {
    case_of(key.get(16..26).unwrap_or_default())
}

/// Where a case stands in its queue: the urgent first, then the old.
pub(super) fn queue_key(queue: Queue, id: CaseId, case: &Case) -> Vec<u8> {
    let mut key = queue_prefix(queue);
    key.push(u8::MAX - case.priority);
    key.extend(case.opened.0.to_be_bytes());
    key.extend(id.0);
    key
}

pub(super) fn queue_prefix(queue: Queue) -> Vec<u8> {
    vec![match queue {
        Queue::General => 1,
        Queue::ChildSafety => 2,
        Queue::Second => 3,
        Queue::Appeals => 4,
    }]
}

/// The case at the end of a queue's key.
pub(super) fn queued(key: &[u8]) -> Result<CaseId, SafetyError> {
    case_of(key.get(10..).unwrap_or_default())
}

/// Cases about somebody begin with this.
pub(super) fn about_prefix(user: &UserUri) -> Vec<u8> {
    let mut key = user.to_string().into_bytes();
    key.push(0);
    key
}

pub(super) fn about_key(user: &UserUri, case: CaseId) -> Vec<u8> {
    [about_prefix(user), case.0.to_vec()].concat()
}

/// The case at the end of such a key.
pub(super) fn about_case(key: &[u8]) -> Result<CaseId, SafetyError> {
    let start = key.len().checked_sub(10).ok_or(SafetyError::DamagedRow)?;
    case_of(&key[start..])
}

pub(super) fn measure_key(user: &UserUri, case: CaseId, number: u32) -> Vec<u8> {
    [about_key(user, case), number.to_be_bytes().to_vec()].concat()
}

/// Whom a measure is against, and which decision it is of.
pub(super) fn measured(key: &[u8]) -> Result<(UserUri, (CaseId, u32)), SafetyError> {
    let read = || {
        let (rest, number) = key.split_last_chunk()?;
        let (user, case) = rest.split_last_chunk()?;
        let user = std::str::from_utf8(user.strip_suffix(&[0])?).ok()?.parse().ok()?;
        Some((user, (CaseId(*case), u32::from_be_bytes(*number))))
    };
    read().ok_or(SafetyError::DamagedRow)
}

pub(super) fn due_key(case: CaseId, number: u32) -> Vec<u8> {
    [case.0.to_vec(), number.to_be_bytes().to_vec()].concat()
}

/// The case of something due.
pub(super) fn due_case(key: &[u8]) -> Result<CaseId, SafetyError> {
    case_of(key.get(..10).unwrap_or_default())
}

pub(super) fn load_key(day: u64, who: &StaffName) -> Vec<u8> {
    [day.to_be_bytes().as_slice(), who.as_str().as_bytes()].concat()
}

/// Everything before a day.
pub(super) fn loads_before(day: u64) -> KeyRange {
    KeyRange { start: Bytes::new(), end: Some(day.to_be_bytes().to_vec().into()) }
}
