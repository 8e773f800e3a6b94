use super::row::row;
use crate::api::{ApiError, AppState, follow, last_seen};
use crate::page::address::Params;
use crate::page::found;
use crate::page::layout::text_of;
use crate::page::place::Place;
use crate::query::parse;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;

#[derive(Debug, Deserialize)]
pub(crate) struct Following {
    #[serde(default)]
    q: String,
    /// The newest place that the page has looked at.
    after: Option<i64>,
}

/// The live tail, with each call as the row that the list would have of it.
pub(crate) async fn live(
    State(state): State<AppState>,
    place: Place,
    Params(following): Params<Following>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let Following { q, after } = following;
    let filter = parse(&q)?;
    let shown = filter.clone();
    let last = last_seen(&headers).or(after);
    let (caller, bucket) = (place.caller, place.bucket.id);
    let write = move |exchange: &crate::exchange::Exchange| {
        let words = found::beyond_the_row(&shown, exchange);
        let html = text_of(row(&place, &q, exchange, words.as_ref()));
        Some(json!({ "uuid": exchange.uuid, "html": html }))
    };
    follow(state, caller, bucket, filter, last, Box::new(write))
}
