//! Flush, shutdown and drop keep their deadlines, on every runtime and whatever hangs; and nothing
//! that they leave behind goes uncounted.

mod support;

use runscope::redact::RedactionRules;
use runscope::{
    Body, BodyState, Config, ConfigBuilder, Guard, MemorySink, Recorder, RequestHead, Sink,
};
use std::collections::HashSet;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};
use support::api::{FakeApi, Gate, Reply};
use support::exchanges::{
    PATIENCE, assert_adds_up, begin, finish, record, record_body, record_one, try_begin, wait_until,
};
use support::runtimes::Runtime;
use support::watchdog::Watchdog;

const HOUR: Duration = Duration::from_secs(3600);
const SECOND: Duration = Duration::from_secs(1);

/// What a wait of a second takes at most on a machine that has other things to do.
const GENEROUS: Duration = Duration::from_secs(10);

fn config() -> ConfigBuilder {
    Config::builder()
        .log_body(true)
        .max_coalescing_delay(HOUR)
        .initial_retry_delay(Duration::from_millis(1))
        .max_retry_delay(Duration::from_millis(5))
}

/// Nothing but the library's own deadlines ends a delivery to this API within a test.
fn config_for(api: &FakeApi) -> ConfigBuilder {
    config()
        .access_token("t0ken")
        .bucket_key("bucket")
        .api_endpoint(api.url())
        .timeout(HOUR)
}

fn silent_api() -> FakeApi {
    FakeApi::start(|_| Reply::Silence)
}

fn start(config: ConfigBuilder) -> (Recorder, Guard) {
    Recorder::start(config.build().expect("a config")).expect("a recorder")
}

/// Waits for the end of the delivery thread, which may come a little after a shutdown's return.
#[track_caller]
fn assert_ended(recorder: &Recorder) {
    recorder
        .flush_blocking(PATIENCE)
        .expect("nothing is left after the end");
    let stats = recorder.stats();
    assert_adds_up(&stats);
    assert_eq!(stats.queued, 0, "{stats:?}");
}

#[test]
fn a_shutdown_keeps_its_deadline_against_a_silent_server_on_every_runtime() {
    for runtime in Runtime::ALL {
        for is_blocking in [false, true] {
            let api = silent_api();
            let (recorder, guard) = start(config_for(&api).max_coalescing_delay(Duration::ZERO));
            record_one(&recorder, "/in-flight");
            api.wait_for_posts(1);
            record(&recorder, 4);

            let begun = Instant::now();
            let left = runtime.block_on(async {
                match is_blocking {
                    false => guard.shutdown(SECOND).await,
                    true => guard.shutdown_blocking(SECOND),
                }
            });
            let took = begun.elapsed();
            assert!(took < GENEROUS, "{runtime:?}: {took:?}");
            assert_eq!(
                left.expect_err("nobody answers").remaining(),
                5,
                "{runtime:?}"
            );
            assert_ended(&recorder);
            assert_eq!(recorder.stats().dropped.shutdown, 5, "{runtime:?}");
        }
    }
}

#[test]
fn a_drop_of_the_guard_keeps_its_deadline_against_a_silent_server_on_every_runtime() {
    for runtime in Runtime::ALL {
        let api = silent_api();
        let (recorder, guard) = start(config_for(&api).shutdown_timeout(SECOND));
        record(&recorder, 5);
        let begun = Instant::now();
        runtime.block_on(async move { drop(guard) });
        let took = begun.elapsed();
        assert!(took < GENEROUS, "{runtime:?}: {took:?}");
        assert_ended(&recorder);
        assert_eq!(recorder.stats().dropped.shutdown, 5, "{runtime:?}");
    }
}

#[test]
fn a_drop_in_a_panic_keeps_its_deadline() {
    let api = silent_api();
    let (recorder, guard) = start(config_for(&api).shutdown_timeout(SECOND));
    record(&recorder, 2);
    let begun = Instant::now();
    let thread = thread::spawn(move || {
        let _guard = guard;
        panic!("the app's own");
    });
    thread.join().expect_err("the panic goes on");
    assert!(begun.elapsed() < GENEROUS);
    assert_ended(&recorder);
}

#[test]
fn a_shutdown_delivers_what_is_queued_and_waits_for_nothing_else() {
    for runtime in Runtime::ALL {
        let api = FakeApi::answering([Reply::status(503), Reply::Reset]);
        let (recorder, guard) = start(config_for(&api));
        let ids = record(&recorder, 5);
        runtime
            .block_on(guard.shutdown(PATIENCE))
            .expect("all is delivered");
        assert_eq!(api.accepted_ids(), ids, "{runtime:?}");
        assert_ended(&recorder);
        assert_eq!(recorder.stats().delivered, 5);
    }
}

