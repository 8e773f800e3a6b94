//! Exchanges by their place in the order of arrival.

use super::database::Shared;
use super::reader::{PAGE_BYTES, Reader, weight};
use super::row::{COLUMNS, Stored};
use crate::exchange::Exchange;
use crate::store::seam::uuid_of;
use crate::store::{BucketId, Scan, StoreError};
use runscope_core::Message;
use rusqlite::{Connection, params};
use std::ops::ControlFlow;
use std::time::Instant;
use uuid::Uuid;

/// Exchanges of a bucket after a place, oldest first, with bodies.
pub(super) fn after(
    shared: &Shared,
    bucket: BucketId,
    sequence: i64,
    most: usize,
) -> Result<Vec<Exchange>, StoreError> {
    let floor = shared
        .catalogue
        .floor(bucket)
        .ok_or_else(StoreError::no_bucket)?;
    let sql = format!(
        "SELECT {COLUMNS} FROM exchange WHERE seq > ?1 AND bucket = ?2 ORDER BY seq LIMIT ?3"
    );
    let (mut exchanges, mut bytes) = (Vec::new(), 0_usize);
    let mut partitions = shared.partitions.newest_first();
    partitions.reverse();
    for (partition, end) in partitions {
        if end <= sequence || exchanges.len() >= most || bytes > PAGE_BYTES {
            continue;
        }
        partition.read(|connection| {
            let mut statement = connection.prepare_cached(&sql)?;
            let left = i64::try_from(most - exchanges.len()).unwrap_or(i64::MAX);
            let mut rows = statement.query(params![sequence.max(floor), bucket.0, left])?;
            while let Some(row) = rows.next()?
                && bytes <= PAGE_BYTES
            {
                let stored = Stored::read(row)?;
                let message = shared.message(connection, stored.sequence, true)?;
                bytes = bytes.saturating_add(weight(&message));
                exchanges.push(stored.with(message));
            }
            Ok(())
        })?;
    }
    Ok(exchanges)
}

/// The places that are looked at first for the next match: it is near where most match.
const FIRST_STRETCH: i64 = 64;
const GROWTH: i64 = 8;

/// The first match after a place. Matches are found newest first, so stretches of places are looked at
/// that grow, the nearest first; the last match of the first stretch that has any is the next one.
pub(super) fn next_after(
    shared: &Shared,
    scan: &Scan,
    sequence: i64,
) -> Result<Option<Uuid>, StoreError> {
    let mut reader = Reader::new(shared, scan)?;
    let newest = *shared.newest.borrow();
    let (mut after, mut length) = (sequence.max(reader.floor), FIRST_STRETCH);
    while after < newest && Instant::now() < scan.deadline {
        let through = after.saturating_add(length).min(newest);
        let mut next = None;
        reader.floor = after;
        let end = reader.walk(through.saturating_add(1), &mut |_, found, _| {
            next = Some(uuid_of(found.stored.sequence, found.stored.arrived));
            Ok(ControlFlow::Continue(()))
        })?;
        // What was not looked at may hold one that is nearer.
        if next.is_some() || end.stopped_at.is_some() {
            return Ok(next.filter(|_| end.stopped_at.is_none()));
        }
        (after, length) = (through, length.saturating_mul(GROWTH));
    }
    Ok(None)
}

/// The exchange at a place, with bodies.
pub(super) fn at(
    shared: &Shared,
    bucket: BucketId,
    sequence: i64,
) -> Result<Option<Exchange>, StoreError> {
    let floor = shared
        .catalogue
        .floor(bucket)
        .ok_or_else(StoreError::no_bucket)?;
    let Some(partition) = shared.partitions.holding(sequence) else {
        return Ok(None);
    };
    let found = partition.read(|connection| find(connection, shared, sequence))?;
    Ok(found
        .flatten()
        .filter(|(stored, _)| stored.bucket == bucket && sequence > floor)
        .map(|(stored, message)| stored.with(message)))
}

fn find(
    connection: &Connection,
    shared: &Shared,
    sequence: i64,
) -> Result<Option<(Stored, Message)>, StoreError> {
    let Some(stored) = Stored::find(connection, sequence)? else {
        return Ok(None);
    };
    let message = shared.message(connection, sequence, true)?;
    Ok(Some((stored, message)))
}
