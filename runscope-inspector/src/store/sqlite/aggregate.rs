//! Facets and summaries: from what is counted already where that can tell, else one by one.

use super::database::Shared;
use super::partition::Partition;
use super::reader::{Reader, minute};
use super::seen::Seen;
use super::tallies::{self, Group};
use crate::exchange::Attributes;
use crate::store::{Facet, FacetField, Facets, Scan, StoreError, Summary, SummaryRow};
use rusqlite::Connection;
use std::collections::HashMap;
use std::ops::ControlFlow;
use std::time::Instant;

/// The exchanges that facets and summaries count one by one at most: the newest tell what is going
/// on, and a number of them that is known is better than a wait that is not.
const COUNTED: u64 = 100_000;

pub(super) fn facets(shared: &Shared, scan: &Scan, values: usize) -> Result<Facets, StoreError> {
    let mut counter = FacetCounter::default();
    let total = count(shared, scan, &mut counter)?;
    let facets = FacetField::ALL
        .iter()
        .zip(counter.fields)
        .map(|((field, _), counts)| {
            let mut counts: Vec<_> = counts.into_iter().collect();
            counts.sort_unstable_by(|a, b| (b.1, &a.0).cmp(&(a.1, &b.0)));
            counts.truncate(values);
            Facet {
                field: *field,
                values: counts,
            }
        });
    Ok(Facets {
        facets: facets.collect(),
        counted: total.counted,
        complete: total.all && total.told_apart,
        told_apart: total.told_apart,
    })
}

pub(super) fn summary(shared: &Shared, scan: &Scan) -> Result<Summary, StoreError> {
    let mut counter = GroupCounter::default();
    let total = count(shared, scan, &mut counter)?;
    let mut rows: Vec<_> = Vec::new();
    for (method, routes) in counter.groups {
        let groups = routes.into_iter();
        rows.extend(groups.map(|(route, group)| row(method.clone(), route, &group)));
    }
    rows.sort_unstable_by(|a, b| {
        (b.count, &a.method, &a.route).cmp(&(a.count, &b.method, &b.route))
    });
    Ok(Summary {
        rows,
        counted: total.counted,
        complete: total.all && total.told_apart,
        told_apart: total.told_apart,
    })
}

