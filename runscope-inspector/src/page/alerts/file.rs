use super::desk::Desk;
use super::overview::with_refused;
use super::told::{sentences, told};
use crate::alerts::{Mistake, read_file};
use crate::api::{AppState, Caller, Received};
use crate::page::PageError;
use crate::page::form::Form;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};

/// Rules as a file: the way out, and the way in with what was wrong with it.
pub(super) fn section(desk: &Desk, refused: Option<(&str, &Mistake)>) -> Markup {
    let export = |format: &str| format!("{}/api/v1/alerts/export?format={format}", desk.prefix);
    let (text, mistake) = refused.unzip();
    html! {
        details.panel #file open[refused.is_some()] {
            summary { h2 { "Rules as a file" } }
            p.hint { "For version control, or to take them elsewhere. Channels are not in it: they have secrets." }
            p.actions {
                a.button href=(export("toml")) download { "Export TOML" }
                a.button href=(export("json")) download { "Export JSON" }
            }
            form.stack #import method="post" action=(desk.path("/import")) {
                label for="rules-file" { "Import: JSON, or TOML with a [[rule]] for each" }
                textarea.mono #rules-file name="file" rows="8" spellcheck="false" required
                    autofocus[mistake.is_some()] aria-invalid=[mistake.map(|_| "true")]
                    aria-describedby=[mistake.map(|_| "rules-file-error")] { "\n" (text.unwrap_or_default()) }
                @if let Some(mistake) = mistake {
                    p.error #rules-file-error {
                        @if !mistake.field().is_empty() { code { (mistake.field()) } " " }
                        (sentences(mistake))
                    }
                }
                label.upload hidden { "Or a file: " input #upload type="file" accept=".toml,.json,application/json"; }
                label.check { input type="checkbox" name="replace" value="on"; "Remove the rules that are not in it" }
                button type="submit" { "Import" }
            }
        }
    }
}

/// Takes the rules of a file, all or none.
pub(super) async fn import(
    State(state): State<AppState>,
    desk: Desk,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, PageError> {
    // It can be larger than the forms of the page are.
    let received = Received::read(&state, Caller::Owner, &headers, body).await?;
    let form = received.work(&state, |_, body| Ok(Form::of(body))).await?;
    let text = form.field("file").to_owned();
    let replace = form.field("replace") == "on";
    let imported = state
        .alerting(move |alerts| match read_file(&text) {
            Ok(rules) => told(alerts.import(rules, replace)),
            Err(mistake) => Ok(Err(mistake)),
        })
        .await?;
    match imported {
        Ok(()) => Ok(Redirect::to(&desk.path("")).into_response()),
        Err(mistake) => with_refused(&state, &desk, form.field("file"), &mistake).await,
    }
}
