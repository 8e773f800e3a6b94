//! Exchanges over time: from what is counted already where that can tell, else one by one.

use super::aggregate::each;
use super::database::Shared;
use super::latencies::Latencies;
use super::reader::{Reader, minute};
use crate::exchange::Timestamp;
use crate::store::{Bar, Extent, Histogram, Scan, StoreError};
use rusqlite::params;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

const MINUTE: i64 = 60_000_000;

pub(super) fn histogram(
    shared: &Shared,
    scan: &Scan,
    step: Duration,
) -> Result<Histogram, StoreError> {
    let mut bars = Bars::new(step);
    let reader = Reader::new(shared, scan)?;
    let complete = if reader.plan().is_time_only() && bars.step % MINUTE == 0 {
        let bounds = Bounds::new(shared, scan, &reader)?;
        add_rollups(shared, &bounds, scan.deadline, &mut bars)?
    } else {
        each(shared, scan, |attributes| {
            bars.add(attributes.time.as_micros(), attributes.status_class(), 1);
            if let Some(duration) = attributes.duration {
                bars.at(attributes.time.as_micros())
                    .latencies
                    .add(duration, 1);
            }
        })?
    };
    Ok(Histogram {
        step: Duration::from_micros(bars.step.unsigned_abs()),
        bars: bars.into_bars(),
        complete,
    })
}

pub(super) fn extent(shared: &Shared, scan: &Scan) -> Result<Option<Extent>, StoreError> {
    let bounds = Bounds::new(shared, scan, &Reader::new(shared, scan)?)?;
    let sql = "SELECT min(minute), max(minute), sum(count) FROM rollup \
               WHERE bucket = ?1 AND minute BETWEEN ?2 AND ?3 AND first > ?4 AND count > 0";
    let mut extent: Option<(i64, i64, i64)> = None;
    for (partition, _) in shared.partitions.newest_first() {
        let found = partition.read(|connection| {
            let mut statement = connection.prepare_cached(sql)?;
            Ok(statement.query_row(bounds.params(), |row| {
                let found: [Option<i64>; 3] = [row.get(0)?, row.get(1)?, row.get(2)?];
                Ok(found)
            })?)
        })?;
        if let Some([Some(first), Some(last), Some(count)]) = found {
            extent = Some(match extent {
                Some(known) => (
                    known.0.min(first),
                    known.1.max(last),
                    known.2.saturating_add(count),
                ),
                None => (first, last, count),
            });
        }
    }
    let start = |minute: i64| Timestamp::from_micros(minute.saturating_mul(MINUTE));
    Ok(extent.map(|(first, last, count)| Extent {
        first: start(first),
        end: start(last.saturating_add(1)),
        count: count.max(0).unsigned_abs(),
    }))
}

/// Which rows of the counts are asked for.
struct Bounds {
    bucket: i64,
    first: i64,
    last: i64,
    floor: i64,
}

impl Bounds {
    fn new(shared: &Shared, scan: &Scan, reader: &Reader<'_>) -> Result<Self, StoreError> {
        let floor = shared
            .catalogue
            .floor(scan.bucket)
            .ok_or_else(StoreError::no_bucket)?;
        // What begins at the end of the span is outside it.
        let before = |before: Timestamp| {
            minute(Timestamp::from_micros(before.as_micros().saturating_sub(1)))
        };
        Ok(Self {
            bucket: scan.bucket.0,
            first: reader.plan().since.map_or(i64::MIN, minute),
            last: reader.plan().before.map_or(i64::MAX, before),
            floor,
        })
    }

    fn params(&self) -> [i64; 4] {
        [self.bucket, self.first, self.last, self.floor]
    }
}

/// Adds up what is counted already: every bar is of whole minutes, the first and the last too.
/// Whether all was added before the deadline.
fn add_rollups(
    shared: &Shared,
    bounds: &Bounds,
    deadline: Instant,
    bars: &mut Bars,
) -> Result<bool, StoreError> {
    let counts = "SELECT minute, class, count FROM rollup \
                  WHERE bucket = ?1 AND minute BETWEEN ?2 AND ?3 AND first > ?4 AND count > 0";
    let latencies = "SELECT minute, bins FROM latency \
                     WHERE bucket = ?1 AND minute BETWEEN ?2 AND ?3 AND first > ?4";
    for (partition, _) in shared.partitions.newest_first() {
        if Instant::now() >= deadline {
            return Ok(false);
        }
        let read = partition.read(|connection| {
            let mut late = Late::new(deadline);
            let mut statement = connection.prepare_cached(counts)?;
            let mut rows = statement.query(bounds.params())?;
            while let Some(row) = rows.next()? {
                if late.is_it() {
                    return Ok(false);
                }
                let (minute, count): (i64, i64) = (row.get(0)?, row.get(2)?);
                let micros = minute.saturating_mul(MINUTE);
                bars.add(micros, row.get(1)?, count.max(0).unsigned_abs());
            }
            let mut statement = connection.prepare_cached(latencies)?;
            let mut rows = statement.query(params![
                bounds.bucket,
                bounds.first,
                bounds.last,
                bounds.floor
            ])?;
            while let Some(row) = rows.next()? {
                if late.is_it() {
                    return Ok(false);
                }
                let minute: i64 = row.get(0)?;
                let bins = Latencies::decode(row.get_ref(1)?.as_blob().unwrap_or_default());
                bars.at(minute.saturating_mul(MINUTE))
                    .latencies
                    .add_all(&bins);
            }
            Ok(true)
        })?;
        // One that was deleted meanwhile has none.
        if read == Some(false) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Looks at the clock now and then: whose messages tell times far apart has as many rows as messages.
struct Late {
    deadline: Instant,
    rows: u32,
}

impl Late {
    fn new(deadline: Instant) -> Self {
        Self { deadline, rows: 0 }
    }

    fn is_it(&mut self) -> bool {
        self.rows = self.rows.wrapping_add(1);
        self.rows.is_multiple_of(1024) && Instant::now() >= self.deadline
    }
}

/// The bars of a histogram by when they begin, in microseconds.
struct Bars {
    step: i64,
    bars: BTreeMap<i64, Counts>,
}

#[derive(Default)]
struct Counts {
    classes: [u64; 6],
    latencies: Latencies,
}

impl Bars {
    /// Whole minutes, or below one whole seconds.
    fn new(step: Duration) -> Self {
        let seconds = step
            .as_secs()
            .saturating_add(u64::from(step.subsec_nanos() > 0));
        let seconds = if seconds < 60 {
            seconds.max(1)
        } else {
            seconds.div_ceil(60).saturating_mul(60)
        };
        let seconds = i64::try_from(seconds).unwrap_or(i64::MAX).min(60 << 32);
        Self {
            step: seconds.saturating_mul(1_000_000),
            bars: BTreeMap::new(),
        }
    }

    fn at(&mut self, micros: i64) -> &mut Counts {
        let start = micros.div_euclid(self.step).saturating_mul(self.step);
        self.bars.entry(start).or_default()
    }

    fn add(&mut self, micros: i64, class: u8, count: u64) {
        let class = if class <= 5 { usize::from(class) } else { 0 };
        if let Some(sum) = self.at(micros).classes.get_mut(class) {
            *sum = sum.saturating_add(count);
        }
    }

    fn into_bars(self) -> Vec<Bar> {
        let bars = self.bars.into_iter().map(|(start, counts)| Bar {
            start: Timestamp::from_micros(start),
            classes: counts.classes,
            p50: counts.latencies.percentile(50),
            p95: counts.latencies.percentile(95),
            p99: counts.latencies.percentile(99),
        });
        bars.collect()
    }
}
