use super::error::PageError;
use crate::api::{self, ApiError};
use axum::extract::{FromRequestParts, Path as AxumPath};
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

/// What the placeholders of a page's path stand for, refused with a page where they are wrong.
#[derive(Debug)]
pub(super) struct Path<T>(pub(super) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, PageError> {
        match AxumPath::from_request_parts(parts, state).await {
            Ok(AxumPath(names)) => Ok(Self(names)),
            Err(_) => Err(ApiError::not_found("there is no page at this address").into()),
        }
    }
}

/// The query of a page's URL, refused likewise.
#[derive(Debug)]
pub(super) struct Params<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Params<T> {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, PageError> {
        let api::Params(params) = api::Params::from_request_parts(parts, state).await?;
        Ok(Self(params))
    }
}
