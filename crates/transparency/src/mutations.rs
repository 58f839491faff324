//! Runs a decoder over a sample and altered copies of it: it must not panic, must refuse what is cut or too long, and
//! what it takes must encode to the same bytes.
#![allow(clippy::unwrap_used)]

use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use std::fmt::Debug;
use trefoil_proto::{ProtoError, Wire};

pub(crate) fn of<T: Wire + PartialEq + Debug>(sample: &[u8]) {
    assert_eq!(T::decode(sample).unwrap().encode(), sample);
    for length in 0..sample.len().min(600) {
        assert!(T::decode(&sample[..length]).is_err(), "{} cut at {length}", T::NAME);
    }
    assert!(T::decode(&[sample, &[0]].concat()).is_err(), "{} with a byte behind it", T::NAME);
    let too_large = vec![0; T::LIMIT + 1];
    assert_eq!(T::decode(&too_large), Err(ProtoError::TooLarge { what: T::NAME, limit: T::LIMIT }));

    let mut runner = TestRunner::new(Config { cases: 128, failure_persistence: None, ..Config::default() });
    let changes = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..3u8), 1..5);
    runner
        .run(&changes, |changes| {
            let mut input = sample.to_vec();
            for (at, byte, kind) in changes {
                let at = at.index(input.len());
                match kind {
                    0 => input[at] = byte,
                    1 => input.insert(at, byte),
                    _ => drop(input.remove(at)),
                }
            }
            if let Ok(value) = T::decode(&input) {
                prop_assert_eq!(value.encode(), input);
            }
            Ok(())
        })
        .unwrap();
}
