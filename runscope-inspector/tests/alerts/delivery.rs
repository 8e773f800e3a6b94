//! Notices on their way: together, patiently, or given up.

use crate::receiver::{Answer, Receiver};
use crate::support::Server;
use crate::{call, channel, eventually, rule, server};
use serde_json::{Value, json};
use std::time::Duration;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_storm_of_failing_calls_is_one_notice_and_one_that_it_is_over() {
    let mut hook = Receiver::start().await;
    let server = server(&[hook.address]).await;
    channel(
        &server,
        json!({"id": "hook", "name": "Hook", "kind": "webhook", "url": hook.url()}),
    )
    .await;
    rule(&server, json!({"id": "errors", "name": "Errors", "filter": "status:5xx", "resolve_after": "3s", "channels": ["hook"]})).await;
    let calls = 100_000;
    let batch: Vec<_> = (0..1000)
        .map(|_| json!({ "request": { "method": "GET", "url": "https://shop.example/pay" }, "response": { "status": 503 } }))
        .collect();
    let batch = json!(batch);
    for _ in 0..calls / 1000 {
        server.post_messages(&batch).await;
    }
    let fired = hook.next().await.json();
    assert_eq!(
        (&fired["type"], &fired["data"]["fired"]),
        (&json!("alert.firing"), &json!(1))
    );
    let over = hook.next().await.json();
    assert_eq!(over["type"], "alert.resolved");
    assert_eq!(over["data"]["alerts"][0]["matches"], calls);
    assert_eq!(
        over["data"]["alerts"][0]["id"],
        fired["data"]["alerts"][0]["id"]
    );
    assert!(hook.is_quiet(Duration::from_millis(500)).await);
    let notices = server.get("/api/v1/alerts/notices").await;
    assert_eq!(notices["data"].as_array().unwrap().len(), 2);
    server.stop().await;
}

#[tokio::test]
async fn a_flapping_rule_is_told_together() {
    let mut hook = Receiver::start().await;
    let address = hook.address;
    let server = Server::start_with(|config| {
        config.alerts.group_wait = Duration::from_millis(50);
        config.alerts.group_interval = Duration::from_secs(4);
        config.alerts.private_hosts = vec![address.to_string().parse().unwrap()];
    })
    .await;
    channel(
        &server,
        json!({"id": "hook", "name": "Hook", "kind": "webhook", "url": hook.url()}),
    )
    .await;
    rule(&server, json!({"id": "errors", "name": "Errors", "filter": "status:5xx", "resolve_after": "0s", "channels": ["hook"]})).await;
    for round in 1..=3 {
        server.post_messages(&json!([call(500, "/pay")])).await;
        eventually(&server, "/api/v1/alerts?firing=false", |alerts| {
            alerts.as_array().unwrap().len() == round
        })
        .await;
    }
    assert_eq!(hook.next().await.json()["data"]["fired"], 1);
    let rest = hook.next().await.json();
    assert_eq!(
        (&rest["data"]["fired"], &rest["data"]["resolved"]),
        (&json!(2), &json!(3))
    );
    assert_eq!(rest["type"], "alert.resolved");
    assert!(hook.is_quiet(Duration::from_millis(300)).await);
    server.stop().await;
}

#[tokio::test]
async fn a_channel_that_asks_for_patience_gets_it_and_what_is_refused_is_given_up() {
    let mut hook =
        Receiver::answering(&[Answer::Status(429, Some(2)), Answer::Status(503, None)]).await;
    let mut gone = Receiver::answering(&[Answer::Status(410, None)]).await;
    let server = server(&[hook.address, gone.address]).await;
    channel(
        &server,
        json!({"id": "hook", "name": "Hook", "kind": "webhook", "url": hook.url()}),
    )
    .await;
    channel(
        &server,
        json!({"id": "gone", "name": "Gone", "kind": "slack", "url": gone.url()}),
    )
    .await;
    rule(&server, json!({"id": "errors", "name": "Errors", "filter": "status:5xx", "channels": ["hook", "gone"]})).await;
    server.post_messages(&json!([call(500, "/pay")])).await;
    let tries = [hook.next().await, hook.next().await, hook.next().await];
    assert!(tries[1].at - tries[0].at >= Duration::from_secs(2));
    // One notice, however often it was tried; each try is signed for its own time.
    for posted in &tries {
        assert_eq!(posted.header("webhook-id"), tries[0].header("webhook-id"));
        assert_eq!(posted.body, tries[0].body);
    }
    gone.next().await;
    let settled = |notices: &Value| {
        notices
            .as_array()
            .unwrap()
            .iter()
            .all(|notice| notice["state"] != "waiting")
    };
    let notices = eventually(&server, "/api/v1/alerts/notices", settled).await;
    let of = |channel: &str| {
        notices
            .as_array()
            .unwrap()
            .iter()
            .find(|notice| notice["channel"] == channel)
            .unwrap()
    };
    assert_eq!(
        (&of("hook")["state"], &of("hook")["attempts"]),
        (&json!("sent"), &json!(3))
    );
    assert_eq!(of("hook")["answer"], "200 heard");
    assert_eq!(
        (&of("gone")["state"], &of("gone")["attempts"]),
        (&json!("failed"), &json!(1))
    );
    assert_eq!(of("gone")["answer"], "410 heard");
    let metrics = server.metrics().await;
    assert!(
        metrics.contains("alert_notices_total{result=\"failed\"} 1"),
        "{metrics}"
    );
    server.stop().await;
}
