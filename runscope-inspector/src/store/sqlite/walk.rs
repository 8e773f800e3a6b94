//! Walking through the candidates of a filter, and checking what the index could not answer.

use super::partition::Partition;
use super::reader::{Reader, windows};
use super::row::{self, COLUMNS, Parts, Stored};
use super::seen::{SEEN, Seen};
use crate::exchange::{Attributes, Timestamp};
use crate::query::View;
use crate::store::StoreError;
use runscope_core::Message;
use rusqlite::{Connection, Row, params};
use std::ops::{ControlFlow, Range};
use std::sync::Arc;
use std::time::Instant;

/// The places that one statement looks up at first. The deadline is looked at between statements
/// too, so that a lookup without a match can't run on; but each finds its words in every
/// segment of the index again, so they soon grow long.
const FIRST_WINDOW: i64 = 1 << 17;
const GROWTH: i64 = 8;

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

impl Reader<'_> {
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
            for window in windows(range, FIRST_WINDOW, GROWTH) {
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
        for window in windows(range, FIRST_WINDOW, GROWTH) {
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
        let Some(message) = self.message_by_bodies(connection, sequence)? else {
            return Ok(None);
        };
        let stored = stored.map_or_else(|| Stored::read(row), Ok)?;
        let view = View {
            attributes: &stored.attributes,
            message: &message,
            now,
        };
        let passes = self.plan.passes_message(view);
        Ok(passes.then(|| Found {
            stored,
            message: Some(Arc::unwrap_or_clone(message)),
        }))
    }

    /// The message of a candidate, unless its bodies rule it out; then its head is not read.
    fn message_by_bodies(
        &self,
        connection: &Connection,
        sequence: i64,
    ) -> Result<Option<Arc<Message>>, StoreError> {
        let attributes = &Attributes::default();
        let now = self.scan.now;
        let passes = |message: &Message| {
            self.plan.passes_bodies(View {
                attributes,
                message,
                now,
            })
        };
        if let Some(message) = self.shared.recent.get(sequence) {
            return Ok(passes(&message).then_some(message));
        }
        let codec = &self.shared.codec;
        let bodies = codec.unpack_bodies(&row::packed(connection, sequence, Parts::Bodies)?)?;
        if !passes(&bodies) {
            return Ok(None);
        }
        let head = row::packed(connection, sequence, Parts::Head)?.head;
        Ok(Some(Arc::new(codec.unpack_head(&head, bodies)?)))
    }
}
