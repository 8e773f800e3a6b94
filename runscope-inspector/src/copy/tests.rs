//! The line for curl, run by a real shell: what arrives is what was captured.

#![cfg(unix)]

use super::{Outgoing, curl};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::{Command, Stdio};

/// Runs a line and gives what the server at its other end was sent.
fn run(make: impl FnOnce(&str) -> Outgoing) -> (String, Vec<u8>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let line = curl(&make(&base));
    assert!(!line.contains('\n'), "{line}");
    let mut shell = Command::new("sh")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // As if it were pasted: an argument could not be as long as some lines are.
    let mut input = shell.stdin.take().unwrap();
    writeln!(input, "{line}").unwrap();
    drop(input);
    let (mut stream, _) = listener.accept().unwrap();
    let mut seen = Vec::new();
    let mut chunk = [0; 4096];
    let (head, body) = loop {
        let read = stream.read(&mut chunk).unwrap();
        seen.extend_from_slice(&chunk[..read]);
        let Some(end) = memchr::memmem::find(&seen, b"\r\n\r\n") else {
            assert_ne!(read, 0, "the request broke off");
            continue;
        };
        let head = String::from_utf8(seen[..end].to_vec()).unwrap();
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("Content-Length: ")?.parse().ok())
            .unwrap_or(0);
        if seen.len() >= end + 4 + length {
            break (head, seen[end + 4..].to_vec());
        }
    };
    stream
        .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        .unwrap();
    drop(stream);
    assert!(shell.wait().unwrap().success(), "{line}");
    (head, body)
}

#[test]
fn a_shell_sends_the_same_method_headers_and_body() {
    let quotes = "it's \"$(id)\" `id` \\ & ; | > x * ? ~ ! # {a,b} $HOME";
    let long = "x".repeat(150_000);
    for (method, path, body) in [
        ("GET", "/a?b=c&d='$(id)'", None),
        ("POST", "/", Some(quotes.as_bytes())),
        ("POST", "/", Some(b"@/etc/passwd")),
        ("PUT", "/[1]/{a}/../b", Some(b"line\none\r\n\ttwo\n")),
        ("PATCH", "/", Some(b"\x00\xff\xfe binary \n")),
        ("POST", "/", Some(b"")),
        ("DELETE", "/", None),
        ("OPTIONS", "/", None),
        ("POST", "/", Some(long.as_bytes())),
    ] {
        let headers = [
            ("X-Quotes", quotes),
            ("X-Two", "1"),
            ("X-Two", "2"),
            ("X-Empty", ""),
            ("Accept-Encoding", "gzip"),
        ];
        let (head, sent) = run(|base| Outgoing {
            method: method.to_owned(),
            url: format!("{base}{path}"),
            headers: headers
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            body: body.map(<[u8]>::to_vec),
        });
        let mut lines = head.lines();
        assert_eq!(
            lines.next(),
            Some(format!("{method} {path} HTTP/1.1").as_str())
        );
        let mut lines: Vec<_> = lines
            .filter(|line| !line.starts_with("Host: ") && !line.starts_with("Content-Length: "))
            .map(|line| line.trim_end().to_owned())
            .collect();
        let mut expected: Vec<_> = headers
            .iter()
            .map(|(name, value)| format!("{name}: {value}").trim_end().to_owned())
            .collect();
        lines.sort();
        expected.sort();
        assert_eq!(lines, expected, "{method}");
        assert_eq!(sent, body.unwrap_or_default(), "{method}");
    }
}
