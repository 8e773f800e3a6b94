//! What the program logs of requests, and what never.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "support/program.rs"]
mod program;

use program::{Program, inspector};
use serde_json::Value;
use std::io::{Read, Write};
use std::net::TcpStream;

/// Sends a request with its headers, each on a line, and gives the answer.
fn ask(program: &Program, line: &str, headers: &[String], body: &str) -> String {
    let mut stream = TcpStream::connect(&program.address).unwrap();
    let length = body.len();
    let headers: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
    let head = format!(
        "{line} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n",
        program.address
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(body.as_bytes()).unwrap();
    let mut answer = String::new();
    // What refuses a body early may reset the connection.
    let _ = stream.read_to_string(&mut answer);
    answer
}

/// Stops the program, and gives all that it logged, as text and as the events of requests.
fn logged(mut program: Program) -> (String, Vec<Value>) {
    program.signal("-TERM");
    program.child.wait().unwrap();
    let mut log = String::new();
    let mut stderr = program.child.stderr.take().unwrap();
    stderr.read_to_string(&mut log).unwrap();
    let lines = log.lines().map(|line| serde_json::from_str(line).unwrap());
    let events = lines.filter(|line: &Value| line["target"] == "runscope_inspector::access");
    let events = events.collect();
    (log, events)
}

fn start(directory: &std::path::Path, log: &str) -> Program {
    let mut command = inspector(directory);
    command.args(["--log-format", "json", "--log", log, "--max-body", "1kib"]);
    Program::start(command)
}

#[test]
fn each_request_is_an_event_without_what_is_secret_in_it() {
    let directory = tempfile::tempdir().unwrap();
    let program = start(directory.path(), "debug");
    let token = program.token.clone();
    let owner = [format!("Authorization: Bearer {token}")];
    let wrong = ["Authorization: Bearer mistaken-0123456789".to_owned()];
    let message = r#"{"request":{"method":"GET","url":"http://a/"}}"#;
    let posted = ask(&program, "POST /buckets/default/messages", &owner, message);
    let (_, uuid) = posted.split_once("\"uuid\":\"").unwrap();
    let uuid = &uuid[..36];
    let share = format!("PUT /buckets/default/shared/{uuid}");
    let shared = ask(&program, &share, &owner, "");
    let (_, name) = shared.split_once("/shared/").unwrap();
    let name = name.split('"').next().unwrap().to_owned();
    assert!(name.len() >= 16, "{shared}");
    let opened = ask(&program, &format!("GET /open?token={token}"), &[], "");
    let (_, cookie) = opened.split_once("set-cookie: ").unwrap();
    let session = cookie.split(['=', ';']).nth(1).unwrap().to_owned();
    let signed_in = [format!("Cookie: {}", cookie.split(';').next().unwrap())];

    let expected = [
        (
            "GET /api/v1/buckets/default/search?q=looked-for",
            &owner[..],
            "",
            "/api/v1/buckets/{key}/search",
            200,
        ),
        (
            "GET /b/default?q=looked-for",
            &signed_in,
            "",
            "/b/{key}",
            200,
        ),
        (&format!("GET /s/{name}"), &[], "", "/s/{name}", 200),
        (
            &format!("GET /api/v1/shared/{name}"),
            &[],
            "",
            "/api/v1/shared/{name}",
            200,
        ),
        (&format!("GET /s/{name}/"), &[], "", "", 404),
        (&format!("BREW /{token}"), &[], "", "", 404),
        ("GET /buckets", &wrong, "", "/buckets", 401),
        (
            "POST /sign-in",
            &[],
            "token=mistaken-0123456789",
            "/sign-in",
            401,
        ),
        (
            "POST /buckets/default/messages",
            &owner,
            &"x".repeat(2000),
            "/buckets/{key}/messages",
            413,
        ),
    ];
    for (line, headers, body, _, status) in &expected {
        let answer = ask(&program, line, headers, body);
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}")),
            "{line}: {answer}"
        );
    }
    let (log, events) = logged(program);
    for secret in [
        &token,
        &name,
        &session,
        "mistaken-0123456789",
        "looked-for",
        "token=",
    ] {
        assert!(!log.contains(secret), "{secret}: {log}");
    }
    let found: Vec<_> = events.iter().skip(3).collect();
    assert_eq!(found.len(), expected.len(), "{log}");
    for (event, (line, _, _, route, status)) in found.iter().zip(&expected) {
        let fields = &event["fields"];
        let (level, said) = if [401, 413].contains(status) {
            ("INFO", "refused")
        } else {
            ("DEBUG", "answered")
        };
        assert_eq!(
            (&event["level"], &fields["message"]),
            (&level.into(), &said.into()),
            "{line}"
        );
        assert_eq!(
            fields["route"].as_str().unwrap_or_default(),
            *route,
            "{line}"
        );
        assert_eq!(fields["status"], *status, "{line}");
        let method = line.split(' ').next().unwrap().replace("BREW", "other");
        assert_eq!(fields["method"], method.as_str(), "{line}");
        assert_eq!(fields["peer"], "127.0.0.1", "{line}");
        assert!(fields["seconds"].as_f64().unwrap() > 0.0, "{line}");
    }
}

#[test]
fn a_flood_of_refused_requests_fills_no_disk() {
    let directory = tempfile::tempdir().unwrap();
    let program = start(directory.path(), "info");
    for _ in 0..50 {
        ask(&program, "GET /buckets", &[], "");
    }
    let owner = [format!("Authorization: Bearer {}", program.token)];
    let large = "x".repeat(2000);
    ask(&program, "POST /buckets/default/messages", &owner, &large);
    ask(&program, "GET /buckets", &owner, "");
    let (_, events) = logged(program);
    let statuses: Vec<_> = events
        .iter()
        .map(|event| event["fields"]["status"].as_u64().unwrap())
        .collect();
    // Another kind of refusal is told all the same.
    assert_eq!(statuses, [&[401; 10][..], &[413]].concat());
}
