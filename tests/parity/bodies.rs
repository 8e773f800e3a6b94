//! Bodies of both directions: their content types, their codings, the secrets in them.

use super::case::{Case, get, request};
use super::message::{all, at, text};
use crate::apps::gzip;
use serde_json::{Value, json};

pub fn cases() -> Vec<Case> {
    [contents(), codings()].into_iter().flatten().collect()
}

/// A POST of a body that comes back, so that request and response have to show the same of it.
fn echo(name: &'static str, content_type: &str, body: &[u8], shown: Value) -> Case {
    let headers = [("content-type", content_type.as_bytes())];
    let request = request("POST /echo", &headers, body);
    let length = body.len().to_string();
    let headers = json!({"content-length": length, "content-type": content_type});
    let sent = json!({"request": {"headers": headers}});
    Case::new(
        name,
        request,
        all([echoed(content_type, body.len(), shown), sent]),
    )
}

/// The message of a POST to `/echo`, of whose bodies `shown` says more.
pub fn echoed(content_type: &str, size: usize, shown: Value) -> Value {
    let captured = json!({"size": size, "state": "captured"});
    all([
        at("/echo", "/echo"),
        json!({
            "request": {"method": "POST", "headers": {"content-type": content_type}},
            "response": {"headers": {"content-type": content_type}, "body": null},
            "context": {"request_body": captured, "response_body": captured},
        }),
        shown,
    ])
}

/// A body that is shown as `body` on both sides.
pub fn both(body: &str) -> Value {
    json!({"request": {"body": body}, "response": {"body": body}})
}

/// What is said of the body on both sides.
pub fn said(info: Value) -> Value {
    json!({"context": {"request_body": info, "response_body": info}})
}

/// A response of `/reply/{name}` that has this content type, size and body.
fn reply(name: &'static str, reply: &str, content_type: Value, size: usize, shown: Value) -> Case {
    let target = format!("/reply/{reply}");
    let expected = all([
        at(&target, "/reply/{name}"),
        json!({
            "response": {"headers": {"content-type": content_type}, "body": null},
            "context": {"response_body": {"size": size}},
        }),
        shown,
    ]);
    Case::new(name, get(&target), expected)
}

const BYTES: &[u8] = &[0, 159, 146, 150];

