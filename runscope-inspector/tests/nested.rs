//! The inspector below a path of another app.

#![allow(clippy::unwrap_used, clippy::panic)]

use axum::Router;
use axum::routing::get;
use reqwest::{Client, Response, StatusCode, redirect};
use runscope_inspector::api::{AppState, Config, Token, app};
use runscope_inspector::serve::serve;
use runscope_inspector::store::{Settings, Sqlite};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;
use tempfile::TempDir;
use tokio::net::TcpListener;

struct App {
    url: String,
    token: Token,
    client: Client,
    cookie: String,
    _directory: TempDir,
}

impl App {
    async fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let store = Sqlite::open(Settings::new(directory.path())).unwrap();
        let token = Token::random();
        let mut config = Config::new(token.clone());
        config.prefix = "/tools/inspector".to_owned();
        let inspector = app(AppState::new(config, Arc::new(store)));
        let outer = Router::new()
            .route("/", get(async || "the app's own page"))
            .nest("/tools/inspector", inspector)
            .fallback(async || (StatusCode::IM_A_TEAPOT, "the app's own fallback"));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(serve(listener, outer, std::future::pending()));
        let client = Client::builder().redirect(redirect::Policy::none());
        Self {
            url,
            token,
            client: client.build().unwrap(),
            cookie: String::new(),
            _directory: directory,
        }
    }

    async fn get(&self, path: &str) -> Response {
        let request = self.client.get(format!("{}{path}", self.url));
        let request = request.header("sec-fetch-site", "same-origin");
        request.header("cookie", &self.cookie).send().await.unwrap()
    }

    async fn submit(&self, path: &str, form: &str) -> Response {
        let request = self.client.post(format!("{}{path}", self.url));
        let request = request.header("sec-fetch-site", "same-origin");
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let request = request.header("cookie", &self.cookie).body(form.to_owned());
        request.send().await.unwrap()
    }

    async fn post(&self, message: &Value) -> String {
        let path = "/tools/inspector/buckets/default/messages";
        let request = self.client.post(format!("{}{path}", self.url));
        let request = request.bearer_auth(self.token.reveal()).json(message);
        let answer: Value = request.send().await.unwrap().json().await.unwrap();
        answer["data"][0]["uuid"].as_str().unwrap().to_owned()
    }
}

fn location(answer: &Response) -> &str {
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    answer.headers()["location"].to_str().unwrap()
}

/// Every address in a page, but those within it.
fn addresses(html: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for name in [
        "href",
        "src",
        "action",
        "data-src",
        "data-rows",
        "data-live",
        "data-zoom",
        "data-compare",
    ] {
        for (at, mark) in html.match_indices(&format!(" {name}=\"")) {
            let value = html[at + mark.len()..].split('"').next().unwrap();
            if !value.starts_with('#') && !value.starts_with("data:") {
                found.insert(value.replace("&amp;", "&"));
            }
        }
    }
    found
}

