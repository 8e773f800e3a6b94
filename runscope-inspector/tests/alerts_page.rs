//! The pages of alerts, as a browser without scripts asks for them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/receiver.rs"]
mod receiver;
mod support;

use receiver::Receiver;
use reqwest::{Method, Response, StatusCode, redirect};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use support::Server;

/// What would run if it were not escaped.
const HOSTILE: &str = "<img src=x onerror=alert(1)>\"'&`</script><svg/onload=alert(2)>";

struct Browser<'a> {
    server: &'a Server,
    client: reqwest::Client,
    cookie: String,
}

impl<'a> Browser<'a> {
    async fn new(server: &'a Server) -> Self {
        let client = reqwest::Client::builder().redirect(redirect::Policy::none());
        Self {
            server,
            client: client.build().unwrap(),
            cookie: server.sign_in().await,
        }
    }

    async fn get(&self, path: &str) -> String {
        let answer = self.send(Method::GET, path, "same-origin", &[]).await;
        html(answer, StatusCode::OK).await
    }

    async fn submit(&self, path: &str, fields: &[(&str, &str)]) -> Response {
        self.send(Method::POST, path, "same-origin", fields).await
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        site: &str,
        fields: &[(&str, &str)],
    ) -> Response {
        let mut body = url::form_urlencoded::Serializer::new(String::new());
        body.extend_pairs(fields);
        self.client
            .request(method, format!("http://{}{path}", self.server.address))
            .header("cookie", &self.cookie)
            .header("sec-fetch-site", site)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body.finish())
            .send()
            .await
            .unwrap()
    }
}

async fn html(answer: Response, status: StatusCode) -> String {
    let found = answer.status();
    let policy = answer.headers()["content-security-policy"]
        .to_str()
        .unwrap()
        .to_owned();
    let html = answer.text().await.unwrap();
    assert_eq!(found, status, "{html}");
    assert!(
        policy.contains("script-src 'self';") && !policy.contains("unsafe"),
        "{policy}"
    );
    assert!(
        !html.contains("style=") && !html.contains("<img") && !html.contains("<svg/onload"),
        "{html}"
    );
    html
}

fn location(answer: &Response) -> String {
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    answer.headers()["location"].to_str().unwrap().to_owned()
}

/// A server that is quick to tell, and whose channels may send to a receiver.
async fn server(receiver: &Receiver) -> Server {
    Server::start_with(|config| {
        config.alerts.group_wait = Duration::from_millis(20);
        config.alerts.group_interval = Duration::from_millis(50);
        config.alerts.private_hosts = vec![receiver.address.to_string().parse().unwrap()];
    })
    .await
}

fn call(status: u16, path: &str, age: f64) -> Value {
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    json!({
        "request": { "method": "GET", "url": format!("https://shop.example{path}"), "timestamp": now.as_secs_f64() - age },
        "response": { "status": status, "response_time": 0.25, "headers": { "Content-Type": "text/plain" }, "body": HOSTILE },
        "context": { "route": HOSTILE },
    })
}

