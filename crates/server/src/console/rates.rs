//! How often somebody without a session may ask, by address: signing in cannot be shut by asking for it too often.

use super::{Console, error::Problem};
use crate::{
    rate::{Address, Rate, Rates, Wait},
    staff::StaffName,
};
use axum::extract::FromRequestParts;
use http::request::Parts;
use std::{net::IpAddr, num::NonZeroU32, sync::Arc};
use trefoil_proto::Timestamp;

/// Requests a minute of one address: ten commands a second that sign in each time are five people's.
const ANONYMOUS: NonZeroU32 = NonZeroU32::new(600).expect("not zero");
/// Of these, ceremonies with passkeys that it begins: of those some are kept, and the oldest gives way.
const CEREMONIES: NonZeroU32 = NonZeroU32::new(30).expect("not zero");

/// The rates of the console.
pub(super) struct ConsoleRates {
    anonymous: Rates,
    ceremonies: Rates,
    failed: Rates,
}

impl Default for ConsoleRates {
    fn default() -> Self {
        Self {
            anonymous: Rates::new(Rate::per_minute(ANONYMOUS)),
            ceremonies: Rates::new(Rate::per_minute(CEREMONIES)),
            failed: Rates::new(Rate::per_minute(NonZeroU32::MIN)),
        }
    }
}

impl ConsoleRates {
    /// Whether another failed sign-in of somebody goes into the trail: one a minute does.
    pub(super) fn notes_failure(&self, name: &StaffName, now: Timestamp) -> bool {
        self.failed.check(name, now).is_ok()
    }
}

/// Somebody without a session, within the rate of their address.
pub(super) struct Anyone(IpAddr);

/// The same, who begins a ceremony with a passkey.
pub(super) struct Beginner;

impl FromRequestParts<Arc<Console>> for Anyone {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, console: &Arc<Console>) -> Result<Self, Problem> {
        let address = parts.extensions.get::<Address>().copied();
        let address = address.ok_or_else(|| Problem::malformed("the connection has no address"))?;
        let address = if console.settings.behind_proxy { address.forwarded(&parts.headers) } else { address };
        let network = address.network();
        pass(console.rates.anonymous.check(&network, console.now()), console.now())?;
        Ok(Self(network))
    }
}

impl FromRequestParts<Arc<Console>> for Beginner {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, console: &Arc<Console>) -> Result<Self, Problem> {
        let Anyone(network) = Anyone::from_request_parts(parts, console).await?;
        pass(console.rates.ceremonies.check(&network, console.now()), console.now())?;
        Ok(Self)
    }
}

fn pass(checked: Result<(), Wait>, now: Timestamp) -> Result<(), Problem> {
    checked.map_err(|Wait(millis)| Problem::too_often(now.plus_millis(millis.into())))
}
