use super::{Body, BodyEncoding, BodyError, Fields};
use serde::{Deserialize, Serialize};

/// The request of a [`Message`](super::Message).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Request {
    /// The method, in the case it had on the wire.
    pub method: String,
    /// The full URL with its query.
    pub url: String,
    /// The headers, in the order in which their names first came.
    #[serde(default, skip_serializing_if = "Fields::is_empty")]
    pub headers: Fields,
    /// The decoded fields of a form body, which then stands in for `body`.
    #[serde(default, skip_serializing_if = "Fields::is_empty")]
    pub form: Fields,
    /// The body, in the encoding that `body_encoding` names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// How `body` is written; left out, it is plain text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body_encoding: Option<BodyEncoding>,
    /// When the request arrived, in Unix seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<f64>,
    /// The URL's host; only in what is read back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// The URL's path; only in what is read back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The URL's scheme; only in what is read back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scheme: Option<String>,
    /// The decoded query; only in what is read back.
    #[serde(default, skip_serializing_if = "Fields::is_empty")]
    pub params: Fields,
}

impl Request {
    /// A request with a method and a full URL.
    #[must_use]
    pub fn new(method: impl Into<String>, url: impl Into<String>) -> Self {
        Self {
            method: method.into(),
            url: url.into(),
            ..Self::default()
        }
    }

    /// Adds a header; a name given twice keeps both values.
    #[must_use]
    pub fn header(mut self, name: impl AsRef<str>, value: impl Into<String>) -> Self {
        self.headers.push(name.as_ref(), value);
        self
    }

    /// Adds a form field; a name given twice keeps both values.
    #[must_use]
    pub fn form_field(mut self, name: impl AsRef<str>, value: impl Into<String>) -> Self {
        self.form.push(name.as_ref(), value);
        self
    }

    /// Sets the body: text as it is, other bytes as base64.
    #[must_use]
    pub fn body(mut self, body: impl AsRef<[u8]>) -> Self {
        let body = Body::encode(body.as_ref());
        self.body = Some(body.text);
        self.body_encoding = body.encoding.unless_default();
        self
    }

    /// Sets the time of arrival, in Unix seconds.
    #[must_use]
    pub fn timestamp(mut self, seconds: f64) -> Self {
        self.timestamp = Some(seconds);
        self
    }

    /// The body's bytes, or `None` where there is no body.
    ///
    /// # Errors
    ///
    /// When `body_encoding` says base64 and the body is not.
    pub fn body_bytes(&self) -> Result<Option<Vec<u8>>, BodyError> {
        Body::decode(self.body.as_deref(), self.body_encoding)
    }
}