fn contents() -> Vec<Case> {
    let base64 = json!({"body": "AJ+Slg==", "body_encoding": "base64"});
    let in_response = |body: &Value| json!({"response": body});
    let other_type = json!({"state": "not_captured", "reason": "content_type"});
    let not_in_response = json!({"context": {"response_body": other_type}});
    let parts = "--XX\r\ncontent-disposition: form-data; name=\"a\"\r\n\r\none\r\n\
                 --XX\r\ncontent-disposition: form-data; name=\"password\"\r\n\r\nhunter2\r\n--XX--\r\n";
    let form = json!({
        "request": {
            "form": {"name": "Ann B", "tag": ["a", "b&c"], "empty": "", "password": "[redacted]"},
        },
        "response": {"body": "name=Ann+B&tag=a&tag=b%26c&empty=&password=[redacted]"},
    });
    vec![
        echo(
            "JSON",
            "application/json",
            br#"{"a": [1, 2]}"#,
            both(r#"{"a": [1, 2]}"#),
        ),
        echo(
            "JSON with a secret",
            "application/json",
            br#"{"a": 1, "password": "hunter2"}"#,
            all([
                both(r#"{"a": 1, "password": "[redacted]"}"#),
                said(json!({"redacted": true})),
            ]),
        ),
        echo(
            "JSON that ends too soon",
            "application/json",
            br#"{"password": "hunter2"#,
            all([
                both("[redacted]"),
                said(json!({"state": "masked", "redacted": true})),
            ]),
        ),
        Case::new(
            "JSON of the framework's own making",
            get("/json"),
            all([
                at("/json", "/json"),
                text(200, r#"{"answer":42}"#),
                json!({"response": {"headers": {"content-type": "application/json"}}}),
            ]),
        ),
        reply(
            "secrets in a response's header and body",
            "secrets",
            json!("application/json"),
            35,
            json!({
                "response": {
                    "headers": {"x-api-key": "[redacted]"},
                    "body": r#"{"user":"ann","password":"[redacted]"}"#,
                },
                "context": {"response_body": {"redacted": true}},
            }),
        ),
        echo(
            "a form, shown as its fields",
            "application/x-www-form-urlencoded",
            b"name=Ann+B&tag=a&tag=b%26c&empty=&password=x",
            all([form, said(json!({"redacted": true}))]),
        ),
        echo(
            "a form of parts",
            "multipart/form-data; boundary=XX",
            parts.as_bytes(),
            all([
                both(&parts.replace("hunter2", "[redacted]")),
                said(json!({"redacted": true})),
            ]),
        ),
        echo(
            "text",
            "text/plain; charset=utf-8",
            "snö ☃".as_bytes(),
            both("snö ☃"),
        ),
        echo(
            "bytes that are said to be text",
            "text/plain",
            BYTES,
            json!({"request": base64, "response": base64}),
        ),
        echo(
            "bytes",
            "application/octet-stream",
            BYTES,
            said(other_type.clone()),
        ),
        reply(
            "bytes in a response",
            "binary",
            json!("application/octet-stream"),
            4,
            not_in_response.clone(),
        ),
        reply(
            "bytes in a response, and all types are kept",
            "binary",
            json!("application/octet-stream"),
            4,
            in_response(&base64),
        )
        .config(|config| config.body_content_types(["*/*"])),
        reply(
            "bytes in a response that are said to be text",
            "bytes-as-text",
            json!("text/plain"),
            4,
            in_response(&base64),
        ),
        reply(
            "a response without a type",
            "untyped",
            json!(null),
            9,
            not_in_response,
        ),
        reply(
            "a response without a type, and all types are kept",
            "untyped",
            json!(null),
            9,
            in_response(&json!({"body": "who knows"})),
        )
        .config(|config| config.body_content_types(["*/*"])),
    ]
}

fn codings() -> Vec<Case> {
    let coded = |coding: &str| json!({"headers": {"content-encoding": coding}});
    let squeezed = gzip(b"squeezed squeezed");
    let decoded = json!({"decoded": "gzip"});
    let headers: &[(&str, &[u8])] = &[
        ("content-type", b"text/plain"),
        ("content-encoding", b"gzip"),
    ];
    let plain = || json!("text/plain");
    vec![
        Case::new(
            "a gzip body in both directions",
            request("POST /echo", headers, &squeezed),
            all([
                echoed("text/plain", squeezed.len(), both("squeezed squeezed")),
                json!({"request": coded("gzip"), "response": coded("gzip")}),
                json!({"request": {"headers": {"content-length": squeezed.len().to_string()}}}),
                said(decoded.clone()),
            ]),
        ),
        reply(
            "a gzip response",
            "gzip",
            plain(),
            gzip(b"squeezed squeezed squeezed").len(),
            all([
                json!({"response": coded("gzip")}),
                json!({"response": {"body": "squeezed squeezed squeezed"}}),
                json!({"context": {"response_body": decoded}}),
            ]),
        ),
        reply(
            "a gzip response that is larger than what is decoded",
            "gzip-large",
            plain(),
            gzip("all work and no play ".repeat(200).as_bytes()).len(),
            all([
                json!({"response": coded("gzip")}),
                json!({"response": {"body": "all work and no play ".repeat(200)[..1024]}}),
                json!({"context": {"response_body": decoded}}),
                json!({"context": {"response_body": {"state": "truncated", "reason": "over_cap"}}}),
            ]),
        )
        .config(|config| config.max_decoded_bytes(1024)),
        reply(
            "a response that is said to be gzip",
            "gzip-broken",
            plain(),
            15,
            all([
                json!({"response": coded("gzip")}),
                json!({"response": {"body": "[redacted]"}}),
                json!({"context": {"response_body": {"state": "masked", "redacted": true}}}),
            ]),
        ),
        reply(
            "a response in a coding that can't be undone",
            "brotli",
            plain(),
            7,
            all([
                json!({"response": coded("br")}),
                json!({"context": {
                    "response_body": {"state": "not_captured", "reason": "content_encoding"},
                }}),
            ]),
        ),
    ]
}
