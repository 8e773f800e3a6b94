//! Memory stays within the byte budget, counted by the allocator.

#![allow(dead_code, unreachable_pub)]

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
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use tower::{Layer as _, ServiceExt as _, service_fn};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// The budget and the allocator are the process's, so the tests take turns.
static TURN: Mutex<()> = Mutex::new(());

const MIB: usize = 1 << 20;

/// Bytes in use. Growth in place is counted as allocated, shrinking as deallocated.
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
/// released when the second value is dropped, before the guard.
fn stuck(budget: usize, body: usize) -> (Recorder, Sender<()>, runscope::Guard) {
    let (reached, is_reached) = std::sync::mpsc::channel();
    let (hold, release) = std::sync::mpsc::channel();
    let config = Config::builder()
        .log_body(true)
        .body_content_types(["*/*"])
        .byte_budget(budget)
        .max_body_bytes(body)
        .max_bytes(10 * budget)
        .max_entries(100_000)
        .max_batch_size(1)
        .sink(Stuck { reached, release })
        .build()
        .expect("a config");
    let (recorder, guard) = Recorder::start(config).expect("a recorder");
    // One exchange goes ahead, for the delivery to be stuck with.
    capture(&recorder, Vec::new());
    is_reached.recv().expect("the delivery thread");
    (recorder, hold, guard)
}

/// An exchange whose response has these frames.
fn capture(recorder: &Recorder, frames: Vec<Bytes>) {
    let service = RunscopeLayer::new(recorder).layer(service_fn(move |_: Request<_>| {
        let frames = futures(frames.clone());
        std::future::ready(Ok::<_, Infallible>(Response::new(StreamBody::new(frames))))
    }));
    let request = Request::get("http://a.example/some/path?and=query")
        .header("user-agent", "a client of a usual length/1.0")
        .header("accept", "text/html,application/xhtml+xml,*/*;q=0.8")
        .body(Full::<Bytes>::default())
        .expect("a request");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let response = service.oneshot(request).await.expect("an answer");
        response.into_body().collect().await.expect("a body");
    });
}

fn futures(
    frames: Vec<Bytes>,
) -> impl futures_core::Stream<Item = Result<Frame<Bytes>, Infallible>> {
    struct Frames(std::vec::IntoIter<Bytes>);
    impl futures_core::Stream for Frames {
        type Item = Result<Frame<Bytes>, Infallible>;

        fn poll_next(
            mut self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Self::Item>> {
            std::task::Poll::Ready(self.0.next().map(|data| Ok(Frame::data(data))))
        }
    }
    Frames(frames.into_iter())
}

#[test]
fn what_waits_for_a_dead_api_stays_within_the_budget() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    const BUDGET: usize = 16 * MIB;
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
        // The queue's own slots, one encoded message, a thread and its runtime, and what the
        // allocator's bookkeeping adds to many small exchanges.
        assert!(grown < BUDGET + 16 * MIB, "{kind}: {grown} bytes");
        drop((hold, guard));
    }
}

#[test]
fn memory_stays_within_the_budget_while_large_bodies_pass() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    const BUDGET: usize = 8 * MIB;
    const AT_ONCE: usize = 4;
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
            layered < bare + BUDGET + 16 * MIB,
            "{stack:?}: {layered} bytes, {bare} bare"
        );
        drop((hold, guard));
    }
}

#[test]
fn bodies_that_no_budget_is_left_for_are_withheld_and_nothing_else_changes() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    for stack in STACKS {
        let config = runscope::Config::builder()
            .log_body(true)
            .body_content_types(["*/*"])
            // Room for the heads, and for less than one of the bodies.
            .byte_budget(runscope::bytes_held() + 12 * 1024);
        let mut pair = Pair::start_with(stack, config);
        let body = "x".repeat(20_000);
        let length = format!("content-length: {}", body.len());
        pair.same_answer(format!(
            "POST /echo HTTP/1.1\r\nhost: a.example\r\n{length}\r\nconnection: close\r\n\r\n{body}"
        ));
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
