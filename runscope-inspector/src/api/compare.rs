use super::auth::Caller;
use super::envelope::{Params, Path, data_with};
use super::error::ApiError;
use super::messages::{message_uuid, no_message};
use super::state::AppState;
use crate::compare::Comparison;
use crate::exchange::Exchange;
use crate::store::{BucketId, Scope};
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;

#[derive(Debug, Deserialize)]
pub(super) struct Pair {
    a: String,
    b: String,
}

/// What differs between two messages of a bucket.
pub(super) async fn compare(
    State(state): State<AppState>,
    caller: Caller,
    Path(key): Path<String>,
    Params(pair): Params<Pair>,
) -> Result<Response, ApiError> {
    let bucket = caller.bucket(&state, key, Scope::Read).await?;
    let (a, b, comparison) = compared(&state, bucket.id, &pair.a, &pair.b).await?;
    let meta = json!({ "a": a.uuid, "b": b.uuid, "same": comparison.is_same() });
    Ok(data_with(&comparison, meta))
}

/// Two exchanges and what differs between them.
pub(crate) async fn compared(
    state: &AppState,
    bucket: BucketId,
    a: &str,
    b: &str,
) -> Result<(Exchange, Exchange, Comparison), ApiError> {
    let (a, b) = (message_uuid(a)?, message_uuid(b)?);
    let compared = state
        .query(move |store| {
            let (Some(a), Some(b)) = (store.exchange(bucket, a)?, store.exchange(bucket, b)?)
            else {
                return Ok(None);
            };
            let comparison = Comparison::of(&a, &b);
            Ok(Some((a, b, comparison)))
        })
        .await?;
    compared.ok_or_else(no_message)
}
