//! What the sources know of the rest of the library, as little of it as they need.

pub mod capture {
    /// A finished exchange.
    pub struct Shared;

    impl Shared {
        pub fn discard(&self) {}
    }
}

pub mod config {
    pub struct Config {
        pub max_entries: usize,
        pub max_bytes: usize,
        pub max_batch_size: usize,
        pub max_batch_bytes: usize,
    }
}

pub mod stats {
    use loom::sync::atomic::{AtomicUsize, Ordering};

    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum DropReason {
        Shutdown,
        QueueFull,
    }

    #[derive(Default)]
    pub struct Counters {
        captured: AtomicUsize,
        dropped: AtomicUsize,
    }

    impl Counters {
        pub fn captured(&self) {
            self.captured.fetch_add(1, Ordering::Release);
        }

        pub fn dropped(&self, _: DropReason, count: u64) {
            self.dropped
                .fetch_add(count.try_into().unwrap(), Ordering::Release);
        }

        /// How many were captured, and how many of them dropped.
        pub fn sums(&self) -> (usize, usize) {
            let dropped = self.dropped.load(Ordering::Acquire);
            (self.captured.load(Ordering::Acquire), dropped)
        }
    }
}
