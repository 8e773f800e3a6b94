//! Live tails that end because their reader may read no longer, with no news to wake them.

#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use reqwest::{Method, Response, StatusCode};
use serde_json::json;
use std::time::Duration;
use support::browser::{Browser, location};
use support::{Server, message};

/// Well below the quarter of a minute after which a tail looks for itself.
const PROMPTLY: Duration = Duration::from_secs(8);

const TAIL: &str = "/api/v1/buckets/default/tail";
const LIVE: &str = "/b/default/live";

/// Waits until a tail is being followed.
async fn ready(tail: &mut Response) {
    let mut text = String::new();
    while !text.contains("event: ready") {
        let chunk = tail.chunk().await.unwrap().unwrap();
        text.push_str(std::str::from_utf8(&chunk).unwrap());
    }
}

/// Waits for the end of a tail, and gives what it still said.
async fn ended(tail: Response) -> String {
    let text = tokio::time::timeout(PROMPTLY, tail.text()).await;
    text.unwrap().unwrap()
}

/// A token that reads the default bucket, and its number.
async fn reader(server: &Server) -> (String, i64) {
    let path = "/api/v1/buckets/default/tokens";
    let made = server.post(path, &json!({ "scope": "read" })).await;
    let token = made["data"]["token"].as_str().unwrap().to_owned();
    (token, made["data"]["id"].as_i64().unwrap())
}

async fn follow(server: &Server, token: &str, path: &str) -> Response {
    let request = server.bare(Method::GET, path).bearer_auth(token);
    let mut tail = request.send().await.unwrap();
    assert_eq!(tail.status(), StatusCode::OK);
    // Proxies are told to pass on each event.
    assert_eq!(tail.headers()["x-accel-buffering"], "no");
    assert_eq!(tail.headers()["cache-control"], "no-cache");
    ready(&mut tail).await;
    tail
}

async fn watch(browser: &Browser<'_>, path: &str) -> Response {
    let mut tail = browser.request(Method::GET, path).send().await.unwrap();
    assert_eq!(tail.status(), StatusCode::OK);
    ready(&mut tail).await;
    tail
}

#[tokio::test]
async fn a_token_that_is_revoked_takes_its_tails_along_and_no_others() {
    let server = Server::start().await;
    let browser = Browser::new(&server).await;
    let mut other = follow(&server, &server.token, TAIL).await;
    for by_page in [false, true] {
        let (token, id) = reader(&server).await;
        let tails = [
            follow(&server, &token, TAIL).await,
            follow(&server, &token, LIVE).await,
        ];
        if by_page {
            let path = format!("/b/default/connect/tokens/{id}");
            location(&browser.submit(&path, "").await);
        } else {
            let path = format!("/api/v1/buckets/default/tokens/{id}");
            let removed = server.request(Method::DELETE, &path).send().await.unwrap();
            assert_eq!(removed.status(), StatusCode::NO_CONTENT);
        }
        for tail in tails {
            assert_eq!(ended(tail).await, "");
        }
    }
    server.post_messages(&message("a", 200)).await;
    let chunk = other.chunk().await.unwrap().unwrap();
    assert!(chunk.starts_with(b"event: exchange"), "{chunk:?}");
}

#[tokio::test]
async fn who_signs_out_ends_the_tails_of_that_session_and_no_others() {
    let server = Server::start().await;
    let (one, other) = (Browser::new(&server).await, Browser::new(&server).await);
    let tails = [watch(&one, LIVE).await, watch(&one, TAIL).await];
    let mut going_on = watch(&other, LIVE).await;
    location(&one.submit("/sign-out", "").await);
    for tail in tails {
        assert_eq!(ended(tail).await, "");
    }
    server.post_messages(&message("a", 200)).await;
    let chunk = going_on.chunk().await.unwrap().unwrap();
    assert!(chunk.starts_with(b"event: exchange"), "{chunk:?}");
}

#[tokio::test]
async fn a_bucket_that_is_deleted_ends_all_of_its_tails() {
    let server = Server::start().await;
    let browser = Browser::new(&server).await;
    let made = server.post("/buckets", &json!({ "name": "Shop" })).await;
    let key = made["data"]["key"].as_str().unwrap();
    let token = server
        .post(
            &format!("/api/v1/buckets/{key}/tokens"),
            &json!({ "scope": "read" }),
        )
        .await;
    let token = token["data"]["token"].as_str().unwrap();
    let tail = format!("/api/v1/buckets/{key}/tail");
    let tails = [
        follow(&server, &server.token, &tail).await,
        follow(&server, token, &tail).await,
        watch(&browser, &format!("/b/{key}/live")).await,
    ];
    let path = format!("/buckets/{key}");
    let deleted = server.request(Method::DELETE, &path).send().await.unwrap();
    assert_eq!(deleted.status(), StatusCode::NO_CONTENT);
    for tail in tails {
        assert_eq!(ended(tail).await, "");
    }
}
