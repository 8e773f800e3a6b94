//! The API's envelope, and queries read without plain-text rejections.

use super::error::ApiError;
use axum::Json;
use axum::extract::{FromRequestParts, Query};
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
    match serde_json::to_value(data) {
        Ok(data) => Json(json!({ "data": data, "meta": meta, "error": null })).into_response(),
        Err(error) => ApiError::internal(error).into_response(),
    }
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

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        match Query::from_request_parts(parts, state).await {
            Ok(Query(params)) => Ok(Self(params)),
            Err(rejection) => Err(ApiError::bad_request(rejection.body_text())),
        }
    }
}
