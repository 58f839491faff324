//! Rates: how often one address, one device, one person, one peer may ask. In memory, bounded, never written down.

use super::Refusal;
use crate::config::Limits;
use governor::{
    DefaultDirectRateLimiter, DefaultKeyedRateLimiter, NotUntil, Quota, RateLimiter,
    clock::{Clock, DefaultClock},
};
use std::{
    hash::Hash,
    net::{IpAddr, Ipv6Addr},
    num::NonZeroU32,
};
use trefoil_proto::{DeviceUri, Domain, UserUri};

/// Keys kept at most; beyond it those that have rested are dropped, and new ones wait.
const KEYS: usize = 200_000;

/// Every rate of the edge.
pub(super) struct Rates {
    anonymous: DefaultKeyedRateLimiter<IpAddr>,
    requests: DefaultKeyedRateLimiter<DeviceUri>,
    messages: DefaultKeyedRateLimiter<DeviceUri>,
    lookups: DefaultKeyedRateLimiter<UserUri>,
    claims: DefaultKeyedRateLimiter<UserUri>,
    peers: DefaultKeyedRateLimiter<Domain>,
    peer_lookups: DefaultKeyedRateLimiter<Domain>,
    peer_claims: DefaultKeyedRateLimiter<Domain>,
    message_quota: Quota,
}

impl Rates {
    pub(super) fn new(limits: &Limits) -> Self {
        let message_quota = Quota::per_second(limits.messages_per_second)
            .allow_burst(limits.messages_per_second.saturating_mul(TEN));
        Self {
            anonymous: RateLimiter::keyed(Quota::per_minute(limits.anonymous_per_minute)),
            requests: RateLimiter::keyed(Quota::per_minute(limits.requests_per_minute)),
            messages: RateLimiter::keyed(message_quota),
            lookups: RateLimiter::keyed(Quota::per_hour(limits.lookups_per_hour)),
            claims: RateLimiter::keyed(Quota::per_hour(limits.key_claims_per_hour)),
            peers: RateLimiter::keyed(Quota::per_second(limits.peer_requests_per_second)),
            peer_lookups: RateLimiter::keyed(Quota::per_hour(limits.peer_lookups_per_hour)),
            peer_claims: RateLimiter::keyed(Quota::per_minute(limits.key_claims_per_hour)),
            message_quota,
        }
    }

    /// A request without a token. Addresses of IPv6 count by their /64.
    pub(super) fn anonymous(&self, address: IpAddr) -> Result<(), Refusal> {
        let key = match address.to_canonical() {
            IpAddr::V6(v6) => {
                let [a, b, c, d, ..] = v6.segments();
                IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
            }
            v4 => v4,
        };
        check(&self.anonymous, &key)
    }

    /// A request of a device.
    pub(super) fn request(&self, device: &DeviceUri) -> Result<(), Refusal> {
        check(&self.requests, device)
    }

    /// A message by `POST`.
    pub(super) fn message(&self, device: &DeviceUri) -> Result<(), Refusal> {
        check(&self.messages, device)
    }

    /// The rate of messages on one WebSocket: a device has one at a time.
    pub(super) fn connection(&self) -> MessageRate {
        MessageRate(RateLimiter::direct(self.message_quota))
    }

    /// A look-up by one of our people.
    pub(super) fn lookup(&self, user: &UserUri) -> Result<(), Refusal> {
        check(&self.lookups, user)
    }

    /// A claim of key packages by one of our people.
    pub(super) fn claim(&self, user: &UserUri) -> Result<(), Refusal> {
        check(&self.claims, user)
    }

    /// A request of another service.
    pub(super) fn peer(&self, peer: &Domain) -> Result<(), Refusal> {
        check(&self.peers, peer)
    }

    /// A look-up by another service.
    pub(super) fn peer_lookup(&self, peer: &Domain) -> Result<(), Refusal> {
        check(&self.peer_lookups, peer)
    }

    /// A claim of key packages by another service.
    pub(super) fn peer_claim(&self, peer: &Domain) -> Result<(), Refusal> {
        check(&self.peer_claims, peer)
    }

    /// Drops the keys that have rested long enough to start anew.
    pub(super) fn sweep(&self) {
        rest(&self.anonymous);
        rest(&self.requests);
        rest(&self.messages);
        rest(&self.lookups);
        rest(&self.claims);
        rest(&self.peers);
        rest(&self.peer_lookups);
        rest(&self.peer_claims);
    }
}

/// The rate of messages on one connection.
pub(super) struct MessageRate(DefaultDirectRateLimiter);

impl MessageRate {
    pub(super) fn check(&self) -> Result<(), Refusal> {
        self.0.check().map_err(|until| refused(&until))
    }
}

const TEN: NonZeroU32 = NonZeroU32::new(10).expect("ten is not zero");

fn check<K: Hash + Eq + Clone>(limiter: &DefaultKeyedRateLimiter<K>, key: &K) -> Result<(), Refusal> {
    if limiter.len() > KEYS {
        rest(limiter);
        if limiter.len() > KEYS {
            // So many active keys at once are an attack: answer that the service is busy rather than grow.
            return Err(Refusal::rate_limited(1000));
        }
    }
    limiter.check_key(key).map_err(|until| refused(&until))
}

fn rest<K: Hash + Eq + Clone>(limiter: &DefaultKeyedRateLimiter<K>) {
    limiter.retain_recent();
    limiter.shrink_to_fit();
}

fn refused(until: &NotUntil<<DefaultClock as Clock>::Instant>) -> Refusal {
    let wait = until.wait_time_from(DefaultClock::default().now());
    Refusal::rate_limited(u32::try_from(wait.as_millis()).unwrap_or(u32::MAX).max(1))
}
