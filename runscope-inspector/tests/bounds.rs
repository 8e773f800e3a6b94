//! What one client can make the server spend, over real sockets.

#![allow(clippy::unwrap_used, clippy::panic)]

#[cfg(target_os = "linux")]
#[path = "support/program.rs"]
mod program;
mod support;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use support::Server;

const IMPORT: &str = "/api/v1/buckets/default/import";

/// A repeated text, compressed.
fn gzip(text: &str, times: usize) -> Vec<u8> {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    for _ in 0..times {
        std::io::Write::write_all(&mut gzip, text.as_bytes()).unwrap();
    }
    gzip.finish().unwrap()
}

/// The most memory that a process has had, in KiB.
#[cfg(target_os = "linux")]
fn peak(program: &program::Program) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", program.child.id())).unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn an_import_of_many_mistakes_takes_little_memory_and_a_short_answer() {
    let directory = tempfile::tempdir().unwrap();
    let program = program::Program::start(program::inspector(directory.path()));
    let before = peak(&program);
    let client = reqwest::Client::new();
    for (format, body) in [
        ("ndjson", gzip("{}\n", 350_000)),
        (
            "har",
            [
                gzip(r#"{"log":{"entries":[{}"#, 1),
                gzip(",{}", 350_000),
                gzip("]}}", 1),
            ]
            .concat(),
        ),
    ] {
        let request = client
            .post(program.url(&format!("{IMPORT}?format={format}")))
            .bearer_auth(&program.token)
            .header("content-encoding", "gzip");
        let answer = request.body(body).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        let answer = answer.text().await.unwrap();
        assert!(answer.len() < 1 << 20, "{} bytes", answer.len());
        let answer: Value = serde_json::from_str(&answer).unwrap();
        let errors = answer["meta"]["error_count"].as_u64().unwrap();
        assert!(errors >= 350_000, "{errors}");
        assert_eq!(answer["data"].as_array().unwrap().len(), 1000);
        assert_eq!(answer["meta"]["unlisted_count"], errors - 1000);
    }
    let grown = peak(&program) - before;
    assert!(grown < 64 << 10, "{grown} KiB");
}

#[tokio::test]
async fn an_import_stores_what_is_right_among_what_is_wrong() {
    let server = Server::start().await;
    let long = "x".repeat(5000);
    let har = json!({ "log": { "entries": [
        { "request": { "method": "GET", "url": "http://h/" }, "response": { "status": 200 } },
        { "request": long },
    ] } });
    let ndjson = format!(
        "{{\"response\":{{\"status\":204}}}}\n\n{}\n",
        json!({ "unique_identifier": long, "response": { "status": 204 } })
    );
    for (format, body) in [("har", har.to_string()), ("ndjson", ndjson)] {
        let path = format!("{IMPORT}?format={format}");
        let answer = server.request(Method::POST, &path).body(body).send().await;
        let answer: Value = answer.unwrap().json().await.unwrap();
        assert_eq!(answer["meta"]["success_count"], 1, "{answer}");
        assert_eq!(answer["data"][0]["status"], "success");
        assert_eq!(answer["data"][1]["status"], "error");
        assert!(answer.to_string().len() < 1500, "{answer}");
    }
}
