use super::files::download;
use super::head::headline;
use super::links::{Links, Side, Views};
use super::view::Call;
use crate::api::{ApiError, AppState, message_uuid, no_message};
use crate::exchange::Exchange;
use crate::page::address::{Params, Path};
use crate::page::error::PageError;
use crate::page::layout::{Nav, Page};
use crate::page::place::Place;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use maud::html;

/// A shared call, for whoever has the link: to be read, and with no way on from here.
pub(super) async fn view(
    State(state): State<AppState>,
    Path(name): Path<String>,
    Params(views): Params<Views>,
) -> Result<Response, PageError> {
    let prefix = &state.config().prefix;
    let base = format!("{prefix}/s/{name}");
    let exchange = shared(&state, name).await?;
    let call = state.query(|_| Ok(Call::of(exchange))).await?;
    let links = Links { base, views };
    let content = html! {
        div.page.call {
            p.eyebrow { "A shared call, read-only" }
            header.call-head { div { (headline(&call.exchange)) } }
            (call.sides(&links))
        }
    };
    let title = call.title();
    Ok(Page::new(&title, Nav::Outside(prefix), content)
        .styles(&["call.css"])
        .scripts(&["call.js"])
        .into_response())
}

/// The bytes of a shared call's body, as a download.
pub(super) async fn body(
    State(state): State<AppState>,
    Path((name, side)): Path<(String, Side)>,
) -> Result<Response, PageError> {
    let exchange = shared(&state, name).await?;
    Ok(download(&exchange, side)?)
}

/// Gives a call its link.
pub(super) async fn share(
    State(state): State<AppState>,
    place: Place,
    Path((_, uuid)): Path<(String, String)>,
) -> Result<Response, PageError> {
    place.caller.owns()?;
    let (uuid, bucket) = (message_uuid(&uuid)?, place.bucket.id);
    let share = state
        .blocking(move |store| store.share(bucket, uuid))
        .await?;
    share.ok_or_else(no_message)?;
    Ok(Redirect::to(&place.path(&format!("/c/{uuid}"))).into_response())
}

/// Takes the link back.
pub(super) async fn unshare(
    State(state): State<AppState>,
    place: Place,
    Path((_, uuid)): Path<(String, String)>,
) -> Result<Response, PageError> {
    place.caller.owns()?;
    let (uuid, bucket) = (message_uuid(&uuid)?, place.bucket.id);
    // Whoever takes it back twice has what they want.
    state
        .blocking(move |store| store.unshare(bucket, uuid))
        .await?;
    Ok(Redirect::to(&place.path(&format!("/c/{uuid}"))).into_response())
}

async fn shared(state: &AppState, name: String) -> Result<Exchange, ApiError> {
    let exchange = state
        .query(move |store| match store.shared(&name)? {
            Some(share) => store.exchange(share.bucket, share.uuid),
            None => Ok(None),
        })
        .await?;
    exchange.ok_or_else(|| ApiError::not_found("nothing is shared under this name"))
}
