//! What happens outside and reaches the core.

use crate::RequestId;
use trefoil_proto::frame::ServerFrame;

/// The answer to an [`crate::HttpRequest`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpResponse {
    /// Status code.
    pub status: u16,
    /// Body, at most `trefoil_proto::limits::HANDSHAKE` bytes and some.
    pub body: Vec<u8>,
}

/// One thing that happened.
#[derive(Clone, Debug)]
pub enum Input {
    /// A request was answered.
    Response {
        /// Which.
        request: RequestId,
        /// The answer.
        response: HttpResponse,
    },
    /// A request got no answer: whether the service saw it is unknown.
    Failed {
        /// Which.
        request: RequestId,
    },
    /// The stream is open.
    Connected,
    /// The stream could not be opened, or it broke.
    Disconnected {
        /// The service said that the token is no longer good (401).
        unauthenticated: bool,
    },
    /// A frame came over the stream. Frames that have come together are best handed over together, see
    /// [`crate::Client::handle_all`].
    Frame(ServerFrame),
    /// A time asked for with [`crate::Effect::WakeAt`] has come.
    Time,
}
