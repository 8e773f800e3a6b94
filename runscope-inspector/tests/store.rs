//! The SQLite store, through the seam that the server uses.

#![allow(clippy::unwrap_used, clippy::panic)]

use runscope_core::{Message, Request, Response};
use runscope_inspector::exchange::Timestamp;
use runscope_inspector::query::{Expr, parse};
use runscope_inspector::store::{
    Bucket, Count, FacetField, Kept, NewBucket, NewView, Page, Scan, Scope, Search, Session,
    Settings, Sqlite, Store,
};
use rusqlite::Connection;
use std::path::Path;
use std::time::{Duration, Instant};

fn open(directory: &Path) -> Sqlite {
    Sqlite::open(Settings::new(directory)).unwrap()
}

/// A store whose partitions are closed after each append.
fn open_partitioned(directory: &Path) -> Sqlite {
    let mut settings = Settings::new(directory);
    settings.partition_span = Duration::from_micros(1);
    Sqlite::open(settings).unwrap()
}

fn default_bucket(store: &Sqlite) -> Bucket {
    store.bucket("default").unwrap().unwrap()
}

fn scan(bucket: &Bucket, filter: &str) -> Scan {
    let deadline = Instant::now() + Duration::from_secs(60);
    Scan {
        bucket: bucket.id,
        filter: parse(filter).unwrap(),
        now: Timestamp::now(),
        deadline,
    }
}

fn search(bucket: &Bucket, filter: &str) -> Search {
    Search {
        scan: scan(bucket, filter),
        cursor: None,
        limit: 100,
        count_to: 1000,
        bodies: false,
    }
}

fn ids(page: &Page) -> Vec<&str> {
    page.exchanges
        .iter()
        .map(|exchange| exchange.message.unique_identifier.as_deref().unwrap())
        .collect()
}

fn message(id: &str) -> Message {
    request(id).response(
        Response::new(200)
            .response_time(0.1)
            .body(r#"{"colour":"green"}"#),
    )
}

fn request(id: &str) -> Message {
    Message::new().unique_identifier(id).request(
        Request::new("POST", "https://shop.example/items")
            .timestamp(1_795_341_600.0)
            .body("a request"),
    )
}

fn response(id: &str, status: u16) -> Message {
    Message::new()
        .unique_identifier(id)
        .response(Response::new(status).response_time(0.5).body("an answer"))
}

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
fn a_cleared_bucket_is_empty_and_others_are_not() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let bucket = default_bucket(&store);
    let other = store
        .create_bucket(&NewBucket {
            name: "other".into(),
            team: "t".into(),
        })
        .unwrap();
    let uuid = store
        .append(bucket.id, vec![message("a"), message("b")])
        .unwrap()[0]
        .uuid;
    store.append(other.id, vec![message("c")]).unwrap();
    assert!(store.share(bucket.id, uuid).unwrap().is_some());
    store.clear(bucket.id).unwrap();
    assert_eq!(
        store.search(&search(&bucket, "")).unwrap().count,
        Count::Exactly(0)
    );
    assert_eq!(
        store.search(&search(&bucket, "green")).unwrap().count,
        Count::Exactly(0)
    );
    assert_eq!(store.exchange(bucket.id, uuid).unwrap(), None);
    assert_eq!(
        store
            .histogram(&scan(&bucket, ""), Duration::from_secs(60))
            .unwrap()
            .bars,
        []
    );
    assert_eq!(store.shares(bucket.id).unwrap(), []);
    assert_eq!(store.arrived_after(bucket.id, 0, 10).unwrap(), []);
    assert_eq!(ids(&store.search(&search(&other, "green")).unwrap()), ["c"]);
    assert_eq!(
        store.append(bucket.id, vec![message("a")]).unwrap()[0].kept,
        Kept::New
    );
    assert_eq!(ids(&store.search(&search(&bucket, "")).unwrap()), ["a"]);
}

#[test]
fn a_deleted_bucket_takes_nothing_more() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let other = store
        .create_bucket(&NewBucket {
            name: "other".into(),
            team: String::new(),
        })
        .unwrap();
    let digest = [7; 32];
    store.add_token(other.id, Scope::Write, &digest).unwrap();
    assert_eq!(
        store.grant(&digest).unwrap().map(|grant| grant.scope),
        Some(Scope::Write)
    );
    store.append(other.id, vec![message("a")]).unwrap();
    store.delete_bucket(other.id).unwrap();
    assert_eq!(store.bucket(&other.key).unwrap(), None);
    assert_eq!(store.grant(&digest).unwrap(), None);
    assert!(
        store
            .append(other.id, vec![message("b")])
            .unwrap_err()
            .is_no_bucket()
    );
    assert!(
        store
            .search(&search(&other, ""))
            .unwrap_err()
            .is_no_bucket()
    );
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

