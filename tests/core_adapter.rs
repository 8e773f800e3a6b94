//! An adapter written by hand on the core's public API: what it has to do, and that nothing it does
//! wrong harms anybody.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use bytes::Bytes;
use runscope::{
    BodyState, Config, Direction, Exchange, ExchangeHandle, Guard, MemorySink, Message, Outcome,
    Recorder, RequestHead, ResponseHead, Withheld, current_exchange,
};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use support::exchanges::{PATIENCE, assert_adds_up, begin};

/// A request and a response of a framework that exists only here. It has no types of `http`, knows
/// nothing of futures, and hands bodies over in chunks.
struct Call<'a> {
    method: &'a str,
    target: &'a str,
    headers: Vec<(&'a str, &'a [u8])>,
    body: Vec<&'static str>,
}

struct Answer {
    status: u16,
    headers: Vec<(&'static str, &'static [u8])>,
    body: Vec<&'static str>,
}

/// The whole of an adapter: what it shows to the recorder, in which order.
fn adapt(
    recorder: &Recorder,
    call: &Call<'_>,
    handler: impl FnOnce(&mut dyn Iterator<Item = Bytes>) -> Result<Answer, String>,
) -> Result<Answer, String> {
    let mut chunks = call
        .body
        .iter()
        .map(|chunk| Bytes::from_static(chunk.as_bytes()));
    // 1. The request's head, with names in lower case. `None`: this one is not captured.
    let mut head = RequestHead::new(call.method, call.target);
    head.peer = Some([192, 0, 2, 7].into());
    head.service = Some("by-hand");
    head.route = Some("/orders/{id}");
    head.body_is_empty = call.body.is_empty();
    let Some(mut exchange) = recorder.begin(&head, || call.headers.iter().copied()) else {
        return handler(&mut chunks);
    };
    // 2. The request's body is shown as the handler takes it, unless it has to be left alone.
    let answer = match exchange.request_tap() {
        None => exchange.scope(|| handler(&mut chunks)),
        Some(tap) => exchange.scope(|| {
            let mut tapped = std::iter::from_fn(|| {
                tap.polled();
                match chunks.next() {
                    Some(chunk) => {
                        tap.frame(&chunk);
                        Some(chunk)
                    }
                    None => {
                        tap.end();
                        None
                    }
                }
            });
            handler(&mut tapped)
        }),
    };
    // 3. The response's head, or the failure.
    let answer = match answer {
        Ok(answer) => answer,
        Err(error) => {
            exchange.fail(&error, None);
            return Err(error);
        }
    };
    let mut head = ResponseHead::new(answer.status);
    head.body_is_empty = answer.body.is_empty();
    exchange.respond(head, || answer.headers.iter().copied());
    // 4. The response's body as it goes out, and its end.
    for chunk in &answer.body {
        exchange.frame(&Bytes::from_static(chunk.as_bytes()));
    }
    exchange.end();
    Ok(answer)
}

fn started() -> (Recorder, Guard, MemorySink) {
    let sink = MemorySink::new();
    let config = Config::builder()
        .log_body(true)
        .sink(sink.clone())
        .build()
        .unwrap();
    let (recorder, guard) = Recorder::start(config).unwrap();
    (recorder, guard, sink)
}

fn order() -> Call<'static> {
    Call {
        method: "POST",
        target: "/orders/7?token=hunter2",
        headers: vec![("host", b"shop.example"), ("content-type", b"text/plain")],
        body: vec!["two ", "teas"],
    }
}

fn answer() -> Answer {
    Answer {
        status: 201,
        headers: vec![
            ("content-type", b"text/plain"),
            ("x-a", b"1"),
            ("x-a", b"2"),
        ],
        body: vec!["do", "ne"],
    }
}

#[test]
fn an_adapter_of_fifty_lines_records_whole_exchanges() {
    let (recorder, _guard, sink) = started();
    let mut id = String::new();
    adapt(&recorder, &order(), |body| {
        id = current_exchange()
            .expect("it is captured")
            .unique_identifier();
        assert_eq!(body.map(|chunk| chunk.len()).sum::<usize>(), 8);
        Ok(answer())
    })
    .unwrap();
    recorder.flush_blocking(PATIENCE).unwrap();
    let Message {
        unique_identifier,
        request,
        response,
        context,
        ..
    } = sink.messages().remove(0);
    let (request, response, context) = (request.unwrap(), response.unwrap(), context.unwrap());
    assert_eq!(unique_identifier, Some(id));
    assert_eq!(request.method, "POST");
    assert_eq!(request.url, "http://shop.example/orders/7?token=[redacted]");
    assert_eq!(request.body.as_deref(), Some("two teas"));
    assert_eq!(response.status, 201);
    assert_eq!(response.headers.all("x-a").collect::<Vec<_>>(), ["1", "2"]);
    assert_eq!(response.body.as_deref(), Some("done"));
    assert_eq!(context.outcome, Some(Outcome::Complete));
    assert_eq!(context.direction, Some(Direction::Incoming));
    assert_eq!(context.service.as_deref(), Some("by-hand"));
    assert_eq!(context.route.as_deref(), Some("/orders/{id}"));
    assert_eq!(context.client_address.as_deref(), Some("192.0.2.7"));
    assert!(context.request_body.unwrap().complete);
}

