//! What the queue, its ledger and those who wait are synchronised by. It is named in one place so that
//! `tests/models.rs` can try every order of steps with the model checker's own in their stead.

pub(super) use crossbeam_queue::ArrayQueue;
pub(super) use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering};
pub(super) use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
pub(super) use tokio::sync::Notify;
pub(super) use tokio::time::timeout_at;
