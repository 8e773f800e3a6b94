//! `runscope-inspector demo`: its traffic arrives, with faults and without secrets.

#![cfg(all(unix, feature = "demo"))]
#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "support/program.rs"]
mod program;

use program::Program;
use serde_json::Value;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use url::Url;

#[tokio::test]
async fn a_demo_fills_itself_with_lifelike_traffic_and_ends_when_it_is_told_to() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_runscope-inspector"));
    command.stdout(Stdio::piped());
    command.args(["demo", "--rate", "150", "--listen", "127.0.0.1:0"]);
    let mut program = Program::start(command);
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let count = async |filter: &str| -> u64 {
        let url = program.url("/api/v1/buckets/default/search");
        let url = Url::parse_with_params(&url, [("q", filter), ("limit", "0")]).unwrap();
        let answer = client.get(url).bearer_auth(&program.token);
        let answer: Value = answer.send().await.unwrap().json().await.unwrap();
        answer["meta"]["count"]
            .as_u64()
            .unwrap_or_else(|| panic!("{answer}"))
    };
    // Each of these comes in any weather. The deadline is for a demo that sends none of them.
    let deadline = Instant::now() + Duration::from_secs(300);
    for filter in [
        "status:2xx",
        "status:404 route:\"/products/{id}\"",
        "status:401 path:/login",
        "status:422",
        "status:402 response.body:declined",
        "consumer:acme",
        "tag.region:eu",
        "time:>100ms",
        "outcome:aborted",
        "path:/login mallory",
        "response.header.content-type:png",
        "response.body:\"green tea\" OR response.body:sencha",
        "request.body.$.card.card_number:\"[redacted]\"",
        "url:https",
        "method:POST request.header.content-type:xml",
    ] {
        while count(filter).await == 0 {
            assert!(Instant::now() < deadline, "nothing matches {filter}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    // A rule of the demo fires, for everyone to see.
    loop {
        let alerts = client
            .get(program.url("/api/v1/alerts"))
            .bearer_auth(&program.token);
        let alerts: Value = alerts.send().await.unwrap().json().await.unwrap();
        let mut alerts = alerts["data"].as_array().unwrap().iter();
        if alerts.any(|alert| alert["rule"] == "demo-declined") {
            break;
        }
        assert!(Instant::now() < deadline, "no rule fires");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    for secret in [
        "4111.1111",
        "correct.horse",
        "s3cr3t",
        "078-05-1120",
        "51a7c0ffee",
    ] {
        assert_eq!(count(&format!("/{secret}/")).await, 0, "{secret}");
    }
    program.signal("-TERM");
    assert!(program.child.wait().unwrap().success());
}
