use super::super::auth::Caller;
use super::super::body::read_json;
use super::super::envelope::{Path, data, nothing};
use super::super::error::ApiError;
use super::super::state::AppState;
use crate::alerts::{Alerts, Channel};
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::{Value, json};

/// Every channel without its secrets.
pub(in super::super) async fn channels(
    State(state): State<AppState>,
    caller: Caller,
) -> Result<Response, ApiError> {
    caller.owns()?;
    let channels = state.alerting(Alerts::channels).await?;
    Ok(data(&channels.iter().map(shown).collect::<Vec<_>>()))
}

pub(in super::super) async fn channel(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    caller.owns()?;
    let channel = state.alerting(move |alerts| alerts.channel(&id)).await?;
    Ok(data(&shown(&channel)))
}

/// Makes a channel. The secret that a webhook is signed with is shown this once.
pub(in super::super) async fn create_channel(
    State(state): State<AppState>,
    caller: Caller,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    caller.owns()?;
    let value: Value = read_json(&state, caller, &headers, body, "a channel").await?;
    let channel = state
        .alerting(move |alerts| alerts.add_channel(&value))
        .await?;
    let mut shown = shown(&channel);
    if let Some(secret) = channel.signing_secret() {
        shown["secret"] = json!(secret.reveal());
    }
    Ok(data(&shown))
}

/// Changes a channel; secrets that are left out stay.
pub(in super::super) async fn change_channel(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    caller.owns()?;
    let value: Value = read_json(&state, caller, &headers, body, "a channel").await?;
    let changed = state.alerting(move |alerts| alerts.change_channel(&id, &value));
    Ok(data(&shown(&changed.await?)))
}

pub(in super::super) async fn delete_channel(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    caller.owns()?;
    state
        .alerting(move |alerts| alerts.remove_channel(&id))
        .await?;
    Ok(nothing())
}

/// Sends a notice that needs no action, and tells what the channel answered.
pub(in super::super) async fn test_channel(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    caller.owns()?;
    let channel = state.alerting(move |alerts| alerts.channel(&id)).await?;
    let trial = state.alerts().test(&channel).await;
    Ok(data(&json!({ "sent": trial.sent, "answer": trial.answer })))
}

fn shown(channel: &Channel) -> Value {
    channel.to_shown()
}
