//! The web page, as a browser without scripts asks for it.

#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use reqwest::{Method, StatusCode};
use serde_json::json;
use support::browser::{Browser, between, location, page};
use support::{Server, message};

/// What would run if it were not escaped.
const HOSTILE: &str = "<img src=x onerror=alert(1)>\"'&`\r\n</script><svg/onload=alert(2)>";

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
async fn what_is_hostile_in_a_call_stays_text() {
    let server = Server::start().await;
    server
        .post_messages(&json!({
            "unique_identifier": HOSTILE,
            "request": {
                "method": HOSTILE,
                "url": format!("https://{HOSTILE}/{HOSTILE}?{HOSTILE}"),
                "headers": { HOSTILE: HOSTILE },
                "body": HOSTILE,
            },
            "response": { "status": 200, "reason": HOSTILE, "body": HOSTILE, "response_time": 0.5 },
            "context": { "route": HOSTILE, "consumer": HOSTILE, "service": HOSTILE, "tags": { HOSTILE: HOSTILE } },
        }))
        .await;
    let browser = Browser::new(&server).await;
    let filter: String = url::form_urlencoded::byte_serialize(
        format!("NOT \"{}\"", HOSTILE.replace('"', "\\\"")).as_bytes(),
    )
    .collect();
    for path in [
        "/b/default".to_owned(),
        "/b/default/rows".to_owned(),
        "/b/default/facets".to_owned(),
        "/b/default/timeline".to_owned(),
        "/b/default/summary".to_owned(),
        format!("/b/default?q={filter}"),
        format!("/b/default/summary?q={filter}"),
        format!("/b/default/facets?q={filter}"),
    ] {
        let answer = browser.request(Method::GET, &path).send().await.unwrap();
        let html = answer.text().await.unwrap();
        for tag in ["<img", "<svg/", "</script><svg"] {
            assert!(!html.contains(tag), "{path} {tag}: {html}");
        }
        for link in html.split("href=\"").skip(1) {
            assert!(
                link.starts_with(['/', '#']) && !link.starts_with("//"),
                "{path}: {link}"
            );
        }
    }
    let list = browser.get("/b/default").await;
    assert!(list.contains("&lt;img src=x"), "{list}");
}

#[tokio::test]
async fn a_row_tells_what_the_call_was() {
    let server = Server::start().await;
    let uuids = server.post_messages(&json!([message("a", 503)])).await;
    server
        .post_messages(&json!({ "request": { "method": "GET", "url": "http://half.example/" }, "context": { "outcome": "aborted" } }))
        .await;
    let html = Browser::new(&server).await.get("/b/default").await;
    let row = between(&html, &format!("<tr id=\"c-{}\"", uuids[0]), "</tr>");
    for part in [
        &format!("href=\"/b/default/c/{}\"", uuids[0]),
        "POST",
        "status s5\">503",
        "shop.example",
        "/items",
        "?page=2&amp;q=two+words",
        "9 B",
        "250 ms",
        "datetime=\"2026-11-22T",
    ] {
        assert!(row.contains(part), "{part}: {row}");
    }
    assert!(html.contains("status s5\">aborted"), "{html}");
    assert!(between(&html, "id=\"count\" role=\"status\">", "</p>").contains("2 calls"));
}

