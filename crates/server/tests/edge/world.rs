//! Services for tests: certificates, a way to start them on free ports, devices that talk to them.

use super::mls;
use data_encoding::BASE64URL_NOPAD;
use ed25519_dalek::SigningKey;
use futures_util::{SinkExt as _, StreamExt as _};
use openmls_traits::signatures::Signer as _;
use rcgen::{BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject as _};
use std::{
    collections::BTreeMap,
    fs::Permissions,
    net::{SocketAddr, TcpListener},
    os::unix::fs::PermissionsExt as _,
    path::PathBuf,
    sync::Arc,
    time::Duration,
};
use tempfile::TempDir;
use tokio::{net::TcpStream, sync::oneshot, task::JoinHandle};
use tokio_tungstenite::{WebSocketStream, tungstenite};
use trefoil_proto::{
    DeviceUri, ErrorBody, Timestamp, Wire,
    credential::AccountKey,
    edge::{
        AddDeviceRequest, ChallengeRequest, ChallengeResponse, Identifier, NewDevice, RegisterRequest,
        RegisterTbs, RemoveDeviceRequest, TokenRequest, TokenResponse, TokenTbs, signed_content,
    },
    frame::{ClientFrame, ServerFrame},
    minors::Marking,
    paths,
};
use trefoil_server::{
    Addresses, Config, Parts, Service,
    clock::{Clock, ManualClock, SystemClock},
    edge::TlsFiles,
    federation::{Incident, Link},
    secrets::Secrets,
};
use trefoil_store::{KeyRange, LocalWakes, MemoryBlobs, MemoryStore, Position, ReadLimit, Store};
use trefoil_transparency::device_set::{DeviceEntry, DeviceSet, SignedDeviceSet};

/// Authorities and folders that the services of one test share.
pub struct World {
    folder: Arc<TempDir>,
    issuer: Issuer<'static, KeyPair>,
}

/// A running service.
pub struct Running {
    pub domain: String,
    pub addresses: Addresses,
    pub store: Arc<MemoryStore>,
    pub clock: Arc<ManualClock>,
    pub data: PathBuf,
    pub http: reqwest::Client,
    authority: CertificateDer<'static>,
    _folder: Arc<TempDir>,
    stop: Option<oneshot::Sender<()>>,
    task: Option<JoinHandle<()>>,
}

/// Asks a service.
pub struct CallerOf {
    root: String,
    http: reqwest::Client,
}

/// An answer.
pub struct Answer {
    pub status: u16,
    pub headers: http::HeaderMap,
    pub body: Vec<u8>,
}

/// A device with an account and a token.
pub struct Member {
    pub mls: mls::Device,
    pub token: String,
}

pub type Socket = WebSocketStream<tokio_rustls::client::TlsStream<TcpStream>>;