#[test]
fn an_adapter_records_failures_panics_and_bodies_that_nobody_read() {
    let (recorder, _guard, sink) = started();
    adapt(&recorder, &order(), |_| Err("no tea".to_owned()))
        .err()
        .unwrap();
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        adapt(&recorder, &order(), |_| panic!("the handler's own"))
    }));
    assert!(panicked.is_err(), "a panic goes through");
    assert!(current_exchange().is_none(), "and leaves nothing behind");
    adapt(&recorder, &order(), |_| Ok(answer())).unwrap();
    recorder.flush_blocking(PATIENCE).unwrap();

    let messages = sink.messages();
    let context = |at: usize| messages[at].context.clone().unwrap();
    let status = |at: usize| {
        messages[at]
            .response
            .as_ref()
            .map(|response| response.status)
    };
    assert_eq!(
        (context(0).outcome, status(0)),
        (Some(Outcome::Error), None)
    );
    assert_eq!(context(0).error.as_deref(), Some("no tea"));
    assert_eq!(
        (context(1).outcome, status(1)),
        (Some(Outcome::Panic), Some(500))
    );
    let unread = context(2).request_body.unwrap();
    assert_eq!(
        (unread.state, unread.reason),
        (BodyState::NotCaptured, Some(Withheld::Unread))
    );
}

/// What an adapter may get wrong. Each makes one record, and none panics.
#[test]
fn misuse_is_harmless_and_always_makes_exactly_one_record() {
    fn respond(exchange: &mut Exchange, status: u16) {
        let headers = [("content-type", &b"text/plain"[..])];
        exchange.respond(ResponseHead::new(status), || headers.iter().copied());
    }
    let chunk = Bytes::from_static(b"chunk");
    type Wrong = fn(Exchange, &Bytes);
    type Row = (
        &'static str,
        Wrong,
        Outcome,
        Option<u16>,
        Option<&'static str>,
    );
    let table: [Row; 15] = [
        (
            "dropped at once",
            |exchange, _| drop(exchange),
            Outcome::Aborted,
            Some(499),
            None,
        ),
        (
            "ended without a response",
            |e, _| e.end(),
            Outcome::Complete,
            None,
            None,
        ),
        (
            "a frame before the response",
            |mut e, chunk| {
                e.frame(chunk);
                respond(&mut e, 200);
                e.end();
            },
            Outcome::Complete,
            Some(200),
            None,
        ),
        (
            "two responses: the last one counts, with its own body",
            |mut e, chunk| {
                respond(&mut e, 103);
                e.frame(chunk);
                respond(&mut e, 200);
                e.frame(chunk);
                e.end();
            },
            Outcome::Complete,
            Some(200),
            Some("chunk"),
        ),
        (
            "ended twice",
            |mut e, _| {
                respond(&mut e, 200);
                e.end();
                e.end();
            },
            Outcome::Complete,
            Some(200),
            None,
        ),
        (
            "a frame, a response and a failure after the end",
            |mut e, chunk| {
                respond(&mut e, 200);
                e.frame(chunk);
                e.end();
                e.frame(chunk);
                respond(&mut e, 500);
                e.fail(&"late", Some(500));
                e.waiting();
            },
            Outcome::Complete,
            Some(200),
            Some("chunk"),
        ),
        (
            "a failure after a part of the body",
            |mut e, chunk| {
                respond(&mut e, 200);
                e.frame(chunk);
                e.fail(&"broken", Some(500));
            },
            Outcome::Error,
            Some(200),
            Some("chunk"),
        ),
        (
            "failed twice",
            |e, _| {
                e.fail(&"one", Some(502));
                e.fail(&"two", Some(503));
            },
            Outcome::Error,
            Some(502),
            None,
        ),
        (
            "dropped in the midst of the body",
            |mut e, chunk| {
                respond(&mut e, 200);
                e.frame(chunk);
            },
            Outcome::Aborted,
            Some(200),
            Some("chunk"),
        ),
        (
            "a body where there can be none",
            |mut e, chunk| {
                respond(&mut e, 204);
                e.frame(chunk);
            },
            Outcome::Complete,
            Some(204),
            None,
        ),
        (
            "a body larger than the head said",
            |mut e, chunk| {
                let mut head = ResponseHead::new(200);
                head.body_size = Some(3);
                e.respond(head, || [("content-type", &b"text/plain"[..])].into_iter());
                e.frame(chunk);
            },
            Outcome::Complete,
            Some(200),
            Some("chunk"),
        ),
        (
            "frames of no bytes",
            |mut e, _| {
                respond(&mut e, 200);
                e.frame(&Bytes::new());
                e.frame(&Bytes::new());
                e.end();
            },
            Outcome::Complete,
            Some(200),
            None,
        ),
        (
            "statuses that do not exist",
            |mut e, _| {
                respond(&mut e, 0);
                respond(&mut e, 65_535);
                e.end();
            },
            Outcome::Complete,
            Some(65_535),
            None,
        ),
        (
            "frames after the connection was handed over",
            |mut e, chunk| {
                respond(&mut e, 101);
                e.frame(chunk);
                e.end();
            },
            Outcome::Upgraded,
            Some(101),
            None,
        ),
        (
            "a panic in an error's text",
            |e, _| {
                struct Panics;
                impl std::fmt::Display for Panics {
                    fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        panic!("the error's own")
                    }
                }
                e.fail(&Panics, Some(500));
            },
            Outcome::Error,
            Some(500),
            None,
        ),
    ];
    let (recorder, guard, sink) = started();
    for (wrong, act, outcome, status, body) in table {
        sink.clear();
        let exchange = recorder
            .begin(&RequestHead::new("GET", "/"), std::iter::empty)
            .unwrap();
        act(exchange, &chunk);
        recorder.flush_blocking(PATIENCE).unwrap();
        let messages = sink.messages();
        assert_eq!(messages.len(), 1, "{wrong}");
        let Message {
            response, context, ..
        } = &messages[0];
        assert_eq!(context.as_ref().unwrap().outcome, Some(outcome), "{wrong}");
        assert_eq!(
            response.as_ref().map(|response| response.status),
            status,
            "{wrong}"
        );
        let found = response
            .as_ref()
            .and_then(|response| response.body.as_deref());
        assert_eq!(found, body, "{wrong}");
        assert_adds_up(&recorder.stats());
    }
    assert_eq!(recorder.stats().delivered, 15);
    guard.shutdown_blocking(PATIENCE).unwrap();
}

