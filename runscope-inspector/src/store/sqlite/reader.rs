use super::database::Shared;
use super::partition::Partition;
use super::plan::Plan;
use super::row::{self, COLUMNS, Parts, Stored};
use super::seen::{SEEN, Seen};
use crate::exchange::{Attributes, Exchange, Timestamp};
use crate::query::View;
use crate::store::{BucketId, Count, Page, Scan, Search, StoreError};
use runscope_core::Message;
use rusqlite::{Connection, OptionalExtension, Row, params};
use std::ops::{ControlFlow, Range};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The places that one statement looks up at first. The deadline is looked at between statements
/// too, so that a lookup without a match can't run on; each is twice as long as the one before.
const FIRST_WINDOW: i64 = 1 << 17;

/// The same where matches are only counted.
const FIRST_COUNT: i64 = 1 << 15;

/// How long matches are counted on behind a full page.
const COUNTING: Duration = Duration::from_millis(2);

/// The bytes of messages after which a page ends early.
pub(super) const PAGE_BYTES: usize = 16 << 20;

/// Walks the exchanges that match, newest first.
pub(super) struct Reader<'a> {
    shared: &'a Shared,
    scan: &'a Scan,
    plan: Plan,
    floor: i64,
    deadline: Instant,
}

/// A match; its message is there if it had to be read to know.
pub(super) struct Found {
    pub(super) stored: Stored,
    pub(super) message: Option<Message>,
}

/// Sees each match, and can move the deadline.
pub(super) type Visit<'v> =
    dyn FnMut(&Connection, Found, &mut Instant) -> Result<ControlFlow<()>, StoreError> + 'v;

/// How a walk ended.
#[derive(Debug, Default)]
pub(super) struct End {
    /// The oldest place that was looked at, unless all were.
    pub(super) stopped_at: Option<i64>,
    /// Whether the deadline ended it.
    pub(super) timed_out: bool,
    /// How many candidates were checked one by one.
    pub(super) examined: u64,
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
        let codec = &self.shared.codec;
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
                None => row::message(connection, codec, found.stored.sequence, search.bodies)?,
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

