//! A rate for each of many keys: how often one address, one device, one person may ask. In memory, bounded, told the
//! time, never written down.
//!
//! The generic cell rate algorithm: a key owes one interval for each thing it did, and pays with time. When a table is
//! full it forgets those who owe least: they lose next to nothing by it, whoever uses a rate up stays known, and
//! someone new is never refused for what others do.

use http::HeaderMap;
use std::{
    collections::HashMap,
    hash::{BuildHasher as _, Hash, RandomState},
    net::{IpAddr, Ipv6Addr},
    num::NonZeroU32,
    sync::{Mutex, MutexGuard, PoisonError},
};
use trefoil_proto::Timestamp;

/// Keys that a table remembers.
const KEYS: usize = 200_000;
const SECOND: u64 = 1_000_000;

/// The other end of a connection, as the listener saw it: stands in the extensions of each request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Address(pub IpAddr);

impl Address {
    /// Who is counted together: an IPv4 address; of IPv6 a network of 64 bits, which is one customer's.
    pub fn network(self) -> IpAddr {
        match self.0.to_canonical() {
            IpAddr::V6(v6) => {
                let [a, b, c, d, ..] = v6.segments();
                IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
            }
            v4 => v4,
        }
    }

    /// Whom a proxy on this machine says that it speaks for: the last entry of `X-Forwarded-For`, which alone is its own.
    pub fn forwarded(self, headers: &HeaderMap) -> Self {
        let forwarded = headers.get("x-forwarded-for").and_then(|value| value.to_str().ok());
        let last = forwarded.and_then(|value| value.rsplit(',').next()?.trim().parse().ok());
        last.map_or(self, Self)
    }
}

/// So many in so long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Microseconds between two, in the long run.
    interval: u64,
    /// Microseconds that may be owed.
    most: u64,
}

impl Rate {
    /// So many a second, in one burst or spread.
    pub fn per_second(count: NonZeroU32) -> Self {
        Self::per(SECOND, count)
    }

    /// So many a minute, in one burst or spread.
    pub fn per_minute(count: NonZeroU32) -> Self {
        Self::per(60 * SECOND, count)
    }

    /// So many an hour, in one burst or spread.
    pub fn per_hour(count: NonZeroU32) -> Self {
        Self::per(3600 * SECOND, count)
    }

    /// So many a day, in one burst or spread.
    pub fn per_day(count: NonZeroU32) -> Self {
        Self::per(24 * 3600 * SECOND, count)
    }

    /// The same rate in the long run, with bursts so many times as large.
    pub fn with_bursts(self, times: u32) -> Self {
        Self { most: self.most.saturating_mul(u64::from(times.max(1))), ..self }
    }

    fn per(period: u64, count: NonZeroU32) -> Self {
        let interval = (period / u64::from(count.get())).max(1);
        Self { interval, most: interval.saturating_mul(u64::from(count.get())) }
    }
}

/// Too often: how long to wait, in milliseconds, never zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait(pub u32);

/// One rate, counted for each key apart. Of a key a hash is kept, under a secret that dies with the process.
pub struct Rates {
    rate: Rate,
    keys: usize,
    secret: RandomState,
    /// When each key will have paid what it owes, in microseconds.
    paid: Mutex<HashMap<u64, u64>>,
}

impl Rates {
    /// A rate that nobody has used yet.
    pub fn new(rate: Rate) -> Self {
        Self::with_keys(rate, KEYS)
    }

    fn with_keys(rate: Rate, keys: usize) -> Self {
        Self { rate, keys, secret: RandomState::new(), paid: Mutex::default() }
    }

    /// Counts one against a key, or counts nothing and says how long to wait.
    ///
    /// # Errors
    /// [`Wait`].
    pub fn check(&self, key: &impl Hash, now: Timestamp) -> Result<(), Wait> {
        self.check_many(key, 1, now)
    }

    /// Counts so many against a key, or none of them. More than a burst never pass.
    ///
    /// # Errors
    /// [`Wait`].
    pub fn check_many(&self, key: &impl Hash, count: usize, now: Timestamp) -> Result<(), Wait> {
        let key = self.secret.hash_one(key);
        let now = now.0.saturating_mul(1000);
        let most = now.saturating_add(self.rate.most);
        let mut paid = self.lock();
        // Nobody owes more than may be owed, not even after the clock was set back.
        let old = paid.get(&key).map(|until| (*until).clamp(now, most));
        let until = old.unwrap_or(now).saturating_add(self.rate.interval.saturating_mul(count as u64));
        if until > most {
            paid.entry(key).and_modify(|until| *until = (*until).min(most));
            let wait = (until - most).div_ceil(1000);
            return Err(Wait(u32::try_from(wait).unwrap_or(u32::MAX).max(1)));
        }
        if old.is_none() && paid.len() >= self.keys {
            make_room(&mut paid, self.keys, now);
        }
        paid.insert(key, until);
        Ok(())
    }

