//! What the encoder writes is what the message model reads, and says what passed.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use bytes::Bytes;
use fastrand::Rng;
use runscope::{
    BodyEncoding, BodyInfo, BodyState, Config, ConfigBuilder, Direction, Exchange, MemorySink,
    Message, Outcome, Recorder, RedactionRules, RequestHead, ResponseHead, Sink, Withheld,
};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};
use support::api::{FakeApi, Reply};
use support::exchanges::PATIENCE;

const FORM: &str = "application/x-www-form-urlencoded";

/// The byte budget is the process's, so tests that fill it run alone.
static BUDGET: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    BUDGET.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Keeps the lines as they are written.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<Vec<u8>>>>);

impl Sink for Lines {
    fn write(&mut self, _: &str, message: &[u8]) -> io::Result<()> {
        self.0.lock().unwrap().push(message.to_vec());
        Ok(())
    }
}

/// One exchange, made at random.
#[derive(Debug, Clone)]
struct Made {
    method: String,
    target: String,
    headers: Vec<(String, Vec<u8>)>,
    request: Vec<Vec<u8>>,
    status: u16,
    answer: Vec<(String, Vec<u8>)>,
    response: Vec<Vec<u8>>,
    ending: Ending,
    tags: Vec<(String, String)>,
    consumer: String,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Ending {
    End,
    Fail,
    Drop,
    NoResponse,
}

/// What texts are made of; redaction finds no secret in them.
const LETTERS: [&str; 26] = [
    "a", "Z", "q", "é", "漢", "😀", "\u{2028}", "\"", "\\", "/", "\n", "\r\n", "\t", "\u{1}",
    "\u{7f}", " ", "-", "_", "~", "*", "(", "]", ">", "&", "=", "+",
];

fn text(random: &mut Rng, most: usize, letters: &[&str]) -> String {
    (0..random.usize(..=most))
        .map(|_| letters[random.usize(..letters.len())])
        .collect()
}

fn value(random: &mut Rng) -> Vec<u8> {
    match random.u8(..4) {
        0 => (0..random.usize(..20)).map(|_| random.u8(0x80..)).collect(),
        1 => Vec::new(),
        _ => text(random, 12, &LETTERS[..4]).into_bytes(),
    }
}

fn headers(random: &mut Rng, content_type: Option<&str>) -> Vec<(String, Vec<u8>)> {
    let mut headers: Vec<_> = (0..random.usize(..12))
        .map(|_| {
            (
                format!("x-{}", ["a", "b", "c", "d", "e"][random.usize(..5)]),
                value(random),
            )
        })
        .collect();
    if let Some(content_type) = content_type {
        let at = random.usize(..=headers.len());
        headers.insert(at, ("content-type".to_owned(), content_type.into()));
    }
    headers
}

fn frames(random: &mut Rng) -> Vec<Vec<u8>> {
    let frame = |random: &mut Rng| match random.u8(..5) {
        0 => (0..random.usize(..50)).map(|_| random.u8(0x80..)).collect(),
        1 => vec![b'x'; random.usize(..9000)],
        _ => text(random, 30, &LETTERS).into_bytes(),
    };
    (0..random.usize(..5)).map(|_| frame(random)).collect()
}

impl Made {
    fn at_random(random: &mut Rng) -> Self {
        let types = [
            None,
            Some("text/plain"),
            Some("application/octet-stream"),
            Some(FORM),
        ];
        let of_request = types[random.usize(..4)];
        let request = match of_request {
            Some(FORM) => (0..random.usize(..4))
                .map(|at| {
                    format!("{}f{at}=v{at}+w%20x%C3%A9", if at > 0 { "&" } else { "" }).into()
                })
                .collect(),
            _ => frames(random),
        };
        Self {
            method: ["GET", "POST", "PURGE", "m-search"][random.usize(..4)].to_owned(),
            target: format!(
                "/{}?q={}",
                ["", "a", "a/b%20c", "é"][random.usize(..4)],
                random.u16(..)
            ),
            headers: headers(random, of_request),
            request,
            status: [200, 201, 302, 404, 500, 599][random.usize(..6)],
            answer: {
                let of = types[random.usize(..3)];
                headers(random, of)
            },
            response: frames(random),
            ending: [
                Ending::End,
                Ending::End,
                Ending::Fail,
                Ending::Drop,
                Ending::NoResponse,
            ][random.usize(..5)],
            tags: (0..random.usize(..4))
                .map(|at| (format!("tag{at}é"), text(random, 20, &LETTERS[..20])))
                .collect(),
            consumer: text(random, 5, &LETTERS[..12]),
        }
    }

