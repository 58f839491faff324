//! The WebSocket between a device and its service: binary messages, one frame of the protocol each.

use super::{CONNECT_LIMIT, Service, TransportError};
use futures_util::{SinkExt as _, StreamExt as _, stream::SplitSink, stream::SplitStream};
use rustls_pki_types::ServerName;
use tls_codec::{DeserializeBytes as _, Serialize as _};
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, client::TlsStream};
use tokio_tungstenite::{
    WebSocketStream, client_async_with_config,
    tungstenite::{Error as WsError, Message, client::IntoClientRequest as _, protocol::WebSocketConfig},
};
use trefoil_proto::{
    frame::{ClientFrame, ServerFrame},
    limits, paths,
};

type Socket = WebSocketStream<TlsStream<TcpStream>>;

/// What goes to the service.
#[derive(Debug)]
pub struct Outgoing(SplitSink<Socket, Message>);

/// What comes from the service.
#[derive(Debug)]
pub struct Incoming(SplitStream<Socket>);

/// One thing that came over the stream.
#[derive(Debug)]
pub enum Heard {
    /// A frame.
    Frame(ServerFrame),
    /// The service is there.
    SignOfLife,
    /// The service closed the stream in order.
    Closed,
}

impl Service {
    /// Opens the stream of a device; deliveries begin after mailbox position `after`.
    ///
    /// # Errors
    /// [`TransportError::Connect`] if nobody answers, [`TransportError::StreamRefused`] with the status if the service
    /// refuses (401: the token does not hold any more).
    pub async fn stream(&self, token: &str, after: u64) -> Result<(Outgoing, Incoming), TransportError> {
        match tokio::time::timeout(CONNECT_LIMIT, self.open_stream(token, after)).await {
            Ok(opened) => opened,
            Err(slow) => Err(self.unreachable(slow.into())),
        }
    }

    async fn open_stream(&self, token: &str, after: u64) -> Result<(Outgoing, Incoming), TransportError> {
        let host = self.base.host_str().ok_or_else(|| TransportError::Address(self.address()))?;
        let port = self.base.port_or_known_default().unwrap_or(443);
        // An IPv6 address stands in brackets in a URL and without them everywhere else.
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let name =
            ServerName::try_from(bare.to_owned()).map_err(|_| TransportError::Address(self.address()))?;
        let tcp = TcpStream::connect((bare, port)).await.map_err(|error| self.unreachable(error.into()))?;
        tcp.set_nodelay(true).map_err(|error| self.unreachable(error.into()))?;
        let tls = TlsConnector::from(self.tls.clone())
            .connect(name, tcp)
            .await
            .map_err(|error| self.unreachable(error.into()))?;

        let url = format!("wss://{host}:{port}{}/stream?after={after}", paths::CLIENT_ROOT);
        let mut request = url.into_client_request().map_err(|error| TransportError::Garbled(error.into()))?;
        let bearer = format!("Bearer {token}").parse().map_err(|_| TransportError::StreamRefused(401))?;
        request.headers_mut().insert(http::header::AUTHORIZATION, bearer);
        let sizes = WebSocketConfig::default()
            .max_message_size(Some(limits::SERVER_FRAME))
            .max_frame_size(Some(limits::SERVER_FRAME))
            .write_buffer_size(64 * 1024);
        let (socket, _) =
            client_async_with_config(request, tls, Some(sizes)).await.map_err(|error| match error {
                WsError::Http(response) => TransportError::StreamRefused(response.status().as_u16()),
                other => self.unreachable(other.into()),
            })?;
        let (outgoing, incoming) = socket.split();
        Ok((Outgoing(outgoing), Incoming(incoming)))
    }
}

impl Outgoing {
    /// Queues a frame; [`Outgoing::flush`] puts what is queued onto the network.
    ///
    /// # Errors
    /// [`TransportError::Broken`].
    pub async fn feed(&mut self, frame: &ClientFrame) -> Result<(), TransportError> {
        let bytes = frame.tls_serialize_detached().map_err(|error| TransportError::Garbled(error.into()))?;
        self.0.feed(Message::binary(bytes)).await.map_err(broken)
    }

    /// Puts what is queued onto the network.
    ///
    /// # Errors
    /// [`TransportError::Broken`].
    pub async fn flush(&mut self) -> Result<(), TransportError> {
        self.0.flush().await.map_err(broken)
    }

    /// Asks the service for a sign of life, so that a dead connection is noticed.
    ///
    /// # Errors
    /// [`TransportError::Broken`].
    pub async fn ping(&mut self) -> Result<(), TransportError> {
        self.0.send(Message::Ping(bytes::Bytes::new())).await.map_err(broken)
    }

    /// Says goodbye. The service may be gone already, which is as good.
    pub async fn close(&mut self) {
        let _ = self.0.close().await;
    }
}

impl Incoming {
    /// What comes next. May be dropped while it waits; nothing is lost by that.
    ///
    /// # Errors
    /// [`TransportError::Broken`] when the connection fails; [`TransportError::Garbled`] for anything that is no frame.
    pub async fn next(&mut self) -> Result<Heard, TransportError> {
        match self.0.next().await {
            None | Some(Ok(Message::Close(_)) | Err(WsError::ConnectionClosed)) => Ok(Heard::Closed),
            Some(Ok(Message::Binary(bytes))) => ServerFrame::tls_deserialize_exact_bytes(&bytes)
                .map(Heard::Frame)
                .map_err(|error| TransportError::Garbled(error.into())),
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => Ok(Heard::SignOfLife),
            Some(Ok(Message::Text(_) | Message::Frame(_))) => {
                Err(TransportError::Garbled("a text message".into()))
            }
            Some(Err(error)) => Err(broken(error)),
        }
    }
}

fn broken(error: WsError) -> TransportError {
    TransportError::Broken(error.into())
}
