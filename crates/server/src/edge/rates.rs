//! The rates of the edge: whose requests are counted together, and which of them are the ones that cost.

use super::{Refusal, identity::host};
use crate::{
    config::{FirstContacts, Limits, Registration},
    rate::{Address, Rate, Rates, Wait},
};
use std::{net::IpAddr, num::NonZeroU32};
use trefoil_proto::{DeviceUri, Domain, Timestamp, UserUri, discovery::DiscoveryRequest};

/// A device's messages pass in bursts of so many seconds' worth.
const BURST: u32 = 10;
/// False names that are recorded a minute and certificate.
const FALSE_NAMES: NonZeroU32 = NonZeroU32::new(60).expect("sixty is not zero");
/// One asker gets this part of what a person's devices hand out an hour.
const SHARE: u32 = 3;

/// Every rate of the edge.
pub(super) struct EdgeRates {
    anonymous: Rates,
    registrations: Rates,
    registrations_with: Rates,
    rendezvous: Rates,
    codes: Rates,
    pin_records: Rates,
    pin_tries: Rates,
    requests: Rates,
    messages: Rates,
    lookups: Rates,
    claims: Rates,
    claims_of_target: Rates,
    claims_of_target_by_one: Rates,
    peers: Rates,
    peer_lookups: Rates,
    peer_reports: Rates,
    numbers: Rates,
    buckets: Rates,
    peer_numbers: Rates,
    peer_buckets: Rates,
    peer_claims: Rates,
    peer_passes: Rates,
    peer_registration_passes: Rates,
    false_names: Rates,
}

