use super::super::auth::Caller;
use super::super::body::{Received, read_json};
use super::super::envelope::{Params, Path, data, nothing};
use super::super::error::ApiError;
use super::super::state::AppState;
use crate::alerts::{Alerts, AlertsError, Mistake, Rule, read_file, write_file};
use crate::exchange::Timestamp;
use crate::query::parse_duration;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Debug, Default, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum FileFormat {
    #[default]
    Json,
    Toml,
}

#[derive(Debug, Deserialize)]
pub(in super::super) struct ExportParams {
    #[serde(default)]
    format: FileFormat,
}

#[derive(Debug, Deserialize)]
pub(in super::super) struct ImportParams {
    #[serde(default)]
    replace: bool,
}

/// Every rule with how it stands.
pub(in super::super) async fn rules(
    State(state): State<AppState>,
    caller: Caller,
) -> Result<Response, ApiError> {
    caller.owns()?;
    let alerts = state.alerts();
    let rules: Vec<_> = alerts
        .rules()
        .iter()
        .map(|rule| shown(alerts, rule))
        .collect();
    Ok(data(&rules))
}

pub(in super::super) async fn rule(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    caller.owns()?;
    let rule = state.alerts().rule(&id).ok_or(AlertsError::Missing)?;
    Ok(data(&shown(state.alerts(), &rule)))
}

pub(in super::super) async fn create_rule(
    State(state): State<AppState>,
    caller: Caller,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    caller.owns()?;
    let value: Value = read_json(&state, caller, &headers, body, "a rule").await?;
    let rule = Rule::read(&value)?;
    let rule = state.alerting(move |alerts| alerts.add_rule(rule)).await?;
    Ok(data(&shown(state.alerts(), &rule)))
}

pub(in super::super) async fn change_rule(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    caller.owns()?;
    let mut value: Value = read_json(&state, caller, &headers, body, "a rule").await?;
    if let Some(members) = value.as_object_mut() {
        members.insert("id".to_owned(), Value::from(id));
    }
    let rule = Rule::read(&value)?;
    let rule = state
        .alerting(move |alerts| alerts.change_rule(rule))
        .await?;
    Ok(data(&shown(state.alerts(), &rule)))
}

pub(in super::super) async fn delete_rule(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    caller.owns()?;
    state
        .alerting(move |alerts| alerts.remove_rule(&id))
        .await?;
    Ok(nothing())
}

/// Has a rule tell nobody: `{"until": "2026-11-22T10:00:00Z"}`, `{"for": "1h"}`, or from now on again:
/// `{"until": null}`.
pub(in super::super) async fn silence(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Silence {
        until: Option<String>,
        #[serde(rename = "for")]
        duration: Option<String>,
    }
    caller.owns()?;
    let Silence { until, duration } =
        read_json(&state, caller, &headers, body, "a silence").await?;
    let wrong = |field: &str| {
        let fix =
            "write {\"until\": \"2026-11-22T10:00:00Z\"}, {\"for\": \"1h\"} or {\"until\": null}";
        ApiError::from(Mistake::new(field, "it is no such time", fix))
    };
    let until = match (until, duration) {
        (Some(until), None) => {
            let until: jiff::Timestamp = until.parse().map_err(|_| wrong("/until"))?;
            Some(Timestamp::from_micros(until.as_microsecond()))
        }
        (None, Some(duration)) => {
            let duration = parse_duration(&duration).ok_or_else(|| wrong("/for"))?;
            let micros = i64::try_from(duration.as_micros()).map_err(|_| wrong("/for"))?;
            let until = Timestamp::now().as_micros().saturating_add(micros);
            Some(Timestamp::from_micros(until))
        }
        (None, None) => None,
        (Some(_), Some(_)) => return Err(wrong("/for")),
    };
    let rule = state
        .alerting(move |alerts| alerts.silence(&id, until))
        .await?;
    Ok(data(&shown(state.alerts(), &rule)))
}

/// All rules as a file.
pub(in super::super) async fn export(
    State(state): State<AppState>,
    caller: Caller,
    Params(params): Params<ExportParams>,
) -> Result<Response, ApiError> {
    caller.owns()?;
    let (as_toml, kind, name) = match params.format {
        FileFormat::Json => (false, "application/json", "alert-rules.json"),
        FileFormat::Toml => (true, "application/toml", "alert-rules.toml"),
    };
    let text = write_file(&state.alerts().rules(), as_toml).map_err(ApiError::internal)?;
    let disposition = format!("attachment; filename=\"{name}\"");
    let headers = [
        (header::CONTENT_TYPE, kind.to_owned()),
        (header::CONTENT_DISPOSITION, disposition),
    ];
    Ok((headers, text).into_response())
}

/// Takes the rules of a file, all or none.
pub(in super::super) async fn import(
    State(state): State<AppState>,
    caller: Caller,
    Params(params): Params<ImportParams>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    caller.owns()?;
    let received = Received::read(&state, caller, &headers, body).await?;
    let alerts = std::sync::Arc::clone(state.alerts());
    let count = received
        .work(&state, move |_, body| {
            let text = std::str::from_utf8(body)
                .map_err(|_| ApiError::bad_request("the file is not UTF-8"))?;
            let rules = read_file(text)?;
            let count = rules.len();
            alerts.import(rules, params.replace)?;
            Ok(count)
        })
        .await?;
    Ok(data(&json!({ "imported": count })))
}

fn shown(alerts: &Alerts, rule: &Rule) -> Value {
    let mut value = rule.to_json();
    let state = alerts.state(&rule.id);
    value["state"] = json!({ "firing": state.firing, "pending": state.pending });
    value
}
