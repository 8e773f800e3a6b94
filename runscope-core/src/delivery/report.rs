//! What an operator is told: each thing once when it begins and once when it ends, never once a
//! message.

use super::stats::{Counters, Dropped};
use std::time::{Duration, Instant};
use tracing::{error, info, warn};

/// The state of one lane, as far as it was told.
#[derive(Debug, Default)]
pub(super) struct Reporter {
    bucket: String,
    trouble: Option<Trouble>,
    rejected: Throttle,
    dropped: Throttle,
    known_drops: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Trouble {
    kind: TroubleKind,
    since: Instant,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TroubleKind {
    Failing,
    Paused,
}

impl Reporter {
    pub(super) fn new(bucket: &str) -> Self {
        Self {
            bucket: bucket.to_owned(),
            ..Self::default()
        }
    }

    /// A send got no usable answer and is going to be made again.
    pub(super) fn failing(&mut self, problem: &str) {
        if self.begins(TroubleKind::Failing) {
            let bucket = &self.bucket;
            warn!(target: "runscope", bucket, problem, "delivery fails and is retried");
        }
    }

    /// The API takes nothing until somebody changes something.
    pub(super) fn paused(&mut self, problem: &str) {
        if self.begins(TroubleKind::Paused) {
            let bucket = &self.bucket;
            error!(
                target: "runscope", bucket, problem,
                "delivery is paused: check access_token, bucket_key and api_endpoint; what is captured is kept"
            );
        }
    }

    /// A send was answered.
    pub(super) fn working(&mut self) {
        if let Some(trouble) = self.trouble.take() {
            let after = trouble.since.elapsed();
            info!(target: "runscope", bucket = self.bucket, ?after, "delivery works again");
        }
    }

    /// The API refused a message for good.
    pub(super) fn rejected(&mut self, reason: &str) {
        if let Some(count) = self.rejected.add(1) {
            let bucket = &self.bucket;
            warn!(target: "runscope", bucket, count, reason, "the API rejected captured messages");
        }
    }

    /// The endpoint does not take arrays.
    pub(super) fn single_messages(&self) {
        info!(
            target: "runscope", bucket = self.bucket,
            "the endpoint refuses arrays of messages; they are sent one by one"
        );
    }

    /// A panic was caught on the delivery thread.
    pub(super) fn panicked(&self, lost: usize) {
        error!(target: "runscope", bucket = self.bucket, lost, "delivery panicked and is restarted");
    }

    /// Looks whether exchanges were dropped since the last look.
    pub(super) fn drops(&mut self, counters: &Counters) {
        let dropped = counters.snapshot().dropped;
        let new = dropped.total() - self.known_drops;
        self.known_drops = dropped.total();
        if new > 0
            && let Some(count) = self.dropped.add(new)
        {
            let Dropped {
                queue_full,
                over_budget,
                retries_exhausted,
                panic,
                ..
            } = dropped;
            warn!(
                target: "runscope", count, queue_full, over_budget, retries_exhausted, panic,
                "captured exchanges were dropped"
            );
        }
    }

    /// A pause is told even while a failure is known: it is the one that needs somebody.
    fn begins(&mut self, kind: TroubleKind) -> bool {
        let known = self.trouble.map(|trouble| trouble.kind);
        let is_news = known != Some(kind) && known != Some(TroubleKind::Paused);
        if is_news {
            let since = self
                .trouble
                .map_or_else(Instant::now, |trouble| trouble.since);
            self.trouble = Some(Trouble { kind, since });
        }
        is_news
    }
}

/// Lets one event through a minute, with the count of all since the last.
#[derive(Debug, Default)]
struct Throttle {
    last: Option<Instant>,
    pending: u64,
}

impl Throttle {
    const INTERVAL: Duration = Duration::from_secs(60);

    fn add(&mut self, count: u64) -> Option<u64> {
        self.pending += count;
        if self
            .last
            .is_some_and(|last| last.elapsed() < Self::INTERVAL)
        {
            return None;
        }
        self.last = Some(Instant::now());
        Some(std::mem::take(&mut self.pending))
    }
}
