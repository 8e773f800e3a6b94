//! Bounds, and a disk that says no.

#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use runscope_spool::{Directory, Keep, Options, Record, Spool, Storage};
use std::io::ErrorKind;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use support::{Disk, Fault};

const NOW: SystemTime = UNIX_EPOCH;

fn open(disk: &Disk, options: Options) -> Spool<Disk> {
    Spool::open(disk.after_kill(), options, NOW).unwrap().0
}

fn append<S: Storage>(spool: &mut Spool<S>, number: u32, now: SystemTime) -> bool {
    let payload = format!("{number:0100}");
    let appended = spool.append("key", [payload.as_bytes()], now);
    assert!(appended.error.is_none(), "{appended:?}");
    spool.give_back("key");
    appended.accepted() == 1
}

fn numbers(records: &[Record]) -> Vec<u32> {
    let text = |record: &Record| String::from_utf8(record.payload.clone()).unwrap();
    records.iter().map(|it| text(it).parse().unwrap()).collect()
}

fn read<S: Storage>(spool: &mut Spool<S>, now: SystemTime) -> Vec<Record> {
    spool.read("key", usize::MAX, usize::MAX, now).unwrap()
}

#[test]
fn a_full_spool_keeps_the_oldest_or_the_newest_and_never_takes_more_than_its_bytes() {
    for keep in [Keep::Oldest, Keep::Newest] {
        let mut options = Options::new(40_000);
        options.keep = keep;
        let disk = Disk::default();
        let mut spool = open(&disk, options);
        let mut accepted = Vec::new();
        for number in 0..1000 {
            if append(&mut spool, number, NOW) {
                accepted.push(number);
            }
            assert!(spool.bytes() <= 40_000 && disk.bytes() <= 40_000);
        }
        let evicted = spool.take_lost().evicted as usize;
        let records = read(&mut spool, NOW);
        let expected: Vec<u32> = match keep {
            Keep::Oldest => (0..accepted.len() as u32).collect(),
            _ => (evicted as u32..1000).collect(),
        };
        assert_eq!(numbers(&records), expected, "{keep:?}");
        assert_eq!(accepted.len(), records.len() + evicted);
        assert!(records.len() > 180, "{keep:?}: {}", records.len());
        // One by one, in the worst order, the acknowledgements find their room too.
        for record in records
            .iter()
            .step_by(2)
            .chain(records.iter().skip(1).step_by(2))
        {
            spool.acknowledge([record.id]).unwrap();
            assert!(disk.bytes() <= 40_000);
        }
        assert!(append(&mut spool, 7, NOW), "there is room again");
    }
}

#[test]
fn what_is_handed_out_is_not_evicted() {
    let mut options = Options::new(20_000);
    options.keep = Keep::Newest;
    let mut spool = open(&Disk::default(), options);
    (0..10).for_each(|number| assert!(append(&mut spool, number, NOW)));
    let first = spool.read("key", 1, 1, NOW).unwrap();
    for number in 10..500 {
        let payload = format!("{number:0100}");
        let appended = spool.append("other", [payload.as_bytes()], NOW);
        assert_eq!(appended.accepted(), 1, "{number}");
        spool.give_back("other");
    }
    assert!(spool.take_lost().evicted > 100);
    spool.give_back("key");
    assert_eq!(spool.read("key", 1, 1, NOW).unwrap(), first);
}

#[test]
fn a_record_that_fits_nowhere_is_refused_and_the_next_is_taken() {
    let mut options = Options::new(10_000);
    options.keep = Keep::Newest;
    let mut spool = open(&Disk::default(), options);
    let huge = vec![0; 20_000];
    let appended = spool.append("key", [&b"one"[..], &huge, b"two"], NOW);
    let taken: Vec<bool> = appended.ids.iter().map(Option::is_some).collect();
    assert_eq!(
        (taken, appended.error.is_none()),
        (vec![true, false, true], true)
    );
    let long_key = "k".repeat(2000);
    assert_eq!(spool.append(&long_key, [&b"one"[..]], NOW).accepted(), 0);
}

#[test]
fn what_is_too_old_is_let_go_of_and_counted_once() {
    let at = |seconds| UNIX_EPOCH + Duration::from_secs(seconds);
    let mut options = Options::new(1 << 20);
    options.max_age = Duration::from_secs(100);
    options.segment_bytes = 1000;
    let disk = Disk::default();
    let mut spool = open(&disk, options);
    for number in 0..50 {
        assert!(append(&mut spool, number, at(1000 + u64::from(number))));
    }
    // By segments where nobody reads, and one by one where somebody does.
    spool.tidy(at(1120)).unwrap();
    let by_segment = spool.take_lost().expired;
    assert!((10..=20).contains(&by_segment), "{by_segment}");
    let records = read(&mut spool, at(1120));
    assert_eq!(numbers(&records), (20..50).collect::<Vec<_>>());
    assert_eq!(by_segment + spool.take_lost().expired, 20);

    // A clock that was set back makes nothing older, and one that jumps on makes all of it so.
    spool.give_back("key");
    spool.tidy(at(0)).unwrap();
    assert_eq!(read(&mut spool, at(0)).len(), 30);
    drop(spool);
    let (mut spool, _) = Spool::open(disk.after_kill(), options, at(999_999)).unwrap();
    assert_eq!((spool.len(), spool.take_lost().expired), (0, 30));
    assert_eq!(disk.names(), [""; 0]);
}

