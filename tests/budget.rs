//! Memory stays within the byte budget, counted by the allocator.

#![allow(dead_code, unreachable_pub, clippy::expect_used, clippy::panic)]

#[path = "support/wire.rs"]
mod wire;
#[path = "transparency/bodies.rs"]
mod bodies;
#[path = "transparency/pair.rs"]
mod pair;
#[path = "transparency/axum_app.rs"]
mod axum_app;
#[path = "transparency/actix_app.rs"]
mod actix_app;
#[path = "transparency/client.rs"]
mod client;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Frame;
use http_body_util::{BodyExt as _, Full, StreamBody};
use pair::{Pair, STACKS, Side, Stack};
use runscope::{Config, Recorder, RunscopeLayer, Sink, Withheld, bytes_held};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use std::alloc::System;
use std::convert::Infallible;
use std::io;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};
use tower::{Layer as _, ServiceExt as _, service_fn};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// The budget and the allocator are the process's, so the tests take turns.
static TURN: Mutex<()> = Mutex::new(());

const MIB: usize = 1 << 20;

/// Bytes in use. What a reallocation adds or frees is in these sums too.
fn live() -> usize {
    let stats = ALLOCATOR.stats();
    stats.bytes_allocated - stats.bytes_deallocated
}

/// A sink that takes nothing until the test ends: everything that is captured is kept.
struct Stuck {
    reached: Sender<()>,
    release: Receiver<()>,
}

impl Sink for Stuck {
    fn write(&mut self, _: &str, _: &[u8]) -> io::Result<()> {
        let _ = self.reached.send(());
        let _ = self.release.recv();
        Ok(())
    }
}

/// A recorder with a budget, a queue that is larger than it, and a delivery that is stuck. It is
/// for [`release`] to end it.
fn stuck(budget: usize, body: usize) -> (Recorder, Sender<()>, runscope::Guard) {
    let (reached, is_reached) = std::sync::mpsc::channel();
    let (hold, release) = std::sync::mpsc::channel();
    let config = Config::builder()
        .log_body(true)
        .body_content_types(["*/*"])
        .byte_budget(budget)
        .max_body_bytes(body)
        .max_bytes(10 * budget)
        .max_entries(20_000)
        .max_batch_size(1)
        // What is left at the end of a test is let go of, and not encoded.
        .shutdown_timeout(Duration::from_millis(1))
        .sink(Stuck { reached, release })
        .build()
        .expect("a config");
    let (recorder, guard) = Recorder::start(config).expect("a recorder");
    // One exchange goes ahead, for the delivery to be stuck with.
    capture(&recorder, Vec::new());
    is_reached.recv().expect("the delivery thread");
    (recorder, hold, guard)
}

/// Ends a recorder that was stuck, and waits until it has let go of everything.
fn release(hold: Sender<()>, guard: runscope::Guard) {
    drop(hold);
    drop(guard);
    let patience = Instant::now() + Duration::from_secs(60);
    while bytes_held() > 0 {
        assert!(
            Instant::now() < patience,
            "{} bytes stay held",
            bytes_held()
        );
        std::thread::yield_now();
    }
}

/// An exchange whose response has these frames.
fn capture(recorder: &Recorder, frames: Vec<Bytes>) {
    let service = RunscopeLayer::new(recorder).layer(service_fn(move |_: Request<_>| {
        let frames = stream(frames.clone());
        std::future::ready(Ok::<_, Infallible>(Response::new(StreamBody::new(frames))))
    }));
    let request = Request::get("http://a.example/some/path?and=query")
        .header("user-agent", "a client of a usual length/1.0")
        .header("accept", "text/html,application/xhtml+xml,*/*;q=0.8")
        .body(Full::<Bytes>::default())
        .expect("a request");
    let exchange = pin!(async {
        let response = service.oneshot(request).await.expect("an answer");
        response.into_body().collect().await.expect("a body");
    });
    let polled = exchange.poll(&mut Context::from_waker(Waker::noop()));
    assert!(polled.is_ready(), "nothing here waits");
}

fn stream(
    frames: Vec<Bytes>,
) -> impl futures_core::Stream<Item = Result<Frame<Bytes>, Infallible>> {
    struct Frames(std::vec::IntoIter<Bytes>);
    impl futures_core::Stream for Frames {
        type Item = Result<Frame<Bytes>, Infallible>;

        fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
            Poll::Ready(self.0.next().map(|data| Ok(Frame::data(data))))
        }
    }
    Frames(frames.into_iter())
}

