//! Charts, facets and the summary.

use crate::support::browser::{Browser, location};
use crate::support::{Server, message};
use reqwest::Method;
use serde_json::json;

#[tokio::test]
async fn charts_facets_and_summary_show_what_matches() {
    let server = Server::start().await;
    let messages: Vec<_> = (0..20)
        .map(|id| message(&id.to_string(), if id < 5 { 500 } else { 200 }))
        .collect();
    server.post_messages(&json!(messages)).await;
    let browser = Browser::new(&server).await;
    let chart = browser.get("/b/default/timeline").await;
    assert!(
        chart.contains("20 calls, 5 5xx") && chart.contains("class=\"p95\""),
        "{chart}"
    );
    let none = browser.get("/b/default/timeline?q=since:2030-01-01").await;
    assert!(
        none.contains("No calls in this span of time") && none.contains("href=\"/b/default\""),
        "{none}"
    );
    let facets = browser.get("/b/default/facets?q=method:POST").await;
    assert!(
        facets.contains("href=\"/b/default?q=method%3APOST+status%3A500\""),
        "{facets}"
    );
    assert!(
        facets.contains("href=\"/b/default?q=method%3APOST+NOT+status%3A500\""),
        "{facets}"
    );
    assert!(
        facets.contains("href=\"/b/default\" aria-current=\"true\""),
        "{facets}"
    );
    let summary = browser.get("/b/default/summary?sort=p95&dir=asc").await;
    assert!(
        summary.contains("aria-sort=\"ascending\"") && summary.contains("25 %"),
        "{summary}"
    );
    assert!(summary.contains("method%3APOST"), "{summary}");
    let answer = browser
        .request(
            Method::GET,
            "/b/default?q=since:1h+status:500&from=0&to=60000000",
        )
        .send()
        .await
        .unwrap();
    assert_eq!(
        location(&answer),
        "/b/default?q=status%3A500+since%3A1970-01-01T00%3A00%3A00Z+before%3A1970-01-01T00%3A01%3A00Z"
    );
}
