//! What the console answers, as JSON.

use crate::{
    accounts::Person,
    safety::{
        History, Item, Shown, Standing, Waiting,
        case::{Case, Queue},
    },
    staff::{Member, Role, StaffName},
};
use serde::Serialize;
use trefoil_proto::{
    Domain, Timestamp,
    content::{MimiContent, NestedPart, Part},
    decisions::CaseId,
};

/// Who is signed in.
#[derive(Serialize)]
pub(super) struct SessionView {
    name: StaffName,
    role: Role,
    domain: String,
    /// For a command line only.
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
}

impl SessionView {
    pub(super) fn of(member: &Member, domain: &Domain, token: Option<String>) -> Self {
        Self { name: member.name.clone(), role: member.role, domain: domain.to_string(), token }
    }
}

/// What waits in a queue.
#[derive(Serialize)]
pub(super) struct QueueView {
    queue: Queue,
    cases: usize,
    oldest: Option<Timestamp>,
}

impl From<Waiting> for QueueView {
    fn from(Waiting { queue, cases, oldest }: Waiting) -> Self {
        Self { queue, cases, oldest }
    }
}

/// A case with everything around it.
#[derive(Serialize)]
pub(super) struct ItemView {
    case: String,
    queue: Option<Queue>,
    handed_on_by: Option<String>,
    reporter: Option<String>,
    note: String,
    messages: usize,
    shown: Option<Vec<ShownView>>,
    /// Whether whoever asks has it now.
    mine: bool,
    #[serde(flatten)]
    of: Case,
    others: Vec<CaseView>,
}

/// A case in a list.
#[derive(Serialize)]
pub(super) struct CaseView {
    case: String,
    queue: Option<Queue>,
    #[serde(flatten)]
    of: Case,
}

impl CaseView {
    pub(super) fn new(id: CaseId, of: Case) -> Self {
        Self { case: id.to_string(), queue: of.queue(), of }
    }
}

impl ItemView {
    pub(super) fn new(item: Item, who: &Member, now: Timestamp) -> Self {
        let mine = item.case.claimed(now).is_some_and(|claim| claim.by == who.name);
        Self {
            case: item.id.to_string(),
            queue: item.case.queue(),
            handed_on_by: item.by.map(|hub| hub.to_string()),
            reporter: item.reporter,
            note: item.note,
            messages: item.messages,
            shown: item.shown.map(|shown| shown.iter().map(ShownView::from).collect()),
            mine,
            of: item.case,
            others: item.others.into_iter().map(|(id, case)| CaseView::new(id, case)).collect(),
        }
    }
}

/// A message that was shown.
#[derive(Serialize)]
pub(super) struct ShownView {
    at: Timestamp,
    /// The message, in hexadecimal: the content's salt makes it unique.
    edits: Option<String>,
    text: Vec<String>,
    attachments: Vec<AttachmentView>,
}

#[derive(Serialize)]
pub(super) struct AttachmentView {
    media_type: String,
    name: String,
    description: String,
    size: u64,
}

impl From<&Shown> for ShownView {
    fn from(Shown { at, content }: &Shown) -> Self {
        let mut view = Self { at: *at, edits: edits(content), text: Vec::new(), attachments: Vec::new() };
        view.take(&content.part);
        view
    }
}

fn edits(content: &MimiContent) -> Option<String> {
    content.replaces.map(|message| data_encoding::HEXLOWER.encode(&message.0))
}

impl ShownView {
    /// Depth is bounded by the content's codec.
    fn take(&mut self, nested: &NestedPart) {
        match &nested.part {
            Part::Null => {}
            Part::Single { content_type, content } => {
                let text =
                    content_type.starts_with("text/").then(|| std::str::from_utf8(content).ok()).flatten();
                self.text.push(
                    text.map_or_else(|| format!("({content_type}, {} bytes)", content.len()), str::to_owned),
                );
            }
            Part::External(part) => self.attachments.push(AttachmentView {
                media_type: part.content_type.clone(),
                name: part.filename.clone(),
                description: part.description.clone(),
                size: part.size,
            }),
            Part::Multi { parts, .. } => parts.iter().for_each(|part| self.take(part)),
        }
    }
}

/// An account, made only of what this service holds.
#[derive(Serialize)]
pub(super) struct PersonView {
    user: String,
    /// Days since 1970; `None` for a person of another service, or who is not there.
    registered_day: Option<u32>,
    devices: Option<usize>,
    standing: StandingView,
    cases: Vec<CaseView>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case", tag = "is")]
enum StandingView {
    Good,
    Limited { until: Timestamp },
    Suspended { until: Timestamp },
    Banned,
}

impl PersonView {
    pub(super) fn new(history: History, person: Option<Person>) -> Self {
        Self {
            user: history.user.to_string(),
            registered_day: person.as_ref().map(|person| person.created_day),
            devices: person.map(|person| person.devices.len()),
            standing: match history.standing {
                Standing::Good => StandingView::Good,
                Standing::Limited(until) => StandingView::Limited { until },
                Standing::Suspended(until) => StandingView::Suspended { until },
                Standing::Banned => StandingView::Banned,
            },
            cases: history.cases.into_iter().map(|(id, case)| CaseView::new(id, case)).collect(),
        }
    }
}
