//! The messages API's own form of an exchange, in both directions.
//!
//! [`Message`] is what the API takes (`POST /buckets/{key}/messages`) and what it gives back. Its
//! serde form is the documented wire form: a name with one value is a string, a name with several
//! is an array, timestamps are Unix seconds and durations are seconds, both as floats.
//!
//! What the API has no field for (route, consumer, tags, how the exchange ended, why a body is
//! absent) travels in one extra object, [`Context`].

mod request;
mod response;
mod body;
mod fields;
mod context;

pub use body::{Body, BodyEncoding, BodyError};
pub use context::{BodyInfo, BodyState, Context, Direction, Outcome, Withheld};
pub use fields::Fields;
pub use request::Request;
pub use response::Response;

use serde::{Deserialize, Serialize};

/// One HTTP exchange: a request, a response, or both.
///
/// ```
/// use runscope_core::{Message, Request, Response};
///
/// let message = Message::new()
///     .request(Request::new("GET", "https://shop.example/items?page=2").header("accept", "*/*"))
///     .response(Response::new(200).body("[]"));
/// assert_eq!(
///     serde_json::to_string(&message).unwrap(),
///     r#"{"request":{"method":"GET","url":"https://shop.example/items?page=2","headers":{"accept":"*/*"}},"response":{"status":200,"body":"[]"}}"#,
/// );
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Message {
    /// The sender's identifier, echoed in the API's result. The layer makes a UUIDv7 at capture
    /// and keeps it over retries, so that a receiver can store an exchange once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unique_identifier: Option<String>,
    /// The API's own identifier; only in what is read back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uuid: Option<String>,
    /// The request, if this message has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<Request>,
    /// The response, if this message has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response: Option<Response>,
    /// What runscope knows beyond the API's own fields.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<Context>,
}

impl Message {
    /// An empty message; give it a request, a response, or both.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the sender's identifier.
    #[must_use]
    pub fn unique_identifier(mut self, id: impl Into<String>) -> Self {
        self.unique_identifier = Some(id.into());
        self
    }

    /// Sets the request.
    #[must_use]
    pub fn request(mut self, request: Request) -> Self {
        self.request = Some(request);
        self
    }

    /// Sets the response.
    #[must_use]
    pub fn response(mut self, response: Response) -> Self {
        self.response = Some(response);
        self
    }

    /// Sets the context.
    #[must_use]
    pub fn context(mut self, context: Context) -> Self {
        self.context = Some(context);
        self
    }
}
