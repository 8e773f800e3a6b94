//! How bodies are transferred: framed, empty, unread, asked for.

use super::bodies::{both, echoed, said};
use super::case::{Case, get, request};
use super::message::{all, at, bare, text};
use serde_json::{Value, json};

pub fn cases() -> Vec<Case> {
    [framings(), emptiness(), readers()]
        .into_iter()
        .flatten()
        .collect()
}

fn framings() -> Vec<Case> {
    let chunked = |chunks: &str| {
        let headers: &[(&str, &[u8])] = &[
            ("content-type", b"text/plain"),
            ("transfer-encoding", b"chunked"),
        ];
        [
            request("POST /echo", headers, b""),
            chunks.as_bytes().to_vec(),
        ]
        .concat()
    };
    let chunked_headers = json!({"request": {"headers": {"transfer-encoding": "chunked"}}});
    let streamed = |target: &str, body: &str| {
        let headers = json!({"response": {"headers": {"content-type": "text/plain"}}});
        all([at(target, "/stream/{name}"), text(200, body), headers])
    };
    let no_body = json!({
        "response": {"body": null},
        "context": {"response_body": {"size": 0, "state": "empty"}},
    });
    vec![
        Case::new(
            "a request in chunks",
            chunked("4\r\none \r\n3\r\ntwo\r\n0\r\n\r\n"),
            all([
                echoed("text/plain", 7, both("one two")),
                chunked_headers.clone(),
            ]),
        ),
        Case::new(
            "a request in no chunks at all",
            chunked("0\r\n\r\n"),
            all([
                echoed("text/plain", 0, json!({})),
                said(json!({"state": "empty"})),
                chunked_headers,
            ]),
        ),
        Case::new(
            "a response in chunks",
            get("/stream/chunks"),
            streamed("/stream/chunks", "one two three"),
        ),
        Case::new(
            "a response in no chunks at all",
            get("/stream/nothing"),
            all([streamed("/stream/nothing", ""), no_body.clone()]),
        ),
        Case::new(
            "a HEAD of a response in chunks",
            request("HEAD /stream/chunks", &[], b""),
            all([
                streamed("/stream/chunks", ""),
                no_body,
                json!({"request": {"method": "HEAD"}}),
            ]),
        ),
        Case::new(
            "a response that ends with its connection",
            b"GET /stream/chunks HTTP/1.0\r\nhost: parity.example\r\n\r\n".to_vec(),
            all([
                streamed("/stream/chunks", "one two three"),
                json!({"context": {"protocol": "HTTP/1.0"}}),
            ]),
        ),
    ]
}

fn emptiness() -> Vec<Case> {
    let reply = |name, reply: &str, status, headers: Value| {
        let target = format!("/reply/{reply}");
        let expected = [at(&target, "/reply/{name}"), bare(status), headers];
        Case::new(name, get(&target), all(expected))
    };
    let no_bytes: &[(&str, &[u8])] = &[("content-type", b"text/plain"), ("content-length", b"0")];
    vec![
        Case::new(
            "a request of no bytes",
            request("POST /echo", no_bytes, b""),
            all([
                echoed("text/plain", 0, json!({})),
                said(json!({"state": "empty"})),
                json!({"request": {"headers": {"content-length": "0"}}}),
            ]),
        ),
        reply("an empty response", "empty", 200, json!({})),
        reply("a 204", "no-content", 204, json!({})),
        reply(
            "a 304",
            "not-modified",
            304,
            json!({"response": {"headers": {"etag": "\"v1\""}}}),
        ),
    ]
}

fn readers() -> Vec<Case> {
    let posted = |target: &str, length: &str, shown: Value| {
        let headers = json!({"content-type": "text/plain", "content-length": length});
        let request = json!({"request": {"method": "POST", "headers": headers}});
        all([at(target, target), request, shown])
    };
    let unread = json!({"size": 0, "state": "not_captured", "reason": "unread", "complete": false});
    let unread = all([
        text(200, "ignored"),
        json!({"context": {"request_body": unread}}),
    ]);
    let expects = json!({"request": {"headers": {"expect": "100-continue"}}});
    let asks = |target: &str| {
        let headers: &[(&str, &[u8])] = &[
            ("content-type", b"text/plain"),
            ("expect", b"100-continue"),
            ("content-length", b"5"),
        ];
        request(&format!("POST {target}"), headers, b"")
    };
    let (asks_echo, asks_ignore) = (asks("/echo"), asks("/ignore"));
    vec![
        Case::new(
            "a body that the handler does not read",
            request(
                "POST /ignore",
                &[("content-type", b"text/plain")],
                b"hello there",
            ),
            posted("/ignore", "11", unread.clone()),
        ),
        Case::driven(
            "a body of which the handler reads the half",
            |stage| {
                let mut connection = stage.connect();
                let headers: &[(&str, &[u8])] =
                    &[("content-type", b"text/plain"), ("content-length", b"16")];
                connection.send(request("POST /half", headers, b""));
                connection.send("one two ");
                assert_eq!(connection.response("POST").body, b"8 bytes");
            },
            [posted(
                "/half",
                "16",
                all([
                    text(200, "8 bytes"),
                    json!({
                        "request": {"body": "one two "},
                        "context": {
                            "request_body": {"size": 8, "state": "captured", "complete": false},
                        },
                    }),
                ]),
            )],
        ),
        Case::driven(
            "a body that is sent when it is asked for",
            move |stage| {
                let mut connection = stage.connect();
                connection.send(&asks_echo);
                assert_eq!(connection.head().status, 100);
                connection.send("hello");
                let response = connection.response("POST");
                assert_eq!(
                    (response.head.status, &*response.body),
                    (200, &b"hello"[..])
                );
            },
            [all([
                posted("/echo", "5", echoed("text/plain", 5, both("hello"))),
                json!({"request": {"headers": {"content-length": "5"}}}),
                expects.clone(),
            ])],
        ),
        Case::driven(
            "a body that is not asked for",
            move |stage| {
                let mut connection = stage.connect();
                connection.send(&asks_ignore);
                assert_eq!(connection.response("POST").head.status, 200);
            },
            [all([posted("/ignore", "5", unread), expects])],
        ),
    ]
}