/// Who asks for key packages.
#[derive(Clone, Copy)]
pub(super) enum Asker<'a> {
    /// One of our people.
    Own(&'a UserUri),
    /// Someone of whom another service says so. It could say it of many: what it gets counts for it as a whole too.
    Of(&'a Domain, &'a UserUri),
    /// Someone of whom another service says nothing: a pass speaks for them.
    Nameless(&'a Domain),
}

impl EdgeRates {
    pub(super) fn new(limits: &Limits, contacts: &FirstContacts, registration: &Registration) -> Self {
        let target = limits.key_claims_per_target_per_hour;
        let share = NonZeroU32::new(target.get() / SHARE).unwrap_or(NonZeroU32::MIN);
        Self {
            anonymous: Rates::new(Rate::per_minute(limits.anonymous_per_minute)),
            registrations: Rates::new(Rate::per_hour(limits.registrations_per_hour)),
            registrations_with: Rates::new(Rate::per_hour(limits.registrations_per_hour)),
            rendezvous: Rates::new(Rate::per_hour(limits.registrations_per_hour)),
            codes: Rates::new(Rate::per_hour(limits.codes_per_hour_from_address)),
            pin_records: Rates::new(Rate::per_hour(limits.pin_records_per_hour)),
            pin_tries: Rates::new(Rate::per_hour(limits.pin_tries_per_hour)),
            requests: Rates::new(Rate::per_minute(limits.requests_per_minute)),
            messages: Rates::new(Rate::per_second(limits.messages_per_second).with_bursts(BURST)),
            lookups: Rates::new(Rate::per_hour(limits.lookups_per_hour)),
            claims: Rates::new(Rate::per_hour(limits.key_claims_per_hour)),
            claims_of_target: Rates::new(Rate::per_hour(target)),
            claims_of_target_by_one: Rates::new(Rate::per_hour(share)),
            peers: Rates::new(Rate::per_second(limits.peer_requests_per_second)),
            peer_lookups: Rates::new(Rate::per_hour(limits.peer_lookups_per_hour)),
            peer_reports: Rates::new(Rate::per_hour(limits.peer_lookups_per_hour)),
            numbers: Rates::new(Rate::per_day(limits.numbers_per_day)),
            buckets: Rates::new(Rate::per_day(limits.numbers_per_day)),
            peer_numbers: Rates::new(Rate::per_day(limits.peer_numbers_per_day)),
            peer_buckets: Rates::new(Rate::per_day(limits.peer_numbers_per_day)),
            peer_claims: Rates::new(Rate::per_minute(limits.key_claims_per_hour)),
            peer_passes: Rates::new(Rate::per_day(contacts.passes_per_service)),
            // Where other services get none, nobody asks this.
            peer_registration_passes: Rates::new(Rate::per_day(
                registration.passes_per_service.unwrap_or(NonZeroU32::MIN),
            )),
            false_names: Rates::new(Rate::per_minute(FALSE_NAMES)),
        }
    }

    /// A request without a token.
    pub(super) fn anonymous(&self, address: IpAddr, now: Timestamp) -> Result<(), Refusal> {
        pass(self.anonymous.check(&network(address), now))
    }

    /// An attempt to make an account.
    pub(super) fn registration(&self, address: IpAddr, now: Timestamp) -> Result<(), Refusal> {
        pass(self.registrations.check(&network(address), now))
    }

    /// The same with a pass: as many, counted by the pass and not by the address.
    pub(super) fn registration_with(&self, nonce: &[u8; 32], now: Timestamp) -> Result<(), Refusal> {
        pass(self.registrations_with.check(nonce, now))
    }

    /// A device that wants to be linked: as many as may try to make an account, counted apart.
    pub(super) fn rendezvous(&self, address: IpAddr, now: Timestamp) -> Result<(), Refusal> {
        pass(self.rendezvous.check(&network(address), now))
    }

    /// A wish for a one-time code.
    pub(super) fn code(&self, address: IpAddr, now: Timestamp) -> Result<(), Refusal> {
        pass(self.codes.check(&network(address), now))
    }

    /// A step of making or removing a PIN record.
    pub(super) fn pin_record(&self, address: IpAddr, now: Timestamp) -> Result<(), Refusal> {
        pass(self.pin_records.check(&network(address), now))
    }

    /// A step of restoring by a PIN, whosever.
    pub(super) fn pin_try(&self, address: IpAddr, now: Timestamp) -> Result<(), Refusal> {
        pass(self.pin_tries.check(&network(address), now))
    }

    /// A request of a device.
    pub(super) fn request(&self, device: &DeviceUri, now: Timestamp) -> Result<(), Refusal> {
        pass(self.requests.check(device, now))
    }

    /// A message of a device, by whichever way: a new connection brings no new burst.
    pub(super) fn message(&self, device: &DeviceUri, now: Timestamp) -> Result<(), Refusal> {
        pass(self.messages.check(device, now))
    }

    /// A look-up by one of our people.
    pub(super) fn lookup(&self, user: &UserUri, now: Timestamp) -> Result<(), Refusal> {
        pass(self.lookups.check(user, now))
    }

    /// A claim of key packages.
    pub(super) fn claim(&self, asker: Asker<'_>, now: Timestamp) -> Result<(), Refusal> {
        match asker {
            Asker::Own(user) => pass(self.claims.check(&("", user), now)),
            Asker::Of(peer, user) => {
                pass(self.peer_claims.check(&host(peer), now))?;
                pass(self.claims.check(&(host(peer), user), now))
            }
            Asker::Nameless(peer) => pass(self.peer_claims.check(&host(peer), now)),
        }
    }

    /// True if a claim may take packages for one use; past the rate of the asker or of the target, only the last
    /// resort is handed out, so that nobody's packages can be drained and nobody is refused for it.
    pub(super) fn may_use_up(&self, asker: Asker<'_>, target: &UserUri, now: Timestamp) -> bool {
        let by_one = match asker {
            Asker::Own(user) => self.claims_of_target_by_one.check(&("", Some(user), target), now),
            // The peer's share, whomever it names as asking.
            Asker::Of(peer, _) | Asker::Nameless(peer) => {
                self.claims_of_target_by_one.check(&(host(peer), None::<&UserUri>, target), now)
            }
        };
        by_one.is_ok() && self.claims_of_target.check(target, now).is_ok()
    }

    /// Passes that another service gets for its people.
    pub(super) fn passes(&self, peer: &Domain, count: usize, now: Timestamp) -> Result<(), Refusal> {
        pass(self.peer_passes.check_many(&host(peer), count, now))
    }

    /// Passes for registrations that another service gets for its people.
    pub(super) fn registration_passes(
        &self,
        peer: &Domain,
        count: usize,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        pass(self.peer_registration_passes.check_many(&host(peer), count, now))
    }

    /// A request of another service.
    pub(super) fn peer(&self, peer: &Domain, now: Timestamp) -> Result<(), Refusal> {
        pass(self.peers.check(&host(peer), now))
    }

    /// True if one more false name of whoever proved this one is to be recorded.
    pub(super) fn may_note_name(&self, proven: &Domain, now: Timestamp) -> bool {
        self.false_names.check(&host(proven), now).is_ok()
    }

    /// A report that another service hands in or on: as many as look-ups, counted apart, so that whoever looks people up keeps no
    /// report away.
    pub(super) fn peer_report(&self, peer: &Domain, now: Timestamp) -> Result<(), Refusal> {
        pass(self.peer_reports.check(&host(peer), now))
    }

    /// A look-up by another service.
    pub(super) fn peer_lookup(&self, peer: &Domain, now: Timestamp) -> Result<(), Refusal> {
        pass(self.peer_lookups.check(&host(peer), now))
    }

    /// A question by number of one of our people: each number counts, and so does each bucket.
    pub(super) fn numbers(
        &self,
        user: &UserUri,
        request: &DiscoveryRequest,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        pass(match request {
            DiscoveryRequest::Evaluate(elements) => self.numbers.check_many(user, elements.len(), now),
            DiscoveryRequest::Buckets { prefixes, .. } => self.buckets.check_many(user, prefixes.len(), now),
        })
    }

    /// The same of another service, for all its people.
    pub(super) fn peer_numbers(
        &self,
        peer: &Domain,
        request: &DiscoveryRequest,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        pass(match request {
            DiscoveryRequest::Evaluate(elements) => {
                self.peer_numbers.check_many(&host(peer), elements.len(), now)
            }
            DiscoveryRequest::Buckets { prefixes, .. } => {
                self.peer_buckets.check_many(&host(peer), prefixes.len(), now)
            }
        })
    }

    /// Forgets those who have rested.
    pub(super) fn sweep(&self, now: Timestamp) {
        for rates in [
            &self.anonymous,
            &self.registrations,
            &self.registrations_with,
            &self.rendezvous,
            &self.codes,
            &self.pin_records,
            &self.pin_tries,
            &self.requests,
            &self.messages,
            &self.lookups,
            &self.claims,
            &self.claims_of_target,
            &self.claims_of_target_by_one,
            &self.peers,
            &self.peer_lookups,
            &self.numbers,
            &self.buckets,
            &self.peer_numbers,
            &self.peer_buckets,
            &self.peer_claims,
            &self.peer_passes,
            &self.peer_registration_passes,
            &self.false_names,
        ] {
            rates.sweep(now);
        }
    }
}

/// What counts as one address: of IPv6 the /64, since whoever has one address there has them all.
pub(super) fn network(address: IpAddr) -> IpAddr {
    Address(address).network()
}

fn pass(checked: Result<(), Wait>) -> Result<(), Refusal> {
    checked.map_err(|Wait(millis)| Refusal::rate_limited(millis))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const NOW: Timestamp = Timestamp(1_700_000_000_000);

    #[test]
    fn an_address_of_ipv6_counts_by_its_64_and_a_mapped_one_as_what_it_is() {
        let parse = |text: &str| network(text.parse().unwrap());
        assert_eq!(parse("2001:db8:1:2:3:4:5:6"), parse("2001:db8:1:2:ffff::1"));
        assert_ne!(parse("2001:db8:1:2::1"), parse("2001:db8:1:3::1"));
        assert_eq!(parse("::ffff:192.0.2.1"), parse("192.0.2.1"));
        assert_ne!(parse("192.0.2.1"), parse("192.0.2.2"));
    }

    #[test]
    fn a_peer_gets_one_share_of_a_person_whatever_it_calls_itself() {
        let limits = Limits { key_claims_per_target_per_hour: 9.try_into().unwrap(), ..Limits::default() };
        let rates = EdgeRates::new(&limits, &FirstContacts::default(), &Registration::default());
        let target: UserUri = "mimi://a.test/u/target".parse().unwrap();
        let got = |asker: Asker<'_>| (0..10).filter(|_| rates.may_use_up(asker, &target, NOW)).count();
        let mut all = 0;
        for (domain, user) in [("b.test", "x"), ("b.test:1", "y"), ("b.test:2", "z")] {
            let user = format!("mimi://{domain}/u/{user}").parse().unwrap();
            all += got(Asker::Of(&domain.parse().unwrap(), &user));
        }
        assert_eq!(all, 3);
        let own = ["p", "q", "r"].map(|id| format!("mimi://a.test/u/{id}").parse::<UserUri>().unwrap());
        assert_eq!(got(Asker::Own(&own[0])), 3);
        assert_eq!(got(Asker::Own(&own[1])), 3);
        // Nine in all: the target's packages are not drained by many askers either.
        assert_eq!(got(Asker::Own(&own[2])), 0);
    }
}
