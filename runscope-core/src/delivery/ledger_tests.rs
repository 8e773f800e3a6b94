//! The ledger by itself; `tests/models.rs` has it in every order of steps.

use super::ledger::Ledger;

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
