//! One lane: from the queue of one bucket to its end, batch by batch.

use super::backoff::{back_off, with_retry_after};
use super::batch::Batch;
use super::output::Reply;
use super::queue::Queue;
use super::report::Reporter;
use super::singles::Singles;
use super::stats::{Delivered, DropReason};
use super::verdict::{Answer, Settled, Verdict, verdict};
use super::{Closing, LaneState};
use crate::encode::Encoder;
use crate::recorder::Core;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, timeout, timeout_at};

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
            if self.queue().is_empty() {
                if self.queue().is_closed() {
                    return;
                }
                self.queue().wait_for_entry().await;
                continue;
            }
            self.coalesce().await;
            self.fill();
            if let Err(GiveUp(reason)) = self.deliver().await {
                self.queue().drop_in_hand(reason, &self.core.stats);
            }
            self.batch.clear(self.core.config.max_batch_bytes);
            self.reporter.drops(&self.core.stats);
            self.core.control.advanced();
        }
    }

    fn queue(&self) -> &Queue {
        &self.state.queue
    }

    /// Waits for the batch to fill: no longer than the configured delay, and not at all where
    /// somebody waits for a flush.
    async fn coalesce(&self) {
        let due = Instant::now() + self.core.config.max_coalescing_delay;
        while !self.queue().is_closed()
            && !self.core.control.is_flushing()
            && !self.queue().is_full_batch()
        {
            if timeout_at(due, self.queue().wait_for_batch())
                .await
                .is_err()
            {
                return;
            }
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

    /// Sends the batch, in as many pieces and as often as the answers ask for.
    async fn deliver(&mut self) -> Result<(), GiveUp> {
        let mut runs: Vec<Range<usize>> = self.singles.first_runs(self.batch.len());
        let mut trouble = Trouble::default();
        while let Some(run) = runs.pop() {
            self.core.stats.attempt();
            let output = &self.state.output;
            let reply = output.send(&self.state.bucket_key, &self.batch, &run).await;
            match verdict(reply.answer()) {
                Verdict::Settle(items) => {
                    self.reporter.working();
                    self.singles.accepted(&run);
                    let again = self.settle_each(&run, items);
                    if again.is_empty() {
                        trouble = Trouble::default();
                        continue;
                    }
                    runs.extend(again.into_iter().rev());
                    self.reporter.failing(&reply.problem);
                    self.retry(&mut trouble, reply.retry_after).await?;
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
                    let wait = trouble.next(&self.core.config);
                    self.wait(wait, false, &mut trouble).await?;
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
        self.core.stats.retry();
        let since = *trouble.since.get_or_insert_with(Instant::now);
        if since.elapsed() >= self.core.config.max_retry_time {
            return Err(GiveUp(DropReason::RetriesExhausted));
        }
        let wait = with_retry_after(trouble.next(&self.core.config), not_before);
        self.wait(wait, not_before.is_some(), trouble).await
    }

    /// Waits; a new token or a shutdown ends the wait early. In a shutdown one more try is made at
    /// once, unless the server asked for the pause, and a wait past its deadline is given up.
    async fn wait(
        &mut self,
        wait: Duration,
        by_server: bool,
        trouble: &mut Trouble,
    ) -> Result<(), GiveUp> {
        self.reporter.drops(&self.core.stats);
        self.core.control.advanced();
        let until = Instant::now() + wait;
        let token_version = self.core.control.token_version();
        loop {
            if let Closing::By(deadline) = self.core.control.closing() {
                if !by_server && !std::mem::replace(&mut trouble.last_try_made, true) {
                    return Ok(());
                }
                if until.into_std() >= deadline {
                    return Err(GiveUp(DropReason::Shutdown));
                }
            }
            if self.core.control.token_version() != token_version {
                return Ok(());
            }
            let left = until.saturating_duration_since(Instant::now());
            if timeout(left, self.state.changed.notified()).await.is_err() {
                return Ok(());
            }
        }
    }
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

impl Reply {
    fn answer(&self) -> Answer<'_> {
        match self.status {
            None => Answer::Nothing,
            Some(status) => Answer::Http {
                status,
                retry_after: self.retry_after,
                results: self.results(),
            },
        }
    }
}