#[test]
fn a_shutdown_makes_one_more_try_and_does_not_sit_out_a_back_off() {
    let api = FakeApi::answering([Reply::status(503)]);
    let (recorder, guard) = start(
        config_for(&api)
            .initial_retry_delay(HOUR)
            .max_retry_delay(HOUR),
    );
    record(&recorder, 2);
    recorder
        .flush_blocking(Duration::from_millis(1))
        .expect_err("a back-off");
    wait_until(&recorder, |stats| stats.retries == 1);
    guard
        .shutdown_blocking(PATIENCE)
        .expect("the next try is taken");
    assert_eq!(api.posts().len(), 2);

    // Where that try fails too, there is nothing to wait for.
    let api = FakeApi::start(|_| Reply::status(503));
    let (recorder, guard) = start(
        config_for(&api)
            .initial_retry_delay(HOUR)
            .max_retry_delay(HOUR),
    );
    record(&recorder, 2);
    let begun = Instant::now();
    guard
        .shutdown_blocking(PATIENCE)
        .expect_err("the API is ill");
    assert!(begun.elapsed() < PATIENCE / 2);
    assert_ended(&recorder);
    assert_eq!(recorder.stats().dropped.shutdown, 2);
}

#[test]
fn what_ends_after_the_shutdown_is_dropped_and_what_begins_is_not_captured() {
    let sink = MemorySink::new();
    let (recorder, guard) = start(config().sink(sink.clone()));
    let in_flight = begin(&recorder, &RequestHead::new("GET", "/in-flight"));
    record_one(&recorder, "/before");
    guard.shutdown_blocking(PATIENCE).expect("all is written");
    finish(in_flight, b"");
    assert!(try_begin(&recorder, &RequestHead::new("GET", "/after"), &[]).is_none());
    assert_ended(&recorder);
    let stats = recorder.stats();
    assert_eq!(
        (stats.captured, stats.delivered, stats.dropped.shutdown),
        (2, 1, 1)
    );
    assert_eq!(sink.messages().len(), 1);
}

#[test]
fn a_flush_returns_when_all_before_it_is_settled_on_every_runtime() {
    for runtime in Runtime::ALL {
        let api = FakeApi::answering([Reply::status(503), Reply::Close]);
        let (recorder, _guard) = start(config_for(&api));
        runtime.block_on(async {
            for round in 1..=3 {
                let ids = record(&recorder, 4);
                // The batch would wait for an hour.
                recorder.flush(PATIENCE).await.expect("all is settled");
                assert_eq!(recorder.stats().delivered, round * 4, "{runtime:?}");
                assert!(api.accepted_ids().ends_with(&ids));
            }
            recorder.flush_blocking(PATIENCE).expect("nothing is left");
            recorder
                .flush(Duration::ZERO)
                .await
                .expect("nothing is left");
        });
    }
}

#[test]
fn a_flush_keeps_its_deadline_and_loses_nothing() {
    for runtime in Runtime::ALL {
        let gate = Gate::default();
        let api = FakeApi::answering([Reply::Accept.behind(&gate)]);
        let (recorder, _guard) = start(config_for(&api));
        let ids = record(&recorder, 5);
        let begun = Instant::now();
        let deadline = Duration::from_millis(100);
        let left = runtime
            .block_on(recorder.flush(deadline))
            .expect_err("nobody answers");
        assert!(begun.elapsed() >= deadline && begun.elapsed() < GENEROUS);
        assert_eq!(left.remaining(), 5);
        assert_eq!(
            left.to_string(),
            "5 captured exchanges were not delivered within 100ms"
        );
        assert_eq!(
            (recorder.stats().queued, recorder.stats().dropped.total()),
            (5, 0)
        );
        gate.open();
        recorder
            .flush_blocking(PATIENCE)
            .expect("the server answers now");
        assert_eq!(api.accepted_ids(), ids);
    }
}

#[test]
fn a_flush_that_nobody_waits_for_any_more_does_no_harm() {
    let api = FakeApi::accepting();
    let (recorder, _guard) = start(config_for(&api));
    record(&recorder, 3);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let flush = recorder.flush(PATIENCE);
        let _ = tokio::time::timeout(Duration::ZERO, flush).await;
        recorder.flush(PATIENCE).await.expect("all is settled");
    });
    assert_eq!(recorder.stats().delivered, 3);
}

