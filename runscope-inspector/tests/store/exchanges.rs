//! Exchanges that are appended, joined and read back.

use crate::{
    default_bucket, ids, message, open, open_partitioned, request, response, scan, search,
};
use runscope_inspector::query::Expr;
use runscope_inspector::store::{Count, Kept, NewBucket, Search, Store};
use std::time::Duration;

#[test]
fn what_is_appended_is_read_back_whole_and_after_reopening() {
    let directory = tempfile::tempdir().unwrap();
    let uuids: Vec<_> = {
        let store = open(directory.path());
        let bucket = default_bucket(&store);
        let appended = store
            .append(bucket.id, vec![message("a"), message("b")])
            .unwrap();
        assert!(appended.iter().all(|appended| appended.kept == Kept::New));
        appended.iter().map(|appended| appended.uuid).collect()
    };
    let store = open(directory.path());
    let bucket = default_bucket(&store);
    let exchange = store.exchange(bucket.id, uuids[1]).unwrap().unwrap();
    assert_eq!(exchange.message, message("b"));
    assert_eq!(exchange.uuid, uuids[1]);
    assert_eq!(exchange.attributes.status, Some(200));
    let page = store.search(&search(&bucket, "")).unwrap();
    assert_eq!(ids(&page), ["b", "a"]);
    assert_eq!(
        page.exchanges[0].message.response.as_ref().unwrap().body,
        None
    );
    assert_eq!(
        store.exchange(bucket.id, uuid::Uuid::from_u128(1)).unwrap(),
        None
    );
}

#[test]
fn an_identifier_is_stored_once_whenever_it_comes() {
    let directory = tempfile::tempdir().unwrap();
    for open in [open_partitioned, open] {
        let store = open(directory.path());
        let bucket = default_bucket(&store);
        let appended = store
            .append(bucket.id, vec![message("a"), message("b"), message("a")])
            .unwrap();
        assert_eq!(appended[0].uuid, appended[2].uuid);
        assert_eq!(appended[2].kept, Kept::Known);
        store.append(bucket.id, vec![message("c")]).unwrap();
        let again = store.append(bucket.id, vec![message("b")]).unwrap();
        assert_eq!(
            (again[0].uuid, again[0].kept),
            (appended[1].uuid, Kept::Known)
        );
        assert_eq!(
            store.search(&search(&bucket, "")).unwrap().count,
            Count::Exactly(3)
        );
        let other = store
            .create_bucket(&NewBucket {
                name: "o".into(),
                team: String::new(),
            })
            .unwrap();
        assert_eq!(
            store.append(other.id, vec![message("a")]).unwrap()[0].kept,
            Kept::New
        );
        store.delete_bucket(other.id).unwrap();
        drop(store);
        let store = open(directory.path());
        assert_eq!(
            store
                .search(&search(&default_bucket(&store), ""))
                .unwrap()
                .count,
            Count::Exactly(3)
        );
    }
}

#[test]
fn request_and_response_with_one_identifier_become_one_exchange() {
    for open in [open, open_partitioned] {
        for response_first in [false, true] {
            let directory = tempfile::tempdir().unwrap();
            let store = open(directory.path());
            let bucket = default_bucket(&store);
            let mut changes = store.changes();
            let mut halves = vec![request("a"), response("a", 500)];
            if response_first {
                halves.reverse();
            }
            let first = store.append(bucket.id, vec![halves.remove(0)]).unwrap()[0];
            store.append(bucket.id, vec![message("between")]).unwrap();
            let second = store.append(bucket.id, vec![halves.remove(0)]).unwrap()[0];
            assert_eq!((second.uuid, second.kept), (first.uuid, Kept::Joined));
            assert_eq!(changes.joined.try_recv(), Ok(1));
            let exchange = store.exchange(bucket.id, first.uuid).unwrap().unwrap();
            assert!(exchange.message.request.is_some() && exchange.message.response.is_some());
            let found = store
                .search(&search(&bucket, "request answer status:5xx method:POST"))
                .unwrap();
            assert_eq!(ids(&found), ["a"]);
            let histogram = store
                .histogram(&scan(&bucket, ""), Duration::from_secs(60))
                .unwrap();
            let sums: Vec<u64> = (0..6)
                .map(|class| histogram.bars.iter().map(|bar| bar.classes[class]).sum())
                .collect();
            assert_eq!(sums, [0, 0, 1, 0, 0, 1]);
            assert_eq!(
                store.append(bucket.id, vec![response("a", 200)]).unwrap()[0].kept,
                Kept::Known
            );
        }
    }
}

#[test]
fn halves_that_come_together_are_one_exchange_at_once_and_after_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = open(directory.path());
    let bucket = default_bucket(&store);
    let halves = vec![
        message("before"),
        request("a"),
        response("a", 500),
        message("after"),
    ];
    let uuid = store.append(bucket.id, halves).unwrap()[1].uuid;
    let at_once = store.exchange(bucket.id, uuid).unwrap().unwrap().message;
    assert!(at_once.request.is_some() && at_once.response.is_some());
    drop(store);
    store = open(directory.path());
    let reopened = store.exchange(bucket.id, uuid).unwrap().unwrap().message;
    assert_eq!(reopened, at_once);
}

#[test]
fn messages_written_with_and_without_a_dictionary_are_read() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = open(directory.path());
    let bucket = default_bucket(&store);
    for batch in 0..30 {
        store
            .append(
                bucket.id,
                (0..100)
                    .map(|id| message(&format!("{batch}-{id}")))
                    .collect(),
            )
            .unwrap();
    }
    // What was just written is still in memory.
    drop(store);
    store = open(directory.path());
    let mut query = Search {
        bodies: true,
        limit: 1000,
        ..search(&bucket, "")
    };
    let mut seen = 0;
    while let page = store.search(&query).unwrap()
        && !page.exchanges.is_empty()
    {
        for exchange in &page.exchanges {
            let id = exchange.message.unique_identifier.clone().unwrap();
            assert_eq!(exchange.message, message(&id));
        }
        seen += page.exchanges.len();
        query.cursor = page.exchanges.last().map(|last| last.sequence);
    }
    assert_eq!(seen, 3000);
    assert_eq!(query.scan.filter, Expr::All);
}
