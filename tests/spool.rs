//! The spool: an outage, a restart, a kill and a disk that says no lose nothing that is not counted.

mod support;

use runscope::{Config, ConfigBuilder, Guard, Recorder, RequestHead, SpoolKeep};
use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};
use support::api::{FakeApi, RefusingApi, Reply};
use support::exchanges::{
    PATIENCE, assert_adds_up, begin, finish, record, record_body, record_one, try_begin, wait_until,
};

const TOKEN: &str = "t0ken-that-is-never-on-disk";

/// A directory for a spool, that is removed in the end.
struct Directory(tempfile::TempDir);

impl Directory {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a directory"))
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("spool")
    }

    /// The names and the bytes of the files.
    fn files(&self) -> Vec<(String, Vec<u8>)> {
        let files = fs::read_dir(self.path()).expect("the directory");
        files
            .map(|file| {
                let file = file.expect("a file");
                let name = file.file_name().into_string().expect("a name");
                (name, fs::read(file.path()).expect("the bytes"))
            })
            .collect()
    }

    fn holds(&self, bytes: &[u8]) -> bool {
        let found = |(_, content): &(String, Vec<u8>)| {
            content.windows(bytes.len()).any(|window| window == bytes)
        };
        self.files().iter().any(found)
    }
}

fn config(url: &str, directory: &Path) -> ConfigBuilder {
    Config::builder()
        .access_token(TOKEN)
        .bucket_key("bucket")
        .api_endpoint(url)
        .log_body(true)
        .max_coalescing_delay(Duration::from_millis(5))
        .initial_retry_delay(Duration::from_millis(1))
        .max_retry_delay(Duration::from_millis(20))
        .spool_dir(directory)
        .spool_drain_rate(100_000)
}

fn start(config: ConfigBuilder) -> (Recorder, Guard) {
    Recorder::start(config.build().expect("a config")).expect("a recorder")
}

/// Every identifier was accepted, none twice.
#[track_caller]
fn assert_once(api: &FakeApi, ids: &[String]) {
    let accepted = api.accepted_ids();
    let distinct: HashSet<_> = accepted.iter().collect();
    assert_eq!(distinct.len(), accepted.len(), "none comes twice");
    let missing: Vec<_> = ids.iter().filter(|id| !distinct.contains(id)).collect();
    assert!(missing.is_empty(), "{} are missing", missing.len());
}

/// Leaves `count` exchanges in a spool, as a process does whose API is down when it ends.
fn leave_behind(directory: &Path, count: usize) -> Vec<String> {
    let refusing = RefusingApi::bind();
    let (recorder, guard) = start(config(&refusing.url(), directory));
    let ids = record(&recorder, count);
    guard
        .shutdown_blocking(PATIENCE)
        .expect("what is on disk is not left over");
    let stats = recorder.stats();
    assert_adds_up(&stats);
    assert_eq!((stats.spooled, stats.dropped.total()), (count as u64, 0));
    ids
}

#[test]
fn an_outage_of_more_than_memory_holds_loses_nothing_and_everything_comes_once_and_in_order() {
    let directory = Directory::new();
    let (api, works) = FakeApi::broken();
    let (recorder, guard) = start(
        config(&api.url(), &directory.path())
            .max_entries(100)
            .max_batch_size(50),
    );
    let mut ids = Vec::new();
    for _ in 0..20 {
        ids.extend(record(&recorder, 100));
        // What memory can't hold has to be on disk before more comes.
        recorder.flush_blocking(PATIENCE).expect("the disk has it");
        let stats = recorder.stats();
        assert_adds_up(&stats);
        assert_eq!((stats.queued, stats.dropped.total()), (0, 0), "{stats:?}");
    }
    assert_eq!(recorder.stats().spooled, 2000);
    assert!(api.accepted().is_empty());

    works.store(true, Ordering::SeqCst);
    let stats = wait_until(&recorder, |stats| stats.delivered == 2000);
    assert_adds_up(&stats);
    assert_eq!((stats.spooled, stats.dropped.total()), (0, 0));
    assert_eq!(api.accepted_ids(), ids, "in their order, each once");
    guard.shutdown_blocking(PATIENCE).expect("nothing is left");
    let left: Vec<_> = directory
        .files()
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    assert_eq!(left, ["lock"], "nothing is left on disk");
}

