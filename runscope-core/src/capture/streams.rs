//! Responses that have not ended at once: they are reported when they reach the configured age.

use super::shared::{Phase, Shared};
use crate::message::Outcome;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// The streams in flight. Only responses that made their server wait are here, so the lock is not
/// on the path of ordinary exchanges, and the sweep holds it only to take the list.
#[derive(Default)]
pub(crate) struct Streams {
    watched: Mutex<Watched>,
    first: Notify,
}

#[derive(Default)]
struct Watched {
    list: Vec<Weak<Shared>>,
    /// The length at which those that have ended are let go of: twice what was alive at the last
    /// time, so that the list stays in proportion to the streams that are open.
    tidy_at: usize,
}

impl Streams {
    pub(super) fn watch(&self, exchange: &Arc<Shared>) {
        let mut watched = self.lock();
        if watched.list.len() >= watched.tidy_at {
            watched.tidy();
        }
        watched.list.push(Arc::downgrade(exchange));
        let is_first = watched.list.len() == 1;
        drop(watched);
        if is_first {
            self.first.notify_one();
        }
    }

    /// Reports every stream as it reaches `age`; runs until it is dropped.
    pub(crate) async fn report(&self, age: Duration) {
        // A stream that began to wait late is older than others that were watched before it.
        let longest_wait = (age / 4).max(Duration::from_millis(10));
        loop {
            match self.sweep(age, Instant::now()) {
                Some(wait) => tokio::time::sleep(wait.min(longest_wait)).await,
                None => self.first.notified().await,
            }
        }
    }

    /// Finishes what has reached `age` and says when the next one will.
    fn sweep(&self, age: Duration, now: Instant) -> Option<Duration> {
        let mut list = std::mem::take(&mut self.lock().list);
        let mut next: Option<Duration> = None;
        list.retain(|exchange| {
            let Some(exchange) = exchange.upgrade() else {
                return false;
            };
            if exchange.lock().phase != Phase::Open {
                return false;
            }
            let left = age.saturating_sub(now.saturating_duration_since(exchange.started));
            if left.is_zero() {
                exchange.finish(Outcome::Open);
                return false;
            }
            next = Some(next.map_or(left, |next| next.min(left)));
            true
        });
        let mut watched = self.lock();
        watched.list.append(&mut list);
        next.map(|wait| wait.max(Duration::from_millis(1)))
    }

    fn lock(&self) -> MutexGuard<'_, Watched> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watched {
    fn tidy(&mut self) {
        self.list.retain(|exchange| exchange.strong_count() > 0);
        self.tidy_at = (self.list.len() * 2).max(64);
    }
}
