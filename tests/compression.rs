//! Messages in gzip: only where it is asked for, only to an API that says that it takes them, and however
//! that API changes its mind, nothing is lost and nothing counted twice.

mod support;
#[path = "support/wiretap.rs"]
mod wiretap;

use runscope::{Config, ConfigBuilder, Guard, Recorder, RequestHead, Scope};
use runscope_inspector::api::{self, AppState, Token};
use runscope_inspector::serve::serve;
use runscope_inspector::store::{Settings, Sqlite, Store};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use support::api::{FakeApi, Post, Reply};
use support::exchanges::{begin, finish, record, record_body, settled, wait_until};
use tokio::net::TcpListener;
use wiretap::Wiretap;

const HOUR: Duration = Duration::from_secs(3600);

/// Short waits between tries, and batches that only a flush ends.
fn config(url: &str) -> ConfigBuilder {
    Config::builder()
        .access_token("t0ken-of-the-test")
        .bucket_key("bucket")
        .api_endpoint(url)
        .log_body(true)
        .compress(true)
        .max_coalescing_delay(HOUR)
        .initial_retry_delay(Duration::from_millis(1))
        .max_retry_delay(Duration::from_millis(5))
        .shutdown_timeout(Duration::ZERO)
}

fn start(config: ConfigBuilder) -> (Recorder, Guard) {
    Recorder::start(config.build().expect("a config")).expect("a recorder")
}

/// Large enough together that it is worth to compress them.
fn batch(recorder: &Recorder) -> Vec<String> {
    let body = "green tea, hot, ".repeat(40);
    let paths = ["/a", "/b", "/c", "/d"];
    paths
        .map(|path| record_body(recorder, path, body.as_bytes()))
        .into()
}

/// A batch that is delivered before this returns.
#[track_caller]
fn deliver(recorder: &Recorder) -> Vec<String> {
    let ids = batch(recorder);
    settled(recorder);
    ids
}

/// Everything was taken once, in its order, and nothing is counted but that.
#[track_caller]
fn assert_all_taken_once(api: &FakeApi, recorder: &Recorder, ids: &[String]) {
    let stats = settled(recorder);
    assert_eq!(api.accepted_ids(), ids);
    let count = ids.len() as u64;
    assert_eq!(
        (stats.captured, stats.delivered),
        (count, count),
        "{stats:?}"
    );
    let tries = api.posts().len() as u64;
    assert_eq!(stats.attempts, tries, "{stats:?}");
}

fn codings(api: &FakeApi) -> Vec<bool> {
    api.posts().iter().map(Post::is_gzip).collect()
}

#[test]
fn an_api_that_says_so_gets_gzip_from_its_answer_on() {
    let api = FakeApi::start(|_| Reply::accept_taking("zstd, gzip;q=0.8"));
    let (recorder, _guard) = start(config(&api.url()));
    let ids = [deliver(&recorder), deliver(&recorder), deliver(&recorder)].concat();
    assert_all_taken_once(&api, &recorder, &ids);
    assert_eq!(codings(&api), [false, true, true]);
    for post in &api.posts()[1..] {
        assert!(post.body.len() < post.json().len() / 3);
        assert_eq!(post.headers["content-length"], post.body.len().to_string());
        assert_eq!(post.headers["content-type"], "application/json");
    }
}

#[test]
fn nothing_is_compressed_where_the_api_does_not_say_so_or_nobody_asks_for_it() {
    for (compress, says) in [
        (true, None),
        (true, Some("identity")),
        (true, Some("br, zstd")),
        (true, Some("gzip;q=0")),
        (false, Some("gzip")),
    ] {
        let api = FakeApi::start(move |_| says.map_or(Reply::Accept, Reply::accept_taking));
        let (recorder, _guard) = start(config(&api.url()).compress(compress));
        let ids = [deliver(&recorder), deliver(&recorder)].concat();
        assert_all_taken_once(&api, &recorder, &ids);
        assert_eq!(codings(&api), [false, false], "{says:?}");
    }
    let default = Config::from_vars([("RUNSCOPE_ENABLED", "no")]).expect("a config");
    assert!(format!("{default:?}").contains("compress: false"));
}

