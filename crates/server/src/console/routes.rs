//! Every endpoint of the console, with what answers it. `docs/console-api.md` has a line for each; a test compares them.

use super::{Console, desk, exhibits, page, sign_in, team};
use axum::{Router, extract::DefaultBodyLimit, handler::Handler, http::Method, routing::MethodFilter};
use std::sync::Arc;

/// What can be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// GET, POST or DELETE.
    pub method: Method,
    /// With its parameters in braces.
    pub path: &'static str,
}

/// A router, and what is in it.
pub(super) struct Routes {
    pub(super) router: Router<Arc<Console>>,
    pub(super) endpoints: Vec<Endpoint>,
}

pub(super) fn all() -> Routes {
    Routes { router: Router::new(), endpoints: Vec::new() }
        .on(Method::GET, "/", page::index)
        .on(Method::GET, "/assets/{*path}", page::asset)
        .on(Method::POST, "/api/join/begin", sign_in::begin_joining)
        .on(Method::POST, "/api/join/passkey", sign_in::join_with_passkey)
        .on(Method::POST, "/api/join/key", sign_in::join_with_key)
        .on(Method::POST, "/api/session/begin", sign_in::begin_entering)
        .on(Method::POST, "/api/session/passkey", sign_in::enter_with_passkey)
        .on(Method::POST, "/api/session/challenge", sign_in::challenge)
        .on(Method::POST, "/api/session/key", sign_in::enter_with_key)
        .on(Method::GET, "/api/session", sign_in::session)
        .on(Method::DELETE, "/api/session", sign_in::leave)
        .on(Method::GET, "/api/policy", desk::policy)
        .on(Method::GET, "/api/queues", desk::queues)
        .on(Method::POST, "/api/queues/{queue}/claim", desk::claim_next)
        .on(Method::GET, "/api/cases/{case}", desk::item)
        .on(Method::POST, "/api/cases/{case}/claim", desk::claim)
        .on(Method::POST, "/api/cases/{case}/release", desk::release)
        .on(Method::POST, "/api/cases/{case}/open", desk::open)
        .on(Method::POST, "/api/cases/{case}/escalate", desk::escalate)
        .on(Method::POST, "/api/cases/{case}/decide", desk::decide)
        .on(Method::POST, "/api/cases/{case}/confirm", desk::confirm)
        .on(Method::POST, "/api/cases/{case}/send-back", desk::send_back)
        .on(Method::POST, "/api/cases/{case}/undo", desk::undo)
        .on(Method::POST, "/api/cases/{case}/answer", desk::answer)
        .on(Method::GET, "/api/cases/{case}/attachments", exhibits::list)
        .on(Method::GET, "/api/cases/{case}/attachments/{number}", exhibits::bytes)
        .on(Method::POST, "/api/cases/{case}/tip", exhibits::prepare)
        .on(Method::GET, "/api/tips", exhibits::tips)
        .on(Method::POST, "/api/tips/{tip}/release", exhibits::release)
        .on(Method::POST, "/api/tips/{tip}/resume", exhibits::resume)
        .on(Method::POST, "/api/tips/{tip}/withdraw", exhibits::withdraw)
        .on(Method::GET, "/api/known", exhibits::lists)
        .on_large(Method::POST, "/api/known", exhibits::LIST, exhibits::take_list)
        .on(Method::DELETE, "/api/known/{name}", exhibits::remove_list)
        .on(Method::GET, "/api/people", desk::person)
        .on(Method::GET, "/api/figures", desk::figures)
        .on(Method::GET, "/api/audit", team::audit)
        .on(Method::GET, "/api/audit/anchors", team::anchors)
        .on(Method::GET, "/api/staff", team::list)
        .on(Method::POST, "/api/staff", team::invite)
        .on(Method::DELETE, "/api/staff/{name}", team::remove)
}

impl Routes {
    /// The same for a body that is larger than others.
    fn on_large<H, T>(mut self, method: Method, path: &'static str, most: usize, handler: H) -> Self
    where
        H: Handler<T, Arc<Console>>,
        T: 'static,
    {
        let filter = MethodFilter::try_from(method.clone()).expect("a method that routers know");
        let route = axum::routing::on(filter, handler).layer(DefaultBodyLimit::max(most));
        self.router = self.router.route(path, route);
        self.endpoints.push(Endpoint { method, path });
        self
    }

    fn on<H, T>(mut self, method: Method, path: &'static str, handler: H) -> Self
    where
        H: Handler<T, Arc<Console>>,
        T: 'static,
    {
        let filter = MethodFilter::try_from(method.clone()).expect("a method that routers know");
        self.router = self.router.route(path, axum::routing::on(filter, handler));
        self.endpoints.push(Endpoint { method, path });
        self
    }
}
