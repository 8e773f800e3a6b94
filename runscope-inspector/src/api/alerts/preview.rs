use super::super::auth::Caller;
use super::super::body::read_json;
use super::super::envelope::{Params, data};
use super::super::error::ApiError;
use super::super::numbers::Patience;
use super::super::search::deadline;
use super::super::state::AppState;
use crate::alerts::{self, FewCalls, Mistake, Preview, Rule, ShortTime, Shortage};
use crate::query::parse_duration;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};
use std::time::Duration;

/// How far back a preview looks at most.
pub(in super::super) const LONGEST_SPAN: Duration = Duration::from_secs(31 * 86_400);

#[derive(Debug, Deserialize)]
pub(in super::super) struct PreviewParams {
    deadline: Option<Patience>,
}

/// What a rule would have done on the stored traffic.
pub(in super::super) async fn preview(
    State(state): State<AppState>,
    caller: Caller,
    Params(params): Params<PreviewParams>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Asked {
        rule: Value,
        span: Option<String>,
    }
    caller.owns()?;
    let Asked { rule, span } = read_json(&state, caller, &headers, body, "a preview").await?;
    let rule = Rule::read(&rule).map_err(|mistake| mistake.within("/rule"))?;
    let span = span.as_deref().unwrap_or("24h");
    let span = parse_duration(span).filter(|span| !span.is_zero() && *span <= LONGEST_SPAN);
    let span = span.ok_or_else(|| {
        let fix = "write a time with its unit, such as \"24h\", up to \"31d\"";
        ApiError::from(Mistake::new("/span", "it is no such time", fix))
    })?;
    let deadline = deadline(&state, params.deadline);
    let preview = state
        .query(move |store| alerts::preview(store, &rule, span, deadline))
        .await?;
    Ok(data(&preview_json(&preview)))
}

fn preview_json(preview: &Preview) -> Value {
    let bars: Vec<_> = preview
        .bars
        .iter()
        .map(|bar| json!({ "start": bar.start.as_seconds(), "matches": bar.matches, "traffic": bar.traffic }))
        .collect();
    json!({
        "from": preview.from.as_seconds(),
        "to": preview.to.as_seconds(),
        "fired": preview.fired,
        "alerts": preview.alerts,
        "step": preview.step.as_secs_f64(),
        "bars": bars,
        "matches": preview.matches,
        "examined": preview.examined,
        "complete": preview.complete,
        "not_enough_traffic": preview.shortage.as_ref().map(shortage_json),
    })
}

fn shortage_json(shortage: &Shortage) -> Value {
    let (calls, time) = (shortage.calls, shortage.time);
    json!({
        "message": shortage.words(),
        "calls": calls.map(|FewCalls { found, .. }| found),
        "calls_needed": calls.map(|FewCalls { needed, .. }| needed),
        "covered": time.map(|ShortTime { covered, .. }| covered.as_secs_f64()),
        "covered_needed": time.map(|ShortTime { needed, .. }| needed.as_secs_f64()),
    })
}
