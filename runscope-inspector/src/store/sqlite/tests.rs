use super::{Settings, Sqlite, keeper};
use crate::exchange::{Attributes, Timestamp};
use crate::query::{Expr, View, parse, words};
use crate::store::{BucketId, Count, Kept, NewBucket, Scan, Search, Store};
use proptest::prelude::*;
use runscope_core::{Context, Message, Request, Response};
use rusqlite::Connection;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tempfile::TempDir;

struct Fixture {
    store: Sqlite,
    bucket: BucketId,
    _directory: TempDir,
}

fn fixture(change: impl FnOnce(&mut Settings)) -> Fixture {
    let directory = tempfile::tempdir().unwrap();
    let mut settings = Settings::new(directory.path());
    change(&mut settings);
    let store = Sqlite::open(settings).unwrap();
    let bucket = store.bucket("default").unwrap().unwrap().id;
    Fixture {
        store,
        bucket,
        _directory: directory,
    }
}

fn another_bucket(store: &Sqlite) -> BucketId {
    let new = NewBucket {
        name: "other".to_owned(),
        team: "default".to_owned(),
    };
    store.create_bucket(&new).unwrap().id
}

fn search(bucket: BucketId, filter: Expr) -> Search {
    let deadline = Instant::now() + Duration::from_secs(60);
    let scan = Scan {
        bucket,
        filter,
        now: Timestamp::now(),
        deadline,
    };
    Search {
        scan,
        cursor: None,
        limit: 1000,
        count_to: 1000,
        bodies: true,
    }
}

fn message(number: usize) -> Message {
    Message::new()
        .unique_identifier(format!("id-{number}"))
        .request(Request::new(
            "GET",
            format!("http://shop.example/items/{number}"),
        ))
        .response(Response::new(200).body("x".repeat(200)))
}

/// Waits until the writer has closed what is to be closed, which it does after it has answered: it
/// takes one job after the other.
fn settle(store: &Sqlite) {
    store.delete_bucket(BucketId(i64::MAX)).unwrap();
}

#[test]
fn a_full_disk_refuses_what_comes_and_reading_goes_on() {
    let Fixture {
        store,
        bucket,
        _directory,
    } = fixture(|settings| settings.max_pages = Some(80));
    let mut stored = 0;
    let error = loop {
        let noise = |at: usize| uuid::Uuid::new_v4().to_string().repeat(at % 7);
        let batch: Vec<_> = (0..50)
            .map(|at| Message::new().request(Request::new("GET", noise(at))))
            .collect();
        match store.append(bucket, batch) {
            Ok(appended) => stored += appended.len(),
            Err(error) => break error,
        }
        assert!(stored < 100_000);
    };
    assert!(error.is_full(), "{error}");
    assert!(stored > 0);
    let page = store.search(&search(bucket, Expr::All)).unwrap();
    assert_eq!(page.count, Count::Exactly(stored as u64));
    assert!(
        store
            .append(bucket, vec![message(1)])
            .is_ok_and(|appended| appended.len() == 1)
            || {
                // One more small message may or may not fit; a refusal is the same error again.
                store
                    .append(bucket, vec![message(1)])
                    .unwrap_err()
                    .is_full()
            }
    );
}

#[test]
fn retention_unlinks_the_oldest_partitions_whole() {
    let Fixture {
        store,
        bucket,
        _directory,
    } = fixture(|settings| {
        settings.partition_span = Duration::from_micros(1);
        settings.max_bytes = Some(1);
    });
    for number in 0..5 {
        store.append(bucket, vec![message(number)]).unwrap();
    }
    settle(&store);
    keeper::retain(&store.shared, Timestamp::now()).unwrap();
    let stats = store.stats().unwrap();
    assert_eq!(stats.partitions, 1);
    assert_eq!(
        store.append(bucket, vec![message(9)]).unwrap()[0].kept,
        Kept::New
    );
    let files = std::fs::read_dir(_directory.path()).unwrap();
    let names: Vec<_> = files
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    let databases = names
        .iter()
        .filter(|name| name.starts_with("exchanges-") && name.ends_with(".db"))
        .count();
    assert!(databases <= 2, "{names:?}");
}

