//! Scopes: which bucket an exchange goes to, with which token, and that buckets don't wait for each
//! other.

mod support;

use runscope::{
    Config, ConfigBuilder, Guard, MemorySink, Recorder, RequestHead, RequestTap, ResponseHead,
    Scope,
};
use std::collections::BTreeMap;
use std::time::Duration;
use support::api::{FakeApi, Reply};
use support::exchanges::{PATIENCE, assert_adds_up, begin, finish, try_begin, wait_until};

fn config(api: &FakeApi) -> ConfigBuilder {
    Config::builder()
        .access_token("own")
        .bucket_key("all")
        .api_endpoint(api.url())
        .max_coalescing_delay(Duration::from_secs(3600))
        .initial_retry_delay(Duration::from_millis(1))
        .max_retry_delay(Duration::from_millis(5))
        .shutdown_timeout(Duration::ZERO)
}

fn start(config: ConfigBuilder) -> (Recorder, Guard) {
    Recorder::start(config.build().expect("a config")).expect("a recorder")
}

/// Route, service and consumer; an empty one is none.
type Key = (&'static str, &'static str, &'static str);

fn head((route, service, consumer): Key) -> RequestHead<'static> {
    let some = |text: &'static str| (!text.is_empty()).then_some(text);
    let mut head = RequestHead::new("GET", "/");
    head.route = some(route);
    head.service = some(service);
    head.consumer = some(consumer).map(Into::into);
    head
}

fn record(recorder: &Recorder, key: Key) -> String {
    finish(begin(recorder, &head(key)), b"text")
}

/// The buckets that got POSTs, each with the token of its latest.
fn tokens(api: &FakeApi) -> BTreeMap<String, String> {
    let of_post = |post: support::api::Post| {
        let bucket = post.path.split('/').nth(2).expect("a bucket").to_owned();
        (bucket, post.headers["authorization"].clone())
    };
    api.posts().into_iter().map(of_post).collect()
}

fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    let own = |&(bucket, token): &(&str, &str)| (bucket.to_owned(), format!("Bearer {token}"));
    pairs.iter().map(own).collect()
}

#[test]
fn the_most_specific_scope_names_the_bucket() {
    let scope = |key: Key, bucket: &str| {
        let (route, service, consumer) = key;
        let mut scope = Scope::new().bucket_key(bucket);
        if !route.is_empty() {
            scope = scope.route(route);
        }
        if !service.is_empty() {
            scope = scope.service(service);
        }
        if !consumer.is_empty() {
            scope = scope.consumer(consumer);
        }
        scope
    };
    let sink = MemorySink::new();
    let (recorder, _guard) = start(
        Config::builder()
            .bucket_key("global")
            .sink(sink.clone())
            // In an order that is not theirs.
            .scope(scope(("", "shop", ""), "service"))
            .scope(scope(("/cart", "", ""), "route"))
            .scope(scope(("", "", "acme"), "consumer"))
            .scope(scope(("/cart", "shop", ""), "route+service"))
            .scope(scope(("", "shop", "acme"), "service+consumer"))
            .scope(scope(("/cart", "", "acme"), "route+consumer"))
            .scope(scope(("/cart", "shop", "acme"), "all-three"))
            // One that is switched off is passed over, and the next one wins.
            .scope(scope(("/off", "shop", "acme"), "disabled").enabled(false)),
    );
    let cases: [(Key, &str); 12] = [
        (("/cart", "shop", "acme"), "all-three"),
        (("/cart", "other", "acme"), "route+consumer"),
        (("/other", "shop", "acme"), "service+consumer"),
        (("/cart", "shop", "other"), "route+service"),
        (("/cart", "shop", ""), "route+service"),
        (("/other", "other", "acme"), "consumer"),
        (("", "", "acme"), "consumer"),
        (("/cart", "other", "other"), "route"),
        (("", "shop", ""), "service"),
        (("/other", "other", "other"), "global"),
        (("", "", ""), "global"),
        (("/off", "shop", "acme"), "service+consumer"),
    ];
    for (key, bucket) in cases {
        sink.clear();
        let id = record(&recorder, key);
        recorder.flush_blocking(PATIENCE).expect("all is settled");
        let ids: Vec<_> = sink
            .messages_for(bucket)
            .into_iter()
            .filter_map(|m| m.unique_identifier)
            .collect();
        assert_eq!(ids, [id], "{key:?} goes to {bucket}");
    }
    assert_eq!(recorder.stats().delivered, 12);
}

