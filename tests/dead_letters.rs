//! The file of what the API refused: what, and why, as it was sent; bounded, closed to others, and never
//! waited for.

mod support;

use runscope::{Config, ConfigBuilder, Guard, Recorder, RequestHead};
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};
use support::api::{FakeApi, Post, Reply};
use support::exchanges::{
    PATIENCE, assert_adds_up, finish, record, record_body, record_one, try_begin,
};

fn config(api: &FakeApi, file: &Path) -> ConfigBuilder {
    Config::builder()
        .access_token("t0ken-of-the-test")
        .bucket_key("bucket")
        .api_endpoint(api.url())
        .log_body(true)
        .max_coalescing_delay(Duration::from_secs(3600))
        .initial_retry_delay(Duration::from_millis(1))
        .max_retry_delay(Duration::from_millis(5))
        .dead_letter_file(file)
}

fn start(config: ConfigBuilder) -> (Recorder, Guard) {
    Recorder::start(config.build().expect("a config")).expect("a recorder")
}

/// Refuses each message whose URL holds a word, and says why.
fn refusing(word: &'static str, status: u16) -> FakeApi {
    FakeApi::start(move |post: &Post| {
        let is_bad = String::from_utf8_lossy(&post.body).contains(word);
        match is_bad {
            true => Reply::json(status, r#"{"error": {"message": "no \"poison\" here"}}"#),
            false => Reply::Accept,
        }
    })
}

fn lines(file: &Path) -> Vec<Value> {
    let text = fs::read_to_string(file).expect("the file");
    assert!(text.is_empty() || text.ends_with('\n'));
    let line = |line| serde_json::from_str(line).expect("JSON");
    text.lines().map(line).collect()
}

#[test]
fn what_was_refused_is_written_with_the_reason_and_nothing_else_is() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("refused.ndjson");
    let api = refusing("poison", 422);
    let (recorder, guard) = start(config(&api, &file));
    record(&recorder, 3);
    let id = record_one(&recorder, "/poison");
    record(&recorder, 3);
    guard.shutdown_blocking(PATIENCE).expect("all is settled");
    let stats = recorder.stats();
    assert_adds_up(&stats);
    assert_eq!((stats.delivered, stats.rejected), (6, 1));

    let lines = lines(&file);
    let [line] = &lines[..] else {
        panic!("{lines:?}")
    };
    assert_eq!(line["bucket"], "bucket");
    assert_eq!(line["reason"], "the API answered 422: no \"poison\" here");
    assert_eq!(line["too_large"], false);
    assert_eq!(line["message"]["unique_identifier"], id);
    assert!(line["time"].as_f64().expect("a time") > 1.7e9);
    // As it was sent, to the byte.
    let sent = api
        .posts()
        .into_iter()
        .rfind(|post| !post.is_array() && post.ids() == [id.clone()]);
    let sent: Value = serde_json::from_slice(&sent.expect("a post").body).expect("JSON");
    assert_eq!(line["message"], sent);
}

#[test]
fn what_is_too_large_even_without_its_bodies_is_written_as_such() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("refused.ndjson");
    let api = FakeApi::start(|_| Reply::status(413));
    let (recorder, guard) = start(config(&api, &file));
    record_body(&recorder, "/", &[b'x'; 5000]);
    guard.shutdown_blocking(PATIENCE).expect("all is settled");
    assert_eq!(recorder.stats().too_large, 1);
    assert_eq!(lines(&file)[0]["too_large"], true);
}

#[test]
fn no_secret_and_no_token_is_in_the_file_and_nobody_else_can_read_it() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("refused.ndjson");
    let api = FakeApi::start(|post| {
        let authorization = &post.headers["authorization"];
        Reply::json(400, format!(r#"{{"error": "{authorization} c4nary?"}}"#))
    });
    let (recorder, guard) = start(config(&api, &file));
    let head = RequestHead::new("POST", "/login?password=c4nary-9b1f&shown=plain-4711");
    let headers = [("authorization", &b"Bearer c4nary-9b1f"[..])];
    let exchange = try_begin(&recorder, &head, &headers).expect("it is captured");
    finish(exchange, b"password=c4nary-9b1f");
    guard.shutdown_blocking(PATIENCE).expect("all is settled");
    let text = fs::read_to_string(&file).expect("the file");
    assert!(text.contains("plain-4711"), "{text}");
    assert!(!text.contains("c4nary-9b1f"), "{text}");
    assert!(!text.contains("t0ken-of-the-test"), "{text}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs::metadata(&file).expect("the file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[test]
fn the_file_is_bounded_and_the_newest_are_kept() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("refused.ndjson");
    let most = 64 << 10;
    let api = FakeApi::start(|_| Reply::status(400));
    let (recorder, guard) = start(config(&api, &file).dead_letter_max_bytes(most));
    let ids = record(&recorder, 400);
    guard.shutdown_blocking(PATIENCE).expect("all is settled");
    assert_eq!(recorder.stats().rejected, 400);
    let older = directory.path().join("refused.ndjson.1");
    let bytes = |file: &Path| fs::metadata(file).expect("a file").len() as usize;
    assert!(bytes(&file) + bytes(&older) <= most);
    let written: Vec<_> = [lines(&older), lines(&file)].concat();
    let id = |line: &Value| {
        line["message"]["unique_identifier"]
            .as_str()
            .map(str::to_owned)
    };
    let written: Vec<_> = written.iter().filter_map(id).collect();
    assert!(written.len() > 40, "{}", written.len());
    assert_eq!(written, ids[ids.len() - written.len()..]);
    let count = fs::read_dir(directory.path())
        .expect("the directory")
        .count();
    assert_eq!(count, 2, "no third file");
}

#[test]
fn a_file_that_can_not_be_written_costs_nothing_but_the_lines() {
    let directory = tempfile::tempdir().expect("a directory");
    let api = refusing("poison", 400);
    // A directory stands in the way.
    let (recorder, guard) = start(config(&api, directory.path()));
    for _ in 0..3 {
        record_one(&recorder, "/poison");
        record(&recorder, 2);
        recorder.flush_blocking(PATIENCE).expect("all is settled");
    }
    guard.shutdown_blocking(PATIENCE).expect("nothing is left");
    let stats = recorder.stats();
    assert_adds_up(&stats);
    assert_eq!((stats.delivered, stats.rejected, stats.panics), (6, 3, 0));
}

#[cfg(unix)]
#[test]
fn a_disk_that_hangs_keeps_nobody_waiting() {
    let directory = tempfile::tempdir().expect("a directory");
    let pipe = directory.path().join("pipe");
    // To open a pipe that nobody reads waits for ever.
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.expect("mkfifo").success());
    let api = FakeApi::start(|_| Reply::status(400));
    let (recorder, guard) = start(config(&api, &pipe));
    for _ in 0..50 {
        record_body(&recorder, "/", &[b'x'; 60_000]);
    }
    recorder.flush_blocking(PATIENCE).expect("all is settled");
    assert_eq!(recorder.stats().rejected, 50);
    let begun = Instant::now();
    let _ = guard.shutdown_blocking(Duration::from_millis(500));
    assert!(begun.elapsed() < Duration::from_secs(10));
    assert_adds_up(&recorder.stats());
}
