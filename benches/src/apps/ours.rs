use crate::process::{thread_sleeps, thread_time};
use runscope::{Config, ConfigBuilder, Guard, Recorder, Sink, Stats};
use std::hint::black_box;
use std::io;
use std::thread;
use std::time::Duration;

/// A recorder that delivers to a sink in this process.
pub struct Ours {
    pub recorder: Recorder,
    _guard: Guard,
}

impl Ours {
    /// With the defaults, but for bodies, and for a batch that waits for whoever flushes: nothing that
    /// is counted may depend on the time that it takes.
    pub fn start(bodies: bool) -> Self {
        let config = Config::builder()
            .log_body(bodies)
            .max_coalescing_delay(PATIENCE)
            .sink(Discard);
        Self::of(config)
    }

    pub fn of(config: ConfigBuilder) -> Self {
        let config = config.build().expect("a config");
        let (recorder, guard) = Recorder::start(config).expect("a recorder");
        Self {
            recorder,
            _guard: guard,
        }
    }

    /// Waits until all that was captured is delivered.
    pub fn settle(&self) {
        let settled = self.recorder.flush_blocking(PATIENCE);
        settled.expect("a delivery that keeps up");
    }

    /// The processor time of the delivery so far, where this is the only recorder.
    pub fn delivery_time(&self) -> Duration {
        thread_time(DELIVERY)
    }

    /// How often the delivery went to sleep so far, where this is the only recorder.
    pub fn delivery_sleeps(&self) -> u64 {
        thread_sleeps(DELIVERY)
    }

    /// Ends it, with its thread, which may end a little later than the guard.
    pub fn end(self) {
        drop(self);
        while thread_time(DELIVERY) > Duration::ZERO {
            thread::yield_now();
        }
    }

    /// What was captured, once it is certain that all of it was delivered.
    pub fn delivered(&self) -> Stats {
        let stats = self.recorder.stats();
        assert_eq!(stats.delivered, stats.captured, "{stats:?}");
        stats
    }
}

const DELIVERY: &str = "runscope-delivery";

/// Under valgrind, on a machine that does much else, a megabyte takes its time.
pub const PATIENCE: Duration = Duration::from_secs(600);

/// Throws messages away, once they are cleaned and encoded.
pub struct Discard;

impl Sink for Discard {
    fn write(&mut self, _bucket_key: &str, message: &[u8]) -> io::Result<()> {
        black_box(message);
        Ok(())
    }
}
