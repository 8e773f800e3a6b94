use super::error::PageError;
use super::{
    alerts, assets, buckets, call, charts, connect, facets, list, place, sign_in, summary, views,
};
use crate::api::{ApiError, AppState};
use axum::Router;
use axum::routing::{get, post};

/// Every path of the page.
pub(crate) fn routes() -> Router<AppState> {
    let bucket = Router::new()
        .route("/", get(list::list))
        .merge(call::in_bucket())
        .route("/rows", get(list::rows))
        .route("/live", get(list::live))
        .route("/timeline", get(charts::timeline))
        .route("/facets", get(facets::facets))
        .route("/summary", get(summary::summary))
        .route("/views", get(views::list).post(views::create))
        .route("/views/{id}", post(views::change))
        .route("/connect", get(connect::connect).post(connect::make_token))
        .route("/connect/tokens/{id}", post(connect::revoke))
        .route("/clear", post(buckets::clear))
        .route("/delete", post(buckets::delete))
        .fallback(async || {
            PageError::from(ApiError::not_found("there is no page at this address"))
        });
    Router::new()
        .route("/", get(place::first))
        .route("/b", get(buckets::list).post(buckets::create))
        .route("/sign-in", post(sign_in::sign_in))
        .route("/sign-out", post(sign_in::sign_out))
        .route("/assets/{version}/{*name}", get(assets::serve))
        .merge(call::public())
        .nest("/b/{key}", bucket)
        .nest("/alerts", alerts::routes())
}