#[test]
fn a_tap_that_outlives_the_exchange_is_harmless() {
    let (recorder, _guard, sink) = started();
    let head = RequestHead::new("POST", "/");
    let mut exchange = recorder.begin(&head, std::iter::empty).unwrap();
    let taps = [
        exchange.request_tap().unwrap(),
        exchange.request_tap().unwrap(),
    ];
    exchange.respond(ResponseHead::new(200), std::iter::empty);
    exchange.end();
    for tap in &taps {
        tap.frame(&Bytes::from_static(b"late"));
        tap.end();
    }
    recorder.flush_blocking(PATIENCE).unwrap();
    for tap in taps {
        tap.polled();
        tap.frame(&Bytes::from_static(b"later"));
    }
    let messages = sink.messages();
    assert_eq!(messages.len(), 1);
    let context = messages[0].context.as_ref().unwrap();
    assert_eq!(context.request_body.as_ref().unwrap().size, 0);
}

#[test]
fn exchanges_that_end_after_the_recorder_are_counted_and_harmless() {
    let (recorder, guard, sink) = started();
    let exchange = recorder
        .begin(&RequestHead::new("GET", "/"), std::iter::empty)
        .unwrap();
    guard.shutdown_blocking(PATIENCE).unwrap();
    exchange.end();
    drop(exchange);
    assert!(
        recorder
            .begin(&RequestHead::new("GET", "/"), std::iter::empty)
            .is_none()
    );
    assert_eq!(sink.messages(), []);
    let stats = recorder.stats();
    assert_eq!((stats.captured, stats.dropped.shutdown), (1, 1));
    assert_adds_up(&stats);
}

/// Names and values that no server lets through must not break a recorder either.
#[test]
fn heads_of_any_size_and_any_bytes_are_recorded() {
    let (recorder, _guard, sink) = started();
    let long = "n".repeat(70_000);
    let names: Vec<String> = (0..10_000).map(|at| format!("h{at}")).collect();
    let bytes: Vec<u8> = (0..=255).collect();
    let mut headers: Vec<(&str, &[u8])> = names
        .iter()
        .map(|name| (name.as_str(), &b"v"[..]))
        .collect();
    headers.extend([
        ("", &b""[..]),
        (&long, b"v"),
        ("raw", &bytes),
        ("host", b"\xff\xfe"),
    ]);
    headers.extend((0..10_000).map(|_| ("same", &b"v"[..])));
    let mut head = RequestHead::new("", "\u{1f600}?\u{0}");
    head.authority = Some("@@:::@");
    let mut exchange = recorder.begin(&head, || headers.iter().copied()).unwrap();
    exchange.respond(ResponseHead::new(200), || headers.iter().copied());
    exchange.end();
    recorder.flush_blocking(PATIENCE).unwrap();
    let message = sink.messages().remove(0);
    let fields = message.request.unwrap().headers;
    assert_eq!(fields.len(), 10_005);
    assert_eq!(fields.first("h9999"), Some("v"));
    assert_eq!(fields.all("same").count(), 10_000);
    assert_eq!(
        fields.first("raw").unwrap().chars().map(u32::from).max(),
        Some(255)
    );
    assert_eq!(
        fields.iter().map(|(name, _)| name.len()).max(),
        Some(70_000)
    );
}

