//! What fires, and silences.

use crate::receiver::Receiver;
use crate::support::Server;
use crate::support::browser::{Browser, location};
use crate::{HOSTILE, call, get, html, rule, server};
use reqwest::{Method, StatusCode};
use serde_json::json;
use std::time::{Duration, Instant};

#[tokio::test]
async fn what_fires_is_told_with_its_calls_and_the_answers() {
    let mut receiver = Receiver::start().await;
    let server = server(&receiver).await;
    let browser = Browser::new(&server).await;
    let hook = receiver.url();
    let made = browser
        .submit_fields(
            "/alerts/channels/new",
            &[
                ("kind", "webhook"),
                ("name", HOSTILE),
                ("id", "ops"),
                ("url", &hook),
                ("secret", ""),
            ],
        )
        .await;
    let page = html(made, StatusCode::OK).await;
    assert!(page.contains("whsec_"), "{page}");
    let fields = rule(&[("group", "route"), ("channel", "ops"), ("name", HOSTILE)]);
    location(&browser.submit_fields("/alerts/rules/new", &fields).await);
    let [uuid] = server
        .post_messages(&json!([call(500, "/pay", 0.0)]))
        .await
        .try_into()
        .unwrap();
    receiver.next().await;

    let page = eventually(&browser, "/alerts", |page| page.contains("id=\"firing\"")).await;
    let (_, rest) = page.split_once("id=\"firing\"").unwrap();
    let (_, rest) = rest.split_once("href=\"").unwrap();
    let (link, _) = rest.split_once('"').unwrap();
    let link = link.to_owned();
    assert!(
        page.contains("id=\"firing-count\" data-fresh>1") && page.contains("id=\"history\""),
        "{page}"
    );
    let page = eventually(&browser, &link, |page| page.contains("Answer: 200")).await;
    assert!(
        page.contains(&format!("href=\"/b/default/c/{uuid}\"")),
        "{page}"
    );
    assert!(
        page.contains("GET https://shop.example/pay → 500 in 250 ms"),
        "{page}"
    );
    assert!(page.matches("&lt;img src=x").count() >= 3, "{page}");
    get(&browser, &format!("/b/default/c/{uuid}")).await;
    let list = get(&browser, "/b/default").await;
    assert!(list.contains("id=\"firing-count\" data-fresh>1"), "{list}");

    server
        .request(Method::DELETE, "/buckets/default/messages")
        .send()
        .await
        .unwrap();
    let page = get(&browser, &link).await;
    assert!(
        page.contains("is not kept any more") && !page.contains(&format!("c/{uuid}\"")),
        "{page}"
    );
}

#[tokio::test]
async fn a_rule_is_silenced_and_told_again() {
    let server = Server::start().await;
    let browser = Browser::new(&server).await;
    location(&browser.submit_fields("/alerts/rules/new", &rule(&[])).await);
    let path = "/alerts/rules/failures/silence";
    for fields in [
        &[("for", "15m")][..],
        &[("for", "1h")],
        &[("for", "1d")],
        &[("for", "until"), ("until", "2999-01-01T10:00")],
    ] {
        assert_eq!(
            location(&browser.submit_fields(path, fields).await),
            "/alerts"
        );
        assert!(get(&browser, "/alerts").await.contains("Silenced until"));
    }
    let kept = server.get("/api/v1/alerts/rules/failures").await["data"]["silence_until"].clone();
    assert_eq!(kept, "2999-01-01T10:00:00Z");
    // Saving the form again does not end it.
    location(
        &browser
            .submit_fields("/alerts/rules/failures", &rule(&[]))
            .await,
    );
    assert_eq!(
        server.get("/api/v1/alerts/rules/failures").await["data"]["silence_until"],
        kept
    );
    for fields in [
        &[("for", "until"), ("until", "2001-01-01T10:00")][..],
        &[("for", "until")],
        &[],
    ] {
        html(
            browser.submit_fields(path, fields).await,
            StatusCode::BAD_REQUEST,
        )
        .await;
    }
    let ended = browser
        .submit_fields(path, &[("for", "end"), ("alert", "0123abc")])
        .await;
    assert_eq!(location(&ended), "/alerts/0123abc");
    assert!(!get(&browser, "/alerts").await.contains("Silenced until"));
    let elsewhere = browser
        .submit_fields(path, &[("for", "end"), ("alert", "//evil.example")])
        .await;
    assert_eq!(location(&elsewhere), "/alerts");
    let missing = browser
        .submit_fields("/alerts/rules/nothing/silence", &[("for", "1h")])
        .await;
    html(missing, StatusCode::NOT_FOUND).await;
}

async fn eventually(browser: &Browser<'_>, path: &str, is: impl Fn(&str) -> bool) -> String {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let page = get(browser, path).await;
        if is(&page) {
            return page;
        }
        assert!(Instant::now() < deadline, "{path}: {page}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
