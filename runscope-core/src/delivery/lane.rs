//! One lane: from the queue of one bucket to its end, batch by batch.

use super::backoff::with_retry_after;
use super::batch::{Batch, Place};
use super::drain::Pace;
use super::keep::AGAIN;
use super::output::Reply;
use super::queue::Queue;
use super::race::{First, race};
use super::report::{REPORT_INTERVAL, Reporter, Time};
use super::singles::Singles;
use super::spool::{RecordId, Spool};
use super::stats::{Counters, Delivered, DropReason};
use super::trouble::{EndsBy, Trouble};
use super::verdict::{Settled, Verdict, verdict};
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
    pub(super) batch: Batch,
    pub(super) spool: Option<Spool>,
    pace: Pace,
    /// Settled messages that the spool has not been told of.
    settled: Vec<RecordId>,
    encoder: Encoder,
    reporter: Reporter,
    singles: Singles,
}

/// Why a lane stops trying.
struct GiveUp(DropReason);

impl Lane {
    pub(super) fn new(core: Arc<Core>, state: Arc<LaneState>, spool: Option<Spool>) -> Self {
        let reporter = Reporter::new(&state.bucket_key);
        Self {
            pace: Pace::new(core.config.spool_drain_rate),
            core,
            state,
            batch: Batch::default(),
            spool,
            settled: Vec::new(),
            encoder: Encoder::default(),
            reporter,
            singles: Singles::default(),
        }
    }

    pub(super) async fn run(mut self) {
        loop {
            if self.batch.is_empty() && self.queue().is_empty() && !self.may_drain() {
                if self.queue().is_closed() {
                    return self.reporter.rejections(Time::Last);
                }
                self.idle().await;
                continue;
            }
            self.coalesce().await;
            self.fill().await;
            let config = &self.core.config;
            let most = config.max_batch_bytes;
            let count = self.batch.fitting(most).min(config.max_batch_size);
            match self.deliver(count).await {
                // The buffer has to hold a batch and the message that did not fit any more.
                Ok(()) => self.batch.forget(count, most.saturating_mul(2)),
                Err(GiveUp(reason)) => self.let_go(count, reason).await,
            }
            self.queue().leave_behind();
            self.tell();
            // A sink never waits, and the other lanes and a shutdown's deadline need their turn.
            tokio::task::yield_now().await;
        }
    }

    /// Waits for an entry, or until the spool is due. What is left to tell of is told meanwhile, when
    /// its time comes.
    async fn idle(&mut self) {
        let now = Instant::now();
        let until_told = self.reporter.owes().then(|| now + REPORT_INTERVAL);
        let until_due = self.due();
        let entry = self.state.queue.wait_for_entry();
        let Some(until) = until_told.into_iter().chain(until_due).min() else {
            return entry.await;
        };
        if timeout_at(until, entry).await.is_err() && until_told == Some(until) {
            self.reporter.rejections(Time::Running);
        }
    }

    /// When something is to be taken from the spool. A shutdown leaves it where it is safe.
    fn due(&self) -> Option<Instant> {
        let has_some = self.spool.is_some() && self.state.backlog.is_set();
        (has_some && !self.queue().is_closed()).then(|| self.pace.next())
    }

    fn may_drain(&self) -> bool {
        self.due().is_some_and(|due| due <= Instant::now())
    }

    pub(super) fn queue(&self) -> &Queue {
        &self.state.queue
    }

    fn tell(&mut self) {
        self.reporter.rejections(Time::Running);
        self.core.control.advanced(&self.core.stats);
    }

    /// Waits for the batch to fill: no longer than the configured delay, and not at all where
    /// somebody waits for a flush, or something goes out of the spool in any case.
    async fn coalesce(&self) {
        let due = Instant::now() + self.core.config.max_coalescing_delay;
        let due = self.due().map_or(due, |of_spool| of_spool.min(due));
        while !self.queue().is_closed()
            && !self.core.control.is_flushing()
            && !self.queue().is_full_batch()
            && Instant::now() < due
        {
            self.queue().wait_for_batch(due).await;
        }
    }

