//! Alerts over sockets: from a call that is posted to what a channel receives.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/receiver.rs"]
mod receiver;
mod support;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use mail_parser::MessageParser;
use receiver::{Answer, MailServer, Posted, Receiver};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use sha2::Sha256;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use support::{Server, error};

/// A server whose channels may send to these, and whose clocks run fast.
async fn server(receivers: &[SocketAddr]) -> Server {
    Server::start_with(|config| {
        config.base_url = "https://inspector.example".to_owned();
        config.hosts = vec!["inspector.example".to_owned()];
        config.alerts.group_wait = Duration::from_millis(50);
        config.alerts.group_interval = Duration::from_millis(100);
        config.alerts.retry_base = Duration::from_millis(50);
        config.alerts.private_hosts = receivers
            .iter()
            .map(|address| address.to_string().parse().unwrap())
            .collect();
    })
    .await
}

async fn channel(server: &Server, channel: Value) -> Value {
    server.post("/api/v1/alerts/channels", &channel).await["data"].clone()
}

async fn rule(server: &Server, rule: Value) -> Value {
    server.post("/api/v1/alerts/rules", &rule).await["data"].clone()
}

async fn put(server: &Server, path: &str, body: &Value) -> Value {
    let answer = server
        .request(Method::PUT, path)
        .json(body)
        .send()
        .await
        .unwrap();
    support::success(answer).await["data"].clone()
}

