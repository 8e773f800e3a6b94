use super::latencies::Latencies;
use super::reader::minute;
use super::tallies::Tallies;
use crate::exchange::Attributes;
use crate::store::{BucketId, StoreError};
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::HashMap;

/// The changes of all that is counted, added up so that each row is written once a transaction.
#[derive(Default)]
pub(super) struct Counts {
    classes: HashMap<(BucketId, i64, u8), Count>,
    latencies: HashMap<(BucketId, i64), (Latencies, Places)>,
    tallies: Tallies,
}

struct Count {
    count: i64,
    places: Places,
}

/// Between which places the exchanges of a row lie.
#[derive(Clone, Copy)]
struct Places {
    first: i64,
    last: i64,
}

impl Counts {
    /// Counts an exchange, or with -1 takes it back.
    pub(super) fn add(
        &mut self,
        bucket: BucketId,
        attributes: &Attributes,
        sequence: i64,
        by: i64,
    ) {
        self.tallies.add(bucket, &attributes.into(), by);
        let places = Places {
            first: sequence,
            last: sequence,
        };
        let minute = minute(attributes.time);
        let key = (bucket, minute, attributes.status_class());
        let count = self
            .classes
            .entry(key)
            .or_insert(Count { count: 0, places });
        count.count += by;
        count.places.extend(places);
        if let Some(duration) = attributes.duration {
            let (latencies, known) = self
                .latencies
                .entry((bucket, minute))
                .or_insert((Latencies::default(), places));
            latencies.add(duration, by);
            known.extend(places);
        }
    }

    /// Writes the counts; the caller commits.
    pub(super) fn write(&self, connection: &Connection) -> Result<(), StoreError> {
        let sql = "INSERT INTO rollup VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO UPDATE SET \
                   count = count + excluded.count, first = min(first, excluded.first), last = max(last, excluded.last)";
        let mut statement = connection.prepare_cached(sql)?;
        for ((bucket, minute, class), Count { count, places }) in &self.classes {
            let Places { first, last } = places;
            statement.execute(params![bucket.0, minute, class, count, first, last])?;
        }
        let mut read = connection
            .prepare_cached("SELECT bins FROM latency WHERE bucket = ?1 AND minute = ?2")?;
        let sql = "INSERT INTO latency VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO UPDATE SET \
                   bins = excluded.bins, first = min(first, excluded.first), last = max(last, excluded.last)";
        let mut write = connection.prepare_cached(sql)?;
        for ((bucket, minute), (changes, Places { first, last })) in &self.latencies {
            let known: Option<Vec<u8>> = read
                .query_row(params![bucket.0, minute], |row| row.get(0))
                .optional()?;
            let mut latencies =
                known.map_or_else(Latencies::default, |known| Latencies::decode(&known));
            latencies.add_all(changes);
            write.execute(params![bucket.0, minute, first, last, latencies.encode()])?;
        }
        self.tallies.write(connection)
    }
}

impl Places {
    fn extend(&mut self, other: Self) {
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
    }
}
