use super::error::PageError;
use super::{assets, call, list, place, sign_in};
use crate::api::{ApiError, AppState};
use axum::Router;
use axum::routing::{get, post};

/// Every path of the page.
pub(crate) fn routes() -> Router<AppState> {
    let bucket = Router::new()
        .route("/", get(list::list))
        .merge(call::in_bucket())
        .fallback(async || {
            PageError::from(ApiError::not_found("there is no page at this address"))
        });
    Router::new()
        .route("/", get(place::first))
        .route("/sign-out", post(sign_in::sign_out))
        .route("/assets/{version}/{*name}", get(assets::serve))
        .merge(call::public())
        .nest("/b/{key}", bucket)
}
