//! What a handler can do with the exchange that it answers.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use actix_web::{App, test as actix_test, web};
use axum::Router;
use axum::body::Body;
use axum::routing::{get, post};
use bytes::Bytes;
use http::Request;
use http_body_util::BodyExt as _;
use runscope::{
    Config, ConfigBuilder, Exchange, ExchangeHandle, Guard, MemorySink, Message, Recorder,
    RequestHead, ResponseHead, Runscope, RunscopeLayer, Scope, current_exchange,
};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use support::exchanges::{PATIENCE, begin, finish};
use tower::ServiceExt as _;

/// The byte budget is the process's, so tests that look at it run one after the other.
static BUDGET: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    BUDGET.lock().unwrap_or_else(PoisonError::into_inner)
}

fn started(config: ConfigBuilder) -> (Recorder, Guard, MemorySink) {
    let sink = MemorySink::new();
    let (recorder, guard) = Recorder::start(config.sink(sink.clone()).build().unwrap()).unwrap();
    (recorder, guard, sink)
}

/// Everything that was recorded so far.
fn recorded(recorder: &Recorder, sink: &MemorySink) -> Vec<Message> {
    recorder.flush_blocking(PATIENCE).unwrap();
    sink.messages()
}

fn id() -> String {
    current_exchange().map_or("none".to_owned(), |exchange| exchange.unique_identifier())
}

async fn text(app: Router, request: Request<Body>) -> String {
    let body = app.oneshot(request).await.unwrap().into_body();
    String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap()
}

fn request(path: &str) -> Request<Body> {
    Request::get(path).body(Body::empty()).unwrap()
}

#[tokio::test]
async fn a_handler_knows_the_identifier_under_which_its_exchange_is_delivered() {
    let (recorder, _guard, sink) = started(Config::builder());
    let app = Router::new()
        .route("/", get(async || id()))
        // After an await the task may be on another thread.
        .route(
            "/later",
            get(async || {
                tokio::task::yield_now().await;
                id()
            }),
        )
        .layer(RunscopeLayer::new(&recorder));
    let mut told = vec![
        text(app.clone(), request("/")).await,
        text(app, request("/later")).await,
    ];
    recorder.flush(PATIENCE).await.unwrap();
    let mut delivered: Vec<_> = sink
        .messages()
        .into_iter()
        .filter_map(|message| message.unique_identifier)
        .collect();
    told.sort();
    delivered.sort();
    assert_eq!(told, delivered);
    assert_eq!(id(), "none", "and outside of a handler there is none");
}

#[actix_web::test]
async fn an_actix_handler_knows_it_as_well() {
    let (recorder, _guard, sink) = started(Config::builder());
    let app = App::new()
        .route(
            "/",
            web::get().to(async || {
                tokio::task::yield_now().await;
                id()
            }),
        )
        .wrap(Runscope::new(&recorder));
    let app = actix_test::init_service(app).await;
    let request = actix_test::TestRequest::get().to_request();
    let told = actix_test::call_and_read_body(&app, request).await;
    let messages = recorded(&recorder, &sink);
    assert_eq!(messages.len(), 1);
    assert_eq!(
        messages[0].unique_identifier.as_deref().map(str::as_bytes),
        Some(&told[..])
    );
}

#[tokio::test]
async fn of_two_layers_the_inner_one_is_current_inside_and_the_outer_one_between() {
    // One recorder twice, and two recorders: each layer records its own exchange.
    let (first, _first_guard, first_sink) = started(Config::builder());
    let (second, _second_guard, second_sink) = started(Config::builder());
    for (inner, inner_sink) in [(&first, &first_sink), (&second, &second_sink)] {
        first_sink.clear();
        let between = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&between);
        let app = Router::new()
            .route("/", get(async || id()))
            .layer(RunscopeLayer::new(inner).service("inner"))
            .layer(axum::middleware::from_fn(
                move |request: axum::extract::Request, next: axum::middleware::Next| {
                    let seen = Arc::clone(&seen);
                    async move {
                        seen.lock().unwrap().push(id());
                        let response = next.run(request).await;
                        seen.lock().unwrap().push(id());
                        response
                    }
                },
            ))
            .layer(RunscopeLayer::new(&first).service("outer"));
        let inside = text(app, request("/")).await;
        first.flush(PATIENCE).await.unwrap();
        inner.flush(PATIENCE).await.unwrap();
        let of = |sink: &MemorySink, service: &str| {
            let messages = sink.messages().into_iter();
            let mut ids = messages.filter(|message| {
                message
                    .context
                    .as_ref()
                    .and_then(|context| context.service.as_deref())
                    == Some(service)
            });
            let message = ids.next().expect("the layer recorded");
            assert!(ids.next().is_none(), "once");
            message.unique_identifier.unwrap()
        };
        let (outer_id, inner_id) = (of(&first_sink, "outer"), of(inner_sink, "inner"));
        assert_ne!(outer_id, inner_id);
        assert_eq!(inside, inner_id);
        assert_eq!(*between.lock().unwrap(), [outer_id.clone(), outer_id]);
    }
}

