//! Lists of messages stay small, whatever is in the messages.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use reqwest::Method;
use serde_json::{Value, json};
use support::Server;

fn with_url(url: &str) -> Value {
    json!({ "request": { "method": "GET", "url": url }, "response": { "status": 200 } })
}

#[tokio::test]
async fn a_head_over_its_limit_is_refused_in_its_result() {
    let server = Server::start().await;
    let long = "x".repeat(2 << 20);
    let tags = json!({ "context": { "tags": { "a": long } }, "response": { "status": 200 } });
    let headers = json!({ "response": { "status": 200, "headers": { "a": long } } });
    let messages = json!([
        with_url(&format!("https://a.example/{long}")),
        tags,
        headers,
        with_url("https://a.example/")
    ]);
    let request = server.request(Method::POST, "/buckets/default/messages");
    let answer: Value = request
        .json(&messages)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let items = answer["data"].as_array().unwrap();
    for item in &items[..3] {
        assert_eq!(item["status"], "error");
        assert!(
            item.to_string().contains("over the limit of 1024 KiB"),
            "{item}"
        );
    }
    assert_eq!(items[3]["status"], "success");
}

#[tokio::test]
async fn long_heads_end_a_page_early_and_its_cursor_goes_on() {
    let server = Server::start().await;
    let long = "x".repeat(900 << 10);
    let message = json!({ "response": { "status": 200, "headers": { "a": long } } });
    for _ in 0..4 {
        server.post_messages(&json!(vec![&message; 10])).await;
    }
    let path = "/api/v1/buckets/default/search?limit=1000";
    let (mut pages, mut found, mut next) = (0, 0, Value::Null);
    loop {
        let cursor = next
            .as_i64()
            .map_or_else(String::new, |next| format!("&cursor={next}"));
        let page = server.get(&format!("{path}{cursor}")).await;
        let messages = page["data"].as_array().unwrap().len();
        assert!(messages < 25, "{messages} messages of 900 KiB in a page");
        (pages, found) = (pages + 1, found + messages);
        next = page["meta"]["next"].clone();
        if next.is_null() {
            break;
        }
    }
    assert_eq!(found, 40);
    assert!(pages >= 2);
    let list = server.get("/buckets/default/messages?count=1000").await;
    let listed = list["data"].as_array().unwrap().len();
    assert!((1..40).contains(&listed), "{listed}");
}

#[tokio::test]
async fn bodies_and_forms_are_in_no_list() {
    let server = Server::start().await;
    let request = json!({ "method": "POST", "url": "https://a.example/", "body": "a=1", "form": { "a": "1" } });
    let uuids = server
        .post_messages(&json!({ "request": request, "response": { "status": 200, "body": "b" } }))
        .await;
    let messages = "/buckets/default/messages";
    for path in [
        messages.to_owned(),
        "/api/v1/buckets/default/search".to_owned(),
    ] {
        let listed = &server.get(&path).await["data"][0];
        assert!(listed["request"]["body"].is_null() && listed["response"]["body"].is_null());
        assert_eq!(listed["request"]["form"], json!({}));
    }
    let whole = server.get(&format!("{messages}/{}", uuids[0])).await;
    assert_eq!(whole["data"]["request"]["form"]["a"], json!(["1"]));
}
