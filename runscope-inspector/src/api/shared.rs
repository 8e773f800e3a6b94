use super::auth::Caller;
use super::envelope::{Path, data, nothing};
use super::error::ApiError;
use super::messages::{message_uuid, no_message};
use super::readback::ReadMessage;
use super::state::AppState;
use crate::store::{Scope, Share};
use axum::extract::State;
use axum::response::Response;
use serde_json::json;

/// The messages that are looked at for a list.
const MOST_LISTED: usize = 1000;

/// The bytes of messages after which a list ends early.
const LARGEST_LIST: usize = 16 << 20;

/// The messages of a bucket that are shared, the last shared first, without bodies.
pub(super) async fn list(
    State(state): State<AppState>,
    caller: Caller,
    Path(key): Path<String>,
) -> Result<Response, ApiError> {
    let bucket = caller.bucket(&state, key, Scope::Read).await?;
    let exchanges = state
        .query(move |store| {
            let (mut listed, mut bytes) = (Vec::new(), 0_usize);
            for share in store.shares(bucket.id)?.into_iter().take(MOST_LISTED) {
                let Some(exchange) = store.exchange(bucket.id, share.uuid)? else {
                    continue;
                };
                let exchange = exchange.without_bodies();
                bytes = bytes.saturating_add(exchange.weight());
                listed.push(exchange);
                if bytes > LARGEST_LIST {
                    break;
                }
            }
            Ok(listed)
        })
        .await?;
    Ok(data(
        &exchanges
            .iter()
            .map(ReadMessage::listed)
            .collect::<Vec<_>>(),
    ))
}

/// Gives a message a link that anyone can read it by.
pub(super) async fn share(
    State(state): State<AppState>,
    caller: Caller,
    Path((key, uuid)): Path<(String, String)>,
) -> Result<Response, ApiError> {
    caller.owns()?;
    let bucket = caller.bucket(&state, key, Scope::Write).await?;
    let uuid = message_uuid(&uuid)?;
    let share = state
        .blocking(move |store| store.share(bucket.id, uuid))
        .await?;
    let Share { name, uuid, .. } = share.ok_or_else(no_message)?;
    let base = state.config().link_base();
    Ok(data(&json!({
        "uuid": uuid,
        "public_url": format!("{base}/s/{name}"),
        "public_api_url": format!("{base}/api/v1/shared/{name}"),
    })))
}

/// Takes the link back.
pub(super) async fn unshare(
    State(state): State<AppState>,
    caller: Caller,
    Path((key, uuid)): Path<(String, String)>,
) -> Result<Response, ApiError> {
    caller.owns()?;
    let bucket = caller.bucket(&state, key, Scope::Write).await?;
    let uuid = message_uuid(&uuid)?;
    if state
        .blocking(move |store| store.unshare(bucket.id, uuid))
        .await?
    {
        Ok(nothing())
    } else {
        Err(ApiError::not_found("this message is not shared"))
    }
}

/// A shared message with its bodies, for whoever has the link.
pub(super) async fn read(
    State(state): State<AppState>,
    Path(name): Path<String>,
) -> Result<Response, ApiError> {
    let exchange = state
        .query(move |store| match store.shared(&name)? {
            Some(share) => store.exchange(share.bucket, share.uuid),
            None => Ok(None),
        })
        .await?;
    let exchange =
        exchange.ok_or_else(|| ApiError::not_found("nothing is shared under this name"))?;
    Ok(data(&ReadMessage::whole(&exchange)))
}
