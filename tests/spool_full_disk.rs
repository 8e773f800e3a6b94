//! A disk that takes no more, through the whole library: memory takes its place, and it is used again.
//!
//! The disk is the limit on the size of a process's files, which its system refuses to pass. It holds for
//! all of a process, so the app is one of its own.

#![cfg(target_os = "linux")]

mod support;

use runscope::{Config, Recorder};
use rustix::process::{Resource, Rlimit, setrlimit};
use std::collections::HashSet;
use std::process::Command;
use std::sync::atomic::Ordering;
use std::time::Duration;
use support::api::FakeApi;
use support::exchanges::{PATIENCE, assert_adds_up, record, wait_until};

const CHILD: &str = "RUNSCOPE_TEST_FULL_DISK";

/// No file can grow beyond this.
fn limit_files(bytes: Option<u64>) {
    let limit = Rlimit {
        current: bytes,
        maximum: None,
    };
    setrlimit(Resource::Fsize, limit).expect("a limit");
}

#[test]
fn a_disk_that_is_full_is_done_without_and_used_again_when_there_is_room() {
    // The signal that comes with the refusal would end the process.
    let status = Command::new("sh")
        .args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""])
        .arg(std::env::current_exe().expect("a path"))
        .args(["an_app_whose_disk_is_full", "--exact", "--ignored"])
        .env(CHILD, "1")
        .status()
        .expect("a child");
    assert!(status.success(), "{status}");
}

#[test]
#[ignore = "it is started by the test above"]
fn an_app_whose_disk_is_full() {
    if std::env::var_os(CHILD).is_none() {
        return;
    }
    let directory = tempfile::tempdir().expect("a directory");
    let (api, works) = FakeApi::broken();
    let config = Config::builder()
        .access_token("token")
        .bucket_key("bucket")
        .api_endpoint(api.url())
        .max_coalescing_delay(Duration::from_millis(5))
        .initial_retry_delay(Duration::from_millis(1))
        .max_retry_delay(Duration::from_millis(20))
        .spool_dir(directory.path().join("spool"))
        .spool_drain_rate(100_000)
        .max_entries(100);
    let config = config.build().expect("a config");
    let (recorder, guard) = Recorder::start(config).expect("a recorder");

    let mut ids = record(&recorder, 50);
    wait_until(&recorder, |stats| stats.spooled == 50);
    limit_files(Some(1));
    ids.extend(record(&recorder, 60));
    let stats = wait_until(&recorder, |stats| stats.spool_faults > 0);
    assert_adds_up(&stats);
    assert_eq!((stats.spooled, stats.queued), (50, 60));
    let more = record(&recorder, 1000);
    let dropped = recorder.stats().dropped.queue_full;
    assert!(dropped > 0, "memory is bounded");

    limit_files(None);
    let stats = wait_until(&recorder, |stats| stats.queued == 0);
    assert_adds_up(&stats);
    assert_eq!(stats.spooled, 1110 - dropped);
    works.store(true, Ordering::SeqCst);
    let stats = wait_until(&recorder, |stats| stats.spooled + stats.queued == 0);
    assert_adds_up(&stats);
    assert_eq!(stats.dropped.total(), dropped);
    let accepted: HashSet<_> = api.accepted_ids().into_iter().collect();
    assert!(ids.iter().all(|id| accepted.contains(id)));
    let lost = more.iter().filter(|id| !accepted.contains(*id)).count();
    assert_eq!(
        (lost as u64, accepted.len() as u64),
        (dropped, stats.delivered)
    );
    guard.shutdown_blocking(PATIENCE).expect("nothing is left");
}
