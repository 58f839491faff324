//! Hands out the newest signed statement to whoever asks, over plain HTTP: it is signed, and no secret.

use axum::{Router, extract::State, routing};
use std::{io, net::SocketAddr};
use tokio::{net::TcpListener, sync::watch};

/// The statement in its two forms.
#[derive(Clone, Debug, Default)]
pub struct Statement {
    /// An encoded `AuditAnswer`, as a service gives it to another.
    pub encoded: Vec<u8>,
    /// The same as JSON.
    pub json: String,
}

/// Listens and answers in the background: `GET /` as JSON, `GET /statement` encoded. Returns where it listens.
///
/// # Errors
/// The address cannot be listened on.
pub async fn serve(address: SocketAddr, newest: watch::Receiver<Statement>) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind(address).await?;
    let local = listener.local_addr()?;
    let json = |State(newest): State<watch::Receiver<Statement>>| async move {
        ([("content-type", "application/json")], newest.borrow().json.clone())
    };
    let encoded = |State(newest): State<watch::Receiver<Statement>>| async move {
        ([("content-type", trefoil_proto::paths::MEDIA_TYPE)], newest.borrow().encoded.clone())
    };
    let router = Router::new()
        .route("/", routing::get(json))
        .route("/statement", routing::get(encoded))
        .with_state(newest);
    tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, router).await {
            tracing::error!(%error, "the statement is no longer served");
        }
    });
    Ok(local)
}