#[test]
fn under_load_the_next_try_does_not_wait_for_an_empty_queue() {
    let directory = Directory::new();
    let (api, works) = FakeApi::broken();
    let (recorder, guard) = start(
        config(&api.url(), &directory.path())
            .max_batch_size(5)
            .max_entries(1000),
    );
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !is_over.load(Ordering::SeqCst) {
                    record(&recorder, 10);
                }
            });
        }
        // The guard of the threads: they end, whatever fails here.
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            wait_until(&recorder, |stats| stats.spooled > 100);
            works.store(true, Ordering::SeqCst);
            wait_until(&recorder, |stats| stats.delivered > 100);
        }));
        is_over.store(true, Ordering::SeqCst);
        outcome.expect("it delivers under load");
    });
    guard
        .shutdown_blocking(PATIENCE)
        .expect("the rest is on disk");
    let stats = recorder.stats();
    assert_adds_up(&stats);
    assert_eq!(stats.dropped.total(), stats.dropped.queue_full, "{stats:?}");
}

#[test]
fn the_counters_add_up_at_every_moment_with_a_spool_and_an_unreliable_api() {
    let directory = Directory::new();
    let mut posts = 0_usize;
    let api = FakeApi::start(move |_| {
        posts += 1;
        match posts % 11 {
            1 => Reply::status(503),
            3 => Reply::Reset,
            4 => Reply::status(413),
            5 => Reply::status(400),
            7 => Reply::status(401),
            9 => Reply::json(200, "what?"),
            _ => Reply::Accept,
        }
    });
    let (recorder, guard) = start(
        config(&api.url(), &directory.path())
            .max_entries(200)
            .max_batch_size(20),
    );
    let is_over = AtomicBool::new(false);
    let looks = thread::scope(|scope| {
        let looks = scope.spawn(|| {
            let mut looks = 0_u64;
            while !is_over.load(Ordering::SeqCst) {
                assert_adds_up(&recorder.stats());
                looks += 1;
                thread::yield_now();
            }
            looks
        });
        for at in 0..1500 {
            record_body(&recorder, "/", b"some text");
            if at % 50 == 0 {
                let _ = recorder.flush_blocking(PATIENCE);
            }
        }
        wait_until(&recorder, |stats| stats.queued + stats.spooled == 0);
        is_over.store(true, Ordering::SeqCst);
        looks.join().expect("the counters to add up")
    });
    assert!(looks > 0);
    let stats = recorder.stats();
    assert_adds_up(&stats);
    assert_eq!((stats.captured, stats.panics), (1500, 0));
    assert_eq!(stats.dropped.total(), stats.dropped.queue_full, "{stats:?}");
    assert_once(&api, &[]);
    guard.shutdown_blocking(PATIENCE).expect("nothing is left");
}

#[test]
fn what_a_process_leaves_behind_the_next_one_delivers_under_the_same_identifiers() {
    let directory = Directory::new();
    let ids = leave_behind(&directory.path(), 300);
    let api = FakeApi::accepting();
    let (recorder, guard) = start(config(&api.url(), &directory.path()));
    let stats = wait_until(&recorder, |stats| stats.delivered == 300);
    assert_adds_up(&stats);
    assert_eq!(
        (stats.recovered, stats.captured, stats.spooled),
        (300, 300, 0)
    );
    assert_eq!(api.accepted_ids(), ids);
    guard.shutdown_blocking(PATIENCE).expect("nothing is left");

    // What was acknowledged does not come back.
    let (recorder, guard) = start(config(&api.url(), &directory.path()));
    record_one(&recorder, "/");
    wait_until(&recorder, |stats| stats.delivered == 1);
    guard.shutdown_blocking(PATIENCE).expect("nothing is left");
    assert_eq!(recorder.stats().recovered, 0);
    assert_eq!(api.accepted_ids().len(), 301);
}

#[test]
fn a_shutdown_against_a_silent_server_puts_on_disk_what_is_in_flight_and_what_waits() {
    let directory = Directory::new();
    let api = FakeApi::start(|_| Reply::Silence);
    let hour = Duration::from_secs(3600);
    let (recorder, guard) = start(config(&api.url(), &directory.path()).timeout(hour));
    let mut ids = vec![record_one(&recorder, "/in-flight")];
    api.wait_for_posts(1);
    ids.extend(record(&recorder, 500));
    let begun = Instant::now();
    guard
        .shutdown_blocking(Duration::from_secs(3))
        .expect("the disk has it");
    assert!(begun.elapsed() < Duration::from_secs(10));
    let stats = recorder.stats();
    assert_adds_up(&stats);
    assert_eq!(
        (stats.spooled, stats.dropped.total()),
        (501, 0),
        "{stats:?}"
    );

    let api = FakeApi::accepting();
    let (recorder, _guard) = start(config(&api.url(), &directory.path()));
    wait_until(&recorder, |stats| stats.delivered == 501);
    assert_once(&api, &ids);
}

