//! The queue between the request threads and a lane, and what a flush waits for, in every order in which
//! their steps can come.
//!
//! These are the sources of the library themselves, with the model checker's atomics and locks in the
//! place of `delivery/sync.rs`. Three more copies are built on a primitive that is broken on purpose: the
//! same models find that, so they can fail.

#![allow(dead_code, unreachable_pub, unused_imports)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
// The same sources on several sets of primitives are what this is about.
#![allow(clippy::duplicate_mod)]

#[path = "models/primitives.rs"]
mod primitives;
#[path = "models/stand_ins.rs"]
mod stand_ins;

use stand_ins::{capture, config};

/// The sources, built on a set of primitives.
macro_rules! delivery {
    ($name:ident, $primitives:path) => {
        #[path = "."]
        mod $name {
            pub use crate::stand_ins::stats;
            pub use $primitives as sync;
            #[path = "../src/delivery/ledger.rs"]
            pub mod ledger;
            #[path = "../src/delivery/progress.rs"]
            pub mod progress;
            #[path = "../src/delivery/queue.rs"]
            pub mod queue;
            #[path = "models/scenes.rs"]
            pub mod scenes;
            pub mod control {
                pub struct LaneState {
                    pub queue: super::queue::Queue,
                }
            }
        }
    };
}

delivery!(sound, crate::primitives::sound);
delivery!(forgetful, crate::primitives::forgetful);
delivery!(blind, crate::primitives::blind);
delivery!(unordered, crate::primitives::unordered);

/// Runs a model in every order of its steps, with no more than so many threads interrupted where they
/// need not be: more find nothing new, as a rule, and take for ever.
fn check(interruptions: usize, model: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(interruptions);
    builder.check(model);
}

#[test]
fn no_push_leaves_a_sleeping_lane_asleep() {
    check(3, sound::scenes::wake_up);
}

#[test]
fn a_full_batch_wakes_a_lane_that_waits_for_one() {
    check(3, sound::scenes::full_batch);
}

#[test]
fn pushes_wake_a_lane_once_for_each_time_that_it_sleeps_and_never_while_it_is_busy() {
    check(0, sound::scenes::wakes);
}

#[test]
fn the_end_wakes_a_sleeping_lane() {
    check(5, sound::scenes::close);
}

#[test]
fn a_push_into_a_queue_that_is_given_up_is_counted_whoever_comes_last() {
    check(3, sound::scenes::abandoned);
}

#[test]
fn the_ledger_never_says_settled_too_early() {
    check(5, sound::scenes::ledger);
}

#[test]
fn a_flush_is_told_of_its_end() {
    check(5, sound::scenes::flush);
}

#[test]
fn a_shutdown_is_told_of_the_deliverys_end() {
    check(5, sound::scenes::stop);
}

#[test]
#[should_panic(expected = "deadlock")]
fn control_a_waker_that_forgets_is_found_out() {
    check(3, forgetful::scenes::wake_up);
}

#[test]
#[should_panic(expected = "deadlock")]
fn control_a_waker_that_forgets_is_found_out_in_a_batch() {
    check(3, forgetful::scenes::full_batch);
}

#[test]
#[should_panic(expected = "nothing vanishes uncounted")]
fn control_a_push_that_does_not_look_back_is_found_out() {
    check(3, blind::scenes::abandoned);
}

#[test]
#[should_panic(expected = "it is on its way still")]
fn control_counters_without_an_order_are_found_out() {
    check(5, unordered::scenes::ledger);
}
