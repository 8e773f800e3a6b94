//! Numbers for an operator.

use crate::support::{Server, error, message};
use reqwest::Method;
use serde_json::json;

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
