//! Bodies: absent, compressed, raw, paged.

use crate::support::{Server, message};
use crate::{call_page, page};
use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::io::Write;

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

/// A message with a body in an encoding of bytes.
fn with_body(body: &[u8], headers: &Value) -> Value {
    use base64::Engine as _;
    let body = base64::engine::general_purpose::STANDARD.encode(body);
    json!({
        "request": { "method": "GET", "url": "http://h/" },
        "response": { "status": 200, "headers": headers, "body": body, "body_encoding": "base64" },
    })
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
