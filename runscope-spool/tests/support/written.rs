//! The files of a spool that was written to, to be changed.

use super::Disk;
use runscope_spool::{Options, Spool};
use std::time::{SystemTime, UNIX_EPOCH};

pub const NOW: SystemTime = UNIX_EPOCH;
pub const RECORDS: usize = 12;

pub fn options() -> Options {
    let mut options = Options::new(1 << 20);
    options.segment_bytes = 300;
    options
}

pub fn payload(at: usize) -> Vec<u8> {
    format!("record {at:03} of some length").into_bytes()
}

/// Three sealed segments of a few records each, of which one is acknowledged, and an open one.
pub fn files() -> Vec<(String, Vec<u8>)> {
    let disk = Disk::default();
    let (mut spool, _) = Spool::open(disk.clone(), options(), NOW).unwrap();
    let payloads: Vec<_> = (0..RECORDS).map(payload).collect();
    let appended = spool.append("key", payloads.iter().map(Vec::as_slice), NOW);
    assert_eq!(appended.accepted(), RECORDS);
    spool
        .acknowledge(appended.ids.first().copied().flatten())
        .unwrap();
    let names = disk.names().into_iter();
    names
        .map(|name| (name.clone(), disk.contents(&name)))
        .collect()
}
