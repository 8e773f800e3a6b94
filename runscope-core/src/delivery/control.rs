//! What the recorder's handles and the delivery thread share.

use super::drain::Backlog;
use super::output::Output;
use super::progress::{Progress, Target, Unflushed};
use super::queue::Queue;
use super::report::{DropReporter, Time};
use super::stats::{Counters, DropReason};
use crate::capture::Shared;
use crate::config::AccessToken;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Notify;
use tokio::time::sleep_until;

/// One bucket's share of the delivery.
pub(crate) struct LaneState {
    pub(super) bucket_key: String,
    pub(super) output: Output,
    pub(super) queue: Queue,
    pub(super) backlog: Backlog,
    /// Told when a wait may have become pointless: a new token, or a shutdown.
    pub(super) changed: Notify,
}

impl LaneState {
    /// Tells the lane that the spool has something for it.
    #[cfg(feature = "spool")]
    pub(super) fn wake_for_spool(&self) {
        self.backlog.set();
        self.queue.wake_consumer();
    }
}

/// The lanes, and how they are told what to do.
pub(crate) struct Control {
    lanes: Vec<Arc<LaneState>>,
    progress: Progress,
    drops: DropReporter,
    flushing: AtomicUsize,
    closing: Mutex<Closing>,
    closed: Notify,
}

/// Whether a shutdown has begun, and by when it has to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Closing {
    Open,
    By {
        deadline: Instant,
        /// From here on nothing more is sent where there is a spool: the rest of the time is for
        /// putting on disk what is left.
        leave: Instant,
    },
}

impl Control {
    pub(crate) fn new(lanes: Vec<LaneState>) -> Self {
        Self {
            lanes: lanes.into_iter().map(Arc::new).collect(),
            progress: Progress::default(),
            drops: DropReporter::default(),
            flushing: AtomicUsize::new(0),
            closing: Mutex::new(Closing::Open),
            closed: Notify::new(),
        }
    }

    /// Hands a finished exchange to its lane. Never waits.
    pub(crate) fn push(
        &self,
        destination: usize,
        bytes: usize,
        exchange: Arc<Shared>,
        counters: &Counters,
    ) {
        match self.lanes.get(destination).or(self.lanes.first()) {
            Some(lane) => lane.queue.push(exchange, bytes, counters),
            None => {
                counters.captured();
                counters.dropped(DropReason::Shutdown, 1);
            }
        }
    }

    pub(super) fn lanes(&self) -> &[Arc<LaneState>] {
        &self.lanes
    }

    pub(super) fn is_flushing(&self) -> bool {
        self.flushing.load(Ordering::SeqCst) > 0
    }

    /// Tells everybody who wants to know that counters have moved.
    pub(super) fn advanced(&self, counters: &Counters) {
        self.tell_app(counters, Time::Running);
        self.progress.advanced();
    }

    /// Tells everybody that the delivery thread has ended.
    pub(super) fn stopped(&self, counters: &Counters) {
        self.tell_app(counters, Time::Last);
        self.progress.stopped();
    }

    /// Calls the app's metrics and its subscriber. A panic of theirs is counted, and keeps nobody
    /// waiting.
    pub(super) fn tell_app(&self, counters: &Counters, time: Time) {
        let told = catch_unwind(AssertUnwindSafe(|| {
            self.publish(counters);
            self.drops.report(counters, time);
        }));
        if told.is_err() {
            counters.panicked();
        }
    }

    /// Brings the counters to the app's metrics, where it has any.
    fn publish(&self, counters: &Counters) {
        #[cfg(feature = "metrics")]
        super::metrics::publish(&counters.snapshot());
        #[cfg(not(feature = "metrics"))]
        let _ = counters;
    }

    /// Lets go of everything that is queued: the delivery thread ends, or can't be waited for.
    pub(super) fn abandon(&self, counters: &Counters) {
        for lane in &self.lanes {
            lane.queue.abandon(counters);
        }
    }

    pub(super) fn closing(&self) -> Closing {
        *self.closing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) async fn wait_for_closing(&self) -> Instant {
        loop {
            let mut closed = pin!(self.closed.notified());
            // From here on a closing is not missed.
            closed.as_mut().enable();
            if let Closing::By { deadline, .. } = self.closing() {
                return deadline;
            }
            closed.await;
        }
    }

    /// Waits until a shutdown has no more time for sending.
    pub(super) async fn wait_for_leave(&self) {
        self.wait_for_closing().await;
        if let Closing::By { leave, .. } = self.closing() {
            sleep_until(leave.into()).await;
        }
    }

    /// Waits until everything that is queued now is settled, no longer than `deadline`.
    pub(crate) fn flush(&self, deadline: Duration) -> Result<(), Unflushed> {
        let until = deadline_from_now(deadline);
        let target = Target::now(&self.lanes);
        self.flushing.fetch_add(1, Ordering::SeqCst);
        for lane in &self.lanes {
            lane.queue.wake_consumer();
        }
        self.progress
            .wait_until(until, || target.left(&self.lanes) == 0);
        self.flushing.fetch_sub(1, Ordering::SeqCst);
        match target.left(&self.lanes) {
            0 => Ok(()),
            remaining => Err(Unflushed {
                remaining,
                deadline,
            }),
        }
    }

    /// Refuses all later exchanges, waits for what is queued, and ends the delivery thread; no
    /// longer than `deadline`. A later call waits for the first one's end.
    pub(crate) fn shutdown(
        &self,
        deadline: Duration,
        counters: &Counters,
    ) -> Result<(), Unflushed> {
        let until = deadline_from_now(deadline);
        let target = Target::now(&self.lanes);
        let dropped = || counters.snapshot().dropped.shutdown;
        let dropped_before = dropped();
        {
            let mut closing = self.closing.lock().unwrap_or_else(PoisonError::into_inner);
            if *closing == Closing::Open {
                // The delivery thread counts what it lets go of a little before the caller leaves.
                let margin = (deadline / 10).min(Duration::from_millis(50));
                let before = |margin| until.checked_sub(margin).unwrap_or(until);
                *closing = Closing::By {
                    deadline: before(margin),
                    leave: before((deadline / 3).min(MOST_FOR_DISK)),
                };
            }
        }
        for lane in &self.lanes {
            lane.queue.close();
            lane.changed.notify_one();
        }
        self.closed.notify_waiters();
        self.progress.wait_until(until, || false);
        if !self.progress.has_stopped() {
            // It hangs in a callback or a sink. What it has in hand it counts when it comes back.
            self.abandon(counters);
        }
        match target.left(&self.lanes) + (dropped() - dropped_before) {
            0 => Ok(()),
            remaining => Err(Unflushed {
                remaining,
                deadline,
            }),
        }
    }

    /// Puts another token in the place of the recorder's own and lets paused lanes try it at once.
    pub(crate) fn set_token(&self, token: &AccessToken) {
        for lane in &self.lanes {
            lane.output.set_token(token);
            lane.changed.notify_one();
        }
    }
}

/// The time that a shutdown keeps for the disk.
const MOST_FOR_DISK: Duration = Duration::from_secs(1);

/// A deadline too far away to be written down is a year away.
fn deadline_from_now(deadline: Duration) -> Instant {
    let now = Instant::now();
    now.checked_add(deadline)
        .unwrap_or(now + Duration::from_secs(365 * 24 * 3600))
}
