//! Files of a spool that somebody has changed: what comes out is what was put in, in its order and
//! at most once, and the spool goes on working.

#![no_main]

#[path = "../../runscope-spool/tests/support/mod.rs"]
mod support;

use libfuzzer_sys::fuzz_target;
use runscope_spool::Spool;
use support::Disk;
use support::written::{self, NOW, RECORDS, options, payload};

const HEADER: usize = 40;

// The first byte says whether the rest is changes of whole files, or frames with right checksums.
fuzz_target!(|input: &[u8]| {
    let Some((first, rest)) = input.split_first() else {
        return;
    };
    match first % 2 {
        0 => changed(rest),
        _ => forged(rest),
    }
});

/// Each change is six bytes: what, in which file, where, and a number.
fn changed(changes: &[u8]) {
    let mut files = written::files();
    for change in changes.chunks_exact(6).take(16) {
        let [what, file, a, b, number, many] = change.try_into().unwrap();
        let count = files.len();
        let other = files[usize::from(number) % count].clone();
        let (name, bytes) = &mut files[usize::from(file) % count];
        let at = usize::from(u16::from_le_bytes([a, b])) % (bytes.len() + 1);
        let end = (at + usize::from(many)).min(bytes.len());
        match what % 9 {
            0 if at < bytes.len() => bytes[at] ^= number.max(1),
            1 => bytes.truncate(at),
            2 => bytes[at..end].fill(0),
            3 => drop(bytes.splice(at..at, [number; 8])),
            4 => drop(bytes.drain(at..end)),
            // A piece of the file, or of another one, stands there twice.
            5 => {
                let piece = bytes[at..end].to_vec();
                bytes.extend(piece);
            }
            6 => drop(bytes.splice(at..end, other.1)),
            7 => *bytes = other.1,
            8 => {
                *name = format!(
                    "{number:016x}.{}",
                    if many % 2 == 0 { "log" } else { "ack" }
                )
            }
            _ => {}
        }
    }
    if files.iter().any(|(_, bytes)| bytes.len() > 1 << 14) {
        return;
    }
    let found = found(&files);
    let mut all = (0..RECORDS).map(payload);
    for payload in &found {
        assert!(
            all.any(|it| it == *payload),
            "never written, out of order, or twice: {found:?}"
        );
    }
}

/// Frames whose checksums are right, whatever they say: each is a length and its body.
fn forged(mut rest: &[u8]) {
    let mut files = written::files();
    for (at, (_, bytes)) in files.iter_mut().enumerate() {
        let salt = u64::from_le_bytes(bytes[12..20].try_into().unwrap());
        bytes.truncate(if at == 0 { bytes.len() } else { HEADER });
        while let Some((&length, after)) = rest.split_first() {
            // A zero ends the file.
            let body = &after[..usize::from(length).min(after.len())];
            rest = &after[body.len()..];
            if body.is_empty() {
                break;
            }
            bytes.extend_from_slice(&[0xa7, b'r', b's', b'F']);
            bytes.extend_from_slice(&(body.len() as u32).to_le_bytes());
            let mut hasher = crc32fast::Hasher::new();
            hasher.update(&salt.to_le_bytes());
            hasher.update(&(body.len() as u64).to_le_bytes());
            hasher.update(body);
            bytes.extend_from_slice(&hasher.finalize().to_le_bytes());
            bytes.extend_from_slice(body);
        }
    }
    found(&files);
}

/// The payloads that a spool finds in a directory with these files. It has to open it, count right,
/// take more, and be empty once all is acknowledged.
fn found(files: &[(String, Vec<u8>)]) -> Vec<Vec<u8>> {
    let disk = Disk::default();
    for (name, bytes) in files {
        disk.put(name, bytes.clone());
    }
    let (mut spool, recovered) = Spool::open(disk.clone(), options(), NOW).unwrap();
    assert_eq!(recovered.unreadable, 0);
    assert_eq!(spool.len() as u64, recovered.records);
    let appended = spool.append("key", [&b"new"[..]], NOW);
    assert_eq!(appended.accepted(), 1);
    // What is appended is in the hands of whoever did it.
    spool.give_back("key");
    let keys: Vec<String> = spool
        .keys()
        .into_iter()
        .map(|(key, _)| key.to_owned())
        .collect();
    let (mut records, mut payloads) = (Vec::new(), Vec::new());
    for key in keys {
        let read = spool.read(&key, usize::MAX, usize::MAX, NOW).unwrap();
        if key == "key" {
            assert_eq!(read.last().map(|it| &it.payload[..]), Some(&b"new"[..]));
            payloads.extend(read.iter().map(|it| it.payload.clone()));
            payloads.pop();
        }
        records.extend(read.iter().map(|it| it.id));
    }
    let lost = spool.take_lost();
    let known = records.len() as u64 + lost.damaged + lost.expired;
    assert_eq!(known, recovered.records + 1);
    let distinct: std::collections::BTreeSet<_> = records.iter().collect();
    assert_eq!(
        distinct.len(),
        records.len(),
        "no record has another's name"
    );

    // The next process finds the same, less what was acknowledged.
    let half = records.split_off(records.len() / 2);
    spool.acknowledge(half).unwrap();
    drop(spool);
    let (mut spool, recovered) = Spool::open(disk.after_kill(), options(), NOW).unwrap();
    assert!(recovered.records <= records.len() as u64, "{recovered:?}");
    let keys: Vec<String> = spool
        .keys()
        .into_iter()
        .map(|(key, _)| key.to_owned())
        .collect();
    for key in keys {
        let read = spool.read(&key, usize::MAX, usize::MAX, NOW).unwrap();
        spool.acknowledge(read.into_iter().map(|it| it.id)).unwrap();
    }
    spool.tidy(NOW).unwrap();
    assert!(spool.is_empty());
    payloads
}
