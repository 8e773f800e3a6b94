//! How many allocations the layer adds to a request without bodies, counted by the allocator.

#![allow(clippy::expect_used)]

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::routing::get;
use runscope::{Config, Recorder, RunscopeLayer, Sink};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use std::alloc::System;
use std::hint::black_box;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender};
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use tower::{Layer, Service};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// What the layer may add over one that does nothing: the exchange, its head, and the boxes in
/// which a `Router` puts the two bodies.
const IN_A_ROUTER: usize = 4;
/// Round a whole router there is no box for the response's body.
const ROUND_A_ROUTER: usize = 3;

/// Holds the delivery thread until the test ends, so that only the requests allocate.
struct Held {
    reached: Sender<()>,
    release: Receiver<()>,
}

impl Sink for Held {
    fn write(&mut self, _: &str, _: &[u8]) -> io::Result<()> {
        let _ = self.reached.send(());
        let _ = self.release.recv();
        Ok(())
    }
}

#[test]
fn a_request_without_bodies_costs_few_allocations() {
    let (reached, is_reached) = std::sync::mpsc::channel();
    let (_release, release) = std::sync::mpsc::channel();
    let config = Config::builder()
        .max_batch_size(1)
        .shutdown_timeout(Duration::from_millis(1))
        .sink(Held { reached, release });
    let config = config.build().expect("a config");
    let (recorder, _guard) = Recorder::start(config).expect("a recorder");
    let layer = RunscopeLayer::new(&recorder);
    let router = || {
        Router::new()
            .route("/", get(async || "hello"))
            .with_state(())
    };

    // The first exchange is the one that the delivery thread is held with.
    allocations(router().layer(layer.clone()), 1);
    is_reached.recv().expect("the delivery thread");

    let bare = allocations(router(), 100);
    let nothing = allocations(router().layer(NothingLayer(Arc::default())), 100);
    let in_router = allocations(router().layer(layer.clone()), 100);
    let round_router = allocations(layer.layer(router()), 100);
    println!(
        "allocations of a GET: bare {bare}, with a layer that does nothing {nothing}, \
         with the layer {in_router}, with the layer round the router {round_router}"
    );
    assert!(
        in_router <= nothing + IN_A_ROUTER,
        "{in_router} over {nothing}"
    );
    assert!(
        round_router <= bare + ROUND_A_ROUTER,
        "{round_router} over {bare}"
    );
}

/// The least allocations of a request, over a number of them.
fn allocations<S, B>(mut service: S, requests: usize) -> usize
where
    S: Service<Request<Body>, Response = http::Response<B>>,
    S::Error: std::fmt::Debug,
{
    let mut cx = Context::from_waker(Waker::noop());
    let counts = (0..requests).map(|_| {
        let request = Request::get("/")
            .header("host", "a.example")
            .header("user-agent", "a client of a usual length/1.0")
            .header("accept", "*/*")
            .body(Body::empty())
            .expect("a request");
        let region = Region::new(ALLOCATOR);
        let response = {
            let mut future = pin!(service.call(request));
            let Poll::Ready(response) = future.as_mut().poll(&mut cx) else {
                unreachable!("nothing here waits")
            };
            response.expect("an answer")
        };
        drop(black_box(response));
        let change = region.change();
        change.allocations + change.reallocations
    });
    counts.min().expect("a request")
}

/// Holds something, as every layer with a setting does: a `Router` boxes it for each route.
#[derive(Clone)]
struct NothingLayer(Arc<()>);

impl<S> Layer<S> for NothingLayer {
    type Service = Nothing<S>;

    fn layer(&self, inner: S) -> Nothing<S> {
        Nothing(inner, Arc::clone(&self.0))
    }
}

#[derive(Clone)]
struct Nothing<S>(S, #[allow(dead_code)] Arc<()>);

impl<S: Service<R>, R> Service<R> for Nothing<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: R) -> Self::Future {
        self.0.call(request)
    }
}
