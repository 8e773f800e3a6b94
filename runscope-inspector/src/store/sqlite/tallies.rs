//! What facets and summaries ask for all exchanges of a partition, counted as they are written.
//!
//! How many different values there are is up to who sends, so only so many of them are told apart:
//! what comes after is counted together. A value that has a row keeps it, and one that was refused a
//! row never gets one, so taking an exchange back finds it where it was counted.

use super::latencies::Latencies;
use super::seen::Seen;
use crate::store::{BucketId, FacetField, StoreError};
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::HashMap;

/// The values of a field that are told apart in a partition, of each bucket.
pub(super) const MOST_VALUES: i64 = 1000;

/// Longer values are not told apart: with the bound above, this bounds the bytes.
const LONGEST_VALUE: usize = 512;

/// The number of the groups by method and route among the fields.
const GROUPS: i64 = 7;

/// The changes of a transaction, added up so that each row is written once.
#[derive(Default)]
pub(super) struct Tallies {
    values: HashMap<(BucketId, i64), HashMap<String, i64>>,
    groups: HashMap<BucketId, HashMap<(String, String), Group>>,
}

/// The exchanges of one method and route.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Group {
    pub(super) count: i64,
    pub(super) errors: i64,
    pub(super) latencies: Latencies,
}

impl Tallies {
    /// Counts an exchange, or with -1 takes it back.
    pub(super) fn add(&mut self, bucket: BucketId, seen: &Seen<'_>, by: i64) {
        for (field, _) in FacetField::ALL {
            if let Some(value) = seen.value(field) {
                let values = self.values.entry((bucket, number(field))).or_default();
                match values.get_mut(value.as_ref()) {
                    Some(count) => *count += by,
                    None => drop(values.insert(value.into_owned(), by)),
                }
            }
        }
        let (method, route) = seen.group();
        let groups = self.groups.entry(bucket).or_default();
        let group = groups
            .entry((method.to_owned(), route.to_owned()))
            .or_default();
        group.add_one(seen, by);
    }

    /// Writes the changes; the caller commits.
    pub(super) fn write(&self, connection: &Connection) -> Result<(), StoreError> {
        let mut update = connection.prepare_cached(
            "UPDATE tally SET count = count + ?4 WHERE bucket = ?1 AND field = ?2 AND value = ?3",
        )?;
        let mut insert = connection.prepare_cached("INSERT INTO tally VALUES (?1, ?2, ?3, ?4)")?;
        for ((bucket, field), values) in &self.values {
            let mut room = Room::of(connection, *bucket, *field)?;
            for (value, by) in values {
                if *by == 0 {
                    continue;
                }
                let fits = value.len() <= LONGEST_VALUE;
                if fits && update.execute(params![bucket.0, field, value, by])? > 0 {
                    continue;
                }
                if fits && room.take() {
                    insert.execute(params![bucket.0, field, value, by])?;
                } else {
                    room.others += by;
                }
            }
            room.write(connection)?;
        }
        for (bucket, groups) in &self.groups {
            write_groups(connection, *bucket, groups)?;
        }
        Ok(())
    }
}

fn write_groups(
    connection: &Connection,
    bucket: BucketId,
    groups: &HashMap<(String, String), Group>,
) -> Result<(), StoreError> {
    let mut read = connection.prepare_cached(
        "SELECT count, errors, bins FROM grouped WHERE bucket = ?1 AND method = ?2 AND route = ?3",
    )?;
    let mut write = connection.prepare_cached(
        "INSERT INTO grouped VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO UPDATE SET \
         count = excluded.count, errors = excluded.errors, bins = excluded.bins",
    )?;
    let mut room = Room::of(connection, bucket, GROUPS)?;
    for ((method, route), change) in groups {
        let fits = method.len() <= LONGEST_VALUE && route.len() <= LONGEST_VALUE;
        let known = if fits {
            read.query_row(params![bucket.0, method, route], |row| {
                Ok(Group {
                    count: row.get(0)?,
                    errors: row.get(1)?,
                    latencies: Latencies::decode(row.get_ref(2)?.as_blob()?),
                })
            })
            .optional()?
        } else {
            None
        };
        if known.is_none() && !(fits && room.take()) {
            room.others += change.count;
            continue;
        }
        let mut group = known.unwrap_or_default();
        group.add(change);
        let Group {
            count,
            errors,
            latencies,
        } = group;
        let bins = latencies.encode();
        write.execute(params![bucket.0, method, route, count, errors, bins])?;
    }
    room.write(connection)
}

/// How many values of a field have a row, and how many exchanges are counted without one.
struct Room {
    bucket: BucketId,
    field: i64,
    known: Option<(i64, i64)>,
    rows: i64,
    others: i64,
}

