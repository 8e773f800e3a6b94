//! Bodies that end in the midst of a secret: at the cap, at a client that left, at a handler that
//! read no further.

use crate::canary::Cage;
use crate::plan::{Half, plan};
use crate::{block_on, config};
use bytes::Bytes;
use runscope::{Exchange, Recorder, RedactionRules, RequestHead, ResponseHead, Sink};
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Keeps what it is given, as it is given.
#[derive(Clone, Default)]
struct Bytewise(Arc<Mutex<Vec<u8>>>);

impl Sink for Bytewise {
    fn write(&mut self, _: &str, message: &[u8]) -> io::Result<()> {
        self.0.lock().unwrap().extend_from_slice(message);
        Ok(())
    }
}

/// Every body is cut at many places: by a client that leaves, by a handler that stops, by the cap.
#[test]
fn a_body_shows_no_half_of_a_secret_wherever_it_is_cut() {
    let (cage, cases) = plan();
    let halves: Vec<Half> = cases
        .iter()
        .flat_map(|case| [&case.request, &case.response])
        .filter(|half| !half.body.is_empty() && half.body.len() < 400)
        .cloned()
        .collect();
    assert!(halves.len() > 150, "{} bodies", halves.len());
    let longest = halves
        .iter()
        .map(|half| half.body.len())
        .max()
        .unwrap_or_default();
    let sink = Bytewise::default();

    let rules = || {
        config(RedactionRules::new())
            .max_entries(1_000_000)
            .max_bytes(1 << 30)
    };
    let uncapped = rules().sink(sink.clone()).build().unwrap();
    let (recorder, guard) = Recorder::start(uncapped).unwrap();
    for half in &halves {
        for cut in (0..half.body.len()).step_by(4) {
            let body = Bytes::copy_from_slice(&half.body[..cut]);
            // The one is left by its client, the other by its handler.
            if let (_exchange, Some(tap)) = begin(&recorder, half, &body) {
                tap.frame(&body);
            }
            let (exchange, _) = begin(&recorder, &Half::default(), &Bytes::new());
            respond(exchange, half, &body);
        }
    }
    block_on(guard.shutdown(Duration::from_secs(60))).unwrap();
    check(&cage, &recorder, &sink, "bodies that ended early");

    for cap in (1..longest).step_by(17) {
        let capped = rules()
            .max_body_bytes(cap)
            .sink(sink.clone())
            .build()
            .unwrap();
        let (recorder, guard) = Recorder::start(capped).unwrap();
        for half in halves.iter().filter(|half| half.body.len() > cap) {
            let body = Bytes::copy_from_slice(&half.body);
            let (exchange, tap) = begin(&recorder, half, &body);
            if let Some(tap) = tap {
                tap.frame(&body);
                tap.end();
            }
            respond(exchange, half, &body);
        }
        guard.shutdown_blocking(Duration::from_secs(60)).unwrap();
        check(&cage, &recorder, &sink, &format!("bodies cut at {cap}"));
    }
}

fn begin(
    recorder: &Recorder,
    half: &Half,
    body: &Bytes,
) -> (Exchange, Option<runscope::RequestTap>) {
    let mut head = RequestHead::new("POST", "/");
    head.body_is_empty = body.is_empty();
    let headers = lower(half);
    let exchange = recorder
        .begin(&head, || {
            headers
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_bytes()))
        })
        .expect("it is captured");
    let tap = exchange.request_tap();
    (exchange, tap)
}

/// Answers with the body, and is dropped before its end.
fn respond(mut exchange: Exchange, half: &Half, body: &Bytes) {
    let headers = lower(half);
    exchange.respond(ResponseHead::new(200), || {
        headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_bytes()))
    });
    exchange.frame(body);
}

fn lower(half: &Half) -> Vec<(String, String)> {
    let headers = half.headers.iter();
    headers
        .map(|(name, value)| (name.to_ascii_lowercase(), value.clone()))
        .collect()
}

fn check(cage: &Cage, recorder: &Recorder, sink: &Bytewise, what: &str) {
    let stats = recorder.stats();
    assert_eq!(stats.delivered, stats.captured, "{what}: {stats:?}");
    let written = std::mem::take(&mut *sink.0.lock().unwrap());
    assert!(!written.is_empty(), "{what}");
    cage.assert_absent_at_depth(1, what, &written);
}
