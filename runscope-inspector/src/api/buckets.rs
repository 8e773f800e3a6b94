use super::auth::Caller;
use super::body::read_json;
use super::envelope::{Path, data, nothing};
use super::error::ApiError;
use super::state::AppState;
use crate::store::{Bucket, NewBucket, Scope, Store};
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};

/// The longest name of a bucket, in characters.
pub(crate) const LONGEST_NAME: usize = 200;

/// Whose account this is: there is one, the owner's.
pub(super) async fn account(caller: Caller) -> Result<Response, ApiError> {
    caller.owns()?;
    Ok(data(&json!({
        "name": "Owner",
        "email": "owner@localhost",
        "uuid": "00000000-0000-8000-8000-000000000000",
        "teams": [{ "id": "default", "name": "Default", "uuid": "default" }],
    })))
}

/// Every bucket.
pub(super) async fn list(
    State(state): State<AppState>,
    caller: Caller,
) -> Result<Response, ApiError> {
    caller.owns()?;
    let buckets = state.blocking(<dyn Store>::buckets).await?;
    Ok(data(
        &buckets
            .iter()
            .map(|bucket| bucket_json(&state, bucket))
            .collect::<Vec<_>>(),
    ))
}

#[derive(Deserialize)]
struct Creation {
    name: String,
    #[serde(default = "default_team")]
    team_id: String,
}

/// Makes a bucket.
pub(super) async fn create(
    State(state): State<AppState>,
    caller: Caller,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    caller.owns()?;
    let Creation { name, team_id } = read_json(&state, caller, &headers, body, "a bucket").await?;
    let bucket = new_bucket(name, team_id)?;
    let bucket = state
        .blocking(move |store| store.create_bucket(&bucket))
        .await?;
    Ok(data(&bucket_json(&state, &bucket)))
}

/// One bucket.
pub(super) async fn one(
    State(state): State<AppState>,
    caller: Caller,
    Path(key): Path<String>,
) -> Result<Response, ApiError> {
    let bucket = caller.bucket(&state, key, Scope::Read).await?;
    Ok(data(&bucket_json(&state, &bucket)))
}

/// Deletes a bucket with all that is in it.
pub(super) async fn delete(
    State(state): State<AppState>,
    caller: Caller,
    Path(key): Path<String>,
) -> Result<Response, ApiError> {
    caller.owns()?;
    let bucket = caller.bucket(&state, key, Scope::Write).await?;
    deletable(&bucket)?;
    state.delete_bucket(bucket.id).await?;
    Ok(nothing())
}

/// A bucket to be made, if its texts will do.
pub(crate) fn new_bucket(name: String, team: String) -> Result<NewBucket, ApiError> {
    let fits = |text: &str| !text.trim().is_empty() && text.chars().count() <= LONGEST_NAME;
    if fits(&name) && fits(&team) {
        Ok(NewBucket { name, team })
    } else {
        Err(ApiError::bad_request(format!(
            "name and team_id must have 1 to {LONGEST_NAME} characters"
        )))
    }
}

/// Lets a bucket go that clients do not count on being there.
pub(crate) fn deletable(bucket: &Bucket) -> Result<(), ApiError> {
    if bucket.default {
        let message = "the default bucket can't be deleted; its messages can";
        return Err(ApiError::bad_request(message));
    }
    Ok(())
}

/// The team of a bucket where none is told.
pub(crate) fn default_team() -> String {
    "default".to_owned()
}

/// The documented form. What this server has no use for is there and empty.
fn bucket_json(state: &AppState, bucket: &Bucket) -> Value {
    let url = format!("{}/buckets/{}", state.config().link_base(), bucket.key);
    json!({
        "key": bucket.key,
        "name": bucket.name,
        "default": bucket.default,
        "team": { "id": bucket.team, "name": bucket.team },
        "auth_token": null,
        "verify_ssl": true,
        "messages_url": format!("{url}/messages"),
        "trigger_url": null,
        "tests_url": null,
        "collections_url": null,
    })
}