/// A call that the app makes, with what it passes on of its own client.
fn outgoing() -> RequestHead<'static> {
    let mut head = RequestHead::new("GET", "/up");
    head.scheme = Some("http");
    head.authority = Some("upstream.internal:9000");
    head.direction = Direction::Outgoing;
    head.body_is_empty = true;
    head
}

#[test]
fn a_call_that_the_app_makes_is_recorded_as_made_and_answered_only_by_the_other_side() {
    let sink = MemorySink::new();
    let config = Config::builder().trusted_hops(1).sink(sink.clone());
    let (recorder, _guard) = Recorder::start(config.build().unwrap()).unwrap();
    let headers: [(&str, &[u8]); 2] = [
        ("x-forwarded-host", b"shop.example"),
        ("x-forwarded-for", b"203.0.113.7"),
    ];
    drop(recorder.begin(&outgoing(), || headers.into_iter()).unwrap());
    recorder.flush_blocking(PATIENCE).unwrap();

    let message = sink.messages().remove(0);
    let context = message.context.unwrap();
    assert_eq!(
        message.request.unwrap().url,
        "http://upstream.internal:9000/up"
    );
    assert_eq!(context.client_address, None);
    assert_eq!(context.outcome, Some(Outcome::Aborted));
    assert_eq!(message.response, None, "nobody answered");
}

#[test]
fn a_form_that_is_not_utf_8_is_sent_as_the_body_it_came_in() {
    let sink = MemorySink::new();
    let config = Config::builder().log_body(true).sink(sink.clone());
    let (recorder, _guard) = Recorder::start(config.build().unwrap()).unwrap();
    for body in ["name=M%FCller&page=2", "name=M%C3%BCller&page=2"] {
        let headers: [(&str, &[u8]); 1] = [("content-type", b"application/x-www-form-urlencoded")];
        let head = RequestHead::new("POST", "/");
        let exchange = recorder.begin(&head, || headers.into_iter()).unwrap();
        let tap = exchange.request_tap().unwrap();
        tap.frame(&Bytes::from_static(body.as_bytes()));
        tap.end();
        exchange.end();
    }
    recorder.flush_blocking(PATIENCE).unwrap();

    let requests: Vec<_> = sink
        .messages()
        .into_iter()
        .filter_map(|m| m.request)
        .collect();
    assert_eq!(requests[0].body.as_deref(), Some("name=M%FCller&page=2"));
    assert!(requests[0].form.is_empty());
    assert_eq!(requests[1].form.first("name"), Some("Müller"));
    assert_eq!(requests[1].body, None);
}

/// A buffer of the app's own, whose drop uses the exchange it was captured for.
struct Owned {
    bytes: Vec<u8>,
    handle: ExchangeHandle,
    dropped: Arc<AtomicUsize>,
}

impl AsRef<[u8]> for Owned {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        self.handle.tag("freed", true);
        self.dropped.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn a_buffer_of_the_apps_own_is_dropped_outside_of_the_lock() {
    let config = Config::builder().log_body(true).body_min_status(500);
    let config = config.sink(MemorySink::new()).build().unwrap();
    let (recorder, _guard) = Recorder::start(config).unwrap();
    let dropped = Arc::new(AtomicUsize::new(0));
    // Its body is let go of because the status is too low, or because a second response takes the
    // place of the first.
    for status in [200, 500] {
        let mut exchange = begin(&recorder, &RequestHead::new("GET", "/"));
        let mut respond = || {
            let headers = [("content-type", &b"text/plain"[..])];
            exchange.respond(ResponseHead::new(status), || headers.into_iter());
            let frame = Bytes::from_owner(Owned {
                bytes: vec![b'x'; 8192],
                handle: exchange.handle(),
                dropped: Arc::clone(&dropped),
            });
            exchange.frame(&frame);
        };
        respond();
        respond();
        exchange.end();
    }
    recorder.flush_blocking(PATIENCE).unwrap();
    assert_eq!(dropped.load(Ordering::SeqCst), 4);
    assert_adds_up(&recorder.stats());
}
