//! What becomes of every exchange: bounds, batches, and counters that add up at every moment.

mod support;

use runscope::{Config, ConfigBuilder, Guard, Recorder, RequestHead, ResponseHead, Stats};
use serde_json::json;
use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};
use support::api::{FakeApi, Gate, Post, Reply};
use support::exchanges::{
    PATIENCE, assert_adds_up, begin, finish, record, record_body, record_one, settled, try_begin,
};

const HOUR: Duration = Duration::from_secs(3600);

fn config(api: &FakeApi) -> ConfigBuilder {
    Config::builder()
        .access_token("t0ken")
        .bucket_key("bucket")
        .api_endpoint(api.url())
        .log_body(true)
        .max_coalescing_delay(HOUR)
        .initial_retry_delay(Duration::from_millis(1))
        .max_retry_delay(Duration::from_millis(5))
}

fn start(config: ConfigBuilder) -> (Recorder, Guard) {
    Recorder::start(config.build().expect("a config")).expect("a recorder")
}

/// An API whose first answer waits for the gate, and a recorder that has one message in hand for
/// it: what is recorded now stays in the queue.
fn held_up(set: impl FnOnce(ConfigBuilder) -> ConfigBuilder) -> (FakeApi, Gate, Recorder, Guard) {
    let gate = Gate::default();
    let api = FakeApi::answering([Reply::Accept.behind(&gate)]);
    let (recorder, guard) = start(set(config(&api).max_coalescing_delay(Duration::ZERO)));
    record_one(&recorder, "/first");
    api.wait_for_posts(1);
    (api, gate, recorder, guard)
}

#[test]
fn a_full_queue_drops_what_comes_and_keeps_what_it_has() {
    let (api, gate, recorder, _guard) = held_up(|config| config.max_entries(10));
    let kept = record(&recorder, 10);
    record(&recorder, 5);
    let stats = recorder.stats();
    assert_adds_up(&stats);
    assert_eq!((stats.queued, stats.dropped.queue_full), (11, 5));

    gate.open();
    let stats = settled(&recorder);
    assert_eq!(
        (stats.captured, stats.delivered, stats.dropped.total()),
        (16, 11, 5)
    );
    assert_eq!(api.accepted_ids()[1..], kept);
}

#[test]
fn a_queue_full_of_bytes_drops_what_comes_and_takes_what_still_fits() {
    let (_api, gate, recorder, _guard) = held_up(|config| config.max_bytes(64 * 1024));
    for _ in 0..10 {
        record_body(&recorder, "/large", &[b'x'; 20_000]);
    }
    let stats = recorder.stats();
    assert_adds_up(&stats);
    assert_eq!(stats.dropped.queue_full, 7, "three of them fit");
    record_one(&recorder, "/small");
    assert_eq!(recorder.stats().dropped.queue_full, 7);

    gate.open();
    let stats = settled(&recorder);
    assert_eq!((stats.delivered, stats.dropped.total()), (5, 7));
}

#[test]
fn an_exchange_beyond_the_byte_budget_is_dropped_wherever_it_goes_beyond() {
    let api = FakeApi::accepting();
    let budget = 16 << 20;
    let (recorder, _guard) = start(config(&api).byte_budget(budget));
    let huge = vec![b'x'; budget + 1];
    let head = RequestHead::new("GET", "/");
    assert!(try_begin(&recorder, &head, &[("x-huge", &huge)]).is_none());
    let stats = recorder.stats();
    assert_adds_up(&stats);
    assert_eq!((stats.captured, stats.dropped.over_budget), (1, 1));

    let mut exchange = begin(&recorder, &head);
    exchange.respond(ResponseHead::new(200), || {
        std::iter::once(("x-huge", &huge[..]))
    });
    finish(exchange, b"");
    let stats = settled(&recorder);
    assert_eq!((stats.captured, stats.dropped.over_budget), (2, 2));

    record_one(&recorder, "/");
    assert_eq!(
        settled(&recorder).delivered,
        1,
        "what was dropped holds nothing any more"
    );
}