#[test]
fn a_view_belongs_to_its_bucket_and_goes_with_it() {
    let directory = tempfile::tempdir().unwrap();
    let view = |name: &str| NewView {
        name: name.to_owned(),
        filter: "status:500".to_owned(),
    };
    let (id, other) = {
        let store = open(directory.path());
        let bucket = default_bucket(&store);
        let other = store
            .create_bucket(&NewBucket {
                name: "o".into(),
                team: String::new(),
            })
            .unwrap();
        store.add_view(other.id, &view("theirs")).unwrap();
        (store.add_view(bucket.id, &view("ours")).unwrap().id, other)
    };
    let store = open(directory.path());
    let bucket = default_bucket(&store);
    assert_eq!(store.views(bucket.id).unwrap()[0].name, "ours");
    assert!(!store.change_view(other.id, id, &view("stolen")).unwrap());
    assert!(!store.remove_view(other.id, id).unwrap());
    assert!(store.change_view(bucket.id, id, &view("renamed")).unwrap());
    assert_eq!(store.views(bucket.id).unwrap()[0].name, "renamed");
    store.delete_bucket(other.id).unwrap();
    assert_eq!(store.views(other.id).unwrap(), []);
    assert!(store.remove_view(bucket.id, id).unwrap());
    assert_eq!(store.views(bucket.id).unwrap(), []);
}

#[test]
fn a_share_has_one_name_until_it_is_taken_back() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let bucket = default_bucket(&store);
    let uuid = store.append(bucket.id, vec![message("a")]).unwrap()[0].uuid;
    let share = store.share(bucket.id, uuid).unwrap().unwrap();
    assert_eq!(store.share(bucket.id, uuid).unwrap().unwrap(), share);
    assert_eq!(store.shared(&share.name).unwrap(), Some(share.clone()));
    assert_eq!(
        store.shares(bucket.id).unwrap(),
        std::slice::from_ref(&share)
    );
    assert!(store.unshare(bucket.id, uuid).unwrap());
    assert!(!store.unshare(bucket.id, uuid).unwrap());
    assert_eq!(store.shared(&share.name).unwrap(), None);
    assert_eq!(
        store.share(bucket.id, uuid::Uuid::from_u128(5)).unwrap(),
        None
    );
}

#[test]
fn one_process_at_a_time_has_the_directory() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    assert!(
        Sqlite::open(Settings::new(directory.path()))
            .unwrap_err()
            .is_in_use()
    );
    drop(store);
    open(directory.path());
}

#[test]
fn messages_written_with_and_without_a_dictionary_are_read() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
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

#[cfg(unix)]
#[test]
fn files_are_their_owners_only_though_the_directory_is_not() {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;
    let parent = tempfile::tempdir().unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let made = parent.path().join("a/made");
    drop(open(&made));
    assert_eq!(mode(&made), 0o700);
    let wide = parent.path().join("wide");
    fs::create_dir(&wide).unwrap();
    fs::set_permissions(&wide, Permissions::from_mode(0o755)).unwrap();
    let files = || {
        fs::read_dir(&wide)
            .unwrap()
            .map(|entry| entry.unwrap().path())
    };
    let check = || {
        let store = open(&wide);
        let bucket = default_bucket(&store);
        store.append(bucket.id, vec![message("a")]).unwrap();
        let modes: Vec<_> = files().map(|path| (mode(&path), path)).collect();
        assert!(
            modes.len() >= 5,
            "database files with their logs: {modes:?}"
        );
        assert!(modes.iter().all(|(mode, _)| *mode == 0o600), "{modes:?}");
    };
    check();
    assert_eq!(mode(&wide), 0o755);
    for path in files() {
        fs::set_permissions(path, Permissions::from_mode(0o644)).unwrap();
    }
    check();
}

#[test]
fn sessions_are_kept_over_a_restart_for_their_owner_alone() {
    let directory = tempfile::tempdir().unwrap();
    let session = |byte: u8| Session {
        digest: [byte; 32],
        used: Timestamp::from_micros(i64::from(byte)),
    };
    let (owner, another) = ([1; 32], [2; 32]);
    let store = Sqlite::open(Settings::new(directory.path())).unwrap();
    store
        .keep_sessions(&owner, &[session(3), session(4)])
        .unwrap();
    store.keep_sessions(&owner, &[session(4)]).unwrap();
    drop(store);
    let store = Sqlite::open(Settings::new(directory.path())).unwrap();
    assert_eq!(store.sessions(&owner).unwrap(), [session(4)]);
    assert!(store.sessions(&another).unwrap().is_empty());
}
