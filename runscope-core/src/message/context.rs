use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What runscope knows of an exchange beyond the API's own fields.
///
/// Sent as one object, `context`, in the message. A receiver that does not know it can ignore it;
/// for one that refuses unknown fields, `context: false` in the config leaves it out.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Context {
    /// Whether the service received the request or sent it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub direction: Option<Direction>,
    /// How the exchange ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// The error's text, where the inner service failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The name that was given to the layer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// The framework's route template, such as `/users/{id}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub route: Option<String>,
    /// Who called, as the app told it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consumer: Option<String>,
    /// The app's own fields.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    /// The client's address: the peer's, or a forwarded one where proxies are trusted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_address: Option<String>,
    /// The protocol of the request, such as `HTTP/1.1`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protocol: Option<String>,
    /// The W3C trace id of the request's `traceparent`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace_id: Option<String>,
    /// Seconds from the request's arrival to the end of the response's body.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total_time: Option<f64>,
    /// The share of exchanges that are captured, where it is below 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sample_rate: Option<f64>,
    /// What became of the request's body.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_body: Option<BodyInfo>,
    /// What became of the response's body.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response_body: Option<BodyInfo>,
}

/// Which side of the exchange the capturing service was on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Direction {
    /// The service received the request.
    #[default]
    Incoming,
    /// The service sent the request.
    Outgoing,
}

/// How an exchange ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Outcome {
    /// The response went out whole.
    #[default]
    Complete,
    /// The peer left, or the exchange was dropped, before the response was whole. Before its head
    /// the status is 499, as nginx writes it; a call that the app made has none.
    Aborted,
    /// The service returned an error instead of a response, or the body failed while it streamed.
    Error,
    /// The handler panicked; the status is 500 unless a response had already begun. A call that the
    /// app made has none.
    Panic,
    /// The connection was handed over (101, or a successful CONNECT); no bodies are recorded.
    Upgraded,
    /// The stream was still open when the configured age was reached.
    Open,
}

/// What became of a body: how large it was, and how much of it is in the message.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct BodyInfo {
    /// The bytes that passed, whether they are in the message or not.
    pub size: u64,
    /// How much of it is in the message.
    pub state: BodyState,
    /// Why the body, or the rest of it, is not in the message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Withheld>,
    /// Whether the body passed to its end. A request body that the handler left unread did not.
    pub complete: bool,
    /// Whether something in it was masked.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub redacted: bool,
    /// The content coding that was undone to show it, such as `gzip`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decoded: Option<String>,
}

/// How much of a body is in the message.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum BodyState {
    /// There was no body, or none of it had come when the exchange ended: `complete` is false then.
    #[default]
    Empty,
    /// All that passed.
    Captured,
    /// Its beginning.
    Truncated,
    /// Nothing, though there was one or may have been one; `reason` says why.
    NotCaptured,
    /// It could not be cleaned of secrets, so it is masked whole.
    Masked,
}

/// Why a body, or a part of it, is not in the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Withheld {
    /// `log_body` is off.
    LogBodyOff,
    /// Its content type is not among those that are captured.
    ContentType,
    /// Its content coding can't be decoded here, so it can't be cleaned of secrets.
    ContentEncoding,
    /// The process-wide byte budget was spent.
    OverBudget,
    /// It passed the cap for one body.
    OverCap,
    /// The handler did not read it.
    Unread,
    /// The exchange was neither slow nor failed enough for its bodies to be kept.
    Filtered,
    /// The connection was handed over, or the request asked for that.
    Upgraded,
    /// The response was made outside of the layer, or not at all: the caller left, the handler
    /// panicked or failed.
    Unseen,
    /// The API refused the message for its size.
    TooLarge,
}
