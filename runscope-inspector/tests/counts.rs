//! What is counted as it is written gives the answers that counting one by one gives.

#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use runscope_core::{Context, Message, Request, Response};
use runscope_inspector::exchange::Timestamp;
use runscope_inspector::query::parse;
use runscope_inspector::store::{
    BucketId, FacetField, Facets, NewBucket, Scan, Settings, Sqlite, Store, Summary,
};
use rusqlite::Connection;
use std::path::Path;
use std::time::{Duration, Instant};

/// A filter that everything passes and no count answers.
const ONE_BY_ONE: &str = "NOT status:999";

fn open(directory: &Path, partition_span: Duration) -> Sqlite {
    let mut settings = Settings::new(directory);
    settings.partition_span = partition_span;
    Sqlite::open(settings).unwrap()
}

fn default_bucket(store: &Sqlite) -> BucketId {
    store.bucket("default").unwrap().unwrap().id
}

fn scan(bucket: BucketId, filter: &str) -> Scan {
    Scan {
        bucket,
        filter: parse(filter).unwrap(),
        now: Timestamp::now(),
        deadline: Instant::now() + Duration::from_secs(60),
    }
}

fn facets(store: &Sqlite, bucket: BucketId, filter: &str) -> Facets {
    store.facets(&scan(bucket, filter), 10_000).unwrap()
}

fn summary(store: &Sqlite, bucket: BucketId, filter: &str) -> Summary {
    store.summary(&scan(bucket, filter)).unwrap()
}

fn assert_same(store: &Sqlite, bucket: BucketId) {
    // The last is no bound for what has no time of its own; the counts of old exchanges answer it.
    for (counted, one_by_one) in [
        ("", ONE_BY_ONE),
        ("since:2001-01-01", "since:2001-01-01 NOT status:999"),
        ("before:2010-01-01", "before:2010-01-01 NOT status:999"),
    ] {
        assert_eq!(
            facets(store, bucket, counted),
            facets(store, bucket, one_by_one),
            "{counted}"
        );
        assert_eq!(
            summary(store, bucket, counted),
            summary(store, bucket, one_by_one),
            "{counted}"
        );
    }
}

#[derive(Debug, Clone)]
enum Step {
    /// Requests and responses, some of them halves of one exchange.
    Append(bool, Vec<Message>),
    Clear(bool),
    Reopen,
}

fn request(route: u8, host: u8, consumer: Option<u8>, seconds: u32) -> Message {
    let url = format!("http://host{host}.example/{route}");
    let request = Request::new(if host == 0 { "GET" } else { "POST" }, url);
    let mut context = Context::default();
    context.route = (route > 2).then(|| format!("/{route}/{{id}}"));
    context.consumer = consumer.map(|consumer| format!("c{consumer}"));
    Message::new()
        .request(request.timestamp(f64::from(seconds)))
        .context(context)
}

fn message() -> impl Strategy<Value = Message> {
    let times = prop_oneof![
        900_000_000_u32..900_000_200,
        1_000_000_000_u32..1_000_000_400
    ];
    let request = (0..5_u8, 0..3_u8, proptest::option::of(0..4_u8), times)
        .prop_map(|(route, host, consumer, time)| request(route, host, consumer, time));
    let response = (prop_oneof![Just(200), Just(404), Just(500)], 1..3000_u32)
        .prop_map(|(status, millis)| Response::new(status).response_time(f64::from(millis) / 1e3));
    (request, response, 0..3_u8, 0..6_u8).prop_map(|(request, response, halves, id)| {
        let message = match halves {
            0 => request,
            1 => Message::new().response(response),
            _ => request.response(response),
        };
        message.unique_identifier(format!("id-{id}"))
    })
}