#[test]
fn new_traffic_is_not_starved_while_the_spool_is_drained_at_its_rate() {
    let directory = Directory::new();
    leave_behind(&directory.path(), 2000);
    let api = FakeApi::accepting();
    let begun = Instant::now();
    let (recorder, guard) = start(
        config(&api.url(), &directory.path())
            .spool_drain_rate(100)
            .max_batch_size(20),
    );
    wait_until(&recorder, |stats| stats.recovered == 2000);
    let new = record(&recorder, 200);
    wait_until(&recorder, |stats| stats.queued == 0);
    let stats = recorder.stats();
    let drained = 2000 - stats.spooled;
    let took = begun.elapsed();
    assert!(
        stats.spooled > 0,
        "the new ones went past the old ones: {stats:?}"
    );
    let most = took.as_secs() * 100 + 200;
    assert!(drained <= most, "{drained} in {took:?}");
    assert_once(&api, &new);
    guard
        .shutdown_blocking(PATIENCE)
        .expect("the rest is on disk");
    let stats = recorder.stats();
    assert_adds_up(&stats);
    assert_eq!(stats.dropped.total(), 0);
}

#[test]
fn a_second_process_on_the_same_spool_works_from_memory_until_the_first_has_ended() {
    let directory = Directory::new();
    let (api, works) = FakeApi::broken();
    let (first, guard) = start(config(&api.url(), &directory.path()));
    let mut ids = record(&first, 10);
    wait_until(&first, |stats| stats.spooled == 10);

    let (second, _guard) = start(config(&api.url(), &directory.path()));
    ids.extend(record(&second, 10));
    let stats = wait_until(&second, |stats| stats.spool_faults > 0);
    assert_adds_up(&stats);
    assert_eq!(
        (stats.spooled, stats.queued, stats.dropped.total()),
        (0, 10, 0)
    );

    guard.shutdown_blocking(PATIENCE).expect("the disk has it");
    let stats = wait_until(&second, |stats| stats.spooled == 20);
    assert_eq!((stats.recovered, stats.captured), (10, 20));
    works.store(true, Ordering::SeqCst);
    wait_until(&second, |stats| stats.delivered == 20);
    assert_once(&api, &ids);
}

#[test]
fn a_directory_that_can_not_be_used_is_done_without_and_used_as_soon_as_it_can_be() {
    let directory = Directory::new();
    // A file stands where the directory is to be.
    fs::write(directory.path(), "in the way").expect("to write");
    let (api, works) = FakeApi::broken();
    let (recorder, _guard) = start(config(&api.url(), &directory.path()).max_entries(20));
    let ids = record(&recorder, 15);
    wait_until(&recorder, |stats| {
        stats.spool_faults > 0 && stats.retries > 2
    });
    let stats = recorder.stats();
    assert_adds_up(&stats);
    assert_eq!((stats.spooled, stats.queued), (0, 15));
    record(&recorder, 50);
    assert!(recorder.stats().dropped.queue_full > 0, "memory is bounded");

    fs::remove_file(directory.path()).expect("to remove");
    let stats = wait_until(&recorder, |stats| stats.queued == 0);
    assert_adds_up(&stats);
    assert_eq!(stats.spooled + stats.dropped.queue_full, 65);
    works.store(true, Ordering::SeqCst);
    wait_until(&recorder, |stats| stats.spooled == 0);
    assert_once(&api, &ids);
}

#[test]
fn a_spool_that_is_removed_meanwhile_loses_nothing() {
    let directory = Directory::new();
    let (api, works) = FakeApi::broken();
    let (recorder, _guard) = start(config(&api.url(), &directory.path()));
    // Segments can't be made in a directory that is gone.
    wait_until(&recorder, |_| directory.path().join("lock").exists());
    fs::remove_dir_all(directory.path()).expect("to remove");
    let ids = record(&recorder, 50);
    let stats = wait_until(&recorder, |stats| stats.spool_faults > 0);
    assert_adds_up(&stats);
    assert_eq!((stats.spooled, stats.queued), (0, 50));
    works.store(true, Ordering::SeqCst);
    wait_until(&recorder, |stats| stats.delivered == 50);
    assert_once(&api, &ids);
}

