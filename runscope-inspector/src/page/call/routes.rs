use super::{compare, files, retry, shared, view};
use crate::api::AppState;
use axum::Router;
use axum::routing::{get, post};

/// The paths below a bucket.
pub(in crate::page) fn in_bucket() -> Router<AppState> {
    Router::new()
        .route("/c/{uuid}", get(view::view))
        .route("/c/{uuid}/har", get(files::har))
        .route("/c/{uuid}/body/{side}", get(files::body))
        .route("/c/{uuid}/retry", post(retry::retry))
        .route("/c/{uuid}/share", post(shared::share))
        .route("/c/{uuid}/unshare", post(shared::unshare))
        .route("/compare", get(compare::compare))
}

/// The paths of those who have a share's link and no token.
pub(in crate::page) fn public() -> Router<AppState> {
    Router::new()
        .route("/s/{name}", get(shared::view))
        .route("/s/{name}/body/{side}", get(shared::body))
}