    /// Takes what has waited longest out of the spool, where it is due, and then what is queued, up to
    /// one batch.
    async fn fill(&mut self) {
        if self.may_drain() {
            self.fill_from_spool().await;
        }
        self.fill_from_queue();
    }

    /// New traffic has half of the room, where there is any.
    async fn fill_from_spool(&mut self) {
        let Some(spool) = self.spool.clone() else {
            return;
        };
        let config = &self.core.config;
        let share = match self.queue().is_empty() {
            true => 1,
            false => 2,
        };
        let room = config.max_batch_size.saturating_sub(self.batch.len());
        let bytes = config.max_batch_bytes.saturating_sub(self.batch.bytes());
        let most = room.div_ceil(share).min(self.pace.most());
        if most == 0 || bytes == 0 {
            return;
        }
        self.state.backlog.clear();
        let taken = spool
            .take(&self.state.bucket_key, most, bytes / share)
            .await;
        self.pace.took(taken.len());
        if !taken.is_empty() {
            self.state.backlog.set();
        }
        for (id, json) in taken {
            self.batch.push_spooled(id, &json);
        }
    }

    /// Encodes what is queued, up to one batch.
    pub(super) fn fill_from_queue(&mut self) {
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
            let token = self.state.output.token_version();
            let Some(reply) = self.send(&run).await else {
                return Err(GiveUp(DropReason::Shutdown));
            };
            match verdict(&reply.answer) {
                Verdict::Settle(items) => {
                    self.singles.accepted(&run);
                    let again = self.settle_each(&run, items);
                    if again.is_empty() {
                        self.reporter.working();
                        trouble = Trouble::default();
                        self.acknowledge();
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
                    self.delivered(Delivered::Unconfirmed, run);
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
                    self.reject(run.start, &reply.problem, false);
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
            self.acknowledge();
        }
        if self.singles.learn() {
            self.reporter.single_messages();
        }
        Ok(())
    }

    /// Sends a run of messages. `None` where a shutdown has no more time for it, and there is a spool
    /// that takes them.
    async fn send(&self, run: &Range<usize>) -> Option<Reply> {
        self.core.stats.attempt();
        let send = self
            .state
            .output
            .send(&self.state.bucket_key, &self.batch, run);
        if self.spool.is_none() {
            return Some(send.await);
        }
        match race(send, self.core.control.wait_for_leave()).await {
            First::One(reply) => Some(reply),
            First::Other(()) => None,
        }
    }

    /// Counts what the API says of each message, and gives back the runs that have to go again.
    fn settle_each(&mut self, run: &Range<usize>, items: Vec<Settled>) -> Vec<Range<usize>> {
        let mut again: Vec<Range<usize>> = Vec::new();
        let mut items = items.into_iter();
        for at in run.clone() {
            match items.next().unwrap_or(Settled::Unconfirmed) {
                Settled::Delivered => self.delivered(Delivered::Confirmed, at..at + 1),
                Settled::Warned => self.delivered(Delivered::Warned, at..at + 1),
                Settled::Unconfirmed => self.delivered(Delivered::Unconfirmed, at..at + 1),
                Settled::Rejected(reason) => self.reject(at, &reason, false),
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
            None => self.reject(run.start, &reply.problem, true),
        }
    }

    fn delivered(&mut self, how: Delivered, run: Range<usize>) {
        let count = run.len();
        self.settle(run, |stats| stats.delivered(how, count));
    }

    fn reject(&mut self, at: usize, reason: &str, too_large: bool) {
        self.settle(at..at + 1, |stats| stats.rejected(too_large));
        self.reporter.rejected(reason);
    }

    /// Notes what became of messages: first where they leave, then where they come to.
    fn settle(&mut self, run: Range<usize>, count: impl FnOnce(&Counters)) {
        let (mut of_queue, before) = (0, self.settled.len());
        for at in run {
            match self.batch.put(at, Place::Settled) {
                Place::Memory => of_queue += 1,
                Place::Spool(id) => self.settled.push(id),
                Place::Settled => {}
            }
        }
        let stats = &self.core.stats;
        stats.unspooled((self.settled.len() - before) as u64);
        count(stats);
        self.queue().settle(of_queue);
    }

    /// Lets the spool go of what is settled.
    fn acknowledge(&mut self) {
        if let Some(spool) = &self.spool {
            spool.acknowledge(std::mem::take(&mut self.settled));
        }
    }

    /// What becomes of the first `count` messages that are given up, and of the others in a shutdown:
    /// what is on disk stays there.
    async fn let_go(&mut self, count: usize, reason: DropReason) {
        let is_kept = reason == DropReason::Shutdown && self.keep_all().await;
        if !is_kept {
            let in_memory = self.batch.in_memory();
            let carried = in_memory.iter().filter(|at| **at >= count).count();
            let _ = self.queue().drop_in_hand(carried, reason, &self.core.stats);
        }
        match is_kept {
            // The rest of the batch is on disk too; nothing has to go out any more.
            true => self.put_back(self.batch.len()),
            false => self.put_back(count),
        }
    }

    /// Gives the spool back what it has of the first `count` messages, which leave the batch.
    fn put_back(&mut self, count: usize) {
        if let Some(spool) = &self.spool {
            spool.put_back(self.batch.spooled(count));
            self.state.backlog.set();
        }
        let most = self.core.config.max_batch_bytes;
        self.batch.forget(count, most.saturating_mul(2));
    }

    /// Waits before the next try, unless there has been trouble for too long already.
    async fn retry(
        &mut self,
        trouble: &mut Trouble,
        not_before: Option<Duration>,
    ) -> Result<(), GiveUp> {
        let since = *trouble.since.get_or_insert_with(Instant::now);
        let is_over = since.elapsed() >= self.core.config.max_retry_time;
        // What is on disk has its own age.
        if is_over && !self.batch.in_memory().is_empty() {
            return Err(GiveUp(DropReason::RetriesExhausted));
        }
        self.core.stats.retry();
        let wait = with_retry_after(trouble.next(&self.core.config), not_before);
        let ends_by = not_before.map_or(EndsBy::Shutdown, |_| EndsBy::Time);
        self.wait(wait, ends_by, trouble).await
    }

    /// Waits, and gives up where a shutdown's deadline comes first. Where there is a spool, it takes
    /// meanwhile what is in hand and what comes.
    async fn wait(
        &mut self,
        wait: Duration,
        ends_by: EndsBy,
        trouble: &mut Trouble,
    ) -> Result<(), GiveUp> {
        let now = Instant::now();
        let until = now + wait;
        let begun = *trouble.begun.get_or_insert(now);
        loop {
            let is_kept = self.keep_all().await;
            self.tell();
            if is_kept && begun.elapsed() >= self.core.config.spool_max_age {
                // It goes back, and the spool says what of it is too old.
                return Err(GiveUp(DropReason::RetriesExhausted));
            }
            if let Closing::By { deadline, leave } = self.core.control.closing() {
                if ends_by != EndsBy::Time && !std::mem::replace(&mut trouble.last_try_made, true) {
                    return Ok(());
                }
                let end = match self.spool {
                    Some(_) => leave,
                    None => deadline,
                };
                if until.into_std() >= end {
                    return Err(GiveUp(DropReason::Shutdown));
                }
            }
            if let EndsBy::Token(version) = ends_by
                && self.state.output.token_version() != version
            {
                return Ok(());
            }
            let left = until.saturating_duration_since(Instant::now());
            let changed = self.state.changed.notified();
            let is_over = match (&self.spool, is_kept) {
                (None, _) => timeout(left, changed).await.is_err(),
                (Some(_), true) => {
                    let more = race(changed, self.wait_for_more());
                    timeout(left, more).await.is_err()
                }
                (Some(_), false) => {
                    timeout(left.min(AGAIN), changed).await.is_err() && left <= AGAIN
                }
            };
            if is_over {
                return Ok(());
            }
        }
    }
}

/// However a lane ends, what it has in hand of the spool goes back.
impl Drop for Lane {
    fn drop(&mut self) {
        self.acknowledge();
        self.put_back(self.batch.len());
    }
}
