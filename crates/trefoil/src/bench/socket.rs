//! The stream of a device as bare WebSocket messages: frames that were encoded before, several with one write.

use super::{BenchError, Server, wire};
use crate::transport::TransportError;
use bytes::Bytes;
use futures_util::{FutureExt as _, SinkExt as _, StreamExt as _, stream::SplitSink, stream::SplitStream};
use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use std::{net::SocketAddr, pin::Pin, sync::Arc};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;
use tokio_tungstenite::{
    WebSocketStream, client_async_with_config,
    tungstenite::{Error as WsError, Message, client::IntoClientRequest as _, protocol::WebSocketConfig},
};
use trefoil_proto::{limits, paths};

/// Where to connect.
#[derive(Clone, Debug)]
pub(super) struct Target {
    address: SocketAddr,
    tls: Option<Arc<ClientConfig>>,
}

/// With TLS or without.
trait Duplex: AsyncRead + AsyncWrite + Send {}
impl<T: AsyncRead + AsyncWrite + Send> Duplex for T {}

type Socket = WebSocketStream<Pin<Box<dyn Duplex>>>;

/// The half that sends.
pub(super) struct Sending(SplitSink<Socket, Message>);

/// The half that hears.
pub(super) struct Hearing(SplitStream<Socket>);

impl Target {
    pub(super) fn of(server: &Server) -> Self {
        Self { address: server.address(), tls: server.tls() }
    }

    /// Opens the stream of a device from the beginning of its mailbox. `buffer`: bytes read at a time.
    pub(super) async fn open(&self, token: &str, buffer: usize) -> Result<(Sending, Hearing), BenchError> {
        let unreachable = |source: std::io::Error| TransportError::Connect {
            address: self.address.to_string(),
            source: source.into(),
        };
        let tcp = TcpStream::connect(self.address).await.map_err(unreachable)?;
        tcp.set_nodelay(true).map_err(unreachable)?;
        let duplex: Pin<Box<dyn Duplex>> = match &self.tls {
            None => Box::pin(tcp),
            Some(tls) => {
                let name = ServerName::from(self.address.ip());
                Box::pin(TlsConnector::from(tls.clone()).connect(name, tcp).await.map_err(unreachable)?)
            }
        };
        let scheme = if self.tls.is_some() { "wss" } else { "ws" };
        let url = format!("{scheme}://{}{}/stream?after=0", self.address, paths::CLIENT_ROOT);
        let mut request = url.into_client_request()?;
        let bearer = format!("Bearer {token}").parse().map_err(|_| TransportError::StreamRefused(401))?;
        request.headers_mut().insert(http::header::AUTHORIZATION, bearer);
        let sizes = WebSocketConfig::default()
            .max_message_size(Some(limits::SERVER_FRAME))
            .max_frame_size(Some(limits::SERVER_FRAME))
            .read_buffer_size(buffer)
            .write_buffer_size(64 * 1024);
        let (socket, _) =
            client_async_with_config(request, duplex, Some(sizes)).await.map_err(|error| match error {
                WsError::Http(response) => TransportError::StreamRefused(response.status().as_u16()).into(),
                other => BenchError::from(other),
            })?;
        let (sending, hearing) = socket.split();
        Ok((Sending(sending), Hearing(hearing)))
    }
}

impl Sending {
    /// Queues an encoded frame.
    pub(super) async fn feed(&mut self, frame: Bytes) -> Result<(), BenchError> {
        Ok(self.0.feed(Message::Binary(frame)).await?)
    }

    /// Queues an acknowledgement.
    pub(super) async fn acknowledge(&mut self, through: u64) -> Result<(), BenchError> {
        self.feed(Bytes::copy_from_slice(&wire::acknowledgement(through))).await
    }

    /// Writes what is queued.
    pub(super) async fn flush(&mut self) -> Result<(), BenchError> {
        Ok(self.0.flush().await?)
    }
}

impl Hearing {
    /// The next frame.
    pub(super) async fn next(&mut self) -> Result<Bytes, BenchError> {
        loop {
            match self.0.next().await {
                Some(Ok(Message::Binary(frame))) => return Ok(frame),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(_)) => return Err(BenchError::Garbled("a WebSocket message of another kind")),
                Some(Err(error)) => return Err(error.into()),
                None => return Err(WsError::ConnectionClosed.into()),
            }
        }
    }

    /// The next frame, if one is there already.
    pub(super) fn ready(&mut self) -> Option<Result<Bytes, BenchError>> {
        self.next().now_or_never()
    }
}
