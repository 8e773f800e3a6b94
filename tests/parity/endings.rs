//! How exchanges end: with errors, panics, clients that leave, streams, other protocols.

use super::case::{Case, get, request};
use super::difference::Difference::{BodyIsReset, ClientLeaves, InnerError, ServersHeaders};
use super::message::{all, at, bare, text, unseen};
use crate::apps::Framework::{Actix, Axum};
use serde_json::{Value, json};
use std::time::Duration;

pub fn cases() -> Vec<Case> {
    [failures(), departures(), streams(), upgrades()]
        .into_iter()
        .flatten()
        .collect()
}

fn outcome(outcome: &str) -> Value {
    json!({"context": {"outcome": outcome}})
}

/// What had been sent of a stream of plain text.
fn begun(target: &str, body: &str) -> Value {
    all([
        at(target, "/stream/{name}"),
        text(200, body),
        json!({
            "response": {"headers": {"content-type": "text/plain"}},
            "context": {"response_body": {"complete": false}},
        }),
    ])
}

fn failures() -> Vec<Case> {
    let fail = |target, status, body| all([at(target, "/fail/{kind}"), text(status, body)]);
    let error = |text: &str| json!({"context": {"outcome": "error", "error": text}});
    let no_response = json!({"response": null, "context": {"response_body": null}});
    vec![
        Case::new(
            "a handler's error that is the client's fault",
            get("/fail/client"),
            fail("/fail/client", 422, "no such thing"),
        ),
        Case::new(
            "a handler's error that is the server's fault",
            get("/fail/server"),
            fail("/fail/server", 500, "it is broken"),
        ),
        Case::driven(
            "an error of what is inside of the layer",
            |stage| assert_eq!(stage.exchange(&get("/fault")).head.status, 503),
            [all([
                at("/fault", "/fault"),
                unseen(503),
                error("the inner layer gave up"),
            ])],
        )
        .but(Axum, InnerError, [no_response]),
        Case::driven(
            "a panic of a handler",
            |stage| {
                let mut connection = stage.connect();
                connection.send(get("/panic"));
                assert_eq!(connection.rest(), b"");
            },
            [all([at("/panic", "/panic"), unseen(500), outcome("panic")])],
        ),
        Case::driven(
            "a panic of a body",
            |stage| {
                let mut connection = stage.connect();
                connection.send(get("/stream/panicking"));
                connection.rest();
            },
            [all([
                begun("/stream/panicking", "half of "),
                outcome("panic"),
            ])],
        ),
        Case::driven(
            "an error of a body",
            |stage| {
                let mut connection = stage.connect();
                connection.send(get("/stream/failing"));
                connection.rest();
            },
            [all([
                begun("/stream/failing", "half of "),
                error("the source dried up"),
            ])],
        ),
    ]
}

fn departures() -> Vec<Case> {
    let waited = || all([at("/wait", "/wait"), unseen(499), outcome("aborted")]);
    let answered = json!({
        "response": {"headers": {"content-type": "text/plain; charset=utf-8"}},
        "context": {
            "outcome": "complete",
            "response_body": {"state": "captured", "reason": null, "complete": true},
        },
    });
    let events = json!({"response": {"headers": {"content-type": "text/event-stream"}}});
    let three = "data: 1\n\ndata: 2\n\ndata: 3\n\n";
    let all_sent = json!({"context": {"outcome": "complete", "response_body": {"complete": true}}});
    let cut = |size| json!({"size": size, "state": "captured", "complete": false});
    let uploaded = all([
        at("/upload", "/upload"),
        text(400, "cut off"),
        json!({
            "request": {
                "method": "POST",
                "headers": {"content-type": "text/plain", "content-length": "16"},
                "body": "one two ",
            },
            "context": {"request_body": cut(8)},
        }),
    ]);
    vec![
        Case::driven(
            "a client that closes before the response",
            |stage| {
                let mut connection = stage.connect();
                connection.send(get("/wait"));
                stage.gate.wait();
                connection.close();
                if stage.framework == Actix {
                    stage.gate.open();
                }
            },
            [waited()],
        )
        .but(
            Actix,
            ClientLeaves,
            [all([text(200, "after all"), answered])],
        ),
        Case::driven(
            "a client that resets before the response",
            |stage| {
                let mut connection = stage.connect();
                connection.send(get("/wait"));
                stage.gate.wait();
                connection.reset();
            },
            [waited()],
        ),
        Case::driven(
            "a client that closes during the response",
            |stage| {
                let mut connection = stage.connect();
                connection.send(get("/stream/events"));
                assert_eq!(connection.head().status, 200);
                assert_eq!(connection.chunk(), b"data: 1\n\n");
                stage.gate.wait();
                connection.close();
                if stage.framework == Actix {
                    stage.gate.open();
                }
            },
            [all([
                begun("/stream/events", "data: 1\n\n"),
                outcome("aborted"),
                events,
            ])],
        )
        .but(Actix, ClientLeaves, [all([text(200, three), all_sent])]),
        Case::driven(
            "a client that resets during the response",
            |stage| {
                let mut connection = stage.connect();
                connection.send(get("/stream/endless-text"));
                assert_eq!(connection.head().status, 200);
                assert_eq!(connection.chunk(), b"first");
                connection.reset();
            },
            [all([
                begun("/stream/endless-text", "first"),
                outcome("aborted"),
            ])],
        ),
        Case::driven(
            "a client that closes during its request",
            |stage| {
                let mut connection = stage.connect();
                connection.send(upload());
                stage.gate.wait();
                connection.close();
            },
            [uploaded.clone()],
        ),
        Case::driven(
            "a client that resets during its request",
            |stage| {
                let mut connection = stage.connect();
                connection.send(upload());
                stage.gate.wait();
                connection.reset();
            },
            [uploaded],
        )
        .but(Actix, BodyIsReset, [all([unseen(499), outcome("aborted")])]),
    ]
}

