//! The counters. Every exchange that was captured is in exactly one of them.

use std::sync::atomic::{AtomicU64, Ordering};

/// What became of the exchanges of one recorder, at one moment.
///
/// `captured = delivered + rejected + dropped.total() + queued + spooled`, always.
///
/// # Metrics
///
#[doc = include_str!("METRICS.md")]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Exchanges that were captured to their end.
    pub captured: u64,
    /// Accepted by the API, or written to the sink.
    pub delivered: u64,
    /// Of the delivered: accepted with a warning.
    pub warned: u64,
    /// Of the delivered: accepted by a 2xx whose body said nothing about them.
    pub unconfirmed: u64,
    /// Refused by the API for good.
    pub rejected: u64,
    /// Of the rejected: too large even without their bodies.
    pub too_large: u64,
    /// Let go of here, by reason.
    pub dropped: Dropped,
    /// In memory, on their way.
    pub queued: u64,
    /// On disk, on their way: durable, until the API has taken them.
    pub spooled: u64,

    /// Of the captured: found in the spool, where a former process had left them.
    pub recovered: u64,
    /// How often the spool could not be opened, read or written. What it was to keep stays in memory.
    pub spool_faults: u64,
    /// Files of the spool that were found damaged, foreign or of a newer format.
    pub spool_damaged: u64,
    /// Exchanges that a skip rule or a scope left out; not captured.
    pub skipped: u64,
    /// Exchanges outside of the sample; not captured.
    pub sampled_out: u64,
    /// POSTs sent, or writes to the sink.
    pub attempts: u64,
    /// Of the attempts: those that have to be made again.
    pub retries: u64,
    /// Messages whose bodies were cut because the API found them too large.
    pub cut: u64,
    /// Panics that were caught on the delivery thread.
    pub panics: u64,
}

/// Exchanges that were let go of, by reason.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Dropped {
    /// The queue held `max_entries`, or `max_bytes`.
    pub queue_full: u64,
    /// The process-wide `byte_budget` was spent.
    pub over_budget: u64,
    /// They were tried for `max_retry_time`.
    pub retries_exhausted: u64,
    /// The recorder was shut down before they could be delivered.
    pub shutdown: u64,
    /// The delivery thread panicked while it held them.
    pub panic: u64,
    /// They were the oldest in a full spool that keeps the newest.
    pub spool_full: u64,
    /// They were in the spool for `spool_max_age`.
    pub spool_expired: u64,
    /// The spool can't read them any more.
    pub spool_damaged: u64,
}

impl Dropped {
    /// All of them.
    #[must_use]
    pub fn total(&self) -> u64 {
        let in_memory = self.queue_full + self.over_budget + self.retries_exhausted;
        let in_spool = self.spool_full + self.spool_expired + self.spool_damaged;
        in_memory + in_spool + self.shutdown + self.panic
    }
}

/// Why an exchange is let go of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(not(feature = "spool"), expect(dead_code))]
pub(crate) enum DropReason {
    QueueFull,
    RetriesExhausted,
    Shutdown,
    Panic,
    SpoolFull,
    SpoolExpired,
    SpoolDamaged,
}

/// The live counters behind [`Stats`].
#[derive(Debug, Default)]
pub(crate) struct Counters {
    captured: AtomicU64,
    delivered: AtomicU64,
    warned: AtomicU64,
    unconfirmed: AtomicU64,
    rejected: AtomicU64,
    too_large: AtomicU64,
    queue_full: AtomicU64,
    over_budget: AtomicU64,
    retries_exhausted: AtomicU64,
    shutdown: AtomicU64,
    panic: AtomicU64,
    skipped: AtomicU64,
    sampled_out: AtomicU64,
    attempts: AtomicU64,
    retries: AtomicU64,
    cut: AtomicU64,
    panics: AtomicU64,
    recovered: AtomicU64,
    /// Ever put into the spool, and ever gone from it.
    spool_in: AtomicU64,
    spool_out: AtomicU64,
    spool_expired: AtomicU64,
    spool_full: AtomicU64,
    spool_lost: AtomicU64,
    spool_faults: AtomicU64,
    spool_damaged: AtomicU64,
}

impl Counters {
    /// Counts an exchange that has ended; the other counters say what becomes of it.
    pub(crate) fn captured(&self) {
        self.captured.fetch_add(1, Ordering::Release);
    }

    pub(crate) fn dropped_over_budget(&self) {
        self.captured();
        self.over_budget.fetch_add(1, Ordering::Release);
    }