#[tokio::test]
async fn the_words_of_a_filter_are_marked_where_they_stand() {
    let server = Server::start().await;
    let uuids = server
        .post_messages(&json!({
            "request": { "method": "POST", "url": "https://shop.example/pay", "body": "<b>hello</b>" },
            "response": { "status": 402, "headers": { "x-reason": "declined" }, "body": "was declined, <i>sorry</i>" },
        }))
        .await;
    let browser = Browser::new(&server).await;
    let in_list = browser.get("/b/default?q=response.body:declined").await;
    let marked = "was <mark>declined</mark>, &lt;i&gt;sorry&lt;/i&gt;";
    assert!(in_list.contains(marked), "{in_list}");
    let in_row = browser.get("/b/default?q=pay").await;
    assert!(!in_row.contains("<mark>"), "the row shows the path already");
    let call = browser
        .get(&format!("/b/default/c/{}?q=declined", uuids[0]))
        .await;
    for part in [marked, "x-reason: <mark>declined</mark>", r#"id="found""#] {
        assert!(call.contains(part), "{part} in {call}");
    }
    let plain = browser.get(&format!("/b/default/c/{}", uuids[0])).await;
    assert!(!plain.contains(r#"id="found""#));
}

#[tokio::test]
async fn the_list_is_a_form_that_needs_no_script() {
    let server = Server::start().await;
    let messages: Vec<_> = (0..60)
        .map(|id| message(&id.to_string(), 200 + id % 2 * 204))
        .collect();
    server.post_messages(&json!(messages)).await;
    let browser = Browser::new(&server).await;
    let rows = |html: &str| html.matches("<tr id=\"c-").count();
    let first = browser.get("/b/default").await;
    assert!(
        first.contains(r#"method="get" action="/b/default""#),
        "{first}"
    );
    assert_eq!(rows(&first), 50);
    let older = between(&first, "id=\"older\" href=\"", "\"").replace("&amp;", "&");
    let second = browser.get(&older).await;
    assert_eq!(rows(&second), 10);
    assert!(
        second.contains("To the newest") && !second.contains("data-live"),
        "{second}"
    );
    let found = browser.get("/b/default?q=status%3A404").await;
    assert_eq!(rows(&found), 30);
    assert!(
        found.contains(r#"value="status:404""#) && found.contains("30 calls"),
        "{found}"
    );
    let fragment = browser
        .get(&older.replace("/b/default?", "/b/default/rows?"))
        .await;
    assert_eq!(rows(&fragment), 10);
    let none = browser.get("/b/default?q=status%3A500").await;
    assert!(none.contains("No call matches this filter"), "{none}");
}

#[tokio::test]
async fn a_mistake_is_shown_with_a_caret_at_its_character() {
    let server = Server::start().await;
    let browser = Browser::new(&server).await;
    for path in ["/b/default?q=snö+time:%3E5", "/b/default?q=status:%3Cb%3E"] {
        let answer = browser.request(Method::GET, path).send().await.unwrap();
        let html = page(answer, StatusCode::BAD_REQUEST).await;
        assert!(html.contains("aria-invalid=\"true\""), "{html}");
    }
    let answer = browser
        .request(Method::GET, "/b/default?q=sn%C3%B6+time:%3E5x")
        .send()
        .await
        .unwrap();
    let html = page(answer, StatusCode::BAD_REQUEST).await;
    let shown = between(&html, "<div class=\"mistake\" role=\"alert\">", "</div>");
    assert!(
        shown.contains("<pre>snö time:&gt;<span class=\"caret\">5</span>x</pre>"),
        "{shown}"
    );
    assert!(
        shown.contains("At character 11: expected a time with its unit"),
        "{shown}"
    );
    let summary = browser.get("/b/default/summary?q=status:x").await;
    assert!(
        summary.contains("The filter is not valid at character 8"),
        "{summary}"
    );
}

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
    let made = page(browser.submit(connect, "").await, StatusCode::OK).await;
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
    assert!(!html.contains(&token), "{html}");
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

#[tokio::test]
async fn shared_calls_are_a_stream_of_their_own() {
    let server = Server::start().await;
    let uuids = server
        .post_messages(&json!([message("a", 200), message("b", 500)]))
        .await;
    let browser = Browser::new(&server).await;
    assert!(
        browser
            .get("/b/default?stream=shared")
            .await
            .contains("No call is shared")
    );
    let path = format!("/buckets/default/shared/{}", uuids[0]);
    support::success(server.request(Method::PUT, &path).send().await.unwrap()).await;
    let html = browser.get("/b/default?stream=shared").await;
    assert!(
        html.contains(&format!("c-{}", uuids[0])) && !html.contains(&format!("c-{}", uuids[1])),
        "{html}"
    );
}

#[tokio::test]
async fn live_rows_are_those_of_the_list() {
    let server = Server::start().await;
    server.post_messages(&message("before", 200)).await;
    let browser = Browser::new(&server).await;
    let mut live = browser
        .request(Method::GET, "/b/default/live?q=status:5xx&after=1")
        .send()
        .await
        .unwrap();
    assert_eq!(live.headers()["content-type"], "text/event-stream");
    let uuids = server
        .post_messages(&json!([
            message("no", 200),
            message(&format!("yes {HOSTILE}"), 503)
        ]))
        .await;
    let mut text = String::new();
    while !text.contains("event: exchange") || !text.ends_with("\n\n") {
        let chunk = live.chunk().await.unwrap().unwrap();
        text.push_str(std::str::from_utf8(&chunk).unwrap());
    }
    assert!(!text.contains(&uuids[0]), "{text}");
    let data = between(&text, "event: exchange\ndata: ", "\n");
    let event: serde_json::Value = serde_json::from_str(data).unwrap();
    assert_eq!(event["uuid"], uuids[1].as_str());
    let list = browser.get("/b/default?q=status:5xx").await;
    assert!(
        list.contains(event["html"].as_str().unwrap()),
        "{event} {list}"
    );
}

#[tokio::test]
async fn assets_are_kept_by_browsers_under_a_path_of_their_content() {
    let server = Server::start().await;
    let browser = Browser::new(&server).await;
    server.post_messages(&message("a", 200)).await;
    let html = browser.get("/b/default").await;
    let paths: Vec<_> = html
        .split(['"'])
        .filter(|part| part.starts_with("/assets/"))
        .collect();
    assert!(paths.len() >= 5, "{paths:?}");
    for path in paths {
        // Style and scripts are not secret, and a browser asks for them without a session at times.
        let answer = server.bare(Method::GET, path).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        let expected = match path.rsplit_once('.').unwrap().1 {
            "css" => "text/css; charset=utf-8",
            "js" => "text/javascript; charset=utf-8",
            "svg" => "image/svg+xml",
            other => panic!("{other}"),
        };
        assert_eq!(answer.headers()["content-type"], expected);
        assert_eq!(
            answer.headers()["cache-control"],
            "public, max-age=31536000, immutable"
        );
        assert_eq!(answer.headers()["x-content-type-options"], "nosniff");
        assert!(!answer.bytes().await.unwrap().is_empty());
    }
    for path in [
        "/assets/0000000000000000/app.css",
        "/assets/x/../../Cargo.toml",
    ] {
        let answer = server.bare(Method::GET, path).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn an_address_without_a_page_says_so() {
    let server = Server::start().await;
    let browser = Browser::new(&server).await;
    for path in ["/b/nothing", "/b/default/nothing", "/b/default/views/9/x"] {
        let answer = browser.request(Method::GET, path).send().await.unwrap();
        let html = page(answer, StatusCode::NOT_FOUND).await;
        assert!(html.contains("Not Found"), "{html}");
    }
}
