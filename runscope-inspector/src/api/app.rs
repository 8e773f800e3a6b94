use super::error::ApiError;
use super::routes::Routes;
use super::state::AppState;
use super::{
    auth, buckets, compare, door, envelope, export, import, messages, metrics, openapi, replay,
    search, shared, tail, tokens, views,
};
use crate::page;
use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};

/// The whole server as a router, to be served or mounted in another app.
pub fn app(state: AppState) -> Router {
    routes()
        .into_router()
        .merge(page::routes())
        .fallback(async || ApiError::not_found("there is nothing at this path"))
        .method_not_allowed_fallback(async || ApiError::method_not_allowed())
        .layer(from_fn_with_state(state.clone(), door::check_host))
        .layer(from_fn(door::security_headers))
        .layer(from_fn_with_state(state.clone(), metrics::count_answers))
        .with_state(state)
}

/// Every route of the API. Each is described in `openapi`.
pub(super) fn routes() -> Routes {
    Routes::default()
        .get("/account", buckets::account)
        .get("/buckets", buckets::list)
        .post("/buckets", buckets::create)
        .get("/buckets/{key}", buckets::one)
        .delete("/buckets/{key}", buckets::delete)
        .get("/buckets/{key}/messages", messages::list)
        .post("/buckets/{key}/messages", messages::post)
        .delete("/buckets/{key}/messages", messages::clear)
        .get("/buckets/{key}/messages/{uuid}", messages::one)
        .get("/buckets/{key}/errors", messages::errors)
        .get("/buckets/{key}/shared", shared::list)
        .put("/buckets/{key}/shared/{uuid}", shared::share)
        .delete("/buckets/{key}/shared/{uuid}", shared::unshare)
        .get("/api/v1/buckets/{key}/search", search::search)
        .get("/api/v1/buckets/{key}/facets", search::facets)
        .get("/api/v1/buckets/{key}/histogram", search::histogram)
        .get("/api/v1/buckets/{key}/summary", search::summary)
        .get("/api/v1/buckets/{key}/tail", tail::tail)
        .get("/api/v1/buckets/{key}/export", export::export)
        .post("/api/v1/buckets/{key}/import", import::import)
        .get("/api/v1/buckets/{key}/compare", compare::compare)
        .post(
            "/api/v1/buckets/{key}/exchanges/{uuid}/replay",
            replay::replay,
        )
        .get("/api/v1/buckets/{key}/tokens", tokens::list)
        .post("/api/v1/buckets/{key}/tokens", tokens::create)
        .delete("/api/v1/buckets/{key}/tokens/{id}", tokens::remove)
        .get("/api/v1/buckets/{key}/views", views::list)
        .post("/api/v1/buckets/{key}/views", views::create)
        .put("/api/v1/buckets/{key}/views/{id}", views::change)
        .delete("/api/v1/buckets/{key}/views/{id}", views::remove)
        .get("/api/v1/shared/{name}", shared::read)
        .get("/api/v1/stats", search::stats)
        .get("/api/v1/openapi.json", openapi::serve)
        .get("/open", auth::open)
        .get("/metrics", metrics::serve)
        .get("/healthz", healthz)
}

async fn healthz() -> axum::response::Response {
    envelope::data(&serde_json::json!({ "healthy": true }))
}
