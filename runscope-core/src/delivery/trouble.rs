//! The trouble that a batch is in, and how long it waits for it to end.

use super::backoff::back_off;
use crate::config::Config;
use std::time::Duration;
use tokio::time::Instant;

/// What ends a wait before its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EndsBy {
    /// Nothing: the server asked for it.
    Time,
    /// A shutdown, which makes one more try at once.
    Shutdown,
    /// A shutdown, or a token other than the one that was refused, of this version.
    Token(u64),
}

/// The trouble that a batch is in.
#[derive(Debug, Default)]
pub(super) struct Trouble {
    failures: u32,
    /// When it began; for a pause too, that counts as no trouble of the batch's own.
    pub(super) begun: Option<Instant>,
    pub(super) since: Option<Instant>,
    pub(super) last_try_made: bool,
}

impl Trouble {
    /// The next plain back-off.
    pub(super) fn next(&mut self, config: &Config) -> Duration {
        self.failures = self.failures.saturating_add(1);
        let (initial, longest) = (config.initial_retry_delay, config.max_retry_delay);
        back_off(self.failures, initial, longest, fastrand::f64())
    }
}
