//! One lane: from the queue of one bucket to its end, batch by batch.

use super::backoff::{back_off, with_retry_after};
use super::batch::Batch;
use super::output::Reply;
use super::queue::Queue;
use super::report::{REPORT_INTERVAL, Reporter, Time};
use super::singles::Singles;
use super::stats::{Delivered, DropReason};
use super::verdict::{Settled, Verdict, verdict};
use super::{Closing, LaneState};
use crate::encode::Encoder;
use crate::recorder::Core;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// The delivery of one bucket. It runs until the recorder is closed and its queue is empty.
pub(super) struct Lane {
    pub(super) core: Arc<Core>,
    pub(super) state: Arc<LaneState>,
    batch: Batch,
    encoder: Encoder,
    reporter: Reporter,
    singles: Singles,
}

/// Why a lane stops trying.
struct GiveUp(DropReason);

impl Lane {
    pub(super) fn new(core: Arc<Core>, state: Arc<LaneState>) -> Self {
        let reporter = Reporter::new(&state.bucket_key);
        Self {
            core,
            state,
            batch: Batch::default(),
            encoder: Encoder::default(),
            reporter,
            singles: Singles::default(),
        }
    }

    pub(super) async fn run(mut self) {
        loop {
            if self.batch.is_empty() && self.queue().is_empty() {
                if self.queue().is_closed() {
                    return self.reporter.rejections(Time::Last);
                }
                self.idle().await;
                continue;
            }
            self.coalesce().await;
            self.fill();
            let most = self.core.config.max_batch_bytes;
            let count = self.batch.fitting(most);
            if let Err(GiveUp(reason)) = self.deliver(count).await {
                let carried = self.batch.len() - count;
                let _ = self.queue().drop_in_hand(carried, reason, &self.core.stats);
            }
            // The buffer has to hold a batch and the message that did not fit any more.
            self.batch.forget(count, most.saturating_mul(2));
            self.queue().leave_behind();
            self.tell();
            // A sink never waits, and the other lanes and a shutdown's deadline need their turn.
            tokio::task::yield_now().await;
        }
    }

    /// Waits for an entry. What is left to tell of is told meanwhile, when its time comes.
    async fn idle(&mut self) {
        let entry = self.state.queue.wait_for_entry();
        if !self.reporter.owes() {
            return entry.await;
        }
        if timeout(REPORT_INTERVAL, entry).await.is_err() {
            self.reporter.rejections(Time::Running);
        }
    }

    fn queue(&self) -> &Queue {
        &self.state.queue
    }

    fn tell(&mut self) {
        self.reporter.rejections(Time::Running);
        self.core.control.advanced(&self.core.stats);
    }

    /// Waits for the batch to fill: no longer than the configured delay, and not at all where
    /// somebody waits for a flush.
    async fn coalesce(&self) {
        let due = Instant::now() + self.core.config.max_coalescing_delay;
        while !self.queue().is_closed()
            && !self.core.control.is_flushing()
            && !self.queue().is_full_batch()
            && Instant::now() < due
        {
            self.queue().wait_for_batch(due).await;
        }
    }

    /// Encodes what is queued, up to one batch.
    fn fill(&mut self) {
        let config = &self.core.config;
        while self.batch.len() < config.max_batch_size
            && self.batch.bytes() < config.max_batch_bytes
        {
            let Some(exchange) = self.state.queue.pop() else {
                return;
            };
            let Some(record) = exchange.take() else {
                // A record is taken once, by the lane that its exchange was pushed to.
                self.core.stats.dropped(DropReason::Panic, 1);
                self.state.queue.settle(1);
                continue;
            };
            let redactor = &self.core.redactor;
            self.batch
                .push(|out| self.encoder.encode(&record, redactor, config, out));
        }
    }

    /// Sends the first `count` messages, in as many pieces and as often as the answers ask for.
    async fn deliver(&mut self, count: usize) -> Result<(), GiveUp> {
        let mut runs: Vec<Range<usize>> = self.singles.first_runs(count);
        let mut trouble = Trouble::default();
        while let Some(run) = runs.pop() {
            self.core.stats.attempt();
            let output = &self.state.output;
            let token = output.token_version();
            let reply = output.send(&self.state.bucket_key, &self.batch, &run).await;
            match verdict(&reply.answer) {
                Verdict::Settle(items) => {
                    self.singles.accepted(&run);
                    let again = self.settle_each(&run, items);
                    if again.is_empty() {
                        self.reporter.working();
                        trouble = Trouble::default();
                        continue;
                    }
                    runs.extend(again.into_iter().rev());
                    self.reporter
                        .failing("the API could not take some of the messages");
                    let not_before = reply.answer.retry_after();
                    self.retry(&mut trouble, not_before).await?;
                }
                Verdict::TakenUnread => {
                    self.reporter.working();
                    self.singles.accepted(&run);
                    trouble = Trouble::default();
                    self.delivered(Delivered::Unconfirmed, run.len());
                }
                Verdict::Retry { not_before } => {
                    runs.push(run);
                    self.reporter.failing(&reply.problem);
                    self.retry(&mut trouble, not_before).await?;
                }
                Verdict::Pause => {
                    runs.push(run);
                    self.reporter.paused(&reply.problem);
                    self.core.stats.retry();
                    // What is kept through a pause is not given up right after it.
                    trouble.since = None;
                    let wait = trouble.next(&self.core.config);
                    self.wait(wait, EndsBy::Token(token), &mut trouble).await?;
                }
                Verdict::Split if run.len() == 1 => self.cut_or_reject(run, &reply, &mut runs),
                Verdict::Bisect if run.len() == 1 => {
                    self.reporter.working();
                    self.singles.rejected();
                    self.reject(&reply.problem, false);
                }
                verdict @ (Verdict::Split | Verdict::Bisect) => {
                    self.core.stats.retry();
                    if verdict == Verdict::Bisect {
                        self.singles.refused_array();
                    }
                    let middle = run.start + run.len() / 2;
                    runs.extend([middle..run.end, run.start..middle]);
                }
            }
        }
        if self.singles.learn() {
            self.reporter.single_messages();
        }
        Ok(())
    }

