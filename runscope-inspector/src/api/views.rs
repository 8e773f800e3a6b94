use super::auth::Caller;
use super::body::read_json;
use super::envelope::{Path, data, nothing};
use super::error::ApiError;
use super::state::AppState;
use crate::query::parse;
use crate::store::{NewView, SavedView, Scope};
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};

/// The longest name of a view, in characters.
const LONGEST_NAME: usize = 200;

#[derive(Deserialize)]
struct Creation {
    name: String,
    filter: String,
}

/// The saved views of a bucket.
pub(super) async fn list(
    State(state): State<AppState>,
    caller: Caller,
    Path(key): Path<String>,
) -> Result<Response, ApiError> {
    let bucket = caller.bucket(&state, key, Scope::Read).await?;
    let views = state.blocking(move |store| store.views(bucket.id)).await?;
    Ok(data(&views.iter().map(view_json).collect::<Vec<_>>()))
}

/// Saves a filter under a name.
pub(super) async fn create(
    State(state): State<AppState>,
    caller: Caller,
    Path(key): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    caller.owns()?;
    let bucket = caller.bucket(&state, key, Scope::Write).await?;
    let view = read(&state, caller, &headers, body).await?;
    let view = state
        .blocking(move |store| store.add_view(bucket.id, &view))
        .await?;
    Ok(data(&view_json(&view)))
}

/// Gives a view another name and filter.
pub(super) async fn change(
    State(state): State<AppState>,
    caller: Caller,
    Path((key, id)): Path<(String, String)>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    caller.owns()?;
    let bucket = caller.bucket(&state, key, Scope::Write).await?;
    let id = id.parse().map_err(|_| no_view())?;
    let view = read(&state, caller, &headers, body).await?;
    let views = state.blocking(move |store| {
        store.change_view(bucket.id, id, &view)?;
        store.views(bucket.id)
    });
    let changed = views.await?.into_iter().find(|view| view.id == id);
    changed
        .map(|view| data(&view_json(&view)))
        .ok_or_else(no_view)
}

/// Removes a view.
pub(super) async fn remove(
    State(state): State<AppState>,
    caller: Caller,
    Path((key, id)): Path<(String, String)>,
) -> Result<Response, ApiError> {
    caller.owns()?;
    let bucket = caller.bucket(&state, key, Scope::Write).await?;
    let id = id.parse().map_err(|_| no_view())?;
    if state
        .blocking(move |store| store.remove_view(bucket.id, id))
        .await?
    {
        Ok(nothing())
    } else {
        Err(no_view())
    }
}

/// A view of a name that can be shown and a filter that can be read.
pub(crate) fn new_view(name: &str, filter: &str) -> Result<NewView, ApiError> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > LONGEST_NAME {
        let message = format!("a view's name must have 1 to {LONGEST_NAME} characters");
        return Err(ApiError::bad_request(message));
    }
    parse(filter)?;
    Ok(NewView {
        name: name.to_owned(),
        filter: filter.to_owned(),
    })
}

async fn read(
    state: &AppState,
    caller: Caller,
    headers: &HeaderMap,
    body: Body,
) -> Result<NewView, ApiError> {
    let Creation { name, filter } = read_json(state, caller, headers, body, "a view").await?;
    new_view(&name, &filter)
}

fn no_view() -> ApiError {
    ApiError::not_found("there is no view with this id")
}

fn view_json(view: &SavedView) -> Value {
    json!({
        "id": view.id,
        "name": view.name,
        "filter": view.filter,
        "created": view.created.as_seconds(),
    })
}
