use super::{Body, BodyEncoding, BodyError, Fields};
use serde::{Deserialize, Serialize};

/// The response of a [`Message`](super::Message).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// The reason phrase; the API fills it in where it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The headers, in the order in which their names first came.
    #[serde(default, skip_serializing_if = "Fields::is_empty")]
    pub headers: Fields,
    /// The body, in the encoding that `body_encoding` names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// How `body` is written; left out, it is plain text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body_encoding: Option<BodyEncoding>,
    /// Seconds from the request's arrival to the response's head.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_time: Option<f64>,
    /// When the response's head was ready, in Unix seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<f64>,
    /// The size of the body in bytes; only in what is read back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size_bytes: Option<u64>,
}

impl Response {
    /// A response with a status code.
    #[must_use]
    pub fn new(status: u16) -> Self {
        Self {
            status,
            ..Self::default()
        }
    }

    /// Adds a header; a name given twice keeps both values.
    #[must_use]
    pub fn header(mut self, name: impl AsRef<str>, value: impl Into<String>) -> Self {
        self.headers.push(name.as_ref(), value);
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

    /// Sets the time of the response's head, in Unix seconds.
    #[must_use]
    pub fn timestamp(mut self, seconds: f64) -> Self {
        self.timestamp = Some(seconds);
        self
    }

    /// Sets the seconds from the request's arrival to the response's head.
    #[must_use]
    pub fn response_time(mut self, seconds: f64) -> Self {
        self.response_time = Some(seconds);
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
