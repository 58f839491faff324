//! The positions that a device is shown, and those that the service knows them by: they part as soon as something is
//! added or kept back.

/// Pairs of positions, both rising.
#[derive(Default)]
pub(super) struct Numbers {
    pairs: Vec<(u64, u64)>,
}

impl Numbers {
    /// Shows the device one more entry, for the one that the service has at `real`; for one that was added, the last
    /// one before it.
    pub(super) fn show(&mut self, real: Option<u64>) -> u64 {
        let (shown, last) = self.pairs.last().copied().unwrap_or_default();
        self.pairs.push((shown + 1, real.unwrap_or(last).max(last)));
        shown + 1
    }

    /// The service's position of what the device was shown at this one.
    pub(super) fn real(&self, shown: u64) -> u64 {
        let after = self.pairs.partition_point(|(at, _)| *at <= shown);
        after.checked_sub(1).map_or(0, |index| self.pairs[index].1)
    }
}

#[cfg(test)]
mod tests {
    use super::Numbers;

    #[test]
    fn what_is_acknowledged_is_what_the_service_sent() {
        let mut numbers = Numbers::default();
        assert_eq!(numbers.real(0), 0);
        assert_eq!((numbers.show(Some(4)), numbers.show(None), numbers.show(Some(7))), (1, 2, 3));
        assert_eq!([0, 1, 2, 3, 9].map(|shown| numbers.real(shown)), [0, 4, 4, 7, 7]);
    }
}
