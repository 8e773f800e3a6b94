//! One call in full, its shared page, and two calls compared, over real sockets.

#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::io::Write;
use support::{Server, message};

/// What tries to get out of every slot that a captured value is shown in.
const HOSTILE: &str = "\"'><script>alert(1)</script><img src=x onerror=alert(1)></textarea></pre>";

async fn page(server: &Server, path: &str) -> String {
    let response = server.request(Method::GET, path).send().await.unwrap();
    let status = response.status();
    let policy = response.headers()["content-security-policy"]
        .to_str()
        .unwrap()
        .to_owned();
    assert!(
        policy.contains("script-src 'self'") && !policy.contains("unsafe"),
        "{policy}"
    );
    let text = response.text().await.unwrap();
    assert_eq!(status, StatusCode::OK, "{path}: {text}");
    text
}

async fn call_page(server: &Server, message: &Value) -> String {
    let uuid = &server.post_messages(message).await[0];
    page(server, &format!("/b/default/c/{uuid}")).await
}

/// A message with a body in an encoding of bytes.
fn with_body(body: &[u8], headers: &Value) -> Value {
    use base64::Engine as _;
    let body = base64::engine::general_purpose::STANDARD.encode(body);
    json!({
        "request": { "method": "GET", "url": "http://h/" },
        "response": { "status": 200, "headers": headers, "body": body, "body_encoding": "base64" },
    })
}

#[tokio::test]
async fn hostile_values_are_inert_in_every_slot() {
    let server = Server::start().await;
    let fields = json!({ HOSTILE: [HOSTILE, "javascript:alert(1)"] });
    let context = json!({
        "route": HOSTILE, "consumer": HOSTILE, "service": HOSTILE, "client_address": HOSTILE,
        "error": HOSTILE, "protocol": HOSTILE, "trace_id": HOSTILE, "tags": { HOSTILE: HOSTILE },
        "outcome": "error",
    });
    let mut pages = Vec::new();
    for (content_type, body) in [
        ("text/html", HOSTILE.to_owned()),
        (
            "image/svg+xml",
            format!(
                "<svg onload='alert(1)'><a>{}</a></svg>",
                "<script>alert(1)</script>"
            ),
        ),
        (
            "application/json",
            json!({ HOSTILE: [HOSTILE] }).to_string(),
        ),
        (
            "application/x-www-form-urlencoded",
            format!("a={HOSTILE}&{HOSTILE}=b"),
        ),
        (
            "multipart/form-data; boundary=x",
            format!(
                "--x\r\nContent-Disposition: form-data; name=a{HOSTILE}; filename={HOSTILE}\r\nContent-Type: {HOSTILE}\r\n\r\n{HOSTILE}\r\n--x--"
            ),
        ),
        (HOSTILE, HOSTILE.to_owned()),
    ] {
        let headers = json!({ "Content-Type": content_type, HOSTILE: HOSTILE, "Location": "javascript:alert(1)" });
        let message = json!({
            "unique_identifier": format!("{HOSTILE}{content_type}"),
            "request": {
                "method": HOSTILE, "url": format!("javascript:alert(1)//{HOSTILE}?{HOSTILE}={HOSTILE}"),
                "headers": headers, "body": body,
            },
            "response": { "status": 200, "reason": HOSTILE, "headers": headers, "body": body },
            "context": context,
        });
        let sendable = json!({
            "request": { "method": "POST", "url": format!("http://h/{HOSTILE}"), "headers": headers, "form": fields },
            "response": { "status": 200, "reason": HOSTILE, "headers": fields, "body": body },
            "context": context,
        });
        let uuids = server.post_messages(&json!([message, sendable])).await;
        for uuid in &uuids {
            for view in ["", "?request=raw&response=raw", "?request=hex&response=hex"] {
                pages.push(page(&server, &format!("/b/default/c/{uuid}{view}")).await);
            }
        }
        pages.push(
            page(
                &server,
                &format!("/b/default/compare?a={}&b={}", uuids[0], uuids[1]),
            )
            .await,
        );
    }
    for page in pages {
        for bad in [
            "<script>",
            "<img src=x",
            "onerror=alert(1)>",
            "<svg onload",
            "href=\"javascript",
            "src=\"javascript",
            "</textarea></pre>",
        ] {
            assert!(!page.contains(bad), "{bad} in {page}");
        }
        assert!(page.contains("&lt;script&gt;") || page.contains("Hex"));
    }
}

