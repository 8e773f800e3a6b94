//! What a hostile page or client may try, over raw sockets.

#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use support::Server;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Sends bytes and reads the answer to its end.
async fn raw(server: &Server, request: &str) -> String {
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    // A server that refuses early may reset the connection; what it said before counts.
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

fn get(server: &Server, headers: &str) -> String {
    let token = &server.token;
    let headers = headers.replace("TOKEN", token);
    format!("GET /buckets HTTP/1.1\r\nConnection: close\r\n{headers}\r\n")
}

#[tokio::test]
async fn a_name_that_is_not_ours_is_refused_before_the_token_is_looked_at() {
    let server =
        Server::start_with(|config| config.hosts = vec!["inspector.example".to_owned()]).await;
    for (host, status) in [
        ("Host: localhost:4880\r\n", "200"),
        ("Host: inspector.example\r\n", "200"),
        ("Host: evil.example\r\n", "403"),
        ("Host: localhost.evil.example\r\n", "403"),
        ("", "400"),
    ] {
        let answer = raw(
            &server,
            &get(&server, &format!("{host}Authorization: Bearer TOKEN\r\n")),
        )
        .await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}")),
            "{host}: {answer}"
        );
    }
    let absolute =
        "GET http://evil.example/healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    assert!(raw(&server, absolute).await.starts_with("HTTP/1.1 403"));
}

#[tokio::test]
async fn a_link_opens_a_session_that_other_sites_can_not_use() {
    let server = Server::start().await;
    let open = |token: &str| {
        format!("GET /open?token={token} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    };
    let answer = raw(&server, &open(&server.token)).await;
    assert!(answer.starts_with("HTTP/1.1 303"), "{answer}");
    let answer = answer.to_ascii_lowercase();
    assert!(
        answer.contains("httponly; samesite=strict") && answer.contains("location: /\r\n"),
        "{answer}"
    );
    assert!(
        raw(&server, &open("wrong"))
            .await
            .starts_with("HTTP/1.1 401")
    );
    for (site, status) in [
        ("same-origin", "200"),
        ("none", "200"),
        ("cross-site", "401"),
        ("same-site", "401"),
    ] {
        let headers = format!(
            "Host: localhost\r\nSec-Fetch-Site: {site}\r\nCookie: runscope_inspector=TOKEN\r\n"
        );
        let answer = raw(&server, &get(&server, &headers)).await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}")),
            "{site}: {answer}"
        );
    }
}

#[tokio::test]
async fn every_answer_tells_browsers_to_keep_their_hands_off() {
    let server = Server::start().await;
    for path in ["/healthz", "/nothing", "/buckets"] {
        let answer = raw(
            &server,
            &format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"),
        )
        .await;
        for header in [
            "x-content-type-options: nosniff",
            "x-frame-options: DENY",
            "referrer-policy: no-referrer",
            "cache-control: no-store",
            "content-security-policy: default-src 'none'",
        ] {
            assert!(answer.contains(header), "{path} {header}: {answer}");
        }
        assert!(
            !answer
                .to_ascii_lowercase()
                .contains("access-control-allow-origin")
        );
    }
}

#[tokio::test]
async fn ten_thousand_headers_and_a_hundred_mebibytes_are_refused() {
    let server = Server::start().await;
    let headers: String = (0..10_000).map(|at| format!("x-{at}: v\r\n")).collect();
    let answer = raw(
        &server,
        &get(&server, &format!("Host: localhost\r\n{headers}")),
    )
    .await;
    assert!(
        answer.starts_with("HTTP/1.1 431") || answer.starts_with("HTTP/1.1 400"),
        "{answer}"
    );
    let token = &server.token;
    let head = format!(
        "POST /buckets/default/messages HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
         Authorization: Bearer {token}\r\nContent-Length: 104857600\r\n\r\n"
    );
    let answer = raw(&server, &head).await;
    assert!(
        answer.starts_with("HTTP/1.1 413") && answer.contains("16777216 bytes"),
        "{answer}"
    );
}

#[tokio::test]
async fn a_body_that_does_not_come_is_not_waited_for() {
    let server =
        Server::start_with(|config| config.limits.body_time = std::time::Duration::from_millis(50))
            .await;
    let token = &server.token;
    let head = format!(
        "POST /buckets/default/messages HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
         Authorization: Bearer {token}\r\nContent-Length: 10\r\n\r\n["
    );
    assert!(raw(&server, &head).await.starts_with("HTTP/1.1 408"));
}
