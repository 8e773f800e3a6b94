//! Files that were cut, zeroed, flipped, or are not a spool's at all.

#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use runscope_spool::{Recovered, Spool};
use support::Disk;
use support::written::{NOW, RECORDS, files, options, payload};

/// What is found in a directory with these files: the payloads, and what was said of the rest.
fn found(files: &[(String, Vec<u8>)]) -> (Vec<Vec<u8>>, Recovered, Disk) {
    let disk = Disk::default();
    for (name, bytes) in files {
        disk.put(name, bytes.clone());
    }
    let (mut spool, recovered) = Spool::open(disk.clone(), options(), NOW).unwrap();
    let records = spool.read("key", usize::MAX, usize::MAX, NOW).unwrap();
    assert_eq!(records.len() as u64, recovered.records);
    let ids: Vec<_> = records.iter().map(|record| record.id).collect();
    spool.acknowledge(ids).unwrap();
    spool.tidy(NOW).unwrap();
    assert!(spool.is_empty());
    let payloads = records.into_iter().map(|record| record.payload);
    (payloads.collect(), recovered, disk)
}

fn whole() -> Vec<Vec<u8>> {
    (1..RECORDS).map(payload).collect()
}

/// Asserts that nothing wrong was found, and that no more than some records are missing.
#[track_caller]
fn assert_mostly_there(found: &[Vec<u8>], missing: usize, what: &str) {
    let mut known = whole();
    known.insert(0, payload(0));
    let mut rest = known.iter();
    for payload in found {
        assert!(rest.any(|it| it == payload), "{what}: {found:?}");
    }
    assert!(
        found.len() + missing >= RECORDS - 1,
        "{what}: {}",
        found.len()
    );
}

fn in_one_segment() -> usize {
    RECORDS.div_ceil(files().len() / 2 - 1)
}

#[test]
fn a_whole_spool_is_found_whole() {
    let (payloads, recovered, disk) = found(&files());
    assert_eq!(payloads, whole());
    let mut expected = Recovered::default();
    expected.records = RECORDS as u64 - 1;
    assert_eq!(recovered, expected);
    assert_eq!(disk.names(), [""; 0], "all is settled, and nothing is left");
}

#[test]
fn a_flipped_bit_costs_one_record_at_most_or_the_segment_whose_header_it_is_in() {
    let files = files();
    for (place, (name, bytes)) in files.iter().enumerate() {
        for bit in (0..bytes.len() * 8).step_by(3) {
            let mut files = files.clone();
            files[place].1[bit / 8] ^= 1 << (bit % 8);
            let (payloads, recovered, disk) = found(&files);
            let what = format!("{name}, bit {bit}");
            let is_header = bit < 40 * 8;
            let is_log = name.ends_with(".log");
            let missing = match (is_log, is_header) {
                (true, true) => in_one_segment(),
                (true, false) => 1,
                (false, _) => 0,
            };
            assert_mostly_there(&payloads, missing, &what);
            assert_eq!(
                recovered.foreign + recovered.newer + recovered.unreadable,
                0
            );
            let is_told = recovered.damaged > 0 || payloads.len() >= RECORDS - 1;
            // The last record of an unsealed segment may have been cut off while it was written.
            let is_last = place + 2 == files.len() || place + 1 == files.len();
            assert!(is_told || is_last, "{what}: {recovered:?}");
            let aside = disk
                .names()
                .iter()
                .filter(|it| it.ends_with(".damaged"))
                .count();
            assert_eq!(aside as u64, recovered.damaged, "{what}");
        }
    }
}

