use super::shared::State;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Bytes of a response's body that passed once nothing of it was kept any more. A long stream is many
/// frames, and to count one does not take the exchange's lock.
#[derive(Debug, Default)]
pub(super) struct Passed {
    has_begun: AtomicBool,
    bytes: AtomicU64,
}

impl Passed {
    /// From here on frames are counted here.
    pub(super) fn begin(&self) {
        self.has_begun.store(true, Ordering::Relaxed);
    }

    /// Counts a frame, or says by `false` that it has to be shown to the body's tap.
    #[inline]
    pub(super) fn add(&self, bytes: usize) -> bool {
        let has_begun = self.has_begun.load(Ordering::Relaxed);
        if has_begun {
            self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
        }
        has_begun
    }

    /// Another response takes the place of the one that was counted for.
    pub(super) fn forget(&self) {
        self.has_begun.store(false, Ordering::Relaxed);
        self.bytes.store(0, Ordering::Relaxed);
    }

    /// Adds what was counted here to what the response's tap has counted.
    pub(super) fn move_into(&self, state: &mut State) {
        if let Some(response) = &mut state.record.response {
            let bytes = self.bytes.swap(0, Ordering::Relaxed);
            response.body.size = response.body.size.saturating_add(bytes);
        }
    }
}