    fn record(&self, recorder: &Recorder) -> String {
        let mut head = RequestHead::new(&self.method, &self.target);
        head.scheme = Some("https");
        head.authority = Some("h.example:8443");
        head.protocol = "HTTP/2";
        head.peer = Some("2001:db8::1".parse().unwrap());
        head.service = Some("sérvice");
        head.route = Some("/{*all}");
        head.consumer = Some(self.consumer.as_str().into());
        head.direction = Direction::Outgoing;
        let mut exchange = recorder.begin(&head, || pairs(&self.headers)).unwrap();
        let tap = exchange.request_tap().unwrap();
        tap.polled();
        for frame in &self.request {
            tap.frame(&Bytes::copy_from_slice(frame));
        }
        tap.end();
        let handle = exchange.handle();
        for (name, value) in &self.tags {
            handle.tag(name, value);
        }
        if self.ending != Ending::NoResponse {
            exchange.respond(ResponseHead::new(self.status), || pairs(&self.answer));
            for frame in &self.response {
                exchange.frame(&Bytes::copy_from_slice(frame));
            }
        }
        match self.ending {
            Ending::End => exchange.end(),
            Ending::Fail => exchange.fail(&"brøken\n", None),
            Ending::Drop | Ending::NoResponse => {}
        }
        handle.unique_identifier()
    }

    /// Compares a message with what was made.
    fn check(&self, message: &Message, earliest: f64, latest: f64) {
        let request = message.request.as_ref().unwrap();
        let context = message.context.as_ref().unwrap();
        assert_eq!(request.method, self.method);
        assert_eq!(
            request.url,
            format!("https://h.example:8443{}", self.target)
        );
        check_headers(&request.headers, &self.headers);
        let time = request.timestamp.unwrap();
        assert!(
            (earliest..=latest).contains(&time),
            "{earliest} {time} {latest}"
        );
        let body = self.request.concat();
        let is_form = self
            .headers
            .iter()
            .any(|(_, value)| value == FORM.as_bytes());
        if is_form && !body.is_empty() {
            assert_eq!(
                (&request.body, request.form.len()),
                (&None, self.request.len())
            );
            for (name, values) in request.form.iter() {
                assert_eq!(values, [format!("v{} w xé", &name[1..])]);
            }
        } else {
            check_body(request.body.as_deref(), request.body_encoding, &body);
            assert!(request.form.is_empty());
        }
        check_info(context.request_body.as_ref(), &body, true);

        assert_eq!(context.direction, Some(Direction::Outgoing));
        assert_eq!(context.service.as_deref(), Some("sérvice"));
        assert_eq!(context.route.as_deref(), Some("/{*all}"));
        assert_eq!(context.consumer.clone().unwrap_or_default(), self.consumer);
        assert_eq!(context.client_address.as_deref(), Some("2001:db8::1"));
        assert_eq!(context.protocol.as_deref(), Some("HTTP/2"));
        assert_eq!(context.tags, self.tags.iter().cloned().collect());
        assert_eq!(
            context.error.as_deref(),
            (self.ending == Ending::Fail).then_some("brøken\n")
        );
        assert_eq!((context.sample_rate, &context.trace_id), (None, &None));
        let outcome = match self.ending {
            Ending::End => Outcome::Complete,
            Ending::Fail => Outcome::Error,
            Ending::Drop | Ending::NoResponse => Outcome::Aborted,
        };
        assert_eq!(context.outcome, Some(outcome));

        if self.ending == Ending::NoResponse {
            // Of a call that the app makes, only the other side can say a status.
            assert_eq!(message.response, None);
            return;
        }
        let response = message.response.as_ref().unwrap();
        let took = response.response_time.unwrap();
        assert!((response.timestamp.unwrap() - time - took).abs() < 1e-5);
        assert!(took <= context.total_time.unwrap() + 1e-6);
        assert_eq!(response.status, self.status);
        check_headers(&response.headers, &self.answer);
        let body = self.response.concat();
        check_body(response.body.as_deref(), response.body_encoding, &body);
        check_info(
            context.response_body.as_ref(),
            &body,
            self.ending == Ending::End,
        );
    }
}

fn pairs(headers: &[(String, Vec<u8>)]) -> impl Iterator<Item = (&str, &[u8])> {
    headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_slice()))
}