    pub(crate) fn dropped(&self, reason: DropReason, count: u64) {
        let counter = match reason {
            DropReason::QueueFull => &self.queue_full,
            DropReason::RetriesExhausted => &self.retries_exhausted,
            DropReason::Shutdown => &self.shutdown,
            DropReason::Panic => &self.panic,
            DropReason::SpoolFull => &self.spool_full,
            DropReason::SpoolExpired => &self.spool_expired,
            DropReason::SpoolDamaged => &self.spool_lost,
        };
        counter.fetch_add(count, Ordering::Release);
    }

    /// A detail is counted after what it is a part of, and read before it, so that it is never more.
    pub(crate) fn delivered(&self, how: Delivered, count: usize) {
        let detail = match how {
            Delivered::Confirmed => None,
            Delivered::Warned => Some(&self.warned),
            Delivered::Unconfirmed => Some(&self.unconfirmed),
        };
        self.delivered.fetch_add(count as u64, Ordering::Release);
        if let Some(detail) = detail {
            detail.fetch_add(count as u64, Ordering::Release);
        }
    }

    pub(crate) fn rejected(&self, too_large: bool) {
        self.rejected.fetch_add(1, Ordering::Release);
        if too_large {
            self.too_large.fetch_add(1, Ordering::Release);
        }
    }

    /// Counts what is on disk now. It was counted as captured before.
    pub(crate) fn spooled(&self, count: u64) {
        self.spool_in.fetch_add(count, Ordering::Release);
    }

    /// Counts what is not on disk any more, before it is counted as what became of it.
    pub(crate) fn unspooled(&self, count: u64) {
        self.spool_out.fetch_add(count, Ordering::Release);
    }

    /// Counts what a former process captured.
    #[cfg(feature = "spool")]
    pub(crate) fn recovered(&self, count: u64) {
        self.captured.fetch_add(count, Ordering::Release);
        self.recovered.fetch_add(count, Ordering::Release);
    }

    #[cfg(feature = "spool")]
    pub(crate) fn spool_fault(&self) {
        self.spool_faults.fetch_add(1, Ordering::Relaxed);
    }

    #[cfg(feature = "spool")]
    pub(crate) fn spool_damaged(&self, files: u64) {
        self.spool_damaged.fetch_add(files, Ordering::Relaxed);
    }

    pub(crate) fn skipped(&self) {
        self.skipped.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn sampled_out(&self) {
        self.sampled_out.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn attempt(&self) {
        self.attempts.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn retry(&self) {
        self.retries.fetch_add(1, Ordering::Release);
    }

    pub(crate) fn cut(&self) {
        self.cut.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn panicked(&self) {
        self.panics.fetch_add(1, Ordering::Relaxed);
    }

    /// A reading in which the sum holds. What has left is read before what has come: an exchange
    /// is counted as captured before it can be counted as anything else, so `queued` is never
    /// negative, and one that left between the two readings shows as still queued. Likewise one is
    /// counted out of the spool before it is counted as delivered, and read after it.
    pub(crate) fn snapshot(&self) -> Stats {
        let read = |counter: &AtomicU64| counter.load(Ordering::Acquire);
        let mut stats = Stats {
            warned: read(&self.warned),
            unconfirmed: read(&self.unconfirmed),
            too_large: read(&self.too_large),
            delivered: read(&self.delivered),
            rejected: read(&self.rejected),
            dropped: Dropped {
                queue_full: read(&self.queue_full),
                over_budget: read(&self.over_budget),
                retries_exhausted: read(&self.retries_exhausted),
                shutdown: read(&self.shutdown),
                panic: read(&self.panic),
                spool_full: read(&self.spool_full),
                spool_expired: read(&self.spool_expired),
                spool_damaged: read(&self.spool_lost),
            },
            spooled: {
                let out = read(&self.spool_out);
                read(&self.spool_in).saturating_sub(out)
            },
            recovered: read(&self.recovered),
            captured: read(&self.captured),
            queued: 0,
            spool_faults: read(&self.spool_faults),
            spool_damaged: read(&self.spool_damaged),
            skipped: read(&self.skipped),
            sampled_out: read(&self.sampled_out),
            retries: read(&self.retries),
            attempts: read(&self.attempts),
            cut: read(&self.cut),
            panics: read(&self.panics),
        };
        let left = stats.delivered + stats.rejected + stats.dropped.total() + stats.spooled;
        stats.queued = stats.captured.saturating_sub(left);
        stats
    }
}

/// How sure it is that an exchange was stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Delivered {
    Confirmed,
    Warned,
    Unconfirmed,
}
