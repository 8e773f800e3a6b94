use super::{alert, channel, channels, file, overview, rule, silence};
use crate::api::{ApiError, AppState};
use crate::page::PageError;
use axum::Router;
use axum::routing::{get, post};

/// The paths below `/alerts`.
pub(in crate::page) fn routes() -> Router<AppState> {
    Router::new()
        .route("/", get(overview::overview))
        .route("/{id}", get(alert::alert))
        .route("/import", post(file::import))
        .route("/rules/new", get(rule::new).post(rule::create))
        .route("/rules/{id}", get(rule::one).post(rule::change))
        .route("/rules/{id}/silence", post(silence::silence))
        .route("/channels", get(channels::list))
        .route("/channels/new", get(channel::new).post(channel::create))
        .route("/channels/{id}", get(channel::one).post(channel::change))
        .route("/channels/{id}/test", post(channels::test))
        .fallback(async || PageError::from(ApiError::not_found("there is no page at this address")))
}
