//! The WebSocket of a device: mailbox out, acknowledgements and submissions in.
//!
//! One task a connection. It waits for the first thing that is ready, takes everything else that is ready with it, and
//! then writes all answers at once. Nothing is kept for an idle connection but its subscription.

mod encode;
mod submissions;

use super::{
    Edge, Refusal,
    connections::Place,
    identity::{Caller, Connection},
    leases::{Lease, Slot},
    people::recipient,
};
use axum::{
    Extension,
    extract::{
        Query, State, WebSocketUpgrade,
        rejection::QueryRejection,
        ws::{CloseFrame, Message, WebSocket, rejection::WebSocketUpgradeRejection},
    },
    response::Response,
};
use futures_util::{FutureExt as _, SinkExt as _};
use std::{sync::Arc, time::Duration};
use submissions::{Finished, Submissions};
use tokio::time::Instant;
use trefoil_proto::{
    DeviceUri, ErrorCode, Wire as _, frame::ClientFrame, frame::ServerFrame, limits, mimi::fanout::Recipient,
};
use trefoil_store::{Position, ReadLimit, Signal, Watch};

/// The read buffer of an idle connection: most of what it costs.
const READ_BUFFER: usize = 4 * 1024;
/// Frames are gathered up to this many bytes before they are written; the buffer grows only when it is used.
const WRITE_BUFFER: usize = 16 * 1024;
/// A device that does not read for so long is gone.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);
/// For a device to answer that the connection is closed.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);
/// Deliveries ahead of the acknowledgement ([`ServerFrame::Deliver`]).
const AHEAD: usize = 2;
/// What a live read looks at: short enough for the store to answer at once.
const LIVE: ReadLimit = ReadLimit { entries: 64, bytes: 128 * 1024 };
/// What a read looks at while there is more than that.
const CATCH_UP: ReadLimit = ReadLimit { entries: limits::DELIVER_ENTRIES, bytes: limits::DELIVER_BYTES / 4 };

/// `?after=N`.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct After {
    after: Option<u64>,
}

/// `GET stream`.
pub(super) async fn connect(
    State(edge): State<Arc<Edge>>,
    Caller(caller): Caller,
    Extension(connection): Extension<Arc<Connection>>,
    Extension(slot): Extension<Slot>,
    query: Result<Query<After>, QueryRejection>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Refusal> {
    let Query(After { after }) =
        query.map_err(|_| Refusal::new(ErrorCode::Malformed, "the query is after=<position>"))?;
    let upgrade =
        upgrade.map_err(|_| Refusal::new(ErrorCode::Malformed, "this path takes a WebSocket upgrade"))?;
    if *edge.draining.borrow() {
        return Err(Refusal::new(ErrorCode::Draining, "the service is shutting down"));
    }
    let lease = slot.take();
    let lease = lease.ok_or_else(|| Refusal::new(ErrorCode::Unauthenticated, "the device was removed"))?;
    let upgrade = upgrade
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(WRITE_BUFFER)
        .max_message_size(limits::CLIENT_FRAME)
        .max_frame_size(limits::CLIENT_FRAME);
    Ok(upgrade.on_upgrade(move |socket| async move {
        let _counted = connection;
        let place = edge.connections.take(&caller);
        let recipient = recipient(&caller);
        let watch = edge.house.mailboxes.watch(&recipient);
        let session = Session {
            edge: &edge,
            caller: &caller,
            recipient: &recipient,
            socket,
            watch,
            place,
            lease,
            after: Position(after.unwrap_or(0)),
            unacknowledged: [None; AHEAD],
            limit: LIVE,
            look: true,
            caught_up: false,
            heard: Instant::now(),
            submissions: Submissions::new(&edge, &caller, &recipient),
        };
        session.run().await;
    }))
}

/// One connection while it lasts.
struct Session<'a> {
    edge: &'a Edge,
    caller: &'a DeviceUri,
    recipient: &'a Recipient,
    socket: WebSocket,
    watch: Box<dyn Watch>,
    place: Place<'a>,
    lease: Lease,
    /// Delivered up to here.
    after: Position,
    /// The last positions of the deliveries that are not acknowledged, oldest first.
    unacknowledged: [Option<Position>; AHEAD],
    limit: ReadLimit,
    /// There may be something to deliver.
    look: bool,
    caught_up: bool,
    heard: Instant,
    submissions: Submissions<'a>,
}

