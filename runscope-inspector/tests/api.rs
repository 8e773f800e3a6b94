//! The documented API, and what the inspector adds to it, over real sockets.

#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use flate2::Compression;
use flate2::write::GzEncoder;
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};
use std::io::Write;
use std::time::Duration;
use support::{Server, error, message, success};

#[tokio::test]
async fn one_message_and_an_array_are_answered_in_order() {
    let server = Server::start().await;
    let one = server
        .post("/buckets/default/messages", &message("a", 200))
        .await;
    assert_eq!(one["data"].as_array().unwrap().len(), 1);
    let bad = json!({ "unique_identifier": "bad", "request": { "method": "GET", "url": "" } });
    let many = server
        .post(
            "/buckets/default/messages",
            &json!([message("b", 500), bad, 7, message("a", 200)]),
        )
        .await;
    let data = many["data"].as_array().unwrap();
    let statuses: Vec<_> = data
        .iter()
        .map(|result| result["status"].as_str().unwrap())
        .collect();
    assert_eq!(statuses, ["success", "error", "error", "success"]);
    assert_eq!(data[1]["unique_identifier"], "bad");
    assert_eq!(
        data[1]["error"]["message"],
        "a request has a method and a url"
    );
    assert_eq!(data[3]["uuid"], one["data"][0]["uuid"]);
    let meta = &many["meta"];
    assert_eq!(
        (
            &meta["success_count"],
            &meta["succcess_count"],
            &meta["error_count"]
        ),
        (&json!(2), &json!(2), &json!(2))
    );
    let listed = server.get("/buckets/default/messages").await;
    assert_eq!(ids(&listed), ["b", "a"]);
}

#[tokio::test]
async fn a_message_is_read_back_in_the_documented_form() {
    let server = Server::start().await;
    let uuid = &server.post_messages(&message("a", 404)).await[0];
    let whole = server
        .get(&format!("/buckets/default/messages/{uuid}"))
        .await;
    assert_eq!(
        whole["data"],
        json!({
            "uuid": uuid,
            "unique_identifier": "a",
            "request": {
                "method": "POST",
                "url": "https://shop.example/items?page=2&q=two+words",
                "scheme": "https",
                "host": "shop.example",
                "path": "/items",
                "params": { "page": ["2"], "q": ["two words"] },
                "headers": { "Accept": ["application/json"], "X-Many": ["1", "2"] },
                "form": {},
                "body": "a request a",
                "body_encoding": "plaintext",
                "timestamp": 1_795_341_600.5,
            },
            "response": {
                "status": 404,
                "reason": "Not Found",
                "headers": { "Content-Type": ["text/plain"] },
                "body": "an answer",
                "body_encoding": "plaintext",
                "response_time": 0.25,
                "timestamp": 1_795_341_600.75,
                "size_bytes": 9,
            },
        })
    );
    let listed = server.get("/buckets/default/messages").await;
    assert_eq!(listed["data"][0]["request"].get("body"), None);
    assert_eq!(listed["data"][0]["response"].get("body"), None);
    assert_eq!(listed["data"][0]["response"]["size_bytes"], 9);
}

#[tokio::test]
async fn lists_are_bounded_by_count_and_time() {
    let server = Server::start().await;
    let messages: Vec<_> = (0..5)
        .map(|at| {
            let mut message = message(&at.to_string(), if at % 2 == 0 { 200 } else { 503 });
            message["request"]["timestamp"] = json!(1000.0 + f64::from(at));
            message
        })
        .collect();
    server.post_messages(&json!(messages)).await;
    for (path, expected) in [
        ("/buckets/default/messages?count=2", "4 3"),
        ("/buckets/default/messages?since=1003", "4 3"),
        ("/buckets/default/messages?before=1002", "1 0"),
        ("/buckets/default/messages?since=1001&before=1003", "2 1"),
        ("/buckets/default/errors", "3 1"),
        ("/buckets/default/errors?count=1", "3"),
    ] {
        assert_eq!(ids(&server.get(path).await).join(" "), expected, "{path}");
    }
    for query in ["count=0", "count=1001", "count=x", "since=x", "since=1e300"] {
        let path = format!("/buckets/default/messages?{query}");
        error(
            server.request(Method::GET, &path).send().await.unwrap(),
            400,
        )
        .await;
    }
}

