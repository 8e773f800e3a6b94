//! Panics of the delivery, flushes and shutdowns that meet, many times over, from every kind of runtime
//! and from within its `block_on`: nobody hangs, and every exchange is counted.
//!
//! `RUNSCOPE_ROUNDS` says how often each is tried; without it, often enough for every day.

mod support;

use runscope::{Config, Guard, Recorder, RequestHead, Sink};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;
use support::exchanges::{PATIENCE, assert_adds_up, finish, record, try_begin};
use support::runtimes::Runtime;
use support::watchdog::Watchdog;

const HOUR: Duration = Duration::from_secs(3600);

fn rounds() -> usize {
    std::env::var("RUNSCOPE_ROUNDS").map_or(100, |rounds| {
        rounds.parse().expect("RUNSCOPE_ROUNDS is a number")
    })
}

/// A sink that panics at some of its calls, with the panics that are part of the play kept quiet.
struct Panics {
    calls: Arc<AtomicUsize>,
    every: usize,
}

impl Sink for Panics {
    fn write(&mut self, _: &str, _: &[u8]) -> io::Result<()> {
        let call = self.calls.fetch_add(1, Ordering::SeqCst) + 1;
        if self.every > 0 && call.is_multiple_of(self.every) {
            // Without the hook, whose printing is most of the time that a round takes.
            std::panic::resume_unwind(Box::new("the sink's own"));
        }
        Ok(())
    }
}

/// A recorder whose delivery panics at every so many messages; 0 is never.
fn start(round: usize, every: usize) -> (Recorder, Guard) {
    let delay = [Duration::ZERO, Duration::from_millis(1), HOUR][round % 3];
    let sink = Panics {
        calls: Arc::default(),
        every,
    };
    let config = Config::builder()
        .sink(sink)
        .max_coalescing_delay(delay)
        .max_batch_size(3)
        .initial_retry_delay(Duration::from_millis(1))
        .max_retry_delay(Duration::from_millis(1))
        .shutdown_timeout(PATIENCE);
    Recorder::start(config.build().expect("a config")).expect("a recorder")
}

/// Nothing is left, nothing is uncounted.
#[track_caller]
fn assert_ended(recorder: &Recorder, what: &str) {
    recorder.flush_blocking(PATIENCE).expect(what);
    let stats = recorder.stats();
    assert_adds_up(&stats);
    assert_eq!(stats.queued, 0, "{what}: {stats:?}");
    let dropped = stats.dropped.shutdown + stats.dropped.panic;
    assert_eq!(stats.dropped.total(), dropped, "{what}: {stats:?}");
}

/// A user's call, where the recorder still takes it.
fn call(recorder: &Recorder) {
    if let Some(exchange) = try_begin(recorder, &RequestHead::new("GET", "/during"), &[]) {
        finish(exchange, b"");
    }
}

/// Plays a scene so many times on each runtime, under a watchdog for each round.
fn on_every_runtime(what: &str, scene: impl Fn(Runtime, usize)) {
    for runtime in Runtime::ALL {
        for round in 0..rounds() {
            let _watchdog = Watchdog::over(&format!("{what} on {runtime:?}, round {round}"));
            scene(runtime, round);
        }
    }
}

#[test]
fn a_delivery_that_panics_hangs_nobody() {
    on_every_runtime("a panic", |runtime, round| {
        let (recorder, guard) = start(round, 1 + round % 5);
        runtime.block_on(async {
            record(&recorder, 7);
            let ends = recorder.flush(PATIENCE).await;
            ends.expect("what a panic costs is settled");
            record(&recorder, 7);
            let _ = guard.shutdown(PATIENCE).await;
        });
        assert_ended(&recorder, "a panic");
        let stats = recorder.stats();
        assert_eq!((stats.captured, stats.queued), (14, 0), "{stats:?}");
        assert!(stats.panics > 0, "{stats:?}");
    });
}

#[test]
fn a_flush_and_a_shutdown_that_meet_in_one_runtime_both_end() {
    on_every_runtime("a flush and a shutdown", |runtime, round| {
        let (recorder, guard) = start(round, [0, 4][round % 2]);
        record(&recorder, 10);
        thread::scope(|scope| {
            scope.spawn(|| (0..20).for_each(|_| call(&recorder)));
            scope.spawn(|| recorder.flush_blocking(PATIENCE));
            scope.spawn(|| runtime.block_on(recorder.flush(PATIENCE)));
            // Which of them comes first is a matter of luck, round for round.
            runtime.block_on(async {
                if round % 2 == 0 {
                    let _ = recorder.flush(Duration::from_micros(50)).await;
                }
                let _ = guard.shutdown(PATIENCE).await;
            });
        });
        assert_ended(&recorder, "a flush and a shutdown");
    });
}

#[test]
fn blocking_calls_within_block_on_end() {
    on_every_runtime("blocking calls", |runtime, round| {
        let (recorder, guard) = start(round, [0, 3][round % 2]);
        runtime.block_on(async {
            record(&recorder, 5);
            recorder.flush_blocking(PATIENCE).expect("a flush ends");
            record(&recorder, 5);
            if round % 2 == 0 {
                let _ = guard.shutdown_blocking(PATIENCE);
            } else {
                drop(guard);
            }
        });
        assert_ended(&recorder, "blocking calls");
    });
}

#[test]
fn a_runtime_that_goes_down_with_everything_in_it_hangs_nobody() {
    on_every_runtime("the end of a runtime", |runtime, round| {
        let (recorder, guard) = start(round, [0, 2][round % 2]);
        let in_the_runtime = recorder.clone();
        // The app's own future is dropped with the flush that it waits for, and the guard with it.
        runtime.block_on(async move {
            let _guard = guard;
            record(&in_the_runtime, 5);
            let mut flush = std::pin::pin!(in_the_runtime.flush(PATIENCE));
            std::future::poll_fn(|context| {
                let _ = flush.as_mut().poll(context);
                std::task::Poll::Ready(())
            })
            .await;
        });
        assert_ended(&recorder, "the end of a runtime");
    });
}