/// Half of what it promises.
fn upload() -> Vec<u8> {
    let headers: &[(&str, &[u8])] = &[("content-type", b"text/plain"), ("content-length", b"16")];
    [request("POST /upload", headers, b""), b"one two ".to_vec()].concat()
}

fn streams() -> Vec<Case> {
    let events = |target: &str, body: &str| {
        let headers = json!({"response": {"headers": {"content-type": "text/event-stream"}}});
        all([at(target, "/stream/{name}"), text(200, body), headers])
    };
    vec![
        Case::driven(
            "a stream of events that ends",
            |stage| {
                let mut connection = stage.connect();
                connection.send(get("/stream/events"));
                assert_eq!(connection.head().status, 200);
                assert_eq!(connection.chunk(), b"data: 1\n\n");
                // What comes later is not waited for to pass on what is there.
                stage.gate.wait();
                stage.gate.open();
                assert_eq!(connection.rest_of_chunks(), b"data: 2\n\ndata: 3\n\n");
            },
            [events(
                "/stream/events",
                "data: 1\n\ndata: 2\n\ndata: 3\n\n",
            )],
        ),
        Case::driven(
            "a stream of events that is open at the age of reporting",
            |stage| {
                let mut connection = stage.connect();
                connection.send(get("/stream/events"));
                assert_eq!(connection.head().status, 200);
                assert_eq!(connection.chunk(), b"data: 1\n\n");
                stage.api.wait_for_messages(1);
                stage.gate.open();
                assert_eq!(connection.rest_of_chunks(), b"data: 2\n\ndata: 3\n\n");
            },
            [all([
                events("/stream/events", "data: 1\n\n"),
                outcome("open"),
                json!({"context": {"response_body": {"complete": false}}}),
            ])],
        )
        .config(|config| config.max_stream_age(Duration::from_millis(50))),
    ]
}

const WEBSOCKET: [(&str, &[u8]); 4] = [
    ("connection", b"Upgrade"),
    ("upgrade", b"websocket"),
    ("sec-websocket-version", b"13"),
    // Key and answer are the example of RFC 6455, section 1.3.
    ("sec-websocket-key", b"dGhlIHNhbXBsZSBub25jZQ=="),
];

fn upgrades() -> Vec<Case> {
    let offered = json!({"request": {"headers": {
        "connection": "Upgrade",
        "upgrade": "websocket",
        "sec-websocket-version": "13",
        "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
    }}});
    let accepted = json!({"response": {"headers": {
        "upgrade": "websocket",
        "sec-websocket-accept": "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
    }}});
    let connection_header = json!({"response": {"headers": {"connection": "upgrade"}}});
    let refused = all([
        at("/refuse", "/refuse"),
        text(403, "not here"),
        offered.clone(),
    ]);
    let with_body = json!({
        "request": {
            "method": "POST",
            "headers": {"content-type": "text/plain", "content-length": "5"},
        },
        "context": {"request_body": {
            "state": "not_captured",
            "reason": "unread",
            "complete": false,
        }},
    });
    let tunnel = json!({
        "request": {
            "method": "CONNECT",
            "url": "http://parity.example:443/",
            "headers": {"host": "parity.example:443"},
        },
        "context": {"route": null},
    });
    let connect = b"CONNECT parity.example:443 HTTP/1.1\r\nhost: parity.example:443\r\n\r\n";
    let post_of_websocket = [&WEBSOCKET[..], &[("content-type", b"text/plain")]].concat();
    vec![
        Case::driven(
            "a WebSocket",
            |stage| {
                let mut connection = stage.connect();
                connection.send(request("GET /socket", &WEBSOCKET, b""));
                assert_eq!(connection.head().status, 101);
                // Masked text (RFC 6455, section 5.2) comes back without a mask, twice.
                for _ in 0..2 {
                    connection.send(b"\x81\x85\0\0\0\0hello");
                    assert_eq!(connection.exactly(7), b"\x81\x05hello");
                }
            },
            [all([
                at("/socket", "/socket"),
                bare(101),
                offered.clone(),
                accepted,
                outcome("upgraded"),
            ])],
        )
        .but(Axum, ServersHeaders, [connection_header]),
        Case::new(
            "an upgrade that is refused",
            request("GET /refuse", &WEBSOCKET, b""),
            refused.clone(),
        ),
        Case::new(
            "an upgrade that is refused, and the request has a body",
            request("POST /refuse", &post_of_websocket, b"hello"),
            all([refused, with_body]),
        ),
        Case::new(
            "an offer of HTTP/2 that nobody takes up",
            request(
                "GET /hello",
                &[("connection", b"Upgrade"), ("upgrade", b"h2c")],
                b"",
            ),
            json!({"request": {"headers": {"connection": "Upgrade", "upgrade": "h2c"}}}),
        ),
        Case::new(
            "a tunnel that is refused",
            connect.to_vec(),
            all([bare(404), tunnel.clone()]),
        ),
        Case::new(
            "a tunnel that is accepted",
            connect.to_vec(),
            all([bare(200), tunnel, outcome("upgraded")]),
        )
        .accepts_all(),
    ]
}
