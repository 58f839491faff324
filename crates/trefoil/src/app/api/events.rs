//! The stream of what happens, to windows and scripts.

use super::super::{App, hub::Happening, session::Who};
use axum::{
    Extension,
    extract::{
        State, WebSocketUpgrade,
        ws::{Message, WebSocket},
    },
    response::Response,
};
use std::sync::Arc;
use tokio::sync::broadcast;

/// What happens, as it happens: a WebSocket of `Happening` objects.
#[utoipa::path(get, path = "/events", responses((status = 101, body = Happening)))]
pub(super) async fn events(
    State(app): State<Arc<App>>,
    Extension(who): Extension<Who>,
    upgrade: WebSocketUpgrade,
) -> Response {
    upgrade.max_message_size(4096).on_upgrade(move |socket| tell(socket, app, who))
}

/// Until the window goes, or the session ends by which it was let in.
async fn tell(mut socket: WebSocket, app: Arc<App>, who: Who) {
    let (mut listening, mut endings) = (app.accounts.hub().listen(), app.sessions.endings());
    while app.sessions.lets(who) {
        let text = tokio::select! {
            heard = listening.recv() => match heard {
                Ok(text) => text,
                Err(broadcast::error::RecvError::Lagged(_)) => {
                    serde_json::to_string(&Happening::Behind).unwrap_or_default().into()
                }
                Err(broadcast::error::RecvError::Closed) => break,
            },
            _ = endings.changed() => continue,
            // Windows say nothing here; what they send is read so that closing is seen.
            said = socket.recv() => match said {
                Some(Ok(_)) => continue,
                Some(Err(_)) | None => break,
            },
        };
        if socket.send(Message::Text((&*text).into())).await.is_err() {
            break;
        }
    }
}
