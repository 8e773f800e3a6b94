//! The power fails at every single step of a workload: nothing that was accepted is missing, and
//! nothing comes back whose acknowledgement was durable.
//!
//! The last tests take away what makes it hold, and show that the others would notice.

#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use fastrand::Rng;
use runscope_spool::{Options, RecordId, Spool};
use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use support::Disk;

const KEYS: [&str; 2] = ["one", "other"];

/// What is known of one record, by the number that its payload says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// It was offered, and whether it was accepted is not known: it may be there.
    Offered,
    Accepted,
    /// It was acknowledged, and whether that is durable is not known.
    Acknowledging,
    Acknowledged,
}

/// A workload, and what it knows of each record that it made.
struct Work {
    rng: Rng,
    fates: BTreeMap<u64, (usize, Fate)>,
    /// Acknowledges before the record has arrived anywhere: what must not be done.
    acknowledges_early: bool,
}

impl Work {
    fn new(seed: u64) -> Self {
        Self {
            rng: Rng::with_seed(seed),
            fates: BTreeMap::new(),
            acknowledges_early: false,
        }
    }

    /// Works until the power fails, or for a number of rounds.
    fn run(&mut self, disk: &Disk, rounds: usize) {
        let Ok((mut spool, _)) = Spool::open(disk.clone(), options(), now()) else {
            return;
        };
        let mut held: Vec<(u64, RecordId)> = Vec::new();
        for _ in 0..rounds {
            let key = self.rng.usize(0..KEYS.len());
            let went_well = match self.rng.u8(0..8) {
                0..=3 => self.append(&mut spool, key, &mut held),
                4..=5 => {
                    let records = spool.read(KEYS[key], self.rng.usize(1..6), 1 << 20, now());
                    let records = records.unwrap();
                    held.extend(records.iter().map(|it| (number(&it.payload), it.id)));
                    true
                }
                6 => self.acknowledge(&mut spool, &mut held),
                _ => spool.tidy(now()).is_ok(),
            };
            if !went_well {
                return;
            }
        }
    }

    fn append(
        &mut self,
        spool: &mut Spool<Disk>,
        key: usize,
        held: &mut Vec<(u64, RecordId)>,
    ) -> bool {
        let first = self.fates.len() as u64;
        let numbers: Vec<u64> = (first..first + self.rng.u64(1..6)).collect();
        let payloads: Vec<Vec<u8>> = numbers.iter().map(|&number| payload(number)).collect();
        for &number in &numbers {
            self.fates.insert(number, (key, Fate::Offered));
        }
        let appended = spool.append(KEYS[key], payloads.iter().map(Vec::as_slice), now());
        for (&number, id) in numbers.iter().zip(&appended.ids) {
            if let Some(id) = id {
                self.fates.insert(number, (key, Fate::Accepted));
                held.push((number, *id));
            }
        }
        // Some of what was just written stays in hand, the rest is read later.
        if self.rng.bool() {
            held.retain(|(number, _)| self.fates[number].0 != key);
            spool.give_back(KEYS[key]);
        }
        appended.error.is_none()
    }

    fn acknowledge(&mut self, spool: &mut Spool<Disk>, held: &mut Vec<(u64, RecordId)>) -> bool {
        self.rng.shuffle(held);
        let count = self.rng.usize(0..=held.len());
        let done: Vec<_> = held.drain(..count).collect();
        let fate = match self.acknowledges_early {
            true => Fate::Accepted,
            false => Fate::Acknowledging,
        };
        for (number, _) in &done {
            self.fates.get_mut(number).unwrap().1 = fate;
        }
        let went_well = spool.acknowledge(done.iter().map(|(_, id)| *id)).is_ok();
        if went_well && !self.acknowledges_early {
            for (number, _) in &done {
                self.fates.get_mut(number).unwrap().1 = Fate::Acknowledged;
            }
        }
        went_well
    }

    /// Opens the spool again and says what is wrong with it.
    fn fault(&self, disk: &Disk) -> Option<String> {
        let opened = Spool::open(disk.clone(), options(), now());
        let (mut spool, recovered) = match opened {
            Ok(opened) => opened,
            Err(error) => return Some(format!("it can't be opened: {error}")),
        };
        if (recovered.damaged, recovered.foreign, recovered.missing) != (0, 0, 0) {
            return Some(format!("it looks damaged: {recovered:?}"));
        }
        let mut found = BTreeMap::new();
        for (at, key) in KEYS.iter().enumerate() {
            let mut last = None;
            for record in spool.read(key, usize::MAX, usize::MAX, now()).unwrap() {
                let number = number(&record.payload);
                if record.payload != payload(number) {
                    return Some(format!("record {number} is not what was written"));
                }
                if last.is_some_and(|last| last >= number) {
                    return Some(format!("record {number} is out of order, or there twice"));
                }
                last = Some(number);
                found.insert(number, at);
            }
        }
        let fates = self.fates.iter();
        let wrong = fates.filter_map(|(number, (key, fate))| {
            let is_there = found.remove(number).map(|at| at == *key);
            let is_right = match fate {
                Fate::Offered | Fate::Acknowledging => is_there != Some(false),
                Fate::Accepted => is_there == Some(true),
                Fate::Acknowledged => is_there.is_none(),
            };
            (!is_right).then(|| format!("record {number} is {fate:?}, found: {is_there:?}"))
        });
        wrong.last()
    }
}