#[test]
fn flushes_and_a_shutdown_from_many_threads_never_block_each_other_nor_lose_anything() {
    let _watchdog = Watchdog::over("flushes and a shutdown from many threads");
    for round in 0..300 {
        let sink = MemorySink::new();
        // In every third round all of it is in the queue when the shutdown comes.
        let (delay, batch) = [
            (Duration::ZERO, 7),
            (Duration::from_millis(1), 7),
            (HOUR, 10_000),
        ][round % 3];
        let (recorder, guard) = start(
            config()
                .sink(sink.clone())
                .max_coalescing_delay(delay)
                .max_batch_size(batch),
        );
        let before: HashSet<_> = record(&recorder, 20).into_iter().collect();
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    for _ in 0..1000 {
                        let head = RequestHead::new("GET", "/during");
                        let Some(exchange) = try_begin(&recorder, &head, &[]) else {
                            return;
                        };
                        finish(exchange, b"");
                    }
                });
                scope.spawn(|| recorder.flush_blocking(PATIENCE).expect("a flush ends"));
            }
            scope.spawn(|| {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .build()
                    .unwrap();
                runtime
                    .block_on(recorder.flush(PATIENCE))
                    .expect("a flush ends");
            });
            // An error tells of exchanges that ended during the shutdown.
            let _ = guard.shutdown_blocking(PATIENCE);
        });
        assert_ended(&recorder);
        let stats = recorder.stats();
        assert_eq!(stats.dropped.total(), stats.dropped.shutdown, "{stats:?}");
        let written: Vec<_> = sink
            .messages()
            .into_iter()
            .filter_map(|m| m.unique_identifier)
            .collect();
        assert_eq!(written.len() as u64, stats.delivered, "{stats:?}");
        let written: HashSet<_> = written.into_iter().collect();
        assert!(
            before.is_subset(&written),
            "round {round}: what was there before is delivered"
        );
    }
}

