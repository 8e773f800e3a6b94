//! What an answer of the API means for the messages that were sent: each row of the table over real
//! sockets, with the accounting checked after each.

mod support;

use runscope::{BodyState, Config, ConfigBuilder, Guard, Recorder, Withheld};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use support::api::{FakeApi, Gate, Post, RefusingApi, Reply};
use support::exchanges::{
    PATIENCE, assert_adds_up, record, record_body, record_one, settled, wait_until,
};

/// An hour: what waits for so long is not ended by time in a test.
const HOUR: Duration = Duration::from_secs(3600);

/// Short waits between tries, and batches that only a flush ends.
fn config(url: &str) -> ConfigBuilder {
    Config::builder()
        .access_token("t0ken-of-the-test")
        .bucket_key("bucket")
        .api_endpoint(url)
        .allow_plain_http(true)
        .log_body(true)
        .max_coalescing_delay(HOUR)
        .initial_retry_delay(Duration::from_millis(1))
        .max_retry_delay(Duration::from_millis(5))
        .shutdown_timeout(Duration::ZERO)
}

fn start(config: ConfigBuilder) -> (Recorder, Guard) {
    Recorder::start(config.build().expect("a config")).expect("a recorder")
}

/// Three messages meet these replies first and then an API that takes them: nothing is lost, and
/// what is sent again is the same to the byte.
#[track_caller]
fn assert_sent_again(config: ConfigBuilder, api: &FakeApi, replies: usize) {
    let (recorder, _guard) = start(config);
    let ids = record(&recorder, 3);
    let stats = settled(&recorder);
    let posts = api.posts();
    assert!(posts.len() > replies, "{} posts", posts.len());
    for post in &posts {
        assert_eq!(post.body, posts[0].body, "the same bytes");
        assert_eq!(post.path, "/buckets/bucket/messages");
        assert_eq!(post.headers["authorization"], "Bearer t0ken-of-the-test");
    }
    assert_eq!(posts[0].ids(), ids);
    assert_eq!(api.accepted_ids(), ids);
    assert_eq!(
        (stats.captured, stats.delivered, stats.unconfirmed),
        (3, 3, 0)
    );
    let tries = posts.len() as u64;
    assert_eq!((stats.attempts, stats.retries), (tries, tries - 1));
}

/// Answers each message by its path, and all of them with a 200.
fn items(post: &Post, item: impl Fn(&str) -> Value) -> Reply {
    let results: Vec<_> = post
        .messages()
        .iter()
        .map(|message| {
            let mut result = item(&path(&message.request.as_ref().expect("a request").url));
            result["unique_identifier"] = json!(message.unique_identifier);
            result
        })
        .collect();
    Reply::json(200, json!({"data": results, "meta": {}}).to_string())
}

fn path(url: &str) -> String {
    url.strip_prefix("http://localhost")
        .expect("a URL of the test")
        .to_owned()
}

fn holds(post: &Post, wanted: &str) -> bool {
    let mut urls = post
        .messages()
        .into_iter()
        .filter_map(|message| Some(message.request?.url));
    urls.any(|url| path(&url) == wanted)
}

#[test]
fn a_refused_connection_is_tried_again_until_it_stands() {
    let port = RefusingApi::bind();
    let (recorder, _guard) = start(config(&port.url()));
    let ids = record(&recorder, 3);
    let left = recorder
        .flush_blocking(Duration::from_millis(50))
        .expect_err("nobody listens");
    assert_eq!(left.remaining(), 3);
    wait_until(&recorder, |stats| stats.retries > 0);
    let stats = recorder.stats();
    assert_adds_up(&stats);
    assert_eq!((stats.queued, stats.delivered), (3, 0));

    let api = port.open();
    let stats = settled(&recorder);
    assert_eq!((stats.delivered, stats.dropped.total()), (3, 0));
    assert_eq!(api.accepted_ids(), ids);
}

#[test]
fn a_host_that_is_not_found_is_tried_again() {
    // Two tries at least: the first failure only starts the clock.
    let time = Duration::from_millis(300);
    let (recorder, _guard) = start(config("http://does-not-exist.invalid").max_retry_time(time));
    record(&recorder, 2);
    let stats = settled(&recorder);
    assert!(stats.retries >= 1, "{stats:?}");
    assert_eq!(stats.dropped.retries_exhausted, 2);
}

