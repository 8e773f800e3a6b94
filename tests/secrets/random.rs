//! Random exchanges with a secret in a random slot, coding and nesting: none of them on the wire, in the
//! spool, in the file of dead letters, in a log, or in a `Debug`.
//!
//! `RUNSCOPE_CANARIES` says how many are tried, `RUNSCOPE_SEED` repeats a run.

use crate::canary::Cage;
use crate::support::api::{FakeApi, Reply};
use crate::support::exchanges::wait_until;
use crate::{PATIENCE, config, logs};
use bytes::Bytes;
use fastrand::Rng;
use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use runscope::{Recorder, RedactionRules, RequestHead, ResponseHead};
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How many secrets are planted in one recorder; each has its own number.
const AT_ONCE: usize = 500;

fn number(name: &str) -> Option<u64> {
    Some(std::env::var(name).ok()?.parse().expect("a number"))
}

/// Names of secrets, in some spelling.
fn name(rng: &mut Rng) -> String {
    const NAMES: [&str; 20] = [
        "password",
        "passwd",
        "pwd",
        "token",
        "access_token",
        "refreshToken",
        "api_key",
        "apikey",
        "x-api-key",
        "client_secret",
        "secret",
        "authorization",
        "session",
        "csrf_token",
        "jwt",
        "ssn",
        "cvv",
        "credential",
        "saml",
        "X-Amz-Signature",
    ];
    let name = NAMES[rng.usize(..NAMES.len())];
    match rng.u8(..4) {
        0 => name.to_ascii_uppercase(),
        1 => format!("my_{name}"),
        2 => format!("{name}_value"),
        _ => name.to_owned(),
    }
}

/// A text percent-coded: not at all, where it may be, or everywhere.
fn percent(rng: &mut Rng, text: &str) -> String {
    let share = rng.u8(..3);
    let coded = |byte: u8| share == 2 || (share == 1 && byte.is_ascii_digit());
    text.bytes()
        .map(|byte| match coded(byte) {
            true => format!("%{byte:02x}"),
            false => char::from(byte).to_string(),
        })
        .collect()
}

/// A JSON string, in which some letters are escapes.
fn json_string(rng: &mut Rng, text: &str) -> String {
    let every = rng.usize(1..6);
    let letters = text
        .chars()
        .enumerate()
        .map(|(at, letter)| match at % every {
            0 if every < 4 => format!("\\u{:04x}", u32::from(letter)),
            _ => letter.to_string(),
        });
    format!("\"{}\"", letters.collect::<String>())
}

/// A JSON document with a secret under a telling name, as deep as chance will have it.
fn json(rng: &mut Rng, secret: &str) -> String {
    let value = match rng.u8(..5) {
        0 => format!("[{}, null, 1]", json_string(rng, secret)),
        1 => format!("{{\"value\": {}}}", json_string(rng, secret)),
        2 => format!("[[{{\"a\": [{}]}}]]", json_string(rng, secret)),
        _ => json_string(rng, secret),
    };
    let key = name(rng);
    let mut document = format!("{{\"id\": 7, {}: {value}}}", json_string(rng, &key));
    for _ in 0..rng.usize(..12) {
        document = match rng.u8(..3) {
            0 => format!("[1, {document}]"),
            1 => format!("{{\"items\": {document}, \"more\": true}}"),
            _ => format!("{{\"a\": {{\"b\": {document}}}}}"),
        };
    }
    document
}

fn pairs(rng: &mut Rng, secret: &str) -> String {
    let (key, secret) = (name(rng), percent(rng, secret));
    let key = percent(rng, &key);
    format!("shown=1&{key}={secret}&last=2")
}

/// A body with a secret in it, and its content type.
fn body(rng: &mut Rng, secret: &str) -> (&'static str, String) {
    match rng.u8(..7) {
        0 => ("application/x-www-form-urlencoded", pairs(rng, secret)),
        1 => {
            let lines: Vec<_> = (0..3).map(|at| format!("{{\"at\": {at}}}")).collect();
            let lines = format!("{}\n{}\n", lines.join("\n"), json(rng, secret));
            ("application/x-ndjson", lines)
        }
        2 => {
            let key = name(rng);
            let part = format!("content-disposition: form-data; name=\"{key}\"\r\n\r\n{secret}");
            let body = format!("--b0undary\r\n{part}\r\n--b0undary--\r\n");
            ("multipart/form-data; boundary=b0undary", body)
        }
        3 => (
            "text/event-stream",
            format!("data: {}\n\n", json(rng, secret)),
        ),
        // What says JSON and is none is masked whole.
        4 => ("application/json", format!("{{\"note\": \"{secret}")),
        _ => ("application/json", json(rng, secret)),
    }
}

