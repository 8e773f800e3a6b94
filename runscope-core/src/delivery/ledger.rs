//! How far a lane has come with what was pushed to it: what a flush waits for.

use super::sync::{AtomicU64, Ordering};

/// Counts the entries of one queue on their way. Only the lane takes and settles; anybody pushes,
/// reads, and discards what the lane is not going to take any more.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    pushed: AtomicU64,
    /// Taken out of the queue by the lane, in the order of their coming.
    taken: AtomicU64,
    /// Of the taken: not settled yet. It lies here and not in the lane, so that a panic of the lane
    /// loses none of them from the count.
    in_hand: AtomicU64,
    /// The first so many of the taken are all settled. Within a batch messages are settled in any
    /// order, so that their number alone says nothing of the older ones.
    behind: AtomicU64,
    /// Dropped out of the queue without being taken.
    discarded: AtomicU64,
}

impl Ledger {
    /// Counts an entry before it is in the queue: a flush that begins now waits for it, and never
    /// takes a younger one for it.
    pub(super) fn push(&self) {
        self.pushed.fetch_add(1, Ordering::Release);
    }

    /// Takes an entry out of the count again that the queue did not take.
    pub(super) fn refuse(&self) {
        self.pushed.fetch_sub(1, Ordering::Release);
    }

    /// Counted in hand before it is counted as taken, so that a reader never finds it nowhere.
    pub(super) fn take(&self) {
        self.in_hand.fetch_add(1, Ordering::Relaxed);
        self.taken.fetch_add(1, Ordering::Release);
    }

    pub(super) fn settle(&self, count: u64) {
        self.in_hand.fetch_sub(count, Ordering::Release);
    }

    /// Notes that all are settled that were taken before those still in hand.
    pub(super) fn leave_behind(&self) {
        let settled = self.taken.load(Ordering::Relaxed) - self.in_hand();
        self.behind.store(settled, Ordering::Release);
    }

    pub(super) fn discard(&self) {
        self.discarded.fetch_add(1, Ordering::Release);
    }

    pub(super) fn in_hand(&self) -> u64 {
        self.in_hand.load(Ordering::Acquire)
    }

    /// How many entries were ever taken in, or are about to be.
    pub(super) fn pushed(&self) -> u64 {
        self.pushed.load(Ordering::Acquire)
    }

    /// How many of the first `target` entries are not settled. It may count a younger one of the
    /// same batch in an older one's place, but is zero only when all of them are.
    pub(super) fn left_of(&self, target: u64) -> u64 {
        // What was refused after the target was taken never comes.
        let target = target.min(self.pushed());
        let discarded = self.discarded.load(Ordering::Acquire);
        let taken = self.taken.load(Ordering::Acquire);
        let in_hand = self.in_hand();
        let behind = self.behind.load(Ordering::Acquire);
        let waiting = target.saturating_sub(taken + discarded);
        waiting + in_hand.min(target.saturating_sub(behind + discarded))
    }
}
