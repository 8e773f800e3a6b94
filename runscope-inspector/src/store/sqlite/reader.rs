use super::database::Shared;
use super::partition::Partition;
use super::plan::Plan;
use crate::exchange::{Exchange, Timestamp, without_bodies};
use crate::store::{Count, Page, Scan, Search, StoreError};
use runscope_core::Message;
use rusqlite::{Connection, OptionalExtension, params};
use std::ops::{ControlFlow, Range};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long matches are counted on behind a full page.
pub(super) const COUNTING: Duration = Duration::from_micros(500);

/// The bytes of messages after which a page ends early.
pub(super) const PAGE_BYTES: usize = 16 << 20;

/// Reads the exchanges of a filter, newest first.
pub(super) struct Reader<'a> {
    pub(super) shared: &'a Shared,
    pub(super) scan: &'a Scan,
    pub(super) plan: Plan,
    pub(super) floor: i64,
    pub(super) deadline: Instant,
}

impl<'a> Reader<'a> {
    pub(super) fn new(shared: &'a Shared, scan: &'a Scan) -> Result<Self, StoreError> {
        let floor = shared
            .catalogue
            .floor(scan.bucket)
            .ok_or_else(StoreError::no_bucket)?;
        Ok(Self {
            shared,
            scan,
            plan: Plan::new(scan),
            floor,
            deadline: scan.deadline,
        })
    }

    pub(super) fn plan(&self) -> &Plan {
        &self.plan
    }

    /// One page of a search.
    pub(super) fn page(mut self, search: &Search) -> Result<Page, StoreError> {
        let mut exchanges: Vec<Exchange> = Vec::new();
        let (mut matched, mut bytes, mut next) = (0_u64, 0_usize, None);
        let newest = *self.shared.newest.borrow();
        let from = search.cursor.unwrap_or(newest.saturating_add(1));
        let exact = self.plan.is_exact();
        let shared = self.shared;
        let end = self.walk(from, &mut |connection, found, deadline| {
            matched += 1;
            if next.is_some() {
                return Ok(stop_if(matched >= search.count_to));
            }
            if exchanges.len() >= search.limit || bytes > PAGE_BYTES {
                next = Some(exchanges.last().map_or(from, |last| last.sequence));
                *deadline = (*deadline).min(Instant::now() + COUNTING);
                return Ok(stop_if(exact || matched >= search.count_to));
            }
            let message = match found.message {
                Some(message) if search.bodies => message,
                Some(message) => without_bodies(message),
                None => shared.message(connection, found.stored.sequence, search.bodies)?,
            };
            bytes = bytes.saturating_add(weight(&message));
            exchanges.push(found.stored.with(message));
            Ok(ControlFlow::Continue(()))
        })?;
        let all = end.stopped_at.is_none();
        let count = match next {
            Some(next) if exact => {
                let shown = u64::try_from(exchanges.len()).unwrap_or(u64::MAX);
                self.count_before(next, shown, search.count_to)?
            }
            _ if all => Count::Exactly(matched),
            _ => Count::AtLeast(matched),
        };
        Ok(Page {
            exchanges,
            timed_out: end.timed_out && next.is_none(),
            next: next.or(end.stopped_at),
            count,
            examined: end.examined,
        })
    }

    /// The partitions with the places below one that are not cleared, the newest first.
    pub(super) fn spans(&self, below: i64) -> Vec<(Arc<Partition>, Range<i64>)> {
        let below = below.min(self.shared.newest.borrow().saturating_add(1));
        let partitions = self.shared.partitions.newest_first().into_iter();
        partitions
            .map(|(partition, after)| {
                let range = partition.first().max(self.floor + 1)..after.min(below);
                (partition, range)
            })
            .filter(|(_, range)| !range.is_empty())
            .collect()
    }

    /// The part of a partition in which exchanges of the filter's time can be.
    pub(super) fn narrowed(
        &self,
        connection: &Connection,
        range: Range<i64>,
    ) -> Result<Option<Range<i64>>, StoreError> {
        if self.plan.since.is_none() && self.plan.before.is_none() {
            return Ok(Some(range));
        }
        let sql = "SELECT min(first), max(last) FROM rollup WHERE bucket = ?1 AND minute BETWEEN ?2 AND ?3";
        let minutes = (
            self.plan.since.map_or(i64::MIN, minute),
            self.plan.before.map_or(i64::MAX, minute),
        );
        let bounds: Option<(Option<i64>, Option<i64>)> = connection
            .prepare_cached(sql)?
            .query_row(params![self.scan.bucket.0, minutes.0, minutes.1], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .optional()?;
        let Some((Some(first), Some(last))) = bounds else {
            return Ok(None);
        };
        let range = range.start.max(first)..range.end.min(last.saturating_add(1));
        Ok((!range.is_empty()).then_some(range))
    }

    /// A statement over `?2 <= seq < ?3` in bucket `?4`. Without a lookup the rows themselves are in
    /// the right order; a bucket among others is always looked up.
    pub(super) fn select(&self, columns: &str, condition: &str) -> String {
        if self.lookup().is_some() {
            format!(
                "SELECT {columns} FROM words CROSS JOIN exchange ON exchange.seq = words.rowid \
                 WHERE words MATCH ?1 AND words.rowid >= ?2 AND words.rowid < ?3 AND exchange.bucket = ?4 {condition} \
                 ORDER BY words.rowid DESC"
            )
        } else {
            format!(
                "SELECT {columns} FROM exchange \
                 WHERE ?1 IS NULL AND seq >= ?2 AND seq < ?3 AND bucket = ?4 {condition} ORDER BY seq DESC"
            )
        }
    }

    pub(super) fn lookup(&self) -> Option<String> {
        if self.shared.catalogue.bucket_count() > 1 {
            Some(self.plan.lookup_in(self.scan.bucket))
        } else {
            self.plan.lookup.clone()
        }
    }
}

/// The places of a range in spans that one statement looks up, the newest first, each so many times as
/// long as the one before.
pub(super) fn windows(
    range: Range<i64>,
    first: i64,
    growth: i64,
) -> impl Iterator<Item = Range<i64>> {
    let (mut high, mut length) = (range.end, first);
    std::iter::from_fn(move || {
        let low = range.start.max(high.saturating_sub(length));
        let window = low..high;
        high = low;
        length = length.saturating_mul(growth);
        (!window.is_empty()).then_some(window)
    })
}

/// The minute that a moment is counted in.
pub(super) fn minute(time: Timestamp) -> i64 {
    time.as_micros().div_euclid(60_000_000)
}

fn stop_if(stop: bool) -> ControlFlow<()> {
    if stop {
        ControlFlow::Break(())
    } else {
        ControlFlow::Continue(())
    }
}

/// What a message takes in a list, with something for what is no text of it.
pub(super) fn weight(message: &Message) -> usize {
    crate::exchange::weight(message).saturating_add(1024)
}
