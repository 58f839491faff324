//! The real link: TLS with certificates on both sides, discovery, limits.

use super::{super::http::*, *};
use axum::{
    Router,
    body::Body,
    extract::Request,
    http::{HeaderMap, StatusCode, header},
    response::IntoResponse as _,
    routing::{get, post},
};
use futures_util::StreamExt as _;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::{ClientConfig, RootCertStore, ServerConfig, server::WebPkiClientVerifier};
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use std::{collections::HashMap, net::SocketAddr};

struct Authority(CertifiedIssuer<'static, KeyPair>);

type Identity = (Vec<rustls_pki_types::CertificateDer<'static>>, PrivateKeyDer<'static>);

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(vec![]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    fn roots(&self) -> RootCertStore {
        let mut roots = RootCertStore::empty();
        roots.add(self.0.der().clone()).unwrap();
        roots
    }

    fn identity(&self, domain: &str) -> Identity {
        let key = KeyPair::generate().unwrap();
        let certificate =
            CertificateParams::new(vec![domain.to_owned()]).unwrap().signed_by(&key, &self.0).unwrap();
        (vec![certificate.der().clone()], PrivatePkcs8KeyDer::from(key.serialize_der()).into())
    }

    fn client(&self, domain: &str) -> ClientConfig {
        let (chain, key) = self.identity(domain);
        ClientConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(self.roots())
            .with_client_auth_cert(chain, key)
            .unwrap()
    }
}

/// A peer named `peer.test` whose certificate says `name`.
async fn serve(authority: &Authority, name: &str, router: Router) -> SocketAddr {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(authority.roots()), provider.clone())
        .build()
        .unwrap();
    let (chain, key) = authority.identity(name);
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier)
        .with_single_cert(chain, key)
        .unwrap();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (acceptor, router) = (acceptor.clone(), router.clone());
            tokio::spawn(async move {
                let Ok(stream) = acceptor.accept(stream).await else { return };
                let service = hyper_util::service::TowerToHyperService::new(router);
                let io = hyper_util::rt::TokioIo::new(stream);
                let executor = hyper_util::rt::TokioExecutor::new();
                let _ = hyper_util::server::conn::auto::Builder::new(executor)
                    .serve_connection(io, service)
                    .await;
            });
        }
    });
    address
}

fn directory(host: &str) -> serde_json::Value {
    let template = |name: &str| format!("https://{host}/m/{name}/{{x}}");
    serde_json::json!({
        "keyMaterial": template("k"), "update": template("u"), "notify": template("n"),
        "submitMessage": template("s"), "groupInfo": template("g"), "requestConsent": template("c"),
        "updateConsent": template("d"), "identifierQuery": template("i"), "reportAbuse": template("r"),
        "proxyDownload": template("p"), "somethingNew": 1,
    })
}

fn peer_router() -> Router {
    let refuse = |status: StatusCode, code| {
        let body = ErrorBody { code, retry_after_ms: 70, detail: b"because".to_vec() };
        (status, body.encode()).into_response()
    };
    let post_any = move |headers: HeaderMap, request: Request| async move {
        let path = request.uri().path().to_owned();
        assert_eq!(headers[header::FROM], "mimi@us.test");
        match path.split('/').nth(2).unwrap() {
            "s" => format!("{path} {:?}", request.version()).into_response(),
            "u" => refuse(StatusCode::CONFLICT, ErrorCode::Conflict),
            "k" => (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, "3")]).into_response(),
            _ => Body::from(vec![0; 1024 * 1024]).into_response(),
        }
    };
    let media = |headers: HeaderMap| async move {
        assert_eq!(headers[header::RANGE], "bytes=2-4");
        (StatusCode::PARTIAL_CONTENT, [(header::CONTENT_RANGE, "bytes 2-4/6")], "cde")
    };
    Router::new()
        .route("/.well-known/mimi-protocol-directory", get(|| async { directory("peer.test").to_string() }))
        .route("/m/{endpoint}/{x}", post(post_any))
        .route("/media/{id}", get(media))
}

fn link(authority: &Authority, address: SocketAddr) -> HttpLink {
    HttpLink::new(HttpSettings {
        domain: "us.test".parse().unwrap(),
        tls: authority.client("us.test"),
        routes: HashMap::from([("peer.test".parse().unwrap(), format!("https://{address}"))]),
    })
    .unwrap()
}

#[tokio::test]
async fn calls_find_their_endpoint_and_bring_back_answers_and_refusals() {
    let authority = Authority::new();
    let link = link(&authority, serve(&authority, "peer.test", peer_router()).await);
    let peer: Domain = "peer.test".parse().unwrap();
    let call = |endpoint| link.post(&peer, endpoint, "mimi://peer.test/r/x", Bytes::from_static(b"hello"));

    let answer = call(Endpoint::SubmitMessage).await.unwrap();
    assert_eq!(answer, "/m/s/mimi%3A%2F%2Fpeer.test%2Fr%2Fx HTTP/2.0");
    match call(Endpoint::Update).await {
        Err(FederationError::Refused { status: 409, body, decoded: true, .. }) => {
            assert_eq!((body.code, body.retry_after_ms), (ErrorCode::Conflict, 70));
        }
        other => panic!("{other:?}"),
    }
    let refused = call(Endpoint::KeyMaterial).await;
    assert!(matches!(refused, Err(FederationError::Refused { status: 429, body, decoded: false, .. })
            if body.code == ErrorCode::RateLimited && body.retry_after_ms == 3000));
    assert!(matches!(call(Endpoint::Notify).await, Err(FederationError::Misbehaved { .. })), "too large");

    let media = link.media(&peer, "https://peer.test/media/1", Some("bytes=2-4")).await.unwrap();
    assert_eq!((media.status, media.length), (206, Some(3)));
    assert_eq!(media.content_range.as_deref(), Some("bytes 2-4/6"));
    let pieces: Vec<_> = media.body.map(|piece| piece.unwrap()).collect().await;
    assert_eq!(pieces.concat(), b"cde");
    for elsewhere in
        ["https://third.test/media/1", "http://peer.test/media/1", "https://peer.test.evil/media/1"]
    {
        assert!(link.media(&peer, elsewhere, None).await.is_err());
    }
}

