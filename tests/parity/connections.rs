//! Connections that are used again, and those of other versions than HTTP/1.1.

use super::case::{Case, Stage, get, request};
use super::difference::Difference::ClientLeaves;
use super::message::{all, at, bare, patched, text, unmatched, unseen};
use crate::apps::Framework::{Actix, Axum};
use crate::raw::{http2, on_http2};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request};
use http_body_util::{BodyExt as _, Full};
use serde_json::{Value, json};

pub fn cases() -> Vec<Case> {
    [http1(), http2_heads(), http2_bodies(), http2_endings()]
        .into_iter()
        .flatten()
        .collect()
}

fn http1() -> Vec<Case> {
    let item = || all([at("/items/1", "/items/{id}"), text(200, "an item")]);
    let one = all([
        at("/echo", "/echo"),
        text(200, "one"),
        json!({
            "request": {
                "method": "POST",
                "headers": {"content-type": "text/plain", "content-length": "3"},
                "body": "one",
            },
            "response": {"headers": {"content-type": "text/plain"}},
            "context": {"request_body": {"size": 3, "state": "captured"}},
        }),
    ]);
    let of_1_0 = json!({"context": {"protocol": "HTTP/1.0"}});
    vec![
        Case::driven(
            "two requests on one connection",
            |stage| {
                let mut connection = stage.connect();
                for target in ["/hello", "/items/1"] {
                    connection.send(get(target));
                    assert_eq!(connection.response("GET").head.status, 200);
                }
            },
            [json!({}), item()],
        ),
        Case::driven(
            "three requests that do not wait for one another",
            |stage| {
                let mut connection = stage.connect();
                let post = request("POST /echo", &[("content-type", b"text/plain")], b"one");
                connection.send([get("/hello"), post, get("/items/1")].concat());
                for method in ["GET", "POST", "GET"] {
                    assert_eq!(connection.response(method).head.status, 200);
                }
            },
            [json!({}), one, item()],
        ),
        Case::new(
            "HTTP/1.0 without a host",
            b"GET /hello HTTP/1.0\r\n\r\n".to_vec(),
            all([
                of_1_0.clone(),
                json!({"request": {"headers": null, "url": "http://localhost/hello"}}),
            ]),
        ),
        Case::new(
            "HTTP/1.0 that keeps its connection",
            b"GET /hello HTTP/1.0\r\nhost: parity.example\r\nconnection: keep-alive\r\n\r\n"
                .to_vec(),
            all([
                of_1_0,
                json!({"request": {"headers": {"connection": "keep-alive"}}}),
            ]),
        ),
    ]
}

type Body = Full<Bytes>;

fn on_2(method: &str, target: &str) -> Request<Body> {
    let url = format!("http://parity.example{target}");
    Request::builder()
        .method(method)
        .uri(url)
        .body(Body::default())
        .expect("a request")
}

/// A POST of JSON. hyper adds the length.
fn json_on_2(target: &str) -> Request<Body> {
    let mut request = on_2("POST", target).map(|_| Full::from("[1, 2]"));
    let json = HeaderValue::from_static("application/json");
    request.headers_mut().insert("content-type", json);
    request
}

/// What is said of every exchange over HTTP/2: the host is in the target, not in a header.
fn of_2(patch: Value) -> Value {
    let of_2 = json!({
        "request": {"headers": {"host": null}},
        "context": {"protocol": "HTTP/2"},
    });
    all([of_2, patch])
}

/// One exchange over HTTP/2.
fn exchange(name: &'static str, request: Request<Body>, expected: Value) -> Case {
    let expected = of_2(expected);
    let status = patched([&expected])["response"]["status"].as_u64();
    let drive = move |stage: &Stage<'_>| {
        let response = http2(stage.address, request.clone());
        assert_eq!(Some(response.status.into()), status);
    };
    Case::driven(name, drive, [expected])
}

fn http2_heads() -> Vec<Case> {
    let mut many = on_2("GET", "/items/7?x=1");
    for value in ["one", "two"] {
        many.headers_mut()
            .append("x-many", HeaderValue::from_static(value));
    }
    let cookies = json!({"response": {"headers": {
        "set-cookie": ["[redacted]", "[redacted]", "[redacted]"],
        "x-many": ["one", "two, three"],
        "x-latin-1": "café",
        "x-empty": "",
    }}});
    let no_body = json!({
        "request": {"method": "HEAD"},
        "response": {"body": null},
        "context": {"response_body": {"size": 0, "state": "empty"}},
    });
    let no_content = all([at("/reply/no-content", "/reply/{name}"), bare(204)]);
    vec![
        exchange(
            "HTTP/2: a GET with a header of two values",
            many,
            all([
                at("/items/7?x=1", "/items/{id}"),
                text(200, "an item"),
                json!({"request": {"headers": {"x-many": ["one", "two"]}}}),
            ]),
        ),
        exchange(
            "HTTP/2: a response that sets three cookies",
            on_2("GET", "/reply/headers"),
            all([at("/reply/headers", "/reply/{name}"), bare(200), cookies]),
        ),
        exchange("HTTP/2: a HEAD", on_2("HEAD", "/hello"), no_body),
        exchange(
            "HTTP/2: a 204",
            on_2("GET", "/reply/no-content"),
            no_content,
        ),
        exchange(
            "HTTP/2: no route",
            on_2("GET", "/nowhere"),
            unmatched("/nowhere"),
        ),
    ]
}

