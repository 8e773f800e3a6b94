use crate::alerts::{AlertsError, Mistake};
use crate::query::ParseError;
use crate::store::StoreError;
use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use std::fmt;

/// When who was told that the server is busy may come again, in seconds.
const RETRY_AFTER: &str = "2";

/// An answer that is an error, in the API's own form.
#[derive(Debug)]
pub(crate) struct ApiError {
    status: StatusCode,
    message: String,
    more_info: Option<Value>,
    /// The content codings that are taken, where the one of the request is none of them.
    codings: Option<&'static str>,
}

impl ApiError {
    pub(crate) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self {
            status,
            message: message.into(),
            more_info: None,
            codings: None,
        }
    }

    /// For a body in a content coding that is none of these.
    pub(crate) fn unsupported_coding(codings: &'static str) -> Self {
        let message = format!("the content encoding must be one of {codings}, or identity");
        Self {
            codings: Some(codings),
            ..Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, message)
        }
    }

    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    pub(crate) fn unauthorized() -> Self {
        let message = "a token is needed: send `Authorization: Bearer TOKEN`";
        Self::new(StatusCode::UNAUTHORIZED, message)
    }

    pub(crate) fn forbidden(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, message)
    }

    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, message)
    }

    pub(crate) fn method_not_allowed() -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "this path does not take this method",
        )
    }

    pub(crate) fn too_large(limit: impl fmt::Display) -> Self {
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("the body is over the limit of {limit} bytes"),
        )
    }

    /// For who may come again in a moment.
    pub(crate) fn busy() -> Self {
        let message = "the server has too much to do just now; try again soon";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, message)
    }

    pub(crate) fn internal(error: impl fmt::Display) -> Self {
        tracing::error!(%error, "a request failed");
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "the request failed; the server's log says why",
        )
    }

    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }

    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    fn with(mut self, more_info: Value) -> Self {
        self.more_info = Some(more_info);
        self
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let body = json!({
            "data": {},
            "meta": { "status": "error" },
            "error": { "status": self.status.as_u16(), "message": self.message, "more_info": self.more_info },
        });
        let mut response = (self.status, Json(body)).into_response();
        if self.status == StatusCode::UNAUTHORIZED {
            let scheme = header::HeaderValue::from_static("Bearer");
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, scheme);
        }
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            let seconds = header::HeaderValue::from_static(RETRY_AFTER);
            response.headers_mut().insert(header::RETRY_AFTER, seconds);
        }
        // A 415 for another reason must not have it (RFC 7694, section 3).
        if let Some(codings) = self.codings {
            let codings = header::HeaderValue::from_static(codings);
            response
                .headers_mut()
                .insert(header::ACCEPT_ENCODING, codings);
        }
        response
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        if error.is_full() {
            tracing::error!(%error, "a message was refused");
            Self::new(StatusCode::INSUFFICIENT_STORAGE, error.to_string())
        } else if error.is_no_bucket() {
            Self::not_found(error.to_string())
        } else {
            Self::internal(error)
        }
    }
}

/// The place of the mistake goes along, for a page that points at it.
impl From<ParseError> for ApiError {
    fn from(error: ParseError) -> Self {
        let place = json!({ "position": error.position(), "expected": error.expected() });
        Self::bad_request(format!("the filter is not valid {error}")).with(place)
    }
}

/// The place of the mistake goes along, and the way out of it.
impl From<Mistake> for ApiError {
    fn from(mistake: Mistake) -> Self {
        Self::bad_request(mistake.to_string()).with(mistake.to_json())
    }
}

impl From<AlertsError> for ApiError {
    fn from(error: AlertsError) -> Self {
        match error {
            AlertsError::Mistake(mistake) => mistake.into(),
            AlertsError::Missing => Self::not_found("there is nothing with this id"),
            AlertsError::Store(error) => error.into(),
        }
    }
}
