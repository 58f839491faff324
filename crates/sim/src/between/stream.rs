//! The WebSocket of a device, frame by frame.

use super::Inner;
use axum::extract::ws::{Message as FromDevice, WebSocket};
use futures_util::{SinkExt as _, StreamExt as _};
use http::HeaderValue;
use tls_codec::{DeserializeBytes as _, Serialize as _};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    client_async,
    tungstenite::{Message, client::IntoClientRequest as _},
};
use trefoil_proto::{
    frame::{ClientFrame, MailboxEntry, ServerFrame},
    paths,
};

/// Carries frames until one side is gone.
pub(super) async fn relay(
    inner: &Inner,
    mut device: WebSocket,
    after: u64,
    token: Option<HeaderValue>,
) -> anyhow::Result<()> {
    let mut added = inner.added.subscribe();
    let after = inner.state().numbers.real(after);
    let url = format!("ws://{}{}/stream?after={after}", inner.service, paths::CLIENT_ROOT);
    let mut request = url.into_client_request()?;
    if let Some(token) = token {
        request.headers_mut().insert(http::header::AUTHORIZATION, token);
    }
    let (mut service, _) = client_async(request, TcpStream::connect(inner.service).await?).await?;
    loop {
        tokio::select! {
            message = service.next() => match message {
                Some(Ok(Message::Binary(bytes))) => {
                    let frame = ServerFrame::tls_deserialize_exact_bytes(&bytes)?;
                    match to_device(inner, frame) {
                        Passed::On(frame) => {
                            device.send(FromDevice::Binary(frame.tls_serialize_detached()?.into())).await?;
                        }
                        // The service waits for an acknowledgement, and the device never will have seen it.
                        Passed::Kept { through } => {
                            let frame = ClientFrame::Acknowledge { through };
                            service.send(Message::binary(frame.tls_serialize_detached()?)).await?;
                        }
                    }
                }
                Some(Ok(Message::Close(_))) | None => return Ok(()),
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(error.into()),
            },
            message = device.next() => match message {
                Some(Ok(FromDevice::Binary(bytes))) => {
                    let frame = ClientFrame::tls_deserialize_exact_bytes(&bytes)?;
                    if let Some(frame) = to_service(inner, frame) {
                        service.send(Message::binary(frame.tls_serialize_detached()?)).await?;
                    }
                }
                Some(Ok(FromDevice::Close(_))) | None => return Ok(()),
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(error.into()),
            },
            body = added.recv() => {
                let entry = MailboxEntry { position: inner.state().numbers.show(None), body: body? };
                let frame = ServerFrame::Deliver { entries: vec![entry] };
                device.send(FromDevice::Binary(frame.tls_serialize_detached()?.into())).await?;
            }
        }
    }
}

/// What becomes of a frame of the service.
enum Passed {
    On(ServerFrame),
    /// All of a delivery is kept back, up to this position.
    Kept {
        through: u64,
    },
}

fn to_device(inner: &Inner, frame: ServerFrame) -> Passed {
    let ServerFrame::Deliver { entries } = frame else { return Passed::On(frame) };
    let mut state = inner.state();
    let through = entries.last().map_or(0, |entry| entry.position);
    let mut shown = Vec::new();
    for MailboxEntry { position, body } in entries {
        state.delivered.push(body.clone());
        let bodies = match &mut state.delivering {
            Some(delivering) => delivering(body),
            None => vec![body],
        };
        for body in bodies {
            shown.push(MailboxEntry { position: state.numbers.show(Some(position)), body });
        }
    }
    if shown.is_empty() {
        Passed::Kept { through }
    } else {
        Passed::On(ServerFrame::Deliver { entries: shown })
    }
}

fn to_service(inner: &Inner, frame: ClientFrame) -> Option<ClientFrame> {
    let mut state = inner.state();
    match frame {
        ClientFrame::Acknowledge { through } => {
            Some(ClientFrame::Acknowledge { through: state.numbers.real(through) })
        }
        ClientFrame::Submit { request, .. } if state.keeps_submissions => {
            state.submissions.push(request);
            None
        }
        frame => Some(frame),
    }
}
