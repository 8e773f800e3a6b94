//! Delivery: from the queue to the API, on a thread of its own.
//!
//! A request thread does one bounded push. Each bucket has a lane, so that one that is refused does
//! not hold up another: the lane drains its queue, encodes a batch, posts it, and asks one pure
//! table what the answer means. Where a spool is configured, what has to wait goes to disk.

mod queue;
mod ledger;
#[cfg(test)]
mod ledger_tests;
mod sync;
mod worker;
mod lane;
mod deliver;
mod batch;
mod compress;
mod output;
mod verdict;
mod backoff;
mod singles;
mod cut;
mod trouble;
mod dead_letter;
mod keep;
mod drain;
#[cfg(feature = "spool")]
mod spool;
#[cfg(feature = "spool")]
mod spool_thread;
#[cfg(not(feature = "spool"))]
#[path = "no_spool.rs"]
mod spool;
mod race;
mod progress;
mod report;
mod stats;
#[cfg(feature = "metrics")]
mod metrics;
mod control;
mod lanes;

pub use lanes::StartError;
pub use progress::Unflushed;
pub use stats::{Dropped, Stats};

pub(crate) use control::{Closing, Control, LaneState};
pub(crate) use lanes::lanes;
pub(crate) use stats::Counters;
pub(crate) use worker::start;