impl Room {
    fn of(connection: &Connection, bucket: BucketId, field: i64) -> Result<Self, StoreError> {
        let sql = "SELECT rows, others FROM tallied WHERE bucket = ?1 AND field = ?2";
        let known: Option<(i64, i64)> = connection
            .prepare_cached(sql)?
            .query_row(params![bucket.0, field], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .optional()?;
        let (rows, others) = known.unwrap_or_default();
        Ok(Self {
            bucket,
            field,
            known,
            rows,
            others,
        })
    }

    /// Takes a row for a new value, if one is left.
    fn take(&mut self) -> bool {
        let left = self.rows < MOST_VALUES;
        self.rows += i64::from(left);
        left
    }

    fn write(&self, connection: &Connection) -> Result<(), StoreError> {
        if self.known != Some((self.rows, self.others)) {
            connection
                .prepare_cached("INSERT OR REPLACE INTO tallied VALUES (?1, ?2, ?3, ?4)")?
                .execute(params![self.bucket.0, self.field, self.rows, self.others])?;
        }
        Ok(())
    }
}

impl Group {
    /// Counts an exchange, or with -1 takes it back.
    pub(super) fn add_one(&mut self, seen: &Seen<'_>, by: i64) {
        self.count = self.count.saturating_add(by);
        if seen.is_error() {
            self.errors = self.errors.saturating_add(by);
        }
        if let Some(duration) = seen.duration {
            self.latencies.add(duration, by);
        }
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.count = self.count.saturating_add(other.count);
        self.errors = self.errors.saturating_add(other.errors);
        self.latencies.add_all(&other.latencies);
    }
}

/// Whether a partition has counted all its exchanges. One that has some from before there were these
/// counts has not.
pub(super) fn are_whole(connection: &Connection) -> Result<bool, StoreError> {
    let mut statement = connection.prepare_cached("SELECT whole FROM tallies_begun")?;
    Ok(statement.query_row([], |row| row.get(0))?)
}

/// Shows each value of each field with its count; whether those are all values.
pub(super) fn read_values(
    connection: &Connection,
    bucket: BucketId,
    mut see: impl FnMut(FacetField, &str, u64),
) -> Result<bool, StoreError> {
    let sql = "SELECT value, count FROM tally WHERE bucket = ?1 AND field = ?2 AND count > 0";
    let mut statement = connection.prepare_cached(sql)?;
    for (field, _) in FacetField::ALL {
        let mut rows = statement.query(params![bucket.0, number(field)])?;
        while let Some(row) = rows.next()? {
            let count: i64 = row.get(1)?;
            let value = row.get_ref(0)?.as_str().unwrap_or_default();
            see(field, value, count.max(0).unsigned_abs());
        }
    }
    Ok(others(connection, bucket, 0..GROUPS)? == 0)
}

/// Shows each group by method and route; whether those are all groups.
pub(super) fn read_groups(
    connection: &Connection,
    bucket: BucketId,
    mut see: impl FnMut(&str, &str, Group),
) -> Result<bool, StoreError> {
    let sql =
        "SELECT method, route, count, errors, bins FROM grouped WHERE bucket = ?1 AND count > 0";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([bucket.0])?;
    while let Some(row) = rows.next()? {
        let group = Group {
            count: row.get(2)?,
            errors: row.get(3)?,
            latencies: Latencies::decode(row.get_ref(4)?.as_blob().unwrap_or_default()),
        };
        let text = |at: usize| Ok::<_, rusqlite::Error>(row.get_ref(at)?.as_str()?);
        see(text(0)?, text(1)?, group);
    }
    Ok(others(connection, bucket, GROUPS..GROUPS + 1)? == 0)
}

/// Forgets what was counted of a bucket.
pub(super) fn forget(connection: &Connection, bucket: BucketId) -> Result<(), StoreError> {
    for sql in [
        "DELETE FROM tally WHERE bucket = ?1",
        "DELETE FROM grouped WHERE bucket = ?1",
        "DELETE FROM tallied WHERE bucket = ?1",
    ] {
        connection.execute(sql, [bucket.0])?;
    }
    Ok(())
}

/// The exchanges of some fields that are counted without a row.
fn others(
    connection: &Connection,
    bucket: BucketId,
    fields: std::ops::Range<i64>,
) -> Result<i64, StoreError> {
    let sql = "SELECT coalesce(sum(others), 0) FROM tallied WHERE bucket = ?1 AND field >= ?2 AND field < ?3";
    let mut statement = connection.prepare_cached(sql)?;
    Ok(
        statement.query_row(params![bucket.0, fields.start, fields.end], |row| {
            row.get(0)
        })?,
    )
}

/// The number of a field in the files: it must never change.
fn number(field: FacetField) -> i64 {
    match field {
        FacetField::Method => 0,
        FacetField::Status => 1,
        FacetField::Host => 2,
        FacetField::Route => 3,
        FacetField::Consumer => 4,
        FacetField::Service => 5,
        FacetField::Outcome => 6,
    }
}
