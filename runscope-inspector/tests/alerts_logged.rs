//! What the log says of channels that fail. A test of its own, as there is one log in a process.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/receiver.rs"]
mod receiver;
mod support;

use receiver::{Answer, Receiver};
use serde_json::{Value, json};
use std::io;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use support::Server;

/// What was logged, a JSON object a line.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Log {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    /// The fields of the events that say this.
    fn events(&self, message: &str) -> Vec<Value> {
        let text = self.text();
        let events = text.lines().map(|line| {
            let event: Value = serde_json::from_str(line).unwrap();
            event["fields"].clone()
        });
        events.filter(|event| event["message"] == message).collect()
    }
}

#[tokio::test]
async fn a_channel_that_fails_is_told_without_its_url_and_secrets() {
    let log = Log::default();
    let writer = log.clone();
    tracing_subscriber::fmt()
        .json()
        .with_writer(move || writer.clone())
        .init();
    let down = [Answer::Status(503, None), Answer::Status(500, None)];
    let mut flaky = Receiver::answering(&down).await;
    let mut gone = Receiver::answering(&[Answer::Status(410, None)]).await;
    let hosts = [flaky.address, gone.address].map(|address| address.to_string().parse().unwrap());
    let server = Server::start_with(|config| {
        config.alerts.group_wait = Duration::from_millis(50);
        config.alerts.retry_base = Duration::from_millis(50);
        config.alerts.private_hosts = hosts.to_vec();
    })
    .await;
    let channels = "/api/v1/alerts/channels";
    let secret = "whsec_czNjcjN0czNjcjN0czNjcjN0czNjcjN0";
    let hook = json!({"id": "flaky", "name": "On call", "kind": "webhook", "url": flaky.url(), "secret": secret});
    server.post(channels, &hook).await;
    let slack = json!({"id": "gone", "name": "Team room", "kind": "slack", "url": gone.url()});
    server.post(channels, &slack).await;
    let rule = json!({"id": "errors", "name": "Too many errors", "filter": "status:5xx", "channels": ["flaky", "gone"]});
    server.post("/api/v1/alerts/rules", &rule).await;
    let call = json!({ "request": { "method": "GET", "url": "https://shop.example/pay" }, "response": { "status": 500 } });
    server.post_messages(&json!([call])).await;

    for _ in 0..3 {
        flaky.next().await;
    }
    gone.next().await;
    let deadline = Instant::now() + Duration::from_secs(30);
    let is_sent = async || {
        let notices = server.get("/api/v1/alerts/notices").await;
        let notices = notices["data"].as_array().unwrap().clone();
        notices.len() == 2 && notices.iter().all(|notice| notice["state"] != "waiting")
    };
    while !is_sent().await {
        assert!(Instant::now() < deadline, "{}", log.text());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let given_up = log.events("a notice was given up");
    let [given_up] = &given_up[..] else {
        panic!("{}", log.text());
    };
    // It failed twice, and the second time within a minute is not told.
    let retried = log.events("a notice could not be sent; it is tried again");
    let [retried] = &retried[..] else {
        panic!("{}", log.text());
    };
    for (event, channel, kind, reason) in [
        (given_up, "Team room", "slack", "status 410"),
        (retried, "On call", "webhook", "status 503"),
    ] {
        assert_eq!(event["channel"], channel);
        assert_eq!(event["kind"], kind);
        assert_eq!(event["rule"], "Too many errors");
        assert_eq!(event["reason"], reason);
    }
    let text = log.text();
    for secret in ["s3cr3t", secret, "/hook", "heard"] {
        assert!(!text.contains(secret), "{secret}: {text}");
    }
    server.stop().await;
}
