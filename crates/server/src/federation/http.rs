//! The link over HTTP/2 with mutual TLS.

use super::{Ask, Endpoint, FederationError, Link, Media, Told, directory};
use bytes::{Bytes, BytesMut};
use futures_util::{FutureExt as _, StreamExt as _, future::BoxFuture};
use reqwest::{
    Client, Response, Url,
    dns::{Addrs, Name, Resolve, Resolving},
    header,
};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};
use trefoil_proto::{
    Domain, ErrorBody, ErrorCode, Wire as _,
    mimi::directory::{Directory, LIMIT},
    paths,
};

/// How long a peer's directory is believed.
const DIRECTORY_AGE: Duration = Duration::from_secs(3600);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// For a whole call; a directory or an answer of a peer that trickles ends here as well.
const CALL_TIMEOUT: Duration = Duration::from_secs(30);
/// Between two pieces of an attachment.
const MEDIA_TIMEOUT: Duration = Duration::from_secs(30);
/// Directories kept; any of them is dropped when more peers turn up.
const DIRECTORIES: usize = 4096;

/// What a service needs to reach others.
pub struct HttpSettings {
    /// Our domain.
    pub domain: Domain,
    /// Our certificate and the authorities we trust. The protocols offered are set here.
    pub tls: rustls::ClientConfig,
    /// Addresses of peers that are not found by their domain name: `https://host:port`. The certificate must be for
    /// the domain all the same.
    pub routes: HashMap<Domain, String>,
}

/// Calls other services.
pub struct HttpLink {
    from: String,
    client: Client,
    media: Client,
    routed: Arc<HashMap<String, (String, u16)>>,
    directories: Mutex<HashMap<Domain, (Instant, Arc<Directory>)>>,
}

impl HttpLink {
    /// Prepares; connects to nobody yet.
    ///
    /// # Errors
    /// [`FederationError::BadRoute`], [`FederationError::SetUp`].
    pub fn new(settings: HttpSettings) -> Result<Self, FederationError> {
        let mut routed = HashMap::new();
        for (domain, url) in settings.routes {
            let place = Url::parse(&url).ok().filter(|url| url.scheme() == "https");
            let place = place.and_then(|url| {
                let host = url.host_str()?.trim_start_matches('[').trim_end_matches(']').to_owned();
                Some((host, url.port_or_known_default()?))
            });
            let place = place.ok_or_else(|| FederationError::BadRoute(domain.clone()))?;
            routed.insert(host(&domain).to_owned(), place);
        }
        let routed = Arc::new(routed);
        let mut tls = settings.tls;
        tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let client = |timeout: Option<Duration>| {
            let builder = Client::builder()
                .tls_backend_preconfigured(tls.clone())
                .dns_resolver(Arc::new(Routes(Arc::clone(&routed))))
                .https_only(true)
                .redirect(reqwest::redirect::Policy::none())
                .no_proxy()
                .connect_timeout(CONNECT_TIMEOUT)
                .read_timeout(MEDIA_TIMEOUT)
                .http2_adaptive_window(true)
                .http2_keep_alive_interval(Duration::from_secs(20))
                .http2_keep_alive_timeout(Duration::from_secs(5));
            let builder = match timeout {
                Some(timeout) => builder.timeout(timeout),
                None => builder,
            };
            builder.build().map_err(|error| FederationError::SetUp(error.into()))
        };
        Ok(Self {
            from: format!("mimi@{}", settings.domain),
            client: client(Some(CALL_TIMEOUT))?,
            media: client(None)?,
            routed,
            directories: Mutex::default(),
        })
    }

