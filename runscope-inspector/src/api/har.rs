//! HAR 1.2 (HTTP Archive), both ways.

use super::read;
use super::readback::reason;
use crate::exchange::{Exchange, Timestamp, UrlParts};
use runscope_core::{BodyEncoding, BodyError, Context, Fields, Message, Request, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use url::form_urlencoded;
use uuid::Uuid;

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
        uuid,
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
        "_runscope": Ours::of(*uuid, message),
    })
}

fn request(request: Option<&Request>, protocol: &str) -> Value {
    let nothing = Request::default();
    let request = request.unwrap_or(&nothing);
    let query = UrlParts::of(&request.url).query.unwrap_or_default();
    let query: Vec<_> = form_urlencoded::parse(query.as_bytes())
        .map(|(name, value)| json!({ "name": name, "value": value }))
        .collect();
    let size = body_size(request.body_bytes());
    let mut har = json!({
        "method": request.method,
        "url": request.url,
        "httpVersion": protocol,
        "cookies": [],
        "headers": pairs(&request.headers),
        "queryString": query,
        "headersSize": -1,
        "bodySize": size,
    });
    if let Some(har) = har.as_object_mut()
        && (request.body.is_some() || !request.form.is_empty())
    {
        let mut post = content(
            &request.headers,
            request.body.as_deref(),
            request.body_encoding,
        );
        if !request.form.is_empty() {
            post.insert("params".to_owned(), pairs(&request.form).into());
        }
        har.insert("postData".to_owned(), post.into());
    }
    har
}

