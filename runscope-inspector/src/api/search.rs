use super::auth::Caller;
use super::envelope::{Params, Path, data, data_with};
use super::error::ApiError;
use super::numbers::{Patience, Whole};
use super::readback::ReadMessage;
use super::state::AppState;
use crate::exchange::{Exchange, Timestamp};
use crate::query::{Highlight, View, parse};
use crate::store::{BucketId, Count, Extent, FacetField, Page, Scan, Scope, Search, Store};
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::time::{Duration, Instant};

/// The most exchanges of a page.
pub(super) const MOST_FOUND: usize = 1000;

/// How far matches are counted at most.
pub(super) const MOST_COUNTED: u64 = 1_000_000;

/// The most values of a facet.
pub(super) const MOST_VALUES: usize = 1000;

/// The longest bar of a histogram, in seconds: a leap year.
pub(super) const LONGEST_STEP: u64 = 366 * 86_400;

/// The most bars of a histogram.
pub(super) const MOST_BARS: u64 = 10_000;

#[derive(Debug, Deserialize)]
pub(super) struct SearchParams {
    #[serde(default)]
    q: String,
    deadline: Option<Patience>,
    cursor: Option<i64>,
    limit: Option<Whole<0, { MOST_FOUND as u64 }>>,
    count_to: Option<Whole<0, MOST_COUNTED>>,
    #[serde(default)]
    bodies: bool,
    #[serde(default)]
    highlight: bool,
}

/// A page of the exchanges that match, newest first; `meta.next` is the cursor of the page after.
pub(super) async fn search(
    State(state): State<AppState>,
    caller: Caller,
    Path(key): Path<String>,
    Params(params): Params<SearchParams>,
) -> Result<Response, ApiError> {
    let bucket = caller.bucket(&state, key, Scope::Read).await?;
    let SearchParams {
        bodies, highlight, ..
    } = params;
    let search = Search {
        scan: scan(&state, bucket.id, &params.q, params.deadline)?,
        cursor: params.cursor,
        limit: params.limit.map_or(50, Whole::size),
        count_to: params.count_to.map_or(1000, Whole::get),
        // What was found can only be shown where it stands.
        bodies: bodies || highlight,
    };
    let (page, highlights) = state
        .query(move |store| {
            let page = store.search(&search)?;
            let highlights = highlight.then(|| highlights(&page, &search.scan));
            Ok((page, highlights))
        })
        .await?;
    let read = if bodies {
        ReadMessage::whole
    } else {
        ReadMessage::listed
    };
    let (count, exact) = match page.count {
        Count::Exactly(count) => (count, true),
        Count::AtLeast(count) => (count, false),
    };
    let meta = json!({
        "next": page.next,
        "count": count,
        "count_is_exact": exact,
        "examined": page.examined,
        "timed_out": page.timed_out,
    });
    let mut messages: Vec<_> = page.exchanges.iter().map(read).collect();
    for (message, found) in messages.iter_mut().zip(highlights.into_iter().flatten()) {
        message.highlight(found);
    }
    Ok(data_with(&messages, meta))
}

/// Where the filter's words stand in each exchange of a page.
fn highlights(page: &Page, scan: &Scan) -> Vec<Vec<Highlight>> {
    let of = |exchange: &Exchange| scan.filter.highlights(View::of(exchange, scan.now));
    page.exchanges.iter().map(of).collect()
}

#[derive(Debug, Deserialize)]
pub(super) struct FacetParams {
    #[serde(default)]
    q: String,
    deadline: Option<Patience>,
    values: Option<Whole<0, { MOST_VALUES as u64 }>>,
}

/// The most frequent values of each facet.
pub(super) async fn facets(
    State(state): State<AppState>,
    caller: Caller,
    Path(key): Path<String>,
    Params(params): Params<FacetParams>,
) -> Result<Response, ApiError> {
    let bucket = caller.bucket(&state, key, Scope::Read).await?;
    let scan = scan(&state, bucket.id, &params.q, params.deadline)?;
    let values = params.values.map_or(10, Whole::size);
    let facets = state
        .query(move |store| store.facets(&scan, values))
        .await?;
    let fields: Map<String, Value> = facets
        .facets
        .iter()
        .map(|facet| {
            let name = FacetField::ALL
                .iter()
                .find(|(field, _)| *field == facet.field)
                .map_or("", |(_, name)| name);
            let values = facet
                .values
                .iter()
                .map(|(value, count)| json!({ "value": value, "count": count }));
            (name.to_owned(), values.collect())
        })
        .collect();
    Ok(data_with(
        &fields,
        json!({ "counted": facets.counted, "complete": facets.complete }),
    ))
}

