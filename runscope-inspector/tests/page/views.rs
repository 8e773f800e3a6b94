//! Saved views.

use crate::support::browser::{Browser, location, page};
use crate::support::{self, Server, message};
use reqwest::{Method, StatusCode};
use serde_json::json;

#[tokio::test]
async fn a_view_is_saved_opened_changed_and_deleted() {
    let server = Server::start().await;
    let browser = Browser::new(&server).await;
    server.post_messages(&message("a", 500)).await;
    let saved = browser
        .submit(
            "/b/default/views",
            "name=Slow+%3Cb%3E&filter=time%3A%3E500ms",
        )
        .await;
    assert_eq!(location(&saved), "/b/default?q=time%3A%3E500ms");
    let list = browser.get("/b/default?q=time%3A%3E500ms").await;
    assert!(
        list.contains("aria-current=\"page\" title=\"time:&gt;500ms\">Slow &lt;b&gt;</a>"),
        "{list}"
    );
    let listed = server.get("/api/v1/buckets/default/views").await;
    assert_eq!(listed["data"][0]["filter"], "time:>500ms");
    let id = listed["data"][0]["id"].as_i64().unwrap();
    let changed = browser
        .submit(
            &format!("/b/default/views/{id}"),
            "name=Fast&filter=time%3A%3C1ms&action=save",
        )
        .await;
    assert_eq!(location(&changed), "/b/default/views");
    assert!(
        browser
            .get("/b/default/views")
            .await
            .contains("value=\"time:&lt;1ms\"")
    );
    let wrong = browser
        .submit("/b/default/views", "name=x&filter=status%3Ax")
        .await;
    let html = page(wrong, StatusCode::BAD_REQUEST).await;
    assert!(
        html.contains("The filter is not valid at character 8"),
        "{html}"
    );
    let deleted = browser
        .submit(&format!("/b/default/views/{id}"), "action=delete")
        .await;
    assert_eq!(location(&deleted), "/b/default/views");
    let again = browser
        .submit(&format!("/b/default/views/{id}"), "action=delete")
        .await;
    page(again, StatusCode::NOT_FOUND).await;
}

#[tokio::test]
async fn views_have_an_api() {
    let server = Server::start().await;
    let path = "/api/v1/buckets/default/views";
    let made = server
        .post(path, &json!({ "name": " Errors ", "filter": "status:5xx" }))
        .await;
    assert_eq!(made["data"]["name"], "Errors");
    let one = format!("{path}/{}", made["data"]["id"]);
    let change = json!({ "name": "All", "filter": "" });
    let changed = server
        .request(Method::PUT, &one)
        .json(&change)
        .send()
        .await
        .unwrap();
    assert_eq!(support::success(changed).await["data"]["filter"], "");
    for (body, part) in [
        (json!({ "name": "", "filter": "" }), "1 to 200 characters"),
        (
            json!({ "name": "x".repeat(201), "filter": "" }),
            "1 to 200 characters",
        ),
        (
            json!({ "name": "x", "filter": "status:" }),
            "at character 8",
        ),
        (json!({ "name": "x" }), "not a view"),
    ] {
        let answer = server
            .request(Method::POST, path)
            .json(&body)
            .send()
            .await
            .unwrap();
        let message = support::error(answer, 400).await;
        assert!(message.contains(part), "{message}");
    }
    let delete = || server.request(Method::DELETE, &one).send();
    assert_eq!(delete().await.unwrap().status(), StatusCode::NO_CONTENT);
    support::error(delete().await.unwrap(), 404).await;
    let change = server
        .request(Method::PUT, &one)
        .json(&change)
        .send()
        .await
        .unwrap();
    support::error(change, 404).await;
}
