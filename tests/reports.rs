//! What an operator is told by `tracing` events: each thing once when it begins and once when it
//! ends, and never a secret.

mod support;

use runscope::{Config, ConfigBuilder, Guard, Recorder, RequestHead, Sink};
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread;
use std::time::{Duration, Instant};
use support::api::{FakeApi, Gate, Post, Reply};
use support::exchanges::{PATIENCE, assert_adds_up, record, record_one, try_begin, wait_until};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

const TOKEN: &str = "s3cr3t-t0ken";
const HOUR: Duration = Duration::from_secs(3600);

/// What was told, by anybody in this process.
#[derive(Debug, Clone)]
struct Told {
    level: Level,
    target: String,
    thread: String,
    fields: BTreeMap<String, String>,
}

impl Told {
    fn field(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", String::as_str)
    }

    fn count(&self) -> u64 {
        self.field("count").parse().expect("a number")
    }
}

static TOLD: Mutex<Vec<Told>> = Mutex::new(Vec::new());

/// The app's subscriber: it wants everything, and keeps it.
struct Listener;

impl Subscriber for Listener {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut fields = Fields::default();
        span.record(&mut fields);
        keep(span.metadata(), fields.0);
        Id::from_u64(1)
    }

    fn event(&self, event: &Event<'_>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let is_bad = fields
            .0
            .get("bucket")
            .is_some_and(|bucket| bucket == BAD_LISTENER);
        keep(event.metadata(), fields.0);
        assert!(!is_bad, "the subscriber's own panic");
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

/// Events of this bucket make the subscriber panic.
const BAD_LISTENER: &str = "bad-listener";

fn keep(metadata: &Metadata<'_>, fields: BTreeMap<String, String>) {
    let told = Told {
        level: *metadata.level(),
        target: metadata.target().to_owned(),
        thread: thread::current().name().unwrap_or_default().to_owned(),
        fields,
    };
    TOLD.lock().unwrap().push(told);
}

#[derive(Default)]
struct Fields(BTreeMap<String, String>);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name().to_owned(), format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().to_owned(), value.to_owned());
    }
}

/// All that was told so far. Whatever it was: the delivery thread tells of itself only, but for the
/// finest level, on which the HTTP client's own tasks may speak; and nobody tells a secret.
fn told() -> Vec<Told> {
    let told = TOLD.lock().unwrap().clone();
    let is_ours = |it: &&Told| it.thread.starts_with("runscope") && it.level < Level::TRACE;
    for it in told.iter().filter(is_ours) {
        assert_eq!(it.target, "runscope", "{it:?}");
        assert!(it.level <= Level::INFO, "{it:?}");
    }
    for it in &told {
        assert!(!format!("{it:?}").contains(TOKEN), "{it:?}");
    }
    told
}

/// What was told of one bucket, after the start.
fn told_of(bucket: &str) -> Vec<Told> {
    told()
        .into_iter()
        .filter(|it| it.field("bucket") == bucket && it.field("message") != STARTED)
        .collect()
}

/// Levels and messages of what was told of one bucket.
fn words(bucket: &str) -> Vec<(Level, String)> {
    let told = told_of(bucket).into_iter();
    told.map(|it| (it.level, it.field("message").to_owned()))
        .collect()
}

fn start(config: ConfigBuilder) -> (Recorder, Guard) {
    static LISTENS: OnceLock<()> = OnceLock::new();
    LISTENS.get_or_init(|| {
        tracing::subscriber::set_global_default(Listener).expect("to be the first");
    });
    Recorder::start(config.build().expect("a config")).expect("a recorder")
}

fn config(bucket: &str, url: &str) -> ConfigBuilder {
    Config::builder()
        .access_token(TOKEN)
        .bucket_key(bucket)
        .api_endpoint(url)
        .max_coalescing_delay(HOUR)
        .initial_retry_delay(Duration::from_millis(1))
        .max_retry_delay(Duration::from_millis(2))
        .shutdown_timeout(Duration::ZERO)
}

const STARTED: &str = "captured exchanges are delivered";
const FAILS: &str = "delivery fails and is retried";
const PAUSED: &str =
    "delivery is paused: check access_token, bucket_key and api_endpoint; what is captured is kept";
