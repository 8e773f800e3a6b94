use super::auth::Caller;
use super::body::{CODINGS, Received, expect_json};
use super::envelope::{Params, Path, data, nothing};
use super::error::ApiError;
use super::ingest::{Results, read_messages, store_items};
use super::numbers::{Moment, Whole};
use super::readback::ReadMessage;
use super::state::AppState;
use crate::exchange::{Exchange, Timestamp, weight};
use crate::query::{Expr, Name, Pattern, Span, StatusTest, Term, When};
use crate::store::{Scan, Scope, Search, Store, StoreError};
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::response::Response;
use serde::Deserialize;
use std::sync::Arc;
use std::time::{Duration, Instant};
use uuid::Uuid;

/// The most messages of a list, as documented.
pub(super) const MOST_LISTED: usize = 1000;

/// How long a list may take, and the bytes after which it ends early.
const LISTING: Duration = Duration::from_secs(10);
const LARGEST_LIST: usize = 16 << 20;

/// Stores one message, or an array of them. The answer says how the next ones may be compressed.
pub(super) async fn post(
    State(state): State<AppState>,
    caller: Caller,
    Path(key): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<([(HeaderName, &'static str); 1], Results), ApiError> {
    let bucket = caller.bucket(&state, key, Scope::Write).await?;
    expect_json(&headers)?;
    let received = Received::read(&state, caller, &headers, body).await?;
    let limits = *state.limits();
    let metrics = Arc::clone(state.metrics());
    let alerts = Arc::clone(state.alerts());
    let results = received
        .work(&state, move |store, body| {
            let items = read_messages(body, &limits)?;
            let mut results = Results::all();
            store_items(
                store,
                Some(alerts.as_ref()),
                &metrics,
                bucket.id,
                items,
                &mut results,
            )?;
            Ok(results)
        })
        .await?;
    Ok(([(header::ACCEPT_ENCODING, CODINGS)], results))
}

/// Which messages are listed. The bounds are of their own times, as those are what the API documents;
/// the order is that of arrival, in which a list does not move under who reads it.
#[derive(Debug, Deserialize)]
pub(super) struct Listing {
    count: Option<Whole<1, { MOST_LISTED as u64 }>>,
    since: Option<Moment>,
    before: Option<Moment>,
}

/// The messages that arrived last, without bodies.
pub(super) async fn list(
    State(state): State<AppState>,
    caller: Caller,
    Path(key): Path<String>,
    Params(listing): Params<Listing>,
) -> Result<Response, ApiError> {
    listed(&state, caller, key, &listing, Expr::All).await
}

/// The newest messages of failed connections and error statuses, without bodies.
pub(super) async fn errors(
    State(state): State<AppState>,
    caller: Caller,
    Path(key): Path<String>,
    Params(listing): Params<Listing>,
) -> Result<Response, ApiError> {
    listed(&state, caller, key, &listing, failed()).await
}

/// The filter of failed connections and error statuses.
pub(crate) fn failed() -> Expr {
    let outcome =
        |outcome: &str| Expr::Term(Term::Is(Name::Outcome, Pattern::Plain(outcome.to_owned())));
    let status = Expr::Term(Term::Status(StatusTest::Span(Span::AtLeast(400))));
    status
        .or(outcome("error"))
        .or(outcome("aborted"))
        .or(outcome("panic"))
}

/// One message with its bodies.
pub(super) async fn one(
    State(state): State<AppState>,
    caller: Caller,
    Path((key, uuid)): Path<(String, String)>,
) -> Result<Response, ApiError> {
    let bucket = caller.bucket(&state, key, Scope::Read).await?;
    let uuid = message_uuid(&uuid)?;
    let exchange = state
        .query(move |store| store.exchange(bucket.id, uuid))
        .await?;
    let exchange = exchange.ok_or_else(no_message)?;
    Ok(data(&ReadMessage::whole(&exchange)))
}

/// Forgets every message of a bucket.
pub(super) async fn clear(
    State(state): State<AppState>,
    caller: Caller,
    Path(key): Path<String>,
) -> Result<Response, ApiError> {
    caller.owns()?;
    let bucket = caller.bucket(&state, key, Scope::Write).await?;
    state.blocking(move |store| store.clear(bucket.id)).await?;
    Ok(nothing())
}

/// The identifier in a path. What is none can't be a message's.
pub(crate) fn message_uuid(text: &str) -> Result<Uuid, ApiError> {
    text.parse().map_err(|_| no_message())
}

pub(crate) fn no_message() -> ApiError {
    ApiError::not_found("there is no message with this uuid")
}

async fn listed(
    state: &AppState,
    caller: Caller,
    key: String,
    listing: &Listing,
    filter: Expr,
) -> Result<Response, ApiError> {
    let bucket = caller.bucket(state, key, Scope::Read).await?;
    let limit = listing.count.map_or(50, Whole::size);
    let since = listing.since.map(|at| Term::Since(When::At(at.0)));
    let before = listing.before.map(|at| Term::Before(When::At(at.0)));
    let bounds = since.into_iter().chain(before).map(Expr::Term);
    let filter = bounds.fold(filter, Expr::and);
    let deadline = Instant::now() + state.limits().deadline;
    let scan = Scan {
        bucket: bucket.id,
        filter,
        now: Timestamp::now(),
        deadline,
    };
    let search = Search {
        scan,
        cursor: None,
        limit,
        count_to: 0,
        bodies: false,
    };
    let exchanges = state.query(move |store| whole_page(store, search)).await?;
    let exchanges = exchanges.ok_or_else(|| {
        let message = "the list took too long: narrow it by since and before, or ask for fewer";
        ApiError::new(StatusCode::SERVICE_UNAVAILABLE, message)
    })?;
    Ok(data(
        &exchanges
            .iter()
            .map(ReadMessage::listed)
            .collect::<Vec<_>>(),
    ))
}

/// As many as were asked for, or all that there are: this API has no cursor with which a client could
/// go on. `None` where that takes too long.
fn whole_page(store: &dyn Store, search: Search) -> Result<Option<Vec<Exchange>>, StoreError> {
    let patience = Instant::now() + LISTING;
    let (limit, mut bytes) = (search.limit, 0_usize);
    let mut search = search;
    let mut exchanges = Vec::new();
    loop {
        let page = store.search(&search)?;
        bytes = bytes.saturating_add(page.exchanges.iter().map(|it| weight(&it.message)).sum());
        exchanges.extend(page.exchanges);
        search.limit = limit.saturating_sub(exchanges.len());
        // A page that is large in bytes ends early, so that no list takes all memory.
        if page.next.is_none() || search.limit == 0 || bytes > LARGEST_LIST {
            return Ok(Some(exchanges));
        }
        if Instant::now() > patience {
            return Ok(None);
        }
        search.cursor = page.next;
        search.scan.deadline = patience;
    }
}
