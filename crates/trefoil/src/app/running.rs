//! The page is being served already: a second `trefoil app` of the same person asks the first one for another link.

use crate::{
    home::Served,
    transport::{TransportError, client_config},
};
use serde::{Deserialize, Serialize};
use std::{path::Path, time::Duration};
use utoipa::ToSchema;

/// How long the other process may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// Most bytes of its answer.
const ANSWER: usize = 4096;

/// Another link to the page.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct PageLink {
    /// Opens one session, once, on this machine.
    pub link: String,
}

/// Why the other process gave no link.
#[derive(Debug, thiserror::Error)]
pub enum NoLink {
    /// It has not said yet where it is, or is about to end.
    #[error(
        "the page is being opened or closed by another `trefoil app` of this person: try again in a moment"
    )]
    NotFound,
    /// It did not answer.
    #[error(
        "another `trefoil app` of this person runs and does not answer: end it, with Ctrl-C where it runs, then try again"
    )]
    Silent(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// What it answered is no link to it.
    #[error(
        "another `trefoil app` of this person runs and gives no other link: it may be an older version; end it, with Ctrl-C \
         where it runs, then try again"
    )]
    Refused,
}

/// Asks the process that serves the page of the person in `folder` for another link.
///
/// # Errors
/// [`NoLink`].
pub async fn another_link(folder: &Path) -> Result<PageLink, NoLink> {
    let served = Served::find(folder).ok_or(NoLink::NotFound)?;
    let silent = |error: Box<dyn std::error::Error + Send + Sync>| NoLink::Silent(error);
    let page = format!("http://{}", served.address);
    let http = plain().map_err(|error| silent(error.into()))?;
    let asked =
        http.post(format!("{page}/api/v1/launch")).bearer_auth(&*served.token).header("x-trefoil", "1");
    let mut answer = asked.send().await.map_err(|error| silent(error.into()))?;
    if !answer.status().is_success() {
        return Err(NoLink::Refused);
    }
    let mut body = Vec::new();
    while let Some(piece) = answer.chunk().await.map_err(|error| silent(error.into()))? {
        if body.len() + piece.len() > ANSWER {
            return Err(NoLink::Refused);
        }
        body.extend_from_slice(&piece);
    }
    let launch: PageLink = serde_json::from_slice(&body).map_err(|_| NoLink::Refused)?;
    // It is opened in the person's browser: it leads to where the token was shown, or nowhere.
    if !launch.link.starts_with(&format!("{page}/#")) {
        return Err(NoLink::Refused);
    }
    Ok(launch)
}

/// Loopback without TLS; the client wants to know one all the same.
fn plain() -> Result<reqwest::Client, TransportError> {
    reqwest::Client::builder()
        .tls_backend_preconfigured(client_config(None)?)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .timeout(PATIENCE)
        .build()
        .map_err(|error| TransportError::SetUp(error.into()))
}
