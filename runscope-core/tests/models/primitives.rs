//! What the sources are built on: the model checker's own, and three sets of which one piece is broken.

use loom::sync::Mutex;
use loom::sync::atomic::Ordering;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::task::{Poll, Waker};

/// A bounded queue whose every call is one step, as the real one's is.
pub struct ArrayQueue<T> {
    entries: Mutex<VecDeque<T>>,
    room: usize,
}

impl<T> ArrayQueue<T> {
    pub fn new(room: usize) -> Self {
        Self {
            entries: Mutex::new(VecDeque::new()),
            room,
        }
    }

    pub fn push(&self, entry: T) -> Result<(), T> {
        let mut entries = self.entries.lock().unwrap();
        if entries.len() == self.room {
            return Err(entry);
        }
        entries.push_back(entry);
        Ok(())
    }

    pub fn pop(&self) -> Option<T> {
        self.entries.lock().unwrap().pop_front()
    }

    pub fn is_empty(&self) -> bool {
        self.entries.lock().unwrap().is_empty()
    }

    pub fn len(&self) -> usize {
        self.entries.lock().unwrap().len()
    }
}

/// An atomic of which every access is sequentially consistent. The checker takes such an access for a
/// weaker one, and finds a read here that no machine makes: of a swap, after a later store is known.
pub struct AtomicU8(Mutex<u8>);

impl AtomicU8 {
    pub fn new(value: u8) -> Self {
        Self(Mutex::new(value))
    }

    pub fn load(&self, order: Ordering) -> u8 {
        assert_eq!(order, Ordering::SeqCst);
        *self.0.lock().unwrap()
    }

    pub fn store(&self, value: u8, order: Ordering) {
        assert_eq!(order, Ordering::SeqCst);
        *self.0.lock().unwrap() = value;
    }

    pub fn swap(&self, value: u8, order: Ordering) -> u8 {
        assert_eq!(order, Ordering::SeqCst);
        std::mem::replace(&mut *self.0.lock().unwrap(), value)
    }
}

/// Tokio's, for one who waits: the checker has to see the order that a wake-up makes.
pub struct Notify<const KEEPS: bool>(Mutex<(bool, Option<Waker>)>);

impl<const KEEPS: bool> Notify<KEEPS> {
    pub fn new() -> Self {
        Self(Mutex::new((false, None)))
    }

    /// Wakes who waits, or the next one who is going to, where the wake-up is kept.
    pub fn notify_one(&self) {
        let mut state = self.0.lock().unwrap();
        let waker = state.1.take();
        state.0 |= KEEPS || waker.is_some();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    pub async fn notified(&self) {
        poll_fn(|context| {
            let mut state = self.0.lock().unwrap();
            if std::mem::take(&mut state.0) {
                return Poll::Ready(());
            }
            state.1 = Some(context.waker().clone());
            Poll::Pending
        })
        .await;
    }
}

/// A wait whose time never comes: whoever is not woken sleeps for ever, and the checker says so.
pub async fn timeout_at<F: Future>(_: tokio::time::Instant, what: F) -> Result<F::Output, ()> {
    Ok(what.await)
}

pub mod sound {
    pub use super::{ArrayQueue, AtomicU8, timeout_at};
    pub use loom::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
    pub use loom::sync::{Condvar, Mutex, MutexGuard};
    pub use std::sync::PoisonError;
    pub type Notify = super::Notify<true>;
}

/// A waker that wakes who sleeps already, and nobody who is about to.
pub mod forgetful {
    pub use super::sound::{
        ArrayQueue, AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Condvar, Mutex, MutexGuard,
        Ordering, PoisonError, timeout_at,
    };

    pub type Notify = super::Notify<false>;
}

/// A flag that nobody sees raised.
pub mod blind {
    pub use super::sound::{
        ArrayQueue, AtomicU8, AtomicU64, AtomicUsize, Condvar, Mutex, MutexGuard, Notify, Ordering,
        PoisonError, timeout_at,
    };

    pub struct AtomicBool(loom::sync::atomic::AtomicBool);

    impl AtomicBool {
        pub fn new(value: bool) -> Self {
            Self(loom::sync::atomic::AtomicBool::new(value))
        }

        pub fn load(&self, order: Ordering) -> bool {
            let _ = self.0.load(order);
            false
        }

        pub fn store(&self, value: bool, order: Ordering) {
            self.0.store(value, order);
        }
    }
}

/// Counters that promise nothing of the order in which others see them.
pub mod unordered {
    pub use super::sound::{
        ArrayQueue, AtomicBool, AtomicU8, AtomicUsize, Condvar, Mutex, MutexGuard, Notify,
        Ordering, PoisonError, timeout_at,
    };

    #[derive(Debug, Default)]
    pub struct AtomicU64(loom::sync::atomic::AtomicU64);

    impl AtomicU64 {
        pub fn load(&self, _: Ordering) -> u64 {
            self.0.load(Ordering::Relaxed)
        }

        pub fn store(&self, value: u64, _: Ordering) {
            self.0.store(value, Ordering::Relaxed);
        }

        pub fn fetch_add(&self, value: u64, _: Ordering) -> u64 {
            self.0.fetch_add(value, Ordering::Relaxed)
        }

        pub fn fetch_sub(&self, value: u64, _: Ordering) -> u64 {
            self.0.fetch_sub(value, Ordering::Relaxed)
        }
    }
}