/// A call that happens now.
fn call(status: u16, path: &str) -> Value {
    json!({
        "request": { "method": "GET", "url": format!("https://shop.example{path}"), "timestamp": now() },
        "response": { "status": status, "response_time": 0.25,
            "headers": { "Content-Type": "application/json" },
            "body": r#"{"error":{"code":"declined"},"password":"hunter2"}"# },
    })
}

fn now() -> f64 {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_secs_f64()
}

/// Asks until it is so.
async fn eventually(server: &Server, path: &str, is: impl Fn(&Value) -> bool) -> Value {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let found = server.get(path).await["data"].clone();
        if is(&found) {
            return found;
        }
        assert!(Instant::now() < deadline, "{path}: {found}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Checks a webhook as Standard Webhooks say.
fn check_signature(posted: &Posted, secret: &str) {
    let key = STANDARD
        .decode(secret.strip_prefix("whsec_").unwrap())
        .unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
    let (id, timestamp) = (
        posted.header("webhook-id"),
        posted.header("webhook-timestamp"),
    );
    mac.update(format!("{id}.{timestamp}.").as_bytes());
    mac.update(&posted.body);
    let expected = STANDARD.encode(mac.finalize().into_bytes());
    assert_eq!(posted.header("webhook-signature"), format!("v1,{expected}"));
    let age = now() - timestamp.parse::<f64>().unwrap();
    assert!((-5.0..60.0).contains(&age), "{age}");
}

fn characters(value: &Value) -> usize {
    value.as_str().unwrap().chars().count()
}

#[tokio::test]
async fn every_channel_is_told_within_its_limits_and_without_secrets() {
    let (mut slack, mut teams, mut discord) = (
        Receiver::start().await,
        Receiver::start().await,
        Receiver::start().await,
    );
    let (mut pager, mut hook) = (Receiver::start().await, Receiver::start().await);
    let receivers = [
        slack.address,
        teams.address,
        discord.address,
        pager.address,
        hook.address,
    ];
    let server = server(&receivers).await;
    channel(
        &server,
        json!({"id": "slack", "name": "Slack", "kind": "slack", "url": slack.url()}),
    )
    .await;
    channel(
        &server,
        json!({"id": "teams", "name": "Teams", "kind": "teams", "url": teams.url()}),
    )
    .await;
    channel(
        &server,
        json!({"id": "discord", "name": "Discord", "kind": "discord", "url": discord.url()}),
    )
    .await;
    let key = "0123456789abcdef0123456789abcdef";
    channel(&server, json!({"id": "pager", "name": "Pager", "kind": "pagerduty", "url": pager.url(), "routing_key": key})).await;
    let made = channel(
        &server,
        json!({"id": "hook", "name": "Hook", "kind": "webhook", "url": hook.url()}),
    )
    .await;
    let secret = made["secret"].as_str().unwrap().to_owned();
    rule(&server, json!({
        "id": "errors", "name": "<!channel> *Errors* [x](http://evil.example)", "filter": "status:5xx", "severity": "critical",
        "group_by": "route", "resolve_after": "0s", "channels": ["slack", "teams", "discord", "pager", "hook"],
    })).await;
    // Paths of whoever calls: many, long, and full of markup.
    let long = "x".repeat(3000);
    let calls: Vec<_> = (0..60)
        .map(|number| {
            call(
                500,
                &format!("/@everyone/{number}/<!here>/{long}?token=s3cr3tt0ken"),
            )
        })
        .collect();
    server.post_messages(&json!(calls)).await;

    let posted = slack.next().await.json();
    let blocks = posted["blocks"].as_array().unwrap();
    assert!(blocks.len() <= 50 && characters(&posted["text"]) <= 3000);
    assert!(!posted["text"].as_str().unwrap().contains("<!"));
    for block in blocks {
        let limit = if block["type"] == "header" { 150 } else { 3000 };
        if let Some(text) = block.get("text") {
            assert_eq!(text["type"], "plain_text");
            assert!((1..=limit).contains(&characters(&text["text"])));
        }
    }
    assert_eq!(
        blocks[2]["elements"][0]["url"],
        "https://inspector.example/alerts"
    );

    let posted = teams.next().await;
    assert!(posted.body.len() < 28 << 10, "{}", posted.body.len());
    let card = &posted.json()["attachments"][0];
    assert_eq!(
        card["contentType"],
        "application/vnd.microsoft.card.adaptive"
    );
    assert_eq!(card["content"]["type"], "AdaptiveCard");
    let blocks = card["content"]["body"].as_array().unwrap();
    assert!(blocks.iter().all(|block| block["type"] == "RichTextBlock"));

    let posted = discord.next().await.json();
    let embed = &posted["embeds"][0];
    assert!(characters(&embed["title"]) <= 256 && characters(&embed["description"]) <= 4096);
    assert_eq!(posted["allowed_mentions"], json!({ "parse": [] }));
    assert!(!embed["title"].as_str().unwrap().contains("[x]("));

    let posted = pager.next().await.json();
    assert_eq!(
        (&posted["routing_key"], &posted["event_action"]),
        (&json!(key), &json!("trigger"))
    );
    assert_eq!(posted["payload"]["severity"], "critical");
    assert!(
        characters(&posted["payload"]["summary"]) <= 1024
            && characters(&posted["dedup_key"]) <= 255
    );
    assert_eq!(posted["payload"]["source"], "runscope-inspector");
    let dedup = posted["dedup_key"].clone();

    let posted = hook.next().await;
    check_signature(&posted, &secret);
    let told = posted.json();
    assert_eq!(
        (&told["type"], &told["data"]["firing"]),
        (&json!("alert.firing"), &json!(60))
    );
    assert_eq!(told["data"]["alerts"].as_array().unwrap().len(), 50);
    assert_eq!(told["data"]["more"], 10);
    let first = &told["data"]["alerts"][0]["calls"][0];
    assert!(
        first["url"]
            .as_str()
            .unwrap()
            .starts_with("https://inspector.example/b/default/c/")
    );
    assert!(first["line"].as_str().unwrap().contains("→ 500 in 250 ms"));
    assert!(first["excerpt"].as_str().unwrap().contains("declined"));
    let text = String::from_utf8(posted.body.to_vec()).unwrap();
    assert!(!text.contains("hunter2") && !text.contains("s3cr3tt0ken"));

    // All ends, and PagerDuty is told so under the same key.
    let resolved = pager.next().await.json();
    assert_eq!(
        (&resolved["event_action"], &resolved["dedup_key"]),
        (&json!("resolve"), &dedup)
    );
    let resolved = hook.next().await;
    check_signature(&resolved, &secret);
    assert_eq!(resolved.json()["type"], "alert.resolved");
    server.stop().await;
}

#[tokio::test]
async fn a_mail_is_handed_in_and_reads_as_it_was_written() {
    let mut mails = MailServer::start().await;
    let server = server(&[mails.address]).await;
    channel(&server, json!({
        "id": "mail", "name": "Mail", "kind": "email", "server": mails.address.to_string(), "tls": "none",
        "from": "Inspector <inspector@shop.example>", "to": ["ops@shop.example", "Zoë <zoe@shop.example>"],
    })).await;
    rule(&server, json!({"id": "errors", "name": "Bezahlung — Fehler\r\nBcc: x@evil.example", "filter": "status:5xx", "channels": ["mail"]})).await;
    server.post_messages(&json!([call(503, "/pay")])).await;
    let mail = mails.next().await;
    assert_eq!(mail.from, "inspector@shop.example");
    assert_eq!(mail.to, ["ops@shop.example", "zoe@shop.example"]);
    let message = MessageParser::default().parse(&mail.data).unwrap();
    assert_eq!(
        message.subject(),
        Some("[FIRING] Bezahlung — Fehler Bcc: x@evil.example: 1 call")
    );
    assert!(message.bcc().is_none());
    assert!(message.message_id().unwrap().ends_with("@shop.example"));
    let text = message.body_text(0).unwrap();
    assert!(
        text.contains("GET https://shop.example/pay → 503 in 250 ms"),
        "{text}"
    );
    assert!(text.contains("https://inspector.example/alerts/"), "{text}");
    assert!(!text.contains("hunter2"));
    // A header of ours: nobody away from the office answers.
    let raw = String::from_utf8_lossy(&mail.data).into_owned();
    assert!(raw.contains("Auto-Submitted: auto-generated"), "{raw}");

    let trial = server
        .post("/api/v1/alerts/channels/mail/test", &json!({}))
        .await;
    assert_eq!(trial["data"]["sent"], true, "{trial}");
    let mail = mails.next().await;
    let message = MessageParser::default().parse(&mail.data).unwrap();
    assert!(message.subject().unwrap().starts_with("[TEST]"));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_storm_of_failing_calls_is_one_notice_and_one_that_it_is_over() {
    let mut hook = Receiver::start().await;
    let server = server(&[hook.address]).await;
    channel(
        &server,
        json!({"id": "hook", "name": "Hook", "kind": "webhook", "url": hook.url()}),
    )
    .await;
    rule(&server, json!({"id": "errors", "name": "Errors", "filter": "status:5xx", "resolve_after": "3s", "channels": ["hook"]})).await;
    let calls = 100_000;
    let batch: Vec<_> = (0..1000)
        .map(|_| json!({ "request": { "method": "GET", "url": "https://shop.example/pay" }, "response": { "status": 503 } }))
        .collect();
    let batch = json!(batch);
    for _ in 0..calls / 1000 {
        server.post_messages(&batch).await;
    }
    let fired = hook.next().await.json();
    assert_eq!(
        (&fired["type"], &fired["data"]["fired"]),
        (&json!("alert.firing"), &json!(1))
    );
    let over = hook.next().await.json();
    assert_eq!(over["type"], "alert.resolved");
    assert_eq!(over["data"]["alerts"][0]["matches"], calls);
    assert_eq!(
        over["data"]["alerts"][0]["id"],
        fired["data"]["alerts"][0]["id"]
    );
    assert!(hook.is_quiet(Duration::from_millis(500)).await);
    let notices = server.get("/api/v1/alerts/notices").await;
    assert_eq!(notices["data"].as_array().unwrap().len(), 2);
    server.stop().await;
}

#[tokio::test]
async fn a_flapping_rule_is_told_together() {
    let mut hook = Receiver::start().await;
    let address = hook.address;
    let server = Server::start_with(|config| {
        config.alerts.group_wait = Duration::from_millis(50);
        config.alerts.group_interval = Duration::from_secs(4);
        config.alerts.private_hosts = vec![address.to_string().parse().unwrap()];
    })
    .await;
    channel(
        &server,
        json!({"id": "hook", "name": "Hook", "kind": "webhook", "url": hook.url()}),
    )
    .await;
    rule(&server, json!({"id": "errors", "name": "Errors", "filter": "status:5xx", "resolve_after": "0s", "channels": ["hook"]})).await;
    for round in 1..=3 {
        server.post_messages(&json!([call(500, "/pay")])).await;
        eventually(&server, "/api/v1/alerts?firing=false", |alerts| {
            alerts.as_array().unwrap().len() == round
        })
        .await;
    }
    assert_eq!(hook.next().await.json()["data"]["fired"], 1);
    let rest = hook.next().await.json();
    assert_eq!(
        (&rest["data"]["fired"], &rest["data"]["resolved"]),
        (&json!(2), &json!(3))
    );
    assert_eq!(rest["type"], "alert.resolved");
    assert!(hook.is_quiet(Duration::from_millis(300)).await);
    server.stop().await;
}

#[tokio::test]
async fn a_channel_that_asks_for_patience_gets_it_and_what_is_refused_is_given_up() {
    let mut hook =
        Receiver::answering(&[Answer::Status(429, Some(2)), Answer::Status(503, None)]).await;
    let mut gone = Receiver::answering(&[Answer::Status(410, None)]).await;
    let server = server(&[hook.address, gone.address]).await;
    channel(
        &server,
        json!({"id": "hook", "name": "Hook", "kind": "webhook", "url": hook.url()}),
    )
    .await;
    channel(
        &server,
        json!({"id": "gone", "name": "Gone", "kind": "slack", "url": gone.url()}),
    )
    .await;
    rule(&server, json!({"id": "errors", "name": "Errors", "filter": "status:5xx", "channels": ["hook", "gone"]})).await;
    server.post_messages(&json!([call(500, "/pay")])).await;
    let tries = [hook.next().await, hook.next().await, hook.next().await];
    assert!(tries[1].at - tries[0].at >= Duration::from_secs(2));
    // One notice, however often it was tried; each try is signed for its own time.
    for posted in &tries {
        assert_eq!(posted.header("webhook-id"), tries[0].header("webhook-id"));
        assert_eq!(posted.body, tries[0].body);
    }
    gone.next().await;
    let settled = |notices: &Value| {
        notices
            .as_array()
            .unwrap()
            .iter()
            .all(|notice| notice["state"] != "waiting")
    };
    let notices = eventually(&server, "/api/v1/alerts/notices", settled).await;
    let of = |channel: &str| {
        notices
            .as_array()
            .unwrap()
            .iter()
            .find(|notice| notice["channel"] == channel)
            .unwrap()
    };
    assert_eq!(
        (&of("hook")["state"], &of("hook")["attempts"]),
        (&json!("sent"), &json!(3))
    );
    assert_eq!(of("hook")["answer"], "200 heard");
    assert_eq!(
        (&of("gone")["state"], &of("gone")["attempts"]),
        (&json!("failed"), &json!(1))
    );
    assert_eq!(of("gone")["answer"], "410 heard");
    let metrics = server
        .request(Method::GET, "/metrics")
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert!(
        metrics.contains("alert_notices_total{result=\"failed\"} 1"),
        "{metrics}"
    );
    server.stop().await;
}

#[tokio::test]
async fn halves_are_one_call_and_late_and_imported_calls_wake_nobody() {
    let server = server(&[]).await;
    rule(
        &server,
        json!({"id": "slow", "name": "Errors of gets", "filter": "method:GET status:5xx"}),
    )
    .await;
    let mut late = call(500, "/late");
    late["request"]["timestamp"] = json!(now() - 120.0);
    server.post_messages(&json!([late])).await;
    let import = server
        .request(Method::POST, "/api/v1/buckets/default/import")
        .body(call(500, "/imported").to_string())
        .send();
    assert_eq!(import.await.unwrap().status(), StatusCode::OK);
    let (request, response) = (
        call(500, "/halves")["request"].clone(),
        call(500, "/halves")["response"].clone(),
    );
    server
        .post_messages(&json!([{ "unique_identifier": "a", "request": request }]))
        .await;
    let uuid = server
        .post_messages(&json!([{ "unique_identifier": "a", "response": response }]))
        .await
        .remove(0);
    let alerts = eventually(&server, "/api/v1/alerts", |alerts| {
        alerts.as_array().unwrap().len() == 1
    })
    .await;
    let alert = &alerts[0];
    assert_eq!(
        (&alert["matches"], &alert["calls"][0]["uuid"]),
        (&json!(1), &json!(uuid))
    );
    let path = format!("/api/v1/alerts/{}", alert["id"].as_str().unwrap());
    assert_eq!(server.get(&path).await["data"]["rule"], "slow");
    let metrics = server
        .request(Method::GET, "/metrics")
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert!(
        metrics.contains("runscope_inspector_alerts_late_total 1"),
        "{metrics}"
    );
    server.stop().await;
}

#[tokio::test]
async fn rules_are_kept_by_who_owns_the_server_and_wrong_ones_are_refused_with_their_place() {
    let server = server(&[]).await;
    let bad = |body: Value| {
        server
            .request(Method::POST, "/api/v1/alerts/rules")
            .json(&body)
            .send()
    };
    let refused = bad(json!({"name": "a", "filter": "status:(", "channels": []}))
        .await
        .unwrap();
    assert_eq!(refused.status(), StatusCode::BAD_REQUEST);
    let refused: Value = refused.json().await.unwrap();
    let info = &refused["error"]["more_info"];
    assert_eq!(
        (&info["field"], &info["position"]),
        (&json!("/filter"), &json!(7)),
        "{refused}"
    );
    for (body, field) in [
        (json!({"name": "a", "bucket": "nope"}), "/bucket"),
        (json!({"name": "a", "channels": ["nope"]}), "/channels/0"),
    ] {
        let refused: Value = bad(body).await.unwrap().json().await.unwrap();
        assert_eq!(refused["error"]["more_info"]["field"], field);
    }

    let made = rule(
        &server,
        json!({"id": "a", "name": "A", "filter": "status:5xx"}),
    )
    .await;
    assert_eq!(made["state"], json!({ "firing": 0, "pending": 0 }));
    assert!(
        error(bad(json!({"id": "a", "name": "A"})).await.unwrap(), 400)
            .await
            .contains("another rule has it")
    );
    let changed = put(&server, "/api/v1/alerts/rules/a", &json!({"name": "B"})).await;
    assert_eq!(
        (&changed["id"], &changed["name"]),
        (&json!("a"), &json!("B"))
    );
    let silent = put(
        &server,
        "/api/v1/alerts/rules/a/silence",
        &json!({"for": "1h"}),
    )
    .await;
    assert!(silent["silence_until"].is_string());
    let loud = put(
        &server,
        "/api/v1/alerts/rules/a/silence",
        &json!({"until": null}),
    )
    .await;
    assert_eq!(loud["silence_until"], Value::Null);

    let file = |format: &str| {
        server
            .request(
                Method::GET,
                &format!("/api/v1/alerts/export?format={format}"),
            )
            .send()
    };
    for format in ["json", "toml"] {
        let text = file(format)
            .await
            .unwrap()
            .text()
            .await
            .unwrap()
            .replace("\"B\"", "\"C\"");
        let import = server
            .request(Method::POST, "/api/v1/alerts/import?replace=true")
            .body(text)
            .send()
            .await
            .unwrap();
        assert_eq!(support::success(import).await["data"]["imported"], 1);
        assert_eq!(
            server.get("/api/v1/alerts/rules/a").await["data"]["name"],
            "C"
        );
    }
    let empty = server
        .request(Method::POST, "/api/v1/alerts/import?replace=true")
        .send()
        .await
        .unwrap();
    assert!(error(empty, 400).await.contains("the file is empty"));
    assert_eq!(
        server.get("/api/v1/alerts/rules/a").await["data"]["name"],
        "C"
    );
    let wrong = server
        .request(Method::POST, "/api/v1/alerts/import")
        .body("[[rule]]\nid = \"b\"\n")
        .send()
        .await
        .unwrap();
    assert!(error(wrong, 400).await.starts_with("/rule/0/name"));

    let made = server
        .post("/api/v1/buckets/default/tokens", &json!({"scope": "read"}))
        .await;
    let token = made["data"]["token"].as_str().unwrap();
    for path in [
        "/api/v1/alerts",
        "/api/v1/alerts/rules",
        "/api/v1/alerts/channels",
        "/api/v1/alerts/notices",
        "/api/v1/alerts/export",
    ] {
        let answer = server
            .bare(Method::GET, path)
            .bearer_auth(token)
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{path}");
        let answer = server.bare(Method::GET, path).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{path}");
    }
    let gone = server
        .request(Method::DELETE, "/api/v1/alerts/rules/a")
        .send()
        .await
        .unwrap();
    assert_eq!(gone.status(), StatusCode::NO_CONTENT);
    error(
        server
            .request(Method::GET, "/api/v1/alerts/rules/a")
            .send()
            .await
            .unwrap(),
        404,
    )
    .await;
    server.stop().await;
}

#[tokio::test]
async fn secrets_of_channels_are_never_shown_again_and_private_networks_are_not_reached() {
    let server = server(&["127.0.0.1:1".parse().unwrap()]).await;
    let refused = |body: Value| {
        server
            .request(Method::POST, "/api/v1/alerts/channels")
            .json(&body)
            .send()
    };
    for (url, fine) in [
        ("https://hooks.example/s3cr3t", true),
        ("http://hooks.example/s3cr3t", false),
        ("https://127.0.0.1/s3cr3t", false),
        ("https://[::1]/s3cr3t", false),
        ("https://10.1.2.3/s3cr3t", false),
        ("https://169.254.169.254/s3cr3t", false),
        ("http://127.0.0.1:1/s3cr3t", true),
        ("nonsense", false),
    ] {
        let answer = refused(json!({"name": "a", "kind": "slack", "url": url}))
            .await
            .unwrap();
        let status = answer.status();
        assert_eq!(status.is_success(), fine, "{url}");
        assert!(!answer.text().await.unwrap().contains("s3cr3t"), "{url}");
    }
    let secret = format!("whsec_{}", STANDARD.encode([7_u8; 32]));
    let hook = json!({"id": "hook", "name": "Hook", "kind": "webhook", "url": "https://hooks.example/s3cr3t", "secret": secret});
    channel(&server, hook).await;
    channel(&server, json!({"id": "mail", "name": "Mail", "kind": "email", "server": "smtp.example", "user": "me", "password": "s3cr3t-pw",
        "from": "a@b.example", "to": ["c@d.example"]})).await;
    // What is left out, and what was shown in its place, leaves the secrets as they are.
    put(
        &server,
        "/api/v1/alerts/channels/hook",
        &json!({"name": "Other", "kind": "webhook", "url": "https://hooks.example/…"}),
    )
    .await;
    put(
        &server,
        "/api/v1/alerts/channels/mail",
        &json!({"name": "Mail", "kind": "email", "server": "smtp.example:2525", "user": "me",
        "from": "a@b.example", "to": ["c@d.example"]}),
    )
    .await;
    let shown = server.get("/api/v1/alerts/channels").await["data"].clone();
    let text = format!("{shown} {:?}", server.state);
    assert!(
        !text.contains("s3cr3t") && !text.contains(&secret),
        "{text}"
    );
    let of = |id: &str| {
        shown
            .as_array()
            .unwrap()
            .iter()
            .find(|channel| channel["id"] == id)
            .unwrap()
    };
    assert_eq!(
        (&of("hook")["name"], &of("hook")["url"]),
        (&json!("Other"), &json!("https://hooks.example/…"))
    );
    assert_eq!(of("mail")["server"], "smtp.example:2525");
    // A name that leads to this machine is found out when it is sent to.
    channel(&server, json!({"id": "own", "name": "Own", "kind": "slack", "url": "https://localhost.localdomain/x"})).await;
    let trial = server
        .post("/api/v1/alerts/channels/own/test", &json!({}))
        .await;
    assert_eq!(trial["data"]["sent"], false, "{trial}");

    rule(
        &server,
        json!({"id": "a", "name": "A", "channels": ["hook"]}),
    )
    .await;
    let used = server
        .request(Method::DELETE, "/api/v1/alerts/channels/hook")
        .send()
        .await
        .unwrap();
    assert!(error(used, 400).await.contains("the rule `A` sends to it"));
    let unused = server
        .request(Method::DELETE, "/api/v1/alerts/channels/mail")
        .send()
        .await
        .unwrap();
    assert_eq!(unused.status(), StatusCode::NO_CONTENT);
    server.stop().await;
}

#[tokio::test]
async fn a_preview_tells_what_a_rule_would_have_done() {
    let server = server(&[]).await;
    let mut calls = Vec::new();
    // Two bursts among quiet traffic, an hour and half an hour ago.
    for (ago, status, count) in [
        (3600.0, 500, 20),
        (3600.0, 200, 10),
        (2700.0, 200, 50),
        (1800.0, 500, 30),
    ] {
        for number in 0..count {
            let mut call = call(status, "/pay");
            call["request"]["timestamp"] = json!(now() - ago + f64::from(number));
            calls.push(call);
        }
    }
    server.post_messages(&json!(calls)).await;
    let rule = json!({"name": "a", "filter": "status:5xx", "group_by": "route", "resolve_after": "1m",
        "condition": {"kind": "count", "window": "1m", "at_least": 15}});
    let preview = server
        .post(
            "/api/v1/alerts/preview",
            &json!({"rule": rule, "span": "2h"}),
        )
        .await["data"]
        .clone();
    assert_eq!(
        (&preview["fired"], &preview["complete"]),
        (&json!(2), &json!(true)),
        "{preview}"
    );
    for (alert, ago) in preview["alerts"]
        .as_array()
        .unwrap()
        .iter()
        .zip([3600.0, 1800.0])
    {
        let after = alert["fired"].as_f64().unwrap() - (now() - ago);
        assert!((10.0..25.0).contains(&after), "{after}");
        assert!(alert["resolved"].as_f64().unwrap() - alert["fired"].as_f64().unwrap() > 60.0);
        assert_eq!(alert["group"], "/pay");
    }
    let bars = preview["bars"].as_array().unwrap();
    let matches: u64 = bars
        .iter()
        .map(|bar| bar["matches"].as_u64().unwrap())
        .sum();
    assert_eq!((bars.len(), matches), (120, 50));

    let ratio = json!({"name": "a", "filter": "status:5xx", "condition": {"kind": "ratio", "window": "5m", "above": "80%", "minimum": 25}});
    let preview = server
        .post(
            "/api/v1/alerts/preview",
            &json!({"rule": ratio, "span": "2h"}),
        )
        .await["data"]
        .clone();
    assert_eq!(preview["fired"], 1, "{preview}");
    let wrong = server
        .request(Method::POST, "/api/v1/alerts/preview")
        .json(&json!({"rule": {"name": ""}}))
        .send()
        .await
        .unwrap();
    assert!(error(wrong, 400).await.starts_with("/rule/name"));
    server.stop().await;
}