/// Segments of a few records, so that many are begun and removed.
fn options() -> Options {
    let mut options = Options::new(1 << 20);
    options.segment_bytes = 400;
    options.max_age = Duration::from_secs(3600);
    options
}

fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_700_000_000)
}

/// The number, then bytes that follow from it; some are empty but for it, some are larger than a
/// segment, and some hold what looks like a frame.
fn payload(number: u64) -> Vec<u8> {
    let mut payload = number.to_le_bytes().to_vec();
    match number % 5 {
        0 => {}
        4 => payload.extend_from_slice(b"\xa7rsF\x05\0\0\0\0\0\0\0\x02\x01\0\0\0"),
        _ => {
            let length = (number * 37 % 150) as usize;
            payload.extend((0..length).map(|at| (number as usize * 31 + at) as u8));
        }
    }
    if number % 23 == 22 {
        payload.resize(700, 7);
    }
    payload
}

fn number(payload: &[u8]) -> u64 {
    u64::from_le_bytes(payload[..8].try_into().unwrap())
}

/// Runs a workload to its end, and then again with a power loss at each of its steps; says the first
/// fault.
fn search(seed: u64, disk: fn() -> Disk, early: bool) -> Option<String> {
    let work = || {
        let mut work = Work::new(seed);
        work.acknowledges_early = early;
        work
    };
    let whole = disk();
    work().run(&whole, ROUNDS);
    (1..=whole.steps()).find_map(|step| {
        let disk = disk();
        disk.fail_at(step);
        let mut work = work();
        work.run(&disk, ROUNDS);
        (0..LOSSES).find_map(|chance| {
            let left = disk.after_power_loss(seed * 1_000_003 + step * 101 + chance);
            let fault = work.fault(&left).map(|fault| {
                format!(
                    "seed {seed}, step {step}, chance {chance}: {fault}; {:?}",
                    left.names()
                )
            });
            // What was found is durable by now: a second loss right after it changes nothing.
            fault.or_else(|| {
                let again = left.after_power_loss(chance);
                work.fault(&again)
                    .map(|fault| format!("seed {seed}, step {step}, again: {fault}"))
            })
        })
    })
}

const ROUNDS: usize = 60;

/// So many ways are tried in which one loss may go.
const LOSSES: u64 = 3;

/// `RUNSCOPE_SEEDS` says how many workloads are tried, for a long run.
fn seeds() -> std::ops::Range<u64> {
    let seeds = std::env::var("RUNSCOPE_SEEDS").ok();
    0..seeds.and_then(|seeds| seeds.parse().ok()).unwrap_or(8)
}

#[test]
fn a_power_loss_at_any_step_loses_nothing_and_brings_nothing_back() {
    for seed in seeds() {
        assert_eq!(search(seed, Disk::default, false), None);
    }
}

#[test]
fn a_kill_at_any_step_loses_nothing_and_what_is_found_then_survives_a_power_loss() {
    for seed in seeds() {
        let whole = Disk::default();
        Work::new(seed).run(&whole, ROUNDS);
        for step in 1..=whole.steps() {
            let disk = Disk::default();
            disk.fail_at(step);
            let mut work = Work::new(seed);
            work.run(&disk, ROUNDS);
            let disk = disk.after_kill();
            assert_eq!(work.fault(&disk), None, "seed {seed}, step {step}");

            let (spool, _) = Spool::open(disk.after_kill(), options(), now()).unwrap();
            let found = spool.len();
            let lost = disk.after_power_loss(seed + step);
            let (spool, _) = Spool::open(lost, options(), now()).unwrap();
            assert_eq!(spool.len(), found, "seed {seed}, step {step}");
        }
    }
}

#[test]
fn a_disk_that_does_not_sync_is_found_out() {
    let found = (0..3).filter_map(|seed| search(seed, Disk::without_sync, false));
    assert_eq!(
        found.count(),
        3,
        "the search finds a missing sync in any workload"
    );
}

#[test]
fn an_acknowledgement_that_comes_too_early_is_found_out() {
    let found = (0..3).filter_map(|seed| search(seed, Disk::default, true));
    assert_eq!(
        found.count(),
        3,
        "the search finds a lost record in any workload"
    );
}
