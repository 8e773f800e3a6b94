//! How callers wait for the delivery thread, with a deadline of their own.

use super::control::LaneState;
use super::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A place to wait for the delivery thread. The caller's clock decides when it gives up, so that a
/// deadline holds whatever the delivery thread is doing.
#[derive(Debug, Default)]
pub(super) struct Progress {
    stopped: Mutex<bool>,
    changed: Condvar,
}

impl Progress {
    /// Tells those who wait that something was settled.
    pub(super) fn advanced(&self) {
        drop(self.lock());
        self.changed.notify_all();
    }

    /// Tells those who wait that the delivery thread has ended.
    pub(super) fn stopped(&self) {
        *self.lock() = true;
        self.changed.notify_all();
    }

    pub(super) fn has_stopped(&self) -> bool {
        *self.lock()
    }

    /// Waits until `done` or the end of the delivery thread, no longer than until `deadline`.
    pub(super) fn wait_until(&self, deadline: Instant, done: impl Fn() -> bool) {
        let mut stopped = self.lock();
        while !*stopped && !done() {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            let result = self.changed.wait_timeout(stopped, left);
            stopped = result.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn lock(&self) -> MutexGuard<'_, bool> {
        self.stopped.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What has to be settled for a flush to be done: all that was in the queues when it began.
#[derive(Debug)]
pub(super) struct Target(Vec<u64>);

impl Target {
    pub(super) fn now(lanes: &[Arc<LaneState>]) -> Self {
        Self(lanes.iter().map(|lane| lane.queue.pushed()).collect())
    }

    pub(super) fn left(&self, lanes: &[Arc<LaneState>]) -> u64 {
        let left = |(lane, target): (&Arc<LaneState>, &u64)| lane.queue.left_of(*target);
        lanes.iter().zip(&self.0).map(left).sum()
    }
}

/// The deadline of a flush or a shutdown passed before everything was settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unflushed {
    pub(super) remaining: u64,
    pub(super) deadline: Duration,
}

impl Unflushed {
    /// How many exchanges were not settled by the deadline. After a flush they are still queued;
    /// after a shutdown they are dropped and counted.
    #[must_use]
    pub fn remaining(&self) -> u64 {
        self.remaining
    }
}

impl fmt::Display for Unflushed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            remaining,
            deadline,
        } = self;
        write!(
            f,
            "{remaining} captured exchanges were not delivered within {deadline:?}"
        )
    }
}

impl std::error::Error for Unflushed {}
