use super::super::auth::Caller;
use super::super::envelope::{Params, Path, data};
use super::super::error::ApiError;
use super::super::numbers::{Moment, Whole};
use super::super::state::AppState;
use crate::alerts::{AlertsError, Notice};
use crate::exchange::Timestamp;
use crate::store::{AlertsWanted, KeptNotice, NoticeState, NoticesWanted};
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};

/// The most alerts, or notices, of one list.
pub(in super::super) const MOST_LISTED: usize = 500;

type Limit = Whole<1, { MOST_LISTED as u64 }>;

#[derive(Debug, Deserialize)]
pub(in super::super) struct AlertParams {
    rule: Option<String>,
    firing: Option<bool>,
    before: Option<Moment>,
    limit: Option<Limit>,
}

#[derive(Debug, Deserialize)]
pub(in super::super) struct NoticeParams {
    rule: Option<String>,
    channel: Option<String>,
    before: Option<Moment>,
    limit: Option<Limit>,
}

/// What fires and what fired, the last first, with the calls that caused it.
pub(in super::super) async fn alerts(
    State(state): State<AppState>,
    caller: Caller,
    Params(params): Params<AlertParams>,
) -> Result<Response, ApiError> {
    caller.owns()?;
    let wanted = AlertsWanted {
        rule: params.rule,
        firing: params.firing,
        before: params.before.map(|before| before.0),
        id: None,
        limit: params.limit.map_or(50, Whole::size),
    };
    let found = state.alerting(move |alerts| alerts.alerts(&wanted)).await?;
    Ok(data(&found))
}

pub(in super::super) async fn alert(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    caller.owns()?;
    let wanted = AlertsWanted {
        id: Some(id),
        limit: 1,
        ..AlertsWanted::default()
    };
    let found = state.alerting(move |alerts| alerts.alerts(&wanted)).await?;
    let alert = found.into_iter().next().ok_or(AlertsError::Missing)?;
    Ok(data(&alert))
}

/// What was told to whom, the newest first, with what came of it.
pub(in super::super) async fn notices(
    State(state): State<AppState>,
    caller: Caller,
    Params(params): Params<NoticeParams>,
) -> Result<Response, ApiError> {
    caller.owns()?;
    let wanted = NoticesWanted {
        rule: params.rule,
        channel: params.channel,
        before: params.before.map(|before| before.0),
        limit: params.limit.map_or(50, Whole::size),
    };
    let found = state
        .alerting(move |alerts| alerts.notices(&wanted))
        .await?;
    let shown: Vec<_> = found
        .iter()
        .map(|(kept, notice)| notice_json(kept, notice.as_ref()))
        .collect();
    Ok(data(&shown))
}

fn notice_json(kept: &KeptNotice, notice: Option<&Notice>) -> Value {
    let state = match kept.state {
        NoticeState::Waiting => "waiting",
        NoticeState::Sent => "sent",
        NoticeState::Failed => "failed",
    };
    let waits = kept.state == NoticeState::Waiting;
    json!({
        "id": kept.id,
        "channel": kept.channel,
        "rule": kept.rule,
        "created": kept.created.as_seconds(),
        "state": state,
        "due": waits.then(|| kept.due.as_seconds()),
        "attempts": kept.attempts,
        "answer": kept.answer,
        "answered": kept.answered.map(Timestamp::as_seconds),
        "status": notice.map(Notice::status),
        "title": notice.map(Notice::title),
    })
}
