//! The list of calls and its filter.

use crate::support::browser::{Browser, between, page};
use crate::support::{self, Server, message};
use reqwest::{Method, StatusCode};
use serde_json::json;

/// What would run if it were not escaped.
const HOSTILE: &str = "<img src=x onerror=alert(1)>\"'&`\r\n</script><svg/onload=alert(2)>";

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