const WORKS: &str = "delivery works again";
const REJECTED: &str = "the API rejected captured messages";
const DROPPED: &str = "captured exchanges were dropped";
const SINGLES: &str = "the endpoint refuses arrays of messages; they are sent one by one";
const PANICKED: &str = "delivery panicked and is restarted";

#[test]
fn a_thousand_messages_for_a_refused_token_are_one_error_and_one_end() {
    let api = FakeApi::start(|post| match post.headers["authorization"].as_str() {
        "Bearer better" => Reply::Accept,
        token => Reply::json(401, format!("{{\"error\": \"{token} is no good\"}}")),
    });
    let (recorder, _guard) = start(config("refused", &api.url()).max_batch_size(50));
    record(&recorder, 1000);
    recorder
        .flush_blocking(Duration::from_millis(1))
        .expect_err("a pause");
    api.wait_for_posts(20);
    recorder.set_access_token("better");
    recorder.flush_blocking(PATIENCE).expect("all is settled");
    let error = (Level::ERROR, PAUSED.to_owned());
    assert_eq!(words("refused"), [error, (Level::INFO, WORKS.to_owned())]);
    let problem = told_of("refused")[0].field("problem").to_owned();
    assert_eq!(
        problem,
        "the API answered 401: Bearer [redacted] is no good"
    );
    assert_eq!(told_of("refused")[0].thread, "runscope-delivery");
}

#[test]
fn each_episode_of_failures_is_told_once() {
    let mut posts = 0;
    let api = FakeApi::start(move |_| {
        posts += 1;
        match posts % 10 {
            0 => Reply::Accept,
            1 | 2 => Reply::Reset,
            _ => Reply::status(503),
        }
    });
    let (recorder, _guard) = start(config("episodes", &api.url()));
    for _ in 0..3 {
        record(&recorder, 10);
        recorder.flush_blocking(PATIENCE).expect("all is settled");
    }
    let episode = [
        (Level::WARN, FAILS.to_owned()),
        (Level::INFO, WORKS.to_owned()),
    ];
    assert_eq!(
        words("episodes"),
        [episode.clone(), episode.clone(), episode].concat()
    );
}

#[test]
fn an_outage_that_is_partial_is_one_episode() {
    let mut posts = 0;
    let api = FakeApi::start(move |post: &Post| {
        posts += 1;
        if posts == 6 {
            return Reply::Accept;
        }
        // One is taken, the others are to be sent again.
        let item = |at| match at {
            0 => serde_json::json!({"status": "success"}),
            _ => serde_json::json!({"status": "error", "error": {"code": 503}}),
        };
        let items: Vec<_> = (0..post.ids().len()).map(item).collect();
        Reply::json(200, serde_json::json!({"data": items}).to_string())
    });
    let (recorder, _guard) = start(config("partial", &api.url()));
    record(&recorder, 10);
    recorder.flush_blocking(PATIENCE).expect("all is settled");
    let expected = [
        (Level::WARN, FAILS.to_owned()),
        (Level::INFO, WORKS.to_owned()),
    ];
    assert_eq!(words("partial"), expected);
}

#[test]
fn a_pause_after_failures_is_told_and_ends_both() {
    let api = FakeApi::answering([
        Reply::status(503),
        Reply::status(404),
        Reply::status(503),
        Reply::status(403),
    ]);
    let (recorder, _guard) = start(config("both", &api.url()));
    record_one(&recorder, "/");
    recorder.flush_blocking(PATIENCE).expect("all is settled");
    let expected = [
        (Level::WARN, FAILS),
        (Level::ERROR, PAUSED),
        (Level::INFO, WORKS),
    ];
    assert_eq!(
        words("both"),
        expected.map(|(level, words)| (level, words.to_owned()))
    );
}

#[test]
fn a_redirect_is_told_without_what_may_be_secret_in_it() {
    let location = format!("https://user:hunter2@elsewhere.example/{TOKEN}?token=hunter2");
    let api = FakeApi::answering([Reply::with_header(302, "location", &location)]);
    let (recorder, _guard) = start(config("redirected", &api.url()));
    record_one(&recorder, "/");
    recorder.flush_blocking(PATIENCE).expect("all is settled");
    let told = told_of("redirected");
    assert_eq!(told[0].level, Level::ERROR);
    let problem = told[0].field("problem");
    assert!(
        problem.contains("elsewhere.example") && problem.contains("not followed"),
        "{problem}"
    );
    assert!(!problem.contains("hunter2"), "{problem}");
}

