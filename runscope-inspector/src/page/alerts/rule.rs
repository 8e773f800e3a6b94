use super::desk::{Desk, Part, missing};
use super::overview::{line, standing};
use super::rule_fields::{assertions, fresh, of_rule, to_rule};
use super::rule_form::RuleForm;
use super::silence::menu;
use super::told::told;
use super::{preview, rule_fields};
use crate::alerts::{Alert, Alerts, Mistake, Preview, Rule};
use crate::api::AppState;
use crate::page::PageError;
use crate::page::address::{Params, Path};
use crate::page::form::Form;
use crate::store::AlertsWanted;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use serde::Deserialize;

/// What a new rule begins with.
#[derive(Debug, Deserialize)]
pub(super) struct Begun {
    #[serde(default)]
    filter: String,
    #[serde(default)]
    bucket: String,
}

/// What came of a form, beside the form itself.
#[derive(Debug, Default)]
struct Shown {
    mistake: Option<Mistake>,
    preview: Option<Preview>,
    more: bool,
}

pub(super) async fn new(
    State(state): State<AppState>,
    desk: Desk,
    Params(begun): Params<Begun>,
) -> Result<Response, PageError> {
    let form = fresh(&begun.filter, &begun.bucket);
    shown(&state, &desk, None, &form, Shown::default()).await
}

pub(super) async fn one(
    State(state): State<AppState>,
    desk: Desk,
    Path(id): Path<String>,
) -> Result<Response, PageError> {
    let rule = state.alerts().rule(&id).ok_or_else(missing)?;
    let form = of_rule(&rule);
    shown(&state, &desk, Some(&rule), &form, Shown::default()).await
}

pub(super) async fn create(
    State(state): State<AppState>,
    desk: Desk,
    form: Form,
) -> Result<Response, PageError> {
    submitted(&state, &desk, None, form).await
}

pub(super) async fn change(
    State(state): State<AppState>,
    desk: Desk,
    Path(id): Path<String>,
    form: Form,
) -> Result<Response, PageError> {
    let rule = state.alerts().rule(&id).ok_or_else(missing)?;
    submitted(&state, &desk, Some(&rule), form).await
}

async fn submitted(
    state: &AppState,
    desk: &Desk,
    before: Option<&Rule>,
    form: Form,
) -> Result<Response, PageError> {
    let action = form.field("action");
    let mut result = Shown::default();
    if let Some(row) = action.strip_prefix("drop-") {
        let form = rule_fields::without(&form, row.parse().ok());
        return shown(state, desk, before, &form, result).await;
    }
    match action {
        "add-assertion" => {
            // A row that is still empty is the one more.
            result.more = !assertions(&form).is_empty();
        }
        "preview" => match Rule::read(&rule_fields::named(to_rule(&form, before))) {
            Ok(rule) => {
                let span = form.field("span");
                result.preview = Some(preview::play(state, rule, span).await?);
            }
            Err(mistake) => result.mistake = Some(mistake),
        },
        "delete" if before.is_some() => {
            let id = before.map(|rule| rule.id.clone()).unwrap_or_default();
            state
                .alerting(move |alerts| alerts.remove_rule(&id))
                .await?;
            return Ok(Redirect::to(&desk.path("")).into_response());
        }
        _ => match save(state, before, &form).await? {
            Ok(rule) => {
                let path = format!("#rule-{}", rule.id);
                return Ok(Redirect::to(&desk.path(&path)).into_response());
            }
            Err(mistake) => result.mistake = Some(mistake),
        },
    }
    shown(state, desk, before, &form, result).await
}

async fn save(
    state: &AppState,
    before: Option<&Rule>,
    form: &Form,
) -> Result<Result<Rule, Mistake>, PageError> {
    let rule = match Rule::read(&to_rule(form, before)) {
        Ok(rule) => rule,
        Err(mistake) => return Ok(Err(mistake)),
    };
    let known = before.is_some();
    let saved = state.alerting(move |alerts| {
        told(if known {
            alerts.change_rule(rule)
        } else {
            alerts.add_rule(rule)
        })
    });
    Ok(saved.await?)
}

async fn shown(
    state: &AppState,
    desk: &Desk,
    rule: Option<&Rule>,
    form: &Form,
    result: Shown,
) -> Result<Response, PageError> {
    let channels = state.alerting(Alerts::channels).await?;
    let alerts = match rule {
        Some(rule) => last_alerts(state, &rule.id).await?,
        None => Vec::new(),
    };
    let drawn = RuleForm {
        desk,
        form,
        channels: &channels,
        id: rule.map(|rule| rule.id.as_str()),
        mistake: result.mistake.as_ref(),
        more: result.more,
    };
    let content = html! {
        @match rule {
            Some(rule) => (head(state, desk, rule)),
            None => {
                h1 { "New rule" }
                p.muted { "Which calls matter, when it is worth an alert, and who is told. Preview shows what it would have done until now." }
            }
        }
        (drawn.draw())
        @if let Some(preview) = &result.preview { (preview::draw(&desk.prefix, preview)) }
        @if rule.is_some() { (history(desk, &alerts)) }
    };
    let status = if result.mistake.is_some() {
        StatusCode::BAD_REQUEST
    } else {
        StatusCode::OK
    };
    let (title, part) = match rule {
        Some(rule) => (rule.name.as_str(), Part::Other),
        None => ("New rule", Part::NewRule),
    };
    Ok(desk.page(title, part, status, &content))
}

async fn last_alerts(state: &AppState, rule: &str) -> Result<Vec<Alert>, PageError> {
    let wanted = AlertsWanted {
        rule: Some(rule.to_owned()),
        limit: 20,
        ..AlertsWanted::default()
    };
    Ok(state.alerting(move |alerts| alerts.alerts(&wanted)).await?)
}

fn head(state: &AppState, desk: &Desk, rule: &Rule) -> Markup {
    html! {
        div.head-line {
            h1 { (rule.name) }
            (menu(desk, rule, None))
        }
        p.rule-line {
            span.rule-state id={ "state-" (rule.id) } data-fresh { (standing(state, rule)) }
            " " span.muted { "id " code { (rule.id) } }
        }
    }
}

fn history(desk: &Desk, alerts: &[Alert]) -> Markup {
    html! {
        section.card #rule-alerts aria-labelledby="rule-alerts-title" {
            h2 #rule-alerts-title { "Its last alerts" }
            @if alerts.is_empty() {
                p.quiet-note { "It has not fired yet." }
            } @else {
                ul.alert-list { @for alert in alerts { (line(desk, alert)) } }
            }
        }
    }
}
