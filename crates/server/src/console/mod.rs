//! The teams' own port: signing in, the JSON interface of the safety desk (`docs/console-api.md`), and the page that a browser gets.
//! Nobody of the service's people comes here, and nothing here is reachable from where they come.

mod desk;
mod error;
mod exhibits;
mod guard;
mod page;
mod rates;
mod routes;
mod shape;
mod sign_in;
mod team;

pub use page::PageFile;
pub use routes::Endpoint;

use crate::{
    accounts::Accounts,
    clock::Clock,
    safety::Safety,
    staff::{Member, Staff, StaffName},
};
use axum::{Router, extract::DefaultBodyLimit, middleware};
use error::Problem;
use rates::ConsoleRates;
use std::sync::Arc;
use trefoil_proto::{Domain, Timestamp};

/// Largest body, in bytes: a verdict with a long explanation, a passkey.
const BODY: usize = 64 * 1024;

/// What the console is told when the service opens.
pub struct Settings {
    /// The service's domain.
    pub domain: Domain,
    /// As a browser says it: `https://desk.chat.example`.
    pub origin: String,
    /// The files of the page.
    pub page: &'static [PageFile],
    /// Whoever comes, comes through a proxy on this machine, which says for whom.
    pub behind_proxy: bool,
}

/// The console of one service.
pub struct Console {
    settings: Settings,
    staff: Arc<Staff>,
    safety: Arc<Safety>,
    accounts: Arc<Accounts>,
    clock: Arc<dyn Clock>,
    rates: ConsoleRates,
}

impl Console {
    /// Puts the console before the rooms.
    pub fn new(
        settings: Settings,
        staff: Arc<Staff>,
        safety: Arc<Safety>,
        accounts: Arc<Accounts>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { settings, staff, safety, accounts, clock, rates: ConsoleRates::default() }
    }

    /// Whether what somebody confirms was done by another person, and not by one whom they let in or who let them in.
    async fn are_two(&self, who: &Member, other: &StaffName) -> Result<(), Problem> {
        // That nobody confirms their own work, the case says.
        if who.name == *other || self.staff.may_pair(&who.name, other).await? {
            return Ok(());
        }
        let message = "one of you let the other into the team: somebody else confirms this, and the operator can invite one more";
        Err(Problem::new(http::StatusCode::FORBIDDEN, "not-two", message))
    }

    /// What answers on its port.
    pub fn router(self: &Arc<Self>) -> Router {
        routes::all()
            .router
            .fallback(guard::no_such_path)
            .layer(DefaultBodyLimit::max(BODY))
            .layer(middleware::from_fn_with_state(Arc::clone(self), guard::guard))
            .with_state(Arc::clone(self))
    }

    /// Everything that can be asked.
    pub fn endpoints() -> Vec<Endpoint> {
        routes::all().endpoints
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }
}
