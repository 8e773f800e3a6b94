//! Rules by their form, tried before they are saved, and as a file.

use crate::support::Server;
use crate::support::browser::{Browser, location};
use crate::{HOSTILE, assert_field_error, call, get, html, rule};
use reqwest::{Method, StatusCode};
use serde_json::json;

#[tokio::test]
async fn a_rule_is_made_changed_and_deleted_by_its_form() {
    let server = Server::start().await;
    let browser = Browser::new(&server).await;
    let fields = rule(&[
        ("kind", "ratio"),
        ("window", "5m"),
        ("share", "2.5"),
        ("group", "header"),
        ("header", "X-Tenant"),
        ("source", "response_json"),
        ("property", "error.code"),
        ("comparison", "equal"),
        ("value", "declined"),
        ("source", ""),
        ("property", ""),
        ("comparison", "equal"),
        ("value", ""),
    ]);
    let made = browser.submit_fields("/alerts/rules/new", &fields).await;
    assert_eq!(location(&made), "/alerts#rule-failures");
    let kept = server.get("/api/v1/alerts/rules/failures").await["data"].clone();
    assert_eq!(
        kept["condition"],
        json!({ "kind": "ratio", "window": "5m", "above": "2.5%", "minimum": 20, "of": "" })
    );
    assert_eq!(
        kept["assertions"],
        json!([{ "source": "response_json", "property": "error.code", "comparison": "equal", "value": "declined" }])
    );
    assert_eq!(kept["group_by"], "header.x-tenant");

    let page = get(&browser, "/alerts/rules/failures").await;
    for expected in [
        "value=\"2.5%\"",
        "value=\"error.code\"",
        "value=\"x-tenant\"",
        "It has not fired yet.",
    ] {
        assert!(page.contains(expected), "{expected}: {page}");
    }
    let again = browser.submit_fields("/alerts/rules/new", &rule(&[])).await;
    let page = html(again, StatusCode::BAD_REQUEST).await;
    assert!(
        page.contains("Another rule has it. Choose another, or change that rule."),
        "{page}"
    );

    let changed = browser
        .submit_fields(
            "/alerts/rules/failures",
            &rule(&[("name", "Renamed"), ("enabled", "")]),
        )
        .await;
    assert_eq!(location(&changed), "/alerts#rule-failures");
    let page = get(&browser, "/alerts").await;
    assert!(page.contains("Renamed") && page.contains("Off"), "{page}");
    let deleted = browser
        .submit_fields("/alerts/rules/failures", &rule(&[("action", "delete")]))
        .await;
    assert_eq!(location(&deleted), "/alerts");
    assert_eq!(server.get("/api/v1/alerts/rules").await["data"], json!([]));
}

#[tokio::test]
async fn a_mistake_is_shown_at_its_field_and_nothing_is_lost() {
    let server = Server::start().await;
    let browser = Browser::new(&server).await;
    for (changed, field, expected) in [
        (
            &[("filter", "status:oops")][..],
            "filter",
            "It can&apos;t be read from character 8 on.",
        ),
        (&[("filter", "since:1h")], "filter", "Leave them out"),
        (
            &[("kind", "count"), ("window", "5m"), ("at_least", "many")],
            "at_least",
            "Write a whole number",
        ),
        (
            &[("kind", "count"), ("at_least", "5")],
            "window",
            "It is missing.",
        ),
        (
            &[("kind", "ratio"), ("window", "5m"), ("share", "lots")],
            "share",
            "Write a share",
        ),
        (
            &[("kind", "percentile"), ("window", "5m"), ("slower", "2")],
            "slower",
            "Write a time with its unit",
        ),
        (
            &[("group", "header"), ("header", "no good")],
            "group",
            "Write route, host",
        ),
        (
            &[("resolve_after", "soon")],
            "resolve_after",
            "no such time",
        ),
        (&[("id", "Not An Id")], "id", "It can"),
        (
            &[("bucket", "no such")],
            "bucket",
            "no bucket with this key",
        ),
        (
            &[
                ("source", "response_status"),
                ("property", ""),
                ("comparison", "is_less_than"),
                ("value", "many"),
            ],
            "value-0",
            "Write a number",
        ),
        (
            &[
                ("source", "response_text"),
                ("property", ""),
                ("comparison", "has_key"),
                ("value", "a"),
            ],
            "comparison-0",
            "JSON only",
        ),
        (&[("channel", "nobody")], "channels", "There is no channel"),
    ] {
        for action in ["save", "preview"] {
            let saved_only = ["bucket", "channels"].contains(&field);
            if action == "preview" && saved_only {
                continue;
            }
            let mut changed = changed.to_vec();
            changed.extend([("name", HOSTILE), ("action", action)]);
            let answer = browser
                .submit_fields("/alerts/rules/new", &rule(&changed))
                .await;
            let page = html(answer, StatusCode::BAD_REQUEST).await;
            let page = page
                .replace("&#39;", "&apos;")
                .replace("can't", "can&apos;t");
            assert_field_error(&page, field, expected);
            assert!(
                page.contains("&lt;img src=x"),
                "the name is still there: {page}"
            );
        }
    }
    assert_eq!(server.get("/api/v1/alerts/rules").await["data"], json!([]));
}