/// The body in some content coding, and its name.
fn encoded(rng: &mut Rng, body: &str) -> (Option<&'static str>, Bytes) {
    let bytes = body.as_bytes();
    match rng.u8(..4) {
        0 => {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
            encoder.write_all(bytes).unwrap();
            (Some("gzip"), encoder.finish().unwrap().into())
        }
        1 => {
            let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
            encoder.write_all(bytes).unwrap();
            (Some("deflate"), encoder.finish().unwrap().into())
        }
        _ => (None, Bytes::copy_from_slice(bytes)),
    }
}

/// A header with a secret in it.
fn header(rng: &mut Rng, secret: &str) -> (String, String) {
    match rng.u8(..6) {
        0 => ("authorization".into(), format!("Bearer {secret}")),
        1 => ("cookie".into(), format!("theme=dark; sid={secret}; a=b")),
        2 => (
            "set-cookie".into(),
            format!("sid={secret}; Path=/; HttpOnly"),
        ),
        3 => {
            let query = pairs(rng, secret);
            ("referer".into(), format!("https://h.example/a?{query}"))
        }
        4 => (
            "referer".into(),
            format!("https://user:{secret}@h.example/"),
        ),
        _ => (
            name(rng).replace('_', "-").to_ascii_lowercase(),
            secret.into(),
        ),
    }
}

/// Records one exchange with one secret in it, and gives back what it shows of itself.
fn play(rng: &mut Rng, cage: &mut Cage, recorder: &Recorder) -> String {
    let slot = rng.u8(..5);
    let secret = match rng.u8(..4) {
        0 => cage.jwt(&format!("slot {slot}")),
        _ => cage.text(&format!("slot {slot}")),
    };
    let mut target = "/items/7".to_owned();
    let (mut request, mut response) = (Vec::new(), Vec::new());
    let (mut sent, mut answered) = (Bytes::new(), Bytes::new());
    match slot {
        0 => target = format!("/items/7?{}", pairs(rng, &secret)),
        1 => request.push(header(rng, &secret)),
        2 => response.push(header(rng, &secret)),
        _ => {
            let (kind, text) = body(rng, &secret);
            let (coding, bytes) = encoded(rng, &text);
            let headers = match slot {
                3 => &mut request,
                _ => &mut response,
            };
            headers.push(("content-type".into(), kind.into()));
            headers.extend(coding.map(|coding| ("content-encoding".into(), coding.to_owned())));
            match slot {
                3 => sent = bytes,
                _ => answered = bytes,
            }
        }
    }
    let lines = |headers: &[(String, String)]| -> Vec<(String, Vec<u8>)> {
        let line = |(name, value): &(String, String)| (name.clone(), value.clone().into_bytes());
        headers.iter().map(line).collect()
    };
    let (request, response) = (lines(&request), lines(&response));
    fn walk(lines: &[(String, Vec<u8>)]) -> impl Iterator<Item = (&str, &[u8])> {
        lines.iter().map(|(name, value)| (&name[..], &value[..]))
    }
    let mut head = RequestHead::new("POST", &target);
    head.body_is_empty = sent.is_empty();
    let mut exchange = recorder
        .begin(&head, || walk(&request))
        .expect("it is captured");
    let mut shown = format!("{exchange:?} {:?} {head:?}", exchange.handle());
    if let Some(tap) = exchange.request_tap() {
        in_pieces(rng, &sent, |piece| tap.frame(piece));
        shown.push_str(&format!("{tap:?}"));
        tap.end();
    }
    let mut head = ResponseHead::new(200);
    head.body_is_empty = answered.is_empty();
    exchange.respond(head, || walk(&response));
    in_pieces(rng, &answered, |piece| exchange.frame(piece));
    exchange.end();
    shown.push_str(&format!("{exchange:?} {recorder:?}"));
    shown
}