#[test]
fn a_small_body_goes_as_it_is() {
    let api = FakeApi::start(|_| Reply::accept_taking("gzip"));
    let (recorder, _guard) = start(config(&api.url()).log_body(false).context(false));
    let mut ids = Vec::new();
    for count in [1, 1, 30, 1] {
        ids.extend(record(&recorder, count));
        settled(&recorder);
    }
    assert_all_taken_once(&api, &recorder, &ids);
    assert_eq!(codings(&api), [false, false, true, false]);
}

#[test]
fn a_word_taken_back_counts_from_then_on() {
    let mut says = ["gzip", "gzip", "identity", "identity", "gzip", "gzip"].into_iter();
    let api = FakeApi::start(move |_| Reply::accept_taking(says.next().expect("six posts")));
    let (recorder, _guard) = start(config(&api.url()));
    let ids: Vec<_> = (0..6).flat_map(|_| deliver(&recorder)).collect();
    assert_all_taken_once(&api, &recorder, &ids);
    assert_eq!(codings(&api), [false, true, true, false, false, true]);
}

#[test]
fn a_415_sends_the_same_batch_again_as_it_is_and_ends_gzip_for_the_lane() {
    for said_with_it in ["", "identity", "gzip"] {
        // It goes on saying that it takes what it refuses.
        let api = FakeApi::start(move |post| match post.is_gzip() {
            false => Reply::accept_taking("gzip"),
            true if said_with_it.is_empty() => Reply::status(415),
            true => Reply::with_header(415, "accept-encoding", said_with_it),
        });
        let (recorder, _guard) = start(config(&api.url()));
        let ids: Vec<_> = (0..4).flat_map(|_| deliver(&recorder)).collect();
        assert_all_taken_once(&api, &recorder, &ids);
        assert_eq!(codings(&api), [false, true, false, false, false]);
        let posts = api.posts();
        assert_eq!(posts[1].json(), posts[2].json(), "the same messages");
        assert_eq!(recorder.stats().retries, 1);
    }
}

