//! A listener: accepts, shakes hands, serves HTTP/1.1 and HTTP/2, and ends in peace when told to.

use super::{
    Edge,
    connections::{Seat, Seats},
    identity::Connection,
    rates::network,
};
use crate::rate::Address;
use axum::{Router, body::Body};
use hyper::body::Incoming;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto,
};
use std::{
    convert::Infallible,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::{Notify, OwnedSemaphorePermit, Semaphore, mpsc, watch},
};
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt as _;
use trefoil_proto::Domain;

const HANDSHAKE: Duration = Duration::from_secs(10);
/// For the headers of a request on HTTP/1.1; also how long a connection may be idle between two.
const HEADERS: Duration = Duration::from_secs(60);
/// A connection that asks for nothing in so long, and waits for no answer, is closed: also one that never says which
/// HTTP it speaks, and one of HTTP/2 that answers pings and no more.
const IDLE: Duration = Duration::from_secs(90);
/// Requests at a time on one connection of HTTP/2.
const STREAMS: u32 = 128;
/// Streams that a peer may open and reset before we looked at them (CVE-2023-44487), and those that we reset for
/// what it did wrong (CVE-2025-8671), before the connection is ended.
const RESETS: usize = 32;
const ERRORS: usize = 256;
/// What a peer may send ahead of what is read: on one stream, and on all of a connection.
const STREAM_WINDOW: u32 = 256 * 1024;
const CONNECTION_WINDOW: u32 = 2 * 1024 * 1024;
/// What is kept of an answer that the peer does not read, on one stream.
const SEND_BUFFER: usize = 256 * 1024;
const HEADER_LIST: u32 = 16 * 1024;
/// Headers of one request on HTTP/1.1.
const HEADER_COUNT: usize = 64;
/// Smallest that hyper takes; requests are small, bodies are read apart.
const HTTP1_BUFFER: usize = 8 * 1024;

/// How a listener speaks.
#[derive(Clone)]
pub enum Scheme {
    /// Without TLS, on a loopback address.
    Plain,
    /// With TLS.
    Tls(Arc<rustls::ServerConfig>),
}

/// A bound socket with what answers on it.
pub struct Listener {
    /// Bound, not yet accepting.
    pub socket: TcpListener,
    /// How it speaks.
    pub scheme: Scheme,
    /// What answers.
    pub router: Router,
    /// Connections at a time.
    pub connections: usize,
    /// Connections at a time from one address; `None` where all come from a proxy's.
    pub connections_per_address: Option<usize>,
    /// For other services: who comes without a certificate that we trust is recorded.
    pub for_services: bool,
}

impl Listener {
    /// Accepts until the edge drains. Connections go on by themselves and end when they have answered.
    pub async fn run(self, edge: Arc<Edge>) {
        let places = Arc::new(Semaphore::new(self.connections));
        let seats = self.connections_per_address.map(Seats::new);
        let http = Arc::new(server());
        let mut draining = edge.draining.clone();
        loop {
            let accepted = tokio::select! {
                biased;
                () = super::stopping(&mut draining) => return,
                accepted = accept(&self.socket, &places) => accepted,
            };
            let (stream, address, place) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Out of file descriptors, or a peer that left at once: neither ends the service.
                    tracing::warn!(%error, "accept a connection");
                    tokio::time::sleep(Duration::from_millis(20)).await;
                    continue;
                }
            };
            let seat = match &seats {
                None => None,
                Some(seats) => match seats.take(network(address.ip())) {
                    Some(seat) => Some(seat),
                    // Closed before it cost anything: no handshake, no line in the log.
                    None => continue,
                },
            };
            let serving = Serving {
                draining: edge.draining.clone(),
                alive: edge.alive.clone(),
                seat,
                idle: IDLE,
                http: Arc::clone(&http),
                router: self.router.clone(),
                address: address.ip(),
                place,
            };
            match &self.scheme {
                Scheme::Plain => tokio::spawn(serving.serve(stream, Vec::new())),
                Scheme::Tls(config) => {
                    let acceptor = TlsAcceptor::from(Arc::clone(config));
                    let witness = self.for_services.then(|| Arc::clone(&edge));
                    tokio::spawn(async move {
                        let handshake = Box::pin(acceptor.accept(stream));
                        match tokio::time::timeout(HANDSHAKE, handshake).await {
                            Ok(Ok(stream)) => {
                                let names = Connection::proven(stream.get_ref().1);
                                // On its own task, so that what the handshake needed is given back.
                                tokio::spawn(serving.serve(stream, names));
                            }
                            Ok(Err(error)) => {
                                tracing::debug!(%error, "TLS handshake");
                                // Its place is free before the store is asked for anything.
                                drop(serving);
                                if let Some(edge) = witness.filter(|_| is_of_a_stranger(&error)) {
                                    edge.house.federation.record_stranger(edge.now()).await;
                                }
                            }
                            Err(_) => tracing::debug!("a TLS handshake took too long"),
                        }
                    })
                }
            };
        }
    }
}

/// True if a handshake failed because the other end did not show a certificate that we trust.
fn is_of_a_stranger(error: &std::io::Error) -> bool {
    let cause = error.get_ref().and_then(|cause| cause.downcast_ref::<rustls::Error>());
    matches!(cause, Some(rustls::Error::NoCertificatesPresented | rustls::Error::InvalidCertificate(_)))
}

