//! One call in full, its shared page, and two calls compared, over real sockets.

#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "../support/mod.rs"]
mod support;

mod shown;
mod bodies;
mod shared;
mod compared;

use reqwest::{Method, StatusCode};
use serde_json::Value;
use support::Server;

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