#[tokio::test]
async fn rows_of_assertions_come_and_go_without_a_script() {
    let server = Server::start().await;
    let browser = Browser::new(&server).await;
    let rows = |source: &'static str, value: &'static str| {
        [
            ("source", source),
            ("property", ""),
            ("comparison", "equal"),
            ("value", value),
        ]
    };
    let count = |page: &str| page.matches("aria-label=\"Assertion ").count();
    let mut fields = rule(&rows("response_status", "one"));
    fields.extend(rows("response_text", "two"));
    for (action, expected, has, has_not) in [
        ("add-assertion", 3, "two", "no such"),
        ("drop-0", 1, "two", "\"one\""),
        ("drop-1", 1, "one", "\"two\""),
        ("drop-9", 2, "one", "no such"),
    ] {
        let mut fields = fields.clone();
        fields.retain(|(name, _)| *name != "action");
        fields.push(("action", action));
        let page = html(
            browser.submit_fields("/alerts/rules/new", &fields).await,
            StatusCode::OK,
        )
        .await;
        assert_eq!(count(&page), expected, "{action}: {page}");
        assert!(
            page.contains(&format!("value=\"{has}\"")) && !page.contains(has_not),
            "{action}: {page}"
        );
    }
}

#[tokio::test]
async fn a_preview_shows_what_would_have_been_and_saves_nothing() {
    let server = Server::start().await;
    let browser = Browser::new(&server).await;
    let messages: Vec<_> = (0..20)
        .map(|at| {
            call(
                if at % 2 == 0 { 500 } else { 200 },
                "/pay",
                1200.0 - f64::from(at),
            )
        })
        .collect();
    let uuids = server.post_messages(&json!(messages)).await;
    let fields = rule(&[
        ("kind", "count"),
        ("window", "1m"),
        ("at_least", "5"),
        ("group", "route"),
        ("name", ""),
        ("span", "1h"),
        ("action", "preview"),
    ]);
    let page = html(
        browser.submit_fields("/alerts/rules/new", &fields).await,
        StatusCode::OK,
    )
    .await;
    for expected in [
        "It would have fired once",
        "10 calls",
        "class=\"mark\"",
        " calls in 1m<",
        "&lt;img src=x",
    ] {
        assert!(page.contains(expected), "{expected}: {page}");
    }
    assert!(
        uuids
            .iter()
            .any(|uuid| page.contains(&format!("/b/default/c/{uuid}"))),
        "{page}"
    );
    let nothing = rule(&[("filter", "status:418"), ("action", "preview")]);
    let page = html(
        browser.submit_fields("/alerts/rules/new", &nothing).await,
        StatusCode::OK,
    )
    .await;
    assert!(
        page.contains("It would not have fired") && page.contains("No call of that time matches."),
        "{page}"
    );
    let rare = rule(&[
        ("kind", "ratio"),
        ("window", "5m"),
        ("share", "5"),
        ("minimum", "1000"),
        ("span", "1h"),
        ("action", "preview"),
    ]);
    let answer = browser.submit_fields("/alerts/rules/new", &rare).await;
    let page = html(answer, StatusCode::OK).await;
    let expected = "<strong>Not enough traffic to tell</strong> \
        (no window of 5m has the 1000 calls that the rule asks for; the most is 20)";
    assert!(page.contains(expected), "{page}");
    assert_eq!(server.get("/api/v1/alerts/rules").await["data"], json!([]));
}

#[tokio::test]
async fn a_filter_of_the_list_becomes_a_rule() {
    let server = Server::start().await;
    let browser = Browser::new(&server).await;
    server.post_messages(&json!(call(500, "/pay", 0.0))).await;
    let page = get(&browser, "/b/default?q=status:5xx+since:1h").await;
    let (_, link) = page.split_once("id=\"new-rule\" href=\"").unwrap();
    let (link, _) = link.split_once('"').unwrap();
    assert_eq!(
        link,
        "/alerts/rules/new?filter=status%3A5xx&amp;bucket=default"
    );
    let form = get(&browser, &link.replace("&amp;", "&")).await;
    assert!(
        form.contains("value=\"status:5xx\"")
            && form.contains("<option value=\"default\" selected>"),
        "{form}"
    );
    for q in ["", "?q=since:1h", "?stream=shared"] {
        assert!(
            !get(&browser, &format!("/b/default{q}"))
                .await
                .contains("id=\"new-rule\""),
            "{q}"
        );
    }
}

#[tokio::test]
async fn rules_go_out_as_a_file_and_come_back() {
    let server = Server::start().await;
    let browser = Browser::new(&server).await;
    location(&browser.submit_fields("/alerts/rules/new", &rule(&[])).await);
    let page = get(&browser, "/alerts").await;
    assert!(
        page.contains("href=\"/api/v1/alerts/export?format=toml\" download"),
        "{page}"
    );
    let file = browser.request(Method::GET, "/api/v1/alerts/export?format=toml");
    let file = file.send().await.unwrap();
    let file = file.text().await.unwrap();
    let other = file
        .replace("\"failures\"", "\"others\"")
        .replace("Failures", "Others");
    assert_eq!(
        location(
            &browser
                .submit_fields("/alerts/import", &[("file", &other)])
                .await
        ),
        "/alerts"
    );
    assert_eq!(
        server.get("/api/v1/alerts/rules").await["data"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    location(
        &browser
            .submit_fields("/alerts/import", &[("file", &other), ("replace", "on")])
            .await,
    );
    assert_eq!(
        server.get("/api/v1/alerts/rules").await["data"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    let wrong = other.replace("status:5xx", "status:oops");
    let page = html(
        browser
            .submit_fields("/alerts/import", &[("file", &wrong)])
            .await,
        StatusCode::BAD_REQUEST,
    )
    .await;
    for expected in [
        "<code>/rule/0/filter</code>",
        "status:oops",
        "href=\"#rules-file\"",
    ] {
        assert!(page.contains(expected), "{expected}: {page}");
    }
}
