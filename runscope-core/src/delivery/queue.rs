//! The bounded queue between the request threads and one lane of the delivery thread.

use super::ledger::Ledger;
use super::stats::{Counters, DropReason};
use super::sync::{ArrayQueue, AtomicBool, AtomicU8, AtomicUsize, Notify, Ordering, timeout_at};
use crate::capture::Shared;
use crate::config::Config;
use std::sync::Arc;
use tokio::time::Instant;

/// A queue bounded in entries and bytes. A push never waits: what does not fit is counted and
/// dropped.
pub(crate) struct Queue {
    entries: ArrayQueue<(Arc<Shared>, usize)>,
    bytes: AtomicUsize,
    max_bytes: usize,
    /// From this many entries or bytes on the lane is woken without waiting for its timer.
    wake_at: usize,
    wake_at_bytes: usize,
    consumer: AtomicU8,
    wake: Notify,
    closed: AtomicBool,
    /// The lane has ended: who pushes now has to look after the entry himself.
    abandoned: AtomicBool,
    ledger: Ledger,
}

/// What the lane is doing, so that a push wakes it only where that changes something: waking a
/// sleeping thread costs more than the whole rest of a capture.
mod consumer {
    /// It looks at the queue by itself before it sleeps.
    pub(super) const BUSY: u8 = 0;
    /// It sleeps until there is an entry.
    pub(super) const IDLE: u8 = 1;
    /// It sleeps until the batch is due or full.
    pub(super) const COALESCING: u8 = 2;
}

impl Queue {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            entries: ArrayQueue::new(config.max_entries.max(1)),
            bytes: AtomicUsize::new(0),
            max_bytes: config.max_bytes,
            wake_at: config.max_batch_size,
            // A queue that has no room for a whole batch must not wait for one.
            wake_at_bytes: config.max_batch_bytes.min(config.max_bytes / 2),
            consumer: AtomicU8::new(consumer::BUSY),
            wake: Notify::new(),
            closed: AtomicBool::new(false),
            abandoned: AtomicBool::new(false),
            ledger: Ledger::default(),
        }
    }

    /// Takes a finished exchange in, or counts why not.
    pub(crate) fn push(&self, exchange: Arc<Shared>, bytes: usize, counters: &Counters) {
        counters.captured();
        let refuse = |exchange: &Shared, reason| {
            exchange.discard();
            counters.dropped(reason, 1);
        };
        if self.is_closed() {
            return refuse(&exchange, DropReason::Shutdown);
        }
        let held = self.bytes.fetch_add(bytes, Ordering::SeqCst);
        if held.saturating_add(bytes) > self.max_bytes {
            self.bytes.fetch_sub(bytes, Ordering::SeqCst);
            return refuse(&exchange, DropReason::QueueFull);
        }
        self.ledger.push();
        if let Err((exchange, bytes)) = self.entries.push((exchange, bytes)) {
            self.ledger.refuse();
            self.bytes.fetch_sub(bytes, Ordering::SeqCst);
            return refuse(&exchange, DropReason::QueueFull);
        }
        // The last look into the queue may have been before this entry came.
        if self.abandoned.load(Ordering::SeqCst) {
            return self.discard(counters);
        }
        // The lane writes its state before it looks at the queue, and this push is written before
        // it reads that state, all sequentially consistent: one of the two sees the other.
        let wake = match self.consumer.load(Ordering::SeqCst) {
            consumer::IDLE => true,
            consumer::COALESCING => self.is_full_batch(),
            _ => false,
        };
        if wake && self.consumer.swap(consumer::BUSY, Ordering::SeqCst) != consumer::BUSY {
            self.wake.notify_one();
        }
    }

    /// Takes the oldest entry, which has to be settled.
    pub(super) fn pop(&self) -> Option<Arc<Shared>> {
        let (exchange, bytes) = self.entries.pop()?;
        self.bytes.fetch_sub(bytes, Ordering::SeqCst);
        self.ledger.take();
        Some(exchange)
    }

    /// Notes that `count` entries that were taken have been counted as what became of them.
    pub(super) fn settle(&self, count: usize) {
        self.ledger.settle(count as u64);
    }

    /// Notes that nothing older than what is still in hand is left.
    pub(super) fn leave_behind(&self) {
        self.ledger.leave_behind();
    }

    /// Counts what the lane still holds as dropped, but for the `carried` youngest of it.
    pub(super) fn drop_in_hand(
        &self,
        carried: usize,
        reason: DropReason,
        counters: &Counters,
    ) -> u64 {
        let count = self.ledger.in_hand().saturating_sub(carried as u64);
        counters.dropped(reason, count);
        self.ledger.settle(count);
        count
    }

    /// Refuses later pushes and counts as dropped what nobody is going to take any more.
    pub(super) fn abandon(&self, counters: &Counters) {
        self.close();
        self.abandoned.store(true, Ordering::SeqCst);
        self.discard(counters);
    }

    fn discard(&self, counters: &Counters) {
        while let Some((exchange, bytes)) = self.entries.pop() {
            self.bytes.fetch_sub(bytes, Ordering::SeqCst);
            exchange.discard();
            counters.dropped(DropReason::Shutdown, 1);
            self.ledger.discard();
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Whether there is enough for a batch. What an exchange was charged for is a little more than
    /// its encoded size, as a rule: a batch may go out a little before it is full.
    pub(super) fn is_full_batch(&self) -> bool {
        self.entries.len() >= self.wake_at
            || self.bytes.load(Ordering::SeqCst) >= self.wake_at_bytes
    }

    /// Waits until there is an entry, or until [`wake`](Self::wake_consumer) is called.
    pub(super) async fn wait_for_entry(&self) {
        self.consumer.store(consumer::IDLE, Ordering::SeqCst);
        if self.is_empty() {
            self.wake.notified().await;
        }
        self.consumer.store(consumer::BUSY, Ordering::SeqCst);
    }

    /// Waits until a batch is full or due, or until [`wake`](Self::wake_consumer) is called.
    pub(super) async fn wait_for_batch(&self, due: Instant) {
        self.consumer.store(consumer::COALESCING, Ordering::SeqCst);
        if !self.is_full_batch() {
            let _ = timeout_at(due, self.wake.notified()).await;
        }
        self.consumer.store(consumer::BUSY, Ordering::SeqCst);
    }

    /// Wakes the lane for a reason other than an entry.
    pub(super) fn wake_consumer(&self) {
        self.wake.notify_one();
    }

    /// Refuses all later pushes.
    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
        self.wake_consumer();
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::SeqCst)
    }

    /// How many entries were ever taken in, or are about to be.
    pub(super) fn pushed(&self) -> u64 {
        self.ledger.pushed()
    }

    /// How many of the first `target` entries are on their way still.
    pub(super) fn left_of(&self, target: u64) -> u64 {
        self.ledger.left_of(target)
    }
}
