//! Sending a batch: what each answer asks for, and the waits between the tries.

use super::Closing;
use super::backoff::with_retry_after;
use super::batch::Place;
use super::keep::AGAIN;
use super::lane::{GiveUp, Lane};
use super::output::Reply;
use super::race::{First, race};
use super::stats::{Counters, Delivered, DropReason};
use super::trouble::{EndsBy, Trouble};
use super::verdict::{Settled, Verdict, verdict};
use std::ops::Range;
use std::time::Duration;
use tokio::time::{Instant, timeout};

impl Lane {
    /// Sends the first `count` messages, in as many pieces and as often as the answers ask for.
    pub(super) async fn deliver(&mut self, count: usize) -> Result<(), GiveUp> {
        let mut runs: Vec<Range<usize>> = self.singles.first_runs(count);
        let mut trouble = Trouble::default();
        self.compressor.next_batch();
        while let Some(run) = runs.pop() {
            let token = self.state.output.token_version();
            let Some(reply) = self.send(&run).await else {
                return Err(GiveUp(DropReason::Shutdown));
            };
            match verdict(&reply.answer) {
                Verdict::Settle(items) => {
                    self.accepted(&run);
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
                    self.accepted(&run);
                    trouble = Trouble::default();
                    self.delivered(Delivered::Unconfirmed, run);
                }
                Verdict::Retry { not_before } => {
                    runs.push(run);
                    self.compressor.failed();
                    self.reporter.failing(&reply.problem);
                    self.retry(&mut trouble, not_before).await?;
                }
                Verdict::Pause => {
                    runs.push(run);
                    // Whoever refuses everything may refuse the coding.
                    self.compressor.set_aside();
                    self.reporter.paused(&reply.problem);
                    self.core.stats.retry();
                    // What is kept through a pause is not given up right after it.
                    trouble.since = None;
                    let wait = trouble.next(&self.core.config);
                    self.wait(wait, EndsBy::Token(token), &mut trouble).await?;
                }
                Verdict::Uncompressed { is_certain } => {
                    self.core.stats.retry();
                    self.compressor.refused(&run, is_certain);
                    if is_certain {
                        self.reporter.uncompressed();
                    }
                    runs.push(run);
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
    async fn send(&mut self, run: &Range<usize>) -> Option<Reply> {
        self.core.stats.attempt();
        let send = self.state.output.send(
            &self.state.bucket_key,
            &self.batch,
            run,
            &mut self.compressor,
        );
        if self.spool.is_none() {
            return Some(send.await);
        }
        match race(send, self.core.control.wait_for_leave()).await {
            First::One(reply) => Some(reply),
            First::Other(()) => None,
        }
    }

    /// Draws conclusions from a run of messages that the API took.
    fn accepted(&mut self, run: &Range<usize>) {
        self.singles.accepted(run);
        if self.compressor.accepted(run) {
            self.reporter.uncompressed();
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
                self.compressor.set_aside();
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
        if let Some(letters) = &self.dead_letters {
            let message = self.batch.message(at);
            letters.write(&self.state.bucket_key, reason, too_large, message);
        }
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
    pub(super) fn acknowledge(&mut self) {
        if let Some(spool) = &self.spool {
            spool.acknowledge(std::mem::take(&mut self.settled));
        }
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
            let is_kept = self.keep(until).await;
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
                // What is on disk is as well off there as in further tries.
                if is_kept || until.into_std() >= end {
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
            // Under load there is always more to keep.
            if is_over || Instant::now() >= until {
                return Ok(());
            }
        }
    }
}