    /// Counts what the API says of each message, and gives back the runs that have to go again.
    fn settle_each(&mut self, run: &Range<usize>, items: Vec<Settled>) -> Vec<Range<usize>> {
        let mut again: Vec<Range<usize>> = Vec::new();
        let mut items = items.into_iter();
        for at in run.clone() {
            match items.next().unwrap_or(Settled::Unconfirmed) {
                Settled::Delivered => self.delivered(Delivered::Confirmed, 1),
                Settled::Warned => self.delivered(Delivered::Warned, 1),
                Settled::Unconfirmed => self.delivered(Delivered::Unconfirmed, 1),
                Settled::Rejected(reason) => self.reject(&reason, false),
                Settled::Again => match again.last_mut() {
                    Some(last) if last.end == at && !self.singles.only() => last.end = at + 1,
                    _ => again.push(at..at + 1),
                },
            }
        }
        again
    }

    /// A message that is too large by itself goes again without its bodies; without bodies it is
    /// rejected.
    fn cut_or_reject(&mut self, run: Range<usize>, reply: &Reply, runs: &mut Vec<Range<usize>>) {
        self.reporter.working();
        match super::cut::without_bodies(self.batch.message(run.start)) {
            Some(smaller) => {
                self.batch.replace(run.start, &smaller);
                self.core.stats.cut();
                self.core.stats.retry();
                runs.push(run);
            }
            None => self.reject(&reply.problem, true),
        }
    }

    fn delivered(&self, how: Delivered, count: usize) {
        self.core.stats.delivered(how, count);
        self.queue().settle(count);
    }

    fn reject(&mut self, reason: &str, too_large: bool) {
        self.core.stats.rejected(too_large);
        self.state.queue.settle(1);
        self.reporter.rejected(reason);
    }

    /// Waits before the next try, unless there has been trouble for too long already.
    async fn retry(
        &mut self,
        trouble: &mut Trouble,
        not_before: Option<Duration>,
    ) -> Result<(), GiveUp> {
        let since = *trouble.since.get_or_insert_with(Instant::now);
        if since.elapsed() >= self.core.config.max_retry_time {
            return Err(GiveUp(DropReason::RetriesExhausted));
        }
        self.core.stats.retry();
        let wait = with_retry_after(trouble.next(&self.core.config), not_before);
        let ends_by = not_before.map_or(EndsBy::Shutdown, |_| EndsBy::Time);
        self.wait(wait, ends_by, trouble).await
    }

    /// Waits, and gives up where a shutdown's deadline comes first.
    async fn wait(
        &mut self,
        wait: Duration,
        ends_by: EndsBy,
        trouble: &mut Trouble,
    ) -> Result<(), GiveUp> {
        self.tell();
        let until = Instant::now() + wait;
        loop {
            if let Closing::By(deadline) = self.core.control.closing() {
                if ends_by != EndsBy::Time && !std::mem::replace(&mut trouble.last_try_made, true) {
                    return Ok(());
                }
                if until.into_std() >= deadline {
                    return Err(GiveUp(DropReason::Shutdown));
                }
            }
            if let EndsBy::Token(version) = ends_by
                && self.state.output.token_version() != version
            {
                return Ok(());
            }
            let left = until.saturating_duration_since(Instant::now());
            if timeout(left, self.state.changed.notified()).await.is_err() {
                return Ok(());
            }
        }
    }
}

/// What ends a wait before its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum EndsBy {
    /// Nothing: the server asked for it.
    Time,
    /// A shutdown, which makes one more try at once.
    Shutdown,
    /// A shutdown, or a token other than the one that was refused, of this version.
    Token(u64),
}

/// The trouble that a batch is in.
#[derive(Debug, Default)]
struct Trouble {
    failures: u32,
    since: Option<Instant>,
    last_try_made: bool,
}

impl Trouble {
    /// The next plain back-off.
    fn next(&mut self, config: &crate::config::Config) -> Duration {
        self.failures = self.failures.saturating_add(1);
        let (initial, longest) = (config.initial_retry_delay, config.max_retry_delay);
        back_off(self.failures, initial, longest, fastrand::f64())
    }
}