#[test]
fn a_cut_or_zeroed_file_costs_its_own_records_and_is_told() {
    let files = files();
    for (place, (name, bytes)) in files.iter().enumerate() {
        let is_last = place + 2 >= files.len();
        for length in 0..bytes.len() {
            let mut cut = files.clone();
            cut[place].1.truncate(length);
            let mut zeroed = files.clone();
            zeroed[place].1[length..].fill(0);
            for (how, files) in [("cut", cut), ("zeroed", zeroed)] {
                let (payloads, recovered, _) = found(&files);
                let what = format!("{name} {how} at {length}");
                assert_mostly_there(&payloads, in_one_segment(), &what);
                let is_short = length <= 40 && how == "cut";
                let is_changed = files[place].1 != *bytes;
                if name.ends_with(".log") && !is_last && !is_short && is_changed {
                    // A header that is gone but for a few bytes does not look like one of ours.
                    let told = recovered.damaged + recovered.foreign;
                    assert!(told > 0, "{what}: {recovered:?}");
                    let lost = RECORDS - 1 - payloads.len().min(RECORDS - 1);
                    assert!(recovered.missing <= lost as u64, "{what}: {recovered:?}");
                }
            }
        }
    }
}

#[test]
fn records_that_are_known_to_be_missing_are_told() {
    let mut files = files();
    // The second record of the second segment.
    let log = &mut files[3].1;
    let length = log.len();
    log[length / 2] ^= 1;
    let (payloads, recovered, _) = found(&files);
    assert_eq!((payloads.len(), recovered.missing), (RECORDS - 2, 1));
}

#[test]
fn files_that_are_not_the_spools_are_set_aside_or_left_alone() {
    let mut files = files();
    let newer = {
        let mut bytes = files[1].1.clone();
        bytes[8] = 2;
        bytes[12..40].fill(9);
        bytes
    };
    files.push(("00000000000000f0.log".into(), b"PNG ".repeat(100)));
    files.push(("00000000000000f1.log".into(), newer));
    files.push(("notes.txt".into(), b"mine".to_vec()));
    files.push(("00000000000000f2.ack".into(), b"an orphan".to_vec()));
    let (payloads, recovered, disk) = found(&files);
    assert_eq!(payloads, whole());
    assert_eq!(
        (recovered.foreign, recovered.newer, recovered.damaged),
        (1, 1, 0)
    );
    assert_eq!(
        disk.names(),
        [
            "00000000000000f0.foreign",
            "00000000000000f1.newer",
            "notes.txt"
        ]
    );
}

#[test]
fn a_segment_under_another_ones_name_is_not_taken_for_it() {
    let mut files = files();
    let other = files[1].1.clone();
    files.push(("00000000000000f0.log".into(), other));
    let (payloads, recovered, _) = found(&files);
    assert_eq!((payloads, recovered.damaged), (whole(), 1));
}

#[test]
fn what_is_set_aside_is_bounded() {
    let disk = Disk::default();
    for at in 0..30 {
        disk.put(&format!("{at:016x}.log"), b"foreign ".repeat(200));
    }
    let (_, recovered) = Spool::open(disk.clone(), options(), NOW).unwrap();
    assert_eq!(recovered.foreign, 30);
    let kept = disk.names();
    assert_eq!(kept.len(), 8);
    assert!(
        kept.iter().all(|name| name.as_str() >= "0000000000000016"),
        "{kept:?}"
    );
}

#[test]
fn a_record_that_is_damaged_while_the_spool_is_open_is_counted_and_never_given() {
    let disk = Disk::default();
    let (mut spool, _) = Spool::open(disk.clone(), options(), NOW).unwrap();
    let appended = spool.append("key", [&b"one"[..], b"two", b"three"], NOW);
    assert_eq!(appended.accepted(), 3);
    spool.give_back("key");
    let log = "0000000000000001.log";
    let mut bytes = disk.contents(log);
    let at = bytes.windows(3).position(|it| it == b"two").unwrap();
    bytes[at] ^= 1;
    disk.overwrite(log, bytes);
    let records = spool.read("key", 9, 999, NOW).unwrap();
    let payloads: Vec<_> = records.iter().map(|it| it.payload.as_slice()).collect();
    assert_eq!(payloads, [&b"one"[..], b"three"]);
    assert_eq!(spool.take_lost().damaged, 1);
    spool.acknowledge(records.iter().map(|it| it.id)).unwrap();
    spool.tidy(NOW).unwrap();
    assert_eq!(disk.names(), ["0000000000000001.damaged"]);
}
