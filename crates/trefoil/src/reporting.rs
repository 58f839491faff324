//! Reports of somebody: why, and on their way to the service, which hands them to the room's hub.

use crate::{
    agent::Way,
    person::{self, PersonError},
    transport::TransportError,
};
use bytes::Bytes;
use clap::ValueEnum;
use data_encoding::HEXLOWER;
use http::Method;
use serde::{Deserialize, Serialize};
use tls_codec::Serialize as _;
use trefoil_client::{conversation, made_reports::MadeReport};
use trefoil_proto::{
    ErrorCode, RoomUri, Wire,
    decisions::{Appeal, AppealDecision, DecisionList, DecisionNotice, DecisionStage, Measure},
    mimi::report::{AbuseReport, AbuseType, FollowReport, ReportStage, ReportStanding},
    paths,
};
use utoipa::ToSchema;

/// Why somebody is reported.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum ReportReason {
    /// Unsolicited bulk messages.
    Spam,
    /// Deceit for gain.
    Fraud,
    /// Bullying, stalking, threats.
    Harassment,
    /// Hate against a group.
    Hate,
    /// Sexual content that was not wanted.
    SexualContent,
    /// Sexual exploitation of a child.
    ChildExploitation,
    /// Violence or terrorism.
    Violence,
    /// Somebody may harm themselves.
    SelfHarm,
    /// Pretending to be somebody else.
    Impersonation,
    /// Something else.
    Other,
}

/// Why a message that can be reported is shown no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Gone {
    /// Its sender took it back.
    Unsent,
    /// It was to be seen once, and was opened.
    SeenOnce,
    /// Its time was up, or the room was closed.
    Disappeared,
}

impl Gone {
    /// In words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Unsent => "unsent",
            Self::SeenOnce => "seen once",
            Self::Disappeared => "disappeared",
        }
    }
}

impl From<conversation::Gone> for Gone {
    fn from(gone: conversation::Gone) -> Self {
        match gone {
            conversation::Gone::Unsent => Self::Unsent,
            conversation::Gone::SeenOnce => Self::SeenOnce,
            conversation::Gone::Disappeared => Self::Disappeared,
        }
    }
}

/// Shows a report. It is with the hub when this returns.
///
/// # Errors
/// The service or the hub cannot be reached, or did not take it.
pub async fn show(way: &Way, room: &RoomUri, report: &AbuseReport) -> Result<(), PersonError> {
    let path = format!("{}/reportAbuse/{}", paths::CLIENT_ROOT, paths::segment(&room.to_string()));
    let body = report.tls_serialize_detached().map_err(|error| TransportError::Garbled(error.into()))?;
    let token = way.first_bearer().await?;
    person::ask(&way.service, Method::POST, &path, Some(&token), body.into()).await?;
    Ok(())
}

/// What came of a report; an appeal in it is taken.
///
/// # Errors
/// The service or the hub cannot be reached; [`PersonError::Refused`] with [`ErrorCode::NotFound`] if the hub has no such report of
/// this person (any more), with [`ErrorCode::Conflict`] if it takes no appeal.
pub async fn follow(way: &Way, room: &RoomUri, asked: &FollowReport) -> Result<ReportStanding, PersonError> {
    let path = format!("{}/followReport/{}", paths::CLIENT_ROOT, paths::segment(&room.to_string()));
    decoded(&send(way, Method::POST, &path, asked.encode()).await?)
}

/// The decisions about the account.
///
/// # Errors
/// The service cannot be reached, or answers what it must not.
pub async fn decisions(way: &Way) -> Result<DecisionList, PersonError> {
    decoded(&send(way, Method::GET, &format!("{}/decisions", paths::CLIENT_ROOT), Vec::new()).await?)
}

/// Appeals against a decision about the account.
///
/// # Errors
/// As [`follow`].
pub async fn appeal(way: &Way, appeal: &AppealDecision) -> Result<(), PersonError> {
    let path = format!("{}/decisions/appeal", paths::CLIENT_ROOT);
    send(way, Method::POST, &path, appeal.encode()).await?;
    Ok(())
}

async fn send(way: &Way, method: Method, path: &str, body: Vec<u8>) -> Result<Bytes, PersonError> {
    let token = way.first_bearer().await?;
    person::ask(&way.service, method, path, Some(&token), body.into()).await
}

fn decoded<T: Wire>(answer: &[u8]) -> Result<T, PersonError> {
    T::decode(answer).map_err(|error| TransportError::Garbled(error.into()).into())
}

/// The name of a report that was made: the beginning of its hash.
pub fn name(made: &MadeReport) -> String {
    HEXLOWER.encode(&made.id[..8])
}

/// A report that was made, and what came of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct MadeView {
    /// Its name.
    pub report: String,
    /// When it was made, in milliseconds since 1970.
    pub at: u64,
    /// About whom, by URI.
    pub about: String,
    /// In which room.
    pub room: String,
    /// How many messages it shows, versions counted.
    pub messages: u32,
    /// How far it is.
    pub stage: MadeStage,
    /// Whether an appeal is taken now.
    pub may_appeal: bool,
}

/// How far a report is.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum MadeStage {
    /// It waits for somebody.
    Waiting,
    /// Somebody looks at it.
    InReview,
    /// Something was done about the person.
    ActedOn,
    /// It was decided to do nothing.
    NoAction,
    /// Somebody else looks at it again.
    Appealed,
    /// The service has no such report, or no more.
    Gone,
    /// The service could not be asked.
    Unknown,
}