#[test]
fn a_disk_that_says_no_loses_nothing_that_was_accepted_and_is_used_again_when_it_says_yes() {
    for fault in [Fault::NoSpace, Fault::CantSync, Fault::ReadOnly] {
        for acknowledged_before in [false, true] {
            let disk = Disk::default();
            let mut spool = open(&disk, Options::default());
            assert!(append(&mut spool, 1, NOW) && append(&mut spool, 2, NOW));
            let records = read(&mut spool, NOW);
            if acknowledged_before {
                spool.acknowledge([records[0].id]).unwrap();
            }

            disk.set_fault(Some(fault));
            for _ in 0..3 {
                let appended = spool.append("key", [&b"3"[..], b"4"], NOW);
                assert_eq!(appended.accepted(), 0, "{fault:?}");
                assert!(appended.error.is_some(), "{fault:?}");
            }
            // A segment that is done with can be removed from a full disk.
            let is_removed = fault == Fault::NoSpace && acknowledged_before;
            let acknowledged = spool.acknowledge([records[1].id]);
            assert_eq!(acknowledged.is_ok(), is_removed, "{fault:?}");
            spool.give_back("key");
            let left = usize::from(!acknowledged_before);
            assert_eq!(read(&mut spool, NOW).len(), left, "it is not given again");

            disk.set_fault(None);
            assert!(append(&mut spool, 5, NOW), "{fault:?}");
            spool.acknowledge([]).unwrap();
            drop(spool);
            let mut spool = open(&disk, Options::default());
            let expected = [&[1][..], &[]][usize::from(acknowledged_before)];
            assert_eq!(
                numbers(&read(&mut spool, NOW)),
                [expected, &[5]].concat(),
                "{fault:?}: the acknowledgement is written as soon as it can be"
            );
        }
    }
}

#[test]
fn records_that_can_not_be_read_now_are_read_later() {
    let disk = Disk::default();
    let mut spool = open(&disk, Options::default());
    assert!(append(&mut spool, 1, NOW));
    disk.set_fault(Some(Fault::CantRead));
    assert!(spool.read("key", 9, 999, NOW).is_err());
    drop(spool);
    disk.set_fault(Some(Fault::CantRead));
    // Nothing is known of the fault before the file is read.
    let (spool, recovered) = {
        let disk = disk.after_kill();
        disk.set_fault(Some(Fault::CantRead));
        Spool::open(disk, Options::default(), NOW).unwrap()
    };
    assert_eq!((recovered.unreadable, spool.len()), (1, 0));
    drop(spool);
    assert_eq!(
        numbers(&read(&mut open(&disk, Options::default()), NOW)),
        [1]
    );
}

#[test]
fn a_directory_has_one_owner_at_a_time() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a/spool");
    let open = || Spool::open(Directory::open(&path).unwrap(), Options::default(), NOW);
    let (mut spool, _) = open().unwrap();
    assert!(append(&mut spool, 1, NOW));
    assert_eq!(open().unwrap_err().kind(), ErrorKind::WouldBlock);
    drop(spool);
    let (mut spool, recovered) = open().unwrap();
    assert_eq!(
        (recovered.records, numbers(&read(&mut spool, NOW))),
        (1, vec![1])
    );
}

#[cfg(unix)]
#[test]
fn a_directory_is_closed_to_others_and_must_be_the_spools_own() {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;

    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("spool");
    fs::create_dir(&path).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
    let open = || Spool::open(Directory::open(&path).unwrap(), Options::default(), NOW);
    let (mut spool, _) = open().unwrap();
    assert!(append(&mut spool, 1, NOW));
    assert_eq!(mode(&path), 0o700);
    let mut files = 0;
    for file in fs::read_dir(&path).unwrap() {
        assert_eq!(mode(&file.unwrap().path()), 0o600);
        files += 1;
    }
    assert_eq!(files, 3);

    let busy = directory.path().join("busy");
    fs::create_dir(&busy).unwrap();
    fs::write(busy.join("notes.txt"), "mine").unwrap();
    fs::set_permissions(&busy, Permissions::from_mode(0o755)).unwrap();
    let error = Directory::open(&busy).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert_eq!(mode(&busy), 0o755, "it is left as it is");
}

#[test]
fn a_clock_that_jumps_an_hour_either_way_loses_nothing() {
    let hour = Duration::from_secs(3600);
    let today = NOW + 1000 * hour;
    let disk = Disk::default();
    let mut options = Options::new(1 << 20);
    options.max_age = 2 * hour;
    let mut spool = open(&disk, options);
    // Each is written by a clock that has jumped since the one before.
    let clocks = [today, today + hour, today, today - hour, today];
    for (number, now) in (0..).zip(clocks) {
        assert!(append(&mut spool, number, now));
        spool.tidy(now).unwrap();
    }
    for now in [today + hour, today - hour, today] {
        assert_eq!(
            numbers(&read(&mut spool, now)),
            [0, 1, 2, 3, 4],
            "in their order"
        );
        spool.give_back("key");
    }
    // A restart under another clock finds all of them too.
    drop(spool);
    for now in [today - hour, today + hour] {
        let (mut spool, _) = Spool::open(disk.after_kill(), options, now).unwrap();
        assert_eq!(numbers(&read(&mut spool, now)), [0, 1, 2, 3, 4]);
        assert_eq!(spool.take_lost(), Default::default());
    }
}