#[tokio::test]
async fn a_call_has_all_that_is_known_of_it() {
    let server = Server::start().await;
    let mut message = message("a", 402);
    message["context"] = json!({
        "route": "/items", "consumer": "acme", "tags": { "region": "eu" }, "total_time": 0.5,
        "request_body": { "size": 11, "state": "captured", "complete": true },
        "response_body": { "size": 90000, "state": "truncated", "reason": "over_cap" },
    });
    message["request"]["headers"]["Authorization"] = json!("Bearer [redacted]");
    let page = call_page(&server, &message).await;
    for expected in [
        "shop.example",
        "402 Payment Required",
        "250 ms",
        "two words",
        "tag.region",
        "acme",
        "Only the beginning was captured",
        "90.0 kB",
        "Bearer <span class=\"redacted\"",
        "replay is off; --replay-to",
        "curl 'https://shop.example/items?page=2&amp;q=two+words'",
    ] {
        assert!(page.contains(expected), "{expected} in {page}");
    }
}

#[tokio::test]
async fn bodies_that_are_not_there_say_why() {
    let server = Server::start().await;
    let with = |context: Value| {
        let mut message = message("a", 200);
        message.as_object_mut().unwrap().remove("unique_identifier");
        message["response"].as_object_mut().unwrap().remove("body");
        if !context.is_null() {
            message["context"] = json!({ "response_body": context });
        }
        message
    };
    for (context, kind, words) in [
        (
            json!({ "size": 0, "state": "empty" }),
            "empty",
            "there was no body",
        ),
        (
            json!({ "size": 9, "state": "not_captured", "reason": "log_body_off" }),
            "not-captured",
            "log_body is off",
        ),
        (
            json!({ "size": 9, "state": "masked" }),
            "redacted",
            "all of it was masked",
        ),
        (Value::Null, "unknown", "does not say whether there was one"),
    ] {
        let page = call_page(&server, &with(context)).await;
        assert!(
            page.contains(&format!("data-body=\"{kind}\"")),
            "{kind}: {page}"
        );
        assert!(page.contains(words), "{words}: {page}");
    }
}

#[tokio::test]
async fn a_bomb_in_any_coding_is_stopped_and_said_so() {
    let server = Server::start().await;
    let zeros = vec![b'a'; 40 << 20];
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(&zeros).unwrap();
    let mut zlib = ZlibEncoder::new(Vec::new(), Compression::fast());
    zlib.write_all(&zeros).unwrap();
    let bombs = [
        ("gzip", gzip.finish().unwrap()),
        ("deflate", zlib.finish().unwrap()),
        ("zstd", zstd::encode_all(zeros.as_slice(), 1).unwrap()),
        ("br", brotli_bomb()),
    ];
    for (coding, bytes) in bombs {
        let message = with_body(
            &bytes,
            &json!({ "Content-Encoding": coding, "Content-Type": "text/plain" }),
        );
        let page = call_page(&server, &message).await;
        assert!(page.contains("data-body=\"limit\""), "{coding}");
        assert!(
            page.contains(&format!("Decoding {coding} was stopped at 4.2 MB")),
            "{coding}"
        );
        assert!(page.len() < 6 << 20, "{coding}: {}", page.len());
    }
    let nested = with_body(
        &brotli_bomb(),
        &json!({ "Content-Encoding": "br, br, br, br, br" }),
    );
    assert!(
        call_page(&server, &nested)
            .await
            .contains("Too many codings")
    );
}

