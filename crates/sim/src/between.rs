//! What stands between a device and its service, and is the adversary's: the part of a service that whoever owns or
//! compels it can change without touching the rest.
//!
//! It has the service's certificate, so that the device notices nothing, and by default passes everything on. It can
//! answer requests otherwise, keep, alter, add and reorder what is delivered, and keep what is submitted.

mod numbers;
mod stream;

use axum::{
    Router,
    body::Body,
    extract::{Query, Request, State, WebSocketUpgrade},
    response::Response,
    routing::get,
};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{HeaderMap, Method, StatusCode, header};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
    service::TowerToHyperService,
};
use numbers::Numbers;
use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::{net::TcpListener, sync::broadcast, task::JoinHandle};
use tokio_rustls::TlsAcceptor;
use trefoil_proto::{mimi::SubmitMessageRequest, paths};

/// Largest body that goes through.
const BODY: usize = 64 << 20;

/// How requests are answered.
pub type Answering = Arc<dyn Fn(Asked) -> BoxFuture<'static, Answer> + Send + Sync>;
/// What is delivered in place of an entry of the mailbox.
pub type Delivering = Box<dyn FnMut(Vec<u8>) -> Vec<Vec<u8>> + Send>;

/// The adversary before one device.
pub struct Between {
    /// Where the device connects.
    pub url: String,
    inner: Arc<Inner>,
    accepting: JoinHandle<()>,
}

struct Inner {
    service: SocketAddr,
    http: reqwest::Client,
    added: broadcast::Sender<Vec<u8>>,
    state: Mutex<Rules>,
}

#[derive(Default)]
struct Rules {
    answering: Option<Answering>,
    delivering: Option<Delivering>,
    keeps_submissions: bool,
    submissions: Vec<SubmitMessageRequest>,
    requests: Vec<(String, Bytes)>,
    delivered: Vec<Vec<u8>>,
    numbers: Numbers,
}

/// A request of the device.
#[derive(Clone)]
pub struct Asked {
    /// After `/v1/`.
    pub path: String,
    /// Its body.
    pub body: Bytes,
    method: Method,
    target: String,
    headers: HeaderMap,
    http: reqwest::Client,
    service: SocketAddr,
}

/// An answer to the device.
#[derive(Clone, Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: StatusCode,
    /// `Content-Type`.
    pub kind: Option<String>,
    /// The body.
    pub body: Bytes,
}

impl Between {
    /// Listens on a free port with a service's certificate.
    ///
    /// # Errors
    /// No port can be had.
    pub async fn start(service: SocketAddr, tls: Arc<rustls::ServerConfig>) -> anyhow::Result<Self> {
        let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let url = format!("https://{}", socket.local_addr()?);
        // The way to the service is plain; a client without TLS cannot be built at all.
        let unused = trefoil::transport::client_config(None)?;
        let http = reqwest::Client::builder().tls_backend_preconfigured(unused).no_proxy().build()?;
        let added = broadcast::Sender::new(256);
        let inner = Arc::new(Inner { service, http, added, state: Mutex::default() });
        let router = Router::new()
            .route(&format!("{}/stream", paths::CLIENT_ROOT), get(connect))
            .fallback(pass_on)
            .with_state(Arc::clone(&inner));
        Ok(Self { url, inner, accepting: tokio::spawn(accept(socket, TlsAcceptor::from(tls), router)) })
    }

    /// From now on requests are answered so. [`Asked::honestly`] is what the service says.
    pub fn answer(&self, answering: impl Fn(Asked) -> BoxFuture<'static, Answer> + Send + Sync + 'static) {
        self.inner.state().answering = Some(Arc::new(answering));
    }

    /// From now on entries of the mailbox are delivered so: none for one that is kept back.
    pub fn deliver(&self, delivering: impl FnMut(Vec<u8>) -> Vec<Vec<u8>> + Send + 'static) {
        self.inner.state().delivering = Some(Box::new(delivering));
    }

    /// Passes on again what comes.
    pub fn be_honest(&self) {
        let mut state = self.inner.state();
        (state.answering, state.delivering, state.keeps_submissions) = (None, None, false);
    }

    /// Delivers something of the adversary's own.
    pub fn add(&self, body: Vec<u8>) {
        // A device that is not connected gets nothing; the attack then finds nothing happened.
        let _ = self.inner.added.send(body);
    }

    /// From now on submissions are kept, and never reach the service.
    pub fn keep_submissions(&self) {
        self.inner.state().keeps_submissions = true;
    }

    /// What was kept.
    pub fn submissions(&self) -> Vec<SubmitMessageRequest> {
        self.inner.state().submissions.clone()
    }