fn http2_bodies() -> Vec<Case> {
    let posted = |target: &str, shown| {
        let headers = json!({"content-type": "application/json", "content-length": "6"});
        let request = json!({"request": {"method": "POST", "headers": headers}});
        all([at(target, target), request, shown])
    };
    let echoed = || {
        let shown = json!({
            "request": {"body": "[1, 2]"},
            "response": {"headers": {"content-type": "application/json"}},
            "context": {"request_body": {"size": 6, "state": "captured"}},
        });
        posted("/echo", all([text(200, "[1, 2]"), shown]))
    };
    let unread = json!({"size": 0, "state": "not_captured", "reason": "unread", "complete": false});
    let unread = all([
        text(200, "ignored"),
        json!({"context": {"request_body": unread}}),
    ]);
    let plain = json!({"response": {"headers": {"content-type": "text/plain"}}});
    let streamed = [
        at("/stream/chunks", "/stream/{name}"),
        text(200, "one two three"),
    ];
    let trailed = [at("/trailers", "/trailers"), text(200, "with trailers")];
    vec![
        exchange("HTTP/2: a POST", json_on_2("/echo"), echoed()),
        exchange(
            "HTTP/2: a body that is not read",
            json_on_2("/ignore"),
            posted("/ignore", unread),
        ),
        exchange(
            "HTTP/2: a response in pieces",
            on_2("GET", "/stream/chunks"),
            all([all(streamed), plain.clone()]),
        ),
        Case::driven(
            "HTTP/2: a request with trailers",
            |stage| {
                let trailers = (
                    HeaderName::from_static("x-sum"),
                    HeaderValue::from_static("3"),
                );
                let trailers = Some(Ok(HeaderMap::from_iter([trailers])));
                let request = json_on_2("/echo")
                    .map(|body| Box::pin(body.with_trailers(std::future::ready(trailers))));
                assert_eq!(http2(stage.address, request).body, "[1, 2]");
            },
            [of_2(echoed())],
        ),
        Case::driven(
            "HTTP/2: a response with trailers, where the framework has them",
            |stage| {
                let response = http2(stage.address, on_2("GET", "/trailers"));
                let status = response
                    .trailers
                    .as_ref()
                    .and_then(|all| all.get("grpc-status"));
                let has_trailers = stage.framework == Axum;
                assert_eq!(
                    status,
                    has_trailers.then_some(&HeaderValue::from_static("0"))
                );
            },
            [of_2(all([all(trailed), plain]))],
        ),
    ]
}

fn http2_endings() -> Vec<Case> {
    let panicked = all([
        at("/panic", "/panic"),
        unseen(500),
        json!({"context": {"outcome": "panic"}}),
    ]);
    let aborted = all([
        at("/wait", "/wait"),
        unseen(499),
        json!({"context": {"outcome": "aborted"}}),
    ]);
    let answered = json!({
        "response": {"status": 200, "headers": {"content-type": "text/plain; charset=utf-8"}},
        "context": {"response_body": {"state": "empty", "reason": null}},
    });
    vec![
        Case::driven(
            "HTTP/2: a panic of a handler",
            |stage| {
                on_http2(stage.address, async |mut sender| {
                    assert!(sender.send_request(on_2("GET", "/panic")).await.is_err());
                });
            },
            [of_2(panicked)],
        ),
        Case::driven(
            "HTTP/2: a client that resets its stream before the response",
            |stage| {
                on_http2(stage.address, async |mut sender| {
                    let waiting = tokio::spawn(sender.send_request(on_2("GET", "/wait")));
                    let gate = stage.gate.clone();
                    let entered = tokio::task::spawn_blocking(move || gate.wait());
                    entered.await.expect("a handler that waits");
                    waiting.abort();
                    assert!(waiting.await.is_err_and(|error| error.is_cancelled()));
                    // Frames are read in order: with this answered, the reset has arrived.
                    let hello = sender.send_request(on_2("GET", "/hello")).await;
                    assert_eq!(hello.expect("a response").status(), 200);
                    if stage.framework == Actix {
                        stage.gate.open();
                    }
                });
            },
            [of_2(aborted), of_2(json!({}))],
        )
        .but(Actix, ClientLeaves, [answered, json!({})]),
    ]
}