/// One connection's way through HTTP.
struct Serving {
    draining: watch::Receiver<bool>,
    alive: mpsc::Sender<()>,
    http: Arc<auto::Builder<TokioExecutor>>,
    router: Router,
    address: IpAddr,
    place: OwnedSemaphorePermit,
    seat: Option<Seat>,
    idle: Duration,
}

impl Serving {
    async fn serve<S>(self, stream: S, names: Vec<Domain>)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let Self { mut draining, alive, http, router, address, place, seat, idle } = self;
        let connection = Arc::new(Connection { address, names, _place: place, _seat: seat, _alive: alive });
        let requests = Arc::new(Requests::default());
        let counted = Arc::clone(&requests);
        let service = hyper::service::service_fn(move |request: http::Request<Incoming>| {
            let running = Running::begin(&counted);
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(Arc::clone(&connection));
            request.extensions_mut().insert(Address(address));
            let answer = router.clone().oneshot(request);
            async move {
                // Until the last byte of the answer is handed over.
                let response = answer.await?;
                Ok::<_, Infallible>(response.map(|body| Counted { body, _running: running }))
            }
        });
        let serving = http.serve_connection_with_upgrades(TokioIo::new(stream), service).into_owned();
        let mut serving = Box::pin(serving);
        let ended = tokio::select! {
            ended = serving.as_mut() => ended,
            () = requests.idle(idle) => {
                tracing::debug!("a connection asked for nothing");
                return;
            }
            () = super::stopping(&mut draining) => {
                serving.as_mut().graceful_shutdown();
                serving.await
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%error, "a connection ended");
        }
    }
}

/// The requests of one connection.
#[derive(Default)]
struct Requests {
    running: AtomicUsize,
    changed: Notify,
}

/// One of them, until its answer is sent.
struct Running(Arc<Requests>);

/// The body of an answer, with its request.
struct Counted {
    body: Body,
    _running: Running,
}

impl Requests {
    /// Resolves when there was none for as long as there may be none.
    async fn idle(&self, patience: Duration) {
        loop {
            let changed = self.changed.notified();
            if self.running.load(Ordering::SeqCst) > 0 {
                changed.await;
            } else if tokio::time::timeout(patience, changed).await.is_err() {
                return;
            }
        }
    }
}

impl Running {
    fn begin(of: &Arc<Requests>) -> Self {
        of.running.fetch_add(1, Ordering::SeqCst);
        of.changed.notify_one();
        Self(Arc::clone(of))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::SeqCst);
        self.0.changed.notify_one();
    }
}

impl hyper::body::Body for Counted {
    type Data = <Body as hyper::body::Body>::Data;
    type Error = <Body as hyper::body::Body>::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<hyper::body::Frame<Self::Data>, Self::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> hyper::body::SizeHint {
        self.body.size_hint()
    }
}

async fn accept(
    socket: &TcpListener,
    places: &Arc<Semaphore>,
) -> std::io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let place = Arc::clone(places).acquire_owned().await.map_err(std::io::Error::other)?;
    let (stream, address) = socket.accept().await?;
    stream.set_nodelay(true)?;
    Ok((stream, address, place))
}

fn server() -> auto::Builder<TokioExecutor> {
    let mut http = auto::Builder::new(TokioExecutor::new());
    http.http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS)
        .max_headers(HEADER_COUNT)
        .max_buf_size(HTTP1_BUFFER);
    http.http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS)
        .max_pending_accept_reset_streams(RESETS)
        .max_local_error_reset_streams(ERRORS)
        .max_header_list_size(HEADER_LIST)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_send_buf_size(SEND_BUFFER)
        .keep_alive_interval(Duration::from_secs(60))
        .keep_alive_timeout(Duration::from_secs(20));
    http
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use axum::routing::get;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    /// Sends some bytes, then nothing more; returns what came back until the connection was closed.
    async fn answer_to(sent: &[u8], router: Router) -> Vec<u8> {
        let (mut near, far) = tokio::io::duplex(64 * 1024);
        // Kept: a service that stops closes its connections as well.
        let (_drain, draining) = watch::channel(false);
        let serving = Serving {
            draining,
            alive: mpsc::channel(1).0,
            http: Arc::new(server()),
            router,
            address: IpAddr::from([192, 0, 2, 1]),
            place: Arc::new(Semaphore::new(1)).acquire_owned().await.unwrap(),
            seat: None,
            idle: Duration::from_millis(20),
        };
        let task = tokio::spawn(serving.serve(far, Vec::new()));
        near.write_all(sent).await.unwrap();
        let mut answer = Vec::new();
        near.read_to_end(&mut answer).await.unwrap();
        task.await.unwrap();
        answer
    }

    #[tokio::test]
    async fn a_connection_that_asks_for_nothing_is_closed() {
        let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
        for silent in [&b""[..], b"P", b"GET / HTTP/1.1\r\nhost: a", preface] {
            let answer = answer_to(silent, Router::new()).await;
            assert!(!answer.starts_with(b"HTTP/1.1 2"), "{silent:?}");
        }
    }

    #[tokio::test]
    async fn a_connection_that_waits_for_its_answer_is_not() {
        let slow = || async {
            tokio::time::sleep(Duration::from_millis(200)).await;
            "late"
        };
        let router = Router::new().route("/", get(slow));
        let answer = answer_to(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n", router).await;
        assert!(answer.starts_with(b"HTTP/1.1 200") && answer.ends_with(b"late"));
    }
}
