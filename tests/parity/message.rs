//! Messages as JSON. What a case expects is a patch over the message of a plain GET: objects are
//! merged, anything else takes the place of what was there, and `null` takes it away.

use runscope::Message;
use serde_json::{Map, Value, json};

/// The message of `GET /hello`, which every case starts from.
fn plain_get() -> Value {
    json!({
        "request": {
            "method": "GET",
            "url": "http://parity.example/hello",
            "headers": {"host": "parity.example"},
        },
        "response": {
            "status": 200,
            "headers": {"content-type": "text/plain; charset=utf-8"},
            "body": "hello",
        },
        "context": {
            "direction": "incoming",
            "outcome": "complete",
            "service": "parity",
            "route": "/hello",
            "client_address": "127.0.0.1",
            "protocol": "HTTP/1.1",
            "request_body": {"size": 0, "state": "empty", "complete": true},
            "response_body": {"size": 5, "state": "captured", "complete": true},
        },
    })
}

/// The message of a plain GET with these patches.
pub fn patched<'p>(patches: impl IntoIterator<Item = &'p Value>) -> Value {
    let mut message = plain_get();
    for patch in patches {
        overlay(&mut message, patch);
    }
    drop_nulls(&mut message);
    message
}

/// Several patches as one; later ones win.
pub fn all(patches: impl IntoIterator<Item = Value>) -> Value {
    let mut whole = Value::Null;
    for patch in patches {
        overlay(&mut whole, &patch);
    }
    whole
}

/// The target, and the template of the route that it matches.
pub fn at(target: &str, route: &str) -> Value {
    let url = format!("http://parity.example{target}");
    json!({"request": {"url": url}, "context": {"route": route}})
}

/// A response of plain text.
pub fn text(status: u16, body: &str) -> Value {
    json!({
        "response": {"status": status, "body": body},
        "context": {"response_body": {"size": body.len()}},
    })
}

/// A response without headers and body.
pub fn bare(status: u16) -> Value {
    json!({
        "response": {"status": status, "headers": {"content-type": null}, "body": null},
        "context": {"response_body": {"size": 0, "state": "empty"}},
    })
}

/// A response of which the layer saw nothing.
pub fn unseen(status: u16) -> Value {
    let body = json!({"state": "not_captured", "reason": "unseen", "complete": false});
    all([
        bare(status),
        json!({"response": {"headers": null}, "context": {"response_body": body}}),
    ])
}

/// A target that no route matches, and the response to it.
pub fn unmatched(target: &str) -> Value {
    all([
        at(target, ""),
        bare(404),
        json!({"context": {"route": null}}),
    ])
}

fn overlay(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    for (name, value) in patch {
        overlay(&mut target[name], value);
    }
}

/// Takes away what is null, and objects of which nothing is left: a message has neither.
fn drop_nulls(value: &mut Value) {
    let Value::Object(fields) = value else { return };
    fields.values_mut().for_each(drop_nulls);
    fields.retain(|_, field| !field.is_null() && field != &json!({}));
}

/// The patch that makes `from` into `to`: what a failed test has to say.
pub fn difference(from: &Value, to: &Value) -> Value {
    let (Value::Object(old), Value::Object(new)) = (from, to) else {
        return to.clone();
    };
    let gone = old.keys().filter(|&name| !new.contains_key(name));
    let mut patch: Map<_, _> = gone.map(|name| (name.clone(), Value::Null)).collect();
    for (name, value) in new
        .iter()
        .filter(|(name, value)| old.get(*name) != Some(value))
    {
        let before = old.get(name).unwrap_or(&Value::Null);
        patch.insert(name.clone(), difference(before, value));
    }
    Value::Object(patch)
}

/// What a receiver reads of a message, without what is never the same twice: identifier and times,
/// which are checked here instead. An object knows no order, so that of header names is left out;
/// that of a name's values is in an array.
pub fn normalised(message: &Message) -> Value {
    let id = message.unique_identifier.as_deref().expect("an identifier");
    assert_eq!(id.as_bytes().get(14), Some(&b'7'), "{id} is no UUIDv7");
    let text = serde_json::to_string(message).expect("a message");
    let mut value: Value = serde_json::from_str(&text.replace(id, "ID")).expect("a message");

    let mut take = |pointer: &str| value.pointer_mut(pointer).map(Value::take);
    assert_eq!(take("/unique_identifier"), Some("ID".into()));
    let mut seconds = |pointer: &str| {
        let seconds = take(pointer)?.as_f64().filter(|seconds| *seconds >= 0.0);
        Some(seconds.unwrap_or_else(|| panic!("{pointer} is no time")))
    };
    let requested = seconds("/request/timestamp").expect("a request's time");
    let total = seconds("/context/total_time").unwrap_or(f64::INFINITY);
    if let Some(answered) = seconds("/response/timestamp") {
        let took = seconds("/response/response_time").expect("a response's time");
        assert!(
            (requested + took - answered).abs() < 0.001,
            "{requested} + {took} = {answered}"
        );
        assert!(
            took <= total,
            "the beginning took {took}, the whole {total}"
        );
    }
    drop_nulls(&mut value);
    value
}