#[test]
fn partitions_are_deleted_by_age_and_the_young_stay() {
    let Fixture {
        store,
        bucket,
        _directory,
    } = fixture(|settings| {
        settings.partition_span = Duration::from_micros(1);
        settings.max_age = Some(Duration::from_secs(3600));
    });
    for number in 0..3 {
        store.append(bucket, vec![message(number)]).unwrap();
    }
    settle(&store);
    keeper::retain(&store.shared, Timestamp::now()).unwrap();
    assert_eq!(store.stats().unwrap().exchanges, 3);
    let later = Timestamp::from_micros(Timestamp::now().as_micros() + 7_200_000_000);
    keeper::retain(&store.shared, later).unwrap();
    assert_eq!(store.stats().unwrap().partitions, 1);
}

/// The files of partitions in a store's directory.
fn databases(directory: &Path) -> Vec<PathBuf> {
    let files = std::fs::read_dir(directory).unwrap();
    let mut paths: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    paths.retain(|path| {
        let name = path.file_name().unwrap().to_str().unwrap();
        name.starts_with("exchanges-") && name.ends_with(".db")
    });
    paths.sort();
    paths
}

fn found(store: &Sqlite, bucket: BucketId, filter: &str) -> usize {
    let page = store.search(&search(bucket, parse(filter).unwrap()));
    page.unwrap().exchanges.len()
}

#[test]
fn a_small_bucket_is_cleared_without_a_new_file() {
    let Fixture {
        store,
        bucket,
        _directory,
    } = fixture(|_| {});
    let other = another_bucket(&store);
    store.append(other, vec![message(0)]).unwrap();
    for round in 0..20 {
        store.append(bucket, vec![message(round)]).unwrap();
        store.clear(bucket).unwrap();
        assert_eq!(found(&store, bucket, ""), 0);
    }
    assert_eq!(databases(_directory.path()).len(), 1);
    assert_eq!(found(&store, other, "items"), 1);
    assert_eq!(store.stats().unwrap().exchanges, 1);
    let known = store.append(bucket, vec![message(7)]).unwrap();
    assert_eq!(known[0].kept, Kept::New);
}

#[test]
fn what_is_cleared_in_a_partition_of_others_leaves_the_disk() {
    let Fixture {
        store,
        bucket,
        _directory,
    } = fixture(|_| {});
    let other = another_bucket(&store);
    store.append(other, vec![message(0)]).unwrap();
    let many = (0..1200).map(message).collect();
    store.append(bucket, many).unwrap();
    store.clear(bucket).unwrap();
    let whole = databases(_directory.path());
    assert_eq!(whole.len(), 2, "more than a few rows are left behind");
    let rows = || {
        let sealed = store.shared.partitions.sealed().remove(0).0;
        let rows = |connection: &Connection| {
            let count = |sql| connection.query_row(sql, [], |row| row.get::<_, i64>(0));
            let words = "SELECT count(*) FROM words WHERE words MATCH 'items'";
            Ok((count("SELECT count(*) FROM exchange")?, count(words)?))
        };
        sealed.read(rows).unwrap().unwrap()
    };
    wait_until(|| rows() == (1, 1));
    wait_until(|| store.shared.catalogue.purges().unwrap().is_empty());
    assert_eq!(found(&store, other, "items"), 1);
    store.clear(other).unwrap();
    wait_until(|| databases(_directory.path()).len() == 1);
}

#[test]
fn a_damaged_partition_is_set_aside_and_the_others_are_read() {
    for damaged in [0, 1, 2] {
        let directory = tempfile::tempdir().unwrap();
        let mut settings = Settings::new(directory.path());
        settings.partition_span = Duration::from_micros(1);
        let store = Sqlite::open(settings.clone()).unwrap();
        let bucket = store.bucket("default").unwrap().unwrap().id;
        for number in 0..2 {
            store.append(bucket, vec![message(number)]).unwrap();
            settle(&store);
        }
        drop(store);
        let files = databases(directory.path());
        assert_eq!(files.len(), 3);
        std::fs::write(&files[damaged], "this was a database").unwrap();
        let store = Sqlite::open(settings).unwrap();
        let left = if damaged == 2 { 2 } else { 1 };
        assert_eq!(found(&store, bucket, ""), left);
        let appended = store.append(bucket, vec![message(9)]).unwrap();
        assert_eq!(appended[0].kept, Kept::New);
        assert_eq!(found(&store, bucket, ""), left + 1);
        let mut aside = files[damaged].clone().into_os_string();
        aside.push(".damaged");
        assert!(PathBuf::from(aside).exists());
    }
}