/// Shows the attributes of the matches to a visitor, the newest first; whether those are all.
pub(super) fn each(
    shared: &Shared,
    scan: &Scan,
    mut see: impl FnMut(&Attributes),
) -> Result<bool, StoreError> {
    let end = Reader::new(shared, scan)?.walk(i64::MAX, &mut |_, found, _| {
        see(&found.stored.attributes);
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(end.stopped_at.is_none())
}

/// Counts exchanges one by one, or adds what a partition has counted.
trait Counter {
    fn one(&mut self, seen: &Seen<'_>);

    /// Whether the partition told all of them apart.
    fn all(&mut self, connection: &Connection, scan: &Scan) -> Result<bool, StoreError>;
}

/// What was counted.
struct Total {
    counted: u64,
    /// Whether those are all that match.
    all: bool,
    /// Whether each was told apart.
    told_apart: bool,
}

/// Counts the matches, the newest first.
fn count(shared: &Shared, scan: &Scan, counter: &mut impl Counter) -> Result<Total, StoreError> {
    let mut reader = Reader::new(shared, scan)?;
    let mut total = Total {
        counted: 0,
        all: true,
        told_apart: true,
    };
    let mut one_by_one = 0;
    for (partition, range) in reader.spans(i64::MAX) {
        // What is counted already costs little in one file, and there can be thousands of them.
        if Instant::now() >= scan.deadline {
            total.all = false;
            break;
        }
        if range.start == partition.first()
            && let Some((more, told_apart)) = counted_already(&reader, &partition, scan, counter)?
        {
            total.counted = total.counted.saturating_add(more);
            total.told_apart &= told_apart;
            continue;
        }
        let before = one_by_one;
        let walked = reader.walk_seen(&partition, range, &mut |seen| {
            if one_by_one >= COUNTED {
                return ControlFlow::Break(());
            }
            counter.one(seen);
            one_by_one += 1;
            ControlFlow::Continue(())
        })?;
        total.counted = total.counted.saturating_add(one_by_one - before);
        if walked.is_break() {
            total.all = false;
            break;
        }
    }
    Ok(total)
}

/// Adds what a partition has counted, where all of it is asked for: how many there are, and whether
/// each is told apart.
fn counted_already(
    reader: &Reader<'_>,
    partition: &Partition,
    scan: &Scan,
    counter: &mut impl Counter,
) -> Result<Option<(u64, bool)>, StoreError> {
    if !reader.plan().is_time_only() {
        return Ok(None);
    }
    let read = partition.read(|connection| {
        // One transaction, so that all counts are of one moment.
        let transaction = connection.unchecked_transaction()?;
        let sql = "SELECT min(minute), max(minute), coalesce(sum(count), 0) FROM rollup WHERE bucket = ?1 AND count > 0";
        let (first, last, count): (Option<i64>, Option<i64>, i64) = transaction
            .prepare_cached(sql)?
            .query_row([scan.bucket.0], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })?;
        let (Some(first), Some(last)) = (first, last) else {
            return Ok(Some((0, true)));
        };
        let plan = reader.plan();
        let inside = plan.since.is_none_or(|since| minute(since) < first)
            && plan.before.is_none_or(|before| last < minute(before));
        if !inside || !tallies::are_whole(&transaction)? {
            return Ok(None);
        }
        let all = counter.all(&transaction, scan)?;
        Ok(Some((count.max(0).unsigned_abs(), all)))
    })?;
    // One that was deleted meanwhile has none.
    Ok(read.unwrap_or(Some((0, true))))
}

#[derive(Default)]
struct FacetCounter {
    /// In the order of [`FacetField::ALL`].
    fields: [HashMap<String, u64>; FacetField::ALL.len()],
}

impl FacetCounter {
    fn add(&mut self, field: FacetField, value: &str, count: u64) {
        let fields = FacetField::ALL.iter().zip(&mut self.fields);
        for (_, counts) in fields.filter(|((known, _), _)| *known == field) {
            match counts.get_mut(value) {
                Some(sum) => *sum = sum.saturating_add(count),
                None => drop(counts.insert(value.to_owned(), count)),
            }
        }
    }
}

impl Counter for FacetCounter {
    fn one(&mut self, seen: &Seen<'_>) {
        for (field, _) in FacetField::ALL {
            if let Some(value) = seen.value(field) {
                self.add(field, &value, 1);
            }
        }
    }

    fn all(&mut self, connection: &Connection, scan: &Scan) -> Result<bool, StoreError> {
        tallies::read_values(connection, scan.bucket, |field, value, count| {
            self.add(field, value, count);
        })
    }
}

#[derive(Default)]
struct GroupCounter {
    /// By method, then by route.
    groups: HashMap<String, HashMap<String, Group>>,
}

impl GroupCounter {
    fn change(&mut self, method: &str, route: &str, change: impl FnOnce(&mut Group)) {
        let known = self.groups.get_mut(method);
        match known.and_then(|routes| routes.get_mut(route)) {
            Some(group) => change(group),
            None => {
                let routes = self.groups.entry(method.to_owned()).or_default();
                change(routes.entry(route.to_owned()).or_default());
            }
        }
    }
}

impl Counter for GroupCounter {
    fn one(&mut self, seen: &Seen<'_>) {
        let (method, route) = seen.group();
        self.change(method, route, |group| group.add_one(seen, 1));
    }

    fn all(&mut self, connection: &Connection, scan: &Scan) -> Result<bool, StoreError> {
        tallies::read_groups(connection, scan.bucket, |method, route, counted| {
            self.change(method, route, |group| group.add(&counted));
        })
    }
}

fn row(method: String, route: String, group: &Group) -> SummaryRow {
    SummaryRow {
        method,
        route,
        count: group.count.max(0).unsigned_abs(),
        errors: group.errors.max(0).unsigned_abs(),
        p50: group.latencies.percentile(50),
        p95: group.latencies.percentile(95),
        p99: group.latencies.percentile(99),
    }
}