#[test]
fn a_full_spool_keeps_the_oldest_or_the_newest_and_counts_the_others() {
    for keep in [SpoolKeep::Oldest, SpoolKeep::Newest] {
        let directory = Directory::new();
        let (api, works) = FakeApi::broken();
        let (recorder, _guard) = start(
            config(&api.url(), &directory.path())
                .spool_max_bytes(64 << 10)
                .spool_keep(keep)
                .max_batch_size(10)
                .max_entries(50),
        );
        let mut ids = Vec::new();
        for _ in 0..60 {
            ids.extend(record(&recorder, 10));
            // A full spool that keeps the oldest leaves something in memory.
            let _ = recorder.flush_blocking(Duration::from_millis(50));
        }
        let stats = recorder.stats();
        assert_adds_up(&stats);
        assert!(stats.spooled > 30, "{stats:?}");
        let bytes: usize = directory.files().iter().map(|(_, bytes)| bytes.len()).sum();
        assert!(bytes <= 64 << 10, "{bytes}");
        match keep {
            SpoolKeep::Oldest => {
                assert!(stats.dropped.queue_full > 0, "{stats:?}");
                assert_eq!(stats.dropped.total(), stats.dropped.queue_full);
            }
            _ => {
                assert!(stats.dropped.spool_full > 0, "{stats:?}");
                assert_eq!(stats.dropped.total(), stats.dropped.spool_full);
            }
        }
        works.store(true, Ordering::SeqCst);
        let stats = wait_until(&recorder, |stats| stats.spooled + stats.queued == 0);
        assert_adds_up(&stats);
        assert_eq!(stats.delivered + stats.dropped.total(), 600);
        let kept = match keep {
            SpoolKeep::Oldest => &ids[..30],
            _ => &ids[570..],
        };
        assert_once(&api, kept);
    }
}

#[test]
fn what_is_too_old_is_dropped_and_counted_also_while_it_is_in_hand() {
    let directory = Directory::new();
    let (api, _) = FakeApi::broken();
    let (recorder, _guard) =
        start(config(&api.url(), &directory.path()).spool_max_age(Duration::from_millis(300)));
    record(&recorder, 20);
    let stats = wait_until(&recorder, |stats| stats.dropped.spool_expired == 20);
    assert_adds_up(&stats);
    assert_eq!((stats.spooled, stats.queued), (0, 0));
    // A restart finds nothing, and one after a long time counts what it finds.
    let other = Directory::new();
    leave_behind(&other.path(), 5);
    let later = config(&api.url(), &other.path()).spool_max_age(Duration::from_millis(1));
    let (recorder, _guard) = start(later);
    let stats = wait_until(&recorder, |stats| stats.dropped.spool_expired == 5);
    assert_adds_up(&stats);
    assert_eq!(stats.captured, 5);
}

#[test]
fn what_is_for_a_bucket_that_is_not_configured_waits_for_it() {
    let directory = Directory::new();
    let ids = leave_behind(&directory.path(), 20);
    let api = FakeApi::accepting();
    let (recorder, guard) = start(config(&api.url(), &directory.path()).bucket_key("other"));
    record_one(&recorder, "/");
    let stats = wait_until(&recorder, |stats| {
        stats.delivered == 1 && stats.recovered == 20
    });
    assert_adds_up(&stats);
    assert_eq!(stats.spooled, 20);
    guard
        .shutdown_blocking(PATIENCE)
        .expect("nothing is left over");

    let (recorder, _guard) = start(config(&api.url(), &directory.path()));
    wait_until(&recorder, |stats| stats.delivered == 20);
    assert_eq!(api.accepted_ids()[1..], ids);
    let buckets: HashSet<_> = api.posts().iter().map(|post| post.path.clone()).collect();
    assert_eq!(buckets.len(), 2);
}

#[test]
fn two_scopes_that_name_one_bucket_share_what_is_spooled_for_it() {
    let directory = Directory::new();
    let (api, works) = FakeApi::broken();
    let other = runscope::Scope::new()
        .route("/other")
        .bucket_key("bucket")
        .access_token("another-t0ken");
    let (recorder, guard) = start(config(&api.url(), &directory.path()).scope(other));
    let mut ids = record(&recorder, 20);
    for _ in 0..20 {
        let mut head = RequestHead::new("GET", "/other");
        head.route = Some("/other");
        ids.push(finish(begin(&recorder, &head), b""));
    }
    wait_until(&recorder, |stats| stats.spooled == 40);
    works.store(true, Ordering::SeqCst);
    let stats = wait_until(&recorder, |stats| stats.delivered == 40);
    assert_adds_up(&stats);
    assert_eq!((stats.spooled, stats.dropped.total()), (0, 0));
    assert_once(&api, &ids);
    guard.shutdown_blocking(PATIENCE).expect("nothing is left");
    assert!(!directory.holds(b"another-t0ken"));
}

