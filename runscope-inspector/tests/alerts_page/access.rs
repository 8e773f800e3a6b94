//! Who sees the pages, and what they say before there is anything.

use crate::support::Server;
use crate::support::browser::{Browser, encoded, form};
use crate::{get, html, rule};
use reqwest::{Method, StatusCode};
use serde_json::json;

#[tokio::test]
async fn the_pages_are_the_owners_and_forms_of_other_sites_change_nothing() {
    let server = Server::start().await;
    let browser = Browser::new(&server).await;
    for path in [
        "/alerts",
        "/alerts/channels",
        "/alerts/rules/new",
        "/alerts/0123",
    ] {
        let answer = server.bare(Method::GET, path).send().await.unwrap();
        let page = html(answer, StatusCode::UNAUTHORIZED).await;
        assert!(
            page.contains(&format!("value=\"{path}\"")),
            "it leads on to {path}: {page}"
        );
    }
    for site in ["cross-site", "same-site"] {
        let request = browser.request_from(site, Method::POST, "/alerts/rules/new");
        let answer = form(request, encoded(&rule(&[]))).await;
        assert!(answer.status().is_client_error(), "{}", answer.status());
    }
    assert_eq!(server.get("/api/v1/alerts/rules").await["data"], json!([]));
    let reader = server
        .post(
            "/api/v1/buckets/default/tokens",
            &json!({ "scope": "read" }),
        )
        .await;
    let token = reader["data"]["token"].as_str().unwrap().to_owned();
    let of_reader = async |path: &str| {
        server
            .bare(Method::GET, path)
            .bearer_auth(&token)
            .send()
            .await
            .unwrap()
    };
    assert_eq!(of_reader("/alerts").await.status(), StatusCode::FORBIDDEN);
    let list = of_reader("/b/default").await.text().await.unwrap();
    assert!(!list.contains("href=\"/alerts\""), "{list}");
}

#[tokio::test]
async fn without_anything_the_pages_say_what_to_do() {
    let server = Server::start().await;
    let browser = Browser::new(&server).await;
    for (path, expected) in [
        ("/alerts", "No rule yet."),
        ("/alerts", "Nothing is watched yet."),
        ("/alerts/channels", "No channel yet."),
        ("/alerts/rules/new", "There is no channel yet"),
        ("/b/default", "href=\"/alerts\""),
    ] {
        let page = get(&browser, path).await;
        assert!(page.contains(expected), "{expected}: {page}");
    }
    for path in [
        "/alerts/nothing",
        "/alerts/rules/nothing",
        "/alerts/channels/nothing",
        "/alerts/channels/new?kind=fax",
        "/alerts/a/b/c",
    ] {
        let answer = browser.request(Method::GET, path).send().await.unwrap();
        html(answer, StatusCode::NOT_FOUND).await;
    }
}
