//! When a lane takes from the spool again.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::time::Instant;

/// Whether the spool has something for a lane. It is told by whoever puts something there.
#[derive(Debug, Default)]
pub(crate) struct Backlog(AtomicBool);

impl Backlog {
    pub(super) fn set(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    /// Before a look into the spool: what comes after the look sets it again.
    pub(super) fn clear(&self) {
        self.0.store(false, Ordering::SeqCst);
    }

    pub(super) fn is_set(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

/// Spreads what is taken over time, so that an API that has just come back is not run over.
#[derive(Debug)]
pub(super) struct Pace {
    a_second: usize,
    next: Instant,
}

impl Pace {
    pub(super) fn new(a_second: usize) -> Self {
        Self {
            a_second: a_second.max(1),
            next: Instant::now(),
        }
    }

    /// When something may be taken again.
    pub(super) fn next(&self) -> Instant {
        self.next
    }

    /// How many may be taken at once: no more than what a second is good for, so that a low rate is
    /// kept at any moment.
    pub(super) fn most(&self) -> usize {
        self.a_second
    }

    pub(super) fn took(&mut self, count: usize) {
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        let rate = u32::try_from(self.a_second).unwrap_or(u32::MAX);
        let wait = Duration::from_secs(1).saturating_mul(count) / rate;
        self.next = Instant::now() + wait;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_is_spread_over_time() {
        for (rate, took, wait) in [
            (1000, 200, 200),
            (10, 10, 1000),
            (1, 1, 1000),
            (100, 0, 0),
            (0, 1, 1000),
        ] {
            let mut pace = Pace::new(rate);
            let before = Instant::now();
            pace.took(took);
            let waits = pace.next() - before;
            let wait = Duration::from_millis(wait);
            assert!(waits >= wait, "{rate} {took}: {waits:?}");
            assert!(waits < wait + Duration::from_secs(60), "{rate} {took}");
            assert!(pace.most() >= 1);
        }
    }
}