impl World {
    pub fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("ca.pem"), certificate.pem()).unwrap();
        Self { folder: Arc::new(folder), issuer: Issuer::new(params, key) }
    }

    /// The folder of this test.
    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// Writes a certificate for a name, and returns the paths of certificate and key.
    pub fn certificate(&self, name: &str) -> (PathBuf, PathBuf) {
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let paths =
            (self.folder.path().join(format!("{name}.pem")), self.folder.path().join(format!("{name}.key")));
        std::fs::write(&paths.0, certificate.pem()).unwrap();
        std::fs::write(&paths.1, key.serialize_pem()).unwrap();
        std::fs::set_permissions(&paths.1, Permissions::from_mode(0o600)).unwrap();
        paths
    }

    pub fn authority(&self) -> CertificateDer<'static> {
        CertificateDer::from_pem_file(self.folder.path().join("ca.pem")).unwrap()
    }

    /// The configuration of a service, and its data folder.
    pub fn configuration(&self, profile: &str, domain: &str, federation_port: u16) -> (String, PathBuf) {
        let (certificate, key) = self.certificate(domain);
        let folder = self.folder.path();
        let data = folder.join(domain);
        std::fs::create_dir_all(&data).unwrap();
        let text = format!(
            "domain = {domain:?}\nprofile = {profile:?}\ndata = {data:?}\ndrain_seconds = 5\n\
             [client]\nlisten = \"127.0.0.1:0\"\n\
             [federation]\nlisten = \"127.0.0.1:{federation_port}\"\nauthorities = [{:?}]\n\
             [tls]\ncertificate = {certificate:?}\nkey = {key:?}\n",
            folder.join("ca.pem"),
        );
        let code = if profile == "phone" { "[code]\nsender = \"log\"\n" } else { "" };
        (text + code, data)
    }

    /// A service alone.
    pub fn start(&self, profile: &str) -> Running {
        self.start_with(profile, &format!("{profile}.test"), free_port(), &[], "")
    }

    /// A service with a federation port, peers, and more lines of configuration.
    pub fn start_with(
        &self,
        profile: &str,
        domain: &str,
        federation_port: u16,
        peers: &[(&str, u16)],
        more: &str,
    ) -> Running {
        self.start_linked(profile, domain, federation_port, peers, more, None)
    }

    /// As [`Self::start_with`], with another way to other services.
    pub fn start_linked(
        &self,
        profile: &str,
        domain: &str,
        federation_port: u16,
        peers: &[(&str, u16)],
        more: &str,
        link: Option<Arc<dyn Link>>,
    ) -> Running {
        self.start_over(profile, domain, federation_port, peers, more, link, |store| store)
    }

    /// As [`Self::start_linked`], with something between the service and its store.
    #[allow(clippy::too_many_arguments)]
    pub fn start_over(
        &self,
        profile: &str,
        domain: &str,
        federation_port: u16,
        peers: &[(&str, u16)],
        more: &str,
        link: Option<Arc<dyn Link>>,
        over: impl FnOnce(Arc<MemoryStore>) -> Arc<dyn Store>,
    ) -> Running {
        let (mut text, data) = self.configuration(profile, domain, federation_port);
        for (peer, port) in peers {
            text.push_str(&format!("[peers.{peer:?}]\nurl = \"https://127.0.0.1:{port}\"\n"));
        }
        text.push_str(more);
        if !more.contains("[log]") {
            // What the services of a test tell each other is what the test makes them tell.
            text.push_str("[log]\nwitnesses = []\n");
        }
        let store = Arc::new(MemoryStore::new());
        let clock = Arc::new(ManualClock::new(SystemClock.now()));
        let parts = Parts {
            store: over(store.clone()),
            blobs: Arc::new(MemoryBlobs::new()),
            wakes: Arc::new(LocalWakes::new()),
            clock: clock.clone(),
            secrets: Secrets::ephemeral(),
            link,
        };
        let service = Service::with_parts(Config::parse(&text, []).unwrap(), parts).unwrap();
        let addresses = service.addresses();
        let (stop, stopped) = oneshot::channel::<()>();
        let task = tokio::spawn(async move {
            service.run(async { drop(stopped.await) }).await.unwrap();
        });
        let authority = self.authority();
        let http = http_client(client_tls(&authority, None), domain, addresses.client);
        Running {
            domain: domain.to_owned(),
            addresses,
            store,
            clock,
            data,
            http,
            authority,
            _folder: Arc::clone(&self.folder),
            stop: Some(stop),
            task: Some(task),
        }
    }

    /// A client that comes to the listener for services without a certificate.
    pub fn client_without_certificate(&self, to: &Running) -> reqwest::Client {
        http_client(self.client_tls(), &to.domain, to.addresses.federation)
    }

    /// A client with a certificate of an authority that nobody trusts.
    pub fn stranger(&self, to: &Running) -> reqwest::Client {
        let other = Self::new();
        let tls = client_tls(&self.authority(), Some(other.certificate("handle.test")));
        http_client(tls, &to.domain, to.addresses.federation)
    }

    /// A client that speaks as another service, in one version of TLS.
    pub fn peer_client_in(
        &self,
        version: &'static rustls::SupportedProtocolVersion,
        name: &str,
        to: &Running,
    ) -> reqwest::Client {
        let tls = client_tls_in(&[version], &self.authority(), Some(self.certificate(name)));
        http_client(tls, &to.domain, to.addresses.federation)
    }

    /// A client that speaks as another service.
    pub fn peer_client(&self, name: &str, to: &Running) -> reqwest::Client {
        let (certificate, key) = self.certificate(name);
        let tls = client_tls(&self.authority(), Some((certificate, key)));
        http_client(tls, &to.domain, to.addresses.federation)
    }
}