#[test]
fn what_is_not_captured_is_not_in_the_sum() {
    let api = FakeApi::accepting();
    let (recorder, _guard) = start(config(&api).skip_methods(["GET"]).sample_rate(0.0));
    assert!(try_begin(&recorder, &RequestHead::new("GET", "/"), &[]).is_none());
    assert!(try_begin(&recorder, &RequestHead::new("PUT", "/"), &[]).is_none());
    let stats = settled(&recorder);
    assert_eq!(
        (stats.captured, stats.skipped, stats.sampled_out),
        (0, 1, 1)
    );
}

#[test]
fn a_recorder_that_is_off_needs_no_account_and_does_nothing() {
    let (recorder, guard) = start(Config::builder().enabled(false));
    assert!(try_begin(&recorder, &RequestHead::new("GET", "/"), &[]).is_none());
    recorder.set_access_token("t0ken");
    assert_eq!(settled(&recorder), Stats::default());
    guard
        .shutdown_blocking(Duration::ZERO)
        .expect("nothing is left");
}

#[test]
fn a_burst_goes_out_in_full_batches() {
    let api = FakeApi::accepting();
    let (recorder, _guard) = start(config(&api).max_batch_size(100));
    let ids = record(&recorder, 1000);
    settled(&recorder);
    let sizes: Vec<_> = api
        .posts()
        .iter()
        .map(|post| post.messages().len())
        .collect();
    assert_eq!(sizes, [100; 10], "the delivery is not woken for less");
    assert_eq!(api.accepted_ids(), ids);
}

#[test]
fn a_batch_goes_out_when_it_is_due_though_it_is_not_full() {
    let api = FakeApi::accepting();
    let delay = Duration::from_millis(100);
    let begun = Instant::now();
    let (recorder, _guard) = start(config(&api).max_coalescing_delay(delay));
    record(&recorder, 3);
    api.wait_for_messages(3);
    assert!(api.posts()[0].at - begun >= delay);
}

#[test]
fn a_batch_goes_out_without_delay_when_it_has_its_bytes() {
    let api = FakeApi::accepting();
    let most = 64 * 1024;
    let (recorder, _guard) = start(config(&api).max_batch_bytes(most).max_batch_size(5000));
    for _ in 0..100 {
        record_body(&recorder, "/", &[b'x'; 2000]);
    }
    assert!(
        api.wait_for_posts(2)
            .iter()
            .all(|post| post.body.len() <= most)
    );
}

#[test]
fn a_queue_too_small_for_a_batch_does_not_wait_for_one() {
    let api = FakeApi::accepting();
    let (recorder, _guard) = start(config(&api).max_bytes(16 * 1024));
    record_body(&recorder, "/", &[b'x'; 10_000]);
    api.wait_for_messages(1);
}

#[test]
fn no_batch_is_larger_than_its_bound_and_each_is_as_large_as_it_can_be() {
    let most = 64 * 1024;
    let (api, gate, recorder, _guard) =
        held_up(|config| config.max_batch_bytes(most).max_body_bytes(1 << 20));
    let mut ids = Vec::new();
    for at in 0..100 {
        // One that is too large for any batch stands between them.
        let size = if at == 50 { 100_000 } else { 1000 + at * 40 };
        ids.push(record_body(&recorder, "/", &vec![b'x'; size]));
    }
    gate.open();
    settled(&recorder);
    assert_eq!(api.accepted_ids()[1..], ids);

    let posts = &api.posts()[1..];
    let is_alone = |post: &Post| post.messages().len() == 1;
    for post in posts {
        assert!(
            post.body.len() <= most || is_alone(post),
            "{}",
            post.body.len()
        );
    }
    for pair in posts.windows(2) {
        let next = &pair[1].messages()[0];
        let next = serde_json::to_vec(next).unwrap().len();
        let together = pair[0].body.len() + next;
        assert!(
            together + 200 > most,
            "the next one had found room: {together}"
        );
    }
}