fn response(response: Option<&Response>, protocol: &str) -> Value {
    let nothing = Response::default();
    let response = response.unwrap_or(&nothing);
    let size = match response.size_bytes.map(i64::try_from) {
        Some(Ok(size)) => size,
        _ => body_size(response.body_bytes()),
    };
    let mut content = content(
        &response.headers,
        response.body.as_deref(),
        response.body_encoding,
    );
    content.insert("size".to_owned(), size.into());
    json!({
        "status": response.status,
        "statusText": response.reason.as_deref().unwrap_or_else(|| reason(response.status)),
        "httpVersion": protocol,
        "cookies": [],
        "headers": pairs(&response.headers),
        "content": content,
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

/// A body as text, in base64 where it is none.
fn content(
    headers: &Fields,
    body: Option<&str>,
    encoding: Option<BodyEncoding>,
) -> Map<String, Value> {
    let mut content = Map::new();
    let mime_type = headers.first("content-type").unwrap_or_default();
    content.insert("mimeType".to_owned(), mime_type.into());
    if let Some(text) = body {
        content.insert("text".to_owned(), text.into());
        if encoding == Some(BodyEncoding::Base64) {
            content.insert("encoding".to_owned(), "base64".into());
        }
    }
    content
}

/// The bytes of a body; -1 is how HAR writes that they are not known.
fn body_size(bytes: Result<Option<Vec<u8>>, BodyError>) -> i64 {
    match bytes {
        Ok(bytes) => bytes.map_or(0, |bytes| i64::try_from(bytes.len()).unwrap_or(i64::MAX)),
        Err(_) => -1,
    }
}

/// An entry, as much of it as is read.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    started_date_time: Option<String>,
    time: Option<f64>,
    request: HarRequest,
    response: HarResponse,
    #[serde(rename = "_runscope")]
    ours: Option<Ours>,
}

/// A message as it was, without what the entry's own fields keep exactly: its headers, form and
/// bodies.
#[derive(Debug, Serialize, Deserialize)]
struct Ours {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    uuid: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unique_identifier: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    context: Option<Context>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    request: Option<Request>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    response: Option<Response>,
}

impl Ours {
    fn of(uuid: Uuid, message: &Message) -> Self {
        Self {
            uuid: Some(uuid.to_string()),
            unique_identifier: message.unique_identifier.clone(),
            context: message.context.clone(),
            request: message.request.as_ref().map(|request| {
                let mut rest = Request::new(request.method.clone(), request.url.clone());
                rest.body_encoding = request.body_encoding;
                rest.timestamp = request.timestamp;
                rest
            }),
            response: message.response.as_ref().map(|response| {
                let mut rest = Response::new(response.status);
                rest.reason.clone_from(&response.reason);
                rest.body_encoding = response.body_encoding;
                rest.response_time = response.response_time;
                rest.timestamp = response.timestamp;
                rest.size_bytes = response.size_bytes;
                rest
            }),
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
pub(super) fn read_entry(text: &str) -> Result<Message, String> {
    read::json(text.as_bytes()).map(message)
}

fn message(mut entry: Entry) -> Message {
    let ours = match entry.ours.take() {
        Some(ours) => ours,
        None => theirs(&mut entry),
    };
    let Entry {
        request, response, ..
    } = entry;
    let mut message = Message::new();
    message.uuid = ours.uuid;
    message.unique_identifier = ours.unique_identifier;
    message.context = ours.context;
    message.request = ours.request.map(|mut to| {
        to.headers = fields(request.headers);
        if let Some(content) = request.post_data {
            to.form = fields(content.params);
            to.body = content.text;
        }
        to
    });
    message.response = ours.response.map(|mut to| {
        to.headers = fields(response.headers);
        to.body = response.content.and_then(|content| content.text);
        to
    });
    message
}

/// The same for an entry that another tool wrote. A status of 0 is how browsers write that no
/// response came, and an empty text beside a form that there is nothing but the form.
fn theirs(entry: &mut Entry) -> Ours {
    let started = entry.started_date_time.as_deref();
    let started = started
        .and_then(|text| text.parse::<jiff::Timestamp>().ok())
        .map(|at| Timestamp::from_micros(at.as_microsecond()).as_seconds());
    let from = &mut entry.request;
    let mut request = Request::new(from.method.clone(), from.url.clone());
    request.timestamp = started;
    if let Some(content) = &mut from.post_data {
        request.body_encoding = body_encoding(content.encoding.as_deref());
        if !content.params.is_empty() {
            content.text.take_if(|text| text.is_empty());
        }
    }
    let from = &entry.response;
    let response = (from.status != 0).then(|| {
        let mut response = Response::new(from.status);
        response.reason = Some(from.status_text.clone()).filter(|text| !text.is_empty());
        response.response_time = entry
            .time
            .map(|millis| millis / 1000.0)
            .filter(|seconds| *seconds >= 0.0);
        let content = from.content.as_ref();
        response.body_encoding =
            content.and_then(|content| body_encoding(content.encoding.as_deref()));
        response
    });
    Ours {
        uuid: None,
        unique_identifier: None,
        context: None,
        request: Some(request),
        response,
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::Attributes;

    fn exchange(message: &Value) -> Exchange {
        let message: Message = serde_json::from_value(message.clone()).unwrap();
        Exchange {
            uuid: Uuid::nil(),
            sequence: 1,
            attributes: Attributes::of(&message, Timestamp::from_micros(0)),
            message,
        }
    }

    #[test]
    fn what_comes_back_is_what_was_written() {
        for message in [
            json!({}),
            json!({ "request": { "method": "GET", "url": "http://h/" } }),
            json!({ "response": { "status": 204 } }),
            json!({ "response": { "status": 200, "reason": "", "response_time": 0.0 } }),
            json!({ "request": { "method": "GET", "url": "/", "timestamp": 221_936_580_000.123_02 } }),
            json!({ "response": { "status": 299, "reason": "Fine", "response_time": 0.1, "timestamp": 7.25 } }),
            json!({ "response": { "status": 200, "body": "cut", "size_bytes": 1_000_000 } }),
            json!({ "response": { "status": 200, "size_bytes": 12 } }),
            json!({ "response": { "status": 200, "body": "" } }),
            json!({ "response": { "status": 200, "body": "a", "body_encoding": "plaintext" } }),
            json!({
                "unique_identifier": "u",
                "request": {
                    "method": "POST", "url": "http://h/a?b=c&b", "timestamp": 1_795_341_600.123_456,
                    "headers": { "Content-Type": "image/png", "X": ["1", "2", ""] },
                    "body": "/wA=", "body_encoding": "base64",
                },
                "response": { "status": 200, "headers": { "Location": "/" }, "body": "/wA=", "body_encoding": "base64" },
                "context": { "tags": { "k": "v" }, "outcome": "complete" },
            }),
            json!({ "request": { "method": "POST", "url": "/", "form": { "a": ["1", "2"] } } }),
            json!({ "request": { "method": "POST", "url": "/", "form": { "a": "1" }, "body": "" } }),
        ] {
            let exchange = exchange(&message);
            let text = archive(&exchange);
            assert!(!text.contains("null"), "{text}");
            let archive: Value = serde_json::from_str(&text).unwrap();
            let [entry] = &archive["log"]["entries"].as_array().unwrap()[..] else {
                panic!("{text}")
            };
            let mut read = read_entry(&entry.to_string()).unwrap();
            assert_eq!(read.uuid.take(), Some(exchange.uuid.to_string()));
            assert_eq!(read, exchange.message, "{text}");
        }
    }

    #[test]
    fn sizes_are_those_of_the_bytes() {
        let entry = entry(&exchange(&json!({
            "request": { "method": "POST", "url": "/", "body": "/wA=", "body_encoding": "base64" },
            "response": { "status": 200, "body": "cut", "size_bytes": 9 },
        })));
        assert_eq!(entry["request"]["bodySize"], 2);
        assert_eq!(entry["response"]["bodySize"], 9);
        assert_eq!(entry["response"]["content"]["size"], 9);
        let broken =
            json!({ "response": { "status": 200, "body": "*", "body_encoding": "base64" } });
        assert_eq!(super::entry(&exchange(&broken))["response"]["bodySize"], -1);
    }
}