#[tokio::test]
async fn a_spawned_task_has_to_be_given_the_handle() {
    let (recorder, _guard, sink) = started(Config::builder());
    let app = Router::new()
        .route(
            "/",
            get(async || {
                let exchange = current_exchange().expect("it is captured");
                let spawned = tokio::spawn(async move {
                    exchange.tag("from", "a task");
                    id()
                });
                let thread = tokio::task::spawn_blocking(id);
                format!("{} {}", spawned.await.unwrap(), thread.await.unwrap())
            }),
        )
        .layer(RunscopeLayer::new(&recorder));
    assert_eq!(text(app, request("/")).await, "none none");
    recorder.flush(PATIENCE).await.unwrap();
    let context = sink.messages().remove(0).context.unwrap();
    assert_eq!(context.tags.get("from").map(String::as_str), Some("a task"));
}

#[tokio::test]
async fn what_is_not_captured_has_no_handle() {
    let (recorder, _guard, sink) = started(Config::builder().skip_paths(["/health"]));
    let app = Router::new()
        .route("/health", get(async || id()))
        .layer(RunscopeLayer::new(&recorder));
    assert_eq!(text(app, request("/health")).await, "none");
    recorder.flush(PATIENCE).await.unwrap();
    assert_eq!(sink.messages(), []);
    assert_eq!(recorder.stats().skipped, 1);
}

#[test]
fn a_handle_that_outlives_its_exchange_changes_nothing() {
    let (recorder, guard, sink) = started(Config::builder());
    let exchange = begin(&recorder, &RequestHead::new("GET", "/"));
    let handle = exchange.handle();
    handle.set_consumer("before");
    finish(exchange, b"");
    let late = |handle: &ExchangeHandle| {
        handle.set_consumer("after");
        handle.tag("late", "tag");
    };
    late(&handle);
    let messages = recorded(&recorder, &sink);
    late(&handle);
    guard.shutdown_blocking(PATIENCE).unwrap();
    late(&handle);
    let context = messages[0].context.as_ref().unwrap();
    assert_eq!(context.consumer.as_deref(), Some("before"));
    assert!(context.tags.is_empty());
    assert_eq!(
        messages[0].unique_identifier,
        Some(handle.unique_identifier())
    );
    assert_eq!(recorder.stats().captured, 1);
}

/// What was captured of an exchange for which there was no place is let go of at once, though a
/// handle or the request's body hold on to the exchange.
#[test]
fn a_handle_keeps_no_memory_of_what_was_dropped() {
    const LARGE: usize = 4 << 20;
    let _alone = alone();
    let config = Config::builder()
        .log_body(true)
        .max_body_bytes(LARGE)
        .max_bytes(LARGE / 2);
    let (recorder, _guard, _sink) = started(config);
    let mut exchange = begin(&recorder, &RequestHead::new("POST", "/"));
    let (handle, tap) = (exchange.handle(), exchange.request_tap());
    respond_text(&mut exchange, 200);
    exchange.frame(&Bytes::from(vec![b'x'; LARGE]));
    assert!(runscope::bytes_held() >= LARGE);
    exchange.end();
    assert_eq!(recorder.stats().dropped.queue_full, 1);
    assert!(
        runscope::bytes_held() < LARGE / 2,
        "{} bytes",
        runscope::bytes_held()
    );
    drop((handle, tap));
}

/// A buffer is made for usual heads: one that outgrows it is charged as it is kept.
#[test]
fn a_head_is_charged_however_long_its_lines_are() {
    let _alone = alone();
    let (recorder, _guard, _sink) = started(Config::builder());
    let line = vec![b'x'; 200_000];
    let before = runscope::bytes_held();
    let exchange = recorder.begin(&RequestHead::new("GET", "/"), || {
        std::iter::once(("x-long", &line[..]))
    });
    assert!(
        runscope::bytes_held() >= before + line.len(),
        "{} bytes",
        runscope::bytes_held()
    );
    drop(exchange);
}

fn respond_text(exchange: &mut Exchange, status: u16) {
    let headers = [("content-type", &b"text/plain"[..])];
    exchange.respond(ResponseHead::new(status), || headers.iter().copied());
}