#[test]
fn a_strangers_text_is_made_fit_for_a_log_line() {
    let said = format!("line\\none {TOKEN} {}", "x".repeat(5000));
    let answer = format!("{{\"error\": \"{said}\"}}");
    let api = FakeApi::answering([Reply::json(503, answer)]);
    let (recorder, _guard) = start(config("strange", &api.url()));
    record_one(&recorder, "/");
    recorder.flush_blocking(PATIENCE).expect("all is settled");
    let told = told_of("strange");
    let problem = told[0].field("problem");
    assert!(
        problem.starts_with("the API answered 503: line one [redacted] xxx"),
        "{problem}"
    );
    assert!(problem.chars().count() < 300, "{problem}");
}

#[test]
fn rejected_messages_are_told_with_their_number_and_not_one_by_one() {
    let api = FakeApi::start(|_| Reply::json(400, "{\"error\": \"bad url\"}"));
    let (recorder, guard) = start(config("rejected", &api.url()).max_batch_size(100));
    record(&recorder, 500);
    recorder.flush_blocking(PATIENCE).expect("all is settled");
    assert_eq!(recorder.stats().rejected, 500);
    let told = told_of("rejected");
    assert_eq!(told.len(), 1, "once a minute");
    assert_eq!(
        (told[0].level, told[0].field("message")),
        (Level::WARN, REJECTED)
    );
    assert_eq!(
        (told[0].count(), told[0].field("reason")),
        (100, "the API answered 400: bad url")
    );

    guard.shutdown_blocking(PATIENCE).expect("nothing is left");
    let counts: Vec<_> = told_of("rejected").iter().map(Told::count).collect();
    assert_eq!(counts, [100, 400], "the last one tells of the rest");
}

#[test]
fn drops_are_told_once_with_their_reason_and_the_rest_at_the_end() {
    let gate = Gate::default();
    let api = FakeApi::start({
        let gate = gate.clone();
        move |_| Reply::Accept.behind(&gate)
    });
    // More lanes than one, which must not each tell.
    let scope = runscope::Scope::new().route("/other").bucket_key("drops-2");
    let (recorder, guard) = start(
        config("drops", &api.url())
            .max_coalescing_delay(Duration::ZERO)
            .max_entries(1000)
            .scope(scope),
    );
    record_one(&recorder, "/");
    api.wait_for_posts(1);
    record(&recorder, 1000 + 77);
    let of_this_test = || -> Vec<_> {
        let told = told()
            .into_iter()
            .filter(|it| it.field("queue_full") == "77");
        told.map(|it| (it.level, it.field("message").to_owned(), it.count()))
            .collect()
    };
    assert_eq!(of_this_test(), [], "the delivery has not come to it yet");
    gate.open();
    recorder.flush_blocking(PATIENCE).expect("all is settled");
    assert_eq!(of_this_test(), [(Level::WARN, DROPPED.to_owned(), 77)]);
    guard.shutdown_blocking(PATIENCE).expect("nothing is left");
    assert_eq!(of_this_test().len(), 1);
}

#[test]
fn what_a_shutdown_drops_is_told() {
    let api = FakeApi::start(|_| Reply::Silence);
    let (recorder, guard) = start(config("left", &api.url()));
    record(&recorder, 1234);
    guard
        .shutdown_blocking(Duration::from_millis(100))
        .expect_err("nobody answers");
    recorder.flush_blocking(PATIENCE).expect("the end");
    let told = told()
        .into_iter()
        .filter(|it| it.field("shutdown") == "1234");
    let told: Vec<_> = told.map(|it| (it.level, it.count())).collect();
    assert_eq!(told, [(Level::WARN, 1234)]);
}

#[test]
fn an_endpoint_that_takes_no_arrays_is_told_once() {
    let api = FakeApi::start(|post| match post.is_array() {
        true => Reply::status(400),
        false => Reply::Accept,
    });
    let (recorder, _guard) = start(config("singles", &api.url()));
    for _ in 0..3 {
        record(&recorder, 4);
        recorder.flush_blocking(PATIENCE).expect("all is settled");
    }
    assert_eq!(words("singles"), [(Level::INFO, SINGLES.to_owned())]);
}

