//! Ends a test that hangs, with words instead of a time limit of somebody else's.

use super::exchanges::PATIENCE;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;

/// Aborts the process, unless it is dropped in time.
pub struct Watchdog {
    _alive: Sender<()>,
}

impl Watchdog {
    /// Watches what is called `what` in the words that it leaves behind.
    pub fn over(what: &str) -> Self {
        let (alive, watched) = channel();
        let what = what.to_owned();
        thread::spawn(move || {
            if watched.recv_timeout(2 * PATIENCE) == Err(RecvTimeoutError::Timeout) {
                eprintln!("{what}: it hangs, probably in a deadlock");
                std::process::abort();
            }
        });
        Self { _alive: alive }
    }
}
