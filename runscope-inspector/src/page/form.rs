use super::error::PageError;
use crate::api::{ApiError, AppState};
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use url::form_urlencoded;

/// The largest form, in bytes: it has a few short fields.
const LARGEST: usize = 64 << 10;

/// The fields of a form that was sent from a page.
#[derive(Debug)]
pub(crate) struct Form(Vec<(String, String)>);

impl Form {
    /// Reads a form that was received elsewhere.
    pub(crate) fn of(body: &[u8]) -> Self {
        Self(form_urlencoded::parse(body).into_owned().collect())
    }

    /// A form as it would be sent with these fields.
    pub(crate) fn with(fields: Vec<(String, String)>) -> Self {
        Self(fields)
    }

    /// The first value of a field, or nothing.
    pub(crate) fn field(&self, name: &str) -> &str {
        let field = self.0.iter().find(|(field, _)| field == name);
        field.map_or("", |(_, value)| value)
    }

    /// Every field in order.
    pub(crate) fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        let fields = self.0.iter();
        fields.map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Every value of a field, in order.
    pub(crate) fn all<'f>(&'f self, name: &'f str) -> impl Iterator<Item = &'f str> {
        let fields = self.0.iter().filter(move |(field, _)| field == name);
        fields.map(|(_, value)| value.as_str())
    }
}

impl FromRequest<AppState> for Form {
    type Rejection = PageError;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, PageError> {
        let body = axum::body::to_bytes(request.into_body(), LARGEST);
        let body = tokio::time::timeout(state.limits().body_time, body)
            .await
            .map_err(|_| {
                let message = "the form took too long to arrive";
                ApiError::new(StatusCode::REQUEST_TIMEOUT, message)
            })?
            .map_err(|_| ApiError::bad_request("the form did not arrive whole"))?;
        Ok(Self::of(&body))
    }
}
