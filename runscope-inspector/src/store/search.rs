use super::BucketId;
use crate::exchange::{Exchange, Timestamp};
use crate::query::Expr;
use std::time::Instant;

/// Which exchanges are looked at, and for how long.
#[derive(Debug, Clone)]
pub struct Scan {
    /// The bucket they are in.
    pub bucket: BucketId,
    /// The filter they match.
    pub filter: Expr,
    /// The time to which the filter's `since:15m` is relative.
    pub now: Timestamp,
    /// When to stop looking and answer with what was found.
    pub deadline: Instant,
}

/// A search for a page of exchanges, newest first.
#[derive(Debug, Clone)]
pub struct Search {
    /// Which exchanges match.
    pub scan: Scan,
    /// The [`next`](Page::next) of the page before; without one, the newest page.
    pub cursor: Option<i64>,
    /// The most exchanges on the page.
    pub limit: usize,
    /// How far to count the matches of this and the older pages.
    pub count_to: u64,
    /// Whether bodies are wanted.
    pub bodies: bool,
}

/// A page of exchanges.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// The exchanges, newest first.
    pub exchanges: Vec<Exchange>,
    /// Where the next page begins, unless all was looked at. New arrivals do not move it.
    pub next: Option<i64>,
    /// How many match, from this page's newest to the oldest of all.
    pub count: Count,
    /// How many exchanges were read one by one because no index could tell.
    pub examined: u64,
    /// Whether the deadline ended the search; `next` goes on from there.
    pub timed_out: bool,
}

/// A number of matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Count {
    /// Exactly so many.
    Exactly(u64),
    /// So many, and perhaps more.
    AtLeast(u64),
}