/// A sink that does what the test says before each message.
struct Scripted<F> {
    script: F,
    written: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl<F: FnMut(usize) -> io::Result<()> + Send> Sink for Scripted<F> {
    fn write(&mut self, _bucket_key: &str, message: &[u8]) -> io::Result<()> {
        let written = self.written.lock().unwrap().len();
        (self.script)(written)?;
        self.written.lock().unwrap().push(message.to_vec());
        Ok(())
    }
}

type Written = Arc<Mutex<Vec<Vec<u8>>>>;

fn scripted<F: FnMut(usize) -> io::Result<()> + Send>(script: F) -> (Scripted<F>, Written) {
    let written = Written::default();
    let sink = Scripted {
        script,
        written: Arc::clone(&written),
    };
    (sink, written)
}

#[test]
fn a_sink_that_panics_costs_its_batch_and_not_the_next_one() {
    let mut calls = 0;
    let (sink, written) = scripted(move |_| {
        calls += 1;
        assert_ne!(calls, 2, "the sink's own panic");
        Ok(())
    });
    let (recorder, guard) = start(config().sink(sink));
    record(&recorder, 3);
    recorder
        .flush_blocking(PATIENCE)
        .expect("what is lost is settled");
    let stats = recorder.stats();
    assert_adds_up(&stats);
    assert_eq!(
        (stats.panics, stats.delivered, stats.dropped.panic),
        (1, 0, 3)
    );

    record(&recorder, 2);
    recorder
        .flush_blocking(PATIENCE)
        .expect("the lane runs again");
    let stats = recorder.stats();
    assert_eq!(
        (stats.panics, stats.delivered, stats.dropped.panic),
        (1, 2, 3)
    );
    assert_eq!(written.lock().unwrap().len(), 1 + 2);
    guard.shutdown_blocking(PATIENCE).expect("nothing is left");
}

#[test]
fn a_sink_that_always_panics_keeps_no_deadline_waiting() {
    let _watchdog = Watchdog::over("a sink that always panics");
    let (sink, _) = scripted(|_| panic!("the sink's own panic"));
    let (recorder, guard) = start(config().sink(sink).max_batch_size(2));
    record(&recorder, 10);
    // Each batch of two costs a panic; the shutdown does not wait between them.
    guard.shutdown_blocking(PATIENCE).expect("all is settled");
    assert_ended(&recorder);
    let stats = recorder.stats();
    assert_eq!(
        (
            stats.dropped.panic + stats.dropped.shutdown,
            stats.delivered
        ),
        (10, 0)
    );
    assert!(stats.panics >= 1);
}

#[test]
fn a_sink_that_fails_gets_the_batch_again() {
    let mut failures = 2;
    let (sink, written) = scripted(move |written| {
        if written == 1 && failures > 0 {
            failures -= 1;
            return Err(io::Error::other("disk full"));
        }
        Ok(())
    });
    let (recorder, _guard) = start(config().sink(sink));
    record(&recorder, 3);
    recorder
        .flush_blocking(PATIENCE)
        .expect("the third try works");
    let stats = recorder.stats();
    assert_adds_up(&stats);
    assert_eq!((stats.delivered, stats.dropped.total()), (3, 0));
    assert!(stats.retries >= 1);
    let written = written.lock().unwrap();
    assert_eq!(written[written.len() - 3], written[0], "the same bytes");
}

#[test]
fn a_slow_sink_is_let_go_of_at_the_deadline() {
    let gate = Gate::default();
    let of_sink = gate.clone();
    let (entered, is_entered) = mpsc::channel();
    let (sink, written) = scripted(move |_| {
        let _ = entered.send(());
        of_sink.pass();
        Ok(())
    });
    let (recorder, guard) = start(config().sink(sink).max_batch_size(10));
    record(&recorder, 100);
    is_entered
        .recv_timeout(PATIENCE)
        .expect("the sink is called");
    let begun = Instant::now();
    let left = guard
        .shutdown_blocking(Duration::from_millis(300))
        .expect_err("it hangs");
    assert!(begun.elapsed() < GENEROUS);
    assert_eq!(left.remaining(), 100);
    let stats = recorder.stats();
    assert_adds_up(&stats);
    assert_eq!(
        (stats.dropped.shutdown, stats.queued),
        (90, 10),
        "but for the batch in hand"
    );

    gate.open();
    assert_ended(&recorder);
    assert!(
        written.lock().unwrap().len() <= 10,
        "no further batch is begun"
    );
}

#[test]
fn a_redaction_callback_that_hangs_keeps_no_deadline_waiting() {
    let gate = Gate::default();
    let of_callback = gate.clone();
    let rules = RedactionRules::new().callback(move |_, body| {
        of_callback.pass();
        body
    });
    let sink = MemorySink::new();
    let (recorder, guard) = start(config().sink(sink.clone()).redaction(rules));
    for _ in 0..3 {
        record_body(&recorder, "/", b"text");
    }
    let short = Duration::from_millis(100);
    let begun = Instant::now();
    let left = recorder.flush_blocking(short).expect_err("it hangs");
    assert_eq!(left.remaining(), 3);
    record_body(&recorder, "/", b"the host lives");
    guard.shutdown_blocking(short).expect_err("it hangs");
    assert!(begun.elapsed() < GENEROUS);
    assert_adds_up(&recorder.stats());

    gate.open();
    assert_ended(&recorder);
    let stats = recorder.stats();
    assert_eq!(stats.captured, 4);
    assert_eq!(stats.delivered, sink.messages().len() as u64);
}

#[test]
fn a_redaction_callback_that_panics_costs_the_body_and_nothing_else() {
    let calls = Arc::new(AtomicUsize::new(0));
    let of_callback = Arc::clone(&calls);
    let rules = RedactionRules::new().callback(move |_, body| {
        assert_ne!(
            of_callback.fetch_add(1, Ordering::SeqCst),
            0,
            "the callback's own panic"
        );
        body
    });
    let sink = MemorySink::new();
    let (recorder, _guard) = start(config().sink(sink.clone()).redaction(rules));
    record_body(&recorder, "/", b"first");
    record_body(&recorder, "/", b"second");
    recorder.flush_blocking(PATIENCE).expect("both are written");
    let stats = recorder.stats();
    assert_eq!(
        (stats.delivered, stats.panics, stats.dropped.total()),
        (2, 0, 0)
    );
    let messages = sink.messages();
    let bodies = messages
        .iter()
        .map(|m| m.response.as_ref().unwrap().body.as_deref());
    let mask = Body::encode(b"[redacted]").text;
    assert_eq!(
        bodies.collect::<Vec<_>>(),
        [Some(mask.as_str()), Some("second")]
    );
    let info = messages[0]
        .context
        .as_ref()
        .unwrap()
        .response_body
        .as_ref()
        .unwrap();
    assert_eq!(info.state, BodyState::Masked);
}

#[test]
fn a_sink_that_flushes_its_own_recorder_only_wastes_that_flush() {
    let _watchdog = Watchdog::over("a sink that flushes its own recorder");
    let own = Arc::new(Mutex::new(None::<Recorder>));
    let of_sink = Arc::clone(&own);
    let was_called = Arc::new(AtomicBool::new(false));
    let called = Arc::clone(&was_called);
    let (sink, _) = scripted(move |_| {
        let recorder = of_sink.lock().unwrap().clone().expect("the recorder");
        let flush = recorder.flush_blocking(Duration::from_millis(20));
        assert!(flush.is_err(), "it waits for itself");
        assert!(try_begin(&recorder, &RequestHead::new("GET", "/"), &[]).is_none());
        called.store(true, Ordering::SeqCst);
        Ok(())
    });
    let (recorder, _guard) = start(config().sink(sink));
    *own.lock().unwrap() = Some(recorder.clone());
    record_one(&recorder, "/");
    recorder.flush_blocking(PATIENCE).expect("it is written");
    assert!(was_called.load(Ordering::SeqCst));
    assert_eq!(
        (recorder.stats().delivered, recorder.stats().panics),
        (1, 0)
    );
}
