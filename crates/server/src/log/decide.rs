//! What the log decides without looking anywhere: what to serve, and when to ask its witnesses again.

use std::time::Duration;
use trefoil_proto::Timestamp;
use trefoil_transparency::log::TreeHead;

/// Between two rounds when every witness signed: clients want signatures of the last 24 hours.
pub(super) const REFRESH: Duration = Duration::from_secs(60 * 60);
/// Before the first repetition when one did not; twice as long each time, up to the longest.
const AGAIN: Duration = Duration::from_secs(5);
const LONGEST: Duration = Duration::from_secs(5 * 60);
/// How long a cosigned checkpoint is served in the place of a newer one that nobody cosigned, in milliseconds.
const PATIENCE: u64 = 60 * 60 * 1000;

/// The checkpoint that is served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Published {
    pub head: TreeHead,
    /// How many witnesses signed it.
    pub cosigned: usize,
    pub since: Timestamp,
}

/// Whether a checkpoint takes the place of the one that is served. One that nobody cosigned waits for its witnesses:
/// clients would refuse it, and the older one still proves everything before it. But not for ever, or a service whose
/// witnesses have all gone would stand still and look as if nothing were wrong.
pub(super) fn takes_place(
    served: Option<&Published>,
    head: &TreeHead,
    cosigned: usize,
    asked: usize,
    now: Timestamp,
) -> bool {
    match served {
        _ if cosigned > 0 || asked == 0 => true,
        None => true,
        Some(served) if served.cosigned == 0 => true,
        Some(served) => served.head != *head && now.millis_since(served.since) >= PATIENCE,
    }
}

/// How long to wait before the witnesses are asked again, after so many rounds in which one of them did not sign.
pub(super) fn pause(failures: u32) -> Duration {
    if failures == 0 {
        return REFRESH;
    }
    AGAIN.saturating_mul(1 << failures.saturating_sub(1).min(10)).min(LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: u64 = 60 * 60 * 1000;

    #[test]
    fn a_checkpoint_that_nobody_cosigned_waits_while_there_is_a_better_one() {
        let head = |size| TreeHead { size, root: [7; 32] };
        let now = Timestamp(10 * HOUR);
        let served = |cosigned, since| Published { head: head(4), cosigned, since: Timestamp(since) };
        // A lone service, the first one, and the first signature.
        assert!(takes_place(Some(&served(2, 10 * HOUR)), &head(5), 0, 0, now));
        assert!(takes_place(None, &head(5), 0, 2, now));
        assert!(takes_place(Some(&served(2, 10 * HOUR)), &head(5), 1, 2, now));
        assert!(takes_place(Some(&served(0, 10 * HOUR)), &head(5), 0, 2, now));
        // All witnesses away.
        assert!(!takes_place(Some(&served(1, 9 * HOUR + 1)), &head(5), 0, 2, now));
        assert!(takes_place(Some(&served(1, 9 * HOUR)), &head(5), 0, 2, now));
        assert!(!takes_place(Some(&served(1, 0)), &head(4), 0, 2, now), "nothing newer");
    }

    #[test]
    fn witnesses_are_asked_again_soon_and_then_seldom() {
        let seconds: Vec<u64> = (1..9).map(|failures| pause(failures).as_secs()).collect();
        assert_eq!(seconds, [5, 10, 20, 40, 80, 160, 300, 300]);
        assert_eq!((pause(0), pause(u32::MAX)), (REFRESH, LONGEST));
    }
}