    async fn call(
        &self,
        domain: &Domain,
        endpoint: Endpoint,
        segment: &str,
        body: Bytes,
    ) -> Result<Bytes, FederationError> {
        let directory = self.directory(domain).await?;
        let url = directory::url(domain, &directory, endpoint, segment, self.is_routed(domain))?;
        let response = self
            .client
            .post(url)
            .header(header::FROM, &self.from)
            .header(header::CONTENT_TYPE, paths::MEDIA_TYPE)
            .body(body)
            .send()
            .await
            .map_err(|error| unavailable(domain, error))?;
        let status = response.status();
        if status.is_success() {
            let answer = read(domain, response, endpoint.answer_limit()).await;
            if let Err(FederationError::Misbehaved { .. }) = answer {
                // Something else may stand where the endpoint was.
                self.directories().remove(domain);
            }
            return answer;
        }
        if matches!(status.as_u16(), 404 | 405 | 410) {
            // The endpoint may have moved.
            self.directories().remove(domain);
        }
        Err(refusal(domain, response).await)
    }

    async fn directory(&self, domain: &Domain) -> Result<Arc<Directory>, FederationError> {
        let known = self.directories().get(domain).cloned();
        if let Some((read_at, directory)) = known
            && read_at.elapsed() < DIRECTORY_AGE
        {
            return Ok(directory);
        }
        let response = self
            .client
            .get(format!("https://{domain}{}", paths::WELL_KNOWN))
            .header(header::FROM, &self.from)
            .send()
            .await
            .map_err(|error| unavailable(domain, error))?;
        if !response.status().is_success() {
            // About the directory, so it decides nothing about what was to be sent, to this or another room.
            let refused = refusal(domain, response).await;
            return Err(if refused.is_of_the_peer() {
                refused
            } else {
                FederationError::Unavailable { domain: domain.clone(), source: refused.into() }
            });
        }
        let unusable = |what| FederationError::Directory { domain: domain.clone(), what };
        let bytes = read(domain, response, LIMIT).await.map_err(|error| match error {
            FederationError::Misbehaved { .. } => unusable("its directory is larger than the limit"),
            other => other,
        })?;
        let directory: Directory =
            serde_json::from_slice(&bytes).map_err(|_| unusable("its directory cannot be read"))?;
        directory::judge(domain, &directory, self.is_routed(domain))?;
        let directory = Arc::new(directory);
        let mut directories = self.directories();
        if directories.len() >= DIRECTORIES
            && let Some(any) = directories.keys().next().cloned()
        {
            directories.remove(&any);
        }
        directories.insert(domain.clone(), (Instant::now(), Arc::clone(&directory)));
        Ok(directory)
    }

    async fn plain(&self, domain: &Domain, ask: Ask) -> Result<Told, FederationError> {
        let url = format!("https://{domain}{}", ask.path);
        let request = match ask.body {
            Some(body) => self.client.post(url).body(body),
            None => self.client.get(url),
        };
        let response = request
            .header(header::FROM, &self.from)
            .send()
            .await
            .map_err(|error| unavailable(domain, error))?;
        let status = response.status().as_u16();
        Ok(Told { status, body: read(domain, response, ask.limit).await? })
    }

    fn is_routed(&self, domain: &Domain) -> bool {
        self.routed.contains_key(host(domain))
    }

    async fn open_media(
        &self,
        domain: &Domain,
        url: &str,
        range: Option<&str>,
    ) -> Result<Media, FederationError> {
        let misbehaved = |what| FederationError::Misbehaved { domain: domain.clone(), what };
        let path = url
            .strip_prefix("https://")
            .and_then(|rest| rest.strip_prefix(domain.as_str()))
            .filter(|path| path.starts_with('/'))
            .ok_or_else(|| misbehaved("an attachment is not at its own host"))?;
        let mut request = self.media.get(format!("https://{domain}{path}")).header(header::FROM, &self.from);
        if let Some(range) = range {
            request = request.header(header::RANGE, range);
        }
        let response = request.send().await.map_err(|error| unavailable(domain, error))?;
        let status = response.status().as_u16();
        if !matches!(status, 200 | 206) {
            return Err(refusal(domain, response).await);
        }
        let content_range = response.headers().get(header::CONTENT_RANGE);
        let content_range = content_range.and_then(|value| value.to_str().ok()).map(str::to_owned);
        let length = response.content_length();
        let peer = domain.clone();
        let body = response.bytes_stream().map(move |piece| piece.map_err(|error| unavailable(&peer, error)));
        Ok(Media { status, length, content_range, body: body.boxed() })
    }

