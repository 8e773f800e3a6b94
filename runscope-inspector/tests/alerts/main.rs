//! Alerts over sockets: from a call that is posted to what a channel receives.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../support/receiver.rs"]
mod receiver;
#[path = "../support/mod.rs"]
mod support;

mod channels;
mod delivery;
mod rules;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use receiver::Posted;
use reqwest::Method;
use serde_json::{Value, json};
use sha2::Sha256;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use support::Server;

/// A server whose channels may send to these, and whose clocks run fast.
async fn server(receivers: &[SocketAddr]) -> Server {
    Server::start_with(|config| {
        config.base_url = "https://inspector.example".to_owned();
        config.hosts = vec!["inspector.example".to_owned()];
        config.alerts.group_wait = Duration::from_millis(50);
        config.alerts.group_interval = Duration::from_millis(100);
        config.alerts.retry_base = Duration::from_millis(50);
        config.alerts.private_hosts = receivers
            .iter()
            .map(|address| address.to_string().parse().unwrap())
            .collect();
    })
    .await
}

async fn channel(server: &Server, channel: Value) -> Value {
    server.post("/api/v1/alerts/channels", &channel).await["data"].clone()
}

async fn rule(server: &Server, rule: Value) -> Value {
    server.post("/api/v1/alerts/rules", &rule).await["data"].clone()
}

async fn put(server: &Server, path: &str, body: &Value) -> Value {
    let answer = server
        .request(Method::PUT, path)
        .json(body)
        .send()
        .await
        .unwrap();
    support::success(answer).await["data"].clone()
}

/// A call that happens now.
fn call(status: u16, path: &str) -> Value {
    json!({
        "request": { "method": "GET", "url": format!("https://shop.example{path}"), "timestamp": now() },
        "response": { "status": status, "response_time": 0.25,
            "headers": { "Content-Type": "application/json" },
            "body": r#"{"error":{"code":"declined"},"password":"hunter2"}"# },
    })
}

fn now() -> f64 {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_secs_f64()
}

/// Asks until it is so.
async fn eventually(server: &Server, path: &str, is: impl Fn(&Value) -> bool) -> Value {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let found = server.get(path).await["data"].clone();
        if is(&found) {
            return found;
        }
        assert!(Instant::now() < deadline, "{path}: {found}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Checks a webhook as Standard Webhooks say.
fn check_signature(posted: &Posted, secret: &str) {
    let key = STANDARD
        .decode(secret.strip_prefix("whsec_").unwrap())
        .unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
    let (id, timestamp) = (
        posted.header("webhook-id"),
        posted.header("webhook-timestamp"),
    );
    mac.update(format!("{id}.{timestamp}.").as_bytes());
    mac.update(&posted.body);
    let expected = STANDARD.encode(mac.finalize().into_bytes());
    assert_eq!(posted.header("webhook-signature"), format!("v1,{expected}"));
    let age = now() - timestamp.parse::<f64>().unwrap();
    assert!((-5.0..60.0).contains(&age), "{age}");
}

fn characters(value: &Value) -> usize {
    value.as_str().unwrap().chars().count()
}
