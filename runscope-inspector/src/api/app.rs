use super::error::ApiError;
use super::state::AppState;
use super::{
    auth, buckets, compare, door, envelope, messages, replay, search, shared, tail, tokens,
    transfer, views,
};
use crate::page;
use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{delete, get, put};

/// The whole server as a router, to be served or mounted in another app.
pub fn app(state: AppState) -> Router {
    let bucket = Router::new()
        .route("/search", get(search::search))
        .route("/facets", get(search::facets))
        .route("/histogram", get(search::histogram))
        .route("/summary", get(search::summary))
        .route("/tail", get(tail::tail))
        .route("/export", get(transfer::export))
        .route("/import", axum::routing::post(transfer::import))
        .route("/compare", get(compare::compare))
        .route(
            "/exchanges/{uuid}/replay",
            axum::routing::post(replay::replay),
        )
        .route("/tokens", get(tokens::list).post(tokens::create))
        .route("/tokens/{id}", delete(tokens::remove))
        .route("/views", get(views::list).post(views::create))
        .route("/views/{id}", put(views::change).delete(views::remove));
    Router::new()
        .route("/account", get(buckets::account))
        .route("/buckets", get(buckets::list).post(buckets::create))
        .route("/buckets/{key}", get(buckets::one).delete(buckets::delete))
        .route(
            "/buckets/{key}/messages",
            get(messages::list)
                .post(messages::post)
                .delete(messages::clear),
        )
        .route("/buckets/{key}/messages/{uuid}", get(messages::one))
        .route("/buckets/{key}/errors", get(messages::errors))
        .route("/buckets/{key}/shared", get(shared::list))
        .route(
            "/buckets/{key}/shared/{uuid}",
            put(shared::share).delete(shared::unshare),
        )
        .nest("/api/v1/buckets/{key}", bucket)
        .route("/api/v1/shared/{name}", get(shared::read))
        .route("/api/v1/stats", get(search::stats))
        .route("/open", get(auth::open).post(page::sign_in))
        .merge(page::routes())
        .route("/healthz", get(healthz))
        .fallback(async || ApiError::not_found("there is nothing at this path"))
        .method_not_allowed_fallback(async || ApiError::method_not_allowed())
        .layer(from_fn_with_state(state.clone(), door::check_host))
        .layer(from_fn(door::security_headers))
        .with_state(state)
}

async fn healthz() -> axum::response::Response {
    envelope::data(&serde_json::json!({ "healthy": true }))
}