/// Why a connection ends.
enum End {
    /// The device left, or cannot be reached.
    Gone,
    /// With a WebSocket close code and a reason.
    Close(u16, &'static str),
}

/// RFC 6455, section 7.4.1, and our own from 4000.
const GOING_AWAY: u16 = 1001;
const UNSUPPORTED: u16 = 1003;
const MALFORMED: u16 = 1007;
const FAILED: u16 = 1011;
const REPLACED: u16 = 4001;
const REMOVED: u16 = 4002;

impl Session<'_> {
    async fn run(mut self) {
        let ended = self.serve().await;
        let Self { mut socket, mut submissions, lease, .. } = self;
        if lease.has_ended() {
            submissions.begin_no_more();
        }
        let close = async {
            let Err(End::Close(code, reason)) = ended else { return };
            let frame = CloseFrame { code, reason: reason.into() };
            let _ = socket.send(Message::Close(Some(frame))).await;
            // The device answers with its own close, which ends the stream.
            while let Some(Ok(_)) = socket.recv().await {}
        };
        // What was begun comes to its end, or a message could be durable and nobody be told to look. A removal waits
        // for this, and not for the device.
        let rest = async {
            let end = async {
                while !submissions.is_empty() {
                    submissions.next().await;
                }
            };
            let _ = tokio::time::timeout(WRITE_TIMEOUT, end).await;
            drop(submissions);
            drop(lease);
        };
        tokio::join!(rest, tokio::time::timeout(CLOSE_TIMEOUT, close)).1.ok();
    }

    async fn serve(&mut self) -> Result<(), End> {
        let mut draining = self.edge.draining.clone();
        let ping = self.edge.about.limits.ping;
        let mut silence = Box::pin(tokio::time::sleep(ping));
        loop {
            while self.look && self.unacknowledged[AHEAD - 1].is_none() {
                self.deliver().await?;
            }
            self.flush().await?;
            let reading = self.submissions.has_room();
            tokio::select! {
                biased;
                () = self.lease.ended() => return Err(End::Close(REMOVED, "the device was removed")),
                finished = self.submissions.next(), if !self.submissions.is_empty() => {
                    self.answer(finished).await?;
                }
                signal = self.watch.next() => self.signal(signal).await?,
                message = self.socket.recv(), if reading => {
                    self.hear(message).await?;
                }
                () = silence.as_mut() => {
                    // Nobody is silent to whom nobody listens.
                    if !reading {
                        self.heard = Instant::now();
                    }
                    let quiet = self.heard.elapsed();
                    if quiet >= ping * 2 {
                        return Err(End::Gone);
                    }
                    if quiet >= ping {
                        self.feed(Message::Ping(Default::default())).await?;
                        silence.as_mut().reset(self.heard + ping * 2);
                    } else {
                        silence.as_mut().reset(self.heard + ping);
                    }
                }
                () = self.place.lost() => return Err(End::Close(REPLACED, "another connection took its place")),
                () = super::stopping(&mut draining) => return self.drain().await,
            }
            if !reading {
                self.heard = Instant::now();
            }
            self.take_what_is_ready().await?;
        }
    }

    /// Everything that can be had without waiting, so that its answers share one write.
    async fn take_what_is_ready(&mut self) -> Result<(), End> {
        while self.submissions.has_room() {
            match self.socket.recv().now_or_never() {
                Some(message) => self.hear(message).await?,
                None => break,
            }
        }
        while !self.submissions.is_empty() {
            match self.submissions.next().now_or_never() {
                Some(finished) => self.answer(finished).await?,
                None => break,
            }
        }
        Ok(())
    }

    /// Reads on from the cursor and sends what is there.
    async fn deliver(&mut self) -> Result<(), End> {
        let read = self.edge.house.mailboxes.read(self.recipient, self.after, self.limit).await;
        let entries = match read {
            Ok(entries) => entries,
            Err(error) => {
                tracing::error!(%error, "read a mailbox");
                return Err(End::Close(FAILED, "the service failed"));
            }
        };
        let Some(last) = entries.last() else {
            self.look = false;
            self.limit = LIVE;
            if !self.caught_up {
                self.caught_up = true;
                self.feed(Message::binary(ServerFrame::CaughtUp.encode())).await?;
            }
            return Ok(());
        };
        self.after = last.position;
        let bytes: usize = entries.iter().map(|entry| entry.body.len()).sum();
        self.limit = if entries.len() >= LIVE.entries || bytes >= LIVE.bytes / 2 { CATCH_UP } else { LIVE };
        let free = self.unacknowledged.iter_mut().find(|slot| slot.is_none());
        *free.expect("a delivery is made only while a slot is free") = Some(self.after);
        self.feed(Message::binary(encode::deliver(&entries))).await
    }

