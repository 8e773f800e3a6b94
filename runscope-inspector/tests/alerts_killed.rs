//! `kill -9` between "fired" and "sent": what fired is told after the next start, and what was counted
//! counts on.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/program.rs"]
mod program;
#[path = "support/receiver.rs"]
mod receiver;

use program::{Program, inspector};
use receiver::{Answer, Receiver};
use reqwest::Client;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

fn start(directory: &Path, receiver: SocketAddr) -> Program {
    let mut command = inspector(directory);
    command
        .arg("--alert-host")
        .arg(receiver.to_string())
        .stderr(Stdio::null());
    Program::start(command)
}

async fn post(program: &Program, path: &str, body: &Value) {
    let request = Client::new()
        .post(program.url(path))
        .bearer_auth(&program.token)
        .json(body);
    let answer = request.send().await.unwrap();
    assert!(
        answer.status().is_success(),
        "{}",
        answer.text().await.unwrap()
    );
}

/// Asks for notices until one is as it should be.
async fn notice(program: &Program, is: impl Fn(&Value) -> bool) -> Value {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let request = Client::new()
            .get(program.url("/api/v1/alerts/notices"))
            .bearer_auth(&program.token);
        let answer: Value = request.send().await.unwrap().json().await.unwrap();
        if let Some(found) = answer["data"]
            .as_array()
            .unwrap()
            .iter()
            .find(|notice| is(notice))
        {
            return found.clone();
        }
        assert!(Instant::now() < deadline, "{answer}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_fired_before_a_kill_is_told_after_it_under_one_id() {
    let directory = tempfile::tempdir().unwrap();
    // The first try is on its way when the program dies.
    let mut hook = Receiver::answering(&[Answer::Never]).await;
    let mut program = start(directory.path(), hook.address);
    post(
        &program,
        "/api/v1/alerts/channels",
        &json!({"id": "hook", "name": "Hook", "kind": "webhook", "url": hook.url()}),
    )
    .await;
    let rule = json!({"id": "errors", "name": "Errors", "filter": "status:5xx", "channels": ["hook"],
        "condition": {"kind": "count", "window": "1h", "at_least": 10}});
    post(&program, "/api/v1/alerts/rules", &rule).await;
    let call = json!({"request": {"method": "GET", "url": "https://shop.example/pay"}, "response": {"status": 500}});

    // What was counted before a kill counts on; so does what was posted in the moment of it.
    post(
        &program,
        "/buckets/default/messages",
        &json!(vec![call.clone(); 6]),
    )
    .await;
    program.kill();
    program = start(directory.path(), hook.address);
    post(
        &program,
        "/buckets/default/messages",
        &json!(vec![call.clone(); 4]),
    )
    .await;

    // It fired, and waits for others to go with it.
    let waiting = notice(&program, |notice| {
        notice["state"] == "waiting" && notice["attempts"] == 0
    })
    .await;
    program.kill();
    program = start(directory.path(), hook.address);
    let first = hook.next().await;
    let id = format!("msg_{}", waiting["id"].as_str().unwrap());
    assert_eq!(first.header("webhook-id"), id);
    assert_eq!(first.json()["data"]["alerts"][0]["matches"], 10);

    // It is on its way, and nobody knows whether it came through.
    program.kill();
    program = start(directory.path(), hook.address);
    let second = hook.next().await;
    assert_eq!(second.header("webhook-id"), id);
    let alert = |posted: &receiver::Posted| posted.json()["data"]["alerts"][0]["id"].clone();
    assert_eq!(alert(&second), alert(&first));
    notice(&program, |notice| notice["state"] == "sent").await;

    // What was sent is not sent again.
    program.kill();
    program = start(directory.path(), hook.address);
    assert!(hook.is_quiet(Duration::from_secs(3)).await);
    program.kill();
}
