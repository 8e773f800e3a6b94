use super::results::{more, rows as row_list};
use super::wanted::{Wanted, find};
use crate::api::AppState;
use crate::page::PageError;
use crate::page::address::Params;
use crate::page::layout::fragment;
use crate::page::place::Place;
use crate::query::parse;
use axum::extract::State;
use axum::response::Response;
use maud::html;

/// The next rows and the way to those after, for a script to add.
pub(crate) async fn rows(
    State(state): State<AppState>,
    place: Place,
    Params(wanted): Params<Wanted>,
) -> Result<Response, PageError> {
    let filter = parse(&wanted.q).map_err(crate::api::ApiError::from)?;
    let time = state.limits().deadline;
    let found = find(&state, &place, &wanted, filter, time).await?;
    Ok(fragment(html! {
        table { tbody { (row_list(&place, &wanted.q, &found)) } }
        (more(&place, &wanted, &found))
    }))
}
