//! The secret as three shares of which two give it back: Shamir's scheme, byte by byte over GF(256).
//!
//! Over this field every 32 bytes are a share. Over a prime field most are not, and under a wrong PIN's mask a share
//! would show that it is none: one service could tell wrong PINs from right ones.

use super::{PinError, Seat, keys::SecretBytes};
use blahaj::{Share, Sharks};
use trefoil_proto::pin::SERVICES;
use zeroize::Zeroizing;

/// Shares that give the secret back.
const THRESHOLD: u8 = 2;

/// Splits a secret: fresh shares each time.
pub(super) fn split(secret: &SecretBytes) -> Result<[SecretBytes; SERVICES], PinError> {
    let shares: Vec<Share> = Sharks(THRESHOLD).dealer(secret.bytes()).take(SERVICES).collect();
    let mut split = [(); SERVICES].map(|()| SecretBytes::zero());
    for (seat, share) in Seat::ALL.into_iter().zip(&shares) {
        let bytes = Zeroizing::new(Vec::from(share));
        match bytes.split_first() {
            Some((point, rest)) if *point == seat.point() && rest.len() == 32 => {
                split[seat.index()].as_mut().copy_from_slice(rest);
            }
            _ => return Err(PinError::Split),
        }
    }
    Ok(split)
}

/// The secret that two shares give.
pub(super) fn combine(one: (Seat, &SecretBytes), other: (Seat, &SecretBytes)) -> Option<SecretBytes> {
    let share = |(seat, bytes): (Seat, &SecretBytes)| {
        let mut raw = Zeroizing::new(vec![seat.point()]);
        raw.extend_from_slice(bytes.bytes());
        Share::try_from(raw.as_slice()).ok()
    };
    let shares = [share(one)?, share(other)?];
    let combined = Zeroizing::new(Sharks(THRESHOLD).recover(&shares).ok()?);
    Some(SecretBytes::new(combined.as_slice().try_into().ok()?))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_two_shares_give_the_secret(bytes in any::<[u8; 32]>()) {
            let secret = SecretBytes::new(bytes);
            let shares = split(&secret).unwrap();
            for (a, b) in [(0, 1), (1, 2), (2, 0)] {
                let one = (Seat::ALL[a], &shares[a]);
                let other = (Seat::ALL[b], &shares[b]);
                prop_assert!(combine(one, other).unwrap().same(&secret));
                // From another place on the line it is another secret, and one share alone is none.
                let swapped = combine((Seat::ALL[a], &shares[b]), (Seat::ALL[b], &shares[a])).unwrap();
                prop_assert!(!swapped.same(&secret) || shares[a].same(&shares[b]));
                prop_assert!(combine(one, one).is_none());
            }
        }

        /// Whatever 32 bytes stand for one share, together with another they give a secret.
        #[test]
        fn every_value_is_a_share(bytes in any::<[u8; 32]>(), other in any::<[u8; 32]>()) {
            let (one, other) = (SecretBytes::new(bytes), SecretBytes::new(other));
            prop_assert!(combine((Seat::ALL[0], &one), (Seat::ALL[1], &other)).is_some());
        }
    }

    /// The coefficients are uniform over all of GF(256), zero included: without it, many sharings of one secret show it
    /// (what an audit found in the crate that this one comes from).
    #[test]
    fn a_share_takes_every_value_also_that_of_the_secret() {
        let secret = SecretBytes::new([0x5a; 32]);
        let mut seen = [0_u32; 256];
        for _ in 0..400 {
            for byte in split(&secret).unwrap()[0].bytes() {
                seen[usize::from(*byte)] += 1;
            }
        }
        // 12 800 draws: 50 of each; none is left out but with a chance of 10^-19.
        assert!(seen.iter().all(|count| *count > 0), "{seen:?}");
        assert!(seen[0x5a] < 200);
    }
}