#[tokio::test]
async fn a_peer_is_who_its_certificate_says() {
    let authority = Authority::new();
    let peer: Domain = "peer.test".parse().unwrap();
    let call = |link: HttpLink| {
        let peer = peer.clone();
        async move { link.post(&peer, Endpoint::SubmitMessage, "x", Bytes::new()).await }
    };
    let impostor = serve(&authority, "third.test", peer_router()).await;
    assert!(matches!(call(link(&authority, impostor)).await, Err(FederationError::Unavailable { .. })));
    let stranger = serve(&Authority::new(), "peer.test", peer_router()).await;
    assert!(matches!(call(link(&authority, stranger)).await, Err(FederationError::Unavailable { .. })));
    let nobody: SocketAddr = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap()
    };
    assert!(matches!(call(link(&authority, nobody)).await, Err(FederationError::Unavailable { .. })));
}

#[tokio::test]
async fn a_route_is_an_https_url() {
    let authority = Authority::new();
    for url in ["http://127.0.0.1:1", "127.0.0.1:1", "", "https://"] {
        let settings = HttpSettings {
            domain: "us.test".parse().unwrap(),
            tls: authority.client("us.test"),
            routes: HashMap::from([("peer.test".parse().unwrap(), url.to_owned())]),
        };
        assert!(matches!(HttpLink::new(settings), Err(FederationError::BadRoute(_))), "{url}");
    }
}

#[tokio::test]
async fn a_directory_that_cannot_be_used_is_the_peers_fault_and_is_not_believed() {
    let authority = Authority::new();
    let peer: Domain = "peer.test".parse().unwrap();
    let good = directory("peer.test");
    let mut without_path = good.clone();
    // Of an endpoint that is not called here.
    without_path["reportAbuse"] = "https://peer.test".into();
    let said = Arc::new(Mutex::new((StatusCode::OK, String::new())));
    let says = Arc::clone(&said);
    let router = Router::new()
        .route("/.well-known/mimi-protocol-directory", get(|| async move { says.lock().unwrap().clone() }))
        .route("/m/{endpoint}/{x}", post(|| async { "taken" }));
    let link = link(&authority, serve(&authority, "peer.test", router).await);
    let call = || link.post(&peer, Endpoint::SubmitMessage, "x", Bytes::new());
    for bad in [without_path.to_string(), "{}".to_owned(), " ".repeat(1 << 20)] {
        *said.lock().unwrap() = (StatusCode::OK, bad);
        let failed = call().await.unwrap_err();
        assert!(matches!(failed, FederationError::Directory { .. }) && failed.is_of_the_peer(), "{failed:?}");
    }
    for status in [StatusCode::NOT_FOUND, StatusCode::INTERNAL_SERVER_ERROR, StatusCode::SERVICE_UNAVAILABLE]
    {
        *said.lock().unwrap() = (status, String::new());
        let failed = call().await.unwrap_err();
        assert!(failed.is_of_the_peer() && !failed.is_final(), "{failed:?}");
    }
    *said.lock().unwrap() = (StatusCode::OK, good.to_string());
    assert_eq!(call().await.unwrap(), "taken");
}

#[tokio::test]
async fn a_directory_is_forgotten_when_its_peer_answers_falsely() {
    let authority = Authority::new();
    let peer: Domain = "peer.test".parse().unwrap();
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&asked);
    let well_known = get(move || async move {
        counter.fetch_add(1, Ordering::SeqCst);
        directory("peer.test").to_string()
    });
    let answer = |request: Request| async move {
        let long = request.uri().path().starts_with("/m/n");
        vec![b'x'; if long { 1024 * 1024 } else { 1 }]
    };
    let router = Router::new()
        .route("/.well-known/mimi-protocol-directory", well_known)
        .route("/m/{endpoint}/{x}", post(answer));
    let link = link(&authority, serve(&authority, "peer.test", router).await);
    for (endpoint, directories) in [
        (Endpoint::SubmitMessage, 1),
        (Endpoint::Notify, 1),
        (Endpoint::SubmitMessage, 2),
        (Endpoint::SubmitMessage, 2),
    ] {
        let answer = link.post(&peer, endpoint, "x", Bytes::new()).await;
        assert_eq!(answer.is_err(), endpoint == Endpoint::Notify, "{answer:?}");
        assert_eq!(asked.load(Ordering::SeqCst), directories);
    }
}
