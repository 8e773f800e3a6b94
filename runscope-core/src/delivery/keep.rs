//! Putting on disk what can't be delivered now.

use super::batch::{Batch, Place};
use super::lane::Lane;
use super::spool::Spool;
use std::time::Duration;
use tokio::time::Instant;

/// While the disk takes nothing it is tried again after this.
pub(super) const AGAIN: Duration = Duration::from_secs(1);

impl Lane {
    /// Puts on disk what is in hand, and then what is queued, no longer than until a time. Says whether
    /// the disk took all that it was given; what it did not is in the batch.
    pub(super) async fn keep(&mut self, until: Instant) -> bool {
        let Some(spool) = self.spool.clone() else {
            return false;
        };
        if !self.keep_in_hand(&spool).await {
            return false;
        }
        while !self.queue().is_empty() {
            if !self.keep_queued(&spool).await {
                return false;
            }
            // Under load the queue is never empty: the next try must not wait for that, nor the disk
            // be asked for every few messages. A shutdown takes in nothing more.
            let goes_on = self.queue().is_closed() || self.queue().is_full_batch();
            if !goes_on || Instant::now() >= until {
                break;
            }
        }
        true
    }

    /// Waits until there is something in the queue that is to be put on disk: a batch that is full or
    /// due, or anything where somebody waits for a flush.
    pub(super) async fn wait_for_more(&self) {
        self.queue().wait_for_entry().await;
        let due = Instant::now() + self.core.config.max_coalescing_delay;
        while !self.queue().is_closed()
            && !self.core.control.is_flushing()
            && !self.queue().is_full_batch()
            && Instant::now() < due
        {
            self.queue().wait_for_batch(due).await;
        }
    }

    /// The messages of the batch stay in hand, and are known by their ids from then on.
    async fn keep_in_hand(&mut self, spool: &Spool) -> bool {
        let places = self.batch.in_memory();
        if places.is_empty() {
            return true;
        }
        let messages = places.iter().map(|at| self.batch.message(*at).to_vec());
        let kept = spool.keep(&self.state.bucket_key, messages.collect()).await;
        let mut count = 0;
        for (&at, id) in places.iter().zip(kept) {
            if let Some(id) = id {
                self.batch.put(at, Place::Spool(id));
                count += 1;
            }
        }
        self.count_kept(count);
        count == places.len()
    }

    /// What is queued goes to disk, and back out of hand. What the disk refuses joins the batch.
    async fn keep_queued(&mut self, spool: &Spool) -> bool {
        let mut queued = Batch::default();
        std::mem::swap(&mut self.batch, &mut queued);
        self.fill_from_queue();
        std::mem::swap(&mut self.batch, &mut queued);
        let messages = (0..queued.len()).map(|at| queued.message(at).to_vec());
        let kept = spool.keep(&self.state.bucket_key, messages.collect()).await;
        let ids: Vec<_> = kept.iter().flatten().copied().collect();
        self.count_kept(ids.len());
        self.state.backlog.set();
        let is_kept = ids.len() == queued.len();
        spool.put_back(ids);
        for (at, id) in kept.iter().enumerate() {
            if id.is_none() {
                self.batch
                    .push(|out| out.extend_from_slice(queued.message(at)));
            }
        }
        is_kept
    }

    fn count_kept(&self, count: usize) {
        self.core.stats.spooled(count as u64);
        self.queue().settle(count);
    }
}