impl MadeStage {
    /// What it means.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::Waiting => "it waits for somebody of the safety team",
            Self::InReview => "somebody of the safety team looks at it",
            Self::ActedOn => "something was done about this person; what, is between them and the service",
            Self::NoAction => "the safety team found nothing against the rules",
            Self::Appealed => "somebody else looks at it again",
            Self::Gone => {
                "the service has no such report any more: it did not arrive, or is older than half a year"
            }
            Self::Unknown => "the service could not be asked: try again later",
        }
    }
}

impl MadeView {
    /// A report with what the hub said of it.
    ///
    /// # Errors
    /// Something else than that the hub has no such report, or cannot be reached.
    pub fn new(
        made: &MadeReport,
        standing: Result<ReportStanding, PersonError>,
    ) -> Result<Self, PersonError> {
        let (stage, may_appeal) = match standing {
            Ok(standing) => (stage_of(standing.stage), standing.appeals == Appeal::Open),
            Err(PersonError::Refused { code: ErrorCode::NotFound, .. }) => (MadeStage::Gone, false),
            Err(PersonError::Transport(_) | PersonError::Refused { .. } | PersonError::Agent(_)) => {
                (MadeStage::Unknown, false)
            }
            Err(error) => return Err(error),
        };
        Ok(Self {
            report: name(made),
            at: made.at.0,
            about: made.about.to_string(),
            room: made.room.to_string(),
            messages: made.messages,
            stage,
            may_appeal,
        })
    }
}

fn stage_of(stage: ReportStage) -> MadeStage {
    match stage {
        ReportStage::Waiting => MadeStage::Waiting,
        ReportStage::InReview => MadeStage::InReview,
        ReportStage::ActedOn => MadeStage::ActedOn,
        ReportStage::NoAction => MadeStage::NoAction,
        ReportStage::Appealed => MadeStage::Appealed,
    }
}

/// A decision about the account.
#[derive(Debug, Serialize, ToSchema)]
pub struct DecisionView {
    /// The case that it belongs to.
    pub case: String,
    /// When it was made, in milliseconds since 1970.
    pub at: u64,
    /// What was done.
    pub measure: MeasureView,
    /// The rule it rests on, by its name in the service's policy.
    pub rule: String,
    /// Why, by the safety team.
    pub explanation: String,
    /// When it ends.
    pub until: Option<u64>,
    /// Where it stands.
    pub stage: StageView,
    /// Whether an appeal is taken now.
    pub may_appeal: bool,
}

/// What was done about the account.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum MeasureView {
    /// A warning.
    Warned,
    /// No new conversations for a time.
    Limited,
    /// Nothing is taken from it for a time.
    Suspended,
    /// Nothing is taken from it any more.
    Banned,
    /// A room's members were asked to remove the person.
    RemovalAsked,
}

/// Where a decision stands.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum StageView {
    /// It stands.
    Made,
    /// Somebody else looks at it.
    Appealed,
    /// Somebody else looked at it, and it stands.
    Upheld,
    /// It was taken back.
    Undone,
}

impl MeasureView {
    /// What it means.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::Warned => "a warning; nothing is taken away",
            Self::Limited => "no new conversations",
            Self::Suspended => "nothing is taken from this account",
            Self::Banned => "nothing is taken from this account any more",
            Self::RemovalAsked => "a room's members were asked to remove you",
        }
    }
}

impl StageView {
    /// What it means.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::Made => "it stands",
            Self::Appealed => "you appealed; somebody else looks at it",
            Self::Upheld => "somebody else looked at it, and it stands",
            Self::Undone => "it was taken back",
        }
    }
}

impl From<DecisionNotice> for DecisionView {
    fn from(notice: DecisionNotice) -> Self {
        Self {
            case: notice.case.to_string(),
            at: notice.at.0,
            measure: match notice.measure {
                Measure::Warned => MeasureView::Warned,
                Measure::Limited => MeasureView::Limited,
                Measure::Suspended => MeasureView::Suspended,
                Measure::Banned => MeasureView::Banned,
                Measure::RemovalAsked => MeasureView::RemovalAsked,
            },
            rule: notice.rule.as_str().to_owned(),
            explanation: notice.explanation.as_str().to_owned(),
            until: notice.until.map(|until| until.0),
            stage: match notice.stage {
                DecisionStage::Made => StageView::Made,
                DecisionStage::Appealed => StageView::Appealed,
                DecisionStage::Upheld => StageView::Upheld,
                DecisionStage::Undone => StageView::Undone,
            },
            may_appeal: notice.appeal == Appeal::Open,
        }
    }
}

impl From<ReportReason> for AbuseType {
    fn from(reason: ReportReason) -> Self {
        match reason {
            ReportReason::Spam => Self::Spam,
            ReportReason::Fraud => Self::Fraud,
            ReportReason::Harassment => Self::Harassment,
            ReportReason::Hate => Self::Hate,
            ReportReason::SexualContent => Self::SexualContent,
            ReportReason::ChildExploitation => Self::ChildExploitation,
            ReportReason::Violence => Self::Violence,
            ReportReason::SelfHarm => Self::SelfHarm,
            ReportReason::Impersonation => Self::Impersonation,
            ReportReason::Other => Self::Other,
        }
    }
}
