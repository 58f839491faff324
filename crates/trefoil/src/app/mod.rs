//! The local server of `trefoil app`: the page from inside this program, and the API that the page uses and scripts can use
//! (`docs/local-api.md`, `docs/openapi.json`). Keys never leave the process; everything here is on loopback.

mod accounts;
mod api;
mod error;
mod fetched;
mod file_name;
mod files;
mod guard;
mod hub;
mod keeper;
mod page;
mod pictures;
mod running;
mod scan;
mod session;
mod shape;
mod suggestions;
mod waiting;

pub use accounts::OpenError;
pub use api::document;
pub use pictures::{anew as picture_anew, small as small_picture};
pub use running::{NoLink, PageLink, another_link};
pub use scan::codes as codes_in;
pub use shape::{Alarm, profile_name};

use crate::home::{HomeError, Passphrase, Serving};
use accounts::Accounts;
use axum::{Router, middleware, routing::get};
use fetched::Fetched;
use files::Files;
use hub::Hub;
use pictures::Pictures;
use session::Sessions;
use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::{net::TcpListener, sync::oneshot};
use waiting::Waiting;

/// How long answers may take once the program is to end.
const FAREWELL: Duration = Duration::from_secs(3);

/// What the handlers share.
pub struct App {
    accounts: Accounts,
    files: Files,
    fetched: Fetched,
    pictures: Pictures,
    sessions: Sessions,
    waiting: Waiting,
    /// What the server calls itself, with its port.
    hosts: Vec<String>,
}

/// How the server is started.
pub struct Start<'a> {
    /// Folder of the person, taken for this process.
    pub home: &'a Path,
    /// That it is.
    pub serving: Serving,
    /// What opens the stores.
    pub passphrase: Option<Passphrase>,
    /// File with the services to suggest.
    pub services: Option<&'a Path>,
    /// Port on loopback; 0 takes a free one.
    pub port: u16,
}

/// A server that is about to run.
pub struct Running {
    app: Arc<App>,
    listener: TcpListener,
    address: SocketAddr,
    token_file: PathBuf,
    /// Nobody else serves this person meanwhile.
    _serving: Serving,
}

/// What can go wrong before the page can be opened.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The accounts.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The token file.
    #[error(transparent)]
    Home(#[from] HomeError),
    /// The port.
    #[error("port {port} of this machine cannot be listened on: choose another with --port")]
    Listen {
        /// Which.
        port: u16,
        /// Why.
        source: io::Error,
    },
}

impl Running {
    /// Opens the accounts, goes online with them, and listens.
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn start(start: Start<'_>) -> Result<Self, StartError> {
        let hub = Hub::default();
        let accounts = Accounts::open(start.home, start.passphrase, start.services, hub)?;
        let at = SocketAddr::from((Ipv4Addr::LOCALHOST, start.port));
        let failed = |source| StartError::Listen { port: start.port, source };
        let listener = TcpListener::bind(at).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let port = address.port();
        let sessions = Sessions::new(port);
        let files = Files::open(start.home)?;
        let token_file = start.serving.announce(address, sessions.script())?;
        let hosts = vec![format!("127.0.0.1:{port}"), format!("localhost:{port}")];
        let fetched = Fetched::new(files.folder());
        let app = App {
            accounts,
            files,
            fetched,
            pictures: Pictures::default(),
            sessions,
            waiting: Waiting::default(),
            hosts,
        };
        Ok(Self { app: Arc::new(app), listener, address, token_file, _serving: start.serving })
    }

    /// Address of the page, with a token that opens one session.
    pub fn link(&self) -> String {
        self.app.link()
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The file with the token for scripts.
    pub fn token_file(&self) -> &Path {
        &self.token_file
    }

    /// Serves until `stop` resolves. What is being answered then may end, but nobody holds the program up by not reading, or
    /// by not finishing what they ask. What was acknowledged is in the stores.
    ///
    /// # Errors
    /// The listener failed.
    pub async fn serve(self, stop: impl Future<Output = ()> + Send + 'static) -> io::Result<()> {
        let app = self.app;
        api::resume(&app);
        let router = router(Arc::clone(&app));
        let (told, stopped) = oneshot::channel();
        let stop = async move {
            stop.await;
            // Nobody waits any more if the listener failed.
            let _ = told.send(());
        };
        let served = axum::serve(self.listener, router).with_graceful_shutdown(stop).into_future();
        let late = async move {
            match stopped.await {
                Ok(()) => tokio::time::sleep(FAREWELL).await,
                Err(_) => std::future::pending().await,
            }
        };
        let served = tokio::select! {
            served = served => served,
            () = late => Ok(()),
        };
        // A service that does not answer holds nobody up either.
        let _ = tokio::time::timeout(FAREWELL, app.accounts.close()).await;
        served
    }
}

impl App {
    /// Address of the page, with a token that opens one session.
    fn link(&self) -> String {
        format!("http://{}/#launch={}", self.hosts[0], &**self.sessions.launch())
    }
}

fn router(app: Arc<App>) -> Router {
    Router::new()
        .route("/", get(page::index))
        .route("/{*path}", get(page::asset))
        .merge(api::router())
        .layer(middleware::from_fn_with_state(Arc::clone(&app), guard::guard))
        .with_state(app)
}
