//! Every endpoint, with what answers it. A router does not say what is in it, so this list does: the tests of bad input
//! have a case for each line, and a new line without one fails them.

use super::{
    Edge, attachments, backups, conversation, directory, discovery, first_contacts, guard, log, mimi, minors,
    people, pin, registration, rendezvous, safety, stream,
};
use axum::{Router, handler::Handler, routing::MethodFilter};
use http::Method;
use std::sync::Arc;
use trefoil_proto::{paths, policy_list};

/// What can be asked: a method and a path, with its parameters in braces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// GET, POST, PUT, DELETE or HEAD.
    pub method: Method,
    /// For example `/v1/media/{id}`.
    pub path: String,
}

/// A router, and what is in it.
pub(super) struct Routes {
    root: &'static str,
    pub(super) router: Router<Arc<Edge>>,
    pub(super) endpoints: Vec<Endpoint>,
}

/// What the service's own devices may ask.
pub(super) fn client() -> Routes {
    Routes::under(paths::CLIENT_ROOT)
        .on(Method::GET, "/service", people::service)
        .on(Method::POST, "/accounts/code", people::code)
        .on(Method::POST, "/accounts", registration::register)
        .on(Method::GET, "/accounts/devices", people::devices)
        .on(Method::POST, "/accounts/devices", people::add_device)
        .on(Method::DELETE, "/accounts/devices/{device}", people::remove_device)
        .on(Method::POST, "/accounts/recover/begin", people::begin_recovery)
        .on(Method::POST, "/accounts/recover", people::recover)
        .on(Method::GET, "/account", people::account)
        .on(Method::POST, "/auth/challenge", people::challenge)
        .on(Method::POST, "/auth/token", people::token)
        .on(Method::GET, "/keyPackages", people::key_package_counts)
        .on(Method::POST, "/keyPackages", people::publish_key_packages)
        .on(Method::POST, "/rooms", conversation::create)
        .on(Method::POST, "/update/{room}", conversation::update)
        .on(Method::POST, "/submitMessage/{room}", conversation::submit)
        .on(Method::POST, "/groupInfo/{room}", conversation::group_info)
        .on(Method::POST, "/keyMaterial/{user}", conversation::key_material)
        .on(Method::POST, "/passes/{domain}", first_contacts::passes)
        .on(Method::POST, "/firstContact/{user}", first_contacts::claim)
        .on(Method::POST, "/reached/{user}", minors::claim)
        .on(Method::POST, "/guardian/{user}", minors::word)
        .on(Method::GET, "/minor", minors::standing)
        .on(Method::POST, "/minor/reach", minors::replace_reach)
        .on(Method::POST, "/minor/guardian", minors::invite_guardian)
        .on(Method::GET, "/minors/ages", minors::ages)
        .on(Method::POST, "/identifierQuery/{domain}", conversation::identifier_query)
        .on(Method::POST, "/discovery/{domain}", discovery::ask)
        .on(Method::POST, "/requestConsent/{domain}", guard::unsupported)
        .on(Method::POST, "/updateConsent/{domain}", guard::unsupported)
        .on(Method::POST, "/reportAbuse/{room}", safety::report)
        .on(Method::POST, "/followReport/{room}", safety::follow)
        .on(Method::GET, "/decisions", safety::decisions)
        .on(Method::POST, "/decisions/appeal", safety::appeal)
        .on(Method::POST, "/media", attachments::open)
        .on(Method::PUT, "/media/{id}", attachments::append)
        .on(Method::GET, "/media/{id}", attachments::read)
        .on(Method::HEAD, "/media/{id}", attachments::progress)
        .on(Method::GET, "/proxyDownload/{url}", attachments::proxy)
        .on(Method::POST, "/backups", backups::open)
        .on(Method::POST, "/backups/segment", backups::put)
        .on(Method::POST, "/backups/manifest", backups::replace)
        .on(Method::POST, "/backups/read", backups::read)
        .on(Method::POST, "/backups/delete", backups::delete)
        .on(Method::PUT, "/rendezvous/{slot}/{half}", rendezvous::put)
        .on(Method::GET, "/rendezvous/{slot}/{half}", rendezvous::get)
        .on(Method::POST, "/pin/prepare", pin::prepare)
        .on(Method::POST, "/pin/records", pin::store)
        .on(Method::POST, "/pin/tries", pin::attempt)
        .on(Method::POST, "/pin/unlock", pin::unlock)
        .on(Method::POST, "/pin/remove", pin::remove)
        .on(Method::POST, "/pin/find", pin::find)
        .on(Method::GET, "/pin/note", pin::note)
        .on(Method::PUT, "/pin/note", pin::put_note)
        .on(Method::DELETE, "/pin/note", pin::remove_note)
        .on(Method::GET, "/stream", stream::connect)
        .on(Method::GET, "/directory/services", directory::services)
        .on(Method::POST, "/directory/proof", directory::proof)
        .on(Method::GET, "/directory/root/{domain}/{epoch}", directory::root)
        .on(Method::GET, "/directory/epochs/{from}", directory::epochs)
        .from("")
        .on(Method::GET, paths::WELL_KNOWN, mimi::directory)
        .on(Method::GET, "/log/checkpoint", log::checkpoint)
        .on(Method::GET, "/log/tile/{*path}", log::tile)
}