#[derive(Debug, Deserialize)]
pub(super) struct HistogramParams {
    #[serde(default)]
    q: String,
    deadline: Option<Patience>,
    step: Option<Whole<1, LONGEST_STEP>>,
}

/// The exchanges that match counted over time, with percentiles of their times in seconds: `step` in
/// seconds, in bars of whole minutes or below one of whole seconds.
pub(super) async fn histogram(
    State(state): State<AppState>,
    caller: Caller,
    Path(key): Path<String>,
    Params(params): Params<HistogramParams>,
) -> Result<Response, ApiError> {
    let bucket = caller.bucket(&state, key, Scope::Read).await?;
    let scan = scan(&state, bucket.id, &params.q, params.deadline)?;
    let histogram = state.query(move |store| {
        let extent = store.extent(&scan)?;
        let least = extent.map_or(1, |extent| least_step(&extent));
        let step = params.step.map_or(least.max(60), Whole::get);
        if step < least {
            return Ok(Err(least));
        }
        store.histogram(&scan, Duration::from_secs(step)).map(Ok)
    });
    let histogram = histogram.await?.map_err(|least| {
        ApiError::bad_request(format!(
            "step must be at least {least} here: a histogram has at most {MOST_BARS} bars; or bound the time with since: and before:"
        ))
    })?;
    let bars = histogram.bars.iter().map(|bar| {
        let [
            other,
            informational,
            success,
            redirect,
            client_error,
            server_error,
        ] = bar.classes;
        json!({
            "start": bar.start.as_seconds(),
            "1xx": informational,
            "2xx": success,
            "3xx": redirect,
            "4xx": client_error,
            "5xx": server_error,
            "other": other,
            "p50": seconds(bar.p50),
            "p95": seconds(bar.p95),
            "p99": seconds(bar.p99),
        })
    });
    let meta = json!({ "step": histogram.step.as_secs(), "complete": histogram.complete });
    Ok(data_with(&bars.collect::<Vec<_>>(), meta))
}

/// The shortest bars, in seconds, of which no more than the most come. Each has an exchange in it, so
/// few exchanges make few bars however far apart they are.
fn least_step(extent: &Extent) -> u64 {
    let micros = extent
        .end
        .as_micros()
        .saturating_sub(extent.first.as_micros());
    let seconds = micros.max(0).unsigned_abs().div_ceil(1_000_000);
    let least = seconds.div_ceil(MOST_BARS.saturating_sub(1)).max(1);
    if extent.count <= MOST_BARS {
        1
    } else if least < 60 {
        least
    } else {
        least.div_ceil(60).saturating_mul(60).min(LONGEST_STEP)
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct SummaryParams {
    #[serde(default)]
    q: String,
    deadline: Option<Patience>,
}

/// The exchanges that match by method and route, with times in seconds.
pub(super) async fn summary(
    State(state): State<AppState>,
    caller: Caller,
    Path(key): Path<String>,
    Params(params): Params<SummaryParams>,
) -> Result<Response, ApiError> {
    let bucket = caller.bucket(&state, key, Scope::Read).await?;
    let scan = scan(&state, bucket.id, &params.q, params.deadline)?;
    let summary = state.query(move |store| store.summary(&scan)).await?;
    let rows = summary.rows.iter().take(1000).map(|row| {
        json!({
            "method": row.method,
            "route": row.route,
            "count": row.count,
            "errors": row.errors,
            "p50": seconds(row.p50),
            "p95": seconds(row.p95),
            "p99": seconds(row.p99),
        })
    });
    let meta = json!({ "counted": summary.counted, "complete": summary.complete });
    Ok(data_with(&rows.collect::<Vec<_>>(), meta))
}

fn seconds(duration: Option<Duration>) -> Option<f64> {
    duration.map(|duration| duration.as_secs_f64())
}

/// What is stored, in numbers.
pub(super) async fn stats(
    State(state): State<AppState>,
    caller: Caller,
) -> Result<Response, ApiError> {
    caller.owns()?;
    let stats = state.query(<dyn Store>::stats).await?;
    Ok(data(&json!({
        "exchanges": stats.exchanges,
        "bytes": stats.bytes,
        "partitions": stats.partitions,
        "newest": stats.newest,
    })))
}

/// What a query looks at, and until when.
pub(super) fn scan(
    state: &AppState,
    bucket: BucketId,
    q: &str,
    deadline: Option<Patience>,
) -> Result<Scan, ApiError> {
    Ok(Scan {
        bucket,
        filter: parse(q)?,
        now: Timestamp::now(),
        deadline: self::deadline(state, deadline),
    })
}

/// Until when a query looks, where it is not told the usual time.
pub(super) fn deadline(state: &AppState, patience: Option<Patience>) -> Instant {
    Instant::now() + patience.map_or(state.limits().deadline, |patience| patience.0)
}
