//! Taking what was cleared off the disk, row by row: where a partition has exchanges of others too.

use super::counts::Counts;
use super::partition::Partition;
use super::row::{self, COLUMNS, Stored};
use super::schema;
use super::settings::Settings;
use super::tallies;
use crate::store::{BucketId, StoreError};
use rusqlite::{Connection, TransactionBehavior, params};

/// Rows that are deleted in one transaction: a writer of the same file waits no longer than for a
/// batch.
pub(super) const STEP: i64 = 500;

/// The pages of the index that one transaction merges, with what was deleted left out.
const MERGED_PAGES: i64 = 256;

/// Deletes what a sealed partition has of a bucket up to a place. What was deleted is overwritten, and
/// the index is merged until it has no word of it.
pub(super) fn purge(
    settings: &Settings,
    partition: &Partition,
    bucket: BucketId,
    through: i64,
) -> Result<(), StoreError> {
    let mut connection = schema::open(partition.path(), schema::PARTITION, settings, false)?;
    connection.pragma_update(None, "secure_delete", true)?;
    let (mut after, mut any) = (i64::MIN, false);
    loop {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let last = delete_some(&transaction, bucket, after, through)?;
        transaction.commit()?;
        match last {
            Some(last) => (after, any) = (last, true),
            None => break,
        }
    }
    if any {
        merge_whole(&connection)?;
    }
    // What a reader still needs stays in the log until the file is opened for writing again.
    let _ = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
    Ok(())
}

/// Deletes some exchanges of a bucket behind one place and up to another, with what is counted of them.
/// The last that it deleted; `None` where there was none, and nothing is counted any more.
pub(super) fn delete_some(
    connection: &Connection,
    bucket: BucketId,
    after: i64,
    through: i64,
) -> Result<Option<i64>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM exchange WHERE bucket = ?1 AND seq > ?2 AND seq <= ?3 ORDER BY seq LIMIT ?4"
    );
    let found: Vec<Stored> = connection
        .prepare_cached(&sql)?
        .query_map(params![bucket.0, after, through, STEP], Stored::read)?
        .collect::<Result<_, _>>()?;
    let mut counts = Counts::default();
    for stored in &found {
        row::delete(connection, stored.sequence)?;
        counts.add(bucket, &stored.attributes, stored.sequence, -1);
    }
    counts.write(connection)?;
    if found.is_empty() {
        forget_zeroes(connection, bucket)?;
    }
    Ok(found.last().map(|stored| stored.sequence))
}

/// How many exchanges of a bucket a partition has.
pub(super) fn held(connection: &Connection, bucket: BucketId) -> Result<i64, StoreError> {
    let sql = "SELECT coalesce(sum(count), 0) FROM rollup WHERE bucket = ?1";
    Ok(connection.query_row(sql, [bucket.0], |row| row.get(0))?)
}

fn forget_zeroes(connection: &Connection, bucket: BucketId) -> Result<(), StoreError> {
    connection.execute(
        "DELETE FROM rollup WHERE bucket = ?1 AND count <= 0",
        [bucket.0],
    )?;
    if held(connection, bucket)? == 0 {
        connection.execute("DELETE FROM latency WHERE bucket = ?1", [bucket.0])?;
        tallies::forget(connection, bucket)?;
    }
    Ok(())
}

/// Makes one piece of the whole index, a share in each transaction. A negative number begins that, and
/// positive ones go on with it (SQLite's documentation of FTS5, section 6.8).
fn merge_whole(connection: &Connection) -> Result<(), StoreError> {
    merge(connection, -MERGED_PAGES)?;
    while merge(connection, MERGED_PAGES)? {}
    Ok(())
}

/// Merges some of an index's pieces; whether more is left. Where nothing is, no row changes but that of
/// the command.
pub(super) fn merge(connection: &Connection, pages: i64) -> Result<bool, StoreError> {
    let before = connection.total_changes();
    connection
        .prepare_cached("INSERT INTO words (words, rank) VALUES ('merge', ?1)")?
        .execute([pages])?;
    Ok(connection.total_changes() - before >= 2)
}