    /// Shows each match below a place to the visitor.
    pub(super) fn walk(&mut self, below: i64, visit: &mut Visit<'_>) -> Result<End, StoreError> {
        let mut end = End::default();
        for (partition, range) in self.spans(below) {
            if self.walk_in(&partition, range, visit, &mut end)?.is_break() {
                break;
            }
        }
        Ok(end)
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

    /// Shows each match of a partition to the visitor.
    pub(super) fn walk_in(
        &mut self,
        partition: &Partition,
        range: Range<i64>,
        visit: &mut Visit<'_>,
        end: &mut End,
    ) -> Result<ControlFlow<()>, StoreError> {
        let walked = partition.read(|connection| {
            let Some(range) = self.narrowed(connection, range)? else {
                return Ok(ControlFlow::Continue(()));
            };
            self.walk_partition(connection, range, visit, end)
        })?;
        Ok(walked.unwrap_or(ControlFlow::Continue(())))
    }

    /// Shows what each match of a partition is counted by.
    pub(super) fn walk_seen(
        &mut self,
        partition: &Partition,
        range: Range<i64>,
        see: &mut dyn FnMut(&Seen<'_>) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, StoreError> {
        if !self.plan.is_exact_in_time() {
            let mut visit = |_: &Connection, found: Found, _: &mut Instant| {
                Ok(see(&Seen::from(&found.stored.attributes)))
            };
            return self.walk_in(partition, range, &mut visit, &mut End::default());
        }
        let walked = partition.read(|connection| {
            let Some(range) = self.narrowed(connection, range)? else {
                return Ok(ControlFlow::Continue(()));
            };
            let micros = |time: Option<Timestamp>| time.map(Timestamp::as_micros);
            let since = micros(self.plan.since).unwrap_or(i64::MIN);
            let last = micros(self.plan.before).map_or(i64::MAX, |end| end.saturating_sub(1));
            let sql = self.select(SEEN, "AND exchange.time BETWEEN ?5 AND ?6");
            let mut statement = connection.prepare_cached(&sql)?;
            let lookup = self.lookup();
            for window in windows(range, FIRST_WINDOW) {
                let bucket = self.scan.bucket.0;
                let values = params![lookup, window.start, window.end, bucket, since, last];
                let mut rows = statement.query(values)?;
                while let Some(row) = rows.next()? {
                    if see(&Seen::read(row)?).is_break() || Instant::now() >= self.deadline {
                        return Ok(ControlFlow::Break(()));
                    }
                }
                if Instant::now() >= self.deadline {
                    return Ok(ControlFlow::Break(()));
                }
            }
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(walked.unwrap_or(ControlFlow::Continue(())))
    }

    fn walk_partition(
        &mut self,
        connection: &Connection,
        range: Range<i64>,
        visit: &mut Visit<'_>,
        end: &mut End,
    ) -> Result<ControlFlow<()>, StoreError> {
        for window in windows(range, FIRST_WINDOW) {
            let low = window.start;
            if self.walk_window(connection, window, visit, end)?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
            if Instant::now() >= self.deadline {
                end.timed_out = true;
                end.stopped_at = Some(low);
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn walk_window(
        &mut self,
        connection: &Connection,
        window: Range<i64>,
        visit: &mut Visit<'_>,
        end: &mut End,
    ) -> Result<ControlFlow<()>, StoreError> {
        let mut statement = connection.prepare_cached(&self.select(COLUMNS, ""))?;
        let lookup = self.lookup();
        let mut rows = statement.query(params![
            lookup,
            window.start,
            window.end,
            self.scan.bucket.0
        ])?;
        let exact = self.plan.is_exact();
        while let Some(row) = rows.next()? {
            let sequence: i64 = row.get(0)?;
            let flow = match self.checked(connection, row, sequence)? {
                Some(found) => visit(connection, found, &mut self.deadline)?,
                None => ControlFlow::Continue(()),
            };
            end.examined += u64::from(!exact);
            let late = Instant::now() >= self.deadline;
            if flow.is_break() || late {
                end.timed_out = late && flow.is_continue();
                end.stopped_at = Some(sequence);
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// The candidate, if what the index could not answer holds. What costs least is looked at first.
    fn checked(
        &self,
        connection: &Connection,
        row: &Row<'_>,
        sequence: i64,
    ) -> Result<Option<Found>, StoreError> {
        let codec = &self.shared.codec;
        let now = self.scan.now;
        let mut stored = None;
        if !self.plan.on_attributes.is_empty() {
            let read = Stored::read(row)?;
            let (attributes, message) = (&read.attributes, &Message::new());
            if !self.plan.passes_attributes(View {
                attributes,
                message,
                now,
            }) {
                return Ok(None);
            }
            stored = Some(read);
        }
        if self.plan.on_message.is_empty() {
            let stored = stored.map_or_else(|| Stored::read(row), Ok)?;
            return Ok(Some(Found {
                stored,
                message: None,
            }));
        }
        let bodies = codec.unpack_bodies(&row::packed(connection, sequence, Parts::Bodies)?)?;
        let (attributes, message) = (&Attributes::default(), &bodies);
        if !self.plan.passes_bodies(View {
            attributes,
            message,
            now,
        }) {
            return Ok(None);
        }
        let head = row::packed(connection, sequence, Parts::Head)?.head;
        let message = codec.unpack_head(&head, bodies)?;
        let stored = stored.map_or_else(|| Stored::read(row), Ok)?;
        let view = View {
            attributes: &stored.attributes,
            message: &message,
            now,
        };
        let passes = self.plan.passes_message(view);
        Ok(passes.then_some(Found {
            stored,
            message: Some(message),
        }))
    }

    /// Counts the matches below a place, up to a number, where the index alone can; not for long,
    /// since a page that is there is worth more than an exact count.
    fn count_before(&self, below: i64, already: u64, most: u64) -> Result<Count, StoreError> {
        let (mut count, mut looked) = (already, 0_i64);
        let late = Instant::now() + COUNTING;
        for (partition, range) in self.spans(below) {
            for window in windows(range, FIRST_COUNT) {
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

    /// The part of a partition in which exchanges of the filter's time can be.
    fn narrowed(
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
    fn select(&self, columns: &str, condition: &str) -> String {
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

    fn lookup(&self) -> Option<String> {
        if self.shared.catalogue.bucket_count() > 1 {
            Some(self.plan.lookup_in(self.scan.bucket))
        } else {
            self.plan.lookup.clone()
        }
    }
}

/// The places of a range in spans that one statement looks up, the newest first.
fn windows(range: Range<i64>, first: i64) -> impl Iterator<Item = Range<i64>> {
    let (mut high, mut length) = (range.end, first);
    std::iter::from_fn(move || {
        let low = range.start.max(high.saturating_sub(length));
        let window = low..high;
        high = low;
        length = length.saturating_mul(2);
        (!window.is_empty()).then_some(window)
    })
}

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

/// Whether a partition has nothing of other buckets.
fn is_alone(connection: &Connection, bucket: BucketId) -> Result<bool, StoreError> {
    let sql = "SELECT (SELECT min(bucket) FROM rollup), (SELECT max(bucket) FROM rollup)";
    let mut statement = connection.prepare_cached(sql)?;
    let (least, most): (Option<i64>, Option<i64>) =
        statement.query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok([least, most] == [Some(bucket.0); 2])
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

fn without_bodies(mut message: Message) -> Message {
    if let Some(request) = message.request.as_mut() {
        request.body = None;
    }
    if let Some(response) = message.response.as_mut() {
        response.body = None;
    }
    message
}

fn weight(message: &Message) -> usize {
    let request = message
        .request
        .as_ref()
        .and_then(|request| request.body.as_ref());
    let response = message
        .response
        .as_ref()
        .and_then(|response| response.body.as_ref());
    request
        .map_or(0, String::len)
        .saturating_add(response.map_or(0, String::len))
        .saturating_add(1024)
}
