//! What a store does by itself: retention, purging what was cleared, learning dictionaries.

use super::codec::{samples, train};
use super::database::Shared;
use super::partition::Partition;
use super::purge;
use super::row::{self, Parts};
use super::writer::Job;
use crate::exchange::Timestamp;
use crate::store::{BucketId, StoreError};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};
use std::time::Duration;

/// How often it looks when nobody wakes it.
const EVERY: Duration = Duration::from_secs(30);

/// The exchanges a dictionary is learnt from, and the bytes of each part of one.
const SAMPLES: i64 = 1000;
const SAMPLE_BYTES: usize = 4096;

/// Works until the sender of wakes is gone.
pub(super) fn run(shared: &Shared, writer: &SyncSender<Job>, wakes: &Receiver<()>) {
    let written = shared
        .partitions
        .newest_first()
        .first()
        .map(|(partition, _)| partition.first());
    let mut learnt_in = written.filter(|_| shared.codec.has_dictionary());
    loop {
        match wakes.recv_timeout(EVERY) {
            Ok(()) | Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        // Each is done whatever became of the others, and what frees space without needing any first.
        let done = [
            writer.send(Job::Tick).map_err(|_| StoreError::closed()),
            retain(shared, Timestamp::now()),
            purge(shared),
            learn(shared, &mut learnt_in),
            unlearn(shared),
            shared.ballast.fill().map_err(StoreError::from),
        ];
        for error in done.into_iter().filter_map(Result::err) {
            if error.is_closed() {
                return;
            }
            tracing::warn!(%error, "housekeeping failed and will be tried again");
        }
        shared
            .partitions
            .sealed()
            .iter()
            .for_each(|(partition, _)| partition.close_idle());
    }
}

/// Deletes the partitions that are too old, and the oldest while all together are too large.
pub(super) fn retain(shared: &Shared, now: Timestamp) -> Result<(), StoreError> {
    let settings = &shared.settings;
    let mut bytes: u64 = shared
        .partitions
        .newest_first()
        .iter()
        .map(|(partition, _)| partition.bytes())
        .sum();
    for (partition, _) in shared.partitions.sealed() {
        let too_large = settings.max_bytes.is_some_and(|most| bytes > most);
        let too_old = match settings.max_age {
            Some(age) => {
                last_arrival(&partition)?.is_some_and(|last| last < now.saturating_sub(age))
            }
            None => false,
        };
        if !too_large && !too_old {
            return Ok(());
        }
        bytes = bytes.saturating_sub(partition.bytes());
        delete(shared, &partition)?;
    }
    Ok(())
}

/// Takes what was cleared off the disk: a partition that has nothing else is deleted whole. What lies in
/// the open one waits until that is closed.
fn purge(shared: &Shared) -> Result<(), StoreError> {
    for (bucket, through) in shared.catalogue.purges()? {
        let mut whole = true;
        for (partition, end) in shared.partitions.newest_first() {
            if partition.first() > through {
                continue;
            }
            if end == i64::MAX {
                whole = false;
            } else if end <= through.saturating_add(1) && is_only(&partition, bucket)? {
                delete(shared, &partition)?;
            } else {
                purge::purge(&shared.settings, &partition, bucket, through)?;
            }
        }
        if whole {
            shared.catalogue.purged(bucket, through)?;
        }
    }
    Ok(())
}

/// Learns a dictionary as soon as there is enough to learn from, and a new one for each partition:
/// traffic changes.
fn learn(shared: &Shared, learnt_in: &mut Option<i64>) -> Result<(), StoreError> {
    let Some((partition, _)) = shared.partitions.newest_first().into_iter().next() else {
        return Ok(());
    };
    let enough = *shared.newest.borrow() - partition.first() >= SAMPLES;
    if !enough || *learnt_in == Some(partition.first()) {
        return Ok(());
    }
    let newest = *shared.newest.borrow();
    let parts = partition.read(|connection| {
        let mut parts = Vec::new();
        for sequence in newest - SAMPLES + 1..=newest {
            // Places are left empty by what is deleted.
            if let Ok(packed) = row::packed(connection, sequence, Parts::Whole) {
                parts.extend(samples(&shared.codec, &packed, SAMPLE_BYTES));
            }
        }
        Ok(parts)
    })?;
    *learnt_in = Some(partition.first());
    if let Some(dictionary) = parts.and_then(|parts| train(&parts)) {
        shared.catalogue.add_dictionary(&dictionary, newest)?;
        shared.codec.learn(dictionary);
    }
    Ok(())
}

/// Forgets the dictionaries of partitions that are gone.
fn unlearn(shared: &Shared) -> Result<(), StoreError> {
    let Some((oldest, _)) = shared.partitions.newest_first().pop() else {
        return Ok(());
    };
    let forgotten = shared.catalogue.forget_dictionaries(oldest.first())?;
    forgotten
        .iter()
        .for_each(|bytes| shared.codec.forget(bytes));
    Ok(())
}

fn delete(shared: &Shared, partition: &Partition) -> Result<(), StoreError> {
    if let Some(partition) = shared.partitions.remove(partition.first()) {
        partition.delete()?;
        tracing::info!(partition = partition.first(), "deleted a partition");
    }
    Ok(())
}

fn last_arrival(partition: &Partition) -> Result<Option<Timestamp>, StoreError> {
    let sql = "SELECT (SELECT arrived FROM exchange ORDER BY seq DESC LIMIT 1)";
    let arrived = partition.read(|connection| {
        let arrived: Option<i64> = connection.query_row(sql, [], |row| row.get(0))?;
        Ok(arrived)
    })?;
    Ok(arrived.flatten().map(Timestamp::from_micros))
}

fn is_only(partition: &Partition, bucket: BucketId) -> Result<bool, StoreError> {
    let sql = "SELECT NOT EXISTS (SELECT 1 FROM rollup WHERE bucket <> ?1)";
    let only = partition
        .read(|connection| Ok(connection.query_row(sql, [bucket.0], |row| row.get(0))?))?;
    Ok(only.unwrap_or(false))
}
