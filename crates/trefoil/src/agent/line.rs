//! One life of the stream between the device and its service, in a task of its own: opened, read and written until it
//! breaks or is closed.

use crate::transport::{Heard, Incoming, Outgoing, Service, TransportError};
use std::{io, time::Duration};
use tokio::{
    sync::mpsc::{self, Sender, UnboundedReceiver, UnboundedSender},
    task::JoinHandle,
    time::{Instant, MissedTickBehavior, interval, timeout},
};
use trefoil_client::{HttpResponse, RequestId};
use trefoil_proto::frame::{ClientFrame, ServerFrame};
use zeroize::Zeroizing;

/// How often the service is asked for a sign of life.
const PING: Duration = Duration::from_secs(20);
/// Longest silence before the stream counts as broken.
const SILENCE: Duration = Duration::from_secs(50);
/// How long closing may take.
const GOODBYE: Duration = Duration::from_secs(5);

/// What tasks tell the agent.
#[derive(Debug)]
pub(super) enum Report {
    /// A request was answered.
    Answered(RequestId, HttpResponse),
    /// A request was not answered.
    Failed(RequestId, TransportError),
    /// Something happened on the stream of this generation.
    Line(u64, Change),
}

/// What happens to a stream.
#[derive(Debug)]
pub(super) enum Change {
    /// It is open.
    Open,
    /// A frame came.
    Frame(ServerFrame),
    /// It is no more: why, unless the service closed it in order.
    Down(Option<TransportError>),
}

/// The agent's end of the stream.
#[derive(Debug)]
pub(super) struct Line {
    frames: UnboundedSender<ClientFrame>,
    task: JoinHandle<()>,
}

impl Line {
    /// Opens a stream in a task, which reports what happens.
    pub(super) fn open(
        service: Service,
        token: Zeroizing<String>,
        after: u64,
        generation: u64,
        to: Sender<Report>,
    ) -> Self {
        let (frames, queue) = mpsc::unbounded_channel();
        let task = tokio::spawn(async move {
            let down = live(&service, &token, after, generation, &to, queue).await;
            // The agent is gone only when its program ends, or has closed this stream and reads no more.
            let _ = to.send(Report::Line(generation, Change::Down(down.err()))).await;
        });
        Self { frames, task }
    }

    /// Queues a frame. The queue is bounded by what the core has in flight.
    pub(super) fn send(&self, frame: ClientFrame) {
        // A stream that just broke reports that itself.
        let _ = self.frames.send(frame);
    }

    /// Sends what is queued, then closes. Bounded: a service that does not answer is left.
    pub(super) async fn close(self) {
        drop(self.frames);
        let abort = self.task.abort_handle();
        if timeout(GOODBYE, self.task).await.is_err() {
            abort.abort();
        }
    }
}

async fn live(
    service: &Service,
    token: &str,
    after: u64,
    generation: u64,
    to: &Sender<Report>,
    mut queue: UnboundedReceiver<ClientFrame>,
) -> Result<(), TransportError> {
    let (mut outgoing, mut incoming) = service.stream(token, after).await?;
    let report = |change| to.send(Report::Line(generation, change));
    if report(Change::Open).await.is_err() {
        return Ok(());
    }
    let mut ping = interval(PING);
    ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut heard = Instant::now();
    loop {
        tokio::select! {
            frame = queue.recv() => match frame {
                Some(frame) => write(&mut outgoing, frame, &mut queue).await?,
                None => {
                    goodbye(&mut outgoing, &mut incoming).await;
                    return Ok(());
                }
            },
            next = incoming.next() => {
                heard = Instant::now();
                match next? {
                    Heard::Frame(frame) => {
                        if report(Change::Frame(frame)).await.is_err() {
                            return Ok(());
                        }
                    }
                    Heard::SignOfLife => {}
                    Heard::Closed => return Ok(()),
                }
            },
            _ = ping.tick() => {
                if heard.elapsed() > SILENCE {
                    return Err(TransportError::Broken(io::Error::from(io::ErrorKind::TimedOut).into()));
                }
                outgoing.ping().await?;
            }
        }
    }
}

/// Writes a frame and every other one that waits behind it, with one flush.
async fn write(
    outgoing: &mut Outgoing,
    first: ClientFrame,
    queue: &mut UnboundedReceiver<ClientFrame>,
) -> Result<(), TransportError> {
    outgoing.feed(&first).await?;
    while let Ok(frame) = queue.try_recv() {
        outgoing.feed(&frame).await?;
    }
    outgoing.flush().await
}

/// Closes in order: the close message is queued behind what was written, and the service's answer to it says that it
/// has read everything before.
async fn goodbye(outgoing: &mut Outgoing, incoming: &mut Incoming) {
    outgoing.close().await;
    while let Ok(heard) = incoming.next().await {
        if matches!(heard, Heard::Closed) {
            return;
        }
    }
}