/// What the form of a new rule sends, with some fields changed.
fn rule<'f>(changed: &[(&'f str, &'f str)]) -> Vec<(&'f str, &'f str)> {
    let usual = [
        ("name", "Failures"),
        ("id", "failures"),
        ("bucket", ""),
        ("filter", "status:5xx"),
        ("enabled", "on"),
        ("source", ""),
        ("property", ""),
        ("comparison", "equal"),
        ("value", ""),
        ("alert_when", "hold"),
        ("kind", "every"),
        ("at_least", ""),
        ("share", ""),
        ("percentile", "99"),
        ("slower", ""),
        ("window", ""),
        ("minimum", "20"),
        ("windows", "1"),
        ("of", ""),
        ("group", ""),
        ("header", ""),
        ("severity", "error"),
        ("resolve_after", "5m"),
        ("repeat_every", ""),
        ("span", "24h"),
        ("action", "save"),
    ];
    let kept = usual
        .into_iter()
        .filter(|(name, _)| !changed.iter().any(|(other, _)| other == name));
    kept.chain(changed.iter().copied()).collect()
}

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
        let answer = browser
            .send(Method::POST, "/alerts/rules/new", site, &rule(&[]))
            .await;
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
        let page = browser.get(path).await;
        assert!(page.contains(expected), "{expected}: {page}");
    }
    for path in [
        "/alerts/nothing",
        "/alerts/rules/nothing",
        "/alerts/channels/nothing",
        "/alerts/channels/new?kind=fax",
        "/alerts/a/b/c",
    ] {
        let answer = browser.send(Method::GET, path, "same-origin", &[]).await;
        html(answer, StatusCode::NOT_FOUND).await;
    }
}

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
    let made = browser.submit("/alerts/rules/new", &fields).await;
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

    let page = browser.get("/alerts/rules/failures").await;
    for expected in [
        "value=\"2.5%\"",
        "value=\"error.code\"",
        "value=\"x-tenant\"",
        "It has not fired yet.",
    ] {
        assert!(page.contains(expected), "{expected}: {page}");
    }
    let again = browser.submit("/alerts/rules/new", &rule(&[])).await;
    let page = html(again, StatusCode::BAD_REQUEST).await;
    assert!(
        page.contains("Another rule has it. Choose another, or change that rule."),
        "{page}"
    );

    let changed = browser
        .submit(
            "/alerts/rules/failures",
            &rule(&[("name", "Renamed"), ("enabled", "")]),
        )
        .await;
    assert_eq!(location(&changed), "/alerts#rule-failures");
    let page = browser.get("/alerts").await;
    assert!(page.contains("Renamed") && page.contains("Off"), "{page}");
    let deleted = browser
        .submit("/alerts/rules/failures", &rule(&[("action", "delete")]))
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
            let answer = browser.submit("/alerts/rules/new", &rule(&changed)).await;
            let page = html(answer, StatusCode::BAD_REQUEST).await;
            let page = page
                .replace("&#39;", "&apos;")
                .replace("can't", "can&apos;t");
            assert!(
                page.contains(&format!("href=\"#{field}\"")),
                "{field}: {page}"
            );
            let (_, error) = page
                .split_once(&format!("id=\"{field}-error\""))
                .unwrap_or_else(|| panic!("{field}: {page}"));
            let (error, _) = error.split_once("</div>").unwrap();
            assert!(error.contains(expected), "{expected}: {error}");
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
            browser.submit("/alerts/rules/new", &fields).await,
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
        browser.submit("/alerts/rules/new", &fields).await,
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
        browser.submit("/alerts/rules/new", &nothing).await,
        StatusCode::OK,
    )
    .await;
    assert!(
        page.contains("It would not have fired") && page.contains("No call of that time matches."),
        "{page}"
    );
    assert_eq!(server.get("/api/v1/alerts/rules").await["data"], json!([]));
}

#[tokio::test]
async fn a_filter_of_the_list_becomes_a_rule() {
    let server = Server::start().await;
    let browser = Browser::new(&server).await;
    server.post_messages(&json!(call(500, "/pay", 0.0))).await;
    let page = browser.get("/b/default?q=status:5xx+since:1h").await;
    let (_, link) = page.split_once("id=\"new-rule\" href=\"").unwrap();
    let (link, _) = link.split_once('"').unwrap();
    assert_eq!(
        link,
        "/alerts/rules/new?filter=status%3A5xx&amp;bucket=default"
    );
    let form = browser.get(&link.replace("&amp;", "&")).await;
    assert!(
        form.contains("value=\"status:5xx\"")
            && form.contains("<option value=\"default\" selected>"),
        "{form}"
    );
    for q in ["", "?q=since:1h", "?stream=shared"] {
        assert!(
            !browser
                .get(&format!("/b/default{q}"))
                .await
                .contains("id=\"new-rule\""),
            "{q}"
        );
    }
}