#[test]
fn a_message_that_is_carried_over_is_settled_before_a_flush_returns() {
    let most = 16 * 1024;
    let api = FakeApi::accepting();
    let (recorder, _guard) = start(config(&api).max_batch_bytes(most));
    for round in 1..=20 {
        for _ in 0..3 {
            record_body(&recorder, "/", &[b'x'; 7000]);
        }
        let stats = settled(&recorder);
        assert_eq!(stats.delivered, round * 3);
    }
}

/// Takes a fault for each POST from a long list that is the same in every run.
fn unreliable() -> FakeApi {
    let mut posts = 0_usize;
    FakeApi::start(move |post| {
        posts += 1;
        let item = |status: &str| json!({"status": status, "error": {"code": 503}});
        match posts % 17 {
            1 => Reply::status(503),
            3 => Reply::Reset,
            4 => Reply::status(413),
            6 => Reply::status(400),
            7 => Reply::Close,
            9 => Reply::Raw(b"HTTP/1.1 200 X\r\ncontent-length: 9\r\n\r\n{".to_vec()),
            10 => Reply::json(200, "what?"),
            12 => Reply::status(401),
            14 => {
                let statuses = ["success", "warning", "error"].iter().cycle();
                let items: Vec<_> = statuses
                    .map(|status| item(status))
                    .take(post.messages().len())
                    .collect();
                Reply::json(200, json!({"data": items}).to_string())
            }
            15 => Reply::status(302),
            _ => Reply::Accept,
        }
    })
}

#[test]
fn the_counters_add_up_at_every_moment_whatever_happens() {
    let api = unreliable();
    let (recorder, guard) = start(
        config(&api)
            .max_entries(150)
            .max_batch_size(20)
            .max_coalescing_delay(Duration::from_millis(2))
            .keepalive(HOUR),
    );
    let is_over = AtomicBool::new(false);
    let each = 600;
    let looks = thread::scope(|scope| {
        let looks = scope.spawn(|| {
            let (mut looks, mut last) = (0_u64, Stats::default());
            while !is_over.load(Ordering::SeqCst) {
                let stats = recorder.stats();
                assert_adds_up(&stats);
                assert!(stats.captured >= last.captured && stats.delivered >= last.delivered);
                (looks, last) = (looks + 1, stats);
                thread::yield_now();
            }
            looks
        });
        let recorders: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    for at in 0..each {
                        record_body(&recorder, "/", b"some text");
                        // Most of them get through, so that the API meets every fault.
                        if at % 50 == 0 {
                            let _ = recorder.flush_blocking(PATIENCE);
                        }
                    }
                })
            })
            .collect();
        for thread in recorders {
            thread.join().expect("to record");
        }
        recorder.flush_blocking(PATIENCE).expect("all is settled");
        is_over.store(true, Ordering::SeqCst);
        looks.join().expect("the counters to add up")
    });
    assert!(looks > 0);
    let stats = settled(&recorder);
    assert_eq!(stats.captured, 4 * each);
    assert_eq!(stats.dropped.total(), stats.dropped.queue_full, "{stats:?}");
    assert!(
        stats.delivered > 0 && stats.warned > 0 && stats.unconfirmed > 0,
        "{stats:?}"
    );

    let accepted = api.accepted_ids();
    let distinct: HashSet<_> = accepted.iter().collect();
    assert_eq!(
        distinct.len(),
        accepted.len(),
        "what was accepted is not sent again"
    );
    assert!(accepted.len() as u64 <= stats.delivered);
    guard.shutdown_blocking(PATIENCE).expect("nothing is left");
    assert_eq!(recorder.stats(), stats);
}
