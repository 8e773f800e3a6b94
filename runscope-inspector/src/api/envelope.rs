//! The API's envelope, and URLs read without plain-text rejections.

use super::error::ApiError;
use super::read;
use axum::Json;
use axum::extract::{self, FromRequestParts};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// An answer that has what was asked for.
pub(super) fn data(data: &impl Serialize) -> Response {
    data_with(data, json!({}))
}

/// The same with something to say about it.
pub(super) fn data_with(data: &impl Serialize, mut meta: Value) -> Response {
    if let Some(meta) = meta.as_object_mut() {
        meta.insert("status".to_owned(), json!("success"));
    }
    let error = None;
    Json(Envelope { data, meta, error }).into_response()
}

/// Written straight from what it holds: a page of messages is hundreds of kilobytes.
#[derive(Serialize)]
struct Envelope<'a, T> {
    data: &'a T,
    meta: Value,
    error: Option<Value>,
}

/// Done, and nothing to show.
pub(super) fn nothing() -> Response {
    StatusCode::NO_CONTENT.into_response()
}

/// The query of a URL, refused in the API's own form where it is wrong.
#[derive(Debug)]
pub(crate) struct Params<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Params<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        read::query(parts.uri.query().unwrap_or_default())
            .map(Self)
            .map_err(ApiError::bad_request)
    }
}

/// What the placeholders of a path stand for, refused likewise where it is not UTF-8.
#[derive(Debug)]
pub(super) struct Path<T>(pub(super) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        match extract::Path::from_request_parts(parts, state).await {
            Ok(extract::Path(names)) => Ok(Self(names)),
            Err(rejection) => Err(ApiError::bad_request(rejection.body_text())),
        }
    }
}
