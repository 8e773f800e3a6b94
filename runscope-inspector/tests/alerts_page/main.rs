//! The pages of alerts, as a browser without scripts asks for them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../support/receiver.rs"]
mod receiver;
#[path = "../support/mod.rs"]
mod support;

mod access;
mod rules;
mod firing;
mod channels;

use receiver::Receiver;
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};
use std::time::Duration;
use support::Server;
use support::browser::{Browser, page};

/// What would run if it were not escaped.
const HOSTILE: &str = "<img src=x onerror=alert(1)>\"'&`</script><svg/onload=alert(2)>";

/// A page in which nothing of what was captured runs.
async fn html(answer: Response, status: StatusCode) -> String {
    let html = page(answer, status).await;
    assert!(
        !html.contains("<img") && !html.contains("<svg/onload"),
        "{html}"
    );
    html
}

/// A form that is refused says so at its top and beside the field.
fn assert_field_error(page: &str, field: &str, expected: &str) {
    assert!(
        page.contains(&format!("href=\"#{field}\"")),
        "{field}: {page}"
    );
    let (_, error) = page
        .split_once(&format!("id=\"{field}-error\""))
        .unwrap_or_else(|| panic!("{field}: {page}"));
    let (error, _) = error.split_once("</div>").unwrap();
    assert!(error.contains(expected), "{expected}: {error}");
}

async fn get(browser: &Browser<'_>, path: &str) -> String {
    let answer = browser.request(Method::GET, path).send().await.unwrap();
    html(answer, StatusCode::OK).await
}

/// A server that is quick to tell, and whose channels may send to a receiver.
async fn server(receiver: &Receiver) -> Server {
    Server::start_with(|config| {
        config.alerts.group_wait = Duration::from_millis(20);
        config.alerts.group_interval = Duration::from_millis(50);
        config.alerts.private_hosts = vec![receiver.address.to_string().parse().unwrap()];
    })
    .await
}

fn call(status: u16, path: &str, age: f64) -> Value {
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    json!({
        "request": { "method": "GET", "url": format!("https://shop.example{path}"), "timestamp": now.as_secs_f64() - age },
        "response": { "status": status, "response_time": 0.25, "headers": { "Content-Type": "text/plain" }, "body": HOSTILE },
        "context": { "route": HOSTILE },
    })
}

/// What the form of a new rule sends, with some fields changed.
fn rule<'f>(changed: &[(&'f str, &'f str)]) -> Vec<(&'f str, &'f str)> {
    let usual = [
        ("name", "Failures"),
        ("id", "failures"),
        ("bucket", ""),
        ("filter", "status:5xx"),
        ("enabled", "on"),
        ("source", ""),
        ("property", ""),
        ("comparison", "equal"),
        ("value", ""),
        ("alert_when", "hold"),
        ("kind", "every"),
        ("at_least", ""),
        ("share", ""),
        ("percentile", "99"),
        ("slower", ""),
        ("window", ""),
        ("minimum", "20"),
        ("windows", "1"),
        ("of", ""),
        ("group", ""),
        ("header", ""),
        ("severity", "error"),
        ("resolve_after", "5m"),
        ("repeat_every", ""),
        ("span", "24h"),
        ("action", "save"),
    ];
    let kept = usual
        .into_iter()
        .filter(|(name, _)| !changed.iter().any(|(other, _)| other == name));
    kept.chain(changed.iter().copied()).collect()
}
