//! What settings do: which exchanges are captured, and how much of them.

use super::case::{Case, get, request};
use super::message::{all, at, text};
use runscope::Scope;
use serde_json::{Value, json};
use std::time::Duration;

pub fn cases() -> Vec<Case> {
    [amounts(), choices(), scopes(), marks()]
        .into_iter()
        .flatten()
        .collect()
}

const BODY: &str = "all work and no play";

fn post() -> Vec<u8> {
    request(
        "POST /echo",
        &[("content-type", b"text/plain")],
        BODY.as_bytes(),
    )
}

/// The message of [`post`], of whose bodies both sides show `body` and say `info`.
fn echoed(body: Value, info: Value) -> Value {
    let all_of_it = json!({"size": BODY.len(), "state": "captured", "complete": true});
    all([
        at("/echo", "/echo"),
        json!({
            "request": {
                "method": "POST",
                "headers": {"content-type": "text/plain", "content-length": "20"},
                "body": body,
            },
            "response": {"headers": {"content-type": "text/plain"}, "body": body},
            "context": {"request_body": all_of_it, "response_body": all_of_it},
        }),
        json!({"context": {"request_body": info, "response_body": info}}),
    ])
}

fn withheld(reason: &str) -> Value {
    json!({"state": "not_captured", "reason": reason})
}

fn amounts() -> Vec<Case> {
    let over_cap = json!({"state": "truncated", "reason": "over_cap"});
    let streamed = all([
        at("/stream/chunks", "/stream/{name}"),
        text(200, "one two three"),
        json!({
            "response": {"headers": {"content-type": "text/plain"}, "body": "one two "},
            "context": {"response_body": over_cap},
        }),
    ]);
    let failed = all([
        at("/fail/server", "/fail/{kind}"),
        text(500, "it is broken"),
    ]);
    vec![
        Case::new(
            "bodies off",
            post(),
            echoed(json!(null), withheld("log_body_off")),
        )
        .config(|config| config.log_body(false)),
        Case::new(
            "bodies off, and a request that has none",
            get("/hello"),
            json!({
                "response": {"body": null},
                "context": {"response_body": withheld("log_body_off")},
            }),
        )
        .config(|config| config.log_body(false)),
        Case::new(
            "bodies that are cut at the cap",
            post(),
            echoed(json!("all work "), over_cap),
        )
        .config(|config| config.max_body_bytes(9)),
        Case::new(
            "bodies that just fit",
            post(),
            echoed(json!(BODY), json!({})),
        )
        .config(|config| config.max_body_bytes(20)),
        Case::new(
            "a stream that is cut at the cap",
            get("/stream/chunks"),
            streamed,
        )
        .config(|config| config.max_body_bytes(8)),
        Case::new(
            "bodies of errors only",
            post(),
            echoed(json!(null), withheld("filtered")),
        )
        .config(|config| config.body_min_status(500)),
        Case::new(
            "bodies of errors only, and an error",
            get("/fail/server"),
            failed,
        )
        .config(|config| config.body_min_status(500)),
        Case::new(
            "bodies of the slow only",
            post(),
            echoed(json!(null), withheld("filtered")),
        )
        .config(|config| config.body_min_time(Duration::from_secs(600))),
        Case::new("no context", get("/hello"), json!({"context": null}))
            .config(|config| config.context(false)),
    ]
}

/// Trace ids of which a share of one half takes the first and leaves the second.
const INSIDE: &str = "00-4bf92f3577b34da6a3ffffffffffffff-00f067aa0ba902b7-01";
const OUTSIDE: &str = "00-4bf92f3577b34da6a300000000000000-00f067aa0ba902b7-01";

fn choices() -> Vec<Case> {
    let traced = |parent: &str| request("GET /hello", &[("traceparent", parent.as_bytes())], b"");
    vec![
        Case::silent("no share", get("/hello"))
            .config(|config| config.sample_rate(0.0))
            .sampled_out(1),
        Case::new("the whole share", get("/hello"), json!({}))
            .config(|config| config.sample_rate(1.0)),
        Case::new(
            "a trace inside of the share",
            traced(INSIDE),
            json!({
                "request": {"headers": {"traceparent": INSIDE}},
                "context": {"trace_id": "4bf92f3577b34da6a3ffffffffffffff", "sample_rate": 0.5},
            }),
        )
        .config(|config| config.sample_rate(0.5)),
        Case::silent("a trace outside of the share", traced(OUTSIDE))
            .config(|config| config.sample_rate(0.5))
            .sampled_out(1),
        Case::silent("a path that is skipped", get("/items/7?x"))
            .config(|config| config.skip_paths(["/items/*"]))
            .skipped(1),
        Case::silent("a nested path that is skipped", get("/api/items/7"))
            .config(|config| config.skip_paths(["/api/*"]))
            .skipped(1),
        Case::silent(
            "a method that is skipped",
            request("OPTIONS /hello", &[], b""),
        )
        .config(|config| config.skip_methods(["options"]))
        .skipped(1),
        Case::silent(
            "a health check that is skipped",
            request("GET /hello", &[("user-agent", b"kube-probe/1.30")], b""),
        )
        .config(|config| config.skip_health_checks(true))
        .skipped(1),
        Case::silent("a recorder that is off", get("/hello"))
            .config(|config| config.enabled(false)),
    ]
}

fn scopes() -> Vec<Case> {
    let fields = all([
        at("/fields", "/fields"),
        text(200, "noted"),
        json!({"context": {"consumer": "acme", "tags": {"colour": "green", "order": "4711"}}}),
    ]);
    let no_body = json!({
        "response": {"body": null},
        "context": {"response_body": withheld("log_body_off")},
    });
    let item = [at("/items/7", "/items/{id}"), text(200, "an item"), no_body];
    vec![
        Case::silent("a route that is not captured", get("/items/7"))
            .config(|config| config.scope(Scope::new().route("/items/{id}").capture(false)))
            .skipped(1),
        Case::silent(
            "a consumer, told by the handler, that is not captured",
            get("/fields"),
        )
        .config(|config| config.scope(Scope::new().consumer("acme").capture(false)))
        .skipped(1),
        Case::new(
            "a consumer, told by the handler, whose bodies are on",
            get("/fields"),
            fields,
        )
        .config(|config| {
            config
                .log_body(false)
                .scope(Scope::new().consumer("acme").log_body(true))
        }),
        Case::new("a route whose bodies are off", get("/items/7"), all(item))
            .config(|config| config.scope(Scope::new().route("/items/{id}"))),
    ]
}

fn marks() -> Vec<Case> {
    let foreign = json!({"request": {"headers": {"runscope-recorder": "another process"}}});
    vec![Case::driven(
        "a delivery of this process's own, which alone is left out",
        |stage| {
            stage.exchange(&get("/hello"));
            stage.api.wait_for_messages(1);
            let own = stage.api.posts()[0].headers["runscope-recorder"].clone();
            for mark in [own.as_bytes(), b"another process"] {
                let marked = request("GET /hello", &[("runscope-recorder", mark)], b"");
                assert_eq!(stage.exchange(&marked).head.status, 200);
            }
        },
        [json!({}), foreign],
    )]
}