#[test]
fn tags_are_few_and_short_and_the_last_value_counts() {
    let (recorder, _guard, sink) = started(Config::builder());
    let exchange = begin(&recorder, &RequestHead::new("GET", "/"));
    let handle = exchange.handle();
    handle.tag("n00", "first");
    for at in 0..100 {
        handle.tag(&format!("n{at:02}"), at);
    }
    handle.tag("n01", "é".repeat(5000));
    handle.tag("n99", "there is no place for it");
    finish(exchange, b"");
    let exchange = begin(&recorder, &RequestHead::new("GET", "/"));
    exchange.handle().tag(&"n".repeat(5000), "x");
    exchange.handle().tag("", "no name");
    finish(exchange, b"");

    let messages = recorded(&recorder, &sink);
    let tags = &messages[0].context.as_ref().unwrap().tags;
    assert_eq!(tags.len(), 32);
    assert_eq!(tags["n00"], "0");
    assert_eq!(tags["n01"], "é".repeat(512));
    assert_eq!(tags["n31"], "31");
    let tags = &messages[1].context.as_ref().unwrap().tags;
    assert_eq!(tags.keys().map(String::len).collect::<Vec<_>>(), [0, 1024]);
}

/// Setting fields again and again costs what they hold, not what was ever set.
#[test]
fn fields_that_are_set_for_ever_do_not_spend_the_budget() {
    let _alone = alone();
    let (recorder, _guard, sink) = started(Config::builder().byte_budget(256 << 10));
    let exchange = begin(&recorder, &RequestHead::new("GET", "/"));
    let handle = exchange.handle();
    for at in 0..10_000 {
        handle.set_consumer("");
        handle.set_consumer(&"x".repeat(at % 2000));
        handle.tag(&format!("n{at}"), "x".repeat(at % 2000));
        handle.tag("n1", at);
    }
    handle.set_consumer("last");
    finish(exchange, b"");
    let messages = recorded(&recorder, &sink);
    let context = messages[0].context.as_ref().unwrap();
    assert_eq!(context.consumer.as_deref(), Some("last"));
    assert_eq!(context.tags["n1"], "9999");
    assert_eq!(context.tags.len(), 32);
}

#[test]
fn a_consumer_chooses_the_scope_also_when_it_is_told_late() {
    let config = Config::builder()
        .access_token("t0ken")
        .bucket_key("all")
        .log_body(true)
        .scope(Scope::new().consumer("acme").bucket_key("acme"))
        .scope(Scope::new().consumer("nobody").capture(false));
    let (recorder, _guard, sink) = started(config);
    for (told, bucket, with_body) in [
        (&[][..], "all", true),
        (&["globex"], "all", true),
        (&["acme"], "acme", false),
        (&["acme", "globex"], "all", true),
        (&["globex", "acme"], "acme", false),
        (&["nobody"], "", false),
        (&["nobody", ""], "all", true),
    ] {
        sink.clear();
        let mut exchange = begin(&recorder, &RequestHead::new("POST", "/"));
        respond_text(&mut exchange, 200);
        exchange.frame(&Bytes::from_static(b"answer"));
        for consumer in told {
            exchange.handle().set_consumer(consumer);
        }
        exchange.end();
        recorder.flush_blocking(PATIENCE).unwrap();
        let all = sink.messages();
        if bucket.is_empty() {
            assert_eq!(all, [], "{told:?}");
            continue;
        }
        assert_eq!(
            (all.len(), &sink.messages_for(bucket)),
            (1, &all),
            "{told:?}"
        );
        let body = all[0]
            .response
            .as_ref()
            .and_then(|response| response.body.as_deref());
        assert_eq!(body, with_body.then_some("answer"), "{told:?}");
        let consumer = all[0]
            .context
            .as_ref()
            .and_then(|context| context.consumer.as_deref());
        assert_eq!(
            consumer,
            told.last().copied().filter(|told| !told.is_empty())
        );
    }
    assert_eq!(recorder.stats().skipped, 1);
}

/// A closure may tell a consumer of any length, from a header.
#[tokio::test]
async fn a_consumer_that_a_closure_tells_is_cut_as_well() {
    let (recorder, _guard, sink) = started(Config::builder());
    let layer = RunscopeLayer::new(&recorder).consumer(|_| Some("x".repeat(100_000)));
    let app = Router::new().route("/", post(async || "fine")).layer(layer);
    text(app, Request::post("/").body(Body::empty()).unwrap()).await;
    recorder.flush(PATIENCE).await.unwrap();
    let context = sink.messages().remove(0).context.unwrap();
    assert_eq!(context.consumer.map(|consumer| consumer.len()), Some(1024));
}
