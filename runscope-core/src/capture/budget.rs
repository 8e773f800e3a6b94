//! The process-wide byte budget: everything captured and not yet encoded is charged to it.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Bytes held by all recorders of this process. One counter for the whole process, because
/// memory is one: two recorders with the same limit share it, they do not double it.
static USED: AtomicUsize = AtomicUsize::new(0);

/// Bytes held in this process by captures in flight and in the queues.
#[must_use]
pub fn bytes_held() -> usize {
    USED.load(Ordering::Relaxed)
}

/// A share of the budget, given back when it is dropped.
#[derive(Debug, Default)]
pub(crate) struct Charge(usize);

impl Charge {
    /// Takes `bytes` more, unless the process would then hold more than `limit`.
    pub(crate) fn grow(&mut self, bytes: usize, limit: usize) -> bool {
        if bytes == 0 {
            return true;
        }
        let before = USED.fetch_add(bytes, Ordering::Relaxed);
        if before.saturating_add(bytes) > limit {
            USED.fetch_sub(bytes, Ordering::Relaxed);
            return false;
        }
        self.0 += bytes;
        true
    }

    /// Gives `bytes` back that are no longer held.
    pub(crate) fn shrink(&mut self, bytes: usize) {
        let bytes = bytes.min(self.0);
        USED.fetch_sub(bytes, Ordering::Relaxed);
        self.0 -= bytes;
    }

    /// Whether frames may be kept by reference. That saves a copy, but pins the buffer that a frame
    /// was cut from, whose size nobody tells: of the server's read buffers up to 1.6 times what was
    /// charged was seen. So it is done while little is held, which is as long as the delivery keeps
    /// up; past an eighth of `limit` frames are copied, and what is charged is what is held.
    pub(crate) fn may_share(limit: usize) -> bool {
        bytes_held() <= limit / 8
    }

    pub(crate) fn bytes(&self) -> usize {
        self.0
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        if self.0 > 0 {
            USED.fetch_sub(self.0, Ordering::Relaxed);
        }
    }
}
