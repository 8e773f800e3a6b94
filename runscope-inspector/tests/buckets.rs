//! The page that lists, makes, clears and deletes buckets, as a browser without scripts asks for it.

#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use reqwest::{Method, StatusCode};
use serde_json::json;
use support::browser::{Browser, between, location, page};
use support::{Server, error, message, success};

/// The list's part about one bucket.
fn card<'h>(html: &'h str, key: &str) -> &'h str {
    between(html, &format!("id=\"bucket-{key}\""), "</li>")
}

async fn keys(server: &Server) -> Vec<String> {
    let buckets = server.get("/buckets").await;
    let keys = buckets["data"].as_array().unwrap().iter();
    keys.map(|bucket| bucket["key"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn a_bucket_is_made_listed_cleared_and_deleted_without_a_script() {
    let server = Server::start().await;
    let browser = Browser::new(&server).await;
    let list = browser.get("/b/default").await;
    assert!(list.contains(r#"href="/b""#), "{list}");

    let made = browser.submit("/b", "name=+Shop+%3Cb%3E+").await;
    let connect = location(&made).to_owned();
    let key = between(&connect, "/b/", "/connect").to_owned();
    assert!(
        browser
            .get(&connect)
            .await
            .contains("Send calls to Shop &lt;b&gt;")
    );
    let token = json!({ "scope": "write" });
    server
        .post(&format!("/api/v1/buckets/{key}/tokens"), &token)
        .await;
    let three = json!([message("a", 200), message("b", 200), message("c", 500)]);
    server
        .post(&format!("/buckets/{key}/messages"), &three)
        .await;

    let html = browser.get("/b").await;
    let shown = card(&html, &key);
    for part in [
        "Shop &lt;b&gt;",
        "3 calls",
        "1 to write",
        &format!("href=\"/b/{key}\""),
        &format!("href=\"/b/{key}/connect\""),
        &format!("href=\"/b/{key}/connect#tokens\""),
        &format!("method=\"post\" action=\"/b/{key}/clear\""),
        &format!("method=\"post\" action=\"/b/{key}/delete\""),
        &format!("type=\"checkbox\" name=\"confirm\" value=\"{key}\" required"),
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    assert!(card(&html, "default").contains("0 calls"), "{html}");

    let sure = format!("confirm={key}");
    let cleared = browser.submit(&format!("/b/{key}/clear"), &sure).await;
    assert_eq!(location(&cleared), "/b");
    assert!(card(&browser.get("/b").await, &key).contains("0 calls"));
    let deleted = browser.submit(&format!("/b/{key}/delete"), &sure).await;
    assert_eq!(location(&deleted), "/b");
    assert_eq!(keys(&server).await, ["default"]);
    let gone = browser.submit(&format!("/b/{key}/delete"), &sure).await;
    page(gone, StatusCode::NOT_FOUND).await;
}

#[tokio::test]
async fn nothing_is_cleared_or_deleted_unless_the_form_says_that_it_is_meant() {
    let server = Server::start().await;
    let browser = Browser::new(&server).await;
    let made = browser.submit("/b", "name=Shop").await;
    let key = between(location(&made), "/b/", "/").to_owned();
    server
        .post(&format!("/buckets/{key}/messages"), &message("a", 200))
        .await;
    for action in ["clear", "delete"] {
        for form in ["", "confirm=", "confirm=on", "confirm=default"] {
            let refused = browser.submit(&format!("/b/{key}/{action}"), form).await;
            let html = page(refused, StatusCode::BAD_REQUEST).await;
            assert!(html.contains("Nothing was deleted: tick the box"), "{html}");
            assert!(card(&html, &key).contains("1 call "), "{html}");
        }
    }
    let list = browser.get("/b").await;
    assert!(!card(&list, "default").contains("/delete"), "{list}");
    let refused = browser.submit("/b/default/delete", "confirm=default").await;
    let html = page(refused, StatusCode::BAD_REQUEST).await;
    assert!(
        html.contains("The default bucket can't be deleted"),
        "{html}"
    );
    for name in ["", "+++", &"x".repeat(201)] {
        let refused = browser.submit("/b", &format!("name={name}")).await;
        let html = page(refused, StatusCode::BAD_REQUEST).await;
        assert!(html.contains("A name has 1 to 200 characters"), "{html}");
    }
    assert_eq!(keys(&server).await, ["default", &key]);
}

#[tokio::test]
async fn only_the_owner_on_our_own_page_changes_buckets() {
    let server = Server::start().await;
    let browser = Browser::new(&server).await;
    server
        .post("/buckets/default/messages", &message("a", 200))
        .await;
    let forms = [
        ("/b", "name=evil"),
        ("/b/default/clear", "confirm=default"),
        ("/b/default/delete", "confirm=default"),
    ];
    for (path, form) in forms {
        for site in ["cross-site", "same-site", "none"] {
            let request = server.bare(Method::POST, path).body(form);
            let request = request
                .header("cookie", &browser.cookie)
                .header("sec-fetch-site", site);
            page(request.send().await.unwrap(), StatusCode::UNAUTHORIZED).await;
        }
    }
    for scope in ["read", "write"] {
        let made = json!({ "scope": scope });
        let made = server.post("/api/v1/buckets/default/tokens", &made).await;
        let token = made["data"]["token"].as_str().unwrap();
        let list = server.bare(Method::GET, "/b").bearer_auth(token);
        page(list.send().await.unwrap(), StatusCode::FORBIDDEN).await;
        for (path, form) in forms {
            let request = server.bare(Method::POST, path).bearer_auth(token);
            let answer = request.body(form).send().await.unwrap();
            page(answer, StatusCode::FORBIDDEN).await;
        }
        if scope == "read" {
            let own = server.bare(Method::GET, "/b/default").bearer_auth(token);
            let html = page(own.send().await.unwrap(), StatusCode::OK).await;
            assert!(!html.contains(r#"href="/b""#), "{html}");
        }
    }
    let stranger = server.bare(Method::GET, "/b").send().await.unwrap();
    let html = page(stranger, StatusCode::UNAUTHORIZED).await;
    assert!(html.contains(r#"name="next" value="/b""#), "{html}");
    assert_eq!(keys(&server).await, ["default"]);
    let messages = server.get("/buckets/default/messages").await;
    assert_eq!(messages["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn the_api_keeps_its_rules_for_names() {
    let server = Server::start().await;
    for (body, status) in [
        (json!({ "name": "x".repeat(200) }), 200),
        (json!({ "name": "x".repeat(201) }), 400),
        (json!({ "name": " " }), 400),
        (json!({ "name": "x", "team_id": "" }), 400),
    ] {
        let request = server.request(Method::POST, "/buckets").json(&body);
        let answer = request.send().await.unwrap();
        if status == 200 {
            success(answer).await;
        } else {
            let said = error(answer, status).await;
            assert!(said.contains("1 to 200 characters"), "{said}");
        }
    }
}
