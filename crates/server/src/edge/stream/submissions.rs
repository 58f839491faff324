//! What a connection has under way: submissions in order for each room, and one acknowledgement at a time.
//!
//! Submissions to rooms of this service run side by side: they begin in the order they came, and the hub keeps that
//! order. Those to a room of another service go one after another, since nothing keeps the order of requests on the
//! way there. Each such room has its own bound: one whose hub is slow holds up nothing else, and once the hub cannot be
//! reached, what waits behind is refused without another try.

use super::super::{Edge, Refusal};
use crate::rooms::Origin;
use futures_util::{StreamExt as _, future::BoxFuture, stream::FuturesUnordered};
use std::collections::{HashMap, VecDeque};
use trefoil_proto::{
    DeviceUri, ErrorBody, ErrorCode, RoomUri,
    mimi::{SubmitMessageRequest, SubmitMessageResponse, fanout::Recipient},
};
use trefoil_store::Position;

/// Submissions of one connection to rooms of this service at a time; beyond it nothing is read from the device, which
/// is not for long: the store answers or fails.
const HERE: usize = 64;
/// Submissions of one connection to one room elsewhere: what a device sends ahead (64), and what passes beside it. Beyond
/// it they are refused.
const A_ROOM: usize = 80;
/// Bytes of messages of one connection to all rooms elsewhere; beyond it they are refused.
const ELSEWHERE_BYTES: usize = 8 * 1024 * 1024;

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
    here: usize,
    /// Bytes of messages to rooms elsewhere.
    elsewhere: usize,
    /// Rooms of other services with a submission on its way, and what waits behind it.
    waiting: HashMap<RoomUri, VecDeque<(u32, SubmitMessageRequest)>>,
    /// Waited behind one that found no hub.
    refused: VecDeque<(u32, ErrorBody)>,
    trimming: bool,
    trim_next: Option<Position>,
}

enum Done {
    Answer { tag: u32, there: Option<(RoomUri, usize)>, result: Result<SubmitMessageResponse, Refusal> },
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
            here: 0,
            elsewhere: 0,
            waiting: HashMap::new(),
            refused: VecDeque::new(),
            trimming: false,
            trim_next: None,
        }
    }

    /// Nothing is under way.
    pub(super) fn is_empty(&self) -> bool {
        self.running.is_empty() && self.refused.is_empty()
    }

    /// One more may begin.
    pub(super) fn has_room(&self) -> bool {
        self.here < HERE
    }

    /// Begins a submission, or puts it behind those to the same room elsewhere.
    ///
    /// # Errors
    /// Too many wait for a room elsewhere, or for all of them.
    pub(super) fn start(
        &mut self,
        tag: u32,
        room: RoomUri,
        request: SubmitMessageRequest,
    ) -> Result<(), Refusal> {
        if room.domain == *self.edge.domain() {
            self.here += 1;
            let (edge, caller, origin) = (self.edge, self.caller, self.origin.clone());
            self.running.push(Box::pin(async move {
                let result = edge.submit_here(&origin, caller, &room, request).await;
                Done::Answer { tag, there: None, result }
            }));
            return Ok(());
        }
        let waiting = self.waiting.get(&room).map_or(0, |behind| behind.len() + 1);
        if waiting >= A_ROOM || self.elsewhere + bytes(&request) > ELSEWHERE_BYTES {
            return Err(Refusal::busy("too many messages wait for the room's service"));
        }
        self.elsewhere += bytes(&request);
        if let Some(behind) = self.waiting.get_mut(&room) {
            behind.push_back((tag, request));
        } else {
            self.waiting.insert(room.clone(), VecDeque::new());
            self.send(tag, room, request);
        }
        Ok(())
    }

    /// What waits behind others is not begun any more.
    pub(super) fn begin_no_more(&mut self) {
        for waiting in self.waiting.values_mut() {
            self.elsewhere -= waiting.drain(..).map(|(_, request)| bytes(&request)).sum::<usize>();
        }
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
        if let Some((tag, body)) = self.refused.pop_front() {
            return Finished::Refused { tag, refusal: body.into() };
        }
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
                match there {
                    None => self.here -= 1,
                    Some((room, bytes)) => {
                        self.elsewhere -= bytes;
                        match &result {
                            Err(refusal) if refusal.body().code == ErrorCode::PeerUnavailable => {
                                self.refuse_waiting(&room, refusal.body());
                            }
                            _ => self.send_next(room),
                        }
                    }
                }
                match result {
                    Ok(response) => Finished::Submitted { tag, response },
                    Err(refusal) => Finished::Refused { tag, refusal },
                }
            }
        }
    }

    fn refuse_waiting(&mut self, room: &RoomUri, why: &ErrorBody) {
        let waiting = self.waiting.remove(room).unwrap_or_default();
        self.elsewhere -= waiting.iter().map(|(_, request)| bytes(request)).sum::<usize>();
        self.refused.extend(waiting.into_iter().map(|(tag, _)| (tag, why.clone())));
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
        let (edge, bytes) = (self.edge, bytes(&request));
        self.running.push(Box::pin(async move {
            let result = edge.submit_there(&room, request).await;
            Done::Answer { tag, there: Some((room, bytes)), result }
        }));
    }
}

fn bytes(request: &SubmitMessageRequest) -> usize {
    request.app_message.as_bytes().len()
}
