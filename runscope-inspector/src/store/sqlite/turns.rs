//! Who may use a processor to prepare what is to be written.

use std::num::NonZeroUsize;
use std::sync::{Condvar, Mutex, PoisonError};
use std::thread;

/// So many may cut words and compress at one time as leave a processor to the writer, for whom all of them wait in
/// the end: where they outnumber it, they take its time from it, and then wait for it all the longer.
#[derive(Debug)]
pub(super) struct Turns {
    free: Mutex<usize>,
    given_back: Condvar,
}

/// Given back when it is dropped.
#[derive(Debug)]
pub(super) struct Turn<'a>(&'a Turns);

impl Turns {
    /// One less than there are processors, and one at least.
    pub(super) fn beside_the_writer() -> Self {
        let processors = thread::available_parallelism().map_or(1, NonZeroUsize::get);
        Self {
            free: Mutex::new(processors.saturating_sub(1).max(1)),
            given_back: Condvar::new(),
        }
    }

    /// Waits for a turn.
    pub(super) fn take(&self) -> Turn<'_> {
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.given_back.wait_while(free, |free| *free == 0);
        let mut free = waited.unwrap_or_else(PoisonError::into_inner);
        *free = free.saturating_sub(1);
        Turn(self)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut free = self.0.free.lock().unwrap_or_else(PoisonError::into_inner);
        *free = free.saturating_add(1);
        drop(free);
        self.0.given_back.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn no_more_than_there_are_turns_work_at_one_time() {
        let turns = Turns {
            free: Mutex::new(2),
            given_back: Condvar::new(),
        };
        let (working, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..200 {
                        let _turn = turns.take();
                        most.fetch_max(
                            working.fetch_add(1, Ordering::SeqCst) + 1,
                            Ordering::SeqCst,
                        );
                        thread::yield_now();
                        working.fetch_sub(1, Ordering::SeqCst);
                    }
                });
            }
        });
        assert!(most.into_inner() <= 2);
        assert_eq!(*turns.free.lock().unwrap(), 2);
    }

    #[test]
    fn a_panic_gives_its_turn_back() {
        let turns = Turns {
            free: Mutex::new(1),
            given_back: Condvar::new(),
        };
        let panics = || {
            let _turn = turns.take();
            panic!("while it worked");
        };
        thread::scope(|scope| assert!(scope.spawn(panics).join().is_err()));
        drop(turns.take());
    }
}