#[test]
fn an_api_that_can_not_read_what_it_asks_for_rejects_no_message() {
    for refusal in [
        Reply::status(400),
        Reply::status(422),
        Reply::json(200, r#"{"error": {"code": 400, "message": "not JSON"}}"#),
    ] {
        let api = FakeApi::start(move |post| match post.is_gzip() {
            false => Reply::accept_taking("gzip"),
            true => refusal.clone(),
        });
        let (recorder, _guard) = start(config(&api.url()));
        let ids: Vec<_> = (0..4).flat_map(|_| deliver(&recorder)).collect();
        assert_all_taken_once(&api, &recorder, &ids);
        assert_eq!(codings(&api), [false, true, false, false, false]);
    }
}

#[test]
fn a_message_that_is_bad_in_any_coding_is_found_and_gzip_goes_on() {
    let api = FakeApi::start(|post| {
        let json = String::from_utf8(post.json()).expect("text");
        match json.contains("/poison") {
            true => Reply::status(400),
            false => Reply::accept_taking("gzip"),
        }
    });
    let (recorder, _guard) = start(config(&api.url()));
    let mut ids = deliver(&recorder);
    ids.extend(batch(&recorder));
    record_body(&recorder, "/poison", b"x");
    ids.extend(batch(&recorder));
    settled(&recorder);
    let bisected = api.posts().len();
    ids.extend(deliver(&recorder));
    let stats = settled(&recorder);
    assert_eq!(api.accepted_ids(), ids);
    assert_eq!((stats.delivered, stats.rejected), (16, 1), "{stats:?}");
    let codings = codings(&api);
    assert_eq!(codings[..3], [false, true, false]);
    assert!(codings[3..bisected].iter().all(|gzip| !gzip));
    assert_eq!(codings[bisected..], [true]);
}

#[test]
fn trouble_on_the_way_sends_the_same_bytes_again_and_a_413_sends_halves() {
    let mut replies = vec![
        Reply::accept_taking("gzip"),
        Reply::status(503),
        Reply::Reset,
        Reply::status(413),
    ]
    .into_iter();
    let api = FakeApi::start(move |_| replies.next().unwrap_or(Reply::Accept));
    let (recorder, _guard) = start(config(&api.url()));
    let ids = [deliver(&recorder), deliver(&recorder)].concat();
    assert_all_taken_once(&api, &recorder, &ids);
    assert_eq!(codings(&api), [false, true, true, true, true, true]);
    let posts = api.posts();
    assert_eq!(posts[1].body, posts[2].body);
    assert_eq!(posts[1].body, posts[3].body);
    assert_eq!(posts[4].messages().len() + posts[5].messages().len(), 4);
}

/// A proxy that knows nothing of codings answers as it likes, or not at all.
#[test]
fn an_api_that_only_ever_fails_what_is_compressed_gets_it_as_it_is() {
    for (reply, tries) in [
        (Reply::status(403), 1),
        (Reply::status(501), 3),
        (Reply::Reset, 3),
    ] {
        let of_script = reply.clone();
        let api = FakeApi::start(move |post| match post.is_gzip() {
            true => of_script.clone(),
            false => Reply::accept_taking("gzip"),
        });
        let (recorder, _guard) = start(config(&api.url()));
        let ids = [deliver(&recorder), deliver(&recorder), deliver(&recorder)].concat();
        assert_all_taken_once(&api, &recorder, &ids);
        let again = [vec![true; tries], vec![false]].concat();
        assert_eq!(
            codings(&api),
            [vec![false], again.clone(), again].concat(),
            "{reply:?}"
        );
    }
}

#[test]
fn a_batch_is_cut_by_what_it_is_before_it_is_compressed() {
    const MOST: usize = 8 << 10;
    let api = FakeApi::start(|_| Reply::accept_taking("gzip"));
    let (recorder, _guard) = start(config(&api.url()).max_batch_bytes(MOST));
    let ids: Vec<_> = (0..10).flat_map(|_| batch(&recorder)).collect();
    assert_all_taken_once(&api, &recorder, &ids);
    let posts = api.posts();
    assert!(posts.len() > 3, "{} posts", posts.len());
    assert!(posts.iter().all(|post| post.json().len() <= MOST));
    assert!(posts[1..].iter().all(Post::is_gzip));
}

/// An exchange that goes to the bucket of a scope.
fn record_for(recorder: &Recorder, route: &str) -> String {
    let mut head = RequestHead::new("POST", route);
    head.route = Some(route);
    finish(
        begin(recorder, &head),
        "green tea, hot, ".repeat(200).as_bytes(),
    )
}

#[test]
fn what_one_lane_hears_all_lanes_know_and_a_bare_415_is_of_one_lane() {
    let refuses = Arc::new(AtomicBool::new(false));
    let of_script = Arc::clone(&refuses);
    let api = FakeApi::start(move |post| {
        let is_refused = post.is_gzip() && post.path.contains("/other/");
        match is_refused && of_script.load(Ordering::SeqCst) {
            true => Reply::status(415),
            false => Reply::accept_taking("gzip"),
        }
    });
    let scope = Scope::new()
        .route("/other")
        .access_token("t0ken-of-the-other")
        .bucket_key("other")
        .log_body(true);
    let (recorder, _guard) = start(config(&api.url()).scope(scope));
    let mut ids = Vec::new();
    for (route, then_refuses) in [
        ("/own", false),
        ("/other", true),
        ("/other", true),
        ("/own", true),
        ("/other", true),
        ("/own", true),
    ] {
        ids.push(record_for(&recorder, route));
        settled(&recorder);
        refuses.store(then_refuses, Ordering::SeqCst);
    }
    assert_all_taken_once(&api, &recorder, &ids);
    let posts = api.posts();
    let seen: Vec<_> = posts
        .iter()
        .map(|post| (post.path.contains("/other/"), post.is_gzip()))
        .collect();
    let (own, other) = (false, true);
    assert_eq!(
        seen,
        [
            (own, false),
            (other, true),
            (other, true),
            (other, false),
            (own, true),
            (other, false),
            (own, true),
        ]
    );
}

#[test]
fn what_comes_out_of_the_spool_is_compressed_and_survives_a_415() {
    let directory = tempfile::tempdir().expect("a directory");
    let spool = directory.path().join("spool");
    let (works, takes) = (
        Arc::new(AtomicBool::new(true)),
        Arc::new(AtomicBool::new(true)),
    );
    let (of_script, takes_script) = (Arc::clone(&works), Arc::clone(&takes));
    let api = FakeApi::start(move |post| {
        if !of_script.load(Ordering::SeqCst) {
            return Reply::status(503);
        }
        match post.is_gzip() && !takes_script.load(Ordering::SeqCst) {
            true => Reply::with_header(415, "accept-encoding", "identity"),
            false => Reply::accept_taking("gzip"),
        }
    });
    let config = config(&api.url())
        .max_coalescing_delay(Duration::from_millis(5))
        .spool_dir(&spool)
        .spool_drain_rate(100_000);
    let (recorder, _guard) = start(config);
    let mut ids = deliver(&recorder);
    for still_takes in [true, false] {
        takes.store(still_takes, Ordering::SeqCst);
        works.store(false, Ordering::SeqCst);
        ids.extend((0..5).flat_map(|_| batch(&recorder)));
        wait_until(&recorder, |stats| stats.spooled == 20);
        let before = api.posts().len();
        works.store(true, Ordering::SeqCst);
        wait_until(&recorder, |stats| stats.spooled + stats.queued == 0);
        let drained = &api.posts()[before..];
        let taken_in_gzip = |post: &Post| post.is_gzip() && still_takes;
        assert_eq!(drained.iter().any(taken_in_gzip), still_takes);
    }
    let stats = settled(&recorder);
    assert_eq!((stats.delivered, stats.rejected), (44, 0), "{stats:?}");
    let mut accepted = api.accepted_ids();
    accepted.sort();
    ids.sort();
    assert_eq!(accepted, ids, "each of them once");
}

#[test]
fn the_inspector_says_that_it_takes_gzip_and_stores_what_comes_so() {
    let directory = tempfile::tempdir().expect("a directory");
    let store: Arc<dyn Store> =
        Arc::new(Sqlite::open(Settings::new(directory.path())).expect("a store"));
    let owner = Token::random();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"));
    let listener = listener.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let state = AppState::new(api::Config::new(owner.clone()), Arc::clone(&store));
    runtime.spawn(serve(listener, api::app(state), std::future::pending()));

    let wire = Wiretap::before(&url);
    let config = config(&wire.url())
        .access_token(owner.reveal())
        .bucket_key("default");
    let (recorder, _guard) = start(config);
    let ids = [deliver(&recorder), deliver(&recorder)].concat();
    assert_eq!(recorder.stats().delivered, 8);
    let sent = wire.sent();
    let sent = String::from_utf8_lossy(&sent);
    assert_eq!(sent.matches("content-encoding: gzip\r\n").count(), 1);
    let bucket = store.bucket("default").expect("a store").expect("a bucket");
    let stored = store.arrived_after(bucket.id, 0, 100).expect("what came");
    let stored: Vec<_> = stored
        .into_iter()
        .map(|exchange| exchange.message.unique_identifier.expect("an identifier"))
        .collect();
    assert_eq!(stored, ids);
}
