//! How far a lane has come with what was pushed to it: what a flush waits for.

use std::sync::atomic::{AtomicU64, Ordering};

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

#[cfg(test)]
mod tests {
    use super::*;

    fn take(ledger: &Ledger, count: usize) {
        (0..count).for_each(|_| ledger.take());
    }

    #[test]
    fn what_is_left_is_what_waits_and_what_is_in_hand() {
        let ledger = Ledger::default();
        (0..10).for_each(|_| ledger.push());
        assert_eq!((ledger.pushed(), ledger.left_of(10)), (10, 10));

        take(&ledger, 6);
        assert_eq!((ledger.left_of(10), ledger.left_of(4)), (10, 4));
        ledger.settle(2);
        assert_eq!(ledger.left_of(10), 8);
        assert_eq!(
            ledger.left_of(2),
            2,
            "which two of the batch are settled is not known"
        );
        ledger.settle(4);
        assert_eq!((ledger.left_of(10), ledger.left_of(6)), (4, 0));
    }

    #[test]
    fn an_entry_that_is_carried_over_does_not_hold_up_the_older_ones() {
        let ledger = Ledger::default();
        (0..3).for_each(|_| ledger.push());
        take(&ledger, 3);
        ledger.settle(2);
        ledger.leave_behind();
        assert_eq!((ledger.left_of(2), ledger.left_of(3)), (0, 1));
        assert_eq!(ledger.in_hand(), 1);
    }

    #[test]
    fn an_entry_that_was_refused_is_not_waited_for() {
        let ledger = Ledger::default();
        (0..3).for_each(|_| ledger.push());
        let target = ledger.pushed();
        ledger.refuse();
        take(&ledger, 2);
        assert_eq!(ledger.left_of(target), 2);
        ledger.settle(2);
        assert_eq!(ledger.left_of(target), 0);
    }

    #[test]
    fn discarded_entries_are_not_waited_for() {
        let ledger = Ledger::default();
        (0..5).for_each(|_| ledger.push());
        take(&ledger, 2);
        (0..3).for_each(|_| ledger.discard());
        assert_eq!(ledger.left_of(5), 2, "the lane still holds its two");
        ledger.settle(2);
        assert_eq!(ledger.left_of(5), 0);
    }
}
