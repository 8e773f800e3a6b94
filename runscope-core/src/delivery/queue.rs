//! The bounded queue between the request threads and one lane of the delivery thread.

use super::stats::{Counters, DropReason};
use crate::capture::Shared;
use crossbeam_queue::ArrayQueue;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering};
use tokio::sync::Notify;

/// A queue bounded in entries and bytes. A push never waits: what does not fit is counted and
/// dropped.
pub(crate) struct Queue {
    entries: ArrayQueue<(Arc<Shared>, usize)>,
    bytes: AtomicUsize,
    max_bytes: usize,
    /// From this many entries on the lane is woken without waiting for its timer.
    wake_at: usize,
    consumer: AtomicU8,
    wake: Notify,
    closed: AtomicBool,
    pushed: AtomicU64,
    /// Entries that the lane has taken and not settled yet. It lies here and not in the lane, so
    /// that a panic of the lane loses none of them from the count.
    in_hand: AtomicUsize,
    settled: AtomicU64,
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
    pub(crate) fn new(max_entries: usize, max_bytes: usize, wake_at: usize) -> Self {
        Self {
            entries: ArrayQueue::new(max_entries.max(1)),
            bytes: AtomicUsize::new(0),
            max_bytes,
            wake_at,
            consumer: AtomicU8::new(consumer::BUSY),
            wake: Notify::new(),
            closed: AtomicBool::new(false),
            pushed: AtomicU64::new(0),
            in_hand: AtomicUsize::new(0),
            settled: AtomicU64::new(0),
        }
    }

    /// Takes a finished exchange in, or counts why not.
    pub(crate) fn push(&self, exchange: Arc<Shared>, bytes: usize, counters: &Counters) {
        counters.captured();
        if self.closed.load(Ordering::SeqCst) {
            return counters.dropped(DropReason::Shutdown, 1);
        }
        let held = self.bytes.fetch_add(bytes, Ordering::Relaxed);
        if held.saturating_add(bytes) > self.max_bytes {
            self.bytes.fetch_sub(bytes, Ordering::Relaxed);
            return counters.dropped(DropReason::QueueFull, 1);
        }
        if self.entries.push((exchange, bytes)).is_err() {
            self.bytes.fetch_sub(bytes, Ordering::Relaxed);
            return counters.dropped(DropReason::QueueFull, 1);
        }
        self.pushed.fetch_add(1, Ordering::Release);
        // The lane's last look may have been before this entry came.
        if self.closed.load(Ordering::SeqCst) {
            return self.drop_queued(counters);
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
        self.bytes.fetch_sub(bytes, Ordering::Relaxed);
        self.in_hand.fetch_add(1, Ordering::Relaxed);
        Some(exchange)
    }

    /// Notes that `count` entries that were taken have been counted as what became of them.
    pub(super) fn settle(&self, count: usize) {
        self.in_hand.fetch_sub(count, Ordering::Relaxed);
        self.settled.fetch_add(count as u64, Ordering::Release);
    }

    /// Counts what the lane still holds as dropped: it is gone.
    pub(super) fn drop_in_hand(&self, reason: DropReason, counters: &Counters) -> usize {
        let count = self.in_hand.load(Ordering::Relaxed);
        counters.dropped(reason, count);
        self.settle(count);
        count
    }

    /// Empties a closed queue and counts its entries as dropped.
    pub(super) fn drop_queued(&self, counters: &Counters) {
        while self.pop().is_some() {
            counters.dropped(DropReason::Shutdown, 1);
            self.settle(1);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Whether there are enough entries for a batch.
    pub(super) fn is_full_batch(&self) -> bool {
        self.entries.len() >= self.wake_at
    }

    /// Waits until there is an entry, or until [`wake`](Self::wake_consumer) is called.
    pub(super) async fn wait_for_entry(&self) {
        self.consumer.store(consumer::IDLE, Ordering::SeqCst);
        if self.is_empty() {
            self.wake.notified().await;
        }
        self.consumer.store(consumer::BUSY, Ordering::SeqCst);
    }

    /// Waits until a batch is full, or until [`wake`](Self::wake_consumer) is called.
    pub(super) async fn wait_for_batch(&self) {
        self.consumer.store(consumer::COALESCING, Ordering::SeqCst);
        if !self.is_full_batch() {
            self.wake.notified().await;
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

    /// How many entries were ever taken in.
    pub(super) fn pushed(&self) -> u64 {
        self.pushed.load(Ordering::Acquire)
    }

    /// How many entries were ever settled; they are settled in the order of their coming, as far as
    /// batches go.
    pub(super) fn settled(&self) -> u64 {
        self.settled.load(Ordering::Acquire)
    }
}