    /// Forgets those who owe nothing.
    pub fn sweep(&self, now: Timestamp) {
        let now = now.0.saturating_mul(1000);
        let mut paid = self.lock();
        paid.retain(|_, until| *until > now);
        paid.shrink_to_fit();
    }

    /// The map is whole between any two statements, so a panic elsewhere leaves it usable.
    fn lock(&self) -> MutexGuard<'_, HashMap<u64, u64>> {
        self.paid.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Forgets who owes nothing; if that frees too little, the quarter that owes least. Costs a look at all of them, once
/// in a quarter of as many new keys.
fn make_room(paid: &mut HashMap<u64, u64>, keys: usize, now: u64) {
    paid.retain(|_, until| *until > now);
    let spare = (keys / 4).max(1);
    let Some(mut surplus) = paid.len().checked_sub(keys - spare).filter(|surplus| *surplus > 0) else {
        return;
    };
    let mut debts: Vec<u64> = paid.values().copied().collect();
    let (_, least, _) = debts.select_nth_unstable(surplus - 1);
    let least = *least;
    paid.retain(|_, until| {
        let keep = *until > least || surplus == 0;
        surplus -= usize::from(!keep);
        keep
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const START: Timestamp = Timestamp(1_700_000_000_000);

    fn count(number: u32) -> NonZeroU32 {
        NonZeroU32::new(number).expect("not zero")
    }

    #[test]
    fn a_burst_then_one_an_interval() {
        let rates = Rates::new(Rate::per_minute(count(3)));
        for _ in 0..3 {
            assert_eq!(rates.check(&"ann", START), Ok(()));
        }
        assert_eq!(rates.check(&"ann", START), Err(Wait(20_000)));
        assert_eq!(rates.check(&"bob", START), Ok(()));
        assert_eq!(rates.check(&"ann", START.plus_millis(19_999)), Err(Wait(1)));
        assert_eq!(rates.check(&"ann", START.plus_millis(20_000)), Ok(()));
        assert_eq!(rates.check(&"ann", START.plus_millis(20_000)), Err(Wait(20_000)));
        // What is refused is not counted, and a clock that was set back locks nobody out for longer than the period.
        assert_eq!(rates.check(&"ann", Timestamp(1000)), Err(Wait(20_000)));
        assert_eq!(rates.check(&"ann", Timestamp(21_000)), Ok(()));
    }

    #[test]
    fn a_full_table_refuses_nobody_new_and_forgets_no_one_who_uses_it_up() {
        let rates = Rates::with_keys(Rate::per_hour(count(5)), 1000);
        let greedy = |one: u32| ("greedy", one);
        for one in 0..100 {
            while rates.check(&greedy(one), START).is_ok() {}
        }
        for one in 0..20_000_u32 {
            assert_eq!(rates.check(&("new", one), START), Ok(()), "{one} is refused for what others did");
            assert!(rates.lock().len() <= 1000);
        }
        for one in 0..100 {
            assert!(rates.check(&greedy(one), START).is_err(), "a flood washed {one} clean");
        }
        rates.sweep(START.plus_millis(3600 * 1000));
        assert!(rates.lock().is_empty());
    }

    proptest! {
        #[test]
        fn never_more_than_a_burst_and_what_time_paid(
            number in 1_u32..20,
            steps in prop::collection::vec(0_u64..5000, 1..200),
        ) {
            let rates = Rates::new(Rate::per_second(count(number)));
            let (mut now, mut passed) = (START, 0_u64);
            for step in steps {
                now = now.plus_millis(step);
                passed += u64::from(rates.check(&(), now).is_ok());
            }
            // The interval is cut to microseconds: one in a thousand more than exact at the most.
            let allowed = f64::from(number) * (1.0 + (now.0 - START.0) as f64 / 1000.0 * 1.001);
            prop_assert!(passed as f64 <= allowed + 1.0, "{passed} of {allowed}");
        }
    }
}