#[test]
fn what_waits_for_a_dead_api_stays_within_the_budget() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    const BUDGET: usize = 8 * MIB;
    let fresh = |size: usize| Bytes::from(vec![b'x'; size]);
    let kinds: [(&str, &dyn Fn() -> Vec<Bytes>); 4] = [
        ("no bodies", &Vec::new),
        ("small frames, one over a power of two", &|| {
            (0..33).map(|_| fresh(1000)).collect()
        }),
        ("large frames", &|| vec![fresh(5000), fresh(60_000)]),
        ("tiny bodies", &|| vec![fresh(1)]),
    ];
    for (kind, frames) in kinds {
        let before = live();
        let (recorder, hold, guard) = stuck(BUDGET, 64 * 1024);
        while recorder.stats().dropped.over_budget == 0 {
            capture(&recorder, frames());
        }
        let grown = live().saturating_sub(before);
        println!(
            "{kind}: {} exchanges, {grown} bytes for {}",
            recorder.stats().captured,
            bytes_held()
        );
        assert!(bytes_held() <= BUDGET);
        assert!(
            bytes_held() > BUDGET / 10 * 9,
            "the budget is there to be used"
        );
        // The queue's own slots, one encoded message, a thread and its runtime.
        assert!(grown < BUDGET + 2 * MIB, "{kind}: {grown} bytes");
        release(hold, guard);
    }
}

#[test]
fn uploads_that_wait_for_a_dead_api_stay_within_the_budget() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    const BUDGET: usize = 8 * MIB;
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    for (stack, http2) in [
        (Stack::Axum, false),
        (Stack::Axum, true),
        (Stack::Actix, false),
    ] {
        for size in [5 * 1024, 10 * 1024, MIB] {
            let before = live();
            let (recorder, hold, guard) = stuck(BUDGET, MIB);
            let side = Side::start(stack, Some(&recorder));
            runtime.block_on(async {
                let mut client = client::Client::connect(side.address, http2).await;
                while bytes_held() + size + 4096 < BUDGET {
                    let body = bodies::Pattern::new(size as u64, true);
                    let response = client.post("/discard", body).await;
                    response.into_body().collect().await.expect("a body");
                }
            });
            let grown = live().saturating_sub(before);
            println!(
                "{stack:?}, HTTP/2 {http2}, {size}: {grown} bytes for {}",
                bytes_held()
            );
            // The server's buffers that the kept frames pin, besides what there is without a body.
            assert!(
                grown < BUDGET + 3 * MIB,
                "{stack:?}, HTTP/2 {http2}, {size}: {grown} bytes"
            );
            drop(side);
            release(hold, guard);
        }
    }
}

#[test]
fn memory_stays_within_the_budget_while_large_bodies_pass() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    const BUDGET: usize = 8 * MIB;
    const AT_ONCE: usize = 3;
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    for (stack, http2) in [
        (Stack::Axum, false),
        (Stack::Axum, true),
        (Stack::Actix, false),
    ] {
        let peak = |recorder: Option<&Recorder>| {
            let side = Side::start(stack, recorder);
            let before = live();
            let peak = Arc::new(AtomicUsize::new(0));
            let echoes: Vec<_> = (0..AT_ONCE)
                .map(|_| {
                    let (peak, address) = (Arc::clone(&peak), side.address);
                    let watch = move || {
                        peak.fetch_max(live(), Ordering::Relaxed);
                        assert!(bytes_held() <= BUDGET);
                    };
                    runtime.spawn(client::echo(address, http2, 64 << 20, false, watch))
                })
                .collect();
            for echo in echoes {
                runtime.block_on(echo).expect("a whole echo");
            }
            peak.load(Ordering::Relaxed).saturating_sub(before)
        };
        let bare = peak(None);
        let (recorder, hold, guard) = stuck(BUDGET, 4 * MIB);
        let layered = peak(Some(&recorder));
        println!("{stack:?}, HTTP/2 {http2}: {bare} bytes bare, {layered} with the layer");
        assert!(
            bytes_held() > BUDGET / 2,
            "bodies were kept: {}",
            bytes_held()
        );
        assert!(
            layered < bare + BUDGET + 8 * MIB,
            "{stack:?}: {layered} bytes, {bare} bare"
        );
        release(hold, guard);
    }
}