    /// The map is whole between any two statements, so a panic elsewhere leaves it usable.
    fn directories(&self) -> std::sync::MutexGuard<'_, HashMap<Domain, (Instant, Arc<Directory>)>> {
        self.directories.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Link for HttpLink {
    fn post<'a>(
        &'a self,
        domain: &'a Domain,
        endpoint: Endpoint,
        segment: &'a str,
        body: Bytes,
    ) -> BoxFuture<'a, Result<Bytes, FederationError>> {
        self.call(domain, endpoint, segment, body).boxed()
    }

    fn media<'a>(
        &'a self,
        domain: &'a Domain,
        url: &'a str,
        range: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Media, FederationError>> {
        self.open_media(domain, url, range).boxed()
    }

    fn directory<'a>(&'a self, domain: &'a Domain) -> BoxFuture<'a, Result<Arc<Directory>, FederationError>> {
        self.directory(domain).boxed()
    }

    fn ask<'a>(&'a self, domain: &'a Domain, ask: Ask) -> BoxFuture<'a, Result<Told, FederationError>> {
        self.plain(domain, ask).boxed()
    }
}

/// Finds configured peers at their addresses and all others by the system's resolver.
struct Routes(Arc<HashMap<String, (String, u16)>>);

impl Resolve for Routes {
    fn resolve(&self, name: Name) -> Resolving {
        let place = self.0.get(name.as_str()).cloned();
        let (host, port) = place.unwrap_or_else(|| (name.as_str().to_owned(), 0));
        async move {
            let found: Vec<_> = tokio::net::lookup_host((host, port)).await?.collect();
            Ok(Box::new(found.into_iter()) as Addrs)
        }
        .boxed()
    }
}

/// A domain without its port.
fn host(domain: &Domain) -> &str {
    domain.as_str().split(':').next().unwrap_or_default()
}

/// The whole body, or an error as soon as it is longer than `limit`.
async fn read(domain: &Domain, mut response: Response, limit: usize) -> Result<Bytes, FederationError> {
    let mut body = BytesMut::new();
    while let Some(piece) = response.chunk().await.map_err(|error| unavailable(domain, error))? {
        if body.len() + piece.len() > limit {
            return Err(FederationError::Misbehaved {
                domain: domain.clone(),
                what: "its answer is larger than the limit",
            });
        }
        body.extend_from_slice(&piece);
    }
    Ok(body.freeze())
}

async fn refusal(domain: &Domain, response: Response) -> FederationError {
    let status = response.status().as_u16();
    let asked_ms = retry_after_ms(response.headers());
    let sent = read(domain, response, ErrorBody::LIMIT).await.ok();
    let own = sent.and_then(|sent| ErrorBody::decode(&sent).ok());
    let decoded = own.is_some();
    let mut body = own.unwrap_or_else(|| ErrorBody {
        code: match status {
            401 => ErrorCode::Unauthenticated,
            403 => ErrorCode::NotAllowed,
            404 | 410 => ErrorCode::NotFound,
            409 => ErrorCode::Conflict,
            413 => ErrorCode::TooLarge,
            429 => ErrorCode::RateLimited,
            400..500 => ErrorCode::Malformed,
            _ => ErrorCode::Internal,
        },
        retry_after_ms: 0,
        detail: Vec::new(),
    });
    if body.retry_after_ms == 0 {
        body.retry_after_ms = asked_ms;
    }
    FederationError::Refused { domain: domain.clone(), status, body, decoded }
}

/// `Retry-After` in seconds (RFC 9110, section 10.2.3), as milliseconds; zero if it is absent or a date.
fn retry_after_ms(headers: &header::HeaderMap) -> u32 {
    let value = headers.get(header::RETRY_AFTER).and_then(|value| value.to_str().ok());
    let seconds: u32 = value.and_then(|value| value.trim().parse().ok()).unwrap_or(0);
    seconds.saturating_mul(1000)
}

/// The URL is taken out: it names rooms and people, and errors are logged.
fn unavailable(domain: &Domain, error: reqwest::Error) -> FederationError {
    FederationError::Unavailable { domain: domain.clone(), source: error.without_url().into() }
}
