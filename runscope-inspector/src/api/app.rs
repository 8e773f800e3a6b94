use super::error::ApiError;
use super::routes::Routes;
use super::state::AppState;
use super::{
    access_log, alerts, buckets, compare, cookie, door, envelope, export, import, messages,
    metrics, openapi, parameters, replay, search, shared, tail, tokens, views,
};
use crate::page;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::middleware::{from_fn, from_fn_with_state, map_response_with_state};
use axum::response::Response;
use serde_json::json;

/// The whole server as a router, to be served, or nested in another app below
/// [`Config::prefix`](super::Config::prefix).
pub fn app(state: AppState) -> Router {
    routes()
        .into_router()
        .layer(from_fn_with_state(state.clone(), parameters::check))
        .merge(page::routes())
        .fallback(async || ApiError::not_found("there is nothing at this path"))
        .method_not_allowed_fallback(async || ApiError::method_not_allowed())
        .layer(map_response_with_state(state.clone(), page::failures))
        .layer(from_fn_with_state(state.clone(), door::check_host))
        .layer(from_fn(door::security_headers))
        .layer(from_fn_with_state(state.clone(), metrics::count_answers))
        .layer(from_fn_with_state(state.clone(), access_log::log_answers))
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
        .get("/api/v1/alerts", alerts::alerts)
        .get("/api/v1/alerts/{id}", alerts::alert)
        .get("/api/v1/alerts/notices", alerts::notices)
        .get("/api/v1/alerts/rules", alerts::rules)
        .post("/api/v1/alerts/rules", alerts::create_rule)
        .get("/api/v1/alerts/rules/{id}", alerts::rule)
        .put("/api/v1/alerts/rules/{id}", alerts::change_rule)
        .delete("/api/v1/alerts/rules/{id}", alerts::delete_rule)
        .put("/api/v1/alerts/rules/{id}/silence", alerts::silence)
        .get("/api/v1/alerts/export", alerts::export)
        .post("/api/v1/alerts/import", alerts::import)
        .post("/api/v1/alerts/preview", alerts::preview)
        .get("/api/v1/alerts/channels", alerts::channels)
        .post("/api/v1/alerts/channels", alerts::create_channel)
        .get("/api/v1/alerts/channels/{id}", alerts::channel)
        .put("/api/v1/alerts/channels/{id}", alerts::change_channel)
        .delete("/api/v1/alerts/channels/{id}", alerts::delete_channel)
        .post("/api/v1/alerts/channels/{id}/test", alerts::test_channel)
        .get("/api/v1/shared/{name}", shared::read)
        .get("/api/v1/stats", search::stats)
        .get("/api/v1/openapi.json", openapi::serve)
        .get("/open", cookie::open)
        .get("/metrics", metrics::serve)
        .get("/healthz", healthz)
}

/// Whether the server can do its work: a store that lost its writer takes nothing more, and alerts that
/// stopped wake nobody.
async fn healthz(State(state): State<AppState>) -> Result<Response, ApiError> {
    if !state.alerts().is_alive() {
        let message = "alerts have stopped; the server's log says why";
        return Err(ApiError::new(StatusCode::SERVICE_UNAVAILABLE, message));
    }
    if state.store().is_alive() {
        Ok(envelope::data(&json!({ "healthy": true })))
    } else {
        let message = "the store has stopped; the server's log says why";
        Err(ApiError::new(StatusCode::SERVICE_UNAVAILABLE, message))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Config, Token};
    use super::*;
    use crate::serve::serve;
    use crate::store::{Settings, Sqlite};
    use std::sync::Arc;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};

    #[tokio::test]
    async fn a_server_that_can_not_store_says_so() {
        let directory = tempfile::tempdir().unwrap();
        let store = Arc::new(Sqlite::open(Settings::new(directory.path())).unwrap());
        let state = AppState::new(Config::new(Token::random()), Arc::clone(&store) as _);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(serve(listener, app(state), std::future::pending()));
        for status in ["200", "503"] {
            let mut stream = TcpStream::connect(address).await.unwrap();
            let get = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
            stream.write_all(get.as_bytes()).await.unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.unwrap();
            assert!(
                answer.starts_with(&format!("HTTP/1.1 {status}")),
                "{answer}"
            );
            store.lose_writer();
        }
    }
}
