//! What each channel receives, and what is never shown of it.

use crate::receiver::{MailServer, Receiver};
use crate::support::error;
use crate::{call, channel, characters, check_signature, put, rule, server};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mail_parser::MessageParser;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

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
