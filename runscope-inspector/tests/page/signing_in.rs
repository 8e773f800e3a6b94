//! The way in, and what other sites can do.

use crate::support::Server;
use crate::support::browser::{Browser, location, page};
use reqwest::{Method, StatusCode};
use serde_json::json;

#[tokio::test]
async fn who_is_not_signed_in_is_shown_the_way_in() {
    let server = Server::start().await;
    let browser = Browser::new(&server).await;
    for path in ["/", "/b/default", "/b/default/summary", "/b/nothing"] {
        let answer = server.bare(Method::GET, path).send().await.unwrap();
        let html = page(answer, StatusCode::UNAUTHORIZED).await;
        assert!(
            html.contains("Sign in") && html.contains(r#"action="/sign-in""#),
            "{html}"
        );
    }
    let form = |token: &str, next: &str| format!("token={token}&next={next}");
    for (next, expected) in [
        ("/b/default?q=a", "/b/default?q=a"),
        ("//evil.example", "/"),
        ("https://evil.example", "/"),
    ] {
        let answer = browser.submit("/sign-in", &form(&server.token, next)).await;
        assert_eq!(location(&answer), expected);
        let cookie = answer.headers()["set-cookie"].to_str().unwrap();
        assert!(cookie.contains("HttpOnly; SameSite=Strict"), "{cookie}");
    }
    let refused = browser.submit("/sign-in", &form("wrong", "/")).await;
    let html = page(refused, StatusCode::UNAUTHORIZED).await;
    assert!(
        html.contains("not the owner") && html.contains("aria-invalid"),
        "{html}"
    );
    let wrong_link = server
        .bare(Method::GET, "/open?token=wrong")
        .send()
        .await
        .unwrap();
    page(wrong_link, StatusCode::UNAUTHORIZED).await;
    let first = browser.request(Method::GET, "/").send().await.unwrap();
    assert_eq!(location(&first), "/b/default");
    let out = browser.submit("/sign-out", "").await;
    assert_eq!(location(&out), "/");
    assert!(
        out.headers()["set-cookie"]
            .to_str()
            .unwrap()
            .contains("Max-Age=0")
    );
}

#[tokio::test]
async fn a_link_from_another_site_offers_to_go_on_within_ours() {
    let server = Server::start().await;
    let answer = server
        .bare(Method::GET, "/b/default?q=%3Cb%3E")
        .header("cookie", server.sign_in().await)
        .header("sec-fetch-site", "cross-site")
        .send()
        .await
        .unwrap();
    let html = page(answer, StatusCode::UNAUTHORIZED).await;
    assert!(html.contains(r#"href="/b/default?q=%3Cb%3E""#), "{html}");
}

#[tokio::test]
async fn forms_of_other_sites_change_nothing() {
    let server = Server::start().await;
    let browser = Browser::new(&server).await;
    for path in ["/b/default/views", "/b/default/connect", "/sign-out"] {
        for site in ["cross-site", "same-site", "none"] {
            let answer = server
                .bare(Method::POST, path)
                .header("cookie", &browser.cookie)
                .header("sec-fetch-site", site)
                .body("name=x&filter=")
                .send()
                .await
                .unwrap();
            assert!(answer.headers().get("set-cookie").is_none());
            page(answer, StatusCode::UNAUTHORIZED).await;
        }
    }
    assert!(
        browser
            .get("/b/default/views")
            .await
            .contains("No view is saved yet")
    );
    let tokens = server.get("/api/v1/buckets/default/tokens").await;
    assert_eq!(tokens["data"], json!([]));
}
