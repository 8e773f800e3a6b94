//! How to send calls, and tokens.

use crate::support::browser::{Browser, between, location, page};
use crate::support::{self, Server, message};
use reqwest::{Method, StatusCode};
use serde_json::json;

#[tokio::test]
async fn a_bucket_without_calls_says_how_to_send_one() {
    let server = Server::start().await;
    let browser = Browser::new(&server).await;
    let html = browser.get("/b/default").await;
    let address = server.address;
    for part in [
        &format!("curl http://{address}/buckets/default/messages"),
        "RUNSCOPE_BUCKET_KEY=default",
        &format!("RUNSCOPE_API_ENDPOINT=http://{address}"),
        "RUNSCOPE_ACCESS_TOKEN=TOKEN",
        "data-live=\"/b/default/live?after=0\"",
    ] {
        assert!(html.contains(part), "{part}: {html}");
    }
    assert!(!html.contains(&server.token));
    let made = browser.submit("/b/default/connect", "").await;
    let html = page(made, StatusCode::OK).await;
    let token = between(&html, "id=\"write-token\" tabindex=\"0\">", "<");
    assert!(
        html.contains(&format!("RUNSCOPE_ACCESS_TOKEN={token}")),
        "{html}"
    );
    let posted = server
        .bare(Method::POST, "/buckets/default/messages")
        .bearer_auth(token)
        .json(&message("a", 200))
        .send()
        .await
        .unwrap();
    support::success_of_messages(posted).await;
    let read = server
        .bare(Method::GET, "/b/default")
        .bearer_auth(token)
        .send()
        .await
        .unwrap();
    page(read, StatusCode::FORBIDDEN).await;
}

#[tokio::test]
async fn the_tokens_of_a_bucket_are_listed_and_revoked() {
    let server = Server::start().await;
    let browser = Browser::new(&server).await;
    let connect = "/b/default/connect";
    assert!(!browser.get(connect).await.contains("Revoke"));
    let made = browser.submit(connect, "name=check-out+%3Cb%3E").await;
    let made = page(made, StatusCode::OK).await;
    let token = between(&made, "id=\"write-token\" tabindex=\"0\">", "<").to_owned();
    let path = "/api/v1/buckets/default/tokens";
    let reader = server.post(path, &json!({ "scope": "read" })).await;
    let reader = reader["data"]["token"].as_str().unwrap().to_owned();
    let html = browser.get(connect).await;
    assert_eq!(html.matches("Revoke").count(), 2, "{html}");
    assert!(
        html.contains("Writes, made") && html.contains("Reads, made"),
        "{html}"
    );
    assert!(
        html.contains("<strong>check-out &lt;b&gt;</strong> · Writes, made"),
        "{html}"
    );
    assert!(!html.contains(&token), "{html}");
    let long = format!("name={}", "x".repeat(201));
    page(
        browser.submit(connect, &long).await,
        StatusCode::BAD_REQUEST,
    )
    .await;
    let send = async || {
        let request = server.bare(Method::POST, "/buckets/default/messages");
        let request = request.bearer_auth(&token).json(&message("a", 200));
        request.send().await.unwrap().status()
    };
    assert_eq!(send().await, StatusCode::OK);
    let revoke = between(&html, "action=\"/b/default/connect/tokens/", "\"");
    let revoke = format!("{connect}/tokens/{revoke}");
    let request = |method, path: &str| server.bare(method, path).bearer_auth(&reader);
    let refused = request(Method::POST, &revoke).send().await.unwrap();
    page(refused, StatusCode::FORBIDDEN).await;
    let seen = request(Method::GET, connect).send().await.unwrap();
    let seen = page(seen, StatusCode::OK).await;
    assert!(!seen.contains("Revoke"), "{seen}");
    assert_eq!(location(&browser.submit(&revoke, "").await), connect);
    assert_eq!(send().await, StatusCode::UNAUTHORIZED);
    assert_eq!(browser.get(connect).await.matches("Revoke").count(), 1);
}
