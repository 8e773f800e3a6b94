use super::PageError;
use super::address::Path;
use super::error::sentence;
use super::form::Form;
use super::layout::{Nav, Page, Tab};
use super::place::Place;
use crate::api::{ApiError, AppState, new_view};
use crate::store::SavedView;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};

/// The saved views, to be opened, changed and deleted.
pub(super) async fn list(place: Place) -> Response {
    shown(&place, None)
}

/// Saves a view and leads to it.
pub(super) async fn create(
    State(state): State<AppState>,
    place: Place,
    form: Form,
) -> Result<Response, PageError> {
    place.caller.owns()?;
    let view = match new_view(form.field("name"), form.field("filter")) {
        Ok(view) => view,
        Err(error) => return Ok(shown(&place, Some(&error))),
    };
    let id = place.bucket.id;
    let view = state
        .blocking(move |store| store.add_view(id, &view))
        .await?;
    Ok(Redirect::to(&place.filtered("", &view.filter)).into_response())
}

/// Changes a view, or deletes it where the form says so.
pub(super) async fn change(
    State(state): State<AppState>,
    place: Place,
    Path((_, id)): Path<(String, i64)>,
    form: Form,
) -> Result<Response, PageError> {
    place.caller.owns()?;
    let bucket = place.bucket.id;
    let found = if form.field("action") == "delete" {
        state
            .blocking(move |store| store.remove_view(bucket, id))
            .await?
    } else {
        match new_view(form.field("name"), form.field("filter")) {
            Ok(view) => {
                state
                    .blocking(move |store| store.change_view(bucket, id, &view))
                    .await?
            }
            Err(error) => return Ok(shown(&place, Some(&error))),
        }
    };
    if found {
        Ok(Redirect::to(&place.path("/views")).into_response())
    } else {
        Err(ApiError::not_found("there is no view with this id").into())
    }
}

fn shown(place: &Place, error: Option<&ApiError>) -> Response {
    let content = html! {
        div.page {
            h1 { "Views" }
            p.muted { "A view is a filter with a name. It stands above the list, beside All, Errors and Shared." }
            @if let Some(error) = error {
                p.error #view-error role="alert" { (sentence(error.message())) }
            }
            @if place.views.is_empty() {
                p.empty-note { "No view is saved yet. Filter the list and choose Save view, or make one here." }
            } @else {
                ul.views #views {
                    @for view in &place.views { li.card { (editor(place, view)) } }
                }
            }
            section.card {
                h2 { "New view" }
                form.view-form #new-view method="post" action=(place.path("/views")) {
                    (fields("new", "", ""))
                    div.actions { button.primary type="submit" { "Save" } }
                }
            }
        }
    };
    let status = error.map_or(StatusCode::OK, ApiError::status);
    Page::new("Views", Nav::Bucket(place, Tab::Views), content)
        .status(status)
        .styles(&["list.css"])
        .into_response()
}

fn editor(place: &Place, view: &SavedView) -> Markup {
    html! {
        form.view-form method="post" action=(place.path(&format!("/views/{}", view.id))) {
            (fields(&view.id.to_string(), &view.name, &view.filter))
            div.actions {
                a.button href=(place.filtered("", &view.filter)) { "Open" span.visually-hidden { " " (view.name) } }
                button type="submit" name="action" value="save" { "Save" span.visually-hidden { " " (view.name) } }
                button.danger.quiet type="submit" name="action" value="delete" formnovalidate {
                    "Delete" span.visually-hidden { " " (view.name) }
                }
            }
        }
    }
}

fn fields(id: &str, name: &str, filter: &str) -> Markup {
    html! {
        div {
            label for={ "name-" (id) } { "Name" }
            input id={ "name-" (id) } type="text" name="name" value=(name) required maxlength="100" autocomplete="off";
        }
        div.view-filter {
            label for={ "filter-" (id) } { "Filter" }
            input.mono id={ "filter-" (id) } type="text" name="filter" value=(filter) autocomplete="off"
                autocapitalize="off" spellcheck="false";
        }
    }
}