#[test]
fn bodies_that_no_budget_is_left_for_are_withheld_and_nothing_else_changes() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    for stack in STACKS {
        // Room for the heads, and for less than one of the bodies.
        let config = Config::builder()
            .log_body(true)
            .body_content_types(["*/*"])
            .byte_budget(12 * 1024);
        let mut pair = Pair::start_with(stack, config);
        let body = "x".repeat(20_000);
        let head = "host: a.example\r\ncontent-length: 20000\r\nconnection: close";
        let answer = pair.same_answer(format!("POST /echo HTTP/1.1\r\n{head}\r\n\r\n{body}"));
        assert!(answer.ends_with(&body));
        let recorded = pair.recorded(1);
        let context = recorded[0].context.clone().unwrap_or_default();
        for info in [context.request_body, context.response_body] {
            let info = info.unwrap_or_default();
            assert_eq!(
                (info.size, info.reason),
                (20_000, Some(Withheld::OverBudget))
            );
        }
    }
}

/// An outage at full load: users' calls come as fast as the machine can make them, and the API refuses
/// every connection. `RUNSCOPE_OUTAGE_SECONDS` makes it last.
#[test]
fn an_outage_at_full_load_stays_within_the_budget_and_every_drop_has_a_reason() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    const BUDGET: usize = 16 * MIB;
    const BATCH: usize = 256 * 1024;
    // The queue's slots, a batch on its way, and one on its way to the disk, threads and runtimes.
    const FIXED: usize = 2 * MIB;
    let seconds = std::env::var("RUNSCOPE_OUTAGE_SECONDS");
    let lasts = seconds.map_or(2, |seconds| seconds.parse().expect("a number"));
    let refusing = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None);
    let refusing = refusing.expect("a socket");
    let address = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
    refusing.bind(&address.into()).expect("a free port");
    let address = refusing
        .local_addr()
        .expect("an address")
        .as_socket()
        .expect("an IP address");
    for has_spool in [false, true] {
        let directory = tempfile::tempdir().expect("a directory");
        let before = live();
        let mut config = Config::builder()
            .access_token("t0ken")
            .bucket_key("bucket")
            .api_endpoint(format!("http://{address}"))
            .log_body(true)
            .body_content_types(["*/*"])
            .byte_budget(BUDGET)
            .max_bytes(BUDGET)
            .max_batch_bytes(BATCH)
            .max_retry_delay(Duration::from_millis(500))
            .shutdown_timeout(Duration::from_millis(100));
        if has_spool {
            config = config
                .spool_dir(directory.path().join("spool"))
                .spool_max_bytes(4096 * MIB);
        }
        let (recorder, guard) =
            Recorder::start(config.build().expect("a config")).expect("a recorder");
        let until = Instant::now() + Duration::from_secs(lasts);
        let peak = std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    while Instant::now() < until {
                        capture(&recorder, vec![Bytes::from(vec![b'x'; 3000])]);
                        // Where there is a disk, calls come as fast as it takes them.
                        while has_spool && bytes_held() > BUDGET / 2 {
                            std::thread::yield_now();
                        }
                    }
                });
            }
            let mut peak = 0;
            while Instant::now() < until {
                peak = peak.max(live().saturating_sub(before));
                // Those who are about to be refused have asked already.
                assert!(bytes_held() <= BUDGET + 64 * 1024);
                std::thread::yield_now();
            }
            peak
        });
        if has_spool {
            recorder
                .flush_blocking(Duration::from_secs(60))
                .expect("the disk has it");
        }
        let stats = recorder.stats();
        println!("spool {has_spool}: {peak} bytes at most for {BUDGET}, {stats:?}");
        assert!(peak <= BUDGET / 20 * 21 + FIXED, "{peak} bytes");
        let dropped = stats.dropped;
        let sum = stats.delivered + stats.queued + stats.spooled + dropped.total();
        assert_eq!(stats.captured, sum, "{stats:?}");
        match has_spool {
            true => assert_eq!((dropped.total(), stats.spooled), (0, stats.captured)),
            false => {
                assert!(dropped.total() > 0, "{stats:?}");
                assert_eq!(dropped.total(), dropped.queue_full + dropped.over_budget);
            }
        }
        drop(guard);
        drop(recorder);
        let patience = Instant::now() + Duration::from_secs(60);
        while bytes_held() > 0 {
            assert!(
                Instant::now() < patience,
                "{} bytes stay held",
                bytes_held()
            );
            std::thread::yield_now();
        }
    }
}
