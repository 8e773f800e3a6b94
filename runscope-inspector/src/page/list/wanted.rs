use crate::api::{ApiError, AppState, failed};
use crate::exchange::Timestamp;
use crate::page::place::Place;
use crate::page::{filter, found};
use crate::query::{Expr, Highlight, View};
use crate::store::{BucketId, Count, Page, Scan, Search, Store, StoreError};
use serde::Deserialize;
use std::time::{Duration, Instant};

/// The calls of a page.
pub(super) const LIMIT: usize = 50;

/// How far matches are counted.
const COUNT_TO: u64 = 10_000;

/// The shared calls that are looked at.
const MOST_SHARED: usize = 500;

/// The bytes of shared calls after which their page ends early.
const LARGEST_PAGE: usize = 16 << 20;

/// How long the first page waits for a scan: the page has to come at once.
pub(super) const FIRST_LOOK: Duration = Duration::from_millis(600);

/// What a link of the list asks for.
#[derive(Debug, Default, Deserialize)]
pub(in crate::page) struct Wanted {
    /// The filter.
    #[serde(default)]
    pub(super) q: String,
    /// Where an older page begins.
    pub(super) cursor: Option<i64>,
    #[serde(default)]
    pub(super) stream: Stream,
    /// A span of time to put into the filter, in microseconds.
    pub(super) from: Option<i64>,
    pub(super) to: Option<i64>,
}

/// Which calls the filter chooses from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(in crate::page) enum Stream {
    #[default]
    All,
    Shared,
}

/// What was found.
pub(super) struct Found {
    pub(super) page: Page,
    /// Where the filter's words stand in each of its exchanges, where a row does not show it already.
    pub(super) places: Vec<Option<Highlight>>,
    /// When the search ran out of time: the moment it has looked back to.
    pub(super) looked_back_to: Option<Timestamp>,
    /// The newest place that the page can have.
    pub(super) newest: i64,
    /// Whether the bucket has any call at all.
    pub(super) any: bool,
}

impl Wanted {
    /// The link's span of time put into the filter, if it has one.
    pub(super) fn zoomed(&self, expr: &Expr) -> Option<Expr> {
        let (from, to) = (self.from?, self.to?);
        let at = |micros: i64| Timestamp::from_micros(micros);
        (from < to).then(|| filter::within(expr, at(from), at(to)))
    }
}

/// The preset of failed calls, as a filter to read.
pub(super) fn errors() -> String {
    failed().to_string()
}

pub(super) async fn find(
    state: &AppState,
    place: &Place,
    wanted: &Wanted,
    filter: Expr,
    time: Duration,
) -> Result<Found, ApiError> {
    let scan = Scan {
        bucket: place.bucket.id,
        filter,
        now: Timestamp::now(),
        deadline: Instant::now() + time,
    };
    let (cursor, stream) = (wanted.cursor, wanted.stream);
    state
        .query(move |store| match stream {
            Stream::All => find_all(store, scan, cursor),
            Stream::Shared => find_shared(store, &scan),
        })
        .await
}

fn find_all(store: &dyn Store, scan: Scan, cursor: Option<i64>) -> Result<Found, StoreError> {
    // Taken before the search, so that what arrives meanwhile is shown twice rather than never.
    let newest = store.changes().start();
    let everything = Scan {
        filter: Expr::All,
        ..scan.clone()
    };
    let all = store.extent(&everything)?.map_or(0, |extent| extent.count);
    let unfiltered = scan.filter == Expr::All;
    let bucket = scan.bucket;
    let filter = scan.filter.clone();
    let has_words = !filter.text_terms().is_empty();
    let mut page = store.search(&Search {
        scan,
        cursor,
        limit: LIMIT,
        count_to: if unfiltered { 0 } else { COUNT_TO },
        // What was found can only be shown where it stands.
        bodies: has_words,
    })?;
    if unfiltered && cursor.is_none() {
        page.count = Count::Exactly(all);
    }
    let looked_back_to = match page.next {
        Some(next) if page.timed_out => time_at(store, bucket, next)?,
        _ => None,
    };
    let places = match has_words {
        true => beyond_the_rows(&filter, &page),
        false => Vec::new(),
    };
    Ok(Found {
        page,
        places,
        looked_back_to,
        newest,
        any: all > 0,
    })
}

/// Shared calls are few; the newest are looked at, one by one.
fn find_shared(store: &dyn Store, scan: &Scan) -> Result<Found, StoreError> {
    let newest = store.changes().start();
    let (mut exchanges, mut places, mut bytes) = (Vec::new(), Vec::new(), 0_usize);
    let shares = store.shares(scan.bucket)?;
    let mut complete = shares.len() <= MOST_SHARED;
    for share in shares.into_iter().take(MOST_SHARED) {
        if bytes > LARGEST_PAGE || Instant::now() >= scan.deadline {
            complete = false;
            break;
        }
        let Some(exchange) = store.exchange(scan.bucket, share.uuid)? else {
            continue;
        };
        let view = View::of(&exchange, scan.now);
        if scan.filter.matches(view) {
            places.push(found::beyond_the_row(&scan.filter, &exchange));
            let exchange = exchange.without_bodies();
            bytes = bytes.saturating_add(exchange.weight());
            exchanges.push(exchange);
        }
    }
    let count = u64::try_from(exchanges.len()).unwrap_or(u64::MAX);
    let count = match complete {
        true => Count::Exactly(count),
        false => Count::AtLeast(count),
    };
    let page = Page {
        exchanges,
        next: None,
        count,
        examined: 0,
        timed_out: false,
    };
    Ok(Found {
        places,
        page,
        looked_back_to: None,
        newest,
        any: true,
    })
}

fn beyond_the_rows(filter: &Expr, page: &Page) -> Vec<Option<Highlight>> {
    let exchanges = page.exchanges.iter();
    exchanges
        .map(|exchange| found::beyond_the_row(filter, exchange))
        .collect()
}

fn time_at(
    store: &dyn Store,
    bucket: BucketId,
    sequence: i64,
) -> Result<Option<Timestamp>, StoreError> {
    let exchange = store.at(bucket, sequence)?;
    Ok(exchange.map(|exchange| exchange.attributes.time))
}