/// Names in the order of their first coming, and all values of each; bytes that are no UTF-8 stand
/// as the characters of their numbers.
fn check_headers(fields: &runscope::Fields, headers: &[(String, Vec<u8>)]) {
    let mut expected: Vec<(&str, Vec<String>)> = Vec::new();
    for (name, value) in headers {
        let value = String::from_utf8(value.clone())
            .unwrap_or_else(|_| value.iter().copied().map(char::from).collect());
        match expected.iter_mut().find(|(known, _)| known == name) {
            Some((_, values)) => values.push(value),
            None => expected.push((name, vec![value])),
        }
    }
    let found: Vec<_> = fields
        .iter()
        .map(|(name, values)| (name, values.to_vec()))
        .collect();
    assert_eq!(found, expected);
}

fn check_body(text: Option<&str>, encoding: Option<BodyEncoding>, bytes: &[u8]) {
    let expected = match std::str::from_utf8(bytes) {
        _ if bytes.is_empty() => (None, None),
        Ok(text) => (Some(text.to_owned()), None),
        Err(_) => {
            use base64::Engine as _;
            let text = base64::engine::general_purpose::STANDARD.encode(bytes);
            (Some(text), Some(BodyEncoding::Base64))
        }
    };
    assert_eq!((text.map(str::to_owned), encoding), expected);
}

fn check_info(info: Option<&BodyInfo>, bytes: &[u8], complete: bool) {
    let info = info.unwrap();
    assert_eq!(info.size, bytes.len() as u64);
    assert_eq!(info.complete, complete);
    let state = if bytes.is_empty() {
        BodyState::Empty
    } else {
        BodyState::Captured
    };
    assert_eq!(
        (info.state, info.reason, info.redacted),
        (state, None, false)
    );
}

fn keeping_all() -> ConfigBuilder {
    Config::builder()
        .log_body(true)
        .body_content_types(["*/*"])
        .max_body_bytes(1 << 20)
        .max_entries(100_000)
        .max_bytes(1 << 30)
        .byte_budget(1 << 30)
}

#[test]
fn what_is_written_reads_back_as_what_passed() {
    let _alone = alone();
    let mut random = Rng::with_seed(0x5eed);
    for rules in [RedactionRules::new(), RedactionRules::new().enabled(false)] {
        let sink = Lines::default();
        let config = keeping_all()
            .redaction(rules)
            .sink(sink.clone())
            .build()
            .unwrap();
        let (recorder, guard) = Recorder::start(config).unwrap();
        let earliest = now();
        let made: Vec<(String, Made)> = (0..1500)
            .map(|_| {
                let made = Made::at_random(&mut random);
                (made.record(&recorder), made)
            })
            .collect();
        guard.shutdown_blocking(PATIENCE).unwrap();
        let latest = now();
        let lines = sink.0.lock().unwrap();
        assert_eq!(lines.len(), made.len());
        for (line, (id, made)) in lines.iter().zip(&made) {
            assert!(!line.contains(&b'\n'), "one message a line");
            let message: Message = serde_json::from_slice(line).unwrap();
            assert_eq!(message.unique_identifier.as_ref(), Some(id));
            made.check(&message, earliest, latest);
            let written: serde_json::Value = serde_json::from_slice(line).unwrap();
            assert_eq!(serde_json::to_value(&message).unwrap(), written);
        }
    }
}

/// As the encoder writes it, in microseconds; a clock may stand a little behind.
fn now() -> f64 {
    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap();
    #[allow(clippy::cast_precision_loss)]
    let micros = now.as_micros() as f64;
    micros / 1e6
}

#[test]
fn without_context_a_message_has_the_apis_own_fields_alone() {
    let _alone = alone();
    let sink = Lines::default();
    let config = keeping_all()
        .context(false)
        .sink(sink.clone())
        .build()
        .unwrap();
    let (recorder, guard) = Recorder::start(config).unwrap();
    let mut random = Rng::with_seed(7);
    for _ in 0..50 {
        Made::at_random(&mut random).record(&recorder);
    }
    guard.shutdown_blocking(PATIENCE).unwrap();
    for line in sink.0.lock().unwrap().iter() {
        let message: serde_json::Value = serde_json::from_slice(line).unwrap();
        let mut keys: Vec<_> = message.as_object().unwrap().keys().collect();
        keys.retain(|key| *key != "response");
        assert_eq!(keys, ["request", "unique_identifier"]);
    }
}