    async fn signal(&mut self, signal: Signal) -> Result<(), End> {
        match signal {
            Signal::Look => {
                self.look = true;
                Ok(())
            }
            Signal::Passing(body) => self.feed(Message::binary(encode::passing(&body))).await,
        }
    }

    /// Takes a message of the device.
    async fn hear(&mut self, message: Option<Result<Message, axum::Error>>) -> Result<(), End> {
        if self.lease.has_ended() {
            return Err(End::Close(REMOVED, "the device was removed"));
        }
        self.heard = Instant::now();
        let bytes = match message {
            Some(Ok(Message::Binary(bytes))) => bytes,
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => return Ok(()),
            Some(Ok(Message::Text(_))) => return Err(End::Close(UNSUPPORTED, "frames are binary")),
            Some(Ok(Message::Close(_)) | Err(_)) | None => return Err(End::Gone),
        };
        match ClientFrame::decode(&bytes) {
            Ok(ClientFrame::Submit { tag, room, request }) => {
                if let Err(refusal) = self.edge.rates.message(self.caller, self.edge.now()) {
                    return self.refuse(tag, refusal).await;
                }
                if let Err(refusal) = super::conversation::check_sender(self.caller, &request) {
                    return self.refuse(tag, refusal).await;
                }
                match self.submissions.start(tag, room, request) {
                    Ok(()) => Ok(()),
                    Err(refusal) => self.refuse(tag, refusal).await,
                }
            }
            Ok(ClientFrame::Acknowledge { through }) => {
                self.acknowledge(Position(through));
                Ok(())
            }
            Err(_) => Err(End::Close(MALFORMED, "a frame does not decode")),
        }
    }

    /// Makes room for deliveries and lets the mailbox forget. What was never delivered cannot be acknowledged.
    fn acknowledge(&mut self, through: Position) {
        let through = through.min(self.after);
        let mut kept = [None; AHEAD];
        let open = self.unacknowledged.iter().flatten().filter(|position| **position > through);
        for (slot, position) in kept.iter_mut().zip(open) {
            *slot = Some(*position);
        }
        self.unacknowledged = kept;
        self.submissions.trim(through);
    }

    async fn answer(&mut self, finished: Finished) -> Result<(), End> {
        match finished {
            Finished::Submitted { tag, response } => {
                self.feed(Message::binary(ServerFrame::Submitted { tag, response }.encode())).await
            }
            Finished::Refused { tag, refusal } => self.refuse(tag, refusal).await,
            Finished::Trimmed => Ok(()),
        }
    }

    async fn refuse(&mut self, tag: u32, refusal: Refusal) -> Result<(), End> {
        let frame = ServerFrame::Refused { tag, error: refusal.into_body() };
        self.feed(Message::binary(frame.encode())).await
    }

    /// Tells the device, finishes what it submitted, and closes.
    async fn drain(&mut self) -> Result<(), End> {
        self.feed(Message::binary(ServerFrame::Draining.encode())).await?;
        self.flush().await?;
        while !self.submissions.is_empty() {
            let finished = self.submissions.next().await;
            self.answer(finished).await?;
        }
        self.flush().await?;
        Err(End::Close(GOING_AWAY, "the service is shutting down"))
    }

    /// Adds a frame to what is written next.
    async fn feed(&mut self, message: Message) -> Result<(), End> {
        in_time(&mut self.lease, self.socket.feed(message)).await
    }

    async fn flush(&mut self) -> Result<(), End> {
        in_time(&mut self.lease, self.socket.flush()).await
    }
}

/// A device that does not read holds up neither its connection nor its removal.
async fn in_time(lease: &mut Lease, write: impl Future<Output = Result<(), axum::Error>>) -> Result<(), End> {
    tokio::select! {
        biased;
        written = tokio::time::timeout(WRITE_TIMEOUT, write) => match written {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(End::Gone),
        },
        () = lease.ended() => Err(End::Close(REMOVED, "the device was removed")),
    }
}