#[test]
fn each_bucket_gets_its_own_messages_with_its_own_token() {
    let api = FakeApi::accepting();
    let (recorder, _guard) = start(
        config(&api)
            .scope(Scope::new().route("/checkout").bucket_key("checkout"))
            .scope(
                Scope::new()
                    .consumer("acme")
                    .bucket_key("acme")
                    .access_token("of-acme"),
            )
            .scope(
                Scope::new()
                    .consumer("globex")
                    .access_token("of-globex")
                    .bucket_key("all"),
            )
            .scope(Scope::new().service("quiet").bucket_key("never-used")),
    );
    record(&recorder, ("", "", ""));
    let checkout = record(&recorder, ("/checkout", "", ""));
    record(&recorder, ("/checkout", "", "acme"));
    recorder.flush_blocking(PATIENCE).expect("all is settled");
    let expected = [("all", "own"), ("checkout", "own"), ("acme", "of-acme")];
    assert_eq!(tokens(&api), map(&expected));
    let of_checkout = api
        .posts()
        .into_iter()
        .find(|post| post.path == "/buckets/checkout/messages");
    assert_eq!(of_checkout.expect("a POST").ids(), [checkout]);

    // The same bucket by another token is another account.
    record(&recorder, ("", "", "globex"));
    recorder.flush_blocking(PATIENCE).expect("all is settled");
    assert_eq!(
        api.posts().last().unwrap().headers["authorization"],
        "Bearer of-globex"
    );
    assert_adds_up(&recorder.stats());
    assert_eq!(recorder.stats().delivered, 4);
}

#[test]
fn scopes_of_one_account_share_a_batch() {
    let api = FakeApi::accepting();
    let (recorder, _guard) = start(
        config(&api)
            .scope(Scope::new().route("/a").bucket_key("other"))
            .scope(
                Scope::new()
                    .route("/b")
                    .bucket_key("other")
                    .access_token("own"),
            )
            .scope(Scope::new().route("/c").log_body(true)),
    );
    for route in ["/a", "/b", "/c", ""] {
        record(&recorder, (route, "", ""));
    }
    recorder.flush_blocking(PATIENCE).expect("all is settled");
    let mut sizes: Vec<_> = api
        .posts()
        .iter()
        .map(|post| (post.path.clone(), post.ids().len()))
        .collect();
    sizes.sort();
    assert_eq!(
        sizes,
        [
            ("/buckets/all/messages".to_owned(), 2),
            ("/buckets/other/messages".to_owned(), 2)
        ]
    );
}

#[test]
fn a_bucket_that_is_refused_or_silent_does_not_hold_up_the_others() {
    let api = FakeApi::start(|post| match post.path.as_str() {
        "/buckets/refused/messages" => Reply::status(401),
        "/buckets/silent/messages" => Reply::Silence,
        "/buckets/paused/messages" => Reply::with_header(429, "retry-after", "600"),
        _ => Reply::Accept,
    });
    let (recorder, guard) = start(
        config(&api)
            .max_coalescing_delay(Duration::ZERO)
            .scope(Scope::new().route("/refused").bucket_key("refused"))
            .scope(Scope::new().route("/silent").bucket_key("silent"))
            .scope(Scope::new().route("/paused").bucket_key("paused")),
    );
    for route in ["/refused", "/silent", "/paused"] {
        record(&recorder, (route, "", ""));
    }
    api.wait_for_posts(3);
    let ids: Vec<_> = (0..10).map(|_| record(&recorder, ("", "", ""))).collect();
    api.wait_for_messages(10);
    assert_eq!(api.accepted_ids(), ids);
    let stats = wait_until(&recorder, |stats| stats.delivered == 10);
    assert_eq!(stats.queued, 3);

    guard
        .shutdown_blocking(Duration::from_millis(300))
        .expect_err("three are left");
    recorder.flush_blocking(PATIENCE).expect("the end");
    let stats = recorder.stats();
    assert_adds_up(&stats);
    assert_eq!((stats.delivered, stats.dropped.shutdown), (10, 3));
}

#[test]
fn a_new_token_is_the_recorders_own_and_no_scopes() {
    let api = FakeApi::accepting();
    let (recorder, _guard) = start(
        config(&api)
            .scope(Scope::new().route("/checkout").bucket_key("checkout"))
            .scope(
                Scope::new()
                    .consumer("acme")
                    .bucket_key("acme")
                    .access_token("of-acme"),
            ),
    );
    let record_all = || {
        for key in [("", "", ""), ("/checkout", "", ""), ("", "", "acme")] {
            record(&recorder, key);
        }
        recorder.flush_blocking(PATIENCE).expect("all is settled");
    };
    record_all();
    recorder.set_access_token("new");
    record_all();
    let expected = [("all", "new"), ("checkout", "new"), ("acme", "of-acme")];
    assert_eq!(tokens(&api), map(&expected));
}

