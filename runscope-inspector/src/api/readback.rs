//! Messages as the API gives them back: names always with arrays, the URL in parts, sizes.

use crate::exchange::{Exchange, UrlParts};
use crate::query::Highlight;
use axum::http::StatusCode;
use runscope_core::{BodyEncoding, Context, Fields};
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use url::form_urlencoded;

/// A stored exchange in the documented form.
#[derive(Debug, Serialize)]
pub(super) struct ReadMessage<'a> {
    uuid: String,
    unique_identifier: Option<&'a str>,
    request: Option<ReadRequest<'a>>,
    response: Option<ReadResponse<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    context: Option<&'a Context>,
    #[serde(skip_serializing_if = "Option::is_none")]
    highlights: Option<Vec<Highlight>>,
}

#[derive(Debug, Serialize)]
struct ReadRequest<'a> {
    method: &'a str,
    url: &'a str,
    scheme: Option<&'a str>,
    host: Option<&'a str>,
    path: &'a str,
    params: Params<'a>,
    headers: Arrays<'a>,
    form: Arrays<'a>,
    #[serde(flatten)]
    body: Option<ReadBody<'a>>,
    timestamp: f64,
}

#[derive(Debug, Serialize)]
struct ReadResponse<'a> {
    status: u16,
    reason: &'a str,
    headers: Arrays<'a>,
    #[serde(flatten)]
    body: Option<ReadBody<'a>>,
    response_time: Option<f64>,
    timestamp: Option<f64>,
    size_bytes: Option<u64>,
}

#[derive(Debug, Serialize)]
struct ReadBody<'a> {
    body: Option<&'a str>,
    body_encoding: BodyEncoding,
}

impl<'a> ReadMessage<'a> {
    /// With bodies; a body that is not there is null.
    pub(super) fn whole(exchange: &'a Exchange) -> Self {
        Self::new(exchange, true)
    }

    /// Without bodies.
    pub(super) fn listed(exchange: &'a Exchange) -> Self {
        Self::new(exchange, false)
    }

    /// Adds where the words of a filter stand.
    pub(super) fn highlight(&mut self, highlights: Vec<Highlight>) {
        self.highlights = Some(highlights);
    }

    fn new(exchange: &'a Exchange, bodies: bool) -> Self {
        let Exchange {
            uuid,
            attributes,
            message,
            ..
        } = exchange;
        let body = |body: &'a Option<String>, encoding: Option<BodyEncoding>| {
            bodies.then(|| ReadBody {
                body: body.as_deref(),
                body_encoding: encoding.unwrap_or_default(),
            })
        };
        let request = message.request.as_ref().map(|request| {
            let UrlParts {
                scheme,
                host,
                path,
                query,
            } = UrlParts::of(&request.url);
            ReadRequest {
                method: &request.method,
                url: &request.url,
                scheme,
                host,
                path,
                params: Params(query.unwrap_or_default()),
                headers: Arrays(&request.headers),
                form: Arrays(&request.form),
                body: body(&request.body, request.body_encoding),
                timestamp: request
                    .timestamp
                    .unwrap_or_else(|| attributes.time.as_seconds()),
            }
        });
        let response = message.response.as_ref().map(|response| ReadResponse {
            status: response.status,
            reason: response
                .reason
                .as_deref()
                .unwrap_or_else(|| reason(response.status)),
            headers: Arrays(&response.headers),
            body: body(&response.body, response.body_encoding),
            response_time: response.response_time,
            timestamp: response.timestamp,
            size_bytes: attributes.response_size,
        });
        Self {
            uuid: uuid.to_string(),
            unique_identifier: message.unique_identifier.as_deref(),
            request,
            response,
            context: message.context.as_ref(),
            highlights: None,
        }
    }
}

/// Names with arrays of values, one value or many.
#[derive(Debug)]
struct Arrays<'a>(&'a Fields);

impl Serialize for Arrays<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, values) in self.0.iter() {
            map.serialize_entry(name, values)?;
        }
        map.end()
    }
}

/// A query, decoded.
#[derive(Debug)]
struct Params<'a>(&'a str);

impl Serialize for Params<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let fields: Fields = form_urlencoded::parse(self.0.as_bytes()).collect();
        Arrays(&fields).serialize(serializer)
    }
}

/// The usual words for a status code, where the message has none.
pub(crate) fn reason(status: u16) -> &'static str {
    StatusCode::from_u16(status)
        .ok()
        .and_then(|status| status.canonical_reason())
        .unwrap_or_default()
}
