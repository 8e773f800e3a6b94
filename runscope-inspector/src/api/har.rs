//! HAR 1.2 (HTTP Archive), both ways.

use super::readback::reason;
use crate::exchange::{Exchange, Timestamp, UrlParts};
use runscope_core::{BodyEncoding, Context, Fields, Message, Request, Response};
use serde::Deserialize;
use serde_json::{Value, json};
use url::form_urlencoded;

/// What stands before the entries of an archive, and what after.
pub(super) const START: &str = concat!(
    r#"{"log":{"version":"1.2","creator":{"name":"runscope-inspector","version":""#,
    env!("CARGO_PKG_VERSION"),
    r#""},"entries":["#
);
pub(super) const END: &str = "]}}";

/// An archive of one exchange.
pub(crate) fn archive(exchange: &Exchange) -> String {
    format!("{START}{}{END}", entry(exchange))
}

/// One entry of an archive. What HAR has no field for is in `_runscope`, so that an archive that
/// comes back is what it was.
pub(super) fn entry(exchange: &Exchange) -> Value {
    let Exchange {
        attributes,
        message,
        ..
    } = exchange;
    let millis = attributes
        .duration
        .map_or(0.0, |duration| duration.as_secs_f64() * 1000.0);
    let protocol = message
        .context
        .as_ref()
        .and_then(|context| context.protocol.as_deref())
        .unwrap_or("HTTP/1.1");
    json!({
        "startedDateTime": attributes.time.to_string(),
        "time": millis,
        "request": request(message.request.as_ref(), protocol),
        "response": response(message.response.as_ref(), protocol),
        "cache": {},
        "timings": { "send": 0, "wait": millis, "receive": 0 },
        "_runscope": {
            "unique_identifier": message.unique_identifier,
            "context": message.context,
            "request": message.request.is_some(),
            "response": message.response.is_some(),
        },
    })
}

fn request(request: Option<&Request>, protocol: &str) -> Value {
    let nothing = Request::default();
    let request = request.unwrap_or(&nothing);
    let query = UrlParts::of(&request.url).query.unwrap_or_default();
    let query: Vec<_> = form_urlencoded::parse(query.as_bytes())
        .map(|(name, value)| json!({ "name": name, "value": value }))
        .collect();
    let mut har = json!({
        "method": request.method,
        "url": request.url,
        "httpVersion": protocol,
        "cookies": [],
        "headers": pairs(&request.headers),
        "queryString": query,
        "headersSize": -1,
        "bodySize": request.body.as_ref().map_or(0, String::len),
    });
    if let Some(har) = har.as_object_mut()
        && (request.body.is_some() || !request.form.is_empty())
    {
        let post = json!({
            "mimeType": request.headers.first("content-type").unwrap_or_default(),
            "text": request.body,
            "encoding": encoding(request.body_encoding),
            "params": pairs(&request.form),
        });
        har.insert("postData".to_owned(), post);
    }
    har
}

fn response(response: Option<&Response>, protocol: &str) -> Value {
    let nothing = Response::default();
    let response = response.unwrap_or(&nothing);
    let size = response.body.as_ref().map_or(0, String::len);
    json!({
        "status": response.status,
        "statusText": response.reason.as_deref().unwrap_or_else(|| reason(response.status)),
        "httpVersion": protocol,
        "cookies": [],
        "headers": pairs(&response.headers),
        "content": {
            "size": size,
            "mimeType": response.headers.first("content-type").unwrap_or_default(),
            "text": response.body,
            "encoding": encoding(response.body_encoding),
        },
        "redirectURL": response.headers.first("location").unwrap_or_default(),
        "headersSize": -1,
        "bodySize": size,
    })
}

fn pairs(fields: &Fields) -> Vec<Value> {
    let pairs = fields
        .iter()
        .flat_map(|(name, values)| values.iter().map(move |value| (name, value)));
    pairs
        .map(|(name, value)| json!({ "name": name, "value": value }))
        .collect()
}

fn encoding(encoding: Option<BodyEncoding>) -> Option<&'static str> {
    (encoding == Some(BodyEncoding::Base64)).then_some("base64")
}

/// An entry, as much of it as is read.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    started_date_time: Option<String>,
    time: Option<f64>,
    request: HarRequest,
    response: HarResponse,
    #[serde(rename = "_runscope", default)]
    ours: Ours,
}

#[derive(Debug, Deserialize)]
struct Ours {
    unique_identifier: Option<String>,
    context: Option<Context>,
    #[serde(default = "yes")]
    request: bool,
    #[serde(default = "yes")]
    response: bool,
}

impl Default for Ours {
    fn default() -> Self {
        Self {
            unique_identifier: None,
            context: None,
            request: true,
            response: true,
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct HarRequest {
    method: String,
    url: String,
    #[serde(default)]
    headers: Vec<Pair>,
    post_data: Option<Content>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct HarResponse {
    status: u16,
    #[serde(default)]
    status_text: String,
    #[serde(default)]
    headers: Vec<Pair>,
    content: Option<Content>,
}

#[derive(Debug, Deserialize)]
struct Content {
    text: Option<String>,
    encoding: Option<String>,
    #[serde(default)]
    params: Vec<Pair>,
}

#[derive(Debug, Deserialize)]
struct Pair {
    name: String,
    #[serde(default)]
    value: String,
}

/// The message of an archive's entry.
pub(super) fn read_entry(text: &str) -> serde_json::Result<Message> {
    serde_json::from_str(text).map(message)
}

/// A status of 0 is how browsers write that no response came.
fn message(entry: Entry) -> Message {
    let Entry {
        started_date_time,
        time,
        request,
        response,
        ours,
    } = entry;
    let started = started_date_time
        .and_then(|text| text.parse::<jiff::Timestamp>().ok())
        .map(|at| Timestamp::from_micros(at.as_microsecond()).as_seconds());
    let mut message = Message::new();
    message.unique_identifier = ours.unique_identifier;
    message.context = ours.context;
    message.request = ours.request.then(|| {
        let mut to = Request::new(request.method, request.url);
        to.headers = fields(request.headers);
        to.timestamp = started;
        if let Some(content) = request.post_data {
            to.form = fields(content.params);
            to.body_encoding = body_encoding(content.encoding.as_deref());
            to.body = content
                .text
                .filter(|text| !text.is_empty() || to.form.is_empty());
        }
        to
    });
    message.response = (ours.response && response.status != 0).then(|| {
        let mut to = Response::new(response.status);
        to.reason = Some(response.status_text).filter(|text| !text.is_empty());
        to.headers = fields(response.headers);
        to.response_time = time
            .map(|millis| millis / 1000.0)
            .filter(|seconds| *seconds >= 0.0);
        if let Some(content) = response.content {
            to.body_encoding = body_encoding(content.encoding.as_deref());
            to.body = content.text;
        }
        to
    });
    message
}

fn fields(pairs: Vec<Pair>) -> Fields {
    pairs
        .into_iter()
        .map(|pair| (pair.name, pair.value))
        .collect()
}

fn body_encoding(encoding: Option<&str>) -> Option<BodyEncoding> {
    (encoding == Some("base64")).then_some(BodyEncoding::Base64)
}

fn yes() -> bool {
    true
}