fn step() -> impl Strategy<Value = Step> {
    let append = (any::<bool>(), proptest::collection::vec(message(), 1..6))
        .prop_map(|(other, messages)| Step::Append(other, messages));
    prop_oneof![
        8 => append,
        1 => any::<bool>().prop_map(Step::Clear),
        1 => Just(Step::Reopen),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn counts_are_those_of_counting_one_by_one(
        steps in proptest::collection::vec(step(), 1..12),
        small_partitions in any::<bool>(),
    ) {
        let span = if small_partitions { Duration::from_micros(1) } else { Duration::from_secs(86_400) };
        let directory = tempfile::tempdir().unwrap();
        let mut store = open(directory.path(), span);
        let other = store.create_bucket(&NewBucket { name: "other".to_owned(), team: String::new() }).unwrap().id;
        let buckets = [default_bucket(&store), other];
        for step in steps {
            match step {
                Step::Append(other, messages) => {
                    store.append(buckets[usize::from(other)], messages).unwrap();
                }
                Step::Clear(other) => store.clear(buckets[usize::from(other)]).unwrap(),
                Step::Reopen => {
                    drop(store);
                    store = open(directory.path(), span);
                }
            }
            assert_same(&store, buckets[0]);
            assert_same(&store, buckets[1]);
        }
    }
}

#[test]
fn only_so_many_values_are_told_apart_and_the_answer_says_so() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path(), Duration::from_secs(86_400));
    let bucket = default_bucket(&store);
    let message = |number: usize| {
        let url = format!("http://host{number}.example/{number}");
        Message::new()
            .unique_identifier(format!("id-{number}"))
            .request(Request::new("GET", url))
    };
    for first in (0..1500).step_by(500) {
        store
            .append(bucket, (first..first + 500).map(message).collect())
            .unwrap();
    }
    let long = format!("http://{}.example/", "x".repeat(600));
    let long = Message::new().request(Request::new("GET", long));
    store.append(bucket, vec![long]).unwrap();
    // One that is told apart gets its answer, and one that is not.
    let answer = |number: usize| {
        Message::new()
            .unique_identifier(format!("id-{number}"))
            .response(Response::new(200).response_time(0.1))
    };
    store.append(bucket, vec![answer(3), answer(1400)]).unwrap();
    let counted = facets(&store, bucket, "");
    assert_eq!(
        (counted.counted, counted.complete, counted.told_apart),
        (1501, false, false)
    );
    let values = |field| {
        let facet = counted.facets.iter().find(|facet| facet.field == field);
        facet.unwrap().values.clone()
    };
    assert_eq!(values(FacetField::Method), [("GET".to_owned(), 1501)]);
    assert_eq!(values(FacetField::Status), [("200".to_owned(), 2)]);
    let hosts = values(FacetField::Host);
    assert_eq!(hosts.len(), 1000);
    assert!(hosts.iter().all(|(_, count)| *count == 1));
    let groups = summary(&store, bucket, "");
    assert_eq!((groups.counted, groups.complete), (1501, false));
    assert_eq!(groups.rows.len(), 1000);
    let answered = groups.rows.iter().find(|row| row.route == "/3").unwrap();
    assert_eq!((answered.count, answered.errors), (1, 0));
    // Counting one by one has no such bound.
    let whole = facets(&store, bucket, ONE_BY_ONE);
    assert!(whole.complete);
    assert_eq!(whole.counted, 1501);
}

#[test]
fn a_deadline_bounds_what_is_counted_already_and_the_answer_says_so() {
    let directory = tempfile::tempdir().unwrap();
    // Each message in a file of its own.
    let store = open(directory.path(), Duration::from_micros(1));
    let bucket = default_bucket(&store);
    for route in 0..5 {
        let message = request(route, 1, None, 1_000_000_000);
        store.append(bucket, vec![message]).unwrap();
    }
    for filter in ["", "since:2001-01-01", ONE_BY_ONE] {
        let late = Scan {
            deadline: Instant::now(),
            ..scan(bucket, filter)
        };
        let facets = store.facets(&late, 10).unwrap();
        assert!(
            facets.counted < 5 && !facets.complete,
            "{filter}: {facets:?}"
        );
        assert!(facets.told_apart, "{filter}");
        let summary = store.summary(&late).unwrap();
        assert!(
            summary.counted < 5 && !summary.complete,
            "{filter}: {summary:?}"
        );
        for step in [1, 60] {
            let histogram = store.histogram(&late, Duration::from_secs(step)).unwrap();
            assert!(!histogram.complete, "{filter} {step}");
        }
    }
    let whole = facets(&store, bucket, "");
    assert_eq!((whole.counted, whole.complete), (5, true));
}

#[test]
fn a_partition_from_before_there_were_counts_is_counted_one_by_one() {
    let directory = tempfile::tempdir().unwrap();
    let span = Duration::from_secs(86_400);
    let store = open(directory.path(), span);
    let bucket = default_bucket(&store);
    let exchange = |id: u8| {
        request(id, id % 3, None, 1_000_000_000)
            .unique_identifier(format!("id-{id}"))
            .response(Response::new(200).response_time(0.2))
    };
    store
        .append(bucket, (0..5).map(exchange).collect())
        .unwrap();
    let half = request(4, 1, None, 1_000_000_000).unique_identifier("half");
    store.append(bucket, vec![half]).unwrap();
    drop(store);
    as_version_2(&directory.path().join("exchanges-0000000000000000001.db"));

    let store = open(directory.path(), span);
    assert_same(&store, bucket);
    let answer = Message::new()
        .unique_identifier("half")
        .response(Response::new(500));
    store.append(bucket, vec![exchange(7), answer]).unwrap();
    assert_same(&store, bucket);
    assert_eq!(facets(&store, bucket, "").counted, 7);
    // What is new is counted: in a partition of its own.
    assert_eq!(store.stats().unwrap().partitions, 2);
    store.clear(bucket).unwrap();
    assert_eq!(facets(&store, bucket, "").counted, 0);
}

/// Makes a file what it was before the counts of facets and groups.
fn as_version_2(path: &Path) {
    let connection = Connection::open(path).unwrap();
    connection
        .execute_batch(
            "DROP TABLE tally; DROP TABLE grouped; DROP TABLE tallied; DROP TABLE tallies_begun; PRAGMA user_version = 2;",
        )
        .unwrap();
}
