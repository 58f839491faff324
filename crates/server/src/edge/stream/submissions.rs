//! What a connection has under way: submissions in order for each room, and one acknowledgement at a time.
//!
//! Submissions to rooms of this service run side by side: they begin in the order they came, and the hub keeps that
//! order. Those to a room of another service go one after another, since nothing keeps the order of requests on the
//! way there.

use super::super::{Edge, Refusal};
use crate::rooms::Origin;
use futures_util::{StreamExt as _, future::BoxFuture, stream::FuturesUnordered};
use std::collections::{HashMap, VecDeque};
use trefoil_proto::{
    DeviceUri, RoomUri,
    mimi::{SubmitMessageRequest, SubmitMessageResponse, fanout::Recipient},
};
use trefoil_store::Position;

/// Submissions of one connection at a time; beyond it nothing is read from the device.
const AT_ONCE: usize = 64;

/// Something came to its end.
pub(super) enum Finished {
    /// The hub answered.
    Submitted {
        /// The device's tag.
        tag: u32,
        /// The hub's answer.
        response: SubmitMessageResponse,
    },
    /// It failed before the hub could answer.
    Refused {
        /// The device's tag.
        tag: u32,
        /// Why.
        refusal: Refusal,
    },
    /// The mailbox forgot what was acknowledged.
    Trimmed,
}

/// What is under way.
pub(super) struct Submissions<'a> {
    edge: &'a Edge,
    caller: &'a DeviceUri,
    recipient: &'a Recipient,
    origin: Origin,
    running: FuturesUnordered<BoxFuture<'a, Done>>,
    open: usize,
    /// Rooms of other services with a submission on its way, and what waits behind it.
    waiting: HashMap<RoomUri, VecDeque<(u32, SubmitMessageRequest)>>,
    trimming: bool,
    trim_next: Option<Position>,
}

enum Done {
    Answer { tag: u32, there: Option<RoomUri>, result: Result<SubmitMessageResponse, Refusal> },
    Trimmed,
}

impl<'a> Submissions<'a> {
    pub(super) fn new(edge: &'a Edge, caller: &'a DeviceUri, recipient: &'a Recipient) -> Self {
        Self {
            edge,
            caller,
            recipient,
            origin: Origin::Device(caller.clone()),
            running: FuturesUnordered::new(),
            open: 0,
            waiting: HashMap::new(),
            trimming: false,
            trim_next: None,
        }
    }

    /// Nothing is under way.
    pub(super) fn is_empty(&self) -> bool {
        self.running.is_empty()
    }

    /// One more may begin.
    pub(super) fn has_room(&self) -> bool {
        self.open < AT_ONCE
    }

    /// Begins a submission, or puts it behind those to the same room elsewhere.
    pub(super) fn start(&mut self, tag: u32, room: RoomUri, request: SubmitMessageRequest) {
        self.open += 1;
        if room.domain == *self.edge.domain() {
            let (edge, caller, origin) = (self.edge, self.caller, self.origin.clone());
            self.running.push(Box::pin(async move {
                let result = edge.submit_here(&origin, caller, &room, request).await;
                Done::Answer { tag, there: None, result }
            }));
        } else if let Some(behind) = self.waiting.get_mut(&room) {
            behind.push_back((tag, request));
        } else {
            self.waiting.insert(room.clone(), VecDeque::new());
            self.send(tag, room, request);
        }
    }

    /// What waits behind others is not begun any more.
    pub(super) fn begin_no_more(&mut self) {
        self.waiting.values_mut().for_each(VecDeque::clear);
    }

    /// Lets the mailbox forget; several acknowledgements in a row become one write.
    pub(super) fn trim(&mut self, through: Position) {
        if self.trimming {
            self.trim_next = self.trim_next.max(Some(through));
            return;
        }
        self.trimming = true;
        let (edge, recipient) = (self.edge, self.recipient);
        self.running.push(Box::pin(async move {
            if let Err(error) = edge.house.mailboxes.acknowledge(recipient, through).await {
                // The device has it; the next acknowledgement covers this one.
                tracing::error!(%error, "forget acknowledged entries");
            }
            Done::Trimmed
        }));
    }

    /// Waits for the next end. Not to be called while nothing is under way.
    pub(super) async fn next(&mut self) -> Finished {
        let Some(done) = self.running.next().await else { return std::future::pending().await };
        match done {
            Done::Trimmed => {
                self.trimming = false;
                if let Some(through) = self.trim_next.take() {
                    self.trim(through);
                }
                Finished::Trimmed
            }
            Done::Answer { tag, there, result } => {
                self.open -= 1;
                if let Some(room) = there {
                    self.send_next(room);
                }
                match result {
                    Ok(response) => Finished::Submitted { tag, response },
                    Err(refusal) => Finished::Refused { tag, refusal },
                }
            }
        }
    }

    fn send_next(&mut self, room: RoomUri) {
        let next = self.waiting.get_mut(&room).and_then(VecDeque::pop_front);
        match next {
            Some((tag, request)) => self.send(tag, room, request),
            None => {
                self.waiting.remove(&room);
            }
        }
    }

    fn send(&mut self, tag: u32, room: RoomUri, request: SubmitMessageRequest) {
        let edge = self.edge;
        self.running.push(Box::pin(async move {
            let result = edge.submit_there(&room, request).await;
            Done::Answer { tag, there: Some(room), result }
        }));
    }
}