    /// Bodies of the requests so far whose path, after `/v1/`, begins so.
    pub fn requests(&self, path: &str) -> Vec<Bytes> {
        let state = self.inner.state();
        state.requests.iter().filter(|(at, _)| at.starts_with(path)).map(|(_, body)| body.clone()).collect()
    }

    /// What the service delivered so far.
    pub fn delivered(&self) -> Vec<Vec<u8>> {
        self.inner.state().delivered.clone()
    }
}

impl Drop for Between {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, Rules> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Asked {
    /// Whether it asks for somebody's key packages, with a pass or without.
    pub fn is_for_keys(&self) -> bool {
        ["keyMaterial/", "firstContact/"].iter().any(|path| self.path.starts_with(path))
    }

    /// The same request with another body.
    #[must_use]
    pub fn with_body(&self, body: Vec<u8>) -> Self {
        Self { body: body.into(), ..self.clone() }
    }

    /// Asks the service, and gives what it says.
    pub async fn honestly(&self) -> Answer {
        let url = format!("http://{}{}", self.service, self.target);
        let asked = self.http.request(self.method.clone(), url);
        let asked = asked.headers(self.headers.clone()).body(self.body.clone()).send().await;
        match asked {
            Err(error) => {
                tracing::debug!(%error, "the service does not answer");
                Answer { status: StatusCode::BAD_GATEWAY, kind: None, body: Bytes::new() }
            }
            Ok(answer) => Answer {
                status: answer.status(),
                kind: answer
                    .headers()
                    .get(header::CONTENT_TYPE)
                    .and_then(|kind| kind.to_str().ok())
                    .map(str::to_owned),
                body: answer.bytes().await.unwrap_or_default(),
            },
        }
    }
}

impl Answer {
    /// A good answer with this body.
    pub fn with(body: Vec<u8>) -> Self {
        Self { status: StatusCode::OK, kind: Some(paths::MEDIA_TYPE.to_owned()), body: body.into() }
    }

    /// There is no such thing.
    pub fn not_found() -> Self {
        use tls_codec::Serialize as _;
        let error = trefoil_proto::ErrorBody {
            code: trefoil_proto::ErrorCode::NotFound,
            detail: Vec::new(),
            retry_after_ms: 0,
        };
        Self {
            status: StatusCode::NOT_FOUND,
            kind: Some(paths::ERROR_MEDIA_TYPE.to_owned()),
            body: error.tls_serialize_detached().unwrap_or_default().into(),
        }
    }
}

async fn accept(socket: TcpListener, tls: TlsAcceptor, router: Router) {
    loop {
        let Ok((stream, _)) = socket.accept().await else { continue };
        let (tls, router) = (tls.clone(), router.clone());
        tokio::spawn(async move {
            let Ok(stream) = tls.accept(stream).await else { return };
            let service = TowerToHyperService::new(router);
            let http = auto::Builder::new(TokioExecutor::new());
            if let Err(error) = http.serve_connection_with_upgrades(TokioIo::new(stream), service).await {
                tracing::debug!(%error, "a device's connection ended");
            }
        });
    }
}

async fn pass_on(State(inner): State<Arc<Inner>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, BODY).await else {
        return Response::builder().status(413).body(Body::empty()).expect("a status alone is a response");
    };
    let mut headers = HeaderMap::new();
    for name in [header::AUTHORIZATION, header::CONTENT_TYPE] {
        if let Some(value) = parts.headers.get(&name) {
            headers.insert(name, value.clone());
        }
    }
    let target = parts.uri.path_and_query().map(ToString::to_string).unwrap_or_default();
    let path = target.strip_prefix("/v1/").unwrap_or(&target).to_owned();
    let asked = Asked {
        path: path.clone(),
        body: body.clone(),
        method: parts.method,
        target,
        headers,
        http: inner.http.clone(),
        service: inner.service,
    };
    let answering = {
        let mut state = inner.state();
        state.requests.push((path, body));
        state.answering.clone()
    };
    let answer = match answering {
        Some(answering) => answering(asked).await,
        None => asked.honestly().await,
    };
    let mut response = Response::builder().status(answer.status);
    if let Some(kind) = answer.kind {
        response = response.header(header::CONTENT_TYPE, kind);
    }
    response.body(Body::from(answer.body)).expect("what came as a response is one")
}

#[derive(serde::Deserialize)]
struct Connecting {
    after: u64,
}

async fn connect(
    State(inner): State<Arc<Inner>>,
    Query(connecting): Query<Connecting>,
    headers: HeaderMap,
    request: WebSocketUpgrade,
) -> Response {
    let token = headers.get(header::AUTHORIZATION).cloned();
    request.max_message_size(BODY).max_frame_size(BODY).on_upgrade(move |device| async move {
        if let Err(error) = stream::relay(&inner, device, connecting.after, token).await {
            tracing::debug!(%error, "a device's stream ended");
        }
    })
}
