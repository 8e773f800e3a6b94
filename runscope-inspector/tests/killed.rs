//! `kill -9` while clients post: what was answered 200 is there, and nothing is there twice.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "support/program.rs"]
mod program;

use program::{Program, inspector};
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::path::Path;
use std::process::Stdio;
use tokio::sync::mpsc;

/// How often it is killed, each time a little later in its work.
const ROUNDS: usize = 50;

/// Clients that post at one time, and the messages of each post.
const CLIENTS: usize = 3;
const BATCH: usize = 5;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_answered_survives_a_kill_and_is_stored_once() {
    let directory = tempfile::tempdir().unwrap();
    let mut answered = Vec::new();
    for round in 0..ROUNDS {
        let mut program = start(directory.path());
        let (tell, mut told) = mpsc::unbounded_channel();
        let clients: Vec<_> = (0..CLIENTS)
            .map(|client| {
                tokio::spawn(post_until_it_dies(
                    program.url(""),
                    program.token.clone(),
                    format!("{round}-{client}"),
                    tell.clone(),
                ))
            })
            .collect();
        drop(tell);
        for _ in 0..1 + round % 7 {
            answered.extend(told.recv().await);
        }
        program.kill();
        for client in clients {
            client.await.unwrap();
        }
        // What was answered before it died counts too.
        while let Some(id) = told.recv().await {
            answered.push(id);
        }
    }
    assert!(answered.len() >= ROUNDS);
    let program = start(directory.path());
    let stored = stored(&program).await;
    for batch in &answered {
        for at in 0..BATCH {
            let id = format!("{batch}.{at}");
            assert_eq!(stored.get(&id), Some(&1), "{id}");
        }
    }
    let twice: Vec<_> = stored.iter().filter(|(_, times)| **times > 1).collect();
    assert!(twice.is_empty(), "{twice:?}");
}

fn start(directory: &Path) -> Program {
    let mut command = inspector(directory);
    // Nobody reads its log.
    command.stderr(Stdio::null());
    Program::start(command)
}

/// Posts each batch twice, as a sender does that did not see the answer, and tells which was answered.
async fn post_until_it_dies(
    url: String,
    token: String,
    name: String,
    tell: mpsc::UnboundedSender<String>,
) {
    let client = Client::builder().no_proxy().build().unwrap();
    let url = format!("{url}/buckets/default/messages");
    for number in 0.. {
        let batch = format!("{name}-{number}");
        let messages: Vec<Value> = (0..BATCH)
            .map(|at| json!({ "unique_identifier": format!("{batch}.{at}"), "request": { "method": "GET", "url": "/" } }))
            .collect();
        for _ in 0..2 {
            let request = client.post(&url).bearer_auth(&token).json(&messages);
            let Ok(answer) = request.send().await else {
                return;
            };
            // Cut off in its middle, an answer is none.
            let status = answer.status();
            let Ok(answer) = answer.json::<Value>().await else {
                return;
            };
            assert_eq!(
                (status, &answer["meta"]["success_count"]),
                (StatusCode::OK, &json!(BATCH)),
                "{answer}"
            );
            // The test may have heard enough.
            let _ = tell.send(batch.clone());
        }
    }
}

/// Every identifier with how often it is stored.
async fn stored(program: &Program) -> HashMap<String, usize> {
    let client = Client::builder().no_proxy().build().unwrap();
    let mut stored = HashMap::new();
    let mut cursor = String::new();
    loop {
        let url = program.url(&format!(
            "/api/v1/buckets/default/search?limit=1000&deadline=30{cursor}"
        ));
        let answer = client
            .get(url)
            .bearer_auth(&program.token)
            .send()
            .await
            .unwrap();
        let page: Value = answer.json().await.unwrap();
        for message in page["data"].as_array().unwrap() {
            let id = message["unique_identifier"].as_str().unwrap();
            *stored.entry(id.to_owned()).or_default() += 1;
        }
        match page["meta"]["next"].as_i64() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return stored,
        }
    }
}
