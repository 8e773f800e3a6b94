//! The program itself: its link, its signals, and what it refuses at the start.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "support/program.rs"]
mod program;

use program::{Program, inspector};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Output};

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
    let mut program = Program::start(inspector(directory.path()));
    let (address, token) = (program.address.clone(), program.token.clone());
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
    program.signal("-TERM");
    assert!(program.child.wait().unwrap().success());
    let mut log = String::new();
    program
        .child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut log)
        .unwrap();
    assert!(log.contains("listening") && !log.contains(&token), "{log}");
    assert_eq!(Program::start(inspector(directory.path())).token, token);
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
fn the_printed_address_is_answered_to_where_all_addresses_are_listened_on() {
    let directory = tempfile::tempdir().unwrap();
    let mut command = inspector(directory.path());
    command.args(["--listen", "0.0.0.0:0", "--allow-host", "pi.example"]);
    command.args(["--token", "0123456789abcdef"]);
    let program = Program::start(command);
    let (host, port) = program.address.split_once(':').unwrap();
    assert_eq!(host, "pi.example");
    for (host, status) in [("pi.example", "401"), ("0.0.0.0", "403")] {
        let answer = request(
            &format!("127.0.0.1:{port}"),
            &format!("GET /buckets HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n"),
        );
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}")),
            "{answer}"
        );
    }
}

#[test]
fn behind_a_proxy_links_and_cookies_are_those_of_its_url() {
    let directory = tempfile::tempdir().unwrap();
    let mut command = inspector(directory.path());
    let url = "https://example.com/inspector/";
    command.args(["--base-url", url, "--allow-host", "example.com"]);
    let mut program = Program {
        child: command.args(["--log", "info"]).spawn().unwrap(),
        address: String::new(),
        token: String::new(),
    };
    let printed = first_line(&mut program.child);
    let link = printed.strip_prefix("Open https://example.com/inspector/open");
    let link = link.unwrap_or_else(|| panic!("{printed}"));
    // The port is told in the log alone.
    let mut log = String::new();
    BufReader::new(program.child.stderr.take().unwrap())
        .read_line(&mut log)
        .unwrap();
    let (_, address) = log.split_once("address=").unwrap();
    let address = address.split(' ').next().unwrap();
    let ask = |path: &str, headers: &str| {
        let host = "Host: example.com\r\nConnection: close\r\n";
        request(
            address,
            &format!("GET {path} HTTP/1.1\r\n{host}{headers}\r\n"),
        )
    };
    // As a proxy asks that takes the path off.
    let opened = ask(&format!("/open{link}"), "");
    assert!(opened.contains("location: /inspector\r\n"), "{opened}");
    let (_, cookie) = opened.split_once("set-cookie: ").unwrap();
    let cookie = cookie.split("\r\n").next().unwrap();
    assert!(
        cookie.starts_with("__Secure-")
            && cookie.contains("Path=/inspector;")
            && cookie.ends_with("Secure"),
        "{cookie}"
    );
    let cookie = format!(
        "Cookie: {}\r\nSec-Fetch-Site: same-origin\r\n",
        cookie.split(';').next().unwrap()
    );
    let page = ask("/b/default", &cookie);
    for part in [
        "href=\"/inspector/b/default/summary\"",
        "src=\"/inspector/assets/",
        "RUNSCOPE_API_ENDPOINT=https://example.com/inspector<",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    let stranger = ask("/b/default?q=a", "");
    assert!(
        stranger.contains("name=\"next\" value=\"/inspector/b/default?q=a\""),
        "{stranger}"
    );
    program.kill();
    let wrong = failed(inspector(directory.path()).args(["--base-url", "inspector.example"]));
    assert!(
        wrong.contains("--base-url: expected a URL such as"),
        "{wrong}"
    );
}

fn first_line(child: &mut Child) -> String {
    let mut line = String::new();
    let stdout = child.stdout.as_mut().unwrap();
    BufReader::new(stdout).read_line(&mut line).unwrap();
    line.trim().to_owned()
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
    let mut program = Program::start(command);
    // Whoever set it knows it, and what is printed is often kept.
    assert_eq!(program.token, "");
    let request_line = "GET /buckets HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n";
    let buckets = request(
        &program.address,
        &format!("{request_line}Authorization: Bearer {token}\r\n\r\n"),
    );
    assert!(buckets.starts_with("HTTP/1.1 200"), "{buckets}");
    program.kill();
    let mut log = String::new();
    program
        .child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut log)
        .unwrap();
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