#[test]
fn a_trace_id_and_a_sample_rate_are_told() {
    let sink = MemorySink::new();
    let config = Config::builder()
        .sample_rate(0.9999)
        .sink(sink.clone())
        .build()
        .unwrap();
    let (recorder, guard) = Recorder::start(config).unwrap();
    let trace = "00-4bf92f3577b34da6a3ffffffffffffff-00f067aa0ba902b7-01";
    let headers = || [("traceparent", trace.as_bytes())].into_iter();
    drop(recorder.begin(&RequestHead::new("GET", "/"), headers));
    guard.shutdown_blocking(PATIENCE).unwrap();
    let context = sink.messages().remove(0).context.unwrap();
    assert_eq!(
        context.trace_id.as_deref(),
        Some("4bf92f3577b34da6a3ffffffffffffff")
    );
    assert_eq!(context.sample_rate, Some(0.9999));
}

type Act = fn(&Recorder);

fn begin(recorder: &Recorder, headers: &[(&str, &str)]) -> Exchange {
    let headers = || {
        headers
            .iter()
            .map(|(name, value)| (*name, value.as_bytes()))
    };
    recorder
        .begin(&RequestHead::new("POST", "/"), headers)
        .unwrap()
}

/// A request with these headers whose handler reads all of this body.
fn posted(recorder: &Recorder, headers: &[(&str, &str)], frames: &[&'static str]) {
    let mut exchange = begin(recorder, headers);
    if let Some(tap) = exchange.request_tap() {
        tap.polled();
        for frame in frames {
            tap.frame(&Bytes::from_static(frame.as_bytes()));
        }
        tap.end();
    }
    exchange.respond(ResponseHead::new(200), std::iter::empty);
    exchange.end();
}

const TEXT: (&str, &str) = ("content-type", "text/plain");
const JSON: (&str, &str) = ("content-type", "application/json");

/// Every state of a body and every reason, each told from all others, and from an empty body above
/// all: `state`, `reason`, what the message shows, its size, whether it passed whole.
#[test]
fn what_became_of_a_body_is_told() {
    use BodyState::{Captured, Empty, Masked, NotCaptured, Truncated};
    let _alone = alone();
    let keep = || Config::builder().log_body(true);
    type Row = (
        &'static str,
        ConfigBuilder,
        Act,
        (BodyState, Option<Withheld>),
        Option<&'static str>,
        (u64, bool),
    );
    let table: [Row; 19] = [
        (
            "no body",
            keep(),
            |recorder| {
                let mut head = RequestHead::new("POST", "/");
                head.body_is_empty = true;
                let exchange = recorder.begin(&head, std::iter::empty).unwrap();
                assert!(exchange.request_tap().is_none());
            },
            (Empty, None),
            None,
            (0, true),
        ),
        (
            "length 0",
            keep(),
            |r| posted(r, &[TEXT, ("content-length", "0")], &[]),
            (Empty, None),
            None,
            (0, true),
        ),
        (
            "read, and nothing came",
            keep(),
            |r| posted(r, &[TEXT], &[]),
            (Empty, None),
            None,
            (0, true),
        ),
        (
            "neither announced nor read",
            keep(),
            |r| drop(begin(r, &[])),
            (Empty, None),
            None,
            (0, true),
        ),
        (
            "whole",
            keep(),
            |r| posted(r, &[TEXT], &["two ", "teas"]),
            (Captured, None),
            Some("two teas"),
            (8, true),
        ),
        (
            "left by its client",
            keep(),
            |recorder| {
                let exchange = begin(recorder, &[TEXT]);
                let tap = exchange.request_tap().unwrap();
                tap.polled();
                tap.frame(&Bytes::from_static(b"two "));
            },
            (Captured, None),
            Some("two "),
            (4, false),
        ),
        (
            "over the cap",
            keep().max_body_bytes(5),
            |r| posted(r, &[TEXT], &["two ", "teas"]),
            (Truncated, Some(Withheld::OverCap)),
            Some("two t"),
            (8, true),
        ),
        (
            "cut in a character",
            keep().max_body_bytes(5),
            |r| posted(r, &[TEXT], &["fouré"]),
            (Truncated, Some(Withheld::OverCap)),
            Some("four"),
            (6, true),
        ),
        (
            "broken json",
            keep(),
            |r| posted(r, &[JSON], &["{\"a\":"]),
            (Masked, None),
            Some("[redacted]"),
            (5, true),
        ),
        (
            "bodies are off",
            Config::builder(),
            |r| posted(r, &[TEXT], &["two teas"]),
            (NotCaptured, Some(Withheld::LogBodyOff)),
            None,
            (8, true),
        ),
        (
            "of another type",
            keep(),
            |r| posted(r, &[("content-type", "image/png")], &["PNG"]),
            (NotCaptured, Some(Withheld::ContentType)),
            None,
            (3, true),
        ),
        (
            "in a coding that is not known",
            keep(),
            |r| posted(r, &[TEXT, ("content-encoding", "br")], &["br"]),
            (NotCaptured, Some(Withheld::ContentEncoding)),
            None,
            (2, true),
        ),
        (
            "no budget",
            keep().byte_budget(64 << 10).max_body_bytes(1 << 20),
            |r| posted(r, &[TEXT], &[LARGE]),
            (NotCaptured, Some(Withheld::OverBudget)),
            None,
            (LARGE.len() as u64, true),
        ),
        (
            "budget for a part",
            keep().byte_budget(64 << 10).max_body_bytes(1 << 20),
            |r| posted(r, &[TEXT], &["two ", LARGE]),
            (Truncated, Some(Withheld::OverBudget)),
            Some("two "),
            (4 + LARGE.len() as u64, true),
        ),
        (
            "unread",
            keep(),
            |r| drop(begin(r, &[TEXT, ("content-length", "8")])),
            (NotCaptured, Some(Withheld::Unread)),
            None,
            (0, false),
        ),
        (
            "neither slow nor failed",
            keep().body_min_status(500),
            |r| posted(r, &[TEXT], &["two teas"]),
            (NotCaptured, Some(Withheld::Filtered)),
            None,
            (8, true),
        ),
        (
            "a handshake, which has none",
            keep(),
            |recorder| {
                let mut exchange = begin(recorder, &WEBSOCKET);
                assert!(exchange.request_tap().is_none(), "it is left alone");
                exchange.respond(ResponseHead::new(101), std::iter::empty);
            },
            (Empty, None),
            None,
            (0, true),
        ),
        (
            "left alone for an upgrade that did not come",
            keep(),
            |r| posted(r, &[TEXT, WEBSOCKET[0], WEBSOCKET[1]], &["two teas"]),
            (NotCaptured, Some(Withheld::Upgraded)),
            None,
            (0, false),
        ),
        (
            "beside an offer to upgrade",
            keep(),
            |r| {
                let length = ("content-length", "8");
                posted(
                    r,
                    &[TEXT, WEBSOCKET[0], WEBSOCKET[1], length],
                    &["two teas"],
                );
            },
            (Captured, None),
            Some("two teas"),
            (8, true),
        ),
    ];
    for (what, config, act, state, body, passed) in table {
        let sink = MemorySink::new();
        let (recorder, guard) =
            Recorder::start(config.sink(sink.clone()).build().unwrap()).unwrap();
        act(&recorder);
        guard.shutdown_blocking(PATIENCE).unwrap();
        let message = sink.messages().remove(0);
        let info = message.context.unwrap().request_body.unwrap();
        assert_eq!((info.state, info.reason), state, "{what}");
        assert_eq!((info.size, info.complete), passed, "{what}");
        assert_eq!(message.request.unwrap().body.as_deref(), body, "{what}");
    }
}

const WEBSOCKET: [(&str, &str); 2] = [("connection", "upgrade"), ("upgrade", "websocket")];

const LARGE: &str = {
    static BYTES: [u8; 100_000] = [b'x'; 100_000];
    match std::str::from_utf8(&BYTES) {
        Ok(text) => text,
        Err(_) => "",
    }
};

#[test]
fn a_body_that_the_api_found_too_large_is_told_from_one_that_was_never_there() {
    let _alone = alone();
    let api = FakeApi::answering([Reply::status(413)]);
    let config = Config::builder()
        .access_token("t0ken")
        .bucket_key("k3y")
        .api_endpoint(api.url())
        .log_body(true)
        .max_coalescing_delay(Duration::ZERO);
    let (recorder, guard) = Recorder::start(config.build().unwrap()).unwrap();
    posted(&recorder, &[TEXT], &["two teas"]);
    let message = api.wait_for_messages(1).remove(0);
    guard.shutdown_blocking(PATIENCE).unwrap();
    let context = message.context.unwrap();
    let request = context.request_body.unwrap();
    assert_eq!(
        (request.state, request.reason),
        (BodyState::NotCaptured, Some(Withheld::TooLarge))
    );
    assert_eq!((message.request.unwrap().body, request.size), (None, 8));
    assert_eq!(context.response_body.unwrap().state, BodyState::Empty);
}
