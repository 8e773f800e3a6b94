//! Counting the matches behind a page.

use super::reader::{COUNTING, Reader, windows};
use crate::store::{BucketId, Count, StoreError};
use rusqlite::{Connection, params};
use std::ops::Range;
use std::time::Instant;

/// The places in which matches are counted first; each span after is twice as long as the one before.
const FIRST_COUNT: i64 = 1 << 13;

impl Reader<'_> {
    /// Counts the matches below a place, up to a number, where the index alone can; not for long,
    /// since a page that is there is worth more than an exact count.
    pub(super) fn count_before(
        &self,
        below: i64,
        already: u64,
        most: u64,
    ) -> Result<Count, StoreError> {
        let (mut count, mut looked) = (already, 0_i64);
        let late = Instant::now() + COUNTING;
        for (partition, range) in self.spans(below) {
            for window in windows(range, FIRST_COUNT, 2) {
                if count > most {
                    return Ok(Count::AtLeast(most));
                }
                let limit = most.saturating_sub(count).saturating_add(1);
                let found =
                    partition.read(|connection| self.count_in(connection, &window, limit))?;
                count = count.saturating_add(found.unwrap_or(0));
                // A few places are always looked at, so that small numbers are exact.
                looked = looked.saturating_add(window.end.saturating_sub(window.start));
                let now = Instant::now();
                let more = window.start > self.floor.saturating_add(1);
                if more && (now >= self.scan.deadline || looked >= FIRST_COUNT && now >= late) {
                    return Ok(Count::AtLeast(count.min(most)));
                }
            }
        }
        Ok(if count > most {
            Count::AtLeast(most)
        } else {
            Count::Exactly(count)
        })
    }

    fn count_in(
        &self,
        connection: &Connection,
        window: &Range<i64>,
        limit: u64,
    ) -> Result<u64, StoreError> {
        let bucket = self.scan.bucket;
        let (lookup, sql) = match &self.plan.lookup {
            // The index alone, as looking at each row would cost more.
            Some(lookup) => {
                let lookup = if is_alone(connection, bucket)? {
                    lookup.clone()
                } else {
                    self.plan.lookup_in(bucket)
                };
                let sql = "SELECT count(*) FROM (SELECT 1 FROM words WHERE words MATCH ?1 \
                           AND rowid >= ?2 AND rowid < ?3 AND ?4 IS NOT NULL ORDER BY rowid DESC LIMIT ?5)";
                (Some(lookup), sql)
            }
            None => {
                let sql = "SELECT count(*) FROM (SELECT 1 FROM exchange WHERE ?1 IS NULL \
                           AND seq >= ?2 AND seq < ?3 AND bucket = ?4 ORDER BY seq DESC LIMIT ?5)";
                (None, sql)
            }
        };
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let values = params![lookup, window.start, window.end, bucket.0, limit];
        let count: i64 = connection
            .prepare_cached(sql)?
            .query_row(values, |row| row.get(0))?;
        Ok(count.max(0).unsigned_abs())
    }
}

/// Whether a partition has nothing of other buckets.
fn is_alone(connection: &Connection, bucket: BucketId) -> Result<bool, StoreError> {
    let sql = "SELECT (SELECT min(bucket) FROM rollup), (SELECT max(bucket) FROM rollup)";
    let mut statement = connection.prepare_cached(sql)?;
    let (least, most): (Option<i64>, Option<i64>) =
        statement.query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok([least, most] == [Some(bucket.0); 2])
}