#[test]
fn the_index_is_merged_while_nobody_asks() {
    let Fixture {
        store,
        bucket,
        _directory,
    } = fixture(|_| {});
    for round in 0..12 {
        store.append(bucket, vec![message(round)]).unwrap();
    }
    let pieces = || {
        let partition = store.shared.partitions.newest_first().remove(0).0;
        let sql = "SELECT count(DISTINCT segid) FROM words_idx";
        let count = |connection: &Connection| {
            Ok(connection.query_row(sql, [], |row| row.get::<_, i64>(0))?)
        };
        partition.read(count).unwrap().unwrap()
    };
    wait_until(|| pieces() < 4);
    assert_eq!(found(&store, bucket, "items"), 12);
}

#[test]
fn a_dictionary_is_kept_as_long_as_something_is_packed_with_it() {
    let Fixture { store, .. } = fixture(|_| {});
    let catalogue = &store.shared.catalogue;
    for (bytes, since) in [(b"a", 10), (b"b", 20), (b"c", 30), (b"d", 40)] {
        catalogue.add_dictionary(bytes, since).unwrap();
    }
    let nothing: Vec<Vec<u8>> = Vec::new();
    assert_eq!(catalogue.forget_dictionaries(30).unwrap(), nothing);
    assert_eq!(catalogue.forget_dictionaries(31).unwrap(), [b"a"]);
    assert_eq!(catalogue.dictionaries().unwrap(), [b"b", b"c", b"d"]);
}

/// Waits for what the store does by itself, and is woken for or does while it is idle.
fn wait_until(done: impl Fn() -> bool) {
    let late = Instant::now() + Duration::from_secs(60);
    while !done() {
        assert!(Instant::now() < late, "it was not done in a minute");
        std::thread::yield_now();
    }
}

/// The index's words must be the evaluator's: for texts of every kind the tokenizer could cut
/// otherwise.
#[test]
fn the_index_keeps_the_words_it_is_given() {
    let Fixture {
        store,
        bucket,
        _directory,
    } = fixture(|_| {});
    let texts = [
        "card_declined",
        "ÅÄÖ straße ΟΔΟΣ",
        "東京 テスト",
        "e\u{301}te\u{301}",
        "ⅷ ⑧ ½",
        "a\u{200b}b",
        "\u{e000}b1",
        "İstanbul",
        "नमस्ते",
        "👍🏽 ok",
        "NUL\0byte",
        "ǅ ﬁ",
        "٣٤٥",
    ];
    for text in texts {
        let request = Request::new("POST", "/").body(text);
        store
            .append(bucket, vec![Message::new().request(request)])
            .unwrap();
    }
    for (at, text) in texts.into_iter().enumerate() {
        for word in words(text) {
            let filter = parse(&format!("body:\"{word}\"")).unwrap();
            let page = store.search(&search(bucket, filter)).unwrap();
            let found = page
                .exchanges
                .iter()
                .any(|exchange| exchange.sequence == at as i64 + 1);
            assert!(found, "{word} of {text}");
        }
    }
}

fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("card".to_owned()),
        Just("declined".to_owned()),
        Just("card_declined".to_owned()),
        Just("decl".to_owned()),
        Just("ÅNGSTRÖM".to_owned()),
        Just("東京".to_owned()),
        Just("a-b".to_owned()),
        Just("--".to_owned()),
        Just("0198c8a4-7d1e".to_owned()),
        Just("\u{e000}c2".to_owned()),
    ]
}

fn text() -> impl Strategy<Value = String> {
    proptest::collection::vec(word(), 0..5).prop_map(|words| words.join(" "))
}

fn exchange() -> impl Strategy<Value = Message> {
    let method = prop_oneof![Just("GET"), Just("post")];
    let host = prop_oneof![
        Just("shop.example"),
        Just("Shop.example:8080"),
        Just("api.example")
    ];
    let status = prop_oneof![
        Just(None),
        Just(Some(200_u16)),
        Just(Some(404)),
        Just(Some(500)),
        Just(Some(503))
    ];
    let request = (method, host, word(), text(), 0..3_usize);
    (
        request,
        status,
        0..4000_u32,
        text(),
        proptest::option::of(word()),
    )
        .prop_map(
            |((method, host, path, body, headers), status, millis, answer, tag)| {
                let mut request = Request::new(method, format!("http://{host}/{path}?q={path}"));
                request = match headers {
                    0 => request,
                    1 => request.header("X-Note", body.clone()),
                    _ => request.header("x-note", "declined").body(format!(
                        r#"{{"note":"{path}","n":[1,{{"deep":"{path}"}}]}}"#
                    )),
                };
                let mut message = Message::new().request(request);
                if let Some(status) = status {
                    message = message.response(
                        Response::new(status)
                            .body(answer)
                            .response_time(f64::from(millis) / 1000.0),
                    );
                }
                if let Some(tag) = tag {
                    let mut context = Context::default();
                    context.route = Some(format!("/{tag}/{{id}}"));
                    context.tags.insert("Kind".to_owned(), tag);
                    message = message.context(context);
                }
                message
            },
        )
}

