use super::results::results;
use super::toolbar::toolbar;
use super::wanted::{FIRST_LOOK, Wanted, find};
use crate::api::AppState;
use crate::page::PageError;
use crate::page::address::Params;
use crate::page::connect::endpoint;
use crate::page::layout::{Nav, Page, Tab};
use crate::page::place::Place;
use crate::query::parse;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use maud::html;

/// The list with its newest calls; charts and facets are fetched once it is shown.
pub(crate) async fn list(
    State(state): State<AppState>,
    place: Place,
    Params(wanted): Params<Wanted>,
    headers: HeaderMap,
) -> Result<Response, PageError> {
    let (status, results, error) = match parse(&wanted.q) {
        Ok(filter) => {
            if let Some(zoomed) = wanted.zoomed(&filter) {
                let link = place.filtered("", &zoomed.to_string());
                return Ok(Redirect::to(&link).into_response());
            }
            let found = find(&state, &place, &wanted, filter, FIRST_LOOK).await?;
            (
                StatusCode::OK,
                Some(results(
                    &place,
                    &wanted,
                    &found,
                    &endpoint(&state, &headers),
                )),
                None,
            )
        }
        Err(error) => (StatusCode::BAD_REQUEST, None, Some(error)),
    };
    let content = html! {
        h1.visually-hidden { "Traffic of " (place.bucket.name) }
        (toolbar(&place, &wanted, error.as_ref()))
        div #results {
            @match results {
                Some(results) => (results),
                None => p.empty-note { "Nothing was searched: the filter has a mistake." }
            }
        }
        (super::help::keys())
    };
    let title = if wanted.q.is_empty() {
        "Traffic"
    } else {
        &wanted.q
    };
    Ok(Page::new(title, Nav::Bucket(&place, Tab::Traffic), content)
        .status(status)
        .styles(&["list.css"])
        .scripts(&["list.js", "copy.js"])
        .into_response())
}