#[test]
fn a_damaged_spool_never_keeps_the_app_from_starting_and_what_is_whole_is_delivered() {
    let directory = Directory::new();
    let ids = leave_behind(&directory.path(), 50);
    let (name, mut bytes) = directory
        .files()
        .into_iter()
        .find(|(name, _)| name.ends_with(".log"))
        .expect("a segment");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(directory.path().join(name), bytes).expect("to write");
    fs::write(directory.path().join("00000000000000ff.log"), [7; 500]).expect("to write");

    let api = FakeApi::accepting();
    let (recorder, _guard) = start(config(&api.url(), &directory.path()));
    let stats = wait_until(&recorder, |stats| stats.delivered == 49);
    assert_adds_up(&stats);
    assert_eq!((stats.spool_damaged, stats.dropped.spool_damaged), (2, 1));
    let accepted = api.accepted_ids();
    assert!(accepted.iter().all(|id| ids.contains(id)));
}

#[test]
fn no_secret_and_no_token_is_ever_on_disk() {
    let directory = Directory::new();
    let (api, _) = FakeApi::broken();
    let (recorder, guard) = start(config(&api.url(), &directory.path()));
    let secret = "c4nary-9b1f";
    let head = RequestHead::new("POST", "/login?password=c4nary-9b1f&shown=plain-4711");
    let header = format!("Bearer {secret}");
    let headers = [("authorization", header.as_bytes())];
    let exchange = try_begin(&recorder, &head, &headers).expect("it is captured");
    finish(exchange, b"password=c4nary-9b1f");
    finish(
        begin(&recorder, &RequestHead::new("GET", "/")),
        br#"{"token": "c4nary-9b1f"}"#,
    );
    wait_until(&recorder, |stats| stats.spooled == 2);
    guard.shutdown_blocking(PATIENCE).expect("the disk has it");
    assert!(
        directory.holds(b"plain-4711"),
        "the search finds what is there"
    );
    assert!(!directory.holds(secret.as_bytes()));
    assert!(!directory.holds(TOKEN.as_bytes()));
}

/// What the child process of the next test is told by.
const CHILD: &str = "RUNSCOPE_TEST_SPOOL";

#[cfg(unix)]
#[test]
fn what_was_counted_as_spooled_survives_a_kill_and_is_delivered_once() {
    use std::io::{BufRead, BufReader};
    use std::process::{Command, Stdio};
    let directory = Directory::new();
    let mut spooled = Vec::new();
    let kills =
        std::env::var("RUNSCOPE_KILLS").map_or(10, |kills| kills.parse().expect("a number"));
    for _ in 0..kills {
        let mut child = Command::new(std::env::current_exe().expect("a path"))
            .args([
                "a_child_that_is_killed",
                "--exact",
                "--ignored",
                "--nocapture",
            ])
            .env(CHILD, directory.path())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a child");
        let lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let mut batches = lines.map_while(Result::ok).filter_map(|line| {
            let ids = line.strip_prefix("spooled ")?.strip_suffix(" whole")?;
            Some(ids.split(' ').map(str::to_owned).collect::<Vec<_>>())
        });
        // It is killed in the middle of its work, at any moment after it has said its first word.
        spooled.extend(batches.next().expect("a batch"));
        thread::sleep(Duration::from_micros(fastrand::u64(..50_000)));
        child.kill().expect("to kill");
        child.wait().expect("an end");
        // What it had said by then is still to be read.
        spooled.extend(batches.flatten());
    }
    let api = FakeApi::accepting();
    let (recorder, guard) = start(config(&api.url(), &directory.path()));
    let stats = wait_until(&recorder, |stats| {
        stats.recovered > 0 && stats.spooled + stats.queued == 0
    });
    assert_adds_up(&stats);
    assert!(stats.delivered >= spooled.len() as u64, "{stats:?}");
    assert_eq!(stats.spool_damaged, 0);
    assert_once(&api, &spooled);
    guard.shutdown_blocking(PATIENCE).expect("nothing is left");
}

/// Not a test: an app whose API is down, and that says which exchanges it has on disk. A line that the
/// kill cuts off has no end.
#[test]
#[ignore = "it is started by the test that kills it"]
fn a_child_that_is_killed() {
    let Some(path) = std::env::var_os(CHILD) else {
        return;
    };
    let refusing = RefusingApi::bind();
    let (recorder, _guard) = start(config(&refusing.url(), Path::new(&path)));
    loop {
        let ids = record(&recorder, 7);
        recorder.flush_blocking(PATIENCE).expect("the disk has it");
        println!("spooled {} whole", ids.join(" "));
    }
}