#[test]
fn a_connection_that_is_reset_or_closed_without_an_answer_is_no_loss() {
    for reply in [Reply::Reset, Reply::Close] {
        let api = FakeApi::answering([reply.clone(), reply]);
        assert_sent_again(config(&api.url()), &api, 2);
    }
}

#[test]
fn a_server_that_is_silent_is_given_up_after_the_timeout() {
    let api = FakeApi::answering([Reply::Silence]);
    assert_sent_again(
        config(&api.url()).timeout(Duration::from_millis(300)),
        &api,
        1,
    );
}

#[test]
fn a_success_that_breaks_off_in_the_middle_is_not_believed() {
    for beginning in [
        "HTTP/1.1 200 OK\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"data\": [",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{\"dat",
        "no HTTP at all\r\n\r\n",
    ] {
        let api = FakeApi::answering([Reply::Raw(beginning.into())]);
        assert_sent_again(config(&api.url()), &api, 1);
    }
}

#[test]
fn transient_statuses_are_tried_again_with_the_same_bytes() {
    for status in [408, 425, 429, 500, 502, 503, 504] {
        let api =
            FakeApi::answering([Reply::status(status), Reply::json(status, "{\"error\":{}}")]);
        assert_sent_again(config(&api.url()), &api, 2);
    }
}

#[test]
fn a_transient_status_counts_even_where_its_explanation_breaks_off() {
    let cut = "HTTP/1.1 503 X\r\ncontent-length: 100\r\n\r\nsorry";
    let api = FakeApi::answering([Reply::Raw(cut.into())]);
    assert_sent_again(config(&api.url()), &api, 1);
}

#[test]
fn retry_after_is_a_lower_bound_for_the_pause() {
    for status in [429, 503] {
        let api = FakeApi::answering([Reply::with_header(status, "retry-after", "1")]);
        assert_sent_again(config(&api.url()), &api, 1);
        let posts = api.posts();
        assert!(posts[1].at - posts[0].at >= Duration::from_secs(1));
    }
}

#[test]
fn a_retry_after_far_away_stops_the_lane_and_not_the_shutdown() {
    // Both are taken for 15 minutes; the exact bound is in the tests of the pure functions.
    for wait in ["99999999999999999999", "Fri, 31 Dec 9999 23:59:59 GMT"] {
        let api = FakeApi::answering([Reply::with_header(503, "retry-after", wait)]);
        let (recorder, guard) = start(config(&api.url()));
        record(&recorder, 3);
        let left = recorder
            .flush_blocking(Duration::from_millis(500))
            .expect_err("a pause");
        assert_eq!((left.remaining(), api.posts().len()), (3, 1), "{wait}");
        assert_adds_up(&recorder.stats());

        let begun = Instant::now();
        let left = guard
            .shutdown_blocking(PATIENCE)
            .expect_err("the pause is longer");
        assert!(
            begun.elapsed() < PATIENCE / 2,
            "there is nothing to wait for"
        );
        assert_eq!(
            (left.remaining(), api.posts().len()),
            (3, 1),
            "the server said no"
        );
        let stats = settled(&recorder);
        assert_eq!(stats.dropped.shutdown, 3);
    }
}

#[test]
fn a_retry_after_that_says_nothing_is_passed_over() {
    for wait in [
        "-1",
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "soon",
        "",
        "1e9",
        "9 9",
    ] {
        let api = FakeApi::answering([Reply::with_header(503, "retry-after", wait)]);
        assert_sent_again(config(&api.url()), &api, 1);
    }
}

#[test]
fn a_batch_that_is_too_large_is_halved() {
    let most = 4096;
    let api = FakeApi::start(move |post| match post.body.len() > most {
        true => Reply::status(413),
        false => Reply::Accept,
    });
    let (recorder, _guard) = start(config(&api.url()));
    let ids: Vec<_> = (0..8)
        .map(|_| record_body(&recorder, "/", &[b'x'; 900]))
        .collect();
    let stats = settled(&recorder);
    assert_eq!(api.accepted_ids(), ids, "in their order");
    assert_eq!((stats.delivered, stats.rejected, stats.cut), (8, 0, 0));
    let sizes: Vec<_> = api
        .posts()
        .iter()
        .map(|post| post.messages().len())
        .collect();
    assert_eq!(sizes, [8, 4, 2, 2, 4, 2, 2]);
}

#[test]
fn a_message_that_is_too_large_goes_without_its_body_and_says_so() {
    let api = FakeApi::start(|post| match post.body.len() > 4096 {
        true => Reply::status(413),
        false => Reply::Accept,
    });
    let (recorder, _guard) = start(config(&api.url()));
    let small = record_body(&recorder, "/small", b"fits");
    let large = record_body(&recorder, "/large", &[b'x'; 8000]);
    let stats = settled(&recorder);
    assert_eq!((stats.delivered, stats.rejected, stats.cut), (2, 0, 1));
    let accepted = api.accepted();
    assert_eq!(api.accepted_ids(), [small, large]);
    assert_eq!(
        accepted[0].response.as_ref().unwrap().body.as_deref(),
        Some("fits")
    );
    assert_eq!(accepted[1].response.as_ref().unwrap().body, None);
    let info = accepted[1]
        .context
        .as_ref()
        .unwrap()
        .response_body
        .as_ref()
        .unwrap();
    assert_eq!(
        (info.state, info.reason),
        (BodyState::NotCaptured, Some(Withheld::TooLarge))
    );
    assert_eq!(info.size, 8000, "its size is known still");
}

#[test]
fn a_message_that_is_too_large_without_a_body_is_rejected() {
    let api = FakeApi::start(|post| match holds(post, "/fine") && !post.is_array() {
        true => Reply::Accept,
        false => Reply::status(413),
    });
    let (recorder, _guard) = start(config(&api.url()));
    record_one(&recorder, "/bodyless");
    record_body(&recorder, "/with-a-body", b"tea");
    let fine = record_one(&recorder, "/fine");
    let stats = settled(&recorder);
    assert_eq!(
        (stats.delivered, stats.rejected, stats.too_large, stats.cut),
        (1, 2, 2, 1)
    );
    assert_eq!(api.accepted_ids(), [fine]);
}

#[test]
fn a_poison_message_is_found_and_is_the_only_one_that_is_rejected() {
    for status in [400, 422] {
        for poison in 0..7 {
            let of_poison = format!("/{poison}");
            let api = FakeApi::start(move |post| match holds(post, &of_poison) {
                true => Reply::json(status, "{\"error\":{\"message\":\"bad\"}}"),
                false => Reply::Accept,
            });
            let (recorder, _guard) = start(config(&api.url()));
            let mut ids = record(&recorder, 7);
            let stats = settled(&recorder);
            assert_eq!(
                (stats.delivered, stats.rejected, stats.too_large),
                (6, 1, 0)
            );
            ids.remove(poison);
            assert_eq!(
                api.accepted_ids(),
                ids,
                "{status}: the others, in their order"
            );
            assert!(api.posts().len() <= 7, "it is looked for by halves");
        }
    }
}

#[test]
fn an_endpoint_that_refuses_arrays_gets_single_messages_from_then_on() {
    for status in [400, 422] {
        let api = FakeApi::start(move |post| match post.is_array() {
            true => Reply::status(status),
            false => Reply::Accept,
        });
        let (recorder, _guard) = start(config(&api.url()));
        let mut ids = record(&recorder, 5);
        let stats = settled(&recorder);
        assert_eq!((stats.delivered, stats.rejected), (5, 0));

        let before = api.posts().len();
        ids.extend(record(&recorder, 5));
        let stats = settled(&recorder);
        assert_eq!((stats.delivered, stats.rejected), (10, 0));
        assert_eq!(api.accepted_ids(), ids);
        let posts = api.posts();
        assert!(posts[..before].iter().any(Post::is_array));
        assert!(
            !posts[before..].iter().any(Post::is_array),
            "it is known by now"
        );
        assert_eq!(posts.len() - before, 5);
    }
}

#[test]
fn a_single_slip_is_not_taken_for_an_endpoint_that_refuses_arrays() {
    let api = FakeApi::answering([Reply::status(400)]);
    let (recorder, _guard) = start(config(&api.url()));
    record(&recorder, 2);
    settled(&recorder);
    record(&recorder, 2);
    let stats = settled(&recorder);
    assert_eq!((stats.delivered, stats.rejected), (4, 0));
    assert!(api.posts()[3].is_array(), "arrays are still tried");
}

#[test]
fn a_poison_message_is_not_taken_for_an_endpoint_that_refuses_arrays() {
    let api = FakeApi::start(|post| match holds(post, "/poison") {
        true => Reply::status(400),
        false => Reply::Accept,
    });
    let (recorder, _guard) = start(config(&api.url()));
    for _ in 0..2 {
        record_one(&recorder, "/poison");
        record_one(&recorder, "/fine");
        let before = api.posts().len();
        settled(&recorder);
        assert!(api.posts()[before].is_array(), "arrays are still tried");
    }
    assert_eq!(
        (recorder.stats().delivered, recorder.stats().rejected),
        (2, 2)
    );
}

#[test]
fn an_endpoint_that_refuses_arrays_is_known_by_its_first_batch_without_poison() {
    let api = FakeApi::start(|post| match post.is_array() || holds(post, "/poison") {
        true => Reply::status(400),
        false => Reply::Accept,
    });
    let (recorder, _guard) = start(config(&api.url()));
    record_one(&recorder, "/poison");
    for (delivered, has_array) in [(3, true), (6, true), (9, false)] {
        let before = api.posts().len();
        record(&recorder, 3);
        let stats = settled(&recorder);
        assert_eq!((stats.delivered, stats.rejected), (delivered, 1));
        assert_eq!(api.posts()[before..].iter().any(Post::is_array), has_array);
    }
}

#[test]
fn a_refused_token_pauses_the_delivery_until_there_is_a_better_one() {
    for status in [401, 403, 404] {
        let api = FakeApi::start(move |post| match post.headers["authorization"].as_str() {
            "Bearer better" => Reply::Accept,
            _ => Reply::json(status, "{\"error\":\"no such token\"}"),
        });
        // Longer than the pause lasts: what is kept is not given up by age.
        let (recorder, _guard) = start(config(&api.url()).max_retry_time(Duration::ZERO));
        let ids = record(&recorder, 5);
        let left = recorder
            .flush_blocking(Duration::from_millis(20))
            .expect_err("a pause");
        assert_eq!(left.remaining(), 5);
        let posts = api.wait_for_posts(3);
        assert!(
            posts.iter().all(|post| post.body == posts[0].body),
            "it probes with the same"
        );
        let stats = recorder.stats();
        assert_adds_up(&stats);
        assert_eq!(
            (stats.queued, stats.dropped.total()),
            (5, 0),
            "{status}: all is kept"
        );

        recorder.set_access_token("better");
        let stats = settled(&recorder);
        assert_eq!((stats.delivered, stats.dropped.total()), (5, 0));
        assert_eq!(api.accepted_ids(), ids);
    }
}

#[test]
fn a_better_token_ends_the_pause_at_once_even_if_it_comes_during_the_refusal() {
    for is_early in [false, true] {
        let gate = Gate::default();
        let refusal = Reply::status(401).behind(&gate);
        let api = FakeApi::answering([refusal]);
        let (recorder, _guard) = start(
            config(&api.url())
                .initial_retry_delay(HOUR)
                .max_retry_delay(HOUR),
        );
        record(&recorder, 2);
        let flushing = recorder.clone();
        let flush = std::thread::spawn(move || flushing.flush_blocking(PATIENCE));
        api.wait_for_posts(1);
        if is_early {
            recorder.set_access_token("better");
            gate.open();
        } else {
            gate.open();
            wait_until(&recorder, |stats| stats.retries == 1);
            recorder.set_access_token("better");
        }
        flush.join().unwrap().expect("the delivery goes on");
        assert_eq!(api.posts()[1].headers["authorization"], "Bearer better");
        assert_eq!(settled(&recorder).delivered, 2);
    }
}

#[test]
fn a_token_that_can_not_be_sent_pauses_the_delivery() {
    let api = FakeApi::accepting();
    let (recorder, _guard) = start(config(&api.url()).max_retry_time(Duration::ZERO));
    recorder.set_access_token("not\na header");
    record(&recorder, 2);
    recorder
        .flush_blocking(Duration::from_millis(20))
        .expect_err("a pause");
    wait_until(&recorder, |stats| stats.retries > 1);
    assert_eq!((recorder.stats().queued, api.posts().len()), (2, 0));
    recorder.set_access_token("better");
    assert_eq!(settled(&recorder).delivered, 2);
}

#[test]
fn a_redirect_pauses_the_delivery_and_is_never_followed() {
    for status in [301, 302, 303, 307, 308] {
        let elsewhere = FakeApi::accepting();
        let location = format!("{}/buckets/bucket/messages", elsewhere.url());
        let redirect = Reply::with_header(status, "location", &location);
        let api = FakeApi::answering([redirect.clone(), redirect]);
        let (recorder, _guard) = start(config(&api.url()));
        let ids = record(&recorder, 3);
        assert_eq!(settled(&recorder).delivered, 3);
        assert_eq!((api.posts().len(), api.accepted_ids()), (3, ids));
        assert!(elsewhere.posts().is_empty(), "the token must not go there");
    }
}

#[test]
fn the_items_of_a_success_are_settled_one_by_one() {
    let api = FakeApi::start({
        let mut posts = 0;
        move |post| {
            posts += 1;
            let is_first = posts == 1;
            items(post, move |path| match path {
                "/bad" => json!({"status": "error", "error": {"code": 400, "message": "bad url"}}),
                "/later" if is_first => json!({"status": "error", "error": {"code": 503}}),
                "/odd" => json!({"status": "warning", "warning": {"code": 1, "message": "hm"}}),
                _ => json!({"status": "success"}),
            })
        }
    });
    let (recorder, _guard) = start(config(&api.url()));
    let paths = [
        "/good", "/later", "/later", "/bad", "/odd", "/later", "/good",
    ];
    let ids = paths.map(|path| record_one(&recorder, path));
    let stats = settled(&recorder);
    assert_eq!(
        (
            stats.delivered,
            stats.warned,
            stats.unconfirmed,
            stats.rejected
        ),
        (6, 1, 0, 1)
    );

    let posts = api.posts();
    let sent: Vec<_> = posts.iter().map(Post::ids).collect();
    let [_, a, b, _, _, c, _] = ids.clone();
    assert_eq!(
        sent,
        [ids.to_vec(), vec![a, b], vec![c]],
        "only the transient ones go again"
    );
    let whole = String::from_utf8(posts[0].body.clone()).unwrap();
    for post in &posts[1..] {
        let part = String::from_utf8(post.body.clone()).unwrap();
        assert!(
            whole.contains(part.trim_matches(['[', ']'])),
            "the same bytes"
        );
    }
}

#[test]
fn a_success_is_a_success_however_its_counters_are_spelt() {
    for counter in ["success_count", "succcess_count"] {
        let api = FakeApi::start(move |post| {
            let mut meta = json!({"warning_count": 0, "error_count": 0});
            meta[counter] = json!(post.messages().len());
            let results = vec![json!({"status": "success"}); post.messages().len()];
            Reply::json(200, json!({"data": results, "meta": meta}).to_string())
        });
        let (recorder, _guard) = start(config(&api.url()));
        record(&recorder, 3);
        let stats = settled(&recorder);
        assert_eq!(
            (stats.delivered, stats.unconfirmed, stats.attempts),
            (3, 0, 1),
            "{counter}"
        );
    }
}

#[test]
fn a_success_that_can_not_be_read_is_counted_as_such() {
    for reply in [
        Reply::status(200),
        Reply::status(201),
        Reply::status(204),
        Reply::json(200, "<html>hello</html>"),
        Reply::json(200, "{\"data\": {}}"),
        Reply::json(200, "{\"data\": [}"),
        Reply::json(200, "[".repeat(10_000)),
    ] {
        let api = FakeApi::answering([reply]);
        let (recorder, _guard) = start(config(&api.url()));
        record(&recorder, 3);
        let stats = settled(&recorder);
        assert_eq!(
            (stats.delivered, stats.unconfirmed, stats.attempts),
            (3, 3, 1)
        );
    }
}

#[test]
fn a_result_that_is_missing_leaves_its_message_unconfirmed() {
    let api = FakeApi::answering([Reply::json(200, "{\"data\": [{\"status\": \"success\"}]}")]);
    let (recorder, _guard) = start(config(&api.url()));
    record(&recorder, 3);
    let stats = settled(&recorder);
    assert_eq!(
        (stats.delivered, stats.unconfirmed, stats.attempts),
        (3, 2, 1)
    );
}

#[test]
fn a_success_that_says_no_is_a_refusal() {
    for (answer, rejected) in [
        (
            "{\"data\":{},\"error\":{\"status\":422,\"message\":\"no\"}}",
            1,
        ),
        ("{\"data\":{},\"error\":\"out of order\"}", 1),
    ] {
        let api = FakeApi::start(move |post| match holds(post, "/poison") {
            true => Reply::json(200, answer),
            false => Reply::Accept,
        });
        let (recorder, _guard) = start(config(&api.url()));
        record(&recorder, 2);
        record_one(&recorder, "/poison");
        let stats = settled(&recorder);
        assert_eq!(
            (stats.delivered, stats.unconfirmed, stats.rejected),
            (2, 0, rejected)
        );
    }
    let api = FakeApi::answering([Reply::json(200, "{\"error\":{\"status\":503}}")]);
    assert_sent_again(config(&api.url()), &api, 1);
}

#[test]
fn an_endless_answer_is_read_at_its_beginning_only() {
    // More than any socket buffers: the server notices that nobody reads.
    let api = FakeApi::answering([Reply::json(200, " ".repeat(64 << 20))]);
    let (recorder, _guard) = start(config(&api.url()));
    record(&recorder, 2);
    let stats = settled(&recorder);
    assert_eq!(
        (stats.delivered, stats.unconfirmed, stats.attempts),
        (2, 2, 1)
    );
    api.wait_for_broken_answer();
}

#[test]
fn an_api_that_never_gets_well_costs_the_batch_and_not_the_next_one() {
    let is_well = Arc::new(AtomicUsize::new(0));
    let of_api = Arc::clone(&is_well);
    let api = FakeApi::start(move |_| match of_api.load(Ordering::SeqCst) {
        0 => Reply::status(503),
        _ => Reply::Accept,
    });
    let (recorder, _guard) = start(config(&api.url()).max_retry_time(Duration::from_millis(50)));
    record(&recorder, 3);
    let stats = settled(&recorder);
    assert_eq!((stats.delivered, stats.dropped.retries_exhausted), (0, 3));
    assert_eq!(
        stats.attempts,
        stats.retries + 1,
        "the last one is not made again"
    );

    is_well.store(1, Ordering::SeqCst);
    record(&recorder, 3);
    let stats = settled(&recorder);
    assert_eq!((stats.delivered, stats.dropped.total()), (3, 3));
}

#[test]
fn connections_are_used_again_and_a_stale_one_is_no_loss() {
    let api = FakeApi::answering([
        Reply::status(503),
        Reply::status(400),
        Reply::json(200, "odd"),
    ]);
    let (recorder, _guard) = start(config(&api.url()).keepalive(HOUR));
    for _ in 0..4 {
        record_one(&recorder, "/");
        settled(&recorder);
    }
    let connections: Vec<_> = api.posts().iter().map(|post| post.connection).collect();
    assert_eq!(connections, [0; 5], "whatever the answer says");

    // The server hangs up after an answer without a word; then on a request in the midst.
    let api = FakeApi::answering([
        Reply::Raw(b"HTTP/1.1 204 X\r\n\r\n".to_vec()),
        Reply::Accept,
        Reply::Reset,
        Reply::Accept,
        Reply::Close,
    ]);
    let (recorder, _guard) = start(config(&api.url()).keepalive(HOUR));
    let ids: Vec<_> = (0..4)
        .map(|_| {
            let id = record_one(&recorder, "/");
            settled(&recorder);
            id
        })
        .collect();
    let stats = recorder.stats();
    assert_eq!((stats.delivered, stats.unconfirmed), (4, 1));
    assert_eq!(api.accepted_ids(), ids[1..]);
}
