//! Pages and scans, and what arrives.

use crate::{default_bucket, ids, message, open, open_partitioned, request, scan, search};
use runscope_core::Response;
use runscope_inspector::store::{Count, NewBucket, Scan, Search, Store};
use rusqlite::Connection;
use std::time::Instant;

#[test]
fn pages_follow_each_other_though_more_arrives() {
    for open in [open, open_partitioned] {
        let directory = tempfile::tempdir().unwrap();
        let store = open(directory.path());
        let bucket = default_bucket(&store);
        for id in 0..10 {
            store
                .append(bucket.id, vec![message(&id.to_string())])
                .unwrap();
        }
        let mut query = Search {
            limit: 4,
            ..search(&bucket, "green")
        };
        let mut seen = Vec::new();
        loop {
            let page = store.search(&query).unwrap();
            let left = 10 - u64::try_from(seen.len()).unwrap();
            assert_eq!(page.count, Count::Exactly(left));
            seen.extend(ids(&page).into_iter().map(str::to_owned));
            store
                .append(bucket.id, vec![message(&format!("new {}", seen.len()))])
                .unwrap();
            match page.next {
                Some(next) => query.cursor = Some(next),
                None => break,
            }
        }
        assert_eq!(seen.join(" "), "9 8 7 6 5 4 3 2 1 0");
    }
}

#[test]
fn a_scan_that_runs_out_of_time_goes_on_where_it_stopped() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let bucket = default_bucket(&store);
    let messages = (0..40).map(|id| message(&id.to_string())).collect();
    store.append(bucket.id, messages).unwrap();
    let mut query = search(&bucket, "body:/gr.en/ header.x:*y OR body:/^a\\sr/");
    query.scan.deadline = Instant::now();
    let (mut pages, mut seen) = (0, Vec::new());
    loop {
        let page = store.search(&query).unwrap();
        seen.extend(ids(&page).into_iter().map(str::to_owned));
        pages += 1;
        assert!(pages <= 41);
        let Some(next) = page.next else { break };
        assert!(page.timed_out);
        assert!(matches!(page.count, Count::AtLeast(_)));
        query.cursor = Some(next);
    }
    assert!(pages > 1);
    assert_eq!(seen.len(), 40);
}

#[test]
fn what_arrives_is_followed_in_order() {
    let directory = tempfile::tempdir().unwrap();
    let store = open_partitioned(directory.path());
    let bucket = default_bucket(&store);
    let changes = store.changes();
    let start = changes.start();
    for id in ["a", "b", "c"] {
        store.append(bucket.id, vec![message(id)]).unwrap();
    }
    assert_eq!(changes.start(), start + 3);
    let after = store.arrived_after(bucket.id, start + 1, 10).unwrap();
    let after: Vec<_> = after.into_iter().map(|exchange| exchange.message).collect();
    assert_eq!(after, [message("b"), message("c")]);
    assert_eq!(store.arrived_after(bucket.id, start, 1).unwrap().len(), 1);
}

#[test]
fn the_next_match_after_a_place_is_found_without_a_body() {
    let directory = tempfile::tempdir().unwrap();
    for partitioned in [false, true] {
        let path = directory.path().join(partitioned.to_string());
        let reopen = || match partitioned {
            true => open_partitioned(&path),
            false => open(&path),
        };
        let store = reopen();
        let bucket = default_bucket(&store);
        let other = NewBucket {
            name: "other".to_owned(),
            team: "default".to_owned(),
        };
        let other = store.create_bucket(&other).unwrap();
        let start = store.changes().start();
        let mut uuids = Vec::new();
        for number in 0..60 {
            let status = if [1, 50].contains(&number) { 500 } else { 200 };
            let sent = request(&number.to_string()).response(Response::new(status).body("x"));
            uuids.push(store.append(bucket.id, vec![sent.clone()]).unwrap()[0].uuid);
            store.append(other.id, vec![sent]).unwrap();
        }
        drop(store);
        for file in std::fs::read_dir(&path).unwrap() {
            let file = file.unwrap().path();
            let name = file.file_name().unwrap().to_str().unwrap();
            if name.starts_with("exchanges-") && name.ends_with(".db") {
                let connection = Connection::open(&file).unwrap();
                let unreadable = "UPDATE message SET request_body = x'ff', response_body = x'ff'";
                connection.execute(unreadable, []).unwrap();
            }
        }
        let store = reopen();
        assert!(store.arrived_after(bucket.id, start, 1).is_err());
        let next = |filter: &str, after: i64| {
            let found = store.next_after(&scan(&bucket, filter), after).unwrap();
            found.map(|found| uuids.iter().position(|uuid| *uuid == found).unwrap())
        };
        // Each number is at two places, of which the second is of the other bucket.
        let place = |number: i64| start + 1 + 2 * number;
        for (filter, after, expected) in [
            ("", start, Some(0)),
            ("", place(0), Some(1)),
            ("", place(0) + 1, Some(1)),
            ("", place(58), Some(59)),
            ("", place(59), None),
            ("status:500", start, Some(1)),
            ("status:500", place(1), Some(50)),
            ("status:500", place(50), None),
            ("NOT status:200", place(1), Some(50)),
            ("time:>1h", start, None),
        ] {
            assert_eq!(next(filter, after), expected, "{filter} after {after}");
        }
        store.clear(bucket.id).unwrap();
        assert_eq!(next("", start), None);
        let late = Scan {
            deadline: Instant::now(),
            ..scan(&other, "")
        };
        assert_eq!(store.next_after(&late, start).unwrap(), None);
    }
}