#[test]
fn a_panic_is_told_with_what_it_cost() {
    struct Panics(AtomicUsize);
    impl Sink for Panics {
        fn write(&mut self, _: &str, _: &[u8]) -> io::Result<()> {
            assert_ne!(
                self.0.fetch_add(1, Ordering::SeqCst),
                0,
                "the sink's own panic"
            );
            Ok(())
        }
    }
    let (recorder, _guard) =
        start(config("panics", "http://localhost").sink(Panics(AtomicUsize::new(0))));
    record(&recorder, 3);
    recorder.flush_blocking(PATIENCE).expect("all is settled");
    record(&recorder, 3);
    recorder.flush_blocking(PATIENCE).expect("all is settled");
    assert_eq!(words("panics"), [(Level::ERROR, PANICKED.to_owned())]);
    assert_eq!(told_of("panics")[0].field("lost"), "3");
}

#[test]
fn a_subscriber_that_panics_costs_a_batch_and_not_the_delivery() {
    let is_well = Arc::new(AtomicUsize::new(0));
    let of_api = Arc::clone(&is_well);
    let api = FakeApi::start(move |_| match of_api.load(Ordering::SeqCst) {
        0 => Reply::status(503),
        _ => Reply::Accept,
    });
    let (recorder, guard) = start(config(BAD_LISTENER, &api.url()));
    record(&recorder, 3);
    recorder.flush_blocking(PATIENCE).expect("all is settled");
    let stats = recorder.stats();
    assert_adds_up(&stats);
    // The other panic is that of the start's own event.
    assert_eq!((stats.panics, stats.dropped.panic), (2, 3));

    is_well.store(1, Ordering::SeqCst);
    record(&recorder, 3);
    recorder.flush_blocking(PATIENCE).expect("all is settled");
    assert_eq!(
        (recorder.stats().delivered, recorder.stats().panics),
        (3, 2)
    );
    guard.shutdown_blocking(PATIENCE).expect("nothing is left");
}

#[test]
fn the_whole_life_of_a_recorder_that_works_is_told_in_one_word() {
    let api = FakeApi::accepting();
    let (recorder, guard) = start(config("quiet", &api.url()).max_batch_size(10));
    record(&recorder, 100);
    wait_until(&recorder, |stats| stats.delivered == 100);
    guard.shutdown_blocking(PATIENCE).expect("nothing is left");
    assert!(told_of("quiet").is_empty());
    let mut started = told();
    started.retain(|it| it.field("bucket") == "quiet");
    let [started] = &started[..] else {
        panic!("{started:?}")
    };
    assert_eq!(
        (started.level, started.field("message")),
        (Level::INFO, STARTED)
    );
    assert_eq!(started.field("to"), api.url());
}

#[test]
fn drops_are_told_while_no_batch_goes_out() {
    let (recorder, _guard) = start(config("starved", "http://localhost").byte_budget(1024));
    for _ in 0..321 {
        assert!(
            try_begin(
                &recorder,
                &RequestHead::new("GET", "/"),
                &[("x-large", &[b'x'; 2000][..])]
            )
            .is_none()
        );
    }
    // No other test's budget is spent.
    let over_budget = |it: &Told| it.field("over_budget").parse().unwrap_or(0);
    let is_told = || told().iter().any(|it| over_budget(it) > 0);
    let patience = Instant::now() + PATIENCE;
    while !is_told() {
        assert!(Instant::now() < patience, "nobody tells");
        thread::yield_now();
    }
}

#[test]
fn an_api_that_comes_and_goes_is_told_a_bounded_number_of_times() {
    let mut posts = 0;
    let api = FakeApi::start(move |_| {
        posts += 1;
        match posts % 2 {
            0 => Reply::Accept,
            _ => Reply::status(503),
        }
    });
    let (recorder, _guard) = start(config("flapping", &api.url()));
    for _ in 0..100 {
        record_one(&recorder, "/");
        recorder.flush_blocking(PATIENCE).expect("all is settled");
    }
    let told = words("flapping");
    let count = |wanted: &str| told.iter().filter(|(_, words)| words == wanted).count();
    assert_eq!((count(FAILS), count(WORKS), told.len()), (10, 10, 20));
}