impl Running {
    pub async fn stop(mut self) {
        drop(self.stop.take());
        tokio::time::timeout(Duration::from_secs(20), self.task.take().unwrap()).await.unwrap().unwrap();
    }

    /// What its clock shows.
    pub fn clock_now(&self) -> trefoil_proto::Timestamp {
        self.clock.now()
    }

    /// The dump without incidents: that they are recorded is the point of them.
    pub async fn dump_without_incidents(&self) -> BTreeMap<(&'static str, Vec<u8>), Vec<u8>> {
        let rows = self.dump().await;
        rows.into_iter().filter(|((table, _), _)| *table != "federation.incidents").collect()
    }

    /// What other services did that they must not, as it is recorded.
    pub async fn incidents(&self) -> Vec<Incident> {
        trefoil_server::federation::recorded(&*self.store).await.unwrap()
    }

    /// Waits until these incidents are recorded.
    pub async fn until_incidents(&self, expected: &[Incident]) {
        for _ in 0..1000 {
            if self.incidents().await == expected {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert_eq!(self.incidents().await, expected);
    }

    /// Waits until another service has taken everything that was for it.
    pub async fn outbox_is_empty(&self, peer: &str) {
        let queue = format!("outbox//{peer}");
        for _ in 0..1000 {
            if self.store.queues().iter().all(|other| other.0 != queue) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{peer} did not take what was for it");
    }

    /// Everything in the store: tables, and queues under their own name.
    pub async fn dump(&self) -> BTreeMap<(&'static str, Vec<u8>), Vec<u8>> {
        let mut rows = BTreeMap::new();
        for note in trefoil_server::catalogue::all() {
            let found = Store::scan(&*self.store, note.table, KeyRange::all(), usize::MAX).await.unwrap();
            for (key, value) in found {
                rows.insert((note.table.name(), key.to_vec()), value.to_vec());
            }
        }
        let all = ReadLimit { entries: usize::MAX, bytes: usize::MAX };
        for queue in self.store.queues() {
            for entry in Store::read(&*self.store, queue.clone(), Position::default(), all).await.unwrap() {
                let place = [queue.0.as_ref(), &[0], &entry.position.0.to_be_bytes()].concat();
                rows.insert(("queues", place), entry.body.to_vec());
            }
        }
        rows
    }

    /// A request to the listener for devices; `path` without the root.
    pub async fn call(&self, method: &str, path: &str, token: Option<&str>, body: Vec<u8>) -> Answer {
        self.call_with(method, path, token, body, &[]).await
    }

    pub async fn call_with(
        &self,
        method: &str,
        path: &str,
        token: Option<&str>,
        body: Vec<u8>,
        headers: &[(&str, &str)],
    ) -> Answer {
        let mut request = self.caller().request(method, path, token, body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        answer(request).await
    }

    /// For requests from another task.
    pub fn caller(&self) -> CallerOf {
        let port = self.addresses.client.port();
        let root = format!("https://{}:{port}{}", self.domain, paths::CLIENT_ROOT);
        CallerOf { root, http: self.http.clone() }
    }

    /// Posts a structure and decodes the answer.
    pub async fn ask<T: Wire>(&self, path: &str, token: Option<&str>, body: &impl Wire) -> T {
        self.call("POST", path, token, body.encode()).await.decode()
    }

    /// A person with one device, registered and with a token.
    pub async fn join(&self, name: &str, identifier: Identifier) -> Member {
        let (member, request) = self.newcomer(name, identifier);
        let answer = self.call("POST", "accounts", None, request.encode()).await;
        assert_eq!(answer.status, 201, "{:?}", answer.error());
        self.log_in(member).await
    }

    /// As [`Self::join`], of somebody under age.
    pub async fn join_minor(&self, name: &str, identifier: Identifier, marking: Marking) -> Member {
        let (member, request) = self.newcomer_marked(name, identifier, marking);
        let answer = self.call("POST", "accounts", None, request.encode()).await;
        assert_eq!(answer.status, 201, "{:?}", answer.error());
        self.log_in(member).await
    }

    /// As [`Self::newcomer`], of somebody under age.
    pub fn newcomer_marked(
        &self,
        name: &str,
        identifier: Identifier,
        marking: Marking,
    ) -> (Member, RegisterRequest) {
        let (member, RegisterRequest { tbs, .. }) = self.newcomer(name, identifier);
        let tbs = RegisterTbs { minor: Some(marking), ..tbs };
        let content = signed_content(trefoil_proto::edge::REGISTER_LABEL, &tbs).unwrap();
        let signature = member.mls.signer.sign(&content).unwrap().try_into().unwrap();
        (member, RegisterRequest { tbs, signature, pass: None })
    }

    /// A device with a registration that was not sent.
    pub fn newcomer(&self, name: &str, identifier: Identifier) -> (Member, RegisterRequest) {
        let person = mls::Person::new(&self.domain, name);
        let device = person.device("d1");
        let device_set = device_set(&person.key, &[&[&device]]);
        let tbs = RegisterTbs { identifier, device: new_device(&device), device_set, minor: None };
        let content = signed_content(trefoil_proto::edge::REGISTER_LABEL, &tbs).unwrap();
        let signature = device.signer.sign(&content).unwrap().try_into().unwrap();
        let member = Member { mls: device, token: String::new() };
        (member, RegisterRequest { tbs, signature, pass: None })
    }

    pub async fn log_in(&self, mut member: Member) -> Member {
        let request = self.token_request(&member).await;
        let response: TokenResponse = self.ask("auth/token", None, &request).await;
        member.token = BASE64URL_NOPAD.encode(&response.token);
        member
    }

    pub async fn token_request(&self, member: &Member) -> TokenRequest {
        let device = member.mls.uri.clone();
        let response: ChallengeResponse =
            self.ask("auth/challenge", None, &ChallengeRequest { device: device.clone() }).await;
        let tbs = TokenTbs { device, challenge: response.challenge };
        let content = signed_content(trefoil_proto::edge::TOKEN_LABEL, &tbs).unwrap();
        TokenRequest { signature: member.mls.signer.sign(&content).unwrap().try_into().unwrap(), tbs }
    }

    /// Removes a device of an account that had these, each of which came alone, in the name of one of its devices.
    pub async fn remove(
        &self,
        by: &Member,
        account: &SigningKey,
        had: &[&Member],
        device: &Member,
    ) -> Answer {
        let had: Vec<_> = had.iter().map(|member| &member.mls).collect();
        let request = removal(account, &had, device.uri(), self.clock.now());
        let path = format!("accounts/devices/{}", device.uri().device);
        self.call("DELETE", &path, Some(&by.token), request.encode()).await
    }

    /// A connection to the listener for devices on which nothing was said yet, with one protocol offered.
    pub async fn tls(&self, protocol: &[u8]) -> std::io::Result<tokio_rustls::client::TlsStream<TcpStream>> {
        let mut tls = client_tls(&self.authority, None);
        tls.alpn_protocols = vec![protocol.to_vec()];
        let stream = TcpStream::connect(self.addresses.client).await?;
        let connector = tokio_rustls::TlsConnector::from(Arc::new(tls));
        connector.connect(ServerName::try_from(self.domain.clone()).unwrap(), stream).await
    }

    /// Opens the WebSocket.
    pub async fn connect(&self, token: &str, query: &str) -> Socket {
        let stream = self.tls(b"http/1.1").await.unwrap();
        let uri = format!("wss://{}{}/stream{query}", self.domain, paths::CLIENT_ROOT);
        let mut request = tungstenite::client::IntoClientRequest::into_client_request(uri).unwrap();
        request.headers_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
        tokio_tungstenite::client_async(request, stream).await.unwrap().0
    }
}

impl CallerOf {
    pub async fn call(&self, method: &str, path: &str, token: Option<&str>, body: Vec<u8>) -> Answer {
        answer(self.request(method, path, token, body)).await
    }

    fn request(
        &self,
        method: &str,
        path: &str,
        token: Option<&str>,
        body: Vec<u8>,
    ) -> reqwest::RequestBuilder {
        let request = self.http.request(method.parse().unwrap(), format!("{}/{path}", self.root)).body(body);
        match token {
            Some(token) => request.header("authorization", format!("Bearer {token}")),
            None => request,
        }
    }
}

impl Answer {
    pub fn decode<T: Wire>(&self) -> T {
        assert!((200..300).contains(&self.status), "{}: {:?}", self.status, self.error());
        T::decode(&self.body).unwrap()
    }

    /// The refusal's code, in words.
    pub fn code(&self) -> String {
        self.error().map_or_else(|| format!("status {}", self.status), |error| format!("{:?}", error.code))
    }

    pub fn error(&self) -> Option<ErrorBody> {
        ErrorBody::decode(&self.body).ok()
    }
}

impl Member {
    pub fn uri(&self) -> &DeviceUri {
        &self.mls.uri
    }
}

/// Takes a device into an account that has others, each of which came alone.
pub fn add_request(account: &SigningKey, others: &[&mls::Device], device: &mls::Device) -> AddDeviceRequest {
    let all = [others, &[device]].concat();
    let history: Vec<&[&mls::Device]> = (1..=all.len()).map(|count| &all[..count]).collect();
    AddDeviceRequest { device: new_device(device), device_set: device_set(account, &history) }
}

/// Takes a device off an account that had these, each of which came alone.
pub fn removal(
    account: &SigningKey,
    had: &[&mls::Device],
    device: &DeviceUri,
    at: Timestamp,
) -> RemoveDeviceRequest {
    let left: Vec<_> = had.iter().copied().filter(|other| other.uri != *device).collect();
    let mut history: Vec<&[&mls::Device]> = (1..=had.len()).map(|count| &had[..count]).collect();
    history.push(&left);
    RemoveDeviceRequest::sign(account, device.clone(), at, device_set(account, &history))
}

/// The last of the sets of an account that had these devices one after the other, signed.
pub fn device_set(account: &SigningKey, history: &[&[&mls::Device]]) -> Vec<u8> {
    let entry = |device: &&mls::Device| {
        let new = new_device(device);
        DeviceEntry::new(new.uri.device, new.signature_key, &new.authorisation)
    };
    let mut newest: Option<DeviceSet> = None;
    for devices in history {
        let entries = devices.iter().map(entry).collect();
        newest = Some(match newest {
            Some(set) => set.followed_by(entries),
            None => {
                let key = AccountKey(account.verifying_key().to_bytes());
                DeviceSet::first(devices[0].uri.user_uri(), SystemClock.now().month(), key, entries)
            }
        });
    }
    SignedDeviceSet::by_account(newest.unwrap(), account).encode()
}

pub fn new_device(device: &mls::Device) -> NewDevice {
    NewDevice {
        uri: device.uri.clone(),
        signature_key: device.signer.public().try_into().unwrap(),
        authorisation: device.authorisation.clone(),
    }
}

pub async fn answer(request: reqwest::RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Answer { status, headers, body: response.bytes().await.unwrap().to_vec() }
}

pub async fn send(socket: &mut Socket, frame: &ClientFrame) {
    socket.send(tungstenite::Message::binary(frame.encode())).await.unwrap();
}

/// The next frame, or the code with which the service closed.
pub async fn next(socket: &mut Socket) -> Result<ServerFrame, u16> {
    loop {
        let message =
            tokio::time::timeout(Duration::from_secs(20), socket.next()).await.expect("a frame in time");
        match message {
            Some(Ok(tungstenite::Message::Binary(bytes))) => return Ok(ServerFrame::decode(&bytes).unwrap()),
            Some(Ok(tungstenite::Message::Close(Some(close)))) => return Err(close.code.into()),
            Some(Ok(tungstenite::Message::Ping(_) | tungstenite::Message::Pong(_))) => {}
            other => panic!("expected a frame or a close code, got {other:?}"),
        }
    }
}

/// A port that was free a moment ago.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn client_tls(authority: &CertificateDer<'static>, own: Option<(PathBuf, PathBuf)>) -> rustls::ClientConfig {
    client_tls_in(rustls::ALL_VERSIONS, authority, own)
}

fn client_tls_in(
    versions: &[&'static rustls::SupportedProtocolVersion],
    authority: &CertificateDer<'static>,
    own: Option<(PathBuf, PathBuf)>,
) -> rustls::ClientConfig {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(authority.clone()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots);
    match own {
        None => builder.with_no_client_auth(),
        Some((certificate, key)) => builder
            .with_client_auth_cert(
                vec![CertificateDer::from_pem_file(certificate).unwrap()],
                PrivateKeyDer::from_pem_file(key).unwrap(),
            )
            .unwrap(),
    }
}

fn http_client(mut tls: rustls::ClientConfig, domain: &str, at: SocketAddr) -> reqwest::Client {
    tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .resolve(domain, at)
        .timeout(Duration::from_secs(60))
        .no_proxy()
        .build()
        .unwrap()
}

impl World {
    /// TLS as a service at a domain has it.
    pub fn tls_files(&self, domain: &str) -> TlsFiles {
        let (certificate, key) = self.certificate(domain);
        let text = format!(
            "domain = {domain:?}\nprofile = \"account\"\ndata = \"unused\"\n\
             [client]\nlisten = \"127.0.0.1:0\"\n\
             [federation]\nlisten = \"127.0.0.1:0\"\nauthorities = [{:?}]\n\
             [tls]\ncertificate = {certificate:?}\nkey = {key:?}\n",
            self.folder.path().join("ca.pem"),
        );
        TlsFiles::read(&Config::parse(&text, []).unwrap()).unwrap()
    }

    /// True if a client and a peer that speaks one version of TLS understand each other.
    pub async fn meets(
        &self,
        client: rustls::ClientConfig,
        version: &'static rustls::SupportedProtocolVersion,
    ) -> bool {
        let (certificate, key) = self.certificate("handle.test");
        let server =
            rustls::ServerConfig::builder_with_provider(rustls::crypto::aws_lc_rs::default_provider().into())
                .with_protocol_versions(&[version])
                .unwrap()
                .with_no_client_auth()
                .with_single_cert(
                    vec![CertificateDer::from_pem_file(certificate).unwrap()],
                    PrivateKeyDer::from_pem_file(key).unwrap(),
                )
                .unwrap();
        let (near, far) = tokio::io::duplex(64 * 1024);
        let (acceptor, connector) = (
            tokio_rustls::TlsAcceptor::from(Arc::new(server)),
            tokio_rustls::TlsConnector::from(Arc::new(client)),
        );
        let name = ServerName::try_from("handle.test").unwrap();
        let (accepted, connected) = tokio::join!(acceptor.accept(far), connector.connect(name, near));
        assert_eq!(accepted.is_ok(), connected.is_ok());
        connected.is_ok()
    }

    /// Trusts the authority, shows nothing.
    pub fn client_tls(&self) -> rustls::ClientConfig {
        client_tls(&self.authority(), None)
    }
}
