//! The program itself: its link, its signals, and what it refuses at the start.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

fn inspector(directory: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_runscope-inspector"));
    command.arg("--data").arg(directory);
    command.env("RUNSCOPE_INSPECTOR_LISTEN", "127.0.0.1:0");
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Starts the program and gives it with its address and token, read from the link it prints.
fn start(mut command: Command) -> (Child, String, String) {
    let mut child = command.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap())
        .read_line(&mut line)
        .unwrap();
    let link = line.trim().strip_prefix("Open http://").unwrap();
    let (address, token) = link.split_once("/open?token=").unwrap();
    (child, address.to_owned(), token.to_owned())
}

fn request(address: &str, request: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn failed(command: &mut Command) -> String {
    let Output { status, stderr, .. } = command.output().unwrap();
    assert!(!status.success());
    String::from_utf8(stderr).unwrap()
}

#[test]
fn it_serves_until_it_is_told_to_stop_and_keeps_its_token() {
    let directory = tempfile::tempdir().unwrap();
    let (mut child, address, token) = start(inspector(directory.path()));
    let health = request(
        &address,
        "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    );
    assert!(health.starts_with("HTTP/1.1 200"), "{health}");
    let body = r#"{"response":{"status":200}}"#;
    let posted = request(
        &address,
        &format!(
            "POST /buckets/default/messages HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
             Authorization: Bearer {token}\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        ),
    );
    assert!(posted.contains("\"success_count\":1"), "{posted}");
    let second = failed(&mut inspector(directory.path()));
    assert!(
        second.contains("in use by another runscope-inspector"),
        "{second}"
    );
    let stopped = Command::new("kill")
        .args(["-TERM", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(stopped.success());
    assert!(child.wait().unwrap().success());
    let mut log = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut log)
        .unwrap();
    assert!(log.contains("listening") && !log.contains(&token), "{log}");
    let (mut child, _, again) = start(inspector(directory.path()));
    assert_eq!(again, token);
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn it_does_not_open_to_other_machines_without_a_token_of_its_owner() {
    let directory = tempfile::tempdir().unwrap();
    let error = failed(inspector(directory.path()).args(["--listen", "0.0.0.0:0"]));
    assert!(
        error.contains("set a token with RUNSCOPE_INSPECTOR_TOKEN"),
        "{error}"
    );
    let error = failed(inspector(directory.path()).args(["--token", "short"]));
    assert!(error.contains("at least 16 characters"), "{error}");
}

#[test]
fn a_config_file_sets_what_no_flag_does_and_its_mistakes_have_a_place() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("inspector.toml");
    std::fs::write(&file, "max-age = '7d'\nmax-sise = '1gb'\n").unwrap();
    let error = failed(inspector(directory.path()).arg("--config").arg(&file));
    let place = format!(
        "{}:2:1: max-sise is no setting; did you mean max-size?",
        file.display()
    );
    assert!(error.contains(&place), "{error}");
    let token = "0123456789abcdef";
    std::fs::write(&file, format!("token = '{token}'\nlog-format = 'json'\n")).unwrap();
    let mut command = inspector(directory.path());
    command.env("RUNSCOPE_INSPECTOR_CONFIG", &file);
    let (mut child, _, found) = start(command);
    assert_eq!(found, token);
    child.kill().unwrap();
    let log = String::from_utf8(child.wait_with_output().unwrap().stderr).unwrap();
    let first = log.lines().next().unwrap();
    let line: serde_json::Value = serde_json::from_str(first).unwrap();
    assert_eq!(line["fields"]["message"], "listening", "{line}");
}

#[test]
fn help_names_every_flag_with_its_variable() {
    let help = Command::new(env!("CARGO_BIN_EXE_runscope-inspector"))
        .arg("--help")
        .output()
        .unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    for flag in help
        .lines()
        .filter(|line| line.trim_start().starts_with("--"))
    {
        let name = flag
            .trim()
            .trim_start_matches('-')
            .split([' ', '='])
            .next()
            .unwrap();
        if !matches!(name, "help" | "version") {
            let variable = format!(
                "[env: RUNSCOPE_INSPECTOR_{}",
                name.to_uppercase().replace('-', "_")
            );
            assert!(help.contains(&variable), "{name}: {help}");
        }
    }
    assert!(
        help.contains("Examples:") && help.contains("--config"),
        "{help}"
    );
}
