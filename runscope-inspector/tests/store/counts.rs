//! Counts by facet and time.

use crate::{default_bucket, message, open, request, response, scan, search};
use runscope_core::Response;
use runscope_inspector::store::{Count, FacetField, Search, Sqlite, Store};
use std::time::Duration;

#[test]
fn counts_are_exact_up_to_what_was_asked() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let bucket = default_bucket(&store);
    store
        .append(
            bucket.id,
            (0..30).map(|id| message(&id.to_string())).collect(),
        )
        .unwrap();
    for (count_to, count) in [
        (29, Count::AtLeast(29)),
        (30, Count::Exactly(30)),
        (500, Count::Exactly(30)),
    ] {
        let query = Search {
            limit: 5,
            count_to,
            ..search(&bucket, "green")
        };
        let page = store.search(&query).unwrap();
        assert_eq!((page.exchanges.len(), page.count), (5, count));
    }
}

#[test]
fn exchanges_are_counted_by_facet_time_and_route() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let bucket = default_bucket(&store);
    let mut messages: Vec<_> = (0..9).map(|id| message(&id.to_string())).collect();
    messages.push(request("half").response(Response::new(503).response_time(2.0)));
    store.append(bucket.id, messages).unwrap();
    let facets = store.facets(&scan(&bucket, ""), 10).unwrap();
    assert_eq!((facets.counted, facets.complete), (10, true));
    let status = facets
        .facets
        .iter()
        .find(|facet| facet.field == FacetField::Status)
        .unwrap();
    assert_eq!(
        status.values,
        [("200".to_owned(), 9), ("503".to_owned(), 1)]
    );
    let summary = store.summary(&scan(&bucket, "")).unwrap();
    let [row] = summary.rows.as_slice() else {
        panic!("{summary:?}")
    };
    assert_eq!(
        (
            row.method.as_str(),
            row.route.as_str(),
            row.count,
            row.errors
        ),
        ("POST", "/items", 10, 1)
    );
    let near = |found: Option<Duration>, millis: f64| {
        (found.unwrap().as_secs_f64() * 1e3 / millis - 1.0).abs() < 1.0 / 16.0
    };
    assert!(near(row.p50, 100.0) && near(row.p99, 2000.0), "{row:?}");
    for filter in ["", "since:2026-11-22T10:00Z", "method:POST"] {
        let histogram = store
            .histogram(&scan(&bucket, filter), Duration::from_secs(90))
            .unwrap();
        assert_eq!(histogram.step, Duration::from_secs(120));
        let [bar] = histogram.bars.as_slice() else {
            panic!("{filter}: {histogram:?}")
        };
        assert_eq!(bar.classes, [0, 0, 9, 0, 0, 1], "{filter}");
        assert!(near(bar.p50, 100.0) && near(bar.p99, 2000.0), "{bar:?}");
        assert_eq!(bar.start.to_string(), "2026-11-22T10:00:00Z", "{filter}");
    }
    let seconds = store
        .histogram(&scan(&bucket, ""), Duration::from_millis(1500))
        .unwrap();
    assert_eq!(seconds.step, Duration::from_secs(2));
    assert_eq!(seconds.bars[0].start.to_string(), "2026-11-22T10:00:00Z");
    let extent = store.extent(&scan(&bucket, "method:GET")).unwrap().unwrap();
    assert_eq!(extent.first.to_string(), "2026-11-22T10:00:00Z");
    assert_eq!(extent.end.to_string(), "2026-11-22T10:01:00Z");
    assert_eq!(extent.count, 10);
    let before = scan(&bucket, "before:2026-11-22T10:00Z");
    assert_eq!(store.extent(&before).unwrap(), None);
    let none = store
        .histogram(
            &scan(&bucket, "before:2026-11-22T10:00Z"),
            Duration::from_secs(60),
        )
        .unwrap();
    assert_eq!(none.bars, []);
}

#[test]
fn an_exchange_that_gets_its_other_half_is_counted_with_its_duration_once() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let bucket = default_bucket(&store);
    store.append(bucket.id, vec![request("a")]).unwrap();
    let bar = |store: &Sqlite| {
        let histogram = store.histogram(&scan(&bucket, ""), Duration::from_secs(60));
        histogram.unwrap().bars.first().cloned()
    };
    assert_eq!(bar(&store).unwrap().p50, None);
    store.append(bucket.id, vec![response("a", 200)]).unwrap();
    let whole = bar(&store).unwrap();
    assert_eq!(whole.classes, [0, 0, 1, 0, 0, 0]);
    assert!(whole.p50.unwrap() > Duration::from_millis(450));
    store.clear(bucket.id).unwrap();
    assert_eq!(bar(&store), None);
    assert_eq!(store.extent(&scan(&bucket, "")).unwrap(), None);
}
