//! Exchanges by their place in the order of arrival.

use super::database::Shared;
use super::reader::{PAGE_BYTES, weight};
use super::row::{self, COLUMNS, Stored};
use crate::exchange::Exchange;
use crate::store::{BucketId, StoreError};
use runscope_core::Message;
use rusqlite::{Connection, params};

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
                let message = row::message(connection, &shared.codec, stored.sequence, true)?;
                bytes = bytes.saturating_add(weight(&message));
                exchanges.push(stored.with(message));
            }
            Ok(())
        })?;
    }
    Ok(exchanges)
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
    let message = row::message(connection, &shared.codec, sequence, true)?;
    Ok(Some((stored, message)))
}
