//! A call in full, hostile values included.

use crate::support::browser::{Browser, between};
use crate::support::{Server, message, success};
use crate::{call_page, page};
use reqwest::{Method, StatusCode};
use serde_json::json;

/// What tries to get out of every slot that a captured value is shown in.
const HOSTILE: &str = "\"'><script>alert(1)</script><img src=x onerror=alert(1)></textarea></pre>";

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
async fn a_browser_that_is_signed_in_gets_a_call_as_json_by_its_link() {
    let server = Server::start().await;
    let browser = Browser::new(&server).await;
    let uuid = &server.post_messages(&json!(message("a", 200))).await[0];
    let html = browser.get(&format!("/b/default/c/{uuid}")).await;
    let link = between(&html, "id=\"as-json\" href=\"", "\"");
    for site in ["same-origin", "none"] {
        let answer = browser.request_from(site, Method::GET, link).send().await;
        let found = success(answer.unwrap()).await;
        assert_eq!(found["data"]["uuid"], *uuid);
        assert_eq!(found["data"]["response"]["body"], "an answer");
    }
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