/// What other services may ask.
pub(super) fn federation() -> Routes {
    Routes::under(paths::MIMI_ROOT)
        .on(Method::POST, "/keyMaterial/{user}", mimi::key_material)
        .on(Method::POST, "/update/{room}", mimi::update)
        .on(Method::POST, "/notify/{room}", mimi::notify)
        .on(Method::POST, "/submitMessage/{room}", mimi::submit)
        .on(Method::POST, "/groupInfo/{room}", mimi::group_info)
        .on(Method::POST, "/identifierQuery/{domain}", mimi::identifier_query)
        .on(Method::POST, "/requestConsent/{domain}", guard::unsupported)
        .on(Method::POST, "/updateConsent/{domain}", guard::unsupported)
        .on(Method::POST, "/reportAbuse/{room}", safety::report_of_peer)
        .on(Method::POST, "/followReport/{room}", safety::follow_of_peer)
        .on(Method::POST, "/forwardReport/{user}", safety::take_over)
        .on(Method::GET, "/proxyDownload/{url}", mimi::media)
        .on(Method::POST, "/keyProof/{user}", directory::proof_for_peer)
        .on(Method::POST, "/auditDirectory/{domain}", directory::audit)
        .on(Method::POST, "/directoryRoot/{domain}", directory::root_for_peer)
        .on(Method::POST, "/discovery/{domain}", discovery::ask_for_peer)
        .on(Method::POST, "/passes/{domain}", first_contacts::passes_for_peer)
        .on(Method::POST, "/firstContact/{user}", first_contacts::claim_for_peer)
        .on(Method::POST, "/reached/{user}", minors::claim_for_peer)
        .on(Method::POST, "/guardian/{user}", minors::word_for_peer)
        .from(paths::CLIENT_ROOT)
        .on(Method::GET, "/media/{id}", mimi::own_media)
        .from("")
        .on(Method::GET, paths::WELL_KNOWN, mimi::directory)
        .on(Method::GET, policy_list::PATH, first_contacts::policy_list)
        .on(Method::POST, "/log/witness/add-checkpoint", log::add_checkpoint)
}

impl Edge {
    /// Everything that the service's own devices may ask.
    pub fn client_endpoints() -> Vec<Endpoint> {
        client().endpoints
    }

    /// Everything that other services may ask.
    pub fn federation_endpoints() -> Vec<Endpoint> {
        federation().endpoints
    }
}

impl Routes {
    fn under(root: &'static str) -> Self {
        Self { root, router: Router::new(), endpoints: Vec::new() }
    }

    /// What follows is under another root.
    fn from(self, root: &'static str) -> Self {
        Self { root, ..self }
    }

    fn on<H, T>(mut self, method: Method, path: &'static str, handler: H) -> Self
    where
        H: Handler<T, Arc<Edge>>,
        T: 'static,
    {
        let filter = MethodFilter::try_from(method.clone()).expect("a method that routers know");
        let path = format!("{}{path}", self.root);
        self.router = self.router.route(&path, axum::routing::on(filter, handler));
        self.endpoints.push(Endpoint { method, path });
        self
    }
}
