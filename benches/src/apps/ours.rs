use runscope::{Config, ConfigBuilder, Guard, Recorder, Sink, Stats};
use std::hint::black_box;
use std::io;
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

    /// What was captured, once it is certain that all of it was delivered.
    pub fn delivered(&self) -> Stats {
        let stats = self.recorder.stats();
        assert_eq!(stats.delivered, stats.captured, "{stats:?}");
        stats
    }
}

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
