//! The store in SQLite files of one directory.
//!
//! `catalogue.db` holds buckets, tokens, shares and compression dictionaries. The exchanges are in
//! partitions, `exchanges-N.db`, where N is the place of the first one: all but the newest are
//! sealed, and retention unlinks whole files. Places in the order of arrival run on through the
//! partitions, so a place tells its file.
//!
//! A partition has a row of attributes per exchange, the compressed message in a table of its own,
//! a contentless FTS5 index, counts by minute of classes of status and of durations, and counts of all
//! its exchanges by facet and by route. Attributes are indexed as words too (see `terms`), so a filter
//! on words and attributes is one intersection of lists that are already in the order of arrival. The
//! index of identifiers is in the order of their time where they have one (UUIDv7), so writing touches
//! a few pages of it and not all.
//!
//! One thread writes; it commits what is waiting as one transaction, and merges the pieces of the
//! full-text index while nothing is waiting. It is what bounds ingest, so it only inserts: words are
//! cut, messages compressed, and what is done with is freed on the threads of those who ask, and
//! they leave it a processor (see `turns`). Readers have connections of
//! their own and see the last commit (WAL). The newest messages are in memory too.

mod database;
mod settings;
mod schema;
mod catalogue;
mod alerts;
mod partition;
mod partitions;
mod bloom;
mod codec;
mod terms;
mod document;
mod turns;
mod writer;
mod batch;
mod counts;
mod seen;
mod tallies;
mod row;
mod recent;
mod plan;
mod reader;
mod walk;
mod counting;
mod places;
mod aggregate;
mod histogram;
mod latencies;
mod keeper;
mod purge;
mod ballast;
#[cfg(test)]
mod tests;

pub use database::Sqlite;
pub(crate) use latencies::Latencies;
pub use settings::{Durability, Settings};