/// Uncompressed meta-blocks of 64 KiB (RFC 7932, section 9.2), more than the limit together.
fn brotli_bomb() -> Vec<u8> {
    let block = |head: u32| {
        let mut block = head.to_le_bytes()[..3].to_vec();
        block.extend_from_slice(&[b'a'; 1 << 16]);
        block
    };
    let mut bytes = block(0xffff << 4 | 1 << 20);
    for _ in 0..99 {
        bytes.extend(block(0xffff << 3 | 1 << 19));
    }
    bytes.push(3);
    bytes
}

#[tokio::test]
async fn raw_bytes_are_attachments_only() {
    let server = Server::start().await;
    let html = b"<script>alert(1)</script>";
    let uuid = &server
        .post_messages(&with_body(html, &json!({ "Content-Type": "text/html" })))
        .await[0];
    let path = format!("/b/default/c/{uuid}/body/response");
    let response = server.request(Method::GET, &path).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let headers = response.headers();
    assert_eq!(headers["content-type"], "application/octet-stream");
    assert_eq!(headers["x-content-type-options"], "nosniff");
    let disposition = format!("attachment; filename=\"{uuid}-response.bin\"");
    assert_eq!(headers["content-disposition"], disposition.as_str());
    assert!(
        headers["content-security-policy"]
            .to_str()
            .unwrap()
            .starts_with("sandbox;")
    );
    assert_eq!(response.bytes().await.unwrap().as_ref(), html);
    let har = server
        .request(Method::GET, &format!("/b/default/c/{uuid}/har"))
        .send()
        .await
        .unwrap();
    assert!(
        har.headers()["content-disposition"]
            .to_str()
            .unwrap()
            .starts_with("attachment;")
    );
    let har: Value = har.json().await.unwrap();
    assert_eq!(har["log"]["entries"].as_array().unwrap().len(), 1);
    let none = server
        .request(Method::GET, &format!("/b/default/c/{uuid}/body/request"))
        .send()
        .await
        .unwrap();
    assert_eq!(none.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn hex_is_paged_by_the_url() {
    let server = Server::start().await;
    let bytes: Vec<u8> = (0..10_000_u32).map(|at| (at % 256) as u8).collect();
    let uuid = &server.post_messages(&with_body(&bytes, &json!({}))).await[0];
    let first = page(&server, &format!("/b/default/c/{uuid}?response=hex")).await;
    assert!(first.contains("00 01 02 03") && first.contains("response_at=4096"));
    let last = page(
        &server,
        &format!("/b/default/c/{uuid}?response=hex&response_at=99999999"),
    )
    .await;
    assert!(last.contains("8192") && !last.contains("After →"));
}

#[tokio::test]
async fn a_share_is_read_without_a_token_until_it_is_taken_back() {
    let server = Server::start().await;
    let uuid = &server.post_messages(&message("a", 200)).await[0];
    let base = format!("/b/default/c/{uuid}");
    let share = server
        .request(Method::POST, &format!("{base}/share"))
        .send()
        .await
        .unwrap();
    assert_eq!(share.status(), StatusCode::OK);
    let text = share.text().await.unwrap();
    let at = text.find("href=\"/s/").unwrap() + 6;
    let link = text[at..].split('"').next().unwrap().to_owned();
    let shared = server.bare(Method::GET, &link).send().await.unwrap();
    assert_eq!(shared.status(), StatusCode::OK);
    let shared = shared.text().await.unwrap();
    assert!(shared.contains("a request a") && shared.contains("read-only"));
    for bad in ["/b/default", "id=\"retry\"", "id=\"share\"", uuid] {
        assert!(!shared.contains(bad), "{bad} in {shared}");
    }
    let body = server
        .bare(Method::GET, &format!("{link}/body/response"))
        .send()
        .await
        .unwrap();
    assert_eq!(body.headers()["content-type"], "application/octet-stream");
    assert_eq!(body.text().await.unwrap(), "an answer");
    server
        .request(Method::POST, &format!("{base}/unshare"))
        .send()
        .await
        .unwrap();
    for path in [
        link.clone(),
        format!("{link}/body/response"),
        "/s/guess".to_owned(),
    ] {
        let gone = server.bare(Method::GET, &path).send().await.unwrap();
        assert_eq!(gone.status(), StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn pages_of_a_call_need_a_session() {
    let server = Server::start().await;
    let uuid = &server.post_messages(&message("a", 200)).await[0];
    for path in ["", "/har", "/body/request"] {
        let answer = server
            .bare(Method::GET, &format!("/b/default/c/{uuid}{path}"))
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{path}");
        assert!(!answer.text().await.unwrap().contains("a request a"));
    }
    for path in ["retry", "share", "unshare"] {
        let answer = server
            .bare(Method::POST, &format!("/b/default/c/{uuid}/{path}"))
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{path}");
    }
    let missing = server
        .request(
            Method::GET,
            "/b/default/c/00000000-0000-8000-8000-000000000099",
        )
        .send()
        .await
        .unwrap();
    assert_eq!(missing.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_calls_before_and_after_are_linked_within_the_filter() {
    let server = Server::start().await;
    let uuids = server
        .post_messages(&json!([
            message("a", 200),
            message("b", 500),
            message("c", 200)
        ]))
        .await;
    let all = page(&server, &format!("/b/default/c/{}", uuids[1])).await;
    assert!(
        all.contains(&format!("id=\"newer\" href=\"/b/default/c/{}\"", uuids[2])),
        "{all}"
    );
    assert!(
        all.contains(&format!("id=\"older\" href=\"/b/default/c/{}\"", uuids[0])),
        "{all}"
    );
    let some = page(&server, &format!("/b/default/c/{}?q=status:200", uuids[2])).await;
    assert!(
        some.contains(&format!(
            "id=\"older\" href=\"/b/default/c/{}?q=status%3A200\"",
            uuids[0]
        )),
        "{some}"
    );
    assert!(some.contains("Newest"));
}

#[tokio::test]
async fn two_calls_are_compared_by_structure_in_the_api_and_on_the_page() {
    let server = Server::start().await;
    let json_call = |id: &str, body: Value| {
        let mut message = message(id, 200);
        message["response"]["headers"] = json!({ "Content-Type": "application/json" });
        message["response"]["body"] = json!(body.to_string());
        message["request"]["body"] = json!("same");
        message
    };
    let uuids = server
        .post_messages(&json!([
            json_call("a", json!({ "id": 1, "tags": ["x", "y"] })),
            json_call("b", json!({ "tags": ["new", "x", "y"], "id": 2 })),
        ]))
        .await;
    let query = format!("a={}&b={}", uuids[0], uuids[1]);
    let answer = server
        .get(&format!("/api/v1/buckets/default/compare?{query}"))
        .await;
    assert_eq!(answer["meta"]["same"], false);
    assert_eq!(answer["data"]["request_headers"], json!([]));
    assert_eq!(answer["data"]["request_body"], json!({ "as": "same" }));
    assert_eq!(
        answer["data"]["response_body"],
        json!({
            "as": "json",
            "changes": [
                { "name": "$.id", "kind": "changed", "a": ["1"], "b": ["2"] },
                { "name": "$.tags[0]", "kind": "added", "a": [], "b": ["\"new\""] },
            ],
            "more": false,
        })
    );
    let same = server
        .get(&format!(
            "/api/v1/buckets/default/compare?a={0}&b={0}",
            uuids[0]
        ))
        .await;
    assert_eq!(same["meta"]["same"], true);
    let page = page(&server, &format!("/b/default/compare?{query}")).await;
    assert!(
        page.contains("$.tags[0]") && page.contains("<ins>&quot;new&quot;</ins>"),
        "{page}"
    );
    for bad in ["a=x&b=y", &format!("a={}", uuids[0])] {
        let answer = server
            .request(
                Method::GET,
                &format!("/api/v1/buckets/default/compare?{bad}"),
            )
            .send()
            .await
            .unwrap();
        assert!(answer.status().is_client_error(), "{bad}");
    }
}