#[test]
fn a_new_token_does_not_cut_short_the_pause_of_a_scopes_own_account_nor_of_a_server() {
    let api = FakeApi::start(|post| match post.path.as_str() {
        "/buckets/acme/messages" => Reply::status(401),
        _ => Reply::with_header(429, "retry-after", "600"),
    });
    let hour = Duration::from_secs(3600);
    let (recorder, _guard) = start(
        config(&api)
            .initial_retry_delay(hour)
            .max_retry_delay(hour)
            .scope(
                Scope::new()
                    .consumer("acme")
                    .bucket_key("acme")
                    .access_token("of-acme"),
            ),
    );
    record(&recorder, ("", "", ""));
    record(&recorder, ("", "", "acme"));
    recorder
        .flush_blocking(Duration::from_millis(1))
        .expect_err("both are refused");
    wait_until(&recorder, |stats| stats.retries == 2);
    recorder.set_access_token("new");
    recorder
        .flush_blocking(Duration::from_millis(200))
        .expect_err("both wait on");
    assert_eq!(api.posts().len(), 2);
}

#[test]
fn a_scope_applies_whole_and_by_what_is_known_at_the_end() {
    let sink = MemorySink::new();
    let (recorder, _guard) = start(
        Config::builder()
            .bucket_key("all")
            .log_body(true)
            .sink(sink.clone())
            .scope(Scope::new().route("/bodyless").bucket_key("bodyless"))
            .scope(Scope::new().route("/secret").capture(false))
            .scope(
                Scope::new()
                    .consumer("acme")
                    .bucket_key("acme")
                    .log_body(true),
            )
            .scope(Scope::new().consumer("nobody").capture(false)),
    );
    let body = |bucket: &str| {
        let message = sink.messages_for(bucket).pop().expect("a message");
        message.response.expect("a response").body
    };
    record(&recorder, ("", "", ""));
    record(&recorder, ("/bodyless", "", ""));
    // Until its end somebody might turn out to be `acme`, whose scope is stronger.
    record(&recorder, ("/secret", "", ""));

    // The handler finds out who calls.
    for consumer in ["acme", "nobody"] {
        let exchange = begin(&recorder, &head(("/bodyless", "", "")));
        exchange.handle().set_consumer(consumer);
        finish(exchange, b"text");
    }
    recorder.flush_blocking(PATIENCE).expect("all is settled");
    assert_eq!(body("all").as_deref(), Some("text"));
    assert_eq!(
        body("bodyless"),
        None,
        "what a scope leaves out has its default"
    );
    assert_eq!(body("acme").as_deref(), Some("text"));
    let stats = recorder.stats();
    assert_adds_up(&stats);
    assert_eq!((stats.captured, stats.delivered, stats.skipped), (3, 3, 2));
}

#[test]
fn each_bucket_has_a_queue_of_its_own() {
    let api = FakeApi::start(|post| match post.path.as_str() {
        "/buckets/silent/messages" => Reply::Silence,
        _ => Reply::Accept,
    });
    let (recorder, _guard) = start(
        config(&api)
            .max_entries(5)
            .max_coalescing_delay(Duration::ZERO)
            .scope(Scope::new().route("/silent").bucket_key("silent")),
    );
    record(&recorder, ("/silent", "", ""));
    api.wait_for_posts(1);
    for _ in 0..8 {
        record(&recorder, ("/silent", "", ""));
    }
    assert_eq!(recorder.stats().dropped.queue_full, 3);
    record(&recorder, ("", "", ""));
    api.wait_for_messages(1);
    assert_eq!(recorder.stats().dropped.queue_full, 3);
}

/// Both are part of what an adapter uses beside what the helpers of these tests do.
#[test]
fn a_request_body_is_kept_where_some_scope_may_want_it() {
    let sink = MemorySink::new();
    let (recorder, _guard) = start(
        Config::builder()
            .bucket_key("all")
            .sink(sink.clone())
            .scope(
                Scope::new()
                    .consumer("acme")
                    .bucket_key("acme")
                    .log_body(true),
            ),
    );
    for consumer in ["acme", "globex"] {
        let headers = [
            ("content-type", &b"text/plain"[..]),
            ("content-length", b"3"),
        ];
        let head = RequestHead::new("POST", "/");
        let mut exchange = try_begin(&recorder, &head, &headers).expect("it is captured");
        let tap: RequestTap = exchange.request_tap().expect("a body");
        tap.frame(&"tea".into());
        tap.end();
        exchange.handle().set_consumer(consumer);
        exchange.respond(ResponseHead::new(204), std::iter::empty);
        exchange.end();
    }
    recorder.flush_blocking(PATIENCE).expect("all is settled");
    let body = |bucket| {
        sink.messages_for(bucket)[0]
            .request
            .clone()
            .expect("a request")
            .body
    };
    assert_eq!((body("acme").as_deref(), body("all")), (Some("tea"), None));
}
