//! A listener: accepts, shakes hands, serves HTTP/1.1 and HTTP/2, and ends in peace when told to.

use super::{Edge, identity::Connection};
use axum::{Router, body::Body};
use hyper::body::Incoming;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto,
};
use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
};
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt as _;
use trefoil_proto::Domain;

const HANDSHAKE: Duration = Duration::from_secs(10);
/// For the headers of a request on HTTP/1.1; also how long a connection may be idle between two.
const HEADERS: Duration = Duration::from_secs(60);
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
}

impl Listener {
    /// Accepts until the edge drains. Connections go on by themselves and end when they have answered.
    pub async fn run(self, edge: Arc<Edge>) {
        let places = Arc::new(Semaphore::new(self.connections));
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
            let serving = Serving {
                edge: Arc::clone(&edge),
                http: Arc::clone(&http),
                router: self.router.clone(),
                address: address.ip(),
                place,
            };
            match &self.scheme {
                Scheme::Plain => tokio::spawn(serving.serve(stream, Vec::new())),
                Scheme::Tls(config) => {
                    let acceptor = TlsAcceptor::from(Arc::clone(config));
                    tokio::spawn(async move {
                        let handshake = Box::pin(acceptor.accept(stream));
                        match tokio::time::timeout(HANDSHAKE, handshake).await {
                            Ok(Ok(stream)) => {
                                let names = Connection::proven(stream.get_ref().1);
                                // On its own task, so that what the handshake needed is given back.
                                tokio::spawn(serving.serve(stream, names));
                            }
                            Ok(Err(error)) => tracing::debug!(%error, "TLS handshake"),
                            Err(_) => tracing::debug!("a TLS handshake took too long"),
                        }
                    })
                }
            };
        }
    }
}

/// One connection's way through HTTP.
struct Serving {
    edge: Arc<Edge>,
    http: Arc<auto::Builder<TokioExecutor>>,
    router: Router,
    address: IpAddr,
    place: OwnedSemaphorePermit,
}

impl Serving {
    async fn serve<S>(self, stream: S, names: Vec<Domain>)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let Self { edge, http, router, address, place } = self;
        let connection = Arc::new(Connection { address, names, _place: place, _alive: edge.alive.clone() });
        let mut draining = edge.draining.clone();
        drop(edge);
        let service = hyper::service::service_fn(move |request: http::Request<Incoming>| {
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(Arc::clone(&connection));
            router.clone().oneshot(request)
        });
        let serving = http.serve_connection_with_upgrades(TokioIo::new(stream), service).into_owned();
        let mut serving = Box::pin(serving);
        let ended = tokio::select! {
            ended = serving.as_mut() => ended,
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
    http.http1().timer(TokioTimer::new()).header_read_timeout(HEADERS).max_buf_size(HTTP1_BUFFER);
    http.http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(256)
        .max_header_list_size(16 * 1024)
        .adaptive_window(true)
        .keep_alive_interval(Duration::from_secs(60))
        .keep_alive_timeout(Duration::from_secs(20));
    http
}
