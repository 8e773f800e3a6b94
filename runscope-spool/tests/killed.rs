//! `kill -9` of a process that writes, acknowledges and cleans up, at random moments.
//!
//! A kill can't reveal a missing fsync, for the system keeps what was written: that is what
//! `power_loss.rs` is for. This one proves the real directory, its lock, and the opening.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

use fastrand::Rng;
use runscope_spool::{Directory, Options, Spool};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write, stdout};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, SystemTime};

/// `RUNSCOPE_KILLS` says how often it is killed, for a long run.
fn rounds() -> u64 {
    let rounds = std::env::var("RUNSCOPE_KILLS").ok();
    rounds.and_then(|it| it.parse().ok()).unwrap_or(40)
}

const DIRECTORY: &str = "RUNSCOPE_KILLED_DIRECTORY";
const ROUND: &str = "RUNSCOPE_KILLED_ROUND";

/// What the child says of a record; it says it right after, or right before, it is so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Said {
    Accepted,
    Acknowledging,
    Acknowledged,
}

#[test]
fn what_was_accepted_survives_and_what_was_acknowledged_does_not_come_back() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("spool");
    let mut rng = Rng::with_seed(7);
    let mut said = BTreeMap::new();
    let mut found_after_kills = 0;
    for round in 0..rounds() {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([
                "the_child_that_is_killed",
                "--exact",
                "--nocapture",
                "--ignored",
            ])
            .env(DIRECTORY, &path)
            .env(ROUND, round.to_string())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let listener = thread::spawn(move || lines.map_while(Result::ok).collect::<Vec<_>>());
        // A random moment is what is asked for here: no event is waited for.
        thread::sleep(Duration::from_micros(rng.u64(3_000..60_000)));
        child.kill().unwrap();
        child.wait().unwrap();
        for line in listener.join().unwrap() {
            // A line may have been cut off, or be one of the test harness.
            let Some((what, number)) = line.split_once(' ') else {
                continue;
            };
            let Ok(number) = number.trim_end_matches('.').parse::<u64>() else {
                continue;
            };
            let what = match what {
                "accepted" => Said::Accepted,
                "acknowledging" => Said::Acknowledging,
                "acknowledged" => Said::Acknowledged,
                _ => continue,
            };
            if line.ends_with('.') {
                let known = said.entry(number).or_insert(what);
                *known = (*known).max(what);
            }
        }
        found_after_kills += check(&path, &said, round);
    }
    let acknowledged = said
        .values()
        .filter(|it| **it == Said::Acknowledged)
        .count();
    println!(
        "{} kills, {} records accepted, {acknowledged} acknowledged, {found_after_kills} found",
        rounds(),
        said.len()
    );
    assert!(said.len() as u64 > rounds() && acknowledged > 0 && found_after_kills > 0);
}

fn check(path: &Path, said: &BTreeMap<u64, Said>, round: u64) -> usize {
    let now = SystemTime::now();
    let storage = Directory::open(path).unwrap();
    let (mut spool, recovered) = Spool::open(storage, Options::new(1 << 26), now).unwrap();
    let is_damaged = (recovered.damaged, recovered.foreign, recovered.unreadable) != (0, 0, 0);
    assert!(!is_damaged, "round {round}: {recovered:?}");
    let records = spool.read("key", usize::MAX, usize::MAX, now).unwrap();
    let mut found: Vec<u64> = records.iter().map(|it| number(&it.payload)).collect();
    let sorted = found.is_sorted();
    found.dedup();
    assert!(sorted && found.len() == records.len(), "round {round}");
    for (number, what) in said {
        let is_there = found.binary_search(number).is_ok();
        let is_right = match what {
            Said::Accepted => is_there,
            Said::Acknowledging => true,
            Said::Acknowledged => !is_there,
        };
        assert!(is_right, "round {round}: record {number} is {what:?}");
    }
    found.len()
}

/// Not a test: what the test above starts and kills.
#[test]
#[ignore = "it is started by the test that kills it"]
fn the_child_that_is_killed() {
    let (Ok(path), Ok(round)) = (std::env::var(DIRECTORY), std::env::var(ROUND)) else {
        return;
    };
    let round: u64 = round.parse().unwrap();
    let mut rng = Rng::with_seed(round);
    let now = SystemTime::now();
    let mut options = Options::new(1 << 26);
    options.segment_bytes = 2000;
    let storage = Directory::open(path).unwrap();
    let (mut spool, _) = Spool::open(storage, options, now).unwrap();
    let mut next = round << 32;
    loop {
        let numbers: Vec<u64> = (0..rng.u64(1..6)).map(|at| next + at).collect();
        next += numbers.len() as u64;
        let payloads: Vec<Vec<u8>> = numbers.iter().map(|number| payload(*number)).collect();
        let appended = spool.append("key", payloads.iter().map(Vec::as_slice), now);
        assert_eq!(appended.accepted(), numbers.len());
        say("accepted", &numbers);
        spool.give_back("key");
        if rng.bool() {
            let records = spool.read("key", rng.usize(1..9), 1 << 20, now).unwrap();
            let numbers: Vec<u64> = records.iter().map(|it| number(&it.payload)).collect();
            say("acknowledging", &numbers);
            spool.acknowledge(records.iter().map(|it| it.id)).unwrap();
            say("acknowledged", &numbers);
        }
    }
}

fn say(what: &str, numbers: &[u64]) {
    let lines: String = numbers.iter().map(|it| format!("{what} {it}.\n")).collect();
    let mut stdout = stdout().lock();
    stdout.write_all(lines.as_bytes()).unwrap();
    stdout.flush().unwrap();
}

fn payload(number: u64) -> Vec<u8> {
    let mut payload = number.to_le_bytes().to_vec();
    payload.resize(8 + (number % 300) as usize, number as u8);
    payload
}

fn number(bytes: &[u8]) -> u64 {
    let number = u64::from_le_bytes(bytes[..8].try_into().unwrap());
    assert_eq!(bytes, payload(number), "never wrong data");
    number
}
