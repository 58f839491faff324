//! What the core asks the shell to do. Nothing here can be reached before its step is committed.

use trefoil_proto::{Timestamp, frame::ClientFrame};

/// Names a request; the shell gives it back with the answer. Never used twice in the life of a [`crate::Client`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RequestId(pub u64);

/// HTTP method.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    /// GET.
    Get,
    /// POST.
    Post,
    /// DELETE.
    Delete,
}

/// A request to the account's own service, to be performed blindly.
#[derive(Clone, PartialEq, Eq)]
pub struct HttpRequest {
    /// Method.
    pub method: Method,
    /// Path from the root, already percent-encoded, for example `/v1/keyMaterial/mimi%3A%2F%2F…`.
    pub path: String,
    /// Body in TLS presentation language (`trefoil_proto::paths::MEDIA_TYPE`); empty for GET.
    pub body: Vec<u8>,
    /// Send `Authorization: Bearer` with [`crate::Client::bearer`], which holds a token whenever such a request is
    /// handed out.
    pub authenticated: bool,
}

impl std::fmt::Debug for HttpRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} {} ({} bytes)", self.method, self.path, self.body.len())
    }
}

/// One thing for the shell to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Perform the request and feed [`crate::Input::Response`] or [`crate::Input::Failed`].
    Request(RequestId, HttpRequest),
    /// Send a frame on the open stream. If the stream breaks before it is sent, drop it: the core sends again what
    /// matters after [`crate::Input::Connected`].
    Frame(ClientFrame),
    /// Open `GET /v1/stream?after=<position>` with the bearer token, then feed [`crate::Input::Connected`].
    OpenStream {
        /// Everything up to here is on the device already.
        after: u64,
    },
    /// Feed [`crate::Input::Time`] at this time or soon after. Only the earliest wake-up matters.
    WakeAt(Timestamp),
}
