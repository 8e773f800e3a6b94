//! One lane: from the queue of one bucket to its end, batch by batch.

use super::batch::Batch;
use super::compress::Compressor;
use super::dead_letter::DeadLetters;
use super::drain::Pace;
use super::queue::Queue;
use super::report::{REPORT_INTERVAL, Reporter, Time};
use super::singles::Singles;
use super::spool::{RecordId, Spool};
use super::stats::DropReason;
use super::{Closing, LaneState};
use crate::encode::Encoder;
use crate::recorder::Core;
use std::sync::Arc;
use tokio::time::{Instant, timeout_at};

/// The delivery of one bucket. It runs until the recorder is closed and its queue is empty.
pub(super) struct Lane {
    pub(super) core: Arc<Core>,
    pub(super) state: Arc<LaneState>,
    pub(super) batch: Batch,
    pub(super) spool: Option<Spool>,
    pub(super) dead_letters: Option<DeadLetters>,
    pace: Pace,
    /// Settled messages that the spool has not been told of.
    pub(super) settled: Vec<RecordId>,
    encoder: Encoder,
    pub(super) reporter: Reporter,
    pub(super) singles: Singles,
    pub(super) compressor: Compressor,
}

/// Why a lane stops trying.
pub(super) struct GiveUp(pub(super) DropReason);

impl Lane {
    pub(super) fn new(
        core: Arc<Core>,
        state: Arc<LaneState>,
        spool: Option<Spool>,
        dead_letters: Option<DeadLetters>,
    ) -> Self {
        let reporter = Reporter::new(&state.bucket_key);
        Self {
            pace: Pace::new(core.config.spool_drain_rate),
            core,
            state,
            batch: Batch::default(),
            spool,
            dead_letters,
            settled: Vec::new(),
            encoder: Encoder::default(),
            reporter,
            singles: Singles::default(),
            compressor: Compressor::default(),
        }
    }

    pub(super) async fn run(mut self) {
        let mut had_batch = false;
        loop {
            let due = Instant::now() + self.core.config.max_coalescing_delay;
            if self.batch.is_empty() && self.queue().is_empty() && !self.may_drain() {
                if self.queue().is_closed() {
                    return self.reporter.rejections(Time::Last);
                }
                // After a batch there is likely to be another, for which one wake is enough: the last
                // of its entries, not the first one too.
                if !std::mem::take(&mut had_batch) || self.reporter.owes() {
                    self.idle().await;
                    continue;
                }
                self.queue().wait_for_batch(self.or_spool(due)).await;
                if self.queue().is_empty() {
                    continue;
                }
            }
            self.coalesce(due).await;
            self.fill().await;
            let config = &self.core.config;
            let most = config.max_batch_bytes;
            let count = self.batch.fitting(most).min(config.max_batch_size);
            match self.deliver(count).await {
                // The buffer has to hold a batch and the message that did not fit any more.
                Ok(()) => self.batch.forget(count, most.saturating_mul(2)),
                Err(GiveUp(reason)) => self.let_go(count, reason).await,
            }
            had_batch = true;
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

    /// This time, or when something is to be taken from the spool, if that is earlier.
    fn or_spool(&self, due: Instant) -> Instant {
        self.due().map_or(due, |of_spool| of_spool.min(due))
    }

    fn may_drain(&self) -> bool {
        self.due().is_some_and(|due| due <= Instant::now())
    }

    pub(super) fn queue(&self) -> &Queue {
        &self.state.queue
    }

    pub(super) fn tell(&mut self) {
        self.reporter.rejections(Time::Running);
        self.core.control.advanced(&self.core.stats);
    }

    /// Waits for the batch to fill: no longer than until it is due, and not at all where somebody waits
    /// for a flush, or something goes out of the spool in any case.
    async fn coalesce(&self, due: Instant) {
        let due = self.or_spool(due);
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
            self.core.spares.put(exchange, record);
        }
    }

    /// What becomes of the first `count` messages that are given up, and of the others in a shutdown:
    /// what is on disk stays there.
    async fn let_go(&mut self, count: usize, reason: DropReason) {
        let is_kept = match (reason, self.core.control.closing()) {
            (DropReason::Shutdown, Closing::By { deadline, .. }) => {
                self.keep(deadline.into()).await
            }
            _ => false,
        };
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
}

/// However a lane ends, what it has in hand of the spool goes back.
impl Drop for Lane {
    fn drop(&mut self) {
        self.acknowledge();
        self.put_back(self.batch.len());
    }
}