/// Clients that send late, or in another order: messages are listed by arrival and bounded by their own
/// times, also where they arrived in one request or in several.
#[tokio::test]
async fn lists_are_in_the_order_of_arrival_whatever_the_times_of_messages() {
    let server = Server::start().await;
    let timed = |id: &str, at: f64| json!({ "unique_identifier": id, "request": { "method": "GET", "url": "/", "timestamp": at }, "response": { "status": 500, "timestamp": 9000.0 } });
    let first = json!([timed("late", 5000.0), timed("early", 1000.0)]);
    server.post_messages(&first).await;
    server.post_messages(&timed("middle", 3000.0)).await;
    let answer = json!({ "unique_identifier": "answer", "response": { "status": 500, "timestamp": 2000.0 } });
    server.post_messages(&answer).await;
    let timeless = json!({ "unique_identifier": "timeless", "response": { "status": 500 } });
    server.post_messages(&timeless).await;
    for (query, expected) in [
        ("", "timeless answer middle early late"),
        ("?count=1", "timeless"),
        ("?before=6000&count=1", "answer"),
        ("?before=6000", "answer middle early late"),
        ("?before=5000", "answer middle early"),
        ("?since=3000", "timeless middle late"),
        ("?since=3000&before=5000.5&count=1", "middle"),
        ("?since=1000&before=1000", ""),
        ("?since=8999&before=9001", ""),
        // What a client misses that goes on from the time of the last one that it has.
        ("?count=3&before=5000.5", "answer middle early"),
        ("?count=3&before=1000", ""),
    ] {
        for list in ["messages", "errors"] {
            let listed = server.get(&format!("/buckets/default/{list}{query}")).await;
            assert_eq!(ids(&listed).join(" "), expected, "{list}{query}");
        }
    }
    let described = server.get_json("/api/v1/openapi.json").await;
    let operation = &described["paths"]["/buckets/{key}/messages"]["get"];
    let told = operation.to_string();
    for part in [
        "arrived last",
        "in the order of arrival all the same",
        "else the response's",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
}

#[tokio::test]
async fn a_bucket_is_made_cleared_and_deleted() {
    let server = Server::start().await;
    let made = server
        .post("/buckets", &json!({ "name": "Shop", "team_id": "t-1" }))
        .await;
    let key = made["data"]["key"].as_str().unwrap();
    assert_eq!(made["data"]["team"], json!({ "id": "t-1", "name": "t-1" }));
    assert_eq!(made["data"]["default"], false);
    assert_eq!(
        server.get(&format!("/buckets/{key}")).await["data"],
        made["data"]
    );
    assert_eq!(
        server.get("/buckets").await["data"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    server
        .post(&format!("/buckets/{key}/messages"), &message("a", 200))
        .await;
    server.post_messages(&message("a", 200)).await;
    let path = format!("/buckets/{key}/messages");
    nothing(&server.request(Method::DELETE, &path).send().await.unwrap());
    assert_eq!(server.get(&path).await["data"], json!([]));
    assert_eq!(ids(&server.get("/buckets/default/messages").await), ["a"]);
    nothing(
        &server
            .request(Method::DELETE, &format!("/buckets/{key}"))
            .send()
            .await
            .unwrap(),
    );
    error(
        server.request(Method::GET, &path).send().await.unwrap(),
        404,
    )
    .await;
    let default = server
        .request(Method::DELETE, "/buckets/default")
        .send()
        .await
        .unwrap();
    assert!(error(default, 400).await.contains("default bucket"));
    let account = server.get("/account").await;
    assert!(account["data"]["teams"].is_array());
}

#[tokio::test]
async fn a_shared_message_is_read_without_a_token_until_it_is_not() {
    let server =
        Server::start_with(|config| config.base_url = "https://inspector.example".to_owned()).await;
    let uuids = server
        .post_messages(&json!([message("a", 200), message("b", 200)]))
        .await;
    let path = format!("/buckets/default/shared/{}", uuids[0]);
    let shared = success(server.request(Method::PUT, &path).send().await.unwrap()).await;
    let link = |name: &str| {
        let link = shared["data"][name].as_str().unwrap();
        link.strip_prefix("https://inspector.example").unwrap()
    };
    let page = link("public_url");
    let page = server.bare(Method::GET, page).send().await.unwrap();
    assert_eq!(page.status(), 200);
    assert!(page.text().await.unwrap().contains("a request a"));
    let link = link("public_api_url");
    let read = success(server.bare(Method::GET, link).send().await.unwrap()).await;
    assert_eq!(read["data"]["request"]["body"], "a request a");
    assert_eq!(ids(&server.get("/buckets/default/shared").await), ["a"]);
    nothing(&server.request(Method::DELETE, &path).send().await.unwrap());
    error(server.bare(Method::GET, link).send().await.unwrap(), 404).await;
    let other = "/buckets/default/shared/00000000-0000-8000-8000-000000000000";
    error(
        server.request(Method::PUT, other).send().await.unwrap(),
        404,
    )
    .await;
}

#[tokio::test]
async fn every_error_wears_the_envelope() {
    let server = Server::start().await;
    let messages = "/buckets/default/messages";
    let post = || server.request(Method::POST, messages);
    for (request, status, part) in [
        (
            server.request(Method::GET, "/nothing"),
            404,
            "nothing at this path",
        ),
        (
            server.request(Method::GET, "/buckets/nope/messages"),
            404,
            "no bucket",
        ),
        (
            server.request(Method::GET, "/buckets/default/messages/nope"),
            404,
            "no message",
        ),
        (
            server.request(Method::GET, "/buckets/default/messages/..%2f..%2ftoken"),
            404,
            "no message",
        ),
        (server.request(Method::PATCH, messages), 405, "method"),
        (
            post().header("content-type", "text/plain").body("{}"),
            415,
            "application/json",
        ),
        (
            post().header("content-encoding", "br").json(&json!({})),
            415,
            "gzip, zstd",
        ),
        (post().body("{\"request\":"), 400, "not valid JSON"),
        (post().body(""), 400, "not valid JSON"),
        (
            post().header("content-encoding", "gzip").body("not gzip"),
            400,
            "can't be decoded",
        ),
        (
            server.request(Method::POST, "/buckets").body("{}"),
            400,
            "missing field `name`",
        ),
        (
            server
                .request(Method::POST, "/buckets")
                .body(r#"{"name":" "}"#),
            400,
            "name and team_id",
        ),
        (
            server.request(Method::GET, "/api/v1/buckets/default/search?q=a%20staus:5"),
            400,
            "at character 3",
        ),
        (
            server.request(Method::GET, "/api/v1/buckets/default/search?deadline=31"),
            400,
            "deadline",
        ),
    ] {
        let message = error(request.send().await.unwrap(), status).await;
        assert!(message.contains(part), "{message}");
    }
}

#[tokio::test]
async fn sizes_over_a_limit_are_refused_by_its_name() {
    let server = Server::start_with(|config| {
        config.limits.body = 20_000;
        config.limits.messages = 3;
        config.limits.headers = 5;
    })
    .await;
    let path = "/buckets/default/messages";
    let large = message(&"x".repeat(100), 200).to_string() + &" ".repeat(20_000);
    let refused = server
        .request(Method::POST, path)
        .body(large.clone())
        .send()
        .await
        .unwrap();
    assert!(error(refused, 413).await.contains("20000 bytes"));
    let chunks = large
        .clone()
        .into_bytes()
        .chunks(1000)
        .map(|chunk| Ok::<_, std::io::Error>(chunk.to_vec()))
        .collect::<Vec<_>>();
    let streamed = reqwest::Body::wrap_stream(futures_util::stream::iter(chunks));
    let refused = server
        .request(Method::POST, path)
        .body(streamed)
        .send()
        .await
        .unwrap();
    assert!(error(refused, 413).await.contains("20000 bytes"));
    for (encoding, bomb) in [
        ("gzip", gzip(&[b' '; 2_000_000])),
        ("zstd", zstd::encode_all(&[b' '; 2_000_000][..], 3).unwrap()),
    ] {
        assert!(bomb.len() < 20_000);
        let refused = server
            .request(Method::POST, path)
            .header("content-encoding", encoding)
            .body(bomb)
            .send()
            .await
            .unwrap();
        assert!(
            error(refused, 413).await.contains("20000 bytes"),
            "{encoding}"
        );
    }
    let array = json!(vec![message("a", 200); 4]);
    let refused = server
        .request(Method::POST, path)
        .json(&array)
        .send()
        .await
        .unwrap();
    assert!(error(refused, 400).await.contains("limit of 3 messages"));
    let mut headers = message("a", 200);
    headers["request"]["headers"] = (0..6)
        .map(|at| (format!("x-{at}"), json!("v")))
        .collect::<serde_json::Map<_, _>>()
        .into();
    let answer = server.post(path, &headers).await;
    assert_eq!(
        answer["data"][0]["error"]["message"],
        "the headers are over the limit of 5"
    );
}

#[tokio::test]
async fn compressed_bodies_are_taken() {
    let server = Server::start().await;
    for (encoding, id) in [("gzip", "a"), ("zstd", "b"), ("identity", "c")] {
        let plain = message(id, 200).to_string().into_bytes();
        let body = match encoding {
            "gzip" => gzip(&plain),
            "zstd" => zstd::encode_all(plain.as_slice(), 3).unwrap(),
            _ => plain,
        };
        let request = server
            .request(Method::POST, "/buckets/default/messages")
            .header("content-encoding", encoding);
        success(request.body(body).send().await.unwrap()).await;
    }
    assert_eq!(
        ids(&server.get("/buckets/default/messages").await),
        ["c", "b", "a"]
    );
}

#[tokio::test]
async fn tokens_open_what_they_are_for_and_nothing_else() {
    let server = Server::start().await;
    let other = server.post("/buckets", &json!({ "name": "other" })).await;
    let other = other["data"]["key"].as_str().unwrap().to_owned();
    let tokens = "/api/v1/buckets/default/tokens";
    let read = server.post(tokens, &json!({ "scope": "read" })).await["data"].clone();
    let write = server.post(tokens, &json!({ "scope": "write" })).await["data"].clone();
    let listed = server.get(tokens).await;
    assert_eq!(listed["data"].as_array().unwrap().len(), 2);
    assert!(!listed.to_string().contains(read["token"].as_str().unwrap()));
    let body = message("a", 200);
    for (method, path, reader, writer) in [
        (Method::GET, "/buckets/default/messages", 200, 403),
        (Method::POST, "/buckets/default/messages", 403, 200),
        (Method::DELETE, "/buckets/default/messages", 403, 403),
        (Method::GET, "/buckets/default", 200, 403),
        (Method::DELETE, "/buckets/default", 403, 403),
        (Method::GET, "/buckets", 403, 403),
        (Method::POST, "/buckets", 403, 403),
        (Method::GET, "/account", 403, 403),
        (Method::GET, "/api/v1/stats", 403, 403),
        (Method::GET, tokens, 403, 403),
        (Method::POST, tokens, 403, 403),
        (Method::GET, "/api/v1/buckets/default/search", 200, 403),
        (Method::GET, "/api/v1/buckets/default/export", 200, 403),
        (Method::POST, "/api/v1/buckets/default/import", 403, 200),
        (Method::GET, &format!("/buckets/{other}/messages"), 403, 403),
        (
            Method::POST,
            &format!("/buckets/{other}/messages"),
            403,
            403,
        ),
        (Method::GET, "/buckets/nope/messages", 403, 403),
    ] {
        for (token, expected) in [(&read, reader), (&write, writer)] {
            let request = server
                .bare(method.clone(), path)
                .bearer_auth(token["token"].as_str().unwrap());
            let status = request.json(&body).send().await.unwrap().status();
            assert_eq!(
                status.as_u16(),
                expected,
                "{method} {path} {}",
                token["scope"]
            );
        }
        for request in [
            server.bare(method.clone(), path),
            server.bare(method.clone(), path).bearer_auth("wrong"),
        ] {
            error(request.json(&body).send().await.unwrap(), 401).await;
        }
    }
    let path = format!("{tokens}/{}", read["id"]);
    nothing(&server.request(Method::DELETE, &path).send().await.unwrap());
    let request = server
        .bare(Method::GET, "/buckets/default/messages")
        .bearer_auth(read["token"].as_str().unwrap());
    error(request.send().await.unwrap(), 401).await;
}

#[tokio::test]
async fn a_search_pages_and_counts() {
    let server = Server::start().await;
    let messages: Vec<_> = (0..7)
        .map(|at| message(&at.to_string(), if at == 3 { 500 } else { 200 }))
        .collect();
    server.post_messages(&json!(messages)).await;
    let first = server
        .get("/api/v1/buckets/default/search?q=answer%20status:2xx&limit=4")
        .await;
    assert_eq!(ids(&first), ["6", "5", "4", "2"]);
    assert_eq!(
        (&first["meta"]["count"], &first["meta"]["count_is_exact"]),
        (&json!(6), &json!(true))
    );
    let next = first["meta"]["next"].as_i64().unwrap();
    let second = server
        .get(&format!(
            "/api/v1/buckets/default/search?q=answer%20status:2xx&cursor={next}&bodies=true"
        ))
        .await;
    assert_eq!(ids(&second), ["1", "0"]);
    assert_eq!(second["meta"]["next"], Value::Null);
    assert_eq!(second["data"][0]["response"]["body"], "an answer");
    let facets = server.get("/api/v1/buckets/default/facets").await;
    assert_eq!(
        facets["data"]["status"],
        json!([{ "value": "200", "count": 6 }, { "value": "500", "count": 1 }])
    );
    let histogram = server
        .get("/api/v1/buckets/default/histogram?step=3600")
        .await;
    assert_eq!(
        (&histogram["data"][0]["2xx"], &histogram["data"][0]["5xx"]),
        (&json!(6), &json!(1))
    );
    let summary = server
        .get("/api/v1/buckets/default/summary?q=time:%3E100ms")
        .await;
    assert_eq!(summary["data"][0]["errors"], 1);
    let p50 = summary["data"][0]["p50"].as_f64().unwrap();
    assert!((p50 / 0.25 - 1.0).abs() < 1.0 / 16.0, "{p50}");
    assert_eq!(server.get("/api/v1/stats").await["data"]["exchanges"], 7);
}

#[tokio::test]
async fn what_is_exported_can_be_imported() {
    for format in ["ndjson", "har"] {
        let server = Server::start().await;
        let mut binary = message("binary", 200);
        binary["response"]["body"] = json!("/wA=");
        binary["response"]["body_encoding"] = json!("base64");
        let half = json!({ "unique_identifier": "half", "request": { "method": "GET", "url": "http://h/", "timestamp": 7.0 } });
        let form = json!({ "unique_identifier": "form", "request": { "method": "POST", "url": "http://h/", "timestamp": 8.0, "form": { "a": ["1", "2"] } }, "response": { "status": 204 } });
        let tagged = json!({ "unique_identifier": "tagged", "response": { "status": 200, "timestamp": 9.5, "size_bytes": 12 }, "context": { "tags": { "k": "v" }, "outcome": "complete" } });
        server
            .post_messages(&json!([message("a", 200), binary, half, form, tagged]))
            .await;
        let path = format!("/api/v1/buckets/default/export?format={format}");
        let export = server.request(Method::GET, &path).send().await.unwrap();
        assert!(
            export.headers()["content-disposition"]
                .to_str()
                .unwrap()
                .starts_with("attachment")
        );
        let export = export.text().await.unwrap();
        let other = Server::start().await;
        let path = format!("/api/v1/buckets/default/import?format={format}");
        let imported = success(
            other
                .request(Method::POST, &path)
                .body(export.clone())
                .send()
                .await
                .unwrap(),
        )
        .await;
        assert_eq!(imported["meta"]["success_count"], 5, "{imported}");
        let again = success(
            other
                .request(Method::POST, &path)
                .body(export)
                .send()
                .await
                .unwrap(),
        )
        .await;
        assert_eq!(again["meta"]["success_count"], 5);
        let original = comparable(
            &server
                .get("/api/v1/buckets/default/search?bodies=true")
                .await,
        );
        let copy = comparable(
            &other
                .get("/api/v1/buckets/default/search?bodies=true")
                .await,
        );
        assert_eq!(copy.len(), 5);
        assert_eq!(copy, original, "{format}");
    }
}

#[tokio::test]
async fn the_live_tail_shows_what_matches_and_comes_back_where_it_was() {
    let server = Server::start().await;
    server.post_messages(&message("before", 500)).await;
    let path = "/api/v1/buckets/default/tail?q=status:5xx";
    let mut tail = Events::new(server.request(Method::GET, path).send().await.unwrap());
    assert_eq!(tail.next().await.0, "ready");
    server
        .post_messages(&json!([
            message("a", 500),
            message("b", 200),
            message("c", 503)
        ]))
        .await;
    let (event, id, data) = tail.next().await;
    assert_eq!(
        (event.as_str(), &data["unique_identifier"]),
        ("exchange", &json!("a"))
    );
    assert_eq!(tail.next().await.2["unique_identifier"], "c");
    let mut again = Events::new(
        server
            .request(Method::GET, path)
            .header("last-event-id", id)
            .send()
            .await
            .unwrap(),
    );
    assert_eq!(again.next().await.0, "ready");
    assert_eq!(again.next().await.2["unique_identifier"], "c");
    let half = json!({ "unique_identifier": "half", "request": { "method": "GET", "url": "/" } });
    let other = json!({ "unique_identifier": "half", "response": { "status": 500 } });
    server.post_messages(&half).await;
    server.post_messages(&message("d", 500)).await;
    assert_eq!(again.next().await.2["unique_identifier"], "d");
    server.post_messages(&other).await;
    let (event, _, data) = again.next().await;
    assert_eq!(
        (event.as_str(), &data["response"]["status"]),
        ("update", &json!(500))
    );
    server.state.close();
    assert!(tail.ended().await && again.ended().await);
    server.stop().await;
}

fn ids(answer: &Value) -> Vec<&str> {
    let messages = answer["data"].as_array().unwrap();
    messages
        .iter()
        .map(|message| message["unique_identifier"].as_str().unwrap())
        .collect()
}

fn nothing(response: &Response) {
    assert_eq!(response.status(), StatusCode::NO_CONTENT);
}

/// Messages without what a second store gives anew, in the order of their identifiers.
fn comparable(answer: &Value) -> Vec<Value> {
    let mut messages = answer["data"].as_array().unwrap().clone();
    for message in &mut messages {
        message.as_object_mut().unwrap().remove("uuid");
    }
    messages.sort_by_key(|message| message["unique_identifier"].to_string());
    messages
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Server-sent events, one after the other.
struct Events {
    response: Response,
    text: String,
}

impl Events {
    fn new(response: Response) -> Self {
        assert_eq!(response.status(), StatusCode::OK);
        Self {
            response,
            text: String::new(),
        }
    }

    /// The next event's name, id and data.
    async fn next(&mut self) -> (String, String, Value) {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let field = |name: &str| {
                    let found = event
                        .lines()
                        .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
                    found.unwrap_or_default().to_owned()
                };
                let data = serde_json::from_str(&field("data")).unwrap();
                let event = (field("event"), field("id"), data);
                self.text = rest.to_owned();
                return event;
            }
            let chunk = self.response.chunk().await.unwrap().unwrap();
            self.text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    /// Whether the stream ends once all that was sent is read.
    async fn ended(&mut self) -> bool {
        let rest = async { while self.response.chunk().await.unwrap().is_some() {} };
        tokio::time::timeout(Duration::from_secs(10), rest)
            .await
            .is_ok()
    }
}

/// A token for metrics.
const SCRAPER: &str = "0123456789abcdef-metrics";

#[tokio::test]
async fn the_numbers_for_an_operator_count_what_happens() {
    let server = Server::start_with(|config| {
        config.metrics = Some(runscope_inspector::api::Token::new(SCRAPER).unwrap());
    })
    .await;
    server
        .post_messages(&json!([message("a", 200), message("b", 200)]))
        .await;
    let half = json!([message("a", 200), { "unique_identifier": "c", "request": { "method": "GET", "url": "/" } }, {}]);
    server.post("/buckets/default/messages", &half).await;
    let other = json!({ "unique_identifier": "c", "response": { "status": 204 } });
    server.post("/buckets/default/messages", &other).await;
    server
        .get("/api/v1/buckets/default/search?q=status:200")
        .await;
    let token = |scope: &str| {
        let body = json!({ "scope": scope });
        let server = &server;
        async move {
            server.post("/api/v1/buckets/default/tokens", &body).await["data"]["token"]
                .as_str()
                .unwrap()
                .to_owned()
        }
    };
    let (reader, writer) = (token("read").await, token("write").await);
    let metrics = server.bare(Method::GET, "/metrics");
    error(metrics.send().await.unwrap(), 401).await;
    let metrics = server.bare(Method::GET, "/metrics").bearer_auth(writer);
    error(metrics.send().await.unwrap(), 403).await;
    // Its numbers are of all buckets.
    let metrics = server.bare(Method::GET, "/metrics").bearer_auth(reader);
    error(metrics.send().await.unwrap(), 403).await;
    let others = server.bare(Method::GET, "/buckets").bearer_auth(SCRAPER);
    error(others.send().await.unwrap(), 403).await;
    let default = server
        .bare(Method::GET, "/buckets/default/messages")
        .bearer_auth(SCRAPER);
    error(default.send().await.unwrap(), 403).await;
    let metrics = server
        .bare(Method::GET, "/metrics")
        .bearer_auth(SCRAPER)
        .send()
        .await
        .unwrap();
    assert_eq!(
        metrics.headers()["content-type"],
        "text/plain; version=0.0.4; charset=utf-8"
    );
    let text = metrics.text().await.unwrap();
    for line in [
        "messages_total{result=\"stored\"} 3",
        "messages_total{result=\"joined\"} 1",
        "messages_total{result=\"duplicate\"} 1",
        "messages_total{result=\"refused\"} 1",
        "answers_total{class=\"2xx\"} 6",
        "answers_total{class=\"4xx\"} 5",
        "query_seconds_count 1",
        "commits_total 3",
        "writer_waiting 0",
        "stored_exchanges 3",
        "partitions 1",
        "tails 0",
    ] {
        assert!(
            text.contains(&format!("\nrunscope_inspector_{line}\n")),
            "{line}: {text}"
        );
    }
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (_, value) = line.rsplit_once(' ').unwrap();
        assert!(value.parse::<f64>().is_ok(), "{line}");
    }
}

#[tokio::test]
async fn a_search_tells_where_its_words_stand_if_it_is_asked() {
    let server = Server::start().await;
    let mut tagged = message("a", 200);
    tagged["context"] = json!({ "tags": { "region": "eu" } });
    server
        .post_messages(&json!([tagged, message("b", 500)]))
        .await;
    let search = async |query: &str| {
        let path = format!("/api/v1/buckets/default/search?{query}");
        server.get(&path).await["data"].take()
    };
    let found = search("q=tag:eu+answer&highlight=true").await;
    assert_eq!(found.as_array().unwrap().len(), 1);
    assert_eq!(
        found[0]["highlights"],
        json!([
            { "slot": "tag.region", "text": "region eu", "ranges": [[7, 9]], "offset": 0, "more": false },
            { "slot": "response.body", "text": "an answer", "ranges": [[3, 9]], "offset": 0, "more": false },
        ])
    );
    assert!(found[0]["response"].get("body").is_none(), "{found}");
    let found = search("q=status:500&highlight=true&bodies=true").await;
    assert_eq!(found[0]["highlights"], json!([]));
    assert_eq!(found[0]["response"]["body"], "an answer");
    assert!(search("q=tag:eu").await[0].get("highlights").is_none());
    assert_eq!(search("q=tag:e*").await.as_array().unwrap().len(), 1);
    assert_eq!(search("q=tag:/u/").await.as_array().unwrap().len(), 1);
    assert_eq!(search("q=tag:us").await, json!([]));
}