#[tokio::test]
async fn every_page_form_and_asset_works_below_a_path_of_another_app() {
    let mut app = App::start().await;
    assert_eq!(
        app.get("/").await.text().await.unwrap(),
        "the app's own page"
    );
    assert_eq!(
        app.get("/b/default").await.status(),
        StatusCode::IM_A_TEAPOT
    );
    let asked = app.get("/tools/inspector/b/default?q=a").await;
    assert_eq!(asked.status(), StatusCode::UNAUTHORIZED);
    let asked = asked.text().await.unwrap();
    assert!(
        asked.contains(r#"value="/tools/inspector/b/default?q=a""#),
        "{asked}"
    );
    let mut seen = addresses(&asked);

    let form = format!(
        "token={}&next=/tools/inspector/b/default?q=a",
        app.token.reveal()
    );
    let signed_in = app.submit("/tools/inspector/sign-in", &form).await;
    assert_eq!(location(&signed_in), "/tools/inspector/b/default?q=a");
    let link = format!("/tools/inspector/open?token={}", app.token.reveal());
    let opened = app.get(&link).await;
    assert_eq!(location(&opened), "/tools/inspector");
    let cookie = opened.headers()["set-cookie"].to_str().unwrap();
    assert!(cookie.contains("; Path=/tools/inspector;"), "{cookie}");
    app.cookie = cookie.split(';').next().unwrap().to_owned();
    assert_eq!(
        location(&app.get("/tools/inspector").await),
        "/tools/inspector/b/default"
    );

    for id in 0..60 {
        app.post(&json!({
            "unique_identifier": id.to_string(),
            "request": { "method": "POST", "url": "https://shop.example/tea", "body": "tea" },
            "response": { "status": 200, "response_time": 0.2, "body": "{}" },
        }))
        .await;
    }
    let uuid = app.post(&json!({ "response": { "status": 500 } })).await;
    let call = format!("/tools/inspector/b/default/c/{uuid}");
    let shared = app.submit(&format!("{call}/share"), "").await;
    assert_eq!(location(&shared), call);
    let view = app
        .submit("/tools/inspector/b/default/views", "name=Tea&filter=tea")
        .await;
    assert_eq!(location(&view), "/tools/inspector/b/default?q=tea");

    // Whatever can be reached by links, each path once.
    let mut left = vec!["/tools/inspector/b/default".to_owned(), call];
    let mut visited = BTreeSet::new();
    while let Some(address) = left.pop() {
        let path = address.split(['?', '#']).next().unwrap().to_owned();
        let forms = [
            "/sign-in",
            "/sign-out",
            "/share",
            "/unshare",
            "/retry",
            "/live",
            "/compare",
            "/clear",
            "/delete",
            "/import",
            "/silence",
            "/remove",
            "/test",
        ];
        let form = forms.iter().any(|form| address.ends_with(form));
        if form
            || path == "/tools/inspector"
            || path.contains("/views/")
            || !visited.insert(path.clone())
        {
            continue;
        }
        let calls = visited.iter().filter(|path| path.contains("/c/")).count();
        if calls > 12 && path.contains("/c/") {
            continue;
        }
        let answer = app.get(&address).await;
        assert_eq!(answer.status(), StatusCode::OK, "{address}");
        if answer.headers()["content-type"] == "text/html; charset=utf-8" {
            let found = addresses(&answer.text().await.unwrap());
            left.extend(found.iter().cloned());
            seen.extend(found);
        }
    }
    for part in [
        "/assets/",
        "/timeline",
        "/facets",
        "/rows",
        "/summary",
        "/s/",
        "/connect",
        "/har",
    ] {
        assert!(
            visited.iter().any(|path| path.contains(part)),
            "{part}: {visited:?}"
        );
    }
    let mistyped = app.get("/tools/inspector/api/v1/stats?q=a").await;
    assert_eq!(mistyped.status(), StatusCode::BAD_REQUEST);
    let missing = app.get("/tools/inspector/b/missing").await;
    assert_eq!(missing.status(), StatusCode::NOT_FOUND);
    seen.extend(addresses(&missing.text().await.unwrap()));
    let astray: Vec<_> = seen
        .iter()
        .filter(|address| {
            !format!("{address}/").starts_with("/tools/inspector/")
                && !address.starts_with("/tools/inspector?")
        })
        .collect();
    assert!(astray.is_empty(), "{astray:?}");

    let connect = app
        .get("/tools/inspector/b/default/connect")
        .await
        .text()
        .await
        .unwrap();
    assert!(connect.contains(&format!(
        "RUNSCOPE_API_ENDPOINT={}/tools/inspector",
        app.url
    )));
    let out = app.submit("/tools/inspector/sign-out", "").await;
    assert_eq!(location(&out), "/tools/inspector");
    let after = app.get("/tools/inspector/b/default").await;
    assert_eq!(after.status(), StatusCode::UNAUTHORIZED);
}
