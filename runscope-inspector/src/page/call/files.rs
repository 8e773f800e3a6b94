use super::links::Side;
use crate::api::{ApiError, AppState, archive, message_uuid, no_message};
use crate::exchange::Exchange;
use crate::page::address::Path;
use crate::page::error::PageError;
use crate::page::place::Place;
use axum::extract::State;
use axum::http::{HeaderName, header};
use axum::response::{IntoResponse, Response};

/// What a download may do in a browser that shows it all the same: nothing.
const SANDBOX: &str = "sandbox; default-src 'none'; frame-ancestors 'none'";

/// The call as an HTTP Archive.
pub(super) async fn har(
    State(state): State<AppState>,
    place: Place,
    Path((_, uuid)): Path<(String, String)>,
) -> Result<Response, PageError> {
    let exchange = exchange(&state, &place, &uuid).await?;
    let name = format!("{}.har", exchange.uuid);
    Ok(attachment(
        "application/json",
        &name,
        archive(&exchange).into_bytes(),
    ))
}

/// The bytes of a body as they were captured.
pub(super) async fn body(
    State(state): State<AppState>,
    place: Place,
    Path((_, uuid, side)): Path<(String, String, Side)>,
) -> Result<Response, PageError> {
    let exchange = exchange(&state, &place, &uuid).await?;
    Ok(download(&exchange, side)?)
}

/// A body's bytes, never under the type that its sender gave it.
pub(super) fn download(exchange: &Exchange, side: Side) -> Result<Response, ApiError> {
    let message = &exchange.message;
    let bytes = match side {
        Side::Request => message
            .request
            .as_ref()
            .map(runscope_core::Request::body_bytes),
        Side::Response => message
            .response
            .as_ref()
            .map(runscope_core::Response::body_bytes),
    };
    let bytes = bytes
        .and_then(|bytes| bytes.ok().flatten())
        .ok_or_else(|| ApiError::not_found(format!("the {side} has no body here")))?;
    let name = format!("{}-{side}.bin", exchange.uuid);
    Ok(attachment("application/octet-stream", &name, bytes))
}

fn attachment(media_type: &'static str, name: &str, bytes: Vec<u8>) -> Response {
    let headers: [(HeaderName, String); 4] = [
        (header::CONTENT_TYPE, media_type.to_owned()),
        (
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{name}\""),
        ),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
        (header::CONTENT_SECURITY_POLICY, SANDBOX.to_owned()),
    ];
    (headers, bytes).into_response()
}

async fn exchange(state: &AppState, place: &Place, uuid: &str) -> Result<Exchange, ApiError> {
    let (uuid, bucket) = (message_uuid(uuid)?, place.bucket.id);
    let exchange = state
        .query(move |store| store.exchange(bucket, uuid))
        .await?;
    exchange.ok_or_else(no_message)
}
