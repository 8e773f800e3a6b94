//! Rules: which calls they are shown, who keeps them, what they would have done.

use crate::support::{error, success};
use crate::{call, eventually, now, put, rule, server};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

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
    let metrics = server.metrics().await;
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
        assert_eq!(success(import).await["data"]["imported"], 1);
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
    assert_eq!(preview["not_enough_traffic"], Value::Null);

    // The busiest five minutes had 50 calls; there are calls of the last hour and no longer.
    let rare = json!({"name": "a", "filter": "status:5xx", "condition": {"kind": "ratio", "window": "5m", "above": "80%", "minimum": 60}});
    let long = json!({"name": "a", "filter": "status:404", "condition": {"kind": "count", "window": "2h", "at_least": 100}});
    for (rule, calls, is_short) in [
        (rare, json!([50, 60]), false),
        (long, json!([null, null]), true),
    ] {
        let asked = json!({"rule": rule, "span": "3h"});
        let preview = server.post("/api/v1/alerts/preview", &asked).await["data"].clone();
        assert_eq!(preview["fired"], 0, "{preview}");
        let found = &preview["not_enough_traffic"];
        assert_eq!(
            json!([found["calls"], found["calls_needed"]]),
            calls,
            "{preview}"
        );
        assert!(found["message"].is_string(), "{preview}");
        match found["covered"].as_f64() {
            Some(covered) => assert!(is_short && (3600.0..3720.0).contains(&covered), "{found}"),
            None => assert!(!is_short, "{found}"),
        }
    }
    let wrong = server
        .request(Method::POST, "/api/v1/alerts/preview")
        .json(&json!({"rule": {"name": ""}}))
        .send()
        .await
        .unwrap();
    assert!(error(wrong, 400).await.starts_with("/rule/name"));
    server.stop().await;
}