fn filter() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        word().prop_map(|word| format!("{word:?}").replace("\\u{e000}", "\u{e000}")),
        text().prop_map(|text| format!("response.body:\"{text}\"")),
        word().prop_map(|word| format!("request.body:\"{word}\"")),
        word().prop_map(|word| format!("header.x-note:\"{word}\"")),
        word().prop_map(|word| format!("url:\"{word}\"")),
        word().prop_map(|word| format!("tag.Kind:\"{word}\"")),
        word().prop_map(|word| format!("body.$.note:\"{word}\"")),
        word().prop_map(|word| format!("body.$.n[1].deep:\"{word}\"")),
        word().prop_map(|word| format!("route:\"/{word}/{{id}}\"")),
        Just("tag.kind:*".to_owned()),
        Just("tag.Kind:*".to_owned()),
        Just("body.$.n[0]:>=1".to_owned()),
        Just("decl*".to_owned()),
        Just("*clin*".to_owned()),
        Just("body:/d.c/i".to_owned()),
        Just("*".to_owned()),
        Just("host:shop.example".to_owned()),
        Just("host:shop.example:8080".to_owned()),
        Just("host:*.example".to_owned()),
        Just("host:shop*".to_owned()),
        Just("method:POST".to_owned()),
        Just("method:g*".to_owned()),
        Just("path:/card*".to_owned()),
        Just("path:*d".to_owned()),
        Just("path:/CARD/i".to_owned()),
        Just("route:*".to_owned()),
        Just("status:404".to_owned()),
        Just("status:5xx".to_owned()),
        Just("status:>=404".to_owned()),
        Just("status:200..404".to_owned()),
        Just("status:<300".to_owned()),
        Just("time:>1s".to_owned()),
        Just("time:<=500ms".to_owned()),
        Just("time:1s..2s".to_owned()),
        Just("size:>10".to_owned()),
        Just("request.size:0".to_owned()),
        Just("since:1h".to_owned()),
        Just("before:1h".to_owned()),
    ];
    leaf.prop_recursive(3, 10, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(|inner| format!("NOT ({inner})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a}) ({b})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a}) OR ({b})")),
            (inner.clone(), inner).prop_map(|(a, b)| format!("{a} AND NOT ({b})")),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_search_finds_exactly_what_the_evaluator_passes(
        messages in proptest::collection::vec(exchange(), 1..30),
        filters in proptest::collection::vec(filter(), 40),
        other in any::<bool>(),
        remembered in any::<bool>(),
    ) {
        let Fixture { store, bucket, _directory } = fixture(|_| {});
        if other {
            let other = another_bucket(&store);
            store.append(other, messages.clone()).unwrap();
        }
        store.append(bucket, messages.clone()).unwrap();
        if !remembered {
            store.shared.recent.clear();
        }
        let arrived = Timestamp::now();
        for filter in filters {
            let expr = parse(&filter).unwrap();
            let query = search(bucket, expr.clone());
            let page = store.search(&query).unwrap();
            let found: Vec<_> = page.exchanges.iter().rev().map(|exchange| exchange.message.clone()).collect();
            let expected: Vec<_> = messages
                .iter()
                .filter(|message| {
                    let attributes = Attributes::of(message, arrived);
                    expr.matches(View { attributes: &attributes, message, now: query.scan.now })
                })
                .cloned()
                .collect();
            prop_assert_eq!(&found, &expected, "{}", filter);
            prop_assert_eq!(page.count, Count::Exactly(expected.len() as u64));
            let counted = Search { limit: 1, ..query };
            let matches = expected.len() as u64;
            match store.search(&counted).unwrap().count {
                Count::Exactly(count) => prop_assert_eq!(count, matches, "{}", filter),
                Count::AtLeast(count) => prop_assert!(count <= matches, "{}", filter),
            }
        }
    }
}