#[tokio::test]
async fn what_fires_is_told_with_its_calls_and_the_answers() {
    let mut receiver = Receiver::start().await;
    let server = server(&receiver).await;
    let browser = Browser::new(&server).await;
    let hook = receiver.url();
    let made = browser
        .submit(
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
    location(&browser.submit("/alerts/rules/new", &fields).await);
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
    browser.get(&format!("/b/default/c/{uuid}")).await;
    let list = browser.get("/b/default").await;
    assert!(list.contains("id=\"firing-count\" data-fresh>1"), "{list}");

    server
        .request(Method::DELETE, "/buckets/default/messages")
        .send()
        .await
        .unwrap();
    let page = browser.get(&link).await;
    assert!(
        page.contains("is not kept any more") && !page.contains(&format!("c/{uuid}\"")),
        "{page}"
    );
}

async fn eventually(browser: &Browser<'_>, path: &str, is: impl Fn(&str) -> bool) -> String {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let page = browser.get(path).await;
        if is(&page) {
            return page;
        }
        assert!(Instant::now() < deadline, "{path}: {page}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_rule_is_silenced_and_told_again() {
    let server = Server::start().await;
    let browser = Browser::new(&server).await;
    location(&browser.submit("/alerts/rules/new", &rule(&[])).await);
    let path = "/alerts/rules/failures/silence";
    for fields in [
        &[("for", "15m")][..],
        &[("for", "1h")],
        &[("for", "1d")],
        &[("for", "until"), ("until", "2999-01-01T10:00")],
    ] {
        assert_eq!(location(&browser.submit(path, fields).await), "/alerts");
        assert!(browser.get("/alerts").await.contains("Silenced until"));
    }
    let kept = server.get("/api/v1/alerts/rules/failures").await["data"]["silence_until"].clone();
    assert_eq!(kept, "2999-01-01T10:00:00Z");
    // Saving the form again does not end it.
    location(&browser.submit("/alerts/rules/failures", &rule(&[])).await);
    assert_eq!(
        server.get("/api/v1/alerts/rules/failures").await["data"]["silence_until"],
        kept
    );
    for fields in [
        &[("for", "until"), ("until", "2001-01-01T10:00")][..],
        &[("for", "until")],
        &[],
    ] {
        html(browser.submit(path, fields).await, StatusCode::BAD_REQUEST).await;
    }
    let ended = browser
        .submit(path, &[("for", "end"), ("alert", "0123abc")])
        .await;
    assert_eq!(location(&ended), "/alerts/0123abc");
    assert!(!browser.get("/alerts").await.contains("Silenced until"));
    let elsewhere = browser
        .submit(path, &[("for", "end"), ("alert", "//evil.example")])
        .await;
    assert_eq!(location(&elsewhere), "/alerts");
    let missing = browser
        .submit("/alerts/rules/nothing/silence", &[("for", "1h")])
        .await;
    html(missing, StatusCode::NOT_FOUND).await;
}

#[tokio::test]
async fn channels_of_every_kind_are_made_and_their_secrets_are_not_shown_again() {
    let mut receiver = Receiver::start().await;
    let server = server(&receiver).await;
    let browser = Browser::new(&server).await;
    let secret = "s3cr3ts3cr3ts3cr3t";
    let url = format!("https://hooks.example.com/{secret}");
    let kinds: [(&str, &[(&str, &str)]); 6] = [
        ("slack", &[("url", &url)]),
        ("teams", &[("url", &url)]),
        ("discord", &[("url", &url)]),
        ("pagerduty", &[("routing_key", secret), ("url", "")]),
        (
            "email",
            &[
                ("server", "mail.example.com"),
                ("tls", "starttls"),
                ("user", "ada"),
                ("password", secret),
                ("from", "a@host.example"),
                ("to", "b@host.example\r\nC <c@host.example>\r\n"),
            ],
        ),
        ("webhook", &[("url", &url), ("secret", "")]),
    ];
    for (kind, fields) in kinds {
        let form = browser
            .get(&format!("/alerts/channels/new?kind={kind}"))
            .await;
        let mut all = vec![("kind", kind), ("name", kind), ("id", kind)];
        all.extend(fields);
        for (name, _) in &all {
            assert!(
                form.contains(&format!("name=\"{name}\"")),
                "{kind} {name}: {form}"
            );
        }
        let made = browser.submit("/alerts/channels/new", &all).await;
        if kind == "webhook" {
            let page = html(made, StatusCode::OK).await;
            assert!(page.contains("whsec_"), "{page}");
        } else {
            assert_eq!(location(&made), format!("/alerts/channels#channel-{kind}"));
        }
        // What comes back unchanged changes nothing.
        let form = browser.get(&format!("/alerts/channels/{kind}")).await;
        assert!(!form.contains(secret) && !form.contains("whsec_"), "{form}");
        let shown = server.get(&format!("/api/v1/alerts/channels/{kind}")).await["data"].clone();
        let text = |name: &str| shown[name].as_str().unwrap_or_default().to_owned();
        let (url, host, user, from) = (text("url"), text("server"), text("user"), text("from"));
        let to = shown["to"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|to| to.as_str().unwrap());
        let to = to.collect::<Vec<_>>().join("\n");
        let again = [
            ("kind", kind),
            ("name", "Renamed"),
            ("url", url.as_str()),
            ("server", &host),
            ("user", &user),
            ("from", &from),
            ("to", &to),
            ("tls", "starttls"),
        ];
        let changed = browser
            .submit(&format!("/alerts/channels/{kind}"), &again)
            .await;
        assert_eq!(
            location(&changed),
            format!("/alerts/channels#channel-{kind}")
        );
        let after = server.get(&format!("/api/v1/alerts/channels/{kind}")).await["data"].clone();
        assert_eq!(after["name"], "Renamed");
        assert_eq!(after["url"], shown["url"]);
    }
    let list = browser.get("/alerts/channels").await;
    assert!(!list.contains(secret) && !list.contains("whsec_"), "{list}");
    assert_eq!(list.matches("Send test").count(), 6);

    let hook = receiver.url();
    let own = [
        ("kind", "slack"),
        ("name", "Own"),
        ("id", "own"),
        ("url", &hook),
    ];
    location(&browser.submit("/alerts/channels/new", &own).await);
    let page = html(
        browser.submit("/alerts/channels/own/test", &[]).await,
        StatusCode::OK,
    )
    .await;
    receiver.next().await;
    assert!(
        page.contains("Answer: 200") && !page.contains("s3cr3t"),
        "{page}"
    );

    location(
        &browser
            .submit("/alerts/rules/new", &rule(&[("channel", "own")]))
            .await,
    );
    let delete = [("action", "delete")];
    let page = html(
        browser.submit("/alerts/channels/own", &delete).await,
        StatusCode::CONFLICT,
    )
    .await;
    assert!(
        page.contains("It is not removed. The rule `Failures` sends to it."),
        "{page}"
    );
    location(&browser.submit("/alerts/channels/slack", &delete).await);
    assert!(
        !browser
            .get("/alerts/channels")
            .await
            .contains("channel-slack")
    );
}

#[tokio::test]
async fn a_mistake_in_a_channel_is_shown_at_its_field_without_its_secrets() {
    let server = Server::start().await;
    let browser = Browser::new(&server).await;
    for (fields, field, expected) in [
        (
            &[
                ("kind", "slack"),
                ("name", "A"),
                ("url", "http://10.0.0.1/hook"),
            ][..],
            "url",
            "--alert-host",
        ),
        (&[("kind", "slack"), ("name", "A")], "url", "It is missing."),
        (
            &[
                ("kind", "pagerduty"),
                ("name", "A"),
                ("routing_key", "s3cr3t"),
            ],
            "routing_key",
            "Events API",
        ),
        (
            &[
                ("kind", "email"),
                ("name", "A"),
                ("server", "mail.example.com"),
                ("from", "a@host.example"),
                ("to", "b@host.example\r\nnobody"),
            ],
            "to",
            "no address",
        ),
        (
            &[
                ("kind", "email"),
                ("name", "A"),
                ("server", "mail.example.com:0"),
                ("password", "s3cr3t"),
                ("from", "a@host.example"),
                ("to", "b@host.example"),
            ],
            "server",
            "HOST",
        ),
        (
            &[
                ("kind", "slack"),
                ("name", ""),
                ("url", "https://a.example/"),
            ],
            "name",
            "It is missing.",
        ),
    ] {
        let page = html(
            browser.submit("/alerts/channels/new", fields).await,
            StatusCode::BAD_REQUEST,
        )
        .await;
        assert!(
            page.contains(&format!("href=\"#{field}\"")),
            "{field}: {page}"
        );
        let (_, error) = page
            .split_once(&format!("id=\"{field}-error\""))
            .unwrap_or_else(|| panic!("{field}: {page}"));
        let (error, _) = error.split_once("</div>").unwrap();
        assert!(error.contains(expected), "{expected}: {error}");
        assert!(!page.contains("s3cr3t"), "{page}");
    }
}

#[tokio::test]
async fn rules_go_out_as_a_file_and_come_back() {
    let server = Server::start().await;
    let browser = Browser::new(&server).await;
    location(&browser.submit("/alerts/rules/new", &rule(&[])).await);
    let page = browser.get("/alerts").await;
    assert!(
        page.contains("href=\"/api/v1/alerts/export?format=toml\" download"),
        "{page}"
    );
    let file = browser
        .send(
            Method::GET,
            "/api/v1/alerts/export?format=toml",
            "same-origin",
            &[],
        )
        .await;
    let file = file.text().await.unwrap();
    let other = file
        .replace("\"failures\"", "\"others\"")
        .replace("Failures", "Others");
    assert_eq!(
        location(&browser.submit("/alerts/import", &[("file", &other)]).await),
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
            .submit("/alerts/import", &[("file", &other), ("replace", "on")])
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
        browser.submit("/alerts/import", &[("file", &wrong)]).await,
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