/// Shows a body in frames that end anywhere.
fn in_pieces(rng: &mut Rng, body: &Bytes, mut frame: impl FnMut(&Bytes)) {
    let mut rest = body.clone();
    while !rest.is_empty() {
        let piece = rest.split_to(rng.usize(1..=rest.len()));
        frame(&piece);
    }
}

/// Every byte below a directory.
fn on_disk(directory: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    for file in std::fs::read_dir(directory).unwrap() {
        let path = file.unwrap().path();
        match path.is_dir() {
            true => bytes.extend(on_disk(&path)),
            false => bytes.extend(std::fs::read(path).unwrap()),
        }
    }
    bytes
}

/// Plays so many exchanges through a broken API, so that they go to disk, and then through one that takes
/// the most and refuses some. Gives back all that came out, by the place where it was.
fn all_that_leaves(
    rng: &mut Rng,
    cage: &mut Cage,
    rules: RedactionRules,
) -> [(&'static str, Vec<u8>); 4] {
    logs::keep();
    let directory = tempfile::tempdir().unwrap();
    let works = Arc::new(AtomicBool::new(false));
    let script = Arc::clone(&works);
    let api = FakeApi::start(move |post| match script.load(Ordering::SeqCst) {
        false => Reply::status(503),
        true if post.body.len() % 5 == 0 && !post.is_array() => Reply::status(422),
        true => Reply::Accept,
    });
    let config = config(rules)
        .api_endpoint(api.url())
        .initial_retry_delay(Duration::from_millis(1))
        .max_retry_delay(Duration::from_millis(20))
        .max_batch_size(1)
        .spool_dir(directory.path().join("spool"))
        .spool_drain_rate(100_000)
        .dead_letter_file(directory.path().join("dead.ndjson"));
    let (recorder, guard) = Recorder::start(config.build().unwrap()).unwrap();
    let mut shown = String::new();
    for _ in 0..AT_ONCE {
        shown.push_str(&play(rng, cage, &recorder));
    }
    wait_until(&recorder, |stats| stats.spooled == AT_ONCE as u64);
    let spooled = on_disk(&directory.path().join("spool"));
    works.store(true, Ordering::SeqCst);
    let stats = wait_until(&recorder, |stats| stats.spooled + stats.queued == 0);
    assert_eq!(stats.delivered + stats.rejected, AT_ONCE as u64);
    guard.shutdown_blocking(PATIENCE).unwrap();
    let mut wire = Vec::new();
    for post in api.posts() {
        wire.extend_from_slice(post.path.as_bytes());
        wire.extend_from_slice(&post.body);
        wire.push(b'\n');
    }
    let dead = std::fs::read(directory.path().join("dead.ndjson")).unwrap();
    assert!(!dead.is_empty());
    [
        ("the spool", spooled),
        ("the wire", wire),
        ("the dead letters", dead),
        ("Debug", shown.into_bytes()),
    ]
}

#[test]
fn no_secret_of_a_random_exchange_leaves() {
    let seed = number("RUNSCOPE_SEED").unwrap_or_else(|| fastrand::u64(..));
    println!("RUNSCOPE_SEED={seed} repeats this run");
    let mut rng = Rng::with_seed(seed);
    let count = number("RUNSCOPE_CANARIES").unwrap_or(1_000) as usize;
    for _ in 0..count.div_ceil(AT_ONCE) {
        let mut cage = Cage::default();
        for (place, bytes) in all_that_leaves(&mut rng, &mut cage, RedactionRules::new()) {
            cage.assert_absent(&format!("seed {seed}: {place}"), &bytes);
        }
        cage.assert_absent("the log", &logs::written());
    }
}

#[test]
fn control_the_same_search_finds_random_secrets_where_redaction_is_off() {
    let mut cage = Cage::default();
    let rules = RedactionRules::new().enabled(false);
    let places = all_that_leaves(&mut Rng::with_seed(7), &mut cage, rules);
    for (place, bytes) in &places[..2] {
        let found = cage.found_in(bytes).len();
        assert!(found >= AT_ONCE * 9 / 10, "{place}: {found}");
    }
}
